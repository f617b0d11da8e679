//! How much of a position must be closed to cover a shortage of margin, fees included.
//!
//! Closing a unit frees its requirement and costs its fees; the size is the shortage over what a
//! unit frees on balance. When fees eat all that is freed no size helps, and the whole goes.

use plimsoll_core::{Decimal, Rounding};

use super::{not_negative, positive};
use crate::MarginError;

/// How much to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// This much, ≥ 0 and less than the whole: it covers the shortage.
    Part(Decimal),
    /// All there is, which may not cover the shortage.
    Whole,
}

/// A perpetual closed by a liquidator at the index price less a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Perpetual {
    /// Requirement with its buffer − collateral, in the currency; none when ≤ 0.
    pub shortage: Decimal,
    /// Index price in quote per base unit, > 0.
    pub index_price: Decimal,
    /// Price of the quote in the currency, > 0.
    pub quote_price: Decimal,
    /// Maintenance rate plus the buffer at which a liquidation ends, a share of notional.
    pub margin_rate: Decimal,
    /// What the liquidator gains, a share of notional.
    pub liquidator_fee: Decimal,
    /// What the insurance fund gains, a share of notional.
    pub insurance_fee: Decimal,
    /// Size held in base units, > 0 on either side.
    pub size: Decimal,
    /// Smallest size that trades, > 0.
    pub lot: Decimal,
}

impl Perpetual {
    /// The size to close, in base units, rounded up to the lot:
    /// `shortage ÷ (P·Q·(margin − liquidator fee) − P·insurance fee)`.
    ///
    /// # Errors
    /// [`MarginError::NotPositive`] for a price, size or lot; [`MarginError::Parameter`] for a
    /// negative rate; [`MarginError::Number`] when a figure does not fit.
    /// # Source
    /// Drift protocol-v2, liquidation; its own tests as carried in `drift_liquidation.json`, checked
    /// by `drift_sizes` to their 2 × 10⁻⁹.
    pub fn size_to_close(&self) -> Result<Size, MarginError> {
        positive("size", self.size)?;
        positive("lot", self.lot)?;
        if self.shortage.signum() <= 0 {
            return Ok(Size::Part(Decimal::ZERO));
        }
        let freed = self.freed_per_unit()?;
        if freed.signum() <= 0 {
            return Ok(Size::Whole);
        }
        let size = up_to_lot(self.shortage.over(freed, Rounding::Up)?, self.lot)?;
        Ok(if size < self.size { Size::Part(size) } else { Size::Whole })
    }

    /// Shortage covered by closing one base unit, rounded down; ≤ 0 when fees eat it.
    ///
    /// # Errors
    /// As [`Self::size_to_close`].
    /// # Source
    /// As [`Self::size_to_close`].
    pub fn freed_per_unit(&self) -> Result<Decimal, MarginError> {
        let notional = positive("index price", self.index_price)?
            .times(positive("quote price", self.quote_price)?, Rounding::Down)?;
        let rate = not_negative("margin rate", self.margin_rate)?
            .minus(not_negative("liquidator fee", self.liquidator_fee)?)?;
        let insurance = self.index_price.times(not_negative("insurance fee", self.insurance_fee)?, Rounding::Up)?;
        Ok(notional.times(rate, Rounding::Down)?.minus(insurance)?)
    }

    /// The insurance fee that leaves closing the whole position able to cure, a share of notional
    /// rounded down: `safety × (margin − liquidator fee − shortage ÷ notional)` from zero to
    /// `insurance_fee`, which is the most it may be. `safety` is a share ≥ 0.
    ///
    /// # Errors
    /// As [`Self::size_to_close`].
    /// # Source
    /// Drift protocol-v2; checked by `drift_insurance_fees`, exactly.
    pub fn insurance_fee_affordable(&self, safety: Decimal) -> Result<Decimal, MarginError> {
        not_negative("safety", safety)?;
        let value = positive("index price", self.index_price)?
            .times(positive("quote price", self.quote_price)?, Rounding::Down)?;
        let notional = positive("notional", value.times(positive("size", self.size)?, Rounding::Down)?)?;
        let missing = self.shortage.or_zero().over(notional, Rounding::Up)?;
        let spare = not_negative("margin rate", self.margin_rate)?
            .minus(not_negative("liquidator fee", self.liquidator_fee)?)?
            .minus(missing)?;
        let fee = spare.or_zero().times(safety, Rounding::Down)?;
        Ok(fee.min(not_negative("insurance fee", self.insurance_fee)?))
    }
}

/// A borrow repaid by a liquidator against a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpotSwap {
    /// Requirement with its buffer − collateral, in the currency; none when ≤ 0.
    pub shortage: Decimal,
    /// Price of the asset given, in the currency, > 0.
    pub asset_price: Decimal,
    /// Price of the liability repaid, in the currency, > 0.
    pub liability_price: Decimal,
    /// Share of the asset's value that counts, ≥ 0.
    pub asset_weight: Decimal,
    /// Share of the liability's value that is required, > 0.
    pub liability_weight: Decimal,
    /// One plus the liquidator's fee on the asset, > 0.
    pub asset_multiplier: Decimal,
    /// One less the liquidator's fee on the liability, > 0.
    pub liability_multiplier: Decimal,
    /// What the insurance fund gains, a share of the liability.
    pub insurance_fee: Decimal,
    /// Liability owed, in its units, > 0.
    pub liability: Decimal,
}

impl SpotSwap {
    /// The liability to repay, in its units, rounded up:
    /// `shortage ÷ (P·(wₗ − wₐ·mₐ÷mₗ) − P·insurance fee·wₗ)`.
    ///
    /// # Errors
    /// [`MarginError::NotPositive`] for a price, multiplier, weight of a liability or the liability;
    /// [`MarginError::Parameter`] for a negative weight or fee; [`MarginError::Number`] when a
    /// figure does not fit.
    /// # Source
    /// Drift protocol-v2; checked by `drift_sizes` to 10⁻⁴, to which the source cuts its weights.
    pub fn liability_to_repay(&self) -> Result<Size, MarginError> {
        positive("liability", self.liability)?;
        if self.shortage.signum() <= 0 {
            return Ok(Size::Part(Decimal::ZERO));
        }
        let fee = not_negative("insurance fee", self.insurance_fee)?.times(self.liability_weight, Rounding::Up)?;
        let rate = self.rate_freed()?.minus(fee)?;
        let freed = positive("liability price", self.liability_price)?.times(rate, Rounding::Down)?;
        if freed.signum() <= 0 {
            return Ok(Size::Whole);
        }
        let size = self.shortage.over(freed, Rounding::Up)?;
        Ok(if size < self.liability { Size::Part(size) } else { Size::Whole })
    }

    /// The asset given for `liability` repaid, in its units, rounded up: `l·Pₗ·mₐ ÷ (Pₐ·mₗ)`.
    ///
    /// # Errors
    /// As [`Self::liability_to_repay`].
    /// # Source
    /// Drift protocol-v2; checked by `drift_conversions`, to 10⁻⁶.
    pub fn asset_for(&self, liability: Decimal) -> Result<Decimal, MarginError> {
        let (owed, given) = self.unit_values(Rounding::Up, Rounding::Down)?;
        Ok(not_negative("liability", liability)?.times_ratio(owed, given, Rounding::Up)?)
    }

    /// The liability repaid by giving `asset`, in its units, rounded down: `a·Pₐ·mₗ ÷ (Pₗ·mₐ)`.
    ///
    /// # Errors
    /// As [`Self::liability_to_repay`].
    /// # Source
    /// Drift protocol-v2; checked by `drift_conversions`, to 2 × 10⁻⁹.
    pub fn liability_for(&self, asset: Decimal) -> Result<Decimal, MarginError> {
        let (owed, given) = self.unit_values(Rounding::Up, Rounding::Down)?;
        Ok(not_negative("asset", asset)?.times_ratio(given, owed, Rounding::Down)?)
    }

    /// The insurance fee that leaves repaying the whole able to cure, a share of the liability
    /// rounded down: `(wₗ − wₐ·mₐ÷mₗ − shortage ÷ value) ÷ wₗ` from zero to `insurance_fee`.
    ///
    /// # Errors
    /// As [`Self::liability_to_repay`].
    /// # Source
    /// Drift protocol-v2; checked by `drift_insurance_fees`, to the 10⁻⁶ it is kept at.
    pub fn insurance_fee_affordable(&self) -> Result<Decimal, MarginError> {
        let price = positive("liability price", self.liability_price)?;
        let value = positive("value", positive("liability", self.liability)?.times(price, Rounding::Down)?)?;
        let spare = self.rate_freed()?.minus(self.shortage.or_zero().over(value, Rounding::Up)?)?;
        let fee = spare.or_zero().over(self.liability_weight, Rounding::Down)?;
        Ok(fee.min(not_negative("insurance fee", self.insurance_fee)?))
    }

    /// `wₗ − wₐ·mₐ÷mₗ`: requirement less collateral that a unit of value swapped frees.
    fn rate_freed(&self) -> Result<Decimal, MarginError> {
        let weight = not_negative("asset weight", self.asset_weight)?;
        let multiplier = positive("asset multiplier", self.asset_multiplier)?;
        let given = weight.times_ratio(
            multiplier,
            positive("liability multiplier", self.liability_multiplier)?,
            Rounding::Up,
        )?;
        Ok(positive("liability weight", self.liability_weight)?.minus(given)?)
    }

    /// `Pₗ·mₐ` and `Pₐ·mₗ`.
    fn unit_values(&self, owed: Rounding, given: Rounding) -> Result<(Decimal, Decimal), MarginError> {
        let multiplier = positive("asset multiplier", self.asset_multiplier)?;
        let owed = positive("liability price", self.liability_price)?.times(multiplier, owed)?;
        let multiplier = positive("liability multiplier", self.liability_multiplier)?;
        let given = positive("asset price", self.asset_price)?.times(multiplier, given)?;
        Ok((owed, positive("asset value", given)?))
    }
}

/// `size` as a whole number of `lot`s, not less.
pub(super) fn up_to_lot(size: Decimal, lot: Decimal) -> Result<Decimal, MarginError> {
    let (lots, rest) = size.split_by(lot).ok_or(MarginError::NotPositive { what: "lot", value: lot })?;
    Ok(lot.times_count(lots + i128::from(rest.signum() > 0))?)
}
