//! Faults planted in the journal change what a small case comes to, and only when they are switched on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/planted.rs"]
mod planted;
mod support;

use planted::shows;
use plimsoll_core::planted::Fault;
use plimsoll_journal::files::{Files as _, Memory};
use plimsoll_journal::{Log as _, Segments, Sequence};
use support::{SMALL, append, bytes_of, entries, frames_in, segments_of, written};

#[test]
fn a_frame_that_was_acknowledged_outlives_a_crash() {
    let after = || {
        let files = Memory::new();
        let (mut log, _) = Segments::open(files.clone(), SMALL).unwrap();
        append(&mut log, 2).unwrap();
        append(&mut log, 1).unwrap();
        Segments::open(files.crash(usize::MAX, |_, _, kept| kept.clear()), SMALL).unwrap().1.last
    };
    shows(Fault::UnsyncedFrame, after, [Sequence(3), Sequence(2)]);
}

#[test]
fn a_frame_whose_last_record_is_torn_is_none() {
    let after = || {
        let (files, _) = written(SMALL, &[2, 3]);
        let name = segments_of(&files).remove(0);
        let bytes = bytes_of(&files, &name);
        let end = *frames_in(&bytes).last().unwrap();
        files.write(&name, end as u64 - 1, &[!bytes[end - 1]]).unwrap();
        let log = Segments::open(files, SMALL).unwrap().0;
        (log.last(), entries(&log, 1).len())
    };
    shows(Fault::TornFrame, after, [(Sequence(2), 2), (Sequence(5), 4)]);
}
