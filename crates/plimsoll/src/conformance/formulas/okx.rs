//! OKX, and value ratios as OKX, Bitget, Bybit and Kraken publish them.

use plimsoll_margin::models::okx_discount::options::{OptionRates, Short};
use plimsoll_margin::models::okx_portfolio::unit::{self, Charges};
use plimsoll_margin::models::value_ratios::ValueRatios;
use plimsoll_margin::parameters::ByName;
use plimsoll_margin::schedule::Schedule;

use super::Formula;
use super::options::right;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[
    ("collateral.counted", counted),
    ("okx-discount.option", option),
    ("okx-portfolio.account", account),
    ("okx-portfolio.delta-one", delta_one),
    ("okx-portfolio.minimum", minimum),
    ("okx-portfolio.stablecoin", stablecoin),
    ("okx-portfolio.unit", of_charges),
];

fn charges(given: &Given<'_>) -> Result<Charges, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    Ok(Charges {
        spot_shock: zero("mr1")?,
        theta: zero("mr2")?,
        vega_term: zero("mr3")?,
        basis: zero("mr4")?,
        rates: zero("mr5")?,
        extreme: zero("mr6")?,
        minimum: zero("mr7")?,
        stablecoin: zero("mr9")?,
    })
}

fn of_charges(given: &Given<'_>) -> Result<Figures, Refused> {
    let mmr = charges(given)?.maintenance()?;
    let imr = unit::initial(mmr, given.number_or("imr_factor", Decimal::ONE)?)?;
    Ok(Figures::new().with("mmr", mmr).with("imr", imr))
}

/// A unit of futures alone: its charges from its deltas.
fn delta_one(given: &Given<'_>) -> Result<Figures, Refused> {
    let (notional, delta) = (given.number("shock_notional")?, given.number("cash_delta")?);
    let of = Charges {
        spot_shock: unit::shock(notional, given.number("mr1_move")?)?,
        basis: unit::on_delta(delta, given.number("mr4_rate")?)?,
        extreme: unit::half(unit::shock(notional, given.number("mr6_move")?)?)?,
        minimum: unit::on_delta(delta, given.number("mr7_rate")?)?,
        ..charges(given)?
    };
    let mmr = of.maintenance()?;
    Ok(Figures::new()
        .with("mr1", of.spot_shock)
        .with("mr4", of.basis)
        .with("mr6", of.extreme)
        .with("mr7", of.minimum)
        .with("mmr", mmr)
        .with("imr", unit::initial(mmr, given.number_or("imr_factor", Decimal::ONE)?)?))
}

/// The minimum charge scaled, against the rest of its unit.
fn minimum(given: &Given<'_>) -> Result<Figures, Refused> {
    let minimum = unit::scaled_minimum(given.number("mr7_raw")?, &given.schedule("multipliers")?)?;
    // What is said of the other charges is their sum.
    let of = Charges { spot_shock: given.number("mr_other")?, minimum, ..Charges::default() };
    Ok(Figures::new().with("mr7_adjusted", minimum).with("mmr", of.maintenance()?))
}

fn stablecoin(given: &Given<'_>) -> Result<Figures, Refused> {
    let charge = unit::stablecoin(given.number("hedge")?, &given.schedule("rates")?)?;
    Ok(Figures::new().with("charge", charge))
}

/// An account: its units' maintenance margins, what it owes for.
fn account(given: &Given<'_>) -> Result<Figures, Refused> {
    let units = given.numbers("units")?;
    let (debt, factor) = (given.number_or("debt", Decimal::ZERO)?, given.number_or("imr_factor", Decimal::ONE)?);
    let borrowed = |rate| Ok::<_, Refused>(unit::borrowing(debt, given.number_or(rate, Decimal::ZERO)?)?);
    let (kept, opened) = (borrowed("borrow_mmr_rate")?, borrowed("borrow_imr_rate")?);
    let derivatives = unit::account(&units, Decimal::ZERO)?;
    Ok(Figures::new()
        .with("deriv_mmr", derivatives)
        .with("borrow_mmr", kept)
        .with("borrow_imr", opened)
        .with("total_mmr", unit::account(&units, kept)?)
        .with("total_imr", unit::account(&[unit::initial(derivatives, factor)?], opened)?))
}

/// A short option in coin, or where `linear` in its quote.
fn option(given: &Given<'_>) -> Result<Figures, Refused> {
    let rates = OptionRates {
        initial: given.number("b")?,
        minimum: given.number("a")?,
        maintenance: given.number("c")?,
        factor: given.number_or("factor", Decimal::ONE)?,
        put_by_mark: given.flag("put_by_mark")?,
    };
    let forward = given.number("forward")?;
    let short = Short {
        right: right(given)?,
        strike: given.number("strike")?,
        forward,
        index: given.number_or("index", forward)?,
        mark: given.number("mark")?,
    };
    let (initial, maintenance) = if given.flag("linear")? { rates.linear(&short)? } else { rates.inverse(&short)? };
    Ok(Figures::new().with("initial", initial).with("maintenance", maintenance))
}

/// Balances by asset, with a schedule or a haircut each.
fn counted(given: &Given<'_>) -> Result<Figures, Refused> {
    let mut value = Decimal::ZERO;
    for asset in given.list("assets")? {
        let schedule = if asset.has("haircut") {
            Schedule::less_haircut(asset.number("haircut")?)?
        } else {
            asset.schedule("ratios")?
        };
        let ratios = ValueRatios {
            by_asset: ByName::new(schedule, []),
            in_coin: if given.flag("in_coin")? { Decimal::ONE } else { Decimal::ZERO },
        };
        let name = asset.text("asset")?;
        value = value.plus(ratios.counted(name, asset.number("quantity")?, asset.number("price")?)?)?;
    }
    Ok(Figures::new().with("value", value))
}
