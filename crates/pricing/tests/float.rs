//! Floats as decimals: the exact binary value, rounded once.

use plimsoll_core::{Decimal, NumberError};
use plimsoll_pricing::float::{decimal, float};
use proptest::prelude::*;

/// The standard library prints every digit of a float's binary value and rounds it half even.
fn printed(value: f64, places: usize) -> Result<Decimal, NumberError> {
    format!("{value:.places$}").parse()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_float_is_what_is_printed_of_it(bits in any::<u64>(), places in 0_u32..=18) {
        same(f64::from_bits(bits), places)?;
    }

    #[test]
    fn floats_of_prices_too(mantissa in any::<u64>(), power in 953_u64..1_031, places in 0_u32..=18) {
        #[expect(clippy::cast_precision_loss, reason = "any float will do")]
        let value = mantissa as f64 * f64::from_bits(power << 52);
        same(value, places)?;
        same(-value, places)?;
    }

    #[test]
    fn any_decimal_is_the_float_that_its_text_is_read_as(units in any::<i128>(), bits in 0_u32..127) {
        if let Some(number) = Decimal::from_units(units >> bits) {
            prop_assert_eq!(float(number), number.to_string().parse::<f64>().unwrap_or(f64::NAN), "{}", number);
        }
    }

    #[test]
    fn a_decimal_comes_back_from_its_float(units in -900_000_000_000_000_i64..900_000_000_000_000) {
        let number = Decimal::new(units, 9);
        prop_assert_eq!(decimal(float(number), 9), Ok(number));
    }
}

fn same(value: f64, places: u32) -> Result<(), TestCaseError> {
    match printed(value, places as usize) {
        Ok(want) => prop_assert_eq!(decimal(value, places), Ok(want), "{:e}", value),
        Err(_) => prop_assert!(decimal(value, places).is_err(), "{:e}", value),
    }
    Ok(())
}

#[test]
fn halves_go_to_the_even_and_edges_are_named() {
    for (value, places, want) in [
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (2.5, 0, "2"),
        (-0.125, 2, "-0.12"),
        (0.375, 2, "0.38"),
        (0.1, 18, "0.100000000000000006"),
        (f64::MIN_POSITIVE, 18, "0"),
        (-0.0, 3, "0"),
        (1.7e20, 2, "170000000000000000000"),
        (3.0, 40, "3"),
    ] {
        assert_eq!(decimal(value, places).unwrap().to_string(), want, "{value}");
    }
    for value in [f64::NAN, f64::INFINITY, 1.8e20, -1e300] {
        assert!(decimal(value, 6).is_err(), "{value}");
    }
}
