//! Deciding a log's commands again.

use plimsoll_core::{Digest, Encode};
use plimsoll_engine::{Book, State, step};
use plimsoll_journal::{Log, Sequence};

use crate::entry::{Answer, Decided, Record};
use crate::error::NodeError;
use crate::follower::Follower;

/// A log whose every decision was made again, and was the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Commands decided.
    pub commands: usize,
    /// Of which refused.
    pub refused: usize,
    /// Checkpoints met.
    pub checkpoints: usize,
    /// The last record.
    pub last: Sequence,
    /// The hash of the state at the end.
    pub root: Digest,
}

/// Decides every command of `log` again, from the first, and compares what comes out byte by byte with what was logged;
/// `before` each, whatever the auditor wants with the book.
///
/// # Errors
/// [`NodeError`]: the first record that cannot be read, or is decided another way.
pub fn audit(log: &impl Log, mut before: impl FnMut(&mut Book)) -> Result<Audited, NodeError> {
    let mut entries = log.read(Sequence(1))?;
    let first = entries.next().ok_or(NodeError::NoGenesis(Sequence(0)))??;
    let mut follower = Follower::begin(&first)?;
    // Decided on a state of its own; the follower goes on with what was logged, and meets the checkpoints.
    let (mut state, mut book) = (follower.state.clone(), Book::new());
    let (mut commands, mut refused, mut checkpoints) = (0, 0, 0);
    for entry in entries {
        let entry = entry?;
        match Record::read(entry.kind, &entry.payload) {
            Ok(Record::Decided(decided)) => {
                before(&mut book);
                again(&mut state, &mut book, &decided, entry.sequence)?;
                commands += 1;
                refused += usize::from(matches!(decided.answer, Answer::Refused { .. }));
            }
            Ok(Record::Checkpoint(_)) => checkpoints += 1,
            // Applying it says what is wrong.
            Ok(Record::Genesis { .. }) | Err(_) => {}
        }
        follower.apply(&entry)?;
    }
    let root = follower.root();
    Ok(Audited { commands, refused, checkpoints, last: follower.sequence, root })
}

fn again(state: &mut State, book: &mut Book, logged: &Decided, sequence: Sequence) -> Result<(), NodeError> {
    let answer = match step(state, book, &logged.request.command, logged.at) {
        Ok(events) => Answer::Done(events),
        Err(refusal) => Answer::from(&refusal),
    };
    if answer.encoded() == logged.answer.encoded() {
        return Ok(());
    }
    Err(NodeError::Decides { sequence, found: format!("{answer:?}"), expected: format!("{:?}", logged.answer) })
}
