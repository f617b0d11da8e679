//! What is computed from the facts: the market, the models' tables in it, who may sleep.
//!
//! Everything here is a function of the state alone, so that a book may be dropped at any moment.

mod asleep;
mod made;
mod snapshot;
mod watch;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use plimsoll_core::AccountId;
use plimsoll_margin::Account as Read;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level;
use plimsoll_margin::models::Judge;
use plimsoll_margin::watch::{Figures, Reach};

pub use asleep::Asleep;
pub(crate) use made::{Made, model};
use snapshot::favourable;
use watch::Watch;

use crate::account::Account;
use crate::market::MarketFacts;
use crate::refusal::Refusal;
use crate::state::{State, Versions};

/// A cache over a [`State`].
#[derive(Default)]
pub struct Book {
    made: Option<Made>,
    /// What untrusted prices leave open; made when it is first asked for.
    best: Option<(Versions, Vec<(level::State, Made)>)>,
    /// By model.
    watches: BTreeMap<Arc<str>, Watch>,
    threads: Option<NonZeroUsize>,
}

impl Book {
    /// A book of nothing, worked with on one thread.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same on at most so many threads where many accounts are margined or closed at once. What is decided is the same
    /// on any number.
    #[must_use]
    pub fn on(self, threads: NonZeroUsize) -> Self {
        Self { threads: Some(threads), ..self }
    }

    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads.unwrap_or(NonZeroUsize::MIN)
    }

    /// What holds for the facts as they are.
    pub(crate) fn current(&mut self, state: &State) -> Result<&Made, Refusal> {
        let fresh = self.made.take().filter(|made| made.is_of(state));
        let made = match fresh {
            Some(made) => made,
            None => Made::of(state, &state.market)?,
        };
        Ok(self.made.insert(made))
    }

    /// What holds for the facts as they are, where it was made.
    pub(crate) fn at_hand(&self, state: &State) -> Option<&Made> {
        self.made.as_ref().filter(|made| made.is_of(state))
    }

    /// What would hold with other facts of the market.
    pub(crate) fn with(&self, state: &State, facts: &MarketFacts) -> Result<Made, Refusal> {
        match self.made.as_ref().filter(|made| made.versions.listing == state.versions.listing) {
            Some(made) => Made::listed(state, facts, made.market.shared_listing()),
            None => Made::of(state, facts),
        }
    }

    /// The markets at the best that untrusted prices leave open, each with the state at which it holds up who stands better
    /// in it; none where all are trusted.
    pub(crate) fn best_case(&mut self, state: &State) -> &[(level::State, Made)] {
        let fresh = self.best.take().filter(|(versions, _)| *versions == state.versions);
        let (_, made) = self.best.insert(fresh.unwrap_or_else(|| (state.versions, favourable(state))));
        made
    }

    /// Takes over what was computed before its facts were written.
    pub(crate) fn keep(&mut self, made: Made, state: &State) {
        self.made = Some(made.of_version(state.versions));
    }

    /// Who must be margined in a market that has just moved: whose model does not watch, or whose certificate is void.
    pub(crate) fn woken(&mut self, state: &State) -> Vec<AccountId> {
        let Some(made) = &self.made else { return state.numbered().map(|(id, _)| id).collect() };
        let (mut woken, mut swept) = (Vec::new(), Vec::new());
        for (name, judge) in &made.judges {
            let watched = judge.as_ref().ok().and_then(|judge| Watch::figures(judge.as_ref()));
            let Some(figures) = watched else {
                self.watches.remove(name);
                swept.push(name);
                continue;
            };
            match self.watches.get_mut(name).filter(|watch| watch.is_of(state)) {
                Some(watch) => match watch.moved(figures) {
                    Some(these) => woken.extend(these),
                    None => swept.push(name),
                },
                None => {
                    self.watches.insert(name.clone(), Watch::new(state, name, made, figures));
                    swept.push(name);
                }
            }
        }
        let is_swept = |(_, account): &(AccountId, &Account)| swept.contains(&&account.terms.model);
        if !swept.is_empty() {
            woken.extend(state.numbered().filter(is_swept).map(|(id, _)| id));
        }
        woken.sort_unstable();
        woken.dedup();
        woken
    }

    /// Lets `id`, the first of a unit under `model`, sleep until a move may take it across a line; or, where nothing was
    /// `found`, until the next move.
    pub(crate) fn certify(&mut self, state: &State, id: AccountId, model: &Arc<str>, found: Option<(&Margin, &Read)>) {
        let Some(made) = &self.made else { return };
        if let Some(watch) = self.watches.get_mut(model).filter(|watch| watch.is_of(state)) {
            watch.certify(id, found, &made.market);
        }
    }

    /// Takes back what [`Self::certify`] gave: of a unit that needs no margin now, and whose slack of before says nothing
    /// of what it may do.
    pub(crate) fn forget(&mut self, state: &State, id: AccountId, model: &Arc<str>) {
        if let Some(watch) = self.watches.get_mut(model).filter(|watch| watch.is_of(state)) {
            watch.forget(id);
        }
    }

    /// Whether the unit that `first` stands for, under `model`, stays healthy for certain through a change, its reach found
    /// from the figures and the market as they are. Where it does, nobody need be margined for it.
    pub(crate) fn covers(
        &mut self,
        state: &State,
        first: AccountId,
        model: &Arc<str>,
        reach: impl FnOnce(&[Figures], &Made) -> Option<Reach>,
    ) -> bool {
        let Some(made) = self.made.as_ref().filter(|made| made.is_of(state)) else { return false };
        if !made.judge(model).is_ok_and(Judge::counts_worst_fills) {
            return false;
        }
        let watch = self.watches.get_mut(model).filter(|watch| watch.is_of(state));
        watch.is_some_and(|watch| watch.covers(first, |figures| reach(figures, made)))
    }

    /// Whether the unit that `first` stands for, under `model`, sleeps with its orders at their worst fills.
    pub(crate) fn sleeps_at_worst_fills(&self, state: &State, first: AccountId, model: &Arc<str>) -> bool {
        let counts = |made: &Made| made.judge(model).is_ok_and(Judge::counts_worst_fills);
        let watch = self.watches.get(model).filter(|watch| watch.is_of(state));
        self.at_hand(state).is_some_and(counts) && watch.is_some_and(|watch| watch.sleeps(first))
    }

    /// What a change of the unit that `first` stands for reaches, where that unit sleeps and the figures of its `model` tell.
    pub(crate) fn reach(
        &self,
        state: &State,
        first: AccountId,
        model: &Arc<str>,
        reach: impl FnOnce(&[Figures], &Made) -> Option<Reach>,
    ) -> Option<Reach> {
        let made = self.at_hand(state)?;
        let watch = self.watches.get(model).filter(|watch| watch.is_of(state))?;
        watch.reach(first, |figures| reach(figures, made))
    }
}
