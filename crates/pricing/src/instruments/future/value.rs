//! What a dated future is worth, and its Greeks.

use super::Future;
use crate::PricingError;
use crate::instruments::futures;
use crate::instruments::greeks::Greeks;
use crate::instruments::priced::{Priced, Quoted};
use crate::instruments::worths::Shocks;
use crate::market::{MarkQuote, View};

impl Future {
    /// Its published mark, else the forward of its expiry.
    pub(in crate::instruments) fn price(&self, view: &View, quote: Option<&MarkQuote>) -> Result<Priced, PricingError> {
        let quoted = Quoted::new(&self.terms, view, quote)?;
        let forward = quoted.forward(self.expiry)?;
        quoted.straight(forward, view.years(self.expiry), view.rate(self.terms.underlying, self.expiry))
    }

    pub(in crate::instruments) fn worths(&self, priced: &Priced, shocks: &Shocks, row: &mut [f64]) {
        futures::worths(&self.terms, self.style, priced, shocks.growth, row);
    }

    pub(in crate::instruments) fn greeks(&self, priced: &Priced) -> Greeks {
        futures::greeks(&self.terms, self.style, priced)
    }
}
