//! What clients were told: exactly once, in order, the same again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use plimsoll_core::{Encode as _, Timestamp};
use plimsoll_journal::{Entry, Sequence};
use plimsoll_node::{Answer, Decided, Record, Submitted};

use super::Wrong;

/// The promise that nothing acknowledged is lost, invented or put in another order.
pub const LOG: &str = "the log holds what was acknowledged, in order";
/// The promise that a command is carried out once.
pub const ONCE: &str = "a command is carried out once";
/// The promise that who asks again hears the same.
pub const AGAIN: &str = "a repeated command is answered the same";
/// The promise that time does not run back.
pub const TIME: &str = "events are of no earlier time than those before";

/// Answers that a node surely still knows of a client: fewer than it keeps.
const KEPT: usize = 32;

/// An acknowledgement as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Where it stands.
    pub sequence: Sequence,
    /// Whose command.
    pub client: Arc<str>,
    /// Which.
    pub number: u64,
    /// A digest of command and answer.
    pub digest: u64,
}

/// All that was acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    all: Vec<Acknowledged>,
    done: BTreeSet<(Arc<str>, u64)>,
    last: BTreeMap<Arc<str>, VecDeque<(u64, u64)>>,
    clock: Option<Timestamp>,
}

/// A 64-bit digest: FNV-1a.
#[must_use]
pub fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Answers {
    /// Remembers an answer that was given out, and says what was wrong with it.
    pub fn given(&mut self, sequence: Sequence, decided: &Decided) -> Option<Wrong> {
        let (client, number) = (Arc::clone(&decided.request.client), decided.request.number);
        let known = (Arc::clone(&client), number);
        let wrong = if self.done.contains(&known) {
            Some(Wrong::new(ONCE, format!("{client} {number} at {sequence}"), "once"))
        } else if self.all.last().is_some_and(|last| last.sequence >= sequence) {
            Some(Wrong::new(LOG, format!("record {sequence}"), "a later record than the one before"))
        } else if matches!(decided.answer, Answer::Done(_)) && self.clock.is_some_and(|clock| decided.at < clock) {
            Some(Wrong::new(TIME, decided.at.to_string(), format!("at least {:?}", self.clock)))
        } else {
            None
        };
        if matches!(decided.answer, Answer::Done(_)) {
            self.clock = self.clock.max(Some(decided.at));
        }
        self.done.insert(known);
        let answer = digest(&decided.answer.encoded());
        let last = self.last.entry(Arc::clone(&client)).or_default();
        last.push_back((number, answer));
        if last.len() > KEPT {
            last.pop_front();
        }
        let digest = digest(&decided.request.command.encoded()) ^ answer.rotate_left(1);
        self.all.push(Acknowledged { sequence, client, number, digest });
        wrong
    }

    /// Whether what a node says to a repeated command is what it said, and to a new one is not that it is old.
    #[must_use]
    pub fn again(&self, client: &Arc<str>, number: u64, said: &Submitted) -> Option<Wrong> {
        let known = self.last.get(client).and_then(|last| last.iter().find(|(of, _)| *of == number)).map(|(_, of)| *of);
        let is_done = self.done.contains(&(Arc::clone(client), number));
        let wrong = match (said, known) {
            (Submitted::Again(again), Some(known)) => digest(&again.decided.answer.encoded()) != known,
            (Submitted::Again(_), None) => !is_done,
            (Submitted::Staged, _) => is_done,
            (Submitted::TooOld { .. }, Some(_)) => true,
            (Submitted::TooOld { last }, None) => number > *last,
            (Submitted::Waiting, _) => is_done,
        };
        let expected = || known.map_or_else(|| "no answer before".to_owned(), |of| format!("the answer {of:016x}"));
        wrong.then(|| Wrong::new(AGAIN, format!("{client} {number}: {}", name(said)), expected()))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The last record.
    #[must_use]
    pub fn last(&self) -> Sequence {
        self.all.last().map_or(Sequence(0), |last| last.sequence)
    }

    /// Those after the first `count`, for reading a log beside them.
    #[must_use]
    pub fn after(&self, count: usize) -> &[Acknowledged] {
        self.all.get(count..).unwrap_or_default()
    }
}

fn name(said: &Submitted) -> String {
    match said {
        Submitted::Staged => "carried out".to_owned(),
        Submitted::Again(again) => format!("the answer {:016x}", digest(&again.decided.answer.encoded())),
        Submitted::Waiting => "waiting".to_owned(),
        Submitted::TooOld { last } => format!("older than {last}"),
    }
}

/// Whether the log's `entries` are what was acknowledged, one for one; checkpoints and the first record aside.
#[must_use]
pub fn read_back(expected: &[Acknowledged], entries: impl Iterator<Item = Entry>) -> Option<Wrong> {
    let mut expected = expected.iter();
    for entry in entries {
        let sequence = entry.sequence;
        let decided = match Record::read(entry.kind, &entry.payload) {
            Ok(Record::Decided(decided)) => decided,
            Ok(_) => continue,
            Err(error) => return Some(Wrong::new(LOG, format!("record {sequence}: {error}"), "a record")),
        };
        let Some(known) = expected.next() else {
            return Some(Wrong::new(LOG, format!("record {sequence}"), "no more records"));
        };
        let bytes = digest(&decided.request.command.encoded()) ^ digest(&decided.answer.encoded()).rotate_left(1);
        let found =
            Acknowledged { sequence, client: decided.request.client, number: decided.request.number, digest: bytes };
        if found != *known {
            return Some(Wrong::new(LOG, format!("{found:?}"), format!("{known:?}")));
        }
    }
    expected.next().map(|known| Wrong::new(LOG, "the log's end", format!("{known:?}")))
}
