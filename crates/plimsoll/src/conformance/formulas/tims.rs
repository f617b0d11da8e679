//! TIMS.

use plimsoll_margin::closed_forms::strategy::per_contract;
use plimsoll_margin::models::tims::groups::class_requirement;

use super::Formula;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[("tims.class", class)];

/// The minimum charges of a class's contracts, against its loss where its gains are given.
fn class(given: &Given<'_>) -> Result<Figures, Refused> {
    let minimum = per_contract(given.number("contracts")?, given.number("least")?)?;
    let requirement = class_requirement(&given.numbers("pnl")?, minimum);
    Ok(Figures::new().with("minimum", minimum).with("requirement", requirement))
}
