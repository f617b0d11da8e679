//! What decides requests, and remembers what it answered.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use plimsoll_core::Timestamp;
use plimsoll_engine::state::StateHash;
use plimsoll_engine::{Book, State, step};
use plimsoll_journal::{Appended, Log, LogError, Record as Raw, Sequence};

use crate::entry::{Answer, Decided, Record, Request};
use crate::follower::{Answers, Follower, keep};
use crate::node::{Answered, Options, Submitted};

/// The state with what computes on it, and requests on their way to the log.
pub(crate) struct Decider {
    pub(crate) state: State,
    pub(crate) book: Book,
    pub(crate) hash: StateHash,
    clients: BTreeMap<Arc<str>, Answers>,
    /// Decided, and in no frame yet.
    pub(crate) staged: Vec<Decided>,
    /// Numbers that were decided and are not known to be durable, by client.
    waiting: BTreeMap<Arc<str>, VecDeque<u64>>,
    checkpoint_every: usize,
    unchecked: usize,
}

impl Decider {
    pub(crate) fn new(mut follower: Follower, options: Options) -> Self {
        let book = follower.book().on(options.threads);
        let Follower { state, mut hash, clients, unchecked, .. } = follower;
        // What was never hashed is before anybody waits: from then on what changed is.
        hash.catch_up(&state);
        Self {
            state,
            book,
            hash,
            clients,
            staged: Vec::new(),
            waiting: BTreeMap::new(),
            checkpoint_every: options.checkpoint_every,
            unchecked,
        }
    }

    /// Decides a request at `at`, or finds that it was.
    pub(crate) fn submit(&mut self, request: Request, at: Timestamp) -> Submitted {
        if let Some(known) = self.known(&request) {
            return known;
        }
        let answer = match step(&mut self.state, &mut self.book, &request.command, at) {
            Ok(events) => {
                events.iter().for_each(|event| self.hash.touched(event));
                Answer::Done(events)
            }
            Err(refusal) => Answer::from(&refusal),
        };
        self.waiting.entry(Arc::clone(&request.client)).or_default().push_back(request.number);
        self.staged.push(Decided { at, request, answer });
        Submitted::Staged
    }

    fn known(&self, request: &Request) -> Option<Submitted> {
        let waiting = self.waiting.get(&request.client);
        let answers = self.clients.get(&request.client);
        let answered = || answers.and_then(VecDeque::back).map(|last| last.decided.request.number);
        let last = waiting.and_then(VecDeque::back).copied().or_else(answered)?;
        if request.number > last {
            return None;
        }
        if waiting.is_some_and(|waiting| waiting.contains(&request.number)) {
            return Some(Submitted::Waiting);
        }
        let kept = answers.and_then(|answers| answers.iter().find(|it| it.decided.request.number == request.number));
        Some(kept.map_or(Submitted::TooOld { last }, |answered| Submitted::Again(Arc::clone(answered))))
    }

    /// Whether the frame of all that is staged ends with a checkpoint.
    pub(crate) const fn is_due(&self) -> bool {
        self.unchecked + self.staged.len() >= self.checkpoint_every
    }

    /// What is staged, for a frame of its own.
    pub(crate) fn taken(&mut self) -> Vec<Decided> {
        self.unchecked = if self.is_due() { 0 } else { self.unchecked + self.staged.len() };
        std::mem::take(&mut self.staged)
    }

    /// The first `most` of what is staged, for a frame without a checkpoint: that is of the state after all of it.
    pub(crate) fn first(&mut self, most: usize) -> Vec<Decided> {
        let rest = self.staged.split_off(most.min(self.staged.len()));
        self.unchecked += self.staged.len();
        std::mem::replace(&mut self.staged, rest)
    }

    /// The answers of a frame that is durable from `first` on.
    pub(crate) fn published(&mut self, first: Sequence, frame: Vec<Decided>) -> Vec<Answered> {
        let numbered = (first.0..).map(Sequence).zip(frame);
        numbered.map(|(sequence, decided)| self.answered(sequence, decided)).collect()
    }

    fn answered(&mut self, sequence: Sequence, decided: Decided) -> Answered {
        let Request { client, .. } = &decided.request;
        if let Some(waiting) = self.waiting.get_mut(client) {
            waiting.pop_front();
            if waiting.is_empty() {
                self.waiting.remove(client);
            }
        }
        let answers = self.clients.entry(client.clone()).or_default();
        let answered = Answered { sequence, decided };
        keep(answers, answered.clone());
        answered
    }
}

/// Appends what was decided as one frame, with a checkpoint where one is due.
pub(crate) fn append(
    log: &mut impl Log,
    at: Timestamp,
    frame: &[Decided],
    checkpoint: Option<Record>,
) -> Result<Appended, LogError> {
    let payloads: Vec<Vec<u8>> = frame.iter().map(plimsoll_core::Encode::encoded).collect();
    let checkpoint = checkpoint.map(|checkpoint| checkpoint.payload());
    let mut records: Vec<Raw<'_>> = payloads.iter().map(|payload| Raw { kind: Record::DECIDED, payload }).collect();
    records.extend(checkpoint.iter().map(|payload| Raw { kind: Record::CHECKPOINT, payload }));
    log.append(at, &records)
}
