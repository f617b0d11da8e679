//! What a dated future says of itself.

use plimsoll_core::Timestamp;

use crate::instruments::{Style, Terms};

/// A dated future.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Future {
    /// Common terms.
    pub terms: Terms,
    /// How it pays.
    pub style: Style,
    /// When it settles.
    pub expiry: Timestamp,
}
