#![doc = include_str!("README.md")]

mod futures;
mod options;
mod parameters;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Price, Quantity, Rounding};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

pub use futures::{FutureRates, leverage_rate};
pub use options::{OptionRates, Short};
pub use parameters::DeribitStandardParameters;

use super::by_position::{ByPosition, Figure, Rules, counted_value, id_of};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{ByName, Field};
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "deribit-standard";

/// Deribit's standard margin.
#[derive(Clone, Debug, Default)]
pub struct DeribitStandard {
    /// Its numbers.
    pub parameters: DeribitStandardParameters,
}

impl Model for DeribitStandard {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            page: include_str!("README.md"),
            example: include_str!("example.yaml"),
            sets: &parameters::SETS,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        Ok(Box::new(ByPosition { market: market.clone(), rules: self.parameters.clone() }))
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
        supported(instrument)?;
        let counted = counted_value(market, instrument, quantity)?;
        let value = Node::leaf("its value, which equity counts", counted, origin.clone());
        if quantity.0.signum() > 0 {
            // A long asks for nothing, and supports nothing.
            return Ok(value);
        }
        let short = self.short(market, instrument, quantity, figure, origin)?;
        Ok(Node::sum("short option", vec![short, value])?)
    }

    fn account(
        &self,
        _held: &Account,
        _market: &Market,
        assets: &[NetAsset],
        figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        if figure == Figure::Maintenance {
            return Ok(Vec::new());
        }
        haircuts(&self.haircut, assets)
    }

    fn reserves_premium(&self) -> bool {
        true
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

/// What of balances does not count towards initial margin, one node an asset that has a haircut. Cash, gains and
/// losses of an asset count together; a debt has no haircut.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Deribit support, article 25944777203869: haircuts apply to initial margin.
pub(super) fn haircuts(haircut: &ByName<Decimal>, assets: &[NetAsset]) -> Result<Vec<Node>, MarginError> {
    let mut of = Vec::new();
    for net in assets {
        let rate = *haircut.of(net.asset.as_str());
        let value = net.balance()?.or_zero().times(net.price.value, Rounding::Up)?;
        if !rate.is_zero() && !value.is_zero() {
            let balance = Node::leaf("balance", value, Origin::default());
            of.push(Node::scale(format!("haircut of {}", net.asset), rate, balance)?);
        }
    }
    Ok(of)
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
        let index = in_currency(market, market.index_in(terms.underlying, terms.quote)?)?;
        let size = quantity.0.abs().times(terms.contract_size, Rounding::Up)?;
        let coins = match instrument.style() {
            Style::Inverse => size.over(market.priced(id_of(market, instrument)?)?.mark.value, Rounding::Up)?,
            Style::Linear => size,
            Style::Quanto { .. } => return Err(unsupported(instrument, "expected a linear or inverse contract")),
        };
        let rates = self.future_rates(instrument, coins.times(index, Rounding::Up)?)?;
        let (initial, maintenance) = rates.margins(coins, index)?;
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
        let priced = market.priced(id_of(market, instrument)?)?;
        let rates = self.option_rates(instrument);
        let (Some(right), Some(strike)) = (instrument.right(), instrument.strike()) else {
            return Err(unsupported(instrument, "expected an option with a strike"));
        };
        let of_forward = !self.otm_of_forward.is_zero();
        let underlying = if of_forward { decimal(priced.forward, Decimal::PLACES)? } else { index.value };
        let short = Short { right, strike, index: index.value, underlying, mark: priced.mark.value };
        let size = quantity.0.abs().times(terms.contract_size, Rounding::Up)?;
        let (initial, maintenance) = rates.margins(&short, instrument.style() == Style::Inverse, size)?;
        let margin = in_currency(market, Price::new(figure.of(initial, maintenance), terms.quote))?;
        Ok(Node::leaf("the venue's margin, with its mark", margin, origin))
    }
}

/// Refuses options that the venue does not list, long or short: everlasting ones, those margined like futures,
/// quantos.
fn supported(option: &Instrument) -> Result<(), MarginError> {
    let quanto = matches!(option.style(), Style::Quanto { .. });
    if quanto || option.expiry().is_none() || !option.is_paid_when_bought() {
        return Err(unsupported(option, "expected a dated linear or inverse option whose premium is paid"));
    }
    Ok(())
}

/// A price in the market's currency.
fn in_currency(market: &Market, price: Price) -> Result<Decimal, MarginError> {
    Ok(price.value.times(market.asset_price(price.quote)?.value, Rounding::Up)?)
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: instrument.terms().name.clone(), why: why.to_owned() }
}
