//! What an excess under this model is made of, and how fast it moves with each.
//!
//! A requirement is, by underlying, the larger of a scan, the worst of sums of cells, and a minimum on deltas, which moves
//! by at most both of its rates × the change of gross delta in money; and provisions: funding, a positive part of a sum, and
//! fees, of gross notional. Orders are looked at filled, set by set, with what each fill costs. Balances count at their
//! price.

use std::collections::BTreeMap;

use plimsoll_core::{Decimal, Underlying};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;

use super::book::Prepared;
use super::parameters::ParadexPortfolioParameters;
use crate::MarginError;
use crate::array::RowKey;
use crate::collateral::CollateralRules;
use crate::watch::{Besides, Figures, Netting, Part, Source, WatchedRow, carried, fingerprint, pattern, priced};

/// A contract is told in no less than hundredths of what it stands for.
const SCALE_LEAST: f64 = 0.01;
/// What decimals rounded up and down can add up to in one requirement, in the currency.
const ROUNDED: f64 = 1e-9;

/// The figures of every underlying and of every asset that has a price; `None` where maintenance is more than all of the
/// initial margin, which the constants do not cover.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn watched(
    market: &Market,
    parameters: &ParadexPortfolioParameters,
    collateral: &CollateralRules,
    underlyings: &BTreeMap<Underlying, Prepared>,
) -> Result<Option<Vec<Figures>>, MarginError> {
    if parameters.maintenance_share > Decimal::ONE {
        return Ok(None);
    }
    let mut all = Vec::new();
    for (underlying, prepared) in underlyings {
        all.push(contracts(market, parameters, collateral, *underlying, prepared)?);
    }
    for asset in market.snapshot().assets.keys().filter(|asset| **asset != market.currency()) {
        all.push(priced(market, collateral, *asset, fingerprint(parameters))?);
    }
    Ok(Some(all))
}

fn contracts(
    market: &Market,
    parameters: &ParadexPortfolioParameters,
    collateral: &CollateralRules,
    underlying: Underlying,
    prepared: &Prepared,
) -> Result<Figures, MarginError> {
    let (table, spot) = (&prepared.table, float(prepared.spot));
    let cells = Part::cells(table, 0..table.scenarios().len(), Netting::All, 1.0);
    let (mut rows, mut deltas, mut funding) = (Vec::new(), Vec::new(), Vec::new());
    for (at, row) in table.rows().iter().enumerate() {
        let RowKey::Instrument(id) = row.key else { continue };
        let (contract, lot) = (prepared.contract(id)?, float(row.lot));
        let size = market.listing().get(id).ok_or_else(MarginError::unknown(id))?.terms().contract_size;
        let (amount, price) = contract.notional;
        let large = cells.largest(at) * table.unit();
        let scale = large.max(SCALE_LEAST * float(amount.value) * float(price.value) * lot);
        rows.push(WatchedRow { key: row.key, lot, group: 0, scale });
        deltas.push(float(contract.delta) * spot * lot);
        funding.push(float(contract.funding) * float(size) * lot);
    }
    let rates = float(parameters.net_rate) + float(parameters.hedged_rate);
    let mut parts = vec![cells];
    parts.push(Part::new(1, deltas, Netting::Nothing, rates));
    parts.push(Part::new(1, funding, Netting::All, 1.0));
    let per_unit = |asset| {
        let slope = collateral.slope(collateral.class(market, asset), asset);
        Ok(slope * float(market.asset_price(asset)?.value))
    };
    parts.extend(carried(market, table, collateral.share_gains, per_unit)?);
    let state = vec![fingerprint(parameters), pattern(table.unit())];
    let besides = Besides { state, order_jitter: ROUNDED, fixed: ROUNDED, ..Besides::default() };
    let index = float(market.index(underlying)?.value);
    Ok(Figures::new(Source::Underlying(underlying), rows, parts, besides, index))
}
