//! The sum that every model stands on: lots × cells over a run of holdings.

use std::ops::Range;

use plimsoll_core::planted;
use plimsoll_numerics::{Kernel, dispatch};

use super::{Cells, Holding, Table};

/// Fewer lots than this in all, and each fits 32 bits, and no sum of 32-bit cells leaves 64.
const LOTS_NARROW: u128 = 1 << 31;

impl Table {
    /// The P&L in grains of `holdings` under each of `scenarios`.
    #[must_use]
    pub fn sums(&self, holdings: &[Holding], scenarios: Range<usize>) -> Vec<i128> {
        let width = self.scenarios.len();
        match &self.cells {
            Cells::Narrow(cells) if lots_held(holdings) < LOTS_NARROW => {
                if scenarios.len() <= FEW {
                    return scenarios.map(|column| column_sum(cells, width, holdings, column)).collect();
                }
                dispatch(Narrow { cells, width, holdings, scenarios })
            }
            Cells::Narrow(cells) => wide_sums(cells, width, holdings, scenarios),
            Cells::Wide(cells) => wide_sums(cells, width, holdings, scenarios),
        }
    }
}

impl Table {
    /// The least of [`Self::sums`] and of zero, with the worst fills of `orders` where there are any: of two columns or
    /// so, for which a vector is too much.
    #[must_use]
    pub fn least(&self, holdings: &[Holding], scenarios: Range<usize>, orders: &[i128]) -> i128 {
        let width = self.scenarios.len();
        let order = |column: usize| orders.get(column).copied().unwrap_or_default();
        match &self.cells {
            Cells::Narrow(cells) if lots_held(holdings) < LOTS_NARROW => {
                least(scenarios.map(|column| column_sum(cells, width, holdings, column) + order(column)))
            }
            _ => {
                let sums = self.sums(holdings, scenarios.clone());
                least(sums.into_iter().zip(scenarios).map(|(sum, column)| sum + order(column)))
            }
        }
    }
}

/// The least of some columns' sums and of zero.
pub(crate) fn least(sums: impl Iterator<Item = i128>) -> i128 {
    sums.skip(planted!(FoldSkips).into()).fold(0, i128::min)
}

/// So few columns are summed one by one: registers full of them cost more to fill than they save.
const FEW: usize = 4;

/// One column's sum, of lots and cells that leave no 64 bits.
fn column_sum(cells: &[i32], width: usize, holdings: &[Holding], column: usize) -> i128 {
    let mut sum = 0_i64;
    for holding in holdings {
        sum += holding.lots * i64::from(cells[holding.row * width + column]);
    }
    i128::from(sum)
}

/// Columns that are summed at a time, beside each other in registers.
const LANES: usize = 32;

struct Narrow<'a> {
    cells: &'a [i32],
    width: usize,
    holdings: &'a [Holding],
    scenarios: Range<usize>,
}

impl Kernel for Narrow<'_> {
    type Output = Vec<i128>;

    #[inline(always)]
    fn run(self) -> Vec<i128> {
        let mut all = Vec::with_capacity(self.scenarios.len());
        let mut start = self.scenarios.start;
        while start < self.scenarios.end {
            let end = self.scenarios.end.min(start + LANES);
            let mut sums = [0_i64; LANES];
            for holding in self.holdings {
                let row = &self.cells[holding.row * self.width..][..self.width][start..end];
                match row.first_chunk::<LANES>() {
                    Some(row) => add(&mut sums, holding.lots, row),
                    None => add(&mut sums, holding.lots, row),
                }
            }
            for sum in &sums[..end - start] {
                all.push(i128::from(*sum));
            }
            start = end;
        }
        all
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "fewer than 2³¹ lots in all")]
fn add(sums: &mut [i64; LANES], lots: i64, row: &[i32]) {
    let lots = i64::from(lots as i32);
    for (sum, cell) in sums.iter_mut().zip(row) {
        *sum += lots * i64::from(*cell);
    }
}

/// 64-bit lots × cells of at most 62 bits; a sum that leaves 128 bits stands at the end of their range.
fn wide_sums<C: Copy + Into<i64>>(
    cells: &[C],
    width: usize,
    holdings: &[Holding],
    scenarios: Range<usize>,
) -> Vec<i128> {
    let mut sums = vec![0_i128; scenarios.len()];
    // Fewer lots in all than this × cells of at most 62 bits stay within 127.
    let fits = lots_held(holdings) < 1 << 64;
    for holding in holdings {
        let row = &cells[holding.row * width..][..width][scenarios.clone()];
        let lots = i128::from(holding.lots);
        for (sum, cell) in sums.iter_mut().zip(row) {
            let gain = lots * i128::from((*cell).into());
            *sum = if fits { *sum + gain } else { sum.saturating_add(gain) };
        }
    }
    sums
}

fn lots_held(holdings: &[Holding]) -> u128 {
    holdings.iter().map(|holding| u128::from(holding.lots.unsigned_abs())).sum()
}
