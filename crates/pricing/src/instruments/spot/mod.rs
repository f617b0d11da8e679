//! Spot: one asset bought with another.
//!
//! **What it is.** A trade of one contract moves `contract_size` of the underlying's asset one way and
//! its price in the quote the other, at once. There is no leverage and nothing to settle: what was
//! bought is a balance, and a spot trade leaves no position.
//!
//! A spot *position*, where a document lists one, counts as the coins it is: worth its mark, in the
//! quote, with no unrealised P&L.
//!
//! # Source
//! The definition; names as Deribit (`BTC_USDC`) and ccxt (`BTC/USDT`) write them.

pub(super) mod names;
mod settlement;
mod terms;
mod value;

pub use terms::Spot;
