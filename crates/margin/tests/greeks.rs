//! A book's Greeks, in the quote and in coin.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use plimsoll_margin::answers::greeks::greeks;
use support::book;

const CALLS: &str = "index BTC 60000
                     forward BTC 2026-06-26T08:00:00Z 60000 vol 0.6
                     mark BTC-26JUN26-60000-C 0.06
                     position BTC-26JUN26-60000-C 10\n";

/// Coins are delta in dollars, and none in an account that is counted in coin.
#[test]
fn coins_count_in_delta_and_not_in_net_delta() {
    let of = |text: &str| {
        let book = book(text);
        greeks(&book.account, &book.market).unwrap().underlyings[0].1
    };
    let (alone, with_coins) = (of(CALLS), of(&format!("{CALLS}collateral BTC 10")));
    assert!((with_coins.delta - alone.delta - 10.0).abs() < 1e-12, "{with_coins:?}");
    assert!((with_coins.delta_net - alone.delta_net).abs() < 1e-12, "{with_coins:?}");
    // Net of ten premiums of 0.06 coin.
    assert!((alone.delta - alone.delta_net - 0.6).abs() < 1e-9, "{alone:?}");
}

#[test]
fn greeks_in_coin_are_those_in_the_quote_at_the_forward() {
    let book = book(CALLS);
    let all = greeks(&book.account, &book.market).unwrap();
    let (underlying, asset, coin) = all.settlements[0];
    assert_eq!((underlying.as_str(), asset.as_str()), ("BTC", "BTC"));
    let quote = all.underlyings[0].1;
    assert!((coin.vega * 60_000.0 - quote.vega).abs() < 1e-6, "{coin:?} {quote:?}");
    assert!((coin.theta * 60_000.0 - quote.theta).abs() < 1e-6, "{coin:?} {quote:?}");
}
