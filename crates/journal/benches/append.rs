//! Group commit on the disk beside a bare write and sync of the same bytes, and reading a million records back.
//!
//!     cargo bench -p plimsoll-journal [-- FOLDER]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a program that prints times"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_core::Timestamp;
use plimsoll_journal::files::{Disk, Files};
use plimsoll_journal::{Log as _, Options, Record, Segments, Sequence};

const PAYLOAD: usize = 200;
const ROUNDS: usize = 400;
const RECORDS: usize = 1_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo's tests run benchmarks without arguments: nothing is measured then.
    if arguments.is_empty() {
        return;
    }
    let asked = arguments.iter().find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let root = asked.unwrap_or_else(std::env::temp_dir).join(format!("plimsoll-journal-bench-{}", std::process::id()));
    println!("records of {PAYLOAD} bytes, {ROUNDS} frames each, times in microseconds");
    println!(
        "{:>7}  {:>10} {:>7} {:>7}  {:>10} {:>7} {:>7}  {:>5}",
        "frame", "log/s", "p50", "p99", "bare/s", "p50", "p99", "ratio"
    );
    for count in [64, 256, 1_024] {
        commits(&root.join(count.to_string()), count);
    }
    scan(&root.join("scan"));
    fs::remove_dir_all(root).unwrap();
}

/// Frames of `count` records through the log and bare, one after the other.
fn commits(folder: &Path, count: usize) {
    let (mut log, _) = Segments::open(Disk::open(folder).unwrap(), Options::default()).unwrap();
    let bytes = count * (PAYLOAD + 17) + 64;
    let mut bare = preallocated(&folder.join("bare"), bytes * (ROUNDS + 10));
    let (preparer, done) = (log.preparer(), AtomicBool::new(false));
    let payload = [7; PAYLOAD];
    let records = vec![Record { kind: 1, payload: &payload }; count];
    let same = vec![9; bytes];
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    preparer.prepare().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                preparer.prepare().unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        });
        for round in 0..ROUNDS + 10 {
            let begun = Instant::now();
            log.append(Timestamp::from_nanos(1), &records).unwrap();
            let between = Instant::now();
            bare.seek(SeekFrom::Start((round * bytes) as u64)).unwrap();
            bare.write_all(&same).unwrap();
            bare.sync_data().unwrap();
            // The first ones warm up.
            if round >= 10 {
                ours.push(between - begun);
                theirs.push(between.elapsed());
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let ((ours, our_p50, our_p99), (theirs, their_p50, their_p99)) = (figures(ours, count), figures(theirs, count));
    let ratio = our_p50 / their_p50;
    println!(
        "{count:>7}  {ours:>10.0} {our_p50:>7.0} {our_p99:>7.0}  {theirs:>10.0} {their_p50:>7.0} {their_p99:>7.0}  {ratio:>5.2}"
    );
}

/// Records a second, and the 50th and 99th of a hundred times in microseconds.
fn figures(mut times: Vec<Duration>, count: usize) -> (f64, f64, f64) {
    let all: Duration = times.iter().sum();
    times.sort();
    let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
    ((times.len() * count) as f64 / all.as_secs_f64(), at(50), at(99))
}

fn preallocated(path: &Path, bytes: usize) -> File {
    let mut file = OpenOptions::new().create_new(true).write(true).open(path).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..bytes.div_ceil(zeros.len())).for_each(|_| file.write_all(&zeros).unwrap());
    file.sync_all().unwrap();
    file
}

/// Writes a million records and opens the log again.
fn scan(folder: &Path) {
    let (mut log, _) = Segments::open(Disk::open(folder).unwrap(), Options::default()).unwrap();
    let payload = [7; PAYLOAD];
    let records = vec![Record { kind: 1, payload: &payload }; 1_000];
    for _ in 0..RECORDS / records.len() {
        log.append(Timestamp::from_nanos(1), &records).unwrap();
    }
    let chain = log.chain();
    drop(log);
    for _ in 0..3 {
        let begun = Instant::now();
        let (log, opened) = Segments::open(Disk::open(folder).unwrap(), Options::default()).unwrap();
        let opening = begun.elapsed();
        assert_eq!((opened.last, opened.chain), (Sequence(RECORDS as u64), chain));
        let read = Instant::now();
        let bytes: usize = log.read(Sequence(1)).unwrap().map(|entry| entry.unwrap().payload.len()).sum();
        let reading = read.elapsed();
        assert_eq!(bytes, RECORDS * PAYLOAD);
        let files = log.files().list().unwrap().len();
        println!("{RECORDS} records in {files} segments: opened in {opening:.0?}, read in {reading:.0?}");
    }
}
