//! The raw SVI slice nearest to quoted volatilities.
//!
//! For a given centre m and width σ, total variance is linear in the three other parameters: with
//! y = (k − m)/σ, `w = a + p·(√(y² + 1) + y)/2 + q·(√(y² + 1) − y)/2`, where p/σ and q/σ are the
//! slopes of the right and left wing. Lee's bound on the slopes, and b ≥ 0 with |ρ| < 1, are then
//! the box 0 < p, q ≤ 2σ, in which the least squares have a closed form. Only m and σ are searched.
//!
//! # Source
//! S. De Marco and C. Martini, "Quasi-explicit calibration of Gatheral's SVI model", Zeliade white
//! paper ZWP-0005 (2009); the wings as coordinates in place of their (c, d) are ours.

use plimsoll_numerics::{exp, ln};
use thiserror::Error;

use super::simplex::minimise;
use super::{Slice, VolPoint};
use crate::formulas::svi::Raw;

/// Distinct strikes needed: as many as there are parameters.
pub const STRIKES_MIN: usize = 5;

/// How far a search goes: precision of centre and log width, and most calls of its function.
type Effort = (f64, usize);
/// A free fit: a slice is found again from its own points.
const FREE: Effort = (1e-9, 160);
/// A start for a free fit.
const ROUGH: Effort = (3e-2, 40);
/// How often outliers are told by the last rough fit.
const RETOLD: usize = 2;
/// A fit with bounded wings, which may be mixed with another slice anyway.
const BOUND: Effort = (1e-4, 60);
/// Weight of a quote far from the money against one at the money: a bad wing cannot bend the centre.
const WEIGHT_FLOOR: f64 = 0.05;
/// Residuals beyond this many typical ones count less and less.
const OUTLIER: f64 = 4.0;
/// A typical residual is never taken to be under this volatility.
const RESIDUAL_MIN: f64 = 1e-3;
/// The steepest wing fitted, just inside Lee's bound of 2.
const WING_MAX: f64 = 1.999;
/// Weight of a borrowed point against a quote there.
const BORROWED: f64 = 0.02;
/// A slice keeps at least this share of the least variance quoted: between strikes it must not vanish.
const LEVEL_MIN: f64 = 0.25;
/// The flattest, so that |ρ| stays below one.
const WING_MIN: f64 = 1e-7;

/// Why there is no slice.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum FitError {
    /// The time to expiry is not positive and finite.
    #[error("{years} years to expiry: expected a positive number")]
    NoTime {
        /// As given.
        years: f64,
    },
    /// A volatility is not positive and finite, or a log strike not finite.
    #[error("volatility {vol} at log strike {log_strike}: expected a positive volatility at a finite log strike")]
    BadPoint {
        /// As given.
        log_strike: f64,
        /// As given.
        vol: f64,
    },
    /// Fewer strikes than parameters.
    #[error("{distinct} distinct strikes: an SVI slice needs {STRIKES_MIN}")]
    TooFewStrikes {
        /// How many there are.
        distinct: usize,
    },
}

/// Fits a raw SVI slice to volatilities: least squares in volatility, heavier near the money, with
/// outliers held back. Deterministic, and bounded in its work.
///
/// The wings obey Lee's bound; butterfly arbitrage is not excluded here but found and repaired
/// where slices are put together, in [`super::Surface::fit`].
///
/// # Errors
/// [`FitError`], in the order of its variants.
pub fn fit_svi(points: &[VolPoint], years: f64) -> Result<Raw, FitError> {
    let target = Target::new(points, years)?;
    Ok(target.fit())
}

/// The steepest wings allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wings {
    pub(super) right: f64,
    pub(super) left: f64,
}

impl Wings {
    pub(super) const LEE: Self = Self { right: WING_MAX, left: WING_MAX };

    /// No steeper than those of `next`: far out, a slice with such wings stays below it.
    pub(super) fn within(next: &Slice) -> Self {
        let (left, right) = next.wings();
        let least = 2.0 * WING_MIN;
        Self { right: right.clamp(least, WING_MAX), left: left.clamp(least, WING_MAX) }
    }
}

/// What a slice is fitted to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Log strike, total variance and weight, log strikes ascending and distinct.
    points: Vec<(f64, f64, f64)>,
    /// One standard deviation at the money.
    deviation: f64,
    wings: Wings,
}

impl Target {
    pub(super) fn new(points: &[VolPoint], years: f64) -> Result<Self, FitError> {
        if !(years.is_finite() && years > 0.0) {
            return Err(FitError::NoTime { years });
        }
        let merged = merged(points)?;
        if merged.len() < STRIKES_MIN {
            return Err(FitError::TooFewStrikes { distinct: merged.len() });
        }
        let variances: Vec<(f64, f64)> = merged.iter().map(|(k, vol)| (*k, vol * vol * years)).collect();
        let nearest = variances.iter().min_by(|left, right| left.0.abs().total_cmp(&right.0.abs()));
        let deviation = nearest.map_or(1.0, |(_, w)| w.sqrt());
        let points = variances.iter().map(|(k, w)| (*k, *w, weigh(*k, *w))).collect();
        Ok(Self { points, deviation, wings: Wings::LEE })
    }

    /// The same target with further points of total variance, which weigh little beside its own.
    pub(super) fn with_points(&self, further: &[(f64, f64)]) -> Self {
        let mut target = self.clone();
        target.points.extend(further.iter().map(|(k, w)| (*k, *w, BORROWED * weigh(*k, *w))));
        target
    }

    /// The nearest slice.
    pub(super) fn fit(&self) -> Raw {
        self.fit_from(&self.rough())
    }

    /// The nearest slice to the precision of a start.
    pub(super) fn rough(&self) -> Raw {
        self.search(self.best_of_grid(), ROUGH)
    }

    /// The nearest slice, searched from `start`; outliers are told by a rough fit and told again.
    pub(super) fn fit_from(&self, start: &Raw) -> Raw {
        let mut rough = *start;
        let mut calm = None;
        for _ in 0..RETOLD {
            calm = self.without_outliers(&rough);
            let Some(calm) = &calm else { break };
            rough = calm.search([rough.m, ln(rough.sigma)], ROUGH);
        }
        calm.as_ref().unwrap_or(self).search([rough.m, ln(rough.sigma)], FREE)
    }

    /// The nearest slice with wings no steeper than `wings`, searched from `start`.
    pub(super) fn fit_within(&self, wings: Wings, start: &Raw) -> Raw {
        let mut target = self.without_outliers(start).unwrap_or_else(|| self.clone());
        target.wings = wings;
        target.search([start.m, ln(start.sigma)], BOUND)
    }

    /// The weighted squared error of a slice.
    pub(super) fn error(&self, slice: &Slice) -> f64 {
        let miss = |(k, w, _): &(f64, f64, f64)| slice.variance(*k).value - w;
        self.points.iter().fold(0.0, |sum, point| sum + point.2 * miss(point) * miss(point))
    }

    fn range(&self) -> (f64, f64) {
        let low = self.points.iter().map(|point| point.0).fold(f64::INFINITY, f64::min);
        (low, self.points.iter().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max))
    }

    /// A start for the search: the best centre and width of a coarse grid.
    fn best_of_grid(&self) -> [f64; 2] {
        let (low, high) = self.range();
        let centres = [-1.0, -0.3, 0.0, 0.3, 1.0].map(|steps| steps * self.deviation);
        let spread = [0.25, 0.5, 0.75].map(|share| share * (high - low) + low);
        let widths = [0.1, 0.35, 1.0, 3.0].map(|steps| ln(steps * self.deviation));
        let mut inner = Inner::new(self);
        let mut best = (f64::INFINITY, [0.0, widths[1]]);
        for centre in centres.into_iter().chain(spread) {
            for width in widths {
                let error = inner.error([centre, width]);
                if error < best.0 {
                    best = (error, [centre, width]);
                }
            }
        }
        best.1
    }

    fn search(&self, start: [f64; 2], (precision, most): Effort) -> Raw {
        let mut inner = Inner::new(self);
        let step = [0.2 * self.deviation, 0.2];
        let found = minimise(|at| inner.error(at), start, step, precision * self.deviation.min(1.0), most);
        inner.solve(found);
        inner.raw
    }

    /// Weights turned down where the residual is far beyond the typical one (Huber's); `None` when
    /// none is.
    fn without_outliers(&self, fitted: &Raw) -> Option<Self> {
        // Residuals in volatility, but for √T, which the floor below has to carry too.
        let residual = |(k, w, _): &(f64, f64, f64)| (fitted.variance(*k).value.max(0.0).sqrt() - w.sqrt()).abs();
        let residuals: Vec<f64> = self.points.iter().map(residual).collect();
        let mut sorted = residuals.clone();
        sorted.sort_by(f64::total_cmp);
        let typical = 1.4826 * sorted.get(sorted.len() / 2)?;
        let limit = OUTLIER * typical.max(RESIDUAL_MIN * self.deviation);
        if residuals.iter().all(|residual| *residual <= limit) {
            return None;
        }
        let mut calm = self.clone();
        for (point, residual) in calm.points.iter_mut().zip(&residuals) {
            point.2 *= if *residual > limit { limit / residual } else { 1.0 };
        }
        Some(calm)
    }
}

/// The weight of a quote: a step δ in volatility is one of 2√(wT)·δ in total variance.
fn weigh(log_strike: f64, variance: f64) -> f64 {
    (exp(-0.5 * log_strike * log_strike / variance) + WEIGHT_FLOOR) / variance
}

/// The mean volatility of each distinct log strike, ascending.
fn merged(points: &[VolPoint]) -> Result<Vec<(f64, f64)>, FitError> {
    if let Some(bad) = points.iter().find(|it| !(it.log_strike.is_finite() && it.vol.is_finite() && it.vol > 0.0)) {
        return Err(FitError::BadPoint { log_strike: bad.log_strike, vol: bad.vol });
    }
    let mut sorted: Vec<(f64, f64)> = points.iter().map(|point| (point.log_strike, point.vol)).collect();
    sorted.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    let mut merged: Vec<(f64, f64)> = Vec::with_capacity(sorted.len());
    for same in sorted.chunk_by(|left, right| left.0 == right.0) {
        let (sum, count) = same.iter().fold((0.0, 0.0), |(sum, count), (_, vol)| (sum + vol, count + 1.0));
        merged.push((same[0].0, sum / count));
    }
    Ok(merged)
}

/// The closed-form part, with room for its columns.
struct Inner<'a> {
    target: &'a Target,
    right: Vec<f64>,
    left: Vec<f64>,
    widest: f64,
    /// The least total variance quoted.
    least: f64,
    raw: Raw,
}

impl<'a> Inner<'a> {
    fn new(target: &'a Target) -> Self {
        let (low, high) = target.range();
        let count = target.points.len();
        let widest = 4.0 * (high - low).max(target.deviation);
        let least = target.points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let raw = Raw { a: 0.0, b: 0.0, rho: 0.0, m: 0.0, sigma: 1.0 };
        Self { target, right: vec![0.0; count], left: vec![0.0; count], widest, least, raw }
    }

    /// The least weighted squared error at this centre and log width.
    fn error(&mut self, at: [f64; 2]) -> f64 {
        let width = exp(at[1]);
        let (low, high) = self.target.range();
        let reach = high - low;
        let outside = at[0] < low - reach || at[0] > high + reach;
        if outside || !(width > 0.01 * self.target.deviation && width < self.widest) {
            return f64::INFINITY;
        }
        self.solve(at)
    }

    /// Solves for level and wings, leaves the slice in `raw`, and gives the weighted squared error.
    fn solve(&mut self, at: [f64; 2]) -> f64 {
        let (m, sigma) = (at[0], exp(at[1]));
        let sums = self.sums(m, 1.0 / sigma);
        let (p, q) =
            sums.least_in_box(WING_MIN * sigma, (self.target.wings.right * sigma, self.target.wings.left * sigma));
        // The least variance is a + √(pq).
        let floor = LEVEL_MIN * self.least;
        let a = (sums.mean_w - p * sums.mean_right - q * sums.mean_left).max(floor - (p * q).sqrt());
        self.raw = Raw { a, b: 0.5 * (p + q) / sigma, rho: (p - q) / (p + q), m, sigma };
        let mut squares = 0.0;
        for ((point, right), left) in self.target.points.iter().zip(&self.right).zip(&self.left) {
            let miss = p * right + q * left + a - point.1;
            squares += point.2 * miss * miss;
        }
        squares
    }

    fn sums(&mut self, m: f64, per_sigma: f64) -> Sums {
        let (mut weight, mut mean_w, mut mean_right, mut mean_left) = (0.0, 0.0, 0.0, 0.0);
        for (place, point) in self.target.points.iter().enumerate() {
            let y = (point.0 - m) * per_sigma;
            let root = (y * y + 1.0).sqrt();
            // The smaller of the two is the reciprocal of the larger: no cancellation far out.
            let larger = root + y.abs();
            let (large, small) = (0.5 * larger, 0.5 / larger);
            let (right, left) = if y >= 0.0 { (large, small) } else { (small, large) };
            (self.right[place], self.left[place]) = (right, left);
            weight += point.2;
            mean_w += point.2 * point.1;
            mean_right += point.2 * right;
            mean_left += point.2 * left;
        }
        let mut sums = Sums {
            mean_w: mean_w / weight,
            mean_right: mean_right / weight,
            mean_left: mean_left / weight,
            ..Sums::default()
        };
        for (place, point) in self.target.points.iter().enumerate() {
            let right = self.right[place] - sums.mean_right;
            let left = self.left[place] - sums.mean_left;
            let w = point.1 - sums.mean_w;
            sums.right_right += point.2 * right * right;
            sums.right_left += point.2 * right * left;
            sums.left_left += point.2 * left * left;
            sums.right_w += point.2 * right * w;
            sums.left_w += point.2 * left * w;
        }
        sums
    }
}

/// Weighted means, and moments about them.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    mean_w: f64,
    mean_right: f64,
    mean_left: f64,
    right_right: f64,
    right_left: f64,
    left_left: f64,
    right_w: f64,
    left_w: f64,
}

impl Sums {
    /// The wings of least squared error with both in `low..=high`. The error is convex, so where
    /// its least lies outside the box the answer lies on one of four edges.
    fn least_in_box(&self, low: f64, high: (f64, f64)) -> (f64, f64) {
        let determinant = self.right_right * self.left_left - self.right_left * self.right_left;
        if determinant > 1e-14 * self.right_right * self.left_left {
            let p = (self.right_w * self.left_left - self.left_w * self.right_left) / determinant;
            let q = (self.left_w * self.right_right - self.right_w * self.right_left) / determinant;
            if (low..=high.0).contains(&p) && (low..=high.1).contains(&q) {
                return (p, q);
            }
        }
        let on_edge =
            |top: f64, bottom: f64, high: f64| if bottom > 0.0 { (top / bottom).clamp(low, high) } else { low };
        let with_p = |p: f64| (p, on_edge(self.left_w - p * self.right_left, self.left_left, high.1));
        let with_q = |q: f64| (on_edge(self.right_w - q * self.right_left, self.right_right, high.0), q);
        let edges = [with_p(low), with_p(high.0), with_q(low), with_q(high.1)];
        let least = edges.into_iter().min_by(|left, right| self.error(*left).total_cmp(&self.error(*right)));
        least.unwrap_or((low, low))
    }

    /// The squared error at these wings, but for a constant.
    fn error(&self, (p, q): (f64, f64)) -> f64 {
        p * (p * self.right_right - 2.0 * self.right_w)
            + q * (q * self.left_left - 2.0 * self.left_w)
            + 2.0 * p * q * self.right_left
    }
}
