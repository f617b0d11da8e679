//! Whoever folds the log: recovery, and the taking of snapshots.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;

use plimsoll_core::{Decode, DecodeError, Digest, Encode, planted};
use plimsoll_engine::evolve::{evolve, fits};
use plimsoll_engine::state::StateHash;
use plimsoll_engine::{Asleep, Book, State};
use plimsoll_journal::{Entry, Log, LogError, Sequence, Snapshot};

use crate::entry::{Answer, Decided, Record};
use crate::error::NodeError;
use crate::node::Answered;

/// Answers kept of every client, for those who ask again.
pub(crate) const ANSWERS_KEPT: usize = 64;

/// What was last answered to a client, oldest first.
pub(crate) type Answers = VecDeque<Arc<Answered>>;

/// The state up to a record, made of the log alone.
pub struct Follower {
    pub(crate) state: State,
    pub(crate) hash: StateHash,
    pub(crate) clients: BTreeMap<Arc<str>, Answers>,
    /// The last record in it.
    pub(crate) sequence: Sequence,
    /// Entries since the last checkpoint.
    pub(crate) unchecked: usize,
    /// Checkpoints passed over since one was compared.
    passed: usize,
    /// Who may sleep, where the snapshot it began with says so.
    asleep: Option<Asleep>,
    /// On which it works where there is much to do.
    threads: NonZeroUsize,
}

/// Of a long log one checkpoint in so many is compared, and those of its last records: what one says of the state covers
/// all before it.
const COMPARED_EVERY: usize = 16;
const COMPARED_FROM_END: u64 = 1 << 15;

impl Follower {
    /// What `log` says, from its newest whole snapshot on; `None` of an empty log.
    ///
    /// # Errors
    /// [`NodeError`] for a log that cannot be read or followed.
    pub fn of(log: &impl Log) -> Result<Option<Self>, NodeError> {
        let Some(mut follower) = Self::start(log, NonZeroUsize::MIN)? else { return Ok(None) };
        follower.follow(log, log.last())?;
        Ok(Some(follower))
    }

    /// The newest whole snapshot of `log`, or its first record; `None` of an empty log. It reads, hashes and margins on at
    /// most so many threads where there is much of it.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn start(log: &impl Log, threads: NonZeroUsize) -> Result<Option<Self>, NodeError> {
        if let Some(follower) = Self::newest_snapshot(log, threads)? {
            return Ok(Some(follower));
        }
        log.read(Sequence(1))?.next().map(|entry| Ok(Self::begin(&entry?)?.on(threads))).transpose()
    }

    /// The same, working on at most so many threads.
    pub(crate) fn on(self, threads: NonZeroUsize) -> Self {
        Self { hash: self.hash.on(threads), threads, ..self }
    }

    /// Takes in what `log` has beyond [`Self::sequence`], up to `until`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn follow(&mut self, log: &impl Log, until: Sequence) -> Result<(), NodeError> {
        for entry in log.read(self.sequence.next())? {
            let entry = entry?;
            if entry.sequence > until {
                break;
            }
            self.take(&entry, until)?;
        }
        Ok(())
    }

    /// What `log` had come to after the record `until`, folded from the first, and that record where it is a decision.
    ///
    /// # Errors
    /// As [`Self::of`]; [`NodeError::NoGenesis`] where there is no such record.
    pub fn until(log: &impl Log, until: Sequence) -> Result<(Self, Option<Decided>), NodeError> {
        let (mut follower, entry) = Self::up_to(log, until)?;
        if let Some(entry) = &entry {
            follower.apply(entry)?;
        }
        Ok((follower, entry.as_ref().and_then(decision)))
    }

    /// The same before the record `until`: what its command was decided on.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub fn before(log: &impl Log, until: Sequence) -> Result<(Self, Option<Decided>), NodeError> {
        let (follower, entry) = Self::up_to(log, until)?;
        Ok((follower, entry.as_ref().and_then(decision)))
    }

    /// What comes before the record `until`, and that record; of the first, what it begins and nothing.
    fn up_to(log: &impl Log, until: Sequence) -> Result<(Self, Option<Entry>), NodeError> {
        let mut entries = log.read(Sequence(1))?;
        let unknown = || NodeError::from(LogError::UnknownSequence { asked: until, last: log.last() });
        let mut follower = Self::begin(&entries.next().ok_or_else(unknown)??)?;
        if until == Sequence(1) {
            return Ok((follower, None));
        }
        for entry in entries {
            let entry = entry?;
            if entry.sequence == until {
                return Ok((follower, Some(entry)));
            }
            follower.apply(&entry)?;
        }
        Err(unknown())
    }

    /// A snapshot that is damaged, or was not taken of this log, is passed over for an older one.
    fn newest_snapshot(log: &impl Log, threads: NonZeroUsize) -> Result<Option<Self>, NodeError> {
        for sequence in log.snapshots()? {
            let snapshot = match log.load_snapshot(sequence) {
                Ok(snapshot) => snapshot,
                Err(LogError::Damaged(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            if log.chain_at(sequence)? == Some(snapshot.chain) {
                let follower =
                    Self::from_snapshot(&snapshot, threads).ok().filter(|follower| follower.sequence == sequence);
                if follower.is_some() {
                    return Ok(follower);
                }
            }
        }
        Ok(None)
    }

    /// Facts that were made elsewhere, as of `sequence`.
    pub(crate) fn at(state: State, sequence: Sequence) -> Self {
        let hash = StateHash::of(&state);
        let (clients, threads) = (BTreeMap::new(), NonZeroUsize::MIN);
        Self { state, hash, clients, sequence, unchecked: 0, passed: 0, asleep: None, threads }
    }

    /// The state before any command.
    pub(crate) fn begin(entry: &Entry) -> Result<Self, NodeError> {
        let sequence = entry.sequence;
        match Record::read(entry.kind, &entry.payload) {
            Ok(Record::Genesis { currency, at }) => Ok(Self::at(State::new(currency, at), sequence)),
            _ => Err(NodeError::NoGenesis(sequence)),
        }
    }

    /// Takes the next record in.
    ///
    /// # Errors
    /// [`NodeError::Record`], [`NodeError::Unfit`], [`NodeError::Departs`].
    pub fn apply(&mut self, entry: &Entry) -> Result<(), NodeError> {
        self.take(entry, entry.sequence)
    }

    /// The same of a log that ends at `last`.
    fn take(&mut self, entry: &Entry, last: Sequence) -> Result<(), NodeError> {
        let sequence = entry.sequence;
        let record = Record::read(entry.kind, &entry.payload);
        match record.map_err(|reason| NodeError::Record { sequence, reason })? {
            Record::Genesis { .. } => {
                return Err(NodeError::Record { sequence, reason: DecodeError::Invalid("a second beginning") });
            }
            Record::Decided(decided) => self.decided(*decided, sequence)?,
            Record::Checkpoint(expected) => {
                self.unchecked = 0;
                self.passed += 1;
                if self.passed >= COMPARED_EVERY || sequence.0 + COMPARED_FROM_END > last.0 {
                    self.passed = 0;
                    let found = self.root();
                    if found != expected {
                        return Err(NodeError::Departs { sequence, found, expected });
                    }
                }
            }
        }
        self.sequence = sequence;
        Ok(())
    }

    fn decided(&mut self, decided: Decided, sequence: Sequence) -> Result<(), NodeError> {
        if let Answer::Done(events) = &decided.answer {
            for (place, event) in (1..).zip(events) {
                let unfit = |reason| NodeError::Unfit { sequence, event: place, reason };
                fits(&self.state, event).map_err(unfit)?;
                if let Some(asleep) = &mut self.asleep {
                    asleep.see(&self.state, event);
                }
                evolve(&mut self.state, event, decided.at);
                self.hash.touched(event);
            }
        }
        self.unchecked += 1;
        keep(self.clients.entry(Arc::clone(&decided.request.client)).or_default(), Answered { sequence, decided });
        Ok(())
    }

    /// What it has come to.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The state's hash.
    pub fn root(&mut self) -> Digest {
        self.hash.root(&self.state)
    }

    /// The last record in it.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Its bytes, for a snapshot at [`Self::sequence`]: the facts, and who may sleep in them, for which everybody is
    /// margined.
    #[must_use]
    pub fn snapshot(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.sequence.0.encode(&mut bytes);
        (self.unchecked as u64).encode(&mut bytes);
        // Who asked is in every answer.
        let answers: Vec<&Arc<Answered>> = self.clients.values().flatten().collect();
        (answers.len() as u64).encode(&mut bytes);
        for answered in answers {
            answered.sequence.0.encode(&mut bytes);
            answered.decided.encode(&mut bytes);
        }
        self.state.encode_in_parts(&mut bytes);
        bytes.extend(Asleep::told(&mut self.state, self.threads));
        bytes
    }

    fn from_snapshot(snapshot: &Snapshot, threads: NonZeroUsize) -> Result<Self, DecodeError> {
        let bytes = &mut snapshot.bytes.as_slice();
        let sequence = Sequence(u64::decode(bytes)?);
        let unchecked = u64::decode(bytes)?;
        let mut clients: BTreeMap<Arc<str>, Answers> = BTreeMap::new();
        for _ in 0..u64::decode(bytes)? {
            let (sequence, decided) = (Sequence(u64::decode(bytes)?), Decided::decode(bytes)?);
            keep(clients.entry(Arc::clone(&decided.request.client)).or_default(), Answered { sequence, decided });
        }
        let clients = if planted!(AnswersForgotten) { BTreeMap::new() } else { clients };
        let state = State::decode_in_parts(bytes, threads)?;
        let asleep = Asleep::of(&state, bytes);
        let hash = StateHash::of(&state).on(threads);
        let unchecked = usize::try_from(unchecked).unwrap_or(usize::MAX);
        Ok(Self { state, hash, clients, sequence, unchecked, passed: 0, asleep, threads })
    }

    /// The book that a snapshot's sleepers make, with the facts as they are now; one of nothing without them.
    pub(crate) fn book(&mut self) -> Book {
        self.asleep.take().map_or_else(Book::new, |asleep| asleep.into_book(&self.state))
    }
}

/// What was decided, where a record is of that.
fn decision(entry: &Entry) -> Option<Decided> {
    match Record::read(entry.kind, &entry.payload) {
        Ok(Record::Decided(decided)) => Some(*decided),
        _ => None,
    }
}

/// Keeps an answer, and lets the oldest go.
pub(crate) fn keep(answers: &mut Answers, answered: Answered) {
    answers.push_back(Arc::new(answered));
    if answers.len() > ANSWERS_KEPT {
        answers.pop_front();
    }
}
