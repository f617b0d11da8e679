//! At what a contract is settled: the mean of its index over time, and what that leaves to move before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{AccountId, Decimal};
use plimsoll_engine::state::UnderlyingRules;
use plimsoll_engine::step::explain;
use plimsoll_engine::{Command, Event};
use plimsoll_pricing::instruments::{Future, Instrument, Terms};
use support::{EXPIRY, FUTURE, Venue, asset, decimal, time, trust};

/// A venue some seconds before the expiry, its index at 60,000, with a long of a thousand futures, whose window is `window_s` long.
fn before_expiry(seconds: i64, window_s: u32) -> (Venue, AccountId) {
    let mut venue = Venue::new();
    let (a, b) = (venue.funded("a", "50000 USDC"), venue.funded("b", "50000 USDC"));
    venue.trade(FUTURE, "1000", "60000", a, b);
    let rules = UnderlyingRules { quote: asset("USD"), trust: trust(), settlement_window_s: window_s };
    venue.run(Command::ListUnderlying { underlying: asset("BTC").underlying(), rules });
    venue.now = time(EXPIRY).plus_seconds(-seconds).unwrap();
    venue.prices("60000", "3000");
    (venue, a)
}

fn at(venue: &mut Venue, seconds_before: i64, index: &str) {
    venue.now = time(EXPIRY).plus_seconds(-seconds_before).unwrap();
    venue.prices(index, "3000");
}

fn settled(venue: &mut Venue, seconds_after: i64) -> (Decimal, u32) {
    venue.now = time(EXPIRY).plus_seconds(seconds_after).unwrap();
    let events = venue.run(Command::Tick);
    let found = events.iter().find_map(|event| match event {
        Event::Settled { contract: FUTURE, price, readings, .. } => Some((price.value, *readings)),
        _ => None,
    });
    found.expect("the future is settled")
}

#[test]
fn every_minute_counts_alike_however_often_somebody_quotes() {
    let (mut seldom, _) = before_expiry(1_800, 1_800);
    at(&mut seldom, 1_200, "63000");
    at(&mut seldom, 300, "57000");
    let (mut often, _) = before_expiry(1_900, 1_800);
    at(&mut often, 1_200, "63000");
    for second in (1..=300).rev() {
        at(&mut often, second, "57000");
    }
    // Ten minutes of 60,000, fifteen of 63,000 and five of 57,000.
    assert_eq!(settled(&mut seldom, 0), (decimal("61000"), 3));
    assert_eq!(settled(&mut often, 90).0, decimal("61000"));
}

#[test]
fn what_is_quoted_after_the_expiry_does_not_count() {
    for window_s in [0, 1, 1_800] {
        let (mut venue, _) = before_expiry(2_000, window_s);
        at(&mut venue, 1_800, "61000");
        at(&mut venue, -5, "90000");
        assert_eq!(settled(&mut venue, 10).0, decimal("61000"), "a window of {window_s} seconds");
    }
}

/// Half of the window at 60,000 is 30,000 of the published forward, 60,120: nothing moves that. A contract of 10 dollars then
/// loses 10 × (1 ÷ g − 1) dollars' worth of coin at the forward, g the growth of the whole where the index falls by 16 %.
#[test]
fn what_is_fixed_of_a_forward_moves_no_more() {
    let (mut venue, a) = before_expiry(1_801, 1_800);
    for (seconds, fixed) in [(1_801, 0.0), (900, 30_000.0), (18, 59_400.0)] {
        if seconds < 1_800 {
            at(&mut venue, seconds, "60000");
        }
        let margin = explain(&venue.state, &mut venue.book, a).unwrap();
        let found = margin.requirement.initial.find("net risk").expect("net risk").amount;
        let growth = (fixed + 0.84 * (60_120.0 - fixed)) / 60_120.0;
        let expected = 10_000.0 * (1.0 / growth - 1.0) * 0.84 * 60_000.0 / 60_120.0;
        assert!((found.to_string().parse::<f64>().unwrap() - expected).abs() < 1.0, "{found}, not {expected}");
    }
}

/// Half an hour that becomes a minute begins anew: what was seen of the half hour is no part of it.
#[test]
fn a_window_of_another_length_begins_anew() {
    let (mut venue, a) = before_expiry(1_900, 1_800);
    at(&mut venue, 900, "60000");
    let worth = |venue: &mut Venue| explain(&venue.state, &mut venue.book, a).unwrap().equity.net_value.amount;
    let before = worth(&mut venue);
    let rules = UnderlyingRules { quote: asset("USD"), trust: trust(), settlement_window_s: 60 };
    venue.run(Command::ListUnderlying { underlying: asset("BTC").underlying(), rules });
    assert_eq!(worth(&mut venue), before);
    at(&mut venue, 30, "66000");
    assert_eq!(settled(&mut venue, 0), (decimal("63000"), 1));
}

/// Of what was before anybody knew of a window it learns nothing: a price of twenty seconds counts twenty seconds.
#[test]
fn a_contract_that_is_listed_within_its_window_counts_from_then() {
    let mut venue = Venue::new();
    let expiry = time("2026-06-27T08:00:00Z");
    let say = |venue: &mut Venue, seconds: i64, index: &str| {
        venue.now = expiry.plus_seconds(-seconds).unwrap();
        venue.prices(index, "3000");
    };
    say(&mut venue, 1_900, "60000");
    say(&mut venue, 600, "66000");
    let Instrument::Future(known) = venue.state.contracts[FUTURE.index()].instrument.clone() else {
        panic!("a future")
    };
    let listed = Future { terms: Terms { name: "BTC-27JUN26".into(), ..known.terms }, expiry, ..known };
    venue.run(Command::ListContract { instrument: Instrument::Future(listed) });
    say(&mut venue, 580, "60000");
    venue.now = expiry;
    let events = venue.run(Command::Tick);
    let prices: Vec<Decimal> = (events.iter())
        .filter_map(|event| if let Event::Settled { price, .. } = event { Some(price.value) } else { None })
        .collect();
    // Twenty seconds of 66,000 and 580 of 60,000.
    assert!(prices.contains(&decimal("60200")), "{prices:?}");
}
