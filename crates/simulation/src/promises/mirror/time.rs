//! What falls due: interest, expiries.

use plimsoll_core::{Asset, Decimal, Price, Timestamp, Underlying};
use plimsoll_engine::market::Feed;
use plimsoll_engine::{ContractId, Event, Holder, House};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{Instrument, Style};

use super::feeds::thousandths;
use super::{Fault, Mirror, Seen};
use crate::promises::exact::{ONE, Way, product, quotient, ratio};

impl Mirror {
    pub(super) fn tick(&mut self, at: Timestamp, events: &[Event]) -> Result<(), Fault> {
        let rated: Vec<Asset> =
            self.assets.iter().filter(|(_, rules)| !rules.borrow_rate.is_zero()).map(|(asset, _)| *asset).collect();
        rated.into_iter().try_for_each(|asset| self.charge_all(asset, at))?;
        let due = self.due(at);
        let priced: Vec<(ContractId, i128)> =
            due.iter().filter_map(|contract| Some((*contract, self.price_at_expiry(*contract)?))).collect();
        // What feeds say in silence is read when the engine reads it.
        if events.iter().any(|event| matches!(event, Event::Priced { .. })) {
            self.reread(at);
        }
        // What does not fit at that price waits for a settlement by hand.
        let fits = |(contract, price): &(ContractId, i128)| {
            let instrument = &self.contracts[contract.index()].instrument;
            self.holders(*contract).into_iter().all(|(_, held)| payoff(instrument, held, *price).is_some())
        };
        let priced: Vec<(ContractId, i128)> = priced.into_iter().filter(fits).collect();
        priced.into_iter().try_for_each(|(contract, price)| self.expire(contract, price))
    }

    pub(super) fn settle(&mut self, underlying: Underlying, expiry: Timestamp, price: Price) -> Result<(), Fault> {
        for contract in self.due(expiry) {
            let instrument = &self.contracts[contract.index()].instrument;
            if instrument.terms().underlying != underlying || instrument.expiry() != Some(expiry) {
                continue;
            }
            let quote = instrument.terms().quote;
            if let Some(price) = self.exchanged(price.value.units(), price.quote, quote) {
                self.expire(contract, price)?;
            }
        }
        Ok(())
    }

    fn due(&self, at: Timestamp) -> Vec<ContractId> {
        let all = (0_u32..).map(ContractId).zip(&self.contracts);
        let is_due =
            |known: &super::Contract| !known.settled && known.instrument.expiry().is_some_and(|expiry| expiry <= at);
        all.filter(|(_, known)| is_due(known)).map(|(contract, _)| contract).collect()
    }

    /// The mean of the index in the window, every millisecond counting alike; counted in the contract's quote.
    fn price_at_expiry(&self, contract: ContractId) -> Option<i128> {
        let instrument = &self.contracts[contract.index()].instrument;
        let (underlying, expiry) = (instrument.terms().underlying, instrument.expiry()?);
        let quote = self.underlyings.get(&underlying)?.quote;
        let now = self.feeds.seen(Feed::Index(underlying))?.worth();
        let stood = self.window(underlying, expiry)?;
        let last = (now, thousandths(expiry) - thousandths(stood.until));
        let (mut sum, mut count) = (0_i128, 0_i128);
        for (price, milliseconds) in stood.prices.iter().copied().chain([last]) {
            let more = price.checked_mul(i128::from(milliseconds)).and_then(|more| sum.checked_add(more));
            // A price so large that no sum holds it is left out.
            if let Some(more) = more.filter(|more| Decimal::from_units(*more).is_some()) {
                (sum, count) = (more, count + i128::from(milliseconds));
            }
        }
        let mean = if count == 0 { now } else { quotient(sum, count * ONE, Way::Nearest)? };
        self.exchanged(mean, quote, instrument.terms().quote)
    }

    fn exchanged(&self, price: i128, from: Asset, to: Asset) -> Option<i128> {
        if from == to {
            return Some(price);
        }
        ratio(price, self.price(from)?, self.price(to)?, Way::Nearest)
    }

    /// What one unit of an asset costs in the currency.
    #[must_use]
    pub fn price(&self, asset: Asset) -> Option<i128> {
        if asset == self.currency {
            return Some(ONE);
        }
        let underlying = asset.underlying();
        let in_currency = self.underlyings.get(&underlying).is_some_and(|rules| rules.quote == self.currency);
        let index = || self.feeds.seen(Feed::Index(underlying)).filter(|_| in_currency);
        self.feeds.seen(Feed::Asset(asset)).or_else(index).map(Seen::worth)
    }

    fn expire(&mut self, contract: ContractId, price: i128) -> Result<(), Fault> {
        let instrument = self.contracts[contract.index()].instrument.clone();
        let asset = instrument.terms().settlement;
        let is_paid = instrument.is_paid_when_bought();
        for (id, held) in self.holders(contract) {
            let worth = payoff(&instrument, held, price).ok_or("a settlement that does not fit")?;
            let paid = self.of(id)?.held.get(&contract).map_or(0, |(_, paid)| *paid);
            let cost = if is_paid { 0 } else { paid };
            self.post(Holder::Account(id), asset, worth - cost)?;
            self.post(Holder::House(House::Clearing), asset, cost)?;
            self.post(Holder::House(House::Rounding), asset, -worth)?;
            self.hold(id, contract, (0, 0))?;
        }
        self.contracts[contract.index()].settled = true;
        self.marks.remove(&contract);
        for account in &mut self.accounts {
            account.orders.retain(|_, order| order.contract != contract);
        }
        self.forget_window(contract);
        Ok(())
    }

    fn forget_window(&mut self, contract: ContractId) {
        let of = |known: &super::Contract| Some((known.instrument.terms().underlying, known.instrument.expiry()?));
        let Some(window) = of(&self.contracts[contract.index()]) else { return };
        if !self.contracts.iter().any(|other| !other.settled && of(other) == Some(window)) {
            self.windows.remove(&window);
        }
    }
}

/// What `held` contracts pay with their underlying at `price`: a future that price, an option what it is in the money,
/// of an inverse one in coin.
fn payoff(instrument: &Instrument, held: i128, price: i128) -> Option<i128> {
    let contracts = product(held, instrument.terms().contract_size.units(), Way::Nearest)?;
    let inverse = instrument.style() == Style::Inverse;
    let Some(strike) = instrument.strike() else { return super::cost(instrument, held, price) };
    let ahead = match instrument.right()? {
        Right::Call => price - strike.units(),
        Right::Put => strike.units() - price,
    };
    let ahead = ahead.max(0);
    if inverse { ratio(contracts, ahead, price, Way::Nearest) } else { product(contracts, ahead, Way::Nearest) }
}
