//! What happened within a window, in sixteenths of it.
//!
//! A sixteenth begins at a whole multiple of its length since 1970, whoever asks when. Of the one that runs and the sixteen
//! before it everything is counted.

use std::collections::BTreeMap;

use plimsoll_core::{Asset, Decimal, Timestamp, Underlying};

use crate::market::Feed;

/// Whole sixteenths that are counted beside the one that runs.
const PARTS: i64 = 16;

/// The number of the sixteenth that `at` lies in.
pub(super) fn part(window_s: u32, at: Timestamp) -> i64 {
    at.nanos().div_euclid(length(window_s))
}

/// When a sixteenth begins.
pub(super) fn begins(window_s: u32, part: i64) -> Timestamp {
    Timestamp::from_nanos(part.saturating_mul(length(window_s)))
}

/// The sixteenths in which what happened in `part` is counted still, after it.
pub(super) const fn counted_after(part: i64) -> std::ops::RangeInclusive<i64> {
    part.saturating_add(1)..=part.saturating_add(PARTS + 1)
}

/// In nanoseconds; a window is at least a second.
fn length(window_s: u32) -> i64 {
    i64::from(window_s.max(1)) * (Timestamp::NANOS_PER_SECOND / PARTS)
}

/// What a breaker knows of its window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// What was withdrawn, lost or closed; by underlying where each counts by itself.
    pub sums: BTreeMap<Option<Underlying>, Sums>,
    /// What was paid in and not taken out again, by asset: who takes that out leaves the venue with what it had.
    pub paid_in: BTreeMap<Asset, Sums>,
    /// Where prices were.
    pub ranges: BTreeMap<Feed, Range>,
}

/// A sum over a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// By sixteenth; those that are over go with the next that is added.
    pub parts: BTreeMap<i64, Decimal>,
}

/// Where a price was over a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it is.
    pub last: Decimal,
    /// The lowest and the highest by sixteenth in which it moved, from where it was before.
    pub parts: BTreeMap<i64, (Decimal, Decimal)>,
}

impl Windows {
    /// The last sixteenth in which anything happened.
    pub(super) fn last(&self) -> Option<i64> {
        let sums = self.sums.values().filter_map(|sums| sums.parts.last_key_value().map(|(part, _)| *part));
        let ranges = self.ranges.values().filter_map(|range| range.parts.last_key_value().map(|(part, _)| *part));
        sums.chain(ranges).max()
    }
}

impl Sums {
    pub(super) fn add(&mut self, window_s: u32, at: Timestamp, value: Decimal) {
        let part = part(window_s, at);
        self.parts.retain(|known, _| *known >= part - PARTS);
        let sum = self.parts.entry(part).or_default();
        *sum = most(sum.plus(value));
    }

    /// Takes off what counts at `at`, the oldest first, as much as there is of `value`; how much of that is left.
    pub(super) fn take(&mut self, window_s: u32, at: Timestamp, value: Decimal) -> Decimal {
        let now = part(window_s, at);
        let mut left = value;
        for (_, known) in self.parts.range_mut(now - PARTS..=now) {
            let taken = left.min(*known);
            (*known, left) = (most(known.minus(taken)), most(left.minus(taken)));
        }
        self.parts.retain(|_, known| !known.is_zero());
        left
    }

    /// What counts at `at`.
    #[must_use]
    pub fn sum(&self, window_s: u32, at: Timestamp) -> Decimal {
        let now = part(window_s, at);
        let counted = self.parts.range(now - PARTS..=now);
        counted.fold(Decimal::ZERO, |sum, (_, value)| most(sum.plus(*value)))
    }
}

impl Range {
    /// A price that has been `price`.
    pub(super) const fn at(price: Decimal) -> Self {
        Self { last: price, parts: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, window_s: u32, at: Timestamp, price: Decimal) {
        let part = part(window_s, at);
        self.parts.retain(|known, _| *known >= part - PARTS);
        let (low, high) = self.parts.entry(part).or_insert((self.last, self.last));
        (*low, *high) = ((*low).min(price), (*high).max(price));
        self.last = price;
    }

    /// How far the price is from where it was within the window, as a share of what it was there.
    #[must_use]
    pub fn moved(&self, window_s: u32, at: Timestamp) -> Decimal {
        let now = part(window_s, at);
        let counted = self.parts.range(now - PARTS..=now);
        let (low, high) = counted
            .fold((self.last, self.last), |(low, high), (_, (lowest, highest))| (low.min(*lowest), high.max(*highest)));
        share(self.last, low).max(share(self.last, high))
    }
}

/// |value − from| ÷ from, rounded up; more than any bound where it does not fit.
pub(super) fn share(value: Decimal, from: Decimal) -> Decimal {
    let gap = most(value.minus(from)).abs();
    if gap.is_zero() { gap } else { most(gap.over(from.abs(), plimsoll_core::Rounding::Up)) }
}

/// What does not fit is beyond any bound.
pub(super) fn most(sum: Result<Decimal, plimsoll_core::NumberError>) -> Decimal {
    sum.unwrap_or(Decimal::MAX)
}
