//! What a perpetual carries, and when it next pays funding.

use plimsoll_core::{Amount, NumberError, Price, Quantity, Timestamp};

use super::Perpetual;
use crate::instruments::{exact, settlement};

impl Perpetual {
    pub(in crate::instruments) fn pnl(
        &self,
        quantity: Quantity,
        from: Price,
        to: Price,
    ) -> Result<Amount, NumberError> {
        exact::future_pnl(&self.terms, self.style, quantity, from, to)
    }

    /// The next funding after `as_of`.
    pub(in crate::instruments) fn next_settlement(&self, as_of: Timestamp) -> Option<Timestamp> {
        settlement::next_multiple(as_of, self.funding_interval_s)
    }
}
