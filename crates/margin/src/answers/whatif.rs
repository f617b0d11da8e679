//! What if: the account after trades, orders, deposits and market moves, beside what it is now.

use plimsoll_core::{Amount, InstrumentId, Order, Position, Price, Quantity, Rounding};
use plimsoll_pricing::market::{Market, MarketMove};

use super::margin::Margin;
use crate::level::Policy;
use crate::models::{Held, Model};
use crate::{Account, MarginError};

/// What would happen, in this order: deposits, trades, orders, then the market moves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Balances added; a withdrawal is negative.
    pub deposits: Vec<Amount>,
    /// Contracts traded; a sale is negative. Without a price they trade at the mark.
    pub trades: Vec<(InstrumentId, Quantity, Option<Price>)>,
    /// Orders placed.
    pub orders: Vec<Order>,
    /// Moves of the market, one after another.
    pub moves: Vec<MarketMove>,
}

/// An account before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIf {
    /// As it is.
    pub before: Margin,
    /// As it would be.
    pub after: Margin,
}

/// Margins `account` as it is and as `changes` would make it.
///
/// # Errors
/// [`MarginError`] for what cannot be priced or margined.
pub fn what_if(
    account: &Account,
    market: &Market,
    model: &dyn Model,
    policy: &Policy,
    changes: &Changes,
) -> Result<WhatIf, MarginError> {
    let changed = apply(account, market, changes)?;
    let held = Held::by([account, &changed]);
    let judge = model.prepare(market, &held)?;
    let before = Margin::of(account, market, judge.as_ref(), policy)?;
    if changes.moves.is_empty() {
        return Ok(WhatIf { before, after: Margin::of(&changed, market, judge.as_ref(), policy)? });
    }
    let ids: Vec<_> = held.instruments.iter().copied().collect();
    let mut moved = market.restricted_to(&ids);
    for each in &changes.moves {
        moved = moved.moved(each)?;
    }
    let judge = model.prepare(&moved, &held)?;
    Ok(WhatIf { before, after: Margin::of(&changed, &moved, judge.as_ref(), policy)? })
}

/// The account after deposits, trades and orders.
///
/// # Errors
/// [`MarginError`] for an unknown instrument or a figure that does not fit.
pub fn apply(account: &Account, market: &Market, changes: &Changes) -> Result<Account, MarginError> {
    let mut changed = account.with_entry_prices(market)?;
    let portfolio = &mut changed.portfolio;
    for deposit in &changes.deposits {
        portfolio.deposit(*deposit)?;
    }
    for (id, quantity, price) in &changes.trades {
        let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
        let mark = market.priced(*id)?.mark;
        let price = price.unwrap_or(mark);
        for moved in instrument.fill(*quantity, price).map_err(MarginError::of(instrument))? {
            portfolio.deposit(moved)?;
        }
        let fee_base = instrument
            .notional(mark, market.index_in(instrument.terms().underlying, instrument.terms().quote)?)
            .map_err(MarginError::of(instrument))?;
        let fee = fee_base.scaled(quantity.0.abs(), Rounding::Up)?.scaled(account.taker_fee_rate, Rounding::Up)?;
        if !fee.value.is_zero() {
            portfolio.deposit(fee.negated())?;
        }
        if instrument.only_moves_balances() {
            continue;
        }
        if let Some(held) = portfolio.positions.iter().find(|position| position.instrument == *id) {
            let closed = Position { quantity: closed_quantity(held.quantity, *quantity), ..held.clone() };
            let realised = instrument.carry(&closed, price).map_err(MarginError::of(instrument))?.unrealised;
            portfolio.deposit(realised)?;
        }
        if instrument.averages_harmonically() {
            portfolio.trade_inverse(*id, *quantity, Some(price))?;
        } else {
            portfolio.trade(*id, *quantity, Some(price))?;
        }
    }
    portfolio.positions.retain(|position| {
        position.quantity != Quantity::ZERO || !position.unsettled_pnl.is_zero() || !position.accrued_funding.is_zero()
    });
    portfolio.orders.extend(changes.orders.iter().cloned());
    Ok(changed)
}

/// The part of `held` that `traded` closes, with the sign of `held`.
fn closed_quantity(held: Quantity, traded: Quantity) -> Quantity {
    if held.0.signum() * traded.0.signum() >= 0 {
        return Quantity::ZERO;
    }
    if traded.abs() < held.abs() { traded.negated() } else { held }
}
