//! What owing costs: interest on loans by the second, on cash below zero by the hour.

use plimsoll_core::{AccountId, Asset, Decimal, Rounding, Timestamp};

use super::Decision;
use crate::account::Kind;
use crate::event::{Charge, Event, Overdraft};
use crate::refusal::Refusal;

const NANOS_PER_HOUR: i64 = 3_600 * Timestamp::NANOS_PER_SECOND;
const HOURS_PER_YEAR: i64 = Timestamp::SECONDS_PER_YEAR / 3_600;

impl Decision<'_> {
    /// Interest on every loan since it was last charged. A sum that does not fit is not charged, and stops nothing else.
    pub(super) fn interest(&self) -> Vec<Event> {
        let charged = self.state.assets.iter().filter(|(_, rules)| !rules.borrow_rate.is_zero());
        charged.filter_map(|(asset, _)| self.interest_on(*asset).ok().flatten()).collect()
    }

    /// Interest on every loan of `asset` since it was last charged, at the rate that holds: also where that is zero.
    pub(super) fn interest_on(&self, asset: Asset) -> Result<Option<Event>, Refusal> {
        // Where nobody owes anything nobody is asked.
        let owed = self.state.totals.owed.get(&asset).copied().unwrap_or_default();
        if owed.is_zero() {
            return Ok(None);
        }
        let (mut charges, mut sum) = (Vec::new(), owed);
        for (id, _) in self.state.numbered() {
            if let Some(charge) = self.charge(id, asset)? {
                sum = sum.plus(charge.interest)?;
                charges.push(charge);
            }
        }
        Ok(self.charged(asset, charges))
    }

    /// The same of one account's loan.
    pub(super) fn interest_of(&self, account: AccountId, asset: Asset) -> Result<Option<Event>, Refusal> {
        let charges = self.charge(account, asset)?.into_iter().collect();
        Ok(self.charged(asset, charges))
    }

    fn charged(&self, asset: Asset, charges: Vec<Charge>) -> Option<Event> {
        let rate = self.state.assets.get(&asset)?.borrow_rate;
        (!charges.is_empty()).then_some(Event::InterestCharged { asset, rate, charges })
    }

    /// Whole seconds are charged; what is left of one is charged with the next. Interest bears none itself, so that it does
    /// not matter how often time is told.
    fn charge(&self, id: AccountId, asset: Asset) -> Result<Option<Charge>, Refusal> {
        let Some(funds) = self.account(id)?.funds.get(&asset) else { return Ok(None) };
        let Some(since) = funds.charged_until else { return Ok(None) };
        let seconds = since.nanos_until(self.at) / Timestamp::NANOS_PER_SECOND;
        let (Some(rules), Some(until)) = (self.state.assets.get(&asset), since.plus_seconds(seconds)) else {
            return Ok(None);
        };
        let yearly = funds.borrowed.times(rules.borrow_rate, Rounding::Up)?;
        let year = Decimal::from_int(Timestamp::SECONDS_PER_YEAR);
        let interest = yearly.times_ratio(Decimal::from_int(seconds), year, Rounding::Up)?;
        funds.interest.plus(interest)?;
        self.state.totals.owed.get(&asset).copied().unwrap_or_default().plus(interest)?;
        Ok((seconds > 0).then_some(Charge { account: id, interest, until }))
    }

    /// Interest on cash below zero, where the hour has struck since anything happened: an hour's for every stroke, on what
    /// is short now, before the command. As nothing happened since, that is what was short at the stroke.
    ///
    /// # Source
    /// Hourly, on what is owed at that moment: OKX help centre, "Interest Calculation" (2020-12-16, updated 2024-09-13),
    /// section 2; Bybit help centre, "Borrowing, Interest and Repayment (Unified Trading Account)" (2025-01-08), five minutes
    /// past the hour. Neither's quota without interest nor its penalty is here.
    pub(super) fn overdrafts(&self) -> Vec<Event> {
        let strokes = |at: Timestamp| at.nanos().div_euclid(NANOS_PER_HOUR);
        let hours = strokes(self.at) - strokes(self.state.clock);
        if hours <= 0 {
            return Vec::new();
        }
        let charged = self.state.assets.iter().filter(|(_, rules)| !rules.borrow_rate.is_zero());
        charged.filter_map(|(asset, rules)| self.overdrafts_of(*asset, rules.borrow_rate, hours)).collect()
    }

    fn overdrafts_of(&self, asset: Asset, rate: Decimal, hours: i64) -> Option<Event> {
        let charge = |(account, known): (AccountId, &crate::account::Account)| {
            let short = known.funds.get(&asset).filter(|funds| funds.cash.signum() < 0)?.cash.negated();
            let is_margined = known.terms.kind != Kind::Outside;
            let interest = is_margined.then(|| hourly(short, rate, hours)).flatten()?;
            Some(Overdraft { account, interest })
        };
        let charges: Vec<Overdraft> = self.state.numbered().filter_map(charge).collect();
        (!charges.is_empty()).then_some(Event::OverdraftCharged { asset, rate, hours, charges })
    }

    /// Says what was charged, and where that leaves who was. What no sum holds any more is not charged.
    pub(super) fn charge_overdrafts(&mut self, charged: Vec<Event>) {
        for event in charged {
            let accounts = event.accounts();
            if self.has_room(&event) {
                self.emit(event);
                self.levels(accounts);
            }
        }
    }

    fn has_room(&self, event: &Event) -> bool {
        let Event::OverdraftCharged { asset, charges, .. } = event else { return false };
        let owed = self.state.totals.owed.get(asset).copied().unwrap_or_default();
        let after = charges.iter().try_fold(owed, |sum, charge| sum.plus(charge.interest));
        let of = |charge: &Overdraft| {
            let funds = self.state.account(charge.account)?.funds.get(asset).copied().unwrap_or_default();
            funds.interest.plus(charge.interest).ok()
        };
        after.is_ok() && charges.iter().all(|charge| of(charge).is_some())
    }
}

/// Interest on `short` for whole hours, up.
fn hourly(short: Decimal, rate: Decimal, hours: i64) -> Option<Decimal> {
    let yearly = short.times(rate, Rounding::Up).ok()?;
    yearly.times_ratio(Decimal::from_int(hours), Decimal::from_int(HOURS_PER_YEAR), Rounding::Up).ok()
}
