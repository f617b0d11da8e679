//! The index rule: one price out of several sources, in exact decimals.
//!
//! In this order:
//!
//! 1. Of several quotes under one name the newest counts; newest quotes that differ all fall out.
//! 2. A quote falls out when its price, weight or confidence is not what it must be, when it is
//!    older than the rule allows, or when it claims to be from the future.
//! 3. What is left is *live*. Quotes further than a fraction from the weighted median of the live
//!    ones are outliers and fall out.
//! 4. The price is the weighted median of the rest, each with weight × confidence.
//! 5. Confidence is the share of the live weight, outliers included, within a band of that price.
//!
//! **The median.** Prices ascending, it is the first at which the weight so far exceeds half of all;
//! where it is exactly half, it is the mean of that price and the next (half even at 18 places).
//!
//! **What an attacker can do.** Sources of under half the live weight cannot move the median of the
//! live ones out of the range of the others, and no outlier rule changes that while the others
//! agree within the fraction. Where the others disagree more than that, dropping them can leave the
//! price outside their range, by the fraction at most; confidence then tells.
//!
//! Left out: memory. The last price, a slow price and rate limits belong to the engine.

use std::sync::Arc;

use plimsoll_core::{Decimal, NumberError, Rounding, Timestamp, planted};
use thiserror::Error;

/// What one source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceQuote {
    /// Its name, one quote a name.
    pub name: Arc<str>,
    /// Its price, positive.
    pub price: Decimal,
    /// Its weight against the others, positive.
    pub weight: Decimal,
    /// When it saw that price.
    pub observed_at: Timestamp,
    /// How sure it is, above 0 and at most 1: a factor on its weight.
    pub confidence: Decimal,
}

/// The parameters of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexRule {
    /// The oldest a quote may be, in nanoseconds, at least zero; of exactly this age it still counts.
    pub age_ns_max: i64,
    /// How far ahead of our clock a source's may be, in nanoseconds, at least zero.
    pub ahead_ns_max: i64,
    /// How far from the live median a price may lie, as a share of it, above zero.
    pub outlier_fraction: Decimal,
    /// The band around the price in which sources agree with it, as a share of it, at least zero.
    pub band: Decimal,
    /// Sources needed for a trusted price, at least one.
    pub sources_min: u32,
    /// Confidence needed for a trusted price, 0 to 1.
    pub confidence_min: Decimal,
}

/// The index and how it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The price, positive.
    pub price: Decimal,
    /// What it may be used for.
    pub quality: PriceQuality,
    /// Share of the live weight within the band of the price, 0 to 1, rounded down.
    pub confidence: Decimal,
    /// What became of every quote, by name.
    pub sources: Vec<SourceOutcome>,
}

/// How good an index is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceQuality {
    /// Enough sources, and they agree.
    Trusted,
    /// Enough sources, but too little of their weight agrees with the price.
    Disputed,
    /// Too few sources.
    Thin,
}

/// What became of one quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOutcome {
    /// The source.
    pub name: Arc<str>,
    /// Its price.
    pub price: Decimal,
    /// Why it fell out; `None` where it was used.
    pub dropped: Option<DropReason>,
}

/// Why a quote fell out, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// A newer quote has the same name, or an equal one came before.
    Superseded,
    /// Another quote has the same name and time and says something else.
    Conflicting,
    /// The price is not positive.
    BadPrice,
    /// The weight is not positive, or nothing of it is left after confidence.
    BadWeight,
    /// The confidence is not above 0 and at most 1.
    BadConfidence,
    /// It claims to be from later than now, by more than the rule allows.
    FromTheFuture {
        /// Nanoseconds ahead.
        ahead_ns: i64,
    },
    /// It is older than the rule allows.
    Stale {
        /// Nanoseconds old.
        age_ns: i64,
    },
    /// It lies too far from the median of the live quotes.
    Outlier {
        /// That median.
        median: Decimal,
    },
}

/// Why there is no index.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IndexError {
    /// The rule cannot be applied.
    #[error("index rule: {parameter} is {value}: expected {expected}")]
    BadRule {
        /// The parameter.
        parameter: &'static str,
        /// What it is.
        value: Decimal,
        /// What it should be.
        expected: &'static str,
    },
    /// There is no quote at all.
    #[error("no source quotes a price")]
    NoQuotes,
    /// Every quote fell out.
    #[error("none of {} quotes is live", .0.len())]
    NoneLive(Vec<SourceOutcome>),
    /// A figure does not fit.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl IndexRule {
    /// The index of `quotes` at `as_of`. The order of quotes does not matter.
    ///
    /// # Errors
    /// [`IndexError`], in the order of its variants.
    pub fn apply(&self, quotes: &[SourceQuote], as_of: Timestamp) -> Result<Index, IndexError> {
        self.check()?;
        if quotes.is_empty() {
            return Err(IndexError::NoQuotes);
        }
        let mut seats = self.seats(quotes, as_of)?;
        let Some(live_median) = median(&seats)? else { return Err(IndexError::NoneLive(outcomes(&seats))) };
        let live_weight = weight(seats.iter().filter(|seat| seat.dropped.is_none()))?;
        let live = |seat: &Seat| seat.dropped.is_none();
        let was_live: Vec<bool> = seats.iter().map(live).collect();
        for seat in &mut seats {
            if seat.dropped.is_none() && !is_within(seat.quote.price, live_median, self.outlier_fraction)? {
                seat.dropped = Some(DropReason::Outlier { median: live_median });
            }
        }
        // Two sources of equal weight have their median between them: both may be outliers.
        let used = seats.iter().filter(|seat| seat.dropped.is_none()).count();
        let price = median(&seats)?.filter(|_| !planted!(OutlierPrice)).unwrap_or(live_median);
        let mut agreeing = Decimal::ZERO;
        for (seat, _) in seats.iter().zip(&was_live).filter(|(_, live)| **live) {
            if is_within(seat.quote.price, price, self.band)? {
                agreeing = agreeing.plus(seat.weight)?;
            }
        }
        let confidence = agreeing.over(live_weight, Rounding::Down)?;
        let quality = if used < self.sources_min as usize {
            PriceQuality::Thin
        } else if confidence < self.confidence_min {
            PriceQuality::Disputed
        } else {
            PriceQuality::Trusted
        };
        Ok(Index { price, quality, confidence, sources: outcomes(&seats) })
    }

    fn check(&self) -> Result<(), IndexError> {
        let count = |count: i64| Decimal::from_int(count);
        let sources_min = i64::from(self.sources_min);
        let checks = [
            ("age_ns_max", count(self.age_ns_max), self.age_ns_max >= 0, "at least 0"),
            ("ahead_ns_max", count(self.ahead_ns_max), self.ahead_ns_max >= 0, "at least 0"),
            ("outlier_fraction", self.outlier_fraction, self.outlier_fraction.signum() > 0, "above 0"),
            ("band", self.band, self.band.signum() >= 0, "at least 0"),
            ("sources_min", count(sources_min), self.sources_min > 0, "at least 1"),
            ("confidence_min", self.confidence_min, is_share(self.confidence_min), "0 to 1"),
        ];
        match checks.into_iter().find(|(_, _, good, _)| !good) {
            Some((parameter, value, _, expected)) => Err(IndexError::BadRule { parameter, value, expected }),
            None => Ok(()),
        }
    }

    /// Every quote with its effective weight and, where it falls out before any median, why.
    /// Sorted so that nothing after depends on the order they came in.
    fn seats<'a>(&self, quotes: &'a [SourceQuote], as_of: Timestamp) -> Result<Vec<Seat<'a>>, IndexError> {
        let mut sorted: Vec<&SourceQuote> = quotes.iter().collect();
        sorted.sort_by_key(|quote| {
            (&quote.name, std::cmp::Reverse(quote.observed_at), quote.price, quote.weight, quote.confidence)
        });
        let mut seats = Vec::with_capacity(sorted.len());
        for same in sorted.chunk_by(|left, right| left.name == right.name) {
            let newest = same[0];
            let clash = same.iter().any(|quote| quote.observed_at == newest.observed_at && *quote != newest);
            for (place, quote) in same.iter().enumerate() {
                let is_newest = quote.observed_at == newest.observed_at;
                let dropped = match () {
                    () if is_newest && clash => Some(DropReason::Conflicting),
                    () if place > 0 => Some(DropReason::Superseded),
                    () => self.unfit(quote, as_of),
                };
                // Only a fit quote's product is sure to fit as well.
                let weight = match dropped {
                    None => quote.weight.times(quote.confidence, Rounding::Down)?,
                    Some(_) => Decimal::ZERO,
                };
                let dropped = dropped.or(weight.is_zero().then_some(DropReason::BadWeight));
                seats.push(Seat { quote, weight, dropped });
            }
        }
        Ok(seats)
    }

    fn unfit(&self, quote: &SourceQuote, as_of: Timestamp) -> Option<DropReason> {
        let age_ns = quote.observed_at.nanos_until(as_of);
        let ahead_ns = as_of.nanos_until(quote.observed_at);
        match () {
            () if quote.price.signum() <= 0 => Some(DropReason::BadPrice),
            () if quote.weight.signum() <= 0 => Some(DropReason::BadWeight),
            () if quote.confidence.signum() <= 0 || !is_share(quote.confidence) => Some(DropReason::BadConfidence),
            () if ahead_ns > self.ahead_ns_max => Some(DropReason::FromTheFuture { ahead_ns }),
            () if age_ns > self.age_ns_max => Some(DropReason::Stale { age_ns }),
            () => None,
        }
    }
}

/// A quote at the table.
struct Seat<'a> {
    quote: &'a SourceQuote,
    weight: Decimal,
    dropped: Option<DropReason>,
}

fn outcomes(seats: &[Seat]) -> Vec<SourceOutcome> {
    let outcome = |seat: &Seat| SourceOutcome {
        name: Arc::clone(&seat.quote.name),
        price: seat.quote.price,
        dropped: seat.dropped,
    };
    seats.iter().map(outcome).collect()
}

fn weight<'a>(seats: impl Iterator<Item = &'a Seat<'a>>) -> Result<Decimal, NumberError> {
    let mut sum = Decimal::ZERO;
    for seat in seats {
        sum = sum.plus(seat.weight)?;
    }
    Ok(sum)
}

/// The weighted median of those that have not fallen out; `None` where all have.
fn median(seats: &[Seat]) -> Result<Option<Decimal>, NumberError> {
    let mut prices: Vec<(Decimal, Decimal)> = Vec::with_capacity(seats.len());
    prices.extend(seats.iter().filter(|seat| seat.dropped.is_none()).map(|seat| (seat.quote.price, seat.weight)));
    prices.sort_unstable();
    let total = weight(seats.iter().filter(|seat| seat.dropped.is_none()))?;
    let mut so_far = Decimal::ZERO;
    for (place, (price, weight)) in prices.iter().enumerate() {
        so_far = so_far.plus(*weight)?;
        let rest = total.minus(so_far)?;
        if so_far > rest {
            return Ok(Some(*price));
        }
        if let (true, Some((next, _))) = (so_far == rest, prices.get(place + 1)) {
            // Halving the difference cannot overflow where the sum of the two could.
            let half = next.minus(*price)?.times(Decimal::new(5, 1), Rounding::HalfEven)?;
            return Ok(Some(price.plus(half)?));
        }
    }
    Ok(None)
}

/// Whether |price − centre| ≤ share × centre. Exact: the distance is a whole count of 10⁻¹⁸, so it is
/// within the bound just where it is within the bound rounded down.
fn is_within(price: Decimal, centre: Decimal, share: Decimal) -> Result<bool, NumberError> {
    Ok(price.minus(centre)?.abs() <= centre.times(share, Rounding::Down)?)
}

fn is_share(value: Decimal) -> bool {
    value.signum() >= 0 && value <= Decimal::ONE
}
