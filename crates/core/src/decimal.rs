//! The exact number under every price, quantity, amount and rate.

mod divide;
mod text;

use std::cmp::Ordering;
use thiserror::Error;

use divide::Number;

/// An exact decimal: an `i128` count of 10⁻¹⁸, so ±1.7 × 10²⁰ with 18 places.
///
/// Every operation that can leave that range, or that must round, says so: the first returns
/// [`NumberError::Overflow`], the second takes a [`Rounding`].
///
/// ```
/// use plimsoll_core::{Decimal, Rounding};
/// let third = Decimal::ONE.over("3".parse()?, Rounding::Down)?;
/// assert_eq!(third.to_string(), "0.333333333333333333");
/// # Ok::<(), plimsoll_core::NumberError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i128);

/// Where a result goes that has no exact decimal.
///
/// ```
/// use plimsoll_core::{Decimal, Rounding};
/// let loss: Decimal = "-2.5".parse()?;
/// assert_eq!(loss.rounded(0, Rounding::Down)?.to_string(), "-3");
/// assert_eq!(loss.rounded(0, Rounding::TowardZero)?.to_string(), "-2");
/// assert_eq!(loss.rounded(0, Rounding::HalfEven)?.to_string(), "-2");
/// # Ok::<(), plimsoll_core::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards −∞: what an account owns.
    Down,
    /// Towards +∞: what an account must hold.
    Up,
    /// Towards zero: how most contracts on a chain divide.
    TowardZero,
    /// Away from zero.
    AwayFromZero,
    /// To the nearest, ties to the even unit: for figures that favour no one.
    HalfEven,
}

/// Why a number could not be read or computed.
///
/// ```
/// use plimsoll_core::{Decimal, NumberError};
/// assert!(matches!(Decimal::MAX.plus(Decimal::ONE), Err(NumberError::Overflow { .. })));
/// assert_eq!("1e-19".parse::<Decimal>(), Err(NumberError::TooManyDecimals("1e-19".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// The result does not fit ±1.7 × 10²⁰ at 18 places.
    #[error("{operation} of {left} and {right} leaves the range of ±1.7e20")]
    Overflow {
        /// What was computed.
        operation: &'static str,
        /// The left operand.
        left: Decimal,
        /// The right operand.
        right: Decimal,
    },
    /// A division by zero.
    #[error("{0} divided by zero")]
    DivisionByZero(Decimal),
    /// Two amounts, or a price and an amount, of different assets.
    #[error("{left} and {right} are different assets")]
    AssetMismatch {
        /// The left operand's asset.
        left: crate::Asset,
        /// The right operand's asset.
        right: crate::Asset,
    },
    /// The text is not a decimal number.
    #[error("{0:?} is not a decimal number")]
    NotANumber(String),
    /// The text has digits below 10⁻¹⁸.
    #[error("{0:?} has more than 18 decimals")]
    TooManyDecimals(String),
    /// The text is a number outside ±1.7 × 10²⁰.
    #[error("{0:?} is outside ±1.7e20")]
    OutOfRange(String),
}

impl Decimal {
    /// Units of 10⁻¹⁸ in one.
    pub const UNITS_PER_ONE: i128 = 1_000_000_000_000_000_000;
    /// Decimals kept.
    pub const PLACES: u32 = 18;
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(Self::UNITS_PER_ONE);
    /// The largest decimal, about 1.7 × 10²⁰.
    pub const MAX: Self = Self(i128::MAX);
    /// The smallest decimal. `i128::MIN` is never used, so that every decimal has a negative.
    pub const MIN: Self = Self(-i128::MAX);

    /// From a count of 10⁻¹⁸; `None` for `i128::MIN`, which has no negative.
    #[must_use]
    pub const fn from_units(units: i128) -> Option<Self> {
        if units == i128::MIN { None } else { Some(Self(units)) }
    }

    /// A whole number.
    #[must_use]
    pub const fn from_int(whole: i64) -> Self {
        Self(whole as i128 * Self::UNITS_PER_ONE)
    }

    /// `mantissa` × 10⁻ᵖˡᵃᶜᵉˢ, for constants: `Decimal::new(5, 3)` is 0.005.
    ///
    /// # Panics
    /// When `places` is above 18; constants are checked where they are written.
    #[must_use]
    pub const fn new(mantissa: i64, places: u32) -> Self {
        assert!(places <= Self::PLACES, "at most 18 decimals");
        Self(mantissa as i128 * 10_i128.pow(Self::PLACES - places))
    }

    /// The count of 10⁻¹⁸.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// −1, 0 or 1.
    #[must_use]
    pub const fn signum(self) -> i32 {
        if self.0 > 0 {
            1
        } else if self.0 < 0 {
            -1
        } else {
            0
        }
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// With the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// `self` where positive, else zero.
    #[must_use]
    pub fn or_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn plus(self, right: Self) -> Result<Self, NumberError> {
        self.0.checked_add(right.0).and_then(Self::from_units).ok_or_else(|| self.overflow("the sum", right))
    }

    /// The difference.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn minus(self, right: Self) -> Result<Self, NumberError> {
        self.plus(right.negated()).map_err(|_| self.overflow("the difference", right))
    }

    /// The product, rounded at 18 places.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn times(self, right: Self, rounding: Rounding) -> Result<Self, NumberError> {
        // Contract sizes and prices of cash are one.
        if right.0 == Self::UNITS_PER_ONE {
            return Ok(self);
        }
        let units = Number::product(self.0, right.0).over(Self::UNITS_PER_ONE, rounding);
        units.and_then(Self::from_units).ok_or_else(|| self.overflow("the product", right))
    }

    /// The quotient, rounded at 18 places.
    ///
    /// # Errors
    /// [`NumberError::DivisionByZero`], [`NumberError::Overflow`].
    pub fn over(self, right: Self, rounding: Rounding) -> Result<Self, NumberError> {
        if right.is_zero() {
            return Err(NumberError::DivisionByZero(self));
        }
        Number::product(self.0, Self::UNITS_PER_ONE)
            .over(right.0, rounding)
            .and_then(Self::from_units)
            .ok_or_else(|| self.overflow("the quotient", right))
    }

    /// `self × numerator ÷ denominator` with one rounding and no intermediate overflow.
    ///
    /// # Errors
    /// [`NumberError::DivisionByZero`], [`NumberError::Overflow`] naming the two factors.
    pub fn times_ratio(self, numerator: Self, denominator: Self, rounding: Rounding) -> Result<Self, NumberError> {
        if denominator.is_zero() {
            return Err(NumberError::DivisionByZero(self));
        }
        Number::product(self.0, numerator.0)
            .over(denominator.0, rounding)
            .and_then(Self::from_units)
            .ok_or_else(|| self.overflow("the ratio", numerator))
    }

    /// The mean of two numbers, each counted `weight` times, with one rounding and no intermediate
    /// overflow: what average prices are.
    pub(crate) fn mean(
        self,
        weight: Self,
        right: Self,
        right_weight: Self,
        rounding: Rounding,
    ) -> Result<Self, NumberError> {
        let total = weight.plus(right_weight)?;
        if total.is_zero() {
            return Err(NumberError::DivisionByZero(self));
        }
        // Two products of at most (2¹²⁷ − 1)² each: their sum fits 256 bits.
        let sum = Number::product(self.0, weight.0).plus(Number::product(right.0, right_weight.0));
        sum.over(total.0, rounding).and_then(Self::from_units).ok_or_else(|| self.overflow("the mean", right))
    }

    /// How `self` × `by` stands to `other` × `by_other`, exactly: products that no decimal holds are compared too.
    ///
    /// ```
    /// use plimsoll_core::Decimal;
    /// use std::cmp::Ordering;
    /// let (big, one) = (Decimal::MAX, Decimal::ONE);
    /// assert_eq!(big.compare_products(big, big, one), Ordering::Greater);
    /// assert_eq!(one.compare_products(big.negated(), big, one), Ordering::Less);
    /// assert_eq!(one.compare_products(big, big, one), Ordering::Equal);
    /// ```
    #[must_use]
    pub fn compare_products(self, by: Self, other: Self, by_other: Self) -> Ordering {
        let right = Number::product(other.0, by_other.0).negated();
        Number::product(self.0, by.0).plus(right).signum().cmp(&0)
    }

    /// `count` times itself, exactly: lots × lot size, grains × grain.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn times_count(self, count: i128) -> Result<Self, NumberError> {
        // Two numbers of 64 bits are one multiplication, and never overflow: most are.
        if let (Ok(units), Ok(count)) = (i64::try_from(self.0), i64::try_from(count)) {
            return Ok(Self(i128::from(units) * i128::from(count)));
        }
        self.0
            .checked_mul(count)
            .and_then(Self::from_units)
            .ok_or_else(|| self.overflow("the multiple", Self::from_units(count).unwrap_or(Self::MAX)))
    }

    /// How many whole `unit`s it holds, and what is left; the remainder has the sign of `self`.
    /// `None` when `unit` is not positive.
    #[must_use]
    pub fn split_by(self, unit: Self) -> Option<(i128, Self)> {
        (unit.0 > 0).then(|| {
            let count = self.0 / unit.0;
            (count, Self(self.0 - count * unit.0))
        })
    }

    /// Rounded to `places` decimals; 18 or more change nothing.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] when rounding away from zero leaves the range.
    pub fn rounded(self, places: u32, rounding: Rounding) -> Result<Self, NumberError> {
        let dropped = Self::PLACES.saturating_sub(places);
        let step = 10_i128.pow(dropped);
        Number::of(self.0)
            .over_power_of_ten(dropped, rounding)
            .and_then(|count| count.checked_mul(step))
            .and_then(Self::from_units)
            .ok_or_else(|| self.overflow("rounding", Self(step)))
    }

    /// How many 10⁻ᵖˡᵃᶜᵉˢ it is, rounded to whole ones; 18 places or more count units.
    #[must_use]
    pub fn count(self, places: u32, rounding: Rounding) -> i128 {
        // A count is never further from zero than the units, of which it is that many or fewer.
        Number::of(self.0).over_power_of_ten(Self::PLACES.saturating_sub(places), rounding).unwrap_or(self.0)
    }

    fn overflow(self, operation: &'static str, right: Self) -> NumberError {
        NumberError::Overflow { operation, left: self, right }
    }
}

impl From<i32> for Decimal {
    fn from(whole: i32) -> Self {
        Self::from_int(i64::from(whole))
    }
}
