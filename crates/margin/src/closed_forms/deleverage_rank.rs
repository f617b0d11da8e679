//! Who is deleveraged first: accounts by profit and by how thin their margin is.

use std::cmp::Reverse;

use plimsoll_core::{Decimal, Rounding};

use super::not_negative;
use crate::MarginError;

/// An account on the winning side; amounts in quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Unrealised P&L, gain > 0.
    pub unrealised: Decimal,
    /// Wallet balance, signed.
    pub wallet_balance: Decimal,
    /// Maintenance margin, ≥ 0.
    pub maintenance: Decimal,
}

impl Candidate {
    /// P&L as a multiple of the balance, ≥ 0 and rounded down; balances under one count as one.
    ///
    /// # Errors
    /// [`MarginError::Number`] when it does not fit.
    /// # Source
    /// As [`Self::score`].
    pub fn pnl_percent(&self) -> Result<Decimal, MarginError> {
        Ok(self.unrealised.or_zero().over(self.wallet_balance.max(Decimal::ONE), Rounding::Down)?)
    }

    /// Maintenance ÷ (balance + unrealised), ≥ 0 and rounded down; zero when nothing is left.
    ///
    /// # Errors
    /// [`MarginError::Parameter`] when maintenance is negative; [`MarginError::Number`].
    /// # Source
    /// As [`Self::score`].
    pub fn margin_ratio(&self) -> Result<Decimal, MarginError> {
        let maintenance = not_negative("maintenance", self.maintenance)?;
        let equity = self.wallet_balance.plus(self.unrealised)?;
        if equity.signum() <= 0 {
            return Ok(Decimal::ZERO);
        }
        Ok(maintenance.over(equity, Rounding::Down)?)
    }

    /// What ranks it, ≥ 0: [`Self::pnl_percent`] × [`Self::margin_ratio`]. Higher goes first.
    ///
    /// # Errors
    /// As [`Self::margin_ratio`].
    /// # Source
    /// Binance FAQ 360033525471 as worked through in dev.binance.vision topic 17801; checked by
    /// `binance_deleverage_scores`, to the 0.006 of its printed cents.
    pub fn score(&self) -> Result<Decimal, MarginError> {
        weighed(self.pnl_percent()?, self.margin_ratio()?)
    }
}

/// P&L percent × margin ratio.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`Candidate::score`].
pub fn weighed(pnl_percent: Decimal, margin_ratio: Decimal) -> Result<Decimal, MarginError> {
    Ok(pnl_percent.times(margin_ratio, Rounding::Down)?)
}

/// The order in which `scores` are deleveraged: their places in the slice, highest score first, the
/// earlier of equals first.
/// # Source
/// As [`Candidate::score`]; that ties keep their order is our choice.
#[must_use]
pub fn order(scores: &[Decimal]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by_key(|place| Reverse(scores[*place]));
    places
}

/// Share of `scores` that are at most `score`, from 0 to 1, rounded down: what a venue shows as
/// lights. Zero when there are none.
/// # Errors
/// [`MarginError::Number`], which no slice in memory reaches.
/// # Source
/// As [`Candidate::score`], which says "by quantile"; counting equals is our choice.
pub fn quantile(score: Decimal, scores: &[Decimal]) -> Result<Decimal, MarginError> {
    let (mut below, mut all) = (Decimal::ZERO, Decimal::ZERO);
    for other in scores {
        all = all.plus(Decimal::ONE)?;
        if *other <= score {
            below = below.plus(Decimal::ONE)?;
        }
    }
    Ok(if all.is_zero() { Decimal::ZERO } else { below.over(all, Rounding::Down)? })
}
