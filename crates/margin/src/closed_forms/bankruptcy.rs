//! The bankruptcy price of a leg, and what a close at another price means for the insurance fund.
//!
//! Each position stands for its share of the account, by maintenance margin. Closing at the
//! bankruptcy price takes that share of the net value with it and nothing more: worse needs
//! insurance, better leaves a surplus.

use plimsoll_core::{Decimal, Rounding};

use super::{not_negative, outside, positive, share};
use crate::MarginError;

/// A trade that closes some of one position of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosingTrade {
    /// Quantity traded in base units: negative sells out of a long, positive buys back a short.
    pub quantity: Decimal,
    /// Oracle price, in quote per base unit, ≥ 0.
    pub oracle_price: Decimal,
    /// Net collateral of the account, in quote, signed.
    pub net_collateral: Decimal,
    /// Maintenance margin of the account, in quote, > 0.
    pub maintenance: Decimal,
    /// Maintenance margin that the trade frees, in quote, from zero to all of it.
    pub maintenance_freed: Decimal,
    /// Smallest amount of quote, > 0.
    pub unit: Decimal,
}

impl ClosingTrade {
    /// Quote the account must receive (> 0) or may pay at most (< 0) for the trade to need no
    /// insurance, a whole number of units rounded up: `−d·P − NC·|ΔMM| ÷ MM`.
    ///
    /// # Errors
    /// [`MarginError::NotPositive`] for the maintenance margin or the unit;
    /// [`MarginError::Parameter`] when the price is negative or more is freed than there is;
    /// [`MarginError::Number`] when a figure does not fit.
    /// # Source
    /// dYdX v4-chain, liquidations; its own tests as carried in `dydx_bankruptcy.json`, checked by
    /// `dydx_bankruptcies` to one unit of 10⁻⁶.
    pub fn bankruptcy_quote(&self) -> Result<Decimal, MarginError> {
        let maintenance = positive("maintenance", self.maintenance)?;
        let freed = not_negative("maintenance freed", self.maintenance_freed)?;
        if freed > maintenance {
            return Err(outside("maintenance freed", freed, "no more than the account's maintenance margin"));
        }
        let unit = positive("unit", self.unit)?;
        let value = self.quantity.negated().times(not_negative("oracle price", self.oracle_price)?, Rounding::Up)?;
        let carried = self.net_collateral.times_ratio(freed, maintenance, Rounding::Down)?;
        let quote = value.minus(carried)?;
        let (units, rest) = quote.split_by(unit).ok_or(MarginError::NotPositive { what: "unit", value: unit })?;
        Ok(unit.times_count(units + i128::from(rest.signum() > 0))?)
    }

    /// The price of that quote, in quote per base unit, rounded against who takes the other side:
    /// up for a sale, down for a purchase. Negative where the account holds more than the leg's
    /// value; then any price will do.
    ///
    /// # Errors
    /// As [`Self::bankruptcy_quote`], and [`plimsoll_core::NumberError::DivisionByZero`] for no quantity.
    /// # Source
    /// As [`Self::bankruptcy_quote`].
    pub fn bankruptcy_price(&self) -> Result<Decimal, MarginError> {
        let rounding = if self.quantity.signum() < 0 { Rounding::Up } else { Rounding::Down };
        Ok(self.bankruptcy_quote()?.over(self.quantity.negated(), rounding)?)
    }

    /// What the insurance fund gains (> 0) or pays (< 0) when the trade is done at `fill_price`, in
    /// quote: proceeds − bankruptcy quote, a gain capped at `fee_max` (a share from 0 to 1) of the
    /// proceeds, both rounded down. The account keeps the rest of a surplus.
    ///
    /// # Errors
    /// As [`Self::bankruptcy_quote`]; [`MarginError::Parameter`] for the fee.
    /// # Source
    /// dYdX v4-chain, insurance fund; checked by `dydx_insurance_deltas`, to 10⁻⁶.
    pub fn insurance_delta(&self, fill_price: Decimal, fee_max: Decimal) -> Result<Decimal, MarginError> {
        let proceeds = self.quantity.negated().times(fill_price, Rounding::Down)?;
        let surplus = proceeds.minus(self.bankruptcy_quote()?)?;
        let cap = proceeds.abs().times(share("greatest fee", fee_max)?, Rounding::Down)?;
        Ok(surplus.min(cap))
    }
}

/// A position put up for liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fillable {
    /// Quantity held in base units, long > 0, not zero.
    pub quantity: Decimal,
    /// Oracle price, in quote per base unit, ≥ 0.
    pub oracle_price: Decimal,
    /// Net collateral of the account, in quote, signed.
    pub net_collateral: Decimal,
    /// Maintenance margin of the account, in quote, > 0.
    pub maintenance: Decimal,
    /// Maintenance margin of the position, in quote, ≥ 0.
    pub position_maintenance: Decimal,
    /// How fast the concession grows as collateral falls under maintenance (BA), ≥ 0.
    pub bankruptcy_adjustment: Decimal,
    /// Concession at bankruptcy, in position maintenance margins (SMMR), ≥ 0.
    pub spread_to_maintenance: Decimal,
}

impl Fillable {
    /// Worst price at which the position may be filled, in quote per base unit, rounded against the
    /// account: `(PV − ABR·SMMR·MM of the position) ÷ quantity`, with
    /// `ABR = BA·(1 − NC ÷ MM)` from zero to one.
    ///
    /// # Errors
    /// [`MarginError::NotPositive`] for the account's maintenance margin; [`MarginError::Parameter`]
    /// for a negative figure; [`MarginError::Number`] when one does not fit or there is no quantity.
    /// # Source
    /// dYdX v4-chain, liquidations; checked by `dydx_fillable_prices`, to 10⁻⁵.
    pub fn fillable_price(&self) -> Result<Decimal, MarginError> {
        let maintenance = positive("maintenance", self.maintenance)?;
        let missing = maintenance.minus(self.net_collateral)?.or_zero();
        let adjustment = not_negative("bankruptcy adjustment", self.bankruptcy_adjustment)?;
        let rating = adjustment.times_ratio(missing, maintenance, Rounding::Up)?.min(Decimal::ONE);
        let spread = not_negative("spread to maintenance", self.spread_to_maintenance)?;
        let position = not_negative("position maintenance", self.position_maintenance)?;
        let concession = position.times(spread, Rounding::Up)?.times(rating, Rounding::Up)?;
        let price = not_negative("oracle price", self.oracle_price)?;
        Ok(price.minus(concession.over(self.quantity, Rounding::AwayFromZero)?)?)
    }
}
