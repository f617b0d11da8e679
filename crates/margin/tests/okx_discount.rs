//! OKX's discount rates against what was published of them.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::models::by_name;
use support::{book, decimal};

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
fn positions_ask_what_cross_asks() {
    let text = "index BTC 60000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 60000\nposition BTC_USDT-PERPETUAL -2
                forward BTC 2026-06-26T08:00:00Z 60500 vol 0.6\nposition BTC-26JUN26-60000-C -2";
    let of = |name: &str| book(text).margin(by_name(name).unwrap().as_ref()).unwrap().requirement.initial.amount;
    assert_eq!(of("okx-discount"), of("cross"));
}
