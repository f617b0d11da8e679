//! Files in memory that know what a crash would leave of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Cause, FileError, Files, Operation};

/// Files in memory, for tests and for embedding. Clones are the same files.
///
/// Synced bytes are kept apart from unsynced ones, and synced names from unsynced ones, so that [`Memory::crash`] can
/// say what a power failure would leave.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Inner>>);

#[derive(Clone, Debug, Default)]
struct Inner {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    unsynced_names: Vec<NameChange>,
}

#[derive(Clone, Debug, Default)]
struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

/// A change of a file's bytes that is not synced yet.
#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if to.len() < end && !bytes.is_empty() {
                    to.resize(end, 0);
                }
                if let Some(place) = to.get_mut(*offset..end) {
                    place.copy_from_slice(bytes);
                }
            }
            Self::Truncate { length } => to.truncate(*length),
        }
    }
}

/// A change of the folder's names that is not synced yet.
#[derive(Clone, Debug)]
enum NameChange {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

impl NameChange {
    fn apply(&self, to: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, file) => {
                to.insert(name.clone(), *file);
            }
            Self::Rename(from, into) => {
                if let Some(file) = to.remove(from) {
                    to.insert(into.clone(), file);
                }
            }
            Self::Remove(name) => {
                to.remove(name);
            }
        }
    }
}

impl Memory {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a crash now would leave: all that was synced; of the names' unsynced changes the first `names`; and of each
    /// unsynced write, in the order they were made, what `keep` leaves of its bytes. It is given the file's name, the
    /// byte where the write begins and the bytes, to shorten, to damage or to clear.
    #[must_use]
    pub fn crash(&self, names: usize, mut keep: impl FnMut(&str, u64, &mut Vec<u8>)) -> Self {
        let mut after = self.inner().clone();
        for change in after.unsynced_names.drain(..).take(names) {
            change.apply(&mut after.synced_names);
        }
        after.names.clone_from(&after.synced_names);
        for (name, file) in &after.names {
            let File { now, synced, unsynced } = &mut after.files[*file];
            for mut change in unsynced.drain(..) {
                if let Change::Write { offset, bytes } = &mut change {
                    keep(name, *offset as u64, bytes);
                }
                change.apply(synced);
            }
            now.clone_from(synced);
        }
        Self(Arc::new(Mutex::new(after)))
    }

    /// A copy that shares nothing with these files.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self(Arc::new(Mutex::new(self.inner().clone())))
    }

    /// How many changes of names are not synced.
    #[must_use]
    pub fn unsynced_names(&self) -> usize {
        self.inner().unsynced_names.len()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `job` on a file, or says that there is none.
    fn with<T>(&self, name: &str, operation: Operation, job: impl FnOnce(&mut File) -> T) -> Result<T, FileError> {
        let mut inner = self.inner();
        let file = inner.names.get(name).copied().ok_or_else(|| missing(name, operation))?;
        Ok(job(&mut inner.files[file]))
    }
}

fn missing(name: &str, operation: Operation) -> FileError {
    FileError::new(name, operation, 0, Cause::Missing)
}

fn place(name: &str, operation: Operation, offset: u64) -> Result<usize, FileError> {
    usize::try_from(offset).map_err(|_| FileError::new(name, operation, offset, Cause::Full))
}

impl Files for Memory {
    fn create(&self, name: &str) -> Result<(), FileError> {
        let mut inner = self.inner();
        if inner.names.contains_key(name) {
            return Err(FileError::new(name, Operation::Create, 0, Cause::Exists));
        }
        let file = inner.files.len();
        inner.files.push(File::default());
        inner.names.insert(name.to_owned(), file);
        inner.unsynced_names.push(NameChange::Create(name.to_owned(), file));
        Ok(())
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        let offset = place(name, Operation::Write, offset)?;
        self.with(name, Operation::Write, |file| {
            let change = Change::Write { offset, bytes: bytes.to_vec() };
            change.apply(&mut file.now);
            file.unsynced.push(change);
        })
    }

    fn sync(&self, name: &str) -> Result<(), FileError> {
        self.with(name, Operation::Sync, |file| {
            for change in file.unsynced.drain(..) {
                change.apply(&mut file.synced);
            }
        })
    }

    fn sync_names(&self) -> Result<(), FileError> {
        let mut inner = self.inner();
        inner.unsynced_names.clear();
        inner.synced_names = inner.names.clone();
        Ok(())
    }

    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), FileError> {
        let start = place(name, Operation::Read, offset)?;
        let short = || FileError::new(name, Operation::Read, offset, Cause::Short);
        self.with(name, Operation::Read, |file| {
            let from = file.now.get(start..).and_then(|rest| rest.get(..into.len())).ok_or_else(short)?;
            into.copy_from_slice(from);
            Ok(())
        })?
    }

    fn len(&self, name: &str) -> Result<u64, FileError> {
        self.with(name, Operation::Read, |file| file.now.len() as u64)
    }

    fn list(&self) -> Result<Vec<String>, FileError> {
        Ok(self.inner().names.keys().cloned().collect())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        let mut inner = self.inner();
        if !inner.names.contains_key(from) {
            return Err(missing(from, Operation::Rename));
        }
        let change = NameChange::Rename(from.to_owned(), to.to_owned());
        change.apply(&mut inner.names);
        inner.unsynced_names.push(change);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        let mut inner = self.inner();
        inner.names.remove(name).ok_or_else(|| missing(name, Operation::Remove))?;
        inner.unsynced_names.push(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        let length = place(name, Operation::Truncate, length)?;
        self.with(name, Operation::Truncate, |file| {
            let change = Change::Truncate { length };
            change.apply(&mut file.now);
            file.unsynced.push(change);
        })
    }
}
