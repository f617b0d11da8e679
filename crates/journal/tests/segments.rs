//! Segments following each other, snapshots that are damaged, and the folder of a disk.
#![allow(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_core::Digest;
use plimsoll_journal::files::{Cause, Disk, Fault, Faulty, Files as _, Memory, Plan};
use plimsoll_journal::{Log as _, LogError, Options, Record, Segments, Sequence, verify};
use support::{Folder, SMALL, append, bytes_of, entries, segments_of, written};

#[test]
fn a_frame_longer_than_a_segment_gets_a_segment_of_its_own_length() {
    let files = Memory::new();
    let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
    let long = vec![7; 5_000];
    for (at, payload) in [&long[..], &long[..10], &long, &long, &long[..20]].into_iter().enumerate() {
        log.append(support::time(at as u64), &[Record { kind: 1, payload }]).unwrap();
    }
    let lengths: Vec<_> = segments_of(&files).iter().map(|name| files.len(name).unwrap()).collect();
    let own = 64 + 64 + 17 + 5_000;
    assert_eq!(lengths, [own, 1024, own, own, 1024]);
    let (log, opened) = Segments::open(files, SMALL).unwrap();
    assert_eq!((opened.last, entries(&log, 1).len()), (Sequence(5), 5));
}

#[test]
fn a_segment_that_was_begun_for_a_frame_that_failed_is_used_or_replaced() {
    for next in [1_usize, 5_000] {
        // The segment is made (removal, create, zeros, sync, header, sync, rename, names), and then the frame is not written.
        let files = Faulty::new(Memory::new(), vec![Plan { during: 8..9, fault: Fault::Error }]);
        let (mut log, _) = Segments::open(files, SMALL).unwrap();
        assert!(matches!(append(&mut log, 1), Err(LogError::File(_))));
        assert_eq!(segments_of(log.files()).len(), 1);
        log.append(support::time(1), &[Record { kind: 1, payload: &vec![1; next] }]).unwrap();
        append(&mut log, 1).unwrap();
        let chain = log.chain();
        let (log, opened) = Segments::open(log.files().inner().copied(), SMALL).unwrap();
        assert_eq!((opened.last, opened.chain, entries(&log, 1).len()), (Sequence(2), chain, 2));
    }
}

#[test]
fn segments_of_every_small_length_give_the_same_log() {
    let frames = [1, 2, 3, 9, 4, 1, 1, 7, 5, 3, 2, 30];
    let (_, appended) = written(Options::default(), &frames[..2]);
    for segment_bytes in (0..2_000).step_by(37) {
        let (files, these) = written(Options { segment_bytes }, &frames);
        assert_eq!(these[..2], appended);
        let (_, opened) = Segments::open(files.clone(), SMALL).unwrap();
        assert_eq!(opened.chain, these[11].chain);
        assert!(verify(&files).unwrap().is_clean(), "{segment_bytes}");
    }
}

#[test]
fn the_preparer_makes_a_segment_when_the_last_is_half_full_and_the_writer_takes_it() {
    let files = Arc::new(Faulty::new(Memory::new(), vec![]));
    let (mut log, _) = Segments::open(Arc::clone(&files), SMALL).unwrap();
    let preparer = log.preparer();
    assert_eq!((preparer.prepare(), preparer.prepare()), (Ok(true), Ok(false)), "the first one too");
    let before = files.changes();
    append(&mut log, 1).unwrap();
    assert_eq!(files.changes() - before, 6, "header, sync, rename, names, frame, sync");
    assert_eq!(preparer.prepare(), Ok(false));
    append(&mut log, 7).unwrap();
    append(&mut log, 4).unwrap();
    assert_eq!((preparer.prepare(), preparer.prepare()), (Ok(true), Ok(false)));
    assert!(files.list().unwrap().contains(&"prepared.tmp".to_owned()));
    // One that is too short for the frame waits for another.
    append(&mut log, 40).unwrap();
    assert!(files.list().unwrap().contains(&"prepared.tmp".to_owned()));
    append(&mut log, 1).unwrap();
    assert!(!files.list().unwrap().contains(&"prepared.tmp".to_owned()));
    assert_eq!(segments_of(&*files).len(), 3);
    let (_, opened) = Segments::open(files.inner().copied(), SMALL).unwrap();
    assert_eq!(opened.chain, log.chain());
}

#[test]
fn segments_grow_to_the_length_that_was_asked_for() {
    const MIB: u64 = 1 << 20;
    let files = Arc::new(Memory::new());
    let (mut log, _) = Segments::open(Arc::clone(&files), Options { segment_bytes: 8 * MIB }).unwrap();
    let preparer = log.preparer();
    for at in 1..=30 {
        // Now one that was prepared, now one that the writer makes.
        if at > 10 {
            preparer.prepare().unwrap();
        }
        log.append(support::time(at), &[Record { kind: 7, payload: &[7; 900_000] }]).unwrap();
    }
    let lengths: Vec<u64> = segments_of(&*files).iter().map(|name| files.len(name).unwrap() / MIB).collect();
    assert_eq!(lengths, [1, 4, 8, 8, 8], "a journal of a few commands is small");
}

#[test]
fn a_preparer_that_fails_leaves_the_writer_to_make_its_own() {
    for fault in [Fault::Full(100), Fault::Short(100), Fault::Sync] {
        // What a preparer asks for: a removal of what may be there, the file, its zeros, a sync.
        let files = Arc::new(Faulty::new(Memory::new(), vec![Plan { during: 1..4, fault }]));
        let (mut log, _) = Segments::open(Arc::clone(&files), SMALL).unwrap();
        let preparer = log.preparer();
        assert!(preparer.prepare().is_err(), "{fault:?}");
        (0..4).for_each(|_| drop(preparer.prepare()));
        assert!(files.changes() >= 4);
        append(&mut log, 3).unwrap();
        assert_eq!(Segments::open(files.inner().copied(), SMALL).unwrap().1.chain, log.chain());
    }
}

#[test]
fn a_preparer_on_another_thread_changes_nothing_of_what_is_written() {
    let folder = Folder::new();
    let (mut log, _) = Segments::open(Disk::open(folder.path()).unwrap(), SMALL).unwrap();
    let (preparer, done) = (log.preparer(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let preparing = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                preparer.prepare()?;
                std::thread::yield_now();
            }
            Ok::<_, LogError>(())
        });
        let appended: Vec<_> = (1..=9).cycle().take(120).map(|count| append(&mut log, count)).collect();
        // Before anything is asserted: a panic here would wait for the other thread without end.
        done.store(true, Ordering::SeqCst);
        preparing.join().unwrap().unwrap();
        assert!(appended.iter().all(Result::is_ok), "{appended:?}");
    });
    let (last, chain) = (log.last(), log.chain());
    drop((log, preparer));
    let (log, opened) = Segments::open(Disk::open(folder.path()).unwrap(), SMALL).unwrap();
    assert_eq!((opened.last, opened.chain, opened.truncated), (last, chain, None));
    assert_eq!(entries(&log, 1).len() as u64, last.0);
}

#[test]
fn a_damaged_snapshot_is_refused_by_name_and_an_older_one_loads() {
    let (files, appended) = written(SMALL, &[2, 2]);
    let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
    log.save_snapshot(Sequence(2), appended[0].chain, b"the older").unwrap();
    log.save_snapshot(Sequence(4), appended[1].chain, b"the newer").unwrap();
    let name = "00000000000000000004.snapshot";
    let whole = bytes_of(&files, name);
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flipped = (0..whole.len() * 8).map(|bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    for bytes in cut.chain(flipped).chain([[&whole[..], &[0]].concat()]) {
        let copy = files.copied();
        copy.truncate(name, 0).unwrap();
        copy.write(name, 0, &bytes).unwrap();
        let (log, _) = Segments::open(copy.clone(), SMALL).unwrap();
        assert_eq!(log.snapshots().unwrap(), [Sequence(4), Sequence(2)]);
        let Err(LogError::Damaged(damage)) = log.load_snapshot(Sequence(4)) else { panic!("taken: {bytes:?}") };
        assert_eq!(damage.file, name);
        assert_eq!(verify(&copy).unwrap().damages, [damage]);
        assert_eq!(log.load_snapshot(Sequence(2)).unwrap().bytes, b"the older");
    }
}

#[test]
fn a_snapshot_past_the_end_of_the_log_tells_that_the_end_is_gone() {
    let (files, appended) = written(SMALL, &[2, 3]);
    let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
    log.save_snapshot(Sequence(5), appended[1].chain, b"").unwrap();
    let name = &segments_of(&files)[0];
    let starts = support::frames_in(&bytes_of(&files, name));
    files.write(name, starts[1] as u64, &vec![0; starts[2] - starts[1]]).unwrap();
    let ahead = LogError::SnapshotAhead { snapshot: Sequence(5), last: Sequence(2) };
    assert_eq!(Segments::open(files.clone(), SMALL).map(|_| ()), Err(ahead));
    assert!(!verify(&files).unwrap().is_clean());
}

#[test]
fn what_was_not_finished_is_removed_when_the_log_is_opened() {
    let (files, _) = written(SMALL, &[2]);
    for name in ["00000000000000000002.snapshot.tmp", "prepared.tmp", "made.tmp", "README"] {
        files.create(name).unwrap();
    }
    let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
    assert_eq!(files.list().unwrap(), ["00000000000000000001.log", "README"]);
    append(&mut log, 40).unwrap();
}

#[test]
fn a_snapshot_can_be_saved_while_another_thread_appends() {
    let (mut log, _) = Segments::open(Memory::new(), SMALL).unwrap();
    let at = append(&mut log, 2).unwrap();
    let snapshots = log.snapshot_files();
    std::thread::scope(|scope| {
        scope.spawn(|| snapshots.save(at.last, at.chain, &[9; 10_000]).unwrap());
        for _ in 0..50 {
            append(&mut log, 3).unwrap();
        }
    });
    assert_eq!(log.load_snapshot(at.last).unwrap().bytes, [9; 10_000]);
}

#[test]
fn a_folder_has_one_writer_at_a_time_and_any_number_of_onlookers() {
    let folder = Folder::new();
    let disk = Disk::open(folder.path()).unwrap();
    let refused = Disk::open(folder.path()).unwrap_err();
    assert_eq!(refused.cause, Cause::Locked);
    let said = refused.to_string();
    assert!(said.ends_with(": open at byte 0: in use by another writer"), "{said}");
    let (mut log, _) = Segments::open(disk, SMALL).unwrap();
    append(&mut log, 3).unwrap();
    std::fs::write(folder.path().join("prepared.tmp"), b"left by a writer that was killed").unwrap();
    let view = Disk::view(folder.path());
    let seen = verify(&view).unwrap();
    assert_eq!((seen.records, seen.is_clean()), (3, true));
    for refused in [view.create("new"), view.remove("00000000000000000001.log")] {
        assert_eq!(refused.unwrap_err().cause, Cause::ReadOnly);
    }
    let (mut looking, opened) = Segments::open(view, SMALL).unwrap();
    assert_eq!((opened.last, entries(&looking, 1).len()), (Sequence(3), 3), "the log itself can be looked at");
    append(&mut looking, 1).unwrap_err();
    drop(log);
    let (log, opened) = Segments::open(Disk::open(folder.path()).unwrap(), SMALL).unwrap();
    assert_eq!((opened.last, entries(&log, 1).len()), (Sequence(3), 3));
}

#[test]
fn a_disk_and_memory_say_the_same_of_the_same_calls() {
    let folder = Folder::new();
    let (disk, memory) = (Disk::open(folder.path()).unwrap(), Memory::new());
    let same = |left: Result<(), plimsoll_journal::files::FileError>, right: Result<(), _>| assert_eq!(left, right);
    for name in ["b", "a", "a"] {
        same(disk.create(name), memory.create(name));
    }
    same(disk.append("a", b"12345"), memory.append("a", b"12345"));
    same(disk.append("a", b"678"), memory.append("a", b"678"));
    same(disk.write("a", 2, b"xx"), memory.write("a", 2, b"xx"));
    same(disk.write("b", 4, b"past the end"), memory.write("b", 4, b"past the end"));
    same(disk.truncate("a", 6), memory.truncate("a", 6));
    same(disk.truncate("a", 60), memory.truncate("a", 60));
    same(disk.rename("b", "c"), memory.rename("b", "c"));
    same(disk.rename("b", "c"), memory.rename("b", "c"));
    same(disk.write("b", 0, b"1"), memory.write("b", 0, b"1"));
    same(disk.remove("b"), memory.remove("b"));
    same(disk.sync("a").and(disk.sync_names()), memory.sync("a").and(memory.sync_names()));
    assert_eq!(disk.list(), memory.list());
    for name in ["a", "c"] {
        assert_eq!(bytes_of(&disk, name), bytes_of(&memory, name));
    }
    assert_eq!(bytes_of(&disk, "a"), b"12xx56");
    let mut into = [0; 4];
    assert_eq!(disk.read("a", 3, &mut into), memory.read("a", 3, &mut into));
    assert_eq!(disk.read("a", 3, &mut into).unwrap_err().cause, Cause::Short);
    assert_eq!(disk.len("none"), memory.len("none"));
    same(disk.rename("a", "c"), memory.rename("a", "c"));
    assert_eq!((bytes_of(&disk, "c"), disk.list().unwrap().len()), (bytes_of(&memory, "c"), 1));
}

#[test]
fn a_snapshot_of_an_empty_log_is_a_snapshot() {
    let files = Memory::new();
    let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
    log.save_snapshot(Sequence(0), Digest([0; 32]), b"nothing").unwrap();
    assert_eq!(verify(&files).unwrap().snapshots, [Sequence(0)]);
}
