//! Where a log's bytes are kept, behind one trait: a folder of a disk, memory, or either with faults put in.

mod disk;
mod faulty;
mod memory;

use std::fmt;
use std::io;
use std::sync::Arc;

use thiserror::Error;

pub use disk::Disk;
pub use faulty::{Fault, Faulty, Plan};
pub use memory::Memory;

/// What was asked of [`Files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Opening or locking the folder.
    Open,
    /// A new file.
    Create,
    /// Bytes written.
    Write,
    /// A file's bytes made durable.
    Sync,
    /// The folder's names made durable.
    SyncNames,
    /// Bytes read, or a length asked.
    Read,
    /// The folder's names read.
    List,
    /// A file given another name.
    Rename,
    /// A file removed.
    Remove,
    /// A file made shorter.
    Truncate,
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Open => "open",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::SyncNames => "sync names",
            Self::Read => "read",
            Self::List => "list",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Truncate => "truncate",
        })
    }
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    /// No space is left, or a quota is used up: the same may work later.
    #[error("the disk is full")]
    Full,
    /// Another process, or another value of this one, writes there.
    #[error("in use by another writer")]
    Locked,
    /// No file has that name.
    #[error("no such file")]
    Missing,
    /// A file has that name already.
    #[error("it is there already")]
    Exists,
    /// The file ends before what was asked for.
    #[error("the file ends before it")]
    Short,
    /// The folder was opened to be looked at.
    #[error("opened for reading only")]
    ReadOnly,
    /// What the system said.
    #[error("{0}")]
    Other(String),
}

/// An operation that failed: on which file, at which byte (0 where it concerns a whole file), and why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: {operation} at byte {offset}: {cause}")]
pub struct FileError {
    /// The file's name, or the folder's.
    pub name: String,
    /// What was asked.
    pub operation: Operation,
    /// From which byte on.
    pub offset: u64,
    /// Why it failed.
    pub cause: Cause,
}

impl FileError {
    pub(crate) fn new(name: &str, operation: Operation, offset: u64, cause: Cause) -> Self {
        Self { name: name.to_owned(), operation, offset, cause }
    }

    /// What the system said, with a full disk told apart from the rest.
    pub(crate) fn from_system(name: &str, operation: Operation, offset: u64, error: &io::Error) -> Self {
        let cause = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Cause::Full,
            io::ErrorKind::NotFound => Cause::Missing,
            io::ErrorKind::AlreadyExists => Cause::Exists,
            io::ErrorKind::UnexpectedEof => Cause::Short,
            _ => Cause::Other(error.to_string()),
        };
        Self::new(name, operation, offset, cause)
    }
}

/// A flat folder of files.
///
/// Nothing is durable before it is synced: bytes by [`Files::sync`], and names (what [`Files::create`],
/// [`Files::rename`] and [`Files::remove`] change) by [`Files::sync_names`].
///
/// # Errors
/// Every operation: [`FileError`]. After a failed [`Files::write`] any part of the bytes may have been written.
#[expect(clippy::missing_errors_doc, reason = "said once, above, for every operation")]
pub trait Files: Send + Sync {
    /// A new, empty file; refused when one has that name.
    fn create(&self, name: &str) -> Result<(), FileError>;

    /// Writes all of `bytes` from `offset` on, over what is there and past the end.
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), FileError>;

    /// Writes all of `bytes` at the end.
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.write(name, self.len(name)?, bytes)
    }

    /// Makes what was written to the file durable.
    fn sync(&self, name: &str) -> Result<(), FileError>;

    /// Makes the names durable.
    fn sync_names(&self) -> Result<(), FileError>;

    /// Fills `into` with the bytes from `offset` on; refused when the file ends before.
    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), FileError>;

    /// How many bytes the file has.
    fn len(&self, name: &str) -> Result<u64, FileError>;

    /// All names, in order.
    fn list(&self) -> Result<Vec<String>, FileError>;

    /// Gives a file another name, in the place of the file that had it.
    fn rename(&self, from: &str, to: &str) -> Result<(), FileError>;

    /// Removes a file.
    fn remove(&self, name: &str) -> Result<(), FileError>;

    /// Cuts a file to its first `length` bytes.
    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError>;
}

impl<F: Files + ?Sized> Files for Arc<F> {
    fn create(&self, name: &str) -> Result<(), FileError> {
        (**self).create(name)
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        (**self).write(name, offset, bytes)
    }

    fn sync(&self, name: &str) -> Result<(), FileError> {
        (**self).sync(name)
    }

    fn sync_names(&self) -> Result<(), FileError> {
        (**self).sync_names()
    }

    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), FileError> {
        (**self).read(name, offset, into)
    }

    fn len(&self, name: &str) -> Result<u64, FileError> {
        (**self).len(name)
    }

    fn list(&self) -> Result<Vec<String>, FileError> {
        (**self).list()
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        (**self).rename(from, to)
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        (**self).remove(name)
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        (**self).truncate(name, length)
    }
}

/// A file's whole contents.
pub(crate) fn read_all<F: Files + ?Sized>(files: &F, name: &str) -> Result<Vec<u8>, FileError> {
    let length = usize::try_from(files.len(name)?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    files.read(name, 0, &mut bytes)?;
    Ok(bytes)
}

/// Writes zeros from `offset` up to `end`.
pub(crate) fn write_zeros<F: Files + ?Sized>(files: &F, name: &str, offset: u64, end: u64) -> Result<(), FileError> {
    let zeros = vec![0; STRIDE];
    let mut at = offset;
    while at < end {
        let count = usize::try_from(end - at).unwrap_or(STRIDE).min(STRIDE);
        files.write(name, at, &zeros[..count])?;
        at += count as u64;
    }
    Ok(())
}

/// Bytes read or zeroed at a time: enough that a call's cost is nothing, little enough to stay in a cache.
pub(crate) const STRIDE: usize = 1 << 20;
