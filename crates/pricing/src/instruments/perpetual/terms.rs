//! What a perpetual says of itself.

use crate::instruments::{Style, Terms};

/// A perpetual future.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Perpetual {
    /// Common terms.
    pub terms: Terms,
    /// How it pays.
    pub style: Style,
    /// Seconds between fundings, counted from midnight UTC of 1970.
    pub funding_interval_s: u32,
}
