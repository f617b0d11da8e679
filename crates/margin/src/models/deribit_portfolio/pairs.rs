//! An account's positions by pair of base and settlement asset, and their vectors.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::matrix::{Future, Grid, RiskVectors, VOLS};
use super::parameters::DeribitPortfolioParameters;
use super::shocks::{ShockRules, settling_delta};
use super::unsupported;
use crate::MarginError;
use crate::array::{Counted, Holding, RowKey, Table, TableSpec, fine_lots};
use crate::models::Held;
use crate::positions::NetPosition;
use crate::scenario::{Scenario, years_left};

/// A base and what its contracts are settled in.
pub(super) type Pair = (Underlying, Asset);

/// The last minutes of an expiry, over which it settles.
const WINDOW_MINUTES: i64 = 30;

/// One pair in one market.
pub(super) struct Prepared {
    pub(super) grid: Grid,
    pub(super) shocks: ShockRules,
    /// What one of the settlement asset is worth in money.
    pub(super) price: Decimal,
    /// The index, in the settlement asset of a linear pair; of an inverse one in money.
    pub(super) index: Decimal,
    /// Options, unshocked and under every move.
    table: Table,
    rows: BTreeMap<InstrumentId, usize>,
}

/// A pair's figures, in its settlement asset.
pub(super) struct PairRisk {
    /// Before scaling.
    pub(super) pre_aggregated: RiskVectors,
    /// As it is added to other pairs'.
    pub(super) aggregated: RiskVectors,
    /// Roll shocks by expiry.
    pub(super) roll: Vec<(Option<Timestamp>, Decimal)>,
    /// Delta shock.
    pub(super) delta_shock: Decimal,
}

/// Prepares every pair that `held` has contracts of.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn prepare(
    market: &Market,
    held: &Held,
    p: &DeribitPortfolioParameters,
) -> Result<BTreeMap<Pair, Prepared>, MarginError> {
    let mut keys: BTreeMap<Pair, Vec<RowKey>> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or(MarginError::UnknownInstrument(id.0))?;
        if supported(instrument).is_ok() && !instrument.only_moves_balances() {
            let terms = instrument.terms();
            let of_pair = keys.entry((terms.underlying, terms.settlement)).or_default();
            if instrument.strike().is_some() {
                of_pair.push(RowKey::Instrument(*id));
            }
        }
    }
    let mut all = BTreeMap::new();
    for ((coin, settlement), keys) in keys {
        all.insert((coin, settlement), one(market, (coin, settlement), &keys, p)?);
    }
    Ok(all)
}

/// Refuses what the venue does not list: quantos, everlasting options, options margined like futures.
pub(super) fn supported(instrument: &Instrument) -> Result<(), MarginError> {
    let quanto = matches!(instrument.style(), Style::Quanto { .. });
    let option = instrument.strike().is_some();
    if quanto || (option && (instrument.expiry().is_none() || !instrument.is_paid_when_bought())) {
        return Err(unsupported(
            instrument,
            "expected a linear or inverse future or perpetual, or a dated option whose premium is paid",
        ));
    }
    Ok(())
}

fn one(
    market: &Market,
    (coin, settlement): Pair,
    keys: &[RowKey],
    p: &DeribitPortfolioParameters,
) -> Result<Prepared, MarginError> {
    let grid = p.grid(coin, settlement);
    let spec = TableSpec {
        market,
        underlying: coin,
        coin: None,
        scenarios: scenarios(&grid, p)?,
        rules: &p.vega_powers,
        grain: Decimal::new(1, 12),
        balance_lot: &|_| Decimal::ONE,
        counted: Counted::WorthPerContract,
    };
    let table = Table::build(&spec, keys)?;
    let mut rows = BTreeMap::new();
    for (at, row) in table.rows().iter().enumerate() {
        if let RowKey::Instrument(id) = row.key {
            rows.insert(id, at);
        }
    }
    let quote = market.snapshot().underlyings.get(&coin).map(|quote| quote.index);
    let unknown = plimsoll_pricing::market::MarketError::UnknownUnderlying(coin);
    let index = quote.ok_or(MarginError::Market(unknown))?;
    let price = market.asset_price(settlement)?.value;
    Ok(Prepared { shocks: p.shocks(coin, settlement, index)?, price, index, table, rows, grid })
}

/// Unshocked, the buckets by volatility, and beyond the range.
fn scenarios(grid: &Grid, p: &DeribitPortfolioParameters) -> Result<Arc<[Scenario]>, MarginError> {
    let up = |by| Scenario {
        vol_floor: p.min_volatility_for_shock_up,
        ..Scenario::price_and_vol(by, p.volatility_range_up)
    };
    let mut all = vec![Scenario::unshocked()];
    for by in grid.moves()? {
        let same = Scenario::price_and_vol(by, Decimal::ZERO);
        all.extend([up(by), same, Scenario::price_and_vol(by, p.volatility_range_down.negated())]);
    }
    all.extend(grid.extended.iter().map(|by| up(*by)));
    Ok(all.into())
}

impl Prepared {
    /// The names of the moves, in the order of the vectors.
    pub(super) fn scenario(&self, at: usize) -> &Scenario {
        &self.table.scenarios()[1 + at]
    }

    /// The figures of `held`, all of this pair.
    pub(super) fn risk(&self, market: &Market, held: &[NetPosition<'_>]) -> Result<PairRisk, MarginError> {
        let mut by_expiry: BTreeMap<Option<Timestamp>, Vec<&NetPosition<'_>>> = BTreeMap::new();
        for position in held {
            by_expiry.entry(position.instrument.expiry()).or_default().push(position);
        }
        let mut vectors = RiskVectors::default();
        let (mut roll, mut net_delta) = (Vec::new(), Decimal::ZERO);
        for (expiry, held) in by_expiry {
            let years = years_left(market.snapshot().as_of, expiry);
            let gone = elapsed_minutes(market, expiry)?;
            let (of_expiry, delta) = self.expiry(market, &held, gone)?;
            vectors = vectors.plus(&of_expiry)?;
            let years = decimal(years.unwrap_or(0.0), Decimal::PLACES)?;
            roll.push((expiry, self.shocks.roll(delta, years)?));
            net_delta = net_delta.plus(delta)?;
        }
        let aggregated = self.grid.aggregated(&vectors, self.price)?;
        // Of an inverse pair the delta is in coins, of which the index says how many are money.
        let index = if self.price == Decimal::ONE { Decimal::ONE } else { self.index };
        let delta_shock = self.shocks.delta(net_delta, index)?;
        Ok(PairRisk { pre_aggregated: vectors, aggregated, roll, delta_shock })
    }

    /// Vectors and net delta of one expiry.
    fn expiry(
        &self,
        market: &Market,
        held: &[&NetPosition<'_>],
        gone: Decimal,
    ) -> Result<(RiskVectors, Decimal), MarginError> {
        let window = Decimal::from_int(WINDOW_MINUTES);
        let left = |figure| Ok::<_, MarginError>(settling_delta(figure, Decimal::ZERO, gone, window)?.0);
        let (mut futures, mut holdings, mut delta) = (Vec::new(), Vec::new(), Decimal::ZERO);
        for position in held {
            let NetPosition { id, instrument, quantity, size } = **position;
            let priced = market.priced(id)?;
            let inverse = instrument.style() == Style::Inverse;
            if instrument.strike().is_none() {
                let mark = priced.mark.value;
                let coins = if inverse { size.over(mark, Rounding::HalfEven)? } else { size };
                let future = Future { size: left(coins)?, mark, inverse };
                delta = delta.plus(future.delta()?)?;
                futures.push(future);
                continue;
            }
            let row = *self.rows.get(&id).ok_or(MarginError::UnknownInstrument(id.0))?;
            holdings.push(Holding { row, lots: fine_lots(quantity, instrument.terms().underlying)? });
            let greeks = instrument.greeks(priced);
            let per_contract = if inverse { greeks.delta_net } else { greeks.delta * priced.index };
            let each = decimal(per_contract, Decimal::PLACES).map_err(MarginError::of(instrument))?;
            delta = delta.plus(left(each.times(quantity, Rounding::HalfEven)?)?)?;
        }
        let mut vectors = self.grid.futures(&futures)?;
        if !holdings.is_empty() {
            vectors = vectors.plus(&self.options(&holdings, held, &left)?)?;
        }
        Ok((vectors, delta))
    }

    /// Vectors of options.
    fn options(
        &self,
        holdings: &[Holding],
        held: &[&NetPosition<'_>],
        left: &dyn Fn(Decimal) -> Result<Decimal, MarginError>,
    ) -> Result<RiskVectors, MarginError> {
        let inverse = held.iter().any(|position| position.instrument.style() == Style::Inverse);
        let sums = self.table.sums(holdings, 0..self.table.scenarios().len());
        let worth = |at: usize| self.table.loss(-sums[at]);
        let now = worth(0)?;
        let standard = self.grid.moves()?.len() * VOLS;
        let pnl = |at: usize| left(worth(1 + at)?.minus(now)?);
        let mut vectors = RiskVectors::default();
        for at in 0..standard {
            vectors.standard.push(pnl(at)?);
        }
        for (at, by) in self.grid.extended.iter().enumerate() {
            vectors.extended.push(self.grid.beyond(pnl(standard + at)?, *by, inverse)?);
        }
        Ok(vectors)
    }
}

/// Minutes gone of the window in which an expiry settles; none before it.
fn elapsed_minutes(market: &Market, expiry: Option<Timestamp>) -> Result<Decimal, MarginError> {
    let Some(years) = years_left(market.snapshot().as_of, expiry) else { return Ok(Decimal::ZERO) };
    let minutes = decimal((years * 365.0 * 1_440.0).max(0.0), Decimal::PLACES)?;
    Ok(Decimal::from_int(WINDOW_MINUTES).minus(minutes)?.or_zero())
}
