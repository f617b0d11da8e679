//! How far the market can move before an account's margin could cross a line.
//!
//! A model declares [`Figures`]: per lot of everything, all that its requirement and its equity are made of, each *part*
//! with the most that an excess moves when a figure of it moves by one. The figures of two markets are compared row by row,
//! and what an account's excess can have moved is at most Σ lots × [movement](Figures::apart) + a constant. No
//! derivative is trusted: price, volatility, skew, time, rate and basis move figures, and the figures are measured.
//!
//! What jumps is no movement of a figure and is told apart: another state of the market ([`Besides::state`]), other rows,
//! other columns, or a price that has outgrown what the parts allow for count as a movement without bound.

mod exposure;
mod parts;
mod reach;
mod weight;

use std::sync::Arc;

use plimsoll_core::{Asset, Underlying};
use plimsoll_numerics::{Kernel, dispatch};

use crate::array::{ByContract, RowKey, Table};

pub use exposure::{Exposure, Exposures, TAKER_FEE_MAX, exposures};
pub(crate) use parts::{HEADROOM, carried, fingerprint, pattern, priced, standing};
pub use reach::{Fill, Reach};
pub use weight::Weights;
use weight::{Alone, weigh_alone};

/// What moves together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Contracts on an underlying.
    Underlying(Underlying),
    /// The price of an asset, and what a model says of a balance in it.
    Asset(Asset),
}

/// Between which positions figures of a part offset each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Netting {
    /// All of the source: an excess depends on their sum.
    All,
    /// Those of an expiry: on the sums of each.
    Expiry,
    /// None: on every position for itself.
    Nothing,
}

/// Figures of one kind: some for every row.
#[derive(Clone, Debug)]
pub struct Part {
    /// Whose figures are added before anything else is done with them.
    pub netting: Netting,
    /// How many a row.
    pub width: usize,
    /// Row after row, a lot's.
    pub values: Vec<f64>,
    /// The most that an excess moves where the figures of a lot move by one, each way: the model's Lipschitz constant.
    pub most: f64,
    /// What of `most` this market needs: another is compared with this one while it needs no more than this one's `most`.
    pub needed: f64,
    /// What the figures move by where the coordinate moves by one; empty where that is not known.
    slopes: Arc<[f64]>,
}

/// A row, and what one lot of it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WatchedRow {
    /// What it is.
    pub key: RowKey,
    /// Contracts, or units of an asset, in a lot.
    pub lot: f64,
    /// Rows of a number share an expiry.
    pub group: u16,
    /// About what a large move of the market moves a lot by, in the market's currency. Movements are told in shares of it;
    /// the choice costs time and no soundness.
    pub scale: f64,
}

/// All that the excesses of accounts are made of, of one source in one market.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Whose.
    pub source: Source,
    /// Its rows: those of the underlying's table, or the asset's one.
    pub rows: Vec<WatchedRow>,
    /// What they consist of.
    pub parts: Vec<Part>,
    /// What moves excesses otherwise.
    pub besides: Besides,
    /// What most of a movement goes along with: the price.
    pub coordinate: f64,
    contracts: ByContract<usize>,
    /// What floats may have lost of each row's figures.
    lost: Vec<f64>,
    /// What holding one lot more of a row can take off an excess in this market, beside what is paid for it.
    reaches: Vec<f64>,
    /// What a lot of each row alone weighs along the coordinate.
    alone: Arc<[Alone]>,
}

/// What moves excesses by other than a figure's movement.
#[derive(Clone, Debug, PartialEq)]
pub struct Besides {
    /// What is not a matter of degree: where it differs, anything may.
    pub state: Vec<i64>,
    /// What an excess can jump by per lot: steps of rounding.
    pub jitter: f64,
    /// The same, per order.
    pub order_jitter: f64,
    /// The same, once for whoever has anything of the source.
    pub fixed: f64,
    /// An order moves an excess by at most so many times what a position of its size does.
    pub order_factor: f64,
}

impl Default for Besides {
    fn default() -> Self {
        Self { state: Vec::new(), jitter: 0.0, order_jitter: 0.0, fixed: 0.0, order_factor: 1.0 }
    }
}

/// A float of a decimal is within this share of it.
const FLOAT_ERROR: f64 = 4.0 * f64::EPSILON;
/// What a learnt scale keeps of the one before, at least.
const SCALE_KEPT: f64 = 0.1;
/// What sums of floats can lose, generously.
const SUM_ERROR: f64 = 1e-9;

impl Part {
    /// Columns of a table's cells, in grains, of which each moves an excess by at most `times` its own amount.
    #[must_use]
    pub fn cells(table: &Table, columns: std::ops::Range<usize>, netting: Netting, times: f64) -> Self {
        let mut values = Vec::with_capacity(table.rows().len() * columns.len());
        for row in 0..table.rows().len() {
            values.extend(columns.clone().map(|column| real(table.cell(row, column))));
        }
        Self::new(columns.len(), values, netting, times * table.unit())
    }

    /// Figures whose constant is the same in every market.
    #[must_use]
    pub fn new(width: usize, values: Vec<f64>, netting: Netting, most: f64) -> Self {
        Self { netting, width, values, most, needed: most, slopes: Arc::new([]) }
    }

    /// The same where the constant depends on the market, with room for it to grow by `headroom`.
    #[must_use]
    pub fn with_headroom(self, headroom: f64) -> Self {
        Self { most: self.needed * headroom, ..self }
    }

    /// The same for one row.
    #[must_use]
    pub fn of_row(self, row: usize) -> Self {
        Self { values: self.of(row).to_vec(), ..self }
    }

    /// The largest figure of a row, without its sign.
    #[must_use]
    pub fn largest(&self, row: usize) -> f64 {
        self.of(row).iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
    }

    fn of(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..][..self.width]
    }
}

#[expect(clippy::cast_precision_loss, reason = "cells are below 2^53, and what is lost of others is counted")]
fn real(count: i64) -> f64 {
    count as f64
}

impl Figures {
    /// The figures of `rows`, all of them in `parts`, and what there is `besides`.
    ///
    /// # Panics
    /// When a part has another number of figures than its rows take.
    #[must_use]
    pub fn new(source: Source, mut rows: Vec<WatchedRow>, parts: Vec<Part>, besides: Besides, coordinate: f64) -> Self {
        // Whoever holds what has no scale wakes as soon as it moves.
        rows.iter_mut().for_each(|row| row.scale = row.scale.max(f64::MIN_POSITIVE));
        let mut lost = vec![0.0; rows.len()];
        for part in &parts {
            assert_eq!(part.values.len(), rows.len() * part.width, "a figure for every row and column");
            for (row, lost) in lost.iter_mut().enumerate() {
                *lost += part.most * part.largest(row) * FLOAT_ERROR;
            }
        }
        let contracts = rows.iter().enumerate().filter_map(|(at, row)| match row.key {
            RowKey::Instrument(id) => Some((id, at)),
            RowKey::Asset(_) => None,
        });
        let contracts = contracts.collect();
        let reaches = vec![f64::INFINITY; rows.len()];
        let alone = weigh_alone(&parts, rows.len());
        Self { source, rows, parts, besides, coordinate, contracts, lost, reaches, alone }
    }

    /// The same where it is known, row by row, what one lot more can take off an excess beside what is paid for it: infinite
    /// where holding it changes what else is looked at.
    ///
    /// # Panics
    /// Without one for every row.
    #[must_use]
    pub fn with_reaches(self, reaches: Vec<f64>) -> Self {
        assert_eq!(reaches.len(), self.rows.len(), "a reach for every row");
        Self { reaches, ..self }
    }

    /// Learns from the same figures in a market a little away what they do as the coordinate moves. What they do in truth
    /// is measured all the same; the better this is known, the less is left over.
    pub fn learn(&mut self, away: &Self) {
        let by = away.coordinate - self.coordinate;
        let is_apart = by.abs() > 0.0;
        if !is_apart || !self.compares_with(away) {
            return;
        }
        for (part, away) in self.parts.iter_mut().zip(&away.parts) {
            part.slopes = part.values.iter().zip(&away.values).map(|(here, there)| (there - here) / by).collect();
        }
        self.alone = weigh_alone(&self.parts, self.rows.len());
    }

    /// Learns from a market where all else has moved by about as much as it does at a time what of that is each row's, so
    /// that a movement of all that resembles it is told as an even one.
    pub fn learn_scales(&mut self, moved: &Self) {
        let Apart { across, .. } = self.apart(moved);
        if across.iter().any(|movement| !movement.is_finite()) {
            return;
        }
        let shares = across.iter().zip(&self.rows).map(|(movement, row)| movement / row.scale);
        let largest = shares.fold(0.0, f64::max);
        if largest <= 0.0 {
            return;
        }
        for (row, movement) in self.rows.iter_mut().zip(across) {
            // Nothing is told in shares of what hardly moved this time.
            row.scale = (movement / largest).max(SCALE_KEPT * row.scale);
        }
    }

    /// How the figures of `now` differ from these.
    #[must_use]
    pub fn apart(&self, now: &Self) -> Apart {
        if !self.compares_with(now) {
            return Apart { along: f64::INFINITY, across: vec![f64::INFINITY; self.rows.len()] };
        }
        let along = now.coordinate - self.coordinate;
        let mut across = self.lost.clone();
        for (then, now) in self.parts.iter().zip(&now.parts) {
            let most = then.most * (1.0 + SUM_ERROR);
            dispatch(Gaps { then, now, along, most, across: &mut across });
        }
        for movement in &mut across {
            // No comparison holds with what is no number.
            if movement.is_nan() {
                *movement = f64::INFINITY;
            }
        }
        Apart { along: along.abs() * (1.0 + SUM_ERROR), across }
    }

    /// The same as two numbers: how far the coordinate went, and the largest movement of a row across that as a share of
    /// its scale.
    #[must_use]
    pub fn distance(&self, now: &Self) -> [f64; 2] {
        let Apart { along, across } = self.apart(now);
        let shares = across.iter().zip(&self.rows).map(|(movement, row)| movement / row.scale);
        [if along.is_nan() { f64::INFINITY } else { along }, shares.fold(0.0, f64::max)]
    }

    /// Joins the *lineage* of `before`: takes over its scales, slopes and constants, so that weights found there are the
    /// weights here and distances from both add up. Where these begin a lineage of their own it is false: they have
    /// [learnt](Self::learn) slopes, or cannot be compared; then slopes and scales are taken over where the rows are the
    /// same, but no weight or threshold of before holds.
    #[must_use]
    pub fn follow(&mut self, before: &Self) -> bool {
        if self.parts.iter().any(|part| !part.slopes.is_empty()) || !self.has_shape_of(before) {
            return false;
        }
        let follows = before.compares_with(self);
        let mut larger: f64 = 1.0;
        for (part, before) in self.parts.iter_mut().zip(&before.parts) {
            if follows && part.most > 0.0 {
                larger = larger.max(before.most / part.most);
                part.most = before.most;
            }
            part.slopes.clone_from(&before.slopes);
        }
        self.lost.iter_mut().for_each(|lost| *lost *= larger);
        self.rows.clone_from(&before.rows);
        if follows {
            self.besides.fixed = self.besides.fixed.max(before.besides.fixed);
            self.alone = Arc::clone(&before.alone);
        } else {
            self.alone = weigh_alone(&self.parts, self.rows.len());
        }
        follows
    }

    /// Whether source, rows and columns are the same.
    fn has_shape_of(&self, other: &Self) -> bool {
        let same = |(left, right): (&WatchedRow, &WatchedRow)| {
            (left.key, left.group) == (right.key, right.group) && left.lot.to_bits() == right.lot.to_bits()
        };
        self.source == other.source
            && self.parts.iter().map(|part| part.width).eq(other.parts.iter().map(|part| part.width))
            && self.rows.len() == other.rows.len()
            && self.rows.iter().zip(&other.rows).all(same)
    }

    fn compares_with(&self, now: &Self) -> bool {
        self.besides.state == now.besides.state
            && self.has_shape_of(now)
            && self.parts.iter().zip(&now.parts).all(|(then, now)| now.needed <= then.most)
    }
}

/// How two markets' figures differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Apart {
    /// How far the coordinate went, without its sign.
    pub along: f64,
    /// What a lot of each row can have moved an excess by besides what it does along the coordinate, in the market's
    /// currency: at least zero, infinite where the two cannot be compared.
    pub across: Vec<f64>,
}

/// Figures that are compared at a time.
const LANES: usize = 8;

/// Adds what is left over of a part to each row.
struct Gaps<'a> {
    then: &'a Part,
    now: &'a Part,
    along: f64,
    most: f64,
    across: &'a mut [f64],
}

impl Kernel for Gaps<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { then, now, along, most, across } = self;
        let width = then.width;
        // Many parts are one figure a row, and then rows go side by side.
        if width == 1 && then.slopes.len() == across.len() {
            let slopes = &then.slopes[..];
            for (row, across) in across.iter_mut().enumerate() {
                *across += most * (now.values[row] - then.values[row] - along * slopes[row]).abs();
            }
            return;
        }
        for (row, across) in across.iter_mut().enumerate() {
            let places = row * width..(row + 1) * width;
            let (here, there) = (&then.values[places.clone()], &now.values[places.clone()]);
            *across += most
                * if then.slopes.is_empty() {
                    gap(here, there, here, 0.0)
                } else {
                    gap(here, there, &then.slopes[places], along)
                };
        }
    }
}

/// The largest difference of two figures beside what goes along; no number where one is none.
#[inline(always)]
fn gap(then: &[f64], now: &[f64], slopes: &[f64], along: f64) -> f64 {
    let (mut most, mut sums) = ([0.0_f64; LANES], [0.0_f64; LANES]);
    let ((then, then_rest), (now, now_rest)) = (then.as_chunks::<LANES>(), now.as_chunks::<LANES>());
    let (slopes, slopes_rest) = slopes.as_chunks::<LANES>();
    for at in 0..then.len() {
        widen(&mut most, &mut sums, &then[at], &now[at], &slopes[at], along);
    }
    if !then_rest.is_empty() {
        let mut rest = [[0.0_f64; LANES]; 3];
        for (rest, of) in rest.iter_mut().zip([then_rest, now_rest, slopes_rest]) {
            rest[..of.len()].copy_from_slice(of);
        }
        widen(&mut most, &mut sums, &rest[0], &rest[1], &rest[2], along);
    }
    let (mut largest, mut sum) = (0.0, 0.0);
    for lane in 0..LANES {
        largest = if most[lane] > largest { most[lane] } else { largest };
        sum += sums[lane];
    }
    if sum.is_nan() { f64::NAN } else { largest }
}

/// A comparison passes over what is no number; a sum keeps it.
#[inline(always)]
fn widen(
    most: &mut [f64; LANES],
    sums: &mut [f64; LANES],
    then: &[f64; LANES],
    now: &[f64; LANES],
    slopes: &[f64; LANES],
    along: f64,
) {
    for lane in 0..LANES {
        let gap = (now[lane] - then[lane] - along * slopes[lane]).abs();
        most[lane] = if gap > most[lane] { gap } else { most[lane] };
        sums[lane] += gap;
    }
}
