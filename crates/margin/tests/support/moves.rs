//! Markets that move: ticks, gaps, jumps over any grid, noise on the surface, time, stablecoins, trust.

use std::sync::Arc;

use plimsoll_core::{Decimal, Rounding, Timestamp, Underlying};
use plimsoll_pricing::market::Market;
use plimsoll_pricing::market::snapshot::Snapshot;

use super::random::Random;

/// What moves, and by about how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One underlying, by a basis point or so.
    Tick,
    /// All, each its own way.
    Ticks,
    /// All, the same way, by up to three per cent.
    Together,
    /// Volatilities, a thousandth or so each.
    Noise,
    /// One underlying, by up to a half.
    Gap,
    /// One underlying, to a third or to three times.
    Jump,
    /// Seconds or minutes.
    Time,
    /// The price of a stablecoin, by up to a per cent.
    Stablecoin,
    /// An asset's price is trusted no more, or again.
    Trust,
}

pub const KINDS: [Kind; 9] = [
    Kind::Tick,
    Kind::Ticks,
    Kind::Together,
    Kind::Noise,
    Kind::Gap,
    Kind::Jump,
    Kind::Time,
    Kind::Stablecoin,
    Kind::Trust,
];

/// Millionths of one.
fn grown(value: Decimal, millionths: i64) -> Decimal {
    value.times(Decimal::new(1_000_000 + millionths, 6), Rounding::HalfEven).unwrap()
}

/// The index, the forwards, and the marks of contracts on it.
fn price(snapshot: &mut Snapshot, market: &Market, underlying: Underlying, millionths: i64, random: &mut Random) {
    let quote = snapshot.underlyings.get_mut(&underlying).unwrap();
    quote.index = grown(quote.index, millionths);
    for expiry in quote.expiries.values_mut() {
        // Forwards part from the index by a little.
        let basis = random.signed(20);
        expiry.forward = expiry.forward.map(|forward| grown(forward, millionths + basis));
    }
    for (name, mark) in &mut snapshot.marks {
        let of = market.listing().id(name).and_then(|id| market.listing().get(id)).map(|of| of.terms().underlying);
        if of == Some(underlying) {
            mark.price = mark.price.map(|price| grown(price, millionths + random.signed(20)));
        }
    }
}

fn noise(snapshot: &mut Snapshot, most: i64, random: &mut Random) {
    for quote in snapshot.underlyings.values_mut() {
        for expiry in quote.expiries.values_mut() {
            for of in &mut expiry.vols {
                of.vol = grown(of.vol, random.signed(most));
            }
        }
    }
}

/// `market` after a move of `kind`; time does not pass `latest`.
pub fn moved(market: &Market, kind: Kind, latest: Timestamp, random: &mut Random) -> Market {
    let mut snapshot = market.snapshot().clone();
    let all: Vec<Underlying> = snapshot.underlyings.keys().copied().collect();
    let one = all[usize::try_from(random.below(i64::try_from(all.len()).unwrap())).unwrap()];
    match kind {
        Kind::Tick => {
            let by = random.signed(200);
            price(&mut snapshot, market, one, by, random);
            noise(&mut snapshot, 20, random);
        }
        Kind::Ticks => {
            for of in all {
                let by = random.signed(200);
                price(&mut snapshot, market, of, by, random);
            }
        }
        Kind::Together => {
            let by = random.signed(30_000);
            for of in all {
                price(&mut snapshot, market, of, by, random);
            }
        }
        Kind::Noise => noise(&mut snapshot, 1_000, random),
        Kind::Gap => {
            let by = random.signed(500_000);
            price(&mut snapshot, market, one, by, random);
            noise(&mut snapshot, 100_000, random);
        }
        Kind::Jump => {
            let by = if random.below(2) == 0 { -700_000 } else { 2_000_000 };
            price(&mut snapshot, market, one, by, random);
        }
        Kind::Time => {
            let later = snapshot.as_of.nanos() + 1_000_000_000 * random.below(300);
            snapshot.as_of = Timestamp::from_nanos(later.min(latest.nanos()));
        }
        Kind::Stablecoin => {
            let by = random.signed(10_000);
            for (asset, quote) in &mut snapshot.assets {
                if asset.as_str().starts_with("USD") {
                    quote.price = grown(quote.price, by);
                }
            }
        }
        Kind::Trust => {
            let count = i64::try_from(snapshot.assets.len()).unwrap();
            let at = usize::try_from(random.below(count)).unwrap();
            if let Some(quote) = snapshot.assets.values_mut().nth(at) {
                quote.trusted = !quote.trusted;
            }
        }
    }
    Market::new(Arc::new(snapshot), Arc::new(market.listing().clone())).unwrap()
}

/// `market` with every price so many millionths higher.
pub fn together(market: &Market, millionths: i64) -> Market {
    let mut snapshot = market.snapshot().clone();
    for quote in snapshot.underlyings.values_mut() {
        quote.index = grown(quote.index, millionths);
        for expiry in quote.expiries.values_mut() {
            expiry.forward = expiry.forward.map(|forward| grown(forward, millionths));
        }
    }
    for mark in snapshot.marks.values_mut() {
        mark.price = mark.price.map(|price| grown(price, millionths));
    }
    Market::new(Arc::new(snapshot), Arc::new(market.listing().clone())).unwrap()
}

/// `market` with every volatility so many millionths of itself higher.
pub fn volatile(market: &Market, millionths: i64) -> Market {
    let mut snapshot = market.snapshot().clone();
    for expiry in snapshot.underlyings.values_mut().flat_map(|quote| quote.expiries.values_mut()) {
        for of in &mut expiry.vols {
            of.vol = grown(of.vol, millionths);
        }
    }
    Market::new(Arc::new(snapshot), Arc::new(market.listing().clone())).unwrap()
}

/// A basis point up or down on every underlying, and a ten-thousandth of itself, either way, on every volatility.
pub fn tick(market: &Market, random: &mut Random) -> Market {
    let up = random.below(2) == 0;
    let mut snapshot = together(market, if up { 100 } else { -100 }).snapshot().clone();
    noise(&mut snapshot, 100, random);
    Market::new(Arc::new(snapshot), Arc::new(market.listing().clone())).unwrap()
}
