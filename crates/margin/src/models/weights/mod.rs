#![doc = include_str!("README.md")]

pub mod curves;
pub mod health;
mod parameters;

use std::collections::BTreeMap;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, InstrumentId, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

pub use parameters::WeightsParameters;

use super::by_position::{ByPosition, Figure, Rules};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::Field;
use crate::{Account, MarginError};
use curves::{capped, gain_weight, size_discount, size_premium};

/// The model's name.
const NAME: &str = "weights";

/// Weighted assets and debts, ratios that rise with size: Drift, Mango.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// Its numbers.
    pub parameters: WeightsParameters,
}

impl Model for Weights {
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

impl Rules for WeightsParameters {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let terms = instrument.terms();
        if instrument.style() != Style::Linear || instrument.strike().is_some() || instrument.expiry().is_some() {
            return Err(MarginError::Unsupported {
                model: NAME,
                what: terms.name.clone(),
                why: "expected a linear perpetual".to_owned(),
            });
        }
        let name = terms.underlying.as_str();
        let index = market.index_in(terms.underlying, terms.quote)?;
        let price = index.value.times(market.asset_price(terms.quote)?.value, Rounding::Up)?;
        let size = quantity.0.abs().times(terms.contract_size, Rounding::Up)?;
        let base = *of(&self.margin_ratio, figure).of(name);
        let ratio = size_premium(base, *self.perpetual_imf.of(name), size)?;
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        let notional = Node::leaf("notional", size.times(price, Rounding::Up)?, origin);
        Ok(Node::scale("margin ratio", ratio, notional)?)
    }

    fn account(
        &self,
        held: &Account,
        market: &Market,
        assets: &[NetAsset],
        figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        let mut of = Vec::with_capacity(assets.len());
        for net in assets {
            of.push(self.asset(market, net, figure)?);
        }
        let mut all = vec![Node::sum("assets and debts, weighted", of)?, self.gains(held, market, figure)?];
        if figure == Figure::Initial {
            let orders = Decimal::ONE.times_count(i128::try_from(held.portfolio.orders.len()).unwrap_or(i128::MAX))?;
            let count = Node::leaf("orders", orders, Origin::default());
            all.push(Node::scale("open orders", self.per_order, count)?);
        }
        Ok(all)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

/// One of two.
fn of<T>([initial, maintenance]: &[T; 2], figure: Figure) -> &T {
    figure.of(initial, maintenance)
}

impl WeightsParameters {
    /// What of a balance does not count, or what a debt counts beyond its value.
    fn asset(&self, market: &Market, net: &NetAsset, figure: Figure) -> Result<Node, MarginError> {
        if net.asset == market.currency() {
            return Ok(Node::leaf(net.asset, Decimal::ZERO, Origin::default()));
        }
        let name = net.asset.as_str();
        let (cash, price) = (net.cash, net.price.value);
        let slow = market.snapshot().assets.get(&net.asset).and_then(|quote| quote.slow_price);
        let slow = slow.filter(|_| figure == Figure::Initial && self.strict == Decimal::ONE).unwrap_or(price);
        let imf = *self.asset_imf.of(name);
        if cash.signum() < 0 {
            let weight = size_premium(*of(&self.liability_weight, figure).of(name), imf, cash)?;
            let owed = cash.abs().times(price.max(slow), Rounding::Up)?;
            let more = owed.times(weight, Rounding::Up)?.minus(cash.abs().times(price, Rounding::Down)?)?;
            return Ok(Node::leaf(net.asset, more, Origin::default()));
        }
        let base = *of(&self.asset_weight, figure).of(name);
        let scaled = match figure {
            Figure::Initial => {
                let at = if self.deposits_strict == Decimal::ONE { price.max(slow) } else { price };
                let deposits = self.deposits.of(name).times(at, Rounding::Up)?;
                capped(base, *self.deposit_cap.of(name), deposits)?
            }
            Figure::Maintenance => base,
        };
        let weight = size_discount(scaled, imf, cash)?;
        let counts = cash.times(price.min(slow), Rounding::Down)?.times(weight, Rounding::Down)?;
        let value = cash.times(price, Rounding::Down)?;
        Ok(Node::leaf(net.asset, value.minus(counts)?, Origin::default()))
    }

    /// What of unrealised gains does not count.
    fn gains(&self, held: &Account, market: &Market, figure: Figure) -> Result<Node, MarginError> {
        let mut by_contract: BTreeMap<InstrumentId, Decimal> = BTreeMap::new();
        for position in &held.portfolio.positions {
            let id = position.instrument;
            let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            if instrument.only_moves_balances() {
                continue;
            }
            let carry = instrument.carry(position, market.priced(id)?.mark).map_err(MarginError::of(instrument))?;
            let gain = carry.unrealised.value.plus(position.unsettled_pnl)?.plus(position.accrued_funding)?;
            let gain = gain.times(market.asset_price(carry.unrealised.asset)?.value, Rounding::Down)?;
            let of_contract = by_contract.entry(id).or_default();
            *of_contract = of_contract.plus(gain)?;
        }
        let (mut gains, mut counted) = (Decimal::ZERO, Decimal::ZERO);
        for (id, gain) in by_contract.into_iter().filter(|(_, gain)| gain.signum() > 0) {
            let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            let name = instrument.terms().underlying.as_str();
            let weight = match figure {
                Figure::Initial => gain_weight(*self.gain_weight[0].of(name), *self.gain_imf.of(name), gain)?,
                Figure::Maintenance => *self.gain_weight[1].of(name),
            };
            gains = gains.plus(gain)?;
            counted = counted.plus(gain.times(weight, Rounding::Down)?)?;
        }
        if figure == Figure::Initial {
            counted = counted.min(self.gain_cap);
        }
        Ok(Node::leaf("gains that do not count", gains.minus(counted)?, Origin::default()))
    }
}
