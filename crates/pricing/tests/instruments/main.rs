//! Contracts of every kind, from outside: names, money and value.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod greeks;
mod listing;
mod money;
mod names;
mod price;
mod worths;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Position, Price, Quantity, Timestamp};
use plimsoll_pricing::instruments::{EuropeanOption, Future, Instrument, Listing, Perpetual, PremiumStyle, Style};
use plimsoll_pricing::market::{ExpiryQuote, MarkQuote, Snapshot, StrikeVol, UnderlyingQuote, View};

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn asset(name: &str) -> Asset {
    name.parse().unwrap()
}

pub(crate) fn price(value: &str, quote: &str) -> Price {
    Price::new(dec(value), asset(quote))
}

pub(crate) fn quantity(text: &str) -> Quantity {
    Quantity(dec(text))
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn named(name: &str) -> Instrument {
    Instrument::from_name(name).unwrap()
}

/// `contracts` held since `entry`, in the asset the instrument is quoted in.
pub(crate) fn position(instrument: &Instrument, contracts: &str, entry: Option<&str>) -> Position {
    Position {
        instrument: InstrumentId(0),
        quantity: quantity(contracts),
        entry_price: entry.map(|entry| Price::new(dec(entry), instrument.price_asset())),
        unsettled_pnl: Decimal::ZERO,
        accrued_funding: Decimal::ZERO,
    }
}

/// The same option margined like a future.
pub(crate) fn futures_style(name: &str) -> Instrument {
    match named(name) {
        Instrument::Option(option) => Instrument::Option(EuropeanOption { premium: PremiumStyle::Futures, ..option }),
        other => other,
    }
}

/// The same contract paying `rate` of a third asset per unit of quote.
pub(crate) fn quanto(name: &str, settlement: &str, rate: &str) -> Instrument {
    let style = Style::Quanto { rate: dec(rate) };
    let mut instrument = named(name);
    let terms = match &mut instrument {
        Instrument::Perpetual(Perpetual { terms, style: old, .. })
        | Instrument::Future(Future { terms, style: old, .. })
        | Instrument::Option(EuropeanOption { terms, style: old, .. }) => {
            *old = style;
            terms
        }
        _ => panic!("{name} cannot be a quanto"),
    };
    terms.settlement = asset(settlement);
    instrument
}

pub(crate) const AS_OF: &str = "2024-12-01T08:00:00Z";
pub(crate) const EXPIRY: &str = "2024-12-27T08:00:00Z";

/// BTC at 60,000 with one expiry: forward 60,600, rate 5 %, two volatilities.
pub(crate) fn snapshot(quote: &str) -> Snapshot {
    let vol = |strike, vol| StrikeVol { strike: dec(strike), vol: dec(vol) };
    let expiry = ExpiryQuote {
        forward: Some(dec("60600")),
        rate: Some(dec("0.05")),
        vols: vec![vol("50000", "0.7"), vol("60000", "0.6"), vol("70000", "0.65")],
        ..ExpiryQuote::default()
    };
    let btc = UnderlyingQuote {
        index: dec("60000"),
        quote: asset(quote),
        confidence: None,
        expiries: BTreeMap::from([(at(EXPIRY), expiry)]),
    };
    Snapshot {
        as_of: at(AS_OF),
        currency: asset("USD"),
        assets: BTreeMap::new(),
        underlyings: BTreeMap::from([("BTC".parse().unwrap(), btc)]),
        marks: BTreeMap::new(),
    }
}

pub(crate) fn view(quote: &str) -> View {
    View::new(&snapshot(quote), &Listing::new(Vec::new()).unwrap()).unwrap()
}

pub(crate) fn marked(price: &str) -> MarkQuote {
    MarkQuote { price: Some(dec(price)), ..MarkQuote::default() }
}

/// One of each kind and style, each quoted in the asset its market is.
pub(crate) fn one_of_each() -> Vec<Instrument> {
    let mut all: Vec<Instrument> = [
        "BTC/USD",
        "BTC-PERPETUAL",
        "BTC/USD:USD",
        "BTC-27DEC24",
        "BTC/USD:USD-241227",
        "BTC-27DEC24-60000-C",
        "BTC-27DEC24-70000-P",
        "BTC/USD:USD-241227-60000-C",
        "BTC/USD:USDC-241227-55000-P",
        "BTC-PERP-60000-C",
        "BTC/USD:USD-PERP-65000-P",
    ]
    .map(named)
    .into();
    all.push(futures_style("BTC-27DEC24-62000-C"));
    all.push(futures_style("BTC/USD:USD-241227-58000-P"));
    all.push(quanto("BTC/USD:USD", "ETH", "0.0003"));
    all.push(quanto("BTC/USD:USD-241227-61000-C", "ETH", "0.0003"));
    all
}

/// A file of the shared vectors, or none where they are not kept.
pub(crate) fn vectors(file: &str) -> Option<serde_json::Value> {
    let path = format!("{}/../../../shared/vectors/analytics/{file}", env!("CARGO_MANIFEST_DIR"));
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("skipped: shared/vectors/analytics absent");
            None
        }
    }
}

pub(crate) fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}
