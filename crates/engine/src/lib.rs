//! Accounts over time: what a venue's accounts hold, and what happens to them.
//!
//! A margin figure is a photograph; a venue needs the film: deposits, orders, fills, prices, funding, expiry, margin calls.
//! [`step()`] decides one [`Command`] on a [`State`] and answers with [`Event`]s or a [`Refusal`]; [`evolve()`] applies one
//! event. Everything that was decided stands in the events, so that a state is rebuilt from them without a float, a
//! model or a market: recovery only folds.
//!
//! The choice made: `State` holds facts, in exact numbers. [`Book`] holds what is computed from them (the market,
//! models' tables, the accounts as a model reads them) and may be dropped at any moment with nothing changed but the
//! time. Refusals come before the first event. Every amount moves between two holders, and after every event each asset
//! nets to zero; a sum that does not is a fault of ours, and stops the engine.
//!
//! Left out on purpose: clocks, files, threads of its own, identities of callers. Time is an argument; order, durability and
//! repeated commands are the node's. The matching of orders is somebody else's: a fill is a fact that is brought here.

pub mod account;
mod book;
pub mod breakers;
pub mod command;
mod encoding;
pub mod event;
pub mod evolve;
pub mod ledger;
pub mod liquidation;
pub mod market;
pub mod notice;
pub mod refusal;
pub mod state;
pub mod step;

pub use account::{AccountTerms, ContractId, Holding, OpenOrder, OrderId};
pub use book::{Asleep, Book};
pub use command::Command;
pub use event::Event;
pub use evolve::evolve;
pub use ledger::{Holder, House, Leg};
pub use refusal::Refusal;
pub use state::State;
pub use step::step;
