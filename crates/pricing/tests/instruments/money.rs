//! What positions carry, cost and are paid: exact figures.

use plimsoll_core::{Amount, Decimal, NumberError, Rounding};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::{Instrument, SettleError};
use proptest::prelude::*;

use super::{asset, at, dec, futures_style, named, one_of_each, position, price, quantity, quanto, vectors};

fn unrealised(instrument: &Instrument, contracts: &str, entry: &str, mark: &str) -> Amount {
    let mark = price(mark, instrument.price_asset().as_str());
    instrument.carry(&position(instrument, contracts, Some(entry)), mark).unwrap().unrealised
}

fn amount(value: &str, of: &str) -> Amount {
    Amount::new(dec(value), asset(of))
}

/// A decimal of any length, rounded down at 18 places.
fn floor(text: &str) -> Decimal {
    let (whole, fraction) = text.split_once('.').unwrap();
    let (kept, dropped) = fraction.split_at(fraction.len().min(18));
    let kept = dec(&format!("{whole}.{kept}"));
    let exact = dropped.bytes().all(|byte| byte == b'0');
    if text.starts_with('-') && !exact { Decimal::from_units(kept.units() - 1).unwrap() } else { kept }
}

#[test]
fn inverse_futures_pay_the_sixty_digit_figures_rounded_down() {
    let Some(file) = vectors("inverse.json") else { return };
    let cases = file["futures"].as_array().unwrap();
    assert!(cases.len() >= 4);
    for case in cases {
        let future = named("ETH-27DEC24");
        let contracts = case["contracts_usd"].as_f64().unwrap() * case["side"].as_f64().unwrap();
        let paid = unrealised(&future, &contracts.to_string(), &case["entry"].to_string(), &case["mark"].to_string());
        let exact = floor(case["pnl_coin_str"].as_str().unwrap());
        let short = exact.minus(paid.value).unwrap();
        assert!(short >= Decimal::ZERO && short.units() <= 1, "{case}: {paid}");
        assert_eq!(paid.asset, asset("ETH"));
    }
}

#[test]
fn the_three_styles_pay_as_their_venues_say() {
    // 10,000 USD from 10,000 to 8,000: 10,000 × (1/10,000 − 1/8,000) coin.
    assert_eq!(unrealised(&named("BTC-PERPETUAL"), "10000", "10000", "8000"), amount("-0.25", "BTC"));
    assert_eq!(unrealised(&named("BTC-PERPETUAL"), "-10000", "10000", "8000"), amount("0.25", "BTC"));
    assert_eq!(unrealised(&named("BTC_USDC-PERPETUAL"), "-2", "60000", "75000"), amount("-30000", "USDC"));
    assert_eq!(unrealised(&named("BTC/USDT:USDT"), "0.5", "60000", "60000.1"), amount("0.05", "USDT"));
    // BitMEX's example of an inverse future: 100,000 contracts of a dollar from 10,000 to 10,500.
    assert_eq!(unrealised(&named("ETH-PERPETUAL"), "100000", "10000", "10500"), amount("0.47619047619047619", "ETH"));
    // BitMEX's quanto ETHUSD: 0.000001 XBT per dollar per contract.
    let quanto = quanto("ETH/USD:USD", "XBT", "0.000001");
    assert_eq!(unrealised(&quanto, "100", "500", "600"), amount("0.01", "XBT"));
    // One dollar for another, one for one.
    assert_eq!(unrealised(&named("BTC/USD:USDC"), "1", "60000", "60001"), amount("1", "USDC"));
}

#[test]
fn what_does_not_divide_is_rounded_against_the_account() {
    let perpetual = named("ETH-PERPETUAL");
    assert_eq!(unrealised(&perpetual, "1", "2000", "3000").value, dec("0.000166666666666666"));
    assert_eq!(unrealised(&perpetual, "-1", "2000", "3000").value, dec("-0.000166666666666667"));
}

#[test]
fn paid_options_carry_value_and_futures_style_ones_profit() {
    let paid = named("BTC-27DEC24-60000-C");
    let carry = paid.carry(&position(&paid, "-40", Some("0.05")), price("0.0412", "BTC")).unwrap();
    assert_eq!((carry.unrealised, carry.option_value), (amount("0", "BTC"), amount("-1.648", "BTC")));
    let margined = futures_style("BTC-27DEC24-60000-C");
    let carry = margined.carry(&position(&margined, "-40", Some("0.05")), price("0.0412", "BTC")).unwrap();
    assert_eq!((carry.unrealised, carry.option_value), (amount("0.352", "BTC"), amount("0", "BTC")));
    let everlasting = named("BTC_USDC-PERP-60000-C");
    let carry = everlasting.carry(&position(&everlasting, "2", Some("1500")), price("1700", "USDC")).unwrap();
    assert_eq!((carry.unrealised, carry.option_value), (amount("400", "USDC"), amount("0", "USDC")));
    let spot = named("BTC_USDC");
    let carry = spot.carry(&position(&spot, "2", Some("50000")), price("60000", "USDC")).unwrap();
    assert_eq!((carry.unrealised, carry.option_value), (amount("0", "USDC"), amount("120000", "USDC")));
}

#[test]
fn without_an_entry_price_there_is_no_unrealised_profit() {
    for instrument in one_of_each() {
        let mark = price("0.05", instrument.price_asset().as_str());
        let carry = instrument.carry(&position(&instrument, "3", None), mark).unwrap();
        assert_eq!(carry.unrealised, Amount::zero(instrument.terms().settlement), "{}", instrument.name());
    }
}

#[test]
fn a_fill_moves_what_is_paid_at_once() {
    let fill = |name: &str, contracts: &str, at: &str, quote: &str| {
        named(name).fill(quantity(contracts), price(at, quote)).unwrap()
    };
    assert_eq!(fill("BTC_USDC", "0.5", "60000", "USDC"), [amount("0.5", "BTC"), amount("-30000", "USDC")]);
    assert_eq!(fill("BTC_USDC", "-0.5", "60000", "USDC"), [amount("-0.5", "BTC"), amount("30000", "USDC")]);
    assert_eq!(fill("BTC-27DEC24-60000-C", "10", "0.05", "BTC"), [amount("-0.5", "BTC")]);
    assert_eq!(fill("BTC_USDC-27DEC24-60000-C", "-10", "3000", "USDC"), [amount("30000", "USDC")]);
    assert_eq!(fill("BTC-PERPETUAL", "10", "60000", "USD"), []);
    assert_eq!(fill("BTC_USDC-PERP-60000-C", "10", "900", "USDC"), []);
    assert_eq!(futures_style("BTC-27DEC24-60000-C").fill(quantity("1"), price("0.1", "BTC")).unwrap(), []);
}

#[test]
fn expiry_pays_what_was_agreed() {
    let settle = |instrument: &Instrument, contracts: &str, entry: Option<&str>, at: &str| {
        instrument
            .settle(&position(instrument, contracts, entry), price(at, instrument.terms().quote.as_str()))
            .unwrap()
    };
    // Deribit's example of an inverse call: strike 10,000, settled at 12,500, pays 2,500 ÷ 12,500 coin.
    let call = named("BTC-27DEC24-10000-C");
    assert_eq!(settle(&call, "1", Some("0.05"), "12500"), amount("0.2", "BTC"));
    assert_eq!(settle(&call, "-3", None, "12500"), amount("-0.6", "BTC"));
    assert_eq!(settle(&call, "1", None, "10000"), amount("0", "BTC"));
    let linear = named("SOL_USDC-27JUN25-150-P");
    assert_eq!(settle(&linear, "20", None, "149.5"), amount("10", "USDC"));
    assert_eq!(settle(&linear, "20", None, "0"), amount("3000", "USDC"));
    assert_eq!(settle(&futures_style("SOL_USDC-27JUN25-150-P"), "20", Some("2"), "149.5"), amount("-30", "USDC"));
    assert_eq!(settle(&futures_style("BTC-27DEC24-10000-C"), "2", Some("0.05"), "12500"), amount("0.3", "BTC"));
    assert_eq!(
        settle(&quanto("BTC/USD:USD-241227-60000-C", "ETH", "0.0003"), "2", None, "61000"),
        amount("0.6", "ETH")
    );
    assert_eq!(settle(&named("BTC-27DEC24"), "10000", Some("10000"), "8000"), amount("-0.25", "BTC"));
}

#[test]
fn coin_payoffs_are_those_of_the_vectors() {
    let Some(file) = vectors("inverse.json") else { return };
    for case in file["cases"].as_array().unwrap() {
        let right = if case["type"] == "call" { "C" } else { "P" };
        let option = named(&format!("BTC-27DEC24-{}-{right}", case["strike"].as_f64().unwrap()));
        let settled = option.settle(&position(&option, "1", None), price(&case["forward"].to_string(), "USD")).unwrap();
        let short = case["expected_intrinsic_coin"].as_f64().unwrap() - float(settled.value);
        assert!(short.abs() < 2e-16, "{case}: {settled}");
    }
}

#[test]
fn settlement_refuses_what_it_cannot_pay() {
    let refusal = |name: &str, entry: Option<&str>, at: &str, quote: &str| {
        let instrument = named(name);
        instrument.settle(&position(&instrument, "1", entry), price(at, quote)).unwrap_err()
    };
    assert_eq!(refusal("BTC-PERPETUAL", None, "1", "USD"), SettleError::NeverExpires("perpetual"));
    assert_eq!(refusal("BTC_USDC", None, "1", "USDC"), SettleError::NeverExpires("spot"));
    assert_eq!(refusal("BTC-27DEC24", None, "60000", "USD"), SettleError::NoEntryPrice);
    assert_eq!(refusal("BTC-27DEC24-60000-P", None, "0", "USD"), SettleError::Price(Decimal::ZERO));
    assert_eq!(refusal("BTC_USDC-27DEC24-60000-P", None, "-1", "USDC"), SettleError::Price(dec("-1")));
    let mismatch = NumberError::AssetMismatch { left: asset("USD"), right: asset("USDC") };
    assert_eq!(refusal("BTC_USDC-27DEC24-60000-P", None, "1", "USD"), SettleError::Number(mismatch));
}

#[test]
fn the_next_settlement_is_the_expiry_or_the_next_funding() {
    let next = |name: &str, as_of: &str| named(name).next_settlement(at(as_of));
    assert_eq!(next("BTC-27DEC24", "2024-12-01T00:00:00Z"), Some(at("2024-12-27T08:00:00Z")));
    assert_eq!(next("BTC-27DEC24-1-C", "2024-12-27T08:00:00Z"), None);
    assert_eq!(next("BTC-PERPETUAL", "2024-12-01T08:00:00Z"), Some(at("2024-12-01T16:00:00Z")));
    assert_eq!(next("BTC-PERPETUAL", "2024-12-01T07:59:59.999999999Z"), Some(at("2024-12-01T08:00:00Z")));
    assert_eq!(next("BTC-PERP-1-C", "2024-12-01T08:00:00Z"), Some(at("2024-12-02T00:00:00Z")));
    assert_eq!(next("BTC_USDC", "2024-12-01T08:00:00Z"), None);
}

#[test]
fn notional_is_what_one_contract_stands_for() {
    let notional =
        |name: &str, quote: &str| named(name).notional(price("50000", quote), price("40000", quote)).unwrap();
    assert_eq!(notional("BTC_USDC-PERPETUAL", "USDC"), amount("50000", "USDC"));
    assert_eq!(notional("BTC-PERPETUAL", "USD"), amount("0.00002", "BTC"));
    assert_eq!(notional("BTC-27DEC24-60000-C", "USD"), amount("1", "BTC"));
    assert_eq!(notional("BTC_USDC-27DEC24-60000-C", "USDC"), amount("40000", "USDC"));
    assert_eq!(notional("BTC/USD:USDC-PERP-60000-C", "USD"), amount("40000", "USDC"));
    let rounded = named("ETH-PERPETUAL").notional(price("3", "USD"), price("3", "USD")).unwrap();
    assert_eq!(rounded.value, dec("0.333333333333333334"), "rounded up: a requirement grows with it");
}

#[test]
fn out_of_the_money_is_how_far_the_index_is_from_paying() {
    let distance = |name: &str, index: &str| named(name).out_of_the_money(price(index, "USD"));
    assert_eq!(distance("BTC-27DEC24-60000-C", "55000"), Some(dec("5000")));
    assert_eq!(distance("BTC-27DEC24-60000-C", "65000"), Some(dec("0")));
    assert_eq!(distance("BTC-27DEC24-60000-P", "65000"), Some(dec("5000")));
    assert_eq!(distance("BTC-PERP-60000-P", "55000"), Some(dec("0")));
    assert_eq!(distance("BTC-PERPETUAL", "55000"), None);
}

#[test]
fn what_does_not_fit_is_an_error_in_every_question() {
    let huge = "99999999999999999999";
    for instrument in one_of_each() {
        let quoted = instrument.price_asset().as_str().to_owned();
        let held = position(&instrument, huge, Some("1"));
        let overflow = |result: Result<Amount, NumberError>| matches!(result, Err(NumberError::Overflow { .. }));
        let carried = instrument.carry(&held, price("1000", &quoted)).map(|carry| carry.unrealised);
        let inverse_future = matches!(&instrument, Instrument::Perpetual(_) | Instrument::Future(_))
            && instrument.terms().settlement == asset("BTC");
        // An inverse future's coin shrinks as its price grows: what overflows is a price of nearly nothing.
        if inverse_future {
            let near_zero = price("0.000000000000000001", &quoted);
            let one = price("1", &quoted);
            assert!(overflow(instrument.fill_pnl(quantity(huge), one, near_zero)), "{}", instrument.name());
        } else {
            assert!(overflow(carried), "{}", instrument.name());
            let dear = price("1000", &quoted);
            assert!(overflow(instrument.fill_pnl(quantity(huge), price("1", &quoted), dear)), "{}", instrument.name());
            assert!(!matches!(instrument.fill(quantity(huge), dear), Ok(moved) if !moved.is_empty()));
        }
    }
    let future = named("BTC-PERPETUAL");
    let zero = future.carry(&position(&future, "1", Some("0")), price("1", "USD"));
    assert!(matches!(zero, Err(NumberError::DivisionByZero(_))), "{zero:?}");
}

#[test]
fn a_price_in_another_asset_is_refused() {
    for instrument in one_of_each() {
        let wrong = price("1", "DOGE");
        let right = price("1", instrument.price_asset().as_str());
        let mismatch = |result: Result<Amount, NumberError>| matches!(result, Err(NumberError::AssetMismatch { .. }));
        let name = instrument.name();
        assert!(mismatch(instrument.carry(&position(&instrument, "1", None), wrong).map(|it| it.unrealised)), "{name}");
        assert!(mismatch(instrument.fill_pnl(quantity("1"), wrong, right)), "{name}");
        assert!(mismatch(instrument.fill_pnl(quantity("1"), right, wrong)), "{name}");
        assert!(instrument.fill(quantity("1"), wrong).is_err(), "{name}");
    }
}

fn ticks() -> impl Strategy<Value = Decimal> {
    (1_i64..20_000_000, 0_u32..4).prop_map(|(units, places)| Decimal::new(units, places))
}

fn contracts() -> impl Strategy<Value = Decimal> {
    (-1_000_000_i64..1_000_000, 0_u32..4).prop_map(|(units, places)| Decimal::new(units, places))
}

proptest! {
    #[test]
    fn a_long_and_its_short_pay_zero_within_the_named_rounding(
        which in 0..15_usize, held in contracts(), from in ticks(), to in ticks(), settled in ticks(),
    ) {
        let instrument = &one_of_each()[which];
        let quoted = instrument.price_asset();
        let entry = Some(plimsoll_core::Price::new(from, quoted));
        let long = plimsoll_core::Position { quantity: plimsoll_core::Quantity(held), entry_price: entry, ..position(instrument, "0", None) };
        let short = plimsoll_core::Position { quantity: long.quantity.negated(), ..long.clone() };
        let mark = plimsoll_core::Price::new(to, quoted);
        // Each side loses at most one unit at the last step, and one unit × what it is multiplied by before.
        let most = instrument.terms().contract_size.over(to, Rounding::Up).unwrap().units() / Decimal::UNITS_PER_ONE;
        let most = 2 * (most + instrument.terms().contract_size.units() / Decimal::UNITS_PER_ONE + 2);
        let (ours, theirs) = (instrument.carry(&long, mark).unwrap(), instrument.carry(&short, mark).unwrap());
        for sum in [ours.unrealised.plus(theirs.unrealised), ours.option_value.plus(theirs.option_value)] {
            let units = sum.unwrap().value.units();
            prop_assert!(-most <= units && units <= 0, "{}: {units}", instrument.name());
        }
        if instrument.expiry().is_some() {
            let at = plimsoll_core::Price::new(settled, instrument.terms().quote);
            let sum = instrument.settle(&long, at).unwrap().plus(instrument.settle(&short, at).unwrap()).unwrap().value.units();
            let most = 2 * most + 2 * instrument.terms().contract_size.over(settled, Rounding::Up).unwrap().units() / Decimal::UNITS_PER_ONE;
            prop_assert!(-most <= sum && sum <= 0, "{}: {sum}", instrument.name());
        }
    }

    #[test]
    fn what_a_fill_costs_and_then_carries_is_its_profit(
        which in 0..15_usize, held in contracts(), from in ticks(), to in ticks(),
    ) {
        let instrument = &one_of_each()[which];
        prop_assume!(instrument.kind() != "spot");
        let quoted = instrument.price_asset();
        let (from, to) = (plimsoll_core::Price::new(from, quoted), plimsoll_core::Price::new(to, quoted));
        let filled = plimsoll_core::Position { quantity: plimsoll_core::Quantity(held), entry_price: Some(from), ..position(instrument, "0", None) };
        let carry = instrument.carry(&filled, to).unwrap();
        let mut total = carry.unrealised.plus(carry.option_value).unwrap();
        for moved in instrument.fill(filled.quantity, from).unwrap() {
            total = total.plus(moved).unwrap();
        }
        let profit = instrument.fill_pnl(filled.quantity, from, to).unwrap();
        let apart = total.minus(profit).unwrap().value.units();
        prop_assert!(apart.abs() <= 6, "{}: {apart}", instrument.name());
    }

    #[test]
    fn a_call_less_a_put_settles_as_the_future(strike in ticks(), settled in ticks(), held in contracts()) {
        let strike_text = strike.to_string();
        let linear = |right: &str| named(&format!("BTC/USDC:USDC-241227-{strike_text}-{right}"));
        let inverse = |right: &str| named(&format!("BTC/USD:BTC-241227-{strike_text}-{right}"));
        let held = held.to_string();
        let pay = |it: &Instrument, entry: Option<&str>| {
            let at = plimsoll_core::Price::new(settled, it.terms().quote);
            it.settle(&position(it, &held, entry), at).unwrap().value
        };
        let future = pay(&named("BTC/USDC:USDC-241227"), Some(&strike_text));
        prop_assert_eq!(pay(&linear("C"), None).minus(pay(&linear("P"), None)).unwrap(), future);
        // In coin a long call and a short put pay q(1 − K/S), and never a whole coin each.
        let coin = float(pay(&inverse("C"), None)) - float(pay(&inverse("P"), None));
        let exact = float(dec(&held)) * (1.0 - float(strike) / float(settled));
        prop_assert!((coin - exact).abs() <= 1e-9 * (1.0 + exact.abs()), "{coin} {exact}");
        prop_assert!(pay(&inverse("C"), None).abs() <= dec(&held).abs());
    }
}
