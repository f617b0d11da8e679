//! The words of margining, exact.
//!
//! Everything a risk engine says of an account is said in these types: a [`Price`] names its quote
//! asset, an [`Amount`] its asset, a [`Quantity`] and a [`Rate`] are plain decimals, and all of them
//! are integers at 10⁻¹⁸, so an 18-decimal chain balance is held whole and no sum drifts.
//!
//! The choice made: one scale for every number, and 256-bit products. A scale per asset would hold
//! more but brings the bookkeeping of scales into every line. What does not fit is an error, in
//! every operation; rounding is always named.
//!
//! Left out on purpose: floats, clocks, files. A price becomes a float in `pricing` and a float
//! becomes a price only there.
#![deny(clippy::float_arithmetic)]

pub mod decimal;
pub mod encoding;
pub mod money;
pub mod name;
pub mod planted;
pub mod portfolio;
pub mod requirement;
pub mod time;

pub use decimal::{Decimal, NumberError, Rounding};
pub use encoding::{Decode, DecodeError, Digest, Encode, hash, hash_bytes};
pub use money::{Amount, Price, Quantity, Rate};
pub use name::{Asset, NameError, Underlying};
pub use portfolio::{AccountId, Balance, InstrumentId, Order, Portfolio, Position, Side};
pub use requirement::{Label, Node, Requirement, Rule};
pub use time::{TimeError, Timestamp};
