//! Breakers, drawn once a run, and hands that trip, lift and set them.

use std::collections::BTreeSet;

use plimsoll_core::Decimal;
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Watched};
use plimsoll_engine::{Command, State};

use super::{asset, underlying};
use crate::random::Random;

/// Kinds of what is watched.
const KINDS: usize = 8;

/// The venue's breakers: of each kind one, or none.
#[must_use]
pub fn commands(random: &mut Random, accounts: usize) -> Vec<Command> {
    let drawn = |kind| (random.below(3) > 0).then(|| set(kind, random, accounts));
    (0..KINDS).filter_map(drawn).collect()
}

/// Sets a breaker of a kind, as it was or anew.
fn set(kind: usize, random: &mut Random, accounts: usize) -> Command {
    let breaker = drawn(kind, random, accounts);
    Command::SetBreaker { name: breaker.watches.name().into(), breaker: Some(Box::new(breaker)) }
}

fn drawn(kind: usize, random: &mut Random, accounts: usize) -> Breaker {
    let (watches, scope) = watched(kind, random, accounts);
    // What whoever trades or withdraws can trip pauses no liquidations.
    let may_pause = !matches!(kind, 3 | 5 | 6);
    let lifts = match random.below(10) {
        0 if !may_pause => LiftRule::Manual,
        drawn => {
            let seconds = *random.pick(&[0, 1, 3, 3, 8, 20]);
            LiftRule::After { seconds, within: (drawn % 3 > 0).then(|| within(&watches, random)) }
        }
    };
    let mut restricts: BTreeSet<Restricted> = (0..2).map(|_| *random.pick(&Restricted::ALL)).collect();
    if !may_pause {
        restricts.remove(&Restricted::Liquidating);
    } else if random.below(3) > 0 {
        restricts.insert(Restricted::Liquidating);
    }
    // Most of the run goes on: nobody is stopped everywhere from what everybody does most.
    if scope == Scope::Everything && random.below(4) > 0 {
        restricts.retain(|action| ![Restricted::Opening, Restricted::Placing].contains(action));
    }
    if restricts.is_empty() {
        restricts.insert(*random.pick(&[Restricted::Withdrawing, Restricted::Borrowing, Restricted::Gains]));
    }
    Breaker { watches, scope, restricts, lifts }
}

/// A bound inside the bound: a share of it, or all of a coin's sources.
fn within(watches: &Watched, random: &mut Random) -> Decimal {
    let bound = watches.bound();
    match watches {
        Watched::Quorum { sources: 1 } => bound,
        Watched::Quorum { .. } => Decimal::from_int(3),
        _ => bound.times(Decimal::new(random.between(2, 9), 1), plimsoll_core::Rounding::Down).unwrap_or(bound),
    }
}

fn watched(kind: usize, random: &mut Random, accounts: usize) -> (Watched, Scope) {
    let window_s = *random.pick(&[2, 10, 30, 120]);
    let coin = Scope::Underlying(underlying(random.pick::<&str>(&["BTC", "ETH", "SOL"])));
    let markets = [Scope::Everything, Scope::EachUnderlying, coin.clone()];
    let of_markets = random.pick(&markets).clone();
    let whole = |random: &mut Random, these: &[i64]| Decimal::from_int(*random.pick(these));
    let share = |random: &mut Random, thousandths: &[i64]| Decimal::new(*random.pick(thousandths), 3);
    match kind {
        0 => (Watched::PriceBand { share: share(random, &[3, 5, 20]) }, of_markets),
        1 => {
            let scope = if random.below(4) == 0 { Scope::Asset(asset("USDC")) } else { of_markets };
            let these: &[i64] = if matches!(scope, Scope::Asset(_)) { &[1] } else { &[2, 10, 50] };
            (Watched::Velocity { share: share(random, these), window_s }, scope)
        }
        2 => match random.below(3) {
            0 => (Watched::Quorum { sources: *random.pick(&[2, 3]) }, Scope::Underlying(underlying("BTC"))),
            1 => (Watched::Quorum { sources: 1 }, of_markets),
            _ => (Watched::Quorum { sources: 1 }, Scope::Asset(asset("USDC"))),
        },
        3 => {
            let owner = format!("owner-{}", random.below(accounts.max(1)));
            let units = whole(random, &[500, 5_000]);
            let value = whole(random, &[2_000, 20_000, 200_000]);
            let (value, scope) = random
                .pick(&[
                    (value, Scope::Everything),
                    (value, Scope::Everything),
                    (units, Scope::Asset(asset("USDC"))),
                    (units, Scope::Owner(owner.into())),
                ])
                .clone();
            (Watched::WithdrawalRate { value, window_s }, scope)
        }
        4 => (Watched::FundDrawdown { share: share(random, &[1, 10, 100]), window_s }, Scope::Everything),
        5 => (Watched::OpenInterest { notional: whole(random, &[5_000_000, 20_000_000, 60_000_000]) }, of_markets),
        6 => {
            let (share, above) = (share(random, &[50, 150, 300]), whole(random, &[0, 20_000, 200_000]));
            let scope = if of_markets == Scope::Everything { Scope::EachUnderlying } else { of_markets };
            (Watched::OwnerConcentration { share, above }, scope)
        }
        _ => (Watched::LiquidationRate { notional: whole(random, &[1_000, 20_000, 200_000]), window_s }, of_markets),
    }
}

/// What a hand does to one of the breakers that there are; nothing where there is none.
#[must_use]
pub fn by_hand(state: &State, random: &mut Random) -> Option<Command> {
    let names: Vec<_> = state.breakers.keys().cloned().collect();
    if names.is_empty() {
        return None;
    }
    let name = random.pick(&names).clone();
    let is_tripped = |known: &plimsoll_engine::breakers::Installed| known.trips.values().any(|trip| !trip.waived);
    let tripped: Vec<_> = state.breakers.iter().filter(|(_, known)| is_tripped(known)).map(|(name, _)| name).collect();
    Some(match random.below(8) {
        0 => Command::TripBreaker { name },
        1..6 if !tripped.is_empty() => Command::LiftBreaker { name: (*random.pick(&tripped)).clone() },
        6 => {
            // The same watch with another rule, so that what it knows is kept.
            let known = &state.breakers[&name].rules;
            let lifts = LiftRule::After { seconds: *random.pick(&[0, 2, 10]), within: None };
            let breaker = Some(Box::new(Breaker { lifts, ..known.clone() }));
            Command::SetBreaker { name, breaker }
        }
        _ => set(random.below(KINDS), random, state.accounts.len()),
    })
}
