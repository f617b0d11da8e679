//! Polynomials by nested fused multiply-adds.

/// `c0 + c1 x + c2 x² + …`, coefficients lowest first, evaluated from the highest down.
///
/// A macro and not a loop, so that no optimiser setting stands between the source and straight-line code.
macro_rules! polynomial {
    ($x:expr; $constant:expr $(,)?) => { $constant };
    ($x:expr; $constant:expr, $($higher:expr),+ $(,)?) => {
        f64::mul_add(polynomial!($x; $($higher),+), $x, $constant)
    };
}
