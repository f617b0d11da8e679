//! What happens when time is told: interest, expiry, calls that run out, parameters that were announced.

use plimsoll_core::{AccountId, Asset, Decimal, Price, Rounding, Timestamp, Underlying, planted};

use super::Decision;
use crate::account::ContractId;
use crate::book::Made;
use crate::event::{Cancelled, Event};
use crate::ledger::{Holder, House, Legs};
use crate::market::{Feed, FeedFacts, PriceBatch, Reading};
use crate::refusal::Refusal;
use crate::state::State;

impl Decision<'_> {
    pub(super) fn tick(&mut self) -> Result<(), Refusal> {
        let interest = self.interest();
        let settled = self.due_contracts(|contract| settlement_price(self.state, contract));
        let priced = self.reread();
        let mut touched: Vec<AccountId> = interest.iter().flat_map(Event::accounts).collect();
        touched.extend(settled.iter().flat_map(Event::accounts));
        for event in interest {
            self.emit(event);
        }
        if let Some((event, made)) = priced {
            self.emit(event);
            self.book.keep(made, self.state);
            touched.extend(self.book.woken(self.state));
        }
        touched.extend(self.settle_all(settled));
        let changed = self.announced();
        if changed {
            self.everybody();
        } else {
            self.levels(touched);
        }
        self.calls();
        self.carry_out();
        Ok(())
    }

    /// What feeds say now, where silence has changed that: quotes that went stale, collateral that decays.
    fn reread(&self) -> Option<(Event, Made)> {
        let (facts, readings) = self.market_after(&PriceBatch::default()).ok()?;
        let before = &self.state.market;
        let says_another = |(feed, now): &(Feed, Reading)| {
            let known = before.feeds.get(feed).and_then(|known| known.reading);
            known.is_none_or(|known| (known.price, known.quality, known.slow) != (now.price, now.quality, now.slow))
        };
        let decays = |(feed, known): (&Feed, &FeedFacts)| {
            let (Some(rule), Some(reading)) = (self.state.trust(*feed), known.reading) else { return false };
            reading.collateral_price(rule, before.as_of) != reading.collateral_price(rule, self.at)
        };
        if !readings.iter().any(says_another) && !facts.feeds.iter().any(decays) {
            return None;
        }
        let made = self.book.with(self.state, &facts).ok()?;
        Some((Event::Priced { batch: PriceBatch::default(), readings }, made))
    }

    pub(super) fn settle(&mut self, underlying: Underlying, expiry: Timestamp, price: Price) -> Result<(), Refusal> {
        if !self.state.underlyings.contains_key(&underlying) {
            return Err(Refusal::UnknownUnderlying(underlying));
        }
        Refusal::unless_positive("price", price.value)?;
        if expiry > self.at {
            return Err(Refusal::NotExpired { contract: underlying.as_str().into(), expiry });
        }
        let of_expiry = |contract: ContractId| {
            let instrument = &self.state.contracts[contract.index()].instrument;
            let is_due = instrument.terms().underlying == underlying && instrument.expiry() == Some(expiry);
            is_due.then(|| exchanged(self.state, price, instrument.terms().quote)).flatten().map(|price| (price, 0))
        };
        let settled = self.due_contracts(of_expiry);
        if settled.is_empty() {
            let what = underlying.as_str().into();
            return Err(Refusal::NotAllowed { what, why: "no contract of this expiry is left to settle" });
        }
        let mut touched: Vec<AccountId> = settled.iter().flat_map(Event::accounts).collect();
        touched.extend(self.settle_all(settled));
        self.levels(touched);
        Ok(())
    }

    /// Settlements of what has expired and `price` gives a price and a count of readings for.
    /// One that no sum holds at its price is left for a price that is published.
    fn due_contracts(&self, price: impl Fn(ContractId) -> Option<(Price, u32)>) -> Vec<Event> {
        let mut events = Vec::new();
        for (id, contract) in (0_u32..).map(ContractId).zip(&self.state.contracts) {
            let due =
                contract.settled_at.is_none() && contract.instrument.expiry().is_some_and(|expiry| expiry <= self.at);
            if let Some((price, readings)) = due.then(|| price(id)).flatten() {
                events.extend(self.settlement(id, price, readings).ok());
            }
        }
        events
    }

    fn settlement(&self, contract: ContractId, price: Price, readings: u32) -> Result<Event, Refusal> {
        let instrument = &self.state.contracts[contract.index()].instrument;
        let asset = instrument.terms().settlement;
        let is_paid = instrument.is_paid_when_bought();
        let (mut legs, mut holders) = (Legs::default(), Vec::new());
        let (mut costs, mut left_over) = (Decimal::ZERO, Decimal::ZERO);
        for (id, account) in self.state.numbered() {
            let Some(holding) = account.holdings.get(&contract) else { continue };
            let worth = instrument.worth_at_expiry(holding.quantity, price)?.value;
            let cost = if is_paid { Decimal::ZERO } else { holding.cost };
            legs.add(Holder::Account(id), asset, worth.minus(cost)?)?;
            costs = costs.plus(cost)?;
            left_over = left_over.minus(worth)?;
            holders.push(id);
        }
        legs.add(Holder::House(House::Clearing), asset, costs)?;
        legs.add(Holder::House(House::Rounding), asset, left_over)?;
        let legs = legs.done();
        self.fits(&legs)?;
        Ok(Event::Settled { contract, price, readings, holders, legs })
    }

    /// Settles one after the other, and says whose orders went with them. What does not fit after those before it is left.
    fn settle_all(&mut self, settled: Vec<Event>) -> Vec<AccountId> {
        let mut touched = Vec::new();
        for event in settled {
            if self.fits(event.legs()).is_err() {
                continue;
            }
            if let Event::Settled { contract, .. } = event {
                touched.extend(self.cancel_expired(contract));
            }
            self.emit(event);
        }
        touched
    }

    fn cancel_expired(&mut self, contract: ContractId) -> Vec<AccountId> {
        let of = |(id, account): (AccountId, &crate::account::Account)| {
            let orders = account.orders.iter().filter(|(_, order)| order.contract == contract);
            orders.map(|(order, _)| (id, *order)).collect::<Vec<_>>()
        };
        let open: Vec<_> = self.state.numbered().flat_map(of).collect();
        for (account, order) in &open {
            self.emit(Event::OrderCancelled { account: *account, order: *order, why: Cancelled::Expired });
        }
        open.into_iter().map(|(account, _)| account).collect()
    }

    /// Says of calls that ran out.
    fn calls(&mut self) {
        let late = |(_, account): &(AccountId, &crate::account::Account)| {
            account.standing.deadline.is_some_and(|deadline| deadline <= self.at)
        };
        let late: Vec<AccountId> = self.state.numbered().filter(late).map(|(id, _)| id).collect();
        for account in late {
            if let Some(figures) = self.figures(account) {
                self.emit(Event::CallExpired { account, figures });
            }
        }
    }
}

/// The mean of the index in the window, as it stood up to the expiry, and how many readings there were.
fn settlement_price(state: &State, contract: ContractId) -> Option<(Price, u32)> {
    let instrument = &state.contracts[contract.index()].instrument;
    let underlying = instrument.terms().underlying;
    let quote: Asset = state.underlyings.get(&underlying)?.quote;
    let expiry = instrument.expiry()?;
    let now = state.market.feeds.get(&Feed::Index(underlying))?.reading?.index_price();
    let opens = state.window_opens(underlying, expiry)?;
    let window = state.market.window(underlying, expiry, opens).after(Some(now), expiry, true);
    let value = if planted!(LastIndex) { now } else { window.mean()? };
    let count = window.readings;
    Some((exchanged(state, Price::new(value, quote), instrument.terms().quote)?, count))
}

/// A price counted in another asset, at what the two cost.
fn exchanged(state: &State, price: Price, quote: Asset) -> Option<Price> {
    if price.quote == quote {
        return Some(price);
    }
    let (from, to) = (state.price(price.quote)?, state.price(quote)?);
    Some(Price::new(price.value.times_ratio(from, to, Rounding::HalfEven).ok()?, quote))
}
