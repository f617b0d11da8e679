//! What a crash leaves of a disk, and what flipped bits do to it.

use plimsoll_core::Digest;
use plimsoll_journal::files::{Files as _, Memory};
use plimsoll_journal::{LogError, Options, Segments, Sequence};

use crate::promises::Wrong;
use crate::random::Random;

/// The promise that damage is found.
pub const DAMAGE: &str = "flipped bits are refused with file and byte";

/// What is there after a crash: all that was synced, and of what was not as much as chance leaves.
pub fn crashed(memory: &Memory, random: &mut Random) -> Memory {
    let names = random.below(memory.unsynced_names() + 1);
    memory.crash(names, |_, _, bytes| match random.below(5) {
        0 => {}
        1 => bytes.clear(),
        2 => bytes.truncate(random.below(bytes.len() + 1)),
        3 if !bytes.is_empty() => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        _ => {
            // A page in the middle never arrived.
            let from = random.below(bytes.len() + 1);
            let until = (from + 512).min(bytes.len());
            bytes[from..until].fill(0);
        }
    })
}

/// What a log held before its bits were flipped.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The last record.
    pub last: Sequence,
    /// The first record of the last frame: a frame at the end that is damaged looks like one that was never finished.
    pub last_frame: Sequence,
    /// The chain.
    pub chain: Digest,
}

/// Flips a bit in a copy of `memory` and opens it: whether that is found.
pub fn flipped(memory: &Memory, options: Options, held: Held, random: &mut Random) -> Option<Wrong> {
    let copy = memory.copied();
    let names = copy.list().ok()?;
    let name = random.pick(&names).clone();
    let length = copy.len(&name).ok()?;
    if length == 0 {
        return None;
    }
    // Segments are zeros from the middle on: half of all flips are in their first kilobytes.
    let reach = if random.below(2) == 0 { length.min(8_192) } else { length };
    let offset = random.below(usize::try_from(reach).unwrap_or(usize::MAX)) as u64;
    let mut byte = [0];
    copy.read(&name, offset, &mut byte).ok()?;
    byte[0] ^= 1 << random.below(8);
    copy.write(&name, offset, &byte).ok()?;
    copy.sync(&name).ok()?;
    let place = format!("{name}: byte {offset}");
    let wrong = |found: String| Some(Wrong::new(DAMAGE, format!("{place}: {found}"), "a refusal that names the place"));
    match Segments::open(copy, options) {
        Err(LogError::Damaged(damage)) if damage.file == name && damage.offset <= offset + 64 => None,
        // The last frame is gone, and a snapshot says that it was there.
        Err(LogError::SnapshotAhead { .. }) => None,
        Err(other) => wrong(format!("refused with {other}")),
        Ok((_, opened)) if opened.last == held.last && opened.chain == held.chain => None,
        Ok((_, opened)) if opened.truncated.is_some() && opened.last.next() == held.last_frame => None,
        Ok((_, opened)) => wrong(format!("opened with {} records of {}", opened.last, held.last)),
    }
}
