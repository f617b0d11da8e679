//! A log that is gone with the process.

use std::collections::BTreeMap;

use plimsoll_core::{Digest, Timestamp};

use crate::error::LogError;
use crate::log::{Appended, Entries, Entry, Log, Record, Sequence, Snapshot};
use crate::segment::{self, GENESIS};

/// A log in memory: for tests, for trying things out, and for machines that keep their records elsewhere. It gives the
/// same sequences and chains as [`Segments`](crate::Segments).
#[derive(Clone, Debug)]
pub struct MemoryLog {
    entries: Vec<Entry>,
    chain: Digest,
    /// Where appends ended.
    chains: BTreeMap<Sequence, Digest>,
    snapshots: BTreeMap<Sequence, Snapshot>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self { entries: Vec::new(), chain: GENESIS, chains: BTreeMap::new(), snapshots: BTreeMap::new() }
    }
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Log for MemoryLog {
    fn append(&mut self, at: Timestamp, records: &[Record<'_>]) -> Result<Appended, LogError> {
        segment::frame_length(records)?;
        let first = self.last().next();
        self.chain = segment::encode_frame(&mut Vec::new(), first, at, self.chain, records);
        let entry = |(sequence, record): (u64, &Record<'_>)| Entry {
            sequence: Sequence(sequence),
            at,
            kind: record.kind,
            payload: record.payload.to_vec(),
        };
        self.entries.extend((first.0..).zip(records).map(entry));
        self.chains.insert(self.last(), self.chain);
        Ok(Appended { first, last: self.last(), chain: self.chain })
    }

    fn read(&self, from: Sequence) -> Result<Entries<'_>, LogError> {
        let before = from.0.checked_sub(1).and_then(|before| usize::try_from(before).ok());
        let entries = before.and_then(|before| self.entries.get(before..));
        let entries = entries.ok_or(LogError::UnknownSequence { asked: from, last: self.last() })?;
        Ok(Box::new(entries.iter().cloned().map(Ok)))
    }

    fn last(&self) -> Sequence {
        Sequence(self.entries.len() as u64)
    }

    fn chain(&self) -> Digest {
        self.chain
    }

    fn chain_at(&self, sequence: Sequence) -> Result<Option<Digest>, LogError> {
        Ok(self.chains.get(&sequence).copied())
    }

    fn save_snapshot(&mut self, sequence: Sequence, chain: Digest, bytes: &[u8]) -> Result<(), LogError> {
        if sequence > self.last() {
            return Err(LogError::SnapshotAhead { snapshot: sequence, last: self.last() });
        }
        self.snapshots.insert(sequence, Snapshot { sequence, chain, bytes: bytes.to_vec() });
        Ok(())
    }

    fn snapshots(&self) -> Result<Vec<Sequence>, LogError> {
        Ok(self.snapshots.keys().rev().copied().collect())
    }

    fn load_snapshot(&self, sequence: Sequence) -> Result<Snapshot, LogError> {
        self.snapshots.get(&sequence).cloned().ok_or(LogError::NoSnapshot(sequence))
    }

    fn remove_snapshot(&mut self, sequence: Sequence) -> Result<(), LogError> {
        self.snapshots.remove(&sequence).map(|_| ()).ok_or(LogError::NoSnapshot(sequence))
    }
}
