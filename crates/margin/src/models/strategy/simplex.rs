//! The linear relaxation of a pairing: a revised simplex over columns of small whole numbers.
//!
//! Floats only propose here. What a basis says is made exact by [`Simplex::exact_duals`], which refines the
//! basis's prices in integers until they answer it to the last unit; from there on nothing is rounded, and a
//! bound is a bound whatever the floats did.

use plimsoll_core::Decimal;
use plimsoll_pricing::float::{decimal, float};

/// A reduced cost, as a share of the largest cost, that counts as none.
const FLAT: f64 = 1e-13;
/// An entry too small to pivot on.
const SMALL: f64 = 1e-9;
/// How many of the best columns are looked at again before all are.
const CANDIDATES: usize = 64;

/// Least Σ cost·x over x ≥ 0 with every row's sum equal to its right-hand side.
pub(super) struct Simplex {
    rows: usize,
    starts: Vec<usize>,
    entries: Vec<(usize, i8)>,
    costs: Vec<i128>,
    costs_float: Vec<f64>,
    largest: f64,
    /// By columns.
    inverse: Vec<f64>,
    basis: Vec<usize>,
    values: Vec<f64>,
    duals: Vec<f64>,
}

/// A count as a float.
fn whole(count: i64) -> f64 {
    float(Decimal::from_int(count))
}

/// Units of 10⁻¹⁸ as a float of ones.
fn ones(units: i128) -> f64 {
    float(Decimal::from_units(units).unwrap_or(Decimal::MIN))
}

/// A float of ones as units of 10⁻¹⁸, zero where it is none.
fn units(value: f64) -> i128 {
    decimal(value, Decimal::PLACES).map_or(0, Decimal::units)
}

impl Simplex {
    /// One row a right-hand side, and its identity column at its cost: together the first basis.
    pub(super) fn new(rhs: &[i64], costs: &[i128]) -> Self {
        let rows = rhs.len();
        let mut inverse = vec![0.0; rows * rows];
        // Rows are lifted a little apart, so that ties in the ratio test do not make the walk stand still.
        let values = (0_u32..).zip(rhs).map(|(row, of)| {
            let apart = f64::from(row.wrapping_mul(2_654_435_761) >> 12) / f64::from(1_u32 << 20);
            whole(*of) + 1e-5 * (0.5 + apart)
        });
        let values = values.collect();
        for row in 0..rows {
            inverse[row * rows + row] = 1.0;
        }
        let mut lp = Self {
            rows,
            starts: vec![0],
            entries: Vec::new(),
            costs: Vec::new(),
            costs_float: Vec::new(),
            largest: 0.0,
            inverse,
            basis: (0..rows).collect(),
            values,
            duals: Vec::new(),
        };
        for (row, cost) in costs.iter().enumerate() {
            lp.add(&[(row, 1)], *cost);
        }
        lp.duals.clone_from(&lp.costs_float);
        lp
    }

    /// One more column.
    pub(super) fn add(&mut self, entries: &[(usize, i8)], cost: i128) -> usize {
        self.entries.extend_from_slice(entries);
        self.starts.push(self.entries.len());
        self.costs.push(cost);
        self.costs_float.push(ones(cost));
        self.largest = self.largest.max(ones(cost).abs());
        self.costs.len() - 1
    }

    fn column(&self, column: usize) -> &[(usize, i8)] {
        &self.entries[self.starts[column]..self.starts[column + 1]]
    }

    fn reduced(&self, column: usize) -> f64 {
        let paid = self.column(column).iter().map(|(row, times)| self.duals[*row] * f64::from(*times));
        self.costs_float[column] - paid.sum::<f64>()
    }

    /// Pivots until no column it has improves, or `pivots` have run out; whether it got there.
    pub(super) fn optimise(&mut self, pivots: &mut u64) -> bool {
        let flat = -FLAT * self.largest.max(1.0);
        loop {
            self.price_again();
            let mut improving: Vec<(f64, usize)> =
                (0..self.costs.len()).map(|column| (self.reduced(column), column)).filter(|of| of.0 < flat).collect();
            if improving.is_empty() {
                return true;
            }
            improving.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
            improving.truncate(CANDIDATES);
            loop {
                let again = improving.iter().map(|(_, column)| (self.reduced(*column), *column));
                let best = again.min_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
                let Some((reduced, column)) = best.filter(|of| of.0 < flat) else { break };
                if *pivots == 0 {
                    return false;
                }
                *pivots -= 1;
                if !self.enter(column, reduced) {
                    // Nothing bounds it, which only lost digits can make so: leave it out.
                    improving.retain(|of| of.1 != column);
                    self.costs_float[column] = f64::MAX;
                }
            }
        }
    }

    /// The basis's prices, computed anew.
    fn price_again(&mut self) {
        let costs: Vec<f64> = self.basis.iter().map(|column| self.costs_float[*column]).collect();
        self.duals = self.times_inverse(&costs);
    }

    /// `of`, a row over the basis, × the inverse.
    fn times_inverse(&self, of: &[f64]) -> Vec<f64> {
        let columns = self.inverse.chunks_exact(self.rows.max(1));
        columns.map(|column| column.iter().zip(of).map(|(entry, of)| entry * of).sum()).collect()
    }

    /// How much of every basic column one of `column` displaces.
    fn displaces(&self, column: usize) -> Vec<f64> {
        let mut change = vec![0.0; self.rows];
        for (row, times) in self.column(column) {
            let of = &self.inverse[row * self.rows..(row + 1) * self.rows];
            change.iter_mut().zip(of).for_each(|(change, of)| *change += of * f64::from(*times));
        }
        change
    }

    fn enter(&mut self, column: usize, reduced: f64) -> bool {
        let change = self.displaces(column);
        let mut leaving: Option<(f64, usize)> = None;
        for (place, change) in change.iter().enumerate().filter(|of| *of.1 > SMALL) {
            let ratio = self.values[place].max(0.0) / change;
            if leaving.is_none_or(|(least, _)| ratio < least) {
                leaving = Some((ratio, place));
            }
        }
        let Some((_, place)) = leaving else { return false };
        self.values[place] = self.values[place].max(0.0);
        self.pivot(column, place, &change, reduced);
        true
    }

    /// Puts `column` in the basis in `place`.
    fn pivot(&mut self, column: usize, place: usize, change: &[f64], reduced: f64) {
        let rows = self.rows;
        let pivot = change[place];
        let step = self.values[place] / pivot;
        for (value, change) in self.values.iter_mut().zip(change) {
            *value -= step * change;
        }
        self.values[place] = step;
        let touched: Vec<(usize, f64)> =
            change.iter().copied().enumerate().filter(|(at, change)| *at != place && *change != 0.0).collect();
        for (dual, of) in self.duals.iter_mut().zip(self.inverse.chunks_exact_mut(rows)) {
            if of[place] == 0.0 {
                continue;
            }
            let scaled = of[place] / pivot;
            *dual += reduced * scaled;
            for (at, change) in &touched {
                let entry = of[*at] - change * scaled;
                of[*at] = if entry.abs() < 1e-13 { 0.0 } else { entry };
            }
            of[place] = scaled;
        }
        self.basis[place] = column;
    }

    /// The basic columns and how much of each there is.
    pub(super) fn basic(&self) -> impl Iterator<Item = (usize, f64)> {
        self.basis.iter().copied().zip(self.values.iter().copied())
    }

    /// Lets the basis answer `rhs`.
    pub(super) fn settle(&mut self, rhs: &[i64]) {
        let mut values = vec![0.0; self.rows];
        for (of, rhs) in self.inverse.chunks_exact(self.rows.max(1)).zip(rhs) {
            let rhs = whole(*rhs);
            values.iter_mut().zip(of).for_each(|(value, of)| *value += of * rhs);
        }
        self.values = values;
    }

    /// Prices, in units, under which no column it has is worth more than it costs: exact, whatever the floats
    /// did; best where the basis is.
    pub(super) fn exact_duals(&mut self) -> Vec<i128> {
        self.price_again();
        let mut duals: Vec<i128> = self.duals.iter().map(|dual| units(*dual)).collect();
        let left = |duals: &[i128], column: usize| {
            self.column(column).iter().fold(self.costs[column], |left, (row, times)| {
                left.saturating_sub(duals[*row].saturating_mul(i128::from(*times)))
            })
        };
        for _ in 0..3 {
            let missing: Vec<f64> = self.basis.iter().map(|column| ones(left(&duals, *column))).collect();
            let by = self.times_inverse(&missing);
            duals.iter_mut().zip(by).for_each(|(dual, by)| *dual = dual.saturating_add(units(by)));
        }
        for column in 0..self.costs.len() {
            let left = left(&duals, column);
            if left < 0
                && let Some((row, times)) = self.column(column).first()
            {
                let times = i128::from(*times).max(1);
                duals[*row] = duals[*row].saturating_sub((-left + times - 1) / times);
            }
        }
        duals
    }
}
