//! What an account weighs: by how much its excess can move with what its figures do.

use std::sync::Arc;

use plimsoll_numerics::{Kernel, dispatch};

use super::{Exposure, Figures, Netting, Part, WatchedRow};

/// The most that an excess moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weights {
    /// Where the coordinate moves by one and the figures go along: what offsets offsets.
    pub along: f64,
    /// Where every row moves by its scale, each its own way.
    pub across: f64,
}

impl Figures {
    /// What `held`, sorted by source and row, weighs of these figures; what is of another source is passed over.
    #[must_use]
    pub fn weights(&self, source: usize, held: &[Exposure]) -> Weights {
        let start = held.partition_point(|of| of.source < source);
        let held = &held[start..start + held[start..].partition_point(|of| of.source == source)];
        let mut weights = Weights::default();
        if held.is_empty() {
            return weights;
        }
        for of in held {
            weights.across += of.lots.abs() * self.rows[of.row].scale;
        }
        // Nothing is known of what rows do along the coordinate where none has learnt it.
        if self.alone.is_empty() {
            return weights;
        }
        let nets = held.len() > 1;
        for of in held {
            let alone = self.alone[of.row];
            weights.along += of.lots.abs() * if of.nets && nets { alone.apart } else { alone.all };
        }
        for part in self.parts.iter().filter(|part| nets && part.netting != Netting::Nothing) {
            weights.along += part.most * part.along(&self.rows, held);
        }
        weights
    }

    /// What a lot of each row alone weighs along the coordinate.
    pub(super) fn weigh_alone(&self) -> Arc<[Alone]> {
        let mut alone = vec![Alone::default(); self.rows.len()];
        for part in self.parts.iter().filter(|part| !part.slopes.is_empty()) {
            for (slopes, alone) in part.slopes.chunks_exact(part.width.max(1)).zip(&mut alone) {
                let weight = part.most * slopes.iter().fold(0.0, |most: f64, slope| larger(most, slope.abs()));
                alone.all += weight;
                alone.apart += if part.netting == Netting::Nothing { weight } else { 0.0 };
            }
        }
        alone.into()
    }
}

/// What a lot of a row weighs along the coordinate if it offsets nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Alone {
    /// By all parts.
    all: f64,
    /// By those where nothing offsets anything.
    apart: f64,
}

/// The larger of the two; no number where one is none.
fn larger(left: f64, right: f64) -> f64 {
    if left.is_nan() || left > right { left } else { right }
}

impl Part {
    /// What the figures of those that net sum to as the coordinate moves by one, without sign.
    fn along(&self, rows: &[WatchedRow], held: &[Exposure]) -> f64 {
        if self.slopes.is_empty() {
            return 0.0;
        }
        // Many parts are one figure a row.
        if self.width == 1 {
            dispatch(Along::<1> { part: self, rows, held })
        } else {
            dispatch(Along::<LANES> { part: self, rows, held })
        }
    }
}

/// Columns that are summed at a time.
const LANES: usize = 32;

/// What a part's figures sum to as the coordinate moves by one, without sign, `L` columns at a time.
struct Along<'a, const L: usize> {
    part: &'a Part,
    rows: &'a [WatchedRow],
    held: &'a [Exposure],
}

impl<const L: usize> Kernel for Along<'_, L> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { part, rows, held } = self;
        let (mut all, mut start) = (0.0, 0);
        // Of groups the largest column of each is added; of all, the largest of the sums.
        while start < part.width {
            let end = if part.width - start < L { part.width } else { start + L };
            let (mut sums, mut group, mut of_columns) = ([0.0_f64; L], None, 0.0);
            for of in held {
                if !of.nets {
                    continue;
                }
                let here = rows[of.row].group;
                if matches!(part.netting, Netting::Expiry) && group != Some(here) {
                    of_columns += largest(&sums);
                    sums = [0.0; L];
                    group = Some(here);
                }
                let row = of.row * part.width;
                add(&mut sums, of.lots, &part.slopes[row + start..row + end]);
            }
            of_columns += largest(&sums);
            // The largest of all columns is no more than the sum of those of each stretch.
            all += of_columns;
            start = end;
        }
        all
    }
}

#[inline(always)]
fn add<const L: usize>(sums: &mut [f64; L], lots: f64, slopes: &[f64]) {
    match slopes.first_chunk::<L>() {
        Some(slopes) => {
            for lane in 0..L {
                sums[lane] += lots * slopes[lane];
            }
        }
        None => {
            for lane in 0..slopes.len() {
                sums[lane] += lots * slopes[lane];
            }
        }
    }
}

#[inline(always)]
fn largest<const L: usize>(of: &[f64; L]) -> f64 {
    let mut most = 0.0;
    for one in of {
        let size = one.abs();
        most = if size > most { size } else { most };
    }
    most
}
