//! Futures margined by brackets of their notional, in money or in coin.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{Figure, id_of};
use crate::MarginError;
use crate::parameters::{ByName, Tiers};

/// Rates of futures, by underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TieredFutures {
    /// Initial margin: the rate of the bracket that the notional is in, for all of it.
    pub(super) initial: ByName<Tiers>,
    /// Maintenance margin: each piece of the notional at its bracket's rate, which is `notional × rate − cum`.
    pub(super) maintenance: ByName<Tiers>,
}

impl TieredFutures {
    /// Margin of a linear future, brackets in money; of an inverse one, brackets in coin.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for an option or a quanto, [`MarginError`] for what cannot be priced.
    pub(super) fn margin(
        &self,
        model: &'static str,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let terms = instrument.terms();
        let style = instrument.style();
        if instrument.strike().is_some() || !matches!(style, Style::Linear | Style::Inverse) {
            return Err(MarginError::Unsupported {
                model,
                what: terms.name.clone(),
                why: "expected a linear or inverse perpetual or future".to_owned(),
            });
        }
        let index = market.index_in(terms.underlying, terms.quote)?;
        let mark = market.priced(id_of(market, instrument)?)?.mark;
        let notional = instrument.notional(mark, index).map_err(MarginError::of(instrument))?;
        let notional = notional.scaled(quantity.0.abs(), Rounding::Up)?;
        let price = market.asset_price(notional.asset)?;
        let in_coin = style == Style::Inverse;
        let size = if in_coin { notional.value } else { notional.at(price, Rounding::Up)?.value };
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        let name = terms.underlying.as_str();
        let node = match figure {
            Figure::Initial => {
                let rate = self.initial.of(name).rate_of(size);
                Node::scale("rate of its bracket", rate, Node::leaf("notional", size, origin))?
            }
            Figure::Maintenance => self.maintenance.of(name).charge("brackets", size, &origin)?,
        };
        if in_coin { Ok(Node::scale("at the coin's price", price.value, node)?) } else { Ok(node) }
    }
}

/// Initial rates and maintenance rates of the same brackets: `(above, 1 ÷ leverage, maintenance)` in whole units
/// and millionths.
pub(super) fn brackets<const N: usize>(all: [(i64, i64, i64); N]) -> (Tiers, Tiers) {
    (Tiers::new(all.map(|(above, initial, _)| (above, initial))), Tiers::new(all.map(|(above, _, rate)| (above, rate))))
}

/// A debt's margin: Σ over assets of what is owed × its rate.
///
/// # Errors
/// [`MarginError::Number`].
pub(super) fn debts(
    assets: &[crate::equity::NetAsset],
    rates: &ByName<Decimal>,
    label: &'static str,
) -> Result<Node, MarginError> {
    let mut of = Vec::new();
    for net in assets {
        let owed = net.balance()?.negated().or_zero();
        if !owed.is_zero() {
            let value = Node::leaf("debt", owed.times(net.price.value, Rounding::Up)?, Origin::default());
            of.push(Node::scale(net.asset, *rates.of(net.asset.as_str()), value)?);
        }
    }
    Ok(Node::sum(label, of)?)
}
