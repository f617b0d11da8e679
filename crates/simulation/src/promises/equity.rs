//! What an account has and must hold, by a slow rule of our own in plain floats, from the second set of books.
//!
//! The page `crates/margin/src/equity.rs` opens with, the README of `cross` and `isolated`, and their parameters as
//! `plimsoll models` lists them are the source; nothing here is shared with the models but those numbers. Where a price
//! is not trusted, or a contract has no mark that was said, nothing is compared: those have rules of their own.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Asset};
use plimsoll_engine::market::Quality;
use plimsoll_engine::{ContractId, State};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_pricing::float::float;

use super::mirror::{Mirror, cost};
use super::{Wrong, brackets};

/// The promise.
pub const EQUITY: &str = "equity and margin are what the model's page says";

/// Haircuts by size: from a value in the currency on, a share of what is above it.
pub type Tiers = &'static [(f64, f64)];

const NO_HAIRCUT: Tiers = &[(0.0, 0.0)];

/// Σ over tiers of the part of `size` inside × the tier's rate.
#[must_use]
pub fn tiered(tiers: Tiers, size: f64) -> f64 {
    let ends = tiers.iter().skip(1).map(|(from, _)| *from).chain([f64::INFINITY]);
    tiers.iter().zip(ends).map(|((from, rate), to)| (size.min(to) - from).max(0.0) * rate).sum()
}

/// Haircuts of the model `plimsoll`.
fn house_haircut(asset: &str) -> Tiers {
    match asset {
        "USD" => NO_HAIRCUT,
        "BTC" => &[(0.0, 0.002), (5e7, 0.01), (5e8, 0.03)],
        "ETH" => &[(0.0, 0.003), (3e7, 0.01), (3e8, 0.03)],
        "USDC" => &[(0.0, 0.000_5), (1e8, 0.002)],
        "SOL" => &[(0.0, 0.01), (1e6, 0.03), (1e7, 0.06)],
        _ => &[(0.0, 0.4), (1e6, 0.6), (1e7, 0.9)],
    }
}

/// Haircuts of `cross` and `isolated`, which cover the whole move.
fn bracket_haircut(asset: &str) -> Tiers {
    match asset {
        "USD" => NO_HAIRCUT,
        "BTC" => &[(0.0, 0.05), (5e7, 0.15)],
        "ETH" => &[(0.0, 0.07), (3e7, 0.2)],
        "USDC" => &[(0.0, 0.001), (1e8, 0.005)],
        _ => &[(0.0, 0.15), (1e6, 0.3), (1e7, 0.5)],
    }
}

/// One asset, netted.
#[derive(Clone, Copy, Debug, Default)]
struct Net {
    cash: f64,
    gains: f64,
    losses: f64,
    options: f64,
}

/// What a unit of accounts has, in the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Equity {
    /// At the initial level.
    pub initial: f64,
    /// At maintenance.
    pub maintenance: f64,
    /// Without credit and gains.
    pub withdrawable: f64,
    /// As it is.
    pub net_value: f64,
}

/// A decimal of the books as a float.
#[must_use]
pub fn of_units(units: i128) -> f64 {
    plimsoll_core::Decimal::from_units(units).map_or(f64::NAN, float)
}

/// Whether two figures are one, but for what floats hide.
#[must_use]
pub fn close(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= 1e-6 + 1e-9 * scale.abs().max(expected.abs())
}

/// What is wrong with the margin of `id` that was found.
#[must_use]
pub fn check(state: &State, mirror: &Mirror, id: AccountId, found: &Margin) -> Option<Wrong> {
    if mirror.feeds.all().any(|(_, seen)| seen.quality != Quality::Trusted) {
        return None;
    }
    let unit = state.margined_with(id);
    let model: &str = &mirror.accounts.get(id.index())?.terms.model;
    let (expected, scale) = equity(mirror, &unit, model)?;
    let equity = &found.equity;
    let read = |amount: plimsoll_core::Decimal| float(amount);
    let mut figures = vec![("net value", read(equity.net_value.amount), expected.net_value)];
    if matches!(model, "plimsoll" | "cross" | "isolated") {
        figures.extend([
            ("initial equity", read(equity.initial.amount), expected.initial),
            ("maintenance equity", read(equity.maintenance.amount), expected.maintenance),
            ("withdrawable equity", read(equity.withdrawable.amount), expected.withdrawable),
        ]);
    }
    if matches!(model, "cross" | "isolated")
        && let Some((initial, maintenance)) = brackets::required(mirror, id, model == "isolated")
    {
        figures.push(("initial margin", read(found.requirement.initial.amount), initial));
        figures.push(("maintenance margin", read(found.requirement.maintenance.amount), maintenance));
    }
    let differs = figures.into_iter().find(|(_, found, expected)| !close(*found, *expected, scale));
    differs
        .map(|(what, found, expected)| Wrong::of(EQUITY, id, format!("{model}: {what} {found}"), expected.to_string()))
}

/// What `unit` has under a model's haircuts, and the gross of what it was summed from.
#[must_use]
pub fn equity(mirror: &Mirror, unit: &[AccountId], model: &str) -> Option<(Equity, f64)> {
    let mut nets: BTreeMap<Asset, Net> = BTreeMap::new();
    let mut held: BTreeMap<ContractId, (i128, i128)> = BTreeMap::new();
    let mut credit = 0.0;
    for id in unit {
        let account = mirror.accounts.get(id.index())?;
        credit += float(account.terms.credit_line);
        for (asset, units) in &account.cash {
            nets.entry(*asset).or_default().cash += of_units(*units);
        }
        for (asset, loan) in &account.loans {
            nets.entry(*asset).or_default().cash -= of_units(loan.borrowed + loan.interest);
        }
        for (contract, (count, paid)) in &account.held {
            let sum = held.entry(*contract).or_default();
            *sum = (sum.0 + count, sum.1 + paid);
        }
    }
    for (contract, (count, paid)) in held {
        let instrument = &mirror.contracts.get(contract.index())?.instrument;
        let mark = mirror.mark(contract)?;
        let worth = cost(instrument, count, mark)?;
        let net = nets.entry(instrument.terms().settlement).or_default();
        if instrument.is_paid_when_bought() {
            net.options += of_units(worth);
        } else {
            let gain = of_units(worth - paid);
            net.gains += gain.max(0.0);
            net.losses += gain.min(0.0);
        }
    }
    let shares = model != "isolated";
    let mut all = Equity { initial: credit, maintenance: credit, withdrawable: 0.0, net_value: 0.0 };
    let mut scale = credit;
    for (asset, net) in nets {
        let Some(price) = mirror.price(asset) else { continue };
        let price = of_units(price);
        scale += (net.cash.abs() + net.gains - net.losses + net.options.abs()) * price;
        let tiers = if model == "plimsoll" { house_haircut(asset.as_str()) } else { bracket_haircut(asset.as_str()) };
        let valued = |pnl: f64, tiers: Tiers| {
            let value = (net.cash + pnl) * price;
            value - tiered(tiers, value.abs()) + net.options * price
        };
        let together = net.gains + net.losses;
        all.initial += valued(if shares { together } else { net.losses }, tiers);
        all.maintenance += valued(if shares { together } else { net.losses }, tiers);
        all.withdrawable += valued(if shares { together.min(0.0) } else { net.losses }, tiers);
        all.net_value += valued(together, NO_HAIRCUT);
    }
    Some((all, scale))
}
