//! A model's pass for all accounts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread;

use plimsoll_margin::pass::{Combine, Fold, Pass, Share};
use plimsoll_numerics::{Kernel, Level, dispatch_at};

use crate::arrays::{Arrays, FEW, LANES};
use crate::shelf::{Run, Shelf};

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

/// The loss of every account on `shelf` in `pass`, whose table has the shelf's rows.
///
/// # Panics
/// When the table has other rows.
#[must_use]
pub fn sweep(shelf: &Shelf, pass: &Pass<'_>, threads: NonZeroUsize) -> Losses {
    sweep_at(Level::best(), shelf, pass, threads)
}

/// The same with the instructions of one level, for tests and measurements: the losses are the same at every level.
///
/// # Panics
/// When the table has other rows.
#[must_use]
pub fn sweep_at(level: Level, shelf: &Shelf, pass: &Pass<'_>, threads: NonZeroUsize) -> Losses {
    assert!(
        pass.table.rows().iter().map(|row| row.key).eq(shelf.keys().iter().copied()),
        "a table of the shelf's rows"
    );
    let mut losses = Losses { narrow: vec![0; shelf.runs.len()], wide: BTreeMap::new() };
    let few = pass.columns.len() <= FEW;
    let done = if few {
        Arrays::<FEW>::of(pass).map(|arrays| all(level, shelf, pass, &arrays, threads, &mut losses.narrow))
    } else {
        Arrays::<LANES>::of(pass).map(|arrays| all(level, shelf, pass, &arrays, threads, &mut losses.narrow))
    };
    if done.is_none() {
        losses.wide = (0..shelf.runs.len()).map(|slot| (slot, pass.loss(&shelf.holdings(slot)))).collect();
    }
    losses.wide.extend(shelf.wide().map(|(slot, held)| (slot, pass.loss(held))));
    losses
}

/// Every run, in as many pieces as there are threads.
fn all<const L: usize>(
    level: Level,
    shelf: &Shelf,
    pass: &Pass<'_>,
    arrays: &Arrays<L>,
    threads: NonZeroUsize,
    losses: &mut [i64],
) {
    let piece = shelf.runs.len().div_ceil(threads.get()).max(1);
    let kernel = |runs, losses| Runs {
        cells: arrays.cells(),
        blocks: arrays.blocks,
        groups: shelf.groups(),
        rows: &shelf.rows,
        lots: &shelf.lots,
        runs,
        fold: pass.fold,
        combine: pass.combine,
        losses,
    };
    let mut pieces = shelf.runs.chunks(piece).zip(losses.chunks_mut(piece));
    let first = pieces.next();
    thread::scope(|scope| {
        for (runs, losses) in pieces {
            scope.spawn(move || dispatch_at(level, kernel(runs, losses)));
        }
        if let Some((runs, losses)) = first {
            dispatch_at(level, kernel(runs, losses));
        }
    });
}

/// Some accounts' runs.
struct Runs<'a, const L: usize> {
    cells: &'a [[i32; L]],
    blocks: usize,
    groups: &'a [u16],
    rows: &'a [u16],
    lots: &'a [i32],
    runs: &'a [Run],
    fold: Fold,
    combine: Combine,
    losses: &'a mut [i64],
}

impl<const L: usize> Kernel for Runs<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { cells, blocks, groups, rows, lots, runs, fold, combine, losses } = self;
        let held = |run: &Run| Held { cells, blocks, groups, rows: &rows[run.places()], lots: &lots[run.places()] };
        let each = runs.iter().zip(losses);
        match (combine, fold) {
            (Combine::WorstOfSum, Fold::Plain) => each.for_each(|(run, loss)| *loss = held(run).flat()),
            (Combine::WorstOfSum, fold) => {
                each.for_each(|(run, loss)| *loss = held(run).worst_of_sum(|sum| folded(fold, sum)));
            }
            (Combine::SumOfWorsts, Fold::Plain) => {
                each.for_each(|(run, loss)| *loss = held(run).sum_of_worsts(|sum| sum));
            }
            (Combine::SumOfWorsts, fold) => {
                each.for_each(|(run, loss)| *loss = held(run).sum_of_worsts(|sum| folded(fold, sum)));
            }
        }
    }
}

/// A group's sum, folded. Sums are within 2⁶³, so that a share of one is too, taken from its two parts.
#[inline(always)]
fn folded(fold: Fold, sum: i64) -> i64 {
    match fold {
        Fold::Plain => sum,
        Fold::Absolute => -sum.abs(),
        Fold::Sides { gains, losses } => {
            let share = i64::from(if sum < 0 { losses.count() } else { gains.count() });
            let (above, below) = (sum >> Share::BITS, sum & ((1 << Share::BITS) - 1));
            above * share + ((below * share) >> Share::BITS)
        }
    }
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
    /// What the positions gain in the columns of a block.
    #[inline(always)]
    fn sums(&self, block: usize) -> [i64; L] {
        let mut sums = [0; L];
        for (row, lots) in self.rows.iter().zip(self.lots) {
            let cells = &self.cells[usize::from(*row) * self.blocks + block];
            for (sum, cell) in sums.iter_mut().zip(cells) {
                *sum += i64::from(*lots) * i64::from(*cell);
            }
        }
        sums
    }

    /// The worst column of all positions.
    #[inline(always)]
    fn flat(&self) -> i64 {
        (0..self.blocks).map(|block| worst(&self.sums(block))).fold(0, i64::max)
    }

    /// The groups, in their order.
    #[inline(always)]
    fn by_group(self) -> impl Iterator<Item = Self> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let group = self.groups[usize::from(*self.rows.get(start)?)];
            let rest = &self.rows[start..];
            let same = rest.iter().take_while(|row| self.groups[usize::from(**row)] == group).count();
            let (rows, lots) = (&rest[..same], &self.lots[start..start + same]);
            start += same;
            Some(Self { rows, lots, ..self })
        })
    }

    #[inline(always)]
    fn worst_of_sum(&self, fold: impl Fn(i64) -> i64) -> i64 {
        let mut most = 0;
        for block in 0..self.blocks {
            let mut sums = [0; L];
            for group in self.by_group() {
                for (sum, of_group) in sums.iter_mut().zip(group.sums(block)) {
                    *sum += fold(of_group);
                }
            }
            most = most.max(worst(&sums));
        }
        most
    }

    #[inline(always)]
    fn sum_of_worsts(&self, fold: impl Fn(i64) -> i64) -> i64 {
        let of_group = |group: Self| {
            let of_block = |block| worst(&group.sums(block).map(&fold));
            (0..self.blocks).map(of_block).fold(0, i64::max)
        };
        self.by_group().map(of_group).sum()
    }
}

/// The largest loss of a vector, at least zero.
#[inline(always)]
fn worst<const L: usize>(sums: &[i64; L]) -> i64 {
    -sums.iter().fold(0, |least, sum| *sum.min(&least))
}
