//! Each promise about breakers can fail: what truly happened, and then the same with something changed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use plimsoll_core::{AccountId, Amount, Decimal, Price, Quantity, Side, Timestamp};
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Subject, Watched};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::{Book, Command, ContractId, Event, OpenOrder, OrderId, State, evolve, step};
use plimsoll_simulation::Random;
use plimsoll_simulation::promises::Wrong;
use plimsoll_simulation::promises::breakers::{Breakers, LIFTS, STOPPED, TRIPS};
use plimsoll_simulation::world::{self, Markets, listing};
use support::{BTC, LONG, OTHER, decimal, terms};

const NONE: Vec<&str> = Vec::new();

/// A long of ten coins at 60,000 with 100,000 dollars, and who sold them.
struct Venue {
    state: State,
    book: Book,
    breakers: Breakers,
    now: Timestamp,
    markets: Markets,
}

fn usdc(text: &str) -> Amount {
    Amount::new(decimal(text), world::asset("USDC"))
}

/// What is wrong with a command's events from `state` on.
fn found(breakers: &mut Breakers, mut state: State, command: &Command, at: Timestamp, events: &[Event]) -> Vec<Wrong> {
    let mut looked = breakers.begin(&state, command, at, events);
    for event in events {
        looked.extend(breakers.before(&state, event, at));
        evolve(&mut state, event, at);
    }
    looked.extend(breakers.after(&state, command, at, events));
    looked.into_iter().filter_map(|(_, wrong)| wrong).collect()
}

impl Venue {
    fn new() -> Self {
        let now = world::start();
        let mut venue = Self {
            state: State::new(world::currency(), now),
            book: Book::new(),
            breakers: Breakers::default(),
            now,
            markets: Markets::default(),
        };
        for command in listing::commands(now) {
            venue.run(&command);
        }
        for (name, dollars) in [("long", "100000"), ("other", "100000000")] {
            let account = AccountId(u32::try_from(venue.state.accounts.len()).unwrap());
            venue.run(&Command::OpenAccount { terms: terms(name) });
            venue.run(&Command::Deposit { account, amount: usdc(dollars) });
        }
        venue.price(60_000);
        let side = |account| TradeSide { account, order: None };
        let (quantity, price) = (Quantity(decimal("10")), Price::new(decimal("60000"), world::asset("USDC")));
        let (buyer, seller) = (side(LONG), side(OTHER));
        venue.run(&Command::Trade { contract: BTC, quantity, price, buyer, seller, taker: Side::Buy });
        venue
    }

    fn set(&mut self, watches: Watched, scope: Scope, restricts: &[Restricted], lifts: LiftRule) {
        let restricts: BTreeSet<Restricted> = restricts.iter().copied().collect();
        let breaker = Some(Box::new(Breaker { watches, scope, restricts, lifts }));
        self.run(&Command::SetBreaker { name: "line".into(), breaker });
    }

    /// What happens, in which nothing is wrong.
    fn run(&mut self, command: &Command) -> Vec<Event> {
        let before = self.state.clone();
        let events = step(&mut self.state, &mut self.book, command, self.now)
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let wrong = found(&mut self.breakers, before, command, self.now, &events);
        assert!(wrong.is_empty(), "{wrong:?}");
        events
    }

    /// Which promises would be broken, were these the events of a command.
    fn with(&self, command: &Command, events: &[Event]) -> Vec<&'static str> {
        let wrong = found(&mut self.breakers.clone(), self.state.clone(), command, self.now, events);
        wrong.into_iter().map(|wrong| wrong.promise).collect()
    }

    /// The same of what would happen, with its events changed.
    fn changed(&self, command: &Command, change: impl Fn(&mut Vec<Event>)) -> Vec<&'static str> {
        let mut events = step(&mut self.state.clone(), &mut Book::new(), command, self.now)
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        change(&mut events);
        self.with(command, &events)
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds).unwrap();
    }

    fn prices(&self, dollars: i64) -> Command {
        let mut markets = self.markets.clone();
        markets.indices[0] = dollars * 1_000;
        Command::Prices(markets.batch(&self.state, self.now, None, &mut Random::of(1, "prices")))
    }

    fn price(&mut self, dollars: i64) -> Vec<Event> {
        self.wait(1);
        self.run(&self.prices(dollars))
    }
}

const fn after(seconds: u32) -> LiftRule {
    LiftRule::After { seconds, within: None }
}

fn btc() -> Scope {
    Scope::Underlying(world::underlying("BTC"))
}

/// A breaker at a move of 5 % in a window of sixteen seconds, and the price that trips it.
fn velocity(lifts: LiftRule) -> Venue {
    let mut venue = Venue::new();
    let watches = Watched::Velocity { share: decimal("0.05"), window_s: 16 };
    venue.set(watches, btc(), &[Restricted::Opening, Restricted::Liquidating], lifts);
    venue.wait(1);
    venue
}

const fn trips(event: &Event) -> bool {
    matches!(event, Event::BreakerTripped { .. })
}

#[test]
fn trips_of_another_figure_place_or_bound_and_those_that_are_missing_are_found() {
    let venue = velocity(after(5));
    let jump = venue.prices(54_000);
    assert_eq!(venue.changed(&jump, |_| {}), NONE);
    assert_eq!(venue.changed(&jump, |events| events.retain(|event| !trips(event))), [TRIPS]);
    let other = |change: &dyn Fn(&mut Subject, &mut Option<Decimal>, &mut Decimal)| {
        venue.changed(&jump, |events| {
            let event = events.iter_mut().find(|event| trips(event));
            let Some(Event::BreakerTripped { subject, found, bound, .. }) = event else { panic!("no trip") };
            change(subject, found, bound);
        })
    };
    assert_eq!(other(&|_, found, _| *found = Some(decimal("0.11"))), [TRIPS]);
    assert_eq!(other(&|_, _, bound| *bound = decimal("0.04")), [TRIPS]);
    let eth = Subject::Underlying(world::underlying("ETH"));
    assert_eq!(other(&|subject, _, _| *subject = eth.clone())[..2], [TRIPS, TRIPS], "and not where it is beyond");
    let inside = venue.changed(&venue.prices(58_000), |events| {
        let (name, subject) = ("line".into(), Subject::Underlying(world::underlying("BTC")));
        let (found, bound) = (Some(decimal("0.034")), decimal("0.05"));
        events.push(Event::BreakerTripped { name, subject, found, bound });
    });
    assert_eq!(inside[0], TRIPS, "inside the bound");
}

#[test]
fn who_is_closed_in_a_pause_is_found() {
    let mut venue = velocity(after(5));
    let wave = |events: &mut Vec<Event>| {
        let (cost, excess) = (Decimal::ZERO, Decimal::ZERO);
        events.push(Event::LiquidationWave { account: LONG, wave: 1, orders: 1, cost, excess });
        let (order, terms) = (OrderId(OrderId::CLOSING), order(BTC, Side::Sell, "1"));
        events.push(Event::OrderPlaced { account: LONG, order, terms });
    };
    // Of one underlying, what concerns its contracts.
    assert_eq!(venue.changed(&venue.prices(54_000), wave), [STOPPED]);
    venue.price(54_000);
    assert_eq!(venue.changed(&venue.prices(54_000), wave), [STOPPED]);
    assert_eq!(velocity(after(5)).changed(&venue.prices(60_000), wave), NONE);
}

#[test]
fn lifts_that_are_early_late_or_missing_are_found() {
    let mut venue = velocity(after(5));
    venue.price(54_000);
    let eased = |event: &Event| matches!(event, Event::BreakerEased { .. });
    let lifted = |event: &Event| matches!(event, Event::BreakerLifted { .. });
    let lift = |events: &mut Vec<Event>| {
        let subject = Subject::Underlying(world::underlying("BTC"));
        events.push(Event::BreakerLifted { name: "line".into(), subject, waived: false });
    };
    let mut seconds = (None, None);
    for second in 1..60 {
        venue.wait(1);
        let early = venue.changed(&Command::Tick, lift);
        let without = venue.changed(&Command::Tick, |events| events.retain(|event| !eased(event) && !lifted(event)));
        let sooner = venue.changed(&Command::Tick, |events| {
            for event in events {
                if let Event::BreakerEased { since: Some(since), .. } = event {
                    *since = since.plus_seconds(-2).unwrap();
                }
            }
        });
        let events = venue.run(&Command::Tick);
        if events.iter().any(eased) {
            seconds.0 = Some(second);
            assert_eq!((without, sooner), (vec![LIFTS], vec![LIFTS]));
        } else if events.iter().any(lifted) {
            seconds.1 = Some(second);
            assert_eq!(without, [LIFTS]);
            break;
        } else {
            assert_eq!(without, NONE);
        }
        assert_eq!(early[0], LIFTS, "after {second} s");
    }
    // Seventeen sixteenths of the window, and five seconds inside.
    assert_eq!(seconds, (Some(17), Some(22)));
}

#[test]
fn a_narrower_bound_that_is_ignored_is_found() {
    let mut venue = velocity(LiftRule::After { seconds: 5, within: Some(decimal("0.01")) });
    venue.price(56_000);
    let back = venue.prices(57_600);
    let said = venue.changed(&back, |events| {
        let (name, subject) = ("line".into(), Subject::Underlying(world::underlying("BTC")));
        events.push(Event::BreakerEased { name, subject, found: decimal("0.04"), since: Some(venue.now) });
    });
    assert_eq!((venue.changed(&back, |_| {}), said[0]), (NONE, LIFTS));
}

#[test]
fn what_lifts_before_a_command_that_brings_its_figure_back_is_no_fault() {
    let mut venue = Venue::new();
    venue.run(&Command::OpenAccount { terms: terms("beside") });
    let beside = AccountId(2);
    venue.run(&Command::Deposit { account: beside, amount: usdc("10000") });
    let watches = Watched::WithdrawalRate { value: decimal("1000"), window_s: 16 };
    let lifts = LiftRule::After { seconds: 0, within: Some(decimal("500")) };
    venue.set(watches, Scope::Asset(world::asset("USDC")), &[Restricted::Withdrawing], lifts);
    let withdraw = |of| Command::Withdraw { account: beside, amount: usdc(of) };
    assert!(venue.run(&withdraw("1000")).iter().any(trips));
    venue.wait(18);
    let events = venue.run(&withdraw("600"));
    assert!(events.iter().any(|event| matches!(event, Event::BreakerLifted { .. })), "{events:?}");
}

fn order(contract: ContractId, side: Side, of: &str) -> OpenOrder {
    let price = Price::new(decimal("50000"), world::asset("USDC"));
    OpenOrder { contract, side, quantity: Quantity(decimal(of)), price, reduce_only: false }
}

#[test]
fn what_a_tripped_breaker_stops_is_found_and_what_it_does_not_is_not() {
    let mut venue = Venue::new();
    let watches = Watched::OpenInterest { notional: decimal("1000") };
    let stops = [Restricted::Opening, Restricted::Withdrawing, Restricted::Borrowing];
    venue.set(watches, btc(), &stops, LiftRule::Manual);
    venue.run(&Command::OpenAccount { terms: terms("beside") });
    let beside = AccountId(2);
    venue.run(&Command::Deposit { account: beside, amount: usdc("1000") });
    let place = |terms| Command::Place { account: LONG, order: OrderId(7), terms };
    let amount = usdc("5");
    for (command, wrong) in [
        (place(order(BTC, Side::Buy, "1")), true),
        (place(order(BTC, Side::Sell, "10")), false),
        (place(order(BTC, Side::Sell, "10.001")), true),
        (place(OpenOrder { reduce_only: true, ..order(BTC, Side::Sell, "11") }), false),
        (place(order(ContractId(2), Side::Buy, "1")), false),
        (Command::Withdraw { account: LONG, amount }, true),
        (Command::Withdraw { account: beside, amount }, false),
        (Command::Borrow { account: LONG, amount }, true),
        (Command::Borrow { account: beside, amount }, false),
        (Command::Deposit { account: LONG, amount }, false),
    ] {
        assert_eq!(venue.with(&command, &[]), if wrong { vec![STOPPED] } else { NONE }, "{command:?}");
        let ground = venue.breakers.groundless(&venue.state, &command, "Breaker", venue.now);
        assert_eq!(ground.is_none(), wrong, "a refusal of {command:?}");
    }
    venue.run(&Command::LiftBreaker { name: "line".into() });
    assert_eq!(venue.with(&place(order(BTC, Side::Buy, "1")), &[]), NONE);
}

#[test]
fn more_than_a_rate_leaves_is_found() {
    let mut venue = Venue::new();
    let watches = Watched::WithdrawalRate { value: decimal("1000"), window_s: 1_600 };
    venue.set(watches, Scope::Asset(world::asset("USDC")), &[Restricted::Withdrawing], after(60));
    let withdraw = |of| Command::Withdraw { account: OTHER, amount: usdc(of) };
    venue.run(&withdraw("600"));
    for (of, wrong) in [("400", false), ("400.000000000000000001", true)] {
        assert_eq!(venue.with(&withdraw(of), &[]), if wrong { vec![STOPPED] } else { NONE });
        let ground = venue.breakers.groundless(&venue.state, &withdraw(of), "WithdrawalRate", venue.now);
        assert_eq!(ground.is_none(), wrong);
    }
    venue.run(&withdraw("400"));
    assert_eq!(venue.with(&withdraw("0.01"), &[])[0], STOPPED);
}
