//! Perpetuals and base assets.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Asset, Decimal, Node, Rounding, Underlying};
use plimsoll_pricing::market::UnderlyingQuote;

use super::{Level, NAME, StandardJudge};
use crate::MarginError;
use crate::positions::NetPosition;

impl StandardJudge {
    /// A share of the mark; initially, where sources disagree, a share of the index besides.
    pub(super) fn perpetuals(
        &self,
        underlying: Underlying,
        quote: &UnderlyingQuote,
        held: &[NetPosition<'_>],
        level: Level,
    ) -> Result<Node, MarginError> {
        let p = &self.parameters;
        let name = underlying.as_str();
        let mut of = Vec::new();
        for holding in held {
            let size = holding.size.abs();
            let mark = self.market.priced(holding.id)?.mark.value;
            let notional = Node::leaf("size at mark", size.times(mark, Rounding::Up)?, Origin::default());
            let rate = *level.of(&p.im_perp_req, &p.mm_perp_req).of(name);
            of.push(Node::scale(holding.instrument.name().to_owned(), rate, notional)?);
            let own = self.market.snapshot().marks.get(holding.instrument.name()).and_then(|mark| mark.confidence);
            let confidence = quote.confidence.unwrap_or(Decimal::ONE).min(own.unwrap_or(Decimal::ONE));
            of.extend(self.doubt(
                name,
                confidence,
                *p.oc_perp_threshold.of(name),
                size.times(quote.index, Rounding::Up)?,
                level,
            )?);
        }
        Ok(Node::sum("perpetuals", of)?)
    }

    /// What of a base asset's value does not count.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for a debt and for an asset the venue does not take.
    pub(super) fn base_margin(&self, asset: Asset, balance: Decimal, level: Level) -> Result<Node, MarginError> {
        let p = &self.parameters;
        let name = asset.as_str();
        let refused = |why: &str| MarginError::Unsupported { model: NAME, what: name.into(), why: why.to_owned() };
        if balance.signum() < 0 {
            return Err(refused("expected no debt but in cash"));
        }
        let Some(factor) = p.base_margin_factor.named.get(name) else {
            return Err(refused("expected an asset that base_margin_factor names"));
        };
        let value = self.base_value(asset, balance)?;
        let scale = level.of(*p.base_im_scale.of(name), Decimal::ONE);
        let counts = factor.times(scale, Rounding::Down)?;
        let lost = Node::leaf("value", value, Origin::default());
        let mut of = vec![Node::scale("not counted", Decimal::ONE.minus(counts)?, lost)?];
        if !counts.is_zero() {
            of.extend(self.doubt(name, self.base_confidence(asset), *p.oc_base_threshold.of(name), value, level)?);
        }
        Ok(Node::sum(asset, of)?)
    }

    /// Balance × index, never divided by the stablecoin's price.
    pub(super) fn base_value(&self, asset: Asset, balance: Decimal) -> Result<Decimal, MarginError> {
        let index = self.market.snapshot().underlyings.get(&asset.underlying()).map(|quote| quote.index);
        let price = index.map_or_else(|| self.market.asset_price(asset).map(|price| price.value), Ok)?;
        Ok(balance.times(price, Rounding::Down)?)
    }

    fn base_confidence(&self, asset: Asset) -> Decimal {
        let snapshot = self.market.snapshot();
        let index = snapshot.underlyings.get(&asset.underlying()).map(|quote| quote.confidence);
        let own = snapshot.assets.get(&asset).map(|quote| quote.confidence);
        index.or(own).flatten().unwrap_or(Decimal::ONE)
    }

    /// Initially, (1 − confidence) × factor × size where the confidence is strictly below the threshold.
    pub(super) fn doubt(
        &self,
        name: &str,
        confidence: Decimal,
        threshold: Decimal,
        size: Decimal,
        level: Level,
    ) -> Result<Option<Node>, MarginError> {
        if level == Level::Maintenance || confidence >= threshold || size.is_zero() {
            return Ok(None);
        }
        let size = Node::leaf("size", size, Origin::default());
        let lacking = Node::scale("lacking confidence", Decimal::ONE.minus(confidence)?, size)?;
        Ok(Some(Node::scale("lacking confidence", *self.parameters.oc_factor.of(name), lacking)?))
    }
}
