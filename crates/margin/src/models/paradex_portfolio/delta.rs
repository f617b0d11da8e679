//! The minimum delta requirement.

use plimsoll_core::{Decimal, NumberError, Rounding};

/// Deltas of a portfolio in one underlying, in units of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deltas {
    /// Σ of the positions' deltas, long positive.
    pub net: Decimal,
    /// Σ of their sizes.
    pub gross: Decimal,
}

impl Deltas {
    /// Adds `quantity` contracts of which one has the delta `of_one`.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn plus(self, quantity: Decimal, of_one: Decimal) -> Result<Self, NumberError> {
        let delta = quantity.times(of_one, Rounding::HalfEven)?;
        Ok(Self { net: self.net.plus(delta)?, gross: self.gross.plus(delta.abs())? })
    }

    /// What long and short have in common: (gross − |net|) ÷ 2.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// docs/sources.md#paradex; checked against vectors/cex/paradex-pm-1.json.
    pub fn hedged(self) -> Result<Decimal, NumberError> {
        self.gross.minus(self.net.abs())?.over(Decimal::from_int(2), Rounding::Up)
    }

    /// (`net_rate` × |net| + `hedged_rate` × hedged) × `spot`, in the quote.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// As [`Self::hedged`].
    pub fn minimum(self, net_rate: Decimal, hedged_rate: Decimal, spot: Decimal) -> Result<Decimal, NumberError> {
        let net = self.net.abs().times(net_rate, Rounding::Up)?;
        net.plus(self.hedged()?.times(hedged_rate, Rounding::Up)?)?.times(spot, Rounding::Up)
    }
}
