//! Isolated, cross, portfolio: one book under several models, and what sharing collateral saves.

use plimsoll_core::{Decimal, NumberError, Rounding};
use plimsoll_pricing::market::Market;
use std::collections::BTreeMap;

use super::margin::Margin;
use crate::level::Policy;
use crate::models::{Held, Model};
use crate::{Account, MarginError};

/// How far an owner's collateral is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Not at all: a position's gain supports only itself.
    None,
    /// In one pool.
    Whole,
}

/// A book under one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The model.
    pub model: &'static str,
    /// How it shares.
    pub sharing: Sharing,
    /// Its margin, or why it has none.
    pub margin: Result<Margin, MarginError>,
    /// Collateral an owner without any other assets would have to bring at the initial level:
    /// requirement − what the positions themselves are worth, shared as the model shares.
    pub collateral_needed: Option<Decimal>,
}

/// `account` under each of `models`.
#[must_use]
pub fn compare(account: &Account, market: &Market, models: &[(&dyn Model, Sharing)], policy: &Policy) -> Vec<Row> {
    models.iter().map(|(model, sharing)| row(account, market, *model, *sharing, policy)).collect()
}

fn row(account: &Account, market: &Market, model: &dyn Model, sharing: Sharing, policy: &Policy) -> Row {
    let judged = model.prepare(market, &Held::by([account])).and_then(|judge| {
        let margin = Margin::of(account, market, judge.as_ref(), policy)?;
        let needed = needed(account, market, &margin, sharing)?;
        Ok((margin, needed))
    });
    let (margin, collateral_needed) = match judged {
        Ok((margin, needed)) => (Ok(margin), Some(needed)),
        Err(error) => (Err(error), None),
    };
    Row { model: model.name(), sharing, margin, collateral_needed }
}

/// Requirement less what positions are worth, where the worth may be used.
fn needed(account: &Account, market: &Market, margin: &Margin, sharing: Sharing) -> Result<Decimal, MarginError> {
    let initial = &margin.requirement.initial;
    if sharing == Sharing::Whole {
        let worth = worths(account, market)?.into_iter().try_fold(Decimal::ZERO, |sum, (_, worth)| sum.plus(worth))?;
        return Ok(initial.amount.minus(worth)?.or_zero());
    }
    // The model's tree has a child for every position, labelled with its name, and more for orders.
    let mut alone: BTreeMap<String, Decimal> = BTreeMap::new();
    for (name, worth) in worths(account, market)? {
        add(&mut alone, name, worth.negated())?;
    }
    for (at, child) in initial.children().iter().enumerate() {
        let name = if alone.contains_key(&*child.label) { child.label.to_string() } else { format!("order {at}") };
        add(&mut alone, name, child.amount)?;
    }
    Ok(alone.into_values().try_fold(Decimal::ZERO, |sum, need| sum.plus(need.or_zero()))?)
}

fn add(sums: &mut BTreeMap<String, Decimal>, name: String, amount: Decimal) -> Result<(), NumberError> {
    let sum = sums.entry(name).or_default();
    *sum = sum.plus(amount)?;
    Ok(())
}

/// Name and present worth (unrealised P&L, or option value) of every position, in the market's
/// currency.
fn worths(account: &Account, market: &Market) -> Result<Vec<(String, Decimal)>, MarginError> {
    let mut all = Vec::with_capacity(account.portfolio.positions.len());
    for position in &account.portfolio.positions {
        let id = position.instrument;
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let carry = instrument.carry(position, market.priced(id)?.mark).map_err(MarginError::of(instrument))?;
        let worth = carry.unrealised.plus(carry.option_value)?;
        let worth = worth.at(market.asset_price(worth.asset)?, Rounding::Down)?;
        all.push((instrument.terms().name.to_string(), worth.value));
    }
    Ok(all)
}
