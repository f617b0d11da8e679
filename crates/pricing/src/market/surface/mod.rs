//! The volatility surface of one underlying: total variance by time and log strike.
//!
//! An expiry's slice is the published SVI where there is one; else raw SVI fitted to its quoted
//! volatilities ([`fit_svi`]); of two to four volatilities the line between them; of one, that one
//! everywhere. An expiry without any has no slice and lies between its neighbours: total variance
//! is linear in time at one log strike k = ln(strike / forward), proportional to time before the
//! first slice, and beyond the last it grows at the last forward variance.
//!
//! **Wings.** A slice quoted less far out than the expiry before it borrows that one's outer quotes,
//! with little weight: they say more of its wings than its own strikes do.
//!
//! **No arbitrage.** Slices are put together from the last expiry to the first, on a grid that spans
//! the quotes of the slice, of every earlier one and of the next, and where a slice bends. Where a slice admits butterfly
//! arbitrage or exceeds the next in total variance, it is fitted again with wings no steeper than
//! the next one's; where that does not suffice it is mixed, in total variance and only as far as
//! needed, with the next slice scaled down to its own level. That anchor admits neither: for a
//! factor c ≤ 1 Durrleman's function of c·w is concave in c and not negative at 0 and 1. So a mixture
//! that suffices always exists. A published slice is delivered as published, and what it admits is
//! reported; what it admits, a slice mixed with it may keep.
//!
//! Left out: the exact strikes' own volatilities, which [`super::View::vol`] prefers, and arbitrage
//! between them.

mod arbitrage;
mod fit;
mod repair;
mod report;
mod simplex;
mod slice;

use plimsoll_core::Timestamp;

pub use arbitrage::Arbitrage;
pub use fit::{FitError, STRIKES_MIN, fit_svi};
pub use report::{Method, Repair, SliceReport, SurfaceReport};
pub use slice::Slice;

use crate::formulas::svi::Raw;

/// A volatility at a log strike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolPoint {
    /// ln(strike / forward).
    pub log_strike: f64,
    /// Annual, positive: 0.6 is 60 %.
    pub vol: f64,
}

/// What is known of one expiry.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceInput {
    /// When it is.
    pub expiry: Timestamp,
    /// Years to it, positive.
    pub years: f64,
    /// A published slice; it comes before the points.
    pub svi: Option<Raw>,
    /// Quoted volatilities, in any order.
    pub points: Vec<VolPoint>,
}

/// A volatility surface: slices by time.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    nodes: Vec<Node>,
    report: SurfaceReport,
}

#[derive(Clone, Debug, PartialEq)]
struct Node {
    years: f64,
    slice: Slice,
}

impl Surface {
    /// Fits every expiry and makes them consistent with each other. Points that are no volatility
    /// (not positive, not finite) are left out; expiries with nothing left, or without time, have no
    /// slice. Deterministic, and bounded in its work.
    #[must_use]
    pub fn fit(inputs: &[SliceInput]) -> Self {
        let (nodes, slices) = repair::delivered(inputs);
        Self { nodes, report: SurfaceReport { slices } }
    }

    /// How the surface was made, and how well it meets its quotes.
    #[must_use]
    pub fn report(&self) -> &SurfaceReport {
        &self.report
    }

    /// The slices by years to expiry, ascending.
    pub fn slices(&self) -> impl Iterator<Item = (f64, &Slice)> {
        self.nodes.iter().map(|node| (node.years, &node.slice))
    }

    /// Total variance σ²T at a log strike, `years` from now; `None` for a surface without slices.
    #[must_use]
    pub fn total_variance(&self, log_strike: f64, years: f64) -> Option<f64> {
        let last = self.nodes.last()?;
        let after = self.nodes.partition_point(|node| node.years < years);
        let of = |node: &Node| node.slice.variance(log_strike).value;
        let before = after.checked_sub(1).and_then(|before| self.nodes.get(before));
        let value = match (before, self.nodes.get(after)) {
            (None, first) => {
                let first = first.unwrap_or(last);
                of(first) * (years.max(0.0) / first.years)
            }
            (Some(before), Some(after)) => line(years, (before.years, of(before)), (after.years, of(after))),
            (Some(_), None) => {
                let earlier = self.nodes.len().checked_sub(2).and_then(|place| self.nodes.get(place));
                let start = earlier.map_or((0.0, 0.0), |node| (node.years, of(node)));
                // Only published slices can cross; even then variance must not fall with time.
                line(years, start, (last.years, of(last))).max(of(last))
            }
        };
        Some(value)
    }

    /// The annual volatility at a log strike, `years` from now; `None` for a surface without slices.
    #[must_use]
    pub fn vol(&self, log_strike: f64, years: f64) -> Option<f64> {
        let first = self.nodes.first()?;
        // Up to the first slice volatility does not depend on time, and at no time it is a limit.
        let years = years.max(first.years);
        Some((self.total_variance(log_strike, years)?.max(0.0) / years).sqrt())
    }
}

fn line(at: f64, from: (f64, f64), to: (f64, f64)) -> f64 {
    let share = (at - from.0) / (to.0 - from.0);
    share.mul_add(to.1 - from.1, from.1)
}
