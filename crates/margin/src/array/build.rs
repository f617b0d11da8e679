//! Making a table: every row revalued under every scenario, once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Rounding, Timestamp, Underlying};
use plimsoll_numerics::rounding;
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::{Instrument, Priced, worths};
use plimsoll_pricing::market::Market;

use super::{Cells, Row, RowKey, Table, Unit, rows_by_contract, swings};
use crate::MarginError;
use crate::scenario::{Columns, ExpiryState, Scenario, ShockRules, Skew, asset_growth, years_left};

/// What a table is made for.
#[derive(Clone)]
pub struct TableSpec<'a> {
    /// The market it is made in.
    pub market: &'a Market,
    /// The underlying of all its rows.
    pub underlying: Underlying,
    /// The asset that moves with the underlying's price; `None` where there is no such coin.
    pub coin: Option<Asset>,
    /// Its columns.
    pub scenarios: Arc<[Scenario]>,
    /// How a scenario reaches an expiry.
    pub rules: &'a ShockRules,
    /// What one grain is worth on the narrow path.
    pub grain: Decimal,
    /// Units in one lot of a balance.
    pub balance_lot: &'a dyn Fn(Asset) -> Decimal,
    /// What a cell is.
    pub counted: Counted,
}

/// What the cells of a table count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// P&L of a lot from the current mark, damped, in the market's currency.
    PnlPerLot,
    /// Worth of a contract in its settlement asset, which no scenario moves, not damped: for folds that
    /// treat gains and losses of a whole group in different ways. What is margined and not paid for is
    /// worth nothing where nothing moves.
    WorthPerContract,
}

/// How much finer a grain is on the wide path.
const WIDE_GRAINS_PER_GRAIN: i64 = 10_000;
/// Floats count grains exactly up to here.
const GRAINS_MAX: f64 = 9_007_199_254_740_992.0;
/// A worth fits 62 bits; a float past 2⁵³ is a whole number of grains anyway.
const WORTH_GRAINS_MAX: f64 = 4_611_686_018_427_387_904.0;
/// Decimals of the lot that contracts are counted in where a cell is a whole contract.
const FINE_PLACES: u32 = 12;

impl Table {
    /// Revalues `keys` under the scenarios of `spec`.
    ///
    /// # Errors
    /// [`MarginError::Market`] for what cannot be priced, [`MarginError::CellTooLarge`].
    ///
    /// # Panics
    /// When a balance is among `keys` and worths of contracts are counted.
    pub fn build(spec: &TableSpec<'_>, keys: &[RowKey]) -> Result<Self, MarginError> {
        let balance = keys.iter().any(|key| matches!(key, RowKey::Asset(_)));
        assert!(!balance || spec.counted == Counted::PnlPerLot, "a balance has no worth of a contract");
        let mut rows = keys.iter().map(|key| row(spec, *key)).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| (row.expiry, row.key));
        let narrow = if spec.counted == Counted::PnlPerLot { narrow(spec, &mut rows)? } else { None };
        let (cells, grain) = match narrow {
            Some(cells) => (Cells::Narrow(cells), spec.grain),
            None => wide(spec, &mut rows)?,
        };
        Ok(Self {
            underlying: spec.underlying,
            coin: spec.coin,
            grain,
            unit: match spec.counted {
                Counted::PnlPerLot => Unit::Amount(grain),
                Counted::WorthPerContract => Unit::of(grain, FINE_PLACES),
            },
            scenarios: Arc::clone(&spec.scenarios),
            by_contract: rows_by_contract(&rows),
            swings: swings(&spec.scenarios),
            rows,
            cells,
        })
    }
}

/// 32-bit cells, if all fit.
fn narrow(spec: &TableSpec<'_>, rows: &mut [Row]) -> Result<Option<Vec<i32>>, MarginError> {
    let per_grain = 1.0 / float(spec.grain);
    let mut cells = vec![0; rows.len() * spec.scenarios.len()];
    let mut left = cells.as_mut_slice();
    let mut fit = true;
    each_band(spec, rows, |pnl| {
        let (band, rest) = std::mem::take(&mut left).split_at_mut(pnl.len());
        left = rest;
        fit = fit && rounding::to_i32(pnl, 0.0, per_grain, band).is_ok();
    })?;
    Ok(fit.then_some(cells))
}

/// 64-bit cells, and what a grain of theirs is.
#[expect(clippy::cast_possible_truncation, reason = "the door from floats to grains; the range is checked")]
fn wide(spec: &TableSpec<'_>, rows: &mut [Row]) -> Result<(Cells, Decimal), MarginError> {
    let (grain, most) = match spec.counted {
        Counted::WorthPerContract => (spec.grain, WORTH_GRAINS_MAX),
        Counted::PnlPerLot => (spec.grain.over(Decimal::from_int(WIDE_GRAINS_PER_GRAIN), Rounding::Up)?, GRAINS_MAX),
    };
    let per_unit = 1.0 / float(grain);
    let mut cells = Vec::with_capacity(rows.len() * spec.scenarios.len());
    let mut misfit = None;
    each_band(spec, rows, |pnl| {
        for count in pnl.iter().map(|pnl| pnl * per_unit) {
            if misfit.is_none() && (count.is_nan() || count.abs() > most) {
                misfit = Some(cells.len());
            }
            cells.push(count.round_ties_even() as i64);
        }
    })?;
    let width = spec.scenarios.len();
    match misfit {
        None => Ok((Cells::Wide(cells), grain)),
        Some(at) => Err(MarginError::CellTooLarge {
            row: Arc::clone(&rows[at / width].name),
            scenario: Arc::clone(&spec.scenarios[at % width].name),
        }),
    }
}

fn row(spec: &TableSpec<'_>, key: RowKey) -> Result<Row, MarginError> {
    Ok(match key {
        RowKey::Asset(asset) => Row {
            key,
            name: format!("{asset} balance").into(),
            expiry: None,
            lot: (spec.balance_lot)(asset),
            moves: false,
        },
        RowKey::Instrument(id) => {
            let instrument = spec.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            let terms = instrument.terms();
            let lot = match spec.counted {
                Counted::PnlPerLot => terms.lot_size.0,
                Counted::WorthPerContract => Decimal::new(1, FINE_PLACES),
            };
            Row { key, name: Arc::clone(&terms.name), expiry: instrument.expiry(), lot, moves: false }
        }
    })
}

/// `quantity` contracts in lots of 10⁻¹² of one, to the nearest.
///
/// # Errors
/// [`MarginError::TooManyLots`] above 9 × 10⁶ contracts.
pub fn fine_lots(quantity: Decimal, underlying: Underlying) -> Result<i64, MarginError> {
    let units = quantity.count(FINE_PLACES, Rounding::HalfEven);
    i64::try_from(units).map_err(|_| MarginError::TooManyLots { underlying, lots: units.unsigned_abs() })
}

/// Rows that are revalued at a time, so that what passes through floats stays near.
const BAND: usize = 64;

/// P&L of one lot in every scenario, in the market's currency, a band of rows after the other; whether a row moves is
/// noted with it.
fn each_band(spec: &TableSpec<'_>, rows: &mut [Row], mut take: impl FnMut(&[f64])) -> Result<(), MarginError> {
    // The unshocked market is priced by the same formula in a column of its own, so that a
    // scenario in which nothing moves gives exactly nothing.
    let with_base: Vec<Scenario> =
        std::iter::once(Scenario::unshocked()).chain(spec.scenarios.iter().cloned()).collect();
    let damping: Vec<f64> = spec.scenarios.iter().map(|scenario| float(scenario.damping)).collect();
    for run in rows.chunk_by_mut(|left, right| left.expiry == right.expiry) {
        for band in run.chunks_mut(BAND) {
            let pnl = band_pnl(spec, band, band[0].expiry, &with_base, &damping)?;
            for (row, pnl) in band.iter_mut().zip(pnl.chunks_exact(spec.scenarios.len().max(1))) {
                row.moves = pnl.iter().any(|pnl| *pnl != 0.0);
            }
            take(&pnl);
        }
    }
    Ok(())
}

/// Row-major floats of rows of one expiry; `with_base` has the unshocked scenario in front.
fn band_pnl(
    spec: &TableSpec<'_>,
    run: &[Row],
    expiry: Option<Timestamp>,
    with_base: &[Scenario],
    damping: &[f64],
) -> Result<Vec<f64>, MarginError> {
    let market = spec.market;
    let state = ExpiryState {
        years: years_left(market.snapshot().as_of, expiry),
        rate: expiry.map_or(0.0, |expiry| market.view().rate(spec.underlying, expiry)),
        moving: expiry.map_or(1.0, |expiry| market.view().moving(spec.underlying, expiry)),
    };
    let contracts =
        run.iter().filter_map(|row| contract(market, row.key).transpose()).collect::<Result<Vec<_>, _>>()?;
    let worth = contract_worths(spec, &contracts, with_base, &state);
    let mut contract_worths = contracts.iter().zip(worth.chunks_exact(with_base.len()));
    if spec.counted == Counted::WorthPerContract {
        return Ok(contract_worths.flat_map(|(_, worth)| worth[1..].iter().copied()).collect());
    }
    let units = vec![1.0; with_base.len()];
    // By asset: its price now, and in every scenario as a multiple of that.
    let mut prices: BTreeMap<Asset, (f64, Vec<f64>)> = BTreeMap::new();
    let mut all = Vec::with_capacity(run.len() * spec.scenarios.len());
    for row in run {
        let (asset, worth) = match row.key {
            RowKey::Asset(asset) => (asset, units.as_slice()),
            RowKey::Instrument(_) => match contract_worths.next() {
                Some(((instrument, _), worth)) => (instrument.terms().settlement, worth),
                None => continue,
            },
        };
        let (price, growth) = match prices.entry(asset) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let growth = spec.scenarios.iter().map(|scenario| asset_growth(scenario, asset, spec.coin)).collect();
                new.insert((float(market.asset_price(asset)?.value), growth))
            }
        };
        let lot_price = *price * float(row.lot);
        let shocked = worth[1..].iter().zip(growth.iter()).zip(damping);
        all.extend(shocked.map(|((shocked, growth), damping)| (shocked * growth - worth[0]) * lot_price * damping));
    }
    Ok(all)
}

/// Worths of contracts of one expiry in every scenario, row-major; what shares a quote is revalued
/// in one call.
fn contract_worths(
    spec: &TableSpec<'_>,
    contracts: &[(&Instrument, &Priced)],
    with_base: &[Scenario],
    state: &ExpiryState,
) -> Vec<f64> {
    let width = with_base.len();
    let mut all = vec![0.0; contracts.len() * width];
    let mut quotes: Vec<Asset> = contracts.iter().map(|(instrument, _)| instrument.terms().quote).collect();
    quotes.sort_unstable();
    quotes.dedup();
    for quote in quotes {
        let of_quote = |at: &usize| contracts[*at].0.terms().quote == quote;
        let places: Vec<usize> = (0..contracts.len()).filter(of_quote).collect();
        let columns = Columns::new(with_base, spec.rules, quote, state);
        let mut worth = vec![0.0; places.len() * width];
        let same: Vec<_> = places.iter().map(|at| contracts[*at]).collect();
        worths(&same, &columns.shocks(), &mut worth);
        for (at, worth) in places.iter().zip(worth.chunks_exact(width)) {
            all[at * width..][..width].copy_from_slice(worth);
        }
        if with_base.iter().any(|scenario| scenario.skew != Skew::Still) {
            for at in places {
                turn(spec, contracts[at], with_base, &columns, state, &mut all[at * width..][..width]);
            }
        }
    }
    all
}

/// The worths of one contract where the smile turns, which is by strike.
fn turn(
    spec: &TableSpec<'_>,
    (instrument, priced): (&Instrument, &Priced),
    with_base: &[Scenario],
    columns: &Columns,
    state: &ExpiryState,
    worth: &mut [f64],
) {
    let (Some(strike), Some(years)) = (instrument.strike(), state.years) else { return };
    let factor = |scenario: &Scenario| spec.rules.skew.factor(scenario.skew, float(strike), priced.forward, years);
    let columns = columns.clone().turned(with_base.iter().map(factor));
    let mut turned = vec![0.0; worth.len()];
    worths(&[(instrument, priced)], &columns.shocks(), &mut turned);
    for ((worth, turned), scenario) in worth.iter_mut().zip(turned).zip(with_base) {
        if scenario.skew != Skew::Still {
            *worth = turned;
        }
    }
}

fn contract(market: &Market, key: RowKey) -> Result<Option<(&Instrument, &Priced)>, MarginError> {
    match key {
        RowKey::Asset(_) => Ok(None),
        RowKey::Instrument(id) => {
            let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            Ok(Some((instrument, market.priced(id)?)))
        }
    }
}
