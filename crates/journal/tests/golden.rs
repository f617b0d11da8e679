//! Logs of every format version so far, as they were written: each later version reads them to the same chain.
#![allow(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_journal::files::{Disk, Files as _, Memory};
use plimsoll_journal::{Log as _, Segments, Sequence, verify};
use support::{SMALL, append, bytes_of, entries, entry, segments_of};

/// Records of each frame.
const FRAMES: [u64; 8] = [1, 3, 9, 2, 5, 1, 4, 2];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn every_golden_log_is_read_to_its_recorded_chain() {
    let mut versions = 0;
    for folder in fs::read_dir(golden()).unwrap().map(|folder| folder.unwrap().path()) {
        let recorded = fs::read_to_string(folder.join("chain.txt")).unwrap();
        let disk = Disk::view(&folder);
        let verified = verify(&disk).unwrap();
        assert!(verified.is_clean() && verified.segments == 2 && verified.snapshots.len() == 1, "{verified:?}");
        // Opening syncs, which a folder that is looked at refuses: a copy is opened.
        let files = Memory::new();
        for name in disk.list().unwrap() {
            files.create(&name).unwrap();
            files.write(&name, 0, &bytes_of(&disk, &name)).unwrap();
        }
        let (log, opened) = Segments::open(files, SMALL).unwrap();
        assert_eq!(format!("{} {}\n", opened.last, opened.chain), recorded, "{}", folder.display());
        assert_eq!((verified.chain, opened.truncated), (opened.chain, None));
        let mut firsts = FRAMES.iter().scan(1, |next, count| Some(std::mem::replace(next, *next + count)));
        let expected = FRAMES.iter().flat_map(|count| {
            let first = firsts.next().unwrap();
            (first..first + count).map(move |sequence| entry(sequence, first))
        });
        assert!(entries(&log, 1).into_iter().eq(expected), "{}", folder.display());
        assert_eq!(log.load_snapshot(Sequence(13)).unwrap().bytes, b"thirteen");
        versions += 1;
    }
    assert_eq!(versions, 1);
}

#[test]
#[ignore = "writes the golden log of the current format: run once for each version, and never over an old one"]
fn write_golden() {
    let folder = golden().join("v1");
    assert!(!folder.exists(), "{} is there already", folder.display());
    let (mut log, _) = Segments::open(Disk::open(&folder).unwrap(), SMALL).unwrap();
    for count in FRAMES {
        let appended = append(&mut log, count).unwrap();
        if appended.last == Sequence(13) {
            log.save_snapshot(appended.last, appended.chain, b"thirteen").unwrap();
        }
    }
    assert_eq!(segments_of(log.files()).len(), 2);
    fs::write(folder.join("chain.txt"), format!("{} {}\n", log.last(), log.chain())).unwrap();
    drop(log);
    fs::remove_file(folder.join("lock")).unwrap();
}
