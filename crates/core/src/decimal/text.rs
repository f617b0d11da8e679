//! A decimal as text: what is printed reads back as the same number.

use std::fmt;
use std::str::FromStr;

use super::{Decimal, NumberError};

/// An exponent past every digit a text can hold: larger ones read the same.
const BEYOND: i64 = 1 << 40;

impl FromStr for Decimal {
    type Err = NumberError;

    /// Reads `-1234.5`, `+.5`, `1e-7`, `2.5E3`; whatever it reads it keeps whole, or refuses.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let not_a_number = || NumberError::NotANumber(shown(text));
        let (negative, unsigned) = signed(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, exponent(power).ok_or_else(not_a_number)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_number());
        }
        let zeros = digits().rev().take_while(|byte| *byte == b'0').count();
        let significant = whole.len() + fraction.len() - zeros;
        if significant == 0 {
            return Ok(Self::ZERO);
        }
        // Without the zeros at its end, the last digit counts 10^(exponent + zeros − decimals).
        let shift = exponent + count(zeros) - count(fraction.len()) + i64::from(Self::PLACES);
        if shift < 0 {
            return Err(NumberError::TooManyDecimals(shown(text)));
        }
        let out_of_range = || NumberError::OutOfRange(shown(text));
        let mut units: i128 = 0;
        for byte in digits().take(significant) {
            units = units
                .checked_mul(10)
                .and_then(|units| units.checked_add(i128::from(byte - b'0')))
                .ok_or_else(out_of_range)?;
        }
        let power = u32::try_from(shift).ok().and_then(|shift| 10_i128.checked_pow(shift)).ok_or_else(out_of_range)?;
        let units = units.checked_mul(power).ok_or_else(out_of_range)?;
        Ok(Self(if negative { -units } else { units }))
    }
}

/// Whether the text opens with a minus, and what follows the sign.
fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A power of ten, stopped at [`BEYOND`]; `None` when it is not a whole number.
fn exponent(text: &str) -> Option<i64> {
    let (negative, digits) = signed(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.bytes().fold(0, |size: i64, byte| (size * 10 + i64::from(byte - b'0')).min(BEYOND));
    Some(if negative { -size } else { size })
}

/// A count of digits, stopped at [`BEYOND`], which no text reaches.
fn count(digits: usize) -> i64 {
    i64::try_from(digits).map_or(BEYOND, |digits| digits.min(BEYOND))
}

/// The text for an error, cut so that a hostile megabyte does not fill the screen.
fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

impl fmt::Display for Decimal {
    /// The shortest text that reads back as the same number; a precision (`{:.2}`) prints so many
    /// decimals, rounded half even, and a zero has no sign.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = out.precision().and_then(|places| u32::try_from(places).ok());
        let units = rounded(self.0.unsigned_abs(), places.map_or(Self::PLACES, |places| places.min(Self::PLACES)));
        let one = Self::UNITS_PER_ONE.unsigned_abs();
        let (whole, fraction) = (units / one, format!("{:018}", units % one));
        let fraction = match out.precision() {
            Some(places) => format!("{:0<places$.places$}", fraction),
            None => fraction.trim_end_matches('0').to_owned(),
        };
        let text = if fraction.is_empty() { format!("{whole}") } else { format!("{whole}.{fraction}") };
        out.pad_integral(self.0 >= 0 || units == 0, "", &text)
    }
}

/// Units of 10⁻¹⁸ at the nearest multiple of 10⁻ᵖˡᵃᶜᵉˢ, ties to even; unlike [`Decimal::rounded`] it
/// has a unit's room above the largest decimal, so that every decimal can be shown.
fn rounded(units: u128, places: u32) -> u128 {
    let step = 10_u128.pow(Decimal::PLACES - places);
    let (floor, rest) = (units / step, units % step);
    let up = 2 * rest > step || (2 * rest == step && floor & 1 == 1);
    (floor + u128::from(up)) * step
}

impl fmt::Debug for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
