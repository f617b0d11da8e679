//! Tiered brackets, what is liquidated at which price, and who is deleveraged: Binance, Bybit.

use plimsoll_margin::closed_forms::deleverage_rank::{Candidate, weighed};
use plimsoll_margin::closed_forms::liquidation_price::{
    Bracket, CrossContract, LiquidationPrice, OtherContract, brackets, known_bracket, maintenance, standing_still,
};
use plimsoll_margin::models::bybit_cross::{
    BybitCross, OptionFees, OptionRates, Short, inverse_value, long_order, short_order,
};
use plimsoll_margin::models::tiered::initial_rate;
use plimsoll_margin::parameters::Tiers;

use plimsoll_core::Rounding;

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

/// A quantity with its side, which a flag may say.
fn quantity(given: &Given<'_>) -> Result<Decimal, Refused> {
    let found = given.number("quantity")?;
    Ok(if given.flag("short")? { found.abs().negated() } else { found })
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

/// Of a notional, or of an inverse future's contracts at a price.
fn kept(given: &Given<'_>) -> Result<Figures, Refused> {
    let tiers = tiers(given)?;
    let notional = if given.has("notional") {
        given.number("notional")?
    } else {
        inverse_value(given.number("contracts")?, given.number("price")?)?
    };
    let mut figures = Figures::new().with("notional", notional);
    if given.has("leverage") {
        let rate = initial_rate(&Tiers::flat(Decimal::ZERO), notional, given.number("leverage")?)?;
        figures = figures.with("initial", rate.times(notional, Rounding::Up)?);
    }
    Ok(figures.with("rate", tiers.rate_of(notional)).with("maintenance", maintenance(&tiers, notional)?))
}

fn liquidation_price(given: &Given<'_>) -> Result<Figures, Refused> {
    let mut others = Vec::new();
    for other in given.list("others")? {
        others.push(OtherContract {
            quantity: quantity(&other)?,
            entry_price: other.number("entry_price")?,
            mark: other.number("mark")?,
            brackets: tiers(&other)?,
        });
    }
    let (unrealised, held) = standing_still(&others)?;
    let own = tiers(given)?;
    let contract = CrossContract {
        wallet_balance: given.number("wallet_balance")?,
        others_unrealised: unrealised.plus(given.number_or("others_unrealised", Decimal::ZERO)?)?,
        others_maintenance: held.plus(given.number_or("others_maintenance", Decimal::ZERO)?)?,
        quantity: quantity(given)?,
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

/// A position or an order of `quantity`; a long asks for its order alone.
fn option(given: &Given<'_>) -> Result<Figures, Refused> {
    let published = BybitCross::default();
    let (OptionRates { initial, minimum, maintenance, liquidation_fee }, fees) = (published.options, published.fees);
    let rates = OptionRates {
        initial: given.number_or("initial", initial)?,
        minimum: given.number_or("minimum", minimum)?,
        maintenance: given.number_or("maintenance", maintenance)?,
        liquidation_fee: given.number_or("liquidation_fee", liquidation_fee)?,
    };
    let fees = OptionFees { rate: given.number_or("fee", fees.rate)?, most: given.number_or("fee_most", fees.most)? };
    let held = quantity(given)?;
    let index = given.number("index")?;
    let price = given.number_or("price", given.number_or("mark", Decimal::ZERO)?)?;
    let of = |per_unit: Decimal| held.abs().times(per_unit, Rounding::Up).map_err(Refused::from);
    let fee = fees.trade(index, price)?;
    let figures = Figures::new().with("premium", of(price)?).with("fee", of(fee)?);
    if held.signum() > 0 {
        let order = of(long_order(price, fee)?)?;
        return Ok(figures
            .with("order_initial", order)
            .with("maintenance", Decimal::ZERO)
            .with("initial", Decimal::ZERO));
    }
    let mark = given.number("mark")?;
    let short = Short { right: right(given)?, strike: given.number("strike")?, index, mark, price };
    let (initial, maintenance) = rates.short(&short)?;
    let order = of(short_order(initial, price, fee)?)?;
    Ok(figures.with("maintenance", of(maintenance)?).with("initial", of(initial)?).with("order_initial", order))
}
