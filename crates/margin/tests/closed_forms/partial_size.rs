//! Partial sizes: Drift's and Mango's own tests, and that a part is neither too small nor too large.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::MarginError;
use plimsoll_margin::closed_forms::partial_size::{Perpetual, Size, SpotSwap};
use plimsoll_margin::closed_forms::token_swap::{Swapped, TokenSwap};
use serde_json::Value;

use crate::{Draws, cases, check, d, n, times};

fn perpetual(case: &Value) -> Perpetual {
    let (of, held) = (&case["params"], &case["portfolio"]);
    let or = |value: &Value, otherwise: &str| if value.is_null() { d(otherwise) } else { n(value) };
    Perpetual {
        shortage: n(&held["margin_shortage"]),
        index_price: n(&case["market"]["index_price"]),
        quote_price: or(&case["market"]["quote_price"], "1"),
        margin_rate: n(&of["margin_ratio"]),
        liquidator_fee: n(&of["liquidator_fee"]),
        insurance_fee: or(&of["insurance_fee"], "0").max(n(&of["max_if_fee"])),
        size: or(&held["base"], "1000"),
        lot: d("0.000000001"),
    }
}

fn spot(case: &Value) -> SpotSwap {
    let of = &case["params"];
    let one_or = |value: &Value| if value.is_null() { Decimal::ONE } else { n(value) };
    SpotSwap {
        shortage: n(&case["portfolio"]["margin_shortage"]),
        asset_price: one_or(&case["market"]["asset_price"]),
        liability_price: n(&case["market"]["liability_price"]),
        asset_weight: n(&of["asset_weight"]),
        liability_weight: one_or(&of["liability_weight"]),
        asset_multiplier: n(&of["asset_multiplier"]),
        liability_multiplier: n(&of["liability_multiplier"]),
        insurance_fee: n(&of["insurance_fee"]).max(n(&of["max_if_fee"])),
        liability: one_or(&case["portfolio"]["liability_amount"]),
    }
}

fn part(size: Size) -> Decimal {
    match size {
        Size::Part(size) => size,
        Size::Whole => panic!("the whole"),
    }
}

#[test]
fn drift_sizes() {
    for case in cases("defi/drift_liquidation.json", "base_to_cover") {
        check(&case, "base_to_close", part(perpetual(&case).size_to_close().unwrap()));
    }
    for case in cases("defi/drift_liquidation.json", "liability_transfer_zero") {
        check(&case, "liability_transfer", part(spot(&case).liability_to_repay().unwrap()));
    }
    for case in cases("defi/drift_liquidation.json", "end_to_end") {
        let (of, held) = (&case["params"], &case["portfolio"]);
        let margin_rate = n(&of["mm"]).plus(n(&of["liquidation_buffer"])).unwrap();
        let notional = times(n(&held["base"]), n(&case["market"]["index_price"]));
        let equity = n(&held["collateral"]).plus(notional).unwrap().plus(n(&held["quote"])).unwrap();
        let shortage = times(margin_rate, notional).minus(equity).unwrap();
        check(&case, "margin_shortage", shortage);
        let size = Perpetual { shortage, margin_rate, lot: n(&of["step"]), ..perpetual(&case) };
        check(&case, "base_closed", part(size.size_to_close().unwrap()));
        let eaten = Perpetual { liquidator_fee: margin_rate, ..size };
        assert_eq!(eaten.size_to_close(), Ok(Size::Whole));
    }
}

#[test]
fn drift_conversions() {
    for case in cases("defi/drift_liquidation.json", "drift_liability_implied") {
        check(&case, "liability_transfer", spot(&case).liability_for(n(&case["portfolio"]["asset_amount"])).unwrap());
    }
    for case in cases("defi/drift_liquidation.json", "drift_asset_for_liability") {
        check(&case, "asset_transfer", spot(&case).asset_for(n(&case["portfolio"]["liability_amount"])).unwrap());
    }
}

#[test]
fn drift_insurance_fees() {
    for case in cases("defi/drift_liquidation.json", "drift_perp_if_fee") {
        let fee = perpetual(&case).insurance_fee_affordable(n(&case["params"]["safety"])).unwrap();
        check(&case, "insurance_fee_rate", fee);
    }
    for case in cases("defi/drift_liquidation.json", "drift_spot_if_fee") {
        check(&case, "insurance_fee_rate", spot(&case).insurance_fee_affordable().unwrap());
    }
}

#[test]
fn mango_token_swaps() {
    for kind in ["mango_token_liq", "mango_stable_price"] {
        for case in cases("defi/mango_liquidation.json", kind) {
            let (of, held, market) = (&case["params"], &case["portfolio"], &case["market"]);
            let spot = |side: &str| n(&held[format!("{side}_spot")]).plus(n(&held[side])).unwrap();
            let owned = |side: &str| {
                let perp = n(&held[format!("{side}_perp_quote")]);
                let counted = if perp.signum() > 0 { times(perp, n(&of["perp_overall_asset_weight"])) } else { perp };
                spot(side).plus(counted).unwrap()
            };
            let weight = n(&of["liab_init_liab_weight"]).max(n(&of["liab_init_weight"]));
            let counted = times(owned("asset"), n(&of["asset_init_weight"]));
            let health = counted.plus(times(owned("liab"), weight)).unwrap().plus(n(&held["other_health"])).unwrap();
            let price = |key: &str, other: &str| n(&market[key]).max(n(&market[other]));
            let limit = &held["max_liab_transfer"];
            let swap = TokenSwap {
                health,
                asset_price: price("asset_price", "asset_oracle"),
                liability_price: price("liab_price", "liab_oracle"),
                asset_weight: n(&of["asset_init_weight"]),
                liability_weight: weight,
                fee: n(&of["liquidation_fee"]),
                asset: [spot("asset"), owned("asset")],
                liability: [spot("liab"), owned("liab")],
                limit: if limit.is_null() { Decimal::MAX } else { n(limit) },
            };
            let swapped = swap.swap().unwrap();
            check(&case, "asset_after", spot("asset").minus(swapped.asset).unwrap());
            check(&case, "liab_after", spot("liab").plus(swapped.liability).unwrap());
        }
    }
}

#[test]
fn no_partial_size_leaves_a_shortage() {
    let mut draws = Draws(2);
    let mut parts = 0;
    for _ in 0..4_000 {
        let position = Perpetual {
            shortage: draws.next(-100, 100_000, 2),
            index_price: draws.next(1, 9_000_000, 2),
            quote_price: draws.next(900, 1_100, 3),
            margin_rate: draws.next(0, 200, 3),
            liquidator_fee: draws.next(0, 50, 3),
            insurance_fee: draws.next(0, 50, 3),
            size: draws.next(1, 100_000, 2),
            lot: d("0.01"),
        };
        if let Size::Part(size) = position.size_to_close().unwrap() {
            parts += i32::from(!size.is_zero());
            let left = position.shortage.minus(times(size, position.freed_per_unit().unwrap())).unwrap();
            assert!(left.signum() <= 0 && size < position.size, "{position:?}: {size} leaves {left}");
            let less = size.minus(position.lot).unwrap();
            let left = position.shortage.minus(times(less, position.freed_per_unit().unwrap())).unwrap();
            assert!(size.is_zero() || left.signum() > 0, "{position:?}: {size} is more than needed");
        }
    }
    assert!(parts > 1_000, "{parts}");
}

#[test]
fn figures_of_the_sources() {
    // Drift protocol-v2, liquidation tests, one_percent_liquidation_fee_and_one_percent_if_liquidation_fee.
    let position = Perpetual {
        shortage: d("10"),
        index_price: d("100"),
        quote_price: d("1"),
        margin_rate: d("0.1"),
        liquidator_fee: d("0.01"),
        insurance_fee: d("0.01"),
        size: d("2"),
        lot: d("0.01"),
    };
    assert_eq!(position.size_to_close(), Ok(Size::Part(d("1.25"))));
    assert_eq!(Perpetual { size: d("1.25"), ..position }.size_to_close(), Ok(Size::Whole));
    assert_eq!(Perpetual { shortage: d("-1"), ..position }.size_to_close(), Ok(Size::Part(Decimal::ZERO)));
    assert_eq!(Perpetual { lot: d("0.1"), ..position }.size_to_close(), Ok(Size::Part(d("1.3"))));
    let wrong = Perpetual { lot: Decimal::ZERO, ..position }.size_to_close();
    assert!(matches!(wrong, Err(MarginError::NotPositive { what: "lot", .. })));
    let wrong = Perpetual { insurance_fee: d("-0.01"), ..position }.size_to_close();
    assert!(matches!(wrong, Err(MarginError::Parameter { .. })));
    // Mango v4, test_liq_with_token_while_perp: 10 against 9 at weights 0.8 and 1.2, health -2.4.
    let swap = TokenSwap {
        health: d("-2.4"),
        asset_price: d("1"),
        liability_price: d("1"),
        asset_weight: d("0.8"),
        liability_weight: d("1.2"),
        fee: Decimal::ZERO,
        asset: [d("10"), d("12")],
        liability: [d("-9"), d("-11")],
        limit: d("100"),
    };
    assert_eq!(swap.swap(), Ok(Swapped { asset: d("6"), liability: d("6") }));
    assert_eq!(TokenSwap { asset: [d("10"), d("5")], ..swap }.swap(), Ok(Swapped { asset: d("5"), liability: d("5") }));
    // A fee that eats the weights' gap: no size cures, and what can be swapped is.
    let eaten = TokenSwap { fee: d("0.5"), ..swap }.swap().unwrap();
    assert_eq!(eaten.asset.rounded(12, Rounding::HalfEven), Ok(d("10")));
}
