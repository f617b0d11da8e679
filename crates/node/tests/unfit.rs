//! Logs whose bytes are whole and tell of what cannot have happened: an error that says where, and never an end.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod days;

use std::panic::{AssertUnwindSafe, catch_unwind};

use days::support::Random;
use days::{OPTIONS, day, open, request};
use plimsoll_core::{AccountId, Encode, Timestamp};
use plimsoll_engine::evolve::Unfit;
use plimsoll_engine::step::{deleveraging, explain};
use plimsoll_engine::{Book, Command, Event, State};
use plimsoll_journal::{Entry, Log, MemoryLog, Record as Raw, Sequence};
use plimsoll_node::{Answer, Follower, Node, NodeError, Record, Request, audit};

/// A day of a small venue, as its log has it, without the checkpoints: they would find most of what is changed.
fn entries(seed: u64, count: usize) -> Vec<Entry> {
    let mut node = open(MemoryLog::new());
    for (number, (at, command)) in day(seed, count).into_iter().enumerate() {
        let _ = node.submit(request(number, &command), at);
        node.commit(at).unwrap();
    }
    let all = node.log().read(Sequence(1)).unwrap().map(Result::unwrap);
    all.filter(|entry| !matches!(Record::read(entry.kind, &entry.payload), Ok(Record::Checkpoint(_)))).collect()
}

/// The same records in a log of their own, whole by every checksum.
fn log_of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> MemoryLog {
    let mut log = MemoryLog::new();
    for Entry { at, kind, payload, .. } in entries {
        log.append(*at, &[Raw { kind: *kind, payload }]).unwrap();
    }
    log
}

/// Asks whatever readers ask, and goes on from there.
fn looked_at(log: &MemoryLog) -> Result<(), NodeError> {
    let follower = Follower::of(log)?.unwrap();
    let (state, mut book) = (follower.state(), Book::new());
    for account in 0..state.accounts.len() {
        let _ = explain(state, &mut book, AccountId(u32::try_from(account).unwrap()));
    }
    for contract in state.contract_names.values() {
        let _ = deleveraging(state, &mut book, *contract);
    }
    Ok(())
}

fn goes_on(log: MemoryLog) {
    let Ok(mut node) = Node::open(log, days::support::asset("USD"), Timestamp::from_nanos(0), OPTIONS) else { return };
    let at = node.state().clock;
    for number in 0..3 {
        node.submit(Request { client: "new".into(), number, command: Command::Tick }, at);
    }
    node.commit(at).unwrap();
}

#[test]
fn whole_bytes_that_tell_of_the_impossible_end_nobody() {
    let entries = entries(5, 250);
    let (mut random, mut unfit, mut followed, mut ended) = (Random(11), 0, 0, Vec::new());
    for round in 0..2_500_u32 {
        let mut below = |most: usize| usize::try_from(random.below(i64::try_from(most).unwrap())).unwrap();
        let place = 1 + below(entries.len() - 1);
        let mut changed = entries.clone();
        let payload = &mut changed[place].payload;
        for _ in 0..=below(3) {
            let at = below(payload.len());
            payload[at] = if below(2) == 0 { payload[at] ^ (1 << below(8)) } else { 255 };
        }
        let log = log_of(&changed);
        let seen = catch_unwind(AssertUnwindSafe(|| {
            let seen = looked_at(&log);
            if round % 50 == 0 {
                let _ = audit(&log, |_| {});
            }
            if seen.is_ok() {
                goes_on(log);
            }
            seen
        }));
        match seen {
            Ok(Ok(())) => followed += 1,
            Ok(Err(NodeError::Unfit { .. })) => unfit += 1,
            Ok(Err(_)) => {}
            Err(_) => ended.push((round, Record::read(changed[place].kind, &changed[place].payload))),
        }
    }
    assert!(ended.is_empty(), "{} ended, the first: {:?}", ended.len(), ended[0]);
    assert!(unfit > 200 && followed > 200, "{unfit} unfit, {followed} followed");
}

/// What is unfit about a log in which `change` is made to the first event that takes it.
fn unfit(entries: &[Entry], change: impl Fn(&State, &mut Event) -> bool) -> (Sequence, Unfit) {
    let mut follower = Follower::start(&log_of(entries), std::num::NonZeroUsize::MIN).unwrap().unwrap();
    let mut changed = entries.to_vec();
    for (place, entry) in entries.iter().enumerate().skip(1) {
        let Ok(Record::Decided(mut decided)) = Record::read(entry.kind, &entry.payload) else { continue };
        if let Answer::Done(events) = &mut decided.answer
            && events.first_mut().is_some_and(|event| change(follower.state(), event))
        {
            changed[place].payload = decided.encoded();
            match Follower::of(&log_of(&changed)).err() {
                Some(NodeError::Unfit { sequence, event: 1, reason }) => return (sequence, reason),
                other => panic!("{other:?}"),
            }
        }
        let log = log_of(&entries[..=place]);
        follower.follow(&log, log.last()).unwrap();
    }
    panic!("no such event");
}

#[test]
fn what_does_not_fit_is_named_with_its_record() {
    let entries = entries(5, 100);
    let (sequence, reason) = unfit(&entries, |_, event| match event {
        Event::Deposited { account, .. } => std::mem::replace(account, AccountId(4_000_000_000)) != *account,
        _ => false,
    });
    assert!(sequence > Sequence(1) && matches!(reason, Unfit::Account { account: AccountId(4_000_000_000), .. }));
    let (_, reason) = unfit(&entries, |_, event| match event {
        Event::Deposited { legs, .. } => legs.pop().is_some(),
        _ => false,
    });
    assert!(matches!(reason, Unfit::Cash { .. }), "{reason}");
    let (_, reason) = unfit(&entries, |_, event| match event {
        Event::AccountOpened { account, .. } => {
            account.0 += 1;
            true
        }
        _ => false,
    });
    assert!(matches!(reason, Unfit::Number { .. }), "{reason}");
    let (_, reason) = unfit(&entries, |_, event| match event {
        Event::Traded { buyer, .. } => {
            buyer.after.quantity.0 = buyer.after.quantity.0.negated();
            !buyer.after.quantity.0.is_zero()
        }
        _ => false,
    });
    assert!(matches!(reason, Unfit::Held { .. }), "{reason}");
}
