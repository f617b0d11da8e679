//! A disk in memory that fails when it is told to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_journal::files::{Cause, FileError, Files, Memory, Operation};

/// What the disk does to the next changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mood {
    /// Changes left until the process dies, and how many bytes of a write arrive then.
    pub dies_after: Option<(u64, usize)>,
    /// It died: nothing more is done.
    pub dead: bool,
    /// No file grows.
    pub full: bool,
    /// The next sync fails.
    pub fails_sync: bool,
    /// The next write stops after so many bytes.
    pub cuts_write: Option<usize>,
    /// Snapshots cannot be written.
    pub fails_snapshots: bool,
}

/// Files in memory under a mood. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    memory: Memory,
    mood: Arc<Mutex<Mood>>,
}

impl Disk {
    /// A disk that holds `memory`, in good mood.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self { memory, mood: Arc::default() }
    }

    /// What it holds.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Its mood, to look at or to change.
    pub fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a write or another change meets: bytes that arrive before it fails, or nothing.
    fn meets(&self, name: &str, operation: Operation, offset: u64, grows: bool) -> Result<(), (usize, FileError)> {
        let mut mood = self.mood();
        let fails = |cause| FileError { name: name.to_owned(), operation, offset, cause };
        let broken = |why: &str| fails(Cause::Other(why.to_owned()));
        if mood.dead {
            return Err((0, broken("the process is dead")));
        }
        if let Some((left, arrives)) = mood.dies_after {
            if left == 0 {
                (mood.dead, mood.dies_after) = (true, None);
                return Err((arrives, broken("the process dies")));
            }
            mood.dies_after = Some((left - 1, arrives));
        }
        if mood.fails_snapshots && name.contains(".snapshot") {
            return Err((0, broken("the snapshot cannot be written")));
        }
        if mood.full && (grows || operation == Operation::Create) {
            return Err((0, fails(Cause::Full)));
        }
        match operation {
            Operation::Sync | Operation::SyncNames if mood.fails_sync => {
                mood.fails_sync = false;
                Err((0, broken("the sync failed")))
            }
            Operation::Write => match mood.cuts_write.take() {
                Some(arrives) => Err((arrives, broken("the write failed"))),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn change(&self, name: &str, operation: Operation) -> Result<(), FileError> {
        self.meets(name, operation, 0, false).map_err(|(_, error)| error)
    }
}

impl Files for Disk {
    fn create(&self, name: &str) -> Result<(), FileError> {
        self.change(name, Operation::Create)?;
        self.memory.create(name)
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        let grows = offset + bytes.len() as u64 > self.memory.len(name)?;
        match self.meets(name, Operation::Write, offset, grows) {
            Ok(()) => self.memory.write(name, offset, bytes),
            Err((arrives, error)) => {
                self.memory.write(name, offset, &bytes[..arrives.min(bytes.len())])?;
                Err(error)
            }
        }
    }

    fn sync(&self, name: &str) -> Result<(), FileError> {
        self.change(name, Operation::Sync)?;
        self.memory.sync(name)
    }

    fn sync_names(&self) -> Result<(), FileError> {
        self.change("", Operation::SyncNames)?;
        self.memory.sync_names()
    }

    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), FileError> {
        self.memory.read(name, offset, into)
    }

    fn len(&self, name: &str) -> Result<u64, FileError> {
        self.memory.len(name)
    }

    fn list(&self) -> Result<Vec<String>, FileError> {
        self.memory.list()
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.change(from, Operation::Rename)?;
        self.memory.rename(from, to)
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.change(name, Operation::Remove)?;
        self.memory.remove(name)
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        self.change(name, Operation::Truncate)?;
        self.memory.truncate(name, length)
    }
}
