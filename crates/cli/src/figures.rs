//! Figures as people read them: rounded, grouped by thousands, in a stated unit.

use plimsoll::{Decimal, Timestamp};

/// A count: `10,000`.
pub(crate) fn count(value: usize) -> String {
    grouped(&value.to_string())
}

/// An amount of money in cents: `1,234.50`.
pub(crate) fn money(value: Decimal) -> String {
    grouped(&format!("{value:.2}"))
}

/// A change of money: `+1,234.50`.
pub(crate) fn change(value: Decimal) -> String {
    signed(value, money(value))
}

/// Money without cents, for a grid of many figures.
pub(crate) fn whole(value: Decimal) -> String {
    signed(value, grouped(&format!("{value:.0}")))
}

fn signed(value: Decimal, text: String) -> String {
    let zero = text.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0');
    if value.signum() > 0 && !zero { format!("+{text}") } else { text }
}

/// A count of coins or contracts, to eight places at most.
pub(crate) fn quantity(value: Decimal) -> String {
    trimmed(&grouped(&format!("{value:.8}")))
}

/// A price with as many places as its size asks for.
pub(crate) fn price(value: Decimal) -> String {
    let size = value.abs();
    if size >= Decimal::from_int(10) || size.is_zero() {
        money(value)
    } else if size >= Decimal::new(1, 1) {
        format!("{value:.4}")
    } else {
        format!("{value:.6}")
    }
}

/// A share in per cent: `42.3 %`.
pub(crate) fn percent(value: Decimal) -> String {
    let percent = value.times_count(100).unwrap_or(value);
    format!("{} %", grouped(&format!("{percent:.1}")))
}

/// A move in per cent, without places where it has none: `-16%`.
pub(crate) fn move_percent(value: Decimal) -> String {
    let percent = value.times_count(100).unwrap_or(value);
    signed(percent, format!("{}%", trimmed(&format!("{percent:.2}"))))
}

/// A float with `places` decimals, and no sign on a nought.
pub(crate) fn float(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let zero = text.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0');
    grouped(if zero { text.trim_start_matches('-') } else { &text })
}

/// Places with which the largest of `values` shows four digits, from 2 to 10.
pub(crate) fn places(values: impl IntoIterator<Item = f64>) -> usize {
    let largest = values.into_iter().map(f64::abs).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let (mut places, mut scaled) = (2, largest * 0.1);
    while largest > 0.0 && scaled < 1.0 && places < 10 {
        scaled *= 10.0;
        places += 1;
    }
    // A largest of 10 or more keeps two places, of 1 to 10 three, and so on down.
    places
}

/// An expiry or an instant, to the minute: `27 Dec 2024 08:00`.
pub(crate) fn instant(at: Timestamp) -> String {
    let (year, month, day) = at.date();
    let time = at.to_string();
    let clock = time.get(11..16).unwrap_or("00:00");
    let month = usize::try_from(month).ok().and_then(|month| MONTHS.get(month - 1)).copied().unwrap_or("?");
    format!("{day} {month} {year} {clock}")
}

/// The day of an expiry: `27 Dec 24`, or `perpetual`.
pub(crate) fn expiry(at: Option<Timestamp>) -> String {
    let Some(at) = at else { return "perpetual".to_owned() };
    let (year, month, day) = at.date();
    let month = usize::try_from(month).ok().and_then(|month| MONTHS.get(month - 1)).copied().unwrap_or("?");
    format!("{day} {month} {:02}", year % 100)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A number's text with a comma every three digits before the point.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::with_capacity(text.len() + whole.len() / 3 + 1);
    out.push_str(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn money_is_grouped_and_rounded_half_even() {
        for (value, shown) in [
            ("0", "0.00"),
            ("-0.001", "0.00"),
            ("999.995", "1,000.00"),
            ("-1234567.885", "-1,234,567.88"),
            ("100000000000000000000", "100,000,000,000,000,000,000.00"),
        ] {
            assert_eq!(money(decimal(value)), shown);
        }
        assert_eq!(change(decimal("0.004")), "0.00");
        assert_eq!(change(decimal("1000")), "+1,000.00");
        assert_eq!(whole(decimal("-1234.5")), "-1,234");
    }

    #[test]
    fn other_figures_have_as_many_places_as_they_need() {
        assert_eq!(quantity(decimal("-1200.50")), "-1,200.5");
        assert_eq!(quantity(decimal("60000")), "60,000");
        assert_eq!(price(decimal("60000")), "60,000.00");
        assert_eq!(price(decimal("0.0412")), "0.041200");
        assert_eq!(percent(decimal("0.42345")), "42.3 %");
        assert_eq!(move_percent(decimal("-0.16")), "-16%");
        assert_eq!(move_percent(decimal("0.045")), "+4.5%");
        assert_eq!(float(-0.0004, 2), "0.00");
        assert_eq!([places([1234.5, 0.1]), places([0.00123]), places([5.0]), places([0.0])], [2, 6, 3, 2]);
        assert_eq!(instant("2024-12-27T08:00:00Z".parse().unwrap()), "27 Dec 2024 08:00");
        assert_eq!(expiry(None), "perpetual");
    }
}
