//! A folder of the disk.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Cause, FileError, Files, Operation};

/// The file that the one writer of a folder holds locked.
const LOCK: &str = "lock";

/// Files kept open: the one that is written, and those that a reader is at.
const HANDLES_MAX: usize = 64;

/// A folder of the disk, with one writer at a time.
///
/// The lock is the operating system's: it goes with the process, however that ends.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    /// `None` where the folder is only looked at.
    lock: Option<File>,
    handles: Mutex<BTreeMap<String, Arc<Handle>>>,
}

/// An open file. Its cursor is moved and used under the mutex; a sync needs no cursor and waits for nobody.
#[derive(Debug)]
struct Handle {
    file: File,
    cursor: Mutex<()>,
}

impl Handle {
    fn at(&self, offset: u64, job: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        let _held = locked(&self.cursor);
        (&self.file).seek(SeekFrom::Start(offset))?;
        job(&self.file)
    }
}

impl Disk {
    /// Opens `folder` for writing, and makes it where it is not there yet.
    ///
    /// # Errors
    /// [`Cause::Locked`] when another writer has it; else what the system says.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, FileError> {
        let folder = folder.as_ref();
        let refused = |error: &io::Error| failed(folder, Operation::Open, error);
        let new: Vec<&Path> = folder.ancestors().take_while(|above| !above.is_dir()).collect();
        fs::create_dir_all(folder).map_err(|error| refused(&error))?;
        for made in new.into_iter().filter(|made| !made.as_os_str().is_empty()) {
            // A new folder is a name in the one above.
            sync_folder(made.parent().unwrap_or(made)).map_err(|error| refused(&error))?;
        }
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).open(folder.join(LOCK));
        let lock = lock.map_err(|error| refused(&error))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FileError::new(&folder.to_string_lossy(), Operation::Open, 0, Cause::Locked),
            TryLockError::Error(error) => refused(&error),
        })?;
        Ok(Self { folder: folder.to_owned(), lock: Some(lock), handles: Mutex::default() })
    }

    /// Opens `folder` to be looked at: no lock is taken, every change is refused, and there is nothing to sync. What is
    /// read may be a writer's that is not durable yet.
    #[must_use]
    pub fn view(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned(), lock: None, handles: Mutex::default() }
    }

    fn changing(&self, name: &str, operation: Operation) -> Result<(), FileError> {
        let refused = || FileError::new(name, operation, 0, Cause::ReadOnly);
        self.lock.as_ref().map(|_| ()).ok_or_else(refused)
    }

    fn handle(&self, name: &str) -> io::Result<Arc<Handle>> {
        let mut handles = locked(&self.handles);
        if let Some(handle) = handles.get(name) {
            return Ok(Arc::clone(handle));
        }
        let file = OpenOptions::new().read(true).write(self.lock.is_some()).open(self.folder.join(name))?;
        Ok(keep(&mut handles, name, Handle { file, cursor: Mutex::default() }))
    }
}

fn keep(handles: &mut BTreeMap<String, Arc<Handle>>, name: &str, handle: Handle) -> Arc<Handle> {
    if handles.len() >= HANDLES_MAX {
        handles.pop_first();
    }
    let handle = Arc::new(handle);
    handles.insert(name.to_owned(), Arc::clone(&handle));
    handle
}

/// What a panicking thread left behind is whole: the map and the cursor are set again by each use.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(folder: &Path, operation: Operation, error: &io::Error) -> FileError {
    FileError::from_system(&folder.to_string_lossy(), operation, 0, error)
}

/// Folders can be synced where they are files; elsewhere a rename is as durable as the system makes it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

impl Files for Disk {
    fn create(&self, name: &str) -> Result<(), FileError> {
        self.changing(name, Operation::Create)?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(self.folder.join(name));
        let file = file.map_err(|error| FileError::from_system(name, Operation::Create, 0, &error))?;
        keep(&mut locked(&self.handles), name, Handle { file, cursor: Mutex::default() });
        Ok(())
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        self.changing(name, Operation::Write)?;
        let written = self.handle(name).and_then(|handle| handle.at(offset, |mut file| file.write_all(bytes)));
        written.map_err(|error| FileError::from_system(name, Operation::Write, offset, &error))
    }

    fn sync(&self, name: &str) -> Result<(), FileError> {
        if self.lock.is_none() {
            return Ok(());
        }
        let synced = self.handle(name).and_then(|handle| handle.file.sync_data());
        synced.map_err(|error| FileError::from_system(name, Operation::Sync, 0, &error))
    }

    fn sync_names(&self) -> Result<(), FileError> {
        if self.lock.is_none() {
            return Ok(());
        }
        sync_folder(&self.folder).map_err(|error| failed(&self.folder, Operation::SyncNames, &error))
    }

    fn read(&self, name: &str, offset: u64, into: &mut [u8]) -> Result<(), FileError> {
        let read = self.handle(name).and_then(|handle| handle.at(offset, |mut file| file.read_exact(into)));
        read.map_err(|error| FileError::from_system(name, Operation::Read, offset, &error))
    }

    fn len(&self, name: &str) -> Result<u64, FileError> {
        let length = self.handle(name).and_then(|handle| handle.file.metadata()).map(|about| about.len());
        length.map_err(|error| FileError::from_system(name, Operation::Read, 0, &error))
    }

    fn list(&self) -> Result<Vec<String>, FileError> {
        let names = || {
            let mut names = Vec::new();
            for entry in fs::read_dir(&self.folder)? {
                let entry = entry?;
                if let (true, Ok(name)) = (entry.file_type()?.is_file(), entry.file_name().into_string()) {
                    names.push(name);
                }
            }
            names.retain(|name| name != LOCK);
            names.sort();
            Ok(names)
        };
        names().map_err(|error| failed(&self.folder, Operation::List, &error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.changing(from, Operation::Rename)?;
        let mut handles = locked(&self.handles);
        let renamed = fs::rename(self.folder.join(from), self.folder.join(to));
        renamed.map_err(|error| FileError::from_system(from, Operation::Rename, 0, &error))?;
        handles.remove(to);
        if let Some(handle) = handles.remove(from) {
            handles.insert(to.to_owned(), handle);
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.changing(name, Operation::Remove)?;
        locked(&self.handles).remove(name);
        let removed = fs::remove_file(self.folder.join(name));
        removed.map_err(|error| FileError::from_system(name, Operation::Remove, 0, &error))
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        self.changing(name, Operation::Truncate)?;
        let cut = self.handle(name).and_then(|handle| {
            let shorter = length.min(handle.file.metadata()?.len());
            handle.file.set_len(shorter)
        });
        cut.map_err(|error| FileError::from_system(name, Operation::Truncate, length, &error))
    }
}
