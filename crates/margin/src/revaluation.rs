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

use plimsoll_core::{Asset, Timestamp, Underlying};
use plimsoll_numerics::{Kernel, dispatch, ln};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::{Instrument, Priced, worths};
use plimsoll_pricing::market::Market;

use crate::equity::net_assets;
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
    by_underlying: Vec<Exposed<'a>>,
}

/// What of it moves with one underlying.
struct Exposed<'a> {
    moves: &'a Moves,
    runs: Vec<Run<'a>>,
    /// What its coins are worth, P&L paid in them included: in the market's currency, negative where owed.
    coins: f64,
}

/// Contracts of one expiry that share a quote and a settlement asset.
struct Run<'a> {
    contracts: Vec<(&'a Instrument, &'a Priced)>,
    /// What one unit of a contract's worth is to the portfolio: quantity × price of the settlement asset.
    weights: Vec<f64>,
    /// Whether the settlement asset moves with the underlying.
    in_coin: bool,
    /// Columns in which nothing moves, a stretch of them.
    still: Columns,
    /// Worths there.
    unmoved: Vec<f64>,
    /// What of a move of volatility and of the price reaches the expiry.
    term: f64,
    moving: f64,
}

/// What contracts of one run share beside their underlying.
type Place = (Option<Timestamp>, Asset, Asset);
/// A position: contract, price, signed quantity.
type Position<'a> = (&'a Instrument, &'a Priced, f64);

/// Scenarios that are worked on together.
const STRETCH: usize = 256;

impl<'a> Revaluation<'a> {
    /// What `account` holds in `market`: positions, and coins that are underlyings, what is gained and lost in them
    /// included. Orders are left out; stablecoins stand still.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for something held without moves, moves of different lengths, one that is no number
    /// above −1, and a contract that is paid or quoted in another coin; [`MarginError`] for what cannot be priced.
    pub fn new(
        account: &Account,
        market: &'a Market,
        moves: &'a BTreeMap<Underlying, Moves>,
        rules: &ShockRules,
    ) -> Result<Self, MarginError> {
        let scenarios = checked(moves)?;
        let mut places: BTreeMap<Underlying, BTreeMap<Place, Vec<Position<'_>>>> = BTreeMap::new();
        for position in &account.portfolio.positions {
            let id = position.instrument;
            let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            if instrument.only_moves_balances() {
                continue;
            }
            let terms = instrument.terms();
            let own = terms.underlying.asset();
            if [terms.quote, terms.settlement].into_iter().any(|asset| asset != own && is_coin(market, asset)) {
                let why = "expected a contract quoted and paid in its own coin or in what stands still";
                return Err(refused(&terms.name, why));
            }
            let place = (instrument.expiry(), terms.quote, terms.settlement);
            let position = (instrument, market.priced(id)?, float(position.quantity.0));
            places.entry(terms.underlying).or_default().entry(place).or_default().push(position);
        }
        let mut coins = BTreeMap::new();
        for net in net_assets(&account.portfolio, market)? {
            if is_coin(market, net.asset) {
                coins.insert(net.asset.underlying(), float(net.balance()?) * float(net.price.value));
                places.entry(net.asset.underlying()).or_default();
            }
        }
        let mut by_underlying = Vec::with_capacity(places.len());
        for (underlying, places) in places {
            let why = "expected moves of every underlying that is held";
            let moves = moves.get(&underlying).ok_or_else(|| refused(underlying.as_str(), why))?;
            let runs = places.into_iter().map(|(place, held)| Run::new(market, underlying, place, held, rules));
            let coins = coins.get(&underlying).copied().unwrap_or_default();
            by_underlying.push(Exposed { moves, runs: runs.collect::<Result<_, _>>()?, coins });
        }
        Ok(Self { scenarios, by_underlying })
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
        for of in &self.by_underlying {
            let most = of.runs.iter().map(|run| run.contracts.len()).max().unwrap_or(0);
            let mut room = vec![0.0; most * STRETCH];
            let mut columns: Vec<Columns> = of.runs.iter().map(|run| run.still.clone()).collect();
            for (at, gains) in all.chunks_mut(STRETCH).enumerate() {
                let start = range.start + at * STRETCH;
                let stretch = start..start + gains.len();
                let (price, vol) = (&of.moves.price[stretch.clone()], &of.moves.vol[stretch]);
                let (mut spot, mut logs) = ([1.0; STRETCH], [0.0; STRETCH]);
                dispatch(Grown { price, spot: &mut spot, logs: &mut logs });
                let (spot, logs) = (&spot[..gains.len()], &logs[..gains.len()]);
                for (gain, price) in gains.iter_mut().zip(price) {
                    *gain += of.coins * price;
                }
                for (run, columns) in of.runs.iter().zip(&mut columns) {
                    columns.move_to(spot, logs, vol, run.term, run.moving);
                    let room = &mut room[..run.contracts.len() * gains.len()];
                    worths(&run.contracts, &columns.shocks(), room);
                    run.add(room, spot, gains);
                }
            }
        }
        all
    }
}

/// Prices as multiples of now, and their logarithms.
struct Grown<'a> {
    price: &'a [f64],
    spot: &'a mut [f64; STRETCH],
    logs: &'a mut [f64; STRETCH],
}

impl Kernel for Grown<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (spot, by) in self.spot.iter_mut().zip(self.price) {
            *spot = 1.0 + by;
        }
        for at in 0..STRETCH {
            self.logs[at] = ln(self.spot[at]);
        }
    }
}

impl<'a> Run<'a> {
    fn new(
        market: &Market,
        underlying: Underlying,
        (expiry, quote, settlement): Place,
        mut held: Vec<Position<'a>>,
        rules: &ShockRules,
    ) -> Result<Self, MarginError> {
        // Options stand together, and a call beside its put: they are one call of the kernel, and share their work.
        held.sort_by_key(|(instrument, _, _)| (instrument.strike().is_none(), instrument.strike()));
        let state = ExpiryState {
            years: years_left(market.snapshot().as_of, expiry),
            rate: expiry.map_or(0.0, |expiry| market.view().rate(underlying, expiry)),
            moving: expiry.map_or(1.0, |expiry| market.view().moving(underlying, expiry)),
        };
        let price = float(market.asset_price(settlement)?.value);
        let weights = held.iter().map(|(_, _, quantity)| quantity * price).collect();
        let contracts: Vec<_> = held.into_iter().map(|(instrument, priced, _)| (instrument, priced)).collect();
        let mut unmoved = vec![0.0; contracts.len()];
        worths(&contracts, &Columns::still(1, rules, quote, &state).shocks(), &mut unmoved);
        let (still, term) = (Columns::still(STRETCH, rules, quote, &state), rules.term_of(&state));
        let in_coin = settlement == underlying.asset();
        Ok(Self { contracts, weights, in_coin, still, unmoved, term, moving: state.moving })
    }

    /// Adds what worths of a stretch gain.
    fn add(&self, worths: &[f64], spot: &[f64], gains: &mut [f64]) {
        for ((worths, weight), unmoved) in worths.chunks_exact(gains.len()).zip(&self.weights).zip(&self.unmoved) {
            if self.in_coin {
                for ((gain, worth), spot) in gains.iter_mut().zip(worths).zip(spot) {
                    *gain += weight * (worth * spot - unmoved);
                }
            } else {
                for (gain, worth) in gains.iter_mut().zip(worths) {
                    *gain += weight * (worth - unmoved);
                }
            }
        }
    }
}

/// Whether its price moves with an underlying's.
fn is_coin(market: &Market, asset: Asset) -> bool {
    asset != market.currency() && market.snapshot().underlyings.contains_key(&asset.underlying())
}

/// How many scenarios there are.
fn checked(moves: &BTreeMap<Underlying, Moves>) -> Result<usize, MarginError> {
    let count = moves.values().next().map_or(0, |moves| moves.price.len());
    for (underlying, moves) in moves {
        if moves.price.len() != count || moves.vol.len() != count {
            return Err(refused(
                underlying.as_str(),
                "expected as many moves of price and volatility as of the first underlying",
            ));
        }
        if !moves.price.iter().chain(&moves.vol).all(|by| by.is_finite() && *by > -1.0) {
            return Err(refused(underlying.as_str(), "expected moves above -1"));
        }
    }
    Ok(count)
}

fn refused(what: &str, why: &str) -> MarginError {
    MarginError::Unsupported { model: "a revaluation", what: what.into(), why: why.to_owned() }
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
