//! Reading a log from its first byte to its last, and wiping what a crash left behind its end.

use plimsoll_core::Digest;

use super::EMPTY;
use crate::error::{Damage, Flaw, LogError};
use crate::files::{Cause, Files, write_zeros};
use crate::log::Sequence;
use crate::segment::{Walk, first_of, name};
use crate::snapshot::{self, TEMPORARY};

/// What opening a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The last record's sequence; 0 of an empty log.
    pub last: Sequence,
    /// The chain after it.
    pub chain: Digest,
    /// What a crash had left behind the log's end, and was wiped; of a folder that is only looked at it is still there, and may
    /// be what a writer is at.
    pub truncated: Option<Truncated>,
}

/// What was wiped: an append that was never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// The segment's file.
    pub file: String,
    /// Where the log ends now.
    pub offset: u64,
    /// How many bytes from there on were wiped.
    pub bytes: u64,
    /// What was wrong with them.
    pub flaw: Flaw,
}

/// The segments of a log that was found whole.
pub(super) struct Found {
    pub(super) firsts: Vec<Sequence>,
    pub(super) end: u64,
    pub(super) length: u64,
}

/// Checks the log in `files`, and wipes what is torn at its end. Nothing is changed when it refuses.
pub(super) fn recover<F: Files>(files: &F) -> Result<(Found, Opened), LogError> {
    let names = files.list()?;
    let firsts: Vec<_> = names.iter().filter_map(|name| first_of(name)).collect();
    let mut opened = EMPTY;
    let mut found = Found { end: 0, length: 0, firsts };
    for (index, first) in found.firsts.iter().enumerate() {
        let is_last = index + 1 == found.firsts.len();
        let read = || -> Result<_, LogError> {
            let mut walk = Walk::open(files, &name(*first))?;
            continues(&walk, opened.last.next(), opened.chain)?;
            let truncated = match to_end(&mut walk) {
                Ok(()) => None,
                Err(LogError::Damaged(damage)) if is_last && damage.flaw.may_be_torn() => {
                    Some(torn(&mut walk, damage)?)
                }
                Err(error) => return Err(error),
            };
            Ok((walk, truncated))
        };
        // Whoever looks beside a writer may come upon a frame half written, and upon the next one whole: by then both are.
        let (walk, truncated) = match read() {
            Err(LogError::Damaged(Damage { flaw: Flaw::Within { .. }, .. })) => read()?,
            read => read?,
        };
        opened.truncated = truncated;
        (found.end, found.length) = (walk.position, walk.header.length);
        (opened.last, opened.chain) = (Sequence(walk.next.0 - 1), walk.chain);
    }
    // Snapshots are taken of what is durable: one past the end means that the end is gone.
    if let Some(snapshot) = snapshot::list(files)?.first().copied().filter(|snapshot| *snapshot > opened.last) {
        return Err(LogError::SnapshotAhead { snapshot, last: opened.last });
    }
    settle(files, &names, found.firsts.last().copied(), opened.truncated.as_ref())?;
    Ok((found, opened))
}

/// Whether a segment begins where the one before ended.
pub(crate) fn continues<F: Files + ?Sized>(walk: &Walk<'_, F>, next: Sequence, chain: Digest) -> Result<(), LogError> {
    if walk.next != next {
        return Err(walk.damaged(0, Flaw::Sequence { expected: next, found: walk.next }));
    }
    if walk.chain == chain { Ok(()) } else { Err(walk.damaged(0, Flaw::Chain)) }
}

fn to_end<F: Files>(walk: &mut Walk<'_, F>) -> Result<(), LogError> {
    while walk.frame()?.is_some() {}
    Ok(())
}

/// What is to be wiped from the walk's position on, or why it must not be.
fn torn<F: Files>(walk: &mut Walk<'_, F>, damage: Damage) -> Result<Truncated, LogError> {
    if let Some(later) = walk.later_frame()? {
        let flaw = Flaw::Within { later, flaw: Box::new(damage.flaw) };
        return Err(LogError::Damaged(Damage { flaw, ..damage }));
    }
    let offset = walk.position;
    Ok(Truncated { file: damage.file, offset, bytes: walk.end_of_content()? - offset, flaw: damage.flaw })
}

/// Wipes what is torn and what was not finished, and makes what was found durable: a frame may have been written whole
/// and not synced, and whoever reads it now relies on it.
fn settle<F: Files>(
    files: &F,
    names: &[String],
    last: Option<Sequence>,
    truncated: Option<&Truncated>,
) -> Result<(), LogError> {
    for name in names.iter().filter(|name| name.ends_with(TEMPORARY)) {
        match files.remove(name) {
            // Whoever only looks leaves it to the writer.
            Err(error) if error.cause == Cause::ReadOnly => {}
            removed => removed?,
        }
    }
    if let Some(torn) = truncated {
        match write_zeros(files, &torn.file, torn.offset, torn.offset + torn.bytes) {
            // To whoever only looks the log ends before it: it may be what a writer is at.
            Err(error) if error.cause == Cause::ReadOnly => {}
            wiped => wiped?,
        }
    }
    let Some(last) = last else { return Ok(()) };
    files.sync(&name(last)).and_then(|()| files.sync_names()).map_err(LogError::SyncFailed)
}
