//! Perpetuals on chain: dYdX's margins, bankruptcy prices and fills, Hyperliquid's tiers.

use plimsoll_margin::closed_forms::bankruptcy::{ClosingTrade, Fillable};
use plimsoll_margin::models::leverage_tiers::{borrowable, maintenance_rate};
use plimsoll_margin::models::oi_scaled::tier::{LiquidityTier, Perpetual, Standing, margin};

use super::Formula;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[
    ("leverage-tiers.borrowable", loan),
    ("leverage-tiers.rate", rate),
    ("oi-scaled.bankruptcy", bankruptcy),
    ("oi-scaled.fillable", fillable),
    ("oi-scaled.margin", margins),
];

fn loan(given: &Given<'_>) -> Result<Figures, Refused> {
    let [quantity, price, rate] = ["quantity", "price", "loan_to_value"].map(|name| given.number(name));
    Ok(Figures::new().with("value", borrowable(quantity?, price?, rate?)?))
}

fn rate(given: &Given<'_>) -> Result<Figures, Refused> {
    let fraction = given.number_or("fraction", Decimal::new(5, 1))?;
    Ok(Figures::new().with("maintenance_rate", maintenance_rate(given.number("leverage")?, fraction)?))
}

/// Fractions and, where there is a notional, margins in whole units.
fn margins(given: &Given<'_>) -> Result<Figures, Refused> {
    let tier = LiquidityTier {
        initial: given.number("initial")?,
        maintenance_fraction: given.number_or("maintenance_fraction", Decimal::ZERO)?,
        oi_lower_cap: given.number_or("oi_lower_cap", Decimal::ZERO)?,
        oi_upper_cap: given.number_or("oi_upper_cap", Decimal::ZERO)?,
    };
    let (initial, kept) = (tier.initial_fraction(given.number("open_interest")?)?, tier.maintenance_rate()?);
    let figures = Figures::new().with("initial_fraction", initial).with("maintenance_rate", kept);
    if !given.has("notional") {
        return Ok(figures);
    }
    let (notional, unit) = (given.number("notional")?, given.number("unit")?);
    Ok(figures.with("initial", margin(notional, initial, unit)?).with("maintenance", margin(notional, kept, unit)?))
}

/// The account, its position that is closed, and by how much: all of it where it is not said.
struct Closing {
    standing: Standing,
    held: Perpetual,
    delta: Decimal,
    unit: Decimal,
}

fn closing(given: &Given<'_>) -> Result<Closing, Refused> {
    let (unit, rate) = (given.number("unit")?, given.number("maintenance_rate")?);
    let of = |size, price| Perpetual { size, price, maintenance_rate: rate };
    let (closed, mut all, mut held) = (given.text("close")?, Vec::new(), None);
    for position in given.list("positions")? {
        let perpetual = of(position.number("size")?, position.number("price")?);
        all.push(perpetual);
        if position.text("market")? == closed {
            held = Some(perpetual);
        }
    }
    let held = held.ok_or_else(|| Refused::new(format!("given.close: {closed:?}, expected one of the positions")))?;
    let delta = given.number_or("delta", held.size.negated())?;
    Ok(Closing { standing: Standing::of(given.number("quote")?, &all, unit)?, held, delta, unit })
}

fn bankruptcy(given: &Given<'_>) -> Result<Figures, Refused> {
    let Closing { standing, held, delta, unit } = closing(given)?;
    let left = Perpetual { size: held.size.plus(delta)?, ..held };
    let trade = ClosingTrade {
        quantity: delta,
        oracle_price: held.price,
        net_collateral: standing.net_collateral,
        maintenance: standing.maintenance,
        maintenance_freed: held.maintenance(unit)?.minus(left.maintenance(unit)?)?,
        unit,
    };
    let figures = Figures::new().with("bankruptcy_quote", trade.bankruptcy_quote()?);
    if !given.has("fill_price") {
        return Ok(figures);
    }
    let insurance = trade.insurance_delta(given.number("fill_price")?, given.number("fee_max")?)?;
    Ok(figures.with("insurance_delta", insurance))
}

fn fillable(given: &Given<'_>) -> Result<Figures, Refused> {
    let Closing { standing, held, unit, .. } = closing(given)?;
    let position = Fillable {
        quantity: held.size,
        oracle_price: held.price,
        net_collateral: standing.net_collateral,
        maintenance: standing.maintenance,
        position_maintenance: held.maintenance(unit)?,
        bankruptcy_adjustment: given.number("bankruptcy_adjustment")?,
        spread_to_maintenance: given.number("spread_to_maintenance")?,
    };
    Ok(Figures::new().with("fillable_price", position.fillable_price()?))
}
