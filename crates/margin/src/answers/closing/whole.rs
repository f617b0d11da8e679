//! Books of few lots: all combinations of them that are cheaper than what was found, the cheapest first.

use plimsoll_core::Decimal;

use super::desk::{Desk, Trades};
use super::fills::are_safe;

/// Combinations that are listed, at most.
const COMBINATIONS_MAX: i64 = 4_096;

/// The cheapest safe trades that cure, where they are cheaper than `found` or that cures nothing; `None` where there are
/// none or too many combinations.
pub(super) fn search(desk: &Desk<'_>, found: &Trades) -> Option<Trades> {
    let mut all = vec![(Decimal::ZERO, Trades::default())];
    let limit = if desk.cures(found) { desk.cost(found)? } else { Decimal::MAX };
    let lots: i64 = desk.contracts.iter().try_fold(1_i64, |product, contract| {
        product.checked_mul(contract.most[0].checked_add(contract.most[1])?.checked_add(1)?)
    })?;
    if lots > COMBINATIONS_MAX {
        return None;
    }
    for (contract, side, most) in desk.ways() {
        let before = all.len();
        for at in 0..before {
            if all[at].1.of(contract) != 0 {
                continue;
            }
            for lots in 1..=most {
                let cost = all[at].0.plus(desk.contracts[contract].cost(lots * side).ok()?).ok()?;
                if cost < limit {
                    all.push((cost, all[at].1.with(contract, lots * side)));
                }
            }
        }
    }
    all.sort_unstable();
    all.into_iter().map(|(_, trades)| trades).find(|trades| desk.cures(trades) && are_safe(desk, trades))
}
