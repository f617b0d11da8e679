//! SPAN.

use plimsoll_margin::models::span::SpanParameters;
use plimsoll_margin::models::span::scan::{Extreme, Figures as Array, SCENARIOS, Scan};

use super::Formula;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[("span.scan", scan)];

/// Legs, each with its array or, where it is a future without one, made of the price scan range.
fn scan(given: &Given<'_>) -> Result<Figures, Refused> {
    let mut legs = Vec::new();
    for leg in given.list("legs")? {
        let array = if leg.has("array") { array(&leg)? } else { future(given)? };
        legs.push((leg.number("quantity")?, array));
    }
    let scan = Scan::of_legs(&legs)?;
    let worst = u32::try_from(scan.worst + 1).map_err(|_| Refused::new("more scenarios than can be counted"))?;
    Ok(Figures::new()
        .with("pnl", scan.pnl.to_vec())
        .with("scan_risk", scan.risk)
        .with("worst_scenario", Decimal::from_int(worst.into()))
        .with("price_risk", scan.price_risk()?))
}

fn array(leg: &Given<'_>) -> Result<Array, Refused> {
    let all = leg.numbers("array")?;
    let count = all.len();
    all.try_into().map_err(|_| Refused::new(format!("legs.array: {count} figures, expected {SCENARIOS}")))
}

fn future(given: &Given<'_>) -> Result<Array, Refused> {
    let usual = SpanParameters::default().extreme;
    let extreme = Extreme {
        multiple: given.number_or("extreme_multiple", usual.multiple)?,
        cover: given.number_or("extreme_cover", usual.cover)?,
    };
    Ok(extreme.future(given.number("price_scan_range")?)?)
}
