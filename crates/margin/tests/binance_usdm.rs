//! Binance USD-margined futures against published brackets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use support::{book, decimal, near};

fn margin(text: &str) -> Margin {
    book(text).margin(by_name("binance-usdm").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn amounts(text: &str) -> (Decimal, Decimal) {
    let margin = margin(text);
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// 109.488 BTC at 31,967.27: 3.5 million, in the bracket of 1 % that starts at 3 million. The same sum by pieces.
#[test]
fn maintenance_is_rate_less_deduction_and_initial_the_rate_of_the_bracket() {
    let text = "index BTC 30000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 30000\nposition BTC_USDT-PERPETUAL 20";
    let (initial, maintenance) = amounts(text);
    assert_eq!(initial, decimal("6000"), "600,000 at 1 %");
    assert_eq!(maintenance, decimal("2950"), "50,000 at 0.4 %, 550,000 at 0.5 %");
    assert_eq!(amounts(&text.replace("PERPETUAL 20", "PERPETUAL -20")), (initial, maintenance));
}

/// Everything but dollar stablecoins counts nothing, and a debt counts whole.
#[test]
fn only_dollars_are_collateral() {
    let equity = |text: &str| margin(text).equity.maintenance.amount;
    assert_eq!(equity("index BTC 30000\nprice BTC 30000\ncollateral BTC 1"), Decimal::ZERO);
    near(equity("index BTC 30000\nprice USDT 0.999\ncollateral USDT 1000"), "999", "0.000001");
}

#[test]
fn parameters_work_at_both_bounds_and_what_has_no_rule_is_refused() {
    let fields: Vec<_> = by_name("binance-usdm")
        .unwrap()
        .fields()
        .iter()
        .map(|field| (field.name, field.low, field.high, field.values()[0].1.clone()))
        .collect();
    for (name, low, high, shape) in fields {
        for value in [low, high] {
            let mut model = by_name("binance-usdm").unwrap();
            let text = match shape.as_str() {
                shape if shape.contains("rest:") => format!("rest:{value}"),
                shape if shape.contains(':') => format!("0:{value}"),
                _ => value.to_string(),
            };
            model.set(name, &text).unwrap_or_else(|error| panic!("{error}"));
            book("index BTC 30000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 30000\nposition BTC_USDT-PERPETUAL 20\ncollateral USDT 9").margin(model.as_ref()).unwrap_or_else(|error| panic!("{name} {value}: {error}"));
        }
        let error = by_name("binance-usdm").unwrap().set(name, "-1").unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let error = book("index BTC 30000\nmark BTC-PERPETUAL 30000\nposition BTC-PERPETUAL 10")
        .margin(by_name("binance-usdm").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("binance-usdm cannot margin BTC-PERPETUAL: expected"), "{error}");
}
