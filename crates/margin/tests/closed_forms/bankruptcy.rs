//! Bankruptcy quotes, fillable prices, insurance: dYdX's own tests, and that one cancels the other.

use plimsoll_core::{Decimal, NumberError};
use plimsoll_margin::MarginError;
use plimsoll_margin::closed_forms::bankruptcy::{ClosingTrade, Fillable};
use serde_json::Value;

use crate::{Draws, cases, check, d, n, times};

/// Net collateral and maintenance margin of a dYdX case, and of its closed market: price and quantity.
struct Dydx {
    net_collateral: Decimal,
    maintenance: Decimal,
    price: Decimal,
    quantity: Decimal,
    rate: Decimal,
}

fn dydx(case: &Value) -> Dydx {
    let (held, prices) = (&case["portfolio"], &case["market"]["prices"]);
    let (mut net_collateral, mut maintenance) = (n(&held["quote"]), Decimal::ZERO);
    let rate = n(&case["params"]["mm"]);
    for (market, quantity) in held["positions"].as_object().unwrap() {
        let value = times(n(quantity), n(&prices[market]));
        net_collateral = net_collateral.plus(value).unwrap();
        maintenance = maintenance.plus(times(value.abs(), rate)).unwrap();
    }
    let market = held["close_market"].as_str().unwrap();
    let (price, quantity) = (n(&prices[market]), n(&held["positions"][market]));
    Dydx { net_collateral, maintenance, price, quantity, rate }
}

fn closing(case: &Value) -> ClosingTrade {
    let Dydx { net_collateral, maintenance, price, rate, .. } = dydx(case);
    let quantity = n(&case["portfolio"]["delta"]);
    let maintenance_freed = times(times(quantity.abs(), price), rate);
    ClosingTrade { quantity, oracle_price: price, net_collateral, maintenance, maintenance_freed, unit: d("0.000001") }
}

#[test]
fn dydx_bankruptcies() {
    for case in cases("defi/dydx_bankruptcy.json", "") {
        check(&case, "bankruptcy_quote", closing(&case).bankruptcy_quote().unwrap());
    }
}

#[test]
fn dydx_fillable_prices() {
    for case in cases("defi/dydx_liquidation.json", "") {
        let Dydx { net_collateral, maintenance, price, quantity, rate } = dydx(&case);
        let position = Fillable {
            quantity,
            oracle_price: price,
            net_collateral,
            maintenance,
            position_maintenance: times(times(quantity.abs(), price), rate),
            bankruptcy_adjustment: n(&case["params"]["bankruptcy_adjustment"]),
            spread_to_maintenance: n(&case["params"]["spread_to_mm_ratio"]),
        };
        check(&case, "fillable_price", position.fillable_price().unwrap());
    }
}

#[test]
fn dydx_insurance_deltas() {
    for case in cases("defi/dydx_insurance.json", "") {
        let (fill, fee) = (n(&case["market"]["fill_price"]), n(&case["params"]["max_liquidation_fee"]));
        check(&case, "insurance_delta", closing(&case).insurance_delta(fill, fee).unwrap());
    }
}

#[test]
fn closing_at_the_bankruptcy_price_needs_no_insurance() {
    let mut draws = Draws(3);
    for _ in 0..4_000 {
        let (quantity, oracle_price) = (draws.next(-1_000_000, 1_000_000, 6), draws.next(1, 9_000_000, 2));
        let maintenance_freed = times(times(quantity.abs(), oracle_price), d("0.05"));
        let trade = ClosingTrade {
            quantity,
            oracle_price,
            net_collateral: draws.next(-100_000, 100_000, 2),
            maintenance: maintenance_freed.plus(draws.next(1, 100_000, 2)).unwrap(),
            maintenance_freed,
            unit: d("0.000001"),
        };
        if quantity.is_zero() {
            assert!(matches!(trade.bankruptcy_price(), Err(MarginError::Number(NumberError::DivisionByZero(_)))));
            continue;
        }
        let price = trade.bankruptcy_price().unwrap();
        let delta = trade.insurance_delta(price, Decimal::ONE).unwrap();
        assert!(delta.signum() >= 0 && delta < trade.unit, "{trade:?} at {price}: {delta}");
        let worse = price.plus(if quantity.signum() < 0 { d("-0.01") } else { d("0.01") }).unwrap();
        let size_shows = quantity.abs() > d("0.0002");
        assert!(!size_shows || trade.insurance_delta(worse, Decimal::ONE).unwrap().signum() < 0, "{trade:?}");
    }
    let none = ClosingTrade {
        quantity: Decimal::ONE,
        oracle_price: Decimal::ONE,
        net_collateral: Decimal::ZERO,
        maintenance: Decimal::ZERO,
        maintenance_freed: Decimal::ZERO,
        unit: Decimal::ONE,
    };
    assert!(matches!(none.bankruptcy_quote(), Err(MarginError::NotPositive { what: "maintenance", .. })));
}

#[test]
fn figures_of_the_source() {
    // dYdX v4-chain, liquidations_test.go: a long of 1 BTC at 50,000 that owes 13; 0.00021347 sold.
    let sale = ClosingTrade {
        quantity: d("-0.00021347"),
        oracle_price: d("50000"),
        net_collateral: d("49987"),
        maintenance: d("5000"),
        maintenance_freed: d("1.06735"),
        unit: d("0.000001"),
    };
    assert_eq!(sale.bankruptcy_quote(), Ok(d("0.002776")));
    // Its mirror: a short of 1 BTC against 13 in cash, so net collateral 13 - 50,000.
    let purchase = ClosingTrade { quantity: d("0.00021347"), net_collateral: d("-49987"), ..sale };
    assert_eq!(purchase.bankruptcy_quote(), Ok(d("-0.002775")));
    let too_much = ClosingTrade { maintenance_freed: d("5001"), ..sale };
    assert!(matches!(too_much.bankruptcy_quote(), Err(MarginError::Parameter { .. })));
}
