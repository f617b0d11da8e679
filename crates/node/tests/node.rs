//! What a node promises, on random days: nothing acknowledged is lost, nothing is done twice, and what is read back is
//! what was.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod days;

use std::sync::Arc;

use days::support::{Random, decimal};
use days::{day, open, request};
use plimsoll_core::{Encode, Timestamp};
use plimsoll_engine::{Book, Command};
use plimsoll_journal::files::{Fault, Faulty, Files, Memory, Plan};
use plimsoll_journal::{Log, LogError, MemoryLog, Segments, Sequence};
use plimsoll_node::{Answer, Answered, Follower, Node, NodeError, Request, Submitted, audit};

fn segments<F: Files>(files: F) -> Segments<F> {
    Segments::open(files, plimsoll_journal::Options { segment_bytes: 1 << 20 }).unwrap().0
}

/// Hands `commands` in, in commits of one to forty; every answer that was given out.
fn serve<L: Log>(node: &mut Node<L>, commands: &[(Timestamp, Command)], seed: u64) -> Vec<Answered> {
    let mut random = Random(seed);
    let mut answered = Vec::new();
    let mut burst = 0;
    for (number, (at, command)) in commands.iter().enumerate() {
        assert_eq!(node.submit(request(number, command), *at), Submitted::Staged);
        if burst == 0 {
            answered.extend(node.commit(*at).unwrap());
            burst = random.below(40);
        } else {
            burst -= 1;
        }
    }
    let last = commands.last().unwrap().0;
    answered.extend(node.commit(last).unwrap());
    answered
}

#[test]
fn what_was_answered_is_there_after_opening_again() {
    let commands = day(1, 600);
    let files = Arc::new(Memory::new());
    let mut node = open(segments(Arc::clone(&files)));
    let answered = serve(&mut node, &commands, 2);
    assert_eq!(answered.len(), commands.len());
    assert!(answered.iter().any(|each| matches!(each.decided.answer, Answer::Refused { .. })), "refusals are logged");
    let state = node.state().clone();
    drop(node);
    let again = open(segments(Arc::new(files.crash(usize::MAX, |_, _, kept| kept.clear()))));
    assert!(*again.state() == state, "the state is what was made durable");
}

#[test]
fn a_command_sent_twice_is_carried_out_once_and_answered_the_same_across_a_restart() {
    let commands = day(3, 100);
    let mut node = open(MemoryLog::new());
    let (at, command) = commands.last().unwrap().clone();
    serve(&mut node, &commands, 4);
    let number = commands.len();
    let mine = Request { client: "me".into(), number: 7, command: Command::Tick };
    assert_eq!(node.submit(mine.clone(), at), Submitted::Staged);
    assert_eq!(node.submit(mine.clone(), at), Submitted::Waiting);
    let answered = node.commit(at).unwrap().remove(0);
    let again = Submitted::Again(Arc::new(answered));
    assert_eq!(node.submit(mine.clone(), at), again);
    let older = Request { number: 6, ..mine.clone() };
    assert_eq!(node.submit(older, at), Submitted::TooOld { last: 7 });
    let before = node.log().last();
    assert!(node.commit(at).unwrap().is_empty());
    assert_eq!(node.log().last(), before, "nothing new was logged");
    // The same from the log, and from a snapshot.
    for snapshot in [false, true] {
        if snapshot {
            node.save_snapshot().unwrap();
        }
        let follower = Follower::of(node.log()).unwrap().unwrap();
        assert!(follower.state() == node.state());
    }
    let mut opened = open(node.into_log());
    assert_eq!(opened.submit(mine, at), again);
    assert_eq!(
        opened.submit(request(number - 1, &command), at),
        Submitted::Again(opened_answer(&opened, number - 1, &command))
    );
}

fn opened_answer(node: &Node<MemoryLog>, number: usize, command: &Command) -> Arc<Answered> {
    let wanted = request(number, command).encoded();
    let entries = node.log().read(Sequence(1)).unwrap().map(Result::unwrap);
    let decided = entries.filter(|entry| entry.kind == 1).map(|entry| {
        let plimsoll_node::Record::Decided(decided) = plimsoll_node::Record::read(1, &entry.payload).unwrap() else {
            unreachable!()
        };
        Answered { sequence: entry.sequence, decided: *decided }
    });
    Arc::new(decided.filter(|it| it.decided.request.encoded() == wanted).last().unwrap())
}

#[test]
fn commits_of_any_size_make_the_same_state() {
    let commands = day(5, 400);
    let mut states = Vec::new();
    for seed in [6, 7, 8] {
        let mut node = open(MemoryLog::new());
        serve(&mut node, &commands, seed);
        states.push(node.state().clone());
    }
    assert!(states[0] == states[1] && states[1] == states[2]);
}

#[test]
fn an_audit_decides_the_same_whatever_becomes_of_the_book() {
    let commands = day(9, 500);
    let mut node = open(MemoryLog::new());
    serve(&mut node, &commands, 10);
    let kept = audit(node.log(), |_| {}).unwrap();
    let mut random = Random(11);
    let dropped = audit(node.log(), |book| {
        if random.below(4) == 0 {
            *book = Book::new();
        }
    });
    assert_eq!(kept, dropped.unwrap());
    assert_eq!(kept.commands, commands.len());
    assert!(kept.refused > 10 && kept.checkpoints >= 4, "{kept:?}");
}

#[test]
fn a_snapshot_and_the_tail_make_the_state_that_the_whole_log_makes() {
    let commands = day(12, 500);
    let mut node = open(MemoryLog::new());
    let (head, tail) = commands.split_at(300);
    serve(&mut node, head, 13);
    let at = node.save_snapshot().unwrap();
    assert_eq!(at, node.log().last());
    for (number, (at, command)) in (1_000..).zip(tail) {
        node.submit(request(number, command), *at);
        node.commit(*at).unwrap();
    }
    let state = node.state().clone();
    let opened = open(node.into_log());
    assert!(*opened.state() == state);
}

/// A snapshot is whole, and still not of this log: it is not folded upon.
#[test]
fn a_snapshot_of_another_log_is_passed_over() {
    let commands = day(12, 400);
    let (mut one, mut other) = (open(MemoryLog::new()), open(MemoryLog::new()));
    serve(&mut one, &commands, 10);
    serve(&mut other, &commands[..399], 10);
    let state = one.state().clone();
    let (mut log, mut foreign) = (one.into_log(), other);
    let at = foreign.save_snapshot().unwrap();
    let snapshot = foreign.into_log().load_snapshot(at).unwrap();
    log.save_snapshot(at, snapshot.chain, &snapshot.bytes).unwrap();
    assert!(*open(log).state() == state);
}

#[test]
fn a_full_disk_holds_the_answers_back_and_loses_none() {
    let commands = day(14, 60);
    // Segments are preallocated: it is the next one that finds no room.
    let plan = Plan { during: 60..u64::MAX, fault: Fault::Full(20) };
    let files = Arc::new(Faulty::new(Memory::new(), vec![plan]));
    let log = Segments::open(Arc::clone(&files), plimsoll_journal::Options { segment_bytes: 1 << 14 }).unwrap().0;
    let mut node = open(log);
    let (mut answered, mut full) = (0, 0);
    for (number, (at, command)) in commands.iter().enumerate() {
        node.submit(request(number, command), *at);
        match node.commit(*at) {
            Ok(answers) => answered += answers.len(),
            Err(LogError::Full(_)) => {
                full += 1;
                if full == 3 {
                    files.free();
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    let last = commands.last().unwrap().0;
    answered += node.commit(last).unwrap().len();
    assert!(full > 0, "the disk was never full");
    assert_eq!(answered, commands.len());
    assert_eq!(audit(node.log(), |_| {}).unwrap().commands, commands.len());
}

#[test]
fn a_log_that_says_something_else_is_told() {
    let commands = day(15, 150);
    let mut node = open(MemoryLog::new());
    serve(&mut node, &commands, 16);
    // The same records, but for one deposit that is a thousandth more.
    let mut forged = MemoryLog::new();
    let mut changed = false;
    for entry in node.log().read(Sequence(1)).unwrap().map(Result::unwrap) {
        let mut record = plimsoll_node::Record::read(entry.kind, &entry.payload).unwrap();
        if let plimsoll_node::Record::Decided(decided) = &mut record
            && let Command::Deposit { amount, .. } = &mut decided.request.command
            && !changed
        {
            amount.value = amount.value.plus(decimal("0.001")).unwrap();
            changed = true;
        }
        let payload = record.payload();
        forged.append(entry.at, &[plimsoll_journal::Record { kind: entry.kind, payload: &payload }]).unwrap();
    }
    assert!(changed);
    let error = audit(&forged, |_| {}).unwrap_err();
    assert!(matches!(error, NodeError::Decides { .. }), "{error}");
}
