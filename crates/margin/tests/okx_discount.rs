//! OKX's discount rates against what was published of them.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::okx_discount::options::{OptionRates, Short};
use plimsoll_margin::models::value_ratios::ValueRatios;
use plimsoll_margin::parameters::ByName;
use plimsoll_pricing::formulas::Right;
use support::{book, decimal, near};

/// What counts of a balance, and what a position beside it asks for.
fn surplus(text: &str) -> Decimal {
    let found = book(text).margin(by_name("okx-discount").unwrap().as_ref()).unwrap();
    found.equity.maintenance.amount.minus(found.requirement.maintenance.amount).unwrap()
}

/// OKX, notice of June 2022: 11 million at 1, 0.9 and 0.8 count 10.3 million.
#[test]
fn a_balance_counts_piece_by_piece_and_a_debt_whole() {
    assert_eq!(surplus("index BTC 60000\nprice USDT 1\ncollateral USDT 11000000"), decimal("10300000"));
    assert_eq!(surplus("index BTC 60000\nprice USDT 1\ncollateral USDT -11000000"), decimal("-11000000"));
    assert_eq!(surplus("index BTC 60000\nprice DOGE 1\ncollateral DOGE 5"), Decimal::ZERO, "a coin not named");
}

#[test]
fn futures_ask_what_cross_asks() {
    let text = "index BTC 60000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 60000\nposition BTC_USDT-PERPETUAL -2";
    let of = |name: &str| book(text).margin(by_name(name).unwrap().as_ref()).unwrap().requirement.initial.amount;
    assert_eq!(of("okx-discount"), of("cross"));
}

/// The table of token X in the notice of April 2025, before and after its step grew from 0.01 to 0.03; in coin.
#[test]
fn pieces_can_be_counted_in_coin() {
    let counted = |table: &str, amount: &str| {
        let ratios = ValueRatios { by_asset: ByName::new(table.parse().unwrap(), []), in_coin: Decimal::ONE };
        ratios.counted("X", decimal(amount), decimal("0.5")).unwrap()
    };
    let before = "120000000:0.850, 200000000:0.830, 250000000:0.820, 370000000:0.810";
    let after = "120000000:0.850, 200000000:0.790, 250000000:0.760, 370000000:0.730";
    assert_eq!(counted(before, "120000000"), counted(after, "120000000"));
    // (120 × 0.85 + 80 × 0.83 + 50 × 0.82) million × 0.5, and less since.
    assert_eq!(counted(before, "250000000"), decimal("104700000"));
    assert_eq!(counted(after, "250000000"), decimal("101600000"));
    assert_eq!(counted(after, "400000000"), counted(after, "370000000"), "nothing counts past the last bound");
}

fn rates(maintenance: &str, factor: &str) -> OptionRates {
    OptionRates {
        initial: decimal("0.15"),
        minimum: decimal("0.1"),
        maintenance: decimal(maintenance),
        factor: decimal(factor),
        put_by_mark: false,
    }
}

/// The venue's worked example: a call 100 out of the money, underlying at 5,900, mark 0.0575, margin factor 1.02, asks
/// 0.01932 BTC for a contract of a tenth.
#[test]
fn a_short_call_asks_what_the_venues_example_says() {
    let call = Short {
        right: Right::Call,
        strike: decimal("6000"),
        forward: decimal("5900"),
        index: decimal("5900"),
        mark: decimal("0.0575"),
    };
    let (initial, maintenance) = rates("0.03", "1.02").inverse(&call).unwrap();
    near(initial.times(decimal("0.1"), Rounding::Up).unwrap(), "0.01932", "0.000005");
    near(maintenance, "0.0881", "0.000000001");
}

#[test]
fn puts_and_dollar_margined_options_follow_their_own_lines() {
    let put = |mark: &str| Short {
        right: Right::Put,
        strike: decimal("4000"),
        forward: decimal("5000"),
        index: decimal("5010"),
        mark: decimal(mark),
    };
    let of = rates("0.05", "1");
    // Far out of the money: the least share.
    assert_eq!(of.inverse(&put("0.01")).unwrap(), (decimal("0.11"), decimal("0.06")));
    // A mark above one coin: maintenance grows with it.
    assert_eq!(of.inverse(&put("2")).unwrap().1, decimal("2.1"));
    let first = OptionRates { put_by_mark: true, ..of };
    assert_eq!(first.inverse(&put("0.01")).unwrap().0, decimal("0.111"));
    assert_eq!(of.linear(&put("50")).unwrap(), (decimal("551"), decimal("300.5")));
    assert_eq!(of.linear(&put("6000")).unwrap().1, decimal("6300"));
}

/// A long option supports nothing; a short one asks for its margin over the mark that equity already counts.
#[test]
fn options_are_margined_one_by_one() {
    let with = |positions: &str| {
        surplus(&format!(
            "index BTC 60000\nprice USDT 1\nprice BTC 60000\ncollateral USDT 100000
             forward BTC 2026-06-26T08:00:00Z 60000 vol 0.6\n{positions}"
        ))
    };
    assert_eq!(with(""), decimal("100000"));
    near(with("position BTC-26JUN26-60000-C 1"), "100000", "0.000001");
    let short = with("position BTC-26JUN26-60000-C -1");
    assert!(short < decimal("98200"), "3 % of the index and the mark: {short}");
    near(
        with("position BTC-26JUN26-60000-C -2"),
        &short.plus(short).unwrap().minus(decimal("100000")).unwrap().to_string(),
        "0.0001",
    );
}
