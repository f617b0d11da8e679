//! The engine's own orders, which close accounts.

use plimsoll_core::{AccountId, Side};
use plimsoll_engine::account::Mode;
use plimsoll_engine::{OpenOrder, State};
use plimsoll_margin::level;
use plimsoll_pricing::float::float;

use super::Wrong;

/// The promise.
pub const ORDERS: &str = "orders that close reduce or hedge, inside the band of the mark";
/// The promise of their end.
pub const CURED: &str = "who is cured has no closing orders";

/// What is wrong with an order before it is placed.
#[must_use]
pub fn order(state: &State, id: AccountId, terms: &OpenOrder) -> Option<Wrong> {
    let instrument = &state.contract(terms.contract)?.instrument;
    let account = state.account(id)?;
    let held = account.holding(terms.contract).quantity.0;
    let size = terms.quantity.0;
    let sign = if terms.side == Side::Buy { 1 } else { -1 };
    let reduces = held.signum() * sign < 0 && size <= held.abs();
    let underlying = instrument.terms().underlying;
    let unit = state.margined_with(id);
    let holds_beside = (unit.iter().filter_map(|id| state.account(*id))).any(|known| {
        let of = |contract: &plimsoll_engine::ContractId| state.contract(*contract);
        known.holdings.keys().filter_map(of).any(|it| it.instrument.terms().underlying == underlying)
    });
    let may_open =
        matches!(account.terms.mode, Mode::Portfolio | Mode::MultiCurrency) && !account.terms.limits.reduce_only;
    let hedges = may_open && holds_beside && instrument.strike().is_none() && !instrument.only_moves_balances();
    if !reduces && !hedges {
        return Some(Wrong::of(ORDERS, id, format!("{terms:?} of {held}"), "an order that reduces or hedges"));
    }
    let mark = float(state.market.marks.get(&terms.contract)?.price?);
    let (price, band) = (float(terms.price.value), float(state.liquidation.band) * mark);
    let outside = (price - mark).abs() > band * (1.0 + 1e-9) + 1e-12;
    outside.then(|| Wrong::of(ORDERS, id, format!("{terms:?}"), format!("within {band} of {mark}")))
}

/// Orders that are still there when a wave begins.
#[must_use]
pub fn cleared(state: &State, id: AccountId) -> Option<Wrong> {
    let (order, terms) = state.account(id)?.orders.first_key_value()?;
    Some(Wrong::of(ORDERS, id, format!("order {order} beside a wave: {terms:?}"), "only what the wave places"))
}

/// A closing order of somebody who stands above the lines. The engine numbers its own above all others.
#[must_use]
pub fn left_over(state: &State) -> Option<Wrong> {
    state.numbered().find_map(|(id, account)| {
        let (order, terms) = account.orders.last_key_value().filter(|(order, _)| order.closes())?;
        let side = account.standing.state;
        (side < level::State::Liquidating)
            .then(|| Wrong::of(CURED, id, format!("order {order} of one who is {side}: {terms:?}"), "none"))
    })
}
