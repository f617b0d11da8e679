//! The state's hash, kept leaf by leaf.
//!
//! An account is a leaf: the hashes of its terms, its holdings and its orders, and then whatever else it is. Eight leaves
//! are a node, eight nodes one above; the root is the hash of the topmost and of everything that is no account. Between two
//! roots only what events touched is hashed again, and the nodes above it.

use std::num::NonZeroUsize;

use plimsoll_book::threads::each;
use plimsoll_core::{AccountId, Digest, Encode, hash_bytes};

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

/// Accounts whose bytes are taken at once: of a state that is hashed whole no second copy is made.
const AT_ONCE: usize = 4_096;
/// Of those, accounts that are one thread's.
const SHARE: usize = 128;

/// Which accounts events touched, and in what.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// By account, what of it is to be hashed again.
    parts: Vec<u8>,
    /// Accounts to be hashed again, in the order they were noted.
    noted: Vec<AccountId>,
}

/// The bytes of what changed, apart from the state that they are of: whoever hashes them needs no more.
#[derive(Debug)]
pub struct Changed {
    accounts: Vec<ChangedAccount>,
    bytes: Vec<u8>,
}

/// Where an account's bytes end: of its terms, its holdings, its orders where they changed, and of whatever else it is.
#[derive(Debug)]
struct ChangedAccount {
    place: usize,
    parts: u8,
    ends: [usize; 4],
}

/// Hashes of accounts, and of the nodes above them: a cache, worth what the state is that it was made of.
#[derive(Clone, Debug, Default)]
pub struct Digests {
    /// By account, its terms, holdings and orders.
    parts: Vec<[Digest; 3]>,
    /// The hashes of accounts, of nodes of eight, and so on; the last is one.
    levels: Vec<Vec<Digest>>,
    /// Accounts hashed since the last root.
    written: Vec<(usize, Digest)>,
}

/// One account, hashed.
struct Hashed {
    place: usize,
    parts: [Digest; 3],
    leaf: Digest,
}

/// Of what was never hashed.
const NONE: [Digest; 3] = [Digest([0; 32]); 3];

/// The hash of a state, kept while events change it.
#[derive(Clone, Debug, Default)]
pub struct StateHash {
    /// What is to be hashed again.
    pub changes: Changes,
    /// What was hashed.
    pub digests: Digests,
    threads: Option<NonZeroUsize>,
}

impl StateHash {
    /// Of `state`, whole.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut all = Self::default();
        state.numbered().for_each(|(account, _)| all.changes.note(account, ALL));
        all
    }

    /// The same, hashed on at most so many threads where there is much of it.
    #[must_use]
    pub fn on(self, threads: NonZeroUsize) -> Self {
        Self { threads: Some(threads), ..self }
    }

    /// Notes what `event` touched.
    pub fn touched(&mut self, event: &Event) {
        self.changes.touched(event);
    }

    /// Hashes what was touched again.
    pub fn catch_up(&mut self, state: &State) {
        while !self.changes.noted.is_empty() {
            let noted = self.changes.first(AT_ONCE);
            let shares: Vec<&[(AccountId, u8)]> = noted.chunks(SHARE).collect();
            let threads = self.threads.unwrap_or(NonZeroUsize::MIN);
            let hashed = each(&shares, threads, |share| self.digests.hashed(&Changed::of(state, share)));
            hashed.iter().for_each(|hashed| self.digests.write(hashed));
        }
    }

    /// The root, with what was touched hashed again.
    pub fn root(&mut self, state: &State) -> Digest {
        self.catch_up(state);
        let mut rest = Vec::new();
        state.rest_encoded(&mut rest);
        self.digests.root(&rest)
    }
}

impl Changes {
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
        if self.parts.len() <= account.index() {
            self.parts.resize(account.index() + 1, ALL & !NOTED);
        }
        let known = &mut self.parts[account.index()];
        if *known & NOTED == 0 {
            self.noted.push(account);
        }
        *known |= parts;
    }

    /// The bytes of what changed: nothing is noted any more.
    pub fn taken(&mut self, state: &State) -> Changed {
        let noted = self.first(usize::MAX);
        Changed::of(state, &noted)
    }

    /// The first `most` accounts and what of them is to be hashed again; they are no longer noted.
    fn first(&mut self, most: usize) -> Vec<(AccountId, u8)> {
        self.noted.sort_unstable();
        let count = most.min(self.noted.len());
        let noted = self.noted.drain(..count);
        noted.filter_map(|id| Some((id, std::mem::take(self.parts.get_mut(id.index())?)))).collect()
    }
}

impl Changed {
    fn of(state: &State, noted: &[(AccountId, u8)]) -> Self {
        let mut changed = Self { accounts: Vec::with_capacity(noted.len()), bytes: Vec::new() };
        for (id, parts) in noted {
            if let Some(account) = state.account(*id) {
                changed.add(id.index(), *parts, account);
            }
        }
        changed
    }

    fn add(&mut self, place: usize, parts: u8, account: &Account) {
        let Account { terms, funds, holdings, orders, standing, frozen, topped_up, loss_from, liquidation, shared } =
            account;
        let bytes = &mut self.bytes;
        let mut ends = [0; 4];
        if parts & TERMS != 0 {
            terms.encode(bytes);
        }
        ends[0] = bytes.len();
        if parts & HOLDINGS != 0 {
            holdings.encode(bytes);
        }
        ends[1] = bytes.len();
        if parts & ORDERS != 0 {
            orders.encode(bytes);
        }
        ends[2] = bytes.len();
        funds.encode(bytes);
        standing.encode(bytes);
        frozen.encode(bytes);
        topped_up.encode(bytes);
        loss_from.encode(bytes);
        liquidation.encode(bytes);
        shared.encode(bytes);
        ends[3] = bytes.len();
        self.accounts.push(ChangedAccount { place, parts, ends });
    }
}

impl Digests {
    /// Hashes what changed. Absorbing the same again changes nothing.
    pub fn absorb(&mut self, changed: &Changed) {
        let hashed = self.hashed(changed);
        self.write(&hashed);
    }

    /// What changed, hashed beside what is known of the same accounts.
    fn hashed(&self, changed: &Changed) -> Vec<Hashed> {
        let (mut all, mut start) = (Vec::with_capacity(changed.accounts.len()), 0);
        for ChangedAccount { place, parts, ends } in &changed.accounts {
            let mut digests = self.parts.get(*place).copied().unwrap_or(NONE);
            for (at, part) in [TERMS, HOLDINGS, ORDERS].into_iter().enumerate() {
                if parts & part != 0 {
                    digests[at] = hash_bytes(&changed.bytes[start..ends[at]]);
                }
                start = ends[at];
            }
            let mut bytes = joined_bytes(&digests);
            bytes.extend_from_slice(&changed.bytes[start..ends[3]]);
            start = ends[3];
            all.push(Hashed { place: *place, parts: digests, leaf: hash_bytes(&bytes) });
        }
        all
    }

    fn write(&mut self, hashed: &[Hashed]) {
        for Hashed { place, parts, leaf } in hashed {
            if self.parts.len() <= *place {
                self.parts.resize(*place + 1, NONE);
            }
            self.parts[*place] = *parts;
            self.written.push((*place, *leaf));
        }
    }

    /// The root of what was absorbed, and of the bytes of everything that is no account.
    pub fn root(&mut self, rest: &[u8]) -> Digest {
        let written = std::mem::take(&mut self.written);
        let mut bytes = self.topmost(written).0.to_vec();
        bytes.extend_from_slice(rest);
        hash_bytes(&bytes)
    }

    /// The node above all, once these digests are written at their places.
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

fn joined_bytes(digests: &[Digest]) -> Vec<u8> {
    digests.iter().flat_map(|digest| digest.0).collect()
}

fn joined(digests: &[Digest]) -> Digest {
    hash_bytes(&joined_bytes(digests))
}
