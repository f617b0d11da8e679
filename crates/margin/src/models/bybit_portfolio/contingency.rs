//! What is added to the maximum loss of a risk unit, and what makes its margin of both.

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;

/// A risk unit's contingencies, in the currency, each at least zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contingencies {
    /// Of options short beyond what is long.
    pub short_options: Decimal,
    /// Of vega hedged between expiries.
    pub vega_spread: Decimal,
    /// Of delta hedged between contracts settled in different dollars or in coin.
    pub settlement_spread: Decimal,
    /// Of delta hedged between expiries.
    pub delta_spread: Decimal,
    /// Of perpetuals and futures.
    pub futures: Decimal,
}

impl Contingencies {
    /// Maintenance margin of the unit: its maximum loss (zero where nothing loses) and the contingencies.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Bybit help, margin calculations under portfolio margin (2024-09-04).
    pub fn maintenance(&self, maximum_loss: Decimal) -> Result<Decimal, MarginError> {
        let parts = [self.short_options, self.vega_spread, self.settlement_spread, self.delta_spread, self.futures];
        let loss = maximum_loss.or_zero();
        Ok(parts.into_iter().try_fold(loss, Decimal::plus)?)
    }
}

/// Initial margin of a unit: `factor` × its maintenance margin.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`Contingencies::maintenance`].
pub fn initial(maintenance: Decimal, factor: Decimal) -> Result<Decimal, MarginError> {
    Ok(maintenance.times(factor, Rounding::Up)?)
}

/// Size × rate × index: short options by their number of units, futures by their cash delta at an index of 1.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Bybit's contingency components as restated at scallope.com/9990.
pub fn on_size(size: Decimal, rate: Decimal, index: Decimal) -> Result<Decimal, MarginError> {
    Ok(size.abs().times(index, Rounding::Up)?.times(rate, Rounding::Up)?)
}

/// What expiries hedge of each other × the time between them, summed: `amounts` are (time, signed amount), times rising.
/// An amount is hedged by the nearest of the other sign before it, and what is left of that by the next nearest.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`on_size`]; which expiries hedge which is not published.
pub fn hedged_by_time(amounts: &[(Decimal, Decimal)]) -> Result<Decimal, MarginError> {
    let mut sum = Decimal::ZERO;
    let mut open: Vec<(Decimal, Decimal)> = Vec::with_capacity(amounts.len());
    for (time, amount) in amounts {
        let mut left = *amount;
        while let Some((before, other)) = open.pop() {
            if other.signum() * left.signum() >= 0 {
                open.push((before, other));
                break;
            }
            let size = other.abs().min(left.abs());
            sum = sum.plus(time.minus(before)?.times(size, Rounding::Up)?)?;
            let rest = other.plus(left)?;
            if left.abs() <= other.abs() {
                left = Decimal::ZERO;
                if !rest.is_zero() {
                    open.push((before, rest));
                }
                break;
            }
            left = rest;
        }
        if !left.is_zero() {
            open.push((*time, left));
        }
    }
    Ok(sum)
}

/// What amounts of one sign hedge of those of the other.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`on_size`]: the spread between USDT, USDC and inverse contracts.
pub fn hedged(amounts: impl IntoIterator<Item = Decimal>) -> Result<Decimal, MarginError> {
    let (mut long, mut short) = (Decimal::ZERO, Decimal::ZERO);
    for amount in amounts {
        long = long.plus(amount.or_zero())?;
        short = short.plus(amount.negated().or_zero())?;
    }
    Ok(long.min(short))
}
