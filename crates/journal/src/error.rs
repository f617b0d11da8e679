//! What can be wrong with a log, and why a log refuses.

use thiserror::Error;

use crate::files::{Cause, FileError};
use crate::log::{PAYLOAD_MAX, Sequence};

/// What is wrong at a place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Flaw {
    /// The file does not begin as a segment does.
    #[error("not a segment")]
    NotASegment,
    /// The file does not begin as a snapshot does.
    #[error("not a snapshot")]
    NotASnapshot,
    /// The file's header does not match its checksum, or is cut short.
    #[error("the file's header is damaged")]
    Header,
    /// A format this version does not read.
    #[error("format version {0}: expected 1")]
    Version(u32),
    /// The file is longer or shorter than its header says.
    #[error("{found} bytes: expected {expected}")]
    Length {
        /// What the header says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Where a frame should start stands something else, or its header does not match its checksum.
    #[error("the frame's header is damaged")]
    FrameHeader,
    /// A frame's header is whole, but its records would end past the file.
    #[error("the frame is longer than the file")]
    FrameLength,
    /// A record does not match its checksum, or is longer than its frame.
    #[error("the record is damaged")]
    Record,
    /// A frame has no records, or bytes that are not of its records.
    #[error("the frame's count does not fit its records")]
    Count,
    /// Something out of its order.
    #[error("sequence {found}: expected {expected}")]
    Sequence {
        /// What comes after what stands before.
        expected: Sequence,
        /// What is there.
        found: Sequence,
    },
    /// All checksums match, but not the chain of hashes: this is not what was written after what stands before.
    #[error("the chain is broken")]
    Chain,
    /// Something stands behind the last frame.
    #[error("expected zeros to the end of the file")]
    NotZero,
    /// Damage in front of a frame that was written later, so that what is damaged was once durable.
    #[error("{flaw}, and a later frame begins at byte {later}")]
    Within {
        /// Where the later frame begins.
        later: u64,
        /// What is wrong.
        flaw: Box<Flaw>,
    },
    /// A snapshot of what the log does not hold, because it ends before.
    #[error("taken past the log's end, {0}")]
    Ahead(Sequence),
    /// A snapshot's bytes do not match its digest.
    #[error("the snapshot is damaged")]
    Snapshot,
}

impl Flaw {
    /// Whether a write that a crash cut short can leave this. The rest takes whole checksums over something wrong.
    pub(crate) fn may_be_torn(&self) -> bool {
        matches!(self, Self::FrameHeader | Self::Record | Self::NotZero)
    }
}

/// Damage: which file, at which byte, and what.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}: byte {offset}: {flaw}")]
pub struct Damage {
    /// The file's name.
    pub file: String,
    /// Where.
    pub offset: u64,
    /// What.
    pub flaw: Flaw,
}

/// Why a log refuses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogError {
    /// A sync failed before: what the disk holds is not known, and nothing more is written until the log is opened again.
    #[error("the log takes no more: a sync failed, or its end could not be restored; open it again")]
    Poisoned,
    /// An append without records.
    #[error("a frame of no records: expected at least one")]
    Empty,
    /// A record's payload is too long.
    #[error("record {index}: {bytes} bytes: expected at most {PAYLOAD_MAX}")]
    PayloadTooLong {
        /// Its place in the append, from 0.
        index: usize,
        /// How long it is.
        bytes: usize,
    },
    /// All records of an append together are too long.
    #[error("a frame of {bytes} bytes: expected fewer, in several appends")]
    FrameTooLong {
        /// How long they are, with their headers.
        bytes: usize,
    },
    /// The disk is full. Nothing was taken, the log is as before, and the same append may work once there is space.
    #[error("{0}")]
    Full(FileError),
    /// A file could not be written or read. Nothing was taken, and the log is as before.
    #[error("{0}")]
    File(FileError),
    /// A sync failed. Whether what was appended is durable is not known; the log is poisoned.
    #[error("{0}; the log takes no more")]
    SyncFailed(FileError),
    /// A write failed, and so did wiping what it left; the log is poisoned.
    #[error("{0}, restoring the log's end; the log takes no more")]
    NotRestored(FileError),
    /// Something in a file is not what was written.
    #[error("{0}")]
    Damaged(#[from] Damage),
    /// A sequence that the log does not have.
    #[error("sequence {asked}: expected 1 to {last}, or the one after it")]
    UnknownSequence {
        /// What was asked for.
        asked: Sequence,
        /// The log's last.
        last: Sequence,
    },
    /// A snapshot of what the log does not hold: its end is missing.
    #[error("a snapshot at {snapshot}, but the log ends at {last}")]
    SnapshotAhead {
        /// Where the snapshot was taken.
        snapshot: Sequence,
        /// The log's last.
        last: Sequence,
    },
    /// No snapshot was saved there.
    #[error("no snapshot at {0}")]
    NoSnapshot(Sequence),
}

impl From<FileError> for LogError {
    fn from(error: FileError) -> Self {
        if error.cause == Cause::Full { Self::Full(error) } else { Self::File(error) }
    }
}
