//! What runs beside the engine, each on a thread of its own, so that no command waits for it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use plimsoll::core::Digest;
use plimsoll::journal::files::Disk;
use plimsoll::journal::{Options, Preparer, Segments, Sequence, Snapshots};
use plimsoll::node::{Follower, NodeError};

/// How often is looked whether the next segment should be made.
const PREPARE_EVERY: Duration = Duration::from_millis(20);
/// Snapshots that are kept: the newest, and one before it for when that is damaged.
const KEPT: usize = 2;

/// All that runs beside a log.
#[derive(Default)]
pub(super) struct Beside {
    /// Of segments, until it has a thread.
    pub(super) preparer: Option<Preparer<Disk>>,
    pub(super) preparing: Option<Preparing>,
    pub(super) following: Option<Following>,
}

impl Beside {
    /// Segments are made ahead from now on: the log has its first.
    pub(super) fn prepare(&mut self) {
        self.preparing = self.preparer.take().map(Preparing::beside);
    }
}

/// Makes the log's next segment ready.
pub(super) struct Preparing {
    goes_on: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Preparing {
    fn beside(preparer: Preparer<Disk>) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&goes_on);
        let thread = thread::spawn(move || {
            while seen.load(Ordering::Relaxed) && preparer.prepare().is_ok() {
                thread::sleep(PREPARE_EVERY);
            }
        });
        Self { goes_on, thread }
    }

    pub(super) fn end(self) {
        self.goes_on.store(false, Ordering::Relaxed);
        // A segment that could not be prepared is made by the writer, who says why where that fails too.
        let _ = self.thread.join();
    }
}

/// Follows the log as it becomes durable, and saves snapshots of what it makes: the engine's own state is not touched.
pub(super) struct Following {
    every: u64,
    asked: Sequence,
    asks: Sender<(Sequence, Digest)>,
    thread: JoinHandle<Result<u64, NodeError>>,
}

impl Following {
    pub(super) fn beside(folder: &Path, log: &Segments<Disk>, every: u64) -> Self {
        let (asks, asked) = mpsc::channel();
        let (folder, snapshots, last) = (folder.to_owned(), log.snapshot_files(), plimsoll::journal::Log::last(log));
        let thread = thread::spawn(move || followed(&folder, &snapshots, &asked));
        Self { every, asked: last, asks, thread }
    }

    /// The log is durable up to `last`, with this `chain`.
    pub(super) fn see(&mut self, last: Sequence, chain: Digest) {
        if last.0 >= self.asked.0 + self.every {
            self.asked = last;
            // A follower that has ended says why when it is joined.
            let _ = self.asks.send((last, chain));
        }
    }

    /// How many snapshots were saved, once the last is.
    pub(super) fn end(self) -> Result<u64, NodeError> {
        drop(self.asks);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn followed(
    folder: &PathBuf,
    snapshots: &Snapshots<Disk>,
    asked: &Receiver<(Sequence, Digest)>,
) -> Result<u64, NodeError> {
    let (mut follower, mut saved): (Option<Follower>, u64) = (None, 0);
    while let Ok(mut ask) = asked.recv() {
        // Of several that came meanwhile the last will do.
        while let Ok(later) = asked.try_recv() {
            ask = later;
        }
        let (until, chain) = ask;
        let (log, _) = Segments::open(Disk::view(folder), Options::default())?;
        let begun = match follower.take() {
            Some(known) => Some(known),
            None => Follower::start(&log, NonZeroUsize::MIN)?,
        };
        let Some(mut known) = begun else { continue };
        known.follow(&log, until)?;
        snapshots.save(until, chain, &known.snapshot())?;
        saved += 1;
        for old in snapshots.list()?.into_iter().skip(KEPT) {
            snapshots.remove(old)?;
        }
        follower = Some(known);
    }
    Ok(saved)
}
