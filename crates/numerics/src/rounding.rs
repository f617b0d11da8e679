//! The door from floats to integers: counts of a unit, half to even, with the range checked.

use crate::dispatch::{Kernel, dispatch};
use crate::exponential::ROUND_TO_INTEGER;
use std::fmt;

/// A value whose count does not fit: NaN, infinite, or more than `i32::MAX` either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutOfRange {
    /// Where it stands in the slice.
    pub index: usize,
    /// The count before rounding.
    pub count: f64,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "value {} counts {} units, beyond the range of 32 bits", self.index, self.count)
    }
}

impl std::error::Error for OutOfRange {}

/// Rounds `(value − offset) × scale` half to even into `counts`, for each value.
///
/// Counts stay within ±`i32::MAX`, so that negating one is always possible.
///
/// # Errors
/// The first value whose count does not fit; `counts` then holds nothing of use.
/// # Panics
/// When the slices differ in length.
pub fn to_i32(values: &[f64], offset: f64, scale: f64, counts: &mut [i32]) -> Result<(), OutOfRange> {
    assert_eq!(values.len(), counts.len(), "as many counts as values");
    if dispatch(Round { values, offset, scale, counts }) {
        return Ok(());
    }
    let count = |value: &f64| (value - offset) * scale;
    let first = values.iter().map(count).enumerate().find(|(_, count)| !fits(rounded(*count)));
    first.map_or(Ok(()), |(index, count)| Err(OutOfRange { index, count }))
}

struct Round<'a> {
    values: &'a [f64],
    offset: f64,
    scale: f64,
    counts: &'a mut [i32],
}

impl Kernel for Round<'_> {
    /// Whether every count fitted.
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut misfits = 0_u64;
        for (value, slot) in self.values.iter().zip(self.counts) {
            let count = (value - self.offset) * self.scale;
            misfits |= u64::from(!fits(rounded(count)));
            *slot = low_bits(count + ROUND_TO_INTEGER);
        }
        misfits == 0
    }
}

#[inline(always)]
fn rounded(count: f64) -> f64 {
    (count + ROUND_TO_INTEGER) - ROUND_TO_INTEGER
}

#[inline(always)]
fn fits(rounded: f64) -> bool {
    rounded.abs() <= f64::from(i32::MAX)
}

/// The integer that [`ROUND_TO_INTEGER`] left in the low bits, where it fits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted, and `fits` has checked the rest")]
fn low_bits(shifted: f64) -> i32 {
    shifted.to_bits() as i32
}
