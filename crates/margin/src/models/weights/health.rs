//! Mango's health: what an account's balances, perpetuals and open orders are worth, weighted, at the worst fills.
//!
//! A perpetual's profit or loss settles into a token and is weighted as that token is, after a weight of its own on a
//! profit. Orders on the spot market hold both sides back: each market counts the less favourable of all its funds in
//! the one token and in the other. Weights and prices are those of a level, and the caller's to choose.

use std::collections::BTreeMap;

use plimsoll_core::{Asset, Decimal, Rounding};

use super::NAME;
use super::curves::capped;
use crate::MarginError;

/// A token at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Units held; negative is owed.
    pub balance: Decimal,
    /// Price of what is owned: the lower of oracle and stable price where both count.
    pub asset_price: Decimal,
    /// Price of what is owed: the higher.
    pub liability_price: Decimal,
    /// Share of what is owned that counts.
    pub asset_weight: Decimal,
    /// What a debt counts.
    pub liability_weight: Decimal,
    /// False where the oracle cannot be used: what is owned then counts nothing, and what is owed is refused.
    pub usable: bool,
}

/// Open orders of one spot market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpotOrders {
    /// What is traded.
    pub base: Asset,
    /// Against what.
    pub quote: Asset,
    /// Units of the base that sales hold back.
    pub reserved_base: Decimal,
    /// Units of the quote that purchases hold back.
    pub reserved_quote: Decimal,
    /// The lowest price of a sale, in the quote, where it is known.
    pub lowest_ask: Option<Decimal>,
    /// Units of the base that one of the quote buys at the highest price of a purchase, where it is known.
    pub highest_bid_inverse: Option<Decimal>,
}

/// A perpetual at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerpetualHealth {
    /// The token it settles into.
    pub settles_in: Asset,
    /// Units of the underlying in a lot.
    pub lot_size: Decimal,
    /// Lots held, short negative.
    pub lots: Decimal,
    /// Quote paid and received, funding included.
    pub quote: Decimal,
    /// Lots of open purchases,
    pub bid_lots: Decimal,
    /// and of open sales.
    pub ask_lots: Decimal,
    /// Price of a long: the lower of oracle and stable price where both count.
    pub asset_price: Decimal,
    /// Price of a short: the higher.
    pub liability_price: Decimal,
    /// Share of a long's value that counts.
    pub asset_weight: Decimal,
    /// What a short's value counts.
    pub liability_weight: Decimal,
    /// Share of a profit that counts; zero in a market that is not trusted.
    pub gain_weight: Decimal,
}

/// The two weights that one offset from 1 makes.
///
/// # Errors
/// [`MarginError::Number`].
pub fn weights_of_offset(offset: Decimal) -> Result<(Decimal, Decimal), MarginError> {
    Ok((Decimal::ONE.minus(offset)?, Decimal::ONE.plus(offset)?))
}

/// Initial weight of a token of which the venue holds `deposits` and open orders could bring in `arriving` units, at
/// the higher of its prices.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Mango v4 at 1303a4a (2024-09-04), health tests: deposit scaling.
pub fn deposit_scaled(
    weight: Decimal,
    cap: Decimal,
    deposits: Decimal,
    arriving: Decimal,
    price: Decimal,
) -> Result<Decimal, MarginError> {
    capped(weight, cap, deposits.plus(arriving)?.times(price, Rounding::Up)?)
}

/// Initial weight of a debt of which the venue has lent `borrows` units: × borrows ÷ cap past the cap. A cap of zero is
/// none.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`deposit_scaled`]: borrow scaling.
pub fn borrow_scaled(weight: Decimal, cap: Decimal, borrows: Decimal, price: Decimal) -> Result<Decimal, MarginError> {
    let lent = borrows.times(price, Rounding::Up)?;
    if cap.is_zero() || lent <= cap {
        return Ok(weight);
    }
    Ok(weight.times_ratio(lent, cap, Rounding::Up)?)
}

impl Token {
    /// What `units` of it add to health, owned or owed.
    fn counts(&self, units: Decimal) -> Result<Decimal, MarginError> {
        let (weight, price) = if units.signum() < 0 {
            (self.liability_weight, self.liability_price)
        } else {
            (self.asset_weight, self.asset_price)
        };
        Ok(units.times(price, Rounding::Down)?.times(weight, Rounding::Down)?)
    }
}

impl PerpetualHealth {
    /// Its profit or loss at the worse of all purchases and all sales filled, in the token it settles into; a profit
    /// weighted.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Mango v4 at 1303a4a (2024-09-04), health tests.
    pub fn unsettled(&self) -> Result<Decimal, MarginError> {
        let bids = self.filled(self.bid_lots, self.liability_price)?;
        let asks = self.filled(self.ask_lots.negated(), self.asset_price)?;
        let unsettled = self.quote.plus(bids.min(asks))?;
        if unsettled.signum() < 0 {
            return Ok(unsettled);
        }
        Ok(unsettled.times(self.gain_weight, Rounding::Down)?)
    }

    /// What the position counts once `lots` more are bought at `price`, less what they cost.
    fn filled(&self, lots: Decimal, price: Decimal) -> Result<Decimal, MarginError> {
        let units = self.lots.plus(lots)?.times(self.lot_size, Rounding::HalfEven)?;
        let (weight, at) = if units.signum() < 0 {
            (self.liability_weight, self.liability_price)
        } else {
            (self.asset_weight, self.asset_price)
        };
        let cost = lots.times(self.lot_size, Rounding::HalfEven)?.times(price, Rounding::Up)?;
        Ok(units.times(weight, Rounding::Down)?.times(at, Rounding::Down)?.minus(cost)?)
    }
}

/// Funds of one market, all of them in the one token and all in the other.
struct Reserved<'a> {
    base: &'a Token,
    quote: &'a Token,
    orders: &'a SpotOrders,
    as_base: Decimal,
    as_quote: Decimal,
}

/// Health of an account: Σ weight × price × (balance + settled perpetuals) + what its orders add at their worst, in
/// the currency of the prices. Orders in a token that cannot be priced count nothing.
///
/// # Errors
/// [`MarginError::Unsupported`] for a token that is not among `tokens`, and for a debt in one that cannot be priced;
/// [`MarginError::Number`].
/// # Source
/// Mango v4 at 1303a4a (2024-09-04), health tests; checked against vectors/defi/mango_health.json.
pub fn health(
    tokens: &BTreeMap<Asset, Token>,
    orders: &[SpotOrders],
    perpetuals: &[PerpetualHealth],
) -> Result<Decimal, MarginError> {
    let mut balances: BTreeMap<Asset, Decimal> = tokens.iter().map(|(name, token)| (*name, token.balance)).collect();
    for perpetual in perpetuals {
        let settles_in = perpetual.settles_in;
        let balance = balances.get_mut(&settles_in).ok_or_else(|| unknown(settles_in))?;
        *balance = balance.plus(perpetual.unsettled()?)?;
    }
    let mut health = Decimal::ZERO;
    for (name, token) in tokens {
        let balance = balances.get(name).copied().unwrap_or_default();
        if token.usable {
            health = health.plus(token.counts(balance)?)?;
        } else if balance.signum() < 0 {
            return Err(refused(*name, "expected a price for what is owed"));
        }
    }
    let mut held_back = Vec::with_capacity(orders.len());
    for market in orders {
        let find = |name: Asset| tokens.get(&name).ok_or_else(|| unknown(name));
        let (base, quote) = (find(market.base)?, find(market.quote)?);
        if base.usable && quote.usable {
            held_back.push(Reserved::new(base, quote, market)?);
        }
    }
    let mut most = balances;
    for reserved in &held_back {
        for (name, units) in [(reserved.orders.base, reserved.as_base), (reserved.orders.quote, reserved.as_quote)] {
            let of_token = most.entry(name).or_default();
            *of_token = of_token.plus(units)?;
        }
    }
    for reserved in held_back {
        health = health.plus(reserved.worse(&most)?)?;
    }
    Ok(health)
}

impl<'a> Reserved<'a> {
    /// At the prices least favourable to the account, a known limit price where that is worse.
    fn new(base: &'a Token, quote: &'a Token, orders: &'a SpotOrders) -> Result<Self, MarginError> {
        let of = |units: Decimal, price: Decimal, at: Decimal, limit: Option<Decimal>| {
            let by_oracle = units.times_ratio(price, at, Rounding::Down)?;
            let by_limit = limit.map(|limit| units.times(limit, Rounding::Down)).transpose()?;
            Ok::<_, MarginError>(by_limit.map_or(by_oracle, |by_limit| by_limit.min(by_oracle)))
        };
        let bought = of(orders.reserved_quote, quote.asset_price, base.liability_price, orders.highest_bid_inverse)?;
        let sold = of(orders.reserved_base, base.asset_price, quote.liability_price, orders.lowest_ask)?;
        let as_base = orders.reserved_base.plus(bought)?;
        let as_quote = orders.reserved_quote.plus(sold)?;
        Ok(Self { base, quote, orders, as_base, as_quote })
    }

    /// The less favourable of its funds all in the base and all in the quote.
    fn worse(&self, most: &BTreeMap<Asset, Decimal>) -> Result<Decimal, MarginError> {
        let of = |token: &Token, name: Asset, units| added(token, most.get(&name).copied().unwrap_or_default(), units);
        let as_base = of(self.base, self.orders.base, self.as_base)?;
        Ok(as_base.min(of(self.quote, self.orders.quote, self.as_quote)?))
    }
}

/// What `units` add to health as the last of a balance that comes to `most` with them.
fn added(token: &Token, most: Decimal, units: Decimal) -> Result<Decimal, MarginError> {
    let owned = most.or_zero().min(units);
    let repaid = units.minus(owned)?;
    let of_owned = owned.times(token.asset_price, Rounding::Down)?.times(token.asset_weight, Rounding::Down)?;
    let of_debt = repaid.times(token.liability_price, Rounding::Down)?.times(token.liability_weight, Rounding::Down)?;
    Ok(of_owned.plus(of_debt)?)
}

fn unknown(name: Asset) -> MarginError {
    refused(name, "expected one of the account's tokens")
}

fn refused(name: Asset, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: name.as_str().into(), why: why.to_owned() }
}
