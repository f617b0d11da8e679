//! The inner loops of a pass, compiled for every level of instructions: loops over arrays of a fixed length, written out
//! and inlined whole, since what is not inlined is compiled for the baseline.

use plimsoll_margin::pass::{Combine, Fold, Share};
use plimsoll_numerics::{Kernel, prefetch};

use crate::narrow::Narrow;
use crate::shelf::{Run, Shelf};

/// What a shelf's accounts hold.
#[derive(Clone, Copy)]
pub(crate) struct Positions<'a> {
    pub(crate) groups: &'a [u16],
    pub(crate) all: &'a [Narrow],
}

impl<'a> Positions<'a> {
    pub(crate) fn of(shelf: &'a Shelf) -> Self {
        Self { groups: shelf.groups(), all: &shelf.positions }
    }
}

/// A pass over some accounts' runs: `P` pairs are the `L` columns of a block, whose sums are of each pair's first, then of
/// each pair's second.
pub(crate) struct Runs<'a, const P: usize, const L: usize> {
    /// Rows × blocks.
    pub(crate) cells: &'a [[i64; P]],
    /// Blocks in a row.
    pub(crate) blocks: usize,
    pub(crate) positions: Positions<'a>,
    pub(crate) runs: &'a [Run],
    pub(crate) fold: Fold,
    pub(crate) combine: Combine,
    /// One a run.
    pub(crate) losses: &'a mut [i64],
}

impl<const P: usize, const L: usize> Kernel for Runs<'_, P, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { cells, blocks, positions: Positions { groups, all }, runs, fold, combine, losses } = self;
        for (at, (run, loss)) in runs.iter().zip(losses).enumerate() {
            // One account's at a time: a CPU that is asked for much at once forgets some of it.
            if let Some(ahead) = runs.get(at + AHEAD) {
                prefetch(&all[ahead.places()]);
            }
            let held = Held::<P, L> { cells, blocks, groups, positions: &all[run.places()] };
            *loss = match (combine, fold) {
                (Combine::WorstOfSum, Fold::Plain) => held.flat(),
                (Combine::WorstOfSum, fold) => held.worst_of_sum(fold),
                (Combine::SumOfWorsts, fold) => held.sum_of_worsts(fold),
            };
        }
    }
}

/// Accounts that are looked ahead.
const AHEAD: usize = 4;

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
struct Held<'a, const P: usize, const L: usize> {
    cells: &'a [[i64; P]],
    blocks: usize,
    groups: &'a [u16],
    positions: &'a [Narrow],
}

impl<const P: usize, const L: usize> Held<'_, P, L> {
    /// Adds what a position gains in the columns of a block.
    #[inline(always)]
    fn add_position(&self, block: usize, at: usize, sums: &mut [i64; L]) {
        let (row, lots) = (self.positions[at].row(), i64::from(self.positions[at].lots));
        let cells = &self.cells[row * self.blocks + block];
        for lane in 0..P {
            sums[lane] += lots * i64::from(low(cells[lane]));
            sums[P + lane] += lots * (cells[lane] >> 32);
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
        self.groups[self.positions[at].row()] != self.groups[self.positions[at - 1].row()]
    }

    /// The worst column of all positions.
    #[inline(always)]
    fn flat(&self) -> i64 {
        let mut most = 0;
        for block in 0..self.blocks {
            most = most.max(worst(&self.sums(block, 0, self.positions.len())));
        }
        most
    }

    /// Where the group ends that begins at `start`.
    #[inline(always)]
    fn end_of_group(&self, start: usize) -> usize {
        let mut end = start + 1;
        while end < self.positions.len() && !self.begins_group(end) {
            end += 1;
        }
        end
    }

    #[inline(always)]
    fn worst_of_sum(&self, fold: Fold) -> i64 {
        let mut most = 0;
        for block in 0..self.blocks {
            let (mut sums, mut of_group) = ([0; L], [0; L]);
            for at in 0..self.positions.len() {
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
        while start < self.positions.len() {
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
        for at in 0..self.positions.len() {
            if at > 0 && self.begins_group(at) {
                sum += worst(&folded(fold, of_group));
                of_group = [0; L];
            }
            self.add_position(0, at, &mut of_group);
        }
        sum + worst(&folded(fold, of_group))
    }
}

/// The first of a pair.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
const fn low(pair: i64) -> i32 {
    pair as i32
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
