//! What events tell breakers: the part of [`evolve`](crate::evolve()) that is theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Amount, Asset, Decimal, Quantity, Rounding, Timestamp, Underlying, planted};

use super::figures::notional_of;
use super::windows::{Range, Windows, most};
use super::{Breaker, Installed, Scope, Subject, Trip, Watched};
use crate::account::{ContractId, Kind, OrderId};
use crate::event::Event;
use crate::liquidation::Cover;
use crate::market::{Feed, Reading};
use crate::state::State;

/// Applies what `event` says of breakers, and to what they watch. It was applied to everything else before.
pub(crate) fn evolve(state: &mut State, event: &Event, at: Timestamp) {
    match event {
        Event::BreakerSet { name, breaker } => set(state, name, breaker.as_deref()),
        Event::BreakerTripped { name, subject, .. } => {
            let trip = Trip { since: at, inside_since: None, waived: false };
            trips(state, name, |trips| {
                trips.insert(subject.clone(), trip);
            });
        }
        Event::BreakerEased { name, subject, since, .. } => trips(state, name, |trips| {
            let Some(trip) = trips.get_mut(subject) else { return };
            trip.inside_since = *since;
            if trip.waived {
                trips.remove(subject);
            }
        }),
        Event::BreakerLifted { name, subject, waived } => trips(state, name, |trips| {
            if let Some(mut trip) = trips.remove(subject).filter(|_| *waived) {
                (trip.waived, trip.inside_since) = (true, None);
                trips.insert(subject.clone(), trip);
            }
        }),
        _ if !state.breakers.is_empty() => counted(state, event, at),
        _ => {}
    }
}

fn trips(state: &mut State, name: &Arc<str>, change: impl FnOnce(&mut BTreeMap<Subject, Trip>)) {
    if let Some(known) = state.breakers.get_mut(name) {
        change(&mut known.trips);
    }
}

fn set(state: &mut State, name: &Arc<str>, breaker: Option<&Breaker>) {
    let before = state.breakers.remove(name);
    if let Some(rules) = breaker {
        let kept = before.filter(|before| before.rules.watches_like(rules) && !planted!(SetForgets));
        let (trips, windows) = match kept {
            Some(Installed { mut trips, windows, .. }) => {
                // Since when it has been inside another bound says nothing of this one.
                trips.values_mut().for_each(|trip| trip.inside_since = None);
                (trips, windows)
            }
            None => (BTreeMap::new(), begun(state, rules)),
        };
        state.breakers.insert(name.clone(), Installed { rules: rules.clone(), trips, windows });
    }
    sum_positions(state);
}

/// A window in which nothing has happened yet: prices are where they are.
fn begun(state: &State, rules: &Breaker) -> Windows {
    let mut windows = Windows::default();
    if matches!(rules.watches, Watched::Velocity { .. }) {
        let read = state.market.feeds.iter().filter_map(|(feed, facts)| Some((*feed, facts.reading?)));
        let ours = read.filter(|(feed, _)| is_watched(&rules.scope, *feed));
        windows.ranges = ours.map(|(feed, reading)| (feed, Range::at(reading.index_price()))).collect();
    }
    windows
}

fn is_watched(scope: &Scope, feed: Feed) -> bool {
    match (scope, feed) {
        (Scope::Everything | Scope::EachUnderlying, Feed::Index(_)) => true,
        (Scope::Underlying(one), Feed::Index(underlying)) => *one == underlying,
        (Scope::Asset(one), Feed::Asset(asset)) => *one == asset,
        _ => false,
    }
}

/// Counts what happened in the windows that it belongs to.
fn counted(state: &mut State, event: &Event, at: Timestamp) {
    let mut breakers = std::mem::take(&mut state.breakers);
    match event {
        Event::Priced { readings, .. } => breakers.values_mut().for_each(|it| moved(it, readings, at)),
        Event::Deposited { account, amount, .. } => {
            let owner = &state.accounts[account.index()].terms.owner;
            for known in breakers.values_mut() {
                if let Some(window_s) = known.counts_cash(owner, amount.asset) {
                    known.windows.paid_in.entry(amount.asset).or_default().add(window_s, at, amount.value);
                }
            }
        }
        Event::Withdrawn { account, amount, .. } => {
            let owner = &state.accounts[account.index()].terms.owner;
            let price = state.price(amount.asset).unwrap_or_default();
            for known in breakers.values_mut() {
                let Some(window_s) = known.counts_cash(owner, amount.asset) else { continue };
                let paid_in = known.windows.paid_in.entry(amount.asset).or_default();
                let value = paid_in.take(window_s, at, amount.value);
                if paid_in.parts.is_empty() {
                    known.windows.paid_in.remove(&amount.asset);
                }
                let in_units = matches!(known.rules.scope, Scope::Asset(_)) || planted!(RateInUnits);
                let value = if in_units { value } else { most(value.times(price, Rounding::Down)) };
                if !value.is_zero() {
                    known.windows.sums.entry(None).or_default().add(window_s, at, value);
                }
            }
        }
        Event::Covered { by: Cover::Fund, lost, .. } if !lost.is_zero() => {
            for known in breakers.values_mut() {
                if let Watched::FundDrawdown { window_s, .. } = known.rules.watches {
                    known.windows.sums.entry(None).or_default().add(window_s, at, *lost);
                }
            }
        }
        Event::Traded { contract, quantity, price, buyer, seller, closes, .. } => {
            let closing = [buyer.order, seller.order].into_iter().flatten().any(OrderId::closes);
            let [buyer, seller] = [buyer, seller].map(|side| &state.accounts[side.account.index()].terms);
            // Between two accounts of one owner nothing of the owner's is closed: nobody buys a pause with it.
            let is_own = (buyer.kind, &buyer.owner) == (seller.kind, &seller.owner);
            if !is_own && (closing || closes.is_some() && !planted!(MatchesUncounted)) {
                let value = notional_of(state, *contract, *quantity, price.value);
                let underlying = state.contracts[contract.index()].instrument.terms().underlying;
                breakers.values_mut().for_each(|it| closed(it, underlying, value, at));
            }
        }
        _ => {}
    }
    state.breakers = breakers;
}

impl Installed {
    /// The window in which an owner's deposits and withdrawals of an asset are counted, if they are.
    pub(crate) fn counts_cash(&self, owner: &Arc<str>, asset: Asset) -> Option<u32> {
        let Watched::WithdrawalRate { window_s, .. } = self.rules.watches else { return None };
        let is_ours = match &self.rules.scope {
            Scope::Everything => true,
            Scope::Asset(one) => *one == asset,
            Scope::Owner(one) => one == owner,
            _ => false,
        };
        is_ours.then_some(window_s)
    }

    /// What a withdrawal of `amount` adds to the rate at `at`: of an asset's rate in units, else in the currency.
    pub(crate) fn adds(&self, amount: Amount, price: Decimal, window_s: u32, at: Timestamp) -> Decimal {
        let paid_in = self.windows.paid_in.get(&amount.asset).map_or(Decimal::ZERO, |sums| sums.sum(window_s, at));
        let value = most(amount.value.minus(paid_in)).or_zero();
        match self.rules.scope {
            Scope::Asset(_) => value,
            _ => most(value.times(price, Rounding::Down)),
        }
    }
}

fn moved(known: &mut Installed, readings: &[(Feed, Reading)], at: Timestamp) {
    let Watched::Velocity { window_s, .. } = known.rules.watches else { return };
    for (feed, reading) in readings {
        if is_watched(&known.rules.scope, *feed) {
            let price = reading.index_price();
            let range = known.windows.ranges.entry(*feed).or_insert_with(|| Range::at(price));
            if range.last != price {
                range.add(window_s, at, price);
            }
        }
    }
}

fn closed(known: &mut Installed, underlying: Underlying, value: Decimal, at: Timestamp) {
    if let Watched::LiquidationRate { window_s, .. } = known.rules.watches {
        known.windows.sums.entry(Some(underlying)).or_default().add(window_s, at, value);
    }
}

/// Positions netted by contract and owner: found again from the accounts, and kept only while a breaker needs it. What an
/// owner's accounts hold against each other is open with nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stakes(BTreeMap<ContractId, Stake>);

/// One contract's, in units of a decimal. Sums are exact modulo 2^128, so that what was added can be taken off again; one
/// that does not fit a decimal is below zero, and reads as the most there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stake {
    /// What is long of owners, and of each account whose risk is elsewhere.
    long: i128,
    /// None of zero.
    owners: BTreeMap<Arc<str>, i128>,
}

/// Sums positions where a breaker needs it, from nothing; otherwise forgets them.
pub(crate) fn sum_positions(state: &mut State) {
    let needed = state.breakers.values().any(|known| known.rules.watches.sums_positions());
    state.stakes = match (needed, state.stakes.take()) {
        (false, _) => None,
        (true, Some(kept)) => Some(kept),
        (true, None) => {
            let mut stakes = Stakes::default();
            for account in &state.accounts {
                let owner = owner_of(account.terms.kind, &account.terms.owner);
                for (contract, holding) in &account.holdings {
                    stakes.moved(*contract, owner, Quantity::default(), holding.quantity);
                }
            }
            Some(stakes)
        }
    };
}

/// Whose a position counts as; nobody's where the risk is elsewhere.
pub(crate) const fn owner_of(kind: Kind, owner: &Arc<str>) -> Option<&Arc<str>> {
    match kind {
        Kind::Outside => None,
        Kind::Client | Kind::House => Some(owner),
    }
}

impl Stakes {
    /// Takes in that an owner's position of an account was `before` and is `after`.
    pub(crate) fn moved(&mut self, contract: ContractId, owner: Option<&Arc<str>>, before: Quantity, after: Quantity) {
        let stake = self.0.entry(contract).or_default();
        let [before, after] = [before, after].map(|quantity| quantity.0.units());
        let (was, is) = match owner {
            None => (before, after),
            Some(owner) => {
                let held = stake.owners.entry(owner.clone()).or_default();
                let was = *held;
                *held = was.wrapping_add(after).wrapping_sub(before);
                let is = *held;
                if is == 0 {
                    stake.owners.remove(owner);
                }
                (was, is)
            }
        };
        stake.long = stake.long.wrapping_add(is.max(0)).wrapping_sub(was.max(0));
        if stake.long == 0 && stake.owners.is_empty() {
            self.0.remove(&contract);
        }
    }

    /// Contracts of which some are held.
    pub(super) fn contracts(&self) -> impl Iterator<Item = ContractId> {
        self.0.keys().copied()
    }

    /// Held long by owners against each other, which is what is held short.
    pub(super) fn long(&self, contract: ContractId) -> Decimal {
        self.0.get(&contract).map_or(Decimal::ZERO, |stake| decimal(stake.long))
    }

    /// Owners who hold more than a share of one side.
    pub(super) fn above(&self, contract: ContractId, share: Decimal) -> impl Iterator<Item = &Arc<str>> {
        let most = self.long(contract).times(share, Rounding::Down).map_or(0, Decimal::units);
        let owners = self.0.get(&contract).into_iter().flat_map(|stake| &stake.owners);
        owners.filter(move |(_, held)| held.saturating_abs() > most).map(|(owner, _)| owner)
    }

    /// What an owner holds long and short.
    pub(super) fn of(&self, contract: ContractId, owner: &Arc<str>) -> [Decimal; 2] {
        let held = self.0.get(&contract).and_then(|stake| stake.owners.get(owner)).copied();
        let held = held.unwrap_or_default();
        [held.max(0), held.saturating_neg().max(0)].map(decimal)
    }
}

fn decimal(units: i128) -> Decimal {
    Decimal::from_units(units).filter(|value| value.signum() >= 0).unwrap_or(Decimal::MAX)
}
