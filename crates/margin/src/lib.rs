//! How much collateral a portfolio needs, and why.
//!
//! A *scenario set* is a list of joint market moves. When prices move, every instrument is revalued
//! once under every scenario: its risk array, a row of [`array::Table`]. From there on a margin
//! model only sums small integers: it names a *group* of positions, *folds* the group's vector of
//! sums into a loss, and *combines* the losses. The result is a tree that explains itself,
//! [`plimsoll_core::Requirement`].
//!
//! The choice made: cells are integers counted in grains, so the sums are exact, independent of
//! order and of the machine; floats end where a cell is rounded. What rounding can hide is a named
//! part of the requirement.
//!
//! Left out on purpose: accounts by id, time, state. A requirement is a pure function of a
//! portfolio and a market.

pub mod account;
pub mod answers;
pub mod array;
pub mod closed_forms;
pub mod collateral;
pub mod equity;
pub mod error;
pub mod fold;
pub mod level;
pub mod models;
pub mod orders;
pub mod parameters;
pub mod pass;
pub mod positions;
pub mod revaluation;
pub mod scans;
pub mod scenario;
pub mod schedule;
pub mod sizes;
pub mod spreads;
pub mod watch;

pub use account::Account;
pub use error::MarginError;
