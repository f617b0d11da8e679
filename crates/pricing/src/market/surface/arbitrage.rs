//! Where a surface admits arbitrage, on a grid of log strikes.

use super::slice::Slice;
use crate::formulas::svi::Raw;

/// Steps of a slice's grid over its own range, and again over the surface's.
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

/// What a slice is checked against: its grid, and the total variance it may not exceed there.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    grid: Vec<f64>,
    /// The later expiry's total variance on the grid; empty where there is none.
    ceiling: Vec<f64>,
}

impl Bounds {
    /// The grid spans the slice's `own` range of log strikes and the `whole` surface's.
    pub(super) fn new(own: (f64, f64), whole: (f64, f64), next: Option<&Slice>) -> Self {
        let mut grid: Vec<f64> = steps(own).chain(steps(whole)).collect();
        grid.sort_by(f64::total_cmp);
        let ceiling = next.map_or_else(Vec::new, |next| grid.iter().map(|k| next.variance(*k).value).collect());
        Self { grid, ceiling }
    }

    /// What `slice` breaks.
    pub(super) fn check(&self, slice: &Slice) -> Arbitrage {
        let (mut butterfly, mut calendar) = (0.0_f64, 0.0_f64);
        for (place, k) in self.grid.iter().enumerate() {
            let variance = slice.variance(*k);
            let below = -variance.durrleman(*k);
            // A point slice bends only at its points, where g is not defined.
            if below.is_nan() || variance.value <= 0.0 {
                butterfly = f64::INFINITY;
            }
            butterfly = butterfly.max(below);
            if let Some(ceiling) = self.ceiling.get(place) {
                calendar = calendar.max((variance.value - ceiling) / ceiling);
            }
        }
        let wing = match slice {
            Slice::Svi(raw) => raw.wing_slope() - 2.0,
            Slice::Points(_) | Slice::Flat(_) => 0.0,
        };
        let real = |size: f64| if size > TOLERANCE { size } else { 0.0 };
        Arbitrage { butterfly: real(butterfly), calendar: real(calendar), wing: real(wing) }
    }

    /// Points of the ceiling that `slice` stands above, a little lowered: where it must come down.
    pub(super) fn broken_ceiling(&self, slice: &Slice) -> Vec<(f64, f64)> {
        let points = self.grid.iter().zip(&self.ceiling);
        let broken = points.filter(|(k, ceiling)| slice.variance(**k).value > **ceiling);
        broken.map(|(k, ceiling)| (*k, 0.999 * ceiling)).collect()
    }

    /// A cost for a search: zero within the bounds, growing with what is broken.
    pub(super) fn penalty(&self, raw: &Raw) -> f64 {
        let mut cost = 0.0;
        for (place, k) in self.grid.iter().enumerate() {
            let variance = raw.variance(*k);
            let below = (1e-4 - variance.durrleman(*k)).max(0.0);
            let above = self.ceiling.get(place).map_or(0.0, |ceiling| (variance.value / ceiling - 1.0).max(0.0));
            cost = below.mul_add(below, cost);
            cost = above.mul_add(above, cost);
        }
        1e4 * cost
    }
}

fn steps((low, high): (f64, f64)) -> impl Iterator<Item = f64> {
    (0..=STEPS).map(move |step| (f64::from(step) / f64::from(STEPS)).mul_add(high - low, low))
}
