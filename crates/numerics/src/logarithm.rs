//! The natural logarithm.

use crate::exponential::{LN_2_HIGH, LN_2_LOW};

/// 2⁵², in whose low bits a small integer can be placed and then subtracted as a double.
const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_54: f64 = 18_014_398_509_481_984.0;
const MANTISSA: u64 = (1 << 52) - 1;

/// The natural logarithm of `x`, within one unit in the last place.
///
/// Zero of either sign gives minus infinity, a negative number NaN, infinity itself; ln 1 is exactly
/// zero, subnormal numbers are taken at their value, and NaN gives NaN.
///
/// # Source
/// The reduction and the order of the last sums are those of fdlibm's `e_log.c` (Sun Microsystems,
/// 1993); the polynomial in s² is fitted by `fit/coefficients.py`, to 4.7e-18.
#[inline(always)]
#[must_use]
pub fn ln(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let scaled = if subnormal { x * TWO_54 } else { x };
    let bias = if subnormal { TWO_52 + 1023.0 + 54.0 } else { TWO_52 + 1023.0 };
    let finite = of_normal(scaled, bias);
    let finite = if x < f64::INFINITY { finite } else { x };
    let positive = if x > 0.0 { finite } else { f64::NEG_INFINITY };
    if x >= 0.0 { positive } else { f64::NAN }
}

/// [`ln`] for a positive normal `x` inside a kernel: the same bits without the edges.
///
/// Zero, subnormal numbers and infinity give a finite number near the end of the range; the answer
/// for a negative number or NaN has no meaning.
#[inline(always)]
#[must_use]
pub fn ln_normal(x: f64) -> f64 {
    of_normal(x, TWO_52 + 1023.0)
}

#[inline(always)]
fn of_normal(x: f64, bias: f64) -> f64 {
    // x = 2ᵏ m with m in [√½, √2): adding the gap between 1 and √½ moves the exponent's step to √½.
    let half_root = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    let moved = x.to_bits().wrapping_add(1.0_f64.to_bits() - half_root);
    let k = f64::from_bits((moved >> 52) | TWO_52.to_bits()) - bias;
    let m = f64::from_bits((moved & MANTISSA).wrapping_add(half_root));
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let even = polynomial!(s4; 0.666666666666667, 0.28571428625975487, 0.18182889125261723, 0.14616449685043406);
    let odd = polynomial!(s4; 0.39999999999899505, 0.2222221113479508, 0.15331721600556042);
    // ln m = f − f²/2 + s (f²/2 + s² P): f is exact, and what follows it is small.
    let tail = odd.mul_add(s2, even) * s2;
    let half_square = 0.5 * f * f;
    let correction = s.mul_add(half_square + tail, k * LN_2_LOW);
    k.mul_add(LN_2_HIGH, f - (half_square - correction))
}
