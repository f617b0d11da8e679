//! Binance portfolio margin: one ratio, by its published rule.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::binance_portfolio::{RatioLevels, Standing, counted, loan_maintenance, ratio};
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

/// Futures of both kinds and a loan are added; at 1.05 times the sum the account is liquidated, at 1.2 it may only reduce.
#[test]
fn both_wallets_and_loans_are_one_sum() {
    let text = "index BTC 50000\nprice USDT 1\nprice BTC 50000\nmark BTC-PERPETUAL 50000\nmark BTC_USDT-PERPETUAL 50000
                collateral BTC 1\ncollateral USDT -1000\nposition BTC-PERPETUAL -50000\nposition BTC_USDT-PERPETUAL 1";
    let found = margin(text);
    // 0.4 % of one coin, 0.4 % of 50,000, a tenth of the loan are 500; 5 % of the coin does not count.
    near(found.requirement.maintenance.amount, "3025", "0.000001");
    near(found.requirement.initial.amount, "3100", "0.000001");
}

/// FAQ 5e33af8e6ac04d57a1d0a3398e0a0752, the example's first rows: 0.04 BTC borrowed beside 0.1 and 15 ETH beside 20 ask
/// 0.004 BTC and 1.5 ETH.
#[test]
fn a_loan_asks_its_rate_whatever_is_beside_it() {
    assert_eq!(loan_maintenance(decimal("0.04"), decimal("0.1")), Ok(decimal("0.004")));
    assert_eq!(loan_maintenance(decimal("15"), decimal("0.1")), Ok(decimal("1.5")));
    let mut book = book("index BTC 40000\nindex ETH 3000\nprice USDT 1\ncollateral BTC 0.1\ncollateral ETH 20");
    book.account.portfolio.balances[0].borrowed = decimal("0.04");
    book.account.portfolio.balances[1].borrowed = decimal("15");
    let found = book.margin(by_name("binance-portfolio").unwrap().as_ref()).unwrap();
    // 1.05 × (0.004 × 40,000 + 1.5 × 3,000), and 5 % of 2,400 and 15,000.
    near(found.requirement.maintenance.amount, "5763", "0.000001");
}

#[test]
fn interest_is_owed_as_the_loan_is() {
    let mut book = book("index BTC 40000\ncollateral BTC 0.1");
    book.account.portfolio.balances[0].borrowed = decimal("0.03");
    book.account.portfolio.balances[0].accrued_interest = decimal("0.01");
    let found = book.margin(by_name("binance-portfolio").unwrap().as_ref()).unwrap();
    // 1.05 × 0.004 × 40,000, and 5 % of 2,400.
    near(found.requirement.maintenance.amount, "288", "0.000001");
}

/// The same FAQ's futures: wallets, entries, marks and positions as printed, all at 0.5 %.
#[test]
fn the_examples_futures_have_its_gains_and_margins() {
    let mut model = by_name("binance-portfolio").unwrap();
    for (name, value) in [("usdm_maintenance", "0:0.005"), ("coinm_maintenance", "0:0.005")] {
        model.set(name, value).unwrap();
    }
    for name in
        ["usdm_maintenance.BTC", "usdm_maintenance.BTCUSDT", "usdm_maintenance.BTCUSDT_DATED", "coinm_maintenance.BTC"]
    {
        model.set(name, "0:0.005").unwrap();
    }
    model.set("liquidation_ratio", "1").unwrap();
    let text = "index BTC 40000\nprice USDT 1\nforward BTC 2026-06-26T08:00:00Z 42000 vol 0.6
                mark BTC/USDT:USDT 40000\nmark BTC/USDT:USDT-260626 42000\nmark BTC/USD:BTC 40000
                collateral USDT 5000\ncollateral BTC 0.1\nposition BTC/USDT:USDT -0.05 @ 52000
                position BTC/USDT:USDT-260626 0.04 @ 52350\nposition BTC/USD:BTC 10000 @ 50000";
    let found = book(text).margin(model.as_ref()).unwrap();
    let kept = |name: &str| found.requirement.maintenance.find(name).unwrap().amount;
    near(kept("BTC/USDT:USDT"), "10", "0.000001");
    near(kept("BTC/USDT:USDT-260626"), "8.4", "0.000001");
    near(kept("BTC/USD:BTC"), "50", "0.000001");
    // 600 and −414 USDT, −0.05 BTC.
    near(found.equity.net_value.amount, "7186", "0.000001");
}

#[test]
fn the_venue_acts_at_its_ratios() {
    let levels = RatioLevels::default();
    for (ratio, standing) in [
        ("1.51", Standing::Free),
        ("1.5", Standing::Reminded),
        ("1.2", Standing::ReduceOnly),
        ("1.05", Standing::Liquidated),
        ("1", Standing::Bankrupt),
    ] {
        assert_eq!(levels.standing(Some(decimal(ratio))), standing, "{ratio}");
    }
    assert_eq!(levels.standing(None), Standing::Free);
}

#[test]
fn a_pair_quoted_in_a_coin_has_no_brackets_in_dollars() {
    let book = book("index ETH 3000\nindex BTC 60000\nmark ETH/BTC:BTC 0.05\nposition ETH/BTC:BTC 400");
    let mut model = by_name("binance-portfolio").unwrap();
    let error = book.margin(model.as_ref()).unwrap_err().to_string();
    assert!(error.ends_with("set usdm_maintenance.ETHBTC"), "{error}");
    model.set("usdm_maintenance.ETHBTC", "0:0.005").unwrap();
    // 1.05 times 0.5 % of 20 BTC.
    near(book.margin(model.as_ref()).unwrap().requirement.maintenance.amount, "6300", "0.000001");
}

/// uniMMR is of equity less what open orders would lose, at every level.
#[test]
fn open_orders_lose_at_maintenance_too() {
    let text = "index BTC 50000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 50000\nposition BTC_USDT-PERPETUAL 1";
    let asked = |order: &str| margin(&format!("{text}\n{order}")).requirement.maintenance.amount;
    let alone = asked("");
    let more = |order: &str| asked(order).minus(alone).unwrap();
    assert_eq!(more("order buy BTC_USDT-PERPETUAL 2 @ 51000"), decimal("2000"));
    assert_eq!(more("order buy BTC_USDT-PERPETUAL 2 @ 49000"), Decimal::ZERO, "gains do not count");
    assert_eq!(more("order sell BTC_USDT-PERPETUAL 1 @ 49500\norder buy BTC_USDT-PERPETUAL 1 @ 50100"), decimal("600"));
}

#[test]
fn what_has_no_rule_is_refused() {
    let mut model = by_name("binance-portfolio").unwrap();
    model.set("reduce_only_ratio", "1.01").unwrap();
    let error = book("index BTC 30000").margin(model.as_ref()).unwrap_err().to_string();
    assert_eq!(error, "binance-portfolio: reduce_only_ratio is 1.01, expected at least liquidation_ratio, 1.05");
    let error = book("index BTC 30000\nforward BTC 2026-06-26T08:00:00Z 30000 vol 0.6\nposition BTC-26JUN26-60000-C 1")
        .margin(by_name("binance-portfolio").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot margin BTC-26JUN26-60000-C: expected"), "{error}");
}
