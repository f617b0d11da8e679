//! What a dated future carries, and what its expiry pays.

use plimsoll_core::{Amount, NumberError, Position, Price, Quantity};

use super::Future;
use crate::instruments::exact;
use crate::instruments::settlement::SettleError;

impl Future {
    pub(in crate::instruments) fn pnl(
        &self,
        quantity: Quantity,
        from: Price,
        to: Price,
    ) -> Result<Amount, NumberError> {
        exact::future_pnl(&self.terms, self.style, quantity, from, to)
    }

    /// The P&L from the entry price to the settlement price.
    pub(in crate::instruments) fn settle(
        &self,
        position: &Position,
        settlement_price: Price,
    ) -> Result<Amount, SettleError> {
        let entry = position.entry_price.ok_or(SettleError::NoEntryPrice)?;
        Ok(self.pnl(position.quantity, entry, settlement_price)?)
    }
}
