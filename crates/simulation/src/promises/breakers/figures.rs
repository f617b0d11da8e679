//! What breakers watch, measured again: from the accounts, the quotes, and what was seen to happen.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{AccountId, Asset, Decimal, Timestamp, Underlying};
use plimsoll_engine::account::Kind;
use plimsoll_engine::breakers::{Breaker, Scope, Subject, Watched};
use plimsoll_engine::liquidation::Cover;
use plimsoll_engine::market::Feed;
use plimsoll_engine::{ContractId, Event, House, OrderId, State};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::{Instrument, Style};

use crate::promises::equity::of_units;
use crate::promises::exact::{Way, product};
use crate::promises::mirror;

/// Figures by where they would trip a breaker. What has no price is left out.
pub(super) type Figures = BTreeMap<Subject, f64>;

/// No sum that is real is larger: what does not fit a decimal is, and is beyond every bound.
pub(super) const MOST: f64 = 1e15;

/// What happened that a window counts, since its breaker was set.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    /// In units.
    withdrawn: Vec<(Timestamp, i128)>,
    /// Paid in and not taken out again since, in units.
    paid_in: Vec<(Timestamp, Asset, i128)>,
    /// Lost by the fund, or closed in an underlying.
    sums: Vec<(Timestamp, Option<Underlying>, f64)>,
    /// Prices before and after.
    moves: Vec<(Timestamp, Feed, [f64; 2])>,
}

/// Whether what happened `then` is counted in a window at `at`: the sixteenth that runs, and the sixteen before it.
fn counts(window_s: u32, then: Timestamp, at: Timestamp) -> bool {
    let sixteenth = i128::from(window_s) * i128::from(Timestamp::NANOS_PER_SECOND);
    let place = |of: Timestamp| (i128::from(of.nanos()) * 16).div_euclid(sixteenth);
    then <= at && place(at) - place(then) <= 16
}

impl Log {
    /// Takes in what `event` does to what `rules` watch, before it is applied.
    pub(super) fn enter(&mut self, state: &State, rules: &Breaker, event: &Event, at: Timestamp) {
        let Some(window_s) = rules.watches.window_s() else { return };
        match (rules.watches, event) {
            (Watched::Velocity { .. }, Event::Priced { readings, .. }) => {
                for (feed, reading) in readings {
                    let before = state.market.feeds.get(feed).and_then(|known| known.reading);
                    let [was, is] = [before.unwrap_or(*reading), *reading].map(|it| it.trusted.unwrap_or(it.price));
                    if was != is {
                        self.moves.push((at, *feed, [float(was), float(is)]));
                    }
                }
            }
            (Watched::WithdrawalRate { .. }, Event::Withdrawn { account, amount, .. }) => {
                let owner = state.account(*account).map(|known| &known.terms.owner);
                if withdrawn(state, &rules.scope, owner, amount.asset, 0).is_none() {
                    return;
                }
                let mut left = amount.value.units();
                let ours =
                    self.paid_in.iter_mut().filter(|(then, of, _)| *of == amount.asset && counts(window_s, *then, at));
                for (.., units) in ours {
                    let taken = left.min(*units);
                    (*units, left) = (*units - taken, left - taken);
                }
                let units = withdrawn(state, &rules.scope, owner, amount.asset, left);
                self.withdrawn.extend(units.map(|units| (at, units)));
            }
            (Watched::WithdrawalRate { .. }, Event::Deposited { account, amount, .. }) => {
                let owner = state.account(*account).map(|known| &known.terms.owner);
                if withdrawn(state, &rules.scope, owner, amount.asset, 0).is_some() {
                    self.paid_in.push((at, amount.asset, amount.value.units()));
                }
            }
            (Watched::FundDrawdown { .. }, Event::Covered { by: Cover::Fund, lost, .. }) => {
                self.sums.push((at, None, float(*lost)));
            }
            (
                Watched::LiquidationRate { .. },
                Event::Traded { contract, quantity, price, buyer, seller, closes, .. },
            ) => {
                let ordered = [buyer.order, seller.order].into_iter().flatten().any(OrderId::closes);
                let owner = |id| state.account(id).map(|known| (known.terms.kind, known.terms.owner.clone()));
                if (ordered || closes.is_some()) && owner(buyer.account) != owner(seller.account) {
                    let closed = notional(state, *contract, float(quantity.0), Some(float(price.value)));
                    let underlying = state.contract(*contract).map(|known| known.instrument.terms().underlying);
                    self.sums.push((at, underlying, closed.unwrap_or(0.0)));
                }
            }
            _ => {}
        }
        self.withdrawn.retain(|(then, _)| counts(window_s, *then, at));
        self.paid_in.retain(|(then, _, units)| *units > 0 && counts(window_s, *then, at));
        self.sums.retain(|(then, ..)| counts(window_s, *then, at));
        self.moves.retain(|(then, ..)| counts(window_s, *then, at));
    }

    /// What was withdrawn in the window, in units.
    pub(super) fn withdrawn(&self, window_s: u32, at: Timestamp) -> i128 {
        self.withdrawn.iter().filter(|(then, _)| counts(window_s, *then, at)).map(|(_, units)| units).sum()
    }

    /// What may be taken out of an asset in the window and is back where it was, in units.
    pub(super) fn paid_in(&self, asset: Asset, window_s: u32, at: Timestamp) -> i128 {
        let ours = self.paid_in.iter().filter(|(then, of, _)| *of == asset && counts(window_s, *then, at));
        ours.map(|(.., units)| units).sum()
    }

    fn sum(&self, of: Option<Underlying>, window_s: u32, at: Timestamp) -> f64 {
        let counted = self.sums.iter().filter(|(then, under, _)| *under == of && counts(window_s, *then, at));
        counted.map(|(.., value)| value).sum()
    }

    /// How far a price that is `now` was from where it had been, at `at`.
    fn moved(&self, feed: Feed, now: f64, window_s: u32, at: Timestamp) -> f64 {
        let ours = || self.moves.iter().filter(|(_, of, _)| *of == feed);
        let price = ours().find(|(then, ..)| *then > at).map_or(now, |(.., [was, _])| *was);
        let within = ours().filter(|(then, ..)| counts(window_s, *then, at)).flat_map(|(.., prices)| *prices);
        within.map(|was| (price - was).abs() / was.abs()).fold(0.0, f64::max)
    }
}

/// What a withdrawal adds to a rate, in units: of the asset where it is one's, else in the currency.
pub(super) fn withdrawn(
    state: &State,
    scope: &Scope,
    owner: Option<&Arc<str>>,
    asset: Asset,
    units: i128,
) -> Option<i128> {
    let in_currency = || product(units, state.price(asset).unwrap_or_default().units(), Way::Down);
    match scope {
        Scope::Everything => in_currency(),
        Scope::Owner(one) if owner == Some(one) => in_currency(),
        Scope::Asset(one) if *one == asset => Some(units),
        _ => None,
    }
}

/// The figures of a breaker.
pub(super) fn figures(state: &State, rules: &Breaker, log: &Log, at: Timestamp) -> Figures {
    let largest = |found| joined(rules, found, f64::max);
    let sum = |found| joined(rules, found, |sum, more| sum + more);
    match rules.watches {
        Watched::PriceBand { .. } => largest(underlyings(state, rules, |it| Some(apart(state, it, at)))),
        Watched::Velocity { window_s, .. } => largest(feeds(state, rules, |feed| {
            let reading = state.market.feeds.get(&feed)?.reading?;
            Some(log.moved(feed, float(reading.trusted.unwrap_or(reading.price)), window_s, at))
        })),
        Watched::Quorum { .. } => joined(rules, feeds(state, rules, |feed| Some(sources(state, feed, at))), f64::min),
        Watched::WithdrawalRate { window_s, .. } => {
            Figures::from([(rules.subject(), of_units(log.withdrawn(window_s, at)))])
        }
        Watched::FundDrawdown { window_s, .. } => {
            let lost = log.sum(None, window_s, at);
            let worth = |((house, asset), held): (&(House, Asset), &Decimal)| {
                let price = state.price(*asset).filter(|_| *house == House::Insurance)?;
                Some(float(*held).max(0.0) * float(price))
            };
            let held: f64 = state.house.iter().filter_map(worth).sum();
            Figures::from([(rules.subject(), if lost > 0.0 { lost / (held + lost) } else { 0.0 })])
        }
        Watched::OpenInterest { .. } => {
            sum(underlyings(state, rules, |it| Some(held(state, it).values().map(|[long, _]| long).sum())))
        }
        Watched::OwnerConcentration { above, .. } => concentration(state, rules, float(above)),
        Watched::LiquidationRate { window_s, .. } => {
            sum(underlyings(state, rules, |it| Some(log.sum(Some(it), window_s, at))))
        }
    }
}

fn underlyings(state: &State, rules: &Breaker, of: impl Fn(Underlying) -> Option<f64>) -> Figures {
    let ours = state.underlyings.keys().filter(|it| match &rules.scope {
        Scope::Underlying(one) => one == *it,
        _ => true,
    });
    ours.filter_map(|it| Some((Subject::Underlying(*it), of(*it)?))).collect()
}

fn feeds(state: &State, rules: &Breaker, of: impl Fn(Feed) -> Option<f64>) -> Figures {
    match rules.scope {
        Scope::Asset(asset) => of(Feed::Asset(asset)).map(|it| (Subject::Asset(asset), it)).into_iter().collect(),
        _ => underlyings(state, rules, |underlying| of(Feed::Index(underlying))),
    }
}

/// Over everything one figure, else each by itself.
fn joined(rules: &Breaker, found: Figures, join: impl Fn(f64, f64) -> f64) -> Figures {
    if rules.scope == Scope::Everything {
        found.into_values().reduce(join).map(|it| (Subject::Everything, it)).into_iter().collect()
    } else {
        found
    }
}

/// Sources that a feed is made of.
fn sources(state: &State, feed: Feed, at: Timestamp) -> f64 {
    let rule = match feed {
        Feed::Asset(asset) => state.assets.get(&asset).map(|rules| &rules.trust),
        Feed::Index(underlying) => state.underlyings.get(&underlying).map(|rules| &rules.trust),
    };
    let used = rule.zip(state.market.feeds.get(&feed)).map(|(rule, known)| {
        let used = mirror::sources(rule, known.quotes.values(), at);
        u32::try_from(used).unwrap_or(u32::MAX)
    });
    f64::from(used.unwrap_or(0))
}

/// How far marks are from the index: not options'; nor what is older than a quote of the index may be, beside one that is not.
fn apart(state: &State, underlying: Underlying, at: Timestamp) -> f64 {
    let age = state.underlyings.get(&underlying).map_or(0, |rules| rules.trust.index.age_ns_max);
    let (mut fresh, mut old) = (Vec::new(), Vec::new());
    for (contract, quote) in &state.market.marks {
        let Some(known) = state.contract(*contract) else { continue };
        let (instrument, quoted) = (&known.instrument, state.market.marked.get(contract));
        let is_over = instrument.expiry().is_some_and(|expiry| expiry <= at);
        let is_ours = instrument.terms().underlying == underlying && instrument.strike().is_none() && !is_over;
        let (Some(index), Some(price), Some(quoted)) = (index(state, instrument), quote.price, quoted) else {
            continue;
        };
        if is_ours {
            let into = if at.nanos() - quoted.nanos() > age { &mut old } else { &mut fresh };
            into.push((float(price) - index).abs() / index);
        }
    }
    let counted = if fresh.is_empty() { old } else { fresh };
    counted.into_iter().fold(0.0, f64::max)
}

/// The index of a contract's underlying, in the contract's quote.
fn index(state: &State, instrument: &Instrument) -> Option<f64> {
    let terms = instrument.terms();
    let quote = state.underlyings.get(&terms.underlying)?.quote;
    let reading = state.market.feeds.get(&Feed::Index(terms.underlying))?.reading?;
    let index = float(reading.trusted.unwrap_or(reading.price));
    if quote == terms.quote {
        return Some(index);
    }
    Some(index * float(state.price(quote)?) / float(state.price(terms.quote)?))
}

/// What contracts stand for, in the currency: a perpetual or future at the price, at its mark or at the index; an option
/// at the index.
pub(in crate::promises) fn notional(
    state: &State,
    contract: ContractId,
    quantity: f64,
    price: Option<f64>,
) -> Option<f64> {
    let instrument = &state.contract(contract)?.instrument;
    let (terms, inverse) = (instrument.terms(), instrument.style() == Style::Inverse);
    let index = index(state, instrument)?;
    let quoted = || state.market.marks.get(&contract)?.price.map(float);
    let mark = price.or_else(quoted).unwrap_or(index);
    let one = match (instrument.strike().is_some(), inverse) {
        (true, true) => 1.0,
        (true, false) => index,
        (false, true) => 1.0 / mark,
        (false, false) => mark,
    };
    Some(quantity.abs() * float(terms.contract_size) * one * float(state.price(terms.settlement)?))
}

/// What is held long and short of an underlying, by owner, what they hold against themselves left out; where the risk is
/// elsewhere nobody's, by account.
fn held(state: &State, underlying: Underlying) -> BTreeMap<Option<Arc<str>>, [f64; 2]> {
    let mut nets: BTreeMap<(Result<Arc<str>, AccountId>, ContractId), i128> = BTreeMap::new();
    for (id, account) in (0_u32..).map(AccountId).zip(&state.accounts) {
        let is_outside = account.terms.kind == Kind::Outside;
        let whose = if is_outside { Err(id) } else { Ok(account.terms.owner.clone()) };
        for (contract, holding) in &account.holdings {
            let is_ours = state.contract(*contract).is_some_and(|it| it.instrument.terms().underlying == underlying);
            if is_ours {
                let net = nets.entry((whose.clone(), *contract)).or_default();
                *net = net.wrapping_add(holding.quantity.0.units());
            }
        }
    }
    let mut all: BTreeMap<Option<Arc<str>>, [f64; 2]> = BTreeMap::new();
    for ((whose, contract), net) in nets {
        if let Some(value) = notional(state, contract, of_units(net), None) {
            all.entry(whose.ok()).or_default()[usize::from(net < 0)] += value;
        }
    }
    all
}

fn concentration(state: &State, rules: &Breaker, above: f64) -> Figures {
    let mut figures = Figures::new();
    for subject in underlyings(state, rules, |_| Some(0.0)).into_keys() {
        let Subject::Underlying(underlying) = subject else { continue };
        let held = held(state, underlying);
        let all: f64 = held.values().map(|[long, _]| long).sum();
        for (owner, [long, short]) in held {
            let Some(owner) = owner else { continue };
            let most = long.max(short);
            let figure = if most >= above && all > 0.0 { most / all } else { 0.0 };
            // Of sums beyond all that is real a decimal holds no more than it can.
            let figure = if all > MOST { f64::NAN } else { figure };
            figures.insert(Subject::Holder { owner, underlying }, figure);
        }
    }
    figures
}
