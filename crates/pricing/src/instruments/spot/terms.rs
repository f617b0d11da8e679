//! What spot says of itself.

use crate::instruments::Terms;

/// Spot: the underlying's asset against its quote, which is also what it settles in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Common terms.
    pub terms: Terms,
}
