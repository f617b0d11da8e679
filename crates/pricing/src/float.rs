//! The two doors between exact numbers and floats: in for every input, out for a mark.

use plimsoll_core::{Decimal, NumberError, Timestamp};

/// The nearest float, half even.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "the mantissa has 53 bits")]
pub fn float(value: Decimal) -> f64 {
    let units = value.units();
    if let Some(nearest) = short(units) {
        return nearest;
    }
    // As many bits as there are, divided once: 67 or more of the quotient, and whether anything is left.
    let magnitude = units.unsigned_abs();
    let shift = magnitude.leading_zeros();
    let one = Decimal::UNITS_PER_ONE.unsigned_abs();
    let (quotient, left) = ((magnitude << shift) / one, (magnitude << shift) % one);
    let spare = u128::BITS - quotient.leading_zeros() - f64::MANTISSA_DIGITS;
    let (mantissa, rest, half) = (quotient >> spare, quotient & ((1 << spare) - 1), 1 << (spare - 1));
    let up = rest > half || (rest == half && (left != 0 || mantissa & 1 == 1));
    let power = u64::from(u32::try_from(f64::MAX_EXP - 1).unwrap_or(0) + spare - shift) << (f64::MANTISSA_DIGITS - 1);
    let nearest = (mantissa + u128::from(up)) as f64 * f64::from_bits(power);
    if units < 0 { -nearest } else { nearest }
}

/// The same for what prices, strikes and lots are, up to nine decimals and below nine million, in
/// 64-bit arithmetic: a risk table asks it a few times a row. Zero is one of them.
#[expect(clippy::cast_precision_loss, reason = "the mantissa is below 2⁵³")]
fn short(units: i128) -> Option<f64> {
    const NANO: u64 = 1_000_000_000;
    const FIVE_TO_18: u64 = 3_814_697_265_625;
    let magnitude = units.unsigned_abs();
    // 10¹⁸ is 2¹⁸ × 5¹⁸, and a floor of a floor is a floor.
    let whole = u64::try_from(magnitude >> 18).ok()? / FIVE_TO_18;
    let rest = u64::try_from(magnitude - u128::from(whole) * Decimal::UNITS_PER_ONE.unsigned_abs()).ok()?;
    let mantissa = (rest % NANO == 0).then(|| whole.checked_mul(NANO)?.checked_add(rest / NANO))??;
    let nearest = (mantissa < 1 << f64::MANTISSA_DIGITS).then(|| mantissa as f64 / NANO as f64)?;
    Some(if units < 0 { -nearest } else { nearest })
}

/// [`float`] for a column in which neighbours are often equal: what was found last is known again.
#[derive(Debug, Default)]
pub struct Floats {
    last: Decimal,
    float: f64,
}

impl Floats {
    /// The nearest float to `value`, half even.
    #[inline]
    pub fn of(&mut self, value: Decimal) -> f64 {
        if value != self.last {
            *self = Self { last: value, float: float(value) };
        }
        self.float
    }
}

/// A float as a decimal: its exact binary value, rounded half even at `places` decimals (at most 18).
///
/// # Errors
/// [`NumberError::NotANumber`] for NaN and infinities, [`NumberError::OutOfRange`] beyond ±1.7 × 10²⁰.
pub fn decimal(value: f64, places: u32) -> Result<Decimal, NumberError> {
    if !value.is_finite() {
        return Err(NumberError::NotANumber(value.to_string()));
    }
    let places = places.min(Decimal::PLACES);
    let step = 10_u128.pow(Decimal::PLACES - places);
    let units = scaled(value, 10_u128.pow(places)).and_then(|units| i128::try_from(units.checked_mul(step)?).ok());
    let signed = units.map(|units| if value < 0.0 { -units } else { units });
    signed.and_then(Decimal::from_units).ok_or_else(|| NumberError::OutOfRange(format!("{value}")))
}

/// |`value`| × `factor`, half even; `None` beyond 128 bits. A float is a whole number of 53 bits times a power of two,
/// `factor` has at most 60.
fn scaled(value: f64, factor: u128) -> Option<u128> {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = value.abs().to_bits();
    let (exponent, fraction) = (i32::try_from(bits >> FRACTION).ok()?, bits & ((1 << FRACTION) - 1));
    let (mantissa, exponent) = if exponent == 0 { (fraction, 1) } else { (fraction | 1 << FRACTION, exponent) };
    let product = u128::from(mantissa) * factor;
    // The exponent's bias, and the fraction's bits behind the point.
    let shift = exponent - 1_075;
    if shift >= 0 {
        let shift = shift.unsigned_abs();
        return (product.leading_zeros() >= shift).then(|| product << shift.min(127)).filter(|_| shift < 128);
    }
    let shift = shift.unsigned_abs();
    if shift > 127 {
        // The product has at most 113 bits: less than half.
        return Some(0);
    }
    let (whole, rest, half) = (product >> shift, product & ((1 << shift) - 1), 1 << (shift - 1));
    let up = rest > half || (rest == half && whole & 1 == 1);
    Some(whole + u128::from(up))
}

/// Years of 365 days from `from` to `to`; zero when `to` is not later.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days exact, and a year to 4 ns")]
pub fn years(from: Timestamp, to: Timestamp) -> f64 {
    let nanos = from.nanos_until(to).max(0);
    nanos as f64 / (Timestamp::SECONDS_PER_YEAR as f64 * Timestamp::NANOS_PER_SECOND as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn floats_become_decimals_rounded_half_even_on_their_binary_value() {
        for (value, places, expected) in [
            (0.125, 2, "0.12"),
            (0.375, 2, "0.38"),
            (-0.125, 2, "-0.12"),
            (2.5, 0, "2"),
            (3.5, 0, "4"),
            (0.1, 15, "0.1"),
            (0.1, 18, "0.100000000000000006"),
            (60_000.1, 9, "60000.1"),
            (1e-18, 18, "0.000000000000000001"),
            (4e-19, 18, "0"),
            (-4e-19, 18, "0"),
            (1e-5, 15, "0.00001"),
            (1.7e20, 2, "170000000000000000000"),
            (1_073_741_824.0 + 1.0 / 65_536.0, 15, "1073741824.000015258789062"),
            (5e-324, 18, "0"),
        ] {
            assert_eq!(decimal(value, places).unwrap(), read(expected), "{value:e} at {places}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(decimal(value, 2), Err(NumberError::NotANumber(_))), "{value}");
        }
        for value in [1.8e20, -1.8e20, 1e300, f64::MAX] {
            assert!(matches!(decimal(value, 2), Err(NumberError::OutOfRange(_))), "{value}");
        }
    }

    #[test]
    fn a_decimal_becomes_the_nearest_float() {
        for text in [
            "60000.1",
            "0.0412",
            "0.000000000000000001",
            "-2405.1",
            "170000000000000000000",
            "0.333333333333333333",
            "60050.5",
            "9007199254740993",
            "9007199254.740991",
            "0",
        ] {
            let exact = read(text);
            let nearest: f64 = text.parse().unwrap();
            assert_eq!(float(exact).to_bits(), nearest.to_bits(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_decimal_becomes_the_float_its_text_reads_as(units: i128, cut in 0_u32..38) {
            let Some(exact) = Decimal::from_units(units / 10_i128.pow(cut)) else { return Ok(()) };
            let nearest: f64 = exact.to_string().parse().unwrap();
            proptest::prop_assert_eq!(float(exact), nearest);
        }

        #[test]
        fn a_price_goes_through_both_doors_unchanged(mantissa in -1_000_000_000_000_i64..1_000_000_000_000, places in 0_u32..9) {
            let exact = Decimal::new(mantissa, places);
            proptest::prop_assert_eq!(decimal(float(exact), places).unwrap(), exact);
        }
    }

    #[test]
    fn years_count_365_days_and_never_backwards() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(years(at("2025-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")), 1.0);
        assert_eq!(years(at("2024-12-01T08:00:00Z"), at("2024-12-02T08:00:00Z")), 1.0 / 365.0);
        assert_eq!(years(at("2024-12-02T08:00:00Z"), at("2024-12-01T08:00:00Z")), 0.0);
    }
}
