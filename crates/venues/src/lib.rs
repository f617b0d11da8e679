//! Venues' payloads, symbols and files, one folder a venue.
//!
//! A venue publishes its market in shapes of its own: rows collected over some seconds, figures in
//! per cent, amounts in dollars of contracts. An importer turns what was published into one
//! snapshot and one listing, the house's words, and says of every row what became of it: nothing is
//! dropped in silence, and no file, however broken, does more than return an error.
//!
//! The choice made: published figures stay as published. A median of an even count is one of the
//! two, no figure is smoothed, and what nobody published stays absent, for `pricing` to derive.
//!
//! Left out: connections. Bytes come in as an argument; whoever has a socket fetches them.

pub mod deribit;
mod import;
mod rows;
pub mod span;

pub use import::{FileReport, ImportError, ImportFile, Imported, LeftOut, Place, Reason, Report};
