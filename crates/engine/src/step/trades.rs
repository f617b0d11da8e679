//! Trades, and what they cost: exact, to the last digit of both sides.
//!
//! A position keeps what its contracts cost. Closing a part of it takes that part of the cost out, and what the part
//! fetched beyond it becomes cash, from clearing. What is paid when bought moves its price between the two sides instead.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Asset, Decimal, Price, Quantity, Rounding, Side, planted};
use plimsoll_margin::fold::Detail;
use plimsoll_margin::orders::whole_lots;
use plimsoll_pricing::instruments::Instrument;

use super::Decision;
use super::orders::signed;
use crate::account::{Account, ContractId, Holding, Kind, OpenOrder};
use crate::command::TradeSide;
use crate::event::{Event, Filled};
use crate::ledger::{Holder, House, Leg, Legs};
use crate::refusal::Refusal;

/// What was traded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    pub(super) contract: ContractId,
    /// Positive.
    pub(super) quantity: Quantity,
    pub(super) price: Price,
    /// The side that took.
    pub(super) taker: Side,
}

/// What one side of a trade is charged, in the settlement asset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Charged {
    /// The venue's fee; below zero a rebate.
    pub(super) fee: Decimal,
    /// What the insurance fund takes.
    pub(super) penalty: Decimal,
}

/// A position after a fill.
pub(super) struct After {
    pub(super) after: Holding,
    /// P&L that became cash, or that the price already paid.
    pub(super) realised: Decimal,
    /// What the account gains at once.
    pub(super) cash: Vec<(Asset, Decimal)>,
}

impl Decision<'_> {
    pub(super) fn trade(&mut self, trade: Trade, buyer: TradeSide, seller: TradeSide) -> Result<(), Refusal> {
        self.account(buyer.account)?;
        self.account(seller.account)?;
        let instrument = self.open(trade.contract)?.instrument.clone();
        Refusal::unless_positive("quantity", trade.quantity.0)?;
        let lot = instrument.terms().lot_size;
        if whole_lots(trade.quantity.0, lot.0).is_none() {
            return Err(Refusal::NotWholeLots { quantity: trade.quantity, lot });
        }
        let quote = instrument.price_asset();
        if trade.price.quote != quote {
            return Err(Refusal::Quote { price: trade.price, quote });
        }
        Refusal::unless_positive("price", trade.price.value)?;
        if buyer.account == seller.account {
            let what = self.account(buyer.account)?.terms.name.clone();
            return Err(Refusal::NotAllowed { what, why: "an account does not trade with itself" });
        }
        self.check_filled(trade, buyer, Side::Buy)?;
        self.check_filled(trade, seller, Side::Sell)?;
        self.may_hold(trade, buyer, Side::Buy)?;
        self.may_hold(trade, seller, Side::Sell)?;
        let (bought, sold) = self.fees(&instrument, trade, buyer, seller)?;
        let bought = Charged { fee: bought, penalty: self.penalty(&instrument, trade, buyer, Side::Buy)? };
        let sold = Charged { fee: sold, penalty: self.penalty(&instrument, trade, seller, Side::Sell)? };
        let mut lent = self.lent_for(&instrument, trade, buyer, Side::Buy)?;
        lent.extend(self.lent_for(&instrument, trade, seller, Side::Sell)?);
        let mut legs = Legs::default();
        let buyer = self.fill(&instrument, trade, buyer, (Side::Buy, bought), &mut legs)?;
        let seller = self.fill(&instrument, trade, seller, (Side::Sell, sold), &mut legs)?;
        let legs = legs.done();
        let all: Vec<Leg> = lent.iter().flat_map(Event::legs).chain(&legs).copied().collect();
        self.fits(&all)?;
        let Trade { contract, quantity, price, taker } = trade;
        let limits = [&buyer, &seller].map(|filled| self.limit(filled));
        let borrowers: Vec<AccountId> = lent.iter().flat_map(Event::accounts).collect();
        lent.into_iter().for_each(|event| self.emit(event));
        self.emit(Event::Traded { contract, quantity, price, buyer, seller, taker, closes: None, legs });
        if instrument.only_moves_balances() {
            self.repay_converted(&buyer, instrument.terms().underlying.asset());
            self.repay_converted(&seller, instrument.terms().settlement);
        }
        for ((filled, limit), side) in [buyer, seller].iter().zip(limits).zip([Side::Buy, Side::Sell]) {
            let traded = OpenOrder { contract, side, quantity, price, reduce_only: false };
            if borrowers.contains(&filled.account) || !self.covers_fill(filled, &traded, limit) {
                self.levels([filled.account]);
            }
        }
        Ok(())
    }

    /// The limit price of the order that is filled.
    fn limit(&self, filled: &Filled) -> Option<Price> {
        Some(self.state.account(filled.account)?.orders.get(&filled.order?)?.price)
    }

    /// Whether the order that is said to be filled is one of this contract and side with that much left.
    fn check_filled(&self, trade: Trade, side: TradeSide, way: Side) -> Result<(), Refusal> {
        let Some(id) = side.order else { return Ok(()) };
        let account = self.account(side.account)?;
        let unknown = Refusal::UnknownOrder { account: side.account, order: id };
        let order = account.orders.get(&id).ok_or(unknown)?;
        let what = account.terms.name.clone();
        if order.contract != trade.contract || order.side != way {
            return Err(Refusal::NotAllowed { what, why: "the order is of another contract or side" });
        }
        let is_worse = match way {
            Side::Buy => trade.price.value > order.price.value,
            Side::Sell => trade.price.value < order.price.value,
        };
        if is_worse {
            let (value, expected) = (trade.price.value, "no worse than the order's limit");
            return Err(Refusal::OutOfBounds { what: "price", value, expected });
        }
        let held = account.holding(trade.contract).quantity.0;
        let against = if way == Side::Buy { held.negated() } else { held };
        if order.reduce_only && trade.quantity.0 > against {
            let (value, expected) = (trade.quantity.0, "at most the position that a reduce-only order shrinks");
            return Err(Refusal::OutOfBounds { what: "quantity", value, expected });
        }
        if order.quantity < trade.quantity {
            let (value, expected) = (trade.quantity.0, "at most what is left of the order");
            return Err(Refusal::OutOfBounds { what: "quantity", value, expected });
        }
        Ok(())
    }

    /// Whether an account with the contract can be margined: an order was margined with it, a trade without one was not. What
    /// cannot be margined is never liquidated either.
    fn may_hold(&mut self, trade: Trade, side: TradeSide, way: Side) -> Result<(), Refusal> {
        let account = self.account(side.account)?;
        let contract = trade.contract;
        if side.order.is_some() || account.terms.kind == Kind::Outside || account.holdings.contains_key(&contract) {
            return Ok(());
        }
        if self.open(contract)?.instrument.only_moves_balances() {
            return Ok(());
        }
        let Trade { quantity, price, .. } = trade;
        let traded = OpenOrder { contract, side: way, quantity, price, reduce_only: false };
        if self.is_margined_with(side.account, &account.terms.model, &traded) {
            return Ok(());
        }
        let holding = Holding { quantity: Quantity(signed(&traded)), cost: Decimal::ZERO };
        let alone = Account { holdings: [(contract, holding)].into(), orders: BTreeMap::new(), ..account.clone() };
        let made = self.book.current(self.state)?;
        made.margin(self.state, &[&alone], &[], Detail::Amounts)?;
        Ok(())
    }

    /// The fees of buyer and seller. A fee is rounded up and a rebate toward zero, against the account both; a rebate is paid
    /// out of what the other side pays, and is no more than that.
    fn fees(
        &self,
        instrument: &Instrument,
        trade: Trade,
        buyer: TradeSide,
        seller: TradeSide,
    ) -> Result<(Decimal, Decimal), Refusal> {
        let notional = instrument.cost(trade.quantity, trade.price)?.value.abs();
        let (taker, maker) = if trade.taker == Side::Buy { (buyer, seller) } else { (seller, buyer) };
        let taken = notional.times(self.account(taker.account)?.terms.taker_fee_rate, Rounding::Up)?;
        let rested = notional.times(self.account(maker.account)?.terms.maker_fee_rate, Rounding::Up)?;
        let rested = rested.max(taken.negated());
        Ok(if trade.taker == Side::Buy { (taken, rested) } else { (rested, taken) })
    }

    /// What the insurance fund takes of a fill that closes an account: no more than the account is worth after it, so that it
    /// does not cause the bankruptcy that it pays for.
    fn penalty(
        &mut self,
        instrument: &Instrument,
        trade: Trade,
        side: TradeSide,
        way: Side,
    ) -> Result<Decimal, Refusal> {
        let Some(order) = side.order.filter(|order| order.closes()) else { return Ok(Decimal::ZERO) };
        let orders = &self.account(side.account)?.orders;
        let quantity = if planted!(PenaltyWhole) { orders[&order].quantity } else { trade.quantity };
        let notional = instrument.cost(quantity, trade.price)?.value.abs();
        let wanted = notional.times(self.state.liquidation.fee_rate, Rounding::Up)?;
        let worth = self.figures(side.account).map_or(Decimal::ZERO, |figures| figures.net_value);
        let price = self.state.price(instrument.terms().settlement).unwrap_or(Decimal::ONE);
        let traded = if way == Side::Buy { trade.quantity.0 } else { trade.quantity.0.negated() };
        let mark = self.mark(trade.contract).ok();
        let gained = mark.map(|mark| instrument.fill_pnl(Quantity(traded), trade.price, mark)).transpose()?;
        let gained = gained.map_or(Decimal::ZERO, |gained| gained.value.min(Decimal::ZERO));
        Ok(wanted.min(worth.over(price, Rounding::Down)?.plus(gained)?.or_zero()))
    }

    /// One side: its position after, and its legs.
    pub(super) fn fill(
        &self,
        instrument: &Instrument,
        trade: Trade,
        side: TradeSide,
        (way, charged): (Side, Charged),
        legs: &mut Legs,
    ) -> Result<Filled, Refusal> {
        let account = self.account(side.account)?;
        let quantity = if way == Side::Buy { trade.quantity.0 } else { trade.quantity.0.negated() };
        let After { after, realised, cash } =
            position_after(instrument, account.holding(trade.contract), quantity, trade.price)?;
        let settlement = instrument.terms().settlement;
        let holder = Holder::Account(side.account);
        let is_paid = instrument.is_paid_when_bought();
        for (asset, value) in cash {
            legs.add(holder, asset, value)?;
            if !is_paid {
                legs.add(Holder::House(House::Clearing), asset, value.negated())?;
            }
        }
        let Charged { fee, penalty } = charged;
        legs.add(holder, settlement, fee.plus(penalty)?.negated())?;
        legs.add(Holder::House(House::Fees), settlement, fee)?;
        legs.add(Holder::House(House::Insurance), settlement, penalty)?;
        self.sums_fit(instrument, trade.contract, after, account.holding(trade.contract))?;
        Ok(Filled { account: side.account, order: side.order, after, realised, fee, penalty })
    }

    fn sums_fit(
        &self,
        instrument: &Instrument,
        contract: ContractId,
        after: Holding,
        before: Holding,
    ) -> Result<(), Refusal> {
        let totals = &self.state.totals;
        let cost = totals.cost.get(&instrument.terms().settlement).copied().unwrap_or_default();
        cost.plus(after.cost.minus(before.cost)?)?;
        let held = totals.held.get(&contract).copied().unwrap_or_default();
        held.plus(after.quantity.minus(before.quantity)?)?;
        Ok(())
    }
}

/// What is held of `instrument` after `quantity` (sold, where negative) at `price`, what that realises, and the cash it
/// moves at once.
pub(super) fn position_after(
    instrument: &Instrument,
    before: Holding,
    quantity: Decimal,
    price: Price,
) -> Result<After, Refusal> {
    let settlement = instrument.terms().settlement;
    let cost = instrument.cost(Quantity(quantity), price)?.value;
    if instrument.only_moves_balances() {
        let coins = quantity.times(instrument.terms().contract_size, Rounding::HalfEven)?;
        let cash = vec![(instrument.terms().underlying.asset(), coins), (settlement, cost.negated())];
        return Ok(After { after: Holding::default(), realised: Decimal::ZERO, cash });
    }
    let held = before.quantity.0;
    let closes = held.signum() * quantity.signum() < 0;
    let closed = if closes { quantity.abs().min(held.abs()) } else { Decimal::ZERO };
    // What the closed part cost, and what of this trade's cost closed it: exact where either is whole.
    let whole = if planted!(FlipCost) { held.abs().max(quantity.abs()) } else { held.abs() };
    let cost_closed = share(before.cost, closed, whole)?;
    let trade_closing = share(cost, closed, quantity.abs())?;
    let realised = trade_closing.plus(cost_closed)?.negated();
    let after = Holding {
        quantity: Quantity(held.plus(quantity)?),
        cost: before.cost.minus(cost_closed)?.plus(cost.minus(trade_closing)?)?,
    };
    let cash = if instrument.is_paid_when_bought() { cost.negated() } else { realised };
    Ok(After { after, realised, cash: vec![(settlement, cash)] })
}

/// `of` × `part` ÷ `whole`: all of it where the part is the whole.
fn share(of: Decimal, part: Decimal, whole: Decimal) -> Result<Decimal, Refusal> {
    if part.is_zero() {
        Ok(Decimal::ZERO)
    } else if part == whole {
        Ok(of)
    } else {
        Ok(of.times_ratio(part, whole, Rounding::HalfEven)?)
    }
}
