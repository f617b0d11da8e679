//! The volatility that gives a price.
//!
//! P. Jäckel's method ("Let's be rational", *Wilmott*, January 2015) as the `implied-vol` crate has
//! it: two steps from a close first guess, accurate to the last digits that the price carries.
//! The crate answers with a number or nothing; here the reasons for nothing are told apart, since a
//! desk must know a stale quote (below intrinsic) from a wrong one (above the bound).

use super::Right;
use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility};
use thiserror::Error;

/// Why a price has no volatility, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum ImpliedVolError {
    /// Forward, strike, time or price is NaN or infinite.
    #[error("not a finite number: forward {forward}, strike {strike}, years {years}, price {price}")]
    NotFinite {
        /// As given.
        forward: f64,
        /// As given.
        strike: f64,
        /// As given.
        years: f64,
        /// As given.
        price: f64,
    },
    /// Forward or strike is zero or negative.
    #[error("forward {forward} and strike {strike} must be above zero")]
    NotPositive {
        /// As given.
        forward: f64,
        /// As given.
        strike: f64,
    },
    /// Nothing is left for a volatility to act on.
    #[error("no time to expiry: {years} years")]
    NoTime {
        /// As given.
        years: f64,
    },
    /// The price is under what the option would pay if the forward stood still.
    #[error("price {price} is below the intrinsic value {intrinsic}")]
    BelowIntrinsic {
        /// As given.
        price: f64,
        /// The payoff at the forward.
        intrinsic: f64,
    },
    /// The price is not under what the option can pay at most: the forward for a call, the strike for a put.
    #[error("price {price} is at or above its bound {bound}")]
    AtOrAboveBound {
        /// As given.
        price: f64,
        /// Forward or strike.
        bound: f64,
    },
    /// The solver gave no answer within the bounds; the price lies too close to one of them.
    #[error("no volatility found for price {price}")]
    NotFound {
        /// As given.
        price: f64,
    },
}

/// The annual volatility at which Black's formula gives `price_undiscounted`.
///
/// The price is in quote currency and undiscounted: divide a discounted one by its discount first. A
/// price equal to intrinsic is a volatility of zero.
///
/// # Errors
/// [`ImpliedVolError`], when no volatility gives this price.
pub fn implied_vol(
    right: Right,
    forward: f64,
    strike: f64,
    years: f64,
    price_undiscounted: f64,
) -> Result<f64, ImpliedVolError> {
    let price = price_undiscounted;
    if ![forward, strike, years, price].iter().all(|number| number.is_finite()) {
        return Err(ImpliedVolError::NotFinite { forward, strike, years, price });
    }
    if forward <= 0.0 || strike <= 0.0 {
        return Err(ImpliedVolError::NotPositive { forward, strike });
    }
    if years <= 0.0 {
        return Err(ImpliedVolError::NoTime { years });
    }
    let intrinsic = right.intrinsic(forward, strike);
    if price < intrinsic {
        return Err(ImpliedVolError::BelowIntrinsic { price, intrinsic });
    }
    let bound = match right {
        Right::Call => forward,
        Right::Put => strike,
    };
    if price >= bound {
        return Err(ImpliedVolError::AtOrAboveBound { price, bound });
    }
    ImpliedBlackVolatility::builder()
        .option_price(price)
        .forward(forward)
        .strike(strike)
        .expiry(years)
        .is_call(right == Right::Call)
        .build()
        .and_then(|problem| problem.calculate::<DefaultSpecialFn>())
        .filter(|vol| vol.is_finite())
        .ok_or(ImpliedVolError::NotFound { price })
}
