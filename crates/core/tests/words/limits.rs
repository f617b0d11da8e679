//! Overflow is an error in every operation: each at the last value it gives and the first it refuses.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Balance, Decimal, InstrumentId, Node, NumberError, Portfolio, Quantity, Rate, Rounding};

use crate::oracle::{MODES, asset, decimal, in_usd, unit, usd};

const MAX: Decimal = Decimal::MAX;
const MIN: Decimal = Decimal::MIN;

fn refused<T: std::fmt::Debug>(what: &str, result: Result<T, NumberError>) {
    let error = result.expect_err(what);
    assert!(matches!(error, NumberError::Overflow { .. }), "{what}: {error:?}");
}

#[test]
fn decimals() {
    let (unit, past) = (unit(), decimal("1.000000000000000001"));
    let under = decimal("0.999999999999999999");
    assert_eq!(MAX.minus(unit).and_then(|below| below.plus(unit)), Ok(MAX));
    refused("plus", MAX.plus(unit));
    refused("plus, down", MIN.plus(unit.negated()));
    assert_eq!(Decimal::ZERO.minus(MAX), Ok(MIN));
    refused("minus", MAX.minus(unit.negated()));
    refused("minus, down", MIN.minus(unit));
    for mode in MODES {
        assert_eq!(MAX.times(Decimal::ONE, mode), Ok(MAX));
        refused("times", MAX.times(past, mode));
        refused("times, wide", MAX.times(MAX, mode));
        refused("times, down", MAX.times(MIN, mode));
        assert_eq!(MIN.over(Decimal::ONE, mode), Ok(MIN));
        refused("over", MAX.over(under, mode));
        refused("over, far", MAX.over(unit, mode));
        refused("over, down", MIN.over(unit, mode));
        assert_eq!(MAX.times_ratio(MIN, MAX, mode), Ok(MIN));
        refused("times_ratio", MAX.times_ratio(past, Decimal::ONE, mode));
        refused("times_ratio, far", MAX.times_ratio(MAX, unit, mode));
        refused("times_ratio, down", MAX.times_ratio(MAX, unit.negated(), mode));
    }
    assert_eq!(unit.times_count(i128::MAX), Ok(MAX));
    assert_eq!(MAX.times_count(-1), Ok(MIN));
    refused("times_count", unit.times_count(i128::MIN));
    refused("times_count, twice", MAX.times_count(2));
    assert_eq!(MAX.rounded(0, Rounding::Down), Ok(decimal("170141183460469231731")));
    refused("rounded up", MAX.rounded(0, Rounding::Up));
    refused("rounded away", MIN.rounded(17, Rounding::AwayFromZero));
    refused("rounded down", MIN.rounded(2, Rounding::Down));
    refused("rounded to the nearest", MAX.rounded(2, Rounding::HalfEven));
}

/// A rounding that alone carries a product over the limit is refused like any other.
#[test]
fn the_last_rounding() {
    // Next to the largest, squared, by the one below: (M − 1)² ÷ (M − 2) = M + 1/(M − 2).
    let next = MAX.minus(unit()).unwrap();
    let below = next.minus(unit()).unwrap();
    for mode in [Rounding::Down, Rounding::TowardZero, Rounding::HalfEven] {
        assert_eq!(next.times_ratio(next, below, mode), Ok(MAX));
        let lowest = if mode == Rounding::Down { None } else { Some(MIN) };
        assert_eq!(next.negated().times_ratio(next, below, mode).ok(), lowest);
    }
    for mode in [Rounding::Up, Rounding::AwayFromZero] {
        refused("ratio", next.times_ratio(next, below, mode));
        let lowest = if mode == Rounding::Up { Some(MIN) } else { None };
        assert_eq!(next.negated().times_ratio(next, below, mode).ok(), lowest);
    }
}

#[test]
fn money() {
    refused("quantity plus", Quantity(MAX).plus(Quantity(unit())));
    refused("quantity minus", Quantity(MIN).minus(Quantity(unit())));
    refused("quantity times", Quantity(MAX).times(Quantity(2.into()), Rounding::Down));
    refused("rate plus", Rate(MAX).plus(Rate(unit())));
    refused("rate minus", Rate(MIN).minus(Rate(unit())));
    refused("rate times", Rate(MAX).times(Rate(2.into()), Rounding::Down));
    refused("price times", in_usd(MAX).times(Quantity(2.into()), Rounding::Down));
    refused("price minus", in_usd(MAX).minus(in_usd(unit().negated())));
    refused("amount plus", usd(MAX).plus(usd(unit())));
    refused("amount minus", usd(MIN).minus(usd(unit())));
    refused("amount scaled", usd(MAX).scaled(2.into(), Rounding::Down));
    refused("amount at", usd(MAX).at(in_usd(2.into()), Rounding::Down));
}

#[test]
fn amounts_of_different_assets_do_not_mix() {
    let mismatch = NumberError::AssetMismatch { left: asset("USD"), right: asset("USDC") };
    let (usd, usdc) = (usd(Decimal::ONE), plimsoll_core::Amount::new(Decimal::ONE, asset("USDC")));
    assert_eq!(usd.plus(usdc), Err(mismatch.clone()));
    assert_eq!(usd.minus(usdc), Err(mismatch.clone()));
    let price = plimsoll_core::Price::new(Decimal::ONE, asset("USDC"));
    assert_eq!(in_usd(Decimal::ONE).minus(price), Err(mismatch.clone()));
    assert_eq!(mismatch.to_string(), "USD and USDC are different assets");
}

#[test]
fn portfolios_are_left_as_they_were() {
    let mut portfolio = Portfolio::default();
    portfolio.deposit(usd(MAX)).unwrap();
    portfolio.trade(InstrumentId(0), Quantity(MAX), Some(in_usd(1.into()))).unwrap();
    let before = portfolio.clone();
    refused("deposit", portfolio.deposit(usd(unit())));
    refused("trade", portfolio.trade(InstrumentId(0), Quantity(unit()), Some(in_usd(2.into()))));
    refused("trade_inverse", portfolio.trade_inverse(InstrumentId(0), Quantity(unit()), Some(in_usd(2.into()))));
    assert_eq!(portfolio, before);

    let balance = Balance { borrowed: unit(), ..Balance::cash(asset("USD"), MIN) };
    refused("net", balance.net());
    let two = Portfolio { balances: vec![before.balances[0].clone(), before.balances[0].clone()], ..before };
    refused("net balance", two.net_balance(asset("USD")));
}

#[test]
fn requirements() {
    let largest = || Node::leaf("largest", MAX, Origin::default());
    refused("sum", Node::sum("sum", vec![largest(), Node::leaf("unit", unit(), Origin::default())]));
    refused("scale", Node::scale("scale", decimal("1.000000000000000001"), largest()));
    assert_eq!(Node::scale("scale", Decimal::ONE.negated(), largest()).unwrap().check(), Ok(MIN));
}
