//! Margin by the leverage of tiers against what Hyperliquid publishes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::leverage_tiers::{borrowable, maintenance_rate};
use support::{book, decimal, near};

fn margin(text: &str) -> Margin {
    book(text).margin(by_name("leverage-tiers").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn amounts(text: &str) -> (Decimal, Decimal) {
    let margin = margin(text);
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// 200 million of BTC: 150 at a half of 1/40, 50 at a half of 1/20; all of it at 20 times to open.
#[test]
fn tiers_leave_half_of_their_leverage_and_are_continuous() {
    let at = |size: &str| {
        amounts(&format!(
            "index BTC 100000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 100000\nposition BTC_USDC-PERPETUAL {size}"
        ))
    };
    assert_eq!(at("-2000"), (decimal("10000000"), decimal("3125000")));
    assert_eq!(at("1500"), (decimal("3750000"), decimal("1875000")));
    let step = at("1500.0001").1.minus(at("1500").1).unwrap();
    assert!(step < decimal("1"), "no jump at the bound: {step}");
    assert_eq!(maintenance_rate(decimal("20"), decimal("0.5")), Ok(decimal("0.025")));
}

/// 10,000 tokens at 40, half of which can be borrowed against; nothing against a debt.
#[test]
fn half_of_a_coin_counts() {
    assert_eq!(borrowable(decimal("10000"), decimal("40"), decimal("0.5")), Ok(decimal("200000")));
    assert_eq!(borrowable(decimal("-1"), decimal("40"), decimal("0.5")), Ok(Decimal::ZERO));
    let found = margin("index HYPE 40\nprice HYPE 40\ncollateral HYPE 10000");
    let counted = found.equity.maintenance.amount.minus(found.requirement.maintenance.amount).unwrap();
    near(counted, "200000", "0.000001");
}

#[test]
fn what_has_no_rule_is_refused() {
    let owed = book("index BTC 30000\nprice USDC 1\nprice BTC 30000\ncollateral USDC 900000\ncollateral BTC -10");
    let error = owed.margin(by_name("leverage-tiers").unwrap().as_ref()).unwrap_err().to_string();
    assert_eq!(error, "leverage-tiers cannot margin BTC: expected no debt but in the currency or a dollar stablecoin");
    let error = book("index BTC 30000\nmark BTC-PERPETUAL 30000\nposition BTC-PERPETUAL 10")
        .margin(by_name("leverage-tiers").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("leverage-tiers cannot margin BTC-PERPETUAL: expected"), "{error}");
}
