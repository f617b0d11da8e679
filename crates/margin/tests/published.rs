//! Known answers: figures of the issue tracker, of rulebooks, and of arithmetic on one line.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use plimsoll_margin::answers::liquidation::liquidation_prices;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::Model;
use plimsoll_margin::models::cross::Cross;
use plimsoll_margin::models::plimsoll::Plimsoll;
use support::{book, decimal, near, part};

/// Ten coins and a long inverse perpetual of ten coins: P&L of the contract is in coin that falls
/// with the price, so a fall of 16 % costs 16 % of both, 192,000; the contract alone loses
/// 10 × (1/0.84 − 1) coins, 114,286 at today's price, which is what a coin account sees.
#[test]
fn a_coin_margined_long_loses_on_the_contract_and_on_the_coin() {
    let margin = book(
        "index      BTC 60000
         mark       BTC-PERPETUAL 60000
         position   BTC-PERPETUAL 600000 @ 60000
         collateral BTC 10",
    )
    .plimsoll();
    near(part(&margin, "BTC"), "192_000", "0.5");
    let worst = margin.requirement.initial.find("BTC").unwrap();
    let plimsoll_core::Rule::WorstOf { winner, of } = &worst.rule else { panic!("{worst:?}") };
    assert_eq!(of.len(), 33, "26 grid cells, 5 extreme moves, a day, nothing");
    let names = of[*winner].children().iter().map(|share| share.amount).collect::<Vec<_>>();
    assert_eq!(names.len(), 2, "{names:?}");
    names.iter().for_each(|share| near(*share, "96_000", "0.5"));
}

#[test]
fn coins_against_a_short_inverse_perpetual_of_the_same_size_show_no_price_risk() {
    let margin = book(
        "index      BTC 60000
         mark       BTC-PERPETUAL 60123.5
         position   BTC-PERPETUAL -601230 @ 60123.5
         collateral BTC 10",
    )
    .plimsoll();
    // 601,230 dollars are 9.99992 coins: five dollars' worth is left unhedged.
    assert!(part(&margin, "BTC") < decimal("2"), "{}", part(&margin, "BTC"));
    // What is left is named: the perpetual may part from the index by 0.3 %, 600,000 × (1 − 1/1.003).
    near(part(&margin, "basis"), "1794.67", "0.1");
}

/// `TorchTrade` issue 344: equity 5, long 1 at 100, 0.4 % maintenance, another position needing 4.
#[test]
fn a_cross_liquidation_price_counts_what_other_positions_need() {
    let book = book(
        "index      AAA 100
         index      BBB 1000
         mark       AAA/USD:USD 100
         mark       BBB/USD:USD 1000
         position   AAA/USD:USD 1 @ 100
         position   BBB/USD:USD 1 @ 1000
         collateral USD 5",
    );
    let mut cross = Cross::default();
    Model::set(&mut cross, "maintenance", "0:0.004").unwrap();
    Model::set(&mut cross, "initial", "0:0.004").unwrap();
    let prices = liquidation_prices(&book.account, &book.market, &cross, &Policy::default()).unwrap();
    let first = &prices[0];
    assert_eq!(first.underlying.as_str(), "AAA");
    near(first.down.unwrap(), "99.397590361445783", "0.000001");
    assert_eq!(first.up, None);
    assert_eq!(first.further, 0);
}

#[test]
fn a_hedged_book_has_no_liquidation_price() {
    let book = book(
        "index      BTC 60000
         mark       BTC-PERPETUAL 60000
         position   BTC-PERPETUAL -300000 @ 60000
         collateral BTC 10",
    );
    let prices = liquidation_prices(&book.account, &book.market, &Plimsoll::default(), &Policy::default()).unwrap();
    assert_eq!((prices[0].down, prices[0].up), (None, None));
}
