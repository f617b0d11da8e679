//! What an account weighs: by how much its excess can move with what its figures do.

use std::sync::Arc;

use plimsoll_numerics::{Kernel, dispatch};

use super::{Exposure, Figures, Netting, Part};

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
        if let ([of], Some(alone)) = (held, self.alone.get(held[0].row)) {
            weights.along = of.lots.abs() * alone;
            return weights;
        }
        for part in self.parts.iter().filter(|part| !part.slopes.is_empty()) {
            weights.along += part.most * dispatch(Along { part, figures: self, held });
        }
        weights
    }

    /// What a lot of each row alone weighs along the coordinate.
    pub(super) fn weigh_alone(&self) -> Arc<[f64]> {
        let known = || self.parts.iter().filter(|part| !part.slopes.is_empty());
        let one = |row| [Exposure { source: 0, row, lots: 1.0, nets: false }];
        let along =
            |row| known().map(|part| part.most * dispatch(Along { part, figures: self, held: &one(row) })).sum();
        (0..self.rows.len()).map(along).collect()
    }
}

/// Columns that are summed at a time.
const LANES: usize = 32;

/// What a part's figures sum to as the coordinate moves by one, without sign.
struct Along<'a> {
    part: &'a Part,
    figures: &'a Figures,
    held: &'a [Exposure],
}

impl Kernel for Along<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { part, figures, held } = self;
        let (mut all, mut start) = (0.0, 0);
        // Of groups and rows the largest column of each is added; of all, the largest of the sums.
        while start < part.width {
            let end = if part.width - start < LANES { part.width } else { start + LANES };
            let (mut sums, mut group, mut of_columns) = ([0.0_f64; LANES], None, 0.0);
            for of in held {
                let row = of.row * part.width;
                let slopes = &part.slopes[row + start..row + end];
                if !of.nets || matches!(part.netting, Netting::Nothing) {
                    let mut alone = [0.0_f64; LANES];
                    add(&mut alone, of.lots, slopes);
                    of_columns += largest(&alone);
                    continue;
                }
                let here = figures.rows[of.row].group;
                if matches!(part.netting, Netting::Expiry) && group != Some(here) {
                    of_columns += largest(&sums);
                    sums = [0.0; LANES];
                    group = Some(here);
                }
                add(&mut sums, of.lots, slopes);
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
fn add(sums: &mut [f64; LANES], lots: f64, slopes: &[f64]) {
    match slopes.first_chunk::<LANES>() {
        Some(slopes) => {
            for lane in 0..LANES {
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
fn largest(of: &[f64; LANES]) -> f64 {
    let mut most = 0.0;
    for one in of {
        let size = one.abs();
        most = if size > most { size } else { most };
    }
    most
}
