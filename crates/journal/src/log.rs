//! What a log is, wherever it is kept.

use std::fmt;

use plimsoll_core::{Digest, Timestamp};

use crate::error::LogError;

/// The longest payload of a record, in bytes: 64 MiB.
pub const PAYLOAD_MAX: usize = 64 << 20;

/// A record's place in a log, from 1; 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The one after.
    #[must_use]
    pub const fn next(self) -> Self {
        // A record a nanosecond would take five centuries to get there.
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// What is appended: bytes, and what the caller calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The caller's; the journal only carries it.
    pub kind: u8,
    /// At most [`PAYLOAD_MAX`] bytes.
    pub payload: &'a [u8],
}

/// What an append made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The sequence of the first record.
    pub first: Sequence,
    /// The sequence of the last.
    pub last: Sequence,
    /// The chain after it.
    pub chain: Digest,
}

/// A record that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub sequence: Sequence,
    /// When its append was made, as the caller said.
    pub at: Timestamp,
    /// The caller's.
    pub kind: u8,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// A snapshot that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record in it.
    pub sequence: Sequence,
    /// The log's chain after that record.
    pub chain: Digest,
    /// The caller's.
    pub bytes: Vec<u8>,
}

/// Records in order; ends after the first error.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry, LogError>> + 'a>;

/// An append-only log of records, and snapshots of what they made.
///
/// The chain is a SHA-256 over all that was appended: logs with the same chain hold the same records, in the same
/// appends, at the same times.
pub trait Log {
    /// Appends `records` as one frame, made at `at`. All of them are durable when it returns, or none is in the log.
    ///
    /// # Errors
    /// [`LogError::Poisoned`], then [`LogError::Empty`], [`LogError::PayloadTooLong`], [`LogError::FrameTooLong`];
    /// [`LogError::Full`] and [`LogError::File`] when nothing was taken and the log goes on;
    /// [`LogError::SyncFailed`] and [`LogError::NotRestored`] when it does not.
    fn append(&mut self, at: Timestamp, records: &[Record<'_>]) -> Result<Appended, LogError>;

    /// The records from `from` on, in order. `from` may be the one after the last; then there are none.
    ///
    /// # Errors
    /// [`LogError::UnknownSequence`]; while reading, [`LogError::Damaged`] and [`LogError::File`].
    fn read(&self, from: Sequence) -> Result<Entries<'_>, LogError>;

    /// The last record's sequence; 0 of an empty log.
    fn last(&self) -> Sequence;

    /// The chain after the last record; zeros of an empty log.
    fn chain(&self) -> Digest;

    /// The chain after `sequence`; `None` where no append ended there.
    ///
    /// # Errors
    /// [`LogError::Damaged`], [`LogError::File`].
    fn chain_at(&self, sequence: Sequence) -> Result<Option<Digest>, LogError>;

    /// Saves what the records up to `sequence`, after which the chain is `chain`, made. It is durable on return, and
    /// takes the place of a snapshot at the same sequence.
    ///
    /// # Errors
    /// [`LogError::SnapshotAhead`]; [`LogError::Full`] and [`LogError::File`], a failed sync too: the log itself is not
    /// touched, and an older snapshot stays what it is.
    fn save_snapshot(&mut self, sequence: Sequence, chain: Digest, bytes: &[u8]) -> Result<(), LogError>;

    /// Where snapshots were taken, newest first. Whether they are whole, [`Log::load_snapshot`] says.
    ///
    /// # Errors
    /// [`LogError::File`].
    fn snapshots(&self) -> Result<Vec<Sequence>, LogError>;

    /// The snapshot at `sequence`. One that is damaged is refused, and the caller goes to an older one.
    ///
    /// # Errors
    /// [`LogError::NoSnapshot`], [`LogError::Damaged`], [`LogError::File`].
    fn load_snapshot(&self, sequence: Sequence) -> Result<Snapshot, LogError>;

    /// Removes the snapshot at `sequence`.
    ///
    /// # Errors
    /// [`LogError::NoSnapshot`], [`LogError::File`].
    fn remove_snapshot(&mut self, sequence: Sequence) -> Result<(), LogError>;
}
