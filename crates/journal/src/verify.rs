//! Looking over a log without touching it.

use std::collections::BTreeMap;

use plimsoll_core::{Digest, Timestamp};

use crate::error::{Damage, Flaw, LogError};
use crate::files::Files;
use crate::log::Sequence;
use crate::segment::{GENESIS, Records, Walk, first_of};
use crate::segments::continues;
use crate::snapshot;

/// A record's place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its sequence.
    pub sequence: Sequence,
    /// When its append was made.
    pub at: Timestamp,
}

/// What a log holds, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Segment files.
    pub segments: u64,
    /// Frames that are whole.
    pub frames: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// The first of them.
    pub first: Option<Mark>,
    /// The last of them.
    pub last: Option<Mark>,
    /// The chain after the last.
    pub chain: Digest,
    /// Snapshots that are whole, newest first.
    pub snapshots: Vec<Sequence>,
    /// Everything that is wrong, in the order of the files: of a segment the first damage, behind which nothing in it
    /// can be relied on. Damage at the end of the last segment may be what a crash left of an append.
    pub damages: Vec<Damage>,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.damages.is_empty()
    }
}

/// Walks over the whole log in `files` and checks every byte of it, and every snapshot. It changes nothing.
///
/// # Errors
/// [`LogError::File`] when a file cannot be read. Damage is no error here: [`Verified::damages`] names it.
pub fn verify<F: Files + ?Sized>(files: &F) -> Result<Verified, LogError> {
    let taken = snapshot::list(files)?;
    let mut over = Over { chains: taken.into_iter().map(|sequence| (sequence, None)).collect(), ..Over::default() };
    let names = files.list()?;
    for name in names.iter().filter(|name| first_of(name).is_some()) {
        over.verified.segments += 1;
        named(over.segment(files, name), &mut over.verified.damages)?;
    }
    over.snapshots(files)?;
    Ok(over.verified)
}

/// A walk over all segments.
struct Over {
    verified: Verified,
    /// Where the next segment must begin.
    next: Sequence,
    /// Chains where snapshots were taken and frames end, as the log has them.
    chains: BTreeMap<Sequence, Option<Digest>>,
}

impl Default for Over {
    fn default() -> Self {
        let verified = Verified {
            segments: 0,
            frames: 0,
            records: 0,
            bytes: 0,
            first: None,
            last: None,
            chain: GENESIS,
            snapshots: Vec::new(),
            damages: Vec::new(),
        };
        Self { verified, next: Sequence(1), chains: BTreeMap::new() }
    }
}

impl Over {
    fn segment<F: Files + ?Sized>(&mut self, files: &F, name: &str) -> Result<(), LogError> {
        let mut walk = Walk::open(files, name)?;
        // Where a segment does not continue the one before, that is named, and it is checked by what it says of itself.
        named(continues(&walk, self.next, self.verified.chain), &mut self.verified.damages)?;
        (self.next, self.verified.chain) = (walk.next, walk.chain);
        while let Some(frame) = walk.frame()? {
            let (header, found) = (frame.header, &mut self.verified);
            let mark = |sequence: u64| Mark { sequence: Sequence(sequence), at: header.at };
            let end = header.first.0 + u64::from(header.count);
            found.frames += 1;
            found.records += u64::from(header.count);
            found.bytes += Records(frame.records).map(|record| record.payload.len() as u64).sum::<u64>();
            found.first.get_or_insert(mark(header.first.0));
            found.last = Some(mark(end - 1));
            found.chain = header.chain;
            self.next = Sequence(end);
            if let Some(chain) = self.chains.get_mut(&Sequence(end - 1)) {
                *chain = Some(header.chain);
            }
        }
        Ok(())
    }

    /// Checks the snapshots, each alone and against the log where a frame ends there.
    fn snapshots<F: Files + ?Sized>(&mut self, files: &F) -> Result<(), LogError> {
        let last = self.verified.last.map_or(Sequence(0), |mark| mark.sequence);
        for (sequence, chain) in self.chains.iter().rev() {
            let of_log = if sequence.0 == 0 { Some(GENESIS) } else { *chain };
            let damaged = |flaw| Err(Damage { file: snapshot::name(*sequence), offset: 0, flaw }.into());
            let checked = match snapshot::load(files, *sequence) {
                Ok(_) if *sequence > last => damaged(Flaw::Ahead(last)),
                Ok(saved) if of_log.is_some_and(|chain| chain != saved.chain) => damaged(Flaw::Chain),
                other => other.map(|_| ()),
            };
            let before = self.verified.damages.len();
            named(checked, &mut self.verified.damages)?;
            if self.verified.damages.len() == before {
                self.verified.snapshots.push(*sequence);
            }
        }
        Ok(())
    }
}

/// Keeps damage, and lets other errors through.
fn named(checked: Result<(), LogError>, damages: &mut Vec<Damage>) -> Result<(), LogError> {
    match checked {
        Err(LogError::Damaged(damage)) => damages.push(damage),
        other => other?,
    }
    Ok(())
}
