//! The facts of prices as margin reads them, and as they would be at best.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{Decimal, NumberError, Rounding, Timestamp, Underlying};
use plimsoll_margin::level;
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::{AssetQuote, ExpiryQuote, Snapshot, UnderlyingQuote};

use super::made::Made;
use crate::market::{Feed, MarketFacts, Quality, Reading, Window};
use crate::refusal::Refusal;
use crate::state::{AssetRules, State};

/// The least price: what has decayed to nothing is still a price.
pub(super) const LEAST: Decimal = Decimal::new(1, 18);

/// How an account would stand at best, and no worse than which state it is held up at: with every untrusted feed at the top
/// of its band, and at the bottom. For as long as something stands in for it, it keeps who would be liquidated called; after
/// that only who would be bankrupt liquidating, since what it has may be worth something again. None where all are trusted.
pub(super) fn favourable(state: &State) -> Vec<(level::State, Made)> {
    let at = state.market.as_of;
    let holds_up = |feed: Feed, reading: &Reading| state.trust(feed).is_some_and(|rule| reading.holds_up(rule, at));
    let untrusted: Vec<(Feed, Reading)> = (state.market.feeds.iter())
        .filter_map(|(feed, known)| Some((*feed, known.reading.filter(|it| it.quality != Quality::Trusted)?)))
        .collect();
    let waits: BTreeSet<Feed> =
        untrusted.iter().filter(|(feed, reading)| holds_up(*feed, reading)).map(|(feed, _)| *feed).collect();
    let all: BTreeSet<Feed> = untrusted.iter().map(|(feed, _)| *feed).collect();
    let over = (all.len() > waits.len()).then_some((level::State::Liquidating, all));
    let waits = (!waits.is_empty()).then_some((level::State::Called, waits));
    let both = |(held_up, feeds): (level::State, BTreeSet<Feed>)| {
        [true, false].map(|top| Some((held_up, at_band(state, &feeds, top)?))).into_iter().flatten()
    };
    waits.into_iter().chain(over).flat_map(both).collect()
}

/// The market with these feeds at the top of their bands, or at the bottom.
fn at_band(state: &State, feeds: &BTreeSet<Feed>, top: bool) -> Option<Made> {
    let (mut facts, mut moved) = (state.market.clone(), Vec::new());
    for feed in feeds {
        let (Some(known), Some(rule)) = (facts.feeds.get_mut(feed), state.trust(*feed)) else { continue };
        let Some(reading) = &mut known.reading else { continue };
        let last = reading.trusted.unwrap_or(reading.price);
        let off = if top { Decimal::ONE.plus(rule.band) } else { Decimal::ONE.minus(rule.band) };
        let price = if top { last.max(reading.price) } else { last.min(reading.price) };
        let price = price.times(off.ok()?, Rounding::HalfEven).ok()?.max(LEAST);
        let growth = price.over(reading.index_price(), Rounding::HalfEven).ok()?;
        *reading = Reading { price, quality: Quality::Trusted, trusted: Some(price), ..*reading };
        if let Feed::Index(underlying) = feed {
            moved.push((*underlying, growth));
        }
    }
    for (underlying, growth) in moved {
        follow(state, &mut facts, underlying, growth)?;
    }
    Made::of(state, &facts).ok()
}

/// Forwards and marks of `underlying` move with its index; an option's own mark gives way to its volatility.
fn follow(state: &State, facts: &mut MarketFacts, underlying: Underlying, growth: Decimal) -> Option<()> {
    let grow = |value: &mut Decimal| value.times(growth, Rounding::HalfEven).map(|grown| *value = grown).ok();
    for ((_, _), quote) in facts.surfaces.iter_mut().filter(|((of, _), _)| *of == underlying) {
        quote.forward.as_mut().map_or(Some(()), grow)?;
    }
    for (contract, mark) in &mut facts.marks {
        let instrument = &state.contract(*contract)?.instrument;
        if instrument.terms().underlying == underlying {
            match instrument.strike() {
                None => mark.price.as_mut().map_or(Some(()), grow)?,
                Some(_) => mark.price = mark.price.filter(|_| mark.vol.is_none()),
            }
        }
    }
    Some(())
}

/// The market as margin reads it.
pub(super) fn snapshot(state: &State, facts: &MarketFacts) -> Result<Snapshot, Refusal> {
    let mut snapshot = Snapshot {
        as_of: facts.as_of,
        currency: state.currency,
        assets: BTreeMap::new(),
        underlyings: BTreeMap::new(),
        marks: BTreeMap::new(),
    };
    for (feed, known) in &facts.feeds {
        let Some(reading) = known.reading else { continue };
        match *feed {
            Feed::Asset(asset) => {
                let Some(rules) = state.assets.get(&asset).filter(|_| asset != state.currency) else { continue };
                let quote = asset_quote(&reading, rules, facts.as_of)?;
                snapshot.assets.insert(asset, quote);
            }
            Feed::Index(underlying) => {
                let Some(rules) = state.underlyings.get(&underlying) else { continue };
                let quote = UnderlyingQuote {
                    index: reading.index_price(),
                    quote: rules.quote,
                    confidence: Some(reading.confidence),
                    expiries: expiries(state, facts, underlying, reading.index_price())?,
                };
                snapshot.underlyings.insert(underlying, quote);
            }
        }
    }
    // A coin without quotes of its own is worth its index, and is trusted no more than that.
    for (asset, rules) in &state.assets {
        let index = facts.feeds.get(&Feed::Index(asset.underlying())).and_then(|known| known.reading);
        let in_currency = state.underlyings.get(&asset.underlying()).is_some_and(|it| it.quote == state.currency);
        let untrusted = index.filter(|reading| in_currency && reading.quality != Quality::Trusted);
        if let Some(reading) = untrusted.filter(|_| !snapshot.assets.contains_key(asset) && *asset != state.currency) {
            snapshot.assets.insert(*asset, asset_quote(&reading, rules, facts.as_of)?);
        }
    }
    for (contract, mark) in &facts.marks {
        if let Some(contract) = state.contract(*contract).filter(|it| !is_over(state, facts, &it.instrument)) {
            snapshot.marks.insert(contract.instrument.terms().name.clone(), mark.clone());
        }
    }
    Ok(snapshot)
}

fn expiries(
    state: &State,
    facts: &MarketFacts,
    underlying: Underlying,
    index: Decimal,
) -> Result<BTreeMap<Timestamp, ExpiryQuote>, NumberError> {
    let range = (underlying, Timestamp::from_nanos(i64::MIN))..=(underlying, Timestamp::from_nanos(i64::MAX));
    let ahead = facts.surfaces.range(range.clone()).filter(|((_, expiry), _)| *expiry > facts.as_of);
    let mut all: BTreeMap<_, _> = ahead.map(|((_, expiry), quote)| (*expiry, quote.clone())).collect();
    for ((_, expiry), _) in facts.windows.range(range) {
        if let Some(known) = averaged(state, facts, underlying, *expiry) {
            let has_mark = *expiry > facts.as_of && has_future_mark(state, facts, underlying, *expiry);
            fix(all.entry(*expiry).or_default(), &known, (*expiry, index), has_mark)?;
        }
    }
    Ok(all)
}

/// The window before an expiry, where something of it is known.
fn averaged(state: &State, facts: &MarketFacts, underlying: Underlying, expiry: Timestamp) -> Option<Window> {
    let known = facts.windows.get(&(underlying, expiry))?;
    let window = facts.window(underlying, expiry, state.window_opens(underlying, expiry)?);
    (window == *known && window.covered_ms > 0).then_some(window)
}

/// Whether a contract has expired at an average that is known: it is worth what that makes it, whatever it was marked at.
fn is_over(state: &State, facts: &MarketFacts, instrument: &Instrument) -> bool {
    let expiry = instrument.expiry().filter(|expiry| *expiry <= facts.as_of);
    expiry.is_some_and(|expiry| averaged(state, facts, instrument.terms().underlying, expiry).is_some())
}

/// What the average before an expiry has seen moves no more. Where nobody publishes a forward or a future's mark, the average
/// as the index would leave it stands in.
fn fix(
    quote: &mut ExpiryQuote,
    window: &Window,
    (expiry, index): (Timestamp, Decimal),
    has_mark: bool,
) -> Result<(), NumberError> {
    let left_ms = Decimal::from_int(window.left_ms(expiry));
    let whole_ms = Decimal::from_int(window.covered_ms).plus(left_ms)?;
    let fixed = window.sum.over(whole_ms, Rounding::HalfEven)?;
    quote.forward_fixed.get_or_insert(fixed);
    if quote.forward.is_none() && !has_mark {
        let average = fixed.plus(index.times_ratio(left_ms, whole_ms, Rounding::HalfEven)?)?;
        quote.forward = Some(average.max(LEAST));
    }
    Ok(())
}

/// Whether a future of the index's own quote is marked: such a mark is a forward.
fn has_future_mark(state: &State, facts: &MarketFacts, underlying: Underlying, expiry: Timestamp) -> bool {
    let quote = state.underlyings.get(&underlying).map(|rules| rules.quote);
    facts.marks.iter().filter(|(_, mark)| mark.price.is_some()).any(|(contract, _)| {
        let instrument = state.contract(*contract).map(|contract| &contract.instrument);
        instrument.is_some_and(|instrument| {
            let terms = instrument.terms();
            let is_future = instrument.expiry() == Some(expiry) && instrument.strike().is_none();
            is_future && terms.underlying == underlying && Some(terms.quote) == quote
        })
    })
}

fn asset_quote(reading: &Reading, rules: &AssetRules, at: Timestamp) -> Result<AssetQuote, NumberError> {
    let trusted = reading.quality == Quality::Trusted;
    Ok(AssetQuote {
        price: reading.collateral_price(&rules.trust, at)?.max(LEAST),
        confidence: Some(reading.confidence),
        trusted,
        redemption_value: None,
        depth: None,
        slow_price: Some(reading.slow),
        debt_price: (!trusted).then(|| reading.debt_price()),
    })
}
