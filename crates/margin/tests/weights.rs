//! Weighted assets and debts against Drift's tests, and the rule's properties.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use std::sync::Arc;

use plimsoll_core::Decimal;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::weights::curves::{capped, fill, gain_weight, size_discount, size_premium};
use plimsoll_pricing::market::Market;
use support::{Book, book, decimal, near};

/// What an account has beyond what it must: at the initial level and to maintain.
fn surplus(book: &Book, model: &str) -> (Decimal, Decimal) {
    let margin = book.margin(by_name(model).unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"));
    (
        margin.equity.initial.amount.minus(margin.requirement.initial.amount).unwrap(),
        margin.equity.maintenance.amount.minus(margin.requirement.maintenance.amount).unwrap(),
    )
}

/// Drift protocol-v2, margin tests; it rounds weights to 10⁻⁴.
#[test]
fn weights_bend_with_size_as_drifts_tests_say() {
    let of = |found: Result<Decimal, _>, published: &str| {
        let found: Result<Decimal, plimsoll_margin::MarginError> = found;
        near(found.unwrap(), published, "0.000101");
    };
    for (imf, asset, liability) in [("0", "0.9", "1.1"), ("0.01", "0.8357", "1.1962"), ("0.1", "0.2642", "4.0422")] {
        of(size_discount(decimal("0.9"), decimal(imf), decimal("1000")), asset);
        of(size_premium(decimal("1.1"), decimal(imf), decimal("1000")), liability);
    }
    of(size_discount(decimal("0.75"), decimal("0.1"), decimal("100000")), "0.0337");
    of(gain_weight(Decimal::ONE, decimal("0.001"), decimal("242827.86896")), "0.7368");
    assert_eq!(capped(decimal("0.9"), decimal("500000"), decimal("1000000")), Ok(decimal("0.45")));
    assert_eq!(capped(decimal("0.9"), decimal("500000"), decimal("500000")), Ok(decimal("0.9")));
    assert_eq!(fill(decimal("0.15"), decimal("0.75")), Ok(decimal("0.45")));
}

/// A coin counts 0.8 and 0.9, a debt 1.2 and 1.1 times its value; small sizes do not bend.
#[test]
fn a_balance_counts_less_and_a_debt_more_than_its_value() {
    let coin = book("index ETH 3000\nprice ETH 3000\ncollateral ETH 1");
    assert_eq!(surplus(&coin, "weights"), (decimal("2400"), decimal("2700")));
    let debt = book("index ETH 3000\nprice ETH 3000\nprice USDC 1\ncollateral USDC 10000\ncollateral ETH -1");
    near(surplus(&debt, "weights").0, "6400", "0.000001");
    near(surplus(&debt, "weights").1, "6700", "0.000001");
}

#[test]
fn initially_the_worse_of_price_and_slow_price_counts() {
    let slow = |price: &str, coins: &str| {
        let mut book = book(&format!(
            "index ETH 3000\nprice ETH 3000\nprice USDC 1\ncollateral USDC 10000\ncollateral ETH {coins}"
        ));
        let mut snapshot = book.market.snapshot().clone();
        snapshot.assets.get_mut(&support::asset("ETH")).unwrap().slow_price = Some(decimal(price));
        book.market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
        surplus(&book, "weights")
    };
    near(slow("2000", "1").0, "11600", "0.000001");
    assert_eq!(slow("2000", "1").1, slow("9000", "1").1, "maintenance does not look at it");
    near(slow("9000", "1").0, "12400", "0.000001");
    near(slow("4000", "-1").0, "5200", "0.000001");
}

#[test]
fn a_gain_counts_little_initially_a_loss_whole_and_whales_ask_for_more() {
    let perpetual = |quantity: &str, entry: &str| {
        book(&format!(
            "index SOL 100\nprice USDC 1\nmark SOL_USDC-PERPETUAL 100\ncollateral USDC 100000
             position SOL_USDC-PERPETUAL {quantity} @ {entry}"
        ))
    };
    // A gain of 900 counts at most 100 initially.
    near(surplus(&perpetual("10", "10"), "weights").0, "100050", "0.000001");
    near(surplus(&perpetual("10", "10"), "weights").1, "100870", "0.000001");
    near(surplus(&perpetual("10", "190"), "weights").0, "99050", "0.000001");
    let asked = |quantity: &str| {
        let margin = perpetual(quantity, "100").margin(by_name("weights").unwrap().as_ref()).unwrap();
        margin.requirement.maintenance.find("SOL_USDC-PERPETUAL").unwrap().amount
    };
    let (minnow, whale) = (asked("1"), asked("100000"));
    assert!(whale > minnow.times_count(100_000).unwrap(), "{minnow} {whale}");
    let mango = surplus(&perpetual("10", "10"), "weights@mango-2024-09");
    near(mango.1, "100825", "0.000001");
}

#[test]
fn the_currency_counts_whole_and_gains_net_within_a_contract() {
    let cash =
        |lines: &str| surplus(&book(&format!("index BTC 60000\nprice USDC 1\nprice BTC 60000\n{lines}")), "weights");
    assert_eq!(cash("collateral USD 40000"), (decimal("40000"), decimal("40000")));
    assert_eq!(cash("collateral USD -10000\ncollateral USDC 40000"), (decimal("30000"), decimal("30000")));
    // A gain of 900 on one side of a contract and a loss of 800 on the other are a gain of 100, which counts whole.
    let two_ways = "index SOL 100\nprice USDC 1\nmark SOL_USDC-PERPETUAL 100\ncollateral USDC 1000
                    position SOL_USDC-PERPETUAL 10 @ 10\nposition SOL_USDC-PERPETUAL -10 @ 20";
    near(surplus(&book(two_ways), "weights").0, "1100", "0.000001");
    // Mango's ratios do not rise with size, of any coin.
    let whale = "index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\ncollateral USDC 900000000
                 position BTC_USDC-PERPETUAL 10000 @ 60000";
    near(surplus(&book(whale), "weights@mango-2024-09").1, "882000000", "0.000001");
}

#[test]
fn what_has_no_rule_is_refused() {
    let option = "index BTC 60000\nforward BTC 2026-06-26T08:00:00Z 60500 vol 0.6\nposition BTC-26JUN26-60000-C -2";
    let error = book(option).margin(by_name("weights").unwrap().as_ref()).unwrap_err().to_string();
    assert_eq!(error, "weights cannot margin BTC-26JUN26-60000-C: expected a linear perpetual");
}
