//! From quotes to slices that admit no arbitrage, from the last expiry to the first.

use super::arbitrage::{Arbitrage, Bounds};
use super::fit::{STRIKES_MIN, Target, Wings};
use super::{Method, Node, Repair, Slice, SliceInput, SliceReport, VolPoint};
use crate::formulas::svi::Raw;

/// Fits under bounds, each with the ceiling points that the one before broke.
const REFITS: usize = 3;
/// Steps on the way to the anchor, and halvings of the step that first suffices.
const PULL_STEPS: u32 = 32;
const HALVINGS: usize = 8;
/// The grid reaches this share beyond the quoted strikes, and at least this many deviations.
const REACH: f64 = 1.25;
const DEVIATIONS: f64 = 4.0;

/// The slices as delivered and what was done, both by expiry ascending.
pub(super) fn delivered(inputs: &[SliceInput]) -> (Vec<Node>, Vec<SliceReport>) {
    let mut drafts: Vec<Draft> = inputs.iter().filter_map(Draft::new).collect();
    drafts.sort_by(|left, right| left.years.total_cmp(&right.years));
    drafts.dedup_by(|later, first| later.years == first.years);
    let whole = drafts.iter().fold((0.0, 0.0), |whole, draft| widest(whole, draft.range()));
    let mut nodes: Vec<Node> = Vec::with_capacity(drafts.len());
    let mut reports = Vec::with_capacity(drafts.len());
    for draft in drafts.iter().rev() {
        let (slice, report) = draft.finished(whole, nodes.last().map(|next| &next.slice));
        nodes.push(Node { years: draft.years, slice });
        reports.push(report);
    }
    nodes.reverse();
    reports.reverse();
    (nodes, reports)
}

fn widest(left: (f64, f64), right: (f64, f64)) -> (f64, f64) {
    (left.0.min(right.0), left.1.max(right.1))
}

/// One expiry before it is held against its neighbours.
struct Draft<'a> {
    input: &'a SliceInput,
    years: f64,
    points: Vec<VolPoint>,
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
        if let Some(raw) = input.svi {
            let slice = Slice::Svi(raw);
            return Some(Self { input, years, points, slice, method: Method::Published, target: None });
        }
        if let Ok(target) = Target::new(&points, years) {
            let slice = Slice::Svi(target.fit());
            return Some(Self { input, years, points, slice, method: Method::Fitted, target: Some(target) });
        }
        let (slice, method) = sparse(&points, years)?;
        Some(Self { input, years, points, slice, method, target: None })
    }

    /// The log strikes it is checked over.
    fn range(&self) -> (f64, f64) {
        let reach = DEVIATIONS * self.slice.variance(0.0).value.max(0.0).sqrt();
        let quoted = self.points.iter().map(|point| REACH * point.log_strike);
        quoted.fold((-reach, reach), |range, k| (range.0.min(k), range.1.max(k)))
    }

    /// The slice as delivered, given the next one as delivered.
    fn finished(&self, whole: (f64, f64), next: Option<&Slice>) -> (Slice, SliceReport) {
        let bounds = Bounds::new(self.range(), whole, next);
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
        let (Some(target), Slice::Svi(free)) = (&self.target, &self.slice) else {
            return (anchor(&self.slice, next), Repair::Pulled(1.0));
        };
        let wings = match next {
            Some(Slice::Svi(next)) => Wings::within(next),
            Some(Slice::Points(_) | Slice::Flat(_)) | None => Wings::LEE,
        };
        let tame = target.fit_within(wings, free);
        let mut pulls = Vec::new();
        let mut held = tame;
        for _ in 0..REFITS {
            if bounds.check(&Slice::Svi(held)).is_none() {
                break;
            }
            pulls.extend(bounds.broken_ceiling(&Slice::Svi(held)));
            held = target.fit_under(bounds, &pulls, wings, &held);
        }
        let mut ways = [tame, held].map(|raw| pulled(&raw, &anchor(&Slice::Svi(raw), next), bounds)).into_iter();
        let error = |way: &(Slice, Repair)| match &way.0 {
            Slice::Svi(raw) => target.error(raw),
            Slice::Points(_) | Slice::Flat(_) => f64::INFINITY,
        };
        let (first, second) = (ways.next(), ways.next());
        match (first, second) {
            (Some(first), Some(second)) => if error(&second) < error(&first) { second } else { first },
            _ => (anchor(&self.slice, next), Repair::Pulled(1.0)),
        }
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

/// A slice of fewer strikes than SVI needs.
fn sparse(points: &[VolPoint], years: f64) -> Option<(Slice, Method)> {
    let mut variances: Vec<(f64, f64)> = points.iter().map(|it| (it.log_strike, it.vol * it.vol * years)).collect();
    variances.sort_by(|left, right| left.0.total_cmp(&right.0));
    variances.dedup_by(|later, first| later.0 == first.0);
    debug_assert!(variances.len() < STRIKES_MIN, "enough strikes for a fit");
    match variances.as_slice() {
        [] => None,
        [(_, only)] => Some((Slice::Flat(*only), Method::Flat)),
        _ => Some((Slice::Points(variances), Method::Interpolated)),
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

/// The first slice on the way from `from` to `anchor`, through their parameters, that breaks
/// nothing. An anchor that is no SVI slice is taken at once.
fn pulled(from: &Raw, anchor: &Slice, bounds: &Bounds) -> (Slice, Repair) {
    let suffices = |slice: &Slice| bounds.check(slice).is_none();
    if suffices(&Slice::Svi(*from)) {
        return (Slice::Svi(*from), Repair::Refitted);
    }
    let end = match anchor {
        Slice::Svi(raw) => *raw,
        // Flat is any SVI slice without wings.
        Slice::Flat(level) => Raw { a: *level, b: 0.0, ..*from },
        Slice::Points(_) => return (anchor.clone(), Repair::Pulled(1.0)),
    };
    let at = |share: f64| Slice::Svi(mixed(from, &end, share));
    let steps = (1..PULL_STEPS).map(|step| f64::from(step) / f64::from(PULL_STEPS));
    let Some(first) = steps.into_iter().find(|share| suffices(&at(*share))) else {
        return (anchor.clone(), Repair::Pulled(1.0));
    };
    let (mut short, mut enough) = (first - 1.0 / f64::from(PULL_STEPS), first);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (short + enough);
        if suffices(&at(middle)) { enough = middle } else { short = middle }
    }
    (at(enough), Repair::Pulled(enough))
}

fn mixed(start: &Raw, end: &Raw, share: f64) -> Raw {
    let mix = |from: f64, to: f64| share.mul_add(to - from, from);
    Raw {
        a: mix(start.a, end.a),
        b: mix(start.b, end.b),
        rho: mix(start.rho, end.rho),
        m: mix(start.m, end.m),
        sigma: mix(start.sigma, end.sigma),
    }
}
