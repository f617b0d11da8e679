//! Why a portfolio cannot be margined.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, NumberError, Quantity, Underlying};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::MarketError;
use thiserror::Error;

/// Why a portfolio cannot be margined. Never a zero in its place.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum MarginError {
    /// The market lacks something the portfolio needs.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A figure does not fit.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A figure of one contract does not fit.
    #[error("{instrument}: {reason}")]
    Figure {
        /// The instrument.
        instrument: Arc<str>,
        /// What went wrong.
        reason: NumberError,
    },
    /// A position in a contract the listing does not have.
    #[error("instrument {0} is not in the listing")]
    UnknownInstrument(u32),
    /// A position that is no whole number of lots.
    #[error("{instrument}: {quantity} is not a whole number of lots of {lot}")]
    NotWholeLots {
        /// The instrument.
        instrument: Arc<str>,
        /// The quantity held.
        quantity: Quantity,
        /// The lot.
        lot: Quantity,
    },
    /// More lots than a sum of cells can hold.
    #[error("{lots} lots of {underlying} are more than 2^63 cells can hold: use a larger lot")]
    TooManyLots {
        /// What they are lots of.
        underlying: Underlying,
        /// How many.
        lots: u128,
    },
    /// The P&L of one lot does not fit a cell.
    #[error("{row}: the P&L of one lot under {scenario} does not fit a cell: use a smaller lot")]
    CellTooLarge {
        /// The instrument or asset.
        row: Arc<str>,
        /// The scenario.
        scenario: Arc<str>,
    },
    /// A contract that moves with an asset besides its underlying, which the model has no move for.
    #[error(
        "{model} cannot margin {instrument}: it moves with {asset} too, and its scenarios move one coin at a time; expected a quote and settlement in the currency, a stablecoin or the contract's own coin"
    )]
    OtherCoin {
        /// The model.
        model: &'static str,
        /// The instrument.
        instrument: Arc<str>,
        /// What else it moves with.
        asset: Asset,
    },
    /// Something the model has no rule for.
    #[error("{model} cannot margin {what}: {why}")]
    Unsupported {
        /// The model.
        model: &'static str,
        /// The instrument or asset.
        what: Arc<str>,
        /// What is wrong with it, and what was expected.
        why: String,
    },
    /// No model of that name.
    #[error("no margin model is called {name:?}: expected one of {known}")]
    UnknownModel {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No parameter set of that date.
    #[error("{model} has no parameters of {date:?}: expected one of {known}")]
    UnknownDate {
        /// The model.
        model: &'static str,
        /// The date.
        date: String,
        /// The dates there are.
        known: String,
    },
    /// A parameter the model does not have.
    #[error("{model} has no parameter {name:?}: expected one of {known}")]
    UnknownParameter {
        /// The model.
        model: &'static str,
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A parameter out of its bounds.
    #[error("{model}: {name} is {value}, expected {expected}")]
    Parameter {
        /// The model.
        model: &'static str,
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A question that needs a positive figure got another.
    #[error("{what} must be positive, got {value}")]
    NotPositive {
        /// The figure.
        what: &'static str,
        /// Its value.
        value: Decimal,
    },
}

impl MarginError {
    /// Names the instrument whose figure does not fit.
    pub(crate) fn of(instrument: &Instrument) -> impl Fn(NumberError) -> Self {
        |reason| Self::Figure { instrument: Arc::clone(&instrument.terms().name), reason }
    }

    /// Where no instrument has that number.
    pub(crate) fn unknown(id: InstrumentId) -> impl Fn() -> Self {
        move || Self::UnknownInstrument(id.0)
    }
}
