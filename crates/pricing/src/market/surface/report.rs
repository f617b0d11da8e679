//! How a surface was made, for people and for tests.

use plimsoll_core::Timestamp;

use super::Arbitrage;

/// How a surface was made and how well it meets its quotes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurfaceReport {
    /// By expiry, ascending.
    pub slices: Vec<SliceReport>,
}

/// How one slice was made and how well it meets its quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SliceReport {
    /// Of which expiry.
    pub expiry: Timestamp,
    /// Years to it.
    pub years: f64,
    /// Quoted volatilities it could be compared with.
    pub points: usize,
    /// How it was made.
    pub method: Method,
    /// What was done to it for the sake of no arbitrage.
    pub repair: Repair,
    /// Root mean square of slice − quote, in volatility: 0.01 is one point.
    pub rms_error: f64,
    /// Largest |slice − quote|, in volatility.
    pub max_error: f64,
    /// The same root mean square before any repair.
    pub rms_error_before: f64,
    /// What it admitted before any repair, against the next slice as delivered.
    pub arbitrage_before: Arbitrage,
    /// What it admits as delivered: nothing, but for a published slice.
    pub arbitrage: Arbitrage,
}

/// How a slice was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Published as SVI.
    Published,
    /// Raw SVI fitted to at least five strikes.
    Fitted,
    /// The line between two to four strikes.
    Interpolated,
    /// One volatility everywhere.
    Flat,
}

/// What was done to a slice for the sake of no arbitrage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Repair {
    /// Nothing was needed, or it is published.
    None,
    /// Fitted again with wings no steeper than the next slice's.
    Refitted,
    /// Mixed with this share, above 0 and at most 1, of the next slice scaled down to its level.
    Mixed(f64),
}

impl SurfaceReport {
    /// Whether the surface as delivered admits no arbitrage on its grid.
    #[must_use]
    pub fn is_arbitrage_free(&self) -> bool {
        self.slices.iter().all(|slice| slice.arbitrage.is_none())
    }

    /// How many slices admitted arbitrage before they were repaired.
    #[must_use]
    pub fn repaired(&self) -> usize {
        self.slices.iter().filter(|slice| slice.repair != Repair::None).count()
    }
}
