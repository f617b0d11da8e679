//! What the venue publishes of a risk unit: its charges and how they make one margin.

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;
use crate::schedule::Schedule;

/// The charges of one risk unit, in the currency, each at least zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// MR1: the worst move of price and volatility.
    pub spot_shock: Decimal,
    /// MR2: a day passing.
    pub theta: Decimal,
    /// MR3: volatilities of expiries against each other.
    pub vega_term: Decimal,
    /// MR4: prices of expiries against each other.
    pub basis: Decimal,
    /// MR5: rates.
    pub rates: Decimal,
    /// MR6: half of an extreme move.
    pub extreme: Decimal,
    /// MR7: what closing costs.
    pub minimum: Decimal,
    /// MR9: stablecoins against each other and the dollar.
    pub stablecoin: Decimal,
}

impl Charges {
    /// `max(max(MR1, MR2, MR6) + MR3 + MR4 + MR5, MR7) + MR9`.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// OKX, portfolio margin mode; the position builder's response example of 2025-01-15. Where MR9 stands is not
    /// published: it was zero.
    pub fn maintenance(&self) -> Result<Decimal, MarginError> {
        let worst = self.spot_shock.max(self.theta).max(self.extreme);
        let risk = worst.plus(self.vega_term)?.plus(self.basis)?.plus(self.rates)?;
        Ok(risk.max(self.minimum).plus(self.stablecoin)?)
    }
}

/// Initial margin of a unit: `factor` × its maintenance margin.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`Charges::maintenance`].
pub fn initial(maintenance: Decimal, factor: Decimal) -> Result<Decimal, MarginError> {
    Ok(maintenance.times(factor, Rounding::Up)?)
}

/// Loss of `notional` of futures (cash delta at the index, negative where short) when the price moves by `by`.
///
/// # Errors
/// [`MarginError::Number`].
pub fn loss(notional: Decimal, by: Decimal) -> Result<Decimal, MarginError> {
    Ok(notional.negated().times(by, Rounding::Up)?)
}

/// The half of an extreme move's loss that counts, at least zero.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, portfolio margin mode: MR6.
pub fn half(loss: Decimal) -> Result<Decimal, MarginError> {
    Ok(loss.or_zero().times(Decimal::new(5, 1), Rounding::Up)?)
}

/// |cash delta| × rate: the basis of one expiry, or what closing it costs.
///
/// # Errors
/// [`MarginError::Number`].
pub fn on_delta(cash_delta: Decimal, rate: Decimal) -> Result<Decimal, MarginError> {
    Ok(cash_delta.abs().times(rate, Rounding::Up)?)
}

/// The minimum charge scaled by its size: each piece of `raw` × the piece's multiplier.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, notice on the scaling factor of 2021-12-24, and the tiers in force from 2025-01-15.
pub fn scaled_minimum(raw: Decimal, multipliers: &Schedule) -> Result<Decimal, MarginError> {
    Ok(multipliers.progressive(raw)?)
}

/// What a hedge of `size` between two stablecoins, or one and the dollar, costs.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// OKX, notice on new portfolio margin rules of November 2024: MR9.
pub fn stablecoin(size: Decimal, rates: &Schedule) -> Result<Decimal, MarginError> {
    Ok(rates.progressive(size)?)
}
