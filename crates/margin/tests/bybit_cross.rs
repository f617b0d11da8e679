//! Bybit's cross margin against its help pages.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::bybit_cross::{BybitCross, Short, inverse_value, long_order, short_order};
use plimsoll_pricing::formulas::Right;
use support::{book, decimal, near};

fn margin(text: &str) -> Margin {
    book(text).margin(by_name("bybit-cross").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn amounts(text: &str) -> (Decimal, Decimal) {
    let margin = margin(text);
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// Bybit help, bear put spread: short 18,500 put at index 20,250, mark 290, asks 2,315 to open (its order at 280 is
/// under the mark) and 938 to keep, 290 of it its mark. The long leg asks its value.
#[test]
fn a_short_put_asks_what_the_help_page_says_whatever_is_beside_it() {
    let text = "index BTC 20250\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 20250 vol 0.6
                mark BTC_USDC-26JUN26-18500-P 290\nmark BTC_USDC-26JUN26-20000-P 750\nposition BTC_USDC-26JUN26-18500-P -1";
    let (initial, maintenance) = amounts(text);
    near(initial, "2025", "0.000001");
    near(maintenance, "648", "0.000001");
    let spread = amounts(&format!("{text}\nposition BTC_USDC-26JUN26-20000-P 1"));
    near(spread.1, "1398", "0.000001");
}

/// XYZUSD of the help page: 25 coins are 0.45 coins of maintenance margin by pieces.
#[test]
fn inverse_tiers_are_in_coin_and_collateral_counts_by_quantity() {
    let mut model = by_name("bybit-cross").unwrap();
    model.set("inverse_maintenance.BTC", "0:0.01, 10:0.02, 20:0.03").unwrap();
    model.set("inverse_initial.BTC", "0:0.02").unwrap();
    model.set("leverage.BTC", "10").unwrap();
    let text = "index BTC 400\nmark BTC-PERPETUAL 400\nposition BTC-PERPETUAL 10000";
    let found = book(text).margin(model.as_ref()).unwrap().requirement;
    near(found.maintenance.amount, "180", "0.000001");
    // At ten times leverage 2.5 coins.
    near(found.initial.amount, "1000", "0.000001");
    // 15 BTC: ten at 0.98, five at 0.95.
    let counted = margin("index BTC 100\nprice BTC 100\ncollateral BTC 15");
    let counted = counted.equity.maintenance.amount.minus(counted.requirement.maintenance.amount).unwrap();
    assert_eq!(counted, decimal("1455"));
}

/// Bybit help, initial and maintenance margin calculation (options, 2023-12-04): short a 31,000 call at an index of
/// 30,000 and a mark of 300 keeps 1,260; 0.3 of a 48,000 call bought at 3,500 and an index of 42,000 costs 1,053.78.
#[test]
fn calls_longs_and_fees_are_what_the_help_page_says() {
    let rates = BybitCross::default().options;
    let short = Short {
        right: Right::Call,
        strike: decimal("31000"),
        index: decimal("30000"),
        mark: decimal("300"),
        price: decimal("300"),
    };
    let (initial, maintenance) = rates.short(&short).unwrap();
    assert_eq!((initial, maintenance), (decimal("3800"), decimal("1260")));
    let fee = BybitCross::default().fees.trade(decimal("42000"), decimal("3500")).unwrap();
    let of = |per_unit: Decimal| per_unit.times(decimal("0.3"), plimsoll_core::Rounding::Up).unwrap();
    assert_eq!((of(fee), of(long_order(decimal("3500"), fee).unwrap())), (decimal("3.78"), decimal("1053.78")));
    assert_eq!(fee, decimal("12.6"));
    assert_eq!(BybitCross::default().fees.trade(decimal("42000"), decimal("8")).unwrap(), Decimal::ONE, "an eighth");
    assert_eq!(short_order(initial, decimal("300"), decimal("9")).unwrap(), decimal("3509"));
    assert_eq!(inverse_value(decimal("10000"), decimal("400")).unwrap(), decimal("25"));
}

/// The larger of average price and mark is in the initial margin; what an order adds comes at the mark, and its premium
/// pays for the rest.
#[test]
fn a_short_sold_above_the_mark_asks_for_what_it_was_sold_at() {
    let lines = "index BTC 20250\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 20250 vol 0.6
                 mark BTC_USDC-26JUN26-18500-P 290\nposition BTC_USDC-26JUN26-18500-P -1 @ ";
    let initial = |rest: &str| amounts(&format!("{lines}{rest}")).0;
    assert_eq!(initial("280"), decimal("2025"));
    assert_eq!(initial("330"), decimal("2065"));
    // An order sold at 300: 2,025 and its fee of 0.03 % of the index.
    let order = initial("330\norder sell BTC_USDC-26JUN26-18500-P 1 @ 300");
    near(order, "4096.075", "0.000001");
}

/// An order to buy asks for its premium and its fee, above the mark and below it.
#[test]
fn an_order_to_buy_an_option_asks_for_its_premium() {
    let market = "index BTC 20250\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 20250 vol 0.6
                  mark BTC_USDC-26JUN26-20000-P 750";
    let initial = |rest: &str| amounts(&format!("{market}\n{rest}")).0;
    for (price, asked) in [("500", "506.075"), ("750", "756.075"), ("800", "806.075")] {
        near(initial(&format!("order buy BTC_USDC-26JUN26-20000-P 1 @ {price}")), asked, "0.000001");
    }
}

#[test]
fn a_debt_asks_for_margin_of_its_own_and_counts_whole() {
    let (initial, maintenance) = amounts("index BTC 60000\nprice USDT 1\nprice BTC 60000\ncollateral USDT -1000");
    assert_eq!((initial, maintenance), (decimal("100"), decimal("40")));
}

/// A thousand coins are no thousand dollars: tiers in dollars stand in for none in coin.
#[test]
fn an_inverse_contract_needs_tiers_in_coin() {
    let book = book("index BTC 90000\nmark BTC-PERPETUAL 90000\nposition BTC-PERPETUAL 90000000");
    let mut model = by_name("bybit-cross").unwrap();
    for parameter in ["inverse_initial", "inverse_maintenance"] {
        let error = book.margin(model.as_ref()).unwrap_err().to_string();
        let expected = format!("expected its brackets in BTC, which were not read: set {parameter}.BTCUSD");
        assert_eq!(error, format!("bybit-cross cannot margin BTC-PERPETUAL: {expected}"));
        model.set(&format!("{parameter}.BTCUSD"), "0:0.005, 100:0.01").unwrap();
    }
    // 0.5 coins of the first hundred, nine of the rest.
    near(book.margin(model.as_ref()).unwrap().requirement.maintenance.amount, "855000", "0.000001");
}

/// What a quanto pays is not what its quote says.
#[test]
fn quantos_are_refused() {
    let market = "index BTC 60000\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 60000 vol 0.6";
    for position in ["BTC/USD:USDC-260626-60000-C 1", "BTC/USD:USDC-260626-60000-C -1"] {
        let book = book(&format!("{market}\nposition {position}"));
        let error = book.margin(by_name("bybit-cross").unwrap().as_ref()).unwrap_err().to_string();
        let name = position.split(' ').next().unwrap();
        assert!(error.starts_with(&format!("bybit-cross cannot margin {name}: expected")), "{error}");
    }
}

/// A coin that does not count is none to buy with what counts: the margin must still be there when the order is filled.
#[test]
fn a_spot_order_asks_for_what_its_coins_will_not_count() {
    let market = "index BTC 60000\nindex DOGE 0.1\nprice USDT 1\nprice BTC 60000\nmark BTC/USDT:USDT 60000
                  mark DOGE_USDT 0.1\nmark BTC_USDT 60000\ncollateral USDT 100000\nposition BTC/USDT:USDT 1";
    let initial = |order: &str| amounts(&format!("{market}\n{order}"));
    assert_eq!(initial(""), (decimal("600"), decimal("300")));
    assert_eq!(initial("order buy DOGE_USDT 1000000 @ 0.1"), (decimal("100600"), decimal("300")));
    // A coin counts 98 %, and what is bought on credit asks for the debt's margin too.
    assert_eq!(initial("order buy BTC_USDT 1 @ 60000").0, decimal("1800"));
    assert_eq!(initial("order buy BTC_USDT 2 @ 60000").0, decimal("5000"));
    // Two orders that each have the dollars have not both.
    let two = "order buy BTC_USDT 1 @ 60000\norder buy BTC_USDT 1 @ 60000";
    assert_eq!(initial(two).0, decimal("5000"));
}

#[test]
fn what_has_no_rule_is_refused() {
    let error = book("index BTC 30000\nforward BTC 2026-06-26T08:00:00Z 30000 vol 0.6\nposition BTC-26JUN26-60000-C 1")
        .margin(by_name("bybit-cross").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("bybit-cross cannot margin BTC-26JUN26-60000-C: expected"), "{error}");
}
