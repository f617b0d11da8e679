//! Tables of cells: what one lot of everything gains or loses in every scenario.
//!
//! A table belongs to one underlying. Its rows are instruments and balances, sorted by expiry so
//! that a group of positions is a contiguous run; its columns are the scenarios. A *cell* is the
//! P&L of one lot, in the table's asset, counted in *grains*; a gain is positive. Positions are
//! measured from the current mark, a balance by its asset's move, so an account's P&L in a
//! scenario is the sum of lots × cells and nothing else.
//!
//! Cells are `i32` where they fit and `i64` where one does not; sums are `i64` while an account
//! has fewer than 2³² lots, which cannot overflow, and `i128` past that. Rounding a cell loses at
//! most half a grain a lot: [`Table::rounding_allowance`] is what that can add up to.
//!
//! A model that reproduces a venue's figures to many digits takes [`Counted::WorthPerContract`]:
//! cells are worths of a whole contract in its settlement asset, and quantities are counted to
//! 10⁻¹² of a contract.

mod build;
mod measure;
mod places;
mod published;
mod sums;

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, NumberError, Timestamp, Underlying};
use plimsoll_pricing::float::float;

pub use build::{Counted, TableSpec, fine_lots};
pub use measure::{Measure, per_lot};
pub use published::{ContractArray, array_lots, contract_arrays};

use crate::scenario::Scenario;
use places::Places;

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
    /// Sums are counted in grains ÷ this.
    lots_per_cell: i128,
    scenarios: Arc<[Scenario]>,
    rows: Vec<Row>,
    places: Places,
    cells: Cells,
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

    /// Its rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where a row is, if the table has it.
    #[must_use]
    pub fn row_of(&self, key: RowKey) -> Option<usize> {
        match key {
            RowKey::Instrument(id) => self.places.row(id.0),
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
        matches!(self.cells, Cells::Narrow(_))
    }

    /// A sum of grains as an amount of the table's asset, with the sign of a loss.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn loss(&self, grains: i128) -> Result<Decimal, NumberError> {
        if self.lots_per_cell == 1 {
            return self.grain.times_count(-grains);
        }
        // The grain is at least 10⁻¹⁸ and there are 10¹² lots in a cell: whole both ways.
        let (up, down) = (self.grain.units(), self.lots_per_cell);
        let divisor = (down / up).max(1);
        let units = grains.div_euclid(divisor).checked_mul((up / down).max(1)).and_then(i128::checked_neg);
        // What does not fit counted whole does not fit counted in lots.
        units.and_then(Decimal::from_units).map_or_else(|| self.grain.times_count(grains), Ok)
    }

    /// What a sum of one stands for, in floats: for comparing sums, never for amounts.
    #[must_use]
    pub fn unit(&self) -> f64 {
        let per_cell = Decimal::ONE.times_count(self.lots_per_cell).map_or(1.0, float);
        float(self.grain) / per_cell
    }

    /// The most that rounding can hide in one sum over `holdings`: half a grain a lot of every row
    /// that any scenario moves.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn rounding_allowance(&self, holdings: &[Holding]) -> Result<Decimal, NumberError> {
        let lots: u128 =
            holdings.iter().filter(|h| self.rows[h.row].moves).map(|h| u128::from(h.lots.unsigned_abs())).sum();
        self.grain.times_count(i128::try_from(lots.div_ceil(2)).unwrap_or(i128::MAX))
    }
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
