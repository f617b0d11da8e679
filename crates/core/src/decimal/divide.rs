//! Dividing a product of up to 256 bits, with one rounding.

use std::cmp::Ordering;

use ethnum::U256;

use super::{Decimal, Rounding};

/// The size of a number of up to 256 bits, and its sign.
#[derive(Clone, Copy)]
pub(super) struct Number {
    high: u128,
    low: u128,
    negative: bool,
}

impl Number {
    pub(super) const fn of(units: i128) -> Self {
        Self { high: 0, low: units.unsigned_abs(), negative: units < 0 }
    }

    pub(super) fn product(left: i128, right: i128) -> Self {
        let (low, high) = left.unsigned_abs().carrying_mul(right.unsigned_abs(), 0);
        Self { high, low, negative: (left < 0) != (right < 0) }
    }

    /// The sum of two products of decimals, which fits.
    pub(super) fn plus(self, right: Self) -> Self {
        let (more, less) = if self.words() < right.words() { (right, self) } else { (self, right) };
        let words =
            if more.negative == less.negative { more.words() + less.words() } else { more.words() - less.words() };
        let (high, low) = words.into_words();
        Self { high, low, negative: more.negative }
    }

    pub(super) const fn negated(self) -> Self {
        Self { negative: !self.negative, ..self }
    }

    pub(super) const fn signum(self) -> i32 {
        match (self.high == 0 && self.low == 0, self.negative) {
            (true, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        }
    }

    const fn words(self) -> U256 {
        U256::from_words(self.high, self.low)
    }

    /// `self ÷ divisor` as an integer; `None` where it does not fit.
    pub(super) fn over(self, divisor: i128, rounding: Rounding) -> Option<i128> {
        let size = divisor.unsigned_abs();
        let parts = if size == ONE.divisor { ONE.divide(self.high, self.low) } else { self.divided(size) };
        round(parts?, size, self.negative != (divisor < 0), rounding)
    }

    /// `self ÷ 10ᵖˡᵃᶜᵉˢ` as an integer, of at most 18 places; `None` where it does not fit.
    pub(super) fn over_power_of_ten(self, places: u32, rounding: Rounding) -> Option<i128> {
        let power = &POWERS_OF_TEN[places as usize];
        round(power.divide(self.high, self.low)?, power.divisor, self.negative, rounding)
    }

    /// The sizes' quotient and remainder.
    fn divided(self, divisor: u128) -> Option<(u128, u128)> {
        if let Some(small) = Reciprocal::of(divisor) {
            return small.divide(self.high, self.low);
        }
        let (high, quotient) = match self.high {
            0 => (0, self.low / divisor),
            _ => (self.words() / U256::from(divisor)).into_words(),
        };
        (high == 0).then(|| (quotient, self.low.wrapping_sub(quotient.wrapping_mul(divisor))))
    }
}

/// The integer that a quotient with a remainder is rounded to, with its sign; `None` where it does not fit.
fn round((quotient, rest): (u128, u128), divisor: u128, negative: bool, rounding: Rounding) -> Option<i128> {
    let away = rest != 0
        && match rounding {
            Rounding::Down => negative,
            Rounding::Up => !negative,
            Rounding::TowardZero => false,
            Rounding::AwayFromZero => true,
            Rounding::HalfEven => match rest.cmp(&(divisor - rest)) {
                Ordering::Less => false,
                Ordering::Equal => quotient & 1 != 0,
                Ordering::Greater => true,
            },
        };
    let quotient = i128::try_from(quotient).ok()?.checked_add(i128::from(away))?;
    Some(if negative { -quotient } else { quotient })
}

/// What every product is divided by, and every rounding: without dividing.
static POWERS_OF_TEN: [Reciprocal; 19] = {
    let mut all = [const { Reciprocal::new(1) }; 19];
    let mut places = 1;
    while places < all.len() {
        all[places] = Reciprocal::new(all[places - 1].divisor * 10);
        places += 1;
    }
    all
};
const ONE: Reciprocal = Reciprocal::new(Decimal::UNITS_PER_ONE.unsigned_abs());

/// A divisor above zero and below 2⁶³ with what it takes to divide by it: itself moved up to its highest bit, and
/// ⌊(2¹²⁸ − 1) ÷ that⌋ − 2⁶⁴.
///
/// # Source
/// Möller and Granlund, "Improved division by invariant integers", IEEE Transactions on Computers 60 (2011),
/// algorithm 4.
struct Reciprocal {
    divisor: u128,
    shift: u32,
    moved: u64,
    inverse: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "words are the low halves that are meant")]
impl Reciprocal {
    /// Of a divisor below 2⁶³; `None` of a larger one.
    const fn of(divisor: u128) -> Option<Self> {
        if divisor >> 63 == 0 { Some(Self::new(divisor)) } else { None }
    }

    const fn new(divisor: u128) -> Self {
        let shift = (divisor as u64).leading_zeros();
        let moved = (divisor as u64) << shift;
        Self { divisor, shift, moved, inverse: (u128::MAX / moved as u128 - (1 << 64)) as u64 }
    }

    /// Quotient and remainder of `high` × 2¹²⁸ + `low`; `None` where the quotient is past 128 bits.
    fn divide(&self, high: u128, low: u128) -> Option<(u128, u128)> {
        if high >= self.divisor {
            return None;
        }
        // The number moved up as the divisor is, word by word; the highest, all of `high` in it, is below the divisor.
        let (shift, back) = (self.shift, 64 - self.shift);
        let (second, third) = ((low >> 64) as u64, low as u64);
        if high == 0 && u128::from(second) < self.divisor {
            // A quotient of one word.
            let (quotient, rest) = self.step((second << shift) | (third >> back), third << shift);
            return Some((u128::from(quotient), u128::from(rest >> shift)));
        }
        let rest = ((high as u64) << shift) | (second >> back);
        let (upper, rest) = self.step(rest, (second << shift) | (third >> back));
        let (lower, rest) = self.step(rest, third << shift);
        Some(((u128::from(upper) << 64) | u128::from(lower), u128::from(rest >> shift)))
    }

    /// One word of a quotient: `rest` × 2⁶⁴ + `word` over the moved divisor, which is more than `rest`.
    const fn step(&self, rest: u64, word: u64) -> (u64, u64) {
        let guess = (self.inverse as u128 * rest as u128).wrapping_add(((rest as u128) << 64) | word as u128);
        let mut quotient = ((guess >> 64) as u64).wrapping_add(1);
        let mut left = word.wrapping_sub(quotient.wrapping_mul(self.moved));
        if left > guess as u64 {
            quotient = quotient.wrapping_sub(1);
            left = left.wrapping_add(self.moved);
        }
        if left >= self.moved {
            quotient = quotient.wrapping_add(1);
            left -= self.moved;
        }
        (quotient, left)
    }
}
