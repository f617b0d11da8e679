//! Prices: quotes into readings, readings into a market, and everybody margined in it.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Decimal, Quantity, Rounding, planted};
use plimsoll_pricing::market::index::SourceQuote;

use super::Decision;
use crate::account::ContractId;
use crate::event::Event;
use crate::ledger::{Holder, House, Legs};
use crate::market::{Feed, MarketFacts, PriceBatch, Reading};
use crate::refusal::Refusal;

/// The most that one source weighs.
const WEIGHT_MAX: i64 = 1_000_000;

impl Decision<'_> {
    pub(super) fn prices(&mut self, batch: &PriceBatch) -> Result<(), Refusal> {
        for (feed, quote) in &batch.quotes {
            if self.state.trust(*feed).is_none() || *feed == Feed::Asset(self.state.currency) {
                return Err(Refusal::UnknownFeed(*feed));
            }
            Refusal::unless_positive("price", quote.price)?;
            if quote.weight > Decimal::from_int(WEIGHT_MAX) {
                let (value, expected) = (quote.weight, "at most 1000000");
                return Err(Refusal::OutOfBounds { what: "weight", value, expected });
            }
        }
        for (contract, mark) in &batch.marks {
            let is_option = self.open(*contract)?.instrument.strike().is_some();
            let Some(value) = mark.price else { continue };
            if value.signum() < if is_option { 0 } else { 1 } {
                return Err(Refusal::OutOfBounds { what: "mark", value, expected: "above 0, or 0 for an option" });
            }
        }
        for ((underlying, _), _) in &batch.surfaces {
            if !self.state.underlyings.contains_key(underlying) {
                return Err(Refusal::UnknownUnderlying(*underlying));
            }
        }
        let batch = self.newer(batch);
        let (facts, readings) = self.market_after(&batch)?;
        let made = self.book.with(self.state, &facts)?;
        self.emit(Event::Priced { batch, readings });
        self.book.keep(made, self.state);
        let woken = self.book.woken(self.state);
        self.levels(woken);
        Ok(())
    }

    /// `batch` without quotes that came late, after newer ones of their source, or claim to be from the future.
    fn newer(&self, batch: &PriceBatch) -> PriceBatch {
        let mut newest: BTreeMap<(Feed, &str), &SourceQuote> = BTreeMap::new();
        for (feed, quote) in &batch.quotes {
            let ahead = self.state.trust(*feed).map_or(0, |rule| rule.index.ahead_ns_max);
            let known = self.state.market.feeds.get(feed).and_then(|known| known.quotes.get(&quote.name));
            let known = newest.get(&(*feed, &*quote.name)).copied().or(known);
            if self.at.nanos_until(quote.observed_at) <= ahead
                && known.is_none_or(|known| known.observed_at <= quote.observed_at)
            {
                newest.insert((*feed, &*quote.name), quote);
            }
        }
        let quotes = newest.into_iter().map(|((feed, _), quote)| (feed, quote.clone())).collect();
        PriceBatch { quotes, ..batch.clone() }
    }

    /// The market with `batch` taken in, and the readings that are others now: an old quote goes stale by itself.
    pub(super) fn market_after(&self, batch: &PriceBatch) -> Result<(MarketFacts, Vec<(Feed, Reading)>), Refusal> {
        let mut facts = self.state.market.clone();
        facts.let_stand(&self.state.open_windows(self.at), self.at);
        facts.as_of = self.at;
        for (feed, quote) in &batch.quotes {
            facts.feeds.entry(*feed).or_default().quotes.insert(quote.name.clone(), quote.clone());
        }
        facts.marks.extend(batch.marks.iter().cloned());
        facts.surfaces.extend(batch.surfaces.iter().filter(|_| !planted!(SurfaceLate)).cloned());
        let mut readings = Vec::new();
        for (feed, known) in &mut facts.feeds {
            let Some(rule) = self.state.trust(*feed) else { continue };
            let reading = rule.read(&known.quotes, known.reading.as_ref(), self.at)?;
            if reading != known.reading {
                known.reading = reading;
                readings.extend(reading.map(|reading| (*feed, reading)));
            }
        }
        Ok((facts, readings))
    }

    pub(super) fn pay_funding(&mut self, contract: ContractId, rate: Decimal) -> Result<(), Refusal> {
        let instrument = self.open(contract)?.instrument.clone();
        if instrument.funding_period_s().is_none() {
            let what = instrument.terms().name.clone();
            return Err(Refusal::NotAllowed { what, why: "it has no funding" });
        }
        if rate.abs() > Decimal::ONE {
            return Err(Refusal::OutOfBounds { what: "rate", value: rate, expected: "-1 to 1" });
        }
        let made = self.book.current(self.state)?;
        let price = made.market.priced(made.place(contract)?)?.mark;
        let asset = instrument.terms().settlement;
        let mut legs = Legs::default();
        let mut left_over = Decimal::ZERO;
        let mut holders: Vec<(AccountId, Decimal)> = Vec::new();
        for (id, account) in self.state.numbered() {
            let Quantity(held) = account.holding(contract).quantity;
            if held.is_zero() {
                continue;
            }
            // What is paid is a share of what the contracts stand for: of an inverse one too a long pays.
            let notional = instrument.cost(Quantity(held.abs()), price)?.value.abs();
            let paid = notional.times(rate, Rounding::HalfEven)?;
            let gain = if held.signum() > 0 || planted!(FundingSign) { paid.negated() } else { paid };
            legs.add(Holder::Account(id), asset, gain)?;
            left_over = left_over.minus(gain)?;
            holders.push((id, gain));
        }
        legs.add(Holder::House(House::Rounding), asset, left_over)?;
        let legs = legs.done();
        self.fits(&legs)?;
        self.emit(Event::FundingPaid { contract, rate, price, legs });
        let mut uncovered = Vec::new();
        for (id, gain) in holders {
            if !self.covers_cash(id, Amount::new(gain, asset)) {
                uncovered.push(id);
            }
        }
        self.levels(uncovered);
        Ok(())
    }
}
