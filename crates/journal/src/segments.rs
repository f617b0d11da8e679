//! The log in segment files.

mod prepare;
mod recovery;

use std::sync::Arc;

use plimsoll_core::{Digest, Timestamp, planted};

use crate::error::{Flaw, LogError};
use crate::files::{FileError, Files, write_zeros};
use crate::log::{Appended, Entries, Entry, Log, Record, Sequence, Snapshot};
use crate::segment::{self, GENESIS, HEADER, Header, Records, Walk};
use crate::snapshot::{Snapshots, remove_if_there};
use prepare::{MADE, Shared, make};

pub use prepare::Preparer;
pub(crate) use recovery::continues;
pub use recovery::{Opened, Truncated};

/// How a log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The length of a segment's file in bytes, at most: a log begins with a short one, and they grow. A frame that is longer
    /// gets a segment of its own length. Logs of other lengths can be opened; it is for segments to come.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20 }
    }
}

/// A log kept in segments, each a file.
///
/// One thread appends. What takes time and is not asked for yet, the next segment, can be made on another thread by a
/// [`Preparer`], and snapshots by [`Snapshots`].
#[derive(Debug)]
pub struct Segments<F> {
    files: Arc<F>,
    options: Options,
    /// First sequences of all segments; the last is the one that is written.
    firsts: Vec<Sequence>,
    /// Where its next frame goes, and how long its file is.
    end: u64,
    length: u64,
    last: Sequence,
    chain: Digest,
    /// The frame that is written, kept for its memory.
    frame: Vec<u8>,
    poisoned: bool,
    shared: Arc<Shared>,
}

impl<F: Files> Segments<F> {
    /// Opens the log in `files`, an empty one when there is none, and says what was found.
    ///
    /// Everything is read and checked: every checksum, the sequences, the chain over all segments. Damage behind which
    /// nothing was written is what a crash leaves of an append that was never acknowledged; it is wiped, and
    /// [`Opened::truncated`] says so. (Bits that flipped in the very last frame look the same: no log can tell the two
    /// apart by itself.) All other damage is refused, and nothing is changed then.
    ///
    /// # Errors
    /// [`LogError::Damaged`]; [`LogError::SnapshotAhead`] when the log ends before a snapshot that was taken of it;
    /// [`LogError::File`], [`LogError::SyncFailed`].
    pub fn open(files: F, options: Options) -> Result<(Self, Opened), LogError> {
        let (found, opened) = recovery::recover(&files)?;
        let shared = Arc::new(Shared::new(found.end, found.length));
        let log = Self {
            files: Arc::new(files),
            options,
            firsts: found.firsts,
            end: found.end,
            length: found.length,
            last: opened.last,
            chain: opened.chain,
            frame: Vec::new(),
            poisoned: false,
            shared,
        };
        Ok((log, opened))
    }

    /// A handle that makes the next segment ahead of time, for another thread.
    #[must_use]
    pub fn preparer(&self) -> Preparer<F> {
        Preparer::new(Arc::clone(&self.files), Arc::clone(&self.shared), self.options.segment_bytes)
    }

    /// A handle on the snapshots, for another thread.
    #[must_use]
    pub fn snapshot_files(&self) -> Snapshots<F> {
        Snapshots::new(Arc::clone(&self.files))
    }

    /// The files beneath.
    #[must_use]
    pub fn files(&self) -> &F {
        &self.files
    }

    /// Begins a segment that has room for a frame of `frame` bytes.
    fn begin_segment(&mut self, frame: u64) -> Result<(), LogError> {
        let begun = self.take_segment(frame);
        self.shared.release();
        begun
    }

    fn take_segment(&mut self, frame: u64) -> Result<(), LogError> {
        let first = self.last.next();
        let least = HEADER as u64 + frame;
        let (temporary, length) = match self.shared.take_prepared(least) {
            Some(prepared) => prepared,
            None => {
                let length = prepare::next_length(self.length, self.options.segment_bytes).max(least);
                remove_if_there(&*self.files, MADE)?;
                make(&*self.files, MADE, length)?;
                (MADE, length)
            }
        };
        let header = Header { length, first, chain: self.chain };
        if let Err(error) = self.files.write(temporary, 0, &header.encoded()) {
            let _ = self.files.remove(temporary);
            return Err(error.into());
        }
        // The header is durable before the name is, so a segment that can be found has a header that was whole.
        self.files.sync(temporary).map_err(|error| self.poison(error))?;
        let name = segment::name(first);
        if let Err(error) = self.files.rename(temporary, &name) {
            let _ = self.files.remove(temporary);
            return Err(error.into());
        }
        self.files.sync_names().map_err(|error| self.poison(error))?;
        // A segment that was begun, but is too short for its first frame, was replaced.
        if self.firsts.last() != Some(&first) {
            self.firsts.push(first);
        }
        (self.end, self.length) = (HEADER as u64, length);
        self.shared.set_used(self.end, self.length);
        Ok(())
    }

    /// Remembers that a sync failed: what the disk holds is no longer known, and a second sync would not tell.
    fn poison(&mut self, error: FileError) -> LogError {
        self.poisoned = true;
        LogError::SyncFailed(error)
    }

    /// Wipes what a failed write may have left of the frame, so that nothing of it can come back.
    fn restore(&mut self, name: &str) -> Result<(), LogError> {
        let end = self.end + self.frame.len() as u64;
        let wiped = write_zeros(&*self.files, name, self.end, end).and_then(|()| self.files.sync(name));
        wiped.map_err(|error| {
            self.poisoned = true;
            LogError::NotRestored(error)
        })
    }
}

impl<F: Files> Log for Segments<F> {
    fn append(&mut self, at: Timestamp, records: &[Record<'_>]) -> Result<Appended, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        let length = segment::frame_length(records)?;
        if self.end + length > self.length {
            self.begin_segment(length)?;
        }
        let first = self.last.next();
        let chain = segment::encode_frame(&mut self.frame, first, at, self.chain, records);
        let name = segment::name(self.firsts.last().copied().unwrap_or_default());
        if let Err(error) = self.files.write(&name, self.end, &self.frame) {
            self.restore(&name)?;
            return Err(error.into());
        }
        let synced = if planted!(UnsyncedFrame) && records.len() == 1 { Ok(()) } else { self.files.sync(&name) };
        synced.map_err(|error| self.poison(error))?;
        self.end += length;
        self.last = Sequence(self.last.0.saturating_add(records.len() as u64));
        self.chain = chain;
        self.shared.set_used(self.end, self.length);
        Ok(Appended { first, last: self.last, chain })
    }

    fn read(&self, from: Sequence) -> Result<Entries<'_>, LogError> {
        if from.0 == 0 || from > self.last.next() {
            return Err(LogError::UnknownSequence { asked: from, last: self.last });
        }
        // The segment that holds `from` is the last that begins at or before it.
        let segment = self.firsts.partition_point(|first| *first <= from).saturating_sub(1);
        let firsts = self.firsts.get(segment..).unwrap_or_default();
        Ok(Box::new(Reader {
            log: self,
            firsts,
            walk: None,
            from,
            chain: None,
            frame: Vec::new().into_iter(),
            done: false,
        }))
    }

    fn last(&self) -> Sequence {
        self.last
    }

    fn chain(&self) -> Digest {
        self.chain
    }

    fn chain_at(&self, sequence: Sequence) -> Result<Option<Digest>, LogError> {
        let segment = self.firsts.partition_point(|first| *first <= sequence).checked_sub(1);
        let Some(first) = segment.and_then(|at| self.firsts.get(at)) else { return Ok(None) };
        let mut walk = Walk::open(&*self.files, &segment::name(*first))?;
        while walk.next <= sequence {
            if walk.frame()?.is_none() {
                return Ok(None);
            }
        }
        Ok((walk.next == sequence.next()).then_some(walk.chain))
    }

    fn save_snapshot(&mut self, sequence: Sequence, chain: Digest, bytes: &[u8]) -> Result<(), LogError> {
        if sequence > self.last {
            return Err(LogError::SnapshotAhead { snapshot: sequence, last: self.last });
        }
        self.snapshot_files().save(sequence, chain, bytes)
    }

    fn snapshots(&self) -> Result<Vec<Sequence>, LogError> {
        self.snapshot_files().list()
    }

    fn load_snapshot(&self, sequence: Sequence) -> Result<Snapshot, LogError> {
        self.snapshot_files().load(sequence)
    }

    fn remove_snapshot(&mut self, sequence: Sequence) -> Result<(), LogError> {
        self.snapshot_files().remove(sequence)
    }
}

/// Reads records in order, over segments.
struct Reader<'a, F> {
    log: &'a Segments<F>,
    /// Segments that are not begun yet.
    firsts: &'a [Sequence],
    walk: Option<Walk<'a, F>>,
    /// The next sequence to give.
    from: Sequence,
    /// The chain after the segment before.
    chain: Option<Digest>,
    /// What is left of the frame that is given.
    frame: std::vec::IntoIter<Entry>,
    done: bool,
}

impl<F: Files> Reader<'_, F> {
    /// Loads the next frame that has something to give; false at the log's end.
    fn advance(&mut self) -> Result<bool, LogError> {
        while self.from <= self.log.last {
            let walk = match &mut self.walk {
                Some(walk) => walk,
                none => {
                    let Some((first, rest)) = self.firsts.split_first() else { break };
                    self.firsts = rest;
                    let walk = Walk::open(&*self.log.files, &segment::name(*first))?;
                    if self.chain.is_some_and(|chain| chain != walk.header.chain) {
                        return Err(walk.damaged(0, Flaw::Chain));
                    }
                    none.insert(walk)
                }
            };
            let Some(frame) = walk.frame()? else {
                self.chain = Some(walk.chain);
                self.walk = None;
                continue;
            };
            let (at, from) = (frame.header.at, self.from);
            let asked = Records(frame.records).filter(|record| record.sequence >= from);
            let entry = |record: segment::Stored<'_>| Entry {
                sequence: record.sequence,
                at,
                kind: record.kind,
                payload: record.payload.to_vec(),
            };
            let entries: Vec<_> = asked.map(entry).collect();
            let next = walk.next;
            if let Some(first) = entries.first() {
                if first.sequence != from {
                    let flaw = Flaw::Sequence { expected: from, found: first.sequence };
                    return Err(walk.damaged(walk.position, flaw));
                }
                self.from = next;
                self.frame = entries.into_iter();
                return Ok(true);
            }
        }
        if self.from <= self.log.last {
            return Err(LogError::UnknownSequence { asked: self.from, last: self.log.last });
        }
        Ok(false)
    }
}

impl<F: Files> Iterator for Reader<'_, F> {
    type Item = Result<Entry, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.frame.next() {
                return Some(Ok(entry));
            }
            if self.done {
                return None;
            }
            match self.advance() {
                Ok(more) => self.done = !more,
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Where an empty log begins.
pub(crate) const EMPTY: Opened = Opened { last: Sequence(0), chain: GENESIS, truncated: None };
