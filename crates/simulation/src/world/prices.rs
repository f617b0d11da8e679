//! What prices do: small steps, jumps, sources that fall silent or lie.

use plimsoll_core::{Decimal, Timestamp};
use plimsoll_engine::market::{Feed, PriceBatch};
use plimsoll_engine::{ContractId, State};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::index::SourceQuote;
use plimsoll_pricing::market::{ExpiryQuote, MarkQuote, StrikeVol};

use super::listing::COINS;
use super::{asset, underlying};
use crate::random::Random;

/// Indices as they are, in thousandths, and what is odd about their sources.
#[derive(Clone, Debug)]
pub struct Markets {
    /// By coin, in thousandths.
    pub indices: [i64; 3],
    /// USDC, in millionths.
    stable: i64,
    /// The collateral token, in thousandths.
    token: i64,
    /// Annual, in thousandths.
    vol: i64,
    /// A coin whose sources say nothing, and until when.
    silent: Option<(usize, i64)>,
    batches: u64,
}

impl Default for Markets {
    fn default() -> Self {
        Self {
            indices: COINS.map(|(_, index)| index),
            stable: 999_600,
            token: 5_000,
            vol: 600,
            silent: None,
            batches: 0,
        }
    }
}

/// What may be wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// A price of zero, below it, or beyond reason.
    Absurd,
    /// A source that is not sure at all.
    NoConfidence,
    /// Quotes of a minute ago.
    Stale,
    /// One source of several far from the others.
    Outlier,
}

impl Markets {
    /// A step of all prices over `halves` half seconds.
    pub fn step(&mut self, halves: i64, random: &mut Random) {
        // As a random walk does, by the root.
        let wider = (10_000 * halves).isqrt();
        for (index, (_, begun)) in self.indices.iter_mut().zip(COINS) {
            // In hundredths of a basis point; now and then a lively moment.
            let most = *random.pick(&[20, 40, 60, 90, 90, 90, 300]);
            let pull = if *index < begun / 3 {
                20
            } else if *index > begun * 3 {
                -20
            } else {
                0
            };
            *index += *index / 1_000 * (random.between(-most, most) * wider / 100 + pull * halves) / 1_000;
            *index = (*index).clamp(begun / 40, begun * 40);
        }
        self.stable = (self.stable + random.between(-4, 4) * wider / 100).clamp(980_000, 1_010_000);
        self.token = (self.token + random.between(-1, 1) * wider / 100).clamp(500, 20_000);
        self.vol = (self.vol + random.between(-4, 4) * wider / 400).clamp(250, 1_800);
    }

    /// A jump of one coin by so many per cent, of all where `all`.
    pub fn jump(&mut self, coin: usize, per_cent: i64, all: bool) {
        for (at, (index, (_, begun))) in self.indices.iter_mut().zip(COINS).enumerate() {
            if all || at == coin {
                *index = (*index * (100 + per_cent) / 100).clamp(begun / 40, begun * 40);
            }
        }
        self.vol = (self.vol + per_cent.abs() * 4).min(1_800);
    }

    /// Lets a coin's sources say nothing until `until` (nanoseconds).
    pub fn hush(&mut self, coin: usize, until: i64) {
        self.silent = Some((coin, until));
    }

    /// Prices as sources see them at `now`: indices and marks every time, everything every fourth.
    pub fn batch(&mut self, state: &State, now: Timestamp, odd: Option<Oddity>, random: &mut Random) -> PriceBatch {
        self.batches += 1;
        self.silent = self.silent.filter(|(_, until)| *until > now.nanos());
        let mut batch = PriceBatch::default();
        let seen = if odd == Some(Oddity::Stale) { now.plus_seconds(-60).unwrap_or(now) } else { now };
        let confidence = if odd == Some(Oddity::NoConfidence) { Decimal::ZERO } else { Decimal::ONE };
        let quote = |name: &str, price| SourceQuote {
            name: name.into(),
            price,
            weight: Decimal::ONE,
            observed_at: seen,
            confidence,
        };
        for (at, (coin, _)) in COINS.into_iter().enumerate() {
            if self.silent.is_some_and(|(silent, _)| silent == at) {
                continue;
            }
            let feed = Feed::Index(underlying(coin));
            let index = self.indices[at];
            let sources: &[&str] = if at == 0 { &["one", "two", "three"] } else { &["one"] };
            for (source, name) in sources.iter().enumerate() {
                let skew = if at == 0 { index / 20_000 * (i64::try_from(source).unwrap_or(0) - 1) } else { 0 };
                let mut price = Decimal::new(index + skew, 3);
                if odd == Some(Oddity::Outlier) && source == 0 {
                    price = Decimal::new(index * random.between(2, 5), 3);
                }
                batch.quotes.push((feed, quote(name, price)));
            }
        }
        if let (Some(Oddity::Absurd), Some((_, first))) = (odd, batch.quotes.first_mut()) {
            first.price = *random.pick(&[Decimal::ZERO, Decimal::from_int(-1), Decimal::MAX, Decimal::MIN]);
        }
        batch.quotes.push((Feed::Asset(asset("USDC")), quote("one", Decimal::new(self.stable, 6))));
        batch.quotes.push((Feed::Asset(asset("OLD")), quote("one", Decimal::new(self.token, 3))));
        self.marks(state, now, self.batches % 4 == 1, &mut batch);
        batch
    }

    fn marks(&self, state: &State, now: Timestamp, whole: bool, batch: &mut PriceBatch) {
        let mut expiries = Vec::new();
        for (id, contract) in (0_u32..).map(ContractId).zip(&state.contracts) {
            let instrument = &contract.instrument;
            let over = contract.settled_at.is_some() || instrument.expiry().is_some_and(|expiry| expiry <= now);
            let Some(at) = COINS.iter().position(|(coin, _)| instrument.terms().underlying.as_str() == *coin) else {
                continue;
            };
            if over || instrument.only_moves_balances() {
                continue;
            }
            if let Some(expiry) = instrument.expiry().filter(|expiry| !expiries.contains(&(at, *expiry))) {
                expiries.push((at, expiry));
            }
            let is_perpetual = instrument.funding_period_s().is_some();
            if is_perpetual || whole {
                let (price, vol) = self.mark(instrument, at, now);
                batch.marks.push((id, MarkQuote { price: Some(price), vol, ..MarkQuote::default() }));
            }
        }
        for (at, expiry) in expiries.into_iter().filter(|_| whole) {
            let (coin, begun) = COINS[at];
            let vol = |per_cent: i64| StrikeVol {
                strike: Decimal::new(begun / 100 * per_cent, 3),
                vol: Decimal::new(self.vol + (100 - per_cent).abs(), 3),
            };
            let vols = [10, 40, 70, 100, 130, 200, 500].map(vol).to_vec();
            let forward = Some(Decimal::new(self.indices[at] + self.indices[at] / 500, 3));
            batch.surfaces.push(((underlying(coin), expiry), ExpiryQuote { forward, vols, ..ExpiryQuote::default() }));
        }
    }

    /// A contract's mark as its venue says it: near the index; of an option what it is in the money, and some time value
    /// beside it.
    fn mark(&self, instrument: &Instrument, at: usize, now: Timestamp) -> (Decimal, Option<Decimal>) {
        let index = self.indices[at];
        let Some(strike) = instrument.strike() else {
            let basis = if instrument.expiry().is_some() { index / 500 } else { index / 10_000 };
            return (Decimal::new(index + basis, 3), None);
        };
        let strike = thousandths(strike);
        let left_s =
            instrument.expiry().map_or(0, |expiry| now.nanos_until(expiry) / Timestamp::NANOS_PER_SECOND).max(1);
        // σ√T as a share of ten thousand, by whole roots: 0.4 of it is what an option at the money is worth.
        let share = (self.vol * 10 * i64::try_from((left_s * 1_000_000).unsigned_abs().isqrt()).unwrap_or(0)
            / i64::try_from((Timestamp::SECONDS_PER_YEAR * 1_000_000).unsigned_abs().isqrt()).unwrap_or(1))
        .max(1);
        let width = (index / 10_000 * share).max(1);
        let away = (index - strike).abs() * 100 / width;
        let time_value = width * 4 / 10 * 10_000 / (10_000 + away * away);
        let ahead = if instrument.right() == Some(Right::Call) { index - strike } else { strike - index };
        let value = ahead.max(0) + time_value + 1;
        let price = if instrument.style() == Style::Inverse {
            Decimal::new((i128::from(value) * 1_000_000 / i128::from(index)).try_into().unwrap_or(1).max(1), 6)
        } else {
            Decimal::new(value, 3)
        };
        (price, Some(Decimal::new(self.vol, 3)))
    }
}

fn thousandths(value: Decimal) -> i64 {
    i64::try_from(value.units() / 1_000_000_000_000_000).unwrap_or(i64::MAX)
}
