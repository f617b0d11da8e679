//! Deribit's portfolio margin against what was published of it, and its properties.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use std::sync::Arc;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::deribit_portfolio::DeribitPortfolio;
use plimsoll_margin::models::{Model, by_name};
use plimsoll_pricing::market::Market;
use support::{Book, book, decimal, near};

fn margin(model: &str, text: &str) -> Margin {
    book(text).margin(by_name(model).unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn amounts(model: &str, text: &str) -> (Decimal, Decimal) {
    let margin = margin(model, text);
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// docs.deribit.com, private/simulate, response example of 2024-06-17: a long perpetual of 0.314538364 BTC and a
/// short future of 0.001187534 BTC lose 0.0596858724 BTC at −16 %, roll 0.003157259 BTC; 0.8 of both to maintain.
#[test]
fn the_published_book_of_futures_has_its_published_matrix() {
    // Contracts are counted in USD: sizes × marks.
    let contracts = |size: &str, mark: &str| decimal(size).times(decimal(mark), Rounding::HalfEven).unwrap();
    let text = format!(
        "index BTC 65666.19\nforward BTC 2026-06-26T08:00:00Z 67371.75 vol 0.6\nmark BTC-PERPETUAL 65910.57
         mark BTC-26JUN26 67371.75\nposition BTC-PERPETUAL {}\nposition BTC-26JUN26 -{}",
        contracts("0.314538364", "65910.57"),
        contracts("0.001187534", "67371.75"),
    );
    let book = book(&text);
    let mut model = DeribitPortfolio::default();
    for (name, value) in model.sets().iter().find(|set| set.date == "2024-06").unwrap().values {
        model.set(name, value).unwrap();
    }
    let found = model.simulate(&book.account, &book.market).unwrap();
    let [pair] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(pair.pair, "btc_btc");
    near(pair.margins.worst_case, "0.05968587238095239", "0.0000000001");
    near(pair.roll_shock, "0.00315725898", "0.000000000001");
    near(pair.margins.risk_matrix_margin, "0.06284313098", "0.000000001");
    near(pair.margins.maintenance_margin, "0.050274504784", "0.000000001");
    assert_eq!((pair.aggregated.standard.len(), pair.aggregated.extended.len()), (27, 8));
    near(pair.aggregated.standard[0], "-0.05968587238095239", "0.0000000001");
    assert!(pair.aggregated.standard[12..].iter().all(|pnl| pnl.is_zero()), "gains count nothing");
    // The account's own figures are the same in money.
    let in_money = |coins: Decimal| coins.times(pair.price, Rounding::Up).unwrap();
    let margin = margin_of(&book, &model);
    near(margin.requirement.initial.amount, &in_money(pair.margins.risk_matrix_margin).to_string(), "0.000001");
    near(margin.requirement.maintenance.amount, &in_money(pair.margins.maintenance_margin).to_string(), "0.000001");
}

fn margin_of(book: &Book, model: &DeribitPortfolio) -> Margin {
    book.margin(model).unwrap_or_else(|error| panic!("{error}"))
}

const MARKET: &str = "index BTC 60000\nindex ETH 3000\nprice USDC 1\nmark BTC-PERPETUAL 60000\nmark ETH-PERPETUAL 3000
                      mark BTC_USDC-PERPETUAL 60000\nforward BTC 2026-06-26T08:00:00Z 60500 vol 0.6";

#[test]
fn a_hedge_across_pairs_counts_as_far_as_its_gains_do() {
    let initial = |positions: &str| amounts("deribit-portfolio", &format!("{MARKET}\n{positions}")).0;
    let long = initial("position BTC-PERPETUAL 60000");
    let both = initial("position BTC-PERPETUAL 60000\nposition BTC_USDC-PERPETUAL -1");
    assert!(both < long, "{both} is less than {long}");
    let two = initial("position BTC-PERPETUAL 60000\nposition ETH-PERPETUAL -60000");
    let mut apart = by_name("deribit-portfolio").unwrap();
    apart.set("correlation_set.ETH", "2").unwrap();
    let text = format!("{MARKET}\nposition BTC-PERPETUAL 60000\nposition ETH-PERPETUAL -60000");
    let alone = book(&text).margin(apart.as_ref()).unwrap().requirement.initial.amount;
    assert!(two < alone, "coins of other sets do not offset: {two} and {alone}");
}

/// Deep in the money, half of the last half hour gone: half of the P&L and of the delta.
#[test]
fn an_expiring_option_moves_by_what_is_not_yet_fixed() {
    let at = |time: &str| {
        let mut book =
            book("index BTC 60000\nforward BTC 2026-06-01T08:00:00Z 60000 vol 0.6\nposition BTC-1JUN26-20000-C -1");
        let mut snapshot = book.market.snapshot().clone();
        snapshot.as_of = format!("2026-06-01T{time}Z").parse().unwrap();
        book.market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
        margin_of(&book, &DeribitPortfolio::default()).requirement.initial.amount
    };
    assert_eq!(at("07:30:00"), at("07:29:00"));
    near(at("07:45:00").times_count(2).unwrap(), &at("07:30:00").to_string(), "0.0001");
}

#[test]
fn orders_add_what_their_worst_fills_add_and_order_of_positions_does_not_matter() {
    let lines = ["position BTC-PERPETUAL 60000", "position BTC-26JUN26-60000-C -2", "position BTC-26JUN26-50000-P -3"];
    let with = |order: [usize; 3], more: &str| {
        let text: Vec<&str> = order.iter().map(|at| lines[*at]).collect();
        amounts("deribit-portfolio", &format!("{MARKET}\n{}\n{more}", text.join("\n")))
    };
    let base = with([0, 1, 2], "");
    assert_eq!(base, with([2, 0, 1], ""));
    let ordered = with([0, 1, 2], "order sell BTC-26JUN26-60000-C 40 @ 0.05");
    assert!(ordered.0 > base.0 && ordered.1 == base.1);
    let covering = with([0, 1, 2], "order buy BTC-26JUN26-50000-P 3 @ 0.01");
    assert_eq!(covering.0, base.0, "what lowers the margin does not count until it is filled");
}

#[test]
fn parameters_work_at_both_bounds_and_what_is_not_listed_is_refused() {
    let text = format!(
        "{MARKET}\nposition BTC-26JUN26-60000-C -2\nposition BTC-PERPETUAL 60000\nposition BTC_USDC-PERPETUAL -1"
    );
    let fields: Vec<_> = by_name("deribit-portfolio")
        .unwrap()
        .fields()
        .iter()
        .map(|field| (field.name, field.low, field.high))
        .collect();
    for (name, low, high) in fields {
        for value in [low, high] {
            let mut model = by_name("deribit-portfolio").unwrap();
            model.set(name, &value.to_string()).unwrap();
            let margin = book(&text).margin(model.as_ref()).unwrap_or_else(|error| panic!("{name} {value}: {error}"));
            assert!(margin.requirement.initial.amount >= Decimal::ZERO, "{name} {value}");
        }
        let error = by_name("deribit-portfolio").unwrap().set(name, "1e19").unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}
