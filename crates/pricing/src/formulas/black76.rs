//! Black's formula for a European option on a forward.
//!
//! With `v = σ√T`, `d₁ = ln(F/K)/v + v/2` and `d₂ = d₁ − v`, a call is worth
//! `e^(−rT) (F Φ(d₁) − K Φ(d₂))` and a put follows by parity.
//!
//! **The form used here.** An option is its intrinsic value plus the time value that a call and a put
//! of the same strike share: the value of whichever is out of the money. With `L = min(F, K)`,
//! `H = max(F, K)` and `h = |ln(F/K)|/v`,
//!
//! ```text
//! time value = L Φ(v/2 − h) − H Φ(−v/2 − h),     L φ(v/2 − h) = H φ(v/2 + h) = F φ(d₁)
//! ```
//!
//! so both probabilities are that one density times a Mills ratio: one exponential in all, no
//! cancellation of large terms in the money, and no price below intrinsic. The error is under 1e-15
//! of the larger of forward and strike. Greeks are as sure as their inputs: a relative error ε of the
//! forward moves d₁ by ε/v, which shows for options with minutes to live.
//!
//! **Edges.** With no time, no volatility, or a forward or strike below the normal doubles, the price
//! is the discounted payoff; delta is that of the payoff (one half at the kink), theta and rho are
//! those of the discount alone, and the other Greeks are zero. A negative volatility counts as zero.
//! A NaN anywhere, or a negative time, gives NaN.
//!
//! # Source
//! F. Black, "The pricing of commodity contracts", *Journal of Financial Economics* 3 (1976) 167;
//! Greeks as in J. Hull, *Options, Futures, and Other Derivatives* (10th ed.), chapters 18 and 19.

mod batch;
mod shocked;
#[cfg(test)]
mod tests;

pub use batch::{GreeksColumns, OptionColumns, greeks_batch, price_batch};
pub use shocked::{OptionInputs, ShockedMarket, shocked_values};

use super::Right;
use plimsoll_numerics::normal::{DENSITY_AT_ZERO, mills_ratio_pair};
use plimsoll_numerics::{exp, exp_flushed, ln_normal};

/// Distances from the forward, in standard deviations, at and beyond which nothing is left.
const FAR: f64 = 1e3;

/// A price and its derivatives, per unit of each input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Greeks {
    /// Discounted, in quote currency.
    pub price: f64,
    /// By the forward, discounted.
    pub delta: f64,
    /// Second, by the forward.
    pub gamma: f64,
    /// By volatility, per 1.00 of it (a vol point is a hundredth of this).
    pub vega: f64,
    /// By the passing of time, per year, forward and rate held: negative for most long options.
    pub theta: f64,
    /// By the rate, forward held, per 1.00 of it: minus time × price.
    pub rho: f64,
    /// By the forward and volatility.
    pub vanna: f64,
    /// Second, by volatility.
    pub volga: f64,
}

/// The discounted price in quote currency; see the module for the edges.
#[inline(always)]
#[must_use]
pub fn price(right: Right, forward: f64, strike: f64, vol: f64, years: f64, rate: f64) -> f64 {
    let deviation = vol * years.sqrt();
    let log_moneyness = ln_normal(strike * (1.0 / forward));
    exp(-rate * years) * (right.intrinsic(forward, strike) + time_value(forward, strike, log_moneyness, deviation))
}

/// The undiscounted time value, given `ln(F/K)` of either sign and the total deviation `σ√T`.
#[inline(always)]
pub(super) fn time_value(forward: f64, strike: f64, log_moneyness: f64, deviation: f64) -> f64 {
    let spread = Spread::new(forward, strike, log_moneyness.abs(), 1.0 / clamp(deviation), clamp(deviation));
    if is_flat(forward, strike, deviation) { 0.0 } else { spread.time_value() }
}

/// The price and its derivatives; see the module for the edges.
#[inline(always)]
#[must_use]
pub fn greeks(right: Right, forward: f64, strike: f64, vol: f64, years: f64, rate: f64) -> Greeks {
    let root = years.sqrt();
    let deviation = vol * root;
    let flat = is_flat(forward, strike, deviation);
    let per_forward = 1.0 / forward;
    let per_deviation = 1.0 / clamp(deviation);
    let spread = Spread::new(forward, strike, ln_normal(strike * per_forward).abs(), per_deviation, clamp(deviation));
    let discount = exp(-rate * years);

    let (time_value, density) = if flat { (0.0, 0.0) } else { (spread.time_value(), spread.density) };
    let (per_forward, per_deviation) = if flat { (0.0, 0.0) } else { (per_forward, per_deviation) };
    let price = discount * (right.intrinsic(forward, strike) + time_value);

    // d₁ and its tail Φ(−|d₁|), from whichever of the two arguments it is.
    let above = forward >= strike;
    let d1 = if above { spread.further } else { -spread.nearer };
    let d2 = if above { spread.nearer } else { -spread.further };
    let tail = density * per_forward * if above { spread.mills_further } else { spread.mills_nearer };
    let kink = if forward == strike { 0.5 } else { 0.0 };
    let tail = if flat { kink } else { tail };
    let inside = if d1 > 0.0 { 1.0 - tail } else { tail };
    let delta = match right {
        Right::Call => inside,
        Right::Put => inside - 1.0,
    };
    // A put's delta deep out of the money is a small number, not the difference of two large ones.
    let delta = if d1 > 0.0 && right == Right::Put { -tail } else { delta };

    let density = discount * density;
    let vega = density * root;
    let per_vol = root * per_deviation;
    let decay = 0.5 * density * vol * vol * per_deviation;
    let (d1, d2) = if flat { (0.0, 0.0) } else { (d1, d2) };
    Greeks {
        price,
        delta: discount * delta,
        gamma: density * per_forward * per_forward * per_deviation,
        vega,
        theta: rate.mul_add(price, -decay),
        rho: -years * price,
        vanna: -density * per_forward * d2 * per_vol,
        volga: vega * (d1 * d2) * per_vol,
    }
}

/// Whether nothing random is left, or the ratio of forward and strike has no meaning. Never for NaN,
/// which must reach the price.
#[inline(always)]
fn is_flat(forward: f64, strike: f64, deviation: f64) -> bool {
    let least = f64::MIN_POSITIVE;
    ((deviation < least) | (forward < least) | (strike < least)) & !deviation.is_nan()
}

/// A deviation held where the arithmetic stays finite; NaN stays.
#[inline(always)]
fn clamp(deviation: f64) -> f64 {
    let deviation = if deviation < 0.0 { 0.0 } else { deviation };
    if deviation > FAR { FAR } else { deviation }
}

/// The two arguments of Black's formula and what follows from them.
struct Spread {
    /// min(F, K).
    lower: f64,
    /// h − v/2, of either sign.
    nearer: f64,
    /// h + v/2, never negative.
    further: f64,
    /// F φ(d₁) = K φ(d₂).
    density: f64,
    /// The Mills ratios of |nearer| and further.
    mills_nearer: f64,
    mills_further: f64,
}

impl Spread {
    #[inline(always)]
    fn new(forward: f64, strike: f64, log_distance: f64, per_deviation: f64, deviation: f64) -> Self {
        let lower = if forward < strike { forward } else { strike };
        let distance = log_distance * per_deviation;
        let distance = if distance > FAR { FAR } else { distance };
        let nearer = (-0.5_f64).mul_add(deviation, distance);
        let further = 0.5_f64.mul_add(deviation, distance);
        let density = lower * (DENSITY_AT_ZERO * exp_flushed(-0.5 * nearer * nearer));
        let (mills_nearer, mills_further) = mills_ratio_pair(nearer.abs(), further);
        Self { lower, nearer, further, density, mills_nearer, mills_further }
    }

    /// What the option out of the money is worth, undiscounted: never negative.
    #[inline(always)]
    fn time_value(&self) -> f64 {
        let outside = self.density * (self.mills_nearer - self.mills_further);
        let inside = self.lower - self.density * (self.mills_nearer + self.mills_further);
        let value = if self.nearer < 0.0 { inside } else { outside };
        if value < 0.0 { 0.0 } else { value }
    }
}
