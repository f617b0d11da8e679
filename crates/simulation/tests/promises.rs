//! Each promise can fail: values that break it, handed to the check that looks for them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Decimal, Price, Quantity, Side, Timestamp};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::{Book, Command, ContractId, House, State, evolve, step};
use plimsoll_journal::files::{Files as _, Memory};
use plimsoll_journal::{Log as _, Options, Record, Segments, Sequence};
use plimsoll_node::{Answer, Answered, Decided, Request, Submitted};
use plimsoll_simulation::Random;
use plimsoll_simulation::faults::image::{Held, flipped};
use plimsoll_simulation::promises::answers::Answers;
use plimsoll_simulation::promises::mirror::Mirror;
use plimsoll_simulation::promises::{Wrong, equity, nets, same, standing};
use plimsoll_simulation::world::{self, Markets, People, listing};

/// A venue and the books beside it.
struct Venue {
    state: State,
    book: Book,
    mirror: Mirror,
    now: Timestamp,
}

impl Venue {
    fn new() -> Self {
        let now = world::start();
        let mut venue = Self {
            state: State::new(world::currency(), now),
            book: Book::new(),
            mirror: Mirror::new(world::currency()),
            now,
        };
        let (_, opening) = People::new(40, &mut Random::of(1, "people"));
        for command in listing::commands(now).into_iter().chain(opening) {
            venue.run(&command);
        }
        let batch = Markets::default().batch(&venue.state, now, None, &mut Random::of(1, "prices"));
        venue.run(&Command::Prices(batch));
        venue
    }

    fn run(&mut self, command: &Command) {
        let events = step(&mut self.state, &mut self.book, command, self.now)
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.mirror.enter(command, self.now, &events).unwrap();
    }

    fn wrong(&self, account: u32) -> Vec<Wrong> {
        let account = same::account(&self.state, &self.mirror, AccountId(account));
        account.into_iter().chain(same::house(&self.state, &self.mirror)).collect()
    }

    fn tamper(&mut self, account: u32, asset: &str, by: i64) {
        let funds = &mut self.state.accounts[account as usize].funds;
        let funds = funds.entry(world::asset(asset)).or_default();
        funds.cash = funds.cash.plus(Decimal::from_units(i128::from(by)).unwrap()).unwrap();
    }
}

/// The outside counterparty sells perpetuals to somebody.
fn trade(account: u32) -> Command {
    let side = |account| TradeSide { account: AccountId(account), order: None };
    Command::Trade {
        contract: ContractId(2),
        quantity: Quantity("0.5".parse().unwrap()),
        price: Price::new("3000".parse().unwrap(), world::asset("USDC")),
        buyer: side(account),
        seller: side(0),
        taker: Side::Buy,
    }
}

#[test]
fn a_unit_too_much_is_found_by_books_and_sums() {
    let mut venue = Venue::new();
    venue.run(&trade(5));
    assert_eq!((venue.wrong(5), nets::check(&venue.state)), (vec![], vec![]));
    venue.tamper(5, "USDC", 1);
    assert_eq!(venue.wrong(5)[0].promise, same::BOOKS);
    assert_eq!(nets::check(&venue.state)[0].promise, nets::CASH);
    // Taken from the fees, sums agree and the books do not.
    let fees = venue.state.house.get_mut(&(House::Fees, world::asset("USDC"))).unwrap();
    *fees = fees.minus(Decimal::from_units(1).unwrap()).unwrap();
    assert!(nets::check(&venue.state).is_empty());
    assert_eq!(venue.wrong(5).len(), 2);
}

#[test]
fn what_the_rules_do_not_say_is_found() {
    let mut venue = Venue::new();
    venue.run(&trade(5));
    let funding = |rate: &str| Command::PayFunding { contract: ContractId(2), rate: rate.parse().unwrap() };
    let before = venue.mirror.clone();
    let events = step(&mut venue.state, &mut venue.book, &funding("0.0001"), venue.now).unwrap();
    // The sign the other way round, and twice.
    venue.mirror.enter(&funding("-0.0001"), venue.now, &events).unwrap();
    assert_eq!(venue.wrong(5)[0].promise, same::BOOKS);
    venue.mirror = before;
    venue.mirror.enter(&funding("0.0001"), venue.now, &events).unwrap();
    assert!(venue.wrong(5).is_empty());
    venue.mirror.enter(&funding("0.0001"), venue.now, &events).unwrap();
    assert_eq!(venue.wrong(5)[0].promise, same::BOOKS);
    // More than there is.
    let rich = Amount::new(Decimal::from_int(1_000_000_000), world::asset("USDC"));
    assert!(venue.mirror.enter(&Command::Withdraw { account: AccountId(5), amount: rich }, venue.now, &[]).is_err());
}

#[test]
fn interest_is_by_the_second_and_rounded_up() {
    let mut venue = Venue::new();
    let amount = Amount::new(Decimal::from_int(1_000), world::asset("USDC"));
    venue.run(&Command::Borrow { account: AccountId(5), amount });
    venue.now = venue.now.plus_seconds(3).unwrap();
    venue.run(&Command::Tick);
    assert!(venue.wrong(5).is_empty());
    let funds = venue.state.accounts[5].funds.get_mut(&world::asset("USDC")).unwrap();
    // 3 seconds of 8 % on 1,000 is 0.0000076103500761…
    assert_eq!(funds.interest.to_string(), "0.000007610350076104");
    funds.interest = funds.interest.minus(Decimal::from_units(1).unwrap()).unwrap();
    assert_eq!(venue.wrong(5)[0].promise, same::BOOKS);
}

#[test]
fn a_haircut_taken_twice_is_found() {
    let mut venue = Venue::new();
    venue.run(&trade(5));
    let id = AccountId(5);
    let mut margin = standing::margin(&venue.state, &mut Book::new(), id).unwrap();
    assert_eq!(equity::check(&venue.state, &venue.mirror, id, &margin), None);
    assert_eq!(standing::check(&venue.state, &margin, id).0, None);
    margin.equity.initial.amount = margin.equity.initial.amount.minus(Decimal::new(1, 2)).unwrap();
    assert_eq!(equity::check(&venue.state, &venue.mirror, id, &margin).unwrap().promise, equity::EQUITY);
}

fn decided(client: &str, number: u64, at: i64) -> Decided {
    let request = Request { client: client.into(), number, command: Command::Tick };
    Decided { at: Timestamp::from_nanos(at), request, answer: Answer::Done(Vec::new()) }
}

#[test]
fn answers_twice_out_of_order_or_changed_are_found() {
    let mut answers = Answers::default();
    assert_eq!(answers.given(Sequence(2), &decided("a", 1, 10)), None);
    assert!(answers.given(Sequence(3), &decided("a", 1, 10)).is_some(), "carried out twice");
    assert!(answers.given(Sequence(3), &decided("a", 2, 10)).is_some(), "a record that was there before");
    assert!(answers.given(Sequence(4), &decided("a", 3, 9)).is_some(), "time runs back");
    let client: Arc<str> = "a".into();
    let said = |answer| {
        let decided = Decided { answer, ..decided("a", 1, 10) };
        Submitted::Again(Arc::new(Answered { sequence: Sequence(2), decided }))
    };
    assert_eq!(answers.again(&client, 1, &said(Answer::Done(Vec::new()))), None);
    let other = Answer::Refused { rule: "Frozen".into(), text: "no".into() };
    assert!(answers.again(&client, 1, &said(other)).is_some(), "another answer");
    assert!(answers.again(&client, 1, &Submitted::Staged).is_some(), "once more");
    assert!(answers.again(&client, 1, &Submitted::TooOld { last: 3 }).is_some(), "forgotten");
}

#[test]
fn damage_that_is_accepted_would_be_found() {
    let files = Memory::new();
    let options = Options { segment_bytes: 4_096 };
    let (mut log, _) = Segments::open(files.clone(), options).unwrap();
    for at in 1..=20 {
        log.append(Timestamp::from_nanos(at), &[Record { kind: 7, payload: &[7; 100] }]).unwrap();
    }
    let held = Held { last: log.last(), last_frame: log.last(), chain: log.chain() };
    let mut random = Random::of(1, "flips");
    for _ in 0..200 {
        assert_eq!(flipped(&files, options, held, &mut random), None);
    }
    // As if two records more had been acknowledged: whatever is opened now is a loss.
    let lost = Held { last: Sequence(22), last_frame: Sequence(22), ..held };
    let found = (0..200).filter_map(|_| flipped(&files, options, lost, &mut random)).count();
    assert!(found > 0);
    assert!(!files.list().unwrap().is_empty());
}

#[test]
fn an_event_that_is_lost_is_missed() {
    let mut venue = Venue::new();
    let before = venue.state.clone();
    let command = trade(5);
    let events = step(&mut venue.state, &mut venue.book, &command, venue.now).unwrap();
    let mut folded = before;
    events.iter().skip(1).for_each(|event| evolve(&mut folded, event, venue.now));
    assert!(folded != venue.state);
}
