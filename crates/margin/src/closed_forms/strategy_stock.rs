//! What US exchanges ask of stock, alone, against options and against itself. Every figure is of one unit of the
//! underlying and beside the options' premiums: what is paid for a long is spent, what a short brings in is
//! received, and both stand in the account.
//!
//! # Source
//! Regulation T, section 220.12 (initial); FINRA rule 4210(c), (e)(1) and (f)(2)(G), CBOE rule 10.3 and the margin
//! manual's pages on hedged underlying positions (maintenance).

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;

/// Shares asked of stock at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockRates {
    /// Of a long's value: 0.50 initially, then 0.25.
    pub long: Decimal,
    /// Of a short's value, beside the value itself: 0.50, then 0.30.
    pub short: Decimal,
    /// Of the strike at which an option lets the stock be sold or bought: 0.10 to maintain; initially such an
    /// option changes nothing.
    pub strike: Option<Decimal>,
    /// Of long stock against short stock of the same: 0.05.
    pub against: Decimal,
}

fn of(share: Decimal, price: Decimal) -> Result<Decimal, MarginError> {
    Ok(share.times(price, Rounding::Up)?)
}

fn beyond(price: Decimal, from: Decimal) -> Result<Decimal, MarginError> {
    Ok(price.minus(from)?.or_zero())
}

impl StockRates {
    /// Long stock at `price`.
    ///
    /// # Errors
    /// [`MarginError::Number`], as all of these.
    pub fn long(&self, price: Decimal) -> Result<Decimal, MarginError> {
        of(self.long, price)
    }

    /// Short stock at `price`.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn short(&self, price: Decimal) -> Result<Decimal, MarginError> {
        of(self.short, price)
    }

    /// Long stock and short stock of the same.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn against(&self, price: Decimal) -> Result<Decimal, MarginError> {
        of(self.against, price)
    }

    /// Long stock under a short call: the stock's share; it counts for no more than the strike.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn covered_call(&self, price: Decimal, strike: Decimal) -> Result<Decimal, MarginError> {
        Ok(self.long(price)?.plus(beyond(price, strike)?)?)
    }

    /// Short stock over a short put: the stock's share; what the put is in the money is added.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn covered_put(&self, price: Decimal, strike: Decimal) -> Result<Decimal, MarginError> {
        Ok(self.short(price)?.plus(beyond(strike, price)?)?)
    }

    /// Long stock and a long put: to maintain, the lower of the stock's share and a share of the strike with
    /// what the put is out of the money.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn protective_put(&self, price: Decimal, strike: Decimal) -> Result<Decimal, MarginError> {
        let alone = self.long(price)?;
        let Some(share) = self.strike else { return Ok(alone) };
        Ok(alone.min(of(share, strike)?.plus(beyond(price, strike)?)?))
    }

    /// Short stock and a long call, likewise.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn protective_call(&self, price: Decimal, strike: Decimal) -> Result<Decimal, MarginError> {
        let alone = self.short(price)?;
        let Some(share) = self.strike else { return Ok(alone) };
        Ok(alone.min(of(share, strike)?.plus(beyond(strike, price)?)?))
    }

    /// Long stock, a long put and a short call struck above it, of one expiry: to maintain, the lower of a share
    /// of the put's strike with what it is out of the money, and the long share of the call's strike; the stock
    /// counts for no more than that strike.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn collar(&self, price: Decimal, put: Decimal, call: Decimal) -> Result<Decimal, MarginError> {
        let Some(share) = self.strike else { return self.covered_call(price, call) };
        let hedged = of(share, put)?.plus(beyond(price, put)?)?;
        Ok(hedged.min(of(self.long, call)?).plus(beyond(price, call)?)?)
    }

    /// A collar of one strike: to maintain, a share of the strike.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn conversion(&self, price: Decimal, strike: Decimal) -> Result<Decimal, MarginError> {
        let Some(share) = self.strike else { return self.covered_call(price, strike) };
        Ok(of(share, strike)?.plus(beyond(price, strike)?)?)
    }

    /// Short stock, a short put and a long call of one strike and expiry: to maintain, a share of the strike with
    /// what the put is in the money.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn reversal(&self, price: Decimal, strike: Decimal) -> Result<Decimal, MarginError> {
        let Some(share) = self.strike else { return self.covered_put(price, strike) };
        Ok(of(share, strike)?.plus(beyond(strike, price)?)?)
    }
}
