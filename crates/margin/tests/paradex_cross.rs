//! Paradex's cross margin against the examples of its documentation.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::paradex_cross::OptionRates;
use plimsoll_pricing::formulas::Right::{Call, Put};
use support::{book, decimal, near};

fn rates(of: [&str; 5]) -> OptionRates {
    let [premium_multiplier, long_itm, short_itm, short_otm, short_put_cap] = of.map(decimal);
    OptionRates { premium_multiplier, long_itm, short_itm, short_otm, short_put_cap }
}

/// docs.paradex.trade, perpetual options, margin requirements, late 2024: every example at a spot of 100.
#[test]
fn options_ask_what_the_examples_say() {
    let spot = decimal("100");
    let initial = rates(["1", "0.2", "0.15", "0.1", "0.5"]);
    let maintenance = rates(["0.5", "0.1", "0.075", "0.05", "0.5"]);
    for (mark, of_initial, of_maintenance) in [("10", "10", "5"), ("30", "20", "10"), ("0", "0", "0")] {
        assert_eq!(initial.long(spot, decimal(mark)), Ok(decimal(of_initial)), "long at {mark}");
        assert_eq!(maintenance.long(spot, decimal(mark)), Ok(decimal(of_maintenance)), "long at {mark}");
    }
    for (right, strike, of_initial, of_maintenance) in [
        (Call, "106", "10", "5"),
        (Put, "106", "15", "7.5"),
        (Call, "102", "13", "5.5"),
        (Call, "50", "15", "7.5"),
        // Capped: half of the strike is 20, and of a strike of 12 less than a tenth of the spot.
        (Put, "40", "10", "5"),
        (Put, "12", "6", "5"),
        (Call, "12", "15", "7.5"),
    ] {
        let strike = decimal(strike);
        assert_eq!(initial.short(right, strike, spot), Ok(decimal(of_initial)), "short {right:?} {strike}");
        assert_eq!(maintenance.short(right, strike, spot), Ok(decimal(of_maintenance)), "short {right:?} {strike}");
    }
}

const MARKET: &str = "index BTC 100\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 100 vol 0.6
                      mark BTC_USDC-PERPETUAL 100\nmark BTC_USDC-26JUN26-100-C 10\nmark BTC_USDC-26JUN26-106-P 25\n";

fn asked(model: &str, held: &str) -> (Decimal, Decimal) {
    let margin = book(&format!("{MARKET}{held}")).margin(by_name(model).unwrap().as_ref()).unwrap();
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// The same figures through the engine, with the parameters of that date and the ones in force.
#[test]
fn the_engine_asks_the_same_by_date() {
    let of = |initial: &str, maintenance: &str| (decimal(initial), decimal(maintenance));
    let (long, short) = ("position BTC_USDC-26JUN26-100-C 1", "position BTC_USDC-26JUN26-106-P -2");
    assert_eq!(asked("paradex-cross@2024-12", long), of("10", "5"));
    assert_eq!(asked("paradex-cross@2024-12", short), of("30", "15"));
    assert_eq!(asked("paradex-cross", long), of("10", "5"));
    assert_eq!(asked("paradex-cross", short), of("15", "7.5"));
    assert_eq!(asked("paradex-cross", "position BTC_USDC-PERPETUAL -3"), of("6", "3"));
    assert_eq!(asked("paradex-cross", &format!("{long}\n{short}\nposition BTC_USDC-PERPETUAL -3")), of("31", "15.5"));
}

/// Open size: ten held and five offered stay ten; eight more make thirteen the other way no more than ten this.
#[test]
fn orders_count_at_the_larger_side() {
    let with = |orders: &str| asked("paradex-cross", &format!("position BTC_USDC-PERPETUAL 10\n{orders}")).0;
    assert_eq!(with(""), decimal("20"));
    assert_eq!(with("order sell BTC_USDC-PERPETUAL 5 @ 100"), decimal("20"));
    assert_eq!(with("order sell BTC_USDC-PERPETUAL 23 @ 100"), decimal("26"));
    assert_eq!(with("order buy BTC_USDC-PERPETUAL 5 @ 100"), decimal("30"));
}

#[test]
fn size_scales_and_order_does_not_matter() {
    let lines = ["BTC_USDC-26JUN26-100-C 1", "BTC_USDC-26JUN26-106-P -2", "BTC_USDC-PERPETUAL -3"];
    let with = |order: &[usize]| {
        let held: Vec<String> = order.iter().map(|at| format!("position {}", lines[*at])).collect();
        asked("paradex-cross", &held.join("\n"))
    };
    assert_eq!(with(&[0, 1, 2]), with(&[2, 0, 1]));
    let (one, two) = (with(&[0, 1, 2]), with(&[0, 0, 1, 1, 2, 2]));
    assert_eq!(two.0, one.0.times_count(2).unwrap());
    assert_eq!(two.1, one.1.times_count(2).unwrap());
}

#[test]
fn what_has_no_rule_is_refused() {
    for (text, what) in [
        ("index BTC 100\nmark BTC-PERPETUAL 100\nposition BTC-PERPETUAL 10", "BTC-PERPETUAL: expected a linear"),
        ("index BTC 100\ncollateral BTC 1", "BTC: expected no balance"),
    ] {
        let error = book(text).margin(by_name("paradex-cross").unwrap().as_ref()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("paradex-cross cannot margin {what}")), "{error}");
    }
    near(asked("paradex-cross", "collateral USDC 5").0, "0", "0");
}
