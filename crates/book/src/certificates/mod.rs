//! Waking only who matters: which accounts must be margined again after a move.
//!
//! Valuing an account issues a certificate: it stays on its side of every line until a source of its figures has moved by
//! more than its *threshold*. A source moves two ways: along its coordinate, the price, where what offsets offsets, and
//! across, each row its own way. An account's excess moves by at most Σ over ways of [weight](Weights) × distance, which
//! is the model's to declare and is measured between the figures of two markets, so it does not matter what moved them.
//! With thresholds whose weighted sum is the slack, no excess has moved by more than the slack while no distance passes
//! its threshold. The slack is shared so that, at the pace at which sources moved lately, all are reached together.
//!
//! Distances are measured from *bases*, markets that were seen. A certificate belongs to the base that was newest when it
//! was issued. Every move adds a base, and an old one is given up for the one after it: excesses there and here differ by
//! at most weight × the distance between the two, which is taken from each of its thresholds. What is rounded is rounded
//! against the certificate.
//!
//! Bases of one *lineage* share scales, slopes and constants, which is what makes their distances add up. Where figures
//! cannot be compared with those before, or have learnt new slopes, a lineage ends: everybody on that source wakes, and
//! weights found before are worth nothing.

mod base;
mod saved;
mod stamps;

use std::num::NonZeroUsize;

use plimsoll_core::{AccountId, planted};
use plimsoll_margin::watch::{Exposures, Figures, Weights};

use base::{Base, WAYS};
pub use saved::Saved;
use stamps::{Entry, Stamps};

/// Who must be margined again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Woken {
    /// These, ascending; the others are where they were.
    These(Vec<AccountId>),
    /// So many that a sweep of all costs less: no certificate is left.
    All,
}

/// The certificates of many accounts under one model and one [policy](plimsoll_margin::level::Policy): under another they
/// begin anew. Memory grows with the largest account number, so numbers are given one after the other.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The oldest first.
    bases: Vec<Base>,
    stamps: Stamps,
    /// Accounts that wake whatever moves.
    due: Vec<AccountId>,
    /// By way: how far a move went, lately.
    paces: Vec<f64>,
    /// Lineages that ended so far.
    lineage: u64,
    /// Moves so far.
    moves: u64,
    /// Entries after void ones were last cleared away.
    cleared: usize,
    /// More than one in so many awake, and all are swept.
    swept_from: usize,
}

/// Markets that distances are measured from.
const BASES: usize = 5;
/// One in so many awake, and all are swept: what a pass of all costs beside what it costs to value some.
const SWEPT_FROM: usize = 20;
/// Void entries are not cleared away before there are so many.
const ENTRIES_LEAST: usize = 1 << 12;
/// A move before any was seen, as a share of the price and of rows' scales; no pace is taken for less than a part of it.
const PACE: f64 = 1e-4;
const PACE_LEAST: f64 = 1e-2 * PACE;
/// What the last move counts of the pace.
const PACE_SHARE: f64 = 0.02;
/// What sums of floats can lose, generously.
const KEPT: f64 = 1.0 - 1e-9;

impl Certificates {
    /// None yet, in the market of `figures`.
    #[must_use]
    pub fn new(figures: Vec<Figures>) -> Self {
        let paces = figures.iter().flat_map(|of| least_paces(of, PACE)).collect();
        let (bases, stamps, due) = (vec![Base::new(figures, 0)], Stamps::default(), Vec::new());
        Self { bases, stamps, due, paces, lineage: 0, moves: 0, cleared: 0, swept_from: SWEPT_FROM }
    }

    /// The same with all swept only where one in `count` wakes, not one in twenty: for who values a sleeper at no less cost
    /// in a sweep than alone.
    #[must_use]
    pub fn swept_from(self, count: NonZeroUsize) -> Self {
        Self { swept_from: count.get(), ..self }
    }

    /// The figures of the last market, which exposures are to be of.
    #[must_use]
    pub fn figures(&self) -> &[Figures] {
        &self.newest().figures
    }

    /// Accounts that have a certificate.
    #[must_use]
    pub fn certified(&self) -> usize {
        self.stamps.standing()
    }

    /// Tells lineages apart: weights found under one number hold as long as it stands.
    #[must_use]
    pub fn lineage(&self) -> u64 {
        self.lineage
    }

    fn newest(&self) -> &Base {
        self.bases.last().unwrap_or_else(|| unreachable!("there is a base from the first market on"))
    }

    /// Issues a certificate for an account that was valued in the last market: `slack` is the distance to the nearest
    /// line, in the market's currency. Without exposures, or with too little slack to say anything, it wakes with the next
    /// move.
    pub fn issue(&mut self, account: AccountId, slack: f64, exposures: Option<&Exposures>) {
        if planted!(CertificateKept) && self.stands(account) {
            return;
        }
        self.revoke(account);
        let Some(exposures) = exposures else { return self.due.push(account) };
        let weights = self.weights(exposures);
        self.certify(account, slack - exposures.jitter, weights.iter().copied());
    }

    /// Asks for the memory that issuing a certificate takes: for who issues many, some accounts ahead, one at a time.
    pub fn ask_for(&self, account: AccountId) {
        self.stamps.ask_for(account);
    }

    /// What is held weighs, source by source.
    fn weights(&self, exposures: &Exposures) -> Vec<(usize, Weights)> {
        let figures = &self.newest().figures;
        let held = exposures.of.chunk_by(|left, right| left.source == right.source);
        held.map(|held| (held[0].source, figures[held[0].source].weights(held[0].source, held))).collect()
    }

    /// The same for what was weighed already, by source, in a [lineage](Self::lineage); `slack` is what may be used up. With
    /// weights of another lineage the account wakes with the next move.
    pub fn issue_weighted(&mut self, account: AccountId, slack: f64, weights: &[Weights], lineage: u64) {
        self.revoke(account);
        if lineage != self.lineage || WAYS * weights.len() != self.paces.len() {
            return self.due.push(account);
        }
        self.certify(account, slack, weights.iter().copied().enumerate());
    }

    /// A certificate for what weighs so much; where that says nothing the account wakes with the next move.
    fn certify(&mut self, account: AccountId, slack: f64, weights: impl Iterator<Item = (usize, Weights)> + Clone) {
        let Some(moves) = self.moves(slack, weights.clone()) else { return self.due.push(account) };
        let entry = self.stamps.issue(account);
        self.enter(entry, moves, weights);
    }

    /// Has the certificate of an account cover what it weighs more from now on, for which `slack` may be used up beside what
    /// it was issued with; whether it does. Where it does not it stands as it was, or there is none.
    pub fn extend(&mut self, account: AccountId, slack: f64, more: &Exposures) -> bool {
        let Some(entry) = self.stamps.entry(account) else { return false };
        let weights = self.weights(more);
        let Some(moves) = self.moves(slack - more.jitter, weights.iter().copied()) else { return false };
        self.enter(entry, moves, weights.iter().copied());
        true
    }

    /// Whether an account has a certificate.
    #[must_use]
    pub fn stands(&self, account: AccountId) -> bool {
        self.stamps.entry(account).is_some()
    }

    /// Moves at the pace of lately until the slack is used up: what an account can sleep through, if every way goes on like
    /// that. `None` where that says nothing.
    fn moves(&self, slack: f64, weights: impl Iterator<Item = (usize, Weights)> + Clone) -> Option<f64> {
        let used = ways(weights.clone()).map(|(at, weight)| weight * self.paces[at]).sum::<f64>();
        let moves = slack * KEPT / used;
        ways(weights).all(|(at, _)| Base::tells(moves * self.paces[at])).then_some(moves)
    }

    /// Notes in the newest base how far each way that weighs may go.
    fn enter(&mut self, entry: Entry, moves: f64, weights: impl Iterator<Item = (usize, Weights)>) {
        let Some(base) = self.bases.last_mut() else { return };
        ways(weights).for_each(|(at, _)| base.add(at, moves * self.paces[at], entry));
    }

    /// Voids the certificate of an account that was filled, paid, or changed otherwise: it is for the caller to value it
    /// and to issue another.
    pub fn revoke(&mut self, account: AccountId) {
        self.stamps.void(account);
    }

    /// The market has moved to `figures`: who may have crossed a line. Their certificates are void.
    pub fn moved(&mut self, mut figures: Vec<Figures>) -> Woken {
        self.moves += 1;
        let before = self.certified();
        let mut woken = std::mem::take(&mut self.due);
        // Some of them may have been certified since.
        woken.iter().for_each(|account| self.revoke(*account));
        if !self.newest().same_sources(&figures) {
            self.lineage += 1;
            self.paces = figures.iter().flat_map(|of| least_paces(of, PACE)).collect();
            return self.all(figures);
        }
        let (mut last, mut passed) = (Vec::new(), Vec::new());
        for base in &mut self.bases {
            last = base.measure(&figures, self.moves);
            base.drain(&last, &mut passed);
        }
        self.stamps.wake(&passed, &mut woken);
        self.keep_pace(&last);
        self.follow(&mut figures, &mut woken);
        woken.sort_unstable();
        woken.dedup();
        if woken.len() * self.swept_from > before && woken.len() > self.swept_from {
            return self.all(figures);
        }
        self.bases.push(Base::new(figures, self.moves));
        if self.bases.len() > BASES {
            self.give_up_one(&mut woken);
            woken.sort_unstable();
        }
        let born: Vec<u64> = self.bases.iter().map(|base| base.born).collect();
        self.bases.iter_mut().for_each(|base| base.keep_later(&born));
        self.clear_void();
        Woken::These(woken)
    }

    /// Has the figures of a move join the lineage of those before; whoever is on a source where they cannot wakes.
    fn follow(&mut self, figures: &mut [Figures], woken: &mut Vec<AccountId>) {
        for (source, now) in figures.iter_mut().enumerate() {
            if now.follow(&self.newest().figures[source]) {
                continue;
            }
            self.lineage += 1;
            let mut passed = Vec::new();
            self.bases.iter_mut().for_each(|base| base.drain_source(source, &mut passed));
            self.stamps.wake(&passed, woken);
        }
    }

    /// Takes the distances of a move into account.
    fn keep_pace(&mut self, distances: &[f64]) {
        let least: Vec<f64> = self.figures().iter().flat_map(|of| least_paces(of, PACE_LEAST)).collect();
        for ((pace, distance), least) in self.paces.iter_mut().zip(distances).zip(least) {
            if distance.is_finite() {
                *pace += PACE_SHARE * (distance - *pace);
            }
            *pace = pace.max(least);
        }
    }

    fn all(&mut self, figures: Vec<Figures>) -> Woken {
        self.stamps.void_all();
        self.cleared = 0;
        self.bases = vec![Base::new(figures, self.moves)];
        Woken::All
    }

    /// Moves the certificates of one base to the one after it: the base whose neighbours are nearest to each other for
    /// their age, so that what is left is spread over ages evenly by powers. The first is never given up: most sleep
    /// there, and those who wake leave it one by one.
    fn give_up_one(&mut self, woken: &mut Vec<AccountId>) {
        let nearness = |at: &usize| {
            let gap = self.bases[at + 1].born - self.bases[at - 1].born;
            let age = self.moves - self.bases[at + 1].born + 1;
            // Gaps and ages are compared as fractions.
            (u128::from(gap) << 64) / u128::from(age)
        };
        let Some(at) = (1..self.bases.len() - 1).min_by_key(nearness) else { return };
        let old = self.bases.remove(at);
        let apart = old.distances_to(self.bases[at].born);
        let mut passed = Vec::new();
        for (way, threshold, entries) in old.empty() {
            let left = (threshold - apart[way]) * KEPT;
            if Base::tells(left) {
                self.bases[at].add_all(way, left, entries);
            } else {
                passed.extend(entries);
            }
        }
        self.stamps.wake(&passed, woken);
    }

    /// Clears void entries away once they outnumber the others.
    fn clear_void(&mut self) {
        let entries = self.bases.iter().map(Base::len).sum::<usize>();
        if entries <= 2 * self.cleared + ENTRIES_LEAST {
            return;
        }
        self.bases.iter_mut().for_each(|base| base.clear_void(&self.stamps));
        self.cleared = self.bases.iter().map(Base::len).sum();
    }

    /// Memory that certificates take, without what they could still grow into and without the figures.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.stamps.bytes()
            + size_of_val(&*self.due)
            + self.bases.iter().map(|base| base.len() * size_of::<Entry>()).sum::<usize>()
    }
}

/// Every way that weighs, and how much.
fn ways(weights: impl Iterator<Item = (usize, Weights)>) -> impl Iterator<Item = (usize, f64)> {
    let of =
        |(source, weights): (usize, Weights)| [(WAYS * source, weights.along), (WAYS * source + 1, weights.across)];
    weights.flat_map(of).filter(|(_, weight)| weight.abs() > 0.0 || weight.is_nan())
}

/// A small move of a source, both ways, as a share.
fn least_paces(of: &Figures, share: f64) -> [f64; WAYS] {
    [(share * of.coordinate.abs()).max(f64::MIN_POSITIVE), share]
}
