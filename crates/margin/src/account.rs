//! What is asked about: a portfolio with what its owner agreed with the venue.

use plimsoll_core::{Decimal, Portfolio};

/// A portfolio and the terms it is held on. It has no name: margin is blind to whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What is held.
    pub portfolio: Portfolio,
    /// An unsecured line that counts as margin equity, in the market's currency; at least zero.
    pub credit_line: Decimal,
    /// Fee of an order that takes, as a fraction of notional.
    pub taker_fee_rate: Decimal,
}
