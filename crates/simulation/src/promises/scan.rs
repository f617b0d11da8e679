//! The least that `plimsoll` may ask of an account without options: what its coins and delta-one contracts lose at the edge
//! of the scan range, times the share of the sum that is always required.
//!
//! A floor and not the figure: it tells a table of old prices, a side that was turned round or a loss that was halved, and
//! says nothing of orders, curvature, volatility and add-ons.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Decimal, Underlying};
use plimsoll_engine::State;
use plimsoll_engine::market::Quality;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::{Instrument, Style};

use super::Wrong;
use super::equity::of_units;
use super::exact::ONE;
use super::mirror::{Mirror, cost, thousandths};

/// The promise.
pub const SCAN: &str = "a requirement is no less than the loss at the edge of the scan range";

/// Share of the sum of underlyings' worsts that is always required, and maintenance as a share of initial margin.
const FLOOR: f64 = 0.6;
const MAINTENANCE: f64 = 0.8;
/// What marks off their index may take from it.
const TOLERANCE: f64 = 0.97;

/// A mark further from its index is one that was not said again after a gap: the scan moves the forward, which was not
/// either.
const LAG: f64 = 0.01;

/// Whether the margin of `unit`, which `plimsoll` judged, is too small.
#[must_use]
pub fn check(state: &State, mirror: &Mirror, id: AccountId, found: &Margin) -> Option<Wrong> {
    // A price that is not trusted counts less as collateral than it moves.
    if mirror.feeds.all().any(|(_, seen)| seen.quality != Quality::Trusted) {
        return None;
    }
    let unit = state.margined_with(id);
    let (mut deltas, mut unsure): (BTreeMap<Underlying, f64>, BTreeMap<Underlying, f64>) = Default::default();
    for each in &unit {
        let account = mirror.accounts.get(each.index())?;
        for (asset, units) in &account.cash {
            add(mirror, &mut deltas, *asset, of_units(*units));
        }
        for (asset, loan) in &account.loans {
            add(mirror, &mut deltas, *asset, -of_units(loan.borrowed + loan.interest));
        }
        for (contract, (held, paid)) in &account.held {
            let instrument = &mirror.contracts.get(contract.index())?.instrument;
            let mark = mirror.mark(*contract)?;
            let gain = of_units(cost(instrument, *held, mark)? - paid);
            let dollars = dollars(mirror, instrument, of_units(*held), of_units(mark))?;
            let (share, off) = moving(mirror, instrument, mark);
            *deltas.entry(instrument.terms().underlying).or_default() += dollars * share;
            *unsure.entry(instrument.terms().underlying).or_default() += dollars.abs() * off;
            add(mirror, &mut deltas, instrument.terms().settlement, gain);
        }
    }
    let mut lost = 0.0;
    for (underlying, dollars) in deltas {
        let unsure = unsure.get(&underlying).copied().unwrap_or_default();
        lost += (dollars.abs() - unsure).max(0.0) * range(state, underlying)?;
    }
    let least = [
        ("initial", found.requirement.initial.amount, lost * FLOOR),
        ("maintenance", found.requirement.maintenance.amount, lost * FLOOR * MAINTENANCE),
    ];
    let short = least.into_iter().find(|(_, found, least)| float(*found) < least * TOLERANCE - 1.0);
    short.map(|(what, found, least)| Wrong::of(SCAN, id, format!("{what} margin {found}"), format!("at least {least}")))
}

/// A coin moves with the underlying of its name; what has none does not move here.
fn add(mirror: &Mirror, deltas: &mut BTreeMap<Underlying, f64>, asset: plimsoll_core::Asset, count: f64) {
    let underlying = asset.underlying();
    if let Some(price) = mirror.price(asset).filter(|_| mirror.underlyings.contains_key(&underlying)) {
        *deltas.entry(underlying).or_default() += count * of_units(price);
    }
}

/// What contracts stand for, with their sign; none of an option, whose loss is no line, or of spot, which has no mark.
fn dollars(mirror: &Mirror, instrument: &Instrument, count: f64, mark: f64) -> Option<f64> {
    if instrument.strike().is_some() || instrument.only_moves_balances() {
        return None;
    }
    let terms = instrument.terms();
    let index = of_units(mirror.price(terms.underlying.asset())?) / of_units(mirror.price(terms.quote)?);
    if (mark / index - 1.0).abs() > LAG {
        return None;
    }
    let size = float(terms.contract_size) * count;
    match instrument.style() {
        Style::Inverse => Some(size / mark * of_units(mirror.price(instrument.terms().settlement)?)),
        _ => Some(size * mark * of_units(mirror.price(instrument.terms().quote)?)),
    }
}

/// The share of a forward that its settlement window has not fixed, and by how much that may be off: of what offsets
/// something else more is as wrong as less.
fn moving(mirror: &Mirror, instrument: &Instrument, mark: i128) -> (f64, f64) {
    let Some(expiry) = instrument.expiry() else { return (1.0, 0.0) };
    let Some(stood) = mirror.window(instrument.terms().underlying, expiry) else { return (1.0, 0.0) };
    let (mut fixed, mut milliseconds) = (0.0, 0_i64);
    for (price, more) in &stood.prices {
        fixed += of_units(*price) * of_units(i128::from(*more) * ONE);
        milliseconds += more;
    }
    if milliseconds == 0 {
        return (1.0, 0.0);
    }
    let whole = milliseconds + (thousandths(expiry) - thousandths(stood.until)).max(0);
    let share = 1.0 - fixed / of_units(i128::from(whole) * ONE) / of_units(mark);
    (share.clamp(0.0, 1.0), 2.0 * LAG)
}

fn range(state: &State, underlying: Underlying) -> Option<f64> {
    let rules = state.models.get("plimsoll")?;
    let said = |name: &str| rules.parameters.iter().find(|(known, _)| &**known == name).map(|(_, value)| value);
    // A name of its own comes before the default, whoever set it.
    let (own, named) = match underlying.as_str() {
        "BTC" => (0.16, true),
        "ETH" => (0.18, true),
        _ => (0.25, false),
    };
    let set = said(&format!("price_range.{underlying}")).or_else(|| said("price_range").filter(|_| !named));
    match set {
        Some(value) => value.parse::<Decimal>().ok().map(float),
        None => Some(own),
    }
}
