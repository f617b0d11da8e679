//! Short options, one unit of the underlying.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::formulas::Right;

use crate::MarginError;

/// Rates of one coin's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionRates {
    /// Share at the money, initial (b); it falls with the distance from the money,
    pub initial: Decimal,
    /// to no less than this (a).
    pub minimum: Decimal,
    /// Share, maintenance (c).
    pub maintenance: Decimal,
    /// The position tier's margin factor.
    pub factor: Decimal,
    /// Whether a put's least share grows with its mark, a × (1 + mark), as in the venue's first rule.
    pub put_by_mark: bool,
}

/// A short option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Call or put.
    pub right: Right,
    /// In the quote.
    pub strike: Decimal,
    /// Mark of the expiry's future, in the quote.
    pub forward: Decimal,
    /// The underlying's index, in the quote.
    pub index: Decimal,
    /// What one unit costs: in coin of an inverse option, in the quote of a linear one.
    pub mark: Decimal,
}

impl OptionRates {
    /// Initial and maintenance margin of `units` of the underlying short, in the quote; `inverse` where premiums are in
    /// coin.
    ///
    /// # Errors
    /// [`MarginError::Number`]; a forward of zero.
    pub fn margins(&self, short: &Short, inverse: bool, units: Decimal) -> Result<(Decimal, Decimal), MarginError> {
        let (initial, maintenance) = if inverse { self.inverse(short)? } else { self.linear(short)? };
        let price = if inverse { short.index } else { Decimal::ONE };
        let of = |per_unit: Decimal| per_unit.times(price, Rounding::Up)?.times(units, Rounding::Up);
        Ok((of(initial)?, of(maintenance)?))
    }

    /// Initial and maintenance margin of a short coin-margined option, in coin:
    /// `max(a, b − OTM ÷ forward) × factor + mark`; `c × factor + mark`, a put's `max(c, c × mark) × factor + mark`.
    ///
    /// # Errors
    /// [`MarginError::Number`]; a forward of zero.
    /// # Source
    /// OKX, help page "Option margin" of 2022-06-20, as updated 2026-05-01; a put's least share by its mark: the page
    /// before it.
    pub fn inverse(&self, short: &Short) -> Result<(Decimal, Decimal), MarginError> {
        let put = short.right == Right::Put;
        let least = if put && self.put_by_mark { self.by_mark(self.minimum, short)? } else { self.minimum };
        let initial = self.scaled(self.near(short)?.max(least), short.mark)?;
        let kept = if put { self.maintenance.max(times(self.maintenance, short.mark)?) } else { self.maintenance };
        Ok((initial, self.scaled(kept, short.mark)?))
    }

    /// The same of a dollar-margined one, in the quote: shares are of the index, a put's maintenance of the larger of
    /// index and mark.
    ///
    /// # Errors
    /// [`MarginError::Number`]; a forward of zero.
    /// # Source
    /// OKX, the same page.
    pub fn linear(&self, short: &Short) -> Result<(Decimal, Decimal), MarginError> {
        let initial = times(self.near(short)?.max(self.minimum), short.index)?;
        let base = if short.right == Right::Put { short.index.max(short.mark) } else { short.index };
        Ok((self.scaled(initial, short.mark)?, self.scaled(times(self.maintenance, base)?, short.mark)?))
    }

    /// The share by how far the strike is out of the money.
    fn near(&self, short: &Short) -> Result<Decimal, MarginError> {
        let out = match short.right {
            Right::Call => short.strike.minus(short.forward)?,
            Right::Put => short.forward.minus(short.strike)?,
        };
        Ok(self.initial.minus(out.or_zero().over(short.forward, Rounding::Down)?)?)
    }

    fn by_mark(&self, share: Decimal, short: &Short) -> Result<Decimal, MarginError> {
        times(share, Decimal::ONE.plus(short.mark)?)
    }

    fn scaled(&self, share: Decimal, mark: Decimal) -> Result<Decimal, MarginError> {
        Ok(times(share, self.factor)?.plus(mark)?)
    }
}

fn times(one: Decimal, other: Decimal) -> Result<Decimal, MarginError> {
    Ok(one.times(other, Rounding::Up)?)
}
