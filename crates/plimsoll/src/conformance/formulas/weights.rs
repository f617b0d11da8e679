//! Weights that bend with size: Drift.

use plimsoll_margin::models::weights::curves::{capped, fill, gain_weight, size_discount, size_premium};

use super::Formula;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] =
    &[("weights.asset", asset), ("weights.gain", gain), ("weights.liability", liability)];

/// The weight of an asset at a level: initial, fill or maintenance.
fn asset(given: &Given<'_>) -> Result<Figures, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    let initial = given.number("initial")?;
    let level = if given.has("level") { given.text("level")? } else { "initial" };
    let deposits = zero("deposits")?.times(given.number_or("price", Decimal::ONE)?, plimsoll_core::Rounding::Up)?;
    let weight = match level {
        "initial" => capped(initial, zero("deposit_cap")?, deposits)?,
        "fill" => fill(initial, given.number("maintenance")?)?,
        "maintenance" => given.number("maintenance")?,
        other => return Err(Refused::new(format!("given.level: {other:?}, expected initial, fill or maintenance"))),
    };
    Ok(Figures::new().with("weight", size_discount(weight, zero("imf")?, zero("size")?)?))
}

fn liability(given: &Given<'_>) -> Result<Figures, Refused> {
    let [weight, imf, size] = ["weight", "imf", "size"].map(|name| given.number(name));
    Ok(Figures::new().with("weight", size_premium(weight?, imf?, size?)?))
}

fn gain(given: &Given<'_>) -> Result<Figures, Refused> {
    let [weight, imf, gain] = ["weight", "imf", "gain"].map(|name| given.number(name));
    Ok(Figures::new().with("weight", gain_weight(weight?, imf?, gain?)?))
}
