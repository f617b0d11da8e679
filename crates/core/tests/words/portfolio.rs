//! Balances, orders and the average price of trades.

use num_bigint::BigInt;
use plimsoll_core::{
    Amount, Balance, Decimal, InstrumentId, NumberError, Order, Portfolio, Position, Price, Quantity, Rounding, Side,
};
use proptest::prelude::*;

use crate::oracle::{asset, big, decimal, divide, in_usd, usd};

const BTC: InstrumentId = InstrumentId(3);

/// The position after trades of `quantity @ price`; a price of `-` is none.
fn traded(trades: &[&str]) -> Position {
    let mut portfolio = Portfolio::default();
    trade(&mut portfolio, trades);
    portfolio.positions.remove(0)
}

fn trade(portfolio: &mut Portfolio, trades: &[&str]) {
    for text in trades {
        let (quantity, price) = text.split_once(" @ ").unwrap();
        let price = price.parse().ok().map(in_usd);
        portfolio.trade(BTC, quantity.parse().unwrap(), price).unwrap();
    }
}

#[test]
fn average_prices() {
    let table: [(&str, &[&str], &str, Option<&str>); 14] = [
        ("opening", &["2 @ 100"], "2", Some("100")),
        ("adding", &["2 @ 100", "1 @ 130"], "3", Some("110")),
        ("adding to a short", &["-2 @ 100", "-1 @ 130"], "-3", Some("110")),
        ("reducing", &["3 @ 110", "-1 @ 500"], "2", Some("110")),
        ("reducing a short", &["-3 @ 110", "1 @ 5"], "-2", Some("110")),
        ("closing", &["3 @ 110", "-3 @ 500"], "0", Some("110")),
        ("opening again", &["3 @ 110", "-3 @ 500", "1 @ 90"], "1", Some("90")),
        ("flipping", &["3 @ 110", "-5 @ 120"], "-2", Some("120")),
        ("flipping a short", &["-3 @ 110", "5 @ 120"], "2", Some("120")),
        ("flipping with no price", &["-3 @ 110", "5 @ -"], "2", None),
        ("half even", &["1 @ 0.000000000000000001", "1 @ 0.000000000000000002"], "2", Some("0.000000000000000002")),
        ("a third", &["1 @ 1", "2 @ 2"], "3", Some("1.666666666666666667")),
        ("one price unknown", &["1 @ -", "1 @ 120"], "2", Some("120")),
        ("the other unknown", &["1 @ 120", "1 @ -"], "2", Some("120")),
    ];
    for (name, trades, quantity, price) in table {
        let position = traded(trades);
        assert_eq!(position.quantity.to_string(), quantity, "{name}");
        assert_eq!(position.entry_price, price.map(|price| in_usd(decimal(price))), "{name}");
    }
}

/// The cost of a position may leave the range where its average does not.
#[test]
fn large_costs_average() {
    let position = traded(&["100000000000000000000 @ 60000", "50000000000000000000 @ 63000"]);
    assert_eq!(position.entry_price, Some(in_usd(61_000.into())));
    let negative = traded(&["1 @ -5", "1 @ 2"]);
    assert_eq!(negative.entry_price, Some(in_usd(decimal("-1.5"))));
}

#[test]
fn trades_keep_what_else_a_position_has() {
    let mut portfolio = Portfolio::default();
    trade(&mut portfolio, &["1 @ 100"]);
    portfolio.positions[0].unsettled_pnl = 7.into();
    portfolio.positions[0].accrued_funding = (-2).into();
    trade(&mut portfolio, &["-4 @ 50"]);
    let position = &portfolio.positions[0];
    assert_eq!((position.unsettled_pnl, position.accrued_funding), (7.into(), (-2).into()));
    portfolio.trade(InstrumentId(4), Quantity::ZERO, None).unwrap();
    assert_eq!(portfolio.positions.len(), 1, "no contracts are no position");
}

#[test]
fn prices_in_another_quote_do_not_average() {
    let mut portfolio = Portfolio::default();
    trade(&mut portfolio, &["1 @ 100"]);
    let before = portfolio.clone();
    let usdc = Price::new(100.into(), asset("USDC"));
    let mismatch = NumberError::AssetMismatch { left: asset("USD"), right: asset("USDC") };
    assert_eq!(portfolio.trade(BTC, "1".parse().unwrap(), Some(usdc)), Err(mismatch.clone()));
    assert_eq!(portfolio.trade_inverse(BTC, "1".parse().unwrap(), Some(usdc)), Err(mismatch));
    assert_eq!(portfolio, before);
}

/// 10,000 USD bought at 40,000 and 10,000 at 60,000 are 0.25 + 1/6 coins: 48,000 a coin, not 50,000.
#[test]
fn inverse_contracts_average_in_coin() {
    let mut portfolio = Portfolio::default();
    for price in [40_000, 60_000] {
        portfolio.trade_inverse(BTC, "10000".parse().unwrap(), Some(in_usd(price.into()))).unwrap();
    }
    assert_eq!(portfolio.positions[0].entry_price, Some(in_usd(48_000.into())));
    portfolio.trade_inverse(BTC, "-5000".parse().unwrap(), Some(in_usd(1.into()))).unwrap();
    assert_eq!(portfolio.positions[0].entry_price, Some(in_usd(48_000.into())));
}

#[test]
fn balances() {
    let mut portfolio = Portfolio::default();
    assert_eq!(portfolio.net_balance(asset("USD")), Ok(usd(Decimal::ZERO)));
    portfolio.deposit(usd(100.into())).unwrap();
    portfolio.deposit(Amount::new(5.into(), asset("USDC"))).unwrap();
    portfolio.deposit(usd((-130).into())).unwrap();
    assert_eq!(portfolio.balances.len(), 2);
    assert_eq!(portfolio.net_balance(asset("USD")), Ok(usd((-30).into())));
    let balance = Balance {
        borrowed: 20.into(),
        accrued_interest: decimal("0.5"),
        reserved: 10.into(),
        ..Balance::cash(asset("USD"), 100.into())
    };
    assert_eq!(balance.net(), Ok(usd(decimal("69.5"))));
}

#[test]
fn orders_carry_their_sign() {
    let order = |side| Order {
        instrument: BTC,
        side,
        quantity: "3".parse().unwrap(),
        price: in_usd(1.into()),
        reduce_only: true,
    };
    assert_eq!(order(Side::Buy).signed_quantity().to_string(), "3");
    assert_eq!(order(Side::Sell).signed_quantity().to_string(), "-3");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_average_is_rounded_once(
        first in (1_i64.., any::<i64>()), second in (1_i64.., any::<i64>()), short in any::<bool>(),
    ) {
        let mut portfolio = Portfolio::default();
        let trades = [first, second].map(|(units, price)| {
            let quantity = Quantity(Decimal::new(units, 18));
            (if short { quantity.negated() } else { quantity }, Decimal::new(price, 9))
        });
        for (quantity, price) in trades {
            portfolio.trade(BTC, quantity, Some(in_usd(price))).unwrap();
        }
        let cost: BigInt = trades.iter().map(|(quantity, price)| big(quantity.0) * big(*price)).sum();
        let total: BigInt = trades.iter().map(|(quantity, _)| big(quantity.0)).sum();
        let exact = divide(&cost, &total, Rounding::HalfEven);
        prop_assert_eq!(big(portfolio.positions[0].entry_price.unwrap().value), exact);
    }

    /// The harmonic average within a unit of 10⁻¹⁸ for every time that one price is the other.
    #[test]
    fn the_inverse_average_is_harmonic(
        first in (1_i64..1 << 50, 1_i64..1 << 40), second in (1_i64..1 << 50, 1_i64..1 << 40), short in any::<bool>(),
    ) {
        let mut portfolio = Portfolio::default();
        let [(n, p), (m, q)] = [first, second].map(|(units, price)| (Decimal::new(units, 6), Decimal::new(price, 6)));
        for (quantity, price) in [(n, p), (m, q)] {
            let quantity = if short { quantity.negated() } else { quantity };
            portfolio.trade_inverse(BTC, Quantity(quantity), Some(in_usd(price))).unwrap();
        }
        let crossed = big(n) * big(q) + big(m) * big(p);
        let exact = divide(&(big(p) * big(q) * (big(n) + big(m))), &crossed, Rounding::HalfEven);
        let off = big(portfolio.positions[0].entry_price.unwrap().value) - exact;
        let allowed: BigInt = big(p.max(q)) / big(p.min(q)) + 2;
        prop_assert!(off.magnitude() <= allowed.magnitude(), "{} units off", off);
    }
}
