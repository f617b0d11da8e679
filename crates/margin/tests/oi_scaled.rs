//! Margin that grows with open interest against the figures of dYdX and its tests.

mod support;

use std::sync::Arc;

use plimsoll_core::Decimal;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::oi_scaled::tier::{self, LiquidityTier, Standing};
use plimsoll_pricing::market::Market;
use support::{book, decimal};

/// Half way between the caps: 10 % + half of 90 %; twice past the upper one, all of it. Maintenance stays.
#[test]
fn initial_margin_grows_with_open_interest_and_maintenance_does_not() {
    let with = |open: &str| {
        let mut book =
            book("index LINK 15\nprice USDC 1\nmark LINK_USDC-PERPETUAL 15\nposition LINK_USDC-PERPETUAL -1000");
        let mut snapshot = book.market.snapshot().clone();
        snapshot.marks.values_mut().for_each(|mark| mark.open_interest = Some(decimal(open)));
        book.market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
        let margin = book.margin(by_name("oi-scaled").unwrap().as_ref()).unwrap();
        (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
    };
    assert_eq!(with("0"), (decimal("1500"), decimal("750")));
    assert_eq!(with("500000"), (decimal("8250"), decimal("750")));
    assert_eq!(with("2000000"), (decimal("15000"), decimal("750")));
}

/// dYdX v4-chain, `lib_test.go` and `liquidity_tier_test.go`.
#[test]
fn margins_round_up_and_the_maintenance_rate_down() {
    let tier = LiquidityTier {
        initial: decimal("0.637239"),
        maintenance_fraction: decimal("0.289284"),
        oi_lower_cap: Decimal::ZERO,
        oi_upper_cap: Decimal::ZERO,
    };
    assert_eq!(tier.maintenance_rate(), Ok(decimal("0.184343")));
    assert_eq!(tier::margin(decimal("9200311488"), decimal("0.05"), Decimal::ONE), Ok(decimal("460015575")));
    assert_eq!(tier::margin(Decimal::ONE, decimal("0.1"), Decimal::ONE), Ok(Decimal::ONE));
    assert_eq!(tier::margin(decimal("-10"), decimal("0.1"), Decimal::ONE), Ok(Decimal::ONE));
}

/// dYdX v4-chain, `liquidity_tier_test.go`: 0.2 + 0.234567 × 0.8 is 0.3876536, and the venue counts 387,653 millionths.
#[test]
fn the_fraction_is_cut_off_at_a_millionth_before_a_margin_rounds_up() {
    let tier = |lower: &str, upper: &str| LiquidityTier {
        initial: decimal("0.2"),
        maintenance_fraction: Decimal::ONE,
        oi_lower_cap: decimal(lower),
        oi_upper_cap: decimal(upper),
    };
    let fraction = tier("1000000", "2000000").initial_fraction(decimal("1234567")).unwrap();
    assert_eq!(fraction, decimal("0.387653"));
    assert_eq!(tier::margin(decimal("10000000"), fraction, Decimal::ONE), Ok(decimal("3876530")));
    assert_eq!(tier("25000000", "60000000").initial_fraction(decimal("28123456.789123")), Ok(decimal("0.271393")));
    assert_eq!(tier("5", "5").initial_fraction(decimal("5")), Ok(decimal("0.2")));
    assert_eq!(tier("5", "5").initial_fraction(decimal("5.000001")), Ok(Decimal::ONE), "caps that meet");
    assert_eq!(tier("0", "0").initial_fraction(decimal("7")), Ok(decimal("0.2")), "no upper cap");
}

/// An account under water may only come nearer to the surface.
#[test]
fn an_account_under_its_margin_may_only_improve() {
    let of = |net: &str, kept: &str| Standing { net_collateral: decimal(net), maintenance: decimal(kept) };
    let now = of("80", "100");
    assert_eq!(now.may_become(&of("41", "50")), Ok(true), "a larger ratio");
    assert_eq!(now.may_become(&of("39", "50")), Ok(false), "a smaller one");
    assert_eq!(now.may_become(&of("200", "101")), Ok(false), "maintenance margin rises");
    assert_eq!(of("-5", "100").may_become(&of("-4", "0")), Ok(true));
    assert_eq!(of("-5", "100").may_become(&of("-6", "0")), Ok(false));
}

#[test]
fn what_has_no_rule_is_refused() {
    let mut model = by_name("oi-scaled").unwrap();
    model.set("oi_lower_cap.LINK", "20000000").unwrap();
    let error = book("index LINK 15").margin(model.as_ref()).unwrap_err().to_string();
    assert_eq!(error, "oi-scaled: oi_lower_cap.LINK is 20000000, expected at most oi_upper_cap, 10000000");
    let error = book("index BTC 30000\nmark BTC-PERPETUAL 30000\nposition BTC-PERPETUAL 10")
        .margin(by_name("oi-scaled").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("oi-scaled cannot margin BTC-PERPETUAL: expected"), "{error}");
}
