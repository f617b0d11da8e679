//! The risk matrix: P&L of the book over price × volatility, with the worst cell.

use plimsoll_core::Underlying;
use plimsoll_pricing::market::Market;

use crate::models::Held;
use crate::models::plimsoll::{MatrixCell, Plimsoll};
use crate::{Account, MarginError};

/// The matrix of one underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Whose moves these are.
    pub underlying: Underlying,
    /// Every cell of the model's scan.
    pub cells: Vec<MatrixCell>,
    /// Which of them the model loses most in; the first where several.
    pub worst: usize,
}

/// The matrices of `account`, on the grid of `model`.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub fn matrices(account: &Account, market: &Market, model: &Plimsoll) -> Result<Vec<Matrix>, MarginError> {
    let judge = model.judge(market, &Held::by([account]))?;
    let all = judge.matrix(account)?.into_iter().map(|(underlying, cells)| {
        let worst = (0..cells.len()).rev().max_by_key(|at| cells[*at].loss).unwrap_or(0);
        Matrix { underlying, cells, worst }
    });
    Ok(all.collect())
}
