//! The state's hash, kept leaf by leaf.
//!
//! An account is a leaf: the hashes of its terms, its holdings and its orders, and then whatever else it is. Eight leaves
//! are a node, eight nodes one above; the root is the hash of the topmost and of everything that is no account. Between two
//! roots only what events touched is hashed again, and the nodes above it.

use plimsoll_core::{AccountId, Digest, Encode, hash};

use super::State;
use crate::account::Account;
use crate::event::Event;

/// Digests below one node.
const FAN: usize = 8;

/// Parts of an account that are hashed each for itself.
const TERMS: u8 = 1;
const HOLDINGS: u8 = 2;
const ORDERS: u8 = 4;
/// Noted to be hashed again.
const NOTED: u8 = 8;
const ALL: u8 = TERMS | HOLDINGS | ORDERS | NOTED;

/// Hashes of accounts, and of the nodes above them: a cache, worth what the state is that it was made of.
#[derive(Clone, Debug, Default)]
pub struct StateHash {
    /// By account.
    leaves: Vec<Leaf>,
    /// The hashes of accounts, of nodes of eight, and so on; the last is one.
    levels: Vec<Vec<Digest>>,
    /// Accounts to be hashed again, in the order they were noted.
    dirty: Vec<AccountId>,
}

/// One account's parts.
#[derive(Clone, Debug)]
struct Leaf {
    /// What of it is to be hashed again.
    dirty: u8,
    terms: Digest,
    holdings: Digest,
    orders: Digest,
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
        state.numbered().for_each(|(account, _)| all.note(account, ALL));
        all
    }

    /// Notes what `event` touched.
    pub fn touched(&mut self, event: &Event) {
        for account in event.legs().iter().filter_map(|leg| leg.holder.account()) {
            self.note(account, NOTED);
        }
        match event {
            Event::AccountOpened { account, .. } => self.note(*account, ALL),
            Event::AccountAmended { account, .. } => self.note(*account, TERMS | NOTED),
            Event::OrderPlaced { account, .. } | Event::OrderCancelled { account, .. } => {
                self.note(*account, ORDERS | NOTED);
            }
            Event::Traded { buyer, seller, .. } => {
                [buyer, seller].into_iter().for_each(|side| self.note(side.account, HOLDINGS | ORDERS | NOTED));
            }
            Event::Settled { holders, .. } => {
                holders.iter().for_each(|account| self.note(*account, HOLDINGS | NOTED));
            }
            _ => event.accounts().into_iter().for_each(|account| self.note(account, NOTED)),
        }
    }

    fn note(&mut self, account: AccountId, parts: u8) {
        let none = Digest([0; 32]);
        while self.leaves.len() <= account.index() {
            self.leaves.push(Leaf { dirty: ALL & !NOTED, terms: none, holdings: none, orders: none });
        }
        let leaf = &mut self.leaves[account.index()];
        if leaf.dirty & NOTED == 0 {
            self.dirty.push(account);
        }
        leaf.dirty |= parts;
    }

    /// The root, with what was touched hashed again.
    pub fn root(&mut self, state: &State) -> Digest {
        let mut places: Vec<usize> = std::mem::take(&mut self.dirty).into_iter().map(AccountId::index).collect();
        places.sort_unstable();
        let mut hashed = Vec::with_capacity(places.len());
        for place in places {
            if let (Some(account), Some(leaf)) = (state.accounts.get(place), self.leaves.get_mut(place)) {
                hashed.push((place, leaf.hash(account)));
            }
        }
        let mut bytes = self.topmost(hashed).0.to_vec();
        state.rest_encoded(&mut bytes);
        hash(&Bytes(bytes))
    }

    /// The node above all, once these digests are written at their places, which ascend.
    fn topmost(&mut self, mut written: Vec<(usize, Digest)>) -> Digest {
        let mut at = 0;
        loop {
            if self.levels.len() == at {
                self.levels.push(Vec::new());
            }
            let level = &mut self.levels[at];
            for (place, digest) in &written {
                // Places not reached yet are among those that follow.
                level.resize(level.len().max(place + 1), Digest([0; 32]));
                level[*place] = *digest;
            }
            if level.len() <= 1 {
                return level.first().copied().unwrap_or(Digest([0; 32]));
            }
            let mut nodes: Vec<usize> = written.into_iter().map(|(place, _)| place / FAN).collect();
            nodes.dedup();
            let node = |node: usize| joined(&level[node * FAN..level.len().min((node + 1) * FAN)]);
            written = nodes.into_iter().map(|place| (place, node(place))).collect();
            at += 1;
        }
    }
}

impl Leaf {
    fn hash(&mut self, account: &Account) -> Digest {
        let Account { terms, funds, holdings, orders, standing, frozen, topped_up, loss_from, liquidation } = account;
        let dirty = std::mem::take(&mut self.dirty);
        if dirty & TERMS != 0 {
            self.terms = hash(terms);
        }
        if dirty & HOLDINGS != 0 {
            self.holdings = hash(holdings);
        }
        if dirty & ORDERS != 0 {
            self.orders = hash(orders);
        }
        let mut bytes = joined_bytes(&[self.terms, self.holdings, self.orders]);
        funds.encode(&mut bytes);
        standing.encode(&mut bytes);
        frozen.encode(&mut bytes);
        topped_up.encode(&mut bytes);
        loss_from.encode(&mut bytes);
        liquidation.encode(&mut bytes);
        hash(&Bytes(bytes))
    }
}

fn joined_bytes(digests: &[Digest]) -> Vec<u8> {
    digests.iter().flat_map(|digest| digest.0).collect()
}

fn joined(digests: &[Digest]) -> Digest {
    hash(&Bytes(joined_bytes(digests)))
}
