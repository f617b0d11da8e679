//! What people ask of a book: one file a question, each a pure function of account and market.

pub mod closing;
pub mod compare;
pub mod greeks;
pub mod liquidation;
pub mod margin;
pub mod matrix;
pub mod whatif;
