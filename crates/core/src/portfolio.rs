//! What an account has: positions, balances and open orders.
//!
//! A portfolio knows instruments by number alone; what a contract is, is `pricing`'s to say.

use crate::{Amount, Asset, Decimal, NumberError, Price, Quantity, Rounding};

/// An instrument's place in the listing it was read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// The place as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The contracts of one instrument that an account holds.
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

    /// Adds contracts at `price`: the entry price becomes the average, and a reduction keeps it.
    /// Closing P&L is the caller's to book, since only the instrument knows how it pays.
    ///
    /// # Errors
    /// [`NumberError`] when the sum or the average does not fit.
    pub fn trade(
        &mut self,
        instrument: InstrumentId,
        quantity: Quantity,
        price: Option<Price>,
    ) -> Result<(), NumberError> {
        let Some(at) = self.positions.iter().position(|position| position.instrument == instrument) else {
            self.positions.push(Position {
                instrument,
                quantity,
                entry_price: price,
                unsettled_pnl: Decimal::ZERO,
                accrued_funding: Decimal::ZERO,
            });
            return Ok(());
        };
        let position = &mut self.positions[at];
        let total = position.quantity.plus(quantity)?;
        let (held, added) = (position.quantity.0.signum(), quantity.0.signum());
        if held == 0 || (held != added && total.0.signum() == added) {
            position.entry_price = price;
        } else if held == added {
            position.entry_price = average(position.entry_price, position.quantity, price, quantity, total)?;
        }
        position.quantity = total;
        Ok(())
    }
}

fn average(
    held: Option<Price>,
    held_quantity: Quantity,
    added: Option<Price>,
    added_quantity: Quantity,
    total: Quantity,
) -> Result<Option<Price>, NumberError> {
    let (Some(held), Some(added)) = (held, added) else { return Ok(held.or(added)) };
    let cost = held.times(held_quantity, Rounding::HalfEven)?.plus(added.times(added_quantity, Rounding::HalfEven)?)?;
    Ok(Some(Price::new(cost.value.over(total.0, Rounding::HalfEven)?, held.quote)))
}
