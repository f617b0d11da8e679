//! What the model prepares for a market: a table and rules per underlying.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Rounding, Timestamp, Underlying};
use plimsoll_numerics::exp;
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::{Market, MarketError};

use super::NAME;
use super::parameters::{Pmrm2Parameters, StaticDiscount};
use crate::array::{Counted, Holding, RowKey, Table, TableSpec};
use crate::models::Held;
use crate::scenario::{Scenario, Skew, VolMove, years_left};
use crate::{Account, MarginError};

/// The unshocked worths.
pub(super) const UNSHOCKED: usize = 0;
/// The two sides of the basis contingency.
pub(super) const BASIS: [usize; 2] = [1, 2];
/// The first of the venue's scenarios.
pub(super) const SCENARIOS: usize = 3;

/// P&L of a grain of a contract: 10⁻¹².
const GRAIN: Decimal = Decimal::new(1, 12);

/// One underlying.
#[derive(Debug)]
pub(super) struct UnderlyingTable {
    pub(super) table: Table,
    rows: BTreeMap<InstrumentId, usize>,
    pub(super) index: Decimal,
    /// How far the sources of the perpetuals' marks agree.
    pub(super) perpetual_confidence: Decimal,
    pub(super) expiries: BTreeMap<Timestamp, ExpiryRules>,
    /// What everything is settled in.
    pub(super) cash: Asset,
}

/// What the fold of one expiry needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpiryRules {
    /// On a shocked worth that is owned.
    pub(super) long: Decimal,
    /// On one that is owed.
    pub(super) short: Decimal,
    /// Share of a basis move's loss that counts.
    pub(super) basis: Decimal,
    /// The least of the expiry's own confidences.
    pub(super) confidence: Decimal,
}

/// The tables of everything held.
///
/// # Errors
/// [`MarginError`] for what cannot be priced. What the model has no rule for is left out, and refused
/// with the account that holds it.
pub(super) fn build(
    market: &Market,
    held: &Held,
    parameters: &Pmrm2Parameters,
    scenarios: &Arc<[Scenario]>,
) -> Result<BTreeMap<Underlying, UnderlyingTable>, MarginError> {
    let mut keys: BTreeMap<(Underlying, Asset), Vec<InstrumentId>> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or(MarginError::UnknownInstrument(id.0))?;
        if supported(instrument).is_ok() {
            let terms = instrument.terms();
            keys.entry((terms.underlying, terms.settlement)).or_default().push(*id);
        }
    }
    let mut tables = BTreeMap::new();
    for ((underlying, cash), ids) in keys {
        tables.insert(underlying, one(market, underlying, cash, &ids, parameters, scenarios)?);
    }
    Ok(tables)
}

/// Refuses what the venue does not list: all but linear perpetuals and premium-paid linear options.
pub(super) fn supported(instrument: &Instrument) -> Result<(), MarginError> {
    let dated = instrument.expiry().is_some() && instrument.strike().is_some() && instrument.is_paid_when_bought();
    let perpetual = instrument.expiry().is_none() && instrument.strike().is_none();
    let linear = instrument.style() == Style::Linear && !instrument.only_moves_balances();
    if linear && (dated || perpetual) {
        return Ok(());
    }
    Err(MarginError::Unsupported {
        model: NAME,
        what: Arc::clone(&instrument.terms().name),
        why: "expected a linear perpetual, or a linear option whose premium is paid".to_owned(),
    })
}

fn one(
    market: &Market,
    underlying: Underlying,
    cash: Asset,
    ids: &[InstrumentId],
    parameters: &Pmrm2Parameters,
    scenarios: &Arc<[Scenario]>,
) -> Result<UnderlyingTable, MarginError> {
    let spec = TableSpec {
        market,
        underlying,
        coin: None,
        scenarios: Arc::clone(scenarios),
        rules: &parameters.rules,
        grain: GRAIN,
        balance_lot: &|_| Decimal::ONE,
        counted: Counted::WorthPerContract,
    };
    let keys: Vec<RowKey> = ids.iter().copied().map(RowKey::Instrument).collect();
    let table = Table::build(&spec, &keys)?;
    let mut rows = BTreeMap::new();
    for (at, row) in table.rows().iter().enumerate() {
        if let RowKey::Instrument(id) = row.key {
            rows.insert(id, at);
        }
    }
    let quote = market.snapshot().underlyings.get(&underlying);
    let quote = quote.ok_or(MarginError::Market(MarketError::UnknownUnderlying(underlying)))?;
    let mut expiries = BTreeMap::new();
    for expiry in table.rows().iter().filter_map(|row| row.expiry) {
        let years = years_left(market.snapshot().as_of, Some(expiry)).unwrap_or(0.0);
        let rate = market.view().rate(underlying, expiry).max(0.0);
        let agreed = quote.expiries.get(&expiry).map(|quote| quote.confidence).unwrap_or_default();
        let confidence = [agreed.forward, agreed.rate, agreed.vol].into_iter().flatten().min();
        expiries.insert(expiry, rules(parameters, years, rate, confidence.unwrap_or(Decimal::ONE))?);
    }
    let marks = table.rows().iter().filter(|row| row.expiry.is_none());
    let marks = marks.filter_map(|row| market.snapshot().marks.get(&row.name).and_then(|mark| mark.confidence));
    Ok(UnderlyingTable {
        index: quote.index,
        perpetual_confidence: marks.min().unwrap_or(Decimal::ONE),
        table,
        rows,
        expiries,
        cash,
    })
}

/// The columns: unshocked, both basis moves, then the venue's list.
pub(super) fn scenarios(parameters: &Pmrm2Parameters) -> Result<Arc<[Scenario]>, MarginError> {
    let basis = |name: &str, factor: Decimal| {
        Ok::<_, MarginError>(Scenario {
            name: name.into(),
            price: factor.minus(Decimal::ONE)?,
            ..Scenario::unshocked()
        })
    };
    let mut all = vec![
        Scenario::unshocked(),
        basis("basis up", parameters.scenario_spot_up)?,
        basis("basis down", parameters.scenario_spot_down)?,
    ];
    for one in parameters.scenarios.as_slice() {
        let price = one.price.minus(Decimal::ONE)?;
        let vol = match one.vol {
            VolMove::Up => parameters.vol_range_up,
            VolMove::Down => parameters.vol_range_down.negated(),
            VolMove::Still | VolMove::Linear | VolMove::Absolute => Decimal::ZERO,
        };
        let plain = Scenario { damping: one.damping, ..Scenario::price_and_vol(price, vol) };
        all.push(match one.vol {
            VolMove::Up => Scenario { vol_floor: parameters.min_vol_up_shock, ..plain },
            VolMove::Still | VolMove::Down => plain,
            VolMove::Linear => Scenario { name: "skew".into(), skew: Skew::Linear, ..plain },
            VolMove::Absolute => Scenario { name: "wings".into(), skew: Skew::Absolute, ..plain },
        });
    }
    Ok(all.into())
}

fn rules(parameters: &Pmrm2Parameters, years: f64, rate: f64, confidence: Decimal) -> Result<ExpiryRules, MarginError> {
    let growth = |of: &StaticDiscount| exp(years * (rate * float(of.rate_mult) + float(of.rate_add)));
    // What is owed is never counted at more than it costs at expiry.
    let short = (float(parameters.short.base) * growth(&parameters.short)).min(exp(rate * years));
    let long = float(parameters.long.base) / growth(&parameters.long);
    let basis = float(parameters.basis_add) + float(parameters.basis_mult) * years;
    let exact = |value: f64| decimal(value, Decimal::PLACES).map_err(MarginError::Number);
    Ok(ExpiryRules { long: exact(long)?, short: exact(short)?, basis: exact(basis)?, confidence })
}

impl UnderlyingTable {
    /// An account's positions as holdings, sorted by row, to 10⁻¹² of a contract.
    pub(super) fn holdings(&self, account: &Account) -> Result<Vec<Holding>, MarginError> {
        let mut lots: BTreeMap<usize, Decimal> = BTreeMap::new();
        for position in &account.portfolio.positions {
            let id = position.instrument;
            let row = *self.rows.get(&id).ok_or(MarginError::UnknownInstrument(id.0))?;
            let held = lots.entry(row).or_default();
            *held = held.plus(position.quantity.0)?;
        }
        let mut holdings = Vec::with_capacity(lots.len());
        for (row, quantity) in lots {
            let units = quantity.rounded(12, Rounding::HalfEven)?.units() / GRAIN.units();
            let lots = i64::try_from(units).map_err(|_| MarginError::TooManyLots {
                underlying: self.table.underlying(),
                lots: units.unsigned_abs(),
            })?;
            holdings.push(Holding { row, lots });
        }
        holdings.retain(|holding| holding.lots != 0);
        Ok(holdings)
    }
}
