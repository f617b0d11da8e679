//! What stands in the log.

use std::sync::Arc;

use plimsoll_core::{Asset, Decode, DecodeError, Digest, Encode, Timestamp, encode_fields};
use plimsoll_engine::{Command, Event, Refusal};

/// A command, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who: whatever the callers go by.
    pub client: Arc<str>,
    /// Counts the client's commands, upwards; gaps are free. A number that was answered is answered the same again.
    pub number: u64,
    /// What.
    pub command: Command,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was carried out.
    Done(Vec<Event>),
    /// It was not.
    Refused {
        /// The rule that it broke: `CashShort`.
        rule: Arc<str>,
        /// The rule with its numbers, for people.
        text: Arc<str>,
    },
}

impl From<&Refusal> for Answer {
    fn from(refusal: &Refusal) -> Self {
        Self::Refused { rule: refusal.rule().into(), text: refusal.to_string().into() }
    }
}

/// A command with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// When it was decided.
    pub at: Timestamp,
    /// What was asked.
    pub request: Request,
    /// What became of it.
    pub answer: Answer,
}

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The first: what everything is valued in, and when it began.
    Genesis {
        /// The currency.
        currency: Asset,
        /// The engine's first moment.
        at: Timestamp,
    },
    /// A command with what became of it.
    Decided(Box<Decided>),
    /// The hash of the state that all before it made.
    Checkpoint(Digest),
}

impl Record {
    const GENESIS: u8 = 0;
    pub(crate) const DECIDED: u8 = 1;
    pub(crate) const CHECKPOINT: u8 = 2;

    /// What the journal calls its kind.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Genesis { .. } => Self::GENESIS,
            Self::Decided(_) => Self::DECIDED,
            Self::Checkpoint(_) => Self::CHECKPOINT,
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        match self {
            Self::Genesis { currency, at } => (*currency, *at).encoded(),
            Self::Decided(decided) => decided.encoded(),
            Self::Checkpoint(root) => root.encoded(),
        }
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes or a kind that are no record's.
    pub fn read(kind: u8, payload: &[u8]) -> Result<Self, DecodeError> {
        match kind {
            Self::GENESIS => {
                <(Asset, Timestamp)>::decode_all(payload).map(|(currency, at)| Self::Genesis { currency, at })
            }
            Self::DECIDED => Decode::decode_all(payload).map(Self::Decided),
            Self::CHECKPOINT => Digest::decode_all(payload).map(Self::Checkpoint),
            _ => Err(DecodeError::Invalid("a kind of record")),
        }
    }
}

encode_fields! {
    Request { client, number, command }
    Decided { at, request, answer }
}

plimsoll_core::encode_variants! { Answer { 0 Done(events), 1 Refused { rule, text } } }
