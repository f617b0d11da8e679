//! A perpetual liquidated step by step until health is zero: close what hurts, settle what was gained, close more.
//!
//! A gain that is not settled counts in part or not at all, a loss whole. So a position is first closed while it
//! counts below zero; then its gain is settled into the token it settles in, which counts whole; then as much more is
//! closed as the gain that may still be settled allows, and settled; and only where a gain counts is the rest closed
//! for the gain itself.

use plimsoll_core::{Decimal, Rounding};

use super::partial_size::up_to_lot;
use super::{not_negative, positive, share};
use crate::MarginError;

/// The rule's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRules {
    /// Price of the contract in the settlement token, > 0.
    pub price: Decimal,
    /// Price of the settlement token in the currency, > 0.
    pub settle_price: Decimal,
    /// Share of a long's value that counts, ≥ 0.
    pub asset_weight: Decimal,
    /// What a short's value counts, ≥ 0.
    pub liability_weight: Decimal,
    /// Share of a gain not yet settled that counts, 0 to 1.
    pub gain_weight: Decimal,
    /// What closing costs, a share of the value closed, 0 to 1.
    pub base_fee: Decimal,
    /// What settling costs, a share of what is settled, 0 to 1.
    pub gain_fee: Decimal,
    /// The smallest size that trades, > 0.
    pub lot: Decimal,
}

/// What is held, and what may still be done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// Units of the settlement token; negative is owed. It counts whole both ways.
    pub settled: Decimal,
    /// Units of the contract, short negative.
    pub base: Decimal,
    /// What was paid for it, negative, and received, in the settlement token.
    pub quote: Decimal,
    /// What all else counts, in the currency.
    pub other_health: Decimal,
    /// The most units that may still be closed, ≥ 0.
    pub base_limit: Decimal,
    /// The most gain that may still be settled, ≥ 0, in the settlement token.
    pub gain_limit: Decimal,
}

impl Stepped {
    /// What is left once health is no longer below zero, or nothing more may be done.
    ///
    /// # Errors
    /// [`MarginError::NotPositive`] for a price or a lot; [`MarginError::Parameter`] for a weight, fee or limit out of
    /// its bounds; [`MarginError::Number`].
    /// # Source
    /// Mango v4 at 1303a4a (2024-09-04), perpetual liquidation in five steps; its own tests as carried in
    /// `mango_liquidation.json`, checked to their 0.011.
    pub fn liquidated(mut self, rules: &StepRules) -> Result<Self, MarginError> {
        rules.check()?;
        not_negative("base limit", self.base_limit)?;
        not_negative("gain limit", self.gain_limit)?;
        self.close_below_zero(rules)?;
        self.settle(rules)?;
        self.close_to_settle(rules)?;
        self.settle(rules)?;
        self.close_for_gain(rules)?;
        Ok(self)
    }

    /// What the contract counts in the settlement token, before the weight of a gain.
    fn unsettled(&self, rules: &StepRules) -> Result<Decimal, MarginError> {
        let weight = if self.base.signum() < 0 { rules.liability_weight } else { rules.asset_weight };
        let value = self.base.times(rules.price, Rounding::Down)?;
        Ok(self.quote.plus(value.times(weight, Rounding::Down)?)?)
    }

    /// How far health is below zero, in the settlement token; at least zero.
    fn missing(&self, rules: &StepRules) -> Result<Decimal, MarginError> {
        let unsettled = self.unsettled(rules)?;
        let counted =
            if unsettled.signum() > 0 { unsettled.times(rules.gain_weight, Rounding::Down)? } else { unsettled };
        let other = self.other_health.over(rules.settle_price, Rounding::Down)?;
        Ok(self.settled.plus(counted)?.plus(other)?.negated().or_zero())
    }

    /// First: a contract that counts below zero is closed until it does not.
    fn close_below_zero(&mut self, rules: &StepRules) -> Result<(), MarginError> {
        let below = self.unsettled(rules)?.negated().or_zero();
        let wanted = below.min(self.missing(rules)?);
        self.close(rules, wanted, Decimal::ONE)
    }

    /// Third: as much as the gain that may be settled allows.
    fn close_to_settle(&mut self, rules: &StepRules) -> Result<(), MarginError> {
        let kept = Decimal::ONE.minus(rules.gain_fee)?;
        if kept.signum() <= 0 || kept <= rules.gain_weight {
            return Ok(());
        }
        let wanted = self.missing(rules)?.over(kept, Rounding::Up)?;
        self.close(rules, wanted.min(self.gain_limit), Decimal::ONE)
    }

    /// Fifth: for what the gain counts unsettled.
    fn close_for_gain(&mut self, rules: &StepRules) -> Result<(), MarginError> {
        if rules.gain_weight.is_zero() {
            return Ok(());
        }
        let wanted = self.missing(rules)?;
        self.close(rules, wanted, rules.gain_weight)
    }

    /// Closes what makes the contract count `wanted` more, of which `counts` counts.
    fn close(&mut self, rules: &StepRules, wanted: Decimal, counts: Decimal) -> Result<(), MarginError> {
        let freed = rules.freed(self.base)?.times(counts, Rounding::Down)?;
        if freed.signum() <= 0 || wanted.signum() <= 0 {
            return Ok(());
        }
        let size = up_to_lot(wanted.over(freed, Rounding::Up)?, rules.lot)?;
        let (limit_lots, _) = self.base_limit.split_by(rules.lot).unwrap_or_default();
        let size = size.min(self.base.abs()).min(rules.lot.times_count(limit_lots)?);
        let closed = if self.base.signum() < 0 { size.negated() } else { size };
        let fee = size.times(rules.price, Rounding::Up)?.times(rules.base_fee, Rounding::Up)?;
        self.base = self.base.minus(closed)?;
        self.base_limit = self.base_limit.minus(size)?;
        self.quote = self.quote.plus(closed.times(rules.price, Rounding::Down)?)?.minus(fee)?;
        Ok(())
    }

    /// Second and fourth: settles gain where that counts more than it did.
    fn settle(&mut self, rules: &StepRules) -> Result<(), MarginError> {
        let kept = Decimal::ONE.minus(rules.gain_fee)?;
        let gained = kept.minus(rules.gain_weight)?;
        if gained.signum() <= 0 {
            return Ok(());
        }
        let wanted = self.missing(rules)?.over(gained, Rounding::Up)?;
        let amount = wanted.min(self.unsettled(rules)?.or_zero()).min(self.gain_limit);
        self.quote = self.quote.minus(amount)?;
        self.gain_limit = self.gain_limit.minus(amount)?;
        self.settled = self.settled.plus(amount.times(kept, Rounding::Down)?)?;
        Ok(())
    }
}

impl StepRules {
    fn check(&self) -> Result<(), MarginError> {
        positive("price", self.price)?;
        positive("settle price", self.settle_price)?;
        positive("lot", self.lot)?;
        not_negative("asset weight", self.asset_weight)?;
        not_negative("liability weight", self.liability_weight)?;
        share("gain weight", self.gain_weight)?;
        share("base fee", self.base_fee)?;
        share("gain fee", self.gain_fee)?;
        Ok(())
    }

    /// What closing a unit of `base`'s side makes the contract count more.
    fn freed(&self, base: Decimal) -> Result<Decimal, MarginError> {
        let rate = if base.signum() < 0 {
            self.liability_weight.minus(Decimal::ONE)?.minus(self.base_fee)?
        } else {
            Decimal::ONE.minus(self.asset_weight)?.minus(self.base_fee)?
        };
        Ok(self.price.times(rate, Rounding::Down)?)
    }
}
