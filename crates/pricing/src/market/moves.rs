//! Moves of a market: prices × a factor, volatilities scaled and shifted at their strikes.

use plimsoll_core::{Decimal, Rounding, Underlying};

use super::MarketError;
use crate::float::decimal;

/// A move of one underlying, or of all of them.
///
/// ```
/// use plimsoll_pricing::market::MarketMove;
/// let crash = MarketMove { price: 0.8, vol_shift: 0.25, ..MarketMove::NONE };
/// assert!(crash.underlying.is_none(), "it moves every underlying");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketMove {
    /// What moves; `None` is everything.
    pub underlying: Option<Underlying>,
    /// The factor on the index, the forwards, the marks and the asset of the same name; positive.
    pub price: f64,
    /// The factor on volatilities; at least zero.
    pub vol_scale: f64,
    /// What is then added to volatilities: 0.1 is ten points.
    pub vol_shift: f64,
}

impl MarketMove {
    /// Nothing moves.
    pub const NONE: Self = Self { underlying: None, price: 1.0, vol_scale: 1.0, vol_shift: 0.0 };

    /// A move of the price alone.
    #[must_use]
    pub const fn price(underlying: Option<Underlying>, factor: f64) -> Self {
        Self { underlying, price: factor, ..Self::NONE }
    }
}

/// Everything that has happened to one underlying since the snapshot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) growth: f64,
    pub(super) growth_exact: Decimal,
    pub(super) vol_scale: f64,
    pub(super) vol_shift: f64,
}

impl Moved {
    pub(super) const NOT: Self = Self { growth: 1.0, growth_exact: Decimal::ONE, vol_scale: 1.0, vol_shift: 0.0 };

    /// This, and then `change`.
    ///
    /// # Errors
    /// [`MarketError::BadMove`] for a move that is none, [`MarketError::Number`] when the factors
    /// together do not fit.
    pub(super) fn then(self, change: &MarketMove) -> Result<Self, MarketError> {
        let refused = |what, value, expected| Err(MarketError::BadMove { what, value, expected });
        if !(change.price.is_finite() && change.price > 0.0) {
            return refused("price factor", change.price, "a positive number");
        }
        if !(change.vol_scale.is_finite() && change.vol_scale >= 0.0) {
            return refused("volatility factor", change.vol_scale, "a number of at least 0");
        }
        if !change.vol_shift.is_finite() {
            return refused("volatility shift", change.vol_shift, "a number");
        }
        let exact = decimal(change.price, 15)?;
        Ok(Self {
            growth: self.growth * change.price,
            growth_exact: self.growth_exact.times(exact, Rounding::HalfEven)?,
            vol_scale: self.vol_scale * change.vol_scale,
            vol_shift: self.vol_shift.mul_add(change.vol_scale, change.vol_shift),
        })
    }

    /// A volatility after the move, never below zero.
    pub(super) fn vol(&self, vol: f64) -> f64 {
        vol.mul_add(self.vol_scale, self.vol_shift).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_move_after_another_is_their_composition() {
        let first = MarketMove { price: 0.5, vol_scale: 2.0, vol_shift: 0.1, underlying: None };
        let second = MarketMove { price: 1.5, vol_scale: 0.5, vol_shift: -0.2, underlying: None };
        let both = Moved::NOT.then(&first).and_then(|moved| moved.then(&second)).unwrap();
        assert_eq!(both.growth, 0.75);
        assert_eq!(both.growth_exact, Decimal::new(75, 2));
        assert!((both.vol(0.6) - (0.5 * (2.0 * 0.6 + 0.1) - 0.2)).abs() < 1e-15);
        assert_eq!(both.vol(0.0), 0.0, "a volatility stops at zero");
    }

    #[test]
    fn a_move_that_is_none_is_refused_by_name() {
        for (price, vol_scale, vol_shift, what) in [
            (0.0, 1.0, 0.0, "price factor"),
            (f64::NAN, 1.0, 0.0, "price factor"),
            (f64::INFINITY, 1.0, 0.0, "price factor"),
            (1.0, -0.1, 0.0, "volatility factor"),
            (1.0, 1.0, f64::NAN, "volatility shift"),
        ] {
            let refusal = Moved::NOT.then(&MarketMove { underlying: None, price, vol_scale, vol_shift });
            assert!(matches!(refusal, Err(MarketError::BadMove { what: named, .. }) if named == what), "{refusal:?}");
        }
    }
}
