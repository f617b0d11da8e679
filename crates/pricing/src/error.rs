//! Why an instrument has no price.

use plimsoll_core::{Asset, Decimal, NumberError};
use thiserror::Error;

use crate::market::MarketError;

/// Why an instrument cannot be priced in a market. Variants stand in the order they are checked.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PricingError {
    /// The market lacks something this instrument moves with.
    #[error(transparent)]
    Market(Box<MarketError>),
    /// The index is counted in another asset than the instrument's underlying price, and one of the
    /// two has no price.
    #[error(
        "its underlying is priced in {expected}, but the index is in {found}: expected an index in {expected}, or a price of both assets, published or by an index of its name"
    )]
    Quote {
        /// What the instrument's underlying price is counted in.
        expected: Asset,
        /// What the index is counted in.
        found: Asset,
    },
    /// A published mark that cannot be one.
    #[error("mark price {value}: expected {expected}")]
    Mark {
        /// The published mark.
        value: Decimal,
        /// What it must be.
        expected: &'static str,
    },
    /// A published mark above anything an option can be worth, where its volatility was to come from it.
    #[error("mark price {value}: above {most}, the most a {right} can be worth, and no volatility is given beside it")]
    MarkAboveMost {
        /// The published mark.
        value: Decimal,
        /// What the option would be worth at a volatility without end, as it is quoted.
        most: f64,
        /// `call` or `put`.
        right: &'static str,
    },
    /// A published mark at which no volatility is left, where it was to come from it.
    #[error(
        "mark price {value}: not above {least}, what it is worth without volatility, and no volatility is given beside it"
    )]
    MarkBelowLeast {
        /// The published mark.
        value: Decimal,
        /// What the option would be worth at no volatility, as it is quoted.
        least: f64,
    },
    /// A published volatility is negative.
    #[error("mark volatility {0}: expected zero or more")]
    Vol(Decimal),
    /// A move of the market that leaves no price or no volatility.
    #[error("a move of {what} by {value}: expected {expected}")]
    Move {
        /// What moves.
        what: &'static str,
        /// By how much.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// A mark that does not fit an exact number.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl From<MarketError> for PricingError {
    fn from(error: MarketError) -> Self {
        Self::Market(Box::new(error))
    }
}
