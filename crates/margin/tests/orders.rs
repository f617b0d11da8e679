//! Open orders, whatever the model: what they come to does not depend on how they are split, and fills that add up are
//! looked at together.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;

use plimsoll_core::Decimal;
use plimsoll_margin::Account;
use plimsoll_margin::answers::whatif::{Changes, apply};
use plimsoll_margin::level::Level;
use plimsoll_margin::models::by_name;
use plimsoll_pricing::market::Market;
use support::{Book, book, decimal};

const MARKET: &str = "index BTC 90000\nindex ETH 3000\nprice USDT 1\nprice USDC 1\nprice BTC 90000\nprice ETH 3000
    mark BTC_USDT 90000\nmark BTC_USDC-PERPETUAL 90000\nmark ETH_USDC-PERPETUAL 3000
    forward BTC 2026-06-26T08:00:00Z 90000 vol 0.5\nmark BTC_USDC-26JUN26-95000-C 900\nmark BTC_USDC-26JUN26-85000-P 800\n";

fn initial(model: &str, lines: &str, set: &[(&str, &str)]) -> Result<Decimal, String> {
    let mut model = by_name(model).unwrap();
    for (name, value) in set {
        model.set(name, value).unwrap();
    }
    let margin = book(&format!("{MARKET}{lines}")).margin(model.as_ref()).map_err(|error| error.to_string())?;
    Ok(margin.requirement.initial.amount)
}

/// Each half alone would only pay out of the balance; both owe coins.
#[test]
fn a_spot_order_asks_the_same_in_one_piece_or_two() {
    for model in ["bybit-cross", "bybit-portfolio", "binance-portfolio", "weights", "plimsoll", "greeks"] {
        let of =
            |orders: &str| initial(model, &format!("collateral BTC 1\ncollateral USDT 100000\n{orders}"), &[]).unwrap();
        let (none, whole) = (of(""), of("order sell BTC_USDT 1.8 @ 90000"));
        let halves = of("order sell BTC_USDT 0.9 @ 90000\norder sell BTC_USDT 0.9 @ 90000");
        let per_order = if model == "weights" { decimal("0.01") } else { Decimal::ZERO };
        assert!(whole > none, "{model}: {whole} with a sale of more than there is, {none} without");
        // Each order may round by its own grain.
        let apart = halves.minus(per_order).unwrap().minus(whole).unwrap().abs();
        assert!(apart < decimal("0.001"), "{model}: {halves} in two, {whole} in one");
    }
}

#[test]
fn fills_in_two_coins_or_on_two_sides_add_up() {
    for model in ["greeks", "bybit-portfolio", "paradex-portfolio"] {
        let of = |lines: &str| initial(model, &format!("collateral USDC 1000000\n{lines}"), &[]).unwrap();
        let coins = of("position BTC_USDC-PERPETUAL 1\nposition ETH_USDC-PERPETUAL -30");
        let orders = of("order buy BTC_USDC-PERPETUAL 1 @ 90000\norder sell ETH_USDC-PERPETUAL 30 @ 3000");
        assert!(orders >= coins, "{model}: {orders} before the fills, {coins} after");
        let risen = of("position BTC_USDC-26JUN26-95000-C 5\nposition BTC_USDC-26JUN26-85000-P -5");
        let orders = of("order buy BTC_USDC-26JUN26-95000-C 5 @ 900\norder sell BTC_USDC-26JUN26-85000-P 5 @ 800");
        assert!(orders >= risen, "{model}: {orders} before the fills, {risen} after");
    }
}

#[test]
fn a_hedge_that_is_for_sale_does_not_count() {
    let hedged = "collateral BTC 10\ncollateral USDT 100000\nposition BTC_USDC-PERPETUAL -10";
    let of = |lines: &str| initial("bybit-portfolio", lines, &[("spot_hedging", "1")]).unwrap();
    let (kept, sold) = (of(hedged), of(&format!("{hedged}\norder sell BTC_USDT 10 @ 90000")));
    let bare = of("collateral USDT 1000000\nposition BTC_USDC-PERPETUAL -10");
    assert!(sold > kept && sold >= bare, "{kept} kept, {sold} for sale, {bare} without");
}

#[test]
fn an_order_that_leaves_what_the_model_refuses_is_refused_by_name() {
    let error = initial("leverage-tiers", "collateral BTC 1\norder sell BTC_USDT 1.8 @ 90000", &[]).unwrap_err();
    assert_eq!(
        error,
        "leverage-tiers cannot margin orders of BTC_USDT: once filled, BTC: expected no debt but in the currency or a dollar stablecoin"
    );
    let error = initial("paradex-portfolio", "collateral USDC 100000\norder buy BTC_USDT 1 @ 90000", &[]).unwrap_err();
    assert!(error.starts_with("paradex-portfolio cannot margin BTC_USDT: expected a linear"), "{error}");
}

/// What an order gains at its fill makes up for a loss by no more than it would count for once it is made: nothing in a coin
/// whose price is not trusted.
#[test]
fn whoever_may_place_an_order_that_gains_can_carry_it_filled() {
    let text = |order: &str| {
        format!(
            "{MARKET}mark BTC-PERPETUAL 90000\ncollateral USD 100000\ncollateral BTC 2\nposition BTC-PERPETUAL -90000\n{order}"
        )
    };
    let model = by_name("plimsoll").unwrap();
    for trusted in [true, false] {
        let excess = |account: &Account, market: &Market| {
            let mut snapshot = market.snapshot().clone();
            snapshot.assets.get_mut(&"BTC".parse().unwrap()).unwrap().trusted = trusted;
            let market = Market::new(Arc::new(snapshot), market.shared_listing()).unwrap();
            let margin = Book { account: account.clone(), market }.margin(model.as_ref()).unwrap();
            margin.levels.at(Level::Initial).excess
        };
        for order in [
            "sell BTC-PERPETUAL 90000 @ 93000",
            "sell BTC-PERPETUAL 360000 @ 91000",
            "buy BTC-PERPETUAL 450000 @ 85000",
        ] {
            let Book { market, account: open } = book(&text(&format!("order {order}")));
            let mut account = open.clone();
            let placed = account.portfolio.orders.pop().unwrap();
            let trades = vec![(placed.instrument, placed.signed_quantity(), Some(placed.price))];
            let filled = apply(&account, &market, &Changes { trades, ..Changes::default() }).unwrap();
            let (open, filled) = (excess(&open, &market), excess(&filled, &market));
            // What is left of a coin under a thousandth of it stands alone, and may lose a third.
            let over = open.minus(filled).unwrap();
            assert!(over < decimal("30"), "{order}, trusted {trusted}: {open} with the order, {filled} with it filled");
        }
    }
}

/// Initial margin with orders open is no less than with any of them filled, whatever else of them shrinks the book: what closes
/// a position makes no room for what opens another. With some of them taken back neither level asks for more.
#[test]
fn no_fills_of_some_orders_leave_less_than_all_of_them_open() {
    let model = by_name("plimsoll").unwrap();
    let excesses = |account: &Account, market: &Market| {
        let margin = Book { account: account.clone(), market: market.clone() }.margin(model.as_ref()).unwrap();
        [Level::Initial, Level::Maintenance].map(|level| margin.levels.at(level).excess)
    };
    let orders = [
        "sell BTC_USDC-PERPETUAL 40 @ 90000",
        "sell BTC_USDC-26JUN26-95000-C 40 @ 900",
        "sell BTC_USDC-26JUN26-85000-P 25 @ 800",
        "buy BTC_USDC-26JUN26-95000-C 10 @ 900",
        "buy ETH_USDC-PERPETUAL 300 @ 3000",
        "sell BTC_USDC-26JUN26-160000-C 50 @ 1",
    ];
    for held in [
        "position BTC_USDC-PERPETUAL 50",
        "position BTC_USDC-PERPETUAL -30\nposition BTC_USDC-26JUN26-85000-P 20",
        // What it loses bends between the nodes, at which orders that gain on one side lose on the other.
        "position BTC_USDC-26JUN26-95000-C 300\nposition BTC_USDC-26JUN26-85000-P 300\nposition BTC_USDC-PERPETUAL -20",
    ] {
        let lines: Vec<String> = orders.iter().map(|order| format!("order {order}")).collect();
        let far = "mark BTC_USDC-26JUN26-160000-C 1\n";
        let text = format!("{MARKET}{far}collateral USD 5000000\n{held}\n{}\n", lines.join("\n"));
        let Book { market, account } = book(&text);
        let of = |open: u32, filled: u32| {
            let mut account = account.clone();
            let placed = std::mem::take(&mut account.portfolio.orders);
            let some = |set: u32| placed.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1).map(|(_, it)| it);
            account.portfolio.orders = some(open).cloned().collect();
            let trade = |order: &plimsoll_core::Order| (order.instrument, order.signed_quantity(), Some(order.price));
            let trades = some(filled).map(trade).collect();
            excesses(&apply(&account, &market, &Changes { trades, ..Changes::default() }).unwrap(), &market)
        };
        for open in 0..1_u32 << orders.len() {
            let with_all = of(open, 0);
            for filled in (0..=open).filter(|filled| filled & !open == 0) {
                let over = with_all[0].minus(of(0, filled)[0]).unwrap();
                assert!(over < decimal("1"), "{held}: with {open:b} open {over} more than with {filled:b} filled");
                let (fewer, left) = (open & !filled, of(open & !filled, 0));
                let is_no_less = left[0] >= with_all[0] && left[1] >= with_all[1];
                assert!(is_no_less, "{held}: {left:?} left with {fewer:b} open, {with_all:?} with {open:b}");
            }
        }
    }
}
