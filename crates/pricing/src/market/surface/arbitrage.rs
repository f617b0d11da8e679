//! Where a surface admits arbitrage, on a grid of log strikes.

use super::slice::Slice;

/// Steps of the grid of one range.
const STEPS: u32 = 40;
/// Below this a violation is rounding.
const TOLERANCE: f64 = 1e-12;

/// What is found on the grid: zeros where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Arbitrage {
    /// How far Durrleman's function goes below zero: somewhere the implied density is negative.
    pub butterfly: f64,
    /// The largest fall in total variance from this expiry to the next at one log strike, as a
    /// share of the next one's.
    pub calendar: f64,
    /// How far the steeper wing's slope exceeds Lee's bound of 2.
    pub wing: f64,
}

impl Arbitrage {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.butterfly <= 0.0 && self.calendar <= 0.0 && self.wing <= 0.0
    }
}

/// What a slice is checked against: log strikes, and the total variance it may not exceed there.
#[derive(Clone, Debug)]
pub(super) struct Bounds<'a> {
    next: Option<&'a Slice>,
    /// Log strikes of the grid and of the later expiry's bends, with that expiry's total variance;
    /// infinite where there is none.
    ceiling: Vec<(f64, f64)>,
}

impl<'a> Bounds<'a> {
    pub(super) fn new(grid: &[f64], next: Option<&'a Slice>) -> Self {
        let mut places = grid.to_vec();
        if let Some(next) = next {
            next.bends(&mut places);
        }
        Self { next, ceiling: places.into_iter().map(|k| (k, ceiling(next, k))).collect() }
    }

    /// What `slice` breaks, on the grid and where either slice bends: a bend can be far narrower than
    /// a step of the grid.
    pub(super) fn check(&self, slice: &Slice) -> Arbitrage {
        let mut bends = Vec::new();
        slice.bends(&mut bends);
        let own = bends.into_iter().map(|k| (k, ceiling(self.next, k)));
        let (mut butterfly, mut calendar) = (0.0_f64, 0.0_f64);
        for (k, ceiling) in self.ceiling.iter().copied().chain(own) {
            let variance = slice.variance(k);
            let below = -variance.durrleman(k);
            // A point slice bends only at its points, where g is not defined.
            if below.is_nan() || variance.value <= 0.0 {
                butterfly = f64::INFINITY;
            }
            butterfly = butterfly.max(below);
            calendar = calendar.max(if ceiling.is_finite() { (variance.value - ceiling) / ceiling } else { 0.0 });
        }
        let (left, right) = slice.wings();
        let wing = left.max(right) - 2.0;
        let real = |size: f64| if size > TOLERANCE { size } else { 0.0 };
        Arbitrage { butterfly: real(butterfly), calendar: real(calendar), wing: real(wing) }
    }
}

/// The most total variance that `next` leaves room for.
fn ceiling(next: Option<&Slice>, log_strike: f64) -> f64 {
    next.map_or(f64::INFINITY, |next| next.variance(log_strike).value)
}

/// The grid of one range of log strikes.
pub(super) fn steps((low, high): (f64, f64)) -> impl Iterator<Item = f64> {
    (0..=STEPS).map(move |step| (f64::from(step) / f64::from(STEPS)).mul_add(high - low, low))
}
