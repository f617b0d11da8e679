//! A log on a thread of its own, which the caller has.
//!
//! The engine decides while the writer encodes, hashes and syncs what was decided before. What waits while the writer is
//! busy becomes the next frame, so that a sync costs nobody more than the frame it is of, however slow the disk is.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use plimsoll_core::Timestamp;
use plimsoll_engine::State;
use plimsoll_engine::state::{Changed, Digests};
use plimsoll_journal::{Appended, Log, LogError};

use crate::decider::{Decider, append};
use crate::entry::{Decided, Record, Request};
use crate::node::{Answered, Submitted};

/// Frames at the writer at once: one that it writes and one for when it is done.
const FRAMES: usize = 2;
/// Decisions in a frame, at most: what waited behind a disk that stood still does not make one that no log takes.
const DECISIONS_MAX: usize = 4_096;

/// What was decided together.
struct Frame {
    at: Timestamp,
    decided: Vec<Decided>,
    /// What a checkpoint after it is the hash of: the accounts that changed, and the bytes of everything else.
    checkpoint: Option<(Changed, Vec<u8>)>,
}

enum Order {
    Write(Frame),
    /// There may be room again: what comes next is written, not sent back.
    Again,
}

/// What became of a frame.
type Written = (Frame, Result<Appended, LogError>);

/// A node whose log is written behind it, by a [`Writer`].
///
/// An answer is given out once it is durable, as [`Node`](crate::Node) does: by a later call. A log that fails sends every
/// frame back that it did not write, in order; after [`LogError::Full`] they are written first when a commit is tried again.
pub struct WriteBehind {
    decider: Decider,
    to: Sender<Order>,
    from: Receiver<Written>,
    in_flight: usize,
    /// Frames that the log had no room for.
    returned: VecDeque<Frame>,
    /// Why, until it is told.
    failed: Option<LogError>,
    /// Durable, and not given out yet.
    answered: Vec<Answered>,
}

/// The log of a [`WriteBehind`], to be run on a thread of its own.
pub struct Writer<L> {
    log: L,
    digests: Digests,
    orders: Receiver<Order>,
    written: Sender<Written>,
}

/// Both sides of a log that is written behind.
pub(crate) fn sides<L: Log>(mut decider: Decider, log: L) -> (WriteBehind, Writer<L>) {
    let digests = std::mem::take(&mut decider.hash.digests);
    let (to, orders) = channel();
    let (written, from) = channel();
    let (returned, failed, answered) = (VecDeque::new(), None, Vec::new());
    let behind = WriteBehind { decider, to, from, in_flight: 0, returned, failed, answered };
    (behind, Writer { log, digests, orders, written })
}

impl WriteBehind {
    /// The facts, with all that was decided.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.decider.state
    }

    /// Decides a request at `at`, or finds that it was.
    pub fn submit(&mut self, request: Request, at: Timestamp) -> Submitted {
        self.decider.submit(request, at)
    }

    /// How many were decided that are in no frame yet.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.decider.staged.len()
    }

    /// Hands what was decided to the writer, unless that has enough to do, and gives out the answers that are durable by now,
    /// in order. It waits for nothing. Where the log has no room, every other call says so: the one between tries again.
    ///
    /// # Errors
    /// [`LogError::Full`] where there is no room: the same commit may be tried again when there is. Any other error means
    /// that this node must not go on: what it holds is ahead of its log. Durable answers are given out before either.
    pub fn commit(&mut self, at: Timestamp) -> Result<Vec<Answered>, LogError> {
        let done = self.drained().and_then(|()| self.hand_over(at));
        if self.answered.is_empty() {
            done?;
        } else if let Err(error) = done {
            self.failed = Some(error);
        }
        Ok(std::mem::take(&mut self.answered))
    }

    /// Waits until all that was decided is durable; the answers, in order.
    ///
    /// # Errors
    /// As [`Self::commit`], which then has the answers that were durable before.
    pub fn flush(&mut self, at: Timestamp) -> Result<Vec<Answered>, LogError> {
        loop {
            self.hand_over(at)?;
            if self.in_flight == 0 && self.decider.staged.is_empty() {
                return Ok(std::mem::take(&mut self.answered));
            }
            let written = self.received()?;
            self.take(written);
        }
    }

    /// Takes what the writer is done with.
    fn drained(&mut self) -> Result<(), LogError> {
        loop {
            match self.from.try_recv() {
                Ok(written) => self.take(written),
                Err(TryRecvError::Empty) => return Ok(()),
                // The writer is gone.
                Err(TryRecvError::Disconnected) => return Err(LogError::Poisoned),
            }
        }
    }

    fn received(&self) -> Result<Written, LogError> {
        self.from.recv().map_err(|_| LogError::Poisoned)
    }

    fn take(&mut self, (frame, result): Written) {
        self.in_flight -= 1;
        match result {
            Ok(appended) => self.answered.extend(self.decider.published(appended.first, frame.decided)),
            Err(error) => {
                self.returned.push_back(frame);
                // Those behind it were only sent back.
                self.failed.get_or_insert(error);
            }
        }
    }

    /// Sends the writer frames: those that came back first, then what is staged.
    fn hand_over(&mut self, at: Timestamp) -> Result<(), LogError> {
        if !self.returned.is_empty() {
            while self.in_flight > 0 {
                let written = self.received()?;
                self.take(written);
            }
            match self.failed.take() {
                // Told now; the next call tries again.
                Some(error @ LogError::Full(_)) => return Err(error),
                Some(error) => {
                    self.failed = Some(LogError::Poisoned);
                    return Err(error);
                }
                None => self.send(Order::Again)?,
            }
            for frame in std::mem::take(&mut self.returned) {
                self.in_flight += 1;
                self.send(Order::Write(frame))?;
            }
        }
        if self.in_flight < FRAMES && !self.decider.staged.is_empty() {
            let frame = self.sealed(at);
            self.in_flight += 1;
            self.send(Order::Write(frame))?;
        }
        Ok(())
    }

    /// A frame of what is staged.
    fn sealed(&mut self, at: Timestamp) -> Frame {
        if self.decider.staged.len() > DECISIONS_MAX {
            return Frame { at, decided: self.decider.first(DECISIONS_MAX), checkpoint: None };
        }
        let is_due = self.decider.is_due();
        let Decider { hash, state, .. } = &mut self.decider;
        let checkpoint = is_due.then(|| {
            let mut rest = Vec::new();
            state.rest_encoded(&mut rest);
            (hash.changes.taken(state), rest)
        });
        Frame { at, decided: self.decider.taken(), checkpoint }
    }

    fn send(&self, order: Order) -> Result<(), LogError> {
        self.to.send(order).map_err(|_| LogError::Poisoned)
    }
}

impl<L: Log> Writer<L> {
    /// Writes frames until the other side is dropped: what was handed over is written first. After a frame that failed all
    /// are sent back. The log, closed.
    pub fn run(mut self) -> L {
        let mut stopped = false;
        for order in &self.orders {
            let Order::Write(frame) = order else {
                stopped = false;
                continue;
            };
            let result = if stopped {
                Err(LogError::Poisoned)
            } else {
                let checkpoint = frame.checkpoint.as_ref().map(|(changed, rest)| {
                    self.digests.absorb(changed);
                    Record::Checkpoint(self.digests.root(rest))
                });
                append(&mut self.log, frame.at, &frame.decided, checkpoint)
            };
            stopped = result.is_err();
            // Nobody may be there to hear it: it is durable all the same.
            let _ = self.written.send((frame, result));
        }
        self.log
    }
}
