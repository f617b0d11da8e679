//! A market as a whole: exact prices of assets, and moves.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Quantity, Timestamp, Underlying};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{
    EuropeanOption, Future, Instrument, Listing, Perpetual, PremiumStyle, Style, Terms,
};
use plimsoll_pricing::market::{
    AssetQuote, ExpiryQuote, ForwardSource, MarkQuote, Market, MarketError, MarketMove, Snapshot, StrikeVol,
    UnderlyingQuote, VolSource,
};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn asset(text: &str) -> Asset {
    text.parse().unwrap()
}

fn eth() -> Underlying {
    "ETH".parse().unwrap()
}

fn day(days: i64) -> Timestamp {
    Timestamp::from_nanos(days * 86_400 * Timestamp::NANOS_PER_SECOND)
}

fn terms(name: &str, underlying: Underlying) -> Terms {
    Terms {
        name: name.into(),
        underlying,
        quote: asset("USD"),
        settlement: underlying.asset(),
        contract_size: Decimal::ONE,
        lot_size: Quantity(decimal("0.1")),
    }
}

fn option(name: &str, right: Right, strike: &str, days: i64) -> Instrument {
    Instrument::Option(EuropeanOption {
        terms: terms(name, eth()),
        style: Style::Inverse,
        premium: PremiumStyle::Paid,
        right,
        strike: decimal(strike),
        expiry: day(days),
    })
}

fn instruments() -> Vec<Instrument> {
    let perpetual = |name: &str, underlying| {
        Instrument::Perpetual(Perpetual {
            terms: terms(name, underlying),
            style: Style::Inverse,
            funding_interval_s: 28_800,
        })
    };
    vec![
        perpetual("ETH-PERPETUAL", eth()),
        perpetual("SOL-PERPETUAL", "SOL".parse().unwrap()),
        Instrument::Future(Future { terms: terms("ETH-F30", eth()), style: Style::Inverse, expiry: day(30) }),
        option("ETH-30-2000-C", Right::Call, "2000", 30),
        option("ETH-30-2000-P", Right::Put, "2000", 30),
        option("ETH-30-2500-C", Right::Call, "2500", 30),
    ]
}

fn asset_quote(price: &str) -> AssetQuote {
    AssetQuote {
        price: decimal(price),
        confidence: None,
        trusted: true,
        redemption_value: None,
        depth: None,
        slow_price: None,
        debt_price: None,
    }
}

fn snapshot() -> Snapshot {
    let index = |index: &str, quote: &str, expiries| UnderlyingQuote {
        index: decimal(index),
        quote: asset(quote),
        confidence: None,
        expiries,
    };
    let mark = |price: &str| MarkQuote { price: Some(decimal(price)), ..MarkQuote::default() };
    Snapshot {
        as_of: day(0),
        currency: asset("USD"),
        assets: BTreeMap::from([(asset("USDC"), asset_quote("0.9998")), (asset("ETH"), asset_quote("1999"))]),
        underlyings: BTreeMap::from([
            (eth(), index("2000", "USD", BTreeMap::new())),
            ("BTC".parse().unwrap(), index("60000", "USDC", BTreeMap::new())),
            ("SOL".parse().unwrap(), index("150", "EUR", BTreeMap::new())),
        ]),
        marks: BTreeMap::from([
            ("ETH-PERPETUAL".into(), mark("2001")),
            ("ETH-F30".into(), mark("2020")),
            ("ETH-30-2000-C".into(), mark("0.08")),
        ]),
    }
}

fn market_of(snapshot: Snapshot) -> Market {
    Market::new(Arc::new(snapshot), Arc::new(Listing::new(instruments()).unwrap())).unwrap()
}

fn id(market: &Market, name: &str) -> InstrumentId {
    market.listing().id(name).unwrap()
}

#[test]
fn an_asset_has_its_own_price_else_that_of_its_index_and_nothing_is_one_by_assumption() {
    let market = market_of(snapshot());
    let price = |name: &str| market.asset_price(asset(name)).map(|price| price.value);
    assert_eq!(price("USD"), Ok(Decimal::ONE));
    assert_eq!(price("USDC"), Ok(decimal("0.9998")));
    assert_eq!(price("ETH"), Ok(decimal("1999")), "published before the index");
    assert_eq!(price("BTC"), Ok(decimal("59988")), "60,000 USDC of 0.9998");
    let (usdt, usd) = (asset("USDT"), asset("USD"));
    assert_eq!(price("USDT"), Err(MarketError::NoPrice { asset: usdt, currency: usd }));
    assert_eq!(price("SOL"), Err(MarketError::NoPrice { asset: asset("SOL"), currency: usd }), "nobody prices EUR");
}

#[test]
fn a_forward_comes_from_the_future_and_a_volatility_from_the_twin_of_a_strike() {
    let market = market_of(snapshot());
    let forward = market.view().forward(eth(), day(30)).unwrap();
    assert_eq!((forward.value, forward.source), (2020.0, ForwardSource::FutureMark));
    let put = market.view().vol(eth(), day(30), 2000.0).unwrap();
    assert_eq!(put.source, VolSource::Strike, "implied by the call of the same strike");
    assert!(put.value > 0.6 && put.value < 0.75, "{put:?}");
    let beyond = market.view().vol(eth(), day(30), 2500.0).unwrap();
    assert_eq!(beyond.source, VolSource::Surface);
    assert!((beyond.value - put.value).abs() < 1e-12, "one volatility: flat");
}

#[test]
fn published_volatilities_come_before_marks() {
    let mut snapshot = snapshot();
    let vols = vec![StrikeVol { strike: decimal("2000"), vol: decimal("0.5") }];
    let quote = ExpiryQuote { vols, ..ExpiryQuote::default() };
    snapshot.underlyings.get_mut(&eth()).unwrap().expiries.insert(day(30), quote);
    assert_eq!(market_of(snapshot).view().vol(eth(), day(30), 2000.0).unwrap().value, 0.5);
}

#[test]
fn a_move_moves_everything_of_its_underlying_and_nothing_else() {
    let market = market_of(snapshot());
    let change = MarketMove { underlying: Some(eth()), price: 0.5, vol_scale: 1.5, vol_shift: 0.1 };
    let moved = market.moved(&change).unwrap();
    assert_eq!(moved.index(eth()).unwrap().value, decimal("1000"));
    assert_eq!(moved.asset_price(asset("ETH")).unwrap().value, decimal("999.5"));
    assert_eq!(moved.view().forward(eth(), day(30)).unwrap().value, 1010.0);
    for strike in [2000.0, 2500.0] {
        let (before, after) = (market.view().vol(eth(), day(30), strike), moved.view().vol(eth(), day(30), strike));
        assert_eq!(after.unwrap().value, before.unwrap().value.mul_add(1.5, 0.1), "sticky in strike");
    }
    let perpetual = id(&market, "ETH-PERPETUAL");
    assert_eq!(moved.priced(perpetual).unwrap().mark.value, decimal("1000.5"));
    let btc: Underlying = "BTC".parse().unwrap();
    assert_eq!(moved.index(btc), market.index(btc));
    assert_eq!(moved.asset_price(asset("USDC")), market.asset_price(asset("USDC")));
    assert_eq!(market.priced(perpetual).unwrap().mark.value, decimal("2001"), "the market itself stands");
}

/// ETH with an index in dollars, contracts of it in BTC: linear, and an option.
fn quoted_in_btc(published: bool) -> Market {
    let mut snapshot = snapshot();
    let btc = snapshot.underlyings.get_mut(&"BTC".parse::<Underlying>().unwrap()).unwrap();
    *btc =
        UnderlyingQuote { index: decimal("40000"), quote: asset("USD"), confidence: None, expiries: BTreeMap::new() };
    if published {
        snapshot.assets.insert(asset("BTC"), asset_quote("50000"));
    }
    let terms = |name: &str| Terms { quote: asset("BTC"), settlement: asset("BTC"), ..terms(name, eth()) };
    let (style, expiry) = (Style::Linear, day(30));
    let instruments = vec![
        Instrument::Perpetual(Perpetual { terms: terms("ETH/BTC:BTC"), style, funding_interval_s: 28_800 }),
        Instrument::Future(Future { terms: terms("ETH/BTC:BTC-30"), style, expiry }),
        Instrument::Option(EuropeanOption {
            terms: terms("ETH/BTC:BTC-30-C"),
            style,
            premium: PremiumStyle::Paid,
            right: Right::Call,
            strike: decimal("0.05"),
            expiry,
        }),
    ];
    let vols = vec![
        StrikeVol { strike: decimal("1500"), vol: decimal("0.9") },
        StrikeVol { strike: decimal("2000"), vol: decimal("0.5") },
    ];
    let quote = ExpiryQuote { forward: Some(decimal("2000")), vols, ..ExpiryQuote::default() };
    snapshot.underlyings.get_mut(&eth()).unwrap().expiries.insert(day(30), quote);
    Market::new(Arc::new(snapshot), Arc::new(Listing::new(instruments).unwrap())).unwrap()
}

#[test]
fn a_contract_in_btc_falls_by_what_btc_gains() {
    let btc: Underlying = "BTC".parse().unwrap();
    for (published, rate) in [(true, 50_000.0), (false, 40_000.0)] {
        let market = quoted_in_btc(published);
        let moved = market.moved(&MarketMove::price(Some(btc), 1.25)).unwrap();
        for name in ["ETH/BTC:BTC", "ETH/BTC:BTC-30"] {
            let (before, after) = (market.priced(id(&market, name)).unwrap(), moved.priced(id(&market, name)).unwrap());
            assert_eq!(before.index, 2000.0 / rate, "an index stands in for a price that is not published");
            let exact = moved.index_in(eth(), asset("BTC")).unwrap();
            for (what, value) in [("index", after.index), ("forward", after.forward)] {
                assert!((value * rate * 1.25 / 2000.0 - 1.0).abs() < 1e-15, "{name} {what}: {after:?}");
            }
            let apart = after.mark.minus(exact).unwrap().value.abs();
            assert!(apart < decimal("0.000000000000001"), "{name}: {after:?}, {exact}");
        }
        let both = moved.moved(&MarketMove::price(Some(eth()), 1.25)).unwrap();
        let perpetual = id(&market, "ETH/BTC:BTC");
        let (mark, before) = (both.priced(perpetual).unwrap().mark, market.priced(perpetual).unwrap().mark);
        assert!(mark.minus(before).unwrap().value.abs() < decimal("0.000000000000001"), "ETH for BTC stands: {mark}");
        let back = moved.moved(&MarketMove::price(Some(btc), 0.8)).unwrap();
        assert_eq!(back.priced(perpetual).unwrap().mark, before);
        let usd = moved.moved(&MarketMove::price(None, 1.0)).unwrap();
        assert_eq!(usd.priced(perpetual).unwrap(), moved.priced(perpetual).unwrap());
    }
}

#[test]
fn an_option_in_btc_keeps_the_volatility_of_its_strike() {
    let market = quoted_in_btc(false);
    let call = id(&market, "ETH/BTC:BTC-30-C");
    let moved = market.moved(&MarketMove::price(Some("BTC".parse().unwrap()), 1.25)).unwrap();
    let after = moved.priced(call).unwrap();
    assert_eq!((after.vol, after.vol.unwrap().value), (market.priced(call).unwrap().vol, 0.5), "that of 2,000 dollars");
    let fresh = market.listing().get(call).unwrap().price(moved.view(), None).unwrap();
    assert_eq!((fresh.forward, fresh.vol.unwrap().value), (0.04, 0.5));
    assert!(fresh.mark.minus(after.mark).unwrap().value.abs() < decimal("0.00000000000001"), "{fresh:?} {after:?}");
}

#[test]
fn an_index_in_an_asset_that_only_an_index_prices_has_a_price() {
    let mut snapshot = snapshot();
    let index = |index: &str, quote: &str| UnderlyingQuote {
        index: decimal(index),
        quote: asset(quote),
        confidence: None,
        expiries: BTreeMap::new(),
    };
    snapshot.underlyings.insert("BTC".parse().unwrap(), index("60000", "USD"));
    snapshot.underlyings.insert("SOL".parse().unwrap(), index("0.002", "BTC"));
    snapshot.underlyings.insert("XRP".parse().unwrap(), index("0.01", "SOL"));
    snapshot.underlyings.insert("ADA".parse().unwrap(), index("1", "ADA"));
    let market = market_of(snapshot);
    let moved = market.moved(&MarketMove::price(Some("BTC".parse().unwrap()), 2.0)).unwrap();
    let price = |market: &Market, name: &str| market.asset_price(asset(name)).map(|price| price.value);
    assert_eq!((price(&market, "SOL"), price(&moved, "SOL")), (Ok(decimal("120")), Ok(decimal("240"))));
    for (name, has) in [("USD", true), ("USDC", true), ("SOL", true), ("XRP", false), ("ADA", false), ("EUR", false)] {
        assert_eq!((market.snapshot().has_price(asset(name)), price(&market, name).is_ok()), (has, has), "{name}");
        assert_eq!(market.view().exchange(asset(name), asset("USDC")).is_some(), has, "{name}");
    }
}

#[test]
fn a_path_of_moves_ends_where_the_one_move_does() {
    let market = market_of(snapshot());
    let by = |price: f64| MarketMove::price(None, price);
    let call = id(&market, "ETH-30-2000-C");
    let path = market.moved(&by(0.5)).unwrap().moved(&by(1.5)).unwrap();
    let direct = market.moved(&by(0.75)).unwrap();
    assert_eq!(path.priced(call).unwrap(), direct.priced(call).unwrap());
    assert_eq!(path.index(eth()), direct.index(eth()));
    let back = market.moved(&by(0.5)).unwrap().moved(&by(2.0)).unwrap();
    assert_eq!(back.priced(call).unwrap(), market.priced(call).unwrap());
}

#[test]
fn a_restricted_market_prices_the_same_and_refuses_the_rest() {
    let market = market_of(snapshot());
    let (call, perpetual) = (id(&market, "ETH-30-2000-C"), id(&market, "ETH-PERPETUAL"));
    let small = market.restricted_to(&[call, call]);
    assert_eq!(small.priced(call).unwrap(), market.priced(call).unwrap());
    assert_eq!(small.priced(perpetual).unwrap_err().to_string(), "ETH-PERPETUAL: left out of this restricted market");
    let change = MarketMove::price(None, 1.1);
    let moved = market.moved(&change).unwrap();
    assert_eq!(small.moved(&change).unwrap().priced(call).unwrap(), moved.priced(call).unwrap());
    assert_eq!(moved.restricted_to(&[call]).priced(call).unwrap(), moved.priced(call).unwrap());
}

#[test]
fn what_cannot_be_priced_is_an_error_only_when_asked_for() {
    let market = market_of(snapshot());
    let refusal = market.priced(id(&market, "SOL-PERPETUAL")).unwrap_err();
    assert!(matches!(&refusal, MarketError::Unpriceable { name, .. } if &**name == "SOL-PERPETUAL"), "{refusal}");
    let unknown = market.priced(InstrumentId(99)).unwrap_err();
    assert_eq!(unknown.to_string(), "no instrument number 99 in a listing of 6");
    let nobody: Underlying = "XRP".parse().unwrap();
    let change = MarketMove::price(Some(nobody), 1.1);
    assert_eq!(market.moved(&change).unwrap_err(), MarketError::UnknownUnderlying(nobody));
}
