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

use std::num::NonZeroUsize;

use plimsoll_core::{AccountId, planted};
use plimsoll_margin::watch::{Exposures, Figures, Weights};

use base::{Base, Entry, WAYS};

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
    /// By account: even where it has no certificate; what stands in a base with another number is void.
    stamps: Vec<u32>,
    /// Accounts that wake whatever moves.
    due: Vec<AccountId>,
    certified: usize,
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
        let (bases, stamps, due) = (vec![Base::new(figures, 0)], Vec::new(), Vec::new());
        Self { bases, stamps, due, certified: 0, paces, lineage: 0, moves: 0, cleared: 0, swept_from: SWEPT_FROM }
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
        self.certified
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
        if planted!(CertificateKept) && self.stamps.get(account.index()).is_some_and(|stamp| stamp % 2 == 1) {
            return;
        }
        self.revoke(account);
        let Some(exposures) = exposures else { return self.due.push(account) };
        let thresholds = self.thresholds(slack - exposures.jitter, self.weights(exposures));
        self.certify(account, thresholds);
    }

    /// What is held weighs, source by source.
    fn weights(&self, exposures: &Exposures) -> impl Iterator<Item = (usize, Weights)> {
        let figures = &self.newest().figures;
        let held = exposures.of.chunk_by(|left, right| left.source == right.source);
        held.map(|held| (held[0].source, figures[held[0].source].weights(held[0].source, held)))
    }

    /// The same for what was weighed already, by source, in a [lineage](Self::lineage); `slack` is what may be used up. With
    /// weights of another lineage the account wakes with the next move.
    pub fn issue_weighted(&mut self, account: AccountId, slack: f64, weights: &[Weights], lineage: u64) {
        self.revoke(account);
        let fits = lineage == self.lineage && WAYS * weights.len() == self.paces.len();
        let thresholds = fits.then(|| self.thresholds(slack, weights.iter().copied().enumerate())).flatten();
        self.certify(account, thresholds);
    }

    /// A certificate of these thresholds; without them the account wakes with the next move.
    fn certify(&mut self, account: AccountId, thresholds: Option<Vec<(usize, f64)>>) {
        let Some(thresholds) = thresholds else { return self.due.push(account) };
        let at = account.0 as usize;
        if self.stamps.len() <= at {
            self.stamps.resize(at + 1, 0);
        }
        self.stamps[at] = self.stamps[at].wrapping_add(1);
        self.certified += 1;
        self.enter(account, thresholds);
    }

    /// Has the certificate of an account cover what it weighs more from now on, for which `slack` may be used up beside what
    /// it was issued with; whether it does. Where it does not it stands as it was, or there is none.
    pub fn extend(&mut self, account: AccountId, slack: f64, more: &Exposures) -> bool {
        if !self.stands(account) {
            return false;
        }
        let thresholds = self.thresholds(slack - more.jitter, self.weights(more));
        thresholds.map(|thresholds| self.enter(account, thresholds)).is_some()
    }

    /// Whether an account has a certificate.
    #[must_use]
    pub fn stands(&self, account: AccountId) -> bool {
        self.stamps.get(account.0 as usize).is_some_and(|stamp| stamp % 2 == 1)
    }

    /// By way that weighs: how far it may go if all are to be reached together, at the pace of lately, when the slack is used
    /// up. `None` where that says nothing.
    fn thresholds(&self, slack: f64, weights: impl Iterator<Item = (usize, Weights)>) -> Option<Vec<(usize, f64)>> {
        let ways =
            |(source, weights): (usize, Weights)| [(WAYS * source, weights.along), (WAYS * source + 1, weights.across)];
        let weighs = |(_, weight): &(usize, f64)| weight.abs() > 0.0 || weight.is_nan();
        let mut ways: Vec<(usize, f64)> = weights.flat_map(ways).filter(weighs).collect();
        // Moves at that pace that it can sleep through.
        let moves = slack * KEPT / ways.iter().map(|(at, weight)| weight * self.paces[*at]).sum::<f64>();
        ways.iter_mut().for_each(|(at, threshold)| *threshold = moves * self.paces[*at]);
        ways.iter().all(|(_, threshold)| Base::tells(*threshold)).then_some(ways)
    }

    fn enter(&mut self, account: AccountId, thresholds: Vec<(usize, f64)>) {
        let entry = Entry { account, stamp: self.stamps[account.0 as usize] };
        let Some(base) = self.bases.last_mut() else { return };
        thresholds.into_iter().for_each(|(at, threshold)| base.add(at, threshold, entry));
    }

    /// Voids the certificate of an account that was filled, paid, or changed otherwise: it is for the caller to value it
    /// and to issue another.
    pub fn revoke(&mut self, account: AccountId) {
        if let Some(stamp) = self.stamps.get_mut(account.0 as usize).filter(|stamp| **stamp % 2 == 1) {
            *stamp = stamp.wrapping_add(1);
            self.certified -= 1;
        }
    }

    /// The market has moved to `figures`: who may have crossed a line. Their certificates are void.
    pub fn moved(&mut self, mut figures: Vec<Figures>) -> Woken {
        self.moves += 1;
        let before = self.certified;
        let mut woken = std::mem::take(&mut self.due);
        // Some of them may have been certified since.
        woken.iter().for_each(|account| self.revoke(*account));
        if !self.newest().same_sources(&figures) {
            self.lineage += 1;
            self.paces = figures.iter().flat_map(|of| least_paces(of, PACE)).collect();
            return self.all(figures);
        }
        let mut last = Vec::new();
        for base in &mut self.bases {
            last = base.measure(&figures, self.moves);
            let (stamps, certified) = (&mut self.stamps, &mut self.certified);
            base.drain(&last, |entry| wake(stamps, certified, entry, &mut woken));
        }
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
            for base in &mut self.bases {
                let (stamps, certified) = (&mut self.stamps, &mut self.certified);
                base.drain_source(source, |entry| wake(stamps, certified, entry, woken));
            }
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
        for stamp in self.stamps.iter_mut().filter(|stamp| **stamp % 2 == 1) {
            *stamp = stamp.wrapping_add(1);
        }
        self.certified = 0;
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
        let mut old = self.bases.remove(at);
        let apart = old.distances_to(self.bases[at].born);
        let (next, stamps, certified) = (&mut self.bases[at], &mut self.stamps, &mut self.certified);
        old.empty(|way, threshold, entry| {
            let left = (threshold - apart[way]) * KEPT;
            if stamps.get(entry.account.0 as usize) != Some(&entry.stamp) {
                return;
            }
            if Base::tells(left) {
                next.add(way, left, entry);
            } else {
                wake(stamps, certified, entry, woken);
            }
        });
    }

    /// Clears void entries away once they outnumber the others.
    fn clear_void(&mut self) {
        let entries = self.bases.iter().map(Base::len).sum::<usize>();
        if entries <= 2 * self.cleared + ENTRIES_LEAST {
            return;
        }
        let stamps = &self.stamps;
        for base in &mut self.bases {
            base.retain(|entry| stamps.get(entry.account.0 as usize) == Some(&entry.stamp));
        }
        self.cleared = self.bases.iter().map(Base::len).sum();
    }

    /// Memory that certificates take, without what they could still grow into and without the figures.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.stamps)
            + size_of_val(&*self.due)
            + self.bases.iter().map(|base| base.len() * size_of::<Entry>()).sum::<usize>()
    }
}

/// Voids the certificate that `entry` is of, and wakes its account; nothing where it is void already.
fn wake(stamps: &mut [u32], certified: &mut usize, entry: Entry, woken: &mut Vec<AccountId>) {
    if let Some(stamp) = stamps.get_mut(entry.account.0 as usize).filter(|stamp| **stamp == entry.stamp) {
        *stamp = stamp.wrapping_add(1);
        *certified -= 1;
        woken.push(entry.account);
    }
}

/// A small move of a source, both ways, as a share.
fn least_paces(of: &Figures, share: f64) -> [f64; WAYS] {
    [(share * of.coordinate.abs()).max(f64::MIN_POSITIVE), share]
}
