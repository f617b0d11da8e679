//! Binance USD-margined futures against published brackets.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::closed_forms::liquidation_price::brackets;
use plimsoll_margin::models::by_name;
use plimsoll_margin::parameters::Field;
use support::{book, decimal, near};

fn margin(text: &str) -> Margin {
    book(text).margin(by_name("binance-usdm").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn amounts(text: &str) -> (Decimal, Decimal) {
    let margin = margin(text);
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// 20 BTC at 30,000: 600,000, at the end of the bracket of 0.5 %; a short asks the same.
#[test]
fn maintenance_is_rate_less_deduction_and_initial_the_rate_of_the_bracket() {
    let text = "index BTC 30000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 30000\nposition BTC_USDT-PERPETUAL 20";
    let (initial, maintenance) = amounts(text);
    assert_eq!(initial, decimal("6000"), "600,000 at 1 %");
    assert_eq!(maintenance, decimal("2950"), "50,000 at 0.4 %, 550,000 at 0.5 %");
    assert_eq!(amounts(&text.replace("PERPETUAL 20", "PERPETUAL -20")), (initial, maintenance));
}

/// Deductions that the venue answered with its brackets (leverageBracket, as freqtrade carried it in mid-2024).
#[test]
fn the_brackets_carried_have_the_deductions_the_venue_published() {
    let usdt = "0 50 950 11450 131450 481450 2981450 14481450 26481450 41481450 121481450 421481450";
    for (symbol, published) in [
        ("BTCUSDT", usdt),
        ("BTCUSDC", "0 50 2550 152550 2152550 9652550 17152550 28402550 88402550 288402550"),
        ("ETHUSDT", "0 50 950 11450 131450 381450 2006450 9506450 17506450 27506450 80506450 280506450"),
        ("ETHUSDC", "0 50 800 4300 54300 1554300 6554300 10304300 17804300 57804300 182804300"),
        ("BTCUSDT_DATED", "0 500 11750 111750 211750 461750 2461750 12461750"),
        ("", "0 25 275 2775 52775 102775 415275 1665275"),
    ] {
        let mut model = by_name("binance-usdm").unwrap();
        let name = if symbol.is_empty() { "maintenance".to_owned() } else { format!("maintenance.{symbol}") };
        let values: Vec<_> = model.fields().iter().flat_map(Field::values).collect();
        let (_, text) = values.iter().find(|(found, _)| *found == name).unwrap();
        let found: Vec<_> = brackets(&text.parse().unwrap()).unwrap().iter().map(|each| each.deduction).collect();
        let published: Vec<_> = published.split(' ').map(decimal).collect();
        assert_eq!(found, published, "{symbol}");
    }
}

/// Above 1.2 billion a position asks half, above 480 million an eighth.
#[test]
fn the_last_brackets_hold_for_the_largest_positions() {
    let text = "index BTC 50000\nprice USDT 1\nmark BTC_USDT-PERPETUAL 50000\nposition BTC_USDT-PERPETUAL 40000";
    let (initial, maintenance) = amounts(text);
    assert_eq!(initial, decimal("2000000000"));
    assert_eq!(maintenance, decimal("578518550"), "2,000 million at 50 %, less 421,481,450");
}

#[test]
fn a_contract_has_its_own_brackets_its_symbols_or_its_coins() {
    let of = |contract: &str| {
        let text = format!(
            "index BTC 50000\nprice USDT 1\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 50000 vol 0.6
             mark {contract} 50000\nposition {contract} 20"
        );
        amounts(&text).1
    };
    assert_eq!(of("BTC/USDT:USDT"), decimal("5550"), "0.65 % less 950");
    assert_eq!(of("BTC/USDC:USDC"), decimal("7450"), "1 % less 2,550");
    assert_eq!(of("BTC/USDT:USDT-260626"), decimal("38250"), "5 % less 11,750");
    let mut model = by_name("binance-usdm").unwrap();
    model.set("maintenance.BTC/USDC:USDC", "0:0.5").unwrap();
    let text = "index BTC 50000\nprice USDC 1\nmark BTC/USDC:USDC 50000\nposition BTC/USDC:USDC 20";
    let found = book(text).margin(model.as_ref()).unwrap().requirement.maintenance.amount;
    assert_eq!(found, decimal("500000"));
}

/// ETHBTC's brackets are in BTC: the venue's first ends at 5 BTC.
#[test]
fn brackets_are_in_what_a_contract_settles_in() {
    let mut model = by_name("binance-usdm").unwrap();
    let book = book("index ETH 3000\nindex BTC 60000\nmark ETH/BTC:BTC 0.05\nposition ETH/BTC:BTC 400");
    // Ether's brackets against dollars are no stand-in.
    for (parameter, brackets) in [("initial", "0:0.01, 5:0.02"), ("maintenance", "0:0.005, 5:0.006, 10:0.01")] {
        let error = book.margin(model.as_ref()).unwrap_err().to_string();
        let expected = format!("expected its brackets in BTC, which were not read: set {parameter}.ETHBTC");
        assert_eq!(error, format!("binance-usdm cannot margin ETH/BTC:BTC: {expected}"));
        model.set(&format!("{parameter}.ETHBTC"), brackets).unwrap();
    }
    let found = book.margin(model.as_ref()).unwrap().requirement;
    near(found.maintenance.amount, "9300", "0.000001");
    // 20 BTC at 2 %.
    near(found.initial.amount, "24000", "0.000001");
}

#[test]
fn leverage_below_the_most_asks_for_more_to_open_and_no_more_to_keep() {
    let text = "index BTC 50000\nprice USDT 1\nmark BTC/USDT:USDT 50000\nposition BTC/USDT:USDT 20";
    let with = |leverage: &str| {
        let mut model = by_name("binance-usdm").unwrap();
        model.set("leverage.BTCUSDT", leverage).unwrap();
        let found = book(text).margin(model.as_ref()).unwrap().requirement;
        (found.initial.amount, found.maintenance.amount)
    };
    assert_eq!(with("10"), (decimal("100000"), decimal("5550")));
    near(with("125").0, "13333.333333333334", "0.000001");
}

/// FAQ b3c689c1f50a44cabb3a84e663b81d93 with its brackets of then: 109.488 BTC at 31,967.27 in the one of 2.5 % less
/// 16,300, 3,683.979 ETH at 1,335.18 in one of 10 % less 135,365; the venue's TMM of the latter is 356,512.508.
#[test]
fn the_published_account_asks_what_the_page_says() {
    let mut model = by_name("binance-usdm").unwrap();
    model.set("maintenance.BTCUSDT", "0:0, 652000:0.025").unwrap();
    model.set("maintenance.ETHUSDT", "0:0, 1353650:0.1").unwrap();
    let text = "index BTC 31967.27\nindex ETH 1335.18\nprice USDT 1\nmark BTC/USDT:USDT 31967.27
                mark ETH/USDT:USDT 1335.18\ncollateral USDT 1535443.01
                position BTC/USDT:USDT 109.488 @ 32481.98\nposition ETH/USDT:USDT 3683.979 @ 1456.84";
    let found = book(text).margin(model.as_ref()).unwrap();
    let ether = found.requirement.maintenance.find("ETH/USDT:USDT").unwrap().amount;
    near(ether, "356512.508", "0.05");
    let short = text.replace("USDT 109.488 @", "USDT -109.488 @");
    let short = book(&short).margin(model.as_ref()).unwrap();
    assert_eq!(short.requirement.maintenance.amount, found.requirement.maintenance.amount);
}

/// In single-asset mode everything but dollars counts nothing; in multi-assets mode BTC counts 95 %, USDT 99.99 %; a
/// debt counts whole in both.
#[test]
fn collateral_counts_as_the_mode_says() {
    let counted = |mode: &str, text: &str| {
        let mut model = by_name("binance-usdm").unwrap();
        model.set("multi_assets", mode).unwrap();
        let found = book(text).margin(model.as_ref()).unwrap();
        found.equity.maintenance.amount.minus(found.requirement.maintenance.amount).unwrap()
    };
    let coin = "index BTC 30000\nprice BTC 30000\ncollateral BTC 1";
    assert_eq!((counted("0", coin), counted("1", coin)), (Decimal::ZERO, decimal("28500")));
    let dollars = "index BTC 30000\nprice USDT 0.999\ncollateral USDT 1000";
    assert_eq!((counted("0", dollars), counted("1", dollars)), (decimal("999"), decimal("998.9001")));
    let debt = "index BTC 30000\nprice BTC 30000\nprice USDT 1\ncollateral BTC -0.1\ncollateral USDT 10000";
    assert_eq!((counted("0", debt), counted("1", debt)), (decimal("7000"), decimal("6999")));
}

#[test]
fn what_has_no_rule_is_refused() {
    let error = book("index BTC 30000\nmark BTC-PERPETUAL 30000\nposition BTC-PERPETUAL 10")
        .margin(by_name("binance-usdm").unwrap().as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("binance-usdm cannot margin BTC-PERPETUAL: expected"), "{error}");
}
