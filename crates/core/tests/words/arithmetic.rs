//! Every operation against whole numbers without a size.

use num_bigint::BigInt;
use plimsoll_core::{Decimal, NumberError, Rounding};
use proptest::prelude::*;

use crate::oracle::{MODES, big, decimal, decimals, divide, held, in_usd, one, unit, usd};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn sums_and_differences_are_exact(left in decimals(), right in decimals()) {
        prop_assert!(held(&left.plus(right), &(big(left) + big(right))));
        prop_assert!(held(&left.minus(right), &(big(left) - big(right))));
    }

    #[test]
    fn products_are_rounded_once(left in decimals(), right in decimals()) {
        for mode in MODES {
            let exact = divide(&(big(left) * big(right)), &one(), mode);
            let product = left.times(right, mode);
            prop_assert!(held(&product, &exact), "{mode:?}: {product:?}, {exact}");
        }
    }

    #[test]
    fn quotients_are_rounded_once(left in decimals(), right in decimals()) {
        for mode in MODES {
            let quotient = left.over(right, mode);
            if right.is_zero() {
                prop_assert_eq!(quotient, Err(NumberError::DivisionByZero(left)));
            } else {
                let exact = divide(&(big(left) * one()), &big(right), mode);
                prop_assert!(held(&quotient, &exact), "{mode:?}: {quotient:?}, {exact}");
            }
        }
    }

    #[test]
    fn ratios_are_rounded_once(left in decimals(), numerator in decimals(), denominator in decimals()) {
        for mode in MODES {
            let ratio = left.times_ratio(numerator, denominator, mode);
            if denominator.is_zero() {
                prop_assert_eq!(ratio, Err(NumberError::DivisionByZero(left)));
            } else {
                let exact = divide(&(big(left) * big(numerator)), &big(denominator), mode);
                prop_assert!(held(&ratio, &exact), "{mode:?}: {ratio:?}, {exact}");
            }
        }
    }

    #[test]
    fn rounding_gives_the_multiple_that_is_named(value in decimals(), places in 0_u32..25) {
        let step = BigInt::from(10).pow(18_u32.saturating_sub(places));
        for mode in MODES {
            let exact = divide(&big(value), &step, mode) * &step;
            let rounded = value.rounded(places, mode);
            prop_assert!(held(&rounded, &exact), "{mode:?}: {rounded:?}, {exact}");
        }
    }

    #[test]
    fn multiples_are_exact(value in decimals(), count in any::<i128>(), bits in 0_u32..127) {
        for count in [count >> bits, i128::MIN, i128::MAX, -1, 0, 1] {
            prop_assert!(held(&value.times_count(count), &(big(value) * count)));
        }
    }

    #[test]
    fn a_split_makes_the_whole_again(value in decimals(), lot in decimals()) {
        let Some((count, rest)) = value.split_by(lot) else {
            prop_assert!(lot <= Decimal::ZERO);
            return Ok(());
        };
        prop_assert!(lot > Decimal::ZERO);
        prop_assert_eq!(big(lot) * count + big(rest), big(value));
        prop_assert!(rest.abs() < lot);
        prop_assert!(rest.is_zero() || rest.signum() == value.signum());
    }

    #[test]
    fn signs_are_those_of_the_number(value in decimals()) {
        prop_assert_eq!(big(value.negated()), -big(value));
        prop_assert_eq!(big(value.abs()), BigInt::from(big(value).magnitude().clone()));
        prop_assert_eq!(i128::from(value.signum()), value.units().signum());
        prop_assert_eq!(big(value.or_zero()), big(value).max(BigInt::ZERO));
        prop_assert_eq!(Decimal::from_units(value.units()), Some(value));
    }

    #[test]
    fn prices_and_amounts_multiply_as_their_values(left in decimals(), right in decimals()) {
        for mode in MODES {
            let product = left.times(right, mode);
            let amount = product.clone().map(usd);
            prop_assert_eq!(in_usd(left).times(plimsoll_core::Quantity(right), mode), amount.clone());
            prop_assert_eq!(usd(left).at(in_usd(right), mode), amount.clone());
            prop_assert_eq!(usd(left).scaled(right, mode), amount);
            let rates = plimsoll_core::Rate(left).times(plimsoll_core::Rate(right), mode);
            prop_assert_eq!(rates, product.map(plimsoll_core::Rate));
        }
    }
}

/// The definition of each rounding at a tie, under it and over it, on both sides of zero.
#[test]
fn the_five_roundings() {
    let table = [
        // value, down, up, toward zero, away from zero, half even
        ("1.4", [1, 2, 1, 2, 1]),
        ("1.5", [1, 2, 1, 2, 2]),
        ("2.5", [2, 3, 2, 3, 2]),
        ("2.500000000000000001", [2, 3, 2, 3, 3]),
        ("2", [2, 2, 2, 2, 2]),
        ("0.5", [0, 1, 0, 1, 0]),
        ("0", [0, 0, 0, 0, 0]),
        ("-0.5", [-1, 0, 0, -1, 0]),
        ("-1.4", [-2, -1, -1, -2, -1]),
        ("-1.5", [-2, -1, -1, -2, -2]),
        ("-2.5", [-3, -2, -2, -3, -2]),
        ("-2.500000000000000001", [-3, -2, -2, -3, -3]),
    ];
    for (value, expected) in table {
        for (mode, whole) in MODES.into_iter().zip(expected) {
            let whole = Decimal::from_int(whole);
            assert_eq!(decimal(value).rounded(0, mode), Ok(whole), "{value} {mode:?}");
            // The same digits as a product and as ratios, counted in units of 10⁻¹⁸.
            let one = Decimal::ONE;
            let expected = Decimal::from_units(whole.units() / Decimal::UNITS_PER_ONE).unwrap();
            assert_eq!(decimal(value).times(unit(), mode), Ok(expected), "{value} × 1e-18 {mode:?}");
            assert_eq!(decimal(value).times_ratio(unit(), one, mode), Ok(expected), "{value} ÷ 1e18 {mode:?}");
            assert_eq!(decimal(value).times_ratio(unit().negated(), one.negated(), mode), Ok(expected));
        }
    }
}

/// Products and quotients past 128 bits; the digits are those of Python's `fractions`.
#[test]
fn wide_intermediates() {
    let cases = [
        ("123456789012.345678901234567891", "987654321.098765432109876543", "121932631137021795226.185032708684651961"),
        (
            "-13043817825.332782212349571806",
            "13043817825.332782212349571806",
            "-170141183460469231731.687303709296759402",
        ),
    ];
    for (left, right, product) in cases {
        let (left, right) = (decimal(left), decimal(right));
        assert_eq!(left.times(right, Rounding::HalfEven), Ok(decimal(product)));
    }
    let share = Decimal::MAX.times_ratio(decimal("2"), decimal("3"), Rounding::Down);
    assert_eq!(share, Ok(decimal("113427455640312821154.458202477256070484")));
    assert_eq!(Decimal::MIN.times_ratio(Decimal::MIN, Decimal::MIN, Rounding::Up), Ok(Decimal::MIN));
    assert_eq!(Decimal::MIN.over(Decimal::MIN, Rounding::Down), Ok(Decimal::ONE));
}

#[test]
fn constants_stay_inside_the_range() {
    assert_eq!(Decimal::from_int(i64::MIN).to_string(), i64::MIN.to_string());
    assert_eq!(Decimal::new(i64::MIN, 0), Decimal::from_int(i64::MIN));
    assert_eq!(Decimal::new(-5, 3), decimal("-0.005"));
    assert_eq!(Decimal::new(i64::MAX, 18), decimal("9.223372036854775807"));
    assert_eq!(Decimal::from(i32::MIN), decimal("-2147483648"));
    assert_eq!(Decimal::from_units(i128::MIN), None);
    assert_eq!(Decimal::MIN, Decimal::MAX.negated());
}
