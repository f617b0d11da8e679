#![doc = include_str!("README.md")]

mod futures;
mod options;
mod parameters;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Price, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

pub use futures::FutureRates;
pub use options::{OptionRates, Short};
pub use parameters::DeribitStandardParameters;

use super::by_position::{ByPosition, Figure, Rules, counted_value, id_of};
use super::{Held, Judge, Model};
use crate::MarginError;
use crate::collateral::CollateralRules;
use crate::parameters::{Dated, Field};

/// The model's name.
const NAME: &str = "deribit-standard";

/// Deribit's standard margin.
#[derive(Clone, Debug, Default)]
pub struct DeribitStandard {
    /// Its numbers.
    pub parameters: DeribitStandardParameters,
}

impl Model for DeribitStandard {
    fn name(&self) -> &'static str {
        NAME
    }

    fn page(&self) -> &'static str {
        include_str!("README.md")
    }

    fn example(&self) -> &'static str {
        include_str!("example.yaml")
    }

    fn sets(&self) -> &'static [Dated] {
        &parameters::SETS
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare<'m>(&self, market: &'m Market, _held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        Ok(Box::new(ByPosition { market, rules: self.parameters.clone() }))
    }
}

impl Rules for DeribitStandardParameters {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let name = instrument.terms().name.clone();
        let origin = Origin { position: Some(name), ..Origin::default() };
        if quantity.0.is_zero() {
            return Ok(Node::leaf("none", Decimal::ZERO, origin));
        }
        if instrument.strike().is_none() {
            return self.future(market, instrument, quantity, figure, origin);
        }
        let counted = counted_value(market, instrument, quantity)?;
        let value = Node::leaf("its value, which equity counts", counted, origin.clone());
        if quantity.0.signum() > 0 {
            // A long asks for nothing, and supports nothing.
            return Ok(value);
        }
        let short = self.short(market, instrument, quantity, figure, origin)?;
        Ok(Node::sum("short option", vec![short, value])?)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl DeribitStandardParameters {
    fn future(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
        origin: Origin,
    ) -> Result<Node, MarginError> {
        let terms = instrument.terms();
        let index = market.index_in(terms.underlying, terms.quote)?;
        let size = quantity.0.abs().times(terms.contract_size, Rounding::Up)?;
        let coins = if instrument.style() == Style::Inverse { size.over(index.value, Rounding::Up)? } else { size };
        let (initial, maintenance) = self.future_rates(instrument)?.margins(coins, in_currency(market, index)?)?;
        Ok(Node::leaf("future", figure.of(initial, maintenance), origin))
    }

    fn short(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
        origin: Origin,
    ) -> Result<Node, MarginError> {
        let terms = instrument.terms();
        let index = market.index_in(terms.underlying, terms.quote)?;
        let mark = market.priced(id_of(market, instrument)?)?.mark;
        let rates = self.option_rates(instrument)?;
        let (Some(right), Some(strike)) = (instrument.right(), instrument.strike()) else {
            return Err(unsupported(instrument, "expected an option with a strike"));
        };
        let short = Short { right, strike, index: index.value, mark: mark.value };
        let size = quantity.0.abs().times(terms.contract_size, Rounding::Up)?;
        let (initial, maintenance) = rates.margins(&short, instrument.style() == Style::Inverse, size)?;
        let margin = in_currency(market, Price::new(figure.of(initial, maintenance), terms.quote))?;
        Ok(Node::leaf("the venue's margin, with its mark", margin, origin))
    }
}

/// A price in the market's currency.
fn in_currency(market: &Market, price: Price) -> Result<Decimal, MarginError> {
    Ok(price.value.times(market.asset_price(price.quote)?.value, Rounding::Up)?)
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: instrument.terms().name.clone(), why: why.to_owned() }
}
