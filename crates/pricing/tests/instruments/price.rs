//! Where marks, forwards and volatilities come from.

use plimsoll_core::Decimal;
use plimsoll_pricing::PricingError;
use plimsoll_pricing::float::{decimal, float, years};
use plimsoll_pricing::formulas::{Right, black76, everlasting};
use plimsoll_pricing::instruments::{Instrument, Listing, MarkSource, Priced};
use plimsoll_pricing::market::{AssetQuote, ForwardSource, MarkQuote, View, Vol, VolSource};

use super::{AS_OF, EXPIRY, asset, at, dec, futures_style, marked, named, one_of_each, price, snapshot, view};

fn priced(instrument: &Instrument, quote: Option<&MarkQuote>) -> Priced {
    instrument.price(&view(instrument.terms().quote.as_str()), quote).unwrap()
}

#[test]
fn futures_move_with_their_own_mark_and_fall_back_on_the_market() {
    let own = priced(&named("BTC-PERPETUAL"), Some(&marked("60050.5")));
    assert_eq!((own.mark, own.mark_source, own.forward), (price("60050.5", "USD"), MarkSource::Quoted, 60050.5));
    assert_eq!((own.index, own.years), (60000.0, 0.0));
    let derived = priced(&named("BTC-PERPETUAL"), None);
    assert_eq!((derived.mark, derived.mark_source), (price("60000", "USD"), MarkSource::Model));
    assert_eq!(derived.forward_source, ForwardSource::Index);
    let future = priced(&named("BTC-27DEC24"), None);
    assert_eq!((future.mark, future.forward_source), (price("60600", "USD"), ForwardSource::Quoted));
    assert_eq!(future.years, years(at(AS_OF), at(EXPIRY)));
    let spot = priced(&named("BTC/USD"), Some(&marked("59990")));
    assert_eq!((spot.mark, spot.forward), (price("59990", "USD"), 60000.0), "spot moves with the index");
}

#[test]
fn an_options_volatility_is_its_own_then_implied_then_quoted_then_the_surfaces() {
    let option = named("BTC-27DEC24-60000-C");
    let source = |quote: Option<&MarkQuote>| priced(&option, quote).vol.unwrap();
    let own = MarkQuote { vol: Some(dec("0.55")), ..marked("0.06") };
    assert_eq!((source(Some(&own)).value, source(Some(&own)).source), (0.55, VolSource::Mark));
    let t = years(at(AS_OF), at(EXPIRY));
    let coin = black76::price(Right::Call, 60600.0, 60000.0, 0.58, t, 0.0) / 60600.0;
    let implied = source(Some(&marked(&decimal(coin, 15).unwrap().to_string())));
    assert_eq!(implied.source, VolSource::Implied);
    assert!((implied.value - 0.58).abs() < 1e-12, "{implied:?}");
    assert_eq!((source(None).value, source(None).source), (0.6, VolSource::Strike));
    let between = priced(&named("BTC-27DEC24-65000-C"), None).vol.unwrap();
    assert_eq!(between.source, VolSource::Surface);
    assert!((0.5..0.7).contains(&between.value), "{between:?}");
    // Below intrinsic (600 ÷ 60,600) no volatility gives the price: the quoted one stands, and the mark too.
    let stale = priced(&option, Some(&marked("0.001")));
    assert_eq!((stale.vol.unwrap().source, stale.mark), (VolSource::Strike, price("0.001", "BTC")));
}

#[test]
fn a_mark_nobody_quoted_is_the_models() {
    let t = years(at(AS_OF), at(EXPIRY));
    let model = |name: &str| priced(&named(name), None);
    let inverse = model("BTC-27DEC24-60000-C");
    let expected = black76::price(Right::Call, 60600.0, 60000.0, 0.6, t, 0.0) / 60600.0;
    assert_eq!(inverse.mark.quote, asset("BTC"));
    assert!((float(inverse.mark.value) - expected).abs() < 1e-15, "a coin premium is not discounted");
    let linear = model("BTC/USD:USD-241227-60000-P");
    let expected = black76::price(Right::Put, 60600.0, 60000.0, 0.6, t, 0.05);
    assert_eq!((linear.mark.quote, linear.mark_source), (asset("USD"), MarkSource::Model));
    assert!((float(linear.mark.value) - expected).abs() < 1e-10);
    let margined = priced(&futures_style("BTC/USD:USD-241227-60000-P"), None);
    let expected = black76::price(Right::Put, 60600.0, 60000.0, 0.6, t, 0.0);
    assert!((float(margined.mark.value) - expected).abs() < 1e-10, "what is margined daily is not discounted");
    let everlasting_put = model("BTC/USD:USD-PERP-60000-P");
    let vol = everlasting_put.vol.unwrap();
    let expected = everlasting::greeks(Right::Put, 60000.0, 60000.0, vol.value, 1.0 / 365.0).price;
    assert!((float(everlasting_put.mark.value) - expected).abs() < 1e-10);
}

#[test]
fn a_perpetual_options_mark_implies_its_volatility() {
    let option = named("BTC-PERP-62000-C");
    let coin = everlasting::greeks(Right::Call, 60000.0, 62000.0, 0.9, 1.0 / 365.0).price / 60000.0;
    let vol = priced(&option, Some(&marked(&decimal(coin, 18).unwrap().to_string()))).vol.unwrap();
    assert_eq!(vol.source, VolSource::Implied);
    assert!((vol.value - 0.9).abs() < 1e-9, "{vol:?}");
    let worthless = priced(&option, Some(&marked("0"))).vol.unwrap();
    assert_ne!(worthless.source, VolSource::Implied);
}

#[test]
fn an_expired_option_is_worth_what_it_pays_at_the_index() {
    for (name, mark) in [("BTC-1DEC24-50000-C", "0.166666666666667"), ("BTC/USD:USD-241130-70000-P", "10000")] {
        let option = named(name);
        let expired = priced(&option, Some(&marked("0.5")));
        assert_eq!((expired.mark.value, expired.years, expired.vol), (dec(mark), 0.0, None), "{name}");
        assert!((option.worth(&expired) - float(dec(mark))).abs() < 1e-15 * 10000.0);
    }
}

#[test]
fn marks_that_cannot_be_are_refused() {
    for (name, mark, expected) in [
        ("BTC-PERPETUAL", "0", "a price above zero"),
        ("BTC-27DEC24", "-1", "a price above zero"),
        ("BTC/USD", "0", "a price above zero"),
        ("BTC-27DEC24-60000-C", "-0.1", "a price of zero or more"),
        ("BTC-PERP-60000-C", "-0.1", "a price of zero or more"),
    ] {
        let refusal = named(name).price(&view("USD"), Some(&marked(mark))).unwrap_err();
        assert_eq!(refusal, PricingError::Mark { value: dec(mark), expected }, "{name}");
    }
    let vol = MarkQuote { vol: Some(dec("-0.1")), ..MarkQuote::default() };
    let refusal = named("BTC-27DEC24-60000-C").price(&view("USD"), Some(&vol)).unwrap_err();
    assert_eq!(refusal, PricingError::Vol(dec("-0.1")));
    assert!(matches!(named("ETH-PERPETUAL").price(&view("USD"), None), Err(PricingError::Market(_))));
}

#[test]
fn a_mark_no_volatility_explains_is_named_where_nothing_else_gives_one() {
    let mut market = snapshot("USD");
    market.underlyings.values_mut().next().unwrap().expiries.values_mut().next().unwrap().vols.clear();
    let view = View::new(&market, &Listing::default()).unwrap();
    let refused = |name: &str, mark: &str| named(name).price(&view, Some(&marked(mark))).unwrap_err().to_string();
    let beside = "and no volatility is given beside it";
    for (name, mark, most) in [
        ("BTC-27DEC24-60000-C", "5", "1, the most a call"),
        ("BTC-27DEC24-60600-P", "1", "1, the most a put"),
        ("BTC-PERP-60000-C", "1", "1, the most a call"),
        ("BTC/USD:USD-PERP-60000-P", "60001", "60000, the most a put"),
    ] {
        assert_eq!(refused(name, mark), format!("mark price {mark}: above {most} can be worth, {beside}"), "{name}");
    }
    for (name, mark, least) in
        [("BTC-27DEC24-30300-C", "0.49", "0.5"), ("BTC-27DEC24-60000-P", "0", "0"), ("BTC-PERP-30000-C", "0.5", "0.5")]
    {
        let expected = format!("mark price {mark}: not above {least}, what it is worth without volatility, {beside}");
        assert_eq!(refused(name, mark), expected, "{name}");
    }
    let none = named("BTC-27DEC24-60000-C").price(&view, None).unwrap_err().to_string();
    assert!(none.contains("no volatility: expected a quoted volatility"), "{none}");
    // With a volatility of its own it is believed.
    let own = MarkQuote { vol: Some(dec("0.6")), ..marked("5") };
    assert!(named("BTC-27DEC24-60000-C").price(&view, Some(&own)).is_ok());
}

#[test]
fn a_kink_is_as_wide_as_the_time_that_is_left() {
    let years_of = |name: &str| {
        let instrument = named(name);
        instrument.kink_years(&priced(&instrument, None))
    };
    assert_eq!(years_of("BTC-27DEC24-60000-C"), Some(26.0 / 365.0));
    assert_eq!(years_of("BTC-1DEC24-50000-C"), Some(0.0), "expired");
    assert_eq!(years_of("BTC-PERP-60000-C"), Some(0.5 / 365.0));
    for name in ["BTC/USD", "BTC-PERPETUAL", "BTC-27DEC24"] {
        assert_eq!(years_of(name), None, "{name}");
    }
    // A width σ√t from the strike, an everlasting option's time value has fallen to 1/e, but for the
    // small tilt of e^(x/2).
    let instrument = named("BTC/USD:USD-PERP-60000-P");
    let (t, vol) = (years_of("BTC/USD:USD-PERP-60000-P").unwrap(), 0.5_f64);
    let at = |spot: f64| everlasting::greeks(Right::Put, spot, 60000.0, vol, 1.0 / 365.0).price;
    let width = vol * t.sqrt();
    let fallen = at(60000.0 * plimsoll_numerics::exp(width)) / at(60000.0);
    assert!((fallen * plimsoll_numerics::exp(1.0 - 0.5 * width) - 1.0).abs() < 1e-3, "{fallen} {}", instrument.name());
}

#[test]
fn what_is_paid_for_when_bought_is_what_carries_its_value() {
    for instrument in one_of_each() {
        let held = super::position(&instrument, "1", None);
        let carry = instrument.carry(&held, priced(&instrument, None).mark).unwrap();
        assert_eq!(instrument.is_paid_when_bought(), !carry.option_value.value.is_zero(), "{}", instrument.name());
    }
}

#[test]
fn a_moved_instrument_moves_with_what_it_is_written_on() {
    for instrument in one_of_each() {
        let before = priced(&instrument, None);
        assert_eq!(before.moved(&instrument, 1.0, 1.0, 0.0).unwrap().mark, before.mark, "{}", instrument.name());
        let after = before.moved(&instrument, 1.1, 1.0, 0.0).unwrap();
        assert_eq!((after.index, after.mark_source), (60000.0 * 1.1, MarkSource::Model));
        // What it then is worth is what the same market priced afresh would say.
        let mut market = snapshot("USD");
        let btc = market.underlyings.values_mut().next().unwrap();
        btc.index = dec("66000");
        btc.expiries.values_mut().next().unwrap().forward = Some(dec("66660"));
        let vol = before.vol.map(|vol| decimal(vol.value, 18).unwrap());
        let fresh = instrument
            .price(&View::new(&market, &Listing::default()).unwrap(), Some(&MarkQuote { vol, ..MarkQuote::default() }))
            .unwrap();
        let apart = float(after.mark.value) - float(fresh.mark.value);
        assert!(apart.abs() < 1e-9 * (1.0 + float(fresh.mark.value)), "{}: {after:?} {fresh:?}", instrument.name());
    }
}

#[test]
fn the_gap_between_a_mark_and_its_model_stays_while_the_mark_is_above_zero() {
    let option = named("BTC-27DEC24-60000-C");
    let quote = |mark: &str| MarkQuote { vol: Some(dec("0.6")), ..marked(mark) };
    let model = priced(&option, Some(&MarkQuote { price: None, ..quote("0") }));
    let gap = dec("0.001");
    let quoted = priced(&option, Some(&quote(&model.mark.value.plus(gap).unwrap().to_string())));
    let moved = |from: &Priced| from.moved(&option, 0.9, 1.2, 0.01).unwrap();
    let apart = moved(&quoted).mark.minus(moved(&model).mark).unwrap();
    assert_eq!(apart.value, gap);
    assert!((moved(&quoted).vol.unwrap().value - 0.73).abs() < 1e-15);
    let nearly = priced(&option, Some(&quote("0.000001")));
    assert_eq!(nearly.moved(&option, 0.5, 0.0, 0.0).unwrap().mark.value, Decimal::ZERO);
}

#[test]
fn a_move_that_leaves_no_market_is_refused() {
    let perpetual = named("BTC-PERPETUAL");
    let before = priced(&perpetual, None);
    for (growth, scale, shift) in [
        (0.0, 1.0, 0.0),
        (-1.0, 1.0, 0.0),
        (f64::NAN, 1.0, 0.0),
        (f64::INFINITY, 1.0, 0.0),
        (1.0, -1.0, 0.0),
        (1.0, 1.0, f64::NAN),
    ] {
        let refusal = before.moved(&perpetual, growth, scale, shift);
        assert!(matches!(refusal, Err(PricingError::Move { .. })), "{growth} {scale} {shift}");
    }
    assert!(matches!(before.moved(&perpetual, 1e300, 1.0, 0.0), Err(PricingError::Number(_))));
}

#[test]
fn an_index_in_another_asset_is_exchanged_at_published_prices() {
    let usdc = |value: &str| AssetQuote {
        price: dec(value),
        confidence: None,
        trusted: true,
        redemption_value: None,
        depth: None,
        slow_price: None,
        debt_price: None,
    };
    let mut market = snapshot("USD");
    market.assets.insert(asset("USDC"), usdc("0.5"));
    let view = View::new(&market, &Listing::default()).unwrap();
    // 60,000 and 60,600 dollars in a coin of half a dollar; the volatility is that of the strike in dollars.
    let perpetual = named("BTC_USDC-PERPETUAL").price(&view, None).unwrap();
    assert_eq!((perpetual.mark, perpetual.index), (price("120000", "USDC"), 120000.0));
    let option = named("BTC_USDC-27DEC24-120000-C").price(&view, None).unwrap();
    assert_eq!((option.forward, option.index), (121200.0, 120000.0));
    assert_eq!(option.vol.unwrap(), Vol { value: 0.6, source: VolSource::Strike });
    // Without a price of the coin it is not assumed to be a dollar.
    let refusal = named("BTC_USDC-PERPETUAL").price(&super::view("USD"), None).unwrap_err();
    assert!(
        matches!(refusal, PricingError::Quote { expected, found } if expected == asset("USDC") && found == asset("USD"))
    );
}
