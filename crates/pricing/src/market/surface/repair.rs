//! From quotes to slices that admit no arbitrage, from the last expiry to the first.

use super::arbitrage::{Arbitrage, Bounds, steps};
use super::fit::{Target, Wings};
use super::{Method, Node, Repair, Slice, SliceInput, SliceReport, VolPoint};

/// Steps on the way to the anchor, and halvings of the step that first suffices.
const STEPS: u32 = 32;
const HALVINGS: usize = 8;
/// The grid reaches this share beyond the quoted strikes, and at least this many deviations.
const REACH: f64 = 1.25;
const DEVIATIONS: f64 = 4.0;

/// The slices as delivered and what was done, both by expiry ascending.
pub(super) fn delivered(inputs: &[SliceInput]) -> (Vec<Node>, Vec<SliceReport>) {
    let mut drafts: Vec<Draft> = inputs.iter().filter_map(Draft::new).collect();
    drafts.sort_by(|left, right| left.years.total_cmp(&right.years));
    drafts.dedup_by(|later, first| later.years == first.years);
    for place in 1..drafts.len() {
        if let (earlier, [draft, ..]) = drafts.split_at_mut(place) {
            draft.borrow_wings(&earlier[place - 1]);
        }
    }
    drafts.iter_mut().for_each(Draft::settle);
    let (mut grid, mut ends) = (Vec::new(), Vec::with_capacity(drafts.len()));
    for draft in &drafts {
        grid.extend(steps(draft.range()));
        grid.extend(draft.corners());
        ends.push(grid.len());
    }
    let mut nodes: Vec<Node> = Vec::with_capacity(drafts.len());
    let mut reports = Vec::with_capacity(drafts.len());
    for (place, draft) in drafts.iter().enumerate().rev() {
        // The next slice is checked wherever this one is, so that its shape can be fallen back on.
        let end = ends.get(place + 1).copied().unwrap_or(grid.len());
        let checked = grid.get(..end).unwrap_or(&grid);
        let (slice, report) = draft.finished(checked, nodes.last().map(|next| &next.slice));
        nodes.push(Node { years: draft.years, slice });
        reports.push(report);
    }
    nodes.reverse();
    reports.reverse();
    (nodes, reports)
}

/// One expiry before it is held against its neighbours.
struct Draft<'a> {
    input: &'a SliceInput,
    years: f64,
    points: Vec<VolPoint>,
    /// Log strike and total variance of its own quotes and of those it borrowed.
    known: Vec<(f64, f64)>,
    slice: Slice,
    method: Method,
    target: Option<Target>,
}

impl<'a> Draft<'a> {
    /// `None` where nothing is known.
    fn new(input: &'a SliceInput) -> Option<Self> {
        let good = |point: &&VolPoint| point.log_strike.is_finite() && point.vol.is_finite() && point.vol > 0.0;
        let points: Vec<VolPoint> = input.points.iter().filter(good).copied().collect();
        let years = if input.years.is_finite() && input.years > 0.0 { input.years } else { return None };
        let mut known: Vec<(f64, f64)> = points.iter().map(|it| (it.log_strike, it.vol * it.vol * years)).collect();
        known.sort_by(|left, right| left.0.total_cmp(&right.0));
        let target = if input.svi.is_none() { Target::new(&points, years).ok() } else { None };
        let (slice, method) = match (input.svi, &target) {
            (Some(raw), _) => (Slice::Svi(raw), Method::Published),
            (None, Some(target)) => (Slice::Svi(target.rough()), Method::Fitted),
            (None, None) => sparse(&known)?,
        };
        Some(Self { input, years, points, known, slice, method, target })
    }

    /// Where the expiry before is quoted further out than this one, its quotes say more of this
    /// slice's wings than strikes nearer the money do: they count here too, a little, with the
    /// variance added that the two expiries differ by at the money.
    fn borrow_wings(&mut self, earlier: &Self) {
        let (Some(target), Some(first), Some(last)) = (&self.target, self.known.first(), self.known.last()) else {
            return;
        };
        let (low, high) = (first.0, last.0);
        let added = (self.slice.variance(0.0).value - earlier.slice.variance(0.0).value).max(0.0);
        let outside = earlier.known.iter().filter(|(k, _)| *k < low || *k > high);
        let beyond: Vec<(f64, f64)> = outside.map(|(k, w)| (*k, w + added)).collect();
        if beyond.is_empty() {
            return;
        }
        self.target = Some(target.with_points(&beyond));
        self.known.extend(beyond);
        self.known.sort_by(|left, right| left.0.total_cmp(&right.0));
    }

    /// Fits to the last what `new` fitted roughly.
    fn settle(&mut self) {
        if let (Some(target), Slice::Svi(rough)) = (&self.target, &self.slice) {
            self.slice = Slice::Svi(target.fit_from(rough));
        }
    }

    /// The log strikes it is checked over.
    fn range(&self) -> (f64, f64) {
        let reach = DEVIATIONS * self.slice.variance(0.0).value.max(0.0).sqrt();
        let quoted = self.points.iter().map(|point| REACH * point.log_strike);
        quoted.fold((-reach, reach), |range, k| (range.0.min(k), range.1.max(k)))
    }

    /// Where a line bends, and may stand out between two points of a grid.
    fn corners(&self) -> impl Iterator<Item = f64> {
        let points = if self.method == Method::Interpolated { self.known.as_slice() } else { &[] };
        points.iter().map(|(k, _)| *k)
    }

    /// The slice as delivered, given the next one as delivered.
    fn finished(&self, grid: &[f64], next: Option<&Slice>) -> (Slice, SliceReport) {
        let bounds = Bounds::new(grid, next);
        let before = bounds.check(&self.slice);
        let (slice, repair) = if self.method == Method::Published || before.is_none() {
            (self.slice.clone(), Repair::None)
        } else {
            self.repaired(&bounds, next)
        };
        let (rms_error, max_error) = self.errors(&slice);
        let arbitrage: Arbitrage = bounds.check(&slice);
        let report = SliceReport {
            expiry: self.input.expiry,
            years: self.years,
            points: self.points.len(),
            method: self.method,
            repair,
            rms_error,
            max_error,
            rms_error_before: self.errors(&self.slice).0,
            arbitrage_before: before,
            arbitrage,
        };
        (slice, report)
    }

    /// Of the ways to give up as little as possible, the nearest to the quotes.
    fn repaired(&self, bounds: &Bounds, next: Option<&Slice>) -> (Slice, Repair) {
        let way = |slice: &Slice| mixed(slice, &anchor(slice, next), bounds);
        let (Some(target), Slice::Svi(free)) = (&self.target, &self.slice) else {
            return way(&self.slice);
        };
        let tame = Slice::Svi(target.fit_within(next.map_or(Wings::LEE, Wings::within), free));
        let (one, other) = (way(&tame), way(&self.slice));
        if target.error(&other.0) < target.error(&one.0) { other } else { one }
    }

    /// Root mean square and largest difference from the quotes, in volatility.
    fn errors(&self, slice: &Slice) -> (f64, f64) {
        let (mut squares, mut largest, mut count) = (0.0, 0.0_f64, 0.0);
        for point in &self.points {
            let vol = (slice.variance(point.log_strike).value.max(0.0) / self.years).sqrt();
            let error = (vol - point.vol).abs();
            (squares, largest, count) = (error.mul_add(error, squares), largest.max(error), count + 1.0);
        }
        if count > 0.0 { ((squares / count).sqrt(), largest) } else { (0.0, 0.0) }
    }
}

/// A slice of fewer strikes than SVI needs: log strike and total variance, ascending.
fn sparse(known: &[(f64, f64)]) -> Option<(Slice, Method)> {
    let mut points = known.to_vec();
    points.dedup_by(|later, first| later.0 == first.0);
    match points.as_slice() {
        [] => None,
        [(_, only)] => Some((Slice::Flat(*only), Method::Flat)),
        _ => Some((Slice::Points(points), Method::Interpolated)),
    }
}

/// What admits no arbitrage under `next`: that slice scaled down to the level of `like`.
fn anchor(like: &Slice, next: Option<&Slice>) -> Slice {
    let level = like.variance(0.0).value;
    match next {
        Some(next) => next.scaled((level / next.variance(0.0).value).min(1.0)),
        None => Slice::Flat(level),
    }
}

/// The first mixture on the way from `from` to `anchor` that breaks nothing.
fn mixed(from: &Slice, anchor: &Slice, bounds: &Bounds) -> (Slice, Repair) {
    let suffices = |slice: &Slice| bounds.check(slice).is_none();
    if suffices(from) {
        return (from.clone(), Repair::Refitted);
    }
    let at = |share: f64| Slice::Mixed(Box::new((from.clone(), anchor.clone())), share);
    let steps = (1..STEPS).map(|step| f64::from(step) / f64::from(STEPS));
    let Some(first) = steps.into_iter().find(|share| suffices(&at(*share))) else {
        return (anchor.clone(), Repair::Mixed(1.0));
    };
    let (mut short, mut enough) = (first - 1.0 / f64::from(STEPS), first);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (short + enough);
        if suffices(&at(middle)) { enough = middle } else { short = middle }
    }
    (at(enough), Repair::Mixed(enough))
}
