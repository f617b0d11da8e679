//! Orders: the check before a trade.
//!
//! A healthy account places what initial margin allows with every open order counted at its worst fills: by its model, or,
//! where that counts none, with the order filled alone and with all of its side. An account below a line may place what does
//! not raise maintenance margin and does not worsen equity ÷ maintenance, compared cross multiplied; with no equity left,
//! what lowers maintenance and costs no more than its fee.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Decimal, NumberError, Quantity, Rounding, Side, Underlying};
use plimsoll_margin::Account as Read;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::{self, Level};
use plimsoll_margin::orders::whole_lots;
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::Instrument;

use super::Decision;
use super::trades::position_after;
use crate::account::{Account, ContractId, Kind, Mode, OpenOrder, OrderId, TraderLimits};
use crate::book::Made;
use crate::event::{Cancelled, Event};
use crate::refusal::Refusal;
use crate::state::State;

impl Decision<'_> {
    pub(super) fn place(&mut self, id: AccountId, order: OrderId, terms: &OpenOrder) -> Result<(), Refusal> {
        let account = self.account(id)?;
        self.check_order(terms)?;
        if order.closes() {
            let what = order.to_string().into();
            return Err(Refusal::NotAllowed { what, why: "orders are numbered below 2^52: others are the engine's" });
        }
        if account.orders.contains_key(&order) {
            return Err(Refusal::Duplicate(order.to_string().into()));
        }
        self.may_place(id, terms)?;
        if account.frozen {
            return Err(Refusal::Frozen(id));
        }
        check_mode(id, account, terms.contract, self.state)?;
        self.opens_on_trust(id, terms)?;
        self.can_pay(id, terms)?;
        let (account, mut falls_short) = (self.account(id)?, false);
        if account.terms.kind != Kind::Outside && !self.covers_order(id, terms) {
            let made = self.book.current(self.state)?;
            let found = admit(made, self.state, id, terms)?;
            falls_short = found.is_none();
            let found = found.as_ref().map(|(margin, read)| (margin, read));
            let together = self.state.margined_with(id);
            self.book.certify(self.state, together[0], &self.account(id)?.terms.model.clone(), found);
        }
        self.emit(Event::OrderPlaced { account: id, order, terms: terms.clone() });
        if falls_short {
            // Initial margin does not cover it: it was let in because it shrinks risk once it is filled.
            self.levels([id]);
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: AccountId, order: OrderId) -> Result<(), Refusal> {
        let unknown = Refusal::UnknownOrder { account: id, order };
        let terms = self.account(id)?.orders.get(&order).ok_or(unknown)?.clone();
        if order.closes() {
            let what = order.to_string().into();
            return Err(Refusal::NotAllowed {
                what,
                why: "an order that closes an account is the engine's to take back",
            });
        }
        self.emit(Event::OrderCancelled { account: id, order, why: Cancelled::Asked });
        if !self.is_relieved(id, &terms) && !self.covers_order(id, &terms) {
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
pub(super) fn check_mode(id: AccountId, account: &Account, contract: ContractId, state: &State) -> Result<(), Refusal> {
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
fn admit(made: &Made, state: &State, id: AccountId, order: &OpenOrder) -> Result<Option<(Margin, Read)>, Refusal> {
    let account = state.account(id).ok_or(Refusal::UnknownAccount(id))?;
    made.check_priced(order)?;
    own_limits(made, state, id, account, order)?;
    let together = state.margined_with(id);
    let unit: Vec<&Account> = together.iter().filter_map(|each| state.account(*each)).collect();
    if account.standing.state != level::State::Healthy {
        return shrinks_risk(made, state, &unit, id, order).map(|()| None);
    }
    let counted = counted(account, order, unit.len() > 1);
    let more: Vec<&OpenOrder> = counted.iter().collect();
    let read = made.read(&unit, &more)?;
    let margin = made.margin_of(state, &account.terms.model, &read, Detail::Amounts)?;
    let at_initial = |margin: &Margin| {
        let standing = margin.levels.at(Level::Initial);
        (standing.requirement, standing.equity)
    };
    let (mut required, mut equity) = at_initial(&margin);
    if equity >= required && !made.judge(&account.terms.model)?.counts_worst_fills() {
        (required, equity) =
            worst_filled(made, state, &unit, account, order)?.as_ref().map_or((required, equity), at_initial);
    }
    if equity >= required {
        return Ok(Some((margin, read)));
    }
    let short = |_| Refusal::InitialMarginShort { account: id, required, equity };
    shrinks_risk(made, state, &unit, id, order).map(|()| None).map_err(short)
}

/// An order as its unit is to count it: one that may only reduce stands against its own account's position.
fn counted(account: &Account, order: &OpenOrder, is_shared: bool) -> Option<OpenOrder> {
    if !(is_shared && order.reduce_only) {
        return Some(order.clone());
    }
    let cut = capped(signed(order), account.holding(order.contract).quantity.0).abs();
    (!cut.is_zero()).then(|| OpenOrder { quantity: Quantity(cut), reduce_only: false, ..order.clone() })
}

/// For a model that does not count orders at their worst: the margin with the order filled alone, or with all orders of its
/// side filled, whichever leaves less.
fn worst_filled(
    made: &Made,
    state: &State,
    unit: &[&Account],
    account: &Account,
    order: &OpenOrder,
) -> Result<Option<Margin>, Refusal> {
    let same_side = account.orders.values().filter(|open| open.side == order.side);
    let all: Vec<OpenOrder> = same_side.chain([order]).cloned().collect();
    let mut worst: Option<Margin> = None;
    for orders in [vec![order.clone()], all] {
        let (after, _) = filled(made, state, account, &orders)?;
        let margin = made.margin(state, &replaced(unit, account, &after), &[], Detail::Amounts)?;
        let excess = |margin: &Margin| margin.levels.at(Level::Initial).excess;
        if worst.as_ref().is_none_or(|known| excess(&margin) < excess(known)) {
            worst = Some(margin);
        }
    }
    Ok(worst)
}

/// The rule of accounts below a line: the order, filled whole at its price with its fee, raises no maintenance margin and
/// worsens no ratio; neither with all that its account has open on that side of that contract, nor with all that its unit has
/// open the same way in the underlying.
fn shrinks_risk(
    made: &Made,
    state: &State,
    unit: &[&Account],
    id: AccountId,
    order: &OpenOrder,
) -> Result<(), Refusal> {
    let account = state.account(id).ok_or(Refusal::UnknownAccount(id))?;
    let way = way(state, order);
    let same = |open: &OpenOrder| open.contract == order.contract && open.side == order.side;
    let likewise = |open: &OpenOrder| self::way(state, open) == way;
    let with = |counts: &dyn Fn(&Account, &OpenOrder) -> bool| {
        let of = |member: &&Account| -> Vec<OpenOrder> {
            let open = member.orders.values().filter(|open| counts(member, open)).cloned();
            open.chain(std::ptr::eq(*member, account).then(|| order.clone())).collect()
        };
        unit.iter().map(of).collect::<Vec<_>>()
    };
    let alone = with(&|member, open| std::ptr::eq(member, account) && same(open));
    let all = with(&|_, open| likewise(open));
    shrinks_filled(made, state, unit, (id, account), &alone)?;
    if all == alone { Ok(()) } else { shrinks_filled(made, state, unit, (id, account), &all) }
}

/// The underlying that an order moves an account in, and whether up.
fn way(state: &State, order: &OpenOrder) -> Option<(Underlying, bool)> {
    let instrument = &state.contract(order.contract)?.instrument;
    let is_put = instrument.right() == Some(Right::Put);
    Some((instrument.terms().underlying, (order.side == Side::Buy) != is_put))
}

/// The same with these orders of each member filled and none of theirs left open.
fn shrinks_filled(
    made: &Made,
    state: &State,
    unit: &[&Account],
    (id, account): (AccountId, &Account),
    orders: &[Vec<OpenOrder>],
) -> Result<(), Refusal> {
    let (mut calm, mut after, mut fee) = (Vec::new(), Vec::new(), Decimal::ZERO);
    for (member, orders) in unit.iter().zip(orders) {
        if orders.is_empty() {
            calm.push((*member).clone());
            after.push((*member).clone());
            continue;
        }
        let (filled, paid) = filled(made, state, member, orders)?;
        fee = fee.plus(paid)?;
        after.push(filled);
        calm.push(Account { orders: BTreeMap::new(), ..(*member).clone() });
    }
    let of = |unit: &[Account]| made.margin(state, &unit.iter().collect::<Vec<_>>(), &[], Detail::Amounts);
    let (before, after) = (of(&calm)?, of(&after)?);
    let (equity_before, equity_after) = (before.equity.maintenance.amount, after.equity.maintenance.amount);
    let (before, after) = (before.requirement.maintenance.amount, after.requirement.maintenance.amount);
    let costs_its_fee = equity_after.plus(fee)? >= equity_before;
    let shrinks = match (equity_before.signum() < 0, after == before) {
        // Nothing is left: only what lowers the requirement, at no more than its fee.
        (true, same) => !same && after < before && costs_its_fee,
        (false, true) => costs_its_fee && equity_after.signum() >= 0,
        (false, false) => {
            let ratio = equity_after.compare_products(before, equity_before, after);
            after < before && ratio != Ordering::Less && equity_after.signum() >= 0
        }
    };
    if shrinks {
        return Ok(());
    }
    let state = account.standing.state;
    Err(Refusal::Restricted { account: id, state, before, equity_before, after, equity_after })
}

/// `unit` with `after` in the place of `account`.
fn replaced<'a>(unit: &[&'a Account], account: &Account, after: &'a Account) -> Vec<&'a Account> {
    unit.iter().map(|each| if std::ptr::eq(*each, account) { after } else { *each }).collect()
}

/// The account after `orders` were filled whole, with none left open, and their fees in the currency.
pub(super) fn filled(
    made: &Made,
    state: &State,
    account: &Account,
    orders: &[OpenOrder],
) -> Result<(Account, Decimal), Refusal> {
    let mut after = account.clone();
    after.orders.clear();
    let mut fees = Decimal::ZERO;
    for order in orders {
        let contract = state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
        let held = after.holding(order.contract);
        let wanted = signed(order);
        let quantity = if order.reduce_only { capped(wanted, held.quantity.0) } else { wanted };
        let position = position_after(&contract.instrument, held, quantity, order.price)?;
        after.holdings.insert(order.contract, position.after);
        after.holdings.retain(|_, holding| !holding.quantity.0.is_zero());
        let settlement = contract.instrument.terms().settlement;
        let notional = contract.instrument.cost(Quantity(quantity.abs()), order.price)?.value.abs();
        let fee = notional.times(account.terms.taker_fee_rate, Rounding::Up)?;
        for (asset, value) in position.cash.into_iter().chain([(settlement, fee.negated())]) {
            let funds = after.funds.entry(asset).or_default();
            funds.cash = funds.cash.plus(value)?;
        }
        fees = fees.plus(fee.times(made.market.asset_price(settlement)?.value, Rounding::Down)?)?;
    }
    Ok((after, fees))
}

/// What an order trades, with all that the account has open on its side of the contract.
fn wanted(account: &Account, order: &OpenOrder) -> Result<Decimal, NumberError> {
    let same = |open: &&OpenOrder| open.contract == order.contract && open.side == order.side;
    account.orders.values().filter(same).try_fold(signed(order), |sum, open| sum.plus(signed(open)))
}

/// Whether an order can only shrink what is held, with all that is open beside it: of spot, coins that are there, or owed.
pub(super) fn only_reduces(account: &Account, instrument: &Instrument, order: &OpenOrder) -> Result<bool, NumberError> {
    if order.reduce_only {
        return Ok(true);
    }
    let terms = instrument.terms();
    let held = if instrument.only_moves_balances() {
        let funds = account.funds.get(&terms.underlying.asset()).copied().unwrap_or_default();
        let owed = funds.borrowed.plus(funds.interest)?.minus(funds.cash)?;
        let coins = if order.side == Side::Buy { owed } else { funds.cash };
        let held = coins.or_zero().over(terms.contract_size, Rounding::Down)?;
        if order.side == Side::Buy { held.negated() } else { held }
    } else {
        account.holding(order.contract).quantity.0
    };
    let wanted = wanted(account, order)?;
    Ok(capped(wanted, held) == wanted)
}

/// What of `wanted` only shrinks `held`.
fn capped(wanted: Decimal, held: Decimal) -> Decimal {
    if wanted.signum() * held.signum() >= 0 {
        return Decimal::ZERO;
    }
    let most = wanted.abs().min(held.abs());
    if wanted.signum() < 0 { most.negated() } else { most }
}

pub(super) const fn signed(order: &OpenOrder) -> Decimal {
    match order.side {
        Side::Buy => order.quantity.0,
        Side::Sell => order.quantity.0.negated(),
    }
}

/// Limits that traders set on themselves, with all that is open filled.
pub(super) fn own_limits(
    made: &Made,
    state: &State,
    id: AccountId,
    account: &Account,
    order: &OpenOrder,
) -> Result<(), Refusal> {
    let limits = &account.terms.limits;
    if *limits == TraderLimits::default() {
        return Ok(());
    }
    let contract = state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
    if only_reduces(account, &contract.instrument, order)? {
        return Ok(());
    }
    let held = account.holding(order.contract).quantity.0;
    let wanted = wanted(account, order)?;
    let exceeds = |limit, value, most| Err(Refusal::TraderLimit { account: id, limit, value, most });
    if limits.reduce_only {
        return exceeds("position", held.plus(wanted)?.abs(), held.abs());
    }
    let margin = made.margin(state, &[account], &[], Detail::Amounts)?;
    if let (Some(most), Some(from)) = (limits.loss_max, account.loss_from) {
        let value = from.minus(margin.equity.net_value.amount)?;
        if value > most {
            return exceeds("loss", value, most);
        }
    }
    if let Some(most) = limits.leverage_max {
        let mut gross = made.notional(order.contract, Quantity(held.plus(wanted)?))?;
        for (contract, holding) in account.holdings.iter().filter(|(contract, _)| **contract != order.contract) {
            gross = gross.plus(made.notional(*contract, holding.quantity)?)?;
        }
        for open in account.orders.values().filter(|open| open.contract != order.contract) {
            gross = gross.plus(made.notional(open.contract, open.quantity)?)?;
        }
        let equity = margin.equity.initial.amount;
        if gross > most.times(equity.or_zero(), Rounding::Down)? {
            return exceeds("leverage", gross.over(equity.max(Decimal::new(1, 2)), Rounding::Up)?, most);
        }
    }
    Ok(())
}
