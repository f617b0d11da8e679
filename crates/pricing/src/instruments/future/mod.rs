//! The dated future.
//!
//! **What it is.** A perpetual's P&L with an end: at `expiry` it pays the difference between the
//! settlement price of its underlying (an average of the index) and the entry price, in the same style
//! as before, and is gone. There is no funding.
//!
//! **What it moves with.** Its own mark; without one, the forward of its expiry.
//!
//! # Source
//! Deribit, "Futures" contract specifications, <https://www.deribit.com/kb>, read 2026-11; how it
//! pays is checked against 60-digit figures of `inverse.json`.

pub(super) mod names;
mod settlement;
mod terms;
mod value;

pub use terms::Future;
