//! Binance coin-margined futures against published brackets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use support::{book, decimal, near};

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

/// FAQ ceccfcfb4e3a45e3b48b0b1bb1a8ae46: at 300 BTC the rate is 12.5 % and the amount 11.605 BTC; before it was 11.81,
/// on level 5 from 50 BTC on 1.81, on the level below 0.56. 300 BTC at 50,000 are 15 million contracts of a dollar.
#[test]
fn maintenance_amounts_are_those_of_the_page() {
    let asked = |name: &str, coins: i64| {
        let text = format!("index BTC 50000\nmark BTC-PERPETUAL 50000\nposition BTC-PERPETUAL {}", coins * 50_000);
        let margin = book(&text).margin(by_name(name).unwrap().as_ref()).unwrap();
        margin.requirement.maintenance.amount.over(decimal("50000"), plimsoll_core::Rounding::HalfEven).unwrap()
    };
    for (name, coins, rate, amount) in [
        ("binance-coinm", 300, "0.125", "11.605"),
        ("binance-coinm@2020-06", 300, "0.125", "11.81"),
        ("binance-coinm@2020-06", 60, "0.05", "1.81"),
        ("binance-coinm@2020-06", 40, "0.025", "0.56"),
    ] {
        let margin = Decimal::from_int(coins).times(decimal(rate), plimsoll_core::Rounding::HalfEven).unwrap();
        near(asked(name, coins), &margin.minus(decimal(amount)).unwrap().to_string(), "0.000000001");
    }
}

/// The page: 100 contracts of 100 USD at 25,000 are 0.4 BTC, which ask 0.0016 BTC.
#[test]
fn a_contract_stands_for_its_multiplier() {
    let text = "index BTC 25000\nmark BTC/USD:BTC 25000\nposition BTC/USD:BTC 10000";
    let margin = margin(text).requirement.maintenance.amount;
    near(margin, "40", "0.000001");
}

#[test]
fn wallets_of_two_coins_are_two_accounts() {
    let text = "index BTC 50000\nindex ETH 2500\nmark BTC-PERPETUAL 50000\nposition BTC-PERPETUAL 1000
                collateral BTC 1\ncollateral ETH 1";
    let error = book(text).margin(by_name("binance-coinm").unwrap().as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("binance-coinm cannot margin ETH: expected one coin an account"), "{error}");
}

/// A wallet is one whether or not something is in it yet.
#[test]
fn contracts_settled_in_two_coins_are_two_accounts() {
    let market = "index BTC 50000\nindex ETH 2500\nprice USDT 1\nmark ETH-PERPETUAL 2500";
    for (held, other) in [
        ("collateral BTC 3\nposition ETH-PERPETUAL 1000 @ 2500", "ETH"),
        ("collateral BTC 3\norder buy ETH-PERPETUAL 1000 @ 2500", "ETH"),
        ("collateral USDT 3\nposition ETH-PERPETUAL 1000", "USDT"),
    ] {
        let book = book(&format!("{market}\n{held}"));
        let error = book.margin(by_name("binance-coinm").unwrap().as_ref()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("binance-coinm cannot margin {other}: expected one coin")), "{error}");
    }
    margin(&format!("{market}\ncollateral ETH 3\nposition ETH-PERPETUAL 1000 @ 2500"));
}

#[test]
fn what_has_no_rule_is_refused() {
    let error = book("index BTC 30000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 30000\nposition BTC_USDT-PERPETUAL 20")
        .margin(by_name("binance-coinm").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("binance-coinm cannot margin BTC_USDT-PERPETUAL: expected"), "{error}");
}
