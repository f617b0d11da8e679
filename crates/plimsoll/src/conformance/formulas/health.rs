//! Health of a whole account, as Mango counts it, what is done where it is below zero, and margins of lots.

use std::collections::BTreeMap;

use plimsoll_margin::closed_forms::lot_margin::{LotTerms, Lots, leveraged, notional};
use plimsoll_margin::closed_forms::perpetual_steps::{StepRules, Stepped};
use plimsoll_margin::closed_forms::token_swap::TokenSwap;
use plimsoll_margin::models::weights::health::{
    PerpetualHealth, SpotOrders, Token, borrow_scaled, deposit_scaled, health, weights_of_offset,
};

use super::Formula;
use crate::conformance::{Figures, Given, Refused};
use crate::{Asset, Decimal};

pub(super) const FORMULAS: &[(&str, Formula)] = &[
    ("lot-margin.leveraged", by_leverage),
    ("lot-margin.lots", by_lot),
    ("partial-size.perpetual-steps", perpetual_steps),
    ("partial-size.token-swap", token_swap),
    ("weights.health", account),
];

fn asset(given: &Given<'_>, name: &str) -> Result<Asset, Refused> {
    given.text(name)?.parse().map_err(|_| Refused::new(format!("given.{name}: expected the name of an asset")))
}

/// Weights as they are given, or as one offset makes them.
fn weights(given: &Given<'_>) -> Result<(Decimal, Decimal), Refused> {
    if given.has("weight_offset") {
        return Ok(weights_of_offset(given.number("weight_offset")?)?);
    }
    Ok((given.number("asset_weight")?, given.number("liability_weight")?))
}

/// The price of what is owned and of what is owed, and the higher of oracle and stable price.
fn prices(given: &Given<'_>) -> Result<[Decimal; 3], Refused> {
    let oracle = given.number("price")?;
    let stable = given.number_or("stable_price", oracle)?;
    Ok([oracle.min(stable), oracle.max(stable), oracle.max(stable)])
}

fn token(given: &Given<'_>) -> Result<Token, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    let [asset_price, liability_price, total] = prices(given)?;
    let (owned, owed) = weights(given)?;
    Ok(Token {
        balance: given.number("balance")?,
        asset_price,
        liability_price,
        asset_weight: deposit_scaled(owned, zero("deposit_cap")?, zero("deposits")?, zero("arriving")?, total)?,
        liability_weight: borrow_scaled(owed, zero("borrow_cap")?, zero("borrows")?, total)?,
        usable: !given.flag("skipped")?,
    })
}

fn perpetual(given: &Given<'_>) -> Result<PerpetualHealth, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    let [asset_price, liability_price, _] = prices(given)?;
    let (asset_weight, liability_weight) = weights(given)?;
    Ok(PerpetualHealth {
        settles_in: asset(given, "settles_in")?,
        lot_size: given.number_or("lot_size", Decimal::ONE)?,
        lots: given.number("lots")?,
        quote: given.number("quote")?,
        bid_lots: zero("bid_lots")?,
        ask_lots: zero("ask_lots")?,
        asset_price,
        liability_price,
        asset_weight,
        liability_weight,
        gain_weight: given.number_or("gain_weight", Decimal::ONE)?,
    })
}

fn account(given: &Given<'_>) -> Result<Figures, Refused> {
    Ok(Figures::new().with("health", health_of(given)?))
}

fn health_of(given: &Given<'_>) -> Result<Decimal, Refused> {
    let limit = |of: &Given<'_>, name: &str| of.has(name).then(|| of.number(name)).transpose();
    let (mut tokens, mut orders, mut perpetuals) = (BTreeMap::new(), Vec::new(), Vec::new());
    for one in given.list("tokens")? {
        tokens.insert(asset(&one, "name")?, token(&one)?);
    }
    for one in given.list("orders")? {
        orders.push(SpotOrders {
            base: asset(&one, "base")?,
            quote: asset(&one, "quote")?,
            reserved_base: one.number("reserved_base")?,
            reserved_quote: one.number("reserved_quote")?,
            lowest_ask: limit(&one, "lowest_ask")?,
            highest_bid_inverse: limit(&one, "highest_bid_inverse")?,
        });
    }
    for one in given.list("perpetuals")? {
        perpetuals.push(perpetual(&one)?);
    }
    Ok(health(&tokens, &orders, &perpetuals)?)
}

/// The first token pays for the second; perpetuals settle into both.
fn token_swap(given: &Given<'_>) -> Result<Figures, Refused> {
    let [asset_side, liability_side] =
        given.list("tokens")?.try_into().map_err(|_| Refused::new("given.tokens: expected two"))?;
    let (asset_of, liability_of) = (token(&asset_side)?, token(&liability_side)?);
    let (mut owned, mut owed) = (asset_of.balance, liability_of.balance);
    for one in given.list("perpetuals")? {
        let unsettled = perpetual(&one)?.unsettled()?;
        let into = if one.text("settles_in")? == asset_side.text("name")? { &mut owned } else { &mut owed };
        *into = into.plus(unsettled)?;
    }
    let swap = TokenSwap {
        health: health_of(given)?.plus(given.number_or("other_health", Decimal::ZERO)?)?,
        asset_price: asset_of.asset_price,
        liability_price: liability_of.liability_price,
        asset_weight: asset_of.asset_weight,
        liability_weight: liability_of.liability_weight,
        fee: given.number_or("fee", Decimal::ZERO)?,
        asset: [asset_of.balance, owned],
        liability: [liability_of.balance, owed],
        limit: given.number_or("limit", Decimal::MAX)?,
    };
    let swapped = swap.swap()?;
    Ok(Figures::new()
        .with("asset", asset_of.balance.minus(swapped.asset)?)
        .with("liability", liability_of.balance.plus(swapped.liability)?))
}

fn perpetual_steps(given: &Given<'_>) -> Result<Figures, Refused> {
    let (one, zero) = (|name| given.number_or(name, Decimal::ONE), |name| given.number_or(name, Decimal::ZERO));
    let rules = StepRules {
        price: given.number("price")?,
        settle_price: one("settle_price")?,
        asset_weight: given.number("asset_weight")?,
        liability_weight: given.number("liability_weight")?,
        gain_weight: one("gain_weight")?,
        base_fee: zero("base_fee")?,
        gain_fee: zero("gain_fee")?,
        lot: one("lot")?,
    };
    let held = Stepped {
        settled: given.number("settled")?,
        base: given.number("base")?,
        quote: given.number("quote")?,
        other_health: zero("other_health")?,
        base_limit: given.number("base_limit")?.abs(),
        gain_limit: given.number("gain_limit")?,
    };
    let left = held.liquidated(&rules)?;
    Ok(Figures::new().with("settled", left.settled).with("base", left.base).with("quote", left.quote))
}

fn by_leverage(given: &Given<'_>) -> Result<Figures, Refused> {
    let of = notional(given.number("quantity")?, given.number("price")?, given.flag("inverse")?)?;
    let margin = leveraged(of, given.number_or("leverage", Decimal::ONE)?, given.number("rate")?)?;
    Ok(Figures::new().with("margin", margin))
}

/// What a book of lots asks, and what a fill leaves.
fn by_lot(given: &Given<'_>) -> Result<Figures, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    let terms = LotTerms {
        margin_buy: given.number("margin_buy")?,
        margin_sell: given.number("margin_sell")?,
        maker_fee: zero("maker_fee")?,
        taker_fee: zero("taker_fee")?,
    };
    let lots =
        Lots { position: zero("position")?, pending_buy: zero("pending_buy")?, pending_sell: zero("pending_sell")? };
    let (balance, sold) = (given.number("balance")?, zero("sold")?);
    let then = lots.filled(sold)?;
    Ok(Figures::new()
        .with("required", lots.required(&terms)?)
        .with("accepted", lots.accepted(&terms, balance)?)
        .with("balance", terms.after_fee(balance, sold, given.flag("rested")?)?)
        .with("position", then.position)
        .with("pending_buy", then.pending_buy)
        .with("pending_sell", then.pending_sell))
}
