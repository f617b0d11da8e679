//! What an account has: positions, balances and open orders.
//!
//! A portfolio knows instruments by number alone; what a contract is, is `pricing`'s to say.

use std::fmt;

use crate::{Amount, Asset, Decimal, NumberError, Price, Quantity, Rounding};

/// An instrument's place in the listing it was read with.
///
/// ```
/// use plimsoll_core::InstrumentId;
/// let listing = ["BTC-PERPETUAL", "ETH-PERPETUAL"];
/// assert_eq!(listing[InstrumentId(1).index()], "ETH-PERPETUAL");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// The place as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An account's number: dense, from zero, in the order accounts were opened.
///
/// ```
/// assert_eq!(plimsoll_core::AccountId(7).to_string(), "#7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "#{}", self.0)
    }
}

/// The contracts of one instrument that an account holds.
///
/// ```
/// use plimsoll_core::{Decimal, InstrumentId, Position, Quantity};
/// let short = Position {
///     instrument: InstrumentId(0),
///     quantity: "-2".parse()?,
///     entry_price: None,
///     unsettled_pnl: Decimal::ZERO,
///     accrued_funding: Decimal::ZERO,
/// };
/// assert!(short.quantity < Quantity::ZERO);
/// # Ok::<(), plimsoll_core::NumberError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// What is held.
    pub instrument: InstrumentId,
    /// How many contracts; short is negative.
    pub quantity: Quantity,
    /// Average price paid, as the instrument is quoted. Without one, the position counts as
    /// entered at the mark: it has no unrealised P&L.
    pub entry_price: Option<Price>,
    /// P&L already fixed but not yet paid to the balance, in the settlement asset.
    pub unsettled_pnl: Decimal,
    /// Funding accrued but not yet paid, in the settlement asset; received is positive.
    pub accrued_funding: Decimal,
}

/// One asset's balance.
///
/// ```
/// use plimsoll_core::Balance;
/// let mut balance = Balance::cash("USDC".parse()?, 1_000.into());
/// balance.borrowed = 1_200.into();
/// assert_eq!(balance.net()?.to_string(), "-200 USDC");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Of what.
    pub asset: Asset,
    /// Cash; negative is an overdraft, a debt like `borrowed`.
    pub cash: Decimal,
    /// Debt, at least zero.
    pub borrowed: Decimal,
    /// Interest owed on the debt, at least zero.
    pub accrued_interest: Decimal,
    /// Held back for something else (a withdrawal under way), at least zero; part of `cash`.
    pub reserved: Decimal,
}

impl Balance {
    /// Plain cash.
    #[must_use]
    pub const fn cash(asset: Asset, cash: Decimal) -> Self {
        Self { asset, cash, borrowed: Decimal::ZERO, accrued_interest: Decimal::ZERO, reserved: Decimal::ZERO }
    }

    /// Cash − debt − interest − what is held back.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn net(&self) -> Result<Amount, NumberError> {
        let net = self.cash.minus(self.borrowed)?.minus(self.accrued_interest)?.minus(self.reserved)?;
        Ok(Amount::new(net, self.asset))
    }
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Adds to a long.
    Buy,
    /// Adds to a short.
    Sell,
}

/// An open order.
///
/// ```
/// use plimsoll_core::{InstrumentId, Order, Price, Side};
/// let order = Order {
///     instrument: InstrumentId(0),
///     side: Side::Sell,
///     quantity: "0.5".parse()?,
///     price: Price::new(60_000.into(), "USD".parse()?),
///     reduce_only: false,
/// };
/// assert_eq!(order.signed_quantity().to_string(), "-0.5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What would be traded.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// Contracts still open, positive.
    pub quantity: Quantity,
    /// Limit price, as the instrument is quoted.
    pub price: Price,
    /// Whether it may only shrink the position it stands against.
    pub reduce_only: bool,
}

impl Order {
    /// Contracts with their sign: a sale is negative.
    #[must_use]
    pub const fn signed_quantity(&self) -> Quantity {
        match self.side {
            Side::Buy => self.quantity,
            Side::Sell => self.quantity.negated(),
        }
    }
}

/// Everything an account has.
///
/// ```
/// use plimsoll_core::{Amount, Asset, InstrumentId, Portfolio, Price};
/// let usd: Asset = "USD".parse()?;
/// let mut portfolio = Portfolio::default();
/// portfolio.deposit(Amount::new(40_000.into(), usd))?;
/// portfolio.trade(InstrumentId(0), "1".parse()?, Some(Price::new(60_000.into(), usd)))?;
/// portfolio.trade(InstrumentId(0), "2".parse()?, Some(Price::new(63_000.into(), usd)))?;
/// assert_eq!(portfolio.net_balance(usd)?.to_string(), "40000 USD");
/// assert_eq!(portfolio.positions[0].entry_price, Some(Price::new(62_000.into(), usd)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portfolio {
    /// Positions, at most one an instrument.
    pub positions: Vec<Position>,
    /// Balances, at most one an asset.
    pub balances: Vec<Balance>,
    /// Open orders.
    pub orders: Vec<Order>,
}

impl Portfolio {
    /// The net balance of `asset`: zero when there is none.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn net_balance(&self, asset: Asset) -> Result<Amount, NumberError> {
        self.balances
            .iter()
            .filter(|balance| balance.asset == asset)
            .try_fold(Amount::zero(asset), |sum, balance| sum.plus(balance.net()?))
    }

    /// Adds `cash` to the balance of `asset`, opening one where there is none.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn deposit(&mut self, cash: Amount) -> Result<(), NumberError> {
        match self.balances.iter_mut().find(|balance| balance.asset == cash.asset) {
            Some(balance) => balance.cash = balance.cash.plus(cash.value)?,
            None => self.balances.push(Balance::cash(cash.asset, cash.value)),
        }
        Ok(())
    }

    /// Adds contracts at `price`: the entry price becomes the average weighted by contracts, and a
    /// reduction keeps it. Past zero the position is a new one, entered at `price`. Where only one
    /// of the two prices is known it stands for both: a caller that knows the mark of a position
    /// without an entry price writes it there first.
    ///
    /// Closing P&L is the caller's to book, since only the instrument knows how it pays. This is the
    /// average of contracts that pay by the difference of prices; for the others see
    /// [`Portfolio::trade_inverse`].
    ///
    /// # Errors
    /// [`NumberError::Overflow`], [`NumberError::AssetMismatch`] between the two prices; the
    /// portfolio is then as it was.
    pub fn trade(
        &mut self,
        instrument: InstrumentId,
        quantity: Quantity,
        price: Option<Price>,
    ) -> Result<(), NumberError> {
        self.add(instrument, quantity, price, arithmetic)
    }

    /// As [`Portfolio::trade`] for contracts of a fixed size in the quote that pay in coin, by
    /// 1/entry − 1/exit: the entry price becomes the harmonic average, the one at which the P&L of
    /// the whole is the P&L of its parts.
    ///
    /// # Errors
    /// As [`Portfolio::trade`], and [`NumberError::DivisionByZero`] where both prices are zero.
    pub fn trade_inverse(
        &mut self,
        instrument: InstrumentId,
        quantity: Quantity,
        price: Option<Price>,
    ) -> Result<(), NumberError> {
        self.add(instrument, quantity, price, harmonic)
    }

    fn add(
        &mut self,
        instrument: InstrumentId,
        quantity: Quantity,
        price: Option<Price>,
        average: Average,
    ) -> Result<(), NumberError> {
        let added = quantity.0.signum();
        if added == 0 {
            return Ok(());
        }
        let Some(position) = self.positions.iter_mut().find(|position| position.instrument == instrument) else {
            self.positions.push(Position {
                instrument,
                quantity,
                entry_price: price,
                unsettled_pnl: Decimal::ZERO,
                accrued_funding: Decimal::ZERO,
            });
            return Ok(());
        };
        let total = position.quantity.plus(quantity)?;
        let held = position.quantity.0.signum();
        if held == added {
            position.entry_price = match (position.entry_price, price) {
                (Some(entry), Some(price)) => Some(averaged(entry, position.quantity, price, quantity, average)?),
                (entry, price) => entry.or(price),
            };
        } else if total.0.signum() == added {
            position.entry_price = price;
        }
        position.quantity = total;
        Ok(())
    }
}

/// The average of two prices, each with its quantity.
type Average = fn(Decimal, Decimal, Decimal, Decimal) -> Result<Decimal, NumberError>;

fn averaged(
    held: Price,
    held_quantity: Quantity,
    added: Price,
    added_quantity: Quantity,
    average: Average,
) -> Result<Price, NumberError> {
    held.same_quote(added)?;
    Ok(Price::new(average(held.value, held_quantity.0, added.value, added_quantity.0)?, held.quote))
}

fn arithmetic(held: Decimal, count: Decimal, added: Decimal, more: Decimal) -> Result<Decimal, NumberError> {
    held.mean(count, added, more, Rounding::HalfEven)
}

/// (n + m) ÷ (n/p + m/q) = pq ÷ ((nq + mp) ÷ (n + m)).
fn harmonic(held: Decimal, count: Decimal, added: Decimal, more: Decimal) -> Result<Decimal, NumberError> {
    let crossed = added.mean(count, held, more, Rounding::HalfEven)?;
    held.times_ratio(added, crossed, Rounding::HalfEven)
}
