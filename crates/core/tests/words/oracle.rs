//! Exact answers from whole numbers without a size, and numbers to ask about.

use num_bigint::{BigInt, Sign};
use plimsoll_core::{Amount, Asset, Decimal, NumberError, Price, Rounding};
use proptest::prelude::*;

pub(crate) const MODES: [Rounding; 5] =
    [Rounding::Down, Rounding::Up, Rounding::TowardZero, Rounding::AwayFromZero, Rounding::HalfEven];

pub(crate) fn big(value: Decimal) -> BigInt {
    BigInt::from(value.units())
}

pub(crate) fn one() -> BigInt {
    BigInt::from(Decimal::UNITS_PER_ONE)
}

/// `number ÷ divisor` as a whole number: the sizes divided, then moved away from zero or not.
pub(crate) fn divide(number: &BigInt, divisor: &BigInt, rounding: Rounding) -> BigInt {
    let negative = (number.sign() == Sign::Minus) != (divisor.sign() == Sign::Minus);
    let (size, by) = (BigInt::from(number.magnitude().clone()), BigInt::from(divisor.magnitude().clone()));
    let (quotient, twice) = (&size / &by, (&size % &by) * 2);
    let away = twice != BigInt::ZERO
        && match rounding {
            Rounding::Down => negative,
            Rounding::Up => !negative,
            Rounding::TowardZero => false,
            Rounding::AwayFromZero => true,
            Rounding::HalfEven => twice > by || (twice == by && &quotient % 2 == BigInt::from(1)),
        };
    let size = quotient + i32::from(away);
    if negative { -size } else { size }
}

/// What an operation must give: the exact units where a decimal holds them, else an overflow.
pub(crate) fn held(result: &Result<Decimal, NumberError>, exact: &BigInt) -> bool {
    let fits = exact.magnitude() <= BigInt::from(i128::MAX).magnitude();
    match result {
        Ok(value) => big(*value) == *exact && fits,
        Err(NumberError::Overflow { .. }) => !fits,
        Err(_) => false,
    }
}

/// Decimals of every size, with those where arithmetic goes wrong: limits, halves, single units.
pub(crate) fn decimals() -> impl Strategy<Value = Decimal> {
    let units = prop_oneof![
        4 => (any::<i128>(), 0_u32..127).prop_map(|(units, bits)| units >> bits),
        1 => (0_i128..1000).prop_map(|below| i128::MAX - below),
        1 => (0_i128..1000).prop_map(|above| above - i128::MAX),
        2 => (-1000_i128..1000).prop_map(|halves| halves * (Decimal::UNITS_PER_ONE / 2)),
        1 => -1000_i128..1000,
    ];
    units.prop_map(|units| Decimal::from_units(units).unwrap_or(Decimal::MIN))
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn asset(name: &str) -> Asset {
    name.parse().unwrap()
}

pub(crate) fn usd(value: Decimal) -> Amount {
    Amount::new(value, asset("USD"))
}

pub(crate) fn in_usd(value: Decimal) -> Price {
    Price::new(value, asset("USD"))
}

/// The smallest decimal above zero.
pub(crate) fn unit() -> Decimal {
    Decimal::from_units(1).unwrap()
}
