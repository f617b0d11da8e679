//! The `tims` model: the published minimum charge, groups in groups by hand, and what holds of any book.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::closed_forms::strategy::per_contract;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::tims::groups::{Class, Group, Member, Range, class_requirement, offset};
use serde_json::Value;
use support::{book, decimal, near};

/// CBOE, "Margin Requirement Examples for Sample Options-based Positions", close of 2007-02-23: 200 long contracts.
#[test]
fn two_hundred_contracts_are_asked_7500() {
    let minimum = per_contract(200.into(), decimal("37.5")).unwrap();
    assert_eq!(class_requirement(&[decimal("-100"), decimal("40")], minimum), 7_500.into());
    assert_eq!(class_requirement(&[decimal("-8000"), decimal("40")], minimum), 8_000.into());
    assert_eq!(class_requirement(&[], Decimal::ZERO), Decimal::ZERO);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cex/cboe-regt-13.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: shared/vectors/cex/cboe-regt-13.json absent");
        return;
    };
    let case: Value = serde_json::from_str(&text).unwrap();
    let number = |value: &Value| decimal(&value.to_string());
    let (contracts, least) = (&case["portfolio"]["contracts"], &case["params"]["min_per_contract"]);
    let found = class_requirement(&[], per_contract(number(contracts), number(least)).unwrap());
    near(found, &case["expected"]["requirement"].to_string(), &case["tolerance"]["abs"].to_string());
}

#[test]
fn points_are_fifths_of_the_range_and_none_is_the_price_now() {
    let points = Range::HIGH_CAPITALISATION.points(Decimal::ONE).unwrap().map(|point| point.to_string());
    let expected = ["-0.08", "-0.064", "-0.048", "-0.032", "-0.016", "0.012", "0.024", "0.036", "0.048", "0.06"];
    assert_eq!(points, expected);
    assert_eq!(Range::BROAD.points(2.into()).unwrap()[9], decimal("0.2"));
}

/// Two classes in a product group at 90 %, with a third in a portfolio group at 50 %.
#[test]
fn gains_are_scaled_once_in_every_group() {
    let class = |name: &str, pnl: [i64; 2], minimum: i64| {
        Member::Class(Class {
            name: name.to_owned(),
            pnl: pnl.map(Decimal::from_int).to_vec(),
            minimum: Decimal::from_int(minimum),
        })
    };
    let group = |offset: &str, of| Member::Group(Group { name: "g".to_owned(), offset: decimal(offset), of });
    assert_eq!(offset(&[100.into(), (-100).into()], decimal("0.9")).unwrap(), [90.into(), (-100).into()]);
    let product = group("0.9", vec![class("a", [-1_000, 800], 10), class("b", [600, -500], 5)]);
    // 600 × 0.9 − 1000, and 800 × 0.9 − 500.
    assert_eq!(product.pnl().unwrap(), [(-460).into(), 220.into()]);
    assert_eq!(product.requirement().unwrap(), 460.into());
    let portfolio = group("0.5", vec![product, class("c", [300, -400], 700)]);
    // 300 × 0.5 − 460, and 220 × 0.5 − 400: less than the minimum charges.
    assert_eq!(portfolio.pnl().unwrap(), [(-310).into(), (-290).into()]);
    assert_eq!(portfolio.requirement().unwrap(), 715.into());
}

const MARKET: &str = "index BTC 60000\nindex ETH 3000\nindex SOL 150\nprice USDC 1\nprice BTC 60000
    mark BTC_USDC-PERPETUAL 60000\nmark ETH_USDC-PERPETUAL 3000\nmark SOL_USDC-PERPETUAL 150
    forward BTC 2026-06-26T08:00:00Z 60500 vol 0.6";

fn asked(positions: &str, set: &[(&str, &str)]) -> Decimal {
    let mut model = by_name("tims").unwrap();
    for (name, value) in set {
        model.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    }
    let text = format!("{MARKET}\n{positions}");
    book(&text).margin(model.as_ref()).unwrap_or_else(|error| panic!("{error}")).requirement.maintenance.amount
}

#[test]
fn classes_stand_alone_until_they_are_grouped() {
    let pair = "position BTC_USDC-PERPETUAL 1\nposition ETH_USDC-PERPETUAL -10\nposition SOL_USDC-PERPETUAL -20";
    // 15 % of 60,000, of 30,000 and of 3,000.
    near(asked(pair, &[]), "13950", "0.000001");
    let product = [("product_group.BTC", "1"), ("product_group.ETH", "1")];
    near(asked(pair, &product), "5400", "0.000001"); // 9000 − 0.9 × 4500 + 450
    let mut portfolio = product.to_vec();
    portfolio.extend([("portfolio_group.1", "7"), ("portfolio_group.SOL", "7")]);
    near(asked(pair, &portfolio), "4725", "0.000001"); // 4950 − 0.5 × 450
    portfolio.extend([("product_offset.1", "0.5"), ("portfolio_offset.7", "1")]);
    near(asked(pair, &portfolio), "6300", "0.000001"); // 9000 − 2250 − 450
    near(asked(pair, &[("market_move_factor.ETH", "2")]), "18450", "0.000001");
    near(asked(pair, &[("range_down", "0.08"), ("range_up", "0.06")]), "6780", "0.000001");
}

#[test]
fn options_are_asked_at_least_a_charge_a_contract() {
    let far = "position BTC_USDC-26JUN26-400000-C 10\nposition BTC_USDC-26JUN26-5000-P -4";
    assert_eq!(asked(far, &[]), 525.into());
    assert_eq!(asked(far, &[("minimum_charge.BTC", "100")]), 1_400.into());
    let flat = "position BTC_USDC-PERPETUAL 1\nposition BTC_USDC-26JUN26 -1";
    assert!(asked(flat, &[]) < 100.into());
    assert_eq!(asked(flat, &[("minimum_charge_futures", "500")]), 1_000.into());
}

#[test]
fn order_scale_and_offsets_hold_and_odd_sizes_are_explained() {
    let lines = [
        "BTC_USDC-26JUN26-60000-C -2.123456789",
        "BTC_USDC-PERPETUAL 1.1",
        "BTC-26JUN26 -777",
        "ETH_USDC-PERPETUAL -11.3",
    ];
    let grouped = |share| [("product_group.BTC", "1"), ("product_group.ETH", "1"), ("product_offset", share)];
    let of = |order: &[usize], share| {
        let positions: Vec<String> = order.iter().map(|at| format!("position {}", lines[*at])).collect();
        asked(&positions.join("\n"), &grouped(share))
    };
    let all = of(&[0, 1, 2, 3], "0.9");
    assert_eq!(all, of(&[3, 2, 0, 1], "0.9"));
    near(of(&[0, 1, 2, 3, 0, 1, 2, 3], "0.9"), &all.times(2.into(), Rounding::Up).unwrap().to_string(), "0.000001");
    assert!(of(&[0, 1, 2, 3], "0.5") >= all && all >= of(&[0, 1, 2, 3], "1"));
}

#[test]
fn orders_are_refused() {
    let owed = book(&format!("{MARKET}\ncollateral BTC -10"));
    let error = owed.margin(by_name("tims").unwrap().as_ref()).unwrap_err().to_string();
    assert_eq!(error, "tims cannot margin BTC: expected no debt but in the currency or a dollar stablecoin");
    let ordered = book(&format!("{MARKET}\norder buy BTC_USDC-PERPETUAL 1 @ 60000"));
    let error = ordered.margin(by_name("tims").unwrap().as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("tims cannot margin BTC_USDC-PERPETUAL: expected no open order"), "{error}");
}
