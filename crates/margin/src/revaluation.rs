//! A portfolio under many joint moves, revalued in full: no cell, no Greek, no rounding to grains.
//!
//! A table has a few dozen scenarios for everybody; a Monte Carlo has a hundred thousand for one book. Moves come as
//! columns of floats, one of each underlying, drawn by whoever asks. Every contract is revalued in every scenario by the
//! kernels that fill tables, a stretch of scenarios at a time so that what is between stays in the nearest cache. A
//! scenario's figure depends on that scenario alone: stretches may be given to threads, and the bits are the same.
//!
//! A tail of such figures is an estimate, no requirement: it is in floats, and no sum of money is kept from it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use plimsoll_core::{Asset, Timestamp, Underlying};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::{Instrument, Priced, worths};
use plimsoll_pricing::market::Market;

use crate::scenario::{Columns, ExpiryState, ShockRules, years_left};
use crate::{Account, MarginError};

/// Joint moves of one underlying, a scenario each.
#[derive(Clone, Debug, PartialEq)]
pub struct Moves {
    /// Relative moves of the price: above −1.
    pub price: Vec<f64>,
    /// Relative moves of volatility at 30 days; an expiry moves as the rules say.
    pub vol: Vec<f64>,
}

/// A portfolio made ready to be revalued.
pub struct Revaluation<'a> {
    scenarios: usize,
    rules: &'a ShockRules,
    runs: Vec<Run<'a>>,
    /// What moves with an underlying's price alone: its worth in the currency.
    coins: Vec<(&'a Moves, f64)>,
}

/// Contracts of one underlying, expiry and quote that are settled in one asset.
struct Run<'a> {
    moves: &'a Moves,
    state: ExpiryState,
    quote: Asset,
    contracts: Vec<(&'a Instrument, &'a Priced)>,
    /// What one unit of a contract's worth is to the portfolio: quantity × price of the settlement asset.
    weights: Vec<f64>,
    /// Whether the settlement asset moves with the underlying.
    in_coin: bool,
    /// Worths where nothing moves.
    unmoved: Vec<f64>,
}

/// Where a contract belongs.
type Place = (Underlying, Option<Timestamp>, Asset, Asset);

/// Scenarios that are worked on together.
const STRETCH: usize = 256;

impl<'a> Revaluation<'a> {
    /// What `account` holds in `market`: positions, and balances of coins that are underlyings. Orders are left out;
    /// stablecoins stand still.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for something held without moves, moves of different lengths, or one that is no number
    /// above −1; [`MarginError`] for what cannot be priced.
    pub fn new(
        account: &Account,
        market: &'a Market,
        moves: &'a BTreeMap<Underlying, Moves>,
        rules: &'a ShockRules,
    ) -> Result<Self, MarginError> {
        let scenarios = checked(moves)?;
        let mut places: BTreeMap<Place, Vec<(&Instrument, &Priced, f64)>> = BTreeMap::new();
        for position in &account.portfolio.positions {
            let id = position.instrument;
            let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            let terms = instrument.terms();
            let place = (terms.underlying, instrument.expiry(), terms.quote, terms.settlement);
            places.entry(place).or_default().push((instrument, market.priced(id)?, float(position.quantity.0)));
        }
        let mut runs = Vec::with_capacity(places.len());
        for ((underlying, expiry, quote, settlement), mut contracts) in places {
            // Options stand together, and a call beside its put: they are one call of the kernel, and share their work.
            contracts.sort_by_key(|(instrument, _, _)| (instrument.strike().is_none(), instrument.strike()));
            let price = float(market.asset_price(settlement)?.value);
            let mut run = Run {
                moves: of(moves, underlying)?,
                state: ExpiryState {
                    years: years_left(market.snapshot().as_of, expiry),
                    rate: expiry.map_or(0.0, |expiry| market.view().rate(underlying, expiry)),
                    moving: expiry.map_or(1.0, |expiry| market.view().moving(underlying, expiry)),
                },
                quote,
                weights: contracts.iter().map(|(_, _, quantity)| quantity * price).collect(),
                contracts: contracts.into_iter().map(|(instrument, priced, _)| (instrument, priced)).collect(),
                in_coin: settlement == underlying.asset(),
                unmoved: Vec::new(),
            };
            let mut unmoved = vec![0.0; run.contracts.len()];
            worths(&run.contracts, &run.columns(&[0.0], &[0.0], rules).shocks(), &mut unmoved);
            run.unmoved = unmoved;
            runs.push(run);
        }
        let mut coins = Vec::new();
        for balance in &account.portfolio.balances {
            let (net, underlying) = (balance.net()?, balance.asset.underlying());
            let moving = market.snapshot().underlyings.contains_key(&underlying) && balance.asset != market.currency();
            if moving {
                coins
                    .push((of(moves, underlying)?, float(net.value) * float(market.asset_price(balance.asset)?.value)));
            }
        }
        Ok(Self { scenarios, rules, runs, coins })
    }

    /// How many scenarios there are.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        self.scenarios
    }

    /// What the portfolio gains in each scenario of a range, in the market's currency.
    ///
    /// # Panics
    /// When the range leaves [`Self::scenarios`].
    #[must_use]
    pub fn gains(&self, range: Range<usize>) -> Vec<f64> {
        let mut all = vec![0.0; range.len()];
        let most = self.runs.iter().map(|run| run.contracts.len()).max().unwrap_or(0);
        let mut room = vec![0.0; most * STRETCH];
        for (at, gains) in all.chunks_mut(STRETCH).enumerate() {
            let start = range.start + at * STRETCH;
            let stretch = start..start + gains.len();
            for (moves, worth) in &self.coins {
                for (gain, price) in gains.iter_mut().zip(&moves.price[stretch.clone()]) {
                    *gain += worth * price;
                }
            }
            for run in &self.runs {
                run.add(self.rules, stretch.clone(), &mut room, gains);
            }
        }
        all
    }
}

impl Run<'_> {
    fn columns(&self, price: &[f64], vol: &[f64], rules: &ShockRules) -> Columns {
        Columns::moved(price, vol, rules, self.quote, &self.state)
    }

    /// Adds the gains of a stretch.
    fn add(&self, rules: &ShockRules, stretch: Range<usize>, room: &mut [f64], gains: &mut [f64]) {
        let (price, count) = (&self.moves.price[stretch.clone()], stretch.len());
        let columns = self.columns(price, &self.moves.vol[stretch], rules);
        let room = &mut room[..self.contracts.len() * count];
        worths(&self.contracts, &columns.shocks(), room);
        for ((worths, weight), unmoved) in room.chunks_exact(count).zip(&self.weights).zip(&self.unmoved) {
            if self.in_coin {
                for ((gain, worth), price) in gains.iter_mut().zip(worths).zip(price) {
                    *gain += weight * (worth * (1.0 + price) - unmoved);
                }
            } else {
                for (gain, worth) in gains.iter_mut().zip(worths) {
                    *gain += weight * (worth - unmoved);
                }
            }
        }
    }
}

fn of(moves: &BTreeMap<Underlying, Moves>, underlying: Underlying) -> Result<&Moves, MarginError> {
    moves.get(&underlying).ok_or_else(|| refused(underlying, "expected moves of every underlying that is held"))
}

/// How many scenarios there are.
fn checked(moves: &BTreeMap<Underlying, Moves>) -> Result<usize, MarginError> {
    let count = moves.values().next().map_or(0, |moves| moves.price.len());
    for (underlying, moves) in moves {
        if moves.price.len() != count || moves.vol.len() != count {
            return Err(refused(
                *underlying,
                "expected as many moves of price and volatility as of the first underlying",
            ));
        }
        if !moves.price.iter().chain(&moves.vol).all(|by| by.is_finite() && *by > -1.0) {
            return Err(refused(*underlying, "expected moves above -1"));
        }
    }
    Ok(count)
}

fn refused(underlying: Underlying, why: &str) -> MarginError {
    MarginError::Unsupported { model: "revaluation", what: Arc::from(underlying.as_str()), why: why.to_owned() }
}

/// The bad end of many gains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Value at risk: the loss that is passed with a probability of at most 1 − the level.
    pub value_at_risk: f64,
    /// Expected shortfall: the mean of the losses from there on.
    pub expected_shortfall: f64,
}

/// The tail of `gains` at `level`, 0.99 for one; losses are positive. `None` for no gains, or a level that is not
/// between 0 and 1. The order of `gains` is lost.
///
/// # Source
/// Historical simulation: the mean of the ⌈n(1 − level)⌉ worst; `McNeil`, Frey and Embrechts, *Quantitative Risk Management*,
/// 2015, section 9.2.6.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a count between one and those there are"
)]
pub fn tail(gains: &mut [f64], level: f64) -> Option<Tail> {
    if gains.is_empty() || !(level > 0.0 && level < 1.0) {
        return None;
    }
    // A share of a count that ought to be whole is whole to a billionth.
    let count = ((gains.len() as f64 * (1.0 - level) - 1e-9).ceil() as usize).clamp(1, gains.len());
    let (worse, at, _) = gains.select_nth_unstable_by(count - 1, f64::total_cmp);
    let value_at_risk = -*at;
    // In one order, whatever order they were left in.
    worse.sort_unstable_by(f64::total_cmp);
    let sum: f64 = worse.iter().sum::<f64>() + *at;
    Some(Tail { value_at_risk, expected_shortfall: -sum / count as f64 })
}
