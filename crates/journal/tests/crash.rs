//! A crash or a fault at every operation of a scripted run: what was acknowledged is there, and nothing else.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;

use plimsoll_core::Digest;
use plimsoll_journal::files::{Fault, Faulty, Files, Memory, Plan};
use plimsoll_journal::{Log as _, LogError, Segments, Sequence, verify};
use proptest::prelude::*;
use support::{SMALL, append, entries, entry};

/// Records of each frame: some 200 in all, one frame longer than a segment.
const SCRIPT: [u64; 40] = [
    1, 2, 3, 9, 4, 1, 1, 7, 5, 3, 2, 40, 1, 1, 12, 6, 2, 2, 3, 8, 1, 5, 9, 2, 1, 4, 11, 3, 6, 2, 10, 1, 7, 3, 5, 2, 1,
    14, 4, 1,
];

/// How a run ended.
struct Run {
    memory: Memory,
    files: Arc<Faulty<Memory>>,
    /// The end of each frame that was acknowledged, and the chain there.
    acknowledged: Vec<(Sequence, Digest)>,
    snapshots: Vec<Sequence>,
    /// What failed, and whether it was an append.
    error: Option<(LogError, bool)>,
}

/// Runs the script until something fails: appends, and now and then a segment prepared and a snapshot saved.
fn run(plans: Vec<Plan>) -> Run {
    let memory = Memory::new();
    let files = Arc::new(Faulty::new(memory.clone(), plans));
    let (mut log, _) = Segments::open(Arc::clone(&files), SMALL).unwrap();
    let preparer = log.preparer();
    let mut run = Run { memory, files, acknowledged: vec![(Sequence(0), log.chain())], snapshots: vec![], error: None };
    for (index, count) in SCRIPT.iter().enumerate() {
        match append(&mut log, *count) {
            Ok(appended) => run.acknowledged.push((appended.last, appended.chain)),
            Err(error) => {
                run.error = Some((error, true));
                return run;
            }
        }
        let prepared = if index % 3 == 0 { preparer.prepare().map(|_| ()) } else { Ok(()) };
        let saved = prepared.and_then(|()| {
            if index % 8 != 5 {
                return Ok(());
            }
            log.save_snapshot(log.last(), log.chain(), b"what the records made")
                .inspect(|()| run.snapshots.push(log.last()))
        });
        if let Err(error) = saved {
            run.error = Some((error, false));
            return run;
        }
    }
    run
}

/// All records of the script.
fn expected() -> Vec<plimsoll_journal::Entry> {
    let mut next = 1;
    let mut all = Vec::new();
    for count in SCRIPT {
        all.extend((next..next + count).map(|sequence| entry(sequence, next)));
        next += count;
    }
    all
}

fn all_changes() -> u64 {
    let whole = run(vec![]);
    assert!(whole.error.is_none() && whole.acknowledged.last().unwrap().0.0 >= 200);
    whole.files.changes()
}

/// Opens what a crash left, and checks it against what was acknowledged.
fn check(run: &Run, image: &Memory, chains: &[(Sequence, Digest)], what: &str) {
    let seen = verify(image).unwrap();
    let (mut log, opened) = Segments::open(image.clone(), SMALL).unwrap_or_else(|error| panic!("{what}: {error}"));
    let acknowledged = run.acknowledged.len() - 1;
    let in_flight = usize::from(run.error.as_ref().is_some_and(|(_, append)| *append));
    let found = chains
        .iter()
        .position(|end| *end == (opened.last, opened.chain))
        .unwrap_or_else(|| panic!("{what}: {opened:?}"));
    assert!((acknowledged..=acknowledged + in_flight).contains(&found), "{what}: {found} of {acknowledged} frames");
    assert!(seen.is_clean() || opened.truncated.is_some(), "{what}: {seen:?}");
    assert!(opened.truncated.is_none() || in_flight == 1, "{what}: {opened:?}");
    assert_eq!(entries(&log, 1), expected()[..opened.last.0 as usize], "{what}");
    for sequence in &run.snapshots {
        assert_eq!(
            log.load_snapshot(*sequence).unwrap().chain,
            chains.iter().find(|end| end.0 == *sequence).unwrap().1
        );
    }
    assert!(image.list().unwrap().iter().all(|name| !name.ends_with(".tmp")), "{what}");
    // And it goes on from there.
    let next = append(&mut log, 3).unwrap();
    let after = image.crash(0, |_, _, bytes| bytes.clear());
    let (_, again) = Segments::open(after, SMALL).unwrap();
    assert_eq!((again.last, again.chain, again.truncated), (next.last, next.chain, None), "{what}");
}

#[test]
fn a_crash_at_any_operation_leaves_what_was_acknowledged_and_at_most_the_append_under_way() {
    let chains = run(vec![]).acknowledged;
    for number in 0..=all_changes() {
        for fault in [Fault::Error, Fault::Short(100), Fault::Sync] {
            let run = run(vec![Plan { during: number..u64::MAX, fault }]);
            for names in 0..=run.memory.unsynced_names() {
                let what = format!("change {number}, {fault:?}, {names} names");
                let image = |keep: &mut dyn FnMut(&mut Vec<u8>)| run.memory.crash(names, |_, _, bytes| keep(bytes));
                check(&run, &image(&mut Vec::clear), &chains, &format!("{what}, all lost"));
                check(&run, &image(&mut |_| {}), &chains, &format!("{what}, all kept"));
                check(&run, &image(&mut |bytes| bytes.truncate(bytes.len() / 2)), &chains, &format!("{what}, halves"));
                let holes = |bytes: &mut Vec<u8>| bytes.chunks_mut(48).step_by(2).for_each(|hole| hole.fill(0));
                check(&run, &image(&mut { holes }), &chains, &format!("{what}, holes"));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_part_of_the_unsynced_bytes_a_crash_damages(
        number in 0_u64..140, names in 0_usize..4, part in 0.0..1.0, noise in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let chains = run(vec![]).acknowledged;
        let run = run(vec![Plan { during: number..u64::MAX, fault: Fault::Sync }]);
        let image = run.memory.crash(names, |_, _, bytes| {
            bytes.truncate((bytes.len() as f64 * part) as usize);
            let start = bytes.len().saturating_sub(noise.len());
            for (byte, noise) in bytes[start..].iter_mut().zip(&noise) {
                *byte ^= noise;
            }
        });
        check(&run, &image, &chains, "noise");
    }
}

#[test]
fn what_opening_found_after_a_kill_is_durable_before_anyone_relies_on_it() {
    for number in 0..all_changes() {
        let killed = run(vec![Plan { during: number..u64::MAX, fault: Fault::Sync }]);
        // A kill leaves what was written, synced or not, and a power failure follows the next start.
        let (mut log, opened) = Segments::open(killed.memory.clone(), SMALL).unwrap();
        let lost = || killed.memory.crash(0, |_, _, bytes| bytes.clear());
        let (_, again) = Segments::open(lost(), SMALL).unwrap();
        assert_eq!((again.last, again.chain, again.truncated), (opened.last, opened.chain, None), "change {number}");
        let next = append(&mut log, 1).unwrap();
        let (_, again) = Segments::open(lost(), SMALL).unwrap();
        assert_eq!((again.last, again.chain, again.truncated), (next.last, next.chain, None), "change {number}");
    }
}

#[test]
fn a_full_disk_is_back_pressure_and_the_log_goes_on_when_there_is_space() {
    let whole = run(vec![]);
    let mut refused = 0;
    for number in 0..all_changes() {
        let plan = Plan { during: number..u64::MAX, fault: Fault::Full(300) };
        let files = Arc::new(Faulty::new(Memory::new(), vec![plan]));
        let (mut log, _) = Segments::open(Arc::clone(&files), SMALL).unwrap();
        for count in SCRIPT {
            let before = (log.last(), log.chain());
            if let Err(error) = append(&mut log, count) {
                assert!(matches!(error, LogError::Full(_)), "change {number}: {error}");
                assert_eq!((log.last(), log.chain()), before);
                assert!(matches!(append(&mut log, count), Err(LogError::Full(_))));
                assert_eq!(entries(&log, 1).len() as u64, log.last().0);
                assert!(matches!(log.save_snapshot(log.last(), log.chain(), b"x"), Err(LogError::Full(_))));
                assert!(files.list().unwrap().iter().all(|name| !name.ends_with(".tmp")), "space is given back");
                files.free();
                append(&mut log, count).unwrap();
                refused += 1;
            }
        }
        assert_eq!((log.last(), log.chain()), *whole.acknowledged.last().unwrap());
        assert!(verify(&*files).unwrap().is_clean());
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn one_failed_operation_is_wiped_or_poisons_and_nothing_that_was_refused_comes_back() {
    let whole = run(vec![]).acknowledged;
    let (mut wiped, mut poisoned) = (0, 0);
    for (number, fault) in
        (0..all_changes()).flat_map(|at| [(at, Fault::Short(130)), (at, Fault::Sync), (at, Fault::Error)])
    {
        let memory = Memory::new();
        let files = Arc::new(Faulty::new(memory.clone(), vec![Plan { during: number..number + 1, fault }]));
        let (mut log, _) = Segments::open(Arc::clone(&files), SMALL).unwrap();
        for (index, count) in SCRIPT.iter().enumerate() {
            match append(&mut log, *count) {
                Ok(appended) => assert_eq!((appended.last, appended.chain), whole[index + 1]),
                Err(LogError::File(error)) => {
                    assert_eq!((log.last(), log.chain()), whole[index], "{error}");
                    // What was wiped is wiped for good: if a crash could keep the frame and lose the zeros, it would now.
                    let mut unsynced = 0;
                    let first_alone = |_: &str, _, bytes: &mut Vec<u8>| {
                        unsynced += 1;
                        bytes.truncate(if unsynced == 1 { bytes.len() } else { 0 });
                    };
                    for image in [memory.crash(9, |_, _, _| {}), memory.crash(9, first_alone)] {
                        let (_, found) = Segments::open(image, SMALL).unwrap();
                        assert_eq!((found.last, found.chain, found.truncated), (whole[index].0, whole[index].1, None));
                    }
                    append(&mut log, *count).unwrap();
                    wiped += 1;
                }
                Err(LogError::SyncFailed(_)) => {
                    let changes = files.changes();
                    assert_eq!(append(&mut log, 1), Err(LogError::Poisoned));
                    assert_eq!(files.changes(), changes, "nothing is tried again");
                    assert_eq!(entries(&log, 1), expected()[..whole[index].0.0 as usize]);
                    poisoned += 1;
                    break;
                }
                Err(error) => panic!("change {number}, {fault:?}: {error}"),
            }
        }
    }
    assert!(wiped > 50 && poisoned > 50, "{wiped} wiped, {poisoned} poisoned");
}

#[test]
fn a_log_whose_end_cannot_be_restored_is_poisoned() {
    let plans = vec![Plan { during: 10..11, fault: Fault::Short(90) }, Plan { during: 11..12, fault: Fault::Error }];
    let files = Arc::new(Faulty::new(Memory::new(), plans));
    let (mut log, _) = Segments::open(Arc::clone(&files), SMALL).unwrap();
    append(&mut log, 1).unwrap();
    assert_eq!(files.changes(), 10);
    let before = log.last();
    assert!(matches!(append(&mut log, 2), Err(LogError::NotRestored(_))));
    assert_eq!(append(&mut log, 2), Err(LogError::Poisoned));
    assert_eq!(log.save_snapshot(before, log.chain(), b"x"), Ok(()), "snapshots stand on their own");
    let (log, opened) = Segments::open(files.inner().clone(), SMALL).unwrap();
    assert_eq!((log.last(), opened.truncated.is_some()), (before, true));
}
