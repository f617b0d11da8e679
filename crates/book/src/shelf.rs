//! Everything that accounts hold of one underlying.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Timestamp, Underlying};
use plimsoll_margin::array::{Holding, Row, RowKey, Table};
use plimsoll_margin::watch::Exposure;
use plimsoll_numerics::prefetch;

use crate::narrow::{LOTS_NARROW, Narrow, narrow};
use crate::store::BookError;

/// Places that a new run is given.
const ROOM: u16 = 4;

/// The positions of all accounts in one underlying, each account's a run sorted by row.
#[derive(Clone, Debug)]
pub struct Shelf {
    underlying: Underlying,
    /// What the rows are, in the order of the underlying's table.
    keys: Vec<RowKey>,
    fingerprint: u64,
    /// The group of each row: what shares an expiry lies together.
    groups: Vec<u16>,
    accounts: Vec<AccountId>,
    /// By account: its slot, [`NONE`] where it never held anything here.
    slots: Vec<u32>,
    pub(crate) runs: Vec<Run>,
    pub(crate) positions: Vec<Narrow>,
    /// Slots whose lots do not fit those.
    wide: BTreeMap<u32, Vec<Holding>>,
}

/// Where an account's positions lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) len: u16,
    room: u16,
}

/// How far what a fill reads has been looked up.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// Where the account stands.
    Slot,
    /// Where its positions lie.
    Run,
    /// The positions.
    Held,
}

impl Run {
    /// Of the first places; `None` where there are more than a run can have.
    pub(crate) fn of(len: usize) -> Option<Self> {
        let len = u16::try_from(len).ok()?;
        Some(Self { start: 0, len, room: len })
    }

    pub(crate) const fn places(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }
}

const NONE: u32 = u32::MAX;

#[expect(clippy::cast_precision_loss, reason = "certificates keep more back than that loses")]
fn whole(lots: i64) -> f64 {
    lots as f64
}

/// Tells tables of other rows, or of the same in another order, from each other at the cost of one comparison.
///
/// # Source
/// FNV-1a, 64 bits.
pub(crate) fn fingerprint(table: &Table) -> u64 {
    let of_row = |row: &Row| {
        let mut bytes = row.name.as_bytes().to_vec();
        bytes.extend(row.name.len().to_le_bytes());
        bytes.extend(row.expiry.map_or(i64::MIN, Timestamp::nanos).to_le_bytes());
        bytes
    };
    let underlying = table.underlying();
    let bytes = underlying.as_str().bytes().chain(table.rows().iter().flat_map(of_row));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Shelf {
    pub(crate) fn new(table: &Table) -> Result<Self, BookError> {
        let rows = table.rows();
        let too_many = BookError::TooManyRows { underlying: table.underlying(), rows: rows.len() };
        u16::try_from(rows.len()).map_err(|_| too_many)?;
        let mut groups = Vec::with_capacity(rows.len());
        let mut group = 0;
        for (at, row) in rows.iter().enumerate() {
            group += u16::from(at > 0 && rows[at - 1].expiry != row.expiry);
            groups.push(group);
        }
        Ok(Self {
            underlying: table.underlying(),
            keys: rows.iter().map(|row| row.key).collect(),
            fingerprint: fingerprint(table),
            groups,
            accounts: Vec::new(),
            slots: Vec::new(),
            runs: Vec::new(),
            positions: Vec::new(),
            wide: BTreeMap::new(),
        })
    }

    /// What its positions are written on.
    #[must_use]
    pub fn underlying(&self) -> Underlying {
        self.underlying
    }

    /// What its rows are.
    #[must_use]
    pub fn keys(&self) -> &[RowKey] {
        &self.keys
    }

    pub(crate) fn groups(&self) -> &[u16] {
        &self.groups
    }

    /// The accounts that hold or held something here: a loss of a sweep each, in this order.
    #[must_use]
    pub fn accounts(&self) -> &[AccountId] {
        &self.accounts
    }

    /// Where `account` stands among [`Self::accounts`].
    #[must_use]
    pub fn slot(&self, account: AccountId) -> Option<usize> {
        let slot = *self.slots.get(account.0 as usize)?;
        (slot != NONE).then_some(slot as usize)
    }

    /// The positions of a slot, sorted by row.
    #[must_use]
    pub fn holdings(&self, slot: usize) -> Vec<Holding> {
        if let Some(wide) = self.held_wide(slot) {
            return wide.to_vec();
        }
        self.held(slot).iter().map(|held| held.holding()).collect()
    }

    /// Σ lots × what a lot of each row counts: of a slot's positions, at their marks for one.
    #[must_use]
    pub fn worth(&self, slot: usize, of: &[i64]) -> i128 {
        if let Some(wide) = self.held_wide(slot) {
            return wide.iter().map(|held| i128::from(held.lots) * i128::from(of[held.row])).sum();
        }
        self.held(slot).iter().map(|held| i128::from(held.lots) * i128::from(of[held.row()])).sum()
    }

    /// What a slot holds as exposures to the figures of a source, whose rows are the shelf's.
    pub fn exposures(&self, slot: usize, source: usize, into: &mut Vec<Exposure>) {
        into.clear();
        if let Some(wide) = self.held_wide(slot) {
            into.extend(wide.iter().map(|held| Exposure { source, row: held.row, lots: whole(held.lots), nets: true }));
            return;
        }
        let of = |held: &Narrow| Exposure { source, row: held.row(), lots: f64::from(held.lots), nets: true };
        into.extend(self.held(slot).iter().map(of));
    }

    /// The [fingerprint](fingerprint) of its rows.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// What a slot holds that is swept apart.
    pub(crate) fn held_wide(&self, slot: usize) -> Option<&[Holding]> {
        u32::try_from(slot).ok().and_then(|slot| self.wide.get(&slot)).map(Vec::as_slice)
    }

    /// Slots that are swept apart, with what they hold: more lots than six bytes count.
    pub(crate) fn wide(&self) -> impl Iterator<Item = (usize, &[Holding])> {
        self.wide.iter().map(|(slot, held)| (*slot as usize, held.as_slice()))
    }

    /// Positions that are held.
    #[must_use]
    pub fn positions(&self) -> usize {
        let narrow: usize = self.runs.iter().map(|run| usize::from(run.len)).sum();
        narrow + self.wide.values().map(Vec::len).sum::<usize>()
    }

    /// Places without a position: what [`Self::compact`] gives back.
    #[must_use]
    pub fn vacant(&self) -> usize {
        self.positions.len() - self.runs.iter().map(|run| usize::from(run.len)).sum::<usize>()
    }

    /// Memory that it takes, without what they could still grow into.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.accounts)
            + size_of_val(&*self.slots)
            + size_of_val(&*self.runs)
            + size_of_val(&*self.positions)
            + self.wide.values().map(|held| size_of_val(&**held)).sum::<usize>()
    }

    /// Asks for what a fill of `account` reads, in as many steps as there are places to look it up one after the other: for
    /// who makes many, step by step before it.
    pub(crate) fn ask_for(&self, account: AccountId, step: Step) {
        let slot = self.slots.get(account.index());
        match step {
            Step::Slot => slot.into_iter().for_each(prefetch),
            Step::Run => slot.and_then(|slot| self.runs.get(*slot as usize)).into_iter().for_each(prefetch),
            Step::Held => {
                let run = slot.and_then(|slot| self.runs.get(*slot as usize));
                run.into_iter().for_each(|run| prefetch(&self.positions[run.places()]));
            }
        }
    }

    /// What a slot holds that is not swept apart.
    fn held(&self, slot: usize) -> &[Narrow] {
        &self.positions[self.runs[slot].places()]
    }

    /// Adds `lots` to a position, opening it where there is none and closing it at zero.
    pub(crate) fn fill(&mut self, account: AccountId, row: u16, lots: i64) -> Result<(), BookError> {
        if lots == 0 {
            return Ok(());
        }
        let slot = self.slot_for(account)?;
        let wide = self.wide.contains_key(&slot);
        if wide || !self.fill_narrow(slot, row, lots)? {
            self.fill_wide(slot, row, lots, account)?;
        }
        Ok(())
    }

    fn slot_for(&mut self, account: AccountId) -> Result<u32, BookError> {
        let at = account.0 as usize;
        if let Some(slot) = self.slots.get(at).filter(|slot| **slot != NONE) {
            return Ok(*slot);
        }
        let slot = u32::try_from(self.accounts.len()).ok().filter(|slot| *slot != NONE).ok_or(BookError::Full)?;
        let missing = (at + 1).saturating_sub(self.slots.len());
        self.slots.try_reserve(missing).map_err(|_| BookError::Full)?;
        let start = self.append(ROOM)?;
        self.slots.resize(self.slots.len() + missing, NONE);
        self.accounts.push(account);
        self.runs.push(Run { start, len: 0, room: ROOM });
        self.slots[at] = slot;
        Ok(slot)
    }

    /// New places at the end.
    fn append(&mut self, room: u16) -> Result<u32, BookError> {
        let end = self.positions.len() + usize::from(room);
        let (Ok(start), Ok(_)) = (u32::try_from(self.positions.len()), u32::try_from(end)) else {
            return Err(BookError::Full);
        };
        self.positions.resize(end, Narrow::default());
        Ok(start)
    }

    /// Fills what is narrow; false, with nothing changed, where the lots then do not fit.
    fn fill_narrow(&mut self, slot: u32, row: u16, lots: i64) -> Result<bool, BookError> {
        let held = &mut self.positions[self.runs[slot as usize].places()];
        // In one go over all: no branch whose way nobody can foretell, as a search would have.
        let (mut at, mut gross) = (0, 0);
        for position in &*held {
            at += usize::from(position.row < row);
            gross += u64::from({ position.lots }.unsigned_abs());
        }
        let found = held.get(at).is_some_and(|held| held.row == row);
        let now = if found { i64::from(held[at].lots) } else { 0 };
        let Some(Ok(sum)) = now.checked_add(lots).map(i32::try_from) else { return Ok(false) };
        let others = gross - now.unsigned_abs();
        if sum == i32::MIN || others + u64::from(sum.unsigned_abs()) >= LOTS_NARROW {
            return Ok(false);
        }
        match (found, sum) {
            (true, 0) => self.remove(slot, at),
            (true, _) => held[at].lots = sum,
            (false, 0) => {}
            (false, _) => self.insert(slot, at, Narrow { row, lots: sum })?,
        }
        Ok(true)
    }

    fn remove(&mut self, slot: u32, at: usize) {
        let run = &mut self.runs[slot as usize];
        let places = run.places();
        self.positions.copy_within(places.start + at + 1..places.end, places.start + at);
        run.len -= 1;
    }

    /// Puts a position into its run, which moves to the end where it has no room left.
    fn insert(&mut self, slot: u32, at: usize, new: Narrow) -> Result<(), BookError> {
        let run = self.runs[slot as usize];
        if run.len == run.room {
            let room = run.room.saturating_add(run.room / 2 + ROOM);
            let start = self.append(room)?;
            self.positions.copy_within(run.places(), start as usize);
            self.runs[slot as usize] = Run { start, room, ..run };
        }
        let run = &mut self.runs[slot as usize];
        let places = run.places();
        self.positions.copy_within(places.start + at..places.end, places.start + at + 1);
        self.positions[places.start + at] = new;
        run.len += 1;
        Ok(())
    }

    /// Fills what is swept apart, and brings the account back to the others once its lots fit.
    fn fill_wide(&mut self, slot: u32, row: u16, lots: i64, account: AccountId) -> Result<(), BookError> {
        let mut held = self.holdings(slot as usize);
        let row = usize::from(row);
        let at = held.partition_point(|held| held.row < row);
        let overflow = BookError::TooManyLots { account, underlying: self.underlying, lots };
        match held.get_mut(at).filter(|held| held.row == row) {
            Some(found) => {
                found.lots = found.lots.checked_add(lots).filter(|sum| *sum != i64::MIN).ok_or(overflow)?;
            }
            None if lots == i64::MIN => return Err(overflow),
            None => held.insert(at, Holding { row, lots }),
        }
        held.retain(|held| held.lots != 0);
        match narrow(&held) {
            None => {
                self.runs[slot as usize].len = 0;
                self.wide.insert(slot, held);
            }
            Some(narrow) => {
                // New places first: where there are none, nothing has changed.
                let run = Run::of(narrow.len()).ok_or(BookError::Full)?;
                let run = Run { start: self.append(run.room)?, ..run };
                self.positions[run.places()].copy_from_slice(&narrow);
                self.runs[slot as usize] = run;
                self.wide.remove(&slot);
            }
        }
        Ok(())
    }

    /// Moves runs together, in the order of the slots, each with no more room than it has positions.
    pub fn compact(&mut self) {
        let count = self.runs.iter().map(|run| usize::from(run.len)).sum();
        let mut positions = Vec::with_capacity(count);
        let (mut start, mut runs) = (0, Vec::with_capacity(self.runs.len()));
        for run in &self.runs {
            positions.extend_from_slice(&self.positions[run.places()]);
            runs.push(Run { start, len: run.len, room: run.len });
            start += u32::from(run.len);
        }
        (self.positions, self.runs) = (positions, runs);
        self.accounts.shrink_to_fit();
        self.slots.shrink_to_fit();
    }
}
