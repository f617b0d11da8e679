//! The state's hash, kept leaf by leaf.
//!
//! An account is a leaf; pages are the hash of 256 leaves; the root is the hash of the pages and of everything that is no
//! account. Between two roots only the leaves that events touched are hashed again.

use std::collections::BTreeSet;

use plimsoll_core::{AccountId, Digest, Encode, hash};

use super::State;
use crate::event::Event;

/// Accounts on a page.
const PAGE: usize = 256;

/// Hashes of leaves and pages: a cache, worth what the state is that it was made of.
#[derive(Clone, Debug, Default)]
pub struct StateHash {
    leaves: Vec<Digest>,
    pages: Vec<Digest>,
    dirty: BTreeSet<AccountId>,
}

struct Bytes(Vec<u8>);

impl Encode for Bytes {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl StateHash {
    /// Of `state`, whole.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut all = Self::default();
        all.dirty.extend(state.numbered().map(|(account, _)| account));
        all
    }

    /// Notes what `event` touched.
    pub fn touched(&mut self, event: &Event) {
        self.dirty.extend(event.accounts());
    }

    /// The root, with what was touched hashed again.
    pub fn root(&mut self, state: &State) -> Digest {
        let mut pages = BTreeSet::new();
        for account in std::mem::take(&mut self.dirty) {
            let Some(facts) = state.account(account) else { continue };
            // Leaves not reached yet are among the dirty ones that follow.
            self.leaves.resize(self.leaves.len().max(account.index() + 1), Digest([0; 32]));
            self.leaves[account.index()] = hash(facts);
            pages.insert(account.index() / PAGE);
        }
        for page in pages {
            self.pages.resize(self.pages.len().max(page + 1), Digest([0; 32]));
            let end = self.leaves.len().min((page + 1) * PAGE);
            self.pages[page] = joined(&self.leaves[page * PAGE..end]);
        }
        let mut bytes = joined(&self.pages).0.to_vec();
        state.rest_encoded(&mut bytes);
        hash(&Bytes(bytes))
    }
}

fn joined(digests: &[Digest]) -> Digest {
    hash(&Bytes(digests.iter().flat_map(|digest| digest.0).collect()))
}
