//! A perpetual option's Greeks.

use super::PerpetualOption;
use crate::float::float;
use crate::formulas::everlasting;
use crate::instruments::greeks::{Greeks, InQuote};
use crate::instruments::priced::Priced;

impl PerpetualOption {
    /// By the index. No theta and no rho: what holding it costs is funding.
    pub(in crate::instruments) fn greeks(&self, priced: &Priced) -> Greeks {
        let vol = priced.vol.map_or(0.0, |vol| vol.value);
        let unit = everlasting::greeks(self.right, priced.forward, float(self.strike), vol, self.funding_years());
        let in_quote =
            InQuote { value: unit.price, delta: unit.delta, gamma: unit.gamma, vega: unit.vega, theta: 0.0, rho: 0.0 };
        in_quote.per_contract(self.style, &self.terms, priced.forward)
    }
}
