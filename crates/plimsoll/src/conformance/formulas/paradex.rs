//! Paradex: options in cross margin, the minimum on deltas.

use plimsoll_margin::models::paradex_cross::OptionRates;
use plimsoll_margin::models::paradex_portfolio::Deltas;

use super::Formula;
use super::options::right;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] =
    &[("paradex-cross.option", option), ("paradex-portfolio.minimum", minimum)];

/// The margins of one option, at both levels.
fn option(given: &Given<'_>) -> Result<Figures, Refused> {
    let (right, strike, spot) = (right(given)?, given.number("strike")?, given.number("spot")?);
    let quantity = given.number("quantity")?;
    let mut figures = Figures::new();
    for (name, level) in [("initial", "initial_rates"), ("maintenance", "maintenance_rates")] {
        let of = given.part(level);
        let rates = OptionRates {
            premium_multiplier: of.number("premium_multiplier")?,
            long_itm: of.number("long_itm")?,
            short_itm: of.number("short_itm")?,
            short_otm: of.number("short_otm")?,
            short_put_cap: of.number("short_put_cap")?,
        };
        let mark = given.number_or("mark", Decimal::ZERO)?;
        figures = figures.with(name, rates.margin(quantity, right, strike, spot, mark)?);
    }
    Ok(figures)
}

/// Deltas of a portfolio, and what is asked for them at least.
fn minimum(given: &Given<'_>) -> Result<Figures, Refused> {
    let mut deltas = Deltas::default();
    for position in given.list("positions")? {
        deltas = deltas.plus(position.number("quantity")?, position.number("delta")?)?;
    }
    let [net_rate, hedged_rate, spot] = ["net_rate", "hedged_rate", "spot"].map(|name| given.number(name));
    let charge: Decimal = deltas.minimum(net_rate?, hedged_rate?, spot?)?;
    Ok(Figures::new()
        .with("net_delta", deltas.net)
        .with("gross_delta", deltas.gross)
        .with("hedged_delta", deltas.hedged()?)
        .with("minimum", charge))
}
