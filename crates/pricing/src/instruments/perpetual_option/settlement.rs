//! What a perpetual option carries, and when its funding is next due.

use plimsoll_core::{Amount, NumberError, Price, Quantity, Timestamp};

use super::PerpetualOption;
use crate::instruments::{exact, settlement};

impl PerpetualOption {
    /// What `quantity` contracts gain while their own price moves.
    pub(in crate::instruments) fn pnl(
        &self,
        quantity: Quantity,
        from: Price,
        to: Price,
    ) -> Result<Amount, NumberError> {
        exact::value(&self.terms, self.style, quantity, to.minus(from)?.value)
    }

    /// When mark − payoff has next been paid in full.
    pub(in crate::instruments) fn next_settlement(&self, as_of: Timestamp) -> Option<Timestamp> {
        settlement::next_multiple(as_of, self.funding_period_s)
    }
}
