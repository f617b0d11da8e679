//! Cash Greeks of a lot and of a book, and what moving them costs.

use std::collections::BTreeMap;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Label, Node, NumberError, Rounding, Timestamp};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::market::Market;

use super::NAME;
use crate::MarginError;
use crate::array::{Holding, Row, RowKey, Table};
use crate::scenario::{Scenario, ShockRules, years_left};

/// What moves: all in the market's currency, a gain is positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sensitivities {
    /// P&L per relative move of price of 1.
    delta: Decimal,
    /// Change of that.
    gamma: Decimal,
    /// P&L per relative move of volatility of 1, at its expiry.
    vega: Decimal,
    /// The expiry's weight: how many times the move at 30 days reaches it.
    weight: Decimal,
}

/// The cash Greeks of one lot of a row.
///
/// # Errors
/// [`MarginError::Unsupported`] for a contract that moves with another coin as well.
pub(super) fn sensitivities(
    market: &Market,
    row: &Row,
    rules: &ShockRules,
    own_coin: bool,
) -> Result<Sensitivities, MarginError> {
    let id = match row.key {
        RowKey::Asset(_) => return Ok(Sensitivities::default()),
        RowKey::Instrument(id) => id,
    };
    let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
    let (terms, priced) = (instrument.terms(), market.priced(id)?);
    let stands_still = |asset: plimsoll_core::Asset| {
        !market.snapshot().underlyings.contains_key(&asset.underlying()) || asset == market.snapshot().currency
    };
    let moves_alone = stands_still(terms.quote)
        && (stands_still(terms.settlement) || (own_coin && terms.settlement == terms.underlying.asset()));
    if !moves_alone {
        return Err(MarginError::OtherCoin {
            model: NAME,
            instrument: std::sync::Arc::clone(&terms.name),
            asset: if stands_still(terms.quote) { terms.settlement } else { terms.quote },
        });
    }
    let greeks = instrument.greeks(priced);
    let per_lot = float(market.asset_price(terms.quote)?.value) * float(row.lot);
    let exact = |value: f64| decimal(value, Decimal::PLACES).map_err(MarginError::of(instrument));
    let days = years_left(market.snapshot().as_of, row.expiry).map_or(30.0, |years| years * 365.0);
    Ok(Sensitivities {
        delta: exact(greeks.delta * priced.forward * per_lot)?,
        gamma: exact(greeks.gamma * priced.forward * priced.forward * per_lot)?,
        // Vega is per point; a relative move of 1 is `vol` × 100 points.
        vega: exact(greeks.vega * priced.vol.as_ref().map_or(0.0, |vol| vol.value) * 100.0 * per_lot)?,
        weight: exact(rules.term_factor(days))?,
    })
}

/// The cash Greeks of a book, by expiry.
pub(super) struct Book(BTreeMap<Option<Timestamp>, Sensitivities>);

/// Sums `held` and `coins`, the value of the underlying's own asset.
pub(super) fn book(
    table: &Table,
    per_lot: &[Sensitivities],
    held: &[Holding],
    coins: Decimal,
) -> Result<Book, NumberError> {
    let mut book: BTreeMap<Option<Timestamp>, Sensitivities> = BTreeMap::new();
    if !coins.is_zero() {
        book.insert(None, Sensitivities { delta: coins, weight: Decimal::ONE, ..Sensitivities::default() });
    }
    for holding in held {
        let (each, lots) = (per_lot[holding.row], i128::from(holding.lots));
        let sum = book.entry(table.rows()[holding.row].expiry).or_default();
        sum.delta = sum.delta.plus(each.delta.times_count(lots)?)?;
        sum.gamma = sum.gamma.plus(each.gamma.times_count(lots)?)?;
        sum.vega = sum.vega.plus(each.vega.times_count(lots)?)?;
        sum.weight = each.weight;
    }
    Ok(Book(book))
}

impl Sensitivities {
    /// Loss by delta and by gamma of a price move and its square.
    fn price_losses(&self, price: Decimal, square: Decimal) -> Result<[Decimal; 2], NumberError> {
        let up = Rounding::Up;
        let gamma = self.gamma.negated().times(square, up)?.times(Decimal::new(5, 1), up)?;
        Ok([self.delta.negated().times(price, up)?, gamma])
    }

    /// Loss by vega.
    fn vol_loss(&self, vol: Decimal) -> Result<Decimal, NumberError> {
        self.vega.negated().times(vol.times(self.weight, Rounding::HalfEven)?, Rounding::Up)
    }
}

impl Book {
    /// The Taylor loss in every scenario: what its price costs, found once for columns of one price that lie together,
    /// and what its volatility does, found once.
    pub(super) fn losses(&self, scenarios: &[Scenario]) -> Result<Vec<Decimal>, NumberError> {
        let mut of_price: Option<(Decimal, Decimal)> = None;
        let mut of_vols: Vec<(Decimal, Decimal)> = Vec::with_capacity(3);
        let mut all = Vec::with_capacity(scenarios.len());
        for Scenario { price, vol, .. } in scenarios {
            let price_loss = match of_price {
                Some((known, loss)) if known == *price => loss,
                _ => {
                    let square = price.times(*price, Rounding::Up)?;
                    self.sum(|bucket| {
                        let [delta, gamma] = bucket.price_losses(*price, square)?;
                        delta.plus(gamma)
                    })?
                }
            };
            of_price = Some((*price, price_loss));
            let vol_loss = match of_vols.iter().find(|(known, _)| known == vol) {
                Some((_, loss)) => *loss,
                None => {
                    let loss = self.sum(|bucket| bucket.vol_loss(*vol))?;
                    of_vols.push((*vol, loss));
                    loss
                }
            };
            all.push(price_loss.plus(vol_loss)?);
        }
        Ok(all)
    }

    fn sum(&self, of: impl Fn(&Sensitivities) -> Result<Decimal, NumberError>) -> Result<Decimal, NumberError> {
        self.0.values().try_fold(Decimal::ZERO, |sum, bucket| sum.plus(of(bucket)?))
    }

    /// The same taken apart by expiry and Greek.
    pub(super) fn explained(&self, scenario: &Scenario) -> Result<Node, NumberError> {
        let square = scenario.price.times(scenario.price, Rounding::Up)?;
        let mut of = Vec::with_capacity(self.0.len());
        for (expiry, bucket) in &self.0 {
            let label: Label = expiry.map_or_else(|| "no expiry".into(), |expiry| expiry.to_string().into());
            let [delta, gamma] = bucket.price_losses(scenario.price, square)?;
            let parts = [("delta", delta), ("gamma", gamma), ("vega", bucket.vol_loss(scenario.vol)?)].into_iter();
            of.push(Node::sum(label, parts.map(|(name, loss)| Node::leaf(name, loss, Origin::default())).collect())?);
        }
        Node::sum(&scenario.name, of)
    }

    /// Cash delta of some expiries that others' cancels.
    pub(super) fn delta_between(&self) -> Result<Decimal, NumberError> {
        cancelled(self.0.values().map(|bucket| Ok(bucket.delta)))
    }

    /// P&L of some expiries' volatility moving by `by` at 30 days that others' cancels.
    pub(super) fn vega_between(&self, by: Decimal) -> Result<Decimal, NumberError> {
        cancelled(self.0.values().map(|bucket| {
            let moved = by.times(bucket.weight, Rounding::Up)?;
            bucket.vega.times(moved, Rounding::HalfEven)
        }))
    }
}

/// Σ |each| − |Σ each|.
fn cancelled(each: impl Iterator<Item = Result<Decimal, NumberError>>) -> Result<Decimal, NumberError> {
    let (mut gross, mut net) = (Decimal::ZERO, Decimal::ZERO);
    for one in each {
        let one = one?;
        gross = gross.plus(one.abs())?;
        net = net.plus(one)?;
    }
    gross.minus(net.abs())
}
