//! The complementary error function, plain and scaled.

use crate::exponential::exp;
use crate::normal::mills_ratio;
use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

/// √(2/π): what takes the Mills ratio to erfcx.
const SQRT_2_OVER_PI: f64 = FRAC_2_SQRT_PI / SQRT_2;

/// Beyond this erfc is zero, and e to its square infinite.
const FAR: f64 = 28.0;

/// `1 − erf(x)`: relative error under 2e-15 for `x ≥ 0`, down to the subnormal numbers.
///
/// Two at minus infinity, zero from 27.3 up, NaN for NaN.
///
/// # Source
/// Abramowitz and Stegun 7.1.2 for the definition; the tail is `e^(−x²)` times [`erfcx`], with the
/// rounding of x² carried along (its loss would grow as x²).
#[inline(always)]
#[must_use]
pub fn erfc(x: f64) -> f64 {
    let tail = exp_square(x.abs(), -1.0) * scaled(x.abs());
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// `e^(x²) erfc(x)`, which falls as 1/(x√π) where erfc itself vanishes.
///
/// Relative error under 2e-15; infinite below −26.7, zero at infinity, NaN for NaN.
#[inline(always)]
#[must_use]
pub fn erfcx(x: f64) -> f64 {
    let tail = scaled(x.abs());
    if x < 0.0 { 2.0_f64.mul_add(exp_square(x.abs(), 1.0), -tail) } else { tail }
}

/// erfcx on the half-line `x ≥ 0`.
#[inline(always)]
fn scaled(x: f64) -> f64 {
    SQRT_2_OVER_PI * mills_ratio(x * SQRT_2)
}

/// `e^(sign x²)` for `x ≥ 0`, with the rounding error of the square corrected to first order.
#[inline(always)]
fn exp_square(x: f64, sign: f64) -> f64 {
    let x = if x > FAR { FAR } else { x };
    let square = x * x;
    let lost = x.mul_add(x, -square);
    let main = exp(sign * square);
    let corrected = main.mul_add(sign * lost, main);
    // At infinity the correction would be infinity times a small number of either sign.
    if main < f64::INFINITY { corrected } else { main }
}
