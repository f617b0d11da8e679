//! Decimals as text: read whole or refused, printed so that they read back.

use num_bigint::BigInt;
use plimsoll_core::{Decimal, NumberError, Price, Quantity, Rounding};
use proptest::prelude::*;

use crate::oracle::{asset, big, decimal, decimals, divide, usd};

#[test]
fn what_is_read() {
    let table = [
        ("0", "0"),
        ("-0", "0"),
        ("+1", "1"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("007", "7"),
        ("0000.5000", "0.5"),
        ("1e-18", "0.000000000000000001"),
        ("10e-19", "0.000000000000000001"),
        ("0.00000000000000000100e0", "0.000000000000000001"),
        ("1.0000000000000000000000000", "1"),
        ("2.5E3", "2500"),
        ("1e+2", "100"),
        ("1e-07", "0.0000001"),
        ("1e20", "100000000000000000000"),
        ("1.7e20", "170000000000000000000"),
        ("100000000000000000000", "100000000000000000000"),
        ("0.0000000001e30", "100000000000000000000"),
        ("0e999999999", "0"),
        ("0e99999999999999999999999999", "0"),
        ("-0.000e-99999999999999999999999999", "0"),
        ("170141183460469231731.687303715884105727", "170141183460469231731.687303715884105727"),
        ("-170141183460469231731.687303715884105727", "-170141183460469231731.687303715884105727"),
    ];
    for (text, printed) in table {
        assert_eq!(text.parse::<Decimal>().map(|value| value.to_string()), Ok(printed.to_owned()), "{text}");
    }
    assert_eq!("170141183460469231731.687303715884105727".parse(), Ok(Decimal::MAX));
}

#[test]
fn what_is_refused() {
    let not_numbers = [
        "", " ", "-", "+", ".", "-.", "e", "e5", ".e5", "1e", "1e+", "1e-", "1e5.0", "1e5e5", "1e+-5", "--1", "+-1",
        "1.2.3", "1_000", "1,5", " 1", "1 ", "0x10", "NaN", "inf", "١", "１", "1١", "−1", "é", "-é", "1é", "1e١", "\0",
    ];
    for text in not_numbers {
        assert_eq!(text.parse::<Decimal>(), Err(NumberError::NotANumber(text.to_owned())), "{text}");
    }
    for text in ["1e-19", "0.0000000000000000001", "-15e-19", "1e-99999999999999999999", "1.0000000000000000000000001"]
    {
        assert_eq!(text.parse::<Decimal>(), Err(NumberError::TooManyDecimals(text.to_owned())), "{text}");
    }
    let too_large = [
        "1.8e20",
        "2e20",
        "1e21",
        "170141183460469231731.687303715884105728",
        "-170141183460469231731.687303715884105728",
        "1e2147483647",
        "1e2147483648",
        "-1e99999999999999999999999999",
    ];
    for text in too_large {
        assert_eq!(text.parse::<Decimal>(), Err(NumberError::OutOfRange(text.to_owned())), "{text}");
    }
}

/// A megabyte of digits takes one pass, and an error shows its beginning alone.
#[test]
fn megabytes() {
    let zeros = "0".repeat(1 << 20);
    let nines = "9".repeat(1 << 20);
    assert_eq!(zeros.parse(), Ok(Decimal::ZERO));
    assert_eq!(format!("{zeros}7.{zeros}").parse(), Ok(Decimal::from_int(7)));
    assert_eq!(format!("1{zeros}e-{}", 1 << 20).parse(), Ok(Decimal::ONE));
    assert_eq!(format!("0.{zeros}1e{}", (1 << 20) + 1).parse(), Ok(Decimal::ONE));
    assert_eq!(format!("1e{zeros}2").parse(), Ok(Decimal::from_int(100)));
    let shown = format!("{}…", &nines[..60]);
    assert_eq!(nines.parse::<Decimal>(), Err(NumberError::OutOfRange(shown.clone())));
    assert_eq!(format!("{nines}x").parse::<Decimal>(), Err(NumberError::NotANumber(shown)));
    assert!(matches!(format!("0.{nines}").parse::<Decimal>(), Err(NumberError::TooManyDecimals(_))));
    assert!(matches!(format!("1e{nines}").parse::<Decimal>(), Err(NumberError::OutOfRange(_))));
}

#[test]
fn what_is_printed() {
    let value = decimal("-1234.5678");
    assert_eq!(format!("{value}"), "-1234.5678");
    assert_eq!(format!("{value:?}"), "-1234.5678");
    assert_eq!(format!("{value:.2}"), "-1234.57");
    assert_eq!(format!("{value:.0}"), "-1235");
    assert_eq!(format!("{value:.20}"), "-1234.56780000000000000000");
    assert_eq!(format!("[{value:12.2}]"), "[    -1234.57]");
    assert_eq!(format!("[{value:<12.2}]"), "[-1234.57    ]");
    assert_eq!(format!("[{value:^12.2}]"), "[  -1234.57  ]");
    assert_eq!(format!("[{value:*>12.2}]"), "[****-1234.57]");
    assert_eq!(format!("[{value:012.2}]"), "[-00001234.57]");
    assert_eq!(format!("{:+.1}", value.negated()), "+1234.6");
    assert_eq!(format!("{:.2}", Decimal::ZERO), "0.00");
    assert_eq!(format!("{:.2}", decimal("-0.005")), "0.00");
    assert_eq!(format!("{:.2}", decimal("0.015")), "0.02");
    assert_eq!(format!("{:.2}", decimal("0.025")), "0.02");
    assert_eq!(format!("{:>8.1}", usd(decimal("2.25"))), "     2.2 USD");
    assert_eq!(format!("{:+}", Price::new(decimal("3"), asset("USDC"))), "+3 USDC");
    assert_eq!(format!("{:5}|", Quantity(decimal("3"))), "    3|");
}

/// The nearest multiple may stand above the largest decimal: it is shown all the same.
#[test]
fn the_limits_are_shown_rounded() {
    assert_eq!(format!("{:.2}", Decimal::MAX), "170141183460469231731.69");
    assert_eq!(format!("{:.0}", Decimal::MIN), "-170141183460469231732");
    assert_eq!(format!("{:.17}", Decimal::MIN), "-170141183460469231731.68730371588410573");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_printed_reads_back(value in decimals()) {
        let text = value.to_string();
        prop_assert_eq!(text.parse(), Ok(value));
        prop_assert_eq!(format!("{value:.18}").parse(), Ok(value));
        prop_assert!(!text.contains('.') || !text.ends_with(['0', '.']), "{} is not the shortest", text);
    }

    #[test]
    fn a_precision_rounds_half_even(value in decimals(), places in 0_u32..19) {
        let exact = divide(&big(value), &BigInt::from(10).pow(18 - places), Rounding::HalfEven);
        let shown = format!("{value:.prec$}", prec = places as usize).replace('.', "");
        prop_assert_eq!(shown.parse::<BigInt>().unwrap(), exact);
    }

    /// Digits with a point and an exponent, against the same digits as a whole number.
    #[test]
    fn what_is_read_is_kept_whole(digits in "[0-9]{1,45}", point in 0_usize..45, exponent in -45_i64..45) {
        let point = point.min(digits.len());
        let text = format!("{}.{}e{exponent}", &digits[..point], &digits[point..]);
        let shift = exponent + 18 - i64::try_from(digits.len() - point).unwrap();
        let number: BigInt = digits.parse().unwrap();
        let power = BigInt::from(10).pow(u32::try_from(shift.abs()).unwrap());
        let (units, lost) = if shift < 0 { (&number / &power, &number % &power) } else { (number * power, BigInt::ZERO) };
        match text.parse::<Decimal>() {
            Ok(value) => prop_assert!(lost == BigInt::ZERO && big(value) == units, "{}", text),
            Err(NumberError::TooManyDecimals(_)) => prop_assert!(lost != BigInt::ZERO, "{}", text),
            Err(error) => {
                prop_assert!(matches!(error, NumberError::OutOfRange(_)), "{}", error);
                prop_assert!(units > BigInt::from(i128::MAX), "{}", text);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", number in "[-+]?[0-9.eE+-]{0,30}") {
        for text in [text, number] {
            if let Ok(value) = text.parse::<Decimal>() {
                prop_assert_eq!(value.to_string().parse(), Ok(value));
            }
        }
    }
}
