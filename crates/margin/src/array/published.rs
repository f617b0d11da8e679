//! Risk arrays of single contracts: made from a market, or published by somebody else, and summed the same way.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, NumberError, Rounding, Timestamp, Underlying};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::{Cells, Counted, Row, RowKey, Table, TableSpec, Unit, rows_by_contract, swings};
use crate::MarginError;
use crate::scenario::{Scenario, ShockRules};

/// The risk array of one contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractArray {
    /// The contract.
    pub id: InstrumentId,
    /// Its name.
    pub name: Arc<str>,
    /// When it expires.
    pub expiry: Option<Timestamp>,
    /// What one long contract gains in every scenario, in one asset for all contracts.
    pub pnl: Vec<Decimal>,
}

impl Table {
    /// A table of arrays that are at hand: cells to 10⁻⁹, or to as many places fewer as the largest of them needs;
    /// quantities in lots of [`array_lots`]. What a position gains is exact, and so is what they gain together.
    ///
    /// # Errors
    /// [`MarginError::CellTooLarge`] above 9 × 10¹⁵.
    ///
    /// # Panics
    /// When an array has not one figure a scenario: they are made together.
    pub fn of_arrays(
        underlying: Underlying,
        scenarios: Arc<[Scenario]>,
        arrays: &[ContractArray],
    ) -> Result<Self, MarginError> {
        let mut sorted: Vec<&ContractArray> = arrays.iter().collect();
        sorted.sort_by_key(|array| (array.expiry, array.id));
        let largest = sorted.iter().flat_map(|array| &array.pnl).map(|pnl| pnl.units().abs()).max().unwrap_or(0);
        let mut places = ARRAY_PLACES;
        while places > 0 && largest / grain_units(places) > GRAINS_EXACT {
            places -= 1;
        }
        let units = grain_units(places);
        let mut cells = Vec::with_capacity(sorted.len() * scenarios.len());
        let mut rows = Vec::with_capacity(sorted.len());
        for array in sorted {
            assert_eq!(array.pnl.len(), scenarios.len(), "an array has one figure a scenario");
            for (pnl, scenario) in array.pnl.iter().zip(scenarios.iter()) {
                let cell = pnl.rounded(places, Rounding::HalfEven)?.units() / units;
                let fits = i64::try_from(cell).ok().filter(|cell| i128::from(*cell).abs() <= GRAINS_EXACT + 1);
                cells.push(fits.ok_or_else(|| MarginError::CellTooLarge {
                    row: Arc::clone(&array.name),
                    scenario: Arc::clone(&scenario.name),
                })?);
            }
            rows.push(Row {
                key: RowKey::Instrument(array.id),
                name: Arc::clone(&array.name),
                expiry: array.expiry,
                lot: Decimal::new(1, ARRAY_PLACES),
                moves: array.pnl.iter().any(|pnl| !pnl.is_zero()),
            });
        }
        Ok(Self {
            underlying,
            coin: None,
            grain: Decimal::new(1, places),
            unit: Unit::of(Decimal::new(1, places), ARRAY_PLACES),
            swings: swings(&scenarios),
            scenarios,
            by_contract: rows_by_contract(&rows),
            rows,
            cells: Cells::Wide(cells),
        })
    }
}

/// Decimals of a cell and of a quantity: a cell × a lot is then never below 10⁻¹⁸.
const ARRAY_PLACES: u32 = 9;

/// `quantity` contracts in lots of a table of arrays, 10⁻⁹ of one, to the nearest.
///
/// # Errors
/// [`MarginError::TooManyLots`] above 9 × 10⁹ contracts.
pub fn array_lots(quantity: Decimal, underlying: Underlying) -> Result<i64, MarginError> {
    let lots = quantity.count(ARRAY_PLACES, Rounding::HalfEven);
    i64::try_from(lots).map_err(|_| MarginError::TooManyLots { underlying, lots: lots.unsigned_abs() })
}

/// 2⁵³: sums of cells up to here, times any count of lots, fit 128 bits.
const GRAINS_EXACT: i128 = 1 << f64::MANTISSA_DIGITS;

/// A grain of 10⁻ᵖˡᵃᶜᵉˢ in units of 10⁻¹⁸.
const fn grain_units(places: u32) -> i128 {
    10_i128.pow(Decimal::PLACES - places)
}

/// What one long contract of each of `ids`, all on `underlying`, gains in every scenario, in the market's currency:
/// its worth there less its worth now, × the scenario's damping. What settles in the underlying's own coin is worth
/// what the coin is worth there.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub fn contract_arrays(
    market: &Market,
    underlying: Underlying,
    ids: &[InstrumentId],
    scenarios: &[Scenario],
    rules: &ShockRules,
) -> Result<Vec<ContractArray>, MarginError> {
    let with_base: Vec<Scenario> = std::iter::once(Scenario::unshocked()).chain(scenarios.iter().cloned()).collect();
    let spec = TableSpec {
        market,
        underlying,
        coin: None,
        scenarios: with_base.into(),
        rules,
        grain: Decimal::new(1, 11),
        balance_lot: &|_| Decimal::ONE,
        counted: Counted::WorthPerContract,
    };
    let keys: Vec<RowKey> = ids.iter().copied().map(RowKey::Instrument).collect();
    let table = Table::build(&spec, &keys)?;
    let mut all = Vec::with_capacity(ids.len());
    for (at, row) in table.rows.iter().enumerate() {
        let RowKey::Instrument(id) = row.key else { continue };
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let pnl = pnl(market, &table, at, instrument, scenarios);
        all.push(ContractArray { id, name: Arc::clone(&row.name), expiry: row.expiry, pnl: pnl? });
    }
    Ok(all)
}

/// The P&L of one row of worths, whose first column is unshocked.
fn pnl(
    market: &Market,
    table: &Table,
    row: usize,
    instrument: &Instrument,
    scenarios: &[Scenario],
) -> Result<Vec<Decimal>, MarginError> {
    let settlement = instrument.terms().settlement;
    let price = market.asset_price(settlement)?.value;
    let worth = |column| table.grain.times_count(table.cell(row, column).into());
    let now = worth(0)?;
    let mut all = Vec::with_capacity(scenarios.len());
    for (at, scenario) in scenarios.iter().enumerate() {
        let there = worth(1 + at)?.times(growth(scenario, settlement, table.underlying)?, Rounding::HalfEven)?;
        let gain = there.minus(now)?.times(price, Rounding::HalfEven)?;
        all.push(gain.times(scenario.damping, Rounding::HalfEven)?);
    }
    Ok(all)
}

/// What an asset is worth in a scenario, as a multiple of now.
fn growth(scenario: &Scenario, asset: Asset, underlying: Underlying) -> Result<Decimal, NumberError> {
    if asset == underlying.asset() { Decimal::ONE.plus(scenario.price) } else { Ok(Decimal::ONE) }
}
