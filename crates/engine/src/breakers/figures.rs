//! What breakers watch, measured on the facts alone: in exact numbers, without a model or a market.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Price, Quantity, Rounding, Timestamp, Underlying};
use plimsoll_pricing::instruments::Instrument;

use super::windows::{begins, counted_after, most, part, share};
use super::{Installed, LiftRule, Scope, Subject, Trip, Watched};
use crate::account::ContractId;
use crate::ledger::House;
use crate::market::Feed;
use crate::state::State;

/// Who is looked at where owners are many.
pub(crate) enum Looked<'a> {
    /// All of them.
    All,
    /// Who traded what.
    These(&'a BTreeSet<(Arc<str>, Underlying)>),
}

type Figures = BTreeMap<Subject, Decimal>;

/// The figures of a breaker at `at`, by where they would trip it. What has no price is left out.
pub(crate) fn figures(state: &State, breaker: &Installed, at: Timestamp, looked: &Looked<'_>) -> Figures {
    let (rules, windows) = (&breaker.rules, &breaker.windows);
    let sum = |underlying: Option<Underlying>, window_s| {
        windows.sums.get(&underlying).map_or(Decimal::ZERO, |sums| sums.sum(window_s, at))
    };
    match rules.watches {
        Watched::PriceBand { .. } => {
            joined(&rules.scope, underlyings(state, &rules.scope, |it| Some(apart(state, it, at))), Decimal::max)
        }
        Watched::Velocity { window_s, .. } => {
            let moved = |feed| windows.ranges.get(&feed).map(|range| range.moved(window_s, at));
            joined(&rules.scope, feeds(state, &rules.scope, moved), Decimal::max)
        }
        Watched::Quorum { .. } => {
            let used = |feed| Some(sources(state, feed, at));
            joined(&rules.scope, feeds(state, &rules.scope, used), Decimal::min)
        }
        Watched::WithdrawalRate { window_s, .. } => Figures::from([(rules.subject(), sum(None, window_s))]),
        Watched::FundDrawdown { window_s, .. } => {
            Figures::from([(rules.subject(), drawdown(state, sum(None, window_s)))])
        }
        Watched::OpenInterest { .. } => {
            let open = |it| Some(total(open_interest(state, it).into_iter().map(|(_, long, _)| long)));
            joined(&rules.scope, underlyings(state, &rules.scope, open), |sum, more| most(sum.plus(more)))
        }
        Watched::OwnerConcentration { share, above } => {
            concentration(state, &rules.scope, (share, above), looked, breaker.trips.keys())
        }
        Watched::LiquidationRate { window_s, .. } => {
            let closed = |it| Some(sum(Some(it), window_s));
            joined(&rules.scope, underlyings(state, &rules.scope, closed), |sum, more| most(sum.plus(more)))
        }
    }
}

/// Since when a trip's figure has been inside its bound, before anything happens at `at`; `None` where it is outside, or
/// where only a hand lifts it.
pub(crate) fn inside_before(
    state: &State,
    breaker: &Installed,
    subject: &Subject,
    trip: &Trip,
    at: Timestamp,
) -> Option<Timestamp> {
    if trip.waived || breaker.rules.lifts == LiftRule::Manual {
        return None;
    }
    let inside = |at| {
        let found = figures(state, breaker, at, &Looked::These(&BTreeSet::new())).get(subject).copied();
        found.is_none_or(|found| breaker.rules.is_inside(found))
    };
    if trip.inside_since.is_some() {
        // Sources go stale while nobody says anything; everything else only calms down by itself.
        let stays = !matches!(breaker.rules.watches, Watched::Quorum { .. }) || inside(at);
        return trip.inside_since.filter(|_| stays);
    }
    // It was outside when a command was last decided: it came inside where a sixteenth began, if it did.
    let window_s = breaker.rules.watches.window_s()?;
    let parts = counted_after(breaker.windows.last()?).take_while(|it| *it <= part(window_s, at));
    parts.map(|it| begins(window_s, it)).find(|begins| inside(*begins))
}

/// What `of` says of each underlying of a scope.
fn underlyings(
    state: &State,
    scope: &Scope,
    of: impl Fn(Underlying) -> Option<Decimal>,
) -> Vec<(Subject, Option<Decimal>)> {
    let all = state.underlyings.keys().filter(|it| match scope {
        Scope::Underlying(one) => one == *it,
        _ => true,
    });
    all.map(|it| (Subject::Underlying(*it), of(*it))).collect()
}

/// The same of the feeds of a scope: indices, or an asset's own price.
fn feeds(state: &State, scope: &Scope, of: impl Fn(Feed) -> Option<Decimal>) -> Vec<(Subject, Option<Decimal>)> {
    match scope {
        Scope::Asset(asset) => vec![(Subject::Asset(*asset), of(Feed::Asset(*asset)))],
        scope => underlyings(state, scope, |underlying| of(Feed::Index(underlying))),
    }
}

/// Each by itself, or of everything what `join` makes of all.
fn joined(
    scope: &Scope,
    found: Vec<(Subject, Option<Decimal>)>,
    join: impl Fn(Decimal, Decimal) -> Decimal,
) -> Figures {
    let found = found.into_iter().filter_map(|(subject, figure)| Some((subject, figure?)));
    if *scope != Scope::Everything {
        return found.collect();
    }
    let all = found.map(|(_, figure)| figure).reduce(join);
    all.into_iter().map(|figure| (Subject::Everything, figure)).collect()
}

/// How far marks on an underlying are from its index, at most, as a share of it: those quoted no longer ago than a quote of
/// the index counts, and where none was, all of them. Nobody quotes what has expired.
fn apart(state: &State, underlying: Underlying, at: Timestamp) -> Decimal {
    let age_ns_max = state.trust(Feed::Index(underlying)).map_or(0, |rule| rule.index.age_ns_max);
    let of = |(contract, mark): (&ContractId, &plimsoll_pricing::market::MarkQuote)| {
        let instrument = &state.contract(*contract)?.instrument;
        let is_live = instrument.expiry().is_none_or(|expiry| expiry > at);
        let is_ours = is_live && instrument.terms().underlying == underlying && instrument.strike().is_none();
        let index = index_in(state, instrument).filter(|_| is_ours)?;
        let is_fresh = state.market.marked.get(contract).is_some_and(|quoted| quoted.nanos_until(at) <= age_ns_max);
        Some((is_fresh, share(mark.price?, index.value)))
    };
    // Fresh ones come after all others, and the largest of them last.
    state.market.marks.iter().filter_map(of).max().map_or(Decimal::ZERO, |(_, share)| share)
}

/// Sources that a feed's price would be made of at `at`.
fn sources(state: &State, feed: Feed, at: Timestamp) -> Decimal {
    let used = || {
        let facts = state.market.feeds.get(&feed)?;
        let quotes: Vec<_> = facts.quotes.values().cloned().collect();
        let index = state.trust(feed)?.index.apply(&quotes, at).ok()?;
        i64::try_from(index.sources.iter().filter(|source| source.dropped.is_none()).count()).ok()
    };
    used().map_or(Decimal::ZERO, Decimal::from_int)
}

/// What the insurance fund lost, of what it would hold without that.
fn drawdown(state: &State, lost: Decimal) -> Decimal {
    if lost.is_zero() {
        return lost;
    }
    let worth = |asset: &Asset| {
        let held = state.held_by(House::Insurance, *asset).or_zero();
        most(held.times(state.price(*asset).unwrap_or_default(), Rounding::Down))
    };
    let held = total(state.assets.keys().map(worth));
    most(lost.over(most(held.plus(lost)), Rounding::Up))
}

fn total(of: impl Iterator<Item = Decimal>) -> Decimal {
    of.fold(Decimal::ZERO, |sum, value| most(sum.plus(value)))
}

/// What is open on each contract of an underlying: the notional of one side, and of one contract.
fn open_interest(state: &State, underlying: Underlying) -> Vec<(ContractId, Decimal, Decimal)> {
    let Some(stakes) = &state.stakes else { return Vec::new() };
    let of = |contract: ContractId| {
        let instrument = &state.contract(contract)?.instrument;
        let one = notional(state, contract, None).filter(|_| instrument.terms().underlying == underlying)?;
        Some((contract, most(stakes.long(contract).times(one, Rounding::Up)), one))
    };
    stakes.contracts().filter_map(of).collect()
}

/// Owners' shares of the larger of their sides of an underlying: of who was tripped, of who is looked at, and among all of
/// those who may have more than `share`.
fn concentration<'a>(
    state: &State,
    scope: &Scope,
    (share, above): (Decimal, Decimal),
    looked: &Looked<'_>,
    tripped: impl Iterator<Item = &'a Subject>,
) -> Figures {
    let tripped: BTreeSet<(Arc<str>, Underlying)> = tripped
        .filter_map(|subject| match subject {
            Subject::Holder { owner, underlying } => Some((owner.clone(), *underlying)),
            _ => None,
        })
        .collect();
    let mut figures = Figures::new();
    let Some(stakes) = &state.stakes else { return figures };
    for (subject, _) in underlyings(state, scope, |_| None) {
        let Subject::Underlying(underlying) = subject else { continue };
        let open = open_interest(state, underlying);
        let all = total(open.iter().map(|(_, long, _)| *long));
        let is_ours = |(_, of): &&(Arc<str>, Underlying)| *of == underlying;
        let mut owners: BTreeSet<&Arc<str>> = tripped.iter().filter(is_ours).map(|(owner, _)| owner).collect();
        match looked {
            // Whoever has more than a share of all has more than it of some contract.
            Looked::All => owners.extend(open.iter().flat_map(|(contract, ..)| stakes.above(*contract, share))),
            Looked::These(these) => owners.extend(these.iter().filter(is_ours).map(|(owner, _)| owner)),
        }
        for owner in owners {
            let side = |place: usize| {
                let held = open.iter().map(|(it, _, one)| most(stakes.of(*it, owner)[place].times(*one, Rounding::Up)));
                total(held)
            };
            let held = side(0).max(side(1));
            let counts = held >= above && all.signum() > 0;
            let figure = if counts { most(held.over(all, Rounding::Up)) } else { Decimal::ZERO };
            figures.insert(Subject::Holder { owner: owner.clone(), underlying }, figure);
        }
    }
    figures
}

/// What one contract stands for, in the currency: at `price` of a perpetual or future, or at its quoted mark, or at the
/// index; `None` where something has no price.
pub(super) fn notional(state: &State, contract: ContractId, price: Option<Decimal>) -> Option<Decimal> {
    let instrument = &state.contract(contract)?.instrument;
    let index = index_in(state, instrument)?;
    let quoted = || state.market.marks.get(&contract)?.price;
    let mark = price.or_else(quoted).map_or(index, |value| Price::new(value, index.quote));
    let one = most(instrument.notional(mark, index).map(|one| one.value));
    Some(most(one.times(state.price(instrument.terms().settlement)?, Rounding::Up)))
}

/// What so many contracts stand for; nothing where that cannot be said.
pub(crate) fn notional_of(state: &State, contract: ContractId, quantity: Quantity, price: Decimal) -> Decimal {
    let one = notional(state, contract, Some(price)).unwrap_or_default();
    most(quantity.0.abs().times(one, Rounding::Up))
}

/// The index of a contract's underlying, in the contract's quote.
fn index_in(state: &State, instrument: &Instrument) -> Option<Price> {
    let terms = instrument.terms();
    let rules = state.underlyings.get(&terms.underlying)?;
    let index = state.market.feeds.get(&Feed::Index(terms.underlying))?.reading?.index_price();
    if rules.quote == terms.quote {
        return Some(Price::new(index, terms.quote));
    }
    let (from, to) = (state.price(rules.quote)?, state.price(terms.quote)?);
    Some(Price::new(most(index.times_ratio(from, to, Rounding::HalfEven)), terms.quote))
}
