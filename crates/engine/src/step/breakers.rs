//! Breakers: set by operators, tripped and lifted by what they watch, asked before anything that they can stop.
//!
//! They are looked at twice: after a command was decided, before accounts are closed on what it brought, and after each account
//! that was closed. Whether one is over is known before a command is decided, since a figure calms down by the clock alone;
//! that it lifted is said once the command is known not to be refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Timestamp, Underlying, planted};

use super::Decision;
use super::orders::only_reduces;
use crate::account::{ContractId, OpenOrder};
use crate::breakers::{
    Breaker, Installed, LiftRule, Looked, Restricted, Scope, Subject, Trip, Watched, figures, inside_before,
};
use crate::event::{Event, Filled};
use crate::ledger::{Holder, House, Leg};
use crate::refusal::Refusal;
use crate::state::State;

/// Since when figures of tripped breakers had been inside, before the command.
pub(super) type Eased = BTreeMap<(Arc<str>, Subject), Timestamp>;

/// What of the tripped breakers of `state` has been inside its bound until `at`, and since when.
pub(super) fn eased(state: &State, at: Timestamp) -> Eased {
    let mut eased = Eased::new();
    for (name, known) in &state.breakers {
        for (subject, trip) in &known.trips {
            if let Some(since) = inside_before(state, known, subject, trip, at) {
                eased.insert((name.clone(), subject.clone()), since);
            }
        }
    }
    eased
}

impl Decision<'_> {
    pub(super) fn set_breaker(&mut self, name: &Arc<str>, breaker: Option<&Breaker>) -> Result<(), Refusal> {
        let before = self.state.breakers.get(name);
        match breaker {
            Some(rules) => self.check_breaker(name, rules)?,
            None if before.is_none() => return Err(Refusal::UnknownBreaker(name.clone())),
            None => {}
        }
        // What another rule knew is of no use to this one.
        let ended = before.filter(|before| !breaker.is_some_and(|rules| rules.watches_like(&before.rules)));
        let trips = ended.map(|before| before.trips.clone()).unwrap_or_default();
        for (subject, _) in trips.into_iter().filter(|(_, trip)| !trip.waived) {
            self.emit(Event::BreakerLifted { name: name.clone(), subject, waived: false });
        }
        self.eased.retain(|(of, _), _| of != name);
        self.emit(Event::BreakerSet { name: name.clone(), breaker: breaker.cloned().map(Box::new) });
        Ok(())
    }

    fn check_breaker(&self, name: &Arc<str>, rules: &Breaker) -> Result<(), Refusal> {
        rules.check(name)?;
        match &rules.scope {
            Scope::Underlying(underlying) if !self.state.underlyings.contains_key(underlying) => {
                Err(Refusal::UnknownUnderlying(*underlying))
            }
            Scope::Asset(asset) => self.listed(*asset),
            Scope::Owner(owner) if !self.state.accounts.iter().any(|account| account.terms.owner == *owner) => {
                Err(Refusal::NotAllowed { what: owner.clone(), why: "no account is of this owner" })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn lift_breaker(&mut self, name: &Arc<str>) -> Result<(), Refusal> {
        let known = self.breaker(name)?;
        let found = figures(self.state, known, self.at, &Looked::These(&BTreeSet::new()));
        let lifted = known.trips.iter().filter(|(_, trip)| !trip.waived).map(|(subject, _)| {
            let waived = found.get(subject).is_some_and(|found| known.rules.is_beyond(*found));
            Event::BreakerLifted { name: name.clone(), subject: subject.clone(), waived }
        });
        let lifted: Vec<Event> = lifted.collect();
        if lifted.is_empty() {
            return Err(Refusal::NotAllowed { what: name.clone(), why: "it is not tripped" });
        }
        lifted.into_iter().for_each(|event| self.emit(event));
        Ok(())
    }

    pub(super) fn trip_breaker(&mut self, name: &Arc<str>) -> Result<(), Refusal> {
        let known = self.breaker(name)?;
        let (subject, bound) = (known.rules.subject(), known.rules.watches.bound());
        let not_allowed = |why| Err(Refusal::NotAllowed { what: name.clone(), why });
        if known.trips.get(&subject).is_some_and(|trip| !trip.waived) {
            return not_allowed("it is tripped already");
        }
        if matches!(known.rules.lifts, LiftRule::After { seconds: 0, .. }) {
            return not_allowed("by its rule it would lift at once");
        }
        self.emit(Event::BreakerTripped { name: name.clone(), subject, found: None, bound });
        Ok(())
    }

    fn breaker(&self, name: &Arc<str>) -> Result<&Installed, Refusal> {
        self.state.breakers.get(name).ok_or_else(|| Refusal::UnknownBreaker(name.clone()))
    }

    /// Measures what may have changed since breakers were last looked at, and says what tripped and what lifted. `in_time`
    /// where time itself is to be noticed.
    pub(super) fn watch(&mut self, in_time: bool) {
        if self.state.breakers.is_empty() {
            return;
        }
        let seen = Seen::of(self.state, &self.events[self.watched..], in_time);
        let has_lifted = |name: &Arc<str>, known: &Installed| {
            known.trips.keys().any(|subject| self.has_lifted(name, &known.rules, subject))
        };
        let breakers = self.state.breakers.iter();
        let touched = breakers.filter(|(name, known)| seen.touches(known) || has_lifted(name, known));
        for name in touched.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            let known = &self.state.breakers[&name];
            let looked = if seen.owners { Looked::All } else { Looked::These(&seen.traded) };
            let found = figures(self.state, known, self.at, &looked);
            let (rules, trips) = (known.rules.clone(), known.trips.clone());
            let subjects: BTreeSet<&Subject> = found.keys().chain(trips.keys()).collect();
            for subject in subjects {
                let figure = found.get(subject).copied();
                for event in self.judged(&name, &rules, subject, trips.get(subject), figure) {
                    self.emit(event);
                }
            }
        }
        self.watched = self.events.len();
    }

    /// What becomes of a breaker in one place, its figure found; one that cannot be found trips nothing.
    fn judged(
        &mut self,
        name: &Arc<str>,
        rules: &Breaker,
        subject: &Subject,
        trip: Option<&Trip>,
        figure: Option<Decimal>,
    ) -> Vec<Event> {
        let before = self.eased.remove(&(name.clone(), subject.clone()));
        let (name, subject) = (name.clone(), subject.clone());
        let found = figure.unwrap_or_default();
        let is_inside = figure.is_none_or(|figure| rules.is_inside(figure));
        let tripped = figure.filter(|figure| rules.is_beyond(*figure)).map(|found| {
            let (name, subject) = (name.clone(), subject.clone());
            Event::BreakerTripped { name, subject, found: Some(found), bound: rules.watches.bound() }
        });
        let Some(trip) = trip else { return tripped.into_iter().collect() };
        if trip.waived {
            let armed = Event::BreakerEased { name, subject, found, since: Some(self.at) };
            return is_inside.then_some(armed).into_iter().collect();
        }
        let LiftRule::After { seconds, .. } = rules.lifts else { return Vec::new() };
        let is_over = |since: &Timestamp| is_over(*since, seconds, self.at);
        if before.is_some_and(|since| is_over(&since)) {
            // It had lifted before this command, which may have tripped it again.
            let lifted = Event::BreakerLifted { name, subject, waived: false };
            return std::iter::once(lifted).chain(tripped).collect();
        }
        match (is_inside, trip.inside_since) {
            (true, None) => {
                let since = before.unwrap_or(self.at);
                vec![if is_over(&since) {
                    Event::BreakerLifted { name, subject, waived: false }
                } else {
                    Event::BreakerEased { name, subject, found, since: Some(since) }
                }]
            }
            (false, Some(_)) => vec![Event::BreakerEased { name, subject, found, since: None }],
            _ => Vec::new(),
        }
    }
}

/// Questions before a command is carried out.
impl Decision<'_> {
    /// Where a breaker that restricts `action` is tripped now.
    fn tripped(&self, action: Restricted) -> impl Iterator<Item = (&Arc<str>, &Subject)> {
        let restricts = move |known: &Installed| !known.trips.is_empty() && known.rules.restricts.contains(&action);
        let breakers = self.state.breakers.iter().filter(move |(_, known)| restricts(known));
        breakers.flat_map(|(name, known)| {
            let standing = known.trips.iter().filter(|(_, trip)| !trip.waived).map(|(subject, _)| subject);
            standing.filter(|subject| !self.has_lifted(name, &known.rules, subject)).map(move |subject| (name, subject))
        })
    }

    fn has_lifted(&self, name: &Arc<str>, rules: &Breaker, subject: &Subject) -> bool {
        let LiftRule::After { seconds, .. } = rules.lifts else { return false };
        let since = self.eased.get(&(name.clone(), subject.clone()));
        since.is_some_and(|since| is_over(*since, seconds, self.at))
    }

    fn unless_tripped(&self, action: Restricted, concerns: impl Fn(&Subject) -> bool) -> Result<(), Refusal> {
        let is_heeded = !planted!(PauseIgnored) || action != Restricted::Liquidating;
        match self.tripped(action).find(|(_, subject)| is_heeded && concerns(subject)) {
            Some((name, _)) => Err(Refusal::Breaker { name: name.clone(), action }),
            None => Ok(()),
        }
    }

    /// Whether no breaker stops an order.
    pub(super) fn may_place(&self, id: AccountId, order: &OpenOrder) -> Result<(), Refusal> {
        self.unless_tripped(Restricted::Placing, |subject| self.concerns_order(subject, id, order.contract))?;
        let opening = self.unless_tripped(Restricted::Opening, |it| self.concerns_order(it, id, order.contract));
        let (Err(refusal), Some(contract)) = (opening, self.state.contract(order.contract)) else { return Ok(()) };
        if only_reduces(self.account(id)?, &contract.instrument, order)? { Ok(()) } else { Err(refusal) }
    }

    /// Whether no breaker stops a withdrawal, of which `gains` were not paid in.
    pub(super) fn may_withdraw(&self, id: AccountId, amount: Amount, gains: Decimal) -> Result<(), Refusal> {
        self.unless_tripped(Restricted::Withdrawing, |subject| self.concerns_cash(subject, id, amount.asset))?;
        self.may_take_gains(id, amount.asset, gains)?;
        let owner = &self.account(id)?.terms.owner;
        let price = self.state.price(amount.asset).unwrap_or_default();
        for (name, known) in &self.state.breakers {
            let Some(window_s) = known.counts_cash(owner, amount.asset) else { continue };
            let adds = known.adds(amount, price, window_s, self.at);
            let bound = known.rules.watches.bound();
            let unit = if let Scope::Asset(asset) = known.rules.scope { asset } else { self.state.currency };
            let is_waived = known.trips.values().any(|trip| trip.waived);
            if adds.is_zero() || is_waived || !known.rules.restricts.contains(&Restricted::Withdrawing) {
                continue;
            }
            let sum = known.windows.sums.get(&None).map_or(Decimal::ZERO, |sums| sums.sum(window_s, self.at));
            let found = sum.plus(adds)?;
            if found > bound {
                let (found, bound) = (Amount::new(found, unit), Amount::new(bound, unit));
                return Err(Refusal::WithdrawalRate { name: name.clone(), found, bound, window_s });
            }
        }
        Ok(())
    }

    fn may_take_gains(&self, id: AccountId, asset: Asset, gains: Decimal) -> Result<(), Refusal> {
        if gains.signum() <= 0 {
            return Ok(());
        }
        self.unless_tripped(Restricted::Gains, |subject| self.concerns_cash(subject, id, asset))
    }

    /// Whether no breaker stops who leaves a margin group with cash of an asset, `gains` of it not paid in.
    pub(super) fn may_take_along(&self, id: AccountId, asset: Asset, gains: Decimal) -> Result<(), Refusal> {
        self.unless_tripped(Restricted::Withdrawing, |subject| self.concerns_cash(subject, id, asset))?;
        self.may_take_gains(id, asset, gains)
    }

    /// Whether no breaker stops a transfer out of what is margined together: to where it could be withdrawn, or of gains.
    pub(super) fn may_transfer(&self, from: AccountId, to: AccountId, amount: Amount) -> Result<(), Refusal> {
        self.unless_tripped(Restricted::Withdrawing, |subject| {
            self.concerns_cash(subject, from, amount.asset) && !self.concerns_cash(subject, to, amount.asset)
        })?;
        let principal = self.account(from)?.funds.get(&amount.asset).map_or(Decimal::ZERO, |funds| funds.principal);
        self.may_take_gains(from, amount.asset, amount.value.minus(principal)?)
    }

    /// Whether no breaker stops a loan.
    pub(super) fn may_borrow(&self, id: AccountId, asset: Asset) -> Result<(), Refusal> {
        self.unless_tripped(Restricted::Borrowing, |subject| self.concerns_cash(subject, id, asset))
    }

    /// Whether no breaker stops an owner from taking over what is on offer: what stops everybody from opening does not, since
    /// risk only changes hands.
    pub(super) fn may_take_over(&self, bidder: AccountId, contract: ContractId) -> Result<(), Refusal> {
        [Restricted::Placing, Restricted::Opening].into_iter().try_for_each(|action| {
            self.unless_tripped(action, |subject| {
                matches!(subject, Subject::Owner(_) | Subject::Holder { .. })
                    && self.concerns_order(subject, bidder, contract)
            })
        })
    }

    /// Whether a unit is not to be closed now: nobody is, or none of what it holds may be traded. It then keeps its orders, and
    /// no wave counts.
    pub(super) fn liquidation_pauses(&self, unit: &[AccountId]) -> bool {
        if self.unless_tripped(Restricted::Liquidating, |_| true).is_ok() {
            return false;
        }
        let accounts = unit.iter().filter_map(|id| self.state.account(*id));
        let held: BTreeSet<ContractId> = accounts.flat_map(|account| account.holdings.keys().copied()).collect();
        self.unless_tripped(Restricted::Liquidating, |subject| *subject == Subject::Everything).is_err()
            || !held.is_empty() && held.into_iter().all(|contract| self.closing_pauses(contract))
    }

    /// Whether a contract is not to be traded to close anybody.
    pub(super) fn closing_pauses(&self, contract: ContractId) -> bool {
        self.unless_tripped(Restricted::Liquidating, |subject| self.concerns_contract(subject, contract)).is_err()
    }

    fn concerns_contract(&self, subject: &Subject, contract: ContractId) -> bool {
        let Some(known) = self.state.contract(contract) else { return false };
        let terms = known.instrument.terms();
        match subject {
            Subject::Everything | Subject::Owner(_) => true,
            Subject::Underlying(underlying) | Subject::Holder { underlying, .. } => terms.underlying == *underlying,
            Subject::Asset(asset) => terms.settlement == *asset || terms.underlying.asset() == *asset,
        }
    }

    fn concerns_order(&self, subject: &Subject, id: AccountId, contract: ContractId) -> bool {
        self.concerns_owner(subject, id) && self.concerns_contract(subject, contract)
    }

    fn concerns_cash(&self, subject: &Subject, id: AccountId, asset: Asset) -> bool {
        self.concerns_owner(subject, id)
            && match subject {
                Subject::Everything | Subject::Owner(_) => true,
                Subject::Asset(one) => *one == asset,
                Subject::Underlying(underlying) | Subject::Holder { underlying, .. } => {
                    underlying.asset() == asset || self.has_a_stake(id, *underlying)
                }
            }
    }

    fn concerns_owner(&self, subject: &Subject, id: AccountId) -> bool {
        match subject {
            Subject::Owner(owner) | Subject::Holder { owner, .. } => {
                self.state.account(id).is_some_and(|account| account.terms.owner == *owner)
            }
            _ => true,
        }
    }

    /// Whether an account, or one that it is margined with, holds a contract on an underlying or its coin.
    fn has_a_stake(&self, id: AccountId, underlying: Underlying) -> bool {
        let on = |contract: &ContractId| {
            self.state.contract(*contract).is_some_and(|known| known.instrument.terms().underlying == underlying)
        };
        let unit = self.state.margined_with(id);
        let mut accounts = unit.iter().filter_map(|id| self.state.account(*id));
        accounts.any(|it| it.holdings.keys().any(on) || it.cash(underlying.asset()).signum() > 0)
    }
}

/// What events since breakers were last looked at may have moved.
#[derive(Default)]
struct Seen {
    /// A breaker was set, or tripped by hand: whatever it watches.
    set: bool,
    /// Whether time itself is to be noticed.
    in_time: bool,
    /// All owners are looked at: there may be many of them, so that prices alone are no reason.
    owners: bool,
    prices: bool,
    withdrawn: bool,
    fund: bool,
    /// Owners, with what they traded.
    traded: BTreeSet<(Arc<str>, Underlying)>,
}

impl Seen {
    fn of(state: &State, events: &[Event], in_time: bool) -> Self {
        let mut seen = Self { in_time, owners: in_time, ..Self::default() };
        let insured = |leg: &Leg| leg.holder == Holder::House(House::Insurance);
        for event in events {
            seen.fund |= event.legs().iter().any(insured);
            match event {
                Event::BreakerSet { .. } => (seen.set, seen.owners) = (true, true),
                Event::BreakerTripped { .. } => seen.set = true,
                Event::Settled { .. } => seen.owners = true,
                Event::Priced { .. } => seen.prices = true,
                Event::Withdrawn { .. } => seen.withdrawn = true,
                Event::Traded { contract, buyer, seller, .. } => {
                    let underlying = state.contracts[contract.index()].instrument.terms().underlying;
                    let owner = |side: &Filled| state.accounts[side.account.index()].terms.owner.clone();
                    seen.traded.extend([(owner(buyer), underlying), (owner(seller), underlying)]);
                }
                _ => {}
            }
        }
        seen
    }

    fn touches(&self, known: &Installed) -> bool {
        let traded = !self.traded.is_empty();
        // Of a window time alone takes something off.
        let calms_down = !known.trips.is_empty() && known.rules.watches.window_s().is_some();
        let moved = match known.rules.watches {
            Watched::Velocity { .. } => self.prices,
            Watched::PriceBand { .. } | Watched::Quorum { .. } => self.in_time || self.prices,
            Watched::WithdrawalRate { .. } => self.withdrawn,
            Watched::FundDrawdown { .. } => self.fund || self.prices,
            Watched::OpenInterest { .. } => traded || self.owners || self.prices,
            Watched::OwnerConcentration { .. } => traded || self.owners,
            Watched::LiquidationRate { .. } => traded,
        };
        self.set || calms_down || moved
    }
}

fn is_over(since: Timestamp, seconds: u32, at: Timestamp) -> bool {
    since.plus_seconds(seconds.into()).is_some_and(|over| over <= at)
}
