//! Where accounts stand, found again from a book that knows nothing of the past.

use plimsoll_core::{AccountId, Decimal, Rounding};
use plimsoll_engine::account::Kind;
use plimsoll_engine::market::Quality;
use plimsoll_engine::step::{amounts, explain};
use plimsoll_engine::{Book, Event, State};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::{Policy, State as Side};

use super::Wrong;

/// The promise that nobody sleeps through a line, and that a table is never stale.
pub const STANDING: &str = "an account stands where its margin from scratch puts it";

/// The promise that tables are of the prices that are known.
pub const AGAIN: &str = "a kept book margins as a new one does";

/// The promise that a change of level is what its figures ask for, exits and hysteresis with it.
pub const LEVELS: &str = "a level changes as its own figures ask";

/// Excesses over the lines, initial to maintenance in their order, and net value.
struct Excesses {
    lines: [Decimal; 5],
    net_value: Decimal,
}

fn excesses(margin: &Margin, policy: &Policy) -> Option<Excesses> {
    let (requirement, equity) = (&margin.requirement, &margin.equity);
    let amounts = (equity.initial.amount, equity.maintenance.amount, equity.net_value.amount);
    over((requirement.initial.amount, requirement.maintenance.amount), amounts, policy)
}

/// Of initial and maintenance margin, and of equity at both and net value.
fn over(
    (initial, maintenance): (Decimal, Decimal),
    (equity_initial, equity, net_value): (Decimal, Decimal, Decimal),
    policy: &Policy,
) -> Option<Excesses> {
    let room = initial.minus(maintenance).ok()?.or_zero();
    let over = |share: Decimal| {
        let line = maintenance.plus(room.times(share, Rounding::Up).ok()?).ok()?;
        equity.minus(line).ok()
    };
    let mut lines = [
        equity_initial.minus(initial).ok()?,
        over(policy.fill)?,
        over(policy.call)?,
        over(policy.liquidation_end)?,
        equity.minus(maintenance).ok()?,
    ];
    // A line is never crossed before the one above it.
    for at in (0..4).rev() {
        lines[at] = lines[at].min(lines[at + 1]);
    }
    Some(Excesses { lines, net_value })
}

/// The side of the lines, after `before`: down at once, up past the exit only.
fn side(before: Side, of: &Excesses) -> Side {
    let under = |line: usize| of.lines[line].signum() < 0;
    let found = match () {
        () if under(4) && of.net_value.signum() < 0 => Side::Bankrupt,
        () if under(4) => Side::Liquidating,
        () if under(2) => Side::Called,
        () if under(0) => Side::Restricted,
        () => Side::Healthy,
    };
    match before {
        _ if found >= before => found,
        Side::Liquidating | Side::Bankrupt if under(3) => Side::Liquidating,
        Side::Called if under(1) => Side::Called,
        _ => found,
    }
}

/// The margin of an account by `book`, which may be new; none where it cannot be margined.
pub fn margin(state: &State, book: &mut Book, id: AccountId) -> Option<Margin> {
    state.account(id).filter(|account| account.terms.kind != Kind::Outside)?;
    let calm = |id: &AccountId| {
        state.account(*id).is_some_and(|account| account.is_idle() && account.standing.state == Side::Healthy)
    };
    if state.margined_with(id).iter().all(calm) {
        return None;
    }
    amounts(state, book, id).ok()
}

/// Whether an account of this margin stands where it should; and its distance to the nearest line.
#[must_use]
pub fn check(state: &State, found: &Margin, id: AccountId) -> (Option<Wrong>, Option<Decimal>) {
    let Some(account) = state.account(id) else { return (None, None) };
    let Some(rules) = state.models.get(&account.terms.model) else { return (None, None) };
    let Some(of) = excesses(found, &rules.lines.policy) else { return (None, None) };
    let nearest = of.lines.iter().chain([&of.net_value]).map(|excess| excess.abs()).min();
    // A unit stands where its first account is put.
    let first = state.margined_with(id).first().copied().unwrap_or(id);
    let before = state.account(first).map_or(account.standing.state, |first| first.standing.state);
    (wrong(id, account.standing.state, before, &of, !all_trusted(state)), nearest)
}

/// The side that a margin puts an account on, after the one it stood on.
#[must_use]
pub fn found(state: &State, found: &Margin, id: AccountId) -> Option<Side> {
    let of = excesses(found, &state.models.get(&state.account(id)?.terms.model)?.lines.policy)?;
    let unit = state.margined_with(id);
    let before = unit.iter().filter_map(|id| Some(state.account(*id)?.standing.state)).max()?;
    Some(side(before, &of))
}

fn wrong(id: AccountId, stands: Side, before: Side, of: &Excesses, doubtful: bool) -> Option<Wrong> {
    let expected = side(before, of);
    // Untrusted prices at their best may keep an account from being liquidated, and never from being called.
    let held_up = doubtful && expected >= Side::Liquidating && stands >= Side::Called;
    let text = || {
        format!("{stands}, with excesses {:?} and net value {}", of.lines.map(|line| line.to_string()), of.net_value)
    };
    (stands != expected && !held_up).then(|| Wrong::of(STANDING, id, text(), expected.to_string()))
}

/// Whether a book that was kept margins an account as a new one does, explained or not.
#[must_use]
pub fn again(state: &State, (kept, fresh): (&mut Book, &mut Book), id: AccountId) -> Option<Wrong> {
    let found = [explain(state, kept, id).ok()?, amounts(state, fresh, id).ok()?];
    let [kept, fresh] = found.map(|margin| {
        [margin.requirement.initial.amount, margin.requirement.maintenance.amount, margin.equity.net_value.amount]
    });
    differs(id, kept, fresh)
}

/// Initial and maintenance margin and net value, to a cent.
fn differs(id: AccountId, kept: [Decimal; 3], fresh: [Decimal; 3]) -> Option<Wrong> {
    let apart =
        kept.iter().zip(&fresh).any(|(kept, fresh)| kept.minus(*fresh).is_ok_and(|by| by.abs() > Decimal::new(1, 2)));
    let text = |figures: [Decimal; 3]| format!("{:?}", figures.map(|figure| figure.to_string()));
    apart.then(|| Wrong::of(AGAIN, id, text(kept), text(fresh)))
}

/// Whether a change of level is the one that its own figures ask for.
#[must_use]
pub fn changed(state: &State, event: &Event) -> Option<Wrong> {
    let Event::LevelChanged { account: id, from, to, figures, .. } = event else { return None };
    let terms = &state.account(*id)?.terms;
    // A unit goes where its first account is put, wherever the others stood.
    if terms.group.is_some() {
        return None;
    }
    let of = over(
        (figures.initial, figures.maintenance),
        (figures.equity_initial, figures.equity, figures.net_value),
        &state.models.get(&terms.model)?.lines.policy,
    )?;
    let expected = side(*from, &of);
    let held_up = !all_trusted(state) && expected >= Side::Liquidating && *to >= Side::Called;
    let text = || format!("from {from} to {to} with {figures:?}");
    (*to != expected && !held_up).then(|| Wrong::of(LEVELS, *id, text(), expected.to_string()))
}

/// Whether every feed is trusted now.
#[must_use]
pub fn all_trusted(state: &State) -> bool {
    let trusted = |quality| quality == Quality::Trusted;
    state.market.feeds.values().all(|facts| facts.reading.is_none_or(|reading| trusted(reading.quality)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: [i64; 5], net_value: i64) -> Excesses {
        Excesses { lines: lines.map(Decimal::from_int), net_value: Decimal::from_int(net_value) }
    }

    #[test]
    fn who_crossed_a_line_and_sleeps_is_found() {
        let under = of([-5, -4, -3, -2, -1], 10);
        let id = AccountId(7);
        assert!(wrong(id, Side::Healthy, Side::Healthy, &under, false).is_some());
        assert!(wrong(id, Side::Called, Side::Called, &under, false).is_some());
        assert!(wrong(id, Side::Called, Side::Called, &under, true).is_none());
        assert!(wrong(id, Side::Liquidating, Side::Liquidating, &under, false).is_none());
    }

    #[test]
    fn a_table_of_old_prices_is_found() {
        let figures = |initial| [initial, 80, 1_000].map(Decimal::from_int);
        assert!(differs(AccountId(7), figures(100), figures(101)).is_some());
        assert!(differs(AccountId(7), figures(100), figures(100)).is_none());
    }

    #[test]
    fn who_is_liquidated_above_maintenance_is_found() {
        let above = of([3, 4, 5, 6, 7], 10);
        assert!(wrong(AccountId(7), Side::Liquidating, Side::Liquidating, &above, false).is_some());
        let between = of([-9, -3, -2, -1, 4], 10);
        assert!(wrong(AccountId(7), Side::Liquidating, Side::Liquidating, &between, false).is_none());
    }
}
