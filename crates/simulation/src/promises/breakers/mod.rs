//! Breakers: when they trip, when they lift, and that what they stop does not happen.
//!
//! Which breaker is tripped is taken from events, and each of those is looked at: the figure is measured again in the
//! state before the event, and against the rule as `docs/breakers.md` has it.

mod figures;
mod stopped;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Decimal, Timestamp};
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Subject, Watched};
use plimsoll_engine::{Command, Event, State};
use plimsoll_pricing::float::float;

pub(super) use self::figures::notional;
use self::figures::{Figures, Log, MOST, figures, withdrawn};
use self::stopped::{Place, asked, closing, concerns, may_have_asked};
use super::Wrong;
use super::closing::Looked;
use super::exact::shown;

/// The promise of what is stopped.
pub const STOPPED: &str = "what a tripped breaker stops does not happen";
/// The promise of a bound.
pub const TRIPS: &str = "a breaker trips where its figure is beyond the bound, and nowhere else";
/// The promise of an end.
pub const LIFTS: &str = "a breaker lifts when its rule says";

/// A place where a breaker is tripped.
#[derive(Clone, Copy, Debug)]
struct Trip {
    /// When its figure was last seen not to be inside.
    outside: Timestamp,
    /// Since when it was said to be inside.
    inside: Option<Timestamp>,
    waived: bool,
}

#[derive(Clone, Debug)]
struct Known {
    rules: Breaker,
    log: Log,
    trips: BTreeMap<Subject, Trip>,
}

/// All breakers, as the events have them.
#[derive(Clone, Debug, Default)]
pub struct Breakers {
    all: BTreeMap<Arc<str>, Known>,
    /// What was tripped before the command and is said within it to be over by its rule: it stops nothing.
    over: BTreeSet<(Arc<str>, Subject)>,
    /// What is tripped by the command.
    trips: BTreeSet<(Arc<str>, Subject)>,
    by_hand: bool,
}

impl Known {
    fn figures(&self, state: &State, at: Timestamp) -> Figures {
        figures(state, &self.rules, &self.log, at)
    }

    fn bound(&self) -> f64 {
        float(self.rules.watches.bound())
    }

    /// Whether a figure is beyond the bound; `None` where floats cannot tell.
    fn is_beyond(&self, found: f64) -> Option<bool> {
        is_past(self.rules.watches, found, self.bound())
    }

    /// Whether a figure is where the breaker may lift; what cannot be measured is.
    fn is_inside(&self, found: Option<f64>) -> Option<bool> {
        let within = match self.rules.lifts {
            LiftRule::After { within: Some(within), .. } => float(within),
            _ => self.bound(),
        };
        found.map_or(Some(true), |found| is_past(self.rules.watches, found, within).map(|past| !past))
    }

    /// Whether a trip is over at `at`, as far as events have said.
    fn is_over(&self, trip: &Trip, at: Timestamp) -> bool {
        let LiftRule::After { seconds, .. } = self.rules.lifts else { return false };
        trip.inside.is_some_and(|since| has_passed(since, seconds, at))
    }

    /// A window over what only adds up or only is where it was: told at any moment from what was seen to happen.
    const fn is_of_the_past(&self) -> bool {
        matches!(
            self.rules.watches,
            Watched::Velocity { .. } | Watched::WithdrawalRate { .. } | Watched::LiquidationRate { .. }
        )
    }

    /// What a withdrawal would bring the rate to and its bound, in units; where the door is this breaker's.
    fn ceiling(&self, state: &State, command: &Command, at: Timestamp) -> Option<(i128, i128)> {
        let Watched::WithdrawalRate { value, window_s } = self.rules.watches else { return None };
        let Command::Withdraw { account, amount } = command else { return None };
        let owner = state.account(*account).map(|known| &known.terms.owner);
        let beyond = amount.value.units() - self.log.paid_in(amount.asset, window_s, at);
        let adds = withdrawn(state, &self.rules.scope, owner, amount.asset, beyond.max(0)).filter(|adds| *adds > 0)?;
        let is_shut = self.rules.restricts.contains(&Restricted::Withdrawing);
        let is_waived = self.trips.values().any(|trip| trip.waived);
        (is_shut && !is_waived).then(|| (self.log.withdrawn(window_s, at) + adds, value.units()))
    }
}

fn has_passed(since: Timestamp, seconds: u32, at: Timestamp) -> bool {
    since.plus_seconds(seconds.into()).is_some_and(|over| over <= at)
}

fn is_past(watches: Watched, found: f64, bound: f64) -> Option<bool> {
    let gap = found - bound;
    match watches {
        _ if gap.is_nan() => None,
        Watched::Quorum { .. } => Some(gap < -0.5),
        _ if gap.abs() == 0.0 => Some(matches!(watches, Watched::WithdrawalRate { .. })),
        _ => (gap.abs() > 1e-9 * (1.0 + bound.abs())).then_some(gap > 0.0),
    }
}

impl Breakers {
    /// Looks at a command that was carried out, before its events.
    pub fn begin(&mut self, state: &State, command: &Command, at: Timestamp, events: &[Event]) -> Vec<Looked> {
        self.by_hand = matches!(command, Command::LiftBreaker { .. } | Command::SetBreaker { .. });
        let by_hand = self.by_hand;
        let lifted = events.iter().filter_map(|event| match event {
            Event::BreakerLifted { name, subject, .. } if !by_hand => Some((name.clone(), subject.clone())),
            _ => None,
        });
        self.over = lifted.collect();
        let tripped = events.iter().filter_map(|event| match event {
            Event::BreakerTripped { name, subject, .. } => Some((name.clone(), subject.clone())),
            _ => None,
        });
        self.trips = tripped.collect();
        if self.all.is_empty() {
            return Vec::new();
        }
        let mut looked: Vec<Looked> = asked(state, command)
            .into_iter()
            .map(|(action, place)| (STOPPED, self.stopped(state, action, place, &format!("{command:?}"))))
            .collect();
        looked.extend(self.all.iter().filter_map(|(name, known)| {
            let (found, bound) = known.ceiling(state, command, at)?;
            let text = || format!("{name}: {} withdrawn", shown(found));
            let wrong = (found > bound).then(|| Wrong::new(STOPPED, text(), format!("at most {}", shown(bound))));
            Some((STOPPED, wrong))
        }));
        looked
    }

    /// Looks at `event` before it is applied.
    pub fn before(&mut self, state: &State, event: &Event, at: Timestamp) -> Vec<Looked> {
        let mut looked = Vec::new();
        match event {
            Event::BreakerSet { name, breaker } => self.set(name, breaker.as_deref()),
            Event::BreakerTripped { name, subject, found, bound } => {
                looked.push((TRIPS, self.tripped(state, (name, subject), (*found, *bound), at)));
            }
            Event::BreakerEased { name, subject, found, since } => {
                looked.push((LIFTS, self.eased(state, (name, subject), (*found, *since), at)));
            }
            Event::BreakerLifted { name, subject, waived } => {
                looked.push((LIFTS, self.lifted(state, (name, subject), *waived, at)));
            }
            _ if self.all.is_empty() => {}
            _ => {
                if let Some(place) = closing(event) {
                    let text = || format!("{event:?}");
                    looked.push((STOPPED, self.stopped(state, Restricted::Liquidating, place, &text())));
                }
                self.all.values_mut().for_each(|known| known.log.enter(state, &known.rules, event, at));
            }
        }
        looked
    }

    /// Looks at the state after a command: with time and prices every figure that they may have moved.
    pub fn after(&mut self, state: &State, command: &Command, at: Timestamp, events: &[Event]) -> Vec<Looked> {
        let mut looked = Vec::new();
        let traded = events.iter().any(|event| matches!(event, Event::Traded { .. }));
        for (name, known) in &mut self.all {
            let is_told = match (known.rules.watches, command) {
                // The marks of what was settled go with the next prices.
                (Watched::PriceBand { .. } | Watched::Velocity { .. }, Command::Prices(_)) => true,
                (Watched::PriceBand { .. }, _) => false,
                // Of who did not trade, shares are looked at with the next tick.
                (Watched::OwnerConcentration { .. }, Command::Tick) => !traded,
                _ => matches!(command, Command::Tick),
            };
            let has_trips = !known.trips.is_empty() && known.is_of_the_past();
            if !is_told && !has_trips {
                continue;
            }
            let found = known.figures(state, at);
            for (subject, trip) in &mut known.trips.clone() {
                if known.is_inside(found.get(subject).copied()) == Some(false) {
                    trip.outside = at;
                }
                known.trips.insert(subject.clone(), *trip);
            }
            if is_told {
                looked.push((TRIPS, missed(name, known, &found)));
                looked.push((LIFTS, overdue(name, known, &found, at)));
            }
        }
        looked
    }

    /// Why a refusal by a breaker has no ground; `None` where it has one, or is by another rule.
    #[must_use]
    pub fn groundless(&self, state: &State, command: &Command, rule: &str, at: Timestamp) -> Option<String> {
        match rule {
            "Breaker" => {
                let mut asked = asked(state, command);
                asked.extend(may_have_asked(command, state.assets.keys().copied()));
                let stands = |known: &Known, (action, place): &(Restricted, Place)| {
                    // Sources may have gone stale since.
                    let may_be_out = matches!(known.rules.watches, Watched::Quorum { .. });
                    let standing =
                        known.trips.iter().filter(|(_, trip)| !trip.waived && (may_be_out || !known.is_over(trip, at)));
                    known.rules.restricts.contains(action)
                        && standing.map(|(subject, _)| subject).any(|it| concerns(state, it, *place))
                };
                let is_grounded = self.all.values().any(|known| asked.iter().any(|asked| stands(known, asked)));
                (!is_grounded).then(|| "no breaker that is tripped where it concerns this".to_owned())
            }
            "WithdrawalRate" => {
                let ceilings = self.all.values().filter_map(|known| known.ceiling(state, command, at));
                let all: Vec<(i128, i128)> = ceilings.collect();
                let is_grounded = all.iter().any(|(found, bound)| found > bound);
                (!is_grounded).then(|| format!("rates and bounds {all:?}"))
            }
            _ => None,
        }
    }

    fn set(&mut self, name: &Arc<str>, rules: Option<&Breaker>) {
        let before = self.all.remove(name);
        let Some(rules) = rules else { return };
        let kept = before.filter(|before| {
            let kind = |watched: &Watched| (watched.name(), watched.window_s());
            kind(&before.rules.watches) == kind(&rules.watches) && before.rules.scope == rules.scope
        });
        let (log, mut trips) = kept.map(|before| (before.log, before.trips)).unwrap_or_default();
        trips.values_mut().for_each(|trip| trip.inside = None);
        self.all.insert(name.clone(), Known { rules: rules.clone(), log, trips });
    }

    /// What stops something that happens at `place`.
    fn stopped(&self, state: &State, action: Restricted, place: Place, what: &str) -> Option<Wrong> {
        let by = self.all.iter().find_map(|(name, known)| {
            let standing = known
                .trips
                .iter()
                .filter(|(subject, trip)| !trip.waived && !self.over.contains(&(name.clone(), (*subject).clone())));
            let stops = known.rules.restricts.contains(&action);
            let found = standing.map(|(subject, _)| subject).find(|it| stops && concerns(state, it, place))?;
            Some(format!("nothing: {name} stops {} of {found}", action.name()))
        })?;
        Some(Wrong::new(STOPPED, what, by))
    }

    fn tripped(
        &mut self,
        state: &State,
        (name, subject): (&Arc<str>, &Subject),
        (found, bound): (Option<Decimal>, Decimal),
        at: Timestamp,
    ) -> Option<Wrong> {
        self.over.remove(&(name.clone(), subject.clone()));
        let text = || format!("{name} tripped of {subject} at {found:?}");
        let wrong = |expected: String| Some(Wrong::new(TRIPS, text(), expected));
        let Some(known) = self.all.get_mut(name) else { return wrong("a breaker that was set".to_owned()) };
        let trip = Trip { outside: at, inside: None, waived: false };
        let before = known.trips.insert(subject.clone(), trip);
        if before.is_some_and(|before| !before.waived || found.is_some()) {
            return wrong("one that is not tripped and not waived".to_owned());
        }
        if bound != known.rules.watches.bound() {
            return wrong(format!("its bound, not {bound}"));
        }
        let Some(found) = found else {
            return (*subject != by_hand(&known.rules)).then(|| wrong("all of its scope".to_owned())).flatten();
        };
        let ours = known.figures(state, at).get(subject).copied();
        let is_right = ours.is_some_and(|ours| is_close(ours, found) && known.is_beyond(ours) != Some(false));
        (!is_right).then(|| wrong(format!("{ours:?}, beyond {bound}"))).flatten()
    }

    fn eased(
        &mut self,
        state: &State,
        (name, subject): (&Arc<str>, &Subject),
        (found, since): (Decimal, Option<Timestamp>),
        at: Timestamp,
    ) -> Option<Wrong> {
        let wrong = |expected: String| {
            Some(Wrong::new(LIFTS, format!("{name} of {subject} at {found}, inside since {since:?}"), expected))
        };
        let Some(known) = self.all.get_mut(name) else { return wrong("a breaker that was set".to_owned()) };
        let Some(trip) = known.trips.get(subject).copied() else { return wrong("one that is tripped".to_owned()) };
        if trip.waived {
            known.trips.remove(subject);
        } else {
            known.trips.insert(subject.clone(), Trip { inside: since, ..trip });
        }
        let figure = |at| known.figures(state, at).get(subject).copied();
        let ours = figure(at);
        let was_inside = || since.filter(|_| known.is_of_the_past()).map(|since| known.is_inside(figure(since)));
        let is_right = match since {
            _ if !is_close(ours.unwrap_or(0.0), found) => false,
            Some(since) => {
                known.is_inside(ours) != Some(false)
                    && was_inside().flatten() != Some(false)
                    && since <= at
                    && since >= trip.outside
            }
            None => known.is_inside(ours) != Some(true),
        };
        let text = || format!("{ours:?}, last seen outside at {}; by {:?}", trip.outside, known.rules.lifts);
        (!is_right).then(|| wrong(text())).flatten()
    }

    fn lifted(
        &mut self,
        state: &State,
        (name, subject): (&Arc<str>, &Subject),
        waived: bool,
        at: Timestamp,
    ) -> Option<Wrong> {
        let wrong = |expected: String| Some(Wrong::new(LIFTS, format!("{name} lifted of {subject}"), expected));
        let trips_again = self.trips.contains(&(name.clone(), subject.clone()));
        let Some(known) = self.all.get_mut(name) else { return wrong("a breaker that was set".to_owned()) };
        let Some(trip) = known.trips.remove(subject) else { return wrong("one that is tripped".to_owned()) };
        if waived {
            known.trips.insert(subject.clone(), Trip { waived: true, inside: None, ..trip });
        }
        let ours = known.figures(state, at).get(subject).copied();
        if self.by_hand {
            let is_beyond = ours.map_or(Some(false), |ours| known.is_beyond(ours));
            let is_wrong = trip.waived || waived && is_beyond == Some(false);
            return is_wrong.then(|| wrong(format!("watching where the figure is {ours:?}"))).flatten();
        }
        let LiftRule::After { seconds, .. } = known.rules.lifts else { return wrong("only by hand".to_owned()) };
        let is_due = has_passed(trip.inside.unwrap_or(trip.outside), seconds, at);
        // It may have lifted before the command, which then brought the figure back, though not past the bound: what no time
        // moves was inside where the last look found it.
        let before = Timestamp::from_nanos(at.nanos() - 1);
        let was_inside = || match known.rules.watches.window_s() {
            Some(_) => known.is_inside(known.figures(state, before).get(subject).copied()) != Some(false),
            None => trip.inside.is_some(),
        };
        let is_inside = trips_again || known.is_inside(ours) != Some(false) || was_inside();
        let text = || format!("after {seconds} s inside, with {ours:?} and {trip:?}");
        (waived || trip.waived || !is_due || !is_inside).then(|| wrong(text())).flatten()
    }
}

/// What a hand trips.
fn by_hand(rules: &Breaker) -> Subject {
    match &rules.scope {
        Scope::Everything | Scope::EachUnderlying => Subject::Everything,
        Scope::Underlying(underlying) => Subject::Underlying(*underlying),
        Scope::Asset(asset) => Subject::Asset(*asset),
        Scope::Owner(owner) => Subject::Owner(owner.clone()),
    }
}

fn is_close(ours: f64, found: Decimal) -> bool {
    let found = float(found);
    ours.is_nan() || ours.min(found) > MOST || (ours - found).abs() <= 1e-9 * (1.0 + ours.abs().max(found.abs()))
}

/// A figure beyond the bound where nothing is tripped.
fn missed(name: &Arc<str>, known: &Known, found: &Figures) -> Option<Wrong> {
    let is_missed = |(subject, found): &(&Subject, &f64)| {
        known.is_beyond(**found) == Some(true) && !known.trips.contains_key(subject)
    };
    let (subject, found) = found.iter().find(is_missed)?;
    Some(Wrong::new(
        TRIPS,
        format!("{name} not tripped of {subject} at {found}"),
        format!("tripped beyond {}", known.bound()),
    ))
}

/// A trip that should have lifted, or of which it should have been said that it is inside, or is not.
fn overdue(name: &Arc<str>, known: &Known, found: &Figures, at: Timestamp) -> Option<Wrong> {
    let is_overdue = |(subject, trip): &(&Subject, &Trip)| {
        let is_inside = known.is_inside(found.get(subject).copied());
        match known.rules.lifts {
            _ if trip.waived => is_inside == Some(true),
            LiftRule::Manual => false,
            LiftRule::After { .. } => {
                is_inside.is_some_and(|is_inside| is_inside != trip.inside.is_some()) || known.is_over(trip, at)
            }
        }
    };
    let (subject, trip) = known.trips.iter().find(is_overdue)?;
    let expected = format!("what {:?} says at {:?}", known.rules.lifts, found.get(subject));
    Some(Wrong::new(LIFTS, format!("{name} of {subject}: {trip:?}"), expected))
}

/// Whether the engine's closing is stopped anywhere.
#[must_use]
pub fn pauses(state: &State) -> bool {
    let stops =
        |known: &&plimsoll_engine::breakers::Installed| known.rules.restricts.contains(&Restricted::Liquidating);
    state.breakers.values().filter(stops).any(|known| known.trips.values().any(|trip| !trip.waived))
}
