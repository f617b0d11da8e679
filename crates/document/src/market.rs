//! `market`: prices of assets, underlyings with their expiries, and marks.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Timestamp, Underlying};
use plimsoll_pricing::market::{
    AssetQuote, ExpiryConfidence, ExpiryQuote, MarkQuote, Snapshot, StrikeVol, SviQuote, UnderlyingQuote,
};

use crate::fields::{ASSET, EXPIRY, MARK, MARKET, STRIKE_VOL, SVI, UNDERLYING};
use crate::reader::{At, Record};
use crate::shape::Key;

/// The market of a document whose instant and currency are known.
pub(crate) fn read(at: At<'_>, as_of: Timestamp, currency: Asset) -> Option<Snapshot> {
    let market = Record::open(at, &MARKET)?;
    let assets = market.map(
        "assets",
        Key::Name,
        |name| name.parse().ok(),
        |at, asset| {
            let quote = asset_quote(at)?;
            if *asset == currency && quote.price != Decimal::ONE {
                at.wrong(format!("{currency} at a price of 1, being the currency, or not at all"));
            }
            Some(quote)
        },
    );
    let underlyings =
        market.map("underlyings", Key::Name, |name| name.parse().ok(), |at, name| underlying_quote(at, *name, as_of));
    let name = |name: &str| Key::Text.accepts(name).then(|| Arc::from(name));
    let marks = market.map("marks", Key::Text, name, |at, _: &Arc<str>| mark_quote(at));
    Some(Snapshot { as_of, currency, assets, underlyings, marks })
}

fn asset_quote(at: At<'_>) -> Option<AssetQuote> {
    let asset = Record::open(at, &ASSET)?;
    let price = asset.decimal("price");
    let confidence = asset.decimal("confidence");
    let trusted = asset.boolean("trusted").unwrap_or(true);
    let redemption_value = asset.decimal("redemption_value");
    let depth = asset.decimal("depth");
    let slow_price = asset.decimal("slow_price");
    let debt_price = asset.decimal("debt_price");
    Some(AssetQuote { price: price?, confidence, trusted, redemption_value, depth, slow_price, debt_price })
}

fn underlying_quote(at: At<'_>, name: Underlying, as_of: Timestamp) -> Option<UnderlyingQuote> {
    let underlying = Record::open(at, &UNDERLYING)?;
    let index = underlying.decimal("index");
    let quote = underlying.name("quote");
    let confidence = underlying.decimal("confidence");
    if quote == Some(name.asset()) {
        underlying.wrong("quote", format!("another asset: counted in itself, {name} is always worth one"));
    }
    let expiries = underlying.map(
        "expiries",
        Key::Instant,
        |name| name.parse().ok(),
        |at, expiry: &Timestamp| {
            let quote = expiry_quote(at);
            if *expiry <= as_of {
                let note = || format!("not after `as_of`, {as_of}: used by nothing");
                at.report().warn("expiries", "past", || at.path().text(), note);
            }
            quote
        },
    );
    Some(UnderlyingQuote { index: index?, quote: quote?, confidence, expiries })
}

/// Forward, rate and volatilities of an expiry; `None`, reported, where this is no object.
#[must_use]
pub fn expiry_quote(at: At<'_>) -> Option<ExpiryQuote> {
    let expiry = Record::open(at, &EXPIRY)?;
    let rate = expiry.decimal("rate");
    let svi = expiry.with("svi", svi_quote);
    stands_in(&expiry, "discount", Decimal::ONE, "rate", "of which it is exp(-rate x years)");
    let (forward, forward_fixed) = forward(&expiry);
    let confidence = ExpiryConfidence {
        forward: expiry.decimal("forward_confidence"),
        rate: expiry.decimal("rate_confidence"),
        vol: expiry.decimal("vol_confidence"),
    };
    let mut vols = BTreeMap::new();
    expiry.each("vols", |at| {
        let Some(quoted) = Record::open(at, &STRIKE_VOL) else { return };
        let (strike, vol) = (quoted.decimal("strike"), quoted.decimal("vol"));
        let (Some(strike), Some(vol)) = (strike, vol) else { return };
        if vols.insert(strike, StrikeVol { strike, vol }).is_some() {
            quoted.wrong("strike", "each strike once");
        }
    });
    Some(ExpiryQuote { forward, forward_fixed, rate, vols: vols.into_values().collect(), svi, confidence })
}

/// The forward and the part of it that is fixed: named whole, in its two parts, or both ways alike.
fn forward(expiry: &Record<'_>) -> (Option<Decimal>, Option<Decimal>) {
    let [whole, fixed, moving] = ["forward", "forward_fixed", "forward_variable"].map(|name| expiry.decimal(name));
    let Some(moving) = moving else {
        stands_in(expiry, "forward_fixed", Decimal::ZERO, "forward", "of which it is a part");
        if let (Some(fixed), Some(whole)) = (fixed, whole)
            && fixed > whole
        {
            expiry.wrong("forward_fixed", format!("at most the forward, {whole}, of which it is a part"));
        }
        return (whole, fixed);
    };
    match fixed.unwrap_or_default().plus(moving) {
        Ok(sum) if sum.signum() > 0 && whole.is_none_or(|whole| whole == sum) => (Some(sum), fixed),
        Ok(sum) => {
            let expected = whole.map_or_else(|| "above zero".to_owned(), |whole| whole.to_string());
            expiry.wrong("forward_variable", format!("with `forward_fixed` a forward of {expected}, not {sum}"));
            (whole, fixed)
        }
        Err(error) => {
            expiry.wrong("forward_variable", error.to_string());
            (whole, fixed)
        }
    }
}

/// Reports what is not used, where it is given without the field that is: only at `same` would that
/// change no figure.
fn stands_in(record: &Record<'_>, given: &str, same: Decimal, used: &str, why: &str) {
    let differs = record.decimal_quietly(given).is_some_and(|value| value != same);
    if differs && record.get(used).is_none() {
        record.wrong(given, format!("`{used}` beside it, {why}: no model uses `{given}` yet"));
    }
}

fn svi_quote(at: At<'_>) -> Option<SviQuote> {
    let svi = Record::open(at, &SVI)?;
    let [a, b, rho, m, sigma] = ["a", "b", "rho", "m", "sigma"].map(|name| svi.decimal(name));
    Some(SviQuote { a: a?, b: b?, rho: rho?, m: m?, sigma: sigma? })
}

/// What is quoted of an instrument; `None`, reported, where this is no object.
#[must_use]
pub fn mark_quote(at: At<'_>) -> Option<MarkQuote> {
    let mark = Record::open(at, &MARK)?;
    Some(MarkQuote {
        price: mark.decimal("price"),
        vol: mark.decimal("vol"),
        bid: mark.decimal("bid"),
        ask: mark.decimal("ask"),
        funding_rate: mark.decimal("funding_rate"),
        open_interest: mark.decimal("open_interest"),
        confidence: mark.decimal("confidence"),
    })
}
