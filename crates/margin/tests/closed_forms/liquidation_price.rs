//! Liquidation prices: Binance's examples, an issue's, and the root itself.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::MarginError;
use plimsoll_margin::closed_forms::liquidation_price::{CrossContract, LiquidationPrice, brackets, maintenance};
use plimsoll_margin::parameters::Tiers;
use serde_json::Value;

use crate::{Draws, cases, check, d, n, near, times};

/// Brackets whose second has this rate and deduction.
fn second_bracket(rate: Decimal, deduction: Decimal) -> Tiers {
    let above = deduction.over(rate, Rounding::HalfEven).unwrap();
    format!("0:0, {above}:{rate}").parse().unwrap()
}

#[test]
fn binance_deductions() {
    for file in ["cex/binance-cum-3.json", "cex/binance-cum-4.json"] {
        for case in cases(file, "") {
            let tiers = case["params"]["brackets"].as_array().unwrap();
            let text =
                tiers.iter().map(|tier| format!("{}:{}", n(&tier[0]), n(&tier[1]))).collect::<Vec<_>>().join(", ");
            let found = brackets(&text.parse().unwrap()).unwrap().iter().map(|each| each.deduction).collect::<Vec<_>>();
            assert_eq!(found, case["expected"]["cum"].as_array().unwrap().iter().map(n).collect::<Vec<_>>(), "{case}");
        }
    }
    for case in cases("cex/binance-cum-1.json", "") {
        let of = &case["params"];
        let before = n(&of["cum_prev"]).over(n(&of["rate_prev"]), Rounding::HalfEven).unwrap();
        let text = format!("0:0, {before}:{}, {}:{}", of["rate_prev"], of["floor"], of["rate_n"]);
        check(&case, "cum", brackets(&text.parse().unwrap()).unwrap()[2].deduction);
    }
    // Binance leverage brackets of ADA/BUSD, as carried in freqtrade's tests (test_binance.py): six tiers.
    let ada = d_tiers("0:0.025, 100000:0.05, 500000:0.1, 1000000:0.15, 2000000:0.25, 5000000:0.5");
    assert_eq!(brackets(&ada).unwrap()[5].deduction, d("1527500"));
}

fn d_tiers(text: &str) -> Tiers {
    text.parse().unwrap()
}

#[test]
fn binance_liquidation_prices() {
    let files = ["cex/binance-liq-1.json", "cex/binance-liq-2.json", "cex/binance-liq-4.json"];
    for case in files.iter().flat_map(|file| cases(file, "")) {
        let of = |value: &Value| second_bracket(n(&value["mmr"]), n(&value["cum"]));
        let (mut others_maintenance, mut others_unrealised) = (Decimal::ZERO, Decimal::ZERO);
        for other in case["market"]["others"].as_array().into_iter().flatten() {
            let (amount, mark) = (n(&other["amount"]), n(&other["mark"]));
            let margin = maintenance(&of(other), times(amount, mark)).unwrap();
            others_maintenance = others_maintenance.plus(margin).unwrap();
            let gain = times(amount, mark.minus(n(&other["entry"])).unwrap());
            others_unrealised = others_unrealised.plus(gain).unwrap();
            near(&case, "tmm_others", others_maintenance, n(&case["expected"]["tmm_others"]), d("0.04"));
            near(&case, "upnl_others", others_unrealised, n(&case["expected"]["upnl_others"]), d("0.05"));
        }
        let contract = CrossContract {
            wallet_balance: n(&case["market"]["wallet_balance"]),
            others_unrealised,
            others_maintenance,
            quantity: n(&case["portfolio"]["amount"]),
            entry_price: n(&case["portfolio"]["entry"]),
            brackets: &of(&case["params"]),
        };
        check(&case, "liquidation_price", at(&contract));
    }
    for case in cases("defi/cross_liquidation_price.json", "") {
        let contract = CrossContract {
            wallet_balance: n(&case["portfolio"]["equity"]),
            others_unrealised: Decimal::ZERO,
            others_maintenance: n(&case["portfolio"]["other_maintenance"]),
            quantity: n(&case["portfolio"]["size"]),
            entry_price: n(&case["market"]["mark"]),
            brackets: &d_tiers(&format!("0:{}", case["params"]["mmr"])),
        };
        check(&case, "liquidation_price", at(&contract));
    }
}

fn at(contract: &CrossContract<'_>) -> Decimal {
    match contract.liquidation_price().unwrap() {
        LiquidationPrice::At(price) => price,
        other => panic!("{contract:?}: {other:?}"),
    }
}

#[test]
fn at_the_liquidation_price_equity_is_maintenance() {
    let mut draws = Draws(1);
    let (mut found, mut seen) = (0, [0; 4]);
    for _ in 0..4_000 {
        let tiers = d_tiers("0:0.004, 50000:0.01, 250000:0.05, 1000000:0.25");
        let contract = CrossContract {
            wallet_balance: draws.next(-100_000, 400_000, 0),
            others_unrealised: draws.next(-50_000, 50_000, 0),
            others_maintenance: draws.next(0, 50_000, 0),
            quantity: draws.next(-20_000, 20_000, 3),
            entry_price: draws.next(1, 9_000_000, 2),
            brackets: &tiers,
        };
        let excess = |price: Decimal| {
            let gain = times(contract.quantity, price.minus(contract.entry_price).unwrap());
            let margin = maintenance(&tiers, times(contract.quantity.abs(), price)).unwrap();
            let equity = contract.wallet_balance.plus(contract.others_unrealised).unwrap().plus(gain).unwrap();
            equity.minus(contract.others_maintenance).unwrap().minus(margin).unwrap()
        };
        match contract.liquidation_price().unwrap() {
            LiquidationPrice::At(price) => {
                found += 1;
                let notional = times(contract.quantity.abs(), price);
                seen[brackets(&tiers).unwrap().iter().rposition(|each| each.above <= notional).unwrap()] += 1;
                assert!(excess(price).abs() <= d("0.0000000000000001"), "{contract:?} at {price}: {}", excess(price));
            }
            LiquidationPrice::Never => assert!(excess(Decimal::ZERO).signum() >= 0, "{contract:?}"),
            LiquidationPrice::Always => assert!(excess(Decimal::ZERO).signum() < 0, "{contract:?}"),
        }
    }
    println!("{found} prices, by bracket {seen:?}");
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn a_liquidation_price_refuses_what_has_none() {
    let tiers = d_tiers("0:0.01");
    let long = CrossContract {
        wallet_balance: d("100"),
        others_unrealised: Decimal::ZERO,
        others_maintenance: Decimal::ZERO,
        quantity: Decimal::ONE,
        entry_price: d("100"),
        brackets: &tiers,
    };
    // Fully paid: the excess is zero at a price of zero, and only there.
    assert_eq!(long.liquidation_price(), Ok(LiquidationPrice::At(Decimal::ZERO)));
    let richer = CrossContract { wallet_balance: d("101"), ..long };
    assert_eq!(richer.liquidation_price(), Ok(LiquidationPrice::Never));
    let short = CrossContract { wallet_balance: d("-101"), quantity: d("-1"), ..long };
    assert_eq!(short.liquidation_price(), Ok(LiquidationPrice::Always));
    let flat = CrossContract { quantity: Decimal::ZERO, ..long };
    assert_eq!(flat.liquidation_price(), Ok(LiquidationPrice::Never));
    let flat = CrossContract { wallet_balance: d("-1"), ..flat };
    assert_eq!(flat.liquidation_price(), Ok(LiquidationPrice::Always));
    let negative = CrossContract { entry_price: d("-1"), ..long };
    assert!(matches!(negative.liquidation_price(), Err(MarginError::Parameter { .. })));
    for wrong in [Tiers::new([]), Tiers::new([(0, 1_000_000)]), Tiers::new([(1, 5)]), Tiers::new([(0, 9), (5, 8)])] {
        assert!(matches!(brackets(&wrong), Err(MarginError::Parameter { .. })), "{wrong}");
    }
}

#[test]
fn figures_of_the_venue() {
    // Binance FAQ b3c689c1f50a44cabb3a84e663b81d93: 1,535,443.01 USDT behind a long of 109.488 BTC, whose
    // rate is 2.5% less 16,300; alone, and with an ETH long that has lost 448,192.89 and needs 356,512.508.
    let alone = CrossContract {
        wallet_balance: d("1535443.01"),
        others_unrealised: Decimal::ZERO,
        others_maintenance: Decimal::ZERO,
        quantity: d("109.488"),
        entry_price: d("32481.98"),
        brackets: &second_bracket(d("0.025"), d("16300")),
    };
    assert_eq!(at(&alone).rounded(2, Rounding::HalfEven), Ok(d("18778.73")));
    let both = CrossContract { others_unrealised: d("-448192.89"), others_maintenance: d("356512.508"), ..alone };
    assert_eq!(at(&both).rounded(2, Rounding::HalfEven), Ok(d("26316.89")));
}
