//! The questions every contract answers. Branching is here, and the kinds' folders just compute.

use plimsoll_core::{Amount, Asset, Decimal, NumberError, Position, Price, Quantity, Rounding, Timestamp};
use plimsoll_numerics::exp;

use super::settlement::{Carry, SettleError};
use super::{Greeks, Instrument, PremiumStyle, Priced, PricingError, Shocks, Style, Terms, exact, option, worths};
use crate::formulas::Right;
use crate::market::{MarkQuote, View};

/// Terms.
impl Instrument {
    /// What every contract says of itself.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        match self {
            Self::Spot(spot) => &spot.terms,
            Self::Perpetual(perpetual) => &perpetual.terms,
            Self::Future(future) => &future.terms,
            Self::Option(option) => &option.terms,
            Self::PerpetualOption(option) => &option.terms,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.terms().name
    }

    /// Whether a fill only exchanges balances and leaves no position: spot.
    #[must_use]
    pub fn only_moves_balances(&self) -> bool {
        matches!(self, Self::Spot(_))
    }

    /// Whether its price is paid when it is bought, so that a position carries its value: spot and
    /// premium-paid options. All else carries its P&L since the trade.
    #[must_use]
    pub fn is_paid_when_bought(&self) -> bool {
        match self {
            Self::Spot(_) => true,
            Self::Option(option) => option.premium == PremiumStyle::Paid,
            Self::Perpetual(_) | Self::Future(_) | Self::PerpetualOption(_) => false,
        }
    }

    /// Whether an average entry price is harmonic, weighted by money and not by contracts: an inverse
    /// future, whose P&L is linear in 1 ÷ price.
    #[must_use]
    pub fn averages_harmonically(&self) -> bool {
        matches!(self, Self::Perpetual(_) | Self::Future(_)) && self.style() == Style::Inverse
    }

    /// What people and documents call its kind: `spot`, `perpetual`, `future`, `option`, `perpetual_option`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Spot(_) => "spot",
            Self::Perpetual(_) => "perpetual",
            Self::Future(_) => "future",
            Self::Option(_) => "option",
            Self::PerpetualOption(_) => "perpetual_option",
        }
    }

    /// How it pays; spot is linear.
    #[must_use]
    pub const fn style(&self) -> Style {
        match self {
            Self::Spot(_) => Style::Linear,
            Self::Perpetual(perpetual) => perpetual.style,
            Self::Future(future) => future.style,
            Self::Option(option) => option.style,
            Self::PerpetualOption(option) => option.style,
        }
    }

    /// When it expires.
    #[must_use]
    pub const fn expiry(&self) -> Option<Timestamp> {
        match self {
            Self::Future(future) => Some(future.expiry),
            Self::Option(option) => Some(option.expiry),
            Self::Spot(_) | Self::Perpetual(_) | Self::PerpetualOption(_) => None,
        }
    }

    /// Seconds over which its funding rate is paid once; `None` for what has no funding.
    #[must_use]
    pub const fn funding_period_s(&self) -> Option<u32> {
        match self {
            Self::Perpetual(perpetual) => Some(perpetual.funding_interval_s),
            Self::PerpetualOption(option) => Some(option.funding_period_s),
            Self::Spot(_) | Self::Future(_) | Self::Option(_) => None,
        }
    }

    /// An option's right.
    #[must_use]
    pub const fn right(&self) -> Option<Right> {
        match self {
            Self::Option(option) => Some(option.right),
            Self::PerpetualOption(option) => Some(option.right),
            Self::Spot(_) | Self::Perpetual(_) | Self::Future(_) => None,
        }
    }

    /// An option's strike, in the quote.
    #[must_use]
    pub const fn strike(&self) -> Option<Decimal> {
        match self {
            Self::Option(option) => Some(option.strike),
            Self::PerpetualOption(option) => Some(option.strike),
            Self::Spot(_) | Self::Perpetual(_) | Self::Future(_) => None,
        }
    }

    /// What its own price is counted in: coin for an inverse option, else the quote.
    #[must_use]
    pub const fn price_asset(&self) -> Asset {
        match self {
            Self::Option(option) => option.price_asset(),
            Self::PerpetualOption(option) => option.price_asset(),
            Self::Spot(_) | Self::Perpetual(_) | Self::Future(_) => self.terms().quote,
        }
    }
}

/// Value.
impl Instrument {
    /// The instrument in one market. `quote` is what is published of the instrument itself; what it
    /// does not say is derived from the view: the mark of a perpetual from the index, of a future from
    /// the forward, of an option from its volatility, and that from its mark price or the surface.
    ///
    /// # Errors
    /// [`PricingError`].
    pub fn price(&self, view: &View, quote: Option<&MarkQuote>) -> Result<Priced, PricingError> {
        match self {
            Self::Spot(spot) => spot.price(view, quote),
            Self::Perpetual(perpetual) => perpetual.price(view, quote),
            Self::Future(future) => future.price(view, quote),
            Self::Option(option) => option.price(view, quote),
            Self::PerpetualOption(option) => option.price(view, quote),
        }
    }

    /// Worth of one contract in its settlement asset, unshocked: see [`worths()`].
    #[must_use]
    pub fn worth(&self, priced: &Priced) -> f64 {
        let unshocked = Shocks {
            spot: &[1.0],
            growth: &[1.0],
            log_growth: &[0.0],
            vol_scale: &[1.0],
            vol_shift: &[0.0],
            vol_floor: &[0.0],
            years: &[priced.years],
            sqrt_years: &[priced.years.sqrt()],
            discount: &[exp(-priced.rate * priced.years)],
        };
        let mut worth = [0.0];
        worths(&[(self, priced)], &unshocked, &mut worth);
        worth[0]
    }

    /// The time t in years for which σ√t is the width of the bend of its value at the strike, as a
    /// share of the price: what is left of a dated option's life, zero once it has expired; half the
    /// funding period of a perpetual option, whose value falls off from the strike as
    /// e^(−|x| ÷ (σ√(f/2))) does (see [`crate::formulas::everlasting`]). `None` for what has no strike.
    #[must_use]
    pub fn kink_years(&self, priced: &Priced) -> Option<f64> {
        match self {
            Self::Option(_) => Some(priced.years),
            Self::PerpetualOption(option) => Some(0.5 * option.funding_years()),
            Self::Spot(_) | Self::Perpetual(_) | Self::Future(_) => None,
        }
    }

    /// Greeks of one contract; units as in [`Greeks`].
    #[must_use]
    pub fn greeks(&self, priced: &Priced) -> Greeks {
        match self {
            Self::Spot(spot) => spot.greeks(priced),
            Self::Perpetual(perpetual) => perpetual.greeks(priced),
            Self::Future(future) => future.greeks(priced),
            Self::Option(option) => option.greeks(priced),
            Self::PerpetualOption(option) => option.greeks(priced),
        }
    }

    /// One unit's price by the model, as quoted, for what is valued by one.
    pub(super) fn model(&self, priced: &Priced) -> Option<f64> {
        let vol = priced.vol.map_or(0.0, |vol| vol.value);
        match self {
            Self::Option(option) => Some(option.model(priced.forward, vol, priced.years, priced.rate)),
            Self::PerpetualOption(option) => Some(option.model(priced.forward, vol)),
            Self::Spot(_) | Self::Perpetual(_) | Self::Future(_) => None,
        }
    }
}

/// Money, exactly.
impl Instrument {
    /// What a position adds to equity at `mark`, in the settlement asset. Without an entry price it
    /// counts as entered at the mark. P&L already fixed and funding accrued are not included.
    ///
    /// # Errors
    /// [`NumberError::AssetMismatch`] for a price not in [`Instrument::price_asset`],
    /// [`NumberError::DivisionByZero`] for an inverse contract at a price of zero,
    /// [`NumberError::Overflow`].
    pub fn carry(&self, position: &Position, mark: Price) -> Result<Carry, NumberError> {
        let mark = exact::quoted_in(mark, self.price_asset())?;
        match self {
            Self::Spot(spot) => spot.carry(position, mark),
            Self::Option(option) => option.carry(position, mark),
            Self::Perpetual(_) | Self::Future(_) | Self::PerpetualOption(_) => {
                let unrealised = self.fill_pnl(position.quantity, position.entry_price.unwrap_or(mark), mark)?;
                Ok(Carry { unrealised, option_value: Amount::zero(self.terms().settlement) })
            }
        }
    }

    /// What `quantity` contracts cost at their own `price`, in the settlement asset: their P&L between two prices is the
    /// difference of their costs. Negative for a short, and for a long inverse future, which is owed coin at one over the
    /// price. Half even, so that the two sides of a trade cancel to the last digit.
    ///
    /// # Errors
    /// As [`Instrument::carry`].
    pub fn cost(&self, quantity: Quantity, price: Price) -> Result<Amount, NumberError> {
        let price = exact::quoted_in(price, self.price_asset())?.value;
        let contracts = quantity.0.times(self.terms().contract_size, Rounding::HalfEven)?;
        let cost = match self {
            Self::Perpetual(_) | Self::Future(_) if self.style() == Style::Inverse => {
                contracts.over(price, Rounding::HalfEven)?.negated()
            }
            _ => contracts.times(price, Rounding::HalfEven)?.times(self.style().rate(), Rounding::HalfEven)?,
        };
        Ok(Amount::new(cost, self.terms().settlement))
    }

    /// What `quantity` contracts are worth at expiry with their underlying at `settlement_price`, in the settlement
    /// asset: a future at that price, an option its payoff. Half even.
    ///
    /// # Errors
    /// [`SettleError`].
    pub fn worth_at_expiry(&self, quantity: Quantity, settlement_price: Price) -> Result<Amount, SettleError> {
        let price = exact::quoted_in(settlement_price, self.terms().quote)?;
        let least = if self.style() == Style::Inverse { 1 } else { 0 };
        if price.value.signum() < least {
            return Err(SettleError::Price(price.value));
        }
        match self {
            Self::Future(_) => Ok(self.cost(quantity, price)?),
            Self::Option(option) => Ok(option.worth_at_expiry(quantity, price.value)?),
            Self::Spot(_) | Self::Perpetual(_) | Self::PerpetualOption(_) => {
                Err(SettleError::NeverExpires(self.kind()))
            }
        }
    }

    /// What is gained, in the settlement asset, by having bought `quantity` contracts (sold, where
    /// negative) at `price` when the mark is `mark`; rounded down.
    ///
    /// # Errors
    /// As [`Instrument::carry`].
    pub fn fill_pnl(&self, quantity: Quantity, price: Price, mark: Price) -> Result<Amount, NumberError> {
        let from = exact::quoted_in(price, self.price_asset())?;
        let to = exact::quoted_in(mark, self.price_asset())?;
        match self {
            Self::Spot(spot) => spot.pnl(quantity, from, to),
            Self::Perpetual(perpetual) => perpetual.pnl(quantity, from, to),
            Self::Future(future) => future.pnl(quantity, from, to),
            Self::Option(option) => option.pnl(quantity, from, to),
            Self::PerpetualOption(option) => option.pnl(quantity, from, to),
        }
    }

    /// Balances that a fill of `quantity` contracts (sold, where negative) at `price` moves at once:
    /// both assets of spot, the premium of a paid option, nothing of the rest.
    ///
    /// # Errors
    /// [`NumberError::AssetMismatch`], [`NumberError::Overflow`].
    pub fn fill(&self, quantity: Quantity, price: Price) -> Result<Vec<Amount>, NumberError> {
        let price = exact::quoted_in(price, self.price_asset())?;
        match self {
            Self::Spot(spot) => spot.fill(quantity, price),
            Self::Option(option) => option.fill(quantity, price),
            Self::Perpetual(_) | Self::Future(_) | Self::PerpetualOption(_) => Ok(Vec::new()),
        }
    }

    /// What expiry pays a position, in the settlement asset, with its underlying at
    /// `settlement_price`; P&L already fixed and funding accrued are not included.
    ///
    /// # Errors
    /// [`SettleError`].
    pub fn settle(&self, position: &Position, settlement_price: Price) -> Result<Amount, SettleError> {
        let price = exact::quoted_in(settlement_price, self.terms().quote)?;
        let least = if self.style() == Style::Inverse { 1 } else { 0 };
        if price.value.signum() < least {
            return Err(SettleError::Price(price.value));
        }
        match self {
            Self::Future(future) => future.settle(position, price),
            Self::Option(option) => option.settle(position, price),
            Self::Spot(_) | Self::Perpetual(_) | Self::PerpetualOption(_) => {
                Err(SettleError::NeverExpires(self.kind()))
            }
        }
    }

    /// When it next pays by itself: its expiry while that lies ahead, or the next funding.
    #[must_use]
    pub fn next_settlement(&self, as_of: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Spot(_) => None,
            Self::Perpetual(perpetual) => perpetual.next_settlement(as_of),
            Self::PerpetualOption(option) => option.next_settlement(as_of),
            Self::Future(_) | Self::Option(_) => self.expiry().filter(|expiry| *expiry > as_of),
        }
    }

    /// What one contract stands for, in the settlement asset: size × mark of a linear future, size ÷
    /// mark coins of an inverse one; size × index of an option, size coins of an inverse one. Rounded up.
    ///
    /// # Errors
    /// [`NumberError::AssetMismatch`] where the price used is not in the quote,
    /// [`NumberError::DivisionByZero`], [`NumberError::Overflow`].
    pub fn notional(&self, mark: Price, index: Price) -> Result<Amount, NumberError> {
        let terms = self.terms();
        match self {
            Self::Option(_) | Self::PerpetualOption(_) => option::notional(terms, self.style(), index),
            Self::Spot(_) | Self::Perpetual(_) | Self::Future(_) => {
                let mark = exact::quoted_in(mark, terms.quote)?.value;
                let notional = match self.style() {
                    Style::Inverse => terms.contract_size.over(mark, Rounding::Up)?,
                    style => mark.times(terms.contract_size, Rounding::Up)?.times(style.rate(), Rounding::Up)?,
                };
                Ok(Amount::new(notional, terms.settlement))
            }
        }
    }

    /// How far an option's strike is out of the money, in the quote: zero when in it; `None` for what is
    /// no option.
    #[must_use]
    pub fn out_of_the_money(&self, index: Price) -> Option<Decimal> {
        // The distance out of the money of a call is the payoff of a put.
        let other = match self.right()? {
            Right::Call => Right::Put,
            Right::Put => Right::Call,
        };
        // Prices and strikes are both positive, so their difference fits.
        Some(option::payoff(other, index.value, self.strike()?).unwrap_or(Decimal::MAX))
    }
}
