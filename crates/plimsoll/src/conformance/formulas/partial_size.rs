//! How much to close: Drift's perpetuals and swaps of balances.

use plimsoll_margin::closed_forms::partial_size::{Perpetual, Size, SpotSwap};

use super::Formula;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[
    ("partial-size.perpetual", perpetual),
    ("partial-size.perpetual-fee", perpetual_fee),
    ("partial-size.swap", swap),
    ("partial-size.swap-convert", convert),
    ("partial-size.swap-fee", swap_fee),
];

/// Larger than any position of a case that does not say how large it is.
const WHOLE: i64 = 1_000_000_000_000;

fn position(given: &Given<'_>) -> Result<Perpetual, Refused> {
    Ok(Perpetual {
        shortage: given.number("shortage")?,
        index_price: given.number("index_price")?,
        quote_price: given.number_or("quote_price", Decimal::ONE)?,
        margin_rate: given.number("margin_rate")?,
        liquidator_fee: given.number_or("liquidator_fee", Decimal::ZERO)?,
        insurance_fee: given.number_or("insurance_fee", Decimal::ZERO)?,
        size: given.number_or("size", Decimal::from_int(WHOLE))?,
        lot: given.number_or("lot", Decimal::new(1, 9))?,
    })
}

fn of_spot(given: &Given<'_>) -> Result<SpotSwap, Refused> {
    let one = |name| given.number_or(name, Decimal::ONE);
    Ok(SpotSwap {
        shortage: given.number_or("shortage", Decimal::ZERO)?,
        asset_price: one("asset_price")?,
        liability_price: one("liability_price")?,
        asset_weight: one("asset_weight")?,
        liability_weight: one("liability_weight")?,
        asset_multiplier: one("asset_multiplier")?,
        liability_multiplier: one("liability_multiplier")?,
        insurance_fee: given.number_or("insurance_fee", Decimal::ZERO)?,
        liability: given.number_or("liability", Decimal::from_int(WHOLE))?,
    })
}

fn size(name: &str, of: Size) -> Figures {
    match of {
        Size::Part(part) => Figures::new().with(name, part).with("whole", false),
        Size::Whole => Figures::new().with("whole", true),
    }
}

fn perpetual(given: &Given<'_>) -> Result<Figures, Refused> {
    Ok(size("size", position(given)?.size_to_close()?))
}

fn perpetual_fee(given: &Given<'_>) -> Result<Figures, Refused> {
    let fee = position(given)?.insurance_fee_affordable(given.number("safety")?)?;
    Ok(Figures::new().with("insurance_fee", fee))
}

fn swap(given: &Given<'_>) -> Result<Figures, Refused> {
    Ok(size("liability", of_spot(given)?.liability_to_repay()?))
}

fn convert(given: &Given<'_>) -> Result<Figures, Refused> {
    let swap = of_spot(given)?;
    if given.has("asset") {
        return Ok(Figures::new().with("liability", swap.liability_for(given.number("asset")?)?));
    }
    Ok(Figures::new().with("asset", swap.asset_for(given.number("liability")?)?))
}

fn swap_fee(given: &Given<'_>) -> Result<Figures, Refused> {
    Ok(Figures::new().with("insurance_fee", of_spot(given)?.insurance_fee_affordable()?))
}
