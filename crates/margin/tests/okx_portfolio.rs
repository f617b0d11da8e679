//! OKX's portfolio margin against what was published of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::okx_portfolio::OkxPortfolioParameters;
use plimsoll_margin::models::okx_portfolio::unit::{self, Charges};
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

/// The whole account of that example: 100 USDT, the perpetual of BTC and ten LTC of another, whose loss is owed in USDT.
/// LTC's moves are those of the venue's middle lists, and USDT is off its peg.
#[test]
fn the_position_builders_account_adds_up() {
    let text = "index BTC 97034.243706\nindex LTC 101.948182254\nprice USDT 0.99954\ncollateral USDT 100
                mark BTC_USDT-PERPETUAL 97093.7\nposition BTC_USDT-PERPETUAL -0.1 @ 100000
                mark LTC_USDT-PERPETUAL 102\nposition LTC_USDT-PERPETUAL 10 @ 8000";
    let found = margin("okx-portfolio", text);
    let part = |label: &str| found.requirement.maintenance.find(label).unwrap();
    near(part("BTC").amount, "1183.8207318516002", "0.000001");
    near(part("LTC").amount, "191.6629744572", "0.000001");
    for (label, published) in [
        ("MR1 spot shock", "183.50672805719995"),
        ("MR4 basis", "8.1562464"),
        ("MR6 half of an extreme move", "183.5067280572"),
        ("MR7 minimum charge", "7.1367156"),
    ] {
        near(part("LTC").find(label).unwrap().amount, published, "0.000001");
    }
    near(part("risk units").amount, "1375.4837063088003", "0.000001");
    near(part("borrowing (MR8)").amount, "1571.064377796", "0.000001");
    near(found.requirement.maintenance.amount, "2946.5480841048", "0.000001");
    near(found.requirement.initial.amount, "9643.45070718144", "0.000001");
    near(found.equity.maintenance.amount, "-78553.21888979999", "0.00001");
}

fn spot_against_perpetual(model: &str, coins: &str) -> Margin {
    let text = format!(
        "index BTC 67111\nprice USDT 1\nprice BTC 67111\nmark BTC_USDT-PERPETUAL 67114.8889\ncollateral BTC {coins}
         position BTC_USDT-PERPETUAL -10"
    );
    margin(model, &text)
}

/// Notice of 2024-05-31: ten BTC against a perpetual of ten. No price risk is left; from June 2024 the basis of both
/// legs is 8,053.32 and decides, before it was nothing and the cost of closing decided. What price the notice took is
/// inferred from its MR4 and MR7.
#[test]
fn spot_pays_basis_since_june_2024() {
    let of = |model: &str, label: &str| {
        spot_against_perpetual(model, "10").requirement.maintenance.find(label).unwrap().amount
    };
    for model in ["okx-portfolio@2024-06", "okx-portfolio@2023-07"] {
        assert_eq!(of(model, "MR1 spot shock"), Decimal::ZERO);
        near(of(model, "MR7 minimum charge"), "3020.17", "0.005");
    }
    near(of("okx-portfolio@2024-06", "MR4 basis"), "8053.32", "0.005");
    near(of("okx-portfolio@2024-06", "risk units"), "8053.32", "0.005");
    assert_eq!(of("okx-portfolio@2023-07", "MR4 basis"), Decimal::ZERO);
    near(of("okx-portfolio@2023-07", "risk units"), "3020.17", "0.005");
    // Both legs at 0.2 % from January 2025.
    near(of("okx-portfolio", "MR4 basis"), "2684.5178", "0.0001");
}

#[test]
fn coins_offset_what_they_hedge_and_no_more() {
    let shock = |coins| {
        spot_against_perpetual("okx-portfolio", coins).requirement.maintenance.find("MR1 spot shock").unwrap().amount
    };
    // All ten are in use; at the mark the perpetual is a little more than they are.
    assert_eq!(shock("10"), Decimal::ZERO);
    near(shock("20"), "4.66668", "0.00001");
    near(shock("5"), "40266.6", "0.000001");
    let unused = margin(
        "okx-portfolio@2021-12",
        "index BTC 67111\nprice USDT 1\nprice BTC 67111\ncollateral BTC 10
                         mark BTC_USDT-PERPETUAL 67111\nposition BTC_USDT-PERPETUAL -10",
    );
    near(unused.requirement.maintenance.find("MR1 spot shock").unwrap().amount, "100666.5", "0.000001");
}

/// A coin-margined perpetual against coins: in dollars it is linear, so nothing is left.
#[test]
fn coins_offset_an_inverse_perpetual() {
    let text =
        "index BTC 60000\nprice BTC 60000\nmark BTC-PERPETUAL 60000\ncollateral BTC 2\nposition BTC-PERPETUAL -60000";
    let part = |label: &str| margin("okx-portfolio", text).requirement.maintenance.find(label).unwrap().amount;
    near(part("MR1 spot shock"), "0", "0.000001");
    near(part("MR4 basis"), "240", "0.000001");
    near(part("MR7 minimum charge"), "270", "0.000001");
}

/// The lists of the notice of 2025-01-02, and what they were before.
#[test]
fn coins_move_as_their_lists_say() {
    let parts = |model: &str, coin: &str| {
        let text = format!(
            "index {coin} 100\nprice USDT 1\nmark {coin}_USDT-PERPETUAL 100\nposition {coin}_USDT-PERPETUAL 10"
        );
        let found = margin(model, &text).requirement.maintenance;
        [found.find("MR1 spot shock").unwrap().amount, found.find("MR6 half of an extreme move").unwrap().amount]
    };
    for (model, coin, expected) in [
        ("okx-portfolio", "ETH", ["120", "120"]),
        ("okx-portfolio", "LTC", ["180", "180"]),
        ("okx-portfolio", "DOT", ["180", "250"]),
        ("okx-portfolio", "SOL", ["250", "180"]),
        ("okx-portfolio", "APT", ["250", "250"]),
        ("okx-portfolio@2024-06", "ETH", ["150", "150"]),
        ("okx-portfolio@2024-06", "LTC", ["200", "200"]),
        ("okx-portfolio@2024-06", "SOL", ["250", "200"]),
        ("okx-portfolio@2024-06", "APT", ["250", "250"]),
    ] {
        assert_eq!(parts(model, coin), expected.map(decimal), "{model} {coin}");
    }
}

/// A list is a default that a coin's own parameter passes over.
#[test]
fn a_coins_own_parameter_goes_before_its_lists() {
    let text = "index LTC 100\nprice USDT 1\nmark LTC_USDT-PERPETUAL 100\nposition LTC_USDT-PERPETUAL 10";
    let mut model = by_name("okx-portfolio").unwrap();
    model.set("mr1_move_3.LTC", "0.5").unwrap();
    let found = book(text).margin(model.as_ref()).unwrap();
    assert_eq!(found.requirement.maintenance.find("MR1 spot shock").unwrap().amount, decimal("500"));
}

/// No parameter that adds risk lowers a margin.
#[test]
fn a_larger_move_or_rate_never_asks_for_less() {
    let text = format!(
        "{OPTIONS}\nmark BTC-PERPETUAL 60000\ncollateral USDT -100\nposition BTC-26JUN26-60000-C -2
         position BTC-25DEC26-60000-C 1\nposition BTC_USDT-PERPETUAL 1\nposition BTC-PERPETUAL -30000"
    );
    for name in [
        "mr1_move_3.BTC",
        "mr3_share",
        "mr4_perpetual.BTC",
        "mr4_annual.BTC",
        "mr5_rate",
        "mr6_move.BTC",
        "mr7_rate.BTC",
        "mr7_fee",
        "mr8_mmr",
    ] {
        let mut last = Decimal::ZERO;
        for value in ["0", "0.01", "0.03", "0.09"] {
            let mut model = by_name("okx-portfolio").unwrap();
            model.set(name, value).unwrap();
            let asked = book(&text).margin(model.as_ref()).unwrap().requirement.maintenance.amount;
            assert!(asked >= last, "{name} {value}: {asked} after {last}");
            last = asked;
        }
    }
}

/// Until the merge contracts of each quote were a unit of their own, with no MR9.
#[test]
fn quotes_were_units_apart_before_the_merge() {
    let text = "index BTC 50000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 50000\nmark BTC-PERPETUAL 50000
                position BTC_USDT-PERPETUAL 1\nposition BTC-PERPETUAL -50000";
    let apart = margin("okx-portfolio@2024-06", text).requirement.maintenance;
    near(apart.find("BTC-USDT").unwrap().amount, "7500", "0.000001");
    near(apart.find("BTC-USD").unwrap().amount, "7500", "0.000001");
    let merged = margin("okx-portfolio", text).requirement.maintenance;
    near(merged.find("MR1 spot shock").unwrap().amount, "0", "0.000001");
    near(merged.find("MR9 stablecoins").unwrap().amount, "375", "0.000001");
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

/// At 0.8 and below a hedge costs 40 %, whichever of the two coins has fallen.
#[test]
fn a_hedge_costs_more_when_a_stablecoin_has_fallen() {
    let charge = |tether: &str, circle: &str| {
        let text = format!(
            "index BTC 50000\nprice USDT {tether}\nprice USDC {circle}\nmark BTC_USDT-PERPETUAL 50000
             mark BTC_USDC-PERPETUAL 50000\nposition BTC_USDT-PERPETUAL 1\nposition BTC_USDC-PERPETUAL -1"
        );
        margin("okx-portfolio", &text).requirement.maintenance.find("MR9 stablecoins").unwrap().amount
    };
    near(charge("1", "1"), "375", "0.000001");
    near(charge("0.81", "1"), "303.75", "0.000001");
    near(charge("0.8", "1"), "16000", "0.000001");
    near(charge("1", "0.8"), "16000", "0.000001");
}

#[test]
fn hedges_are_taken_pair_by_pair() {
    let sizes = |usdt: &str, usdc: &str, usd: &str| unit::hedges(decimal(usdt), decimal(usdc), decimal(usd)).unwrap();
    assert_eq!(sizes("10", "-4", "-8"), ["8", "2", "0"].map(decimal));
    assert_eq!(sizes("-1", "5", "-3"), ["0", "1", "3"].map(decimal));
    assert_eq!(sizes("1", "2", "3"), [Decimal::ZERO; 3]);
}

#[test]
fn basis_is_charged_on_all_or_on_what_others_offset() {
    let deltas = ["10", "-4", "2", "0"].map(decimal);
    assert_eq!(unit::basis_sizes(&deltas, true).unwrap(), ["10", "4", "2", "0"].map(decimal));
    let offset = unit::basis_sizes(&deltas, false).unwrap();
    near(offset[0], "3.333333333333333333", "0.000001");
    assert_eq!((offset[1], offset[3]), (decimal("4"), Decimal::ZERO));
    assert_eq!(unit::basis_sizes(&deltas[..1], false).unwrap(), [Decimal::ZERO]);
}

/// MR1's volatility: half as much again at expiry, 35 % at 30 days, 25 % from 60 on, straight between.
#[test]
fn volatility_moves_by_days_left() {
    let nodes = OkxPortfolioParameters::default().vol_rules;
    for (days, share) in [(0.0, 0.5), (15.0, 0.425), (30.0, 0.35), (45.0, 0.3), (60.0, 0.25), (400.0, 0.25)] {
        assert!((nodes.term_factor(days) - share).abs() < 1e-12, "{days}");
    }
}

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

/// What a quanto pays is not what its quote says.
#[test]
fn quantos_are_refused() {
    let market = "index BTC 60000\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 60000 vol 0.6";
    for position in ["BTC/USD:USDC-260626-60000-C 1", "BTC/USD:USDC-260626-60000-C -1", "BTC/USD:USDC 1"] {
        let book = book(&format!("{market}\nposition {position}"));
        let error = book.margin(by_name("okx-portfolio").unwrap().as_ref()).unwrap_err().to_string();
        let name = position.split(' ').next().unwrap();
        assert!(error.starts_with(&format!("okx-portfolio cannot margin {name}: expected")), "{error}");
    }
}

#[test]
fn what_has_no_rule_is_refused() {
    let mut model = by_name("okx-portfolio").unwrap();
    model.set("mr9.depeg", "rest:1").unwrap();
    let hedged = "index BTC 5\nprice USDT 1\nmark BTC_USDT-PERPETUAL 5\nmark BTC-PERPETUAL 5
                  position BTC_USDT-PERPETUAL 1\nposition BTC-PERPETUAL -5";
    assert!(book(hedged).margin(model.as_ref()).is_err(), "MR9's rates are named by prices");
    let ordered = format!("{OPTIONS}\norder buy BTC_USDT-PERPETUAL 1 @ 60000");
    let error = book(&ordered).margin(by_name("okx-portfolio").unwrap().as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("okx-portfolio cannot margin BTC_USDT-PERPETUAL: expected no open order"), "{error}");
}
