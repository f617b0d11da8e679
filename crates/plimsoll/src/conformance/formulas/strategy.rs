//! US strategies.

use plimsoll_margin::closed_forms::strategy::{Leg, ShortRates, defined_risk, long, stock_and_options};

use super::Formula;
use super::options::right;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[("strategy.requirement", requirement)];

fn leg(given: &Given<'_>) -> Result<Leg, Refused> {
    Ok(Leg {
        right: right(given)?,
        strike: given.number("strike")?,
        quantity: given.number("quantity")?,
        price: given.number_or("price", Decimal::ZERO)?,
    })
}

fn rates(given: &Given<'_>) -> Result<ShortRates, Refused> {
    Ok(ShortRates {
        share: given.number("share")?,
        minimum: given.number("minimum")?,
        leverage: given.number_or("leverage", Decimal::ONE)?,
        gross: given.flag("gross")?,
    })
}

fn requirement(given: &Given<'_>) -> Result<Figures, Refused> {
    let multiplier = given.number_or("multiplier", Decimal::ONE)?;
    let legs = given.list("legs")?.iter().map(leg).collect::<Result<Vec<_>, _>>()?;
    let one = || match legs.as_slice() {
        [leg] => Ok(leg),
        _ => Err(Refused::new(format!("given.legs: {} of them, expected one", legs.len()))),
    };
    let strategy = given.text("strategy")?;
    let found = match strategy {
        "naked_short" => rates(given)?.naked(one()?, given.number("underlying")?, multiplier)?,
        "long_plus_naked" => rates(given)?.long_and_naked(&legs, given.number("underlying")?, multiplier)?,
        "short_straddle" | "short_strangle" => match legs.as_slice() {
            [first, second] => rates(given)?.straddle([first, second], given.number("underlying")?, multiplier)?,
            _ => return Err(Refused::new(format!("given.legs: {} of them, expected two", legs.len()))),
        },
        "long_option" => long(one()?, given.number_or("long_share", Decimal::ONE)?, multiplier)?,
        "long_options" | "long_straddle" => legs
            .iter()
            .try_fold(Decimal::ZERO, |sum, leg| Ok::<_, Refused>(sum.plus(long(leg, Decimal::ONE, multiplier)?)?))?,
        "defined_risk" => defined_risk(&legs, given.flag("net")?, multiplier)?,
        "stock_plus_options" => {
            let [stock, price, share] = ["stock", "stock_price", "stock_share"].map(|name| given.number(name));
            stock_and_options(stock?, price?, share?, &legs, multiplier)?
        }
        other => return Err(Refused::new(format!("given.strategy: {other:?}, expected a strategy with a rule"))),
    };
    Ok(Figures::new().with("requirement", found))
}
