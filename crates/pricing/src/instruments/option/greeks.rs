//! An option's Greeks.

use super::EuropeanOption;
use crate::float::float;
use crate::formulas::black76;
use crate::instruments::greeks::{Greeks, InQuote};
use crate::instruments::priced::Priced;

impl EuropeanOption {
    pub(in crate::instruments) fn greeks(&self, priced: &Priced) -> Greeks {
        let vol = priced.vol.map_or(0.0, |vol| vol.value);
        let rate = self.discount_rate(priced.rate);
        let unit = black76::greeks(self.right, priced.forward, float(self.strike), vol, priced.years, rate);
        let in_quote = InQuote {
            value: unit.price,
            delta: unit.delta,
            gamma: unit.gamma,
            vega: unit.vega,
            theta: unit.theta,
            rho: if self.is_discounted() { unit.rho } else { 0.0 },
        };
        in_quote.per_contract(self.style, &self.terms, priced.forward)
    }
}
