//! The dated future.
//!
//! **What it is.** A perpetual's P&L with an end: at `expiry` it pays the difference between the
//! settlement price of its underlying (an average of the index) and the entry price, in the same style
//! as before, and is gone. There is no funding.
//!
//! **What it moves with.** Its own mark; without one, the forward of its expiry.
//!
//! # Source
//! As the perpetual's; the inverse P&L is checked against the 60-digit figures of
//! `vectors/analytics/inverse.json`.

pub(super) mod names;
mod settlement;
mod terms;
mod value;

pub use terms::Future;
