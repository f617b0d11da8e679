//! Closing accounts below maintenance margin, at the end of every command: each at most once, so that it ends.

mod auction;
mod converting;
mod covering;
mod matching;
mod ranking;
mod sharing;
mod wave;

pub(super) use ranking::Ranks;
pub use ranking::{Ranked, deleveraging};
pub(super) use sharing::Losses;
pub(super) use wave::Planned;

use std::collections::BTreeSet;

use plimsoll_core::{AccountId, Timestamp, planted};
use plimsoll_margin::level;

use super::Decision;
use super::ahead::AT_ONCE;
use crate::account::{Account, ContractId, OrderId};
use crate::event::{Cancelled, Event};
use crate::liquidation::LiquidationRules;
use crate::market::Feed;
use crate::refusal::Refusal;

impl Decision<'_> {
    pub(super) fn set_liquidation(&mut self, rules: &LiquidationRules) -> Result<(), Refusal> {
        rules.check()?;
        for underlying in rules.depths.keys().chain(rules.budgets.markets.keys()) {
            if !self.state.underlyings.contains_key(underlying) {
                return Err(Refusal::UnknownUnderlying(*underlying));
            }
        }
        self.emit(Event::LiquidationRulesSet { rules: Box::new(rules.clone()) });
        Ok(())
    }

    /// Closes whoever is below maintenance margin and due, and whoever falls below it by that. What they leave owing is shared
    /// once, when all are closed: of whom that brings under nothing more is shared.
    pub(super) fn close_accounts(&mut self) {
        let (mut seen, mut is_shared) = (BTreeSet::new(), false);
        loop {
            let mut touched = BTreeSet::new();
            let under = self.state.under.iter().copied();
            let due: Vec<AccountId> = under.filter(|id| !seen.contains(id) && self.is_due(*id)).collect();
            for due in due.chunks(AT_ONCE) {
                self.close_these(due, &mut seen, &mut touched);
            }
            if due.is_empty() {
                if is_shared {
                    return;
                }
                is_shared = true;
                self.share_losses(&mut touched);
            }
            self.levels(touched);
        }
    }

    fn close_these(&mut self, due: &[AccountId], seen: &mut BTreeSet<AccountId>, touched: &mut BTreeSet<AccountId>) {
        self.plan_ahead(due);
        for id in due {
            let unit = self.state.margined_with(*id);
            // A match may have cured them.
            if unit.iter().any(|member| touched.contains(member)) {
                self.level(&unit);
            }
            if !seen.contains(id) && self.is_under(&[*id]) {
                seen.extend(&unit);
                if !self.liquidation_pauses(&unit) {
                    self.close(&unit, touched);
                    self.watch(false);
                }
            }
            seen.insert(*id);
        }
    }

    /// Between two waves an account waits, but for the moment in which it turns out bankrupt.
    fn is_due(&self, id: AccountId) -> bool {
        let Some(account) = self.state.account(id) else { return false };
        let Some(begun) = &account.liquidation else { return true };
        if let (Some(auction), Some(terms)) = (begun.auction, &self.state.liquidation.auction) {
            let is_bankrupt = account.standing.state == level::State::Bankrupt;
            return is_bankrupt != auction.is_insolvent || auction.is_over(terms, self.at);
        }
        let pause = i64::from(self.state.liquidation.cooldown_s) * Timestamp::NANOS_PER_SECOND;
        let has_turned = account.standing.state == level::State::Bankrupt && account.standing.since == self.at;
        has_turned && begun.last < self.at || begun.last.nanos_until(self.at) >= pause
    }

    /// Whether any of these is below maintenance margin.
    fn is_under(&self, unit: &[AccountId]) -> bool {
        unit.iter().any(|id| self.state.under.contains(id))
    }

    fn members<'s>(&'s self, unit: &'s [AccountId]) -> impl Iterator<Item = (AccountId, &'s Account)> {
        unit.iter().filter_map(|id| Some((*id, self.state.account(*id)?)))
    }

    /// Closes a unit; whose positions it is matched with are `touched`, and not margined yet.
    fn close(&mut self, unit: &[AccountId], touched: &mut BTreeSet<AccountId>) {
        for id in unit {
            self.cancel_all(*id, |_| true, Cancelled::Liquidation);
        }
        self.level(unit);
        if !self.is_under(unit) {
            return;
        }
        let waves =
            self.members(unit).filter_map(|(_, account)| Some(account.liquidation.as_ref()?.waves)).max().unwrap_or(0);
        let bankrupt = self.members(unit).any(|(_, account)| account.standing.state == level::State::Bankrupt);
        let wave = waves.saturating_add(1);
        let on_offer = self.auction_of(unit).is_some();
        if on_offer || bankrupt || wave > self.state.liquidation.waves_max || !self.sent(unit, wave) {
            if self.offered(unit) {
                return;
            }
            self.take_over(unit, touched);
            // What no budget of matching is left for goes to the market meanwhile, and so do coins of who holds no positions.
            let may_send = self.state.liquidation.budgets.matched.is_some() || self.holds_nothing(unit);
            if self.is_under(unit) && !(may_send && self.sent(unit, wave)) {
                // What could not be closed is tried again after a pause: what nobody was asked for is no wave.
                self.say_wave(unit, waves, &[], None);
            }
        }
    }

    /// Takes back what `of` says of an account's orders.
    fn cancel_all(&mut self, id: AccountId, of: impl Fn(OrderId) -> bool, why: Cancelled) {
        let Some(account) = self.state.account(id) else { return };
        let orders: Vec<OrderId> = account.orders.keys().copied().filter(|order| of(*order)).collect();
        for order in orders {
            self.emit(Event::OrderCancelled { account: id, order, why });
        }
    }

    /// Takes the engine's own orders back from who is no longer closed; whether there were any.
    pub(super) fn end_closing(&mut self, id: AccountId) -> bool {
        let Some(account) = self.state.account(id) else { return false };
        let ends = account.standing.state < level::State::Liquidating && account.orders.keys().any(|it| it.closes());
        if ends && !planted!(ClosingKept) {
            self.cancel_all(id, OrderId::closes, Cancelled::Cured);
        }
        ends
    }

    /// Whether a contract may be traded for an account: on an index that closes, while it has not expired, and no breaker
    /// stops it. What has expired waits for its settlement: nothing said after that counts.
    fn may_close(&self, contract: ContractId) -> bool {
        let Some(known) = self.state.contract(contract) else { return false };
        known.settled_at.is_none()
            && known.instrument.expiry().is_none_or(|expiry| expiry > self.at)
            && !self.closing_pauses(contract)
            && self.closes(Feed::Index(known.instrument.terms().underlying))
    }

    /// Whether accounts are closed at what a feed says: it is trusted, or has been dead for as long as anything stands in for
    /// it.
    fn closes(&self, feed: Feed) -> bool {
        let reading = self.state.market.feeds.get(&feed).and_then(|facts| facts.reading);
        let (Some(reading), Some(rule)) = (reading, self.state.trust(feed)) else { return false };
        !reading.holds_up(rule, self.at)
    }

    fn holds_nothing(&self, unit: &[AccountId]) -> bool {
        self.members(unit).all(|(_, account)| account.holdings.is_empty())
    }
}
