//! What spot is worth, and its Greeks: it is its own delta.

use super::Spot;
use crate::PricingError;
use crate::float::float;
use crate::instruments::Style;
use crate::instruments::greeks::{Greeks, InQuote};
use crate::instruments::priced::{Priced, Quoted};
use crate::instruments::worths::Shocks;
use crate::market::{ForwardSource, MarkQuote, View};

impl Spot {
    /// Its own published price, else the index; it moves with the index.
    pub(in crate::instruments) fn price(&self, view: &View, quote: Option<&MarkQuote>) -> Result<Priced, PricingError> {
        let quoted = Quoted::new(&self.terms, view, quote)?;
        let index = (quoted.index, ForwardSource::Index);
        let priced = quoted.straight(index, 0.0, 0.0)?;
        Ok(Priced { forward: index.0, forward_source: index.1, ..priced })
    }

    /// size × mark × the index's move.
    pub(in crate::instruments) fn worths(&self, priced: &Priced, shocks: &Shocks, row: &mut [f64]) {
        let value = float(self.terms.contract_size) * float(priced.mark.value);
        for (worth, growth) in row.iter_mut().zip(shocks.spot) {
            *worth = value * growth;
        }
    }

    pub(in crate::instruments) fn greeks(&self, priced: &Priced) -> Greeks {
        InQuote::straight(1.0).per_contract(Style::Linear, &self.terms, priced.forward)
    }
}
