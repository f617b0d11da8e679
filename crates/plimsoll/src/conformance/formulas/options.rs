//! Option formulas.

use plimsoll_pricing::formulas::{Right, black76};

use super::Formula;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[("black76", black)];

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
