//! How much of one token's debt is repaid with another, until health is zero.
//!
//! Health counts assets below and liabilities above their value. Repaying a unit of debt with an
//! asset sheds `w_l·P_l` of requirement and costs `w_a·P_l·(1 + fees)` of collateral; what there is
//! to give and to repay caps it.

use plimsoll_core::{Decimal, Rounding};

use super::{not_negative, positive};
use crate::MarginError;

/// A debt, the asset that pays it, and how far health is below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSwap {
    /// Health at the level where a liquidation ends, in the currency; nothing is due when ≥ 0.
    pub health: Decimal,
    /// Price of the asset, in the currency, > 0.
    pub asset_price: Decimal,
    /// Price of the liability, in the currency, > 0.
    pub liability_price: Decimal,
    /// Share of the asset's value that health counts, ≥ 0.
    pub asset_weight: Decimal,
    /// Share of the liability's value that health takes off, ≥ 0.
    pub liability_weight: Decimal,
    /// What the liquidator and the venue take of the asset, a share ≥ 0 of what is due.
    pub fee: Decimal,
    /// The asset owned, and the same with perpetuals settled into it: no more is given than the less of them.
    pub asset: [Decimal; 2],
    /// The liability's balance, negative, and the same with perpetuals settled into it: no more is repaid than the
    /// less that is owed,
    pub liability: [Decimal; 2],
    /// nor more than the liquidator's own limit, ≥ 0.
    pub limit: Decimal,
}

/// What changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// Asset given, in its units, rounded up but never above what is available.
    pub asset: Decimal,
    /// Liability repaid, in its units.
    pub liability: Decimal,
}

impl TokenSwap {
    /// The swap: `x = −health ÷ (w_l·P_l − w_a·P_l·(1 + fee))`, capped by both sides; both sides'
    /// cap alone when no size cures.
    ///
    /// # Errors
    /// [`MarginError::NotPositive`] for a price; [`MarginError::Parameter`] for a negative weight,
    /// fee or limit; [`MarginError::Number`] when a figure does not fit.
    /// # Source
    /// Mango v4, token against token; its own tests as carried in `mango_liquidation.json`, checked
    /// by `mango_token_swaps` to their 0.01.
    pub fn swap(&self) -> Result<Swapped, MarginError> {
        let asset_price = positive("asset price", self.asset_price)?;
        let price = positive("liability price", self.liability_price)?;
        let gross = Decimal::ONE.plus(not_negative("fee", self.fee)?)?;
        let cost = price.times(gross, Rounding::Up)?;
        let available = self.asset[0].min(self.asset[1]).or_zero();
        let owed = self.liability[0].max(self.liability[1]).negated().or_zero();
        let repayable = owed.min(not_negative("limit", self.limit)?);
        let shed = price.times(not_negative("liability weight", self.liability_weight)?, Rounding::Down)?;
        let spent = cost.times(not_negative("asset weight", self.asset_weight)?, Rounding::Up)?;
        if self.health.signum() >= 0 {
            return Ok(Swapped { asset: Decimal::ZERO, liability: Decimal::ZERO });
        }
        let mut liability = repayable.min(available.times_ratio(asset_price, cost, Rounding::Down)?);
        let gained = shed.minus(spent)?;
        if gained.signum() > 0 {
            liability = liability.min(self.health.negated().over(gained, Rounding::Up)?);
        }
        let asset = liability.times_ratio(cost, asset_price, Rounding::Up)?.min(available);
        Ok(Swapped { asset, liability })
    }
}
