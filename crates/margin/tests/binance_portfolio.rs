//! Binance portfolio margin: one ratio, by its published rule.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::binance_portfolio::{counted, ratio};
use plimsoll_margin::models::by_name;
use support::{book, decimal, near};

fn margin(text: &str) -> Margin {
    book(text).margin(by_name("binance-portfolio").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

/// A positive balance is reduced by its rate, a debt is not; the ratio is of equity so counted.
#[test]
fn what_is_owed_counts_whole() {
    assert_eq!(counted(decimal("2"), decimal("100"), decimal("0.95")), Ok(decimal("190")));
    assert_eq!(counted(decimal("-2"), decimal("100"), decimal("0.95")), Ok(decimal("-200")));
    assert_eq!(ratio(decimal("300"), decimal("200")), Ok(Some(decimal("1.5"))));
    assert_eq!(ratio(decimal("300"), Decimal::ZERO), Ok(None));
}

/// Futures of both kinds and a loan are added; opening asks 1.5 times.
#[test]
fn both_wallets_and_loans_are_one_sum() {
    let text = "index BTC 50000\nprice USDT 1\nprice BTC 50000\nmark BTC-PERPETUAL 50000\nmark BTC_USDT-PERPETUAL 50000
                collateral BTC 1\ncollateral USDT -1000\nposition BTC-PERPETUAL -50000\nposition BTC_USDT-PERPETUAL 1";
    let found = margin(text);
    // 0.4 % of one coin, 0.4 % of 50,000, a tenth of the loan; 5 % of the coin does not count.
    near(found.requirement.maintenance.amount, "3000", "0.000001");
    near(found.requirement.initial.amount, "3250", "0.000001");
}

#[test]
fn parameters_work_at_both_bounds_and_what_has_no_rule_is_refused() {
    let fields: Vec<_> = by_name("binance-portfolio")
        .unwrap()
        .fields()
        .iter()
        .map(|field| (field.name, field.low, field.high, field.values()[0].1.clone()))
        .collect();
    for (name, low, high, shape) in fields {
        for value in [low, high] {
            let mut model = by_name("binance-portfolio").unwrap();
            let text = match shape.as_str() {
                shape if shape.contains("rest:") => format!("rest:{value}"),
                shape if shape.contains(':') => format!("0:{value}"),
                _ => value.to_string(),
            };
            model.set(name, &text).unwrap_or_else(|error| panic!("{error}"));
            book("index BTC 30000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 30000\nposition BTC_USDT-PERPETUAL 20\ncollateral USDT -9").margin(model.as_ref()).unwrap_or_else(|error| panic!("{name} {value}: {error}"));
        }
        let error = by_name("binance-portfolio").unwrap().set(name, "-1").unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let error = book("index BTC 30000\nforward BTC 2026-06-26T08:00:00Z 30000 vol 0.6\nposition BTC-26JUN26-60000-C 1")
        .margin(by_name("binance-portfolio").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot margin BTC-26JUN26-60000-C: expected"), "{error}");
}
