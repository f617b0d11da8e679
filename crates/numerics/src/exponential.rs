//! The exponential function.

/// 3 × 2⁵¹: adding it rounds a small double to an integer, half to even, and leaves that integer in
/// the low bits of the sum.
pub(crate) const ROUND_TO_INTEGER: f64 = 6_755_399_441_055_744.0;

/// ln 2 in two parts; the first has 21 trailing zero bits, so a small multiple of it is exact.
pub(crate) const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
pub(crate) const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// e to the power `x`, within one unit in the last place.
///
/// Overflow gives infinity above 709.78; below −708.4 the result is subnormal, correctly
/// scaled with one more rounding, and below −745.13 it is zero. e⁰ is exactly one, and NaN gives NaN.
///
/// # Source
/// Cody and Waite, *Software Manual for the Elementary Functions* (1980), chapter 6: `x = n ln 2 + r`.
/// The polynomial in r is fitted by `fit/coefficients.py`, to 1.6e-17.
#[inline(always)]
#[must_use]
pub fn exp(x: f64) -> f64 {
    // Past these ends the result is already infinity or zero; a NaN fails both comparisons and stays.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (n, fraction) = reduce(x);
    // Two factors, each a normal number, so that only the last product can underflow or overflow.
    let half = n.mul_add(0.5, ROUND_TO_INTEGER);
    let other = (n - (half - ROUND_TO_INTEGER)) + ROUND_TO_INTEGER;
    fraction * power_of_two(half) * power_of_two(other)
}

/// [`exp`] for `x ≤ 0` inside a kernel: the same bits from −708 up, and zero below, where `exp` would
/// go on into the subnormal numbers.
#[inline(always)]
#[must_use]
pub fn exp_flushed(x: f64) -> f64 {
    let inside = if x < FLUSHED { FLUSHED } else { x };
    let (n, fraction) = reduce(inside);
    let value = fraction * power_of_two(n + ROUND_TO_INTEGER);
    if x < FLUSHED { 0.0 } else { value }
}

/// Where the smallest normal numbers end.
const FLUSHED: f64 = -708.0;

/// The integer n and the factor in [√½, √2] with `e^x = 2ⁿ × factor`.
#[inline(always)]
fn reduce(x: f64) -> (f64, f64) {
    let n = x.mul_add(std::f64::consts::LOG2_E, ROUND_TO_INTEGER) - ROUND_TO_INTEGER;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let r2 = r * r;
    let even = polynomial!(r2;
        0.5000000000000001, 0.041666666666624164, 0.0013888888917196719, 2.4801521322368692e-5,
        2.7620075879983367e-7);
    let odd = polynomial!(r2;
        0.16666666666666669, 0.008333333333330065, 0.00019841269863040545, 2.7557268480310024e-6,
        2.5100375832561234e-8);
    (n, 1.0 + odd.mul_add(r, even).mul_add(r2, r))
}

/// 2ⁿ, given n + [`ROUND_TO_INTEGER`], for −1022 ≤ n ≤ 1023.
#[inline(always)]
fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}
