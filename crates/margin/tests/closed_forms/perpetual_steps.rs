//! A perpetual liquidated in five steps against Mango's tests.

use plimsoll_core::Decimal;
use plimsoll_margin::closed_forms::perpetual_steps::{StepRules, Stepped};

use super::{cases, check, d, n};

fn rules() -> StepRules {
    StepRules {
        price: Decimal::ONE,
        settle_price: Decimal::ONE,
        asset_weight: d("0.5"),
        liability_weight: d("1.5"),
        gain_weight: d("0.5"),
        base_fee: Decimal::ZERO,
        gain_fee: Decimal::ZERO,
        lot: Decimal::ONE,
    }
}

fn held(settled: &str, base: &str, quote: &str, other: &str, limits: [&str; 2]) -> Stepped {
    let [base_limit, gain_limit] = limits.map(d);
    let [settled, base, quote, other_health] = [settled, base, quote, other].map(d);
    Stepped { settled, base, quote, other_health, base_limit, gain_limit }
}

#[test]
fn mango_perpetuals_are_closed_and_settled_in_turn() {
    for case in cases("defi/mango_liquidation.json", "five-step") {
        let (of, market, portfolio) = (&case["params"], &case["market"], &case["portfolio"]);
        let rules = StepRules {
            price: n(&market["perp_price"]),
            settle_price: n(&market["settle_price"]),
            asset_weight: n(&of["base_asset_weight"]),
            liability_weight: n(&of["base_liab_weight"]),
            gain_weight: n(&of["overall_asset_weight"]),
            base_fee: n(&of["base_liq_fee"]),
            gain_fee: n(&of["positive_pnl_liq_fee"]),
            lot: Decimal::ONE,
        };
        let stepped = Stepped {
            settled: n(&portfolio["settle_spot"]),
            base: n(&portfolio["base"]),
            quote: n(&portfolio["quote"]),
            other_health: n(&portfolio["other_spot"]),
            base_limit: n(&portfolio["max_base"]).abs(),
            gain_limit: n(&portfolio["max_pnl"]),
        };
        let after = stepped.liquidated(&rules).unwrap();
        check(&case, "settle_spot", after.settled);
        check(&case, "base", after.base);
        check(&case, "quote", after.quote);
    }
}

/// Three of Mango's cases by figure: a short closed until health is zero; a gain settled, then more closed for what may
/// be settled, then the rest for the gain; a contract whose gain is not trusted.
#[test]
fn each_step_does_its_part_and_no_more() {
    let after = held("5", "-4", "0", "0", ["20", "100"]).liquidated(&rules()).unwrap();
    assert_eq!([after.settled, after.base, after.quote], ["5", "-2", "-2"].map(d));
    let after = held("-7", "70", "-40", "-100", ["200", "10"]).liquidated(&rules()).unwrap();
    assert_eq!([after.settled, after.base, after.quote], ["3", "0", "20"].map(d));
    let untrusted = StepRules { gain_weight: Decimal::ZERO, ..rules() };
    let untouched = held("-20", "20", "10", "0", ["10", "0"]);
    assert_eq!(untouched.liquidated(&untrusted).unwrap(), untouched);
    // Health that is not below zero is left alone, and fees that eat what closing frees close nothing.
    let healthy = held("1", "20", "10", "0", ["10", "10"]);
    assert_eq!(healthy.liquidated(&rules()).unwrap(), healthy);
    let costly = StepRules { base_fee: d("0.5"), gain_weight: Decimal::ONE, ..rules() };
    let stuck = held("-30", "20", "-15", "0", ["20", "20"]);
    assert_eq!(stuck.liquidated(&costly).unwrap(), stuck);
    let error = healthy.liquidated(&StepRules { lot: Decimal::ZERO, ..rules() }).unwrap_err().to_string();
    assert!(error.contains("lot"), "{error}");
}
