//! The live engine at the command line: a stream of commands run, a journal read, an event explained.

mod again;
mod beside;
pub(crate) mod explain;
pub(crate) mod journal;
mod lines;
pub(crate) mod run;
pub(crate) mod scenario;
mod serving;
pub(crate) mod story;

use std::path::Path;

use plimsoll::engine::State;
use plimsoll::journal::files::Disk;
use plimsoll::journal::{Log, Options, Segments};
use plimsoll::node::{Answer, Answered, NodeError};
use plimsoll::stream::events;
use serde_json::Value;

use crate::outcome::Failure;

/// A journal to read: nothing in it is changed.
fn view(folder: &Path) -> Result<Segments<Disk>, Failure> {
    let name = folder.display();
    if !folder.is_dir() {
        return Err(Failure::usage(format!("{name}: no folder: expected a journal's")));
    }
    let opened = Segments::open(Disk::view(folder), Options::default());
    let (log, _) = opened.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    if log.last().0 == 0 {
        return Err(Failure::usage(format!("{name}: no records: expected a journal that `plimsoll run` kept")));
    }
    Ok(log)
}

fn refused(folder: &Path, error: &NodeError) -> Failure {
    Failure::usage(format!("{}: {error}", folder.display()))
}

/// What was answered, as objects: an event each, or the refusal.
fn shown(state: &State, answered: &Answered) -> Vec<Value> {
    let (sequence, at) = (answered.sequence.0, answered.decided.at);
    match &answered.decided.answer {
        Answer::Done(all) => all.iter().map(|event| events::shown(state, sequence, at, event)).collect(),
        Answer::Refused { rule, text } => vec![events::refused(state, sequence, at, rule, text)],
    }
}
