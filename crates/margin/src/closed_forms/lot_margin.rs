//! Margins of one contract that need no market: a rate over a leverage, an amount a lot and side.
//!
//! Trading engines ask these before a trade. No model here charges them; they stand for checking other engines'
//! figures, and for whoever wants the same rule.

use plimsoll_core::{Decimal, NumberError, Rounding};

use super::positive;
use crate::MarginError;

/// What a notional asks: `notional` ÷ `leverage` × `rate`, rounded up.
///
/// # Errors
/// [`MarginError::NotPositive`] for a leverage that is not; [`MarginError::Number`].
/// # Source
/// nautilus_trader at a95c804 (2026-07-02), margin account tests; checked against vectors/defi/nautilus_margin.json.
pub fn leveraged(notional: Decimal, leverage: Decimal, rate: Decimal) -> Result<Decimal, MarginError> {
    Ok(notional.abs().times_ratio(rate, positive("leverage", leverage)?, Rounding::Up)?)
}

/// The notional of `quantity` units: × `price` of a linear contract in the quote, ÷ `price` of an inverse one in coin.
///
/// # Errors
/// [`MarginError::NotPositive`] for an inverse contract at a price that is not; [`MarginError::Number`].
/// # Source
/// As [`leveraged`].
pub fn notional(quantity: Decimal, price: Decimal, inverse: bool) -> Result<Decimal, MarginError> {
    if inverse {
        Ok(quantity.over(positive("price", price)?, Rounding::Up)?)
    } else {
        Ok(quantity.times(price, Rounding::Up)?)
    }
}

/// A position and its open orders, in lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lots {
    /// Held, short negative.
    pub position: Decimal,
    /// Of open purchases.
    pub pending_buy: Decimal,
    /// Of open sales.
    pub pending_sell: Decimal,
}

/// What a lot asks for on each side, and what filling it costs, in the quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LotTerms {
    /// Of a lot that is or would be long.
    pub margin_buy: Decimal,
    /// Of a lot that is or would be short.
    pub margin_sell: Decimal,
    /// Fee of a lot that rested.
    pub maker_fee: Decimal,
    /// Fee of a lot that took.
    pub taker_fee: Decimal,
}

impl Lots {
    /// What they ask at the worse of all purchases and all sales filled, at least zero:
    /// max(margin_buy × (pending_buy + position), margin_sell × (pending_sell − position)).
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// exchange-core at 2f85487 (2022-05-14), fee and margin tests; checked against
    /// vectors/defi/exchange_core_margin.json.
    pub fn required(self, terms: &LotTerms) -> Result<Decimal, NumberError> {
        let long = terms.margin_buy.times(self.pending_buy.plus(self.position)?, Rounding::Up)?;
        let short = terms.margin_sell.times(self.pending_sell.minus(self.position)?, Rounding::Up)?;
        Ok(long.max(short).or_zero())
    }

    /// Whether `balance` holds what is required.
    ///
    /// # Errors
    /// As [`Self::required`].
    pub fn accepted(self, terms: &LotTerms, balance: Decimal) -> Result<bool, NumberError> {
        Ok(self.required(terms)? <= balance)
    }

    /// The lots once `sold` of the open sales are filled, or where it is negative so many of the purchases.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn filled(self, sold: Decimal) -> Result<Self, NumberError> {
        Ok(Self {
            position: self.position.minus(sold)?,
            pending_buy: self.pending_buy.plus(sold.min(Decimal::ZERO))?,
            pending_sell: self.pending_sell.minus(sold.or_zero())?,
        })
    }
}

impl LotTerms {
    /// `balance` less the fee of filling `lots` that rested, or took.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn after_fee(&self, balance: Decimal, lots: Decimal, rested: bool) -> Result<Decimal, NumberError> {
        let fee = if rested { self.maker_fee } else { self.taker_fee };
        balance.minus(fee.times(lots.abs(), Rounding::Up)?)
    }
}
