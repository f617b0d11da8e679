//! What is asked about: a portfolio with what its owner agreed with the venue.

use std::sync::Arc;

use plimsoll_core::{Decimal, Portfolio};
use plimsoll_pricing::market::Market;

use crate::MarginError;

/// A portfolio and the terms it is held on. It has no name: margin is blind to whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What is held.
    pub portfolio: Portfolio,
    /// The unsecured line that was agreed, in the market's currency; at least zero. It counts as margin equity, as
    /// much of it as the model grants.
    pub credit_line: Decimal,
    /// The owner's credit rating, in the words of the agreement; `None` where there is none.
    pub rating: Option<Arc<str>>,
    /// Fee of an order that takes, as a fraction of notional.
    pub taker_fee_rate: Decimal,
}

impl Account {
    /// The account with every position's entry price written out: one without counts as entered at
    /// the mark, which must be today's once the market is moved.
    ///
    /// # Errors
    /// [`MarginError`] for an instrument without a mark.
    pub fn with_entry_prices(&self, market: &Market) -> Result<Self, MarginError> {
        let mut account = self.clone();
        for position in account.portfolio.positions.iter_mut().filter(|position| position.entry_price.is_none()) {
            position.entry_price = Some(market.priced(position.instrument)?.mark);
        }
        Ok(account)
    }
}
