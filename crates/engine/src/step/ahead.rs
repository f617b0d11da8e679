//! Margins that were just worked out, and those and plans of many units, worked out on several threads before their turn
//! comes.
//!
//! Each is a function of the market and of what was read of its accounts. When the turn comes and something has happened
//! since, they are read again: what has changed is worked out anew, so that the same is decided on any number of threads.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use plimsoll_book::threads::each;
use plimsoll_core::AccountId;
use plimsoll_margin::Account as Read;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::State as Side;

use super::Decision;
use super::liquidation::Planned;
use crate::account::{Account, Kind};
use crate::book::Made;
use crate::state::{State, Versions};

/// Units that are looked at ahead at a time.
pub(super) const AT_ONCE: usize = 4_096;
/// Fewer are not worth a thread.
const MANY: usize = 16;

/// What was worked out, by the first account of each unit.
#[derive(Default)]
pub(super) struct Ahead {
    margins: BTreeMap<AccountId, Margined>,
    pub(super) plans: BTreeMap<AccountId, Planned>,
}

/// A margin of what was read, under a model in one market; none where it cannot be margined.
pub(super) struct Margined {
    /// Events that had happened when it was read.
    seen: usize,
    versions: Versions,
    model: Arc<str>,
    pub(super) read: Read,
    pub(super) margin: Option<Margin>,
}

impl Decision<'_> {
    /// Margins `units` on the book's threads.
    pub(super) fn margin_ahead(&mut self, units: &[Vec<AccountId>]) {
        let Some(threads) = self.threads(units.len()) else { return };
        let (state, seen, Ok(made)) = (&*self.state, self.events.len(), self.book.current(self.state)) else { return };
        let found = each(units, threads, |ids| {
            let unit = margined(state, ids)?;
            let read = made.read(&unit, &[]).ok()?;
            Some((ids[0], Margined::of(state, made, &unit[0].terms.model, seen, read)))
        });
        self.ahead.margins = found.into_iter().flatten().collect();
    }

    /// The threads that so many units are worth; none where this one does.
    pub(super) fn threads(&self, units: usize) -> Option<NonZeroUsize> {
        let threads = self.book.threads().min(NonZeroUsize::new(units / MANY)?);
        (threads.get() > 1).then_some(threads)
    }
}

impl Ahead {
    /// The margin of the unit that `first`, whose number is `id`, stands for, after so many events: the one that is there, if
    /// nothing happened since or the unit is `read` to have the same; none where it cannot be read.
    pub(super) fn margined(
        &mut self,
        (state, made, seen): (&State, &Made, usize),
        (id, first): (AccountId, &Account),
        read: impl FnOnce() -> Option<Read>,
    ) -> Option<&Margined> {
        if self.margins.get(&id).is_none_or(|known| known.seen != seen) {
            let (read, model) = (read()?, &first.terms.model);
            let same =
                |known: &&mut Margined| known.versions == state.versions && known.read == read && known.model == *model;
            if let Some(known) = self.margins.get_mut(&id).filter(same) {
                known.seen = seen;
            } else {
                if self.margins.len() >= 2 * AT_ONCE {
                    self.margins.clear();
                }
                self.margins.insert(id, Margined::of(state, made, model, seen, read));
            }
        }
        self.margins.get(&id)
    }
}

impl Margined {
    fn of(state: &State, made: &Made, model: &Arc<str>, seen: usize, read: Read) -> Self {
        let margin = made.margin_of(state, model, &read, Detail::Amounts).ok();
        Self { seen, versions: state.versions, model: model.clone(), read, margin }
    }
}

/// The accounts of a unit that is margined; none where nobody asks.
pub(super) fn margined<'s>(state: &'s State, ids: &[AccountId]) -> Option<Vec<&'s Account>> {
    let unit: Vec<&Account> = ids.iter().filter_map(|id| state.account(*id)).collect();
    let idle = |account: &&Account| account.standing.state == Side::Healthy && account.is_idle();
    (unit.first()?.terms.kind != Kind::Outside && !unit.iter().all(idle)).then_some(unit)
}
