//! Random days at a small venue: what must hold whatever happens.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use plimsoll_core::{Decimal, Decode, Digest, Encode};
use plimsoll_engine::state::StateHash;
use plimsoll_engine::{Book, Command, ContractId, Event, House, State};
use support::{Random, Venue, decimal, draw};

/// What a random day ended in.
struct Day {
    venue: Venue,
    decided: usize,
    refused: BTreeMap<String, usize>,
    root: Digest,
}

/// A day of `commands`, with the book dropped with one in `drops` commands; never for zero.
fn day(seed: u64, commands: usize, drops: i64) -> Day {
    let mut random = Random(seed);
    let mut drop = Random(seed ^ 0xd0d0);
    let mut venue = Venue::new();
    let mut day_hash = StateHash::of(&venue.state);
    venue.open_traders();
    day_hash.root(&venue.state);
    day_hash = StateHash::of(&venue.state);
    let (mut decided, mut refused) = (0, BTreeMap::new());
    let (mut btc, mut eth) = (60_000, 3_000);
    for at in 0..commands {
        if drops > 0 && drop.below(drops) == 0 {
            venue.book = Book::new();
        }
        venue.wait(random.below(3_600));
        let command = draw(&mut random, &venue.state, venue.now, at, (&mut btc, &mut eth));
        assert_eq!(Command::decode_all(&command.encoded()).as_ref(), Ok(&command));
        match venue.ask(&command) {
            Ok(events) => {
                decided += 1;
                events.iter().for_each(|event| day_hash.touched(event));
            }
            Err(refusal) => {
                let kind: String = format!("{refusal:?}").chars().take_while(|it| it.is_alphanumeric()).collect();
                *refused.entry(kind).or_default() += 1;
            }
        }
        check(&venue.state);
        if at % 40 == 0 {
            let whole = StateHash::of(&venue.state).root(&venue.state);
            assert_eq!(day_hash.root(&venue.state), whole, "what is kept of the hash is the hash");
        }
    }
    let root = day_hash.root(&venue.state);
    Day { venue, decided, refused, root }
}

/// Sums over everybody, found again from nothing.
fn check(state: &State) {
    assert!(state.is_sound(), "the sums that are kept are the sums of what is held");
    let mut cash: BTreeMap<_, Decimal> = BTreeMap::new();
    let mut cost: BTreeMap<_, Decimal> = BTreeMap::new();
    let mut held: BTreeMap<ContractId, Decimal> = BTreeMap::new();
    for ((_, asset), value) in &state.house {
        let sum = cash.entry(*asset).or_default();
        *sum = sum.plus(*value).unwrap();
    }
    for account in &state.accounts {
        for (asset, funds) in &account.funds {
            let sum = cash.entry(*asset).or_default();
            *sum = sum.plus(funds.cash).unwrap();
            assert!(funds.borrowed.signum() >= 0 && funds.interest.signum() >= 0 && funds.principal.signum() >= 0);
        }
        for (contract, holding) in &account.holdings {
            let instrument = &state.contracts[contract.index()].instrument;
            assert!(!holding.quantity.0.is_zero(), "a position of nothing is kept");
            let sum = held.entry(*contract).or_default();
            *sum = sum.plus(holding.quantity.0).unwrap();
            if !instrument.is_paid_when_bought() {
                let sum = cost.entry(instrument.terms().settlement).or_default();
                *sum = sum.plus(holding.cost).unwrap();
            }
        }
        for order in account.orders.values() {
            assert!(order.quantity.0.signum() > 0);
        }
    }
    for (asset, sum) in cash {
        assert!(sum.is_zero(), "{asset} nets to {sum}");
        let clearing = state.held_by(House::Clearing, asset);
        let cost = cost.get(&asset).copied().unwrap_or_default();
        assert_eq!(clearing.plus(cost).unwrap(), Decimal::ZERO, "{asset}: clearing {clearing}, costs {cost}");
        let rounding = state.held_by(House::Rounding, asset).abs();
        assert!(rounding < decimal("0.000000000001"), "{asset}: rounding holds {rounding}");
    }
    for (contract, sum) in held {
        assert!(sum.is_zero(), "contract {} nets to {sum}", contract.0);
    }
}

#[test]
fn every_asset_and_contract_nets_to_zero_after_every_command() {
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=4 {
        let day = day(seed, 1_500, 0);
        assert!(day.decided > 500, "seed {seed}: {} decided", day.decided);
        for (kind, count) in day.refused {
            *refused.entry(kind).or_default() += count;
        }
        let levels = day.venue.events.iter().filter(|(_, event)| matches!(event, Event::LevelChanged { .. })).count();
        assert!(levels > 10, "seed {seed}: {levels} changes of level");
        let settled = day.venue.events.iter().filter(|(_, event)| matches!(event, Event::Settled { .. })).count();
        assert!(settled >= 5, "seed {seed}: {settled} contracts settled");
    }
    for kind in ["InitialMarginShort", "Restricted", "CashShort", "NotAllowed", "UnknownOrder", "Frozen", "Expired"] {
        assert!(refused.contains_key(kind), "nothing was refused as {kind}: {refused:?}");
    }
}

#[test]
fn folding_the_events_gives_the_same_state() {
    let day = day(5, 1_500, 0);
    let folded = day.venue.folded();
    assert!(folded == day.venue.state);
    assert_eq!(StateHash::of(&folded).root(&folded), day.root, "the hash kept leaf by leaf is the hash of the whole");
    let bytes = folded.encoded();
    assert!(State::decode_all(&bytes).unwrap() == folded, "a state is read back from its bytes");
    let mut forged = folded.clone();
    let funds = forged.accounts[0].funds.values_mut().next().unwrap();
    funds.cash = funds.cash.plus(Decimal::ONE).unwrap();
    assert!(State::decode_all(&forged.encoded()).is_err(), "a state with cash from nowhere is none");
    for (_, event) in &day.venue.events {
        assert_eq!(Event::decode_all(&event.encoded()).as_ref(), Ok(event));
    }
}

#[test]
fn dropping_the_book_at_any_moment_changes_no_event() {
    for seed in [6, 7] {
        let kept = day(seed, 700, 0);
        let dropped = day(seed, 700, 3);
        assert!(kept.venue.events == dropped.venue.events, "seed {seed}");
        assert_eq!(kept.root, dropped.root);
    }
}
