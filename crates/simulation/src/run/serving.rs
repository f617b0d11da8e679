//! The node: what arrives is decided, made durable, answered; and after a crash opened again and compared with what was
//! acknowledged.

use std::num::NonZeroUsize;
use std::sync::Arc;

use plimsoll_core::AccountId;
use plimsoll_engine::Book;
use plimsoll_journal::{Entry, Log as _, LogError, Segments, Sequence};
use plimsoll_node::{Answer, Answered, Decided, Follower, Node, Options, Record, Request};

use super::{Run, SECOND};
use crate::faults::image;
use crate::promises::{Wrong, answers, standing};
use crate::world;

/// The promise that a state is what its log says.
pub(super) const RECOVERED: &str = "what is read back is what was";
/// The promise that a failed sync ends the node.
pub(super) const POISONED: &str = "after a failed sync nothing more is acknowledged";
/// The promise that a full disk loses nothing.
pub(super) const FULL: &str = "a full disk holds answers back and loses none";

const OPTIONS: Options = Options { checkpoint_every: 500, threads: NonZeroUsize::MIN };
/// Requests that wait for a disk, at most; more are not taken.
const WAITING: usize = 300;

impl Run {
    /// A message reaches the node.
    pub(super) fn arrives(&mut self, request: &Arc<Request>) {
        let at = self.clock();
        self.arrives_at(request, at);
    }

    pub(super) fn arrives_at(&mut self, request: &Arc<Request>, at: plimsoll_core::Timestamp) {
        let Some(node) = &mut self.node else { return };
        if node.waiting() >= WAITING {
            self.went_wrong("turned away");
            return;
        }
        // Now and then a whole state is kept, to see whether a refusal changed it.
        let before = self.chances.checks.chance(4_000).then(|| node.state().clone());
        let said = node.submit(Request::clone(request), at);
        if let Some(before) = before {
            let same = before == *node.state();
            self.watch.submitted = Some((Arc::clone(&request.client), request.number, same));
        }
        self.said(request, said);
    }

    /// Makes what was decided durable, and gives the answers out.
    pub(super) fn commit(&mut self) {
        let at = self.clock();
        let Some(node) = &mut self.node else { return };
        if node.waiting() == 0 {
            return;
        }
        match node.commit(at) {
            Ok(answered) => {
                self.acknowledge(answered);
                self.margin_again();
            }
            Err(LogError::Full(_)) => {
                let (waiting, staged) = (node.waiting(), self.staged.len());
                let wrong =
                    (waiting != staged).then(|| Wrong::new(FULL, format!("{waiting} wait"), staged.to_string()));
                self.looked(FULL, wrong);
            }
            Err(error) => {
                let poisons = matches!(error, LogError::SyncFailed(_) | LogError::NotRestored(_));
                if poisons && !self.disk.mood().dead {
                    let again = node.commit(at).map(|answered| answered.len());
                    let wrong = !matches!(again, Err(LogError::Poisoned));
                    let wrong = wrong.then(|| Wrong::new(POISONED, format!("{again:?}"), "a log that takes no more"));
                    self.looked(POISONED, wrong);
                }
                self.crash();
            }
        }
    }

    fn acknowledge(&mut self, answered: Vec<Answered>) {
        self.staged.clear();
        if let Some(first) = answered.first() {
            self.watch.last_frame = first.sequence;
        }
        for Answered { sequence, decided } in answered {
            let (client, number) = (Arc::clone(&decided.request.client), decided.request.number);
            let answer = Arc::new(decided.answer.clone());
            self.take(sequence, decided);
            self.answer(&client, number, &answer);
        }
        self.remember_log();
    }

    fn remember_log(&mut self) {
        if let Some(node) = &self.node {
            (self.watch.log_last, self.watch.chain) = (node.log().last(), node.log().chain());
        }
    }

    /// Counts an answer that is durable, and looks at every promise it touches.
    fn take(&mut self, sequence: Sequence, decided: Decided) {
        if !self.report.broken.is_empty() {
            return;
        }
        self.report.commands += 1;
        match &decided.answer {
            Answer::Done(events) => {
                self.report.events += events.len() as u64;
                let is_level =
                    |event: &&plimsoll_engine::Event| matches!(event, plimsoll_engine::Event::LevelChanged { .. });
                self.report.levels += events.iter().filter(is_level).count() as u64;
            }
            Answer::Refused { rule, .. } => *self.report.refused.entry(rule.to_string()).or_default() += 1,
        }
        self.watch.take(sequence, decided, &mut self.chances.checks);
        for (promise, count) in std::mem::take(&mut self.watch.checks) {
            *self.report.checks.entry(promise).or_default() += count;
        }
        for wrong in std::mem::take(&mut self.watch.found) {
            self.broke(wrong);
        }
    }

    /// Now and then accounts are margined with the node's book and with one that knows nothing of the past.
    fn margin_again(&mut self) {
        if !self.chances.checks.chance(30_000) {
            return;
        }
        let Some(node) = &mut self.node else { return };
        let (state, book) = node.book();
        // A listing changes what tables are made for, and they are made again with the next prices.
        if state.versions.listing != self.watch.listing {
            return;
        }
        let count = state.accounts.len().max(1);
        let holders: Vec<AccountId> = (0..count).map(|at| world::account((at + self.watch.turn) % count)).collect();
        let holds = |id: &AccountId| state.account(*id).is_some_and(|known| !known.holdings.is_empty());
        let mut fresh = Book::new();
        let mut wrong = None;
        for id in holders.into_iter().filter(holds).take(8) {
            wrong = wrong.or_else(|| standing::again(state, (&mut *book, &mut fresh), id));
        }
        self.looked(standing::AGAIN, wrong);
    }

    /// The process dies, here and now, and is started again on what the disk kept.
    pub(super) fn crash(&mut self) {
        self.report.recoveries += 1;
        self.node = None;
        let left = image::crashed(self.disk.memory(), &mut self.chances.faults);
        self.disk = crate::faults::disk::Disk::new(left);
        self.open_node();
    }

    /// Opens the log, compares it with what was acknowledged, and starts a node on it.
    pub(super) fn open_node(&mut self) {
        let (log, opened) = match Segments::open(self.disk.clone(), self.log_options) {
            Ok(found) => found,
            Err(error) => return self.broke(Wrong::new(answers::LOG, error.to_string(), "a log that opens")),
        };
        let acknowledged = self.watch.log_last;
        if opened.last < acknowledged {
            let found = format!("a log that ends at {}", opened.last);
            return self.broke(Wrong::new(answers::LOG, found, format!("at least {acknowledged}")));
        }
        let tail = match self.read_back(&log) {
            Ok(tail) => tail,
            Err(wrong) => return self.broke(wrong),
        };
        match Node::open(log, world::currency(), world::start(), OPTIONS) {
            Ok(node) => self.node = Some(node),
            Err(error) => return self.broke(Wrong::new(RECOVERED, error.to_string(), "a node that opens")),
        }
        self.survived(&tail);
        self.remember_log();
        if let Some(node) = &self.node {
            let wrong = (*node.state() != self.watch.folded).then(|| departs("opened again"));
            self.looked(RECOVERED, wrong);
        }
    }

    /// Reads what was acknowledged since it was last read back, and gives what stands after it.
    fn read_back(&mut self, log: &Segments<crate::faults::disk::Disk>) -> Result<Vec<Entry>, Wrong> {
        let wrong = |error: LogError| Wrong::new(answers::LOG, error.to_string(), "a log that can be read");
        let (from, count) = self.watch.read_back;
        let mut entries: Vec<Entry> = Vec::new();
        for entry in log.read(from.next()).map_err(wrong)? {
            entries.push(entry.map_err(wrong)?);
        }
        let last = self.watch.log_last;
        let known = entries.iter().take_while(|entry| entry.sequence <= last).count();
        let tail = entries.split_off(known);
        let found = answers::read_back(self.watch.answers.after(count), entries.into_iter());
        self.looked(answers::LOG, found);
        self.watch.read_back = (last, self.watch.answers.count());
        Ok(tail)
    }

    /// What was written but not acknowledged when the process died is there whole or not at all.
    fn survived(&mut self, tail: &[Entry]) {
        let decided = |entry: &Entry| match Record::read(entry.kind, &entry.payload) {
            Ok(Record::Decided(decided)) => Some((entry.sequence, *decided)),
            _ => None,
        };
        let found: Vec<(Sequence, Decided)> = tail.iter().filter_map(decided).collect();
        let names: Vec<(Arc<str>, u64)> =
            found.iter().map(|(_, of)| (Arc::clone(&of.request.client), of.request.number)).collect();
        let staged = std::mem::take(&mut self.staged);
        let whole = names.is_empty() || names == staged;
        let wrong =
            (!whole).then(|| Wrong::new(answers::LOG, format!("{names:?}"), format!("none or all of {staged:?}")));
        self.looked(answers::LOG, wrong);
        if let Some((first, _)) = found.first() {
            self.watch.last_frame = *first;
        }
        for (sequence, decided) in found {
            self.take(sequence, decided);
        }
    }

    pub(super) fn snapshot(&mut self) {
        let wait = self.chances.faults.between(30, 90) * SECOND;
        self.after(wait, super::Happening::Snapshot);
        self.save_snapshot();
    }

    pub(super) fn save_snapshot(&mut self) {
        let Some(node) = &mut self.node else { return };
        let saved = node.save_snapshot();
        let mood = *self.disk.mood();
        if mood.dead {
            return self.crash();
        }
        if let Err(error) = saved {
            // A snapshot that cannot be written is no harm: the log is there, and the node goes on.
            let planned = mood.full || mood.fails_snapshots || error.to_string().contains("failed");
            let wrong = (!planned).then(|| Wrong::new(RECOVERED, error.to_string(), "a snapshot"));
            self.looked(RECOVERED, wrong);
        }
    }

    /// What the whole log makes, from its first record and with no snapshot.
    pub(super) fn audit_from_genesis(&mut self) {
        let Some(node) = &self.node else { return };
        let wrong = match Follower::until(node.log(), node.log().last()) {
            Ok((follower, _)) => {
                (*follower.state() != self.watch.folded).then(|| departs("folded from the first record"))
            }
            Err(error) => Some(Wrong::new(RECOVERED, error.to_string(), "a log that can be folded")),
        };
        self.looked(RECOVERED, wrong);
    }
}

fn departs(how: &str) -> Wrong {
    Wrong::new(RECOVERED, format!("{how}, another state"), "the state that the acknowledged events make")
}
