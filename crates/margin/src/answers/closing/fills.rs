//! Safe however trades fill: no combination of them leaves less excess than there is now.
//!
//! Under a model whose requirement is convex in positions, as `plimsoll`'s is, the excess is concave in what has filled,
//! so its least over all partial fills is where each trade has filled whole or not at all. Few trades are looked at in all
//! those combinations. Of many the worst combination is searched: each trade alone and all but each, and from the worst of
//! those on by whatever trade, filled or not, leaves least, until none leaves less.

use plimsoll_core::Decimal;

use super::desk::{Desk, Trades};

/// Trades up to which all combinations are looked at; and where a model's scans tell which are worst.
const ALL_COMBINATIONS: usize = 10;
const ALL_BESIDE_TOLD: usize = 5;
/// Combinations that a search begins with.
const BEGINNINGS: usize = 8;
/// Combinations that a model's scans tell to be worst.
const TOLD: usize = 12;
/// Combinations × contracts up to which all are looked at.
const WORK_MAX: usize = 8_192;

/// The largest part of `trades` found that is safe: what does harm is halved until it does none.
pub(super) fn safe_part(desk: &Desk<'_>, trades: &Trades) -> Trades {
    let alone = |(at, lots): (usize, i64)| desk.excess(&Trades::from_iter([(at, lots)]));
    let does_harm = |excess: Option<Decimal>| excess.is_none_or(|excess| excess < desk.start);
    let alone_safe = |(at, lots): (usize, i64)| (at, harmless_half(lots, |lots| !does_harm(alone((at, lots)))));
    let mut trades: Trades = trades.each().map(alone_safe).collect();
    while let Some(harmful) = harmful(desk, &trades) {
        // Of the trades that do harm together, the one without which they do least; of many that which gains least.
        let without = |(at, lots): &(usize, i64)| {
            if harmful.len() <= ALL_COMBINATIONS {
                desk.excess(&harmful.with(*at, 0))
            } else {
                alone((*at, *lots)).map(Decimal::negated)
            }
        };
        let Some((worst, lots)) = harmful.each().max_by_key(without) else { return Trades::default() };
        trades = trades.with(worst, lots / 2);
    }
    trades
}

/// `lots` halved until they are harmless; none where no half is. What is less than something harmless is taken to be
/// harmless too, as it is where the excess is concave, so that halves are skipped and then searched.
fn harmless_half(lots: i64, is_harmless: impl Fn(i64) -> bool) -> i64 {
    let half = |times: u32| lots / (1_i64 << times);
    let (mut harmful, mut step) = (0, 1);
    if is_harmless(lots) {
        return lots;
    }
    let last = lots.unsigned_abs().ilog2();
    let mut harmless = loop {
        if harmful == last {
            return 0;
        }
        let times = last.min(harmful + step);
        if is_harmless(half(times)) {
            break times;
        }
        (harmful, step) = (times, 2 * step);
    };
    while harmless - harmful > 1 {
        let middle = u32::midpoint(harmless, harmful);
        if is_harmless(half(middle)) { harmless = middle } else { harmful = middle }
    }
    half(harmless)
}

/// Whether `trades` are safe.
pub(super) fn are_safe(desk: &Desk<'_>, trades: &Trades) -> bool {
    harmful(desk, trades).is_none()
}

/// Some of `trades` that leave less than there is now, or of which nothing can be told.
fn harmful(desk: &Desk<'_>, trades: &Trades) -> Option<Trades> {
    let does_harm = |some: &Trades| desk.excess(some).is_none_or(|excess| excess < desk.start);
    let all: Vec<(usize, i64)> = trades.each().collect();
    let count = all.len();
    let scanned = desk.scanned();
    let told = scanned.map(|of| of.worst_fills(desk, trades, TOLD)).unwrap_or_default();
    if let Some(harmful) = told.into_iter().find(does_harm) {
        return Some(harmful);
    }
    let most = if scanned.is_some() { ALL_BESIDE_TOLD } else { ALL_COMBINATIONS };
    if count <= most && desk.contracts.len() << count <= WORK_MAX {
        let some = |set: u32| (0..count).filter(|at| set >> at & 1 == 1).map(|at| all[at]).collect();
        return (1..1_u32 << count).map(some).find(does_harm);
    }
    if scanned.is_some() {
        let alone = all.iter().map(|one| Trades::from_iter([*one]));
        return alone.chain([trades.clone()]).find(does_harm);
    }
    let alone = all.iter().map(|one| Trades::from_iter([*one]));
    let but_one = all.iter().map(|(at, _)| trades.with(*at, 0));
    let mut beginnings = Vec::with_capacity(2 * count + 1);
    for some in alone.chain([trades.clone()]).chain(but_one) {
        match desk.excess(&some) {
            Some(excess) if excess >= desk.start => beginnings.push((excess, some)),
            _ => return Some(some),
        }
    }
    beginnings.sort_unstable();
    beginnings.into_iter().take(BEGINNINGS).find_map(|from| worse(desk, &all, from))
}

/// What leaves less than there is now, from some trades on; `None` where it ends above.
fn worse(desk: &Desk<'_>, all: &[(usize, i64)], from: (Decimal, Trades)) -> Option<Trades> {
    let (mut least, mut some) = from;
    loop {
        let turned = |(at, lots): &(usize, i64)| {
            let lots = if some.of(*at) == 0 { *lots } else { 0 };
            some.with(*at, lots)
        };
        let mut next: Option<(Decimal, Trades)> = None;
        for trades in all.iter().map(turned) {
            let Some(excess) = desk.excess(&trades).filter(|excess| *excess >= desk.start) else { return Some(trades) };
            if excess < least && next.as_ref().is_none_or(|(least, _)| excess < *least) {
                next = Some((excess, trades));
            }
        }
        (least, some) = next?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_that_is_found_is_the_one_that_halving_comes_to() {
        for lots in [1, 2, 3, 7, 8, 1_000, 65_537, i64::MAX] {
            for most in (0..63).map(|bits| 1_i64 << bits).chain([0, 3, 5, 700, i64::MAX]) {
                for sign in [1, -1] {
                    let is_harmless = |some: i64| some.abs() <= most;
                    let mut halved = sign * lots;
                    while !is_harmless(halved) {
                        halved /= 2;
                    }
                    assert_eq!(harmless_half(sign * lots, is_harmless), halved, "{lots} lots, {most} harmless");
                }
            }
        }
    }

    #[test]
    fn few_halves_are_looked_at_where_none_is_harmless() {
        let looked_at = std::cell::Cell::new(0);
        let never = |_| {
            looked_at.set(looked_at.get() + 1);
            false
        };
        assert_eq!(harmless_half(1 << 30, never), 0);
        assert!(looked_at.get() <= 7, "{}", looked_at.get());
    }
}
