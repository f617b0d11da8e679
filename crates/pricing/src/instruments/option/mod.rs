//! The European option.
//!
//! **What it is.** At `expiry` the holder of one contract is paid `contract_size` × max(±(S − K), 0):
//! plus for a call, minus for a put; K the strike, S the settlement price, which venues average from
//! the index over the last half hour. Nobody exercises early.
//!
//! **How it pays.** Linear: in the quote. Inverse: that amount ÷ S, in coin, so a coin-settled call
//! never pays a whole coin. Quanto: the quote's amount × a fixed rate, in a third asset.
//!
//! **When its price is paid.** A premium-paid option is paid for at the trade: a position carries its
//! value and has no unrealised P&L. A futures-style option is margined like a future: nothing is paid
//! at the trade, and a position carries the change of its price since.
//!
//! **How it is quoted.** Linear and quanto in the quote. Inverse in coin: Black's value on the forward ÷
//! that forward, undiscounted, and under a shock ÷ the *shocked* forward.
//!
//! # Source
//! Deribit, "Inverse Options", <https://support.deribit.com/hc/en-us/articles/25944688327069-Inverse-Options>,
//! and "Options", <https://www.deribit.com/pages/docs/options> (its example of 0.2 BTC is a test). Black-76
//! is in [`crate::formulas::black76`], its coin form in [`crate::formulas::inverse`].

mod greeks;
pub(super) mod names;
mod settlement;
mod terms;
mod value;
mod worths;

pub(super) use settlement::{notional, payoff};
pub use terms::{EuropeanOption, PremiumStyle};
pub(super) use worths::worths;
