//! The margin request as a document: JSON, YAML or TOML in, a checked market and accounts out.
//!
//! A document is written by people and programs that make mistakes, and a margin figure computed
//! from a mistake is worse than none. So a document is read whole, everything wrong with it is
//! reported together, each by its path, the value and what was expected; what is unknown, or used
//! by no model yet, is named and never dropped in silence; and no input, however hostile, does
//! more than return an error.
//!
//! The choice made: one declarative list of fields an object ([`fields`]). Reading, the report of
//! unknown fields and the JSON Schema come from it, so they cannot disagree. Numbers keep their own
//! text until they are decimals: a float never stands between a document and a ledger.
//!
//! Left out: whether a model or its parameter exists, which those who have the models say in the
//! same form of error ([`Account::model_path`], [`Parameters`]); and every calculation.

pub mod accounts;
mod directory;
pub mod fields;
pub mod fuzz;
mod holdings;
mod instruments;
mod market;
pub mod merge;
pub mod parameters;
mod plausible;
pub mod reader;
pub mod report;
pub mod request;
pub mod schema;
pub mod shape;
pub mod syntax;
pub mod value;
pub mod write;

pub use accounts::{Account, FeeRates, Mode};
pub use fuzz::fuzz_document;
pub use instruments::read_instrument;
pub use market::{expiry_quote, mark_quote};
pub use merge::merge;
pub use parameters::Parameters;
pub use report::{DocumentError, DocumentErrors, Warning};
pub use request::Request;
pub use schema::schema;
pub use syntax::{Format, parse};
pub use value::Value;
pub use write::{write_market, write_request};
