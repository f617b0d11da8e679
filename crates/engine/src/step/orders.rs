//! Orders: the check before a trade.
//!
//! A healthy account places what initial margin allows with every open order counted at its worst fills. An account below
//! a line may place what does not raise maintenance margin and does not worsen equity ÷ maintenance, compared cross
//! multiplied; with no equity left, what lowers maintenance and costs no more than its fee.

use plimsoll_core::{AccountId, Decimal, Rounding, Side};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::{self, Level};
use plimsoll_margin::orders::whole_lots;

use super::Decision;
use super::trades::{Trade, position_after};
use crate::account::{Account, ContractId, Kind, Mode, OpenOrder, OrderId};
use crate::book::Made;
use crate::event::{Cancelled, Event};
use crate::refusal::Refusal;
use crate::state::State;

impl Decision<'_> {
    pub(super) fn place(&mut self, id: AccountId, order: OrderId, terms: &OpenOrder) -> Result<(), Refusal> {
        let account = self.account(id)?;
        self.check_order(terms)?;
        if account.orders.contains_key(&order) {
            return Err(Refusal::Duplicate(order.to_string().into()));
        }
        if account.frozen {
            return Err(Refusal::Frozen(id));
        }
        check_mode(id, account, terms.contract, self.state)?;
        if account.terms.kind != Kind::Outside {
            let made = self.book.current(self.state)?;
            let margin = admit(made, self.state, id, terms)?;
            let together = self.state.margined_with(id);
            let unit: Vec<&Account> = together.iter().filter_map(|each| self.state.account(*each)).collect();
            self.book.certify(self.state, together[0], &unit, &[terms], margin.as_ref());
        }
        self.emit(Event::OrderPlaced { account: id, order, terms: terms.clone() });
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: AccountId, order: OrderId) -> Result<(), Refusal> {
        if !self.account(id)?.orders.contains_key(&order) {
            return Err(Refusal::UnknownOrder { account: id, order });
        }
        self.emit(Event::OrderCancelled { account: id, order, why: Cancelled::Asked });
        // Who is healthy with an order at its worst is healthy without it, and sleeps as soundly.
        if self.account(id)?.standing.state != level::State::Healthy {
            self.levels([id]);
        }
        Ok(())
    }

    /// What can be said of an order without knowing whose it is.
    fn check_order(&self, terms: &OpenOrder) -> Result<(), Refusal> {
        let instrument = &self.open(terms.contract)?.instrument;
        Refusal::unless_positive("quantity", terms.quantity.0)?;
        Refusal::unless_positive("price", terms.price.value)?;
        let lot = instrument.terms().lot_size;
        if whole_lots(terms.quantity.0, lot.0).is_none() {
            return Err(Refusal::NotWholeLots { quantity: terms.quantity, lot });
        }
        let quote = instrument.price_asset();
        if terms.price.quote != quote {
            return Err(Refusal::Quote { price: terms.price, quote });
        }
        Ok(())
    }
}

/// Whether an account's mode allows `contract`.
fn check_mode(id: AccountId, account: &Account, contract: ContractId, state: &State) -> Result<(), Refusal> {
    let refused = |why| Err(Refusal::Mode { account: id, why });
    match account.terms.mode {
        Mode::Isolated => {
            let held = account.holdings.keys().chain(account.orders.values().map(|order| &order.contract));
            let mut others = held.filter(|held| **held != contract);
            if others.next().is_some() { refused("a bucket holds one contract") } else { Ok(()) }
        }
        Mode::Cross { asset } => {
            let settlement = state.contract(contract).map(|contract| contract.instrument.terms().settlement);
            if settlement == Some(asset) { Ok(()) } else { refused("it holds contracts settled in its own asset") }
        }
        Mode::MultiCurrency | Mode::Portfolio => Ok(()),
    }
}

/// Whether `order` may be placed; the margin with it where that keeps a healthy account above its initial margin.
fn admit(made: &Made, state: &State, id: AccountId, order: &OpenOrder) -> Result<Option<Margin>, Refusal> {
    let account = state.account(id).ok_or(Refusal::UnknownAccount(id))?;
    made.check_priced(order)?;
    own_limits(made, state, id, account, order)?;
    let together = state.margined_with(id);
    let unit: Vec<&Account> = together.iter().filter_map(|each| state.account(*each)).collect();
    if account.standing.state == level::State::Healthy {
        let margin = made.margin(state, &unit, &[order], Detail::Amounts)?;
        let standing = margin.levels.at(Level::Initial);
        let (required, equity) = (standing.requirement, standing.equity);
        if equity >= required {
            return Ok(Some(margin));
        }
        let short = |_| Refusal::InitialMarginShort { account: id, required, equity };
        return shrinks_risk(made, state, &unit, id, order).map(|()| None).map_err(short);
    }
    shrinks_risk(made, state, &unit, id, order).map(|()| None)
}

/// The rule of accounts below a line: the order, filled whole at its price with its fee, raises no maintenance margin
/// and worsens no ratio.
fn shrinks_risk(
    made: &Made,
    state: &State,
    unit: &[&Account],
    id: AccountId,
    order: &OpenOrder,
) -> Result<(), Refusal> {
    let account = state.account(id).ok_or(Refusal::UnknownAccount(id))?;
    let (filled, fee) = filled(made, state, account, order)?;
    let after_unit: Vec<&Account> =
        unit.iter().map(|each| if std::ptr::eq(*each, account) { &filled } else { *each }).collect();
    let before = made.margin(state, unit, &[], Detail::Amounts)?;
    let after = made.margin(state, &after_unit, &[], Detail::Amounts)?;
    let (equity_before, equity_after) = (before.equity.maintenance.amount, after.equity.maintenance.amount);
    let (before, after) = (before.requirement.maintenance.amount, after.requirement.maintenance.amount);
    let keeps_ratio = if equity_before.signum() < 0 {
        equity_after.plus(fee)? >= equity_before
    } else {
        at_least(equity_after, before, equity_before, after)
    };
    if after <= before && keeps_ratio {
        return Ok(());
    }
    let state = account.standing.state;
    Err(Refusal::Restricted { account: id, state, before, equity_before, after, equity_after })
}

/// Whether a × b ≥ c × d, exactly; products that do not fit are compared as quotients rounded against the account.
fn at_least(a: Decimal, b: Decimal, c: Decimal, d: Decimal) -> bool {
    match (a.times(b, Rounding::Down), c.times(d, Rounding::Up)) {
        (Ok(left), Ok(right)) => left >= right,
        _ => false,
    }
}

/// The account after `order` was filled whole, and the fee in the currency.
fn filled(made: &Made, state: &State, account: &Account, order: &OpenOrder) -> Result<(Account, Decimal), Refusal> {
    let contract = state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
    let quantity = match order.side {
        Side::Buy => order.quantity,
        Side::Sell => order.quantity.negated(),
    };
    let quantity =
        if order.reduce_only { capped(quantity.0, account.holding(order.contract).quantity.0) } else { quantity.0 };
    let trade = Trade { contract: order.contract, quantity: order.quantity, price: order.price, taker: order.side };
    let position = position_after(&contract.instrument, account.holding(order.contract), quantity, trade.price)?;
    let mut after = account.clone();
    after.holdings.insert(order.contract, position.after);
    after.holdings.retain(|_, holding| !holding.quantity.0.is_zero());
    for (asset, value) in position.cash {
        let funds = after.funds.entry(asset).or_default();
        funds.cash = funds.cash.plus(value)?;
    }
    let settlement = contract.instrument.terms().settlement;
    let notional = contract.instrument.cost(plimsoll_core::Quantity(quantity.abs()), trade.price)?.value.abs();
    let fee = notional.times(account.terms.taker_fee_rate, Rounding::Up)?;
    let funds = after.funds.entry(settlement).or_default();
    funds.cash = funds.cash.minus(fee)?;
    let price = made.market.asset_price(settlement).map_err(Refusal::from)?;
    Ok((after, fee.times(price.value, Rounding::Down)?))
}

/// What of `wanted` only shrinks `held`.
fn capped(wanted: Decimal, held: Decimal) -> Decimal {
    if wanted.signum() * held.signum() >= 0 {
        return Decimal::ZERO;
    }
    let most = wanted.abs().min(held.abs());
    if wanted.signum() < 0 { most.negated() } else { most }
}

/// Limits that traders set on themselves.
fn own_limits(made: &Made, state: &State, id: AccountId, account: &Account, order: &OpenOrder) -> Result<(), Refusal> {
    let limits = &account.terms.limits;
    let held = account.holding(order.contract).quantity.0;
    let signed = if order.side == Side::Buy { order.quantity.0 } else { order.quantity.0.negated() };
    let reduces = capped(signed, held) == signed;
    if reduces {
        return Ok(());
    }
    if limits.reduce_only {
        let (limit, value) = ("position", held.plus(signed)?.abs());
        return Err(Refusal::TraderLimit { account: id, limit, value, most: held.abs() });
    }
    if limits.leverage_max.is_none() && limits.loss_max.is_none() {
        return Ok(());
    }
    let margin = made.margin(state, &[account], &[], Detail::Amounts)?;
    if let (Some(most), Some(from)) = (limits.loss_max, account.loss_from) {
        let value = from.minus(margin.equity.net_value.amount)?;
        if value > most {
            return Err(Refusal::TraderLimit { account: id, limit: "loss", value, most });
        }
    }
    if let Some(most) = limits.leverage_max {
        let mut gross = made.notional(order.contract, plimsoll_core::Quantity(held.plus(signed)?))?;
        for (contract, holding) in account.holdings.iter().filter(|(contract, _)| **contract != order.contract) {
            gross = gross.plus(made.notional(*contract, holding.quantity)?)?;
        }
        let equity = margin.equity.initial.amount;
        if gross > most.times(equity.or_zero(), Rounding::Down)? {
            let value = gross.over(equity.max(Decimal::new(1, 2)), Rounding::Up)?;
            return Err(Refusal::TraderLimit { account: id, limit: "leverage", value, most });
        }
    }
    Ok(())
}
