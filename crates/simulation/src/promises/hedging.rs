//! The engine's own orders, which close accounts.

use plimsoll_core::{AccountId, Side};
use plimsoll_engine::account::Mode;
use plimsoll_engine::{OpenOrder, State};
use plimsoll_margin::level;
use plimsoll_pricing::float::float;

use super::equity::of_units;
use super::exact::{Way, product};
use super::mirror::cost;
use super::{Wrong, mark};

/// The promise.
pub const ORDERS: &str = "orders that close reduce, hedge or convert, inside the band of the mark";
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
    let hedges = may_open && holds_beside && instrument.strike().is_none();
    if instrument.only_moves_balances() {
        let (asked, there) = (converted(state, &unit, id, terms)?, convertible(state, &unit, id, terms)?);
        if asked > there + 1 {
            let found = format!("{terms:?}, {} coins in all", of_units(asked));
            return Some(Wrong::of(ORDERS, id, found, format!("at most {}", of_units(there))));
        }
    } else if !reduces && !hedges {
        return Some(Wrong::of(ORDERS, id, format!("{terms:?} of {held}"), "an order that reduces or hedges"));
    }
    let mark = float(state.market.marks.get(&terms.contract)?.price?);
    let (price, band) = (float(terms.price.value), float(state.liquidation.band) * mark);
    let outside = (price - mark).abs() > band * (1.0 + 1e-9) + 1e-12;
    outside.then(|| Wrong::of(ORDERS, id, format!("{terms:?}"), format!("within {band} of {mark}")))
}

/// What may be sold of an order's coin by the account, net of what it owes of it, or bought by its unit: what that is short
/// of it, losses counted that are not settled.
fn convertible(state: &State, unit: &[AccountId], id: AccountId, terms: &OpenOrder) -> Option<i128> {
    let coin = state.contract(terms.contract)?.instrument.terms().underlying.asset();
    let has = |id: AccountId| {
        let funds = state.account(id)?.funds.get(&coin).copied().unwrap_or_default();
        Some(funds.cash.units() - funds.borrowed.units() - funds.interest.units())
    };
    if terms.side == Side::Sell {
        return Some(has(id)?.max(0));
    }
    let mut all = 0;
    for id in unit {
        all += has(*id)?;
        for (contract, holding) in &state.account(*id)?.holdings {
            let instrument = &state.contract(*contract)?.instrument;
            if instrument.terms().settlement == coin && !instrument.is_paid_when_bought() {
                let mark = mark(state, *contract)?;
                all += cost(instrument, holding.quantity.0.units(), mark)? - holding.cost.units();
            }
        }
    }
    Some((-all).max(0))
}

/// Coins that an order and those placed before it convert, in every contract on them: of the account's sales, of its unit's
/// purchases.
fn converted(state: &State, unit: &[AccountId], id: AccountId, terms: &OpenOrder) -> Option<i128> {
    let coin = state.contract(terms.contract)?.instrument.terms().underlying;
    let theirs = unit.iter().filter(|other| terms.side == Side::Buy || **other == id);
    let open = theirs.filter_map(|id| state.account(*id)).flat_map(|known| known.orders.values());
    let mut sum = 0;
    for order in open.chain([terms]).filter(|order| order.side == terms.side) {
        let instrument = &state.contract(order.contract)?.instrument;
        if instrument.only_moves_balances() && instrument.terms().underlying == coin {
            sum += product(order.quantity.0.units(), instrument.terms().contract_size.units(), Way::Nearest)?;
        }
    }
    Some(sum)
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
