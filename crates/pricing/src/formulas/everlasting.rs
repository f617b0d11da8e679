//! The perpetual ("everlasting") option: an option that is kept alive by funding.
//!
//! It never expires. While it is held, longs pay shorts `mark − payoff` once per funding period `f`,
//! spread evenly over it. Holding one is therefore holding a basket of European options whose expiries
//! are exponentially distributed with mean `f`:
//!
//! ```text
//! V = ∫₀^∞ (e^(−t/f)/f) Black(F, K, σ, t) dt
//! ```
//!
//! This solves `V = payoff + f · ½σ²F² V″`. With `x = ln(F/K)` and `m = √(¼ + 2/(σ²f))`, the solution
//! that stays bounded relative to the payoff is
//!
//! ```text
//! V = payoff + K/(2m) · e^(x/2 − m|x|)
//! ```
//!
//! the time value again shared by call and put. Rates are zero: the funding is what the position
//! costs. At `f = 0` or `σ = 0` only the payoff is left.
//!
//! # Source
//! S. Bankman-Fried and D. White, "Everlasting Options", Paradigm, May 2021, for the contract and the
//! basket (there as a sum over discrete payments; this is its limit for continuous payment). The closed
//! form is derived above and tested against quadrature of the integral.

use super::Right;
use plimsoll_numerics::{exp, ln};

/// The value of a perpetual option and its derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EverlastingGreeks {
    /// Quote currency.
    pub price: f64,
    /// By the underlying.
    pub delta: f64,
    /// Second, by the underlying.
    pub gamma: f64,
    /// Per 1.00 of volatility.
    pub vega: f64,
}

/// Values a perpetual option; `funding_years` is the funding period f in years (a day is 1/365).
///
/// Meant for `spot` and `strike` above zero. With no volatility, no period, or nothing to compare, the
/// payoff is left, with one half for delta at the kink. NaN gives NaN.
#[must_use]
pub fn greeks(right: Right, spot: f64, strike: f64, vol: f64, funding_years: f64) -> EverlastingGreeks {
    let payoff = right.intrinsic(spot, strike);
    let variance = vol * vol * funding_years;
    if variance < f64::MIN_POSITIVE || spot < f64::MIN_POSITIVE || strike < f64::MIN_POSITIVE {
        return EverlastingGreeks { price: payoff, delta: kinked_delta(right, spot, strike), gamma: 0.0, vega: 0.0 };
    }
    let x = ln(spot / strike);
    let m = (0.25 + 2.0 / variance).sqrt();
    let time_value = strike / (2.0 * m) * exp(0.5 * x - m * x.abs());
    // The two powers of F that solve the equation: ½ + m below the strike, ½ − m above it.
    let power = if spot < strike { 0.5 + m } else { 0.5 - m };
    let slope = time_value * power / spot;
    let payoff_slope = match right {
        Right::Call if spot >= strike => 1.0,
        Right::Put if spot < strike => -1.0,
        _ => 0.0,
    };
    EverlastingGreeks {
        price: payoff + time_value,
        delta: payoff_slope + slope,
        gamma: time_value * (2.0 / variance) / (spot * spot),
        // dm/dσ = −2/(σ³ f m), and the time value falls with m as 1/m + |x|.
        vega: time_value * (1.0 / m + x.abs()) * 2.0 / (variance * vol * m),
    }
}

fn kinked_delta(right: Right, spot: f64, strike: f64) -> f64 {
    let call = if spot > strike {
        1.0
    } else if spot < strike {
        0.0
    } else {
        0.5
    };
    match right {
        Right::Call => call,
        Right::Put => call - 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formulas::black76;

    /// ∫ e^(−t/f)/f · Black(t) dt with t = f u⁴, which takes the root at t = 0 away; Simpson's rule.
    fn basket(right: Right, spot: f64, strike: f64, vol: f64, funding_years: f64) -> f64 {
        let (steps, end) = (4_000_u32, 2.6_f64);
        let width = end / f64::from(steps);
        let at = |i: u32| {
            let u = f64::from(i) * width;
            let weight = 4.0 * u * u * u * exp(-u * u * u * u);
            weight * black76::price(right, spot, strike, vol, funding_years * u * u * u * u, 0.0)
        };
        let inner: f64 = (1..steps).map(|i| if i % 2 == 1 { 4.0 * at(i) } else { 2.0 * at(i) }).sum();
        (at(0) + inner + at(steps)) * width / 3.0
    }

    #[test]
    fn a_perpetual_option_is_its_basket_of_european_ones() {
        for (vol, funding_years) in [(0.8, 1.0 / 365.0), (0.6, 30.0 / 365.0), (1.5, 1.0)] {
            for spot in [70.0, 97.0, 100.0, 104.0, 160.0] {
                for right in [Right::Call, Right::Put] {
                    let closed = greeks(right, spot, 100.0, vol, funding_years).price;
                    let sum = basket(right, spot, 100.0, vol, funding_years);
                    assert!((closed - sum).abs() < 2e-7, "{right:?} {spot} {vol} {funding_years}: {closed}, {sum}");
                }
            }
        }
    }

    #[test]
    fn its_greeks_are_slopes_of_its_price() {
        for spot in [80.0, 99.0, 100.5, 130.0] {
            for right in [Right::Call, Right::Put] {
                let at = |spot: f64, vol: f64| greeks(right, spot, 100.0, vol, 0.02);
                let (got, h) = (at(spot, 0.7), 1e-4);
                let delta = (at(spot + h, 0.7).price - at(spot - h, 0.7).price) / (2.0 * h);
                let gamma = (at(spot + h, 0.7).delta - at(spot - h, 0.7).delta) / (2.0 * h);
                let vega = (at(spot, 0.7 + h).price - at(spot, 0.7 - h).price) / (2.0 * h);
                assert!((got.delta - delta).abs() < 1e-8, "{got:?} {delta}");
                assert!((got.gamma - gamma).abs() < 1e-7, "{got:?} {gamma}");
                assert!((got.vega - vega).abs() < 1e-5, "{got:?} {vega}");
            }
        }
    }

    #[test]
    fn funding_it_costs_what_its_curvature_earns() {
        // (V − payoff)/f = ½σ²F² V″: the payment per year against the gain from moving.
        let (vol, funding_years) = (0.9, 7.0 / 365.0);
        for spot in [85.0, 100.0, 120.0] {
            let got = greeks(Right::Call, spot, 100.0, vol, funding_years);
            let paid = (got.price - Right::Call.intrinsic(spot, 100.0)) / funding_years;
            let earned = 0.5 * vol * vol * spot * spot * got.gamma;
            assert!((paid / earned - 1.0).abs() < 1e-13, "{paid} {earned}");
        }
    }

    #[test]
    fn without_time_or_volatility_the_payoff_is_left() {
        for (vol, funding_years) in [(0.0, 1.0), (0.8, 0.0)] {
            let deltas = [(120.0, 1.0), (100.0, 0.5), (80.0, 0.0)];
            for (spot, delta) in deltas {
                let got = greeks(Right::Call, spot, 100.0, vol, funding_years);
                let payoff = Right::Call.intrinsic(spot, 100.0);
                assert_eq!(got, EverlastingGreeks { price: payoff, delta, gamma: 0.0, vega: 0.0 });
            }
        }
        assert!(greeks(Right::Call, f64::NAN, 100.0, 0.8, 0.1).price.is_nan());
    }
}
