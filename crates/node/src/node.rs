//! Requests in, durable answers out.

use std::num::NonZeroUsize;
use std::sync::Arc;

use plimsoll_core::{Asset, Timestamp};
use plimsoll_engine::{Book, State};
use plimsoll_journal::{Log, LogError, Record as Raw, Sequence};

use crate::behind::{WriteBehind, Writer, sides};
use crate::decider::{Decider, append};
use crate::entry::{Decided, Record, Request};
use crate::error::NodeError;
use crate::follower::Follower;

/// How a node keeps its log and works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Entries from one checkpoint to the next.
    pub checkpoint_every: usize,
    /// Threads on which many accounts are margined and closed at once; what is decided is the same on any number.
    pub threads: NonZeroUsize,
}

impl Default for Options {
    fn default() -> Self {
        Self { checkpoint_every: 4_096, threads: NonZeroUsize::MIN }
    }
}

/// What became of a request that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is decided; the answer comes with the next commit.
    Staged,
    /// It was answered before, and durably: the same answer, and where it stands. What it answers is told beside it, for
    /// whoever may have given one number to two commands.
    Again(Arc<Answered>),
    /// It is among those that wait for the next commit.
    Waiting,
    /// It was answered too long ago for the answer to be kept, or never and a later one was: it is not carried out.
    TooOld {
        /// The client's last number.
        last: u64,
    },
}

/// A durable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Where it stands in the log.
    pub sequence: Sequence,
    /// What was asked, and what became of it.
    pub decided: Decided,
}

/// The engine behind a log.
pub struct Node<L> {
    decider: Decider,
    log: L,
}

impl<L: Log> Node<L> {
    /// Opens what `log` holds; an empty log begins now, with `currency` at `at`.
    ///
    /// # Errors
    /// [`NodeError`] for a log that cannot be read, followed or begun.
    pub fn open(mut log: L, currency: Asset, at: Timestamp, options: Options) -> Result<Self, NodeError> {
        if log.last() == Sequence(0) {
            let genesis = Record::Genesis { currency, at };
            log.append(at, &[Raw { kind: genesis.kind(), payload: &genesis.payload() }])?;
        }
        let begun = Follower::start(&log, options.threads)?;
        let mut follower = begun.ok_or(NodeError::NoGenesis(Sequence(1)))?;
        follower.follow(&log, log.last())?;
        Ok(Self { decider: Decider::new(follower, options), log })
    }

    /// Begins an empty `log` with facts that were made elsewhere: a snapshot of them is its first.
    ///
    /// # Errors
    /// [`NodeError`] for a log that is not empty or cannot be written.
    pub fn over(mut log: L, state: State, options: Options) -> Result<Self, NodeError> {
        if log.last() != Sequence(0) {
            return Err(NodeError::NoGenesis(log.last()));
        }
        let genesis = Record::Genesis { currency: state.currency, at: state.clock };
        let appended = log.append(state.clock, &[Raw { kind: genesis.kind(), payload: &genesis.payload() }])?;
        let mut follower = Follower::at(state, appended.last).on(options.threads);
        log.save_snapshot(appended.last, appended.chain, &follower.snapshot())?;
        Ok(Self { decider: Decider::new(follower, options), log })
    }

    /// The facts, with what waits for the next commit.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.decider.state
    }

    /// What is computed from them; dropping it changes nothing.
    pub const fn book(&mut self) -> (&State, &mut Book) {
        (&self.decider.state, &mut self.decider.book)
    }

    /// The log.
    #[must_use]
    pub const fn log(&self) -> &L {
        &self.log
    }

    /// The log, closed: what waited for a commit is gone.
    pub fn into_log(self) -> L {
        self.log
    }

    /// Decides a request at `at`, or finds that it was.
    pub fn submit(&mut self, request: Request, at: Timestamp) -> Submitted {
        self.decider.submit(request, at)
    }

    /// How many answers wait.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.decider.staged.len()
    }

    /// Makes everything that was decided durable, as one frame, and gives the answers out, in order.
    ///
    /// # Errors
    /// [`LogError::Full`] where there is no room: nothing was given out, and the same commit may be tried again when there
    /// is. Any other error means that this node must not go on: what it holds is ahead of its log.
    pub fn commit(&mut self, at: Timestamp) -> Result<Vec<Answered>, LogError> {
        let Self { decider, log } = self;
        if decider.staged.is_empty() {
            return Ok(Vec::new());
        }
        let checkpoint = decider.is_due().then(|| Record::Checkpoint(decider.hash.root(&decider.state)));
        let appended = append(log, at, &decider.staged, checkpoint)?;
        let frame = decider.taken();
        Ok(decider.published(appended.first, frame))
    }

    /// Saves a snapshot of what the log holds, made by a follower of its own: this state is not touched.
    ///
    /// # Errors
    /// [`NodeError`] where the log cannot be followed or the snapshot not be written.
    pub fn save_snapshot(&mut self) -> Result<Sequence, NodeError> {
        let mut follower = Follower::of(&self.log)?.ok_or(NodeError::NoGenesis(Sequence(1)))?;
        let chain = self.log.chain();
        self.log.save_snapshot(follower.sequence(), chain, &follower.snapshot())?;
        Ok(follower.sequence())
    }

    /// The same with the log apart, to be run on a thread of its own. What waited for a commit is still to be committed.
    #[must_use]
    pub fn write_behind(self) -> (WriteBehind, Writer<L>) {
        sides(self.decider, self.log)
    }
}
