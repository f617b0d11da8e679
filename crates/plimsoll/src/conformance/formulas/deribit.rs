//! Deribit.

use plimsoll_margin::models::deribit_standard::{FutureRates, OptionRates, Short};

use super::Formula;
use super::options::right;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] =
    &[("deribit-standard.future", future), ("deribit-standard.option", option)];

fn future(given: &Given<'_>) -> Result<Figures, Refused> {
    let rates = FutureRates {
        im_base: given.number("im_base")?,
        mm_base: given.number_or("mm_base", Decimal::ZERO)?,
        slope: given.number_or("slope", Decimal::ZERO)?,
        mm_of_im: given.number_or("mm_of_im", Decimal::ZERO)?,
    };
    let size = given.number("size")?.abs();
    let (initial, maintenance) = rates.margins(size, given.number_or("index", Decimal::ONE)?)?;
    Ok(Figures::new()
        .with("initial_rate", rates.initial(size)?)
        .with("initial", initial)
        .with("maintenance_rate", rates.maintenance(size)?)
        .with("maintenance", maintenance))
}

fn option(given: &Given<'_>) -> Result<Figures, Refused> {
    let rates = OptionRates {
        initial: given.number("option_initial")?,
        minimum: given.number("option_minimum")?,
        maintenance: given.number("option_maintenance")?,
    };
    let inverse = given.flag("inverse")?;
    let short = Short {
        right: right(given)?,
        strike: given.number("strike")?,
        index: given.number("index")?,
        mark: given.number("mark")?,
    };
    let per_unit = if inverse { rates.inverse(&short)? } else { rates.linear(&short)? };
    let (initial, maintenance) = rates.margins(&short, inverse, given.number("quantity")?.abs())?;
    Ok(Figures::new()
        .with("initial_per_unit", per_unit.0)
        .with("maintenance_per_unit", per_unit.1)
        .with("initial", initial)
        .with("maintenance", maintenance))
}
