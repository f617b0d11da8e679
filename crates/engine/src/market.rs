//! What is known of prices, and how far each is to be trusted.
//!
//! A *feed* is what sources quote: an asset's price in the currency, or an underlying's index. The engine remembers each
//! source's last quote and makes one [`Reading`] of them by `pricing`'s index rule; nobody else computes an index.
//!
//! | quality | what it is | collateral, initial | collateral, maintenance | a debt | liquidation | opened on, lent |
//! |---|---|---|---|---|---|---|
//! | trusted | enough sources agree | at the price | at the price | at the price | yes | yes |
//! | disputed | enough sources, which disagree | zero | last trusted × decay | the higher of last trusted and now | only if under even at the best price of the band | no |
//! | thin | too few sources | the same | the same | the same | the same | no |
//! | dead | no source is live | the same | the same | at the last trusted price | the same | no |
//!
//! The *slow price* follows trusted prices by at most a share an hour. What stands in for an untrusted price of a
//! collateral is the lower of the last trusted and the slow price, so that a price that was pushed up for a moment and
//! then lost its sources lends nothing; for how long is the decay schedule's to say, which ends at zero. From then on whoever
//! has the collateral is closed like anybody, but not bankrupt as long as it may be worth what that takes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, NumberError, Rounding, Timestamp, Underlying};
use plimsoll_pricing::market::index::{IndexError, IndexRule, PriceQuality, SourceQuote};
use plimsoll_pricing::market::{ExpiryQuote, MarkQuote};

use crate::account::ContractId;

/// What sources quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// An asset's price in the currency.
    Asset(Asset),
    /// An underlying's index, in its quote.
    Index(Underlying),
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asset(asset) => write!(f, "asset {asset}"),
            Self::Index(underlying) => write!(f, "index {underlying}"),
        }
    }
}

/// How a feed's quotes become a price, and what stands in for one that is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRule {
    /// Median, outliers, age, quorum.
    pub index: IndexRule,
    /// The most the slow price moves in an hour, as a share of itself.
    pub slow_per_hour: Decimal,
    /// How far an untrusted price may be off in the account's favour before it is liquidated, as a share.
    pub band: Decimal,
    /// What of the price that stands in still counts at maintenance, by seconds since it was last trusted; from zero
    /// seconds, ascending, shares falling.
    pub decay: Vec<(u32, Decimal)>,
}

/// How good a reading is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Enough sources, and they agree.
    Trusted,
    /// Enough sources, which disagree.
    Disputed,
    /// Too few sources.
    Thin,
    /// No source is live.
    Dead,
}

impl Quality {
    /// What events and refusals call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Disputed => "disputed",
            Self::Thin => "thin",
            Self::Dead => "dead",
        }
    }
}

/// What a feed says, and what it said when it was last to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The index of the live quotes; of a dead feed the last there was.
    pub price: Decimal,
    /// How good it is.
    pub quality: Quality,
    /// How far its sources agree, 0 to 1.
    pub confidence: Decimal,
    /// The last trusted price, if ever there was one.
    pub trusted: Option<Decimal>,
    /// When that was.
    pub trusted_at: Timestamp,
    /// What follows trusted prices slowly; the first of them to begin with.
    pub slow: Decimal,
}

impl Default for TrustRule {
    /// One source within a minute suffices; what stands in counts whole for five minutes and is gone after a day.
    fn default() -> Self {
        let share = |hundredths| Decimal::new(hundredths, 2);
        Self {
            index: IndexRule {
                age_ns_max: 60 * Timestamp::NANOS_PER_SECOND,
                ahead_ns_max: Timestamp::NANOS_PER_SECOND,
                outlier_fraction: share(5),
                band: share(1),
                sources_min: 1,
                confidence_min: share(50),
            },
            slow_per_hour: share(10),
            band: share(10),
            decay: vec![(0, Decimal::ONE), (300, share(90)), (3_600, share(50)), (86_400, Decimal::ZERO)],
        }
    }
}

impl TrustRule {
    /// What is wrong with it: the parameter and what is expected of it.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let share = |value: Decimal| value.signum() >= 0 && value <= Decimal::ONE;
        let ascending = self.decay.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 >= pair[1].1);
        let ends = self.decay.first().is_some_and(|step| step.0 == 0)
            && self.decay.last().is_some_and(|step| step.1.is_zero())
            && self.decay.iter().all(|step| share(step.1));
        // The index rule checks itself: on no quotes, nothing else can be wrong.
        let index = match self.index.apply(&[], Timestamp::from_nanos(0)) {
            Err(IndexError::BadRule { parameter, expected, .. }) => Some((parameter, expected)),
            _ => None,
        };
        let own = [
            ("slow_per_hour", self.slow_per_hour.signum() > 0, "above 0"),
            ("band", share(self.band), "0 to 1"),
            ("decay", ascending && ends, "shares from 0 seconds on, falling, the last of them 0"),
        ];
        index.or_else(|| own.into_iter().find(|(_, good, _)| !good).map(|(name, _, expected)| (name, expected)))
    }

    /// What `quotes` say at `at`, after `before`; `None` where no source was ever live.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn read(
        &self,
        quotes: &BTreeMap<Arc<str>, SourceQuote>,
        before: Option<&Reading>,
        at: Timestamp,
    ) -> Result<Option<Reading>, NumberError> {
        let all: Vec<SourceQuote> = quotes.values().cloned().collect();
        let (price, quality, confidence) = match self.index.apply(&all, at) {
            Ok(index) => (index.price, index.quality.into(), index.confidence),
            // A feed that cannot be read is dead, and takes no other with it.
            Err(_) => {
                let dead = |before: &Reading| Reading { quality: Quality::Dead, confidence: Decimal::ZERO, ..*before };
                return Ok(before.map(dead));
            }
        };
        let is_trusted = quality == Quality::Trusted;
        let last = before.and_then(|before| before.trusted);
        let slow = match before.filter(|_| last.is_some()) {
            Some(before) if is_trusted => self.followed(before, price, at)?,
            Some(before) => before.slow,
            None => price,
        };
        let trusted_at = before.filter(|_| !is_trusted).map_or(at, |before| before.trusted_at);
        let trusted = if is_trusted { Some(price) } else { last };
        Ok(Some(Reading { price, quality, confidence, trusted, trusted_at, slow }))
    }

    /// The slow price after `price` was read.
    fn followed(&self, before: &Reading, price: Decimal, at: Timestamp) -> Result<Decimal, NumberError> {
        const NANOS_PER_HOUR: i64 = 3_600 * Timestamp::NANOS_PER_SECOND;
        let elapsed = Decimal::from_int(before.trusted_at.nanos_until(at).clamp(0, 24 * NANOS_PER_HOUR));
        let most = before.slow.times(self.slow_per_hour, Rounding::Down)?;
        let most = most.times_ratio(elapsed, Decimal::from_int(NANOS_PER_HOUR), Rounding::Down)?;
        let gap = price.minus(before.slow)?;
        if gap.abs() <= most {
            return Ok(price);
        }
        if gap.signum() > 0 { before.slow.plus(most) } else { before.slow.minus(most) }
    }

    /// What of a price last trusted `seconds` ago still counts.
    #[must_use]
    pub fn share(&self, seconds: i64) -> Decimal {
        let step = self.decay.iter().rev().find(|(from, _)| i64::from(*from) <= seconds);
        step.map_or(Decimal::ONE, |(_, share)| *share)
    }
}

impl From<PriceQuality> for Quality {
    fn from(quality: PriceQuality) -> Self {
        match quality {
            PriceQuality::Trusted => Self::Trusted,
            PriceQuality::Disputed => Self::Disputed,
            PriceQuality::Thin => Self::Thin,
        }
    }
}

impl Reading {
    /// What collateral is worth at maintenance, per unit: nothing where no price was ever trusted.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn collateral_price(&self, rule: &TrustRule, at: Timestamp) -> Result<Decimal, NumberError> {
        if self.quality == Quality::Trusted {
            return Ok(self.price);
        }
        let seconds = self.trusted_at.nanos_until(at) / Timestamp::NANOS_PER_SECOND;
        let stands_in = self.trusted.map_or(Decimal::ZERO, |trusted| trusted.min(self.slow));
        stands_in.times(rule.share(seconds), Rounding::Down)
    }

    /// Whether nobody is closed at what this says, as long as it may be worth more: it is not trusted, and something still
    /// stands in for it.
    #[must_use]
    pub fn holds_up(&self, rule: &TrustRule, at: Timestamp) -> bool {
        let end = rule.decay.last().map_or(0, |(seconds, _)| i64::from(*seconds));
        let silent = self.trusted_at.nanos_until(at);
        self.quality != Quality::Trusted && silent <= end * Timestamp::NANOS_PER_SECOND
    }

    /// What a debt costs, per unit: the higher of the last trusted price and the one read now.
    #[must_use]
    pub fn debt_price(&self) -> Decimal {
        match self.trusted {
            Some(trusted) if self.quality != Quality::Trusted => trusted.max(self.price),
            _ => self.price,
        }
    }

    /// What contracts are valued at: the last trusted price while this one is not, without decay.
    #[must_use]
    pub fn index_price(&self) -> Decimal {
        self.trusted.unwrap_or(self.price)
    }
}

/// What is known of one feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedFacts {
    /// The last quote of every source.
    pub quotes: BTreeMap<Arc<str>, SourceQuote>,
    /// What was made of them; `None` before the first.
    pub reading: Option<Reading>,
}

/// What was published, as it was last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketFacts {
    /// When prices were last taken in.
    pub as_of: Timestamp,
    /// Every feed that was ever quoted.
    pub feeds: BTreeMap<Feed, FeedFacts>,
    /// Forwards, rates and volatilities.
    pub surfaces: BTreeMap<(Underlying, Timestamp), ExpiryQuote>,
    /// Marks.
    pub marks: BTreeMap<ContractId, MarkQuote>,
    /// When their prices were last quoted.
    pub marked: BTreeMap<ContractId, Timestamp>,
    /// What indices were in the averaging windows before expiries.
    pub windows: BTreeMap<(Underlying, Timestamp), Window>,
}

impl MarketFacts {
    /// Lets the readings as they are stand in the windows of `open`, each with when it opens, up to `at`. They have stood since
    /// prices were last taken in: of what was before then a window that nobody knew of learns nothing.
    pub fn let_stand(&mut self, open: &BTreeMap<(Underlying, Timestamp), Timestamp>, at: Timestamp) {
        for (&(underlying, expiry), &opens) in open {
            let reading = self.feeds.get(&Feed::Index(underlying)).and_then(|feed| feed.reading);
            let window = self.window(underlying, expiry, opens);
            let after = window.after(reading.map(|reading| reading.index_price()), at.min(expiry), at > expiry);
            self.windows.insert((underlying, expiry), after);
        }
    }

    /// The window before an expiry that opens at `opens`, as far as it is known: one that opened at another time, by rules
    /// that were changed, is none.
    #[must_use]
    pub fn window(&self, underlying: Underlying, expiry: Timestamp, opens: Timestamp) -> Window {
        let known = self.windows.get(&(underlying, expiry)).copied().filter(|known| known.opens == opens);
        let until = opens.max(self.as_of).min(expiry);
        known.unwrap_or(Window { opens, sum: Decimal::ZERO, covered_ms: 0, until, readings: 0 })
    }
}

/// An index in the averaging window before an expiry: every moment counts alike, however often anybody quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it opens.
    pub opens: Timestamp,
    /// Index × milliseconds that it stood.
    pub sum: Decimal,
    /// Milliseconds in that.
    pub covered_ms: i64,
    /// Up to when.
    pub until: Timestamp,
    /// Batches with quotes of the index that came in meanwhile.
    pub readings: u32,
}

impl Window {
    /// With `price` up to `until`. What stood at the end of a window of no length counts as if it had stood a millisecond.
    /// Time without a price is left out, and so is a price that no sum holds.
    #[must_use]
    pub fn after(self, price: Option<Decimal>, until: Timestamp, ends: bool) -> Self {
        let until = until.max(self.until);
        let stood = milliseconds(until) - milliseconds(self.until);
        let counts = if stood == 0 && ends && self.covered_ms == 0 { 1 } else { stood };
        let sum = price.and_then(|price| self.sum.plus(price.times_count(i128::from(counts)).ok()?).ok());
        match sum {
            Some(sum) => Self { sum, covered_ms: self.covered_ms.saturating_add(counts), until, ..self },
            None => Self { until, ..self },
        }
    }

    /// Milliseconds that are still to come before `expiry`.
    #[must_use]
    pub fn left_ms(&self, expiry: Timestamp) -> i64 {
        (milliseconds(expiry) - milliseconds(self.until)).max(0)
    }

    /// The mean of what is covered.
    #[must_use]
    pub fn mean(&self) -> Option<Decimal> {
        self.sum.over(Decimal::from_int(self.covered_ms), Rounding::HalfEven).ok()
    }
}

fn milliseconds(at: Timestamp) -> i64 {
    at.nanos().div_euclid(1_000_000)
}

/// New prices, all of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceBatch {
    /// Quotes of sources: each replaces its source's last.
    pub quotes: Vec<(Feed, SourceQuote)>,
    /// Marks: each replaces the contract's last.
    pub marks: Vec<(ContractId, MarkQuote)>,
    /// Points of surfaces: each replaces its expiry's last.
    pub surfaces: Vec<((Underlying, Timestamp), ExpiryQuote)>,
}
