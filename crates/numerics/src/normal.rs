//! The standard normal distribution: density, probability, its inverse, and the Mills ratio.

use crate::exponential::exp;
use crate::logarithm::ln;

/// 1/√(2π), the density at zero.
pub const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;

/// Where the density has fallen to zero.
const FAR: f64 = 40.0;

/// The constant of the map t = (x − c)/(x + c) that takes the half-line to [−1, 1].
const CENTRE: f64 = 5.0;

/// The density `e^(−x²/2) / √(2π)`, within 5e-16 of itself down to the subnormal numbers.
#[inline(always)]
#[must_use]
pub fn pdf(x: f64) -> f64 {
    let x = if x.abs() > FAR { FAR } else { x };
    let square = x * x;
    // The rounding error of the square would cost a relative x²/2 units in the last place.
    let lost = x.mul_add(x, -square);
    let main = DENSITY_AT_ZERO * exp(-0.5 * square);
    main.mul_add(-0.5 * lost, main)
}

/// The probability that a standard normal variable is at most `x`.
///
/// Relative error under 2e-15 for `x ≤ 0`, absolute under 3e-16 above; 0 and 1 at the infinities,
/// NaN for NaN.
#[inline(always)]
#[must_use]
pub fn cdf(x: f64) -> f64 {
    let tail = pdf(x) * mills_ratio(x.abs());
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// The Mills ratio `Φ(−x)/φ(x)` for `x ≥ 0`: √(π/2) at zero, falling as 1/x; zero at infinity.
///
/// Relative error under 1e-15. Below zero the answer has no meaning.
///
/// # Source
/// The map of the half-line is that of Shepherd and Laframboise, *Mathematics of Computation* 36
/// (1981) 249; the polynomial for `(x + 5) M(x)` is fitted by `fit/coefficients.py`, to 1.1e-16.
#[inline(always)]
#[must_use]
pub fn mills_ratio(x: f64) -> f64 {
    mills_from_reciprocal(1.0 / (x + CENTRE))
}

/// The Mills ratios of two numbers for one division; both at least zero and finite.
#[inline(always)]
#[must_use]
pub fn mills_ratio_pair(x: f64, y: f64) -> (f64, f64) {
    let (x, y) = (x + CENTRE, y + CENTRE);
    let both = 1.0 / (x * y);
    (mills_from_reciprocal(both * y), mills_from_reciprocal(both * x))
}

/// M, from q = 1/(x + c): t = 1 − 2cq, and M = q P(t). Even and odd powers run side by side.
#[inline(always)]
fn mills_from_reciprocal(q: f64) -> f64 {
    let t = q.mul_add(-2.0 * CENTRE, 1.0);
    let t2 = t * t;
    let even = polynomial!(t2;
        1.9280810471531575, 1.2415470615738775, 0.4136447157321585, 0.05212550242204108,
        -0.001999962068763271, -0.00014883252059344195, 4.1812674011026156e-5, -6.940506858753588e-6,
        1.0865133209531299e-6, -1.6895078588786814e-7, 2.3233082810126316e-8, -1.9658975117262993e-9);
    let odd = polynomial!(t2;
        -1.66786659518896, -0.7859110755465564, -0.17325473408686237, -0.007503282824110726,
        0.0013658591836822514, -0.00012473575030704642, 9.975019887056722e-6, -8.364769829555506e-7,
        9.714014063729512e-8, -1.7716963082651302e-8, 3.314020668482012e-9, -3.5573872689803867e-10);
    odd.mul_add(t, even) * q
}

/// The `x` with [`cdf`]`(x) = probability`; infinite at 0 and 1, NaN outside [0, 1].
///
/// Relative error about 1e-15. It branches on the region, so it is for parameters and draws, not for
/// the inside of a kernel.
///
/// # Source
/// Wichura, Algorithm AS 241 (PPND16), *Applied Statistics* 37 (1988) 477.
#[must_use]
pub fn inverse_cdf(probability: f64) -> f64 {
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        return q * central(0.180625 - q * q);
    }
    let tail = if q < 0.0 { probability } else { 1.0 - probability };
    if tail == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    // ln of a negative number is NaN, which is the answer outside [0, 1].
    let r = (-ln(tail)).sqrt();
    let size = if r <= 5.0 { middle(r - 1.6) } else { far(r - 5.0) };
    if q < 0.0 { -size } else { size }
}

fn central(r: f64) -> f64 {
    let above = polynomial!(r;
        3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
        45921.95393154987, 67265.7709270087, 33430.57558358813, 2509.0809287301227);
    let below = polynomial!(r;
        1.0, 42.31333070160091, 687.1870074920579, 5394.196021424751,
        21213.794301586597, 39307.89580009271, 28729.085735721943, 5226.495278852854);
    above / below
}

fn middle(r: f64) -> f64 {
    let above = polynomial!(r;
        1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
        1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414);
    let below = polynomial!(r;
        1.0, 2.053191626637759, 1.6763848301838038, 0.6897673349851,
        0.14810397642748008, 0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9);
    above / below
}

fn far(r: f64) -> f64 {
    let above = polynomial!(r;
        6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
        0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7);
    let below = polynomial!(r;
        1.0, 0.599832206555888, 0.1369298809227358, 0.014875361290850615,
        0.0007868691311456133, 1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15);
    above / below
}
