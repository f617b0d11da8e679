//! A log that is written behind the engine says what one says that is waited for.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod days;

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use days::support::{Random, amount};
use days::{day, open, request};
use plimsoll_core::{AccountId, Encode, Timestamp};
use plimsoll_engine::Command;
use plimsoll_journal::files::{Fault, Faulty, Memory, Plan};
use plimsoll_journal::{Entry, Log, LogError, MemoryLog, Segments, Sequence};
use plimsoll_node::{Answered, Submitted, WriteBehind, audit};

/// Whether a commit follows the command with this number: after one to forty.
fn ends(seed: u64, count: usize) -> Vec<bool> {
    let mut random = Random(seed);
    (0..count).map(|at| at + 1 == count || random.below(20) == 0).collect()
}

/// A node over `log` whose writer runs; it gives the log back once the node is dropped.
fn behind<L: Log + Send + 'static>(log: L) -> (WriteBehind, JoinHandle<L>) {
    let (behind, writer) = open(log).write_behind();
    (behind, thread::spawn(move || writer.run()))
}

fn closed<L>(behind: WriteBehind, writer: JoinHandle<L>) -> L {
    drop(behind);
    writer.join().unwrap()
}

fn entries(log: &impl Log) -> Vec<Entry> {
    log.read(Sequence(1)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_log_is_the_same_byte_for_byte() {
    let commands = day(21, 600);
    let ends = ends(22, commands.len());
    let mut waits = open(MemoryLog::new());
    let (mut behind, writer) = behind(MemoryLog::new());
    let (mut told, mut told_behind): (Vec<Answered>, Vec<Answered>) = (Vec::new(), Vec::new());
    for (number, ((at, command), ends)) in commands.iter().zip(ends).enumerate() {
        assert_eq!(waits.submit(request(number, command), *at), Submitted::Staged);
        assert_eq!(behind.submit(request(number, command), *at), Submitted::Staged);
        if ends {
            told.extend(waits.commit(*at).unwrap());
            // The same frames, at most two on their way.
            while behind.waiting() > 0 {
                told_behind.extend(behind.commit(*at).unwrap());
            }
        }
    }
    let last = commands.last().unwrap().0;
    told_behind.extend(behind.flush(last).unwrap());
    assert!(told == told_behind, "each is answered once, in order, with its place in the log");
    assert_eq!(waits.state().encoded(), behind.state().encoded());
    let log = closed(behind, writer);
    assert_eq!((log.last(), log.chain()), (waits.log().last(), waits.log().chain()));
    assert!(entries(&log) == entries(waits.log()), "checkpoints with their hashes are among them");
}

/// Whatever waits while the writer is busy is one frame; a restart, and a second one who asks again, find every answer.
#[test]
fn what_is_decided_meanwhile_is_committed_together_and_nothing_is_done_twice() {
    let commands = day(23, 500);
    let (mut behind, writer) = behind(MemoryLog::new());
    let mut answered = Vec::new();
    for (number, (at, command)) in commands.iter().enumerate() {
        let asked = request(number, command);
        assert_eq!(behind.submit(asked.clone(), *at), Submitted::Staged);
        let again = behind.submit(asked, *at);
        assert_eq!(again, Submitted::Waiting, "decided, and not durable");
        answered.extend(behind.commit(*at).unwrap());
    }
    let last = commands.last().unwrap().0;
    answered.extend(behind.flush(last).unwrap());
    let numbers: Vec<u64> = answered.iter().map(|each| each.decided.request.number).collect();
    assert_eq!(numbers, (1..=commands.len() as u64).collect::<Vec<_>>());
    assert!(answered.is_sorted_by_key(|each| each.sequence));
    assert!(matches!(
        behind.submit(request(commands.len() - 1, &commands.last().unwrap().1), last),
        Submitted::Again(_)
    ));
    let state = behind.state().encoded();
    let mut opened = open(closed(behind, writer));
    assert!(opened.state().encoded() == state);
    assert_eq!(audit(opened.log(), |_| {}).unwrap().commands, commands.len());
    for (number, (at, command)) in commands.iter().enumerate().rev().take(30) {
        assert!(matches!(opened.submit(request(number, command), *at), Submitted::Again(_)), "{number}");
    }
}

/// What waited behind a disk that stood still is not one frame that no log takes, and its checkpoint is of the whole.
#[test]
fn what_waited_long_is_more_than_one_frame() {
    let mut commands = day(24, 0);
    let (at, account) = (commands.last().unwrap().0, AccountId(0));
    commands.extend((0..9_000).map(|_| (at, Command::Deposit { account, amount: amount("1 USDC") })));
    let (mut behind, writer) = behind(MemoryLog::new());
    for (number, (at, command)) in commands.iter().enumerate() {
        behind.submit(request(number, command), *at);
    }
    assert_eq!(behind.flush(at).unwrap().len(), commands.len());
    let state = behind.state().encoded();
    let log = closed(behind, writer);
    let ends = (1..=log.last().0).filter(|at| log.chain_at(Sequence(*at)).unwrap().is_some()).count();
    assert_eq!(ends, 4, "the beginning, two frames that are full, and what is left with its checkpoint");
    let opened = open(log);
    assert!(opened.state().encoded() == state);
}

/// A log on a disk that fails so from its sixtieth change on.
fn failing(fault: Fault) -> (Arc<Faulty<Memory>>, Segments<Arc<Faulty<Memory>>>) {
    let files = Arc::new(Faulty::new(Memory::new(), vec![Plan { during: 60..u64::MAX, fault }]));
    // Segments are preallocated: it is the next one that finds no room.
    let log = Segments::open(Arc::clone(&files), plimsoll_journal::Options { segment_bytes: 1 << 14 }).unwrap().0;
    (files, log)
}

/// Small commits until one fails for good; `full` is told of each that found no room.
fn pressed(
    behind: &mut WriteBehind,
    commands: &[(Timestamp, Command)],
    mut full: impl FnMut(),
) -> (Vec<Answered>, Result<(), LogError>) {
    let mut answered = Vec::new();
    for (number, (at, command)) in commands.iter().enumerate() {
        behind.submit(request(number, command), *at);
        let told = if number % 3 == 0 { behind.flush(*at) } else { behind.commit(*at) };
        match told {
            Ok(told) => answered.extend(told),
            Err(LogError::Full(_)) => full(),
            Err(error) => return (answered, Err(error)),
        }
    }
    (answered, Ok(()))
}

#[test]
fn a_full_disk_holds_answers_back_and_loses_none() {
    let commands = day(14, 60);
    let (files, log) = failing(Fault::Full(20));
    let (mut behind, writer) = behind(log);
    let mut full = 0;
    let (mut answered, told) = pressed(&mut behind, &commands, || {
        full += 1;
        if full == 3 {
            files.free();
        }
    });
    told.unwrap();
    assert!(full >= 3, "{full}");
    answered.extend(behind.flush(commands.last().unwrap().0).unwrap());
    let numbers: Vec<u64> = answered.iter().map(|each| each.decided.request.number).collect();
    assert_eq!(numbers, (1..=commands.len() as u64).collect::<Vec<_>>());
    assert_eq!(audit(&closed(behind, writer), |_| {}).unwrap().commands, commands.len());
}

#[test]
fn a_failed_sync_ends_it_and_what_was_answered_is_in_the_log() {
    let commands = day(25, 60);
    let (_, log) = failing(Fault::Sync);
    let (mut behind, writer) = behind(log);
    let (mut answered, told) = pressed(&mut behind, &commands, || panic!("there is room"));
    assert!(matches!(told, Err(LogError::SyncFailed(_))), "{told:?}");
    let last = commands.last().unwrap().0;
    let late = behind.commit(last).map(|late| answered.extend(late));
    assert!(matches!(
        late.and_then(|()| behind.commit(last).map(drop)),
        Err(LogError::SyncFailed(_) | LogError::Poisoned)
    ));
    assert!(matches!(behind.flush(last), Err(LogError::Poisoned)));
    assert!(!answered.is_empty() && answered.len() < commands.len());
    assert!(answered.last().unwrap().sequence <= closed(behind, writer).last());
}
