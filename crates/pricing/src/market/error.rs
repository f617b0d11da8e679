//! Why a question about a market has no answer.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, NumberError, Timestamp, Underlying};
use thiserror::Error;

use crate::PricingError;

/// Why a question about a market has no answer. Variants stand in the order they are checked.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum MarketError {
    /// Nothing is published of the underlying.
    #[error("{0}: no such underlying: expected an index at market.underlyings.{0}")]
    UnknownUnderlying(Underlying),
    /// A price or a volatility that must be positive.
    #[error("{underlying}{}: {what} is {value}: expected a positive number", shown(*.expiry))]
    NotPositive {
        /// Whose figure it is.
        underlying: Underlying,
        /// The expiry it belongs to; none for an index.
        expiry: Option<Timestamp>,
        /// Which figure: `index`, `forward`, `strike`, `vol`.
        what: &'static str,
        /// What it is.
        value: Decimal,
    },
    /// A strike that does not stand above the one before it.
    #[error("{underlying} {expiry}: strike {strike} follows {before}: expected ascending strikes")]
    StrikesNotAscending {
        /// Whose strikes they are.
        underlying: Underlying,
        /// The expiry they belong to.
        expiry: Timestamp,
        /// The earlier strike.
        before: Decimal,
        /// The strike that is not above it.
        strike: Decimal,
    },
    /// A published SVI slice that is not one.
    #[error("{underlying} {expiry}: svi {parameter} is {value}: expected {expected}")]
    BadSvi {
        /// Whose slice it is.
        underlying: Underlying,
        /// The expiry it belongs to.
        expiry: Timestamp,
        /// The parameter at fault.
        parameter: &'static str,
        /// What it is.
        value: Decimal,
        /// What it should be.
        expected: &'static str,
    },
    /// Nothing says how volatile the underlying is.
    #[error(
        "{underlying} {expiry} strike {strike}: no volatility: expected a quoted volatility, an SVI slice or an option mark on {underlying}"
    )]
    NoVolatility {
        /// The underlying asked for.
        underlying: Underlying,
        /// The expiry asked for.
        expiry: Timestamp,
        /// The strike asked for.
        strike: f64,
    },
    /// No way from the asset to the snapshot's currency.
    #[error(
        "{asset}: no price in {currency}: expected market.assets.{asset}.price, or an index of {asset} quoted in {currency} or in a priced asset"
    )]
    NoPrice {
        /// The asset asked for.
        asset: Asset,
        /// What it should be counted in.
        currency: Asset,
    },
    /// The number names nothing in the listing.
    #[error("no instrument number {} in a listing of {listed}", .id.0)]
    UnknownInstrument {
        /// The number.
        id: InstrumentId,
        /// How many there are.
        listed: usize,
    },
    /// The instrument was left out when the market was restricted.
    #[error("{name}: left out of this restricted market")]
    LeftOut {
        /// The instrument's name.
        name: Arc<str>,
    },
    /// The instrument cannot be priced in this market.
    #[error("{name}: {reason}")]
    Unpriceable {
        /// The instrument's name.
        name: Arc<str>,
        /// Why not.
        reason: Box<PricingError>,
    },
    /// A move that is no move: a factor that is not positive and finite, or a shift that is not finite.
    #[error("a market move with {what} {value}: expected {expected}")]
    BadMove {
        /// Which figure.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// A figure does not fit.
    #[error(transparent)]
    Number(#[from] NumberError),
}

fn shown(expiry: Option<Timestamp>) -> String {
    expiry.map(|expiry| format!(" {expiry}")).unwrap_or_default()
}
