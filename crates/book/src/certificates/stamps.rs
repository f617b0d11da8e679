//! Which certificates stand.

use plimsoll_core::AccountId;
use plimsoll_numerics::prefetch;

/// A number for each account, odd while it has a certificate. Entries name accounts in no order, so that their numbers lie
/// all over memory: they are asked for some entries ahead.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    of: Vec<u32>,
    standing: usize,
}

/// A certificate's place on one way; void once the account's stamp is another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) account: AccountId,
    pub(super) stamp: u32,
}

/// Entries that are looked ahead.
const AHEAD: usize = 16;

impl Stamps {
    /// Certificates that stand.
    pub(super) fn standing(&self) -> usize {
        self.standing
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.of)
    }

    /// The certificate of an account, if it has one.
    pub(super) fn entry(&self, account: AccountId) -> Option<Entry> {
        let stamp = *self.of.get(account.index())?;
        (stamp % 2 == 1).then_some(Entry { account, stamp })
    }

    /// Accounts that have a certificate, ascending.
    pub(super) fn all(&self) -> impl Iterator<Item = AccountId> {
        (0..).map(AccountId).zip(&self.of).filter(|(_, stamp)| **stamp % 2 == 1).map(|(account, _)| account)
    }

    /// A certificate for an account that has none.
    pub(super) fn issue(&mut self, account: AccountId) -> Entry {
        let at = account.index();
        if self.of.len() <= at {
            self.of.resize(at + 1, 0);
        }
        debug_assert!(self.of[at].is_multiple_of(2), "{account:?} has a certificate");
        self.of[at] = self.of[at].wrapping_add(1);
        self.standing += 1;
        Entry { account, stamp: self.of[at] }
    }

    /// Voids the certificate of an account, if it has one.
    pub(super) fn void(&mut self, account: AccountId) {
        if let Some(stamp) = self.of.get_mut(account.index()).filter(|stamp| **stamp % 2 == 1) {
            *stamp = stamp.wrapping_add(1);
            self.standing -= 1;
        }
    }

    /// Voids all.
    pub(super) fn void_all(&mut self) {
        for stamp in self.of.iter_mut().filter(|stamp| **stamp % 2 == 1) {
            *stamp = stamp.wrapping_add(1);
        }
        self.standing = 0;
    }

    /// Voids the certificates that `entries` are of and adds their accounts to `woken`, each once.
    pub(super) fn wake(&mut self, entries: &[Entry], woken: &mut Vec<AccountId>) {
        let before = woken.len();
        let mut end = before;
        woken.resize(before + entries.len(), AccountId(0));
        for (at, entry) in entries.iter().enumerate() {
            self.ask_ahead(entries, at);
            let Some(stamp) = self.of.get_mut(entry.account.index()) else { continue };
            // About half are void, in no order that a branch could be foretold by.
            let stands = *stamp == entry.stamp;
            *stamp = stamp.wrapping_add(u32::from(stands));
            woken[end] = entry.account;
            end += usize::from(stands);
        }
        woken.truncate(end);
        self.standing -= end - before;
    }

    /// Leaves those that stand.
    pub(super) fn clear_void(&self, entries: &mut Vec<Entry>) {
        let mut end = 0;
        for at in 0..entries.len() {
            self.ask_ahead(entries, at);
            let entry = entries[at];
            entries[end] = entry;
            end += usize::from(self.of.get(entry.account.index()) == Some(&entry.stamp));
        }
        entries.truncate(end);
    }

    /// Asks for the number of an account.
    pub(super) fn ask_for(&self, account: AccountId) {
        self.of.get(account.index()).into_iter().for_each(prefetch);
    }

    fn ask_ahead(&self, entries: &[Entry], at: usize) {
        entries.get(at + AHEAD).into_iter().for_each(|entry| self.ask_for(entry.account));
    }
}
