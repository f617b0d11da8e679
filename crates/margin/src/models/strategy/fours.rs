//! Strategies of four options, found without listing them: there are as many as pairs of spreads.
//!
//! Each is two spreads that ask for less together than apart. With w what a spread can lose at expiry and g
//! what it can gain, at prices p of the legs a spread has u = w − Σp left, and two together have
//! u₁ + u₂ − saved, where
//!
//! - a call spread sold (short a, long b > a) and a put spread sold (short c, long d < c) save
//!   min(b − a, c − d, b − d), at least 0: iron condors and butterflies, short boxes;
//! - a spread sold and one bought of the same right, the bought one further in the money, save min(w, g):
//!   butterflies and condors.
//!
//! A minimum of such sums over pairs is, case by case of which term is the least, a search for the best partner
//! among those with two keys large enough: sorted by one, a tree over the other.

use std::collections::BTreeMap;

use super::columns::{Column, Problem};
use super::named::Class;
use crate::MarginError;

/// How many columns one look brings.
const BROUGHT: usize = 256;

/// A short option and a long one of its right that expires no earlier.
#[derive(Clone, Copy)]
struct Pair {
    legs: [usize; 2],
    short: i128,
    long: i128,
    /// The distance of the strikes: what it can lose or, bought, gain.
    width: i128,
    /// What the legs' prices leave of its worst loss.
    left: i128,
}

/// Spreads whose shorts expire together.
#[derive(Default)]
struct Expiry {
    calls_sold: Vec<Pair>,
    calls_bought: Vec<Pair>,
    puts_sold: Vec<Pair>,
    puts_bought: Vec<Pair>,
}

/// How two spreads save when held together.
#[derive(Clone, Copy)]
enum Together {
    /// A call spread sold and a put spread sold.
    Iron,
    /// A call spread sold over one bought below it.
    Calls,
    /// A put spread sold under one bought above it.
    Puts,
}

impl Together {
    /// What the two ask less together than apart; `one` is sold.
    fn saved(self, one: &Pair, other: &Pair) -> i128 {
        match self {
            Self::Iron => one.width.min(other.width).min(one.long - other.long).max(0),
            Self::Calls if other.short <= one.short => one.width.min(other.width),
            Self::Puts if other.short >= one.short => one.width.min(other.width),
            Self::Calls | Self::Puts => 0,
        }
    }

    /// The cases of which term is the least.
    fn cases(self) -> &'static [Case] {
        match self {
            Self::Iron => &[
                Case { query: |one| ([one.width, -one.short], -one.width), partner: |two| ([two.width, -two.long], 0) },
                Case {
                    query: |one| ([-one.width, -one.long], 0),
                    partner: |two| ([-two.width, -two.short], -two.width),
                },
                Case {
                    query: |one| ([one.short, one.long], -one.long),
                    partner: |two| ([two.long, two.short], two.long),
                },
            ],
            Self::Calls => &[
                Case {
                    query: |one| ([one.width, -one.short], -one.width),
                    partner: |two| ([two.width, -two.short], 0),
                },
                Case {
                    query: |one| ([-one.width, -one.short], 0),
                    partner: |two| ([-two.width, -two.short], -two.width),
                },
            ],
            Self::Puts => &[
                Case { query: |one| ([one.width, one.short], -one.width), partner: |two| ([two.width, two.short], 0) },
                Case {
                    query: |one| ([-one.width, one.short], 0),
                    partner: |two| ([-two.width, two.short], -two.width),
                },
            ],
        }
    }
}

/// One case: keys, and what each side adds to what the two have left.
struct Case {
    query: fn(&Pair) -> ([i128; 2], i128),
    partner: fn(&Pair) -> ([i128; 2], i128),
}

impl Expiry {
    fn sides(&self) -> [(Together, &[Pair], &[Pair]); 3] {
        [
            (Together::Iron, &self.calls_sold, &self.puts_sold),
            (Together::Calls, &self.calls_sold, &self.calls_bought),
            (Together::Puts, &self.puts_sold, &self.puts_bought),
        ]
    }
}

fn expiries(problem: &Problem<'_>, lots: &[i64], prices: &[i128]) -> BTreeMap<i64, Expiry> {
    let mut expiries: BTreeMap<i64, Expiry> = BTreeMap::new();
    let held = |class: Class| {
        let legs = problem.legs.iter().enumerate();
        legs.filter(move |(leg, of)| lots[*leg] > 0 && of.unit.class == class).map(|(leg, of)| (leg, of.unit))
    };
    for (class, owned) in [(Class::ShortCall, Class::LongCall), (Class::ShortPut, Class::LongPut)] {
        for (short, written) in held(class) {
            for (long, bought) in held(owned).filter(|(_, unit)| unit.expiry >= written.expiry) {
                let above = bought.strike.units() - written.strike.units();
                let loses = if class == Class::ShortCall { above } else { -above };
                let pair = Pair {
                    legs: [short, long],
                    short: written.strike.units(),
                    long: bought.strike.units(),
                    width: above.abs(),
                    left: loses.max(0) - prices[short] - prices[long],
                };
                let of = expiries.entry(written.expiry).or_default();
                match (class, loses > 0) {
                    _ if loses == 0 => {}
                    (Class::ShortCall, true) => of.calls_sold.push(pair),
                    (Class::ShortCall, false) => of.calls_bought.push(pair),
                    (_, true) => of.puts_sold.push(pair),
                    (_, false) => of.puts_bought.push(pair),
                }
            }
        }
    }
    expiries
}

/// Of `lots` at `prices`, the least that any four legs leave of their cost, at most zero: exact. And some that leave
/// less than nothing, the best of every spread first among them.
pub(super) fn cheapest(
    problem: &Problem<'_>,
    lots: &[i64],
    prices: &[i128],
) -> Result<(i128, Vec<Column>), MarginError> {
    let mut found: Vec<(i128, [usize; 4])> = Vec::new();
    for expiry in expiries(problem, lots, prices).values() {
        for (together, sold, others) in expiry.sides() {
            for case in together.cases() {
                best_partners(case, sold, others, &mut found);
            }
        }
    }
    found.sort_unstable();
    let least = found.first().map_or(0, |of| of.0);
    found.dedup_by_key(|of| of.1);
    let mut columns = Vec::new();
    for (_, legs) in found.iter().take(BROUGHT) {
        columns.extend(problem.column(legs)?);
    }
    columns.sort_unstable();
    columns.dedup();
    Ok((least, columns))
}

/// For each of `sold`, the partner in one case that leaves the least, where that is below zero.
fn best_partners(case: &Case, sold: &[Pair], others: &[Pair], found: &mut Vec<(i128, [usize; 4])>) {
    let mut partners: Vec<([i128; 2], i128, &Pair)> = others
        .iter()
        .map(|pair| {
            let (keys, adds) = (case.partner)(pair);
            (keys, pair.left + adds, pair)
        })
        .collect();
    partners.sort_unstable_by_key(|of| std::cmp::Reverse((of.0[0], of.2.legs)));
    let mut seconds: Vec<i128> = partners.iter().map(|of| of.0[1]).collect();
    seconds.sort_unstable();
    seconds.dedup();
    let mut queries: Vec<([i128; 2], i128, &Pair)> = sold
        .iter()
        .map(|pair| {
            let (keys, adds) = (case.query)(pair);
            (keys, pair.left + adds, pair)
        })
        .collect();
    queries.sort_unstable_by_key(|of| std::cmp::Reverse((of.0[0], of.2.legs)));
    // The least over the second key and above, by a tree of prefixes counted from the top.
    let mut tree: Vec<Option<(i128, usize)>> = vec![None; seconds.len() + 1];
    let mut entered = 0;
    for (keys, left, pair) in queries {
        while entered < partners.len() && partners[entered].0[0] >= keys[0] {
            let below = seconds.partition_point(|second| *second < partners[entered].0[1]);
            let mut at = seconds.len() - below;
            while at < tree.len() {
                if tree[at].is_none_or(|least| (partners[entered].1, entered) < least) {
                    tree[at] = Some((partners[entered].1, entered));
                }
                at += at & at.wrapping_neg();
            }
            entered += 1;
        }
        let mut at = seconds.len() - seconds.partition_point(|second| *second < keys[1]);
        let mut best: Option<(i128, usize)> = None;
        while at > 0 {
            best = [best, tree[at]].into_iter().flatten().min();
            at -= at & at.wrapping_neg();
        }
        if let Some((of_partner, partner)) = best
            && left + of_partner < 0
        {
            let [short, long] = partners[partner].2.legs;
            let mut legs = [pair.legs[0], pair.legs[1], short, long];
            legs.sort_unstable();
            found.push((left + of_partner, legs));
        }
    }
}

/// Every four legs of `lots` that leave at most `most` of their cost at `prices`, under which no strategy leaves
/// less than nothing; `None` when `steps` run out first.
pub(super) fn within(
    problem: &Problem<'_>,
    lots: &[i64],
    prices: &[i128],
    most: i128,
    steps: &mut u64,
) -> Result<Option<Vec<Column>>, MarginError> {
    let mut columns = Vec::new();
    for expiry in expiries(problem, lots, prices).values() {
        for (together, sold, others) in expiry.sides() {
            let mut others: Vec<&Pair> = others.iter().collect();
            others.sort_unstable_by_key(|pair| (pair.left, pair.legs));
            for one in sold {
                for other in others.iter().take_while(|other| one.left + other.left - one.width <= most) {
                    if *steps == 0 {
                        return Ok(None);
                    }
                    *steps -= 1;
                    let saved = together.saved(one, other);
                    if saved > 0 && one.left + other.left - saved <= most {
                        columns.extend(problem.column(&[one.legs[0], one.legs[1], other.legs[0], other.legs[1]])?);
                    }
                }
            }
        }
    }
    columns.sort_unstable();
    columns.dedup();
    Ok(Some(columns))
}
