//! OKX's portfolio margin against what was published of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::okx_portfolio::unit::Charges;
use support::{book, decimal, near};

fn margin(model: &str, text: &str) -> Margin {
    book(text).margin(by_name(model).unwrap().as_ref()).unwrap_or_else(|error| panic!("{model}: {error}"))
}

/// OKX, position builder, response example of 2025-01-15: short 0.1 BTC of a perpetual. MR1 is 12 % of the notional
/// at the index, MR6 half of 24 %, MR4 0.2 % of cash delta; 1.3 times the sum to open.
#[test]
fn a_perpetual_asks_what_the_position_builder_says() {
    let text = "index BTC 97034.243706\nprice USDT 1\nmark BTC_USDT-PERPETUAL 97049.036898
                position BTC_USDT-PERPETUAL -0.1";
    let found = margin("okx-portfolio", text);
    let part = |label: &str| found.requirement.maintenance.find(label).unwrap().amount;
    near(part("MR1 spot shock"), "1164.4109244719994", "0.000001");
    near(part("MR6 half of an extreme move"), "1164.4109244720003", "0.000001");
    near(part("MR4 basis"), "19.4098073796", "0.000001");
    near(part("MR7 minimum charge"), "43.67206660410001", "0.000001");
    near(found.requirement.maintenance.amount, "1183.8207318516002", "0.000001");
    near(found.requirement.initial.amount, "1538.9669514070802", "0.000001");
    let charges = Charges {
        spot_shock: part("MR1 spot shock"),
        basis: part("MR4 basis"),
        extreme: part("MR6 half of an extreme move"),
        minimum: part("MR7 minimum charge"),
        ..Charges::default()
    };
    assert_eq!(found.requirement.maintenance.amount, charges.maintenance().unwrap());
}

/// Notice of 2024-05-31: 10 BTC against a perpetual of 10 BTC: no price risk, so basis or minimum decide.
#[test]
fn coins_offset_what_they_hedge_and_no_more() {
    let with = |coins: &str| {
        margin(
            "okx-portfolio",
            &format!(
                "index BTC 67000\nprice USDT 1\nprice BTC 67000\nmark BTC_USDT-PERPETUAL 67000\ncollateral BTC {coins}
                 position BTC_USDT-PERPETUAL -10"
            ),
        )
    };
    let shock = |coins: &str| with(coins).requirement.maintenance.find("MR1 spot shock").unwrap().amount;
    assert_eq!(shock("10"), Decimal::ZERO);
    assert_eq!(shock("20"), Decimal::ZERO, "what hedges nothing is only collateral");
    near(shock("5"), "40200", "0.000001");
}

#[test]
fn a_debt_costs_its_rate() {
    let owing = margin("okx-portfolio", "index BTC 60000\nprice USDT 1\nprice BTC 60000\ncollateral USDT -1000");
    assert_eq!(owing.requirement.maintenance.amount, decimal("20"));
    assert_eq!(owing.requirement.initial.amount, decimal("100"));
}

/// USDT against USD-settled: a hedge of ten million through the pieces is 202,500.
#[test]
fn a_hedge_between_stablecoins_costs_its_pieces() {
    let text =
        "index BTC 50000\nprice USDT 1\nprice USDC 1\nmark BTC_USDT-PERPETUAL 50000\nmark BTC_USDC-PERPETUAL 50000
                position BTC_USDT-PERPETUAL 200\nposition BTC_USDC-PERPETUAL -200";
    let found = margin("okx-portfolio", text);
    near(found.requirement.maintenance.find("MR9 stablecoins").unwrap().amount, "202500", "0.000001");
    assert_eq!(found.requirement.maintenance.find("MR1 spot shock").unwrap().amount, Decimal::ZERO);
}

const OPTIONS: &str = "index BTC 60000\nprice USDT 1\nprice BTC 60000\nmark BTC_USDT-PERPETUAL 60000
                       forward BTC 2026-06-26T08:00:00Z 60500 vol 0.6\nforward BTC 2026-12-25T08:00:00Z 62000 vol 0.6";

#[test]
fn order_and_scale_hold_and_more_risk_asks_for_more() {
    let lines = ["BTC-26JUN26-60000-C -2", "BTC-25DEC26-60000-C 3", "BTC_USDT-PERPETUAL -1"];
    let with = |order: &[usize]| {
        let positions: Vec<String> = order.iter().map(|at| format!("position {}", lines[*at])).collect();
        margin("okx-portfolio", &format!("{OPTIONS}\n{}", positions.join("\n"))).requirement.maintenance.amount
    };
    assert_eq!(with(&[0, 1, 2]), with(&[2, 0, 1]));
    assert!(with(&[0]) > Decimal::ZERO && with(&[0, 0]) >= with(&[0]));
    let spread = margin("okx-portfolio", &format!("{OPTIONS}\nposition {}\nposition {}", lines[0], lines[1]));
    assert!(spread.requirement.maintenance.find("MR3 vega between expiries").unwrap().amount > Decimal::ZERO);
}

#[test]
fn parameters_work_at_both_bounds_and_what_has_no_rule_is_refused() {
    let text = format!(
        "{OPTIONS}\ncollateral BTC 1\ncollateral USDT -10\nposition BTC-26JUN26-60000-C -2\nposition BTC_USDT-PERPETUAL -1"
    );
    for name in ["okx-portfolio", "okx-discount"] {
        let fields: Vec<_> = by_name(name)
            .unwrap()
            .fields()
            .iter()
            .map(|field| (field.name, field.low, field.high, field.values()[0].1.clone()))
            .collect();
        for (field, low, high, shape) in fields {
            for value in [low, high] {
                let mut model = by_name(name).unwrap();
                let text_of = match shape.as_str() {
                    shape if shape.contains("rest:") => format!("rest:{value}"),
                    shape if shape.contains(':') => format!("0:{value}"),
                    _ => value.to_string(),
                };
                model.set(field, &text_of).unwrap_or_else(|error| panic!("{error}"));
                book(&text).margin(model.as_ref()).unwrap_or_else(|error| panic!("{field} {value}: {error}"));
            }
            let error = by_name(name).unwrap().set(field, "-1").unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
    let ordered = format!("{OPTIONS}\norder buy BTC_USDT-PERPETUAL 1 @ 60000");
    let error = book(&ordered).margin(by_name("okx-portfolio").unwrap().as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("okx-portfolio cannot margin BTC_USDT-PERPETUAL: expected no open order"), "{error}");
}
