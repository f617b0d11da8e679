//! Files that fail by plan.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Cause, FileError, Files, Operation};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every change fails and changes nothing.
    Error,
    /// A write stops after so many bytes and fails; other changes fail too.
    Short(usize),
    /// No space: a new file is refused, and a write that makes a file longer stops after so many bytes, until
    /// [`Faulty::free`]. What needs no space works.
    Full(usize),
    /// Syncs fail, of files and of names; all else works.
    Sync,
}

/// Which changes a fault strikes, counted from 0 over all files: creations, writes, syncs, renames, removals, truncations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The changes' numbers.
    pub during: Range<u64>,
    /// What goes wrong with them.
    pub fault: Fault,
}

/// Other files, with faults put in where the plans say. The same plans over the same calls give the same faults.
#[derive(Debug)]
pub struct Faulty<F> {
    inner: F,
    plans: Vec<Plan>,
    changes: AtomicU64,
    freed: AtomicBool,
}

impl<F: Files> Faulty<F> {
    /// `inner`, where the first plan that names a change's number strikes it.
    #[must_use]
    pub fn new(inner: F, plans: Vec<Plan>) -> Self {
        Self { inner, plans, changes: AtomicU64::new(0), freed: AtomicBool::new(false) }
    }

    /// Makes space: [`Fault::Full`] strikes no more.
    pub fn free(&self) {
        self.freed.store(true, Ordering::SeqCst);
    }

    /// How many changes were asked for.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// The files beneath.
    #[must_use]
    pub fn inner(&self) -> &F {
        &self.inner
    }

    /// The fault that strikes the change asked for now.
    fn fault(&self) -> Option<Fault> {
        let number = self.changes.fetch_add(1, Ordering::SeqCst);
        let plan = self.plans.iter().find(|plan| plan.during.contains(&number));
        plan.map(|plan| plan.fault)
            .filter(|fault| !matches!(fault, Fault::Full(_)) || !self.freed.load(Ordering::SeqCst))
    }

    /// A change that needs no space.
    fn change(
        &self,
        name: &str,
        operation: Operation,
        job: impl FnOnce() -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let syncing = matches!(operation, Operation::Sync | Operation::SyncNames);
        let fault = self.fault();
        match fault {
            Some(Fault::Full(_)) if operation == Operation::Create => {
                Err(FileError::new(name, operation, 0, Cause::Full))
            }
            Some(Fault::Error | Fault::Short(_)) => Err(planned(name, operation, 0)),
            Some(Fault::Sync) if syncing => Err(planned(name, operation, 0)),
            None | Some(Fault::Sync | Fault::Full(_)) => job(),
        }
    }
}

fn planned(name: &str, operation: Operation, offset: u64) -> FileError {
    FileError::new(name, operation, offset, Cause::Other("a planned fault".to_owned()))
}

impl<F: Files> Files for Faulty<F> {
    fn create(&self, name: &str) -> Result<(), FileError> {
        self.change(name, Operation::Create, || self.inner.create(name))
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        let part = |count: usize| self.inner.write(name, offset, &bytes[..count.min(bytes.len())]);
        match self.fault() {
            None | Some(Fault::Sync) => self.inner.write(name, offset, bytes),
            Some(Fault::Error) => Err(planned(name, Operation::Write, offset)),
            Some(Fault::Short(count)) => part(count).and(Err(planned(name, Operation::Write, offset))),
            Some(Fault::Full(_)) if offset + bytes.len() as u64 <= self.inner.len(name)? => {
                self.inner.write(name, offset, bytes)
            }
            Some(Fault::Full(count)) => {
                part(count).and(Err(FileError::new(name, Operation::Write, offset, Cause::Full)))
            }
        }
    }

    fn sync(&self, name: &str) -> Result<(), FileError> {
        self.change(name, Operation::Sync, || self.inner.sync(name))
    }

    fn sync_names(&self) -> Result<(), FileError> {
        self.change("", Operation::SyncNames, || self.inner.sync_names())
    }

    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), FileError> {
        self.inner.read(name, offset, into)
    }

    fn len(&self, name: &str) -> Result<u64, FileError> {
        self.inner.len(name)
    }

    fn list(&self) -> Result<Vec<String>, FileError> {
        self.inner.list()
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.change(from, Operation::Rename, || self.inner.rename(from, to))
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.change(name, Operation::Remove, || self.inner.remove(name))
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        self.change(name, Operation::Truncate, || self.inner.truncate(name, length))
    }
}
