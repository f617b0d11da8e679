//! What no wave could close is offered at a discount that rises with time.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{AccountId, Amount, Decimal};
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Watched};
use plimsoll_engine::liquidation::AuctionTerms;
use plimsoll_engine::{Command, Event, House};
use plimsoll_margin::level::State as Side;
use support::*;

const TERMS: AuctionTerms = AuctionTerms {
    starting_fraction: Decimal::ONE,
    cutoff_fraction: Decimal::new(8, 1),
    fast_seconds: 100,
    slow_seconds: 100,
    insolvent_seconds: 100,
    buffer: Decimal::ZERO,
    value_cutoff: Decimal::ZERO,
};

fn cash(venue: &Venue, account: AccountId) -> Decimal {
    venue.state.accounts[account.index()].cash(asset("USDC"))
}

fn holds(venue: &Venue, account: AccountId) -> Decimal {
    venue.state.accounts[account.index()].holdings.values().map(|held| held.quantity.0).next().unwrap_or_default()
}

fn stands(venue: &Venue, account: AccountId) -> Side {
    venue.state.accounts[account.index()].standing.state
}

/// A venue with auctions, where ten bitcoins are held long on 120,000 dollars; who sold them; who may bid.
fn venue() -> (Venue, [AccountId; 3]) {
    let mut venue = Venue::new();
    let mut rules = venue.state.liquidation.clone();
    (rules.auction, rules.waves_max) = (Some(TERMS), 1);
    venue.run(Command::SetLiquidation(Box::new(rules)));
    let account = venue.funded("a", "120000 USDC");
    let other = venue.funded("c", "100000000 USDC");
    let bidder = venue.funded("b", "10000000 USDC");
    venue.trade(BTC_USDC, "10", "60000", account, other);
    (venue, [account, other, bidder])
}

/// The account after one wave that nobody filled.
fn on_offer() -> (Venue, [AccountId; 3]) {
    let (mut venue, all) = venue();
    venue.prices("55000", "3000");
    venue.wait(10);
    let events = venue.prices("55000", "3000");
    assert!(events.contains(&Event::AuctionBegun { account: all[0], is_insolvent: false }), "{events:?}");
    (venue, all)
}

fn bid(account: AccountId, bidder: AccountId, share: &str, bonus_min: &str) -> Command {
    Command::Bid { account, bidder, share: decimal(share), bonus_min: decimal(bonus_min) }
}

fn said(events: &[Event]) -> Option<(Decimal, Decimal)> {
    events.iter().find_map(|event| match event {
        Event::AuctionBid { share, bonus, .. } => Some((*share, *bonus)),
        _ => None,
    })
}

#[test]
fn who_bids_gets_the_discount_of_the_moment_and_no_more_than_cures() {
    let (mut venue, [account, _, bidder]) = on_offer();
    let (before, had) = (cash(&venue, account), cash(&venue, bidder));
    venue.wait(50);
    venue.prices("55000", "3000");
    assert_eq!(holds(&venue, account), decimal("10"), "on offer, and nobody closed it");
    let events = venue.run(bid(account, bidder, "1", "0"));
    let (share, bonus) = said(&events).unwrap();
    // 50,000 lost of 119,700: a tenth of what is left, after half of the fast phase, for what was taken.
    let value =
        before.minus(decimal("50000")).unwrap().times(decimal("0.9995"), plimsoll_core::Rounding::HalfEven).unwrap();
    let expected = value.times(decimal("0.1"), plimsoll_core::Rounding::HalfEven).unwrap();
    let expected = expected.times(share, plimsoll_core::Rounding::HalfEven).unwrap();
    assert!(bonus.minus(expected).unwrap().abs() < decimal("30"), "{bonus}, {expected} expected");
    assert!(share > decimal("0.05") && share < decimal("0.9"), "{share}");
    let (left, taken) = (holds(&venue, account), holds(&venue, bidder));
    assert_eq!(left.plus(taken).unwrap(), decimal("10"));
    assert!(taken.minus(share.times(decimal("10"), plimsoll_core::Rounding::Up).unwrap()).unwrap() < decimal("0.002"));
    assert!(stands(&venue, account) < Side::Liquidating, "cured");
    assert!(venue.state.accounts[account.index()].liquidation.is_none());
    // What the bidder paid for its position is below the mark by the bonus.
    let paid = venue.state.accounts[bidder.index()].holdings.values().next().unwrap().cost;
    let at_mark = taken.times(decimal("55000"), plimsoll_core::Rounding::HalfEven).unwrap();
    let gained = at_mark.minus(paid).unwrap().times(decimal("0.9995"), plimsoll_core::Rounding::HalfEven).unwrap();
    assert!(gained.minus(bonus).unwrap().abs() < decimal("0.01"), "{gained} of {bonus}");
    assert_eq!(cash(&venue, bidder), had, "a perpetual costs nothing at once");
}

#[test]
fn what_nobody_takes_is_matched_once_the_auction_is_over() {
    let (mut venue, [account, other, _]) = on_offer();
    venue.wait(199);
    assert!(!venue.prices("55000", "3000").contains(&Event::AuctionUnsold { account }));
    venue.wait(1);
    let events = venue.prices("55000", "3000");
    assert!(events.contains(&Event::AuctionUnsold { account }), "{events:?}");
    let matched = |event: &&Event| matches!(event, Event::Traded { closes: Some(id), .. } if *id == account);
    assert!(events.iter().any(|event| matched(&event)), "{events:?}");
    assert_eq!((holds(&venue, account), holds(&venue, other)), (Decimal::ZERO, Decimal::ZERO));
    assert!(stands(&venue, account) < Side::Liquidating);
}

#[test]
fn for_what_is_insolvent_the_fund_pays_more_with_time() {
    let (mut venue, [account, _, bidder]) = venue();
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("50000 USDC") });
    let events = venue.prices("47500", "3000");
    // 125,000 lost of 119,700.
    assert!(events.contains(&Event::AuctionBegun { account, is_insolvent: true }), "{events:?}");
    assert_eq!(
        said(&venue.run(bid(account, bidder, "0.1", "0"))).unwrap().1,
        Decimal::ZERO,
        "at first nothing is added"
    );
    venue.wait(50);
    let events = venue.run(bid(account, bidder, "1", "1"));
    let (share, bonus) = said(&events).unwrap();
    assert!(
        share == Decimal::ONE && bonus > decimal("28000") && bonus < decimal("30000"),
        "{bonus}: half of what nine bitcoins ask for"
    );
    assert_eq!((holds(&venue, account), holds(&venue, bidder)), (Decimal::ZERO, decimal("10")));
    assert!(cash(&venue, account).is_zero() && stands(&venue, account) == Side::Healthy);
    let paid = decimal("50000").minus(venue.state.held_by(House::Insurance, asset("USDC"))).unwrap();
    assert!(paid > decimal("33000") && paid < decimal("35500"), "what was missing, and the bonus: {paid}");
    assert!(venue.state.held_by(House::BadDebt, asset("USDC")).is_zero());
}

#[test]
fn without_a_fund_what_is_insolvent_is_not_offered() {
    let (mut venue, [account, ..]) = venue();
    let events = venue.prices("47500", "3000");
    assert!(!events.iter().any(|event| matches!(event, Event::AuctionBegun { .. })), "{events:?}");
    assert!(holds(&venue, account).is_zero(), "matched at once");
}

/// From solvent to insolvent and back: all phases together take no longer than once each.
#[test]
fn an_auction_that_turns_over_and_over_ends() {
    let (mut venue, [account, ..]) = on_offer();
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("5000000 USDC") });
    let mut seconds = 0;
    while !holds(&venue, account).is_zero() {
        venue.wait(20);
        seconds += 20;
        let price = if seconds % 40 == 0 { "54000" } else { "47500" };
        venue.prices(price, "3000");
        assert!(seconds <= 320, "it goes on");
    }
    assert!(seconds > 200, "it turned {seconds} seconds long");
}

#[test]
fn a_bid_that_may_not_be_is_refused_by_name() {
    let (mut venue, [account, other, bidder]) = on_offer();
    let poor = venue.funded("d", "10 USDC");
    let cases = [
        (bid(other, bidder, "1", "0"), "not on offer"),
        (bid(account, account, "1", "0"), "a bidder is healthy, and not margined with what is on offer"),
        (bid(account, bidder, "0", "0"), "share is 0: expected above 0, at most 1"),
        (bid(account, bidder, "1.01", "0"), "share is 1.01"),
        (bid(account, bidder, "1", "100000"), "bonus_min is 100000: expected at most what is had now"),
        (bid(account, poor, "1", "0"), "initial margin"),
        (bid(AccountId(999), bidder, "1", "0"), "unknown"),
        (bid(account, AccountId(999), "1", "0"), "unknown"),
    ];
    for (command, expected) in cases {
        let refused = venue.ask(&command).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    venue.wait(200);
    let refused = venue.ask(&bid(account, bidder, "1", "0")).unwrap_err().to_string();
    assert!(refused.contains("its auction is over"), "{refused}");
}

#[test]
fn who_pays_in_enough_is_no_longer_on_offer() {
    let (mut venue, [account, _, bidder]) = on_offer();
    venue.run(Command::Deposit { account, amount: Amount::new(decimal("50000"), asset("USDC")) });
    assert!(stands(&venue, account) < Side::Liquidating);
    assert!(venue.ask(&bid(account, bidder, "1", "0")).is_err());
}

#[test]
fn terms_that_lead_nowhere_are_refused() {
    let mut venue = Venue::new();
    type Change = fn(&mut AuctionTerms);
    let cases: [(&str, Change); 4] = [
        ("starting_fraction is 2: expected 0 to 1", |terms| terms.starting_fraction = decimal("2")),
        ("cutoff_fraction is 1.5", |terms| terms.cutoff_fraction = decimal("1.5")),
        ("an auction's seconds is 0", |terms| {
            (terms.fast_seconds, terms.slow_seconds, terms.insolvent_seconds) = (0, 0, 0);
        }),
        ("an auction's seconds is 1000200: expected at most 604800", |terms| terms.fast_seconds = 1_000_000),
    ];
    for (expected, change) in cases {
        let (mut terms, mut rules) = (TERMS, venue.state.liquidation.clone());
        change(&mut terms);
        rules.auction = Some(terms);
        let refused = venue.ask(&Command::SetLiquidation(Box::new(rules))).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn nobody_bids_while_a_breaker_pauses_liquidations() {
    let (mut venue, [account, _, bidder]) = on_offer();
    let breaker = Breaker {
        watches: Watched::PriceBand { share: decimal("0.5") },
        scope: Scope::Underlying("BTC".parse().unwrap()),
        restricts: [Restricted::Liquidating].into(),
        lifts: LiftRule::After { seconds: 60, within: None },
    };
    venue.run(Command::SetBreaker { name: name("halt"), breaker: Some(Box::new(breaker)) });
    venue.run(Command::TripBreaker { name: name("halt") });
    let refusal = venue.ask(&bid(account, bidder, "1", "0")).unwrap_err();
    assert!(refusal.to_string().contains("a breaker pauses liquidations"), "{refusal}");
    venue.run(Command::LiftBreaker { name: name("halt") });
    assert!(said(&venue.run(bid(account, bidder, "1", "0"))).is_some());
}
