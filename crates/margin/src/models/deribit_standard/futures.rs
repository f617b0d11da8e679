//! Futures and perpetuals: a rate that rises with size.

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;
use crate::parameters::Tiers;

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

/// 1 ÷ L(N): the initial rate of a whole notional, which is that of the highest tier it is above. Unlike brackets,
/// it holds for all of it. Zero without tiers.
///
/// # Source
/// A public project's reading of the venue's documentation on 2026-09-23: 50 times in the first tier. Higher tiers
/// were not read.
#[must_use]
pub fn leverage_rate(tiers: &Tiers, notional: Decimal) -> Decimal {
    let reached = tiers.tiers().iter().take_while(|tier| tier.above.is_zero() || tier.above < notional);
    reached.last().map_or(Decimal::ZERO, |tier| tier.rate)
}
