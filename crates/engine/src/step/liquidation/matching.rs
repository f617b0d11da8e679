//! Closing by force where no market does: each position against holders of the other side, at the mark or, where the account
//! is short of more than anybody pays, at the price at which their gains make up for it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Amount, Decimal, Price, Quantity, Rounding, Side, planted};
use plimsoll_margin::fold::Detail;
use plimsoll_pricing::instruments::{Instrument, Terms};

use super::super::Decision;
use super::super::orders::signed;
use super::super::trades::{Charged, Trade};
use super::ranking::gain;
use super::wave::Asked;
use crate::account::{ContractId, OpenOrder, OrderId};
use crate::breakers::notional_of;
use crate::command::TradeSide;
use crate::event::{Cancelled, Event};
use crate::ledger::Legs;
use crate::refusal::Refusal;

/// Decimals of a price at which positions are matched.
pub(super) const PLACES: u32 = 8;
/// A sale is matched at no more than so many times the mark.
const TIMES_MAX: i64 = 1_000;

impl Decision<'_> {
    /// Closes everything that a unit holds and may be closed, and settles what it is then short of.
    pub(super) fn take_over(&mut self, unit: &[AccountId], touched: &mut BTreeSet<AccountId>) {
        // Whatever cannot be worked out is left, and tried again.
        let _ = self.taken_over(unit, touched);
        self.level(unit);
    }

    fn taken_over(&mut self, unit: &[AccountId], touched: &mut BTreeSet<AccountId>) -> Result<(), Refusal> {
        self.charge_interest(unit)?;
        let held = self.members(unit).flat_map(|(id, account)| account.holdings.keys().map(move |it| (id, *it)));
        let held: Vec<(AccountId, ContractId)> = held.collect();
        let markets = self.markets_of(unit);
        let closed = self.closed(unit)?;
        let asked = self.asked_of_gains(&closed, &markets)?;
        let mut left = asked.clone();
        let shares = self.maintenance_shares(unit)?;
        for (id, contract) in held.into_iter().filter(|(_, contract)| self.may_close(*contract)).collect::<Vec<_>>() {
            let settlement = self.terms_of(contract).settlement;
            let whole = asked.get(&settlement).copied().unwrap_or_default();
            let of_asset = shares.iter().filter(|((_, other), _)| self.terms_of(*other).settlement == settlement);
            let all = of_asset.map(|(_, share)| *share).try_fold(Decimal::ZERO, Decimal::plus)?;
            let share = shares.get(&(id, contract)).copied().unwrap_or_default();
            let bears = if all.is_zero() { whole } else { whole.times_ratio(share, all, Rounding::Up)? };
            self.netted(unit, id, contract, touched)?;
            // Where nothing asks for maintenance all is asked of each, and together no more than there is.
            let left = left.entry(settlement).or_default();
            let borne = self.matched(id, contract, bears.min(*left), touched)?;
            *left = left.minus(borne)?.or_zero();
        }
        self.cover(unit, closed.is_insolvent(), &markets)
    }

    pub(super) fn terms_of(&self, contract: ContractId) -> &Terms {
        self.state.contracts[contract.index()].instrument.terms()
    }

    /// What each position asks for in maintenance alone: a deficit is allotted by it.
    pub(super) fn maintenance_shares(
        &mut self,
        unit: &[AccountId],
    ) -> Result<BTreeMap<(AccountId, ContractId), Decimal>, Refusal> {
        let made = self.book.current(self.state)?;
        let mut shares = BTreeMap::new();
        for id in unit {
            let account = self.state.account(*id).ok_or(Refusal::UnknownAccount(*id))?;
            let mut alone = account.clone();
            for (contract, holding) in &account.holdings {
                alone.holdings = [(*contract, *holding)].into();
                let margin = made.margin(self.state, &[&alone], &[], Detail::Amounts)?;
                shares.insert((*id, *contract), margin.requirement.maintenance.amount);
            }
        }
        Ok(shares)
    }

    /// Closes a position against other members of its unit, at the mark: between them nothing is lost.
    fn netted(
        &mut self,
        unit: &[AccountId],
        id: AccountId,
        contract: ContractId,
        touched: &mut BTreeSet<AccountId>,
    ) -> Result<(), Refusal> {
        for other in unit.iter().copied().filter(|other| *other != id) {
            let held = self.account(id)?.holding(contract).quantity.0;
            let theirs = self.account(other)?.holding(contract).quantity.0;
            if held.signum() * theirs.signum() < 0 {
                let taken = held.abs().min(theirs.abs());
                let traded = if held.signum() > 0 { taken.negated() } else { taken };
                let mark = self.mark(contract)?;
                let trade = self.forced(id, other, contract, traded, mark)?;
                self.emit(trade);
                touched.insert(other);
            }
        }
        Ok(())
    }

    pub(in crate::step) fn mark(&mut self, contract: ContractId) -> Result<Price, Refusal> {
        let made = self.book.current(self.state)?;
        Ok(made.market.priced(made.place(contract)?)?.mark)
    }

    /// Matches all of one position, whose price makes up for `bears` as far as the gains of the other side go; how much it
    /// made up for.
    fn matched(
        &mut self,
        id: AccountId,
        contract: ContractId,
        mut bears: Decimal,
        touched: &mut BTreeSet<AccountId>,
    ) -> Result<Decimal, Refusal> {
        let quantity = self.account(id)?.holding(contract).quantity.0;
        let (mut left, mut made_up) = (quantity.abs(), Decimal::ZERO);
        while !left.is_zero() {
            let mark = self.mark(contract)?;
            // A day whose budget is gone has nobody ranked for it.
            if self.within_budget(contract, left, mark)?.0.is_zero() {
                break;
            }
            let Some(other) = self.first_ranked(contract, quantity)? else { break };
            let instrument = self.state.contracts[contract.index()].instrument.clone();
            let theirs = self.account(other)?.holding(contract);
            let (taken, value) = self.within_budget(contract, left.min(theirs.quantity.0.abs()), mark)?;
            // What they paid for others was of the same gain.
            let paid = self.account(other)?.shared(contract);
            let gained = gain(&instrument, theirs, mark)?.minus(paid)?.or_zero();
            let gained = gained.times_ratio(taken, theirs.quantity.0.abs(), Rounding::Down)?;
            let asked = bears.times_ratio(taken, left, Rounding::Up)?.min(gained);
            let traded = if quantity.signum() > 0 { taken.negated() } else { taken };
            let price = if planted!(MatchedAtLimit) && asked.is_zero() {
                self.order(&Asked { account: id, contract, quantity: traded, closes: true })?.price
            } else {
                price_for(&instrument, traded, asked, mark)?
            };
            let got = instrument.fill_pnl(Quantity(traded), price, mark)?;
            let borne = self.in_currency(got)?;
            let trade = self.forced(id, other, contract, traded, price)?;
            self.emit(Event::Deleveraged { account: id, holder: other, contract, quantity: Quantity(taken), value });
            if got.value.signum() > 0 {
                self.emit(Event::Haircut { account: id, holder: other, amount: got, value: borne });
            }
            self.emit(trade);
            self.end_unmatched(other, contract, theirs.quantity.0)?;
            touched.insert(other);
            bears = bears.minus(got.value)?.or_zero();
            made_up = made_up.plus(got.value)?;
            left = left.minus(taken)?;
        }
        Ok(made_up)
    }

    /// Takes back what a holder has open to close a position of which it was matched, where more is open than is left: filled
    /// it would turn the position round.
    fn end_unmatched(&mut self, holder: AccountId, contract: ContractId, before: Decimal) -> Result<(), Refusal> {
        let account = self.account(holder)?;
        let closes = |(id, order): &(&OrderId, &OpenOrder)| {
            !id.closes() && order.contract == contract && signed(order).signum() * before.signum() < 0
        };
        let open: Vec<_> = account.orders.iter().filter(closes).map(|(id, order)| (*id, order.quantity.0)).collect();
        let all = open.iter().try_fold(Decimal::ZERO, |sum, (_, quantity)| sum.plus(*quantity))?;
        if all > account.holding(contract).quantity.0.abs() {
            for (order, _) in open {
                self.emit(Event::OrderCancelled { account: holder, order, why: Cancelled::Matched });
            }
        }
        Ok(())
    }

    /// As much of `quantity` as the day's budget of forced matching goes for, in whole lots, and its notional in the currency.
    fn within_budget(
        &self,
        contract: ContractId,
        quantity: Decimal,
        mark: Price,
    ) -> Result<(Decimal, Decimal), Refusal> {
        let value_of = |quantity| notional_of(self.state, contract, Quantity(quantity), mark.value);
        let value = value_of(quantity);
        let Some(budget) = self.state.liquidation.budgets.matched else { return Ok((quantity, value)) };
        let left = budget.minus(self.state.spent.on(self.at).matched)?.or_zero();
        if value <= left {
            return Ok((quantity, value));
        }
        let lot = self.state.contracts[contract.index()].instrument.terms().lot_size.0;
        let (lots, _) = quantity.times_ratio(left, value, Rounding::Down)?.split_by(lot).unwrap_or_default();
        let fits = lot.times_count(lots)?;
        Ok((fits, value_of(fits)))
    }

    /// What an amount is worth in the currency, rounded up.
    pub(super) fn in_currency(&mut self, amount: Amount) -> Result<Decimal, Refusal> {
        let made = self.book.current(self.state)?;
        Ok(amount.at(made.market.asset_price(amount.asset)?, Rounding::Up)?.value)
    }

    /// A trade without a fee between `id`, who trades `quantity`, and `other`, still to be told.
    pub(super) fn forced(
        &mut self,
        id: AccountId,
        other: AccountId,
        contract: ContractId,
        quantity: Decimal,
        price: Price,
    ) -> Result<Event, Refusal> {
        let instrument = self.state.contracts[contract.index()].instrument.clone();
        let (buyer, seller) = if quantity.signum() > 0 { (id, other) } else { (other, id) };
        let taker = if quantity.signum() > 0 { Side::Buy } else { Side::Sell };
        let quantity = Quantity(quantity.abs());
        let trade = Trade { contract, quantity, price, taker };
        let (mut legs, free) = (Legs::default(), Charged::default());
        let side = |account| TradeSide { account, order: None };
        let buyer = self.fill(&instrument, trade, side(buyer), (Side::Buy, free), &mut legs)?;
        let seller = self.fill(&instrument, trade, side(seller), (Side::Sell, free), &mut legs)?;
        let legs = legs.done();
        self.fits(&legs)?;
        Ok(Event::Traded { contract, quantity, price, buyer, seller, taker, closes: Some(id), legs })
    }
}

/// The price nearest to the mark at which trading `quantity` gains at least `asked` against it, in the settlement asset; the
/// furthest there is where none does.
pub(super) fn price_for(
    instrument: &Instrument,
    quantity: Decimal,
    asked: Decimal,
    mark: Price,
) -> Result<Price, Refusal> {
    if asked.signum() <= 0 {
        return Ok(mark);
    }
    let at = |count: i128| Ok::<_, Refusal>(Price::new(Decimal::new(1, PLACES).times_count(count)?, mark.quote));
    let suffices = |count: i128| -> Result<bool, Refusal> {
        Ok(instrument.fill_pnl(Quantity(quantity), at(count)?, mark)?.value >= asked)
    };
    let centre = mark.value.count(PLACES, Rounding::HalfEven);
    // The near end does not suffice; the far one is taken where nothing does.
    let (mut near, mut far) = if quantity.signum() > 0 {
        (centre.saturating_add(1), 1)
    } else {
        (centre.saturating_sub(1), centre.saturating_mul(i128::from(TIMES_MAX)))
    };
    while (near - far).abs() > 1 {
        let middle = far + (near - far) / 2;
        if suffices(middle)? { far = middle } else { near = middle }
    }
    at(far)
}
