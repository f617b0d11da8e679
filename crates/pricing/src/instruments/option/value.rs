//! What an option is worth in one market.

use plimsoll_core::{Decimal, Price};
use plimsoll_numerics::exp;

use super::{EuropeanOption, PremiumStyle};
use crate::PricingError;
use crate::float::float;
use crate::formulas::black76;
use crate::formulas::implied_vol::implied_vol;
use crate::instruments::Style;
use crate::instruments::priced::{MarkSource, Priced, Quoted};
use crate::market::{MarkQuote, View, Vol, VolSource};

impl EuropeanOption {
    /// The option in one market. Its volatility is its own mark volatility, else what its mark price
    /// implies, else the surface's; its mark the published one, else the model's.
    pub(in crate::instruments) fn price(&self, view: &View, quote: Option<&MarkQuote>) -> Result<Priced, PricingError> {
        let quoted = Quoted::new(&self.terms, view, quote)?;
        let years = view.years(self.expiry);
        if years <= 0.0 {
            return self.expired(&quoted);
        }
        let (forward, forward_source) = quoted.forward(self.expiry)?;
        let rate = view.rate(self.terms.underlying, self.expiry);
        let price = quoted.price_at_least_zero()?;
        let vol = self.vol(&quoted, price, forward, years, rate)?;
        let (mark, mark_source) = match price {
            Some(price) => (price, MarkSource::Quoted),
            None => (quoted.decimal(self.model(forward, vol.value, years, rate))?, MarkSource::Model),
        };
        Ok(Priced {
            mark: Price::new(mark, self.price_asset()),
            mark_source,
            forward,
            forward_source,
            index: quoted.index,
            vol: Some(vol),
            years,
            rate,
        })
    }

    /// One contract's unit price by the model, as it is quoted: coin for an inverse option.
    pub(in crate::instruments) fn model(&self, forward: f64, vol: f64, years: f64, rate: f64) -> f64 {
        let value = black76::price(self.right, forward, float(self.strike), vol, years, self.discount_rate(rate));
        match self.style {
            Style::Inverse => value / forward,
            Style::Linear | Style::Quanto { .. } => value,
        }
    }

    /// Whether its price is what the payoff is worth today. A coin premium is not discounted (see
    /// [`crate::formulas::inverse`]), nor is a price that is only margined and paid at expiry.
    pub(in crate::instruments) fn is_discounted(&self) -> bool {
        self.premium == PremiumStyle::Paid && self.style != Style::Inverse
    }

    /// The rate its price is discounted at.
    pub(super) fn discount_rate(&self, rate: f64) -> f64 {
        if self.is_discounted() { rate } else { 0.0 }
    }

    /// What no volatility would take its price above, as it is quoted.
    fn most(&self, forward: f64, years: f64, rate: f64) -> f64 {
        let most = self.right.most(forward, float(self.strike));
        match self.style {
            Style::Inverse => most / forward,
            Style::Linear | Style::Quanto { .. } => most * exp(-self.discount_rate(rate) * years),
        }
    }

    /// Past its expiry an option is what it pays: at the average of its settlement window, where that is known, else at the
    /// index.
    fn expired(&self, quoted: &Quoted) -> Result<Priced, PricingError> {
        let (forward, forward_source) = quoted.forward(self.expiry)?;
        let mark = quoted.decimal(self.model(forward, 0.0, 0.0, 0.0))?;
        Ok(Priced {
            mark: Price::new(mark, self.price_asset()),
            mark_source: MarkSource::Model,
            forward,
            forward_source,
            index: quoted.index,
            vol: None,
            years: 0.0,
            rate: 0.0,
        })
    }

    fn vol(
        &self,
        quoted: &Quoted,
        price: Option<Decimal>,
        forward: f64,
        years: f64,
        rate: f64,
    ) -> Result<Vol, PricingError> {
        if let Some(value) = quoted.vol()? {
            return Ok(Vol { value, source: VolSource::Mark });
        }
        let strike = float(self.strike);
        let implied = price.and_then(|price| {
            let undiscounted = match self.style {
                Style::Inverse => float(price) * forward,
                Style::Linear | Style::Quanto { .. } => float(price) * exp(self.discount_rate(rate) * years),
            };
            implied_vol(self.right, forward, strike, years, undiscounted).ok()
        });
        match implied {
            // A price at its intrinsic value implies no volatility; the surface knows better.
            Some(value) if value > 0.0 => Ok(Vol { value, source: VolSource::Implied }),
            _ => {
                let (least, most) = (self.model(forward, 0.0, years, rate), self.most(forward, years, rate));
                quoted.surface_vol_beside(price, self.expiry, strike, self.right, least..most)
            }
        }
    }
}
