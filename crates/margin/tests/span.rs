//! The `span` model: published arrays, spreads formed by hand, and what holds of any book.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::models::span::deltas::{Deltas, Month, credit, formed};
use plimsoll_margin::models::span::scan::{
    Charges, Extreme, Figures, PriceRiskMethod, Scan, composite_delta, short_option_minimum, weighted_price_risk,
};
use plimsoll_margin::models::span::{RiskArray, Span};
use plimsoll_margin::models::{Model, by_name};
use plimsoll_margin::spreads::Spreads;
use serde_json::Value;
use support::{book, decimal, near, part};

const EXTREME: Extreme = Extreme { multiple: Decimal::from_int(2), cover: Decimal::new(35, 2) };

fn figures(all: [i64; 16]) -> Figures {
    all.map(Decimal::from_int)
}

fn leg(quantity: i32, array: [i64; 16]) -> (Decimal, Figures) {
    (quantity.into(), figures(array))
}

/// McMillan, "Options as a Strategic Investment", ch. 34: one S&P 500 future with a scan range of 10,000, thirds
/// rounded to tens; and its Dec 410 call.
const FUTURE: [i64; 16] =
    [0, 0, 3330, 3330, -3330, -3330, 6670, 6670, -6670, -6670, 10000, 10000, -10000, -10000, 7000, -7000];
const CALL: [i64; 16] =
    [460, -610, 2640, 1730, -1270, -2340, 5210, 4540, -2540, -3430, 8060, 7640, -3380, -3990, 3130, -1500];

#[test]
fn a_futures_array_and_a_calls_worst_scenario_are_as_published() {
    let found = EXTREME.future(10_000.into()).unwrap();
    for (found, published) in found.iter().zip(FUTURE) {
        near(*found, &published.to_string(), "4");
    }
    let scan = Scan::of_legs(&[leg(1, CALL)]).unwrap();
    assert_eq!((scan.risk, scan.worst + 1), (3_990.into(), 14));
    // The same legs together, and short: a covered write loses what the future loses less what the call does.
    let both = Scan::of_legs(&[leg(1, FUTURE), leg(-1, CALL)]).unwrap();
    assert_eq!((both.risk, both.worst + 1), (6_620.into(), 13));
}

#[test]
fn every_shared_case_is_as_published() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cex");
    let mut run = 0;
    for number in 1.. {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("span-{number}.json"))) else { break };
        let case: Value = serde_json::from_str(&text).unwrap();
        let number = |value: &Value| decimal(&value.to_string());
        let params = &case["params"];
        let extreme =
            Extreme { multiple: number(&params["extreme_multiple"]), cover: number(&params["extreme_cover"]) };
        let mut legs = Vec::new();
        for leg in case["portfolio"]["legs"].as_array().unwrap() {
            let array = case["market"]["arrays"].get(leg["instrument"].as_str().unwrap());
            let array = array.map_or_else(
                || extreme.future(number(&params["price_scan_range"])).unwrap(),
                |array| array.as_array().unwrap().iter().map(&number).collect::<Vec<_>>().try_into().unwrap(),
            );
            legs.push((number(&leg["qty"]), array));
        }
        let (scan, expected) = (Scan::of_legs(&legs).unwrap(), &case["expected"]);
        let allowed = case["tolerance"]["abs"].as_f64().unwrap().to_string();
        near(scan.risk, &expected["scan_risk"].to_string(), &allowed);
        for (found, published) in scan.pnl.iter().zip(expected["pnl"].as_array().into_iter().flatten()) {
            near(*found, &published.to_string(), &allowed);
        }
        if let Some(worst) = expected["worst_scenario"].as_u64() {
            assert_eq!(scan.worst + 1, usize::try_from(worst).unwrap());
        }
        run += 1;
    }
    println!("{run} cases{}", if run == 0 { ": skipped, shared/vectors/cex absent" } else { "" });
}

#[test]
fn price_risk_is_the_mean_of_the_worst_pair_less_that_of_time() {
    let scan = Scan::of(figures(CALL));
    // Worst 14 and its pair 13: (3,990 + 3,380) ÷ 2; scenarios 1 and 2 lose (−460 + 610) ÷ 2.
    assert_eq!(scan.price_risk().unwrap(), 3_610.into());
    let weighted = |method| weighted_price_risk(3_610.into(), decimal("-0.5"), 7_000.into(), method).unwrap();
    assert_eq!(weighted(PriceRiskMethod::Normal), 7_220.into());
    assert_eq!(weighted(PriceRiskMethod::ScanRangeCap), 7_000.into());
    assert_eq!(weighted(PriceRiskMethod::ScanRange), 7_000.into());
    assert_eq!(
        weighted_price_risk(Decimal::ONE, Decimal::ZERO, Decimal::ONE, PriceRiskMethod::ScanRange).unwrap(),
        Decimal::ZERO
    );
    let extreme = Scan::of(figures([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -40, -70]));
    assert_eq!((extreme.worst, extreme.price_risk().unwrap()), (15, 70.into()));
    assert_eq!(Scan::of(figures([5; 16])).price_risk().unwrap(), Decimal::ZERO);
}

#[test]
fn deltas_weights_and_minimums_are_as_the_rule_says() {
    let weights = [270, 217, 110, 37].map(|weight| Decimal::new(weight, 3));
    assert_eq!(composite_delta(&[Decimal::ONE; 7], &weights).unwrap(), Decimal::ONE);
    let call = ["0.5", "0.6", "0.4", "0.7", "0.3", "0.8", "0.2"].map(decimal);
    assert_eq!(composite_delta(&call, &weights).unwrap(), decimal("0.5"));
    assert_eq!(short_option_minimum(3.into(), 5.into(), 20.into(), false).unwrap(), 160.into());
    assert_eq!(short_option_minimum(3.into(), 5.into(), 20.into(), true).unwrap(), 100.into());
    let charges = Charges {
        scan_risk: 1_000.into(),
        calendar: 50.into(),
        delivery: 10.into(),
        credit: 300.into(),
        short_option_minimum: 800.into(),
        net_option_value: 150.into(),
    };
    assert_eq!((charges.risk().unwrap(), charges.total().unwrap()), (800.into(), 650.into()));
    let unpaid = Charges { short_option_minimum: Decimal::ZERO, ..charges };
    assert_eq!(unpaid.risk().unwrap(), 760.into());
}

#[test]
fn spreads_are_formed_in_their_order_and_use_up_delta() {
    assert_eq!(formed(&[(decimal("-7"), 2.into()), (decimal("9"), 3.into())]).unwrap(), 3.into());
    assert_eq!(credit(400.into(), 3.into(), 2.into(), decimal("0.5")).unwrap(), 1_200.into());
    let month = |tier, left: &str| Month { expiry: None, tier, left: decimal(left), in_spreads: Decimal::ZERO };
    let mut deltas = Deltas(vec![month(1, "10"), month(1, "-4"), month(2, "-9")]);
    let spreads: Spreads = "+/1 -/1 @10, +/1*2 -/2*3 @15".parse().unwrap();
    assert_eq!(spreads.to_string(), "+/1 -/1 @10, +/1*2 -/2*3 @15");
    // Four within the first tier; then six long against nine short at 2 : 3 form three.
    assert_eq!(deltas.form_calendar(&spreads).unwrap(), [4.into(), 3.into()]);
    assert!(deltas.0.iter().all(|month| month.left.is_zero()), "{deltas:?}");
    assert_eq!(deltas.0[0].in_spreads, 10.into());
    for wrong in [
        "+/1 +/2 @1",
        "+/1 @1",
        "+/1 -/2",
        "/1 -/2 @1",
        "+/1*0 -/2 @1",
        "+ - @1",
        "",
        "+/x -/1 @1",
        "+/1 +/1 -/2 @1",
        "+BTC +BTC/1 -ETH @1",
    ] {
        assert!(wrong.parse::<Spreads>().is_err(), "{wrong:?}");
    }
}

const MARKET: &str = "index BTC 60000\nindex ETH 3000\nprice USDC 1\nprice BTC 60000\nprice ETH 3000
    forward BTC 2026-06-26T08:00:00Z 60500 vol 0.6\nforward BTC 2026-12-25T08:00:00Z 62000 vol 0.6
    forward ETH 2026-06-26T08:00:00Z 3010 vol 0.7";

fn model(set: &[(&str, &str)]) -> Box<dyn Model> {
    let mut model = by_name("span").unwrap();
    for (name, value) in set {
        model.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    }
    model
}

#[test]
fn a_future_is_asked_its_scan_range_and_a_calendar_spread_its_charge() {
    let near_leg = "position BTC_USDC-26JUN26 -1";
    let future = book(&format!("{MARKET}\n{near_leg}")).margin(model(&[]).as_ref()).unwrap();
    near(part(&future, "scan risk"), &(60_500.0 * 0.107).to_string(), "0.000001");
    let both = book(&format!("{MARKET}\n{near_leg}\nposition BTC_USDC-25DEC26 1")).margin(model(&[]).as_ref()).unwrap();
    near(part(&both, "scan risk"), &(1_500.0 * 0.107).to_string(), "0.000001");
    assert_eq!(part(&both, "calendar charge"), 1_320.into());
    let tiers = [("calendar_tiers", "60:1, rest:2"), ("calendar_spreads", "+/1 -/1 @0.01, +/1 -/2 @0.03")];
    let tiered = book(&format!("{MARKET}\n{near_leg}\nposition BTC_USDC-25DEC26 1")).margin(model(&tiers).as_ref());
    assert_eq!(part(&tiered.unwrap(), "calendar charge"), 1_800.into());
    let delivery = [("delivery_days", "30"), ("delivery_in_spreads", "0.01"), ("delivery_outright", "0.02")];
    let delivery = book(&format!("{MARKET}\nposition BTC_USDC-26JUN26 -3\nposition BTC_USDC-25DEC26 1"))
        .margin(model(&delivery).as_ref())
        .unwrap();
    assert_eq!(part(&delivery, "delivery charge"), (600 + 2 * 1_200).into());
}

#[test]
fn commodities_that_stand_against_each_other_earn_a_credit() {
    let text = format!(
        "{MARKET}\nmark BTC_USDC-PERPETUAL 60000\nmark ETH_USDC-PERPETUAL 3000
        position BTC_USDC-PERPETUAL 1\nposition ETH_USDC-PERPETUAL -10"
    );
    let alone = book(&text).margin(model(&[]).as_ref()).unwrap().requirement.maintenance.amount;
    let set = [("commodity_spreads", "+BTC -ETH*20 @0.5")];
    for method in ["1", "2", "3"] {
        let mut with = model(&set);
        with.set("price_risk_method", method).unwrap();
        let offset = book(&text).margin(with.as_ref()).unwrap();
        // Ten ether form half a spread: half of 6,420 for bitcoin and all of 3,210 for ether, half of each earned.
        near(alone.minus(offset.requirement.maintenance.amount).unwrap(), "3210", "0.000001");
    }
    // A tier may stand in more spreads than the net delta that its price risk is spread over.
    let crossed = format!(
        "{MARKET}\nprice ETH 3000\nmark ETH_USDC-PERPETUAL 3000\nposition BTC_USDC-26JUN26 10
        position BTC_USDC-25DEC26 -9.99\nposition ETH_USDC-PERPETUAL -200"
    );
    let crossed = book(&crossed.replace("\nprice ETH 3000\nmark", "\nmark"));
    let tiers = [("calendar_tiers", "200:1, rest:2"), ("calendar_spreads", "none")];
    let mut with = model(&tiers);
    with.set("commodity_spreads", "+BTC/1 -ETH*20 @0.3").unwrap();
    let margin = crossed.margin(with.as_ref()).unwrap();
    let bitcoin = margin.requirement.maintenance.find("BTC").unwrap();
    let credit = bitcoin.find("at most its price risk").unwrap().amount;
    assert_eq!(credit.negated(), bitcoin.find("scan risk").unwrap().amount, "all of its price risk and no more");
    let same_side = book(&text.replace("-10", "10")).margin(model(&set).as_ref()).unwrap();
    assert_eq!(same_side.requirement.maintenance.amount, alone);
}

#[test]
fn short_options_are_asked_at_least_their_minimum() {
    let text = format!("{MARKET}\nposition BTC_USDC-26JUN26-120000-C -2\nposition BTC_USDC-26JUN26-30000-P -3");
    let asked = |set: &[(&str, &str)]| book(&text).margin(model(set).as_ref()).unwrap().requirement.maintenance.amount;
    assert_eq!(asked(&[]), 22_500.into());
    assert_eq!(asked(&[("short_option_larger_side", "1")]), 13_500.into());
    assert_eq!(asked(&[("initial_ratio", "1.1")]), 22_500.into());
    let initial = book(&text).margin(model(&[("initial_ratio", "1.1")]).as_ref()).unwrap().requirement.initial;
    assert_eq!(initial.amount, 24_750.into());
}

/// The book is asked the worst of the published arrays, whatever the market says.
#[test]
fn a_published_array_stands_for_a_contract() {
    let held = book(&format!("{MARKET}\nposition BTC_USDC-26JUN26 1\nposition BTC_USDC-26JUN26-60000-C -1"));
    let mut span = Span::default();
    let array = |pnl, delta: &str| RiskArray { pnl: figures(pnl), delta: decimal(delta) };
    span.arrays.insert(Arc::from("BTC_USDC-26JUN26"), array(FUTURE, "1"));
    span.arrays.insert(Arc::from("BTC_USDC-26JUN26-60000-C"), array(CALL, "0.5"));
    span.set("short_option_minimum", "0").unwrap();
    let margin = held.margin(&span).unwrap();
    let expected = Scan::of_legs(&[leg(1, FUTURE), leg(-1, CALL)]).unwrap();
    assert_eq!(part(&margin, "scan risk"), expected.risk);
    assert_eq!(margin.requirement.maintenance.amount, 6_620.into());
}

#[test]
fn order_scale_and_wider_ranges_hold() {
    let lines = ["BTC_USDC-26JUN26-60000-C -2", "BTC_USDC-25DEC26-60000-C 3", "BTC_USDC-26JUN26 -1", "BTC-26JUN26 100"];
    let of = |order: &[usize], set: &[(&str, &str)]| {
        let positions: Vec<String> = order.iter().map(|at| format!("position {}", lines[*at])).collect();
        let found = book(&format!("{MARKET}\n{}", positions.join("\n"))).margin(model(set).as_ref()).unwrap();
        found.requirement.maintenance.amount
    };
    let asked = of(&[0, 1, 2, 3], &[]);
    assert_eq!(asked, of(&[3, 1, 0, 2], &[]));
    let twice = of(&[0, 1, 2, 3, 0, 1, 2, 3], &[]);
    near(twice, &asked.times(2.into(), Rounding::Up).unwrap().to_string(), "0.000001");
    let plain = &[("calendar_spreads", "none"), ("short_option_minimum", "0")];
    let mut wider = plain.to_vec();
    wider.push(("extreme_cover", "1"));
    assert!(of(&[0, 1, 2], &wider) >= of(&[0, 1, 2], plain), "one scenario that counts more never asks less");
}

/// Every position's share is exact, so that the shares of the worst scenario make its loss.
#[test]
fn odd_sizes_are_explained_to_the_last_digit() {
    for (one, other) in [("0.123456789", "-3.000000001"), ("-0.000000001", "0.333333333"), ("7.1", "-0.000000007")] {
        let text = format!(
            "{MARKET}\nposition BTC_USDC-26JUN26-60000-C {one}\nposition BTC_USDC-25DEC26-60000-P {other}
            position BTC-26JUN26 -12345\nposition BTC-25DEC26-70000-C {one}"
        );
        book(&text).margin(model(&[("price_scan_range", "0.13")]).as_ref()).unwrap();
    }
}

#[test]
fn what_has_no_rule_is_refused() {
    let text = format!(
        "{MARKET}\nposition BTC_USDC-26JUN26-60000-C -2\nposition BTC_USDC-25DEC26 1
        position ETH_USDC-26JUN26 -1"
    );
    let refused = |text: &str, set: &[(&str, &str)]| book(text).margin(model(set).as_ref()).unwrap_err().to_string();
    let error = refused(&format!("{text}\norder buy BTC_USDC-25DEC26 1 @ 60000"), &[]);
    assert!(error.starts_with("span cannot margin BTC_USDC-25DEC26: expected no open order"), "{error}");
    let error =
        refused("index BTC 60000\nprice BTC 60000\nprice USDC 1\ncollateral USDC 700000\ncollateral BTC -10", &[]);
    assert_eq!(error, "span cannot margin BTC: expected no debt but in the currency or a dollar stablecoin");
    let error = refused(&text, &[("calendar_spreads", "+BTC -ETH @0.1")]);
    assert!(error.contains("calendar_spreads is +BTC -ETH @0.1, expected legs between tiers"), "{error}");
    let error = refused(&text, &[("commodity_spreads", "+/1 -/2 @0.1")]);
    assert!(error.contains("commodity_spreads is +/1 -/2 @0.1, expected legs between commodities"), "{error}");
}
