//! Binance coin-margined futures against published brackets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use support::{book, near};

fn margin(text: &str) -> Margin {
    book(text).margin(by_name("binance-coinm").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn amounts(text: &str) -> (Decimal, Decimal) {
    let margin = margin(text);
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// 12 BTC: five at 0.4 %, five at 0.5 %, two at 1 %, in coin and at the coin's price.
#[test]
fn brackets_are_in_coin() {
    let text = "index BTC 50000\nmark BTC-PERPETUAL 50000\nposition BTC-PERPETUAL -600000";
    let (initial, maintenance) = amounts(text);
    near(maintenance, "3250", "0.000001");
    near(initial, "12000", "0.000001");
}

#[test]
fn parameters_work_at_both_bounds_and_what_has_no_rule_is_refused() {
    let fields: Vec<_> = by_name("binance-coinm")
        .unwrap()
        .fields()
        .iter()
        .map(|field| (field.name, field.low, field.high, field.values()[0].1.clone()))
        .collect();
    for (name, low, high, shape) in fields {
        for value in [low, high] {
            let mut model = by_name("binance-coinm").unwrap();
            let text = match shape.as_str() {
                shape if shape.contains("rest:") => format!("rest:{value}"),
                shape if shape.contains(':') => format!("0:{value}"),
                _ => value.to_string(),
            };
            model.set(name, &text).unwrap_or_else(|error| panic!("{error}"));
            book("index BTC 30000\nmark BTC-PERPETUAL 30000\nposition BTC-PERPETUAL 10\ncollateral BTC 1")
                .margin(model.as_ref())
                .unwrap_or_else(|error| panic!("{name} {value}: {error}"));
        }
        let error = by_name("binance-coinm").unwrap().set(name, "-1").unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let error = book("index BTC 30000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 30000\nposition BTC_USDT-PERPETUAL 20")
        .margin(by_name("binance-coinm").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("binance-coinm cannot margin BTC_USDT-PERPETUAL: expected"), "{error}");
}
