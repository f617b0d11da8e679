//! Prices that hardly go together: warnings that name both, for a slipped digit or a stale feed.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::market::Snapshot;

use crate::directory::Entry;
use crate::report::Report;

/// An asset and the index of its name may differ by one twentieth: 5 %.
const ASSET_SHARE: i32 = 20;
/// A future may differ from its index by one half: 50 %.
const FUTURE_SHARE: i32 = 2;
/// Decimals of an index that is exchanged for another asset.
const EXCHANGED_PLACES: u32 = 12;

/// Warns of prices of assets and marks of futures that are far from the index.
pub(crate) fn check(entries: &[Entry], market: &Snapshot, report: &Report) {
    assets(market, report);
    entries.iter().for_each(|entry| future(entry, market, report));
}

/// Balances are valued at the one figure and positions at the other.
fn assets(market: &Snapshot, report: &Report) {
    for (asset, quote) in &market.assets {
        let underlying = asset.underlying();
        let index = market.underlyings.get(&underlying).filter(|index| index.quote == market.currency);
        let Some(index) = index.map(|index| index.index) else { continue };
        if are_near(quote.price, index, ASSET_SHARE) {
            continue;
        }
        let path = || format!("market.assets.{asset}.price");
        let note = || {
            let price = quote.price;
            format!("{price}, more than 5 % from {index}, which market.underlyings.{underlying}.index says it is")
        };
        report.warn("asset", format!("{asset} price"), path, note);
    }
}

/// A perpetual or dated future far from its index, counted in its own quote.
fn future(entry: &Entry, market: &Snapshot, report: &Report) {
    let (instrument, terms) = (&entry.instrument, entry.instrument.terms());
    if instrument.right().is_some() || instrument.only_moves_balances() {
        return;
    }
    let Some(mark) = market.marks.get(instrument.name()).and_then(|mark| mark.price) else { return };
    let Some(underlying) = market.underlyings.get(&terms.underlying) else { return };
    let index = if underlying.quote == terms.quote {
        underlying.index
    } else {
        let Some(exchange) = market.exchange(underlying.quote, terms.quote) else { return };
        let Ok(index) = decimal(float(underlying.index) * exchange, EXCHANGED_PLACES) else { return };
        index
    };
    if are_near(mark, index, FUTURE_SHARE) {
        return;
    }
    let name = instrument.name();
    let note = || format!("{mark}, more than 50 % from its index, {index} {}", terms.quote);
    report.warn("marks", format!("{name} price"), || format!("market.marks.{name}.price"), note);
}

/// Whether a price is at most one `share`th of the index away from it.
fn are_near(price: Decimal, index: Decimal, share: i32) -> bool {
    let apart = price.minus(index).and_then(|apart| apart.abs().times(share.into(), Rounding::Down));
    // What leaves the range is far enough.
    apart.is_ok_and(|apart| apart <= index)
}
