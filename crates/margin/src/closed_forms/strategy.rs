//! What US exchanges ask of a named option strategy: shorts, straddles, longs, spreads of known worst loss,
//! options against stock. All amounts are for whole positions, in the quote.
//!
//! # Source
//! CBOE margin manual and Regulation T (FINRA rule 4210(f)); the sample calculations of the manual and CBOE's
//! table of 2007-02-23, which is net of what shorts brought in where the manual's figures are gross.

use std::cmp::Ordering;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::formulas::Right;

use super::not_negative;
use crate::MarginError;

/// An option held, of one expiry with its companions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Call or put.
    pub right: Right,
    /// Its strike.
    pub strike: Decimal,
    /// Contracts, short negative.
    pub quantity: Decimal,
    /// Price of one unit, at least zero.
    pub price: Decimal,
}

/// Rates of short options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortRates {
    /// Share of the underlying, less what the strike is out of the money: 0.20 of a stock or a narrow index, 0.15
    /// of a broad one.
    pub share: Decimal,
    /// At least this share, of the underlying for a call and of the strike for a put: 0.10.
    pub minimum: Decimal,
    /// Times the leverage of a fund: 1, 1.5, 2, 3.
    pub leverage: Decimal,
    /// Whether the requirement counts what the short brought in.
    pub gross: bool,
}

impl Leg {
    fn premium(&self) -> Result<Decimal, MarginError> {
        Ok(self.quantity.abs().times(not_negative("price", self.price)?, Rounding::Up)?)
    }

    fn payoff(&self, at: Decimal) -> Result<Decimal, MarginError> {
        let pays = match self.right {
            Right::Call => at.minus(self.strike)?,
            Right::Put => self.strike.minus(at)?,
        };
        Ok(self.quantity.times(pays.or_zero(), Rounding::Down)?)
    }
}

impl ShortRates {
    /// A short option on its own, `underlying` its underlying's price: premium and
    /// max(share·L·U − out of the money, minimum·L·(U of a call, K of a put)).
    ///
    /// # Errors
    /// [`MarginError::Number`]; a negative price.
    pub fn naked(&self, leg: &Leg, underlying: Decimal, multiplier: Decimal) -> Result<Decimal, MarginError> {
        let premium = if self.gross { leg.premium()? } else { Decimal::ZERO };
        let risk = leg.quantity.abs().times(self.risk(leg, underlying)?, Rounding::Up)?;
        Ok(premium.plus(risk)?.times(multiplier, Rounding::Up)?)
    }

    /// Of one unit, without its premium.
    fn risk(&self, leg: &Leg, underlying: Decimal) -> Result<Decimal, MarginError> {
        let (out, least_of) = match leg.right {
            Right::Call => (leg.strike.minus(underlying)?, underlying),
            Right::Put => (underlying.minus(leg.strike)?, leg.strike),
        };
        let of = |share: Decimal, price: Decimal| share.times(self.leverage, Rounding::Up)?.times(price, Rounding::Up);
        Ok(of(self.share, underlying)?.minus(out.or_zero())?.max(of(self.minimum, least_of)?))
    }

    /// A short call and a short put, at one strike or two: the larger of the two on their own and the other's
    /// premium; of two as large, the larger premium.
    ///
    /// # Errors
    /// As [`Self::naked`].
    pub fn straddle(
        &self,
        [one, other]: [&Leg; 2],
        underlying: Decimal,
        multiplier: Decimal,
    ) -> Result<Decimal, MarginError> {
        let gross = Self { gross: true, ..*self };
        let [first, second] = [one, other].map(|leg| gross.naked(leg, underlying, multiplier));
        let (first, second) = (first?, second?);
        let premiums = [one, other].map(|leg| leg.premium().and_then(|of| Ok(of.times(multiplier, Rounding::Up)?)));
        let [of_one, of_other] = premiums;
        let (of_one, of_other) = (of_one?, of_other?);
        let both = match first.cmp(&second) {
            Ordering::Greater => first.plus(of_other)?,
            Ordering::Less => second.plus(of_one)?,
            Ordering::Equal => first.plus(of_one.max(of_other))?,
        };
        if self.gross { Ok(both) } else { Ok(both.minus(of_one)?.minus(of_other)?) }
    }

    /// Longs paid in full beside shorts on their own: a risk reversal.
    ///
    /// # Errors
    /// As [`Self::naked`].
    pub fn long_and_naked(
        &self,
        legs: &[Leg],
        underlying: Decimal,
        multiplier: Decimal,
    ) -> Result<Decimal, MarginError> {
        let mut sum = Decimal::ZERO;
        for leg in legs {
            let each = if leg.quantity.signum() < 0 {
                self.naked(leg, underlying, multiplier)?
            } else {
                long(leg, Decimal::ONE, multiplier)?
            };
            sum = sum.plus(each)?;
        }
        Ok(sum)
    }
}

/// A long option: `share` of its price; 0.75 past nine months, else all of it.
///
/// # Errors
/// [`MarginError::Number`]; a negative price.
pub fn long(leg: &Leg, share: Decimal, multiplier: Decimal) -> Result<Decimal, MarginError> {
    Ok(leg.premium()?.times(share, Rounding::Up)?.times(multiplier, Rounding::Up)?)
}

/// Legs whose worst loss at expiry is known: verticals, butterflies, condors, boxes, alone or iron. The worst
/// payoff at zero, at the strikes and beyond them, as a loss; `net` of what was paid and received.
///
/// # Errors
/// [`MarginError::NotPositive`] where calls short outnumber those long: the loss has no bound;
/// [`MarginError::Number`].
pub fn defined_risk(legs: &[Leg], net: bool, multiplier: Decimal) -> Result<Decimal, MarginError> {
    let calls = legs.iter().filter(|leg| leg.right == Right::Call);
    let calls = calls.map(|leg| leg.quantity).try_fold(Decimal::ZERO, Decimal::plus)?;
    if calls.signum() < 0 {
        return Err(MarginError::NotPositive { what: "calls long less short", value: calls });
    }
    let mut worst = Decimal::ZERO;
    for at in legs.iter().map(|leg| leg.strike).chain([Decimal::ZERO]) {
        let payoff =
            legs.iter().try_fold(Decimal::ZERO, |sum, leg| Ok::<_, MarginError>(sum.plus(leg.payoff(at)?)?))?;
        worst = worst.max(payoff.negated());
    }
    let mut paid = Decimal::ZERO;
    for leg in legs.iter().filter(|_| net) {
        paid = paid.plus(leg.quantity.times(leg.price, Rounding::Up)?)?;
    }
    Ok(worst.plus(paid)?.or_zero().times(multiplier, Rounding::Up)?)
}

/// Stock and options that it covers or that cover it: `share` of the stock's value, premiums paid added and
/// premiums received taken off. Covered call, protective put, collar.
///
/// # Errors
/// [`MarginError::Number`]; a negative price.
pub fn stock_and_options(
    stock: Decimal,
    price: Decimal,
    share: Decimal,
    legs: &[Leg],
    multiplier: Decimal,
) -> Result<Decimal, MarginError> {
    let value = stock.abs().times(not_negative("stock price", price)?, Rounding::Up)?;
    let mut sum = value.times(share, Rounding::Up)?;
    for leg in legs {
        let premium = leg.quantity.times(not_negative("price", leg.price)?, Rounding::Up)?;
        sum = sum.plus(premium.times(multiplier, Rounding::Up)?)?;
    }
    Ok(sum.or_zero())
}

/// The least that portfolio margin asks of contracts, whatever their risk.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// FINRA rule 4210(g): 0.375 a unit, 37.50 of a contract on a hundred.
pub fn per_contract(contracts: Decimal, least: Decimal) -> Result<Decimal, MarginError> {
    Ok(contracts.abs().times(least, Rounding::Up)?)
}
