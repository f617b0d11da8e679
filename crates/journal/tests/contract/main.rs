//! What every log promises, asked of every log on every kind of files.
#![allow(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

use plimsoll_core::{Digest, Timestamp};
use plimsoll_journal::files::{Disk, Faulty, Files, Memory};
use plimsoll_journal::{Log, LogError, MemoryLog, Options, PAYLOAD_MAX, Record, Segments, Sequence};
use proptest::prelude::*;
use support::{Folder, SMALL, append, entries, entry};

/// Each rule of the contract as a test of `$make`, which gives an empty log and what keeps it alive.
macro_rules! contract {
    ($name:ident, $make:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn an_empty_log_is_at_zero() {
                let (log, _kept) = $make;
                super::an_empty_log_is_at_zero(&log);
            }

            #[test]
            fn what_is_appended_is_read_back_in_order() {
                let (log, _kept) = $make;
                super::what_is_appended_is_read_back_in_order(log);
            }

            #[test]
            fn reading_can_begin_anywhere() {
                let (log, _kept) = $make;
                super::reading_can_begin_anywhere(log);
            }

            #[test]
            fn what_cannot_be_a_frame_is_refused_and_changes_nothing() {
                let (log, _kept) = $make;
                super::what_cannot_be_a_frame_is_refused_and_changes_nothing(log);
            }

            #[test]
            fn the_chain_tells_records_their_frames_and_their_times() {
                super::the_chain_tells_records_their_frames_and_their_times(|| $make);
            }

            #[test]
            fn the_chain_is_known_where_an_append_ended() {
                let (log, _kept) = $make;
                super::the_chain_is_known_where_an_append_ended(log);
            }

            #[test]
            fn snapshots_come_back_newest_first() {
                let (log, _kept) = $make;
                super::snapshots_come_back_newest_first(log);
            }

            #[test]
            fn every_log_gives_the_chain_of_the_memory_log() {
                super::every_log_gives_the_chain_of_the_memory_log(|| $make);
            }
        }
    };
}

contract!(memory_log, (MemoryLog::new(), ()));
contract!(segments_in_memory, (small(Memory::new()), ()));
contract!(segments_over_faulty_files_without_a_fault, (small(Faulty::new(Memory::new(), vec![])), ()));
contract!(segments_on_the_disk, on_the_disk(SMALL));
contract!(one_segment_on_the_disk, on_the_disk(Options { segment_bytes: 1 << 20 }));

fn small<F: Files>(files: F) -> Segments<F> {
    Segments::open(files, SMALL).unwrap().0
}

fn on_the_disk(options: Options) -> (Segments<Disk>, Folder) {
    let folder = Folder::new();
    (Segments::open(Disk::open(folder.path()).unwrap(), options).unwrap().0, folder)
}

fn an_empty_log_is_at_zero(log: &impl Log) {
    assert_eq!((log.last(), log.chain()), (Sequence(0), Digest([0; 32])));
    assert_eq!(log.read(Sequence(1)).unwrap().count(), 0);
    assert_eq!(log.snapshots().unwrap(), []);
}

fn what_is_appended_is_read_back_in_order(mut log: impl Log) {
    let mut expected = Vec::new();
    for count in (1..=12).chain([1, 1, 40, 2]) {
        let first = log.last().0 + 1;
        let appended = append(&mut log, count).unwrap();
        assert_eq!((appended.first.0, appended.last.0), (first, first + count - 1));
        assert_eq!((appended.last, appended.chain), (log.last(), log.chain()));
        expected.extend((first..first + count).map(|sequence| entry(sequence, first)));
        assert_eq!(entries(&log, 1), expected);
    }
}

fn reading_can_begin_anywhere(mut log: impl Log) {
    let firsts: Vec<_> = (0..30).map(|_| append(&mut log, 3).unwrap().first.0).collect();
    for from in 1..=91 {
        let expected: Vec<_> =
            (from..=90).map(|sequence| entry(sequence, firsts[(sequence as usize - 1) / 3])).collect();
        assert_eq!(entries(&log, from), expected, "from {from}");
    }
    for asked in [0, 92, u64::MAX] {
        let refused = log.read(Sequence(asked)).map(|_| ()).unwrap_err();
        assert_eq!(refused, LogError::UnknownSequence { asked: Sequence(asked), last: Sequence(90) });
    }
}

fn what_cannot_be_a_frame_is_refused_and_changes_nothing(mut log: impl Log) {
    append(&mut log, 2).unwrap();
    let before = (log.last(), log.chain());
    let at = Timestamp::from_nanos(1);
    assert_eq!(log.append(at, &[]), Err(LogError::Empty));
    let long = vec![0; PAYLOAD_MAX + 1];
    let records = [Record { kind: 0, payload: b"short" }, Record { kind: 0, payload: &long }];
    assert_eq!(log.append(at, &records), Err(LogError::PayloadTooLong { index: 1, bytes: PAYLOAD_MAX + 1 }));
    let records = [Record { kind: 0, payload: &long[1..] }; 5];
    assert!(matches!(log.append(at, &records), Err(LogError::FrameTooLong { .. })));
    assert_eq!((log.last(), log.chain()), before);
    append(&mut log, 1).unwrap();
    assert_eq!(entries(&log, 1), [entry(1, 1), entry(2, 1), entry(3, 3)]);
}

fn the_chain_is_known_where_an_append_ended(mut log: impl Log) {
    let ends: Vec<_> = (0..30).map(|_| append(&mut log, 3).unwrap()).collect();
    for sequence in 0..=92 {
        let end = ends.iter().find(|appended| appended.last.0 == sequence);
        assert_eq!(log.chain_at(Sequence(sequence)).unwrap(), end.map(|appended| appended.chain), "at {sequence}");
    }
}

/// A record's kind and payload; frames with their times.
type Plain<'a> = (u8, &'a [u8]);
type Frames<'a> = &'a [(i64, &'a [Plain<'a>])];

fn the_chain_tells_records_their_frames_and_their_times<L: Log, K>(make: impl Fn() -> (L, K)) {
    let chain = |frames: Frames<'_>| {
        let (mut log, _kept) = make();
        for (at, records) in frames {
            let records: Vec<_> = records.iter().map(|(kind, payload)| Record { kind: *kind, payload }).collect();
            log.append(Timestamp::from_nanos(*at), &records).unwrap();
        }
        log.chain()
    };
    let (one, two): (Plain<'_>, Plain<'_>) = ((1, b"one"), (2, b"two"));
    let logs: [Frames<'_>; 7] = [
        &[(5, &[one, two])],
        &[(6, &[one, two])],
        &[(5, &[two, one])],
        &[(5, &[one]), (5, &[two])],
        &[(5, &[one, (3, b"two")])],
        &[(5, &[one, (2, b"twO")])],
        &[(5, &[one])],
    ];
    for (at, log) in logs.iter().enumerate() {
        assert_eq!(chain(log), chain(log));
        assert!(logs[..at].iter().all(|other| chain(other) != chain(log)), "log {at} has another's chain");
    }
}

fn snapshots_come_back_newest_first(mut log: impl Log) {
    let mut chains = vec![log.chain()];
    chains.extend((0..5).map(|_| append(&mut log, 1).unwrap().chain));
    let bytes = |sequence: u64| vec![sequence as u8; sequence as usize * 100];
    for sequence in [3, 0, 5, 1] {
        log.save_snapshot(Sequence(sequence), chains[sequence as usize], &bytes(sequence)).unwrap();
    }
    assert_eq!(log.snapshots().unwrap(), [5, 3, 1, 0].map(Sequence));
    for sequence in [0, 1, 3, 5] {
        let snapshot = log.load_snapshot(Sequence(sequence)).unwrap();
        assert_eq!((snapshot.sequence.0, snapshot.chain), (sequence, chains[sequence as usize]));
        assert_eq!(snapshot.bytes, bytes(sequence));
    }
    log.save_snapshot(Sequence(3), chains[3], b"again").unwrap();
    assert_eq!(log.load_snapshot(Sequence(3)).unwrap().bytes, b"again");
    log.remove_snapshot(Sequence(3)).unwrap();
    assert_eq!(log.remove_snapshot(Sequence(3)), Err(LogError::NoSnapshot(Sequence(3))));
    assert_eq!(log.load_snapshot(Sequence(3)), Err(LogError::NoSnapshot(Sequence(3))));
    assert_eq!(log.snapshots().unwrap(), [5, 1, 0].map(Sequence));
    let ahead = log.save_snapshot(Sequence(6), chains[5], b"");
    assert_eq!(ahead, Err(LogError::SnapshotAhead { snapshot: Sequence(6), last: Sequence(5) }));
}

fn every_log_gives_the_chain_of_the_memory_log<L: Log, K>(make: impl Fn() -> (L, K)) {
    let payloads = prop::collection::vec(any::<u8>(), 0..400);
    let frame = (any::<i64>(), prop::collection::vec((any::<u8>(), payloads), 1..6));
    let config = ProptestConfig { cases: 24, ..ProptestConfig::default() };
    proptest!(config, |(frames in prop::collection::vec(frame, 0..12))| {
        let ((mut log, _kept), mut plain) = (make(), MemoryLog::new());
        for (at, records) in &frames {
            let records: Vec<_> = records.iter().map(|(kind, payload)| Record { kind: *kind, payload }).collect();
            let at = Timestamp::from_nanos(*at);
            prop_assert_eq!(log.append(at, &records), plain.append(at, &records));
        }
        prop_assert_eq!(entries(&log, 1), entries(&plain, 1));
    });
}
