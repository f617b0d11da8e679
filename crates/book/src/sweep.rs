//! A model's pass for all accounts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread;

use plimsoll_margin::array::Holding;
use plimsoll_margin::pass::{Combine, Fold, Pass, Share};
use plimsoll_numerics::{Kernel, Level, dispatch_at};

use crate::arrays::{Arrays, FEW, LANES};
use crate::shelf::{Run, Shelf, columns, fingerprint};

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

enum Columns {
    Few(Arrays<FEW>),
    Many(Arrays<LANES>),
    /// Cells of 64 bits, which are summed account by account.
    Wide,
}

impl<'a> Sweep<'a> {
    /// Lays out the columns of `pass`, for the widest instructions of this CPU.
    #[must_use]
    pub fn new(pass: Pass<'a>) -> Self {
        let few = pass.columns.len() <= FEW;
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
        let runs: Vec<Run> = slots.iter().map(|slot| shelf.runs[*slot]).collect();
        let mut narrow = vec![0; runs.len()];
        self.run(Positions::of(shelf), &runs, &mut narrow);
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
        let narrow = if matches!(self.columns, Columns::Wide) { None } else { columns(&held) };
        let Some((rows, lots)) = narrow else { return self.pass.loss(&held) };
        let Some(run) = Run::of(rows.len()) else { return self.pass.loss(&held) };
        let mut loss = [0];
        self.run(Positions { groups: shelf.groups(), rows: &rows, lots: &lots }, &[run], &mut loss);
        loss[0].into()
    }

    fn check(&self, shelf: &Shelf) {
        assert_eq!(self.fingerprint, shelf.fingerprint(), "the pass's table has the shelf's rows");
    }

    fn run(&self, positions: Positions<'_>, runs: &[Run], losses: &mut [i64]) {
        let Pass { fold, combine, .. } = self.pass;
        match &self.columns {
            Columns::Few(arrays) => {
                let (cells, blocks) = (arrays.cells(), arrays.blocks);
                dispatch_at(self.level, Runs { cells, blocks, positions, runs, fold, combine, losses });
            }
            Columns::Many(arrays) => {
                let (cells, blocks) = (arrays.cells(), arrays.blocks);
                dispatch_at(self.level, Runs { cells, blocks, positions, runs, fold, combine, losses });
            }
            Columns::Wide => {}
        }
    }
}

/// A shelf's columns.
#[derive(Clone, Copy)]
struct Positions<'a> {
    groups: &'a [u16],
    rows: &'a [u16],
    lots: &'a [i32],
}

impl<'a> Positions<'a> {
    fn of(shelf: &'a Shelf) -> Self {
        Self { groups: shelf.groups(), rows: &shelf.rows, lots: &shelf.lots }
    }
}

/// Some accounts' runs.
struct Runs<'a, const L: usize> {
    cells: &'a [[i32; L]],
    blocks: usize,
    positions: Positions<'a>,
    runs: &'a [Run],
    fold: Fold,
    combine: Combine,
    losses: &'a mut [i64],
}

impl<const L: usize> Kernel for Runs<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { cells, blocks, positions: Positions { groups, rows, lots }, runs, fold, combine, losses } = self;
        for (run, loss) in runs.iter().zip(losses) {
            let held = Held { cells, blocks, groups, rows: &rows[run.places()], lots: &lots[run.places()] };
            *loss = match (combine, fold) {
                (Combine::WorstOfSum, Fold::Plain) => held.flat(),
                (Combine::WorstOfSum, fold) => held.worst_of_sum(fold),
                (Combine::SumOfWorsts, fold) => held.sum_of_worsts(fold),
            };
        }
    }
}

/// A group's sums, folded. They are within 2⁶³, so that a share of one is too, taken from its two parts.
#[inline(always)]
fn folded<const L: usize>(fold: Fold, mut sums: [i64; L]) -> [i64; L] {
    match fold {
        Fold::Plain => {}
        Fold::Absolute => {
            for sum in &mut sums {
                *sum = -sum.abs();
            }
        }
        Fold::Sides { gains, losses } => {
            let (gains, losses) = (i64::from(gains.count()), i64::from(losses.count()));
            for sum in &mut sums {
                let share = if *sum < 0 { losses } else { gains };
                let (above, below) = (*sum >> Share::BITS, *sum & ((1 << Share::BITS) - 1));
                *sum = above * share + ((below * share) >> Share::BITS);
            }
        }
    }
    sums
}

/// One account's positions.
#[derive(Clone, Copy)]
struct Held<'a, const L: usize> {
    cells: &'a [[i32; L]],
    blocks: usize,
    groups: &'a [u16],
    rows: &'a [u16],
    lots: &'a [i32],
}

impl<const L: usize> Held<'_, L> {
    /// Adds what a position gains in the columns of a block.
    #[inline(always)]
    fn add_position(&self, block: usize, at: usize, sums: &mut [i64; L]) {
        let (row, lots) = (usize::from(self.rows[at]), i64::from(self.lots[at]));
        let cells = &self.cells[row * self.blocks + block];
        for lane in 0..L {
            sums[lane] += lots * i64::from(cells[lane]);
        }
    }

    /// What the positions from `start` to `end` gain in the columns of a block.
    #[inline(always)]
    fn sums(&self, block: usize, start: usize, end: usize) -> [i64; L] {
        let mut sums = [0; L];
        for at in start..end {
            self.add_position(block, at, &mut sums);
        }
        sums
    }

    #[inline(always)]
    fn begins_group(&self, at: usize) -> bool {
        self.groups[usize::from(self.rows[at])] != self.groups[usize::from(self.rows[at - 1])]
    }

    /// The worst column of all positions.
    #[inline(always)]
    fn flat(&self) -> i64 {
        let mut most = 0;
        for block in 0..self.blocks {
            most = most.max(worst(&self.sums(block, 0, self.rows.len())));
        }
        most
    }

    /// Where the group ends that begins at `start`.
    #[inline(always)]
    fn end_of_group(&self, start: usize) -> usize {
        let mut end = start + 1;
        while end < self.rows.len() && !self.begins_group(end) {
            end += 1;
        }
        end
    }

    #[inline(always)]
    fn worst_of_sum(&self, fold: Fold) -> i64 {
        let mut most = 0;
        for block in 0..self.blocks {
            let (mut sums, mut of_group) = ([0; L], [0; L]);
            for at in 0..self.rows.len() {
                if at > 0 && self.begins_group(at) {
                    add(&mut sums, &folded(fold, of_group));
                    of_group = [0; L];
                }
                self.add_position(block, at, &mut of_group);
            }
            add(&mut sums, &folded(fold, of_group));
            most = most.max(worst(&sums));
        }
        most
    }

    #[inline(always)]
    fn sum_of_worsts(&self, fold: Fold) -> i64 {
        if self.blocks == 1 {
            return self.sum_of_worsts_of_one(fold);
        }
        let (mut sum, mut start) = (0, 0);
        while start < self.rows.len() {
            let (end, mut most) = (self.end_of_group(start), 0);
            for block in 0..self.blocks {
                most = most.max(worst(&folded(fold, self.sums(block, start, end))));
            }
            sum += most;
            start = end;
        }
        sum
    }

    /// Where all columns are one block, each position is looked at once.
    #[inline(always)]
    fn sum_of_worsts_of_one(&self, fold: Fold) -> i64 {
        let (mut sum, mut of_group) = (0, [0; L]);
        for at in 0..self.rows.len() {
            if at > 0 && self.begins_group(at) {
                sum += worst(&folded(fold, of_group));
                of_group = [0; L];
            }
            self.add_position(0, at, &mut of_group);
        }
        sum + worst(&folded(fold, of_group))
    }
}

#[inline(always)]
fn add<const L: usize>(sums: &mut [i64; L], more: &[i64; L]) {
    for lane in 0..L {
        sums[lane] += more[lane];
    }
}

/// The largest loss of a vector, at least zero.
#[inline(always)]
fn worst<const L: usize>(sums: &[i64; L]) -> i64 {
    let mut least = 0;
    for sum in sums {
        least = if *sum < least { *sum } else { least };
    }
    -least
}
