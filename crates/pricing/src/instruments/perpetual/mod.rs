//! The perpetual future.
//!
//! **What it is.** A future that never expires; funding between longs and shorts, every
//! `funding_interval_s`, keeps its mark near the index.
//!
//! **How it pays**, q contracts of size s from entry to exit: linear q·s·(exit − entry) in the quote;
//! inverse q·s·(1/entry − 1/exit) in coin, s an amount of quote; quanto q·s·(exit − entry)·rate in a
//! third asset. So an inverse contract's coin P&L is curved: it loses more coin as the price falls
//! than it gains as it rises, and coin held against a short of the same worth carries no price risk.
//!
//! **What it moves with.** Its own mark; without one, the index stands in. Funding that is accrued is
//! a fact of the position, not part of its value.
//!
//! # Source
//! `BitMEX`, "Inverse Futures Guide", <https://bitmex.com/app/inverseFuturesGuide>, and "ETHUSD Series Guide",
//! <https://www.bitmex.com/app/seriesGuide/ETHUSD>, for the inverse and the quanto formula; figures of
//! both are tests.

pub(super) mod names;
mod settlement;
mod terms;
mod value;

pub use terms::Perpetual;
