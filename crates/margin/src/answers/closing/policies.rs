//! Policies that do not look for the least cost: what is closed is given, how much of it is not.

use plimsoll_core::Decimal;

use super::closed_form::least_lots;
use super::desk::{Desk, Trades};
use super::fills::safe_part;
use crate::MarginError;

/// Parts that the positions of a book are cut into, to close the same share of each.
const SHARES: i64 = 1 << 20;

/// Closes the position that has lost most, then the next. What would do harm is passed over.
///
/// # Errors
/// [`MarginError`] for a position that cannot be valued.
pub(super) fn largest_loss_first(desk: &Desk<'_>) -> Result<Trades, MarginError> {
    let mut order: Vec<(Decimal, usize, i64)> = Vec::new();
    for (at, lots) in all(desk).each() {
        order.push((desk.gained(at)?, at, lots));
    }
    order.sort_unstable();
    let (mut trades, mut stands) = (Trades::default(), desk.start);
    for (_, at, lots) in order {
        let next = trades.with(at, lots);
        let harmless = |excess: &Decimal| *excess > stands;
        let alone = desk.excess(&Trades::from_iter([(at, lots)])).is_some_and(|alone| alone >= desk.start);
        let Some(excess) = desk.excess(&next).filter(harmless).filter(|_| alone) else { continue };
        (trades, stands) = (next, excess);
        if stands.signum() >= 0 {
            trades = least_lots(desk, &trades, at);
            break;
        }
    }
    Ok(safe_part(desk, &trades))
}

/// Closes the same share of every position, in whole lots and rounded up; all of it where no share cures. Nothing where
/// that is not safe: a smaller part of some would not be the same share.
pub(super) fn pro_rata(desk: &Desk<'_>) -> Trades {
    let whole = all(desk);
    let (mut enough, mut short) = (SHARES, 0);
    while desk.cures(&whole) && enough - short > 1 {
        let middle = short + (enough - short) / 2;
        if desk.cures(&share(&whole, middle)) {
            enough = middle;
        } else {
            short = middle;
        }
    }
    let trades = share(&whole, enough);
    if super::fills::are_safe(desk, &trades) { trades } else { Trades::default() }
}

/// Closes every position, as much of it as is safe.
pub(super) fn full_close(desk: &Desk<'_>) -> Trades {
    safe_part(desk, &all(desk))
}

/// Every position closed, as far as depth allows.
fn all(desk: &Desk<'_>) -> Trades {
    let closing = desk.contracts.iter().enumerate().map(|(at, contract)| {
        let side = contract.closes();
        let most = contract.most[usize::from(side < 0)];
        (at, side * contract.flat.min(most))
    });
    closing.collect()
}

/// `count` of the [`SHARES`] of every trade.
fn share(whole: &Trades, count: i64) -> Trades {
    let part = |lots: i64| {
        let up = (i128::from(lots.abs()) * i128::from(count) + i128::from(SHARES) - 1) / i128::from(SHARES);
        i64::try_from(up).unwrap_or(lots.abs()) * lots.signum()
    };
    whole.each().map(|(at, lots)| (at, part(lots))).collect()
}
