//! Tables of cells: what one lot of everything gains or loses in every scenario.
//!
//! A table belongs to one underlying. Its rows are instruments and balances, sorted by expiry so
//! that a group of positions is a contiguous run; its columns are the scenarios. A *cell* is the
//! P&L of one lot, in the table's asset, counted in *grains*; a gain is positive. Positions are
//! measured from the current mark, a balance by its asset's move, so an account's P&L in a
//! scenario is the sum of lots × cells and nothing else.
//!
//! Cells are `i32` where they fit and `i64` where one does not; sums are `i64` while an account
//! has fewer than 2³¹ lots, which cannot overflow, and `i128` past that. Rounding a cell loses at
//! most half a grain a lot: [`Table::rounding_allowance`] is what that can add up to.
//!
//! A model that reproduces a venue's figures to many digits takes [`Counted::WorthPerContract`]:
//! cells are worths of a whole contract in its settlement asset, and quantities are counted to
//! 10⁻¹² of a contract.

mod bands;
mod build;
mod by_contract;
mod measure;
mod published;
mod sums;

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, NumberError, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::float;

pub use build::{Counted, TableSpec, fine_lots};
pub use measure::{Measure, per_lot};
pub use published::{ContractArray, array_lots, contract_arrays};
pub(crate) use sums::least;

use crate::scenario::Scenario;
pub use by_contract::ByContract;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKey {
    /// A balance of an asset.
    Asset(Asset),
    /// A contract.
    Instrument(InstrumentId),
}

/// One row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub key: RowKey,
    /// Its name.
    pub name: Arc<str>,
    /// When it expires; first come the rows that never do.
    pub expiry: Option<Timestamp>,
    /// Contracts, or units of the asset, in one lot.
    pub lot: Decimal,
    /// Whether any scenario moves it: a row of zeros is exact.
    moves: bool,
}

/// How many lots of a row an account holds; short is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The row's place in its table.
    pub row: usize,
    /// The lots.
    pub lots: i64,
}

/// The risk arrays of one underlying.
#[derive(Clone, Debug)]
pub struct Table {
    underlying: Underlying,
    coin: Option<Asset>,
    grain: Decimal,
    unit: Unit,
    scenarios: Arc<[Scenario]>,
    /// By scenario: the coin's price as a multiple of now, and the share of P&L that counts.
    swings: Vec<[f64; 2]>,
    rows: Vec<Row>,
    /// Where contracts stand.
    by_contract: ByContract<usize>,
    cells: Cells,
}

/// What a sum of one stands for.
#[derive(Clone, Copy, Debug)]
enum Unit {
    /// An amount of the table's asset.
    Amount(Decimal),
    /// 10⁻ᵖˡᵃᶜᵉˢ of the least amount there is.
    Part(u32),
}

impl Unit {
    /// Of lots of 10⁻ᵖˡᵃᶜᵉˢ of what cells are in grains of; `grain` is a power of ten.
    fn of(grain: Decimal, places: u32) -> Self {
        let (grain, lots) = (grain.units(), 10_i128.pow(places));
        match Decimal::from_units(grain / lots) {
            Some(each) if !each.is_zero() => Self::Amount(each),
            _ => Self::Part((lots / grain.max(1)).ilog10()),
        }
    }
}

/// Row-major rows × scenarios.
#[derive(Clone, Debug)]
enum Cells {
    Narrow(Vec<i32>),
    Wide(Vec<i64>),
}

impl Table {
    /// What its instruments are written on.
    #[must_use]
    pub fn underlying(&self) -> Underlying {
        self.underlying
    }

    /// The asset that moves with the underlying's price.
    #[must_use]
    pub fn coin(&self) -> Option<Asset> {
        self.coin
    }

    /// The P&L one grain stands for.
    #[must_use]
    pub fn grain(&self) -> Decimal {
        self.grain
    }

    /// Its columns.
    #[must_use]
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// What one unit of `asset` is worth in a scenario, as a multiple of now.
    #[must_use]
    pub fn growth(&self, asset: Asset, scenario: usize) -> f64 {
        if Some(asset) == self.coin { self.swings[scenario][0] } else { self.scenarios[scenario].growth_of(asset) }
    }

    /// The share of a scenario's P&L that counts.
    #[must_use]
    pub fn damping(&self, scenario: usize) -> f64 {
        self.swings[scenario][1]
    }

    /// Its rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where a row is, if the table has it.
    #[must_use]
    pub fn row_of(&self, key: RowKey) -> Option<usize> {
        match key {
            RowKey::Instrument(id) => self.by_contract.get(id).copied(),
            RowKey::Asset(_) => self.rows.iter().position(|row| row.key == key),
        }
    }

    /// A cell: grains gained by one lot.
    #[must_use]
    pub fn cell(&self, row: usize, scenario: usize) -> i64 {
        let at = row * self.scenarios.len() + scenario;
        match &self.cells {
            Cells::Narrow(cells) => i64::from(cells[at]),
            Cells::Wide(cells) => cells[at],
        }
    }

    /// Whether every cell fits 32 bits.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.narrow_cells().is_some()
    }

    /// The cells, row after row, where all fit 32 bits.
    #[must_use]
    pub fn narrow_cells(&self) -> Option<&[i32]> {
        match &self.cells {
            Cells::Narrow(cells) => Some(cells),
            Cells::Wide(_) => None,
        }
    }

    /// A sum of grains as an amount of the table's asset, with the sign of a loss.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn loss(&self, grains: i128) -> Result<Decimal, NumberError> {
        match self.unit {
            Unit::Amount(each) => each.times_count(-grains),
            Unit::Part(places) => {
                let gain = Decimal::from_units(grains).map(|all| all.count(Decimal::PLACES - places, Rounding::Down));
                let loss = gain.and_then(|gain| Decimal::from_units(-gain));
                // What does not fit counted whole does not fit counted in parts.
                loss.map_or_else(|| self.grain.times_count(grains), Ok)
            }
        }
    }

    /// What a sum of one stands for, in floats: for comparing sums, never for amounts.
    #[must_use]
    pub fn unit(&self) -> f64 {
        match self.unit {
            Unit::Amount(each) => float(each),
            Unit::Part(places) => float(Decimal::new(1, Decimal::PLACES)) * float(Decimal::new(1, places)),
        }
    }

    /// The most that rounding can hide in one sum over `holdings`: half a grain a lot of every row
    /// that any scenario moves.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn rounding_allowance(&self, holdings: impl IntoIterator<Item = Holding>) -> Result<Decimal, NumberError> {
        let moving = holdings.into_iter().filter(|held| self.rows[held.row].moves);
        let lots: u128 = moving.map(|held| u128::from(held.lots.unsigned_abs())).sum();
        self.grain.times_count(i128::try_from(lots.div_ceil(2)).unwrap_or(i128::MAX))
    }
}

/// A table's `swings`.
fn swings(scenarios: &[Scenario]) -> Vec<[f64; 2]> {
    scenarios.iter().map(|scenario| [1.0 + float(scenario.price), float(scenario.damping)]).collect()
}

/// Where the contracts among `rows` stand.
fn rows_by_contract(rows: &[Row]) -> ByContract<usize> {
    let contracts = rows.iter().enumerate().filter_map(|(at, row)| match row.key {
        RowKey::Instrument(id) => Some((id, at)),
        RowKey::Asset(_) => None,
    });
    contracts.collect()
}

/// Holdings of one table, in runs of equal expiry.
pub fn by_expiry<'a>(
    table: &'a Table,
    holdings: &'a [Holding],
) -> impl Iterator<Item = (Option<Timestamp>, &'a [Holding])> {
    holdings
        .chunk_by(|left, right| table.rows[left.row].expiry == table.rows[right.row].expiry)
        .map(|run| (table.rows[run[0].row].expiry, run))
}
