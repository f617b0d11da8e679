//! Making a table: every row revalued under every scenario, once.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Rounding, Underlying};
use plimsoll_numerics::rounding;
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;

use super::bands::each_band;
use super::{Cells, Row, RowKey, Table, Unit, rows_by_contract, swings};
use crate::MarginError;
use crate::scenario::{Scenario, ShockRules};

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
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.push(row(spec, *key)?);
        }
        // As they come they are nearly in order, which this way of sorting makes use of.
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
