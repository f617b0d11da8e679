//! Snapshots: what the records up to a sequence made, as the caller's bytes in a file of their own.
//!
//! The file is named after the sequence: `00000000000000000123.snapshot`. It is written under a temporary name, synced
//! and renamed, so that it is there whole or not at all.
//!
//! | header: 96 bytes, then the caller's | |
//! |---|---|
//! | 0..8 | `plimsnap` |
//! | 8..12 | format version, `u32`: 1 |
//! | 12..20 | sequence of the last record in it, `u64` |
//! | 20..52 | chain after that record |
//! | 52..60 | length of the caller's bytes, `u64` |
//! | 60..92 | SHA-256 of the caller's bytes |
//! | 92..96 | CRC of bytes 0..92 |

use std::sync::Arc;

use plimsoll_core::{Digest, Encode as _};
use sha2::{Digest as _, Sha256};

use crate::error::{Damage, Flaw, LogError};
use crate::files::{Cause, FileError, Files, read_all};
use crate::log::{Sequence, Snapshot};
use crate::segment::{is_sealed, seal, sequence_of, take, take_digest};

const MAGIC: [u8; 8] = *b"plimsnap";
const VERSION: u32 = 1;
const HEADER: usize = 96;

/// The ending of files that are not finished. Opening a log removes what a crash left of them.
pub(crate) const TEMPORARY: &str = ".tmp";

/// The snapshots of a folder. A snapshot can be saved on another thread than the log's writer, by a clone of this.
#[derive(Debug)]
pub struct Snapshots<F> {
    files: Arc<F>,
}

impl<F> Clone for Snapshots<F> {
    fn clone(&self) -> Self {
        Self { files: Arc::clone(&self.files) }
    }
}

impl<F: Files> Snapshots<F> {
    pub(crate) fn new(files: Arc<F>) -> Self {
        Self { files }
    }

    /// [`Log::save_snapshot`](crate::Log::save_snapshot), for a `sequence` and `chain` that the log had.
    ///
    /// # Errors
    /// [`LogError::Full`], [`LogError::File`].
    pub fn save(&self, sequence: Sequence, chain: Digest, bytes: &[u8]) -> Result<(), LogError> {
        let name = name(sequence);
        let temporary = format!("{name}{TEMPORARY}");
        remove_if_there(&*self.files, &temporary)?;
        let header = header(sequence, chain, bytes);
        let written = (|| {
            self.files.create(&temporary)?;
            self.files.write(&temporary, 0, &header)?;
            self.files.write(&temporary, HEADER as u64, bytes)?;
            self.files.sync(&temporary)?;
            self.files.rename(&temporary, &name)
        })();
        if let Err(error) = written {
            // Its space is given back where that works; if not, opening the log does it.
            let _ = self.files.remove(&temporary);
            return Err(error.into());
        }
        Ok(self.files.sync_names()?)
    }

    /// [`Log::snapshots`](crate::Log::snapshots).
    ///
    /// # Errors
    /// [`LogError::File`].
    pub fn list(&self) -> Result<Vec<Sequence>, LogError> {
        Ok(list(&*self.files)?)
    }

    /// [`Log::load_snapshot`](crate::Log::load_snapshot).
    ///
    /// # Errors
    /// [`LogError::NoSnapshot`], [`LogError::Damaged`], [`LogError::File`].
    pub fn load(&self, sequence: Sequence) -> Result<Snapshot, LogError> {
        load(&*self.files, sequence)
    }

    /// [`Log::remove_snapshot`](crate::Log::remove_snapshot).
    ///
    /// # Errors
    /// [`LogError::NoSnapshot`], [`LogError::File`].
    pub fn remove(&self, sequence: Sequence) -> Result<(), LogError> {
        self.files.remove(&name(sequence)).map_err(|error| absent(sequence, error))?;
        Ok(self.files.sync_names()?)
    }
}

pub(crate) fn name(sequence: Sequence) -> String {
    format!("{:020}.snapshot", sequence.0)
}

fn absent(sequence: Sequence, error: FileError) -> LogError {
    if error.cause == Cause::Missing { LogError::NoSnapshot(sequence) } else { error.into() }
}

/// Removes what an earlier try may have left.
pub(crate) fn remove_if_there<F: Files + ?Sized>(files: &F, name: &str) -> Result<(), FileError> {
    match files.remove(name) {
        Err(error) if error.cause == Cause::Missing => Ok(()),
        other => other,
    }
}

fn header(sequence: Sequence, chain: Digest, bytes: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    VERSION.encode(&mut out);
    sequence.0.encode(&mut out);
    out.extend_from_slice(&chain.0);
    (bytes.len() as u64).encode(&mut out);
    out.extend_from_slice(&Sha256::digest(bytes));
    seal(&mut out, 0);
    out
}

/// Where snapshots were taken, newest first.
pub(crate) fn list<F: Files + ?Sized>(files: &F) -> Result<Vec<Sequence>, FileError> {
    let names = files.list()?;
    Ok(names.iter().rev().filter_map(|name| sequence_of(name, ".snapshot")).collect())
}

/// The snapshot at `sequence`, checked.
pub(crate) fn load<F: Files + ?Sized>(files: &F, sequence: Sequence) -> Result<Snapshot, LogError> {
    let name = name(sequence);
    let mut bytes = read_all(files, &name).map_err(|error| absent(sequence, error))?;
    let chain = check(&bytes, sequence).map_err(|(offset, flaw)| Damage { file: name, offset, flaw })?;
    bytes.drain(..HEADER);
    Ok(Snapshot { sequence, chain, bytes })
}

/// Checks a snapshot's file; its chain, or where it is damaged and how.
fn check(file: &[u8], expected: Sequence) -> Result<Digest, (u64, Flaw)> {
    let (header, bytes) = file.split_at_checked(HEADER).ok_or((0, Flaw::Header))?;
    if !header.starts_with(&MAGIC) {
        return Err((0, Flaw::NotASnapshot));
    }
    if !is_sealed(header) {
        return Err((0, Flaw::Header));
    }
    let mut fields = &header[MAGIC.len()..];
    match take(&mut fields) {
        VERSION => {}
        other => return Err((0, Flaw::Version(other))),
    }
    let found = Sequence(take(&mut fields));
    if found != expected {
        return Err((0, Flaw::Sequence { expected, found }));
    }
    let (chain, length) = (take_digest(&mut fields), take::<u64>(&mut fields));
    if length != bytes.len() as u64 {
        let whole = |bytes: u64| bytes.saturating_add(HEADER as u64);
        return Err((HEADER as u64, Flaw::Length { expected: whole(length), found: whole(bytes.len() as u64) }));
    }
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    if digest == take_digest(&mut fields).0 { Ok(chain) } else { Err((HEADER as u64, Flaw::Snapshot)) }
}
