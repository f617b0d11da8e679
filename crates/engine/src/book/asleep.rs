//! Who may sleep, kept across a restart: a snapshot of the facts carries it, so that the first price after it does not wake
//! everybody.
//!
//! It is a cache like the book that it makes: worth what the facts are that it was made of, and nothing to a build that
//! finds other figures in them, or for one of some accounts looked at another slack. Whoever was touched by an event after
//! the snapshot is woken by the next price, and so is whoever the market's move since may have taken across a line.

use std::num::NonZeroUsize;
use std::sync::Arc;

use plimsoll_core::{AccountId, Decode, Encode};
use plimsoll_margin::fold::Detail;

use super::Book;
use super::watch::{Slept, Watch};
use crate::account::Account;
use crate::event::Event;
use crate::state::State;
use crate::step::margin_all;

/// Accounts of each model that are margined to see whether the same is found.
const LOOKED_AT: usize = 64;

/// A book of the facts of a snapshot, and who was touched since.
pub struct Asleep {
    book: Book,
    /// By account.
    touched: Vec<bool>,
}

impl Asleep {
    /// Margins everybody, on at most so many threads, and tells who may sleep. The facts stay as they are.
    #[must_use]
    pub fn told(state: &mut State, threads: NonZeroUsize) -> Vec<u8> {
        let mut book = Book::new().on(threads);
        margin_all(state, &mut book);
        let mut bytes = Vec::new();
        env!("CARGO_PKG_VERSION").encode(&mut bytes);
        let slept: Vec<(Arc<str>, Slept)> =
            book.watches.iter().filter_map(|(name, watch)| Some((name.clone(), watch.slept()?))).collect();
        slept.encode(&mut bytes);
        bytes
    }

    /// What was [told](Self::told) of these facts; `None` where it was of others, or by another build.
    #[must_use]
    pub fn of(state: &State, bytes: &[u8]) -> Option<Self> {
        let bytes = &mut &*bytes;
        if String::decode(bytes).ok()? != env!("CARGO_PKG_VERSION") {
            return None;
        }
        let mut book = Book::new();
        book.current(state).ok()?;
        for (name, slept) in Vec::<(Arc<str>, Slept)>::decode_all(bytes).ok()? {
            let made = book.at_hand(state)?;
            let figures = Watch::figures(made.judge(&name).ok()?)?;
            let watch = Watch::restored(state, &name, made, figures, &slept)?;
            let standing = slept.certificates.standing();
            let mut some = standing.iter().step_by(standing.len() / LOOKED_AT + 1);
            let same = |id: &AccountId| {
                let ids = state.margined_with(*id);
                let unit: Vec<&Account> = ids.iter().filter_map(|id| state.account(*id)).collect();
                made.margin(state, &unit, &[], Detail::Amounts).is_ok_and(|margin| watch.gave(*id, &margin))
            };
            if !some.all(same) {
                return None;
            }
            book.watches.insert(name, watch);
        }
        Some(Self { book, touched: vec![false; state.accounts.len()] })
    }

    /// Notes whom `event` touches, before it is applied to `state`.
    pub fn see(&mut self, state: &State, event: &Event) {
        for id in event.accounts() {
            self.touch(id);
            // Whoever leaves a group leaves it other than it was.
            let group = state.account(id).and_then(|account| state.group_of(&account.terms));
            group.into_iter().flatten().for_each(|member| self.touch(*member));
        }
    }

    fn touch(&mut self, id: AccountId) {
        if self.touched.len() <= id.index() {
            self.touched.resize(id.index() + 1, false);
        }
        self.touched[id.index()] = true;
    }

    /// The book, for the facts as they have become.
    #[must_use]
    pub fn into_book(self, state: &State) -> Book {
        let Self { mut book, touched } = self;
        if book.current(state).is_err() {
            return Book::new();
        }
        let touched = (0..).map(AccountId).zip(touched).filter(|(_, touched)| *touched).map(|(id, _)| id);
        let wakes: Vec<AccountId> = book.woken(state).into_iter().chain(touched).collect();
        for id in wakes {
            book.watches.values_mut().for_each(|watch| watch.forget(id));
            let first = state.margined_with(id)[0];
            if let Some(account) = state.account(first) {
                book.certify(state, first, &account.terms.model, None);
            }
        }
        book
    }
}
