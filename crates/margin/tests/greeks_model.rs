//! Delta, gamma and vega moved in place of a book, against the book.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use support::{Book, book, decimal, near};

fn margin(book: &Book) -> Margin {
    book.margin(by_name("greeks").unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn initial(text: &str) -> Decimal {
    margin(&book(text)).requirement.initial.amount
}

/// What full revaluation adds to the worst scenario's loss.
fn error(margin: &Margin) -> Decimal {
    margin.requirement.initial.find("full revaluation less this").map_or(Decimal::ZERO, |node| node.amount)
}

const MARKET: &str = "index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nmark BTC-PERPETUAL 60000
                      forward BTC 2026-06-26T08:00:00Z 60000 vol 0.6
                      forward BTC 2026-12-25T08:00:00Z 60000 vol 0.6";

/// A perpetual has no gamma: 16 % of 60,000, and nothing that revaluation would add. A coin and a short
/// perpetual against it have no delta.
#[test]
fn what_does_not_bend_is_its_delta() {
    let long = margin(&book(&format!("{MARKET}\nposition BTC_USDC-PERPETUAL 1")));
    near(long.requirement.initial.amount, "9600", "0.000001");
    near(long.requirement.maintenance.amount, "7680", "0.000001");
    near(error(&long), "0", "0.0001");
    let hedged = initial(&format!("{MARKET}\nposition BTC_USDC-PERPETUAL -1\ncollateral BTC 1"));
    near(hedged, "0", "0.000001");
}

/// A short straddle's delta-gamma loss and its revaluation differ, and the difference is what it says:
/// the loss in the same scenario by the house's own tables.
#[test]
fn a_book_that_bends_shows_by_how_much_its_greeks_are_wrong() {
    let straddle = format!("{MARKET}\nposition BTC_USDC-26JUN26-60000-C -10\nposition BTC_USDC-26JUN26-60000-P -10");
    let found = margin(&book(&straddle));
    assert!(error(&found).abs() > decimal("1000"), "{}", error(&found));
    // What little moves hide does not: with a range of 1 % and no volatility move, Taylor is near.
    let mut model = by_name("greeks").unwrap();
    for (name, value) in [("price_range.BTC", "0.01"), ("vol_up", "0"), ("vol_down", "0")] {
        model.set(name, value).unwrap();
    }
    let near_by = book(&straddle).margin(model.as_ref()).unwrap();
    let loss = near_by.requirement.initial.amount;
    assert!(error(&near_by).abs() < loss.over(decimal("10"), plimsoll_core::Rounding::Up).unwrap(), "{loss}");
}

#[test]
fn hedges_between_expiries_are_charged() {
    let [june, december] = ["BTC_USDC-26JUN26-60000-C", "BTC_USDC-25DEC26-60000-C"];
    let one = margin(&book(&format!("{MARKET}\nposition {june} 10")));
    let both = margin(&book(&format!("{MARKET}\nposition {june} 10\nposition {december} -10")));
    let charged = |margin: &Margin, label: &str| margin.requirement.initial.find(label).unwrap().amount;
    for label in ["delta between expiries", "vega between expiries"] {
        assert_eq!(charged(&one, label), Decimal::ZERO, "{label}");
        assert!(charged(&both, label) > Decimal::ZERO, "{label}");
    }
}

#[test]
fn orders_count_as_if_filled_and_for_what_fills_lose() {
    let held = "position BTC_USDC-PERPETUAL 1";
    let filled = initial(&format!("{MARKET}\nposition BTC_USDC-PERPETUAL 3"));
    assert_eq!(initial(&format!("{MARKET}\n{held}\norder buy BTC_USDC-PERPETUAL 2 @ 60000")), filled);
    let dear = initial(&format!("{MARKET}\n{held}\norder buy BTC_USDC-PERPETUAL 2 @ 61000"));
    assert_eq!(dear.minus(filled).unwrap(), decimal("2000"));
    // What would reduce the book asks for no more, and to maintain nothing counts.
    let alone = margin(&book(&format!("{MARKET}\n{held}"))).requirement;
    let selling = margin(&book(&format!("{MARKET}\n{held}\norder sell BTC_USDC-PERPETUAL 1 @ 60000"))).requirement;
    assert_eq!((selling.initial.amount, selling.maintenance.amount), (alone.initial.amount, alone.maintenance.amount));
}

#[test]
fn order_does_not_matter_and_twice_the_book_needs_twice_as_much() {
    let lines = ["BTC_USDC-26JUN26-60000-C -2", "BTC_USDC-25DEC26-70000-C 3", "BTC-PERPETUAL 50000"];
    let with = |times: i64, order: [usize; 3]| {
        let mut text = format!("{MARKET}\ncollateral BTC {times}");
        for at in order {
            let (name, quantity) = lines[at].split_once(' ').unwrap();
            let quantity = decimal(quantity).times_count(times.into()).unwrap();
            text.push_str(&format!("\nposition {name} {quantity}"));
        }
        initial(&text)
    };
    assert_eq!(with(1, [0, 1, 2]), with(1, [2, 0, 1]));
    near(with(2, [0, 1, 2]), &with(1, [0, 1, 2]).times_count(2).unwrap().to_string(), "0.000001");
}

#[test]
fn what_moves_with_another_coin_is_refused() {
    let crossed = book(
        "index BTC 60000\nindex ETH 3000\nprice ETH 3000\nmark BTC_ETH-PERPETUAL 20\nposition BTC_ETH-PERPETUAL 1",
    );
    let refused = crossed.margin(by_name("greeks").unwrap().as_ref()).unwrap_err().to_string();
    assert!(refused.starts_with("greeks cannot margin BTC_ETH-PERPETUAL: it moves with ETH too"), "{refused}");
}
