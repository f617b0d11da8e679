//! The sum that every model stands on: lots × cells over a run of holdings.

use std::ops::Range;

use super::{Cells, Holding, Table};

/// Fewer lots than this in all, and no sum of 32-bit cells leaves 64 bits.
const LOTS_NARROW: u128 = 1 << 32;

impl Table {
    /// The P&L in grains of `holdings` under each of `scenarios`.
    #[must_use]
    pub fn sums(&self, holdings: &[Holding], scenarios: Range<usize>) -> Vec<i128> {
        let width = self.scenarios.len();
        match &self.cells {
            Cells::Narrow(cells) if lots_held(holdings) < LOTS_NARROW => narrow_sums(cells, width, holdings, scenarios),
            Cells::Narrow(cells) => wide_sums(cells, width, holdings, scenarios),
            Cells::Wide(cells) => wide_sums(cells, width, holdings, scenarios),
        }
    }
}

/// Columns that are summed at a time, beside each other in registers.
const LANES: usize = 32;

fn narrow_sums(cells: &[i32], width: usize, holdings: &[Holding], scenarios: Range<usize>) -> Vec<i128> {
    let mut all = Vec::with_capacity(scenarios.len());
    for start in scenarios.clone().step_by(LANES) {
        let columns = start..scenarios.end.min(start + LANES);
        let mut sums = [0_i64; LANES];
        for holding in holdings {
            let row = &cells[holding.row * width..][columns.clone()];
            for (sum, cell) in sums.iter_mut().zip(row) {
                *sum += holding.lots * i64::from(*cell);
            }
        }
        all.extend(sums[..columns.len()].iter().copied().map(i128::from));
    }
    all
}

/// 64-bit lots × 64-bit cells: 2⁶⁴ holdings would be needed to overflow.
fn wide_sums<C: Copy + Into<i64>>(
    cells: &[C],
    width: usize,
    holdings: &[Holding],
    scenarios: Range<usize>,
) -> Vec<i128> {
    let mut sums = vec![0_i128; scenarios.len()];
    for holding in holdings {
        let row = &cells[holding.row * width..][scenarios.clone()];
        for (sum, cell) in sums.iter_mut().zip(row) {
            *sum += i128::from(holding.lots) * i128::from((*cell).into());
        }
    }
    sums
}

fn lots_held(holdings: &[Holding]) -> u128 {
    holdings.iter().map(|holding| u128::from(holding.lots.unsigned_abs())).sum()
}
