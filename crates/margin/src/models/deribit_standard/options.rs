//! Short options, one unit of the underlying.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::formulas::Right;

use crate::MarginError;

/// Rates of one coin's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionRates {
    /// Share of the index at the money, initial; it falls with the distance from the money,
    pub initial: Decimal,
    /// to no less than this.
    pub minimum: Decimal,
    /// Share of the index, maintenance.
    pub maintenance: Decimal,
}

/// A short option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Call or put.
    pub right: Right,
    /// In the quote.
    pub strike: Decimal,
    /// The underlying's index, in the quote.
    pub index: Decimal,
    /// What the distance from the money is measured from: the index, or the mark of the expiry's future.
    pub underlying: Decimal,
    /// What one unit costs: in coin of an inverse option, in the quote of a linear one.
    pub mark: Decimal,
}

impl OptionRates {
    /// Initial and maintenance margin of `units` of the underlying short, in the quote; `inverse` where premiums
    /// are in coin.
    ///
    /// # Errors
    /// [`MarginError::Number`]; an underlying of zero.
    pub fn margins(&self, short: &Short, inverse: bool, units: Decimal) -> Result<(Decimal, Decimal), MarginError> {
        let (initial, maintenance) = if inverse { self.inverse(short)? } else { self.linear(short)? };
        let price = if inverse { short.index } else { Decimal::ONE };
        let of = |per_unit: Decimal| per_unit.times(price, Rounding::Up)?.times(units, Rounding::Up);
        Ok((of(initial)?, of(maintenance)?))
    }

    /// Initial and maintenance margin of a short coin-settled option, in coin.
    ///
    /// # Errors
    /// [`MarginError::Number`]; an underlying of zero.
    /// # Source
    /// Deribit standard margin as several independent codes have it. Checked against the LEAN fork's figures.
    pub fn inverse(&self, short: &Short) -> Result<(Decimal, Decimal), MarginError> {
        let share = self.initial.minus(short.distance()?)?.max(self.minimum).plus(short.mark)?;
        if short.right == Right::Call {
            return Ok((share, self.maintenance.plus(short.mark)?));
        }
        let by_mark = self.maintenance.times(short.mark, Rounding::Up)?;
        let maintenance = self.maintenance.max(by_mark).plus(short.mark)?;
        Ok((share.max(maintenance), maintenance))
    }

    /// The same of a linear option, in the quote: a put's least share is of its strike.
    ///
    /// # Errors
    /// [`MarginError::Number`]; an underlying of zero.
    /// # Source
    /// Deribit support, article 31424932728093 (linear USDC options), as quoted by others.
    pub fn linear(&self, short: &Short) -> Result<(Decimal, Decimal), MarginError> {
        let of = |rate: Decimal, price: Decimal| rate.times(price, Rounding::Up);
        let near = of(self.initial.minus(short.distance()?)?, short.index)?;
        let (least, maintenance) = match short.right {
            Right::Call => (of(self.minimum, short.index)?, of(self.maintenance, short.index)?),
            Right::Put => (of(self.minimum, short.strike)?, of(self.maintenance, short.index.min(short.strike))?),
        };
        Ok((near.max(least).plus(short.mark)?, maintenance.plus(short.mark)?))
    }
}

impl Short {
    /// How far out of the money it is, as a share of the underlying.
    fn distance(&self) -> Result<Decimal, MarginError> {
        let out = match self.right {
            Right::Call => self.strike.minus(self.underlying)?,
            Right::Put => self.underlying.minus(self.strike)?,
        };
        Ok(out.or_zero().over(self.underlying, Rounding::Down)?)
    }
}
