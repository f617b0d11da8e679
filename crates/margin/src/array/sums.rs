//! The sum that every model stands on: lots × cells over a run of holdings.

use std::ops::Range;

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
                dispatch(Narrow { cells, width, holdings, scenarios })
            }
            Cells::Narrow(cells) => wide_sums(cells, width, holdings, scenarios),
            Cells::Wide(cells) => wide_sums(cells, width, holdings, scenarios),
        }
    }
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
