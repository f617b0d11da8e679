//! Figures per lot that are no P&L: what closing costs, how large a lot is.
//!
//! A measure stands beside a table's cells, row for row, and is at least zero. A model takes its
//! *gross* sum, where long and short add up, or the *short* sum less the long.

use plimsoll_core::{Decimal, NumberError, Rounding};

use super::Holding;

/// One measure of every row of a table, per lot, in the table's asset.
#[derive(Clone, Debug, Default)]
pub struct Measure(Vec<Decimal>);

impl Measure {
    /// The measure with these figures per lot, in the order of the table's rows.
    #[must_use]
    pub fn new(per_lot: Vec<Decimal>) -> Self {
        Self(per_lot)
    }

    /// The figure of one lot of a row.
    #[must_use]
    pub fn of(&self, row: usize) -> Decimal {
        self.0[row]
    }

    /// Σ |lots| × figure.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn gross(&self, holdings: &[Holding]) -> Result<Decimal, NumberError> {
        self.sum(holdings, |lots| i128::from(lots.unsigned_abs()))
    }

    /// Σ −lots × figure: positive when shorts outweigh longs.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn net_short(&self, holdings: &[Holding]) -> Result<Decimal, NumberError> {
        self.sum(holdings, |lots| -i128::from(lots))
    }

    fn sum(&self, holdings: &[Holding], count: impl Fn(i64) -> i128) -> Result<Decimal, NumberError> {
        holdings
            .iter()
            .try_fold(Decimal::ZERO, |sum, holding| sum.plus(self.0[holding.row].times_count(count(holding.lots))?))
    }
}

/// A figure per contract as a figure per lot, rounded up.
///
/// # Errors
/// [`NumberError::Overflow`].
pub fn per_lot(per_contract: Decimal, lot: Decimal) -> Result<Decimal, NumberError> {
    per_contract.times(lot, Rounding::Up)
}
