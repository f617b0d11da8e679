//! What a perpetual option is worth.

use plimsoll_core::{Decimal, Price};

use super::PerpetualOption;
use crate::PricingError;
use crate::float::float;
use crate::formulas::everlasting;
use crate::instruments::Style;
use crate::instruments::priced::{MarkSource, Priced, Quoted};
use crate::instruments::worths::{Shocks, divisor};
use crate::market::{ForwardSource, MarkQuote, View, Vol, VolSource};

/// A volatility is looked for between zero and this: 10,000 %.
const HIGHEST_VOL: f64 = 100.0;

impl PerpetualOption {
    /// Its volatility is its own mark volatility, else what its mark price implies, else the surface's
    /// one funding period ahead; its mark the published one, else the model's.
    pub(in crate::instruments) fn price(&self, view: &View, quote: Option<&MarkQuote>) -> Result<Priced, PricingError> {
        let quoted = Quoted::new(&self.terms, view, quote)?;
        let price = quoted.price_at_least_zero()?;
        let vol = self.vol(view, &quoted, price)?;
        let (mark, mark_source) = match price {
            Some(price) => (price, MarkSource::Quoted),
            None => (quoted.decimal(self.model(quoted.index, vol.value))?, MarkSource::Model),
        };
        Ok(Priced {
            mark: Price::new(mark, self.price_asset()),
            mark_source,
            forward: quoted.index,
            forward_source: ForwardSource::Index,
            index: quoted.index,
            vol: Some(vol),
            years: 0.0,
            rate: 0.0,
        })
    }

    /// One unit's price by the model, as it is quoted.
    pub(in crate::instruments) fn model(&self, index: f64, vol: f64) -> f64 {
        let value = everlasting::greeks(self.right, index, float(self.strike), vol, self.funding_years()).price;
        if self.style == Style::Inverse { value / index } else { value }
    }

    /// P&L of one contract from the model's unshocked price.
    pub(in crate::instruments) fn worths(&self, priced: &Priced, shocks: &Shocks, row: &mut [f64]) {
        let size = float(self.terms.contract_size) * float(self.style.rate());
        let vol = priced.vol.map_or(0.0, |vol| vol.value);
        let before = self.model(priced.forward, vol);
        for (s, (worth, growth)) in row.iter_mut().zip(shocks.spot).enumerate() {
            let growth = if self.style == Style::Inverse { divisor(*growth) } else { *growth };
            *worth = size * (self.model(priced.forward * growth, shocks.vol(vol, s)) - before);
        }
    }

    fn vol(&self, view: &View, quoted: &Quoted, price: Option<Decimal>) -> Result<Vol, PricingError> {
        if let Some(value) = quoted.vol()? {
            return Ok(Vol { value, source: VolSource::Mark });
        }
        if let Some(value) = price.and_then(|price| self.implied(quoted.index, float(price))) {
            return Ok(Vol { value, source: VolSource::Implied });
        }
        let ahead = view.as_of().plus_seconds(i64::from(self.funding_period_s)).unwrap_or(view.as_of());
        let (index, strike) = (quoted.index, float(self.strike));
        let most = self.right.most(index, strike) / if self.style == Style::Inverse { index } else { 1.0 };
        quoted.surface_vol_beside(price, ahead, strike, self.right, self.model(index, 0.0)..most)
    }

    /// The volatility at which the model gives `price`, by halving: the value rises with it. `None` at
    /// or below the payoff, and beyond the highest volatility.
    fn implied(&self, index: f64, price: f64) -> Option<f64> {
        if price <= self.model(index, 0.0) || price >= self.model(index, HIGHEST_VOL) {
            return None;
        }
        let (mut low, mut high) = (0.0, HIGHEST_VOL);
        // A float's 53 bits, and a few for the range.
        for _ in 0..64 {
            let middle = 0.5 * (low + high);
            if self.model(index, middle) < price {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(0.5 * (low + high))
    }
}
