//! Greeks of a book: by position, by expiry, by underlying.

use std::sync::Arc;

use plimsoll_core::{Asset, Quantity, Timestamp, Underlying};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::SettlementGreeks;
use plimsoll_pricing::market::Market;

use crate::{Account, MarginError};

/// Summed Greeks. Gains are positive; a short position has its signs turned.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sensitivity {
    /// Units of the underlying: P&L in the quote per unit of price.
    pub delta: f64,
    /// The same of contracts alone, less the premium of coin-settled options: what moves an account
    /// that is counted in coin, in which the coins themselves do not move.
    pub delta_net: f64,
    /// Change of delta per unit of price.
    pub gamma: f64,
    /// P&L in the quote per vol point.
    pub vega: f64,
    /// P&L in the quote per day.
    pub theta: f64,
    /// P&L in the quote per 1 % of the discount rate.
    pub rho: f64,
}

impl Sensitivity {
    fn plus(self, other: Self) -> Self {
        Self {
            delta: self.delta + other.delta,
            delta_net: self.delta_net + other.delta_net,
            gamma: self.gamma + other.gamma,
            vega: self.vega + other.vega,
            theta: self.theta + other.theta,
            rho: self.rho + other.rho,
        }
    }
}

/// One position's Greeks.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionGreeks {
    /// The instrument's name.
    pub name: Arc<str>,
    /// What it is written on.
    pub underlying: Underlying,
    /// When it expires.
    pub expiry: Option<Timestamp>,
    /// Contracts held.
    pub quantity: Quantity,
    /// Volatility it was valued at, and where that came from.
    pub vol: Option<plimsoll_pricing::market::Vol>,
    /// Of the whole position, in the quote.
    pub sensitivity: Sensitivity,
    /// What it is settled in.
    pub settlement: Asset,
    /// Of the whole position, in that: in coin for a coin-settled contract.
    pub in_settlement: SettlementGreeks,
}

/// A book's Greeks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookGreeks {
    /// Position by position, in the listing's order.
    pub positions: Vec<PositionGreeks>,
    /// By underlying and expiry.
    pub expiries: Vec<(Underlying, Option<Timestamp>, Sensitivity)>,
    /// By underlying, its coin balance counted as delta.
    pub underlyings: Vec<(Underlying, Sensitivity)>,
    /// By underlying and what contracts settle in, counted in that.
    pub settlements: Vec<(Underlying, Asset, SettlementGreeks)>,
}

/// The Greeks of `account`.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub fn greeks(account: &Account, market: &Market) -> Result<BookGreeks, MarginError> {
    let mut held: Vec<_> = account.portfolio.positions.iter().collect();
    held.sort_by_key(|position| position.instrument);
    let mut book = BookGreeks::default();
    for position in held {
        let id = position.instrument;
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let priced = market.priced(id)?;
        let (each, count) = (instrument.greeks(priced), float(position.quantity.0));
        let sensitivity = Sensitivity {
            delta: each.delta * count,
            delta_net: each.delta_net * count,
            gamma: each.gamma * count,
            vega: each.vega * count,
            theta: each.theta * count,
            rho: each.rho * count,
        };
        let (underlying, expiry) = (instrument.terms().underlying, instrument.expiry());
        let settlement = instrument.terms().settlement;
        let in_settlement = scaled(each.in_settlement, count);
        match book.settlements.iter_mut().find(|(u, asset, _)| (*u, *asset) == (underlying, settlement)) {
            Some((_, _, sum)) => *sum = together(*sum, in_settlement),
            None => book.settlements.push((underlying, settlement, in_settlement)),
        }
        match book.expiries.last_mut() {
            Some((u, e, sum)) if (*u, *e) == (underlying, expiry) => *sum = sum.plus(sensitivity),
            _ => book.expiries.push((underlying, expiry, sensitivity)),
        }
        add(&mut book.underlyings, underlying, sensitivity);
        book.positions.push(PositionGreeks {
            name: instrument.terms().name.clone(),
            underlying,
            expiry,
            quantity: position.quantity,
            vol: priced.vol,
            sensitivity,
            settlement,
            in_settlement,
        });
    }
    for net in crate::equity::net_assets(&account.portfolio, market)? {
        let underlying = net.asset.underlying();
        if market.snapshot().underlyings.contains_key(&underlying) {
            let coins = float(net.balance()?);
            add(&mut book.underlyings, underlying, Sensitivity { delta: coins, ..Sensitivity::default() });
        }
    }
    Ok(book)
}

fn scaled(each: SettlementGreeks, by: f64) -> SettlementGreeks {
    let SettlementGreeks { delta, gamma, vega, theta, rho } = each;
    SettlementGreeks { delta: delta * by, gamma: gamma * by, vega: vega * by, theta: theta * by, rho: rho * by }
}

fn together(left: SettlementGreeks, right: SettlementGreeks) -> SettlementGreeks {
    SettlementGreeks {
        delta: left.delta + right.delta,
        gamma: left.gamma + right.gamma,
        vega: left.vega + right.vega,
        theta: left.theta + right.theta,
        rho: left.rho + right.rho,
    }
}

fn add(sums: &mut Vec<(Underlying, Sensitivity)>, underlying: Underlying, more: Sensitivity) {
    match sums.iter_mut().find(|(each, _)| *each == underlying) {
        Some((_, sum)) => *sum = sum.plus(more),
        None => sums.push((underlying, more)),
    }
}
