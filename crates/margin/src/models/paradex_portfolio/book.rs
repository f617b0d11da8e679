//! One underlying: its contracts under the scenarios, and their deltas.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Amount, Decimal, InstrumentId, Node, Price, Quantity, Rounding, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::market::Market;

use super::delta::Deltas;
use super::parameters::ParadexPortfolioParameters;
use crate::MarginError;
use crate::array::{ByContract, Counted, Holding, RowKey, Table, TableSpec};
use crate::fold::{Detail, Summed, group};
use crate::models::Held;
use crate::models::paradex_cross::listed;
use crate::orders::whole_lots;
use crate::pass::{Combine, Fold, Pass};
use crate::positions::NetPosition;

/// P&L of a grain of a lot: a ten-billionth of what the coin costs or less, as far as 13 decimals say it. It depends
/// on no account.
fn grain(market: &Market, underlying: Underlying) -> Result<Decimal, MarginError> {
    let index = market.index(underlying)?;
    let price = index.value.times(market.asset_price(index.quote)?.value, Rounding::Down)?;
    let fine = |grain: &Decimal| grain.times_count(10_000_000_000).is_ok_and(|least| least <= price);
    Ok((6..=13).map(|places| Decimal::new(1, places)).find(fine).unwrap_or(Decimal::new(1, 13)))
}

/// What the worst weighted loss is called.
const SCAN: &str = "scan";

/// One underlying in one market.
pub(super) struct Prepared {
    pub(super) table: Table,
    contracts: ByContract<Contract>,
    /// Its index in the currency.
    pub(super) spot: Decimal,
}

/// What is known of a contract besides its cells.
pub(super) struct Contract {
    row: usize,
    /// Delta of one.
    pub(super) delta: Decimal,
    /// What one of them stands for at the index, in what it is paid in, and what one of that is worth.
    pub(super) notional: (Amount, Price),
    /// What one unit of its size pays in funding over the time provided for, in the currency.
    pub(super) funding: Decimal,
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
        let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
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
        let mut contracts = Vec::with_capacity(table.rows().len());
        for (row, of) in table.rows().iter().enumerate() {
            if let RowKey::Instrument(id) = of.key {
                contracts.push((id, contract(market, id, row, parameters)?));
            }
        }
        let quote = market.index(underlying)?;
        let spot = quote.value.times(market.asset_price(quote.quote)?.value, Rounding::Up)?;
        all.insert(underlying, Prepared { table, contracts: contracts.into_iter().collect(), spot });
    }
    Ok(all)
}

fn contract(
    market: &Market,
    id: InstrumentId,
    row: usize,
    parameters: &ParadexPortfolioParameters,
) -> Result<Contract, MarginError> {
    let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
    let (terms, priced) = (instrument.terms(), market.priced(id)?);
    let delta = decimal(instrument.greeks(priced).delta, Decimal::PLACES).map_err(MarginError::of(instrument))?;
    let index = market.index_in(terms.underlying, terms.quote)?;
    let notional = instrument.notional(priced.mark, index).map_err(MarginError::of(instrument))?;
    let quoted = market.snapshot().marks.get(&terms.name).and_then(|mark| mark.funding_rate);
    let funding = match (quoted, instrument.funding_period_s()) {
        (Some(rate), Some(period_s)) => {
            let price = index.value.times(market.asset_price(index.quote)?.value, Rounding::Up)?;
            let seconds = parameters.funding_hours.times_count(3_600)?;
            let of_one = price.times(rate, Rounding::HalfEven)?;
            of_one.times_ratio(seconds, Decimal::from_int(period_s.into()), Rounding::HalfEven)?
        }
        _ => Decimal::ZERO,
    };
    let price = market.asset_price(notional.asset)?;
    Ok(Contract { row, delta, notional: (notional, price), funding })
}

impl Prepared {
    pub(super) fn contract(&self, id: InstrumentId) -> Result<&Contract, MarginError> {
        self.contracts.get(id).ok_or_else(MarginError::unknown(id))
    }

    /// The scan, for many accounts.
    pub(super) fn pass(&self) -> Pass<'_> {
        let columns = 0..self.table.scenarios().len();
        Pass { name: SCAN, table: &self.table, columns, fold: Fold::Plain, combine: Combine::WorstOfSum }
    }

    /// The larger of the worst weighted loss and the minimum on deltas.
    ///
    /// # Errors
    /// [`MarginError::NotWholeLots`]; [`MarginError`] for what was not prepared for.
    pub(super) fn risk(
        &self,
        underlying: Underlying,
        held: &[NetPosition<'_>],
        parameters: &ParadexPortfolioParameters,
        detail: Detail,
    ) -> Result<Node, MarginError> {
        let (mut holdings, mut deltas) = (Vec::with_capacity(held.len()), Deltas::default());
        for position in held {
            let Contract { row, delta, .. } = *self.contract(position.id)?;
            let lot = self.table.rows()[row].lot;
            let lots = whole_lots(position.quantity, lot).ok_or_else(|| MarginError::NotWholeLots {
                instrument: Arc::clone(&position.instrument.terms().name),
                quantity: Quantity(position.quantity),
                lot: Quantity(lot),
            })?;
            holdings.push(Holding { row, lots });
            deltas = deltas.plus(position.quantity, delta)?;
        }
        holdings.sort_by_key(|holding| holding.row);
        let group = group(&self.table, &holdings, detail);
        let columns = 0..self.table.scenarios().len();
        let scan = Summed::new(&self.table, &holdings, group.clone(), columns, &[]).worst(SCAN)?;
        let minimum = deltas.minimum(parameters.net_rate, parameters.hedged_rate, self.spot)?;
        let origin = Origin { group, ..Origin::default() };
        Ok(Node::worst_of(underlying.asset(), vec![scan, Node::leaf("minimum on deltas", minimum, origin)]))
    }
}
