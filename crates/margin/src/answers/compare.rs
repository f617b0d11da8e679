//! Isolated, cross, portfolio: one book under several models, and what sharing collateral saves.

use plimsoll_core::{Asset, Decimal, NumberError, Rounding};
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
    /// Within a settlement asset.
    BySettlement,
    /// Everywhere.
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
        let worth =
            worths(account, market)?.into_iter().try_fold(Decimal::ZERO, |sum, (_, _, worth)| sum.plus(worth))?;
        return Ok(initial.amount.minus(worth)?.or_zero());
    }
    // These models' trees have one child an instrument or order, labelled with its name.
    let mut pools: BTreeMap<(Option<Asset>, String), Decimal> = BTreeMap::new();
    let pool = |asset: Asset, name: &str| match sharing {
        Sharing::BySettlement => (Some(asset), String::new()),
        _ => (None, name.to_owned()),
    };
    let mut settled: BTreeMap<String, Asset> = BTreeMap::new();
    for (name, asset, worth) in worths(account, market)? {
        add(&mut pools, pool(asset, &name), worth.negated())?;
        settled.insert(name, asset);
    }
    for (at, child) in initial.children().iter().enumerate() {
        let (asset, name) = match settled.get(&*child.label) {
            Some(asset) => (*asset, child.label.to_string()),
            None => (initial_asset(market, &child.label)?, format!("order {at}")),
        };
        add(&mut pools, pool(asset, &name), child.amount)?;
    }
    Ok(pools.into_values().try_fold(Decimal::ZERO, |sum, need| sum.plus(need.or_zero()))?)
}

fn add<K: Ord>(pools: &mut BTreeMap<K, Decimal>, key: K, amount: Decimal) -> Result<(), NumberError> {
    let pool = pools.entry(key).or_default();
    *pool = pool.plus(amount)?;
    Ok(())
}

/// The settlement asset of the instrument called `name`; the currency for anything else.
fn initial_asset(market: &Market, name: &str) -> Result<Asset, MarginError> {
    let instrument = market.listing().id(name).and_then(|id| market.listing().get(id));
    Ok(instrument.map_or(market.snapshot().currency, |instrument| instrument.terms().settlement))
}

/// Name, settlement asset and present worth (unrealised P&L, or option value) of every position, in
/// the market's currency.
fn worths(account: &Account, market: &Market) -> Result<Vec<(String, Asset, Decimal)>, MarginError> {
    let mut all = Vec::with_capacity(account.portfolio.positions.len());
    for position in &account.portfolio.positions {
        let id = position.instrument;
        let instrument = market.listing().get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
        let carry = instrument.carry(position, market.priced(id)?.mark)?;
        let worth = carry.unrealised.plus(carry.option_value)?;
        let worth = worth.at(market.asset_price(worth.asset)?, Rounding::Down)?;
        all.push((instrument.terms().name.to_string(), instrument.terms().settlement, worth.value));
    }
    Ok(all)
}
