//! What a perpetual is worth, and its Greeks.

use super::Perpetual;
use crate::PricingError;
use crate::instruments::futures;
use crate::instruments::greeks::Greeks;
use crate::instruments::priced::{Priced, Quoted};
use crate::instruments::worths::Shocks;
use crate::market::{ForwardSource, MarkQuote, View};

impl Perpetual {
    /// Its published mark, else the index.
    pub(in crate::instruments) fn price(&self, view: &View, quote: Option<&MarkQuote>) -> Result<Priced, PricingError> {
        let quoted = Quoted::new(&self.terms, view, quote)?;
        quoted.straight((quoted.index, ForwardSource::Index), 0.0, 0.0)
    }

    pub(in crate::instruments) fn worths(&self, priced: &Priced, shocks: &Shocks, row: &mut [f64]) {
        futures::worths(&self.terms, self.style, priced, shocks.growth, row);
    }

    pub(in crate::instruments) fn greeks(&self, priced: &Priced) -> Greeks {
        futures::greeks(&self.terms, self.style, priced)
    }
}
