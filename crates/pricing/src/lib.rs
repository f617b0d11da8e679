//! What a contract is and what it is worth: instruments, market snapshots and formulas.
//!
//! A margin engine asks three things before it can judge an account: what was agreed, what the
//! market says, and what the one is worth in the other. They are kept apart here:
//!
//! - [`instruments`]: one folder a kind of contract, with its terms, value, Greeks, settlement and
//!   names. Floors above put general questions to an [`Instrument`](instruments::Instrument) and
//!   never ask which kind it is.
//! - [`market`]: a snapshot of exact published facts, and what is derived from it.
//! - [`formulas`]: Black-76, everlasting options, implied volatility and surfaces over plain floats.
//!
//! The choice made: **floats value, decimals settle**. A price that nobody published is computed in
//! floats, with the same bits on every machine, and becomes a decimal at one door
//! ([`float::decimal`]). What an account owns, owes, pays or is paid is decimal arithmetic throughout,
//! and where a digit must be dropped it is dropped against the account.
//!
//! Left out: American exercise, dividends, and interest-rate curves. A crypto option is European, its
//! forward is quoted or read off a future, and one rate an expiry discounts a premium.

pub mod error;
pub mod float;
pub mod formulas;
pub mod instruments;
pub mod market;

pub use error::PricingError;
