//! What an option carries, costs and pays.

use plimsoll_core::{Amount, Decimal, NumberError, Position, Price, Quantity, Rounding, planted};

use super::{EuropeanOption, PremiumStyle};
use crate::formulas::Right;
use crate::instruments::settlement::{Carry, SettleError};
use crate::instruments::{Style, Terms, exact};

impl EuropeanOption {
    /// A paid option carries its value, a futures-style one its P&L since the trade.
    pub(in crate::instruments) fn carry(&self, position: &Position, mark: Price) -> Result<Carry, NumberError> {
        let none = Amount::zero(self.terms.settlement);
        match self.premium {
            PremiumStyle::Paid => {
                let option_value = exact::value(&self.terms, self.style, position.quantity, mark.value)?;
                Ok(Carry { unrealised: none, option_value })
            }
            PremiumStyle::Futures => {
                let entry = position.entry_price.unwrap_or(mark);
                Ok(Carry { unrealised: self.pnl(position.quantity, entry, mark)?, option_value: none })
            }
        }
    }

    /// What `quantity` contracts gain while their own price moves.
    pub(in crate::instruments) fn pnl(
        &self,
        quantity: Quantity,
        from: Price,
        to: Price,
    ) -> Result<Amount, NumberError> {
        exact::value(&self.terms, self.style, quantity, to.minus(from)?.value)
    }

    /// Paid options move the premium; futures-style ones nothing.
    pub(in crate::instruments) fn fill(&self, quantity: Quantity, price: Price) -> Result<Vec<Amount>, NumberError> {
        match self.premium {
            PremiumStyle::Paid => Ok(vec![exact::value(&self.terms, self.style, quantity.negated(), price.value)?]),
            PremiumStyle::Futures => Ok(Vec::new()),
        }
    }

    /// quantity × size × max(±(S − K), 0), ÷ S for an inverse option; less the entry price where it
    /// was never paid.
    pub(in crate::instruments) fn settle(
        &self,
        position: &Position,
        settlement_price: Price,
    ) -> Result<Amount, SettleError> {
        let payoff = self.payoff(settlement_price.value)?;
        let paid = match self.style {
            Style::Linear | Style::Quanto { .. } => exact::value(&self.terms, self.style, position.quantity, payoff)?,
            Style::Inverse => {
                let coin = position.quantity.0.times_ratio(payoff, settlement_price.value, Rounding::Down)?;
                Amount::new(coin.times(self.terms.contract_size, Rounding::Down)?, self.terms.settlement)
            }
        };
        match self.premium {
            PremiumStyle::Paid => Ok(paid),
            PremiumStyle::Futures => {
                let entry = position.entry_price.ok_or(SettleError::NoEntryPrice)?;
                let entry = exact::quoted_in(entry, self.price_asset())?;
                let owed = exact::value(&self.terms, self.style, position.quantity.negated(), entry.value)?;
                Ok(paid.plus(owed)?)
            }
        }
    }

    /// quantity × size × max(±(S − K), 0), ÷ S for an inverse option; half even.
    pub(in crate::instruments) fn worth_at_expiry(
        &self,
        quantity: Quantity,
        price: Decimal,
    ) -> Result<Amount, NumberError> {
        let contracts = quantity.0.times(self.terms.contract_size, Rounding::HalfEven)?;
        let payoff = self.payoff(price)?;
        let worth = match self.style {
            Style::Inverse if planted!(InverseByStrike) => {
                contracts.times_ratio(payoff, self.strike, Rounding::HalfEven)?
            }
            Style::Inverse => contracts.times_ratio(payoff, price, Rounding::HalfEven)?,
            style => contracts.times(payoff, Rounding::HalfEven)?.times(style.rate(), Rounding::HalfEven)?,
        };
        Ok(Amount::new(worth, self.terms.settlement))
    }

    /// What one unit pays with the underlying at `price`, in the quote.
    fn payoff(&self, price: Decimal) -> Result<Decimal, NumberError> {
        payoff(self.right, price, self.strike)
    }
}

/// max(±(S − K), 0), exactly.
pub(in crate::instruments) fn payoff(right: Right, price: Decimal, strike: Decimal) -> Result<Decimal, NumberError> {
    let ahead = match right {
        Right::Call => price.minus(strike)?,
        Right::Put => strike.minus(price)?,
    };
    Ok(ahead.or_zero())
}

/// size × index, or `size` coins of an inverse option.
pub(in crate::instruments) fn notional(terms: &Terms, style: Style, index: Price) -> Result<Amount, NumberError> {
    let notional = match style {
        Style::Inverse => terms.contract_size,
        Style::Linear | Style::Quanto { .. } => {
            let index = exact::quoted_in(index, terms.quote)?.value;
            index.times(terms.contract_size, Rounding::Up)?.times(style.rate(), Rounding::Up)?
        }
    };
    Ok(Amount::new(notional, terms.settlement))
}
