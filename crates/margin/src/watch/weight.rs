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
        if let [of] = held {
            weights.along = of.lots.abs() * self.alone[of.row].all;
            return weights;
        }
        for of in held {
            let alone = self.alone[of.row];
            weights.along += of.lots.abs() * if of.nets { alone.apart } else { alone.all };
        }
        for part in self.parts.iter().filter(|part| part.netting != Netting::Nothing) {
            weights.along += part.most * part.netted(&self.rows, held);
        }
        weights
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

/// The same of every row.
pub(super) fn weigh_alone(parts: &[Part], rows: usize) -> Arc<[Alone]> {
    let mut alone = vec![Alone::default(); rows];
    for part in parts.iter().filter(|part| !part.slopes.is_empty()) {
        for (slopes, alone) in part.slopes.chunks_exact(part.width.max(1)).zip(&mut alone) {
            let weight = part.most * slopes.iter().fold(0.0, |most: f64, slope| larger(most, slope.abs()));
            alone.all += weight;
            alone.apart += if part.netting == Netting::Nothing { weight } else { 0.0 };
        }
    }
    alone.into()
}

/// The larger of the two; no number where one is none, and then nothing holds.
fn larger(left: f64, right: f64) -> f64 {
    if left.is_nan() || left > right { left } else { right }
}

impl Part {
    /// What the figures of those of `held` that net sum to as the coordinate moves by one, without sign; nothing where that
    /// is not known.
    fn netted(&self, rows: &[WatchedRow], held: &[Exposure]) -> f64 {
        if self.slopes.is_empty() {
            return 0.0;
        }
        // Many parts are one figure a row.
        if self.width == 1 {
            dispatch(Netted::<1> { part: self, rows, held })
        } else {
            dispatch(Netted::<LANES> { part: self, rows, held })
        }
    }
}

/// Columns that are summed at a time.
const LANES: usize = 32;

/// What the figures of what nets sum to as the coordinate moves by one, without sign, `L` columns at a time.
struct Netted<'a, const L: usize> {
    part: &'a Part,
    rows: &'a [WatchedRow],
    held: &'a [Exposure],
}

impl<const L: usize> Kernel for Netted<'_, L> {
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
