//! What a spot trade moves.

use plimsoll_core::{Amount, NumberError, Position, Price, Quantity, Rounding};

use super::Spot;
use crate::instruments::settlement::Carry;
use crate::instruments::{Style, exact};

impl Spot {
    /// A spot position is worth its mark.
    pub(in crate::instruments) fn carry(&self, position: &Position, mark: Price) -> Result<Carry, NumberError> {
        let option_value = exact::value(&self.terms, Style::Linear, position.quantity, mark.value)?;
        Ok(Carry { unrealised: Amount::zero(self.terms.settlement), option_value })
    }

    pub(in crate::instruments) fn pnl(
        &self,
        quantity: Quantity,
        from: Price,
        to: Price,
    ) -> Result<Amount, NumberError> {
        exact::value(&self.terms, Style::Linear, quantity, to.minus(from)?.value)
    }

    /// The underlying's asset one way, its cost the other.
    pub(in crate::instruments) fn fill(&self, quantity: Quantity, price: Price) -> Result<Vec<Amount>, NumberError> {
        let units = quantity.0.times(self.terms.contract_size, Rounding::Down)?;
        let cost = exact::value(&self.terms, Style::Linear, quantity.negated(), price.value)?;
        Ok(vec![Amount::new(units, self.terms.underlying.asset()), cost])
    }
}
