#![doc = include_str!("README.md")]

mod options;
mod parameters;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

pub use options::OptionRates;
pub use parameters::{AtBoth, ParadexCrossParameters};

use super::by_position::{ByPosition, Figure, Rules, id_of};
use super::cash::only_cash;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::Field;
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "paradex-cross";

/// Paradex's cross margin.
#[derive(Clone, Debug)]
pub struct ParadexCross {
    /// Its numbers.
    pub parameters: ParadexCrossParameters,
    collateral: CollateralRules,
}

impl Default for ParadexCross {
    fn default() -> Self {
        Self { parameters: ParadexCrossParameters::default(), collateral: CollateralRules::whole() }
    }
}

impl Model for ParadexCross {
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
        Ok(Box::new(ByPosition { market: market.clone(), rules: self.clone() }))
    }
}

/// Refuses what the venue does not list.
///
/// # Errors
/// [`MarginError::Unsupported`] for what is spot or does not pay by the difference of prices.
pub(super) fn listed(model: &'static str, instrument: &Instrument) -> Result<(), MarginError> {
    if instrument.style() == Style::Linear && !instrument.only_moves_balances() {
        return Ok(());
    }
    Err(MarginError::Unsupported {
        model,
        what: instrument.terms().name.clone(),
        why: "expected a linear perpetual, future or option".to_owned(),
    })
}

impl Rules for ParadexCross {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        listed(NAME, instrument)?;
        let terms = instrument.terms();
        let underlying = terms.underlying.as_str();
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        let mark = market.priced(id_of(market, instrument)?)?.mark;
        let unit = market.asset_price(terms.quote)?.value;
        let size = quantity.0.times(terms.contract_size, Rounding::HalfEven)?;
        let (Some(right), Some(strike)) = (instrument.right(), instrument.strike()) else {
            let price = mark.value.times(unit, Rounding::Up)?;
            let notional = Node::leaf("notional", size.abs().times(price, Rounding::Up)?, origin);
            return Ok(Node::scale("notional × fraction", self.parameters.perpetual(underlying, figure), notional)?);
        };
        let spot = market.index_in(terms.underlying, terms.quote)?.value;
        let margin = self.parameters.options(underlying, figure).margin(size, right, strike, spot, mark.value)?;
        let label = if size.signum() < 0 { "size × margin of one short" } else { "size × margin of one long" };
        Ok(Node::leaf(label, margin.times(unit, Rounding::Up)?, origin))
    }

    fn account(
        &self,
        _held: &Account,
        market: &Market,
        assets: &[NetAsset],
        _figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        only_cash(NAME, market, assets)?;
        Ok(Vec::new())
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
