//! Breakers: what trips each, what it stops and where, and when it lifts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Side};
use plimsoll_engine::account::Kind;
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Subject, Watched};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::market::{Feed, PriceBatch};
use plimsoll_engine::state::UnderlyingRules;
use plimsoll_engine::{Command, Event, House, OrderId, Refusal, State};
use plimsoll_margin::level::State as Level;
use plimsoll_pricing::market::MarkQuote;
use support::{BTC_USDC, ETH_USDC, LINEAR_CALL, Random, Venue, amount, asset, batch, decimal, name, quote, trust};

const NAME: &str = "line";

/// Restricts `actions` and lifts after a minute inside its bound.
fn breaker(watches: Watched, scope: Scope, actions: &[Restricted]) -> Breaker {
    let lifts = LiftRule::After { seconds: 60, within: None };
    Breaker { watches, scope, restricts: actions.iter().copied().collect(), lifts }
}

fn set(venue: &mut Venue, breaker: Breaker) -> Vec<Event> {
    venue.run(Command::SetBreaker { name: name(NAME), breaker: Some(Box::new(breaker)) })
}

fn btc() -> Scope {
    Scope::Underlying("BTC".parse().unwrap())
}

/// What breakers did, in a few words.
fn said(events: &[Event]) -> Vec<String> {
    let of = |event: &Event| match event {
        Event::BreakerTripped { subject, found: Some(found), .. } => Some(format!("tripped {subject} at {found}")),
        Event::BreakerTripped { subject, found: None, .. } => Some(format!("tripped {subject} by hand")),
        Event::BreakerEased { subject, since, .. } => {
            Some(format!("{} {subject}", if since.is_some() { "inside" } else { "outside" }))
        }
        Event::BreakerLifted { subject, waived, .. } => {
            Some(format!("{} {subject}", if *waived { "waived" } else { "lifted" }))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn tick(venue: &mut Venue, after_s: i64) -> Vec<String> {
    venue.wait(after_s);
    said(&venue.run(Command::Tick))
}

fn withdraw(venue: &mut Venue, account: AccountId, of: &str) -> Result<Vec<Event>, Refusal> {
    venue.ask(&Command::Withdraw { account, amount: amount(of) })
}

fn borrow(venue: &mut Venue, account: AccountId, of: &str) -> Result<Vec<Event>, Refusal> {
    venue.ask(&Command::Borrow { account, amount: amount(of) })
}

fn stops(outcome: &Result<Vec<Event>, Refusal>, action: Restricted) -> bool {
    matches!(outcome, Err(Refusal::Breaker { name, action: stopped }) if **name == *NAME && *stopped == action)
}

/// Quotes BTC's mark alone.
fn mark(venue: &mut Venue, price: &str) -> Vec<Event> {
    let mark = MarkQuote { price: Some(decimal(price)), ..MarkQuote::default() };
    venue.run(Command::Prices(PriceBatch { marks: vec![(BTC_USDC, mark)], ..PriceBatch::default() }))
}

fn is_tripped(state: &State) -> bool {
    state.breakers.values().any(|known| known.trips.values().any(|trip| !trip.waived))
}

#[test]
fn a_mark_out_of_its_band_stops_opening_on_its_underlying_and_nothing_else() {
    let mut venue = Venue::new();
    let (account, other) = (venue.funded("a", "500000 USDC"), venue.funded("b", "500000 USDC"));
    venue.trade(BTC_USDC, "1", "60000", account, other);
    set(&mut venue, breaker(Watched::PriceBand { share: decimal("0.05") }, btc(), &[Restricted::Opening]));
    assert!(said(&mark(&mut venue, "62900")).is_empty(), "inside the band, a dollar being 0.9995");
    let events = said(&mark(&mut venue, "64000"));
    assert!(events.len() == 1 && events[0].starts_with("tripped underlying BTC at 0.066"), "{events:?}");
    let order = |side, contract, of: &str, at: &str, venue: &Venue| venue.order(contract, side, of, at);
    let more = order(Side::Buy, BTC_USDC, "1", "60000", &venue);
    assert!(stops(&venue.place(account, 1, more.clone()), Restricted::Opening));
    let flips = order(Side::Sell, BTC_USDC, "1.5", "64000", &venue);
    assert!(stops(&venue.place(account, 1, flips), Restricted::Opening), "past the position is opening");
    let closes = order(Side::Sell, BTC_USDC, "1", "64000", &venue);
    venue.place(account, 1, closes.clone()).unwrap();
    assert!(stops(&venue.place(account, 2, closes), Restricted::Opening), "with what is open it would go past");
    let elsewhere = order(Side::Buy, ETH_USDC, "1", "3000", &venue);
    venue.place(account, 3, elsewhere).unwrap();
    // Facts, and ways out, are taken.
    venue.trade(BTC_USDC, "1", "64000", account, other);
    venue.run(Command::Deposit { account, amount: amount("5 USDC") });
    venue.run(Command::Cancel { account, order: OrderId(1) });
    withdraw(&mut venue, account, "10 USDC").unwrap();
    assert_eq!(said(&mark(&mut venue, "60000")), ["inside underlying BTC"]);
    venue.wait(30);
    assert!(stops(&venue.place(account, 4, more.clone()), Restricted::Opening), "it waits");
    venue.wait(30);
    // Its time is over before anybody said so.
    let events = venue.place(account, 4, more).unwrap();
    assert_eq!(said(&events), ["lifted underlying BTC"]);
}

#[test]
fn a_narrower_bound_to_lift_at_keeps_it_from_flapping() {
    let mut venue = Venue::new();
    let mut rules = breaker(Watched::PriceBand { share: decimal("0.05") }, btc(), &[Restricted::Opening]);
    rules.lifts = LiftRule::After { seconds: 60, within: Some(decimal("0.02")) };
    set(&mut venue, rules);
    assert_eq!(said(&mark(&mut venue, "64000")).len(), 1);
    assert!(said(&mark(&mut venue, "62000")).is_empty(), "inside the bound that trips, outside the one that lifts");
    assert!(tick(&mut venue, 3_000).is_empty());
    assert_eq!(said(&mark(&mut venue, "60500")), ["inside underlying BTC"]);
    venue.wait(50);
    assert_eq!(said(&mark(&mut venue, "62000")), ["outside underlying BTC"]);
    venue.wait(50);
    assert_eq!(said(&mark(&mut venue, "60500")), ["inside underlying BTC"]);
    assert!(tick(&mut venue, 59).is_empty(), "the minute begins anew");
    assert_eq!(tick(&mut venue, 1), ["lifted underlying BTC"]);
}

#[test]
fn an_index_that_jumps_stops_new_loans_of_whoever_has_a_stake() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("500000 USDC") });
    let holder = venue.funded("holder", "5 BTC");
    let other = venue.funded("other", "100 ETH");
    let watches = Watched::Velocity { share: decimal("0.1"), window_s: 1_600 };
    let actions = [Restricted::Borrowing, Restricted::Withdrawing];
    set(&mut venue, breaker(watches, Scope::EachUnderlying, &actions));
    venue.wait(10_000);
    assert!(said(&venue.prices("65000", "3000")).is_empty());
    venue.wait(800);
    // From where it was within the window, however it got there.
    let events = said(&venue.prices("66500", "3000"));
    assert!(events.len() == 1 && events[0].starts_with("tripped underlying BTC at 0.10"), "{events:?}");
    assert!(stops(&borrow(&mut venue, holder, "10 USDC"), Restricted::Borrowing));
    assert!(stops(&withdraw(&mut venue, holder, "0.1 BTC"), Restricted::Withdrawing));
    borrow(&mut venue, other, "10 USDC").unwrap();
    withdraw(&mut venue, other, "1 ETH").unwrap();
    // The first move leaves the window a sixteenth after its end, and with it what was there before.
    assert!(tick(&mut venue, 800).is_empty());
    assert_eq!(tick(&mut venue, 100), ["inside underlying BTC"]);
    assert_eq!(tick(&mut venue, 60), ["lifted underlying BTC"]);
    venue.prices("66500", "3000");
    borrow(&mut venue, holder, "10 USDC").unwrap();
    // A fall counts like a rise.
    venue.wait(10_000);
    assert!(said(&venue.prices("59000", "3000"))[0].starts_with("tripped underlying BTC at 0.11"));
}

#[test]
fn too_few_sources_stop_placing() {
    let mut venue = Venue::new();
    let account = venue.funded("a", "100000 USDC");
    let rules = UnderlyingRules { quote: asset("USD"), trust: trust(), settlement_window_s: 1_800 };
    venue.run(Command::ListUnderlying { underlying: "BTC".parse().unwrap(), rules });
    let said_by = |venue: &mut Venue, sources: &[(&str, &str)]| {
        let now = venue.now;
        let feed = Feed::Index("BTC".parse().unwrap());
        let quotes = sources.iter().map(|(source, price)| (feed, quote(source, decimal(price), now))).collect();
        said(&venue.run(Command::Prices(PriceBatch { quotes, ..PriceBatch::default() })))
    };
    said_by(&mut venue, &[("east", "60000"), ("west", "60010")]);
    set(&mut venue, breaker(Watched::Quorum { sources: 3 }, btc(), &[Restricted::Placing]));
    assert!(!is_tripped(&venue.state), "with the venue's own there are three");
    // One of them is an outlier now.
    assert_eq!(said_by(&mut venue, &[("west", "90000")]), ["tripped underlying BTC at 2"]);
    let order = venue.order(BTC_USDC, Side::Buy, "0.1", "60000");
    assert!(stops(&venue.place(account, 1, order.clone()), Restricted::Placing));
    let reduces = venue.order(ETH_USDC, Side::Buy, "0.1", "3000");
    venue.place(account, 2, reduces).unwrap();
    assert_eq!(said_by(&mut venue, &[("west", "60000")]), ["inside underlying BTC"]);
    // Silence is noticed, and a quorum that has gone stale has not come back.
    let age = trust().index.age_ns_max / 1_000_000_000;
    venue.wait(age.max(60) + 1);
    assert!(stops(&venue.place(account, 1, order), Restricted::Placing));
    assert_eq!(said(&venue.run(Command::Tick)), ["outside underlying BTC"]);
}

#[test]
fn withdrawals_that_would_pass_the_limit_are_refused_and_using_it_up_trips() {
    let mut venue = Venue::new();
    let (one, other) = (venue.funded("one", "100000 USDC"), venue.funded("other", "100000 USDC"));
    let watches = Watched::WithdrawalRate { value: decimal("10000"), window_s: 1_600 };
    let usdc = Scope::Asset(asset("USDC"));
    set(&mut venue, breaker(watches, usdc, &[Restricted::Withdrawing, Restricted::Gains]));
    venue.wait(100_000);
    withdraw(&mut venue, one, "6000 USDC").unwrap();
    let refused = withdraw(&mut venue, other, "4001 USDC").unwrap_err();
    let text = "breaker line: 10001 USDC would be withdrawn within 1600 s: expected at most 10000 USDC";
    assert_eq!(refused.to_string(), text);
    assert!(!is_tripped(&venue.state), "who asks for too much shuts nobody else out");
    venue.wait(400);
    assert_eq!(said(&withdraw(&mut venue, other, "4000 USDC").unwrap()), ["tripped asset USDC at 10000"]);
    assert!(stops(&withdraw(&mut venue, other, "1 USDC"), Restricted::Withdrawing));
    venue.run(Command::Deposit { account: other, amount: amount("1 BTC") });
    withdraw(&mut venue, other, "1 BTC").unwrap();
    // Between accounts of one owner nothing leaves.
    let second = venue.account_with("second", |terms| terms.owner = "one".into());
    venue.run(Command::Transfer { from: one, to: second, amount: amount("5 USDC") });
    // A hand that lifts it lifts the limit too, until what was withdrawn has left the window.
    let mut by_hand = Venue { state: venue.state.clone(), book: plimsoll_engine::Book::new(), ..Venue::new() };
    by_hand.now = venue.now;
    by_hand.run(Command::LiftBreaker { name: name(NAME) });
    withdraw(&mut by_hand, other, "5000 USDC").unwrap();
    assert_eq!(tick(&mut by_hand, 1_700), ["inside asset USDC"]);
    assert_eq!(withdraw(&mut by_hand, other, "10001 USDC").unwrap_err().rule(), "WithdrawalRate");
    // The first 6,000 leave the window; a minute later it is open, whoever asked in between.
    venue.wait(1_200);
    assert!(stops(&withdraw(&mut venue, other, "1 USDC"), Restricted::Withdrawing));
    venue.wait(160);
    assert_eq!(
        said(&withdraw(&mut venue, other, "6000 USDC").unwrap()).concat(),
        "lifted asset USDCtripped asset USDC at 10000"
    );
}

#[test]
fn a_rate_that_does_not_restrict_withdrawing_lets_the_crossing_one_through() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("500000 USDC") });
    let account = venue.funded("a", "100000 USDC");
    let watches = Watched::WithdrawalRate { value: decimal("10000"), window_s: 1_600 };
    set(&mut venue, breaker(watches, Scope::Everything, &[Restricted::Borrowing]));
    // In the currency: a dollar coin is 0.9995.
    assert!(said(&withdraw(&mut venue, account, "10000 USDC").unwrap()).is_empty());
    assert_eq!(said(&withdraw(&mut venue, account, "5000 USDC").unwrap()), ["tripped everything at 14992.5"]);
    withdraw(&mut venue, account, "5000 USDC").unwrap();
    assert!(stops(&borrow(&mut venue, account, "1 USDC"), Restricted::Borrowing));
}

#[test]
fn an_owners_rate_is_that_owners_alone() {
    let mut venue = Venue::new();
    let (one, other) = (venue.funded("one", "100000 USDC"), venue.funded("other", "100000 USDC"));
    let second = venue.account_with("second", |terms| terms.owner = "one".into());
    venue.run(Command::Deposit { account: second, amount: amount("100000 USDC") });
    let watches = Watched::WithdrawalRate { value: decimal("9995"), window_s: 1_600 };
    set(&mut venue, breaker(watches, Scope::Owner("one".into()), &[Restricted::Withdrawing, Restricted::Placing]));
    withdraw(&mut venue, other, "50000 USDC").unwrap();
    withdraw(&mut venue, one, "9000 USDC").unwrap();
    assert_eq!(said(&withdraw(&mut venue, second, "1000 USDC").unwrap()), ["tripped owner one at 9995"]);
    for (account, stopped) in [(one, true), (second, true), (other, false)] {
        assert_eq!(stops(&withdraw(&mut venue, account, "1 USDC"), Restricted::Withdrawing), stopped);
        let order = venue.order(BTC_USDC, Side::Buy, "0.1", "60000");
        assert_eq!(stops(&venue.place(account, 1, order), Restricted::Placing), stopped);
    }
}

/// A long of ten BTC that goes under and costs the fund what 100,000 USDC do not pay.
fn fall(venue: &mut Venue, owner: &str) -> AccountId {
    let account = venue.funded(owner, "100000 USDC");
    let other = venue.funded(&format!("against {owner}"), "100000000 USDC");
    venue.trade(BTC_USDC, "10", "60000", account, other);
    account
}

#[test]
fn a_drawdown_of_the_fund_stops_the_taking_of_gains() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("50000 USDC") });
    fall(&mut venue, "a");
    let watches = Watched::FundDrawdown { share: decimal("0.2"), window_s: 3_600 };
    set(&mut venue, breaker(watches, Scope::Everything, &[Restricted::Gains]));
    let events = said(&venue.prices("49000", "3000"));
    // 10,300 of 50,000 are lost: 110,000 at the mark, less 99,700.
    assert!(events.len() == 1 && events[0].starts_with("tripped everything at 0.20"), "{events:?}");
    let winner = AccountId(1);
    let gained = withdraw(&mut venue, winner, "100000001 USDC");
    assert!(stops(&gained, Restricted::Gains), "{gained:?}");
    let second = venue.account_with("second", |terms| terms.owner = "against a".into());
    let moved = venue.ask(&Command::Transfer { from: winner, to: second, amount: amount("100000001 USDC") });
    assert!(stops(&moved, Restricted::Gains), "{moved:?}");
    withdraw(&mut venue, winner, "100000000 USDC").unwrap();
    // What is paid in brings it back inside.
    let amount = amount("50000 USDC");
    assert_eq!(said(&venue.run(Command::FundHouse { house: House::Insurance, amount })), ["inside everything"]);
    assert_eq!(tick(&mut venue, 60), ["lifted everything"]);
    withdraw(&mut venue, winner, "1 USDC").unwrap();
}

#[test]
fn open_interest_is_told_by_fills_and_prices() {
    let mut venue = Venue::new();
    let (a, b) = (venue.funded("a", "1000000 USDC"), venue.funded("b", "1000000 USDC"));
    let watches = Watched::OpenInterest { notional: decimal("130000") };
    venue.trade(BTC_USDC, "1", "60000", a, b);
    set(&mut venue, breaker(watches, btc(), &[Restricted::Opening]));
    // A fill is a fact: it goes past the bound, and trips.
    venue.trade(ETH_USDC, "100", "3000", a, b);
    assert!(!is_tripped(&venue.state));
    venue.trade(BTC_USDC, "1", "60000", a, b);
    assert!(!is_tripped(&venue.state), "two are 120,000 dollar coins of 0.9995");
    assert_eq!(said(&venue.prices("66000", "3000")), ["tripped underlying BTC at 131934"]);
    let order = venue.order(BTC_USDC, Side::Buy, "0.1", "60000");
    assert!(stops(&venue.place(a, 1, order), Restricted::Opening));
    venue.trade(BTC_USDC, "0.5", "66000", b, a);
    assert_eq!(tick(&mut venue, 60), ["lifted underlying BTC"]);
}

#[test]
fn a_price_that_no_figure_holds_is_beyond_every_bound() {
    for watches in [
        Watched::OpenInterest { notional: decimal("1000000000") },
        Watched::PriceBand { share: decimal("0.9") },
        Watched::Velocity { share: decimal("9"), window_s: 1_600 },
    ] {
        let mut venue = Venue::new();
        let [a, b] = ["a", "b"].map(|name| venue.funded(name, "1000000 USDC"));
        venue.trade(LINEAR_CALL, "10", "100", a, b);
        set(&mut venue, breaker(watches, Scope::Everything, &[Restricted::Opening]));
        assert!(!is_tripped(&venue.state));
        // In dollar coins of 0.9995 it is more than the largest there is, and so is what ten calls stand for.
        let index = (Feed::Index("ETH".parse().unwrap()), quote("one", Decimal::MAX, venue.now));
        venue.run(Command::Prices(PriceBatch { quotes: vec![index], ..PriceBatch::default() }));
        assert!(is_tripped(&venue.state), "{watches:?}");
    }
}

#[test]
fn an_owner_with_too_much_of_a_side_may_not_add_and_others_may() {
    let mut venue = Venue::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| venue.funded(name, "1000000 USDC"));
    let second = venue.account_with("second", |terms| terms.owner = "a".into());
    venue.run(Command::Deposit { account: second, amount: amount("1000000 USDC") });
    let market = venue.account_with("market", |terms| terms.kind = Kind::Outside);
    let watches = Watched::OwnerConcentration { share: decimal("0.5"), above: decimal("100000") };
    venue.trade(BTC_USDC, "1", "60000", a, market);
    set(&mut venue, breaker(watches, Scope::EachUnderlying, &[Restricted::Opening, Restricted::Borrowing]));
    assert!(!is_tripped(&venue.state), "all of a small market is little");
    for account in [b, c] {
        venue.trade(BTC_USDC, "1", "60000", account, market);
    }
    // Two of four are half; three of five are more: both accounts count.
    venue.trade(BTC_USDC, "1", "60000", second, market);
    assert!(!is_tripped(&venue.state));
    venue.trade(BTC_USDC, "1", "60000", second, market);
    let trips = &venue.state.breakers[NAME].trips;
    let holder = Subject::Holder { owner: name("a"), underlying: "BTC".parse().unwrap() };
    assert_eq!(trips.keys().collect::<Vec<_>>(), [&holder]);
    let buys = |venue: &Venue| venue.order(BTC_USDC, Side::Buy, "0.1", "60000");
    for (account, stopped) in [(a, true), (second, true), (b, false), (market, false)] {
        let order = buys(&venue);
        assert_eq!(stops(&venue.place(account, 1, order), Restricted::Opening), stopped);
    }
    let elsewhere = venue.order(ETH_USDC, Side::Buy, "0.1", "3000");
    venue.place(a, 2, elsewhere).unwrap();
    // Another of the same is as much again.
    venue.trade(BTC_USDC, "1", "60000", b, market);
    assert_eq!(tick(&mut venue, 60), ["lifted owner a in underlying BTC"]);
}

#[test]
fn a_pause_of_liquidations_leaves_accounts_under_and_closes_them_when_it_lifts() {
    let mut venue = Venue::new();
    let account = fall(&mut venue, "a");
    let watches = Watched::Velocity { share: decimal("0.05"), window_s: 1_600 };
    set(&mut venue, breaker(watches, btc(), &[Restricted::Liquidating]));
    // The price that trips it closes nobody.
    let events = venue.prices("53000", "3000");
    assert_eq!(said(&events).len(), 1);
    let orders = |venue: &Venue| venue.state.accounts[account.index()].orders.len();
    assert_eq!(venue.state.accounts[account.index()].standing.state, Level::Liquidating);
    assert_eq!(orders(&venue), 0, "{events:?}");
    let own = venue.order(BTC_USDC, Side::Sell, "1", "53000");
    venue.place(account, 1, own).unwrap();
    for _ in 0..100 {
        venue.wait(10);
        venue.prices("53000", "3000");
    }
    assert_eq!(orders(&venue), 1, "its own order may still cure it");
    venue.run(Command::Cancel { account, order: OrderId(1) });
    assert_eq!(venue.state.accounts[account.index()].holding(BTC_USDC).quantity, Quantity(decimal("10")));
    // It has been inside since a sixteenth began after the window, whenever that is noticed.
    venue.wait(750);
    assert_eq!(said(&venue.prices("53000", "3000")), ["inside underlying BTC"]);
    assert_eq!(orders(&venue), 0);
    venue.wait(10);
    let events = venue.prices("53000", "3000");
    assert_eq!(said(&events), ["lifted underlying BTC"]);
    assert!(orders(&venue) > 0, "the waves begin then: {events:?}");
}

#[test]
fn a_pause_in_one_market_exempts_nobody_in_the_others() {
    let mut venue = Venue::new();
    let account = fall(&mut venue, "a");
    venue.trade(ETH_USDC, "1", "3000", account, AccountId(1));
    let watches = Watched::PriceBand { share: decimal("0.01") };
    let eth = Scope::Underlying("ETH".parse().unwrap());
    set(&mut venue, breaker(watches, eth, &[Restricted::Liquidating]));
    let off = MarkQuote { price: Some(decimal("3100")), ..MarkQuote::default() };
    venue.run(Command::Prices(PriceBatch { marks: vec![(ETH_USDC, off)], ..PriceBatch::default() }));
    let mut batch = batch(venue.now, &decimal("49000"), &decimal("3000"));
    batch.marks.retain(|(contract, _)| *contract != ETH_USDC);
    venue.run(Command::Prices(batch));
    let account = &venue.state.accounts[account.index()];
    assert!(account.holding(BTC_USDC).quantity.0.is_zero(), "bankrupt, it is matched where that is allowed");
    assert_eq!(account.holding(ETH_USDC).quantity, Quantity(Decimal::ONE));
}

#[test]
fn many_liquidations_at_once_pause_the_rest() {
    let run = |paused: bool| {
        let mut venue = Venue::new();
        let accounts = ["a", "b", "c"].map(|owner| fall(&mut venue, owner));
        let watches = Watched::LiquidationRate { notional: decimal("600000"), window_s: 1_600 };
        if paused {
            set(&mut venue, breaker(watches, Scope::Everything, &[Restricted::Liquidating]));
        }
        let events = venue.prices("49000", "3000");
        let left = accounts.map(|it| venue.state.accounts[it.index()].holding(BTC_USDC).quantity.0.is_zero());
        (left, said(&events))
    };
    assert_eq!(run(false), ([true, true, true], Vec::new()));
    let (closed, said) = run(true);
    assert_eq!(closed, [true, true, false], "some 500,000 each: the second goes past it");
    assert_eq!(said, ["tripped everything at 1000099.7"]);
}

#[test]
fn fills_of_closing_orders_count_as_liquidations() {
    let mut venue = Venue::new();
    let account = fall(&mut venue, "a");
    let other = AccountId(1);
    let watches = Watched::LiquidationRate { notional: decimal("50000"), window_s: 1_600 };
    set(&mut venue, breaker(watches, btc(), &[Restricted::Opening]));
    venue.prices("54000", "3000");
    let (order, terms) = venue.state.accounts[account.index()].orders.first_key_value().unwrap();
    let (order, price) = (*order, Price::new(decimal("54000"), terms.price.quote));
    let side = |account, order| TradeSide { account, order };
    let events = venue.run(Command::Trade {
        contract: BTC_USDC,
        quantity: Quantity(Decimal::ONE),
        price,
        buyer: side(other, None),
        seller: side(account, Some(order)),
        taker: Side::Sell,
    });
    // 54,000 dollar coins at 0.9995.
    assert_eq!(said(&events), ["tripped underlying BTC at 53973"]);
}

#[test]
fn a_breaker_set_while_its_figure_is_beyond_trips_at_once() {
    let mut venue = Venue::new();
    mark(&mut venue, "66000");
    let events = set(&mut venue, breaker(Watched::PriceBand { share: decimal("0.05") }, btc(), &[Restricted::Placing]));
    assert_eq!(said(&events).len(), 1, "{events:?}");
    // Changed, it keeps what it knows; of another kind it begins anew.
    let wider = breaker(Watched::PriceBand { share: decimal("0.2") }, btc(), &[Restricted::Opening]);
    assert_eq!(said(&set(&mut venue, wider)), ["inside underlying BTC"]);
    assert!(is_tripped(&venue.state));
    let watches = Watched::OpenInterest { notional: Decimal::ONE };
    let events = said(&set(&mut venue, breaker(watches, btc(), &[Restricted::Opening])));
    assert_eq!(events, ["lifted underlying BTC"]);
    let removed = Command::SetBreaker { name: name(NAME), breaker: None };
    venue.run(removed.clone());
    assert!(venue.state.breakers.is_empty());
    assert_eq!(venue.ask(&removed).unwrap_err().rule(), "UnknownBreaker");
}

#[test]
fn hands_lift_and_trip() {
    let mut venue = Venue::new();
    let mut rules = breaker(Watched::PriceBand { share: decimal("0.05") }, btc(), &[Restricted::Placing]);
    rules.lifts = LiftRule::Manual;
    set(&mut venue, rules.clone());
    let (lift, trip) = (Command::LiftBreaker { name: name(NAME) }, Command::TripBreaker { name: name(NAME) });
    assert_eq!(venue.ask(&lift).unwrap_err().rule(), "NotAllowed");
    assert_eq!(said(&mark(&mut venue, "66000")).len(), 1);
    mark(&mut venue, "60000");
    assert!(tick(&mut venue, 100_000).is_empty(), "no time lifts it");
    mark(&mut venue, "66000");
    // Lifted while it is beyond, it stays lifted until it has been back.
    assert_eq!(said(&venue.run(lift.clone())), ["waived underlying BTC"]);
    assert!(said(&mark(&mut venue, "67000")).is_empty() && !is_tripped(&venue.state));
    assert_eq!(said(&mark(&mut venue, "60000")), ["inside underlying BTC"]);
    assert_eq!(said(&mark(&mut venue, "67000")).len(), 1);
    mark(&mut venue, "60000");
    assert_eq!(said(&venue.run(lift)), ["lifted underlying BTC"]);
    assert_eq!(said(&venue.run(trip.clone())), ["tripped underlying BTC by hand"]);
    assert_eq!(venue.ask(&trip).unwrap_err().rule(), "NotAllowed", "twice is once");
    let account = venue.funded("a", "1000 USDC");
    let order = venue.order(BTC_USDC, Side::Buy, "0.001", "60000");
    assert!(stops(&venue.place(account, 1, order), Restricted::Placing));
    // By rule, what a hand tripped lifts like any other.
    rules.lifts = LiftRule::After { seconds: 60, within: None };
    assert_eq!(said(&set(&mut venue, rules)), ["inside underlying BTC"]);
    assert_eq!(tick(&mut venue, 60), ["lifted underlying BTC"]);
}

#[test]
fn what_leads_nowhere_is_refused_by_name() {
    let mut venue = Venue::new();
    let (share, window_s) = (decimal("0.1"), 60);
    let none = decimal("0");
    let fine = breaker(Watched::Velocity { share, window_s }, btc(), &[Restricted::Opening]);
    let with = |watches| Breaker { watches, ..fine.clone() };
    let everywhere = |watches| Breaker { scope: Scope::Everything, ..with(watches) };
    let lifting = |seconds, within| Breaker { lifts: LiftRule::After { seconds, within }, ..fine.clone() };
    let pausing = |breaker: Breaker| Breaker { restricts: [Restricted::Liquidating].into(), ..breaker };
    let wrong = [
        (with(Watched::PriceBand { share: none }), "share is 0: expected above 0, at most 10"),
        (with(Watched::Velocity { share: decimal("11"), window_s }), "share is 11"),
        (with(Watched::Velocity { share, window_s: 0 }), "window_s is 0: expected 1 to 31536000"),
        (with(Watched::Velocity { share, window_s: 31_536_001 }), "window_s is 31536001"),
        (with(Watched::Quorum { sources: 0 }), "sources is 0: expected 1 to 100"),
        (everywhere(Watched::WithdrawalRate { value: none, window_s }), "value is 0: expected above 0"),
        (everywhere(Watched::FundDrawdown { share: Decimal::ONE, window_s }), "share is 1: expected above 0, below 1"),
        (with(Watched::OpenInterest { notional: decimal("-1") }), "notional is -1"),
        (with(Watched::OwnerConcentration { share, above: decimal("-1") }), "above is -1: expected at least 0"),
        (with(Watched::LiquidationRate { notional: none, window_s }), "notional is 0"),
        (with(Watched::WithdrawalRate { value: share, window_s }), "of everything, of an asset or of an owner"),
        (with(Watched::FundDrawdown { share, window_s }), "it is of everything"),
        (everywhere(Watched::OwnerConcentration { share, above: none }), "of each underlying or of one"),
        (Breaker { scope: Scope::Owner("a".into()), ..fine.clone() }, "of an asset"),
        (Breaker { restricts: BTreeSet::new(), ..fine.clone() }, "restricts something"),
        (lifting(31_536_001, None), "lift_s is 31536001"),
        (lifting(0, Some(decimal("0.2"))), "within is 0.2: expected 0 to the bound"),
        (pausing(with(Watched::OwnerConcentration { share, above: none })), "pauses no liquidations"),
        (pausing(with(Watched::OpenInterest { notional: share })), "pauses no liquidations"),
        (pausing(everywhere(Watched::WithdrawalRate { value: share, window_s })), "pauses no liquidations"),
        (pausing(Breaker { lifts: LiftRule::Manual, ..fine.clone() }), "lifts by rule"),
        (Breaker { scope: Scope::Underlying("XYZ".parse().unwrap()), ..fine.clone() }, "XYZ"),
        (Breaker { scope: Scope::Asset(asset("XYZ")), ..fine.clone() }, "XYZ"),
        (
            Breaker {
                scope: Scope::Owner("nobody".into()),
                ..with(Watched::WithdrawalRate { value: share, window_s })
            },
            "nobody: no account is of this owner",
        ),
    ];
    for (breaker, expected) in wrong {
        let command = Command::SetBreaker { name: name(NAME), breaker: Some(Box::new(breaker.clone())) };
        let refusal = venue.ask(&command).expect_err(expected).to_string();
        assert!(refusal.contains(expected), "{breaker:?}: {refusal}, instead of {expected}");
    }
    let unnamed = Command::SetBreaker { name: name(""), breaker: Some(Box::new(fine.clone())) };
    assert!(venue.ask(&unnamed).is_err());
    assert_eq!(venue.ask(&Command::TripBreaker { name: name("none") }).unwrap_err().rule(), "UnknownBreaker");
    set(&mut venue, fine);
}

/// Windows stand at fixed times: who asks, and how often, changes no answer.
#[test]
fn the_cadence_of_commands_changes_nothing() {
    let run = |every: i64| {
        let mut venue = Venue::new();
        let account = venue.funded("a", "100000 USDC");
        let watches = Watched::WithdrawalRate { value: decimal("5000"), window_s: 1_000 };
        let lifts = LiftRule::After { seconds: 100, within: Some(decimal("2500")) };
        let usdc = Scope::Asset(asset("USDC"));
        set(&mut venue, Breaker { lifts, ..breaker(watches, usdc, &[Restricted::Borrowing]) });
        let (mut random, mut outcome) = (Random(7), Vec::new());
        for _ in 0..60 {
            let mut left = random.below(400);
            while every > 0 && left > every {
                tick(&mut venue, every);
                left -= every;
            }
            venue.wait(left);
            let tripped = stops(&borrow(&mut venue, account, "1 USDC"), Restricted::Borrowing);
            let of = format!("{} USDC", 1 + random.below(2_000));
            outcome.push((tripped, withdraw(&mut venue, account, &of).is_ok()));
        }
        outcome
    };
    let silent = run(0);
    assert!(silent.iter().any(|(tripped, _)| *tripped) && silent.iter().any(|(tripped, _)| !tripped));
    assert_eq!(silent, run(1));
    assert_eq!(silent, run(37));
}
