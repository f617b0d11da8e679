//! The search by exact evaluations: what gains most for its cost, sized by what a lot of it gains.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::float::float;

use super::desk::{Desk, Trades};
use super::fills::{are_safe, safe_part};

/// Trades that are added one after another, at most.
const ROUNDS_MAX: usize = 256;
/// Of what is left of a contract no more than one part in so many at once, since its impact grows: where all of it would not
/// be enough, and where it might. Of all that there is at least one part in so many.
const PARTS_NEEDED: i64 = 2;
const PARTS: i64 = 4;
const PARTS_MAX: i64 = 16;

/// Beyond so many contracts a lot that the scan tells to gain so many times what can be spared is not looked at: it is needed.
const ALL_UP_TO: usize = 16;
const SURELY: f64 = 2.0;

/// Something that could be traded more of.
#[derive(Clone)]
struct Way {
    contract: usize,
    side: i64,
    most: i64,
    /// What one lot more gained and cost when it was last looked at, and the round of that.
    gain: Decimal,
    cost: Decimal,
    seen: usize,
}

impl Way {
    /// Whether it gains more for its cost than `other`; the first of equals.
    fn beats(&self, other: &Self) -> bool {
        self.gain.compare_products(other.cost, other.gain, self.cost).is_gt()
    }
}

/// Adds what gains most for its cost until the account is cured or nothing gains, then takes back what was too much.
pub(super) fn search(desk: &Desk<'_>) -> Trades {
    trimmed(desk, grown(desk, Trades::default(), |_, _| true))
}

/// `from` with more of what `allowed` says, a contract and a side, until that cures or nothing gains; its safe part.
pub(super) fn grown(desk: &Desk<'_>, from: Trades, allowed: impl Fn(usize, i64) -> bool) -> Trades {
    let mut trades = from;
    let mut ways: Vec<Way> = desk
        .ways()
        .filter(|(contract, side, _)| allowed(*contract, *side))
        .map(|(contract, side, most)| Way { contract, side, most, gain: Decimal::MAX, cost: Decimal::ONE, seen: 0 })
        .collect();
    for round in 1..=ROUNDS_MAX {
        if desk.cures(&trades) {
            break;
        }
        let Some(best) = best(desk, &trades, &mut ways, round) else { break };
        match enlarged(desk, &trades, &ways[best]) {
            Some(more) => trades = more,
            None => drop(ways.swap_remove(best)),
        }
    }
    safe_part(desk, &trades)
}

/// The way that gains most for its cost now. What it gained before is about what it gains, or more: only those in front are
/// looked at again.
fn best(desk: &Desk<'_>, trades: &Trades, ways: &mut Vec<Way>, round: usize) -> Option<usize> {
    loop {
        let first = (0..ways.len()).reduce(|best, at| if ways[at].beats(&ways[best]) { at } else { best })?;
        if ways[first].seen == round {
            return Some(first);
        }
        match looked_at(desk, trades, &ways[first], round) {
            Some(way) => ways[first] = way,
            None => drop(ways.swap_remove(first)),
        }
    }
}

/// What one lot more of a way gains and costs; `None` where there is no more or it gains nothing.
fn looked_at(desk: &Desk<'_>, trades: &Trades, way: &Way, round: usize) -> Option<Way> {
    let lots = trades.of(way.contract);
    if lots * way.side < 0 || lots.abs() >= way.most {
        return None;
    }
    let more = trades.with(way.contract, lots + way.side);
    let gain = desk.excess(&more)?.minus(desk.excess(trades)?).ok()?;
    let contract = &desk.contracts[way.contract];
    let cost = contract.cost(lots + way.side).ok()?.minus(contract.cost(lots).ok()?).ok()?;
    (gain.signum() > 0).then(|| Way { gain, cost: cost.or_zero(), seen: round, ..way.clone() })
}

/// `trades` with more of a way: what its last lot's gain says is needed, a part of what there is at most; halved until it
/// gains, alone too.
fn enlarged(desk: &Desk<'_>, trades: &Trades, way: &Way) -> Option<Trades> {
    let (lots, stands) = (trades.of(way.contract), desk.excess(trades)?);
    let needed = stands.negated().over(way.gain, Rounding::Up).map_or(i128::MAX, |lots| lots.count(0, Rounding::Up));
    // At nothing held what a lot gains turns: it is looked at again there.
    let contract = &desk.contracts[way.contract];
    let closes = way.side == contract.closes() && lots.abs() < contract.flat;
    let turns = if closes { contract.flat - lots.abs() } else { i64::MAX };
    let room = way.most - lots.abs();
    let needed = i64::try_from(needed).unwrap_or(i64::MAX);
    let part = room / if needed > room { PARTS_NEEDED } else { PARTS };
    let mut more = needed.min(part.max(way.most / PARTS_MAX)).min(room).min(turns).max(1);
    while more > 0 {
        let larger = lots + way.side * more;
        let next = trades.with(way.contract, larger);
        let gains = desk.excess(&next).is_some_and(|excess| excess > stands);
        let alone = desk.excess(&Trades::from_iter([(way.contract, larger)]));
        if gains && alone.is_some_and(|alone| alone >= desk.start) {
            return Some(next);
        }
        more /= 2;
    }
    None
}

/// `trades` without what is too much: each in turn, the dearest first, is made as small as still cures, until none is
/// smaller.
pub(super) fn trimmed(desk: &Desk<'_>, mut trades: Trades) -> Trades {
    if !desk.cures(&trades) {
        return trades;
    }
    let cost = |(at, lots): (usize, i64)| (desk.contracts[at].cost(lots).unwrap_or(Decimal::MAX), at);
    let mut order: Vec<(Decimal, usize)> = trades.each().map(cost).collect();
    order.sort_unstable_by(|left, right| right.cmp(left));
    // What another took back may have been against this one.
    loop {
        let before = trades.clone();
        let scanned = desk.scanned().filter(|_| desk.contracts.len() > ALL_UP_TO);
        let told = scanned.map(|scanned| scanned.lots(desk, &trades)).unwrap_or_default();
        for (_, at) in &order {
            let spare = desk.excess(&trades).map_or(0.0, float);
            let gain = told.iter().find(|(_, contract, _)| contract == at).map_or(0.0, |(.., gain)| *gain);
            if gain <= SURELY * spare {
                trades = least_lots(desk, &trades, *at);
            }
        }
        if trades == before {
            return trades;
        }
    }
}

/// `trades`, which cure, with the fewest lots of one contract that still do: between what cures and what does not, as if
/// every lot gained the same, and in the middle where that does not halve what is between.
pub(super) fn least_lots(desk: &Desk<'_>, trades: &Trades, contract: usize) -> Trades {
    let lots = trades.of(contract);
    let with = |count: i64| trades.with(contract, count * lots.signum());
    let excess = |count: i64| desk.excess(&with(count)).unwrap_or(Decimal::MIN);
    let (mut enough, mut short) = (lots.abs(), 0);
    if lots == 0 || excess(enough).signum() < 0 || excess(enough - 1).signum() < 0 {
        return trades.clone();
    }
    enough -= 1;
    if enough == 0 || excess(0).signum() >= 0 {
        return with(0);
    }
    let mut halves = false;
    while enough - short > 1 {
        let between = enough - short;
        let (above, below) = (excess(enough), excess(short));
        let back =
            above.minus(below).and_then(|all| Decimal::from_int(between).times_ratio(above, all, Rounding::Down));
        let back = back.map_or(0, |lots| i64::try_from(lots.count(0, Rounding::Down)).unwrap_or(0));
        let next = if halves { short + between / 2 } else { (enough - back.max(1)).max(short + 1) };
        if excess(next).signum() >= 0 {
            enough = next;
        } else {
            short = next;
        }
        halves = enough - short > between / 2;
    }
    with(enough)
}

/// Exchanges that are made one after another, at most.
const EXCHANGES_MAX: usize = 16;
/// What is left of the cost after an exchange, at most.
const WORTH_IT: Decimal = Decimal::new(99, 2);

/// `trades`, which cure, with a step or a lot of it exchanged for another contract while that saves a hundredth. Lots are lumps: what
/// gains most per cost need not fit what is missing.
pub(super) fn exchanged(desk: &Desk<'_>, trades: Trades) -> Trades {
    let mut best = trades;
    for _ in 0..EXCHANGES_MAX {
        let Some(cheaper) = cheaper(desk, &best) else { break };
        best = cheaper;
    }
    best
}

fn cheaper(desk: &Desk<'_>, trades: &Trades) -> Option<Trades> {
    if !desk.cures(trades) {
        return None;
    }
    let limit = desk.cost(trades)?.times(WORTH_IT, Rounding::Down).ok()?;
    for (at, lots) in trades.each() {
        for fewer in [trades.with(at, 0), trades.with(at, lots - lots.signum())] {
            for (contract, side, most) in desk.ways() {
                let held = fewer.of(contract);
                if contract == at || held * side < 0 {
                    continue;
                }
                // As many as are cheaper still.
                let (mut more, mut dear) = (held.abs(), most + 1);
                while dear - more > 1 {
                    let middle = more + (dear - more) / 2;
                    let cost = desk.cost(&fewer.with(contract, middle * side));
                    if cost.is_some_and(|cost| cost < limit) { more = middle } else { dear = middle }
                }
                let with = fewer.with(contract, more * side);
                if more > held.abs() && desk.cures(&with) {
                    let with = trimmed(desk, least_lots(desk, &with, contract));
                    if are_safe(desk, &with) {
                        return Some(with);
                    }
                }
            }
        }
    }
    None
}
