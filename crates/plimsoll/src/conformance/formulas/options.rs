//! Option formulas.

use plimsoll_core::{Decimal, Rounding, Timestamp};
use plimsoll_margin::models::Model;
use plimsoll_margin::models::derive_standard::{DeriveStandard, ShortOption};
use plimsoll_pricing::float::{decimal, float, years};
use plimsoll_pricing::formulas::implied_vol::implied_vol;
use plimsoll_pricing::formulas::inverse::{bankruptcy_price, coin_greeks, coin_payoff, future_pnl, future_pnl_slope};
use plimsoll_pricing::formulas::{Right, black76};

use super::Formula;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[
    ("black76", black),
    ("black76.discounted", discounted),
    ("years", years_of),
    ("black76.implied-vol", implied),
    ("inverse.option", inverse_option),
    ("inverse.future", inverse_future),
    ("derive-standard.short-option", derive_short),
];

/// A right by name.
pub(super) fn right(given: &Given<'_>) -> Result<Right, Refused> {
    match given.text("right")? {
        "call" => Ok(Right::Call),
        "put" => Ok(Right::Put),
        other => Err(Refused::new(format!("given.right: {other:?}, expected \"call\" or \"put\""))),
    }
}

fn black(given: &Given<'_>) -> Result<Figures, Refused> {
    let [forward, strike, vol, years, rate] =
        ["forward", "strike", "vol", "years", "rate"].map(|name| given.float(name));
    let (right, forward, strike, vol, years, rate) = (right(given)?, forward?, strike?, vol?, years?, rate?);
    let greeks = black76::greeks(right, forward, strike, vol, years, rate);
    Ok(Figures::new()
        .with("price", black76::price(right, forward, strike, vol, years, rate))
        .with("delta", greeks.delta)
        .with("gamma", greeks.gamma)
        .with("vega", greeks.vega)
        .with("theta", greeks.theta))
}

/// Both rights, with the discount given in place of a rate.
fn discounted(given: &Given<'_>) -> Result<Figures, Refused> {
    let [forward, strike, vol, discount] = ["forward", "strike", "vol", "discount"].map(|name| given.float(name));
    let (forward, strike, vol, discount, years) = (forward?, strike?, vol?, discount?, seconds(given)?);
    let price = |right| discount * black76::price(right, forward, strike, vol, years, 0.0);
    Ok(Figures::new()
        .with("call", price(Right::Call))
        .with("put", price(Right::Put))
        .with("call_delta_undiscounted", black76::greeks(Right::Call, forward, strike, vol, years, 0.0).delta))
}

fn years_of(given: &Given<'_>) -> Result<Figures, Refused> {
    Ok(Figures::new().with("years", seconds(given)?))
}

/// Years of so many seconds.
fn seconds(given: &Given<'_>) -> Result<f64, Refused> {
    let from = Timestamp::from_nanos(0);
    let to = from.plus_seconds(i64::from(given.count("seconds")?));
    Ok(years(from, to.ok_or_else(|| Refused::new("given.seconds: beyond the year 2262"))?))
}

fn implied(given: &Given<'_>) -> Result<Figures, Refused> {
    let [forward, strike, years, price] = ["forward", "strike", "years", "price"].map(|name| given.float(name));
    let vol = implied_vol(right(given)?, forward?, strike?, years?, price?);
    Ok(Figures::new().with("vol", vol.map_err(|error| Refused::new(error.to_string()))?))
}

fn inverse_option(given: &Given<'_>) -> Result<Figures, Refused> {
    let [forward, strike, vol, years] = ["forward", "strike", "vol", "years"].map(|name| given.float(name));
    let (right, forward, strike) = (right(given)?, forward?, strike?);
    let greeks = coin_greeks(right, forward, strike, vol?, years?);
    Ok(Figures::new()
        .with("price", greeks.price)
        .with("price_quote", greeks.price_quote)
        .with("delta", greeks.delta)
        .with("delta_net", greeks.delta_net)
        .with("slope", greeks.slope)
        .with("curvature", greeks.curvature)
        .with("vega", greeks.vega)
        .with("payoff", coin_payoff(right, forward, strike)))
}

fn inverse_future(given: &Given<'_>) -> Result<Figures, Refused> {
    let [side, contracts, entry, mark] = ["side", "contracts", "entry", "mark"].map(|name| given.float(name));
    let (signed, entry, mark) = (side? * contracts?, entry?, mark?);
    let mut figures =
        Figures::new().with("pnl", future_pnl(signed, entry, mark)).with("pnl_slope", future_pnl_slope(signed, mark));
    if given.has("collateral") {
        figures = figures.with("bankruptcy_price", bankruptcy_price(signed, entry, given.float("collateral")?));
    }
    Ok(figures)
}

/// A market of its own, with the rates given.
fn derive_short(given: &Given<'_>) -> Result<Figures, Refused> {
    let mut model = DeriveStandard::default();
    for (name, rate) in given.fields("rates")? {
        model.set(&format!("{name}.CASE"), &rate.as_number()?.to_string())?;
    }
    let (size, right) = (given.number("size")?, right(given)?);
    let [strike, index] = ["strike", "index"].map(|name| given.number(name));
    let (strike, index) = (strike?, index?);
    let unit = black76::price(right, given.float("forward")?, float(strike), given.float("vol")?, seconds(given)?, 0.0);
    let value = size.abs().times(decimal(unit, Decimal::PLACES)?, Rounding::Up)?;
    let short = ShortOption { right, strike, index, size: size.negated(), value };
    let [initial, maintenance] = model.parameters.short_option("CASE", &short)?;
    Ok(Figures::new().with("initial", initial).with("maintenance", maintenance))
}
