//! One underlying: its contracts under the scenarios, and their deltas.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Decimal, InstrumentId, Node, Quantity, Rounding, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::market::Market;

use super::delta::Deltas;
use super::parameters::ParadexPortfolioParameters;
use crate::MarginError;
use crate::array::{Counted, Holding, RowKey, Table, TableSpec};
use crate::fold::Summed;
use crate::models::Held;
use crate::models::paradex_cross::listed;
use crate::orders::whole_lots;
use crate::positions::NetPosition;

/// P&L of a grain of a lot: a ten-billionth of what the coin costs or less, as far as 13 decimals say it. It depends
/// on no account.
fn grain(market: &Market, underlying: Underlying) -> Result<Decimal, MarginError> {
    let index = market.index(underlying)?;
    let price = index.value.times(market.asset_price(index.quote)?.value, Rounding::Down)?;
    let fine = |grain: &Decimal| grain.times_count(10_000_000_000).is_ok_and(|least| least <= price);
    Ok((6..=13).map(|places| Decimal::new(1, places)).find(fine).unwrap_or(Decimal::new(1, 13)))
}

/// One underlying in one market.
pub(super) struct Prepared {
    table: Table,
    /// Where each contract stands, and the delta of one.
    rows: BTreeMap<InstrumentId, (usize, Decimal)>,
}

/// The tables of everything held, by underlying; what the venue does not list is left out, and refused with the account
/// that holds it.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn prepare(
    market: &Market,
    held: &Held,
    parameters: &ParadexPortfolioParameters,
) -> Result<BTreeMap<Underlying, Prepared>, MarginError> {
    let mut keys: BTreeMap<Underlying, Vec<RowKey>> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or(MarginError::UnknownInstrument(id.0))?;
        if listed(super::NAME, instrument).is_ok() {
            keys.entry(instrument.terms().underlying).or_default().push(RowKey::Instrument(*id));
        }
    }
    let scenarios = parameters.columns()?;
    let mut all = BTreeMap::new();
    for (underlying, keys) in keys {
        let spec = TableSpec {
            market,
            underlying,
            coin: None,
            scenarios: Arc::clone(&scenarios),
            rules: &parameters.rules,
            grain: grain(market, underlying)?,
            balance_lot: &|_| Decimal::ONE,
            counted: Counted::PnlPerLot,
        };
        let table = Table::build(&spec, &keys)?;
        let mut rows = BTreeMap::new();
        for (at, row) in table.rows().iter().enumerate() {
            if let RowKey::Instrument(id) = row.key {
                let instrument = market.listing().get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
                let delta = instrument.greeks(market.priced(id)?).delta;
                let of_one = decimal(delta, Decimal::PLACES).map_err(MarginError::of(instrument))?;
                rows.insert(id, (at, of_one));
            }
        }
        all.insert(underlying, Prepared { table, rows });
    }
    Ok(all)
}

impl Prepared {
    /// The larger of the worst weighted loss and the minimum on deltas.
    ///
    /// # Errors
    /// [`MarginError::NotWholeLots`]; [`MarginError`] for what was not prepared for.
    pub(super) fn risk(
        &self,
        underlying: Underlying,
        market: &Market,
        held: &[NetPosition<'_>],
        parameters: &ParadexPortfolioParameters,
    ) -> Result<Node, MarginError> {
        let (mut holdings, mut deltas) = (Vec::with_capacity(held.len()), Deltas::default());
        for position in held {
            let (row, of_one) = *self.rows.get(&position.id).ok_or(MarginError::UnknownInstrument(position.id.0))?;
            let lot = self.table.rows()[row].lot;
            let lots = whole_lots(position.quantity, lot).ok_or_else(|| MarginError::NotWholeLots {
                instrument: Arc::clone(&position.instrument.terms().name),
                quantity: Quantity(position.quantity),
                lot: Quantity(lot),
            })?;
            holdings.push(Holding { row, lots });
            deltas = deltas.plus(position.quantity, of_one)?;
        }
        holdings.sort_by_key(|holding| holding.row);
        let names = holdings.iter().map(|holding| Arc::clone(&self.table.rows()[holding.row].name)).collect();
        let group = Arc::new(Group { underlying, expiry: None, positions: names });
        let columns = 0..self.table.scenarios().len();
        let scan = Summed::new(&self.table, &holdings, Arc::clone(&group), columns, &[]).worst("scan")?;
        let quote = market.index(underlying)?;
        let spot = quote.value.times(market.asset_price(quote.quote)?.value, Rounding::Up)?;
        let minimum = deltas.minimum(parameters.net_rate, parameters.hedged_rate, spot)?;
        let origin = Origin { group: Some(group), ..Origin::default() };
        Ok(Node::worst_of(underlying.asset(), vec![scan, Node::leaf("minimum on deltas", minimum, origin)]))
    }
}
