//! Random days with a breaker of every kind: what must hold whatever happens.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{Decode, Encode};
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Watched};
use plimsoll_engine::state::StateHash;
use plimsoll_engine::{Book, Command, Event, Refusal, State};
use support::{Random, Venue, asset, decimal, draw, name};

fn set_all(venue: &mut Venue) {
    use Restricted::{Borrowing, Gains, Liquidating, Opening, Placing, Withdrawing};
    let (share, window_s) = (decimal("0.03"), 7_200);
    let (each, usdc) = (Scope::EachUnderlying, Scope::Asset(asset("USDC")));
    let concentration = Watched::OwnerConcentration { share: decimal("0.3"), above: decimal("1000") };
    for (watches, scope, action) in [
        (Watched::PriceBand { share: decimal("0.0004") }, Scope::Underlying("ETH".parse().unwrap()), Opening),
        (Watched::Velocity { share, window_s }, each.clone(), Liquidating),
        (Watched::Quorum { sources: 1 }, Scope::Asset(asset("OLD")), Placing),
        (Watched::WithdrawalRate { value: decimal("30000"), window_s }, Scope::Everything, Borrowing),
        (Watched::WithdrawalRate { value: decimal("20000"), window_s }, usdc, Withdrawing),
        (Watched::FundDrawdown { share, window_s }, Scope::Everything, Gains),
        (Watched::OpenInterest { notional: decimal("300000") }, each.clone(), Opening),
        (concentration, each.clone(), Opening),
        (Watched::LiquidationRate { notional: decimal("1000"), window_s }, each, Placing),
    ] {
        let name = name(&format!("{} {}", watches.name(), action.name()));
        let lifts = LiftRule::After { seconds: 600, within: None };
        let breaker = Breaker { watches, scope, restricts: [action].into(), lifts };
        venue.run(Command::SetBreaker { name, breaker: Some(Box::new(breaker)) });
    }
}

/// What a breaker may stop is asked for; everything else is a fact.
fn asks(command: &Command) -> bool {
    use Command::{Borrow, Place, Transfer, Withdraw};
    matches!(command, Place { .. } | Withdraw { .. } | Transfer { .. } | Borrow { .. })
}

fn day(seed: u64, drops: bool) -> Venue {
    let (mut venue, mut random) = (Venue::new(), Random(seed));
    venue.open_traders();
    set_all(&mut venue);
    let (mut btc, mut eth, mut stopped) = (60_000, 3_000, 0);
    let mut kept = StateHash::of(&venue.state);
    for at in 0..400 {
        if drops {
            venue.book = Book::new();
        }
        // Prices are a minute old at times, and at times none is live.
        let most = if random.below(4) == 0 { 900 } else { 30 };
        venue.wait(random.below(most));
        let command = draw(&mut random, &venue.state, venue.now, at, (&mut btc, &mut eth));
        match venue.ask(&command) {
            Ok(events) => events.iter().for_each(|event| kept.touched(event)),
            Err(Refusal::Breaker { .. } | Refusal::WithdrawalRate { .. }) => {
                stopped += 1;
                assert!(asks(&command), "{command:?} is a fact");
            }
            Err(_) => {}
        }
    }
    assert!(stopped > 10, "{stopped}");
    assert_eq!(kept.root(&venue.state), StateHash::of(&venue.state).root(&venue.state));
    venue
}

#[test]
fn a_day_with_every_breaker_is_the_same_without_its_book_and_folds() {
    for seed in [5, 11] {
        let (kept, dropped) = (day(seed, false), day(seed, true));
        assert!(kept.state == dropped.state && kept.events == dropped.events, "seed {seed}");
        assert!(kept.folded() == kept.state, "seed {seed}: folding the events gives the state");
        let saved = State::decode_all(&kept.state.encoded());
        assert!(saved.as_ref() == Ok(&kept.state), "seed {seed}: what was saved is what was");
        for (_, event) in &kept.events {
            assert_eq!(Event::decode_all(&event.encoded()).as_ref(), Ok(event));
        }
        for kind in ["price_band", "velocity", "quorum", "withdrawal_rate", "open_interest", "owner_concentration"] {
            let of_kind = |event: &Event| matches!(event, Event::BreakerTripped { name, .. } if name.starts_with(kind));
            assert!(kept.events.iter().any(|(_, event)| of_kind(event)), "seed {seed}: {kind} never tripped");
        }
    }
}
