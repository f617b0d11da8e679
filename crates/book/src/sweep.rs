//! A model's pass for all accounts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread;

use plimsoll_margin::array::Holding;
use plimsoll_margin::pass::Pass;
use plimsoll_numerics::{Level, dispatch_at};

use crate::arrays::{Arrays, FEW, MANY};
use crate::kernel::{Positions, Runs};
use crate::narrow::narrow;
use crate::shelf::{Run, Shelf, fingerprint};

/// Losses in a pass's grains, at least zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// One for each of the shelf's accounts.
    pub narrow: Vec<i64>,
    /// Of slots whose lots or cells take 128 bits; theirs among the others is zero.
    pub wide: BTreeMap<usize, i128>,
}

impl Losses {
    /// The loss of a slot.
    #[must_use]
    pub fn of(&self, slot: usize) -> i128 {
        self.wide.get(&slot).copied().unwrap_or_else(|| self.narrow[slot].into())
    }
}

/// A pass made ready for many accounts: its columns as the kernels read them.
pub struct Sweep<'a> {
    pass: Pass<'a>,
    columns: Columns,
    /// Of its table's rows.
    fingerprint: u64,
    level: Level,
}

/// Runs that are worth a thread.
const PIECE: usize = 256;
/// Runs that are read before they are summed.
const NEAR: usize = 256;

enum Columns {
    Few(Arrays<FEW>),
    Many(Arrays<MANY>),
    /// Cells of 64 bits, which are summed account by account.
    Wide,
}

impl<'a> Sweep<'a> {
    /// Lays out the columns of `pass`, for the widest instructions of this CPU.
    #[must_use]
    pub fn new(pass: Pass<'a>) -> Self {
        let few = pass.columns.len() <= 2 * FEW;
        let columns = if few { Arrays::of(&pass).map(Columns::Few) } else { Arrays::of(&pass).map(Columns::Many) };
        let fingerprint = fingerprint(pass.table);
        Self { pass, columns: columns.unwrap_or(Columns::Wide), fingerprint, level: Level::best() }
    }

    /// The same with the instructions of one level, for tests and measurements: the losses are the same at every level.
    #[must_use]
    pub fn at(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// The pass.
    #[must_use]
    pub fn pass(&self) -> &Pass<'a> {
        &self.pass
    }

    /// The loss of every account on `shelf`, on at most so many threads; what is wide is summed on this one.
    ///
    /// # Panics
    /// When the pass's table has other rows than the shelf.
    #[must_use]
    pub fn all(&self, shelf: &Shelf, threads: NonZeroUsize) -> Losses {
        self.check(shelf);
        let mut losses = Losses { narrow: vec![0; shelf.runs.len()], wide: BTreeMap::new() };
        if matches!(self.columns, Columns::Wide) {
            let each = (0..shelf.runs.len()).map(|slot| (slot, self.pass.loss(&shelf.holdings(slot))));
            losses.wide = each.collect();
            return losses;
        }
        let piece = shelf.runs.len().div_ceil(threads.get()).max(PIECE);
        let mut pieces = shelf.runs.chunks(piece).zip(losses.narrow.chunks_mut(piece));
        let first = pieces.next();
        thread::scope(|scope| {
            for (runs, losses) in pieces {
                scope.spawn(move || self.run(Positions::of(shelf), runs, losses));
            }
            if let Some((runs, losses)) = first {
                self.run(Positions::of(shelf), runs, losses);
            }
        });
        losses.wide = shelf.wide().map(|(slot, held)| (slot, self.pass.loss(held))).collect();
        losses
    }

    /// The losses of some slots of `shelf`, in their order.
    ///
    /// # Panics
    /// When the pass's table has other rows than the shelf, or the shelf no such slot.
    #[must_use]
    pub fn some(&self, shelf: &Shelf, slots: &[usize]) -> Vec<i128> {
        self.check(shelf);
        if matches!(self.columns, Columns::Wide) {
            return slots.iter().map(|slot| self.pass.loss(&shelf.holdings(*slot))).collect();
        }
        let mut narrow = vec![0; slots.len()];
        for (slots, losses) in slots.chunks(NEAR).zip(narrow.chunks_mut(NEAR)) {
            let runs: Vec<Run> = slots.iter().map(|slot| shelf.runs[*slot]).collect();
            self.run(Positions::of(shelf), &runs, losses);
        }
        let each = slots.iter().zip(narrow);
        each.map(|(slot, loss)| shelf.held_wide(*slot).map_or(loss.into(), |held| self.pass.loss(held))).collect()
    }

    /// The loss of a slot of `shelf` if it held `more` as well: what a check before a trade asks.
    ///
    /// # Panics
    /// As [`Self::some`]; when `more` has a row that the table lacks.
    #[must_use]
    pub fn with(&self, shelf: &Shelf, slot: usize, more: Holding) -> i128 {
        self.check(shelf);
        let mut held = shelf.holdings(slot);
        let at = held.partition_point(|held| held.row < more.row);
        match held.get_mut(at).filter(|held| held.row == more.row) {
            Some(found) => match found.lots.checked_add(more.lots).filter(|sum| *sum != i64::MIN) {
                Some(lots) => found.lots = lots,
                None => held.insert(at, more),
            },
            None => held.insert(at, more),
        }
        let positions = if matches!(self.columns, Columns::Wide) { None } else { narrow(&held) };
        let Some(positions) = positions else { return self.pass.loss(&held) };
        let Some(run) = Run::of(positions.len()) else { return self.pass.loss(&held) };
        let mut loss = [0];
        self.run(Positions { groups: shelf.groups(), all: &positions }, &[run], &mut loss);
        loss[0].into()
    }

    fn check(&self, shelf: &Shelf) {
        assert_eq!(self.fingerprint, shelf.fingerprint(), "the pass's table has the shelf's rows");
    }

    fn run(&self, positions: Positions<'_>, runs: &[Run], losses: &mut [i64]) {
        let Pass { fold, combine, .. } = self.pass;
        match &self.columns {
            Columns::Few(arrays) => {
                let (cells, blocks) = (arrays.blocks_of_rows(), arrays.blocks);
                let runs = Runs::<FEW, { 2 * FEW }> { cells, blocks, positions, runs, fold, combine, losses };
                dispatch_at(self.level, runs);
            }
            Columns::Many(arrays) => {
                let (cells, blocks) = (arrays.blocks_of_rows(), arrays.blocks);
                let runs = Runs::<MANY, { 2 * MANY }> { cells, blocks, positions, runs, fold, combine, losses };
                dispatch_at(self.level, runs);
            }
            Columns::Wide => {}
        }
    }
}
