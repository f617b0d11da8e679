//! What the journal's tests share: records that are a function of their sequence, and folders that go when done.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test fails by panicking, and uses what it needs"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use plimsoll_core::Timestamp;
use plimsoll_journal::files::{Files, Memory};
use plimsoll_journal::{Appended, Entry, Log, LogError, Options, Record, Segments, Sequence};

/// Segments so short that a few frames fill one.
pub const SMALL: Options = Options { segment_bytes: 1024 };

/// The payload at a sequence: its length and bytes differ from its neighbours'.
pub fn payload(sequence: u64) -> Vec<u8> {
    let length = (sequence * 7 % 53) as usize;
    (0..length).map(|at| (sequence as usize * 31 + at * 17 + 1) as u8).collect()
}

pub fn time(sequence: u64) -> Timestamp {
    Timestamp::from_nanos(sequence as i64 * 1_000 + 5)
}

/// The record at a sequence, in the append that began with `first`.
pub fn entry(sequence: u64, first: u64) -> Entry {
    Entry { sequence: Sequence(sequence), at: time(first), kind: sequence as u8, payload: payload(sequence) }
}

/// Appends the next `count` records as one frame.
pub fn append(log: &mut impl Log, count: u64) -> Result<Appended, LogError> {
    let first = log.last().0 + 1;
    let payloads: Vec<_> = (first..first + count).map(|sequence| (sequence as u8, payload(sequence))).collect();
    let records: Vec<_> = payloads.iter().map(|(kind, payload)| Record { kind: *kind, payload }).collect();
    log.append(time(first), &records)
}

/// All records from `from` on.
pub fn entries(log: &impl Log, from: u64) -> Vec<Entry> {
    log.read(Sequence(from)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// A log of frames with so many records each, in memory.
pub fn written(options: Options, frames: &[u64]) -> (Memory, Vec<Appended>) {
    let files = Memory::new();
    let (mut log, _) = Segments::open(files.clone(), options).unwrap();
    let appended = frames.iter().map(|count| append(&mut log, *count).unwrap()).collect();
    (files, appended)
}

pub fn bytes_of(files: &impl Files, name: &str) -> Vec<u8> {
    let mut bytes = vec![0; files.len(name).unwrap() as usize];
    files.read(name, 0, &mut bytes).unwrap();
    bytes
}

/// The names of the segments, in order.
pub fn segments_of(files: &impl Files) -> Vec<String> {
    files.list().unwrap().into_iter().filter(|name| name.ends_with(".log")).collect()
}

/// Where each frame of a segment begins, and after them where they end.
pub fn frames_in(segment: &[u8]) -> Vec<usize> {
    let mut starts = vec![64];
    while let Some(b"PLFR") = starts.last().and_then(|at| segment.get(*at..at + 4)) {
        let at = *starts.last().unwrap();
        let length = u32::from_be_bytes(segment[at + 4..at + 8].try_into().unwrap());
        starts.push(at + 64 + length as usize);
    }
    starts
}

/// A folder of its own, removed in the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("plimsoll-journal-{}-{number}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
