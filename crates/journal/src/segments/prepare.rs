//! Making the next segment ahead of time: zero-filling 64 MiB takes a tenth of a second that an append should not wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::LogError;
use crate::files::{FileError, Files, write_zeros};
use crate::snapshot::remove_if_there;

/// The name of a segment that the preparer makes, and of one that the writer makes where there is none.
/// They are two, so that neither ever waits for the other.
const PREPARED: &str = "prepared.tmp";
pub(super) const MADE: &str = "made.tmp";

/// The first segment is no longer than this, and each next at most so many times as long as the one before, up to what was
/// asked for: a journal of a few commands takes little of the disk, and one of many little of the time.
const FIRST: u64 = 1 << 20;
const GROWTH: u64 = 4;

/// The length of the segment after one of `length` bytes, zero where there is none yet.
pub(super) fn next_length(length: u64, most: u64) -> u64 {
    let grown = if length == 0 { FIRST } else { length.saturating_mul(GROWTH) };
    grown.min(most)
}

/// What the writer and the preparer tell each other.
#[derive(Debug)]
pub(super) struct Shared(Mutex<State>);

#[derive(Debug)]
struct State {
    used: u64,
    length: u64,
    stage: Stage,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    None,
    Making,
    Ready {
        length: u64,
    },
    /// The writer has it, under the name it was made with: until that is another, none is made.
    Taken,
}

impl Shared {
    pub(super) fn new(used: u64, length: u64) -> Self {
        Self(Mutex::new(State { used, length, stage: Stage::None }))
    }

    pub(super) fn set_used(&self, used: u64, length: u64) {
        let mut state = self.state();
        (state.used, state.length) = (used, length);
    }

    /// The prepared segment and its length, if there is one of at least `least` bytes; it is the writer's
    /// until it calls [`Shared::release`].
    pub(super) fn take_prepared(&self, least: u64) -> Option<(&'static str, u64)> {
        let mut state = self.state();
        match state.stage {
            Stage::Ready { length } if length >= least => {
                state.stage = Stage::Taken;
                Some((PREPARED, length))
            }
            _ => None,
        }
    }

    pub(super) fn release(&self) {
        let mut state = self.state();
        if state.stage == Stage::Taken {
            state.stage = Stage::None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes segments ahead of time. [`Preparer::prepare`] is called on another thread than the log's, now and then.
#[derive(Debug)]
pub struct Preparer<F> {
    files: Arc<F>,
    shared: Arc<Shared>,
    most: u64,
}

impl<F: Files> Preparer<F> {
    pub(super) fn new(files: Arc<F>, shared: Arc<Shared>, most: u64) -> Self {
        Self { files, shared, most }
    }

    /// Makes the next segment when the one that is written is more than half full and none is ready, and says whether
    /// it did. A segment that is not finished when the writer needs one is kept for the time after.
    ///
    /// # Errors
    /// [`LogError::Full`] and [`LogError::File`]: nothing is left then, the log is as before, and the writer makes its own.
    pub fn prepare(&self) -> Result<bool, LogError> {
        let length = {
            let mut state = self.shared.state();
            if state.stage != Stage::None || state.used < state.length - state.used {
                return Ok(false);
            }
            state.stage = Stage::Making;
            next_length(state.length, self.most)
        };
        let made = remove_if_there(&*self.files, PREPARED).and_then(|()| make(&*self.files, PREPARED, length));
        self.shared.state().stage = if made.is_ok() { Stage::Ready { length } } else { Stage::None };
        Ok(made.map(|()| true)?)
    }
}

/// Makes a file of zeros that is on the disk, so that a write to it needs no space and a sync no change of the file's map.
pub(super) fn make<F: Files>(files: &F, name: &str, length: u64) -> Result<(), FileError> {
    let made = files.create(name).and_then(|()| write_zeros(files, name, 0, length)).and_then(|()| files.sync(name));
    made.inspect_err(|_| {
        // What it took of a full disk is given back; if that fails, opening the log does it.
        let _ = files.remove(name);
    })
}
