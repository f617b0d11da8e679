//! What is paid at once, the premium of an option or the other asset of spot: out of what is there, or on a loan.
//!
//! Whoever sells a coin may take out what it was paid, so that the money has to be there. What a buyer does not have the pool
//! lends it, where it would lend as much if it were asked; what the pool does not lend is not bought.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Side};
use plimsoll_pricing::instruments::Instrument;

use super::Decision;
use super::orders::{filled, only_reduces, signed};
use super::trades::{Trade, position_after};
use crate::account::{Account, Holding, Kind, OpenOrder};
use crate::command::TradeSide;
use crate::event::Event;
use crate::ledger::House;
use crate::refusal::Refusal;

impl Decision<'_> {
    /// Whether what an order would pay at once, with all that is open and pays of the same, is the account's own, backed, or
    /// would be lent: gains that nobody paid for buy nobody else's coins. What pays nothing may be placed whatever else is open.
    pub(super) fn can_pay(&mut self, id: AccountId, order: &OpenOrder) -> Result<(), Refusal> {
        let account = self.account(id)?;
        let may_owe = account.terms.kind == Kind::Outside;
        let contract = self.state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
        let mut pays: BTreeMap<Asset, Decimal> = paid(&contract.instrument, order)?.collect();
        if pays.is_empty() || self.buys_back(id, order)? {
            return Ok(());
        }
        let mut filled = vec![order.clone()];
        for open in account.orders.values() {
            let contract = self.state.contract(open.contract).ok_or(Refusal::UnknownContract(open.contract))?;
            for (asset, value) in paid(&contract.instrument, open)? {
                if let Some(sum) = pays.get_mut(&asset) {
                    *sum = sum.plus(value)?;
                    filled.push(open.clone());
                }
            }
        }
        for (asset, value) in pays {
            let account = self.account(id)?;
            self.spends_what_is_backed(id, Amount::new(value, asset))?;
            let short = Amount::new(short_of(account, asset, value)?, asset);
            if short.value.signum() > 0 && !may_owe {
                self.may_lend(id, short)?;
                self.is_priced_now(id)?;
                self.secures(id, &filled)?;
            }
        }
        Ok(())
    }

    /// Whether initial margin allows a loan once `orders` are filled, with gains as far as somebody has paid for them. Of who
    /// has no other gains the order's own check says so.
    fn secures(&mut self, id: AccountId, orders: &[OpenOrder]) -> Result<(), Refusal> {
        let before = self.account(id)?.clone();
        let (mut after, _) = filled(self.book.current(self.state)?, self.state, &before, orders)?;
        for (asset, funds) in &mut after.funds {
            // Coins that were paid for are nobody's unpaid gain.
            let got = funds.cash.minus(before.cash(*asset).or_zero())?.or_zero();
            funds.principal = funds.principal.plus(got)?;
        }
        let mut unit = self.unit_with(id, &after);
        if self.leave_unpaid(&mut unit, Amount::zero(self.state.currency))? {
            return self.unit_covers_initial(id, &unit, false);
        }
        Ok(())
    }

    /// Whether an order closes options that an account sold: that is better done on credit than not at all.
    fn buys_back(&self, id: AccountId, order: &OpenOrder) -> Result<bool, Refusal> {
        let contract = self.state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
        let is_option = !contract.instrument.only_moves_balances();
        Ok(is_option && only_reduces(self.account(id)?, &contract.instrument, order)?)
    }

    /// The loan that a fill's payer takes, if any. What the order was let in for has to be there still, in the pool or behind
    /// a gain, unless it is the engine's own; who has no order, or buys back, owes what the pool does not lend. No breaker
    /// and no doubt about a price stops what was ordered before it.
    pub(super) fn lent_for(
        &mut self,
        instrument: &Instrument,
        trade: Trade,
        side: TradeSide,
        way: Side,
    ) -> Result<Vec<Event>, Refusal> {
        let account = self.account(side.account)?;
        let Trade { contract, quantity, price, .. } = trade;
        let traded = OpenOrder { contract, side: way, quantity, price, reduce_only: false };
        let Some((asset, value)) = paid(instrument, &traded)?.next() else { return Ok(Vec::new()) };
        let held = account.holding(contract).quantity.0;
        let buys_back = !instrument.only_moves_balances() && held.plus(quantity.0)?.signum() <= 0;
        let is_asked = side.order.is_some_and(|order| !order.closes()) && !buys_back;
        if is_asked {
            self.spends_what_is_backed(side.account, Amount::new(value, asset))?;
        }
        let short = Amount::new(short_of(account, asset, value)?, asset);
        if short.value.signum() <= 0 || account.terms.kind == Kind::Outside {
            return Ok(Vec::new());
        }
        if is_asked {
            self.secures(side.account, &[traded])?;
        }
        match self.spares(House::Lending, short) {
            Ok(()) => self.loan(side.account, short),
            Err(refusal) if is_asked => Err(refusal),
            Err(_) => Ok(Vec::new()),
        }
    }
}

impl Decision<'_> {
    /// The loans that whoever takes over `orders` takes to pay for them: as for orders of its own, granted now.
    pub(super) fn lent_to(&mut self, id: AccountId, orders: &[OpenOrder]) -> Result<Vec<Event>, Refusal> {
        let mut pays: BTreeMap<Asset, Decimal> = BTreeMap::new();
        for order in orders {
            let contract = self.state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
            for (asset, value) in paid(&contract.instrument, order)? {
                let sum = pays.entry(asset).or_default();
                *sum = sum.plus(value)?;
            }
        }
        let mut lent = Vec::new();
        for (asset, value) in pays {
            self.spends_what_is_backed(id, Amount::new(value, asset))?;
            let account = self.account(id)?;
            let short = Amount::new(short_of(account, asset, value)?, asset);
            if short.value.signum() > 0 && account.terms.kind != Kind::Outside {
                self.may_lend(id, short)?;
                self.is_priced_now(id)?;
                self.secures(id, orders)?;
                lent.extend(self.loan(id, short)?);
            }
        }
        Ok(lent)
    }

    /// What the engine's own orders of an account are to pay of an asset.
    pub(super) fn pledged(&self, account: &Account, asset: Asset) -> Result<Decimal, Refusal> {
        let mut pledged = Decimal::ZERO;
        for (_, order) in account.orders.iter().filter(|(id, _)| id.closes()) {
            let contract = self.state.contract(order.contract).ok_or(Refusal::UnknownContract(order.contract))?;
            for (_, value) in paid(&contract.instrument, order)?.filter(|(of, _)| *of == asset) {
                pledged = pledged.plus(value)?;
            }
        }
        Ok(pledged)
    }
}

/// What an account is lent to pay `value`: what it does not have, and with that what it is short of already, so that whoever is
/// paid gets money that is there.
fn short_of(account: &Account, asset: Asset, value: Decimal) -> Result<Decimal, Refusal> {
    let cash = account.cash(asset);
    Ok(if value > cash.or_zero() { value.minus(cash)? } else { Decimal::ZERO })
}

/// What an order pays at once when it is filled whole, by asset.
fn paid(instrument: &Instrument, order: &OpenOrder) -> Result<impl Iterator<Item = (Asset, Decimal)>, Refusal> {
    let moved = if instrument.is_paid_when_bought() {
        position_after(instrument, Holding::default(), signed(order), order.price)?.cash
    } else {
        Vec::new()
    };
    Ok(moved.into_iter().filter(|(_, value)| value.signum() < 0).map(|(asset, value)| (asset, value.abs())))
}
