//! Models prepared once for all accounts that use them.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_margin::MarginError;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::{Held, Judge, Model};

use super::{Desk, Entry};

/// The models of a desk, prepared. An account that its model cannot be prepared for has the reason
/// instead, and the others are judged without it.
pub struct Judges<'d> {
    desk: &'d Desk,
    by_account: Vec<Result<Arc<dyn Judge + 'd>, MarginError>>,
}

impl<'d> Judges<'d> {
    pub(super) fn prepare(desk: &'d Desk) -> Self {
        let mut by_model: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, entry) in desk.entries.iter().enumerate() {
            by_model.entry(&entry.model).or_default().push(at);
        }
        let mut found = BTreeMap::new();
        for accounts in by_model.into_values() {
            match desk.model(&desk.entries[accounts[0]]) {
                Ok(model) => prepare(desk, model, &accounts, &mut found),
                Err(error) => found.extend(accounts.into_iter().map(|at| (at, Err(error.clone())))),
            }
        }
        // Places were counted from nought, so the map's values stand in the accounts' order.
        Self { desk, by_account: found.into_values().collect() }
    }

    /// The margin of the account at `place` in [`Desk::accounts`].
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or margined; [`MarginError::UnknownModel`] past the
    /// last account.
    pub fn margin(&self, place: usize) -> Result<Margin, MarginError> {
        let unknown = || MarginError::UnknownModel { name: format!("account {place}"), known: String::new() };
        let (Some(Entry { account, .. }), Some(judge)) = (self.desk.entries.get(place), self.by_account.get(place))
        else {
            return Err(unknown());
        };
        let judge = judge.as_ref().map_err(Clone::clone)?;
        Margin::of(account, &self.desk.market, judge.as_ref(), self.desk.policy())
    }
}

type Found<'d> = BTreeMap<usize, Result<Arc<dyn Judge + 'd>, MarginError>>;

/// Prepares `model` for all `accounts` together; where that fails, for each half apart, down to the
/// accounts that are the reason.
fn prepare<'d>(desk: &'d Desk, model: &'d dyn Model, accounts: &[usize], found: &mut Found<'d>) {
    let held = Held::by(accounts.iter().map(|at| &desk.entries[*at].account));
    match model.prepare(&desk.market, &held) {
        Ok(judge) => {
            let judge: Arc<dyn Judge + 'd> = judge.into();
            found.extend(accounts.iter().map(|at| (*at, Ok(Arc::clone(&judge)))));
        }
        Err(error) if accounts.len() < 2 => found.extend(accounts.iter().map(|at| (*at, Err(error.clone())))),
        Err(_) => {
            let (left, right) = accounts.split_at(accounts.len() / 2);
            prepare(desk, model, left, found);
            prepare(desk, model, right, found);
        }
    }
}
