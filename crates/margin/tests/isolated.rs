//! The `isolated` model: nothing is shared, so it is what the others are measured against.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::compare::{Sharing, compare};
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::cross::Cross;
use plimsoll_margin::models::isolated::Isolated;
use plimsoll_margin::models::plimsoll::Plimsoll;
use support::{book, decimal};

/// Long and short of one size, one 5,000 up and the other 5,000 down.
const HEDGE: &str = "index    BTC 60000
                     mark     BTC/USD:USD 60000
                     mark     BTC/USD:USD-261225 60000
                     position BTC/USD:USD 1 @ 55000
                     position BTC/USD:USD-261225 -1 @ 55000";

#[test]
fn sharing_is_what_cross_and_portfolio_save() {
    let book = book(HEDGE);
    let rows = compare(
        &book.account,
        &book.market,
        &[
            (&Isolated::default(), Sharing::None),
            (&Cross::default(), Sharing::Whole),
            (&Plimsoll::default(), Sharing::Whole),
        ],
        &Policy::default(),
    );
    let needed: Vec<Decimal> = rows.iter().map(|row| row.collateral_needed.unwrap()).collect();
    // Alone: the loser needs its 600 and its 5,000; the winner's gain covers its own 600.
    // Shared: 1,200. Together the price moves cancel; basis and closing costs are left.
    assert_eq!(needed[0], decimal("5600"));
    assert_eq!(needed[1], decimal("1200"));
    let initial = &rows[2].margin.as_ref().unwrap().requirement.initial;
    assert_eq!(initial.find("BTC").unwrap().amount, Decimal::ZERO, "no price risk");
    let named = ["basis", "liquidity", "rounding of cells"].map(|part| initial.find(part).unwrap().amount);
    let sum = named.into_iter().try_fold(Decimal::ZERO, Decimal::plus).unwrap();
    assert_eq!(needed[2], sum);
}

#[test]
fn an_order_to_close_needs_margin_of_its_own() {
    let text =
        "index BTC 60000\nmark BTC/USD:USD 60000\nposition BTC/USD:USD 1 @ 60000\norder sell BTC/USD:USD 1 @ 60000";
    let initial = |book: support::Book| book.margin(&Isolated::default()).unwrap().requirement.initial.amount;
    assert_eq!(initial(book(text)), decimal("1200"));
    let mut closing = book(text);
    closing.account.portfolio.orders[0].reduce_only = true;
    assert_eq!(initial(closing), decimal("600"));
}
