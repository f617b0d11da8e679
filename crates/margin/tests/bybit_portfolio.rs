//! Bybit's portfolio margin: by its published parts, since no published figure could be reproduced.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::bybit_portfolio::contingency::{Contingencies, hedged, hedged_by_time, initial, on_size};
use plimsoll_margin::models::{Model, by_name};
use support::{book, decimal, near};

const MARKET: &str = "index BTC 60000\nindex SOL 100\nprice USDT 1\nprice USDC 1\nprice BTC 60000
                      mark BTC/USDT:USDT 60000\nmark BTC/USDC:USDC 60000\nmark BTC/USD:BTC 60000\nmark SOL/USDT:USDT 100
                      forward BTC 2026-06-26T08:00:00Z 60000 vol 0.6\nforward BTC 2026-12-25T08:00:00Z 60000 vol 0.6
                      mark BTC/USDT:USDT-261225 60000";

fn with(model: &dyn Model, positions: &str) -> Margin {
    book(&format!("{MARKET}\n{positions}")).margin(model).unwrap_or_else(|error| panic!("{positions}: {error}"))
}

fn margin(positions: &str) -> Margin {
    with(by_name("bybit-portfolio").unwrap().as_ref(), positions)
}

fn part(margin: &Margin, label: &str) -> Decimal {
    margin.requirement.maintenance.find(label).unwrap_or_else(|| panic!("no {label}")).amount
}

/// Five even steps to 10 % for BTC since 2025-01-10, to 15 % before; other coins 15 %.
#[test]
fn a_future_loses_the_edge_of_its_coins_range() {
    let loss = |model: &str, positions: &str| part(&with(by_name(model).unwrap().as_ref(), positions), "maximum loss");
    near(loss("bybit-portfolio", "position BTC/USDT:USDT 1"), "6000", "0.001");
    near(loss("bybit-portfolio@2024-10", "position BTC/USDT:USDT -1"), "9000", "0.001");
    near(loss("bybit-portfolio", "position SOL/USDT:USDT 100"), "1500", "0.001");
    // An inverse long alone: its loss in coin, at the coin's price then, is what a dollar contract loses.
    near(loss("bybit-portfolio", "position BTC/USD:BTC 60000"), "6000", "0.01");
    let margin = margin("position BTC/USDT:USDT 1");
    near(part(&margin, "perpetuals and futures"), "300", "0.000001");
    near(margin.requirement.maintenance.amount, "6300", "0.001");
    near(margin.requirement.initial.amount, "7560", "0.002");
}

/// The grid has 11 prices and three volatilities; a part of the answer is the worst of them.
#[test]
fn the_grid_is_eleven_prices_by_three_volatilities() {
    let found = margin("position BTC_USDC-26JUN26-60000-C -1");
    let worst = found.requirement.maintenance.find("maximum loss").unwrap();
    assert_eq!(worst.children().len(), 34, "33 and no loss");
    let of = |text: &str| {
        let scenario = worst.children().iter().filter_map(|node| match &node.rule {
            plimsoll_core::Rule::Leaf(origin) => origin.scenario.as_ref().map(|name| (name.to_string(), node.amount)),
            _ => None,
        });
        scenario.into_iter().find(|(name, _)| name == text).map(|(_, amount)| amount)
    };
    let (up, still, down) = (of("0% vol up").unwrap(), of("0%").unwrap(), of("0% vol down").unwrap());
    assert!(up > Decimal::ZERO && still.is_zero() && down < Decimal::ZERO, "{up} {still} {down}");
    assert!(of("-10% vol down").is_some() && of("+8%").is_some() && of("+12%").is_none());
}

#[test]
fn hedges_within_a_unit_cancel_and_units_do_not() {
    let hedged = margin("position BTC/USDT:USDT 1\nposition BTC/USDC:USDC -1");
    near(part(&hedged, "maximum loss"), "0", "0.001");
    // 60,000 of delta hedged between dollars, at 0.5 %; 120,000 of futures at 0.5 %.
    near(part(&hedged, "spread between settlement assets"), "300", "0.000001");
    near(hedged.requirement.maintenance.amount, "900", "0.001");
    let inverse = margin("position BTC/USDT:USDT 1\nposition BTC/USD:BTC -60000");
    near(part(&inverse, "maximum loss"), "0", "0.01");
    near(part(&inverse, "spread between settlement assets"), "300", "0.000001");
    let coins = margin("position BTC/USDT:USDT 1\nposition SOL/USDT:USDT -600");
    near(coins.requirement.maintenance.amount, "15900", "0.01");
}

/// A perpetual against a future 207.04 days on: 60,000 of delta at 45 % a year.
#[test]
fn a_calendar_pays_for_the_time_between() {
    let found = margin("position BTC/USDT:USDT 1\nposition BTC/USDT:USDT-261225 -1");
    near(part(&found, "maximum loss"), "0", "0.001");
    near(part(&found, "delta spread"), "15315.41", "0.01");
    let options = margin("position BTC_USDC-26JUN26-60000-C -1\nposition BTC_USDC-25DEC26-60000-C 1");
    let vega = part(&options, "vega spread");
    assert!(vega > Decimal::ZERO && part(&margin("position BTC_USDC-26JUN26-60000-C -1"), "vega spread").is_zero());
    near(part(&options, "net short options"), "300", "0.000001");
}

#[test]
fn the_formulas_are_plain() {
    let at = |points: &[(&str, &str)]| {
        let points: Vec<_> = points.iter().map(|(time, amount)| (decimal(time), decimal(amount))).collect();
        hedged_by_time(&points).unwrap()
    };
    assert_eq!(at(&[("0", "10"), ("30", "-10")]), decimal("300"));
    assert_eq!(at(&[("0", "10"), ("30", "10")]), Decimal::ZERO);
    // The nearest hedges first: 10 days × 4, then 30 days × 6.
    assert_eq!(at(&[("0", "10"), ("20", "4"), ("30", "-10")]), decimal("220"));
    // What hedges nothing stays open for the next.
    assert_eq!(at(&[("0", "4"), ("10", "-10"), ("15", "6")]), decimal("70"));
    assert_eq!(at(&[]), Decimal::ZERO);
    assert_eq!(hedged(["5", "-3", "2"].map(decimal)), Ok(decimal("3")));
    assert_eq!(on_size(decimal("-2"), decimal("0.005"), decimal("20250")), Ok(decimal("202.5")));
    let parts = Contingencies { short_options: decimal("5"), futures: decimal("7"), ..Contingencies::default() };
    assert_eq!(parts.maintenance(decimal("100")), Ok(decimal("112")));
    assert_eq!(parts.maintenance(decimal("-100")), Ok(decimal("12")), "a gain is no margin");
    assert_eq!(initial(decimal("112"), decimal("1.2")), Ok(decimal("134.4")));
}

/// The tree is the formula: its parts make what the functions make of them.
#[test]
fn the_answer_is_what_the_formulas_make_of_its_parts() {
    let found = margin(
        "position BTC_USDC-26JUN26-60000-C -1\nposition BTC_USDC-25DEC26-60000-C 1\nposition BTC/USDT:USDT -0.5
         collateral USDC 1000",
    );
    let parts = Contingencies {
        short_options: part(&found, "net short options"),
        vega_spread: part(&found, "vega spread"),
        settlement_spread: part(&found, "spread between settlement assets"),
        delta_spread: part(&found, "delta spread"),
        futures: part(&found, "perpetuals and futures"),
    };
    let unit = parts.maintenance(part(&found, "maximum loss")).unwrap();
    assert_eq!(part(&found, "BTC"), unit);
    assert_eq!(found.requirement.initial.find("risk units").unwrap().amount, initial(unit, decimal("1.2")).unwrap());
}

/// Coins offset what they hedge where spot hedging is on, and no more; else they are only collateral.
#[test]
fn coins_hedge_only_where_it_is_on() {
    let mut hedging = by_name("bybit-portfolio").unwrap();
    hedging.set("spot_hedging", "1").unwrap();
    let loss = |model: &dyn Model, coins: &str| {
        part(&with(model, &format!("collateral BTC {coins}\nposition BTC/USDT:USDT -1")), "maximum loss")
    };
    near(loss(by_name("bybit-portfolio").unwrap().as_ref(), "1"), "6000", "0.001");
    near(loss(hedging.as_ref(), "1"), "0", "0.001");
    near(loss(hedging.as_ref(), "0.25"), "4500", "0.001");
    near(loss(hedging.as_ref(), "5"), "0", "0.001");
}

/// A coin held as a spot position or as an inverse contract's gain hedges as a balance of it does, whoever else has one.
#[test]
fn coins_hedge_under_whatever_name_they_are_held() {
    let mut hedging = by_name("bybit-portfolio").unwrap();
    hedging.set("spot_hedging", "1").unwrap();
    let loss = |rest: &str| {
        let text = format!("mark BTC/USDT 60000\nposition BTC/USDT:USDT -1\n{rest}");
        part(&with(hedging.as_ref(), &text), "maximum loss")
    };
    near(loss("position BTC/USDT 1"), "0", "0.001");
    near(loss("position BTC/USDT 0.5\ncollateral BTC 0.25"), "1500", "0.001");
    near(loss(""), "6000", "0.001");
}

#[test]
fn a_spot_order_asks_for_what_its_coins_will_not_count() {
    let initial = |rest: &str| {
        let text = format!("mark BTC_USDT 60000\ncollateral USDT 100000\n{rest}");
        margin(&text).requirement.initial.amount
    };
    // Two per cent of the coins, and a tenth of the 20,000 owed.
    assert_eq!(initial("order buy BTC_USDT 1 @ 60000"), decimal("1200"));
    assert_eq!(initial("order buy BTC_USDT 2 @ 60000"), decimal("4400"));
}

#[test]
fn order_scale_and_orders() {
    let lines = ["BTC_USDC-26JUN26-60000-C -2", "BTC_USDC-25DEC26-60000-P 3", "BTC/USDT:USDT -1"];
    let asked = |order: &[usize]| {
        let lines: Vec<String> = order.iter().map(|at| format!("position {}", lines[*at])).collect();
        margin(&lines.join("\n")).requirement.maintenance.amount
    };
    assert_eq!(asked(&[0, 1, 2]), asked(&[2, 0, 1]));
    let twice = asked(&[0, 1, 2, 0, 1, 2]);
    near(twice, &asked(&[0, 1, 2]).times_count(2).unwrap().to_string(), "0.001");
    let held = "position BTC/USDT:USDT 1";
    let initial = |rest: &str| margin(&format!("{held}\n{rest}")).requirement.initial.amount;
    near(initial("order buy BTC/USDT:USDT 1 @ 60000"), "15120", "0.01");
    near(initial("order sell BTC/USDT:USDT 1 @ 60000"), "7560", "0.01");
    near(initial("order buy BTC/USDT:USDT 1 @ 61000"), "16120", "0.01");
}

#[test]
fn what_has_no_rule_is_refused() {
    let refused = book(&format!("{MARKET}\nposition BTC-26JUN26-60000-C 1"));
    let error = refused.margin(by_name("bybit-portfolio").unwrap().as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("bybit-portfolio cannot margin BTC-26JUN26-60000-C: expected"), "{error}");
}
