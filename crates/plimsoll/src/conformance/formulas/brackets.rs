//! Tiered brackets, what is liquidated at which price, and who is deleveraged: Binance, Bybit.

use plimsoll_margin::closed_forms::deleverage_rank::{Candidate, weighed};
use plimsoll_margin::closed_forms::liquidation_price::{
    Bracket, CrossContract, LiquidationPrice, OtherContract, brackets, known_bracket, maintenance, standing_still,
};
use plimsoll_margin::models::bybit_cross::{OptionRates, Short};
use plimsoll_margin::parameters::Tiers;

use super::Formula;
use super::options::right;
use crate::Decimal;
use crate::conformance::{Figure, Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[
    ("brackets.deductions", deductions),
    ("brackets.liquidation-price", liquidation_price),
    ("brackets.maintenance", kept),
    ("brackets.next-deduction", next_deduction),
    ("bybit-cross.option", option),
    ("deleverage-rank.score", score),
];

/// Whole brackets, or the one that is known.
fn tiers(given: &Given<'_>) -> Result<Tiers, Refused> {
    if given.has("brackets") {
        return given.tiers("brackets");
    }
    Ok(known_bracket(given.number("rate")?, given.number_or("deduction", Decimal::ZERO)?)?)
}

fn deductions(given: &Given<'_>) -> Result<Figures, Refused> {
    let all: Vec<Decimal> = brackets(&tiers(given)?)?.iter().map(|bracket| bracket.deduction).collect();
    Ok(Figures::new().with("deductions", all))
}

fn next_deduction(given: &Given<'_>) -> Result<Figures, Refused> {
    let before = Bracket {
        above: Decimal::ZERO,
        rate: given.number("rate_before")?,
        deduction: given.number("deduction_before")?,
    };
    let found = before.next_deduction(given.number("above")?, given.number("rate")?)?;
    Ok(Figures::new().with("deduction", found))
}

fn kept(given: &Given<'_>) -> Result<Figures, Refused> {
    let tiers = tiers(given)?;
    let notional = given.number("notional")?;
    let at_leverage = if given.has("leverage") {
        Some(notional.over(given.number("leverage")?, plimsoll_core::Rounding::Up)?)
    } else {
        None
    };
    Ok(Figures::new()
        .with("maintenance", maintenance(&tiers, notional)?)
        .with("rate", tiers.rate_of(notional))
        .with("initial", at_leverage))
}

fn liquidation_price(given: &Given<'_>) -> Result<Figures, Refused> {
    let mut others = Vec::new();
    for other in given.list("others")? {
        others.push(OtherContract {
            quantity: other.number("quantity")?,
            entry_price: other.number("entry_price")?,
            mark: other.number("mark")?,
            brackets: tiers(&other)?,
        });
    }
    let (unrealised, held) = standing_still(&others)?;
    let own = tiers(given)?;
    let contract = CrossContract {
        wallet_balance: given.number("wallet_balance")?,
        others_unrealised: unrealised,
        others_maintenance: held.plus(given.number_or("others_maintenance", Decimal::ZERO)?)?,
        quantity: if given.flag("short")? {
            given.number("quantity")?.abs().negated()
        } else {
            given.number("quantity")?
        },
        entry_price: given.number("entry_price")?,
        brackets: &own,
    };
    let price: Figure = match contract.liquidation_price()? {
        LiquidationPrice::At(price) => price.into(),
        LiquidationPrice::Never => "never".into(),
        LiquidationPrice::Always => "always".into(),
    };
    Ok(Figures::new().with("others_maintenance", held).with("others_unrealised", unrealised).with("price", price))
}

fn score(given: &Given<'_>) -> Result<Figures, Refused> {
    let account = Candidate {
        unrealised: given.number("unrealised")?,
        wallet_balance: given.number("wallet_balance")?,
        maintenance: given.number_or("maintenance", Decimal::ZERO)?,
    };
    let percent = account.pnl_percent()?;
    let score =
        if given.has("margin_ratio") { weighed(percent, given.number("margin_ratio")?)? } else { account.score()? };
    Ok(Figures::new().with("pnl_percent", percent).with("score", score))
}

fn option(given: &Given<'_>) -> Result<Figures, Refused> {
    let rates = OptionRates {
        initial: given.number("initial")?,
        minimum: given.number("minimum")?,
        maintenance: given.number("maintenance")?,
        liquidation_fee: given.number_or("liquidation_fee", Decimal::ZERO)?,
    };
    let mark = given.number("mark")?;
    let short = Short {
        right: right(given)?,
        strike: given.number("strike")?,
        index: given.number("index")?,
        mark,
        price: given.number_or("price", mark)?,
    };
    let (initial, maintenance) = rates.short(&short)?;
    let of = |per_unit: Decimal| {
        given.number("quantity")?.abs().times(per_unit, plimsoll_core::Rounding::Up).map_err(Refused::from)
    };
    Ok(Figures::new().with("maintenance", of(maintenance)?).with("initial", of(initial)?))
}
