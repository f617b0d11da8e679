//! Prices as sources said them, and the index that the rule makes of them, found again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Timestamp, Underlying};
use plimsoll_engine::market::{Feed, PriceBatch, Quality, TrustRule};
use plimsoll_pricing::market::index::{IndexRule, SourceQuote};

use super::{Mirror, Stood};
use crate::promises::exact::{ONE, Way, product, quotient};

/// What a feed said when it was last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The index; of a dead feed the last there was.
    pub price: i128,
    /// How good it is.
    pub quality: Quality,
    /// The last that was trusted.
    pub trusted: Option<i128>,
}

impl Seen {
    /// What contracts are valued at.
    #[must_use]
    pub fn worth(self) -> i128 {
        self.trusted.unwrap_or(self.price)
    }
}

/// Every feed.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    quotes: BTreeMap<Feed, BTreeMap<Arc<str>, SourceQuote>>,
    seen: BTreeMap<Feed, Seen>,
}

impl Feeds {
    /// What a feed last said.
    #[must_use]
    pub fn seen(&self, feed: Feed) -> Option<Seen> {
        self.seen.get(&feed).copied()
    }

    /// All that was ever read.
    pub fn all(&self) -> impl Iterator<Item = (Feed, Seen)> {
        self.seen.iter().map(|(feed, seen)| (*feed, *seen))
    }
}

impl Mirror {
    /// Takes prices in: of each source the newest, and none from the future.
    pub(super) fn prices(&mut self, batch: &PriceBatch, at: Timestamp) {
        let mut newest: BTreeMap<(Feed, Arc<str>), &SourceQuote> = BTreeMap::new();
        for (feed, quote) in &batch.quotes {
            let Some(rule) = self.rule(*feed) else { continue };
            let key = (*feed, Arc::clone(&quote.name));
            let known = newest.get(&key).copied();
            let known = known.or_else(|| self.feeds.quotes.get(feed).and_then(|known| known.get(&quote.name)));
            let is_late = known.is_some_and(|known| known.observed_at > quote.observed_at);
            if at.nanos_until(quote.observed_at) <= rule.index.ahead_ns_max && !is_late {
                newest.insert(key, quote);
            }
        }
        for ((feed, name), quote) in newest {
            self.feeds.quotes.entry(feed).or_default().insert(name, quote.clone());
        }
        for (contract, mark) in &batch.marks {
            match mark.price {
                Some(price) => self.marks.insert(*contract, price),
                None => self.marks.remove(contract),
            };
        }
        self.reread(at);
    }

    fn rule(&self, feed: Feed) -> Option<TrustRule> {
        match feed {
            Feed::Asset(asset) => self.assets.get(&asset).map(|rules| rules.trust.clone()),
            Feed::Index(underlying) => self.underlyings.get(&underlying).map(|rules| rules.trust.clone()),
        }
    }

    /// Reads every feed again.
    pub(super) fn reread(&mut self, at: Timestamp) {
        self.stood(at);
        let feeds: Vec<Feed> = self.feeds.quotes.keys().copied().collect();
        for feed in feeds {
            let Some(rule) = self.rule(feed) else { continue };
            let before = self.feeds.seen(feed);
            let Some(quotes) = self.feeds.quotes.get(&feed) else { continue };
            let now = match index(&rule, quotes.values(), at) {
                Some((price, Quality::Trusted)) => Seen { price, quality: Quality::Trusted, trusted: Some(price) },
                Some((price, quality)) => Seen { price, quality, trusted: before.and_then(|before| before.trusted) },
                None => match before {
                    Some(before) => Seen { quality: Quality::Dead, ..before },
                    None => continue,
                },
            };
            self.feeds.seen.insert(feed, now);
        }
    }

    /// Writes down what indices were, up to `at`, in the windows before expiries: before they are others.
    fn stood(&mut self, at: Timestamp) {
        let open: BTreeSet<(Underlying, Timestamp)> = (self.contracts.iter().filter(|known| !known.settled))
            .filter_map(|known| Some((known.instrument.terms().underlying, known.instrument.expiry()?)))
            .filter(|(underlying, expiry)| self.opens(*underlying, *expiry).is_some_and(|opens| opens <= at))
            .collect();
        for (underlying, expiry) in open {
            let index = self.feeds.seen(Feed::Index(underlying)).map(Seen::worth);
            let Some(mut stood) = self.window(underlying, expiry) else { continue };
            let end = at.min(expiry).max(stood.until);
            stood.prices.extend(index.map(|index| (index, thousandths(end) - thousandths(stood.until))));
            stood.until = end;
            self.windows.insert((underlying, expiry), stood);
        }
        self.read = at;
    }

    fn opens(&self, underlying: Underlying, expiry: Timestamp) -> Option<Timestamp> {
        expiry.plus_seconds(-i64::from(self.underlyings.get(&underlying)?.settlement_window_s))
    }

    /// What is known of a window; what was before prices were last read is not, where it was no window then.
    pub fn window(&self, underlying: Underlying, expiry: Timestamp) -> Option<Stood> {
        let opens = self.opens(underlying, expiry)?;
        let known = self.windows.get(&(underlying, expiry)).filter(|known| known.opens == opens);
        let until = opens.max(self.read).min(expiry);
        Some(known.cloned().unwrap_or(Stood { opens, prices: Vec::new(), until }))
    }
}

/// Milliseconds since 1970.
pub fn thousandths(at: Timestamp) -> i64 {
    at.nanos().div_euclid(1_000_000)
}

/// Prices with their weights of what is live, and of that what is no outlier, both ascending.
fn used<'a>(
    rule: &IndexRule,
    quotes: impl Iterator<Item = &'a SourceQuote>,
    at: Timestamp,
) -> Option<[Vec<(i128, i128)>; 2]> {
    let mut live: Vec<(i128, i128)> = Vec::new();
    for quote in quotes {
        let age = quote.observed_at.nanos_until(at);
        let confident = quote.confidence.units() > 0 && quote.confidence.units() <= ONE;
        let weight = if confident { product(quote.weight.units(), quote.confidence.units(), Way::Down)? } else { 0 };
        if quote.price.units() > 0 && weight > 0 && age <= rule.age_ns_max && -age <= rule.ahead_ns_max {
            live.push((quote.price.units(), weight));
        }
    }
    live.sort_unstable();
    let centre = median(&live)?;
    let used = live.iter().copied().filter(|(price, _)| within(*price, centre, rule.outlier_fraction.units()));
    Some([used.collect(), live])
}

/// How many sources an index is made of: live, and no outliers.
pub fn sources<'a>(rule: &TrustRule, quotes: impl Iterator<Item = &'a SourceQuote>, at: Timestamp) -> usize {
    used(&rule.index, quotes, at).map_or(0, |[used, _]| used.len())
}

fn within(price: i128, of: i128, share: i128) -> bool {
    product(of, share, Way::Down).is_some_and(|most| (price - of).abs() <= most)
}

/// The weighted median of what is live and no outlier, and how good it is; `None` where nothing is live.
fn index<'a>(
    rule: &TrustRule,
    quotes: impl Iterator<Item = &'a SourceQuote>,
    at: Timestamp,
) -> Option<(i128, Quality)> {
    let rule = &rule.index;
    let [used, live] = used(rule, quotes, at)?;
    let price = median(&used).or_else(|| median(&live))?;
    let all: i128 = live.iter().map(|(_, weight)| weight).sum();
    let agree: i128 =
        live.iter().filter(|(of, _)| within(*of, price, rule.band.units())).map(|(_, weight)| weight).sum();
    let confidence = quotient(agree, all, Way::Down)?;
    let quality = match () {
        () if used.len() < rule.sources_min as usize => Quality::Thin,
        () if confidence < rule.confidence_min.units() => Quality::Disputed,
        () => Quality::Trusted,
    };
    Some((price, quality))
}

/// The first price at which the weight so far exceeds half; at exactly half the mean of it and the next.
fn median(ascending: &[(i128, i128)]) -> Option<i128> {
    let all: i128 = ascending.iter().map(|(_, weight)| weight).sum();
    let mut so_far = 0;
    for (place, (price, weight)) in ascending.iter().enumerate() {
        so_far += weight;
        if 2 * so_far > all {
            return Some(*price);
        }
        if 2 * so_far == all
            && let Some((next, _)) = ascending.get(place + 1)
        {
            return product(next - price, ONE / 2, Way::Nearest).map(|half| price + half);
        }
    }
    None
}
