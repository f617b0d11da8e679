//! The perpetual (everlasting) option.
//!
//! **What it is.** An option that never expires. While it is held, longs pay shorts mark − payoff, spread
//! evenly over `funding_period_s`; the payoff is max(±(S − K), 0) at the index S. So what is bought is
//! a basket of options whose expiries lie around one funding period ahead.
//!
//! **How it pays.** Nothing is paid at the trade: it is margined like a perpetual on its own price,
//! size × (exit − entry) in the quote; × a fixed rate for a quanto. An inverse one is quoted in coin,
//! value ÷ index, and pays in coin.
//!
//! **What it moves with.** The index and the volatility. Time passing costs it nothing but funding, so
//! it has no theta.
//!
//! # Source
//! S. Bankman-Fried and D. White, "Everlasting Options", Paradigm, May 2021; the value is
//! [`crate::formulas::everlasting`].

mod greeks;
pub(super) mod names;
mod settlement;
mod terms;
mod value;

pub use terms::PerpetualOption;
