//! Products and quotients in whole numbers of any size: arithmetic that shares no code with the engine's.

use num_bigint::{BigInt, BigUint, Sign};
use plimsoll_core::Decimal;

/// Units of 10⁻¹⁸ in one.
pub const ONE: i128 = 1_000_000_000_000_000_000;

/// Where a digit that does not fit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Towards −∞.
    Down,
    /// Towards +∞.
    Up,
    /// To the nearest, ties to the even.
    Nearest,
}

/// `a` × `b` ÷ `by`, in units; `None` where it does not fit or `by` is zero.
#[must_use]
pub fn ratio(a: i128, b: i128, by: i128, way: Way) -> Option<i128> {
    if by == 0 {
        return None;
    }
    let (above, below) = (BigInt::from(a) * BigInt::from(b), BigInt::from(by));
    let negative = (above.sign() == Sign::Minus) != (below.sign() == Sign::Minus);
    let (above, below) = (above.magnitude(), below.magnitude());
    let (mut whole, left): (BigUint, BigUint) = (above / below, above % below);
    let twice = &left * 2_u32;
    let away = match way {
        _ if left == BigUint::ZERO => false,
        Way::Down => negative,
        Way::Up => !negative,
        Way::Nearest => twice > *below || (twice == *below && whole.bit(0)),
    };
    if away {
        whole += 1_u32;
    }
    let size = i128::try_from(whole).ok()?;
    Some(if negative { -size } else { size })
}

/// The product of two decimals.
#[must_use]
pub fn product(a: i128, b: i128, way: Way) -> Option<i128> {
    ratio(a, b, ONE, way)
}

/// The quotient of two decimals.
#[must_use]
pub fn quotient(a: i128, by: i128, way: Way) -> Option<i128> {
    ratio(a, ONE, by, way)
}

/// Units as people read them.
#[must_use]
pub fn shown(units: i128) -> String {
    Decimal::from_units(units).map_or_else(|| "below the least".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::{ONE, Way, product, quotient, ratio};

    #[test]
    fn ties_go_to_the_even_and_signs_to_their_side() {
        assert_eq!([1, 3, 5, -1, -3].map(|a| ratio(a, 1, 2, Way::Nearest)), [0, 2, 2, 0, -2].map(Some));
        assert_eq!([7, -7].map(|a| ratio(a, 1, 2, Way::Down)), [Some(3), Some(-4)]);
        assert_eq!([7, -7].map(|a| ratio(a, 1, 2, Way::Up)), [Some(4), Some(-3)]);
        assert_eq!([7, -7].map(|a| ratio(a, 1, -2, Way::Up)), [Some(-3), Some(4)]);
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(product(i128::MAX, 2 * ONE, Way::Down), None);
        assert_eq!(quotient(1, 0, Way::Down), None);
        assert_eq!(product(i128::MAX, ONE, Way::Down), Some(i128::MAX));
    }
}
