//! Mango's health against its own tests.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

mod support;

use std::collections::BTreeMap;

use plimsoll_core::{Asset, Decimal};
use plimsoll_margin::models::weights::health::{
    PerpetualHealth, SpotOrders, Token, borrow_scaled, deposit_scaled, health, weights_of_offset,
};
use support::random::Random;
use support::{asset, decimal, near};

/// Prices and offsets of the source's test: three tokens at 1, 5 and 10.
fn tokens(balances: [&str; 3]) -> BTreeMap<Asset, Token> {
    let of = [("T1", "1", "0.2"), ("T2", "5", "0.5"), ("T3", "10", "0.5")];
    let token = |((name, price, offset), balance): ((&str, &str, &str), &str)| {
        let (asset_weight, liability_weight) = weights_of_offset(decimal(offset)).unwrap();
        let (asset_price, liability_price) = (decimal(price), decimal(price));
        let balance = decimal(balance);
        (asset(name), Token { balance, asset_price, liability_price, asset_weight, liability_weight, usable: true })
    };
    of.into_iter().zip(balances).map(token).collect()
}

fn orders(base: &str, quote: &str, reserved_base: &str, reserved_quote: &str) -> SpotOrders {
    SpotOrders {
        base: asset(base),
        quote: asset(quote),
        reserved_base: decimal(reserved_base),
        reserved_quote: decimal(reserved_quote),
        lowest_ask: None,
        highest_bid_inverse: None,
    }
}

fn perpetual(lots: &str, quote: &str, bid_lots: &str, ask_lots: &str) -> PerpetualHealth {
    let [lots, quote, bid_lots, ask_lots] = [lots, quote, bid_lots, ask_lots].map(decimal);
    PerpetualHealth {
        settles_in: asset("T1"),
        lot_size: decimal("10"),
        lots,
        quote,
        bid_lots,
        ask_lots,
        asset_price: decimal("5"),
        liability_price: decimal("5"),
        asset_weight: decimal("0.8"),
        liability_weight: decimal("1.2"),
        gain_weight: decimal("0.95"),
    }
}

/// Mango v4 at 1303a4a, `health/cache.rs`, `test_health1`.
#[test]
fn health_is_what_the_source_asserts() {
    let of = |balances, markets: &[SpotOrders], perpetuals: &[PerpetualHealth]| {
        health(&tokens(balances), markets, perpetuals).unwrap()
    };
    let first = of(["100", "-10", "0"], &[orders("T2", "T1", "15", "20")], &[perpetual("3", "-131", "7", "11")]);
    near(first, "16.2", "0.001");
    near(of(["0"; 3], &[], &[perpetual("-1", "100", "0", "0")]), "30.4", "0.001");
    near(of(["0"; 3], &[], &[perpetual("1", "-100", "0", "0")]), "-72", "0.001");
    near(of(["0"; 3], &[], &[perpetual("10", "100", "0", "0")]), "380", "0.001");
    let crossing = [orders("T2", "T1", "1", "1"), orders("T3", "T1", "1", "1")];
    near(of(["-14", "-10", "-10"], &crossing, &[]), "-223.8", "0.001");
    let flipping = [orders("T2", "T1", "0", "100"), orders("T3", "T1", "1", "10")];
    near(of(["-100", "-100", "-1"], &flipping, &[]), "-757", "0.001");
}

/// The same test: a limit price counts where it is worse than the oracle's.
#[test]
fn a_limit_price_counts_where_it_is_worse() {
    let with = |ask: &str, bid_inverse: &str| {
        let markets = [
            SpotOrders { lowest_ask: Some(decimal(ask)), ..orders("T2", "T1", "1", "1") },
            SpotOrders { highest_bid_inverse: Some(decimal(bid_inverse)), ..orders("T3", "T1", "1", "11") },
        ];
        health(&tokens(["-100", "-10", "0"]), &markets, &[]).unwrap()
    };
    near(with("3", "0.083333333333333333"), "-180.616666667", "0.001");
    near(with("6", "0.111111111111111111"), "-177.3", "0.001");
}

/// The same test: what the venue holds lowers weights, and what orders could bring in counts as held.
#[test]
fn holdings_past_their_cap_weigh_less() {
    let scaled = |weight: &str, cap: &str, deposits: &str, arriving: &str, price: &str| {
        let [weight, cap, deposits, arriving, price] = [weight, cap, deposits, arriving, price].map(decimal);
        deposit_scaled(weight, cap, deposits, arriving, price).unwrap()
    };
    let mut held = tokens(["100"; 3]);
    held.get_mut(&asset("T2")).unwrap().asset_weight = scaled("0.5", "5000", "1500", "0", "5");
    held.get_mut(&asset("T3")).unwrap().asset_weight = scaled("0.5", "10000", "10000", "0", "10");
    near(health(&held, &[], &[]).unwrap(), "296.666666667", "0.001");
    held.get_mut(&asset("T2")).unwrap().asset_weight = scaled("0.5", "500", "100", "100", "5");
    held.get_mut(&asset("T3")).unwrap().asset_weight = scaled("0.5", "5000", "600", "100", "10");
    let markets = [orders("T2", "T1", "100", "0"), orders("T3", "T1", "100", "0")];
    near(health(&held, &markets, &[]).unwrap(), "1044.285714286", "0.001");
    assert_eq!(scaled("0.5", "0", "600", "100", "10"), decimal("0.5"), "no cap");
}

/// `test_liq_with_token_stable_price`: the worse of oracle and stable price, weights by what the venue holds and lends.
#[test]
fn a_stable_price_and_the_venues_totals_count_initially() {
    let weight = deposit_scaled(Decimal::ONE, decimal("505"), decimal("1010"), Decimal::ZERO, Decimal::ONE).unwrap();
    let debt = borrow_scaled(decimal("1.4"), decimal("3.75"), decimal("9"), decimal("1.25")).unwrap();
    assert_eq!((weight, debt), (decimal("0.5"), decimal("4.2")));
    let token = |balance: &str, prices: [&str; 2], weights: [Decimal; 2]| Token {
        balance: decimal(balance),
        asset_price: decimal(prices[0]),
        liability_price: decimal(prices[1]),
        asset_weight: weights[0],
        liability_weight: weights[1],
        usable: true,
    };
    let of = |held: Token, owed: Token| {
        health(&BTreeMap::from([(asset("HELD"), held), (asset("OWED"), owed)]), &[], &[]).unwrap()
    };
    let initial =
        of(token("10", ["0.5", "1"], [weight, Decimal::ONE]), token("-9", ["1", "1.25"], [Decimal::ONE, debt]));
    assert_eq!(initial, decimal("-44.75"));
    let end = of(
        token("10", ["1", "1"], [Decimal::ONE, Decimal::ONE]),
        token("-9", ["1", "1"], [Decimal::ONE, decimal("1.4")]),
    );
    assert_eq!(end, decimal("-2.6"), "where a liquidation ends: oracle prices, weights not scaled");
    assert_eq!(borrow_scaled(decimal("1.4"), Decimal::ZERO, decimal("9"), Decimal::ONE), Ok(decimal("1.4")));
}

/// `test_health_with_skips`: what cannot be priced counts nothing where it is owned, and is never passed over where owed.
#[test]
fn a_bad_oracle_costs_what_is_owned_and_hides_no_debt() {
    let without = |name: &str| {
        let mut held = tokens(["100", "10", "-10"]);
        held.get_mut(&asset(name)).unwrap().usable = false;
        health(&held, &[orders("T2", "T1", "1", "5")], &[])
    };
    near(without("T1").unwrap(), "-125", "0.001");
    near(without("T2").unwrap(), "-70", "0.001");
    let error = without("T3").unwrap_err().to_string();
    assert!(error.contains("cannot margin T3: expected a price for what is owed"), "{error}");
    let error = health(&tokens(["0"; 3]), &[orders("T9", "T1", "1", "5")], &[]).unwrap_err().to_string();
    assert!(error.contains("cannot margin T9: expected one of the account's tokens"), "{error}");
}

/// More orders never make a perpetual healthier, less trust never does, and the order of markets counts for nothing.
#[test]
fn orders_and_distrust_only_cost() {
    let mut random = Random(11);
    for _ in 0..500 {
        let text = |random: &mut Random, most| random.signed(most).to_string();
        let (lots, quote) = (text(&mut random, 20), text(&mut random, 1_000));
        let (bids, asks) = (random.below(20).to_string(), random.below(20).to_string());
        let (alone, with) = (perpetual(&lots, &quote, "0", "0"), perpetual(&lots, &quote, &bids, &asks));
        assert!(with.unsettled().unwrap() <= alone.unsettled().unwrap(), "{with:?}");
        let distrusted = PerpetualHealth { gain_weight: Decimal::ZERO, ..with };
        assert!(distrusted.unsettled().unwrap() <= with.unsettled().unwrap().min(Decimal::ZERO), "{with:?}");
        let balances = [0; 3].map(|_| text(&mut random, 200));
        let held = tokens(balances.each_ref().map(String::as_str));
        let mut market = |base| orders(base, "T1", &random.below(50).to_string(), &random.below(50).to_string());
        let (one, other) = (market("T2"), market("T3"));
        let of = |markets: &[SpotOrders]| health(&held, markets, &[with]).unwrap();
        assert_eq!(of(&[one, other]), of(&[other, one]), "{held:?} {one:?} {other:?}");
    }
}
