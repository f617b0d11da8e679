//! Totals worked out by hand, and the shapes they are shown in.
//!
//! `one.toml`: 400 SOL bought at 145 USDC, index and mark 150, USDC at 0.9995 USD, 9,000 USDC.
//! Unrealised 400 × 5 = 2,000 USDC; net value 11,000 × 0.9995 = 10,994.50; the haircut of USDC under
//! `cross` is 0.1 %: 10,983.5055. Notional 60,000 × 0.9995 = 59,970: 2 % and 1 % of it.

mod support;

use serde_json::Value;
use support::{golden, plimsoll};

#[test]
fn a_linear_book_by_hand() {
    let ran = plimsoll(&["margin", "one.toml", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    let account = &all["accounts"][0];
    assert_eq!(account["state"], "healthy");
    assert_eq!(account["equity"]["net_value"], "10994.5");
    assert_eq!(account["equity"]["initial"], "10983.5055");
    assert_eq!(account["requirement"]["initial"], "1199.4");
    assert_eq!(account["requirement"]["maintenance"], "599.7");
    assert_eq!(account["available"], "9784.1055");
    // Without the gain of 2,000: 9,000 × 0.9995 × 0.999 − 1,199.40.
    assert_eq!(account["withdrawable"], "7787.1045");
}

/// 100,000 dollars of an inverse perpetual, long from 2,600 with the mark at 2,500.5, on 4,000 USD:
/// 100,000 × (1/2,600 − 1/2,500.5) = −1.53046… ETH, at 2,500.
#[test]
fn an_inverse_book_by_hand() {
    let ran = plimsoll(&["margin", "market.json", "book.yaml", "-a", "under", "-m", "cross", "-f", "json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    let account = &all["accounts"][0];
    let net_value: f64 = account["equity"]["net_value"].as_str().unwrap().parse().unwrap();
    let expected = 4_000.0 + 100_000.0 * (1.0 / 2_600.0 - 1.0 / 2_500.5) * 2_500.0;
    assert!((net_value - expected).abs() < 1e-9, "{net_value} {expected}");
    // 1 % and 0.5 % of 100,000 dollars at the index over the mark.
    let initial: f64 = account["requirement"]["initial"].as_str().unwrap().parse().unwrap();
    assert!((initial - 1_000.0).abs() < 1.0, "{initial}");
}

/// The index at which excess over maintenance is zero: equity (9,000 + 400(S − 145)) × 0.9995 × 0.999,
/// maintenance 400 S × 0.9995 × 1 %: S = 123.737….
#[test]
fn a_liquidation_price_by_hand() {
    let ran = plimsoll(&["liquidation", "one.toml", "-f", "json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    let found = &all["accounts"][0]["liquidation"][0];
    assert_eq!((&found["up"], &found["further"]), (&Value::Null, &0.into()));
    let down: f64 = found["down"].as_str().unwrap().parse().unwrap();
    // (9,000 + 400(S − 145)) × 0.999 = 4 S.
    let expected = 0.999 * (400.0 * 145.0 - 9_000.0) / (0.999 * 400.0 - 4.0);
    assert!((down - expected).abs() < 1e-6, "{down} {expected}");
}

/// A sale of half at 151: the gain of 200 × 6 is booked, less the fee of 0.05 % of the notional at
/// the mark, and half the margin is left.
#[test]
fn a_trade_by_hand() {
    let ran = plimsoll(&["whatif", "one.toml", "--trade", "SOL_USDC-PERPETUAL=-200@151", "-f", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    let answer = &all["accounts"][0];
    assert_eq!(answer["before"]["initial_margin"], "1199.4");
    assert_eq!(answer["after"]["initial_margin"], "599.7");
    // 9,000 + 1,200 − 15 + 200 × 5 = 11,185 USDC.
    assert_eq!(answer["after"]["net_value"], "11179.4075");
    assert_eq!(answer["change"]["net_value"], "184.9075");
}

#[test]
fn what_people_see() {
    for (name, arguments) in [
        ("margin.txt", &["margin", "one.toml"][..]),
        ("explain.txt", &["explain", "one.toml"]),
        ("liquidation.txt", &["liquidation", "one.toml"]),
        ("greeks.txt", &["greeks", "one.toml"]),
        ("whatif.txt", &["whatif", "one.toml", "--trade", "SOL_USDC-PERPETUAL=-200@151", "--move", "-10%"]),
        ("margin.csv", &["margin", "one.toml", "-f", "csv"]),
        ("explain.json", &["explain", "one.toml", "-f", "json", "-l", "maintenance"]),
    ] {
        let ran = plimsoll(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        golden(name, &ran.out);
    }
}
