//! A log of records that survives.
//!
//! Whoever is told that a record is in the log must find it there after the process is killed, the machine loses its
//! power or the disk fills up, and must find nothing there that was not appended. What cannot be kept must be said.
//!
//! The choice made: segment files that are only ever appended to, with a whole append, a *frame*, as the unit that is
//! durable or not there. A frame is written and synced once, so many records share the cost of one sync. Checksums tell
//! a torn frame from a whole one, sequences and a chain of SHA-256 over everything tell a log from what looks like one,
//! and files that know their own length tell an end from a loss. Opening reads it all; what a crash left behind the last
//! whole frame is wiped and reported, and any other damage is refused with the file and the byte. After a sync that
//! failed nothing is written any more; after a full disk the log goes on when there is space.
//!
//! ```
//! use plimsoll_core::Timestamp;
//! use plimsoll_journal::files::Memory;
//! use plimsoll_journal::{Log as _, Options, Record, Segments, Sequence};
//!
//! let files = Memory::new();
//! let (mut log, _) = Segments::open(files.clone(), Options { segment_bytes: 4096 })?;
//! let at = Timestamp::from_nanos(1);
//! let appended = log.append(at, &[Record { kind: 7, payload: b"one" }, Record { kind: 7, payload: b"two" }])?;
//! assert_eq!(appended.last, Sequence(2));
//!
//! let (log, opened) = Segments::open(files, Options { segment_bytes: 4096 })?;
//! assert_eq!((opened.last, opened.chain), (Sequence(2), appended.chain));
//! let second = log.read(Sequence(2))?.next();
//! assert_eq!(second.map(|entry| entry.map(|entry| entry.payload)), Some(Ok(b"two".to_vec())));
//! # Ok::<(), plimsoll_journal::LogError>(())
//! ```
//!
//! [`Log`] is the trait, [`Segments`] and [`MemoryLog`] are logs, [`verify()`] looks one over, and [`files`] is what a log
//! stands on. The format, byte by byte, is in the crate's README.
//!
//! Left out on purpose: what a record means, and whether times go forward; clocks and threads, which the caller has; the
//! removal of old segments; copies on other machines. Bits that flip in the last frame look like an append that a crash
//! cut short, and a log alone cannot tell them apart: who must know keeps the last chain elsewhere, as a snapshot does.

mod error;
pub mod files;
mod fuzz;
mod log;
mod memory_log;
mod segment;
mod segments;
mod snapshot;
mod verify;

pub use error::{Damage, Flaw, LogError};
#[doc(hidden)]
pub use fuzz::fuzz_journal;
pub use log::{Appended, Entries, Entry, Log, PAYLOAD_MAX, Record, Sequence, Snapshot};
pub use memory_log::MemoryLog;
pub use segments::{Opened, Options, Preparer, Segments, Truncated};
pub use snapshot::Snapshots;
pub use verify::{Mark, Verified, verify};
