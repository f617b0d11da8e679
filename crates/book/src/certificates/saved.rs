//! Certificates written down: whoever opens the same facts again need not value everybody first.

use plimsoll_core::{AccountId, encode_fields};
use plimsoll_margin::watch::Figures;

use super::Certificates;

/// Certificates that were all issued in one market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Who has one, ascending.
    standing: Vec<AccountId>,
    /// Who wakes whatever moves.
    due: Vec<AccountId>,
    /// What they may sleep through.
    entries: Vec<Limits>,
}

/// Whose certificates a way leaves at thresholds of one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) way: u32,
    pub(super) bucket: u32,
    pub(super) accounts: Vec<AccountId>,
}

encode_fields! {
    Saved { standing, due, entries }
    Limits { way, bucket, accounts }
}

impl Saved {
    /// Accounts that have a certificate, ascending.
    #[must_use]
    pub fn standing(&self) -> &[AccountId] {
        &self.standing
    }
}

impl Certificates {
    /// All of them, where the market has not moved since [`Self::new`]: [`Self::restored`] makes the same of them.
    #[must_use]
    pub fn saved(&self) -> Option<Saved> {
        let [base] = self.bases.as_slice() else { return None };
        let entries = (self.moves == 0).then(|| base.limits(&self.stamps))?;
        Some(Saved { standing: self.stamps.all().collect(), due: self.due.clone(), entries })
    }

    /// What was saved, in the market of the same `figures`; `None` where it cannot have been.
    #[must_use]
    pub fn restored(figures: Vec<Figures>, saved: &Saved) -> Option<Self> {
        let mut all = Self::new(figures);
        if !saved.standing.is_sorted_by(|left, right| left < right) {
            return None;
        }
        saved.standing.iter().for_each(|account| {
            all.stamps.issue(*account);
        });
        let base = all.bases.first_mut()?;
        for limits in &saved.entries {
            let entries = limits.accounts.iter().map(|account| all.stamps.entry(*account)).collect::<Option<_>>()?;
            base.restore(limits.way, limits.bucket, entries)?;
        }
        all.due.clone_from(&saved.due);
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Decode as _, Encode as _};

    #[test]
    fn what_names_nobody_or_nothing_is_not_restored() {
        let account = AccountId(7);
        let limits = |accounts| Limits { way: 0, bucket: 3, accounts };
        let saved = |standing, entries| Saved { standing, due: Vec::new(), entries };
        for (of, wrong) in [
            ("a limit of nobody's", saved(Vec::new(), vec![limits(vec![account])])),
            ("an account twice", saved(vec![account, account], Vec::new())),
            ("a way of no source", saved(vec![account], vec![limits(vec![account])])),
        ] {
            assert!(Certificates::restored(Vec::new(), &wrong).is_none(), "{of}");
        }
        let right = saved(vec![account], Vec::new());
        let read = Saved::decode_all(&right.encoded()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Certificates::restored(Vec::new(), &read).and_then(|all| all.saved()), Some(right));
    }
}
