//! The two doors between exact numbers and floats: in for every input, out for a mark.

use plimsoll_core::{Decimal, NumberError, Timestamp};

/// The nearest float or the one beside it: exact wherever the units fit 53 bits.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "this is the door where digits beyond a float's are dropped")]
pub fn float(value: Decimal) -> f64 {
    value.units() as f64 / Decimal::UNITS_PER_ONE as f64
}

/// A float as a decimal: its exact binary value, rounded half even at `places` decimals (at most 18).
///
/// # Errors
/// [`NumberError::NotANumber`] for NaN and infinities, [`NumberError::OutOfRange`] beyond ±1.7 × 10²⁰.
pub fn decimal(value: f64, places: u32) -> Result<Decimal, NumberError> {
    if !value.is_finite() {
        return Err(NumberError::NotANumber(value.to_string()));
    }
    // The standard library prints every digit of a float's binary value and rounds it once.
    let places = places.min(Decimal::PLACES) as usize;
    format!("{value:.places$}").parse()
}

/// Years of 365 days from `from` to `to`; zero when `to` is not later.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days exact, and a year to 4 ns")]
pub fn years(from: Timestamp, to: Timestamp) -> f64 {
    let nanos = from.nanos_until(to).max(0);
    nanos as f64 / (Timestamp::SECONDS_PER_YEAR as f64 * Timestamp::NANOS_PER_SECOND as f64)
}
