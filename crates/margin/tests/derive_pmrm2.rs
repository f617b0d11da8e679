//! Derive's second portfolio margin against figures its own contracts returned.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test data that does not read fails the test, and what was skipped is said"
)]

mod derive;
mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::models::by_name;
use support::{Book, book, decimal, near};

#[test]
fn every_shared_case_is_what_the_contracts_return() {
    assert!(derive::run("derive-pmrm2", "pmrm_2.json").is_none_or(|cases| cases > 0));
}

/// What the venue publishes: equity less requirement, at both levels.
fn surplus(book: &Book) -> (Decimal, Decimal) {
    let margin = book.margin(by_name("derive-pmrm2").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"));
    let (equity, requirement) = (margin.equity, margin.requirement);
    (
        equity.maintenance.amount.minus(requirement.maintenance.amount).unwrap(),
        equity.initial.amount.minus(requirement.initial.amount).unwrap(),
    )
}

/// A shocked worth is a float, counted to 10⁻¹².
fn assert_surplus(book: &Book, maintenance: &str, initial: &str) {
    let found = surplus(book);
    near(found.0, maintenance, "0.0000000001");
    near(found.1, initial, "0.0000000001");
}

/// Derive v2-core, `PMRM_2` portfolio case 2 (1,000 USDT), as its contracts return it.
#[test]
fn a_stablecoin_is_counted_in_cash_less_its_haircuts() {
    let book =
        book("index BTC 95663.50604855\nprice USDC 1.00019088635\nprice USDT 0.99984231175\ncollateral USDT 1000");
    let (maintenance, initial) = surplus(&book);
    near(maintenance, "979.658462086925613387", "0.00000000000001");
    near(initial, "949.668917329162582407", "0.00000000000001");
}

#[test]
fn a_perpetual_costs_the_edge_of_the_range_and_its_size() {
    // Short: +18 % is worst, since +300 % counts 1.2 %. 0.8 × 18,000 + 1.5 % is maintenance margin.
    let short = book("index BTC 100000\nmark BTC_USDC-PERPETUAL 100000\nprice USDC 1\nposition BTC_USDC-PERPETUAL -1");
    assert_surplus(&short, "-15900", "-20000");
    // A coin of collateral covers the move; haircuts of 2 % and 1 % are left.
    let covered = "index BTC 100000\nmark BTC_USDC-PERPETUAL 100000\nprice USDC 1\nprice BTC 100000
                   position BTC_USDC-PERPETUAL -1\ncollateral BTC 1";
    assert_surplus(&book(covered), "96500", "95000");
}

/// Options of two expiries and a perpetual.
const DESK: &str = "index    BTC 60000
                    price    USDC 1
                    mark     BTC_USDC-PERPETUAL 60000
                    forward  BTC 2026-06-26T08:00:00Z 60500 vol 0.6
                    forward  BTC 2026-12-25T08:00:00Z 62000 vol 0.7
                    collateral USDC 100000";

#[test]
fn only_the_same_strike_covers_a_short_and_order_and_scale_do_not_matter() {
    let with = |positions: &str| surplus(&book(&format!("{DESK}\n{positions}")));
    let [call, put, above] = ["BTC_USDC-26JUN26-60000-C", "BTC_USDC-26JUN26-60000-P", "BTC_USDC-26JUN26-61000-C"]
        .map(|name| format!("position {name}"));
    let part = |positions: &str| {
        let book = book(&format!("{DESK}\n{positions}"));
        let margin = book.margin(by_name("derive-pmrm2").unwrap().as_ref()).unwrap();
        margin.requirement.maintenance.find("naked short options").unwrap().amount
    };
    assert_eq!(part(&format!("{call} -2\n{put} 1")), decimal("180"), "0.3 % of 60,000, one of two covered");
    assert_eq!(part(&format!("{call} -2\n{above} 2")), decimal("360"), "another strike covers none");
    assert_eq!(part(&format!("{call} -2\n{put} -1")), decimal("540"));

    let other = "position BTC_USDC-25DEC26-70000-C 3";
    let perpetual = "position BTC_USDC-PERPETUAL 0.7";
    let one = with(&format!("{call} -2\n{put} 1\n{other}\n{perpetual}"));
    assert_eq!(one, with(&format!("{perpetual}\n{other}\n{put} 1\n{call} -2")));
    let cash = decimal("100000");
    let twice = with(&format!("{call} -4\n{put} 2\n{other}\n{other}\n{perpetual}\n{perpetual}"));
    for (one, twice) in [(one.0, twice.0), (one.1, twice.1)] {
        let (one, twice) = (one.minus(cash).unwrap(), twice.minus(cash).unwrap());
        near(twice.minus(one).unwrap(), &one.to_string(), "0.00000001");
    }
}

#[test]
fn what_the_venue_does_not_list_is_refused_by_name() {
    for (lines, said) in [
        (
            "position BTC-PERPETUAL 10",
            "derive-pmrm2 cannot margin BTC-PERPETUAL: expected a linear perpetual, or a linear option",
        ),
        ("position BTC_USDC-26JUN26 1", "BTC_USDC-26JUN26: expected a linear perpetual"),
        (
            "index ETH 3000\nposition BTC_USDC-PERPETUAL 1\nposition ETH_USDC-PERPETUAL 1",
            "ETH_USDC-PERPETUAL: expected contracts on BTC alone",
        ),
        ("collateral ETH -1\nindex ETH 3000", "ETH: expected no debt but in cash"),
        ("price DOGE 0.1\ncollateral DOGE 5", "DOGE: expected a collateral that mm_haircut names"),
    ] {
        let book = book(&format!(
            "{DESK}\nmark BTC-PERPETUAL 60000\nmark BTC_USDC-26JUN26 60500\nmark ETH_USDC-PERPETUAL 3000\n{}",
            if lines.contains("ETH") { lines.to_owned() } else { format!("index ETH 3000\n{lines}") }
        ));
        let error = book.margin(by_name("derive-pmrm2").unwrap().as_ref()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn scenarios_that_do_not_read_are_refused() {
    let mut model = by_name("derive-pmrm2").unwrap();
    for wrong in
        ["", "1.1 up,", "0 up", "-1 up", "1.1 sideways", "1.1 linear", "1 abs, 1 abs", "1 up @-1", "1 up @1 @1"]
    {
        let error = model.set("scenarios", wrong).unwrap_err().to_string();
        assert!(error.contains("1 to 100 moves like"), "{wrong}: {error}");
    }
    let text = "1.15 up, 1 none, 0.34 up @0.05, 1 linear, 1 abs";
    model.set("scenarios", text).unwrap();
    let kept = model.fields().iter().find(|field| field.name == "scenarios").unwrap().values();
    assert_eq!(kept[0].1, text);
}
