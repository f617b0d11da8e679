//! Why a node cannot go on.

use plimsoll_core::{DecodeError, Digest};
use plimsoll_engine::evolve::Unfit;
use plimsoll_journal::{LogError, Sequence};
use thiserror::Error;

/// Why a node cannot start or go on.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The log itself.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record that is whole and says nothing we know: written by a later version, or not by us.
    #[error("record {sequence}: {reason}: expected a record of format 1; a later version's log needs that version")]
    Record {
        /// Which.
        sequence: Sequence,
        /// Why.
        reason: DecodeError,
    },
    /// A record that is whole and ours, and tells of what cannot have happened after those before it.
    #[error("record {sequence}, event {event} of it: {reason}")]
    Unfit {
        /// Which.
        sequence: Sequence,
        /// Which of its events, from one.
        event: usize,
        /// Why.
        reason: Unfit,
    },
    /// A log that does not begin at the beginning.
    #[error("record {0}: expected the log's first record to say when it began")]
    NoGenesis(Sequence),
    /// The state that the records make is not the one that was.
    #[error("record {sequence}: the state's hash is {found}: expected {expected}, which was logged")]
    Departs {
        /// The checkpoint.
        sequence: Sequence,
        /// What was made.
        found: Digest,
        /// What was.
        expected: Digest,
    },
    /// A command that is decided another way than it was.
    #[error("record {sequence}: decided again, {found}: expected {expected}, which was logged")]
    Decides {
        /// Which.
        sequence: Sequence,
        /// What was decided now.
        found: String,
        /// What was.
        expected: String,
    },
}
