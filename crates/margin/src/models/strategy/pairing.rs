//! The pairing of a book's lots that asks for the least, and a proof of how much less any other could ask.
//!
//! Every lot of every leg is put in exactly one strategy; what remains alone is a strategy of one leg. In whole
//! lots that is a covering problem; in fractions of lots a linear one, whose optimum is a bound on every pairing.
//! With two-legged strategies alone the two agree, since longs and shorts then make a transportation problem;
//! three and four legs can part them.
//!
//! 1. The linear problem, by columns: all strategies of up to three legs, and those of four as they come to
//!    improve. Its prices, made exact, are the proof: lots at those prices cost no more than any strategy asks.
//! 2. Whole parts of its solution are kept, and the lots left over paired by the same procedure.
//! 3. Where that does not reach the bound: a search over the strategies that prices do not rule out, node by
//!    node against the linear problem, ended by the proof or by the count of steps.
//!
//! Every step is counted and every choice among equals is by place, so the same book gives the same pairing.

use std::collections::BTreeSet;

use plimsoll_core::Decimal;

use super::columns::{Column, Leg, Problem};
use super::named::{Rules, Unit, called};
use super::simplex::Simplex;
use super::{fours, search};
use crate::MarginError;

/// How much may be spent on a book: counted, not timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Pivots of linear problems.
    pub pivots: u64,
    /// Pairs of spreads looked at one by one.
    pub steps: u64,
}

impl Default for Work {
    fn default() -> Self {
        Self { pivots: 40_000, steps: 4_000_000 }
    }
}

/// A strategy of a pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// What it is called.
    pub name: &'static str,
    /// Places of its legs and how many units of each.
    pub legs: Vec<(usize, i64)>,
    /// How many lots of it.
    pub lots: i64,
    /// What one unit of it asks for, gross.
    pub gross: Decimal,
}

/// A pairing of a whole book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// Its strategies, by the places of their legs.
    pub strategies: Vec<Paired>,
    /// What they ask for, gross, were a lot one unit.
    pub gross: Decimal,
    /// What no pairing asks less than: equal to `gross` where this one is proved the least.
    pub bound: Decimal,
}

/// A solution in whole lots.
pub(super) struct Found {
    pub(super) chosen: Vec<(Column, i64)>,
    pub(super) cost: i128,
    /// What no solution costs less than.
    pub(super) bound: i128,
}

/// The pairing of `legs` that asks for the least, with the underlying at `price`, as far as `work` reaches: the
/// gross figures of [`super::named::gross`], summed.
///
/// # Errors
/// [`MarginError::Number`] for figures that do not fit; a negative mark.
pub fn least(legs: &[Leg], rules: &Rules, price: Decimal, mut work: Work) -> Result<Pairing, MarginError> {
    let problem = Problem::new(legs, rules, price)?;
    let lots: Vec<i64> = legs.iter().map(|leg| leg.lots).collect();
    let mut pool = problem.up_to_three()?;
    let mut found = cover(&problem, &lots, &mut pool, true, &mut work)?;
    found.chosen.sort_unstable();
    let mut strategies: Vec<Paired> = Vec::new();
    for (column, lots) in &found.chosen {
        let units: Vec<Unit> = column
            .legs()
            .iter()
            .flat_map(|(leg, times)| std::iter::repeat_n(legs[*leg].unit, usize::try_from(*times).unwrap_or(0)))
            .collect();
        let of = column.legs().iter().map(|(leg, times)| (*leg, i64::from(*times))).collect();
        match strategies.last_mut() {
            Some(last) if last.legs == of => last.lots += lots,
            _ => strategies.push(Paired {
                name: called(&units),
                legs: of,
                lots: *lots,
                gross: Decimal::from_units(column.cost).unwrap_or(Decimal::MAX),
            }),
        }
    }
    let total = |units| Decimal::from_units(units).unwrap_or(Decimal::MAX);
    Ok(Pairing { strategies, gross: total(found.cost), bound: total(found.bound.min(found.cost)) })
}

/// Covers `lots` with columns, and where what is found misses the bound and `search` says so, searches on; `pool` has
/// all of up to three legs and gains those of four.
fn cover(
    problem: &Problem<'_>,
    lots: &[i64],
    pool: &mut Vec<Column>,
    search: bool,
    work: &mut Work,
) -> Result<Found, MarginError> {
    let rows: Vec<usize> = (0..lots.len()).filter(|leg| lots[*leg] > 0).collect();
    if rows.is_empty() {
        return Ok(Found { chosen: Vec::new(), cost: 0, bound: 0 });
    }
    let relaxed = relax(problem, lots, &rows, pool, work)?;
    // Strategies of four legs that are not in the pool cost sums of differences between strikes.
    let strikes = problem.legs.iter().map(|leg| leg.unit.strike.units());
    let grain = pool.iter().map(|column| column.cost).chain(strikes).fold(0, divisor);
    let bound = up_to(relaxed.bound, grain);
    // Of books within books, the largest that is not too large is searched.
    let wide = rows.len() > search::LEGS;
    let mut best = round(problem, lots, &relaxed, pool, search && wide, work)?;
    best.bound = bound;
    if search && !wide && best.cost > bound {
        let all = fours::within(problem, lots, &relaxed.prices, best.cost - bound, &mut work.steps)?;
        search::improve(lots, &relaxed.prices, pool, all.as_deref(), grain, &mut best, work);
    }
    Ok(best)
}

/// The linear problem's answer.
struct Relaxed {
    /// By leg: lots at these cost no more than any strategy asks.
    prices: Vec<i128>,
    bound: i128,
    /// Columns with how many of each.
    values: Vec<(Column, f64)>,
}

fn relax(
    problem: &Problem<'_>,
    lots: &[i64],
    rows: &[usize],
    pool: &mut Vec<Column>,
    work: &mut Work,
) -> Result<Relaxed, MarginError> {
    let place = places(lots.len(), rows);
    let rhs: Vec<i64> = rows.iter().map(|leg| lots[*leg]).collect();
    let singles: Vec<i128> = rows.iter().map(|leg| pool[*leg].cost).collect();
    let mut lp = Simplex::new(&rhs, &singles);
    let mut known: Vec<Column> = rows.iter().map(|leg| pool[*leg]).collect();
    let entries = |column: &Column| -> Vec<(usize, i8)> {
        column.legs().iter().map(|(leg, times)| (place[*leg], *times)).collect()
    };
    for column in pool.iter().skip(lots.len()).filter(|column| column.legs().iter().all(|(leg, _)| lots[*leg] > 0)) {
        lp.add(&entries(column), column.cost);
        known.push(*column);
    }
    let mut fours = BTreeSet::new();
    let prices = loop {
        let optimal = lp.optimise(&mut work.pivots);
        let mut prices = vec![0; lots.len()];
        rows.iter().zip(lp.exact_duals()).for_each(|(leg, price)| prices[*leg] = price);
        let (least, columns) = fours::cheapest(problem, lots, &prices)?;
        let before = known.len();
        for column in columns {
            if fours.insert(column) {
                lp.add(&entries(&column), column.cost);
                known.push(column);
                pool.push(column);
            }
        }
        if !optimal || known.len() == before {
            // What is still left over, a last digit or work not done, is taken off every leg.
            let off = (-least + 3) / 4;
            rows.iter().for_each(|leg| prices[*leg] -= off);
            break prices;
        }
    };
    let bound = rows.iter().map(|leg| prices[*leg] * i128::from(lots[*leg])).sum();
    lp.settle(&rhs);
    let values = lp.basic().map(|(column, value)| (known[column], value)).collect();
    Ok(Relaxed { prices, bound, values })
}

/// Where each leg stands among `rows`.
pub(super) fn places(legs: usize, rows: &[usize]) -> Vec<usize> {
    let mut place = vec![usize::MAX; legs];
    rows.iter().enumerate().for_each(|(at, leg)| place[*leg] = at);
    place
}

/// Keeps the whole parts of the linear solution, or one of what it has most of, and covers what that leaves.
fn round(
    problem: &Problem<'_>,
    lots: &[i64],
    relaxed: &Relaxed,
    pool: &mut Vec<Column>,
    search: bool,
    work: &mut Work,
) -> Result<Found, MarginError> {
    let mut left = lots.to_vec();
    let mut chosen: Vec<(Column, i64)> = Vec::new();
    let mut most: Option<(f64, Column)> = None;
    for (column, value) in &relaxed.values {
        let count = search::whole_part(*value).min(column.fits(&left));
        if count > 0 {
            column.take(count, &mut left);
            chosen.push((*column, count));
        }
        if column.fits(lots) > 0 && most.is_none_or(|(most, _)| *value > most) {
            most = Some((*value, *column));
        }
    }
    if chosen.is_empty()
        && let Some((_, column)) = most
    {
        column.take(1, &mut left);
        chosen.push((column, 1));
    }
    let rest = if chosen.is_empty() || work.pivots == 0 {
        search::greedy(&left, &relaxed.prices, pool)
    } else {
        cover(problem, &left, pool, search, work)?.chosen
    };
    chosen.extend(rest);
    Ok(Found { cost: cost_of(&chosen), chosen, bound: relaxed.bound })
}

/// What `chosen` costs.
pub(super) fn cost_of(chosen: &[(Column, i64)]) -> i128 {
    chosen.iter().map(|(column, count)| column.cost * i128::from(*count)).sum()
}

/// The greatest common divisor: every total is a whole number of it.
pub(super) fn divisor(one: i128, other: i128) -> i128 {
    let (mut one, mut other) = (one.abs(), other.abs());
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// The least multiple of `grain` that is no less than `bound`.
pub(super) fn up_to(bound: i128, grain: i128) -> i128 {
    if grain <= 1 {
        bound
    } else {
        bound.div_euclid(grain) * grain + if bound.rem_euclid(grain) == 0 { 0 } else { grain }
    }
}
