//! Futures and perpetuals: a rate that rises with size.

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;

/// Rates of one coin's futures: margin of n coins is n × (base + slope × n).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FutureRates {
    /// Share of size, initial.
    pub im_base: Decimal,
    /// Share of size, maintenance.
    pub mm_base: Decimal,
    /// What a coin more adds to both shares.
    pub slope: Decimal,
    /// Where above zero, maintenance is this share of initial margin instead.
    pub mm_of_im: Decimal,
}

impl FutureRates {
    /// Initial and maintenance margin of `coins` (at least zero) at `price`: one for margin in coin.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// As [`Self::initial`].
    pub fn margins(&self, coins: Decimal, price: Decimal) -> Result<(Decimal, Decimal), MarginError> {
        let notional = coins.times(price, Rounding::Up)?;
        let of = |rate: Decimal| notional.times(rate, Rounding::Up);
        Ok((of(self.initial(coins)?)?, of(self.maintenance(coins)?)?))
    }

    /// Initial margin of `coins` (at least zero), as a share of them.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Deribit support, articles 25944738177565 (linear) and 25944826427293 (inverse).
    pub fn initial(&self, coins: Decimal) -> Result<Decimal, MarginError> {
        Ok(self.im_base.plus(self.slope.times(coins, Rounding::Up)?)?)
    }

    /// Maintenance margin, the same way.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// As [`Self::initial`].
    pub fn maintenance(&self, coins: Decimal) -> Result<Decimal, MarginError> {
        if self.mm_of_im.signum() > 0 {
            return Ok(self.initial(coins)?.times(self.mm_of_im, Rounding::Up)?);
        }
        Ok(self.mm_base.plus(self.slope.times(coins, Rounding::Up)?)?)
    }
}
