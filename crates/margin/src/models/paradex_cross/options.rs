//! What the venue asks of one option.

use plimsoll_core::{Decimal, NumberError, Rounding};
use plimsoll_pricing::formulas::Right;

/// Rates of options at one level, by the venue's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionRates {
    /// Of a long option's mark.
    pub premium_multiplier: Decimal,
    /// Of the spot price, the most of a long option.
    pub long_itm: Decimal,
    /// Of the spot price, of a short option in the money,
    pub short_itm: Decimal,
    /// and the least of one out of it.
    pub short_otm: Decimal,
    /// Of the strike, the most of a short put.
    pub short_put_cap: Decimal,
}

impl OptionRates {
    /// Margin of `size` units, long positive: |`size`| × [`Self::long`] or [`Self::short`] of one.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn margin(
        &self,
        size: Decimal,
        right: Right,
        strike: Decimal,
        spot: Decimal,
        mark: Decimal,
    ) -> Result<Decimal, NumberError> {
        let each = if size.signum() < 0 { self.short(right, strike, spot)? } else { self.long(spot, mark)? };
        size.abs().times(each, Rounding::Up)
    }

    /// Margin of one unit long: min(`premium_multiplier` × mark, `long_itm` × spot).
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// docs/sources.md#paradex; checked against vectors/cex/paradex-option-*.json.
    pub fn long(&self, spot: Decimal, mark: Decimal) -> Result<Decimal, NumberError> {
        let of_mark = mark.or_zero().times(self.premium_multiplier, Rounding::Up)?;
        Ok(of_mark.min(spot.times(self.long_itm, Rounding::Up)?))
    }

    /// Margin of one unit short: max(`short_itm` × spot − distance out of the money, `short_otm` × spot), of a put at
    /// most `short_put_cap` × strike.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// As [`Self::long`].
    pub fn short(&self, right: Right, strike: Decimal, spot: Decimal) -> Result<Decimal, NumberError> {
        let out = match right {
            Right::Call => strike.minus(spot)?,
            Right::Put => spot.minus(strike)?,
        };
        let near = spot.times(self.short_itm, Rounding::Up)?.minus(out.or_zero())?;
        let margin = near.max(spot.times(self.short_otm, Rounding::Up)?);
        match right {
            Right::Call => Ok(margin),
            Right::Put => Ok(margin.min(strike.times(self.short_put_cap, Rounding::Up)?)),
        }
    }
}
