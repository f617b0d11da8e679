//! Formulas over plain numbers: floats in, floats out, no contract and no market.
//!
//! Prices are in the quote currency for one unit of the underlying, volatilities are annual fractions
//! (0.8 is 80 %), times are years, rates are continuously compounded. Everything is built from
//! [`plimsoll_numerics`], so a formula gives the same bits on every machine.

pub mod black76;
pub mod everlasting;
pub mod implied_vol;
pub mod inverse;
pub mod svi;

/// What an option gives its holder at expiry: the right to buy or to sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Right {
    /// Pays `max(forward − strike, 0)`.
    Call,
    /// Pays `max(strike − forward, 0)`.
    Put,
}

impl Right {
    /// +1 for a call, −1 for a put.
    #[inline(always)]
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Put => "put",
        }
    }

    /// What no undiscounted price rises above, whatever the volatility: the underlying itself for a
    /// call, the strike for a put.
    #[must_use]
    pub const fn most(self, forward: f64, strike: f64) -> f64 {
        match self {
            Self::Call => forward,
            Self::Put => strike,
        }
    }

    /// The payoff for an underlying at `settlement`: never negative.
    #[inline(always)]
    #[must_use]
    pub fn intrinsic(self, settlement: f64, strike: f64) -> f64 {
        let ahead = match self {
            Self::Call => settlement - strike,
            Self::Put => strike - settlement,
        };
        if ahead < 0.0 { 0.0 } else { ahead }
    }
}
