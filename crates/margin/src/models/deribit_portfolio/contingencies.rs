//! What the venue's older rulebooks added to the matrix: shares of sizes that stand against each other.
//!
//! # Source
//! Deribit, "Portfolio Margin", as read at deribit.com/pages/docs/portfoliomargin and deribit.com/docs at various
//! times, undated: ±12.5 % with 1 %, 2 % and 25 %; ±10 % with 0.5 %, 1 % and none; ±10 % with 0.01 a short option and 1 %.

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;

/// Rates of one rulebook; all zero in the present one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contingencies {
    /// Of every option, long and short.
    pub option: Decimal,
    /// Of every option short beyond the long of its strike.
    pub short_option: Decimal,
    /// Of futures that stand against each other.
    pub futures: Decimal,
    /// Of vega that stands against vega of other expiries.
    pub vega: Decimal,
}

/// The sizes they are taken of, at least zero: in coins, and vega in what one volatility point is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Options, long and short added up.
    pub options: Decimal,
    /// Options short beyond the long, strike by strike.
    pub naked_short: Decimal,
    /// Futures long, contract by contract.
    pub futures_long: Decimal,
    /// And short.
    pub futures_short: Decimal,
    /// Vega of the expiries that are net long,
    pub vega_long: Decimal,
    /// and of those net short.
    pub vega_short: Decimal,
}

impl Contingencies {
    /// Whether nothing is charged.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The charge on `sizes`: 200 options at 1 % are 2 coins; 100 long of one future against 100 short of another
    /// at 2 %, 2 coins; calls +10 and puts −20 of one strike at 0.01, 0.1 coins.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// The examples of the pages named above.
    pub fn charge(&self, sizes: &Sizes) -> Result<Decimal, MarginError> {
        let of = |rate: Decimal, size: Decimal| rate.times(size, Rounding::Up);
        let options = of(self.option, sizes.options)?.plus(of(self.short_option, sizes.naked_short)?)?;
        let futures = of(self.futures, sizes.futures_long.min(sizes.futures_short))?;
        let vega = of(self.vega, sizes.vega_long.min(sizes.vega_short))?;
        Ok(options.plus(futures)?.plus(vega)?)
    }
}
