//! A cross-margin risk engine for crypto derivatives: one name to depend on.
//!
//! Give it a margin request (a market, instruments and accounts in one document) and ask: what does
//! each account have, what must it hold and why, how far is it from every line, where is it
//! liquidated, what would a trade change.
//!
//! ```
//! use plimsoll::document::Format;
//! use plimsoll::{Desk, Level, Request};
//!
//! let request = br#"{
//!   "as_of": "2026-01-05T08:00:00Z",
//!   "currency": "USD",
//!   "market": {"underlyings": {"BTC": {"index": "60000", "quote": "USD"}}},
//!   "accounts": [{
//!     "id": "hedged",
//!     "collateral": [{"asset": "BTC", "amount": "10"}],
//!     "positions": [{"instrument": "BTC-PERPETUAL", "quantity": "-600000", "entry_price": "60000"}]
//!   }]
//! }"#;
//! let desk = Desk::open(Request::read(request, Format::Json)?)?;
//! let margin = desk.margin(&desk.accounts()[0])?;
//! assert_eq!(margin.equity.net_value.amount.to_string(), "600000");
//! assert_eq!(margin.state.to_string(), "healthy");
//! // Ten coins against the same size of a short inverse perpetual: only the basis is at risk.
//! assert!(margin.levels.at(Level::Initial).requirement < "5000".parse()?);
//! // The requirement is a tree that anyone can recompute.
//! assert_eq!(margin.requirement.initial.check()?, margin.requirement.initial.amount);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The floors below are here under their own names. A few things are added, none with rules of its own:
//! [`desk`] joins a document to the questions of [`margin::answers`], [`conformance`] runs published cases,
//! [`simulation`] writes a Deribit portfolio margin as the venue's own call answers it, [`stream`] reads commands for the
//! engine and writes its events, [`story`] runs a file of commands with what must be so after each. [`faults`] is a whole
//! venue in one thread with faults put in.

pub mod conformance;
pub mod desk;
pub mod simulation;
pub mod story;
pub mod stream;

pub use plimsoll_book as book;
pub use plimsoll_core as core;
pub use plimsoll_document as document;
pub use plimsoll_engine as engine;
pub use plimsoll_journal as journal;
pub use plimsoll_margin as margin;
pub use plimsoll_node as node;
pub use plimsoll_numerics as numerics;
pub use plimsoll_pricing as pricing;
pub use plimsoll_simulation as faults;
pub use plimsoll_venues as venues;

pub use desk::{Desk, Entry, Judges};
pub use plimsoll_core::{Amount, Asset, Decimal, Node, Price, Quantity, Requirement, Timestamp, Underlying};
pub use plimsoll_document::{DocumentError, DocumentErrors, Request};
pub use plimsoll_margin::answers::margin::Margin;
pub use plimsoll_margin::level::{Level, State};
pub use plimsoll_margin::{Account, MarginError};
pub use plimsoll_pricing::market::Market;
