//! An account's positions by pair of base and settlement asset, and their vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::contingencies::{Contingencies, Sizes};
use super::matrix::{Future, Grid, RiskVectors};
use super::parameters::DeribitPortfolioParameters;
use super::shocks::{ShockRules, settling_delta};
use super::unsupported;
use crate::MarginError;
use crate::array::{Counted, Holding, RowKey, Table, TableSpec, fine_lots};
use crate::models::Held;
use crate::positions::NetPosition;
use crate::scenario::{Scenario, years_left};

/// A base and what its contracts are settled in.
pub(super) type Pair = (Underlying, Asset);

/// The last minutes of an expiry, over which it settles.
const WINDOW_MINUTES: i64 = 30;

/// One pair in one market.
pub(super) struct Prepared {
    pub(super) grid: Grid,
    pub(super) shocks: ShockRules,
    /// What one of the settlement asset is worth in money.
    pub(super) price: Decimal,
    contingencies: Contingencies,
    /// One coin in the settlement asset.
    coin: Decimal,
    /// Options, unshocked and under every move.
    table: Table,
    /// By the options' rows: the net delta of one contract.
    deltas: Vec<Decimal>,
    /// What is known of expiries.
    expiries: BTreeMap<Option<Timestamp>, Expiry>,
    /// What the dampener leaves out of the extended moves.
    left_out: Vec<Decimal>,
}

#[derive(Clone, Copy)]
struct Expiry {
    left: Left,
    /// How far it moves against the others.
    roll: Decimal,
}

/// What holdings of a pair gain in every move, and their net delta by expiry, in the settlement asset.
pub(super) struct Exposure {
    vectors: RiskVectors,
    /// Expiry by expiry, in their order.
    deltas: Vec<(Option<Timestamp>, Decimal)>,
}

/// The worst that open orders of a pair can do, each deciding alone.
#[derive(Default)]
pub(super) struct Fills {
    /// Σ min(0, what an order would gain), move by move.
    vectors: RiskVectors,
    /// The most they could add to an expiry's delta, and take from it.
    added: BTreeMap<Option<Timestamp>, Decimal>,
    taken: BTreeMap<Option<Timestamp>, Decimal>,
}

/// A pair's figures, in its settlement asset.
pub(super) struct PairRisk {
    /// Before scaling.
    pub(super) pre_aggregated: RiskVectors,
    /// As it is added to other pairs'.
    pub(super) aggregated: RiskVectors,
    /// Roll shocks by expiry.
    pub(super) roll: Vec<(Option<Timestamp>, Decimal)>,
    /// Delta shock.
    pub(super) delta_shock: Decimal,
    /// What older rulebooks add.
    pub(super) contingencies: Decimal,
}

/// Share of an expiry's figures that is still to be fixed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Left {
    /// Of futures and of deltas.
    size: Decimal,
    /// Of options' P&L in the table.
    options: Decimal,
}

/// Prepares every pair that `held` has contracts of.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn prepare(
    market: &Market,
    held: &Held,
    p: &DeribitPortfolioParameters,
) -> Result<BTreeMap<Pair, Prepared>, MarginError> {
    let mut keys: BTreeMap<Pair, (Vec<RowKey>, BTreeSet<Option<Timestamp>>)> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
        if supported(instrument).is_ok() && !instrument.only_moves_balances() {
            let terms = instrument.terms();
            let (of_pair, expiries) = keys.entry((terms.underlying, terms.settlement)).or_default();
            expiries.insert(instrument.expiry());
            if instrument.strike().is_some() {
                of_pair.push(RowKey::Instrument(*id));
            }
        }
    }
    let mut all = BTreeMap::new();
    for (pair, (keys, expiries)) in keys {
        all.insert(pair, one(market, pair, &keys, expiries, p)?);
    }
    Ok(all)
}

/// Refuses what the venue does not list: quantos, everlasting options, options margined like futures.
pub(super) fn supported(instrument: &Instrument) -> Result<(), MarginError> {
    let quanto = matches!(instrument.style(), Style::Quanto { .. });
    let option = instrument.strike().is_some();
    if quanto || (option && (instrument.expiry().is_none() || !instrument.is_paid_when_bought())) {
        return Err(unsupported(
            instrument,
            "expected a linear or inverse future or perpetual, or a dated option whose premium is paid",
        ));
    }
    Ok(())
}

fn one(
    market: &Market,
    (coin, settlement): Pair,
    keys: &[RowKey],
    expiries: BTreeSet<Option<Timestamp>>,
    p: &DeribitPortfolioParameters,
) -> Result<Prepared, MarginError> {
    let grid = p.grid(coin, settlement);
    let spec = TableSpec {
        market,
        underlying: coin,
        coin: None,
        scenarios: scenarios(&grid, p)?,
        rules: &p.vega_powers,
        grain: Decimal::new(1, 12),
        balance_lot: &|_| Decimal::ONE,
        counted: Counted::WorthPerContract,
    };
    let table = Table::build(&spec, keys)?;
    let deltas = table.rows().iter().map(|row| delta_of_one(market, row.key)).collect::<Result<_, _>>()?;
    let price = market.asset_price(settlement)?.value;
    let in_coin = settlement == coin.asset();
    let one_coin = if in_coin { Decimal::ONE } else { market.index_in(coin, settlement)?.value };
    let shocks = p.shocks(coin, settlement, one_coin)?;
    let mut known = BTreeMap::new();
    for expiry in expiries {
        let years = years_left(market.snapshot().as_of, expiry).unwrap_or(0.0);
        let roll = shocks.roll_move(decimal(years, Decimal::PLACES)?)?;
        known.insert(expiry, Expiry { left: left(market, coin, expiry)?, roll });
    }
    Ok(Prepared {
        shocks,
        price,
        contingencies: p.contingencies(),
        coin: one_coin,
        table,
        deltas,
        expiries: known,
        left_out: grid.left_out(price)?,
        grid,
    })
}

/// Net delta of one option: coins, or of a linear one the currency that they are worth.
fn delta_of_one(market: &Market, key: RowKey) -> Result<Decimal, MarginError> {
    let RowKey::Instrument(id) = key else { return Ok(Decimal::ZERO) };
    let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
    let priced = market.priced(id)?;
    let greeks = instrument.greeks(priced);
    let inverse = instrument.style() == Style::Inverse;
    let of_one = if inverse { greeks.delta_net } else { greeks.delta * priced.forward };
    decimal(of_one, Decimal::PLACES).map_err(MarginError::of(instrument))
}

/// Unshocked, the buckets by volatility, and beyond the range.
fn scenarios(grid: &Grid, p: &DeribitPortfolioParameters) -> Result<Arc<[Scenario]>, MarginError> {
    let up = |by| Scenario {
        vol_floor: p.min_volatility_for_shock_up,
        ..Scenario::price_and_vol(by, p.volatility_range_up)
    };
    let mut all = vec![Scenario::unshocked()];
    for by in grid.moves()? {
        let same = Scenario::price_and_vol(by, Decimal::ZERO);
        all.extend([up(by), same, Scenario::price_and_vol(by, p.volatility_range_down.negated())]);
    }
    all.extend(grid.extended.iter().map(|by| up(*by)));
    Ok(all.into())
}

impl Prepared {
    /// The names of the moves, in the order of the vectors.
    pub(super) fn scenario(&self, at: usize) -> &Scenario {
        &self.table.scenarios()[1 + at]
    }

    /// What `held`, all of this pair, gains and how it leans; nothing held gains nothing in every move.
    pub(super) fn exposure(&self, market: &Market, held: &[NetPosition<'_>]) -> Result<Exposure, MarginError> {
        let (mut deltas, mut futures) = (Vec::with_capacity(held.len()), Vec::new());
        // Options of expiries of which as much is left are summed together: before the last minutes, all.
        let mut options: Vec<(Decimal, Vec<Holding>)> = Vec::new();
        for run in held.chunk_by(|left, right| left.instrument.expiry() == right.instrument.expiry()) {
            let expiry = run[0].instrument.expiry();
            let Left { size, options: left } = self.expiry(expiry, &run[0])?.left;
            let mut delta = Decimal::ZERO;
            for position in run {
                if position.instrument.strike().is_none() {
                    let future = self.future(market, position, size)?;
                    delta = delta.plus(future.delta()?)?;
                    futures.push(future);
                    continue;
                }
                let holding = self.holding(position)?;
                let of_one = self.deltas[holding.row].times(position.quantity, Rounding::HalfEven)?;
                delta = delta.plus(of_one.times(size, Rounding::HalfEven)?)?;
                match options.iter_mut().find(|(known, _)| *known == left) {
                    Some((_, holdings)) => holdings.push(holding),
                    None => {
                        let mut holdings = Vec::with_capacity(held.len());
                        holdings.push(holding);
                        options.push((left, holdings));
                    }
                }
            }
            deltas.push((expiry, delta));
        }
        let inverse = held.iter().any(|position| position.instrument.style() == Style::Inverse);
        let mut vectors = self.grid.futures(&futures)?;
        for (left, holdings) in options {
            vectors.add(&self.options(&holdings, left, inverse)?)?;
        }
        Ok(Exposure { vectors, deltas })
    }

    fn expiry(&self, expiry: Option<Timestamp>, of: &NetPosition<'_>) -> Result<&Expiry, MarginError> {
        self.expiries.get(&expiry).ok_or_else(MarginError::unknown(of.id))
    }

    fn holding(&self, position: &NetPosition<'_>) -> Result<Holding, MarginError> {
        let NetPosition { id, instrument, quantity, .. } = *position;
        let row = self.table.row_of(RowKey::Instrument(id)).ok_or_else(MarginError::unknown(id))?;
        Ok(Holding { row, lots: fine_lots(quantity, instrument.terms().underlying)? })
    }

    /// A future of which `left` is still to be fixed.
    fn future(&self, market: &Market, position: &NetPosition<'_>, left: Decimal) -> Result<Future, MarginError> {
        let size = coins(market, position)?.times(left, Rounding::HalfEven)?;
        let inverse = position.instrument.style() == Style::Inverse;
        Ok(Future { size, mark: market.priced(position.id)?.mark.value, inverse })
    }

    /// The worst of `orders`, each as what it would add to what is held.
    pub(super) fn fills(&self, market: &Market, orders: &[NetPosition<'_>]) -> Result<Fills, MarginError> {
        let mut fills = Fills::default();
        for order in orders {
            let alone = self.exposure(market, std::slice::from_ref(order))?;
            fills.vectors.add(&alone.vectors.losses())?;
            for (expiry, delta) in alone.deltas {
                let side = if delta.signum() > 0 { &mut fills.added } else { &mut fills.taken };
                let sum = side.entry(expiry).or_default();
                *sum = sum.plus(delta)?;
            }
        }
        Ok(fills)
    }

    /// The figures of what is held and what may be filled.
    pub(super) fn risk(
        &self,
        market: &Market,
        held: &[NetPosition<'_>],
        exposure: &Exposure,
        fills: &Fills,
    ) -> Result<PairRisk, MarginError> {
        let mut vectors = exposure.vectors.clone();
        vectors.add(&fills.vectors)?;
        let mut expiries: Vec<Option<Timestamp>> = exposure
            .deltas
            .iter()
            .map(|(expiry, _)| expiry)
            .chain(fills.added.keys())
            .chain(fills.taken.keys())
            .copied()
            .collect();
        expiries.sort_unstable();
        expiries.dedup();
        let mut roll = Vec::with_capacity(expiries.len());
        let (mut least, mut most) = (Decimal::ZERO, Decimal::ZERO);
        for expiry in expiries {
            let of = |deltas: &BTreeMap<_, Decimal>| deltas.get(&expiry).copied().unwrap_or_default();
            let held = exposure.deltas.iter().find(|(of, _)| *of == expiry).map_or(Decimal::ZERO, |(_, delta)| *delta);
            let (low, high) = (held.plus(of(&fills.taken))?, held.plus(of(&fills.added))?);
            let by = self.expiries.get(&expiry).map_or(self.shocks.minimum_move, |known| known.roll);
            roll.push((expiry, wider(low, high).abs().times(by, Rounding::Up)?));
            (least, most) = (least.plus(low)?, most.plus(high)?);
        }
        let aggregated = self.grid.scaled(&vectors, &self.left_out)?;
        let delta_shock = self.shocks.delta(wider(least, most), self.price)?;
        let contingencies = self.contingencies(market, held)?;
        Ok(PairRisk { pre_aggregated: vectors, aggregated, roll, delta_shock, contingencies })
    }

    /// What is held, instrument by instrument, over the matrix.
    pub(super) fn vectors(&self, market: &Market, position: &NetPosition<'_>) -> Result<RiskVectors, MarginError> {
        Ok(self.exposure(market, std::slice::from_ref(position))?.vectors)
    }

    /// Vectors of options.
    fn options(&self, holdings: &[Holding], left: Decimal, inverse: bool) -> Result<RiskVectors, MarginError> {
        let sums = self.table.sums(holdings, 0..self.table.scenarios().len());
        let worth = |at: usize| self.table.loss(-sums[at]);
        let now = worth(0)?;
        let standard = self.grid.standard();
        let pnl = |at: usize| worth(1 + at)?.minus(now)?.times(left, Rounding::HalfEven);
        let mut vectors = RiskVectors {
            standard: Vec::with_capacity(standard),
            extended: Vec::with_capacity(self.grid.extended.len()),
        };
        for at in 0..standard {
            vectors.standard.push(pnl(at)?);
        }
        for (at, by) in self.grid.extended.iter().enumerate() {
            vectors.extended.push(self.grid.beyond(pnl(standard + at)?, *by, inverse)?);
        }
        Ok(vectors)
    }

    /// What the contingencies of older rulebooks come to.
    fn contingencies(&self, market: &Market, held: &[NetPosition<'_>]) -> Result<Decimal, MarginError> {
        if self.contingencies.is_none() {
            return Ok(Decimal::ZERO);
        }
        let options = crate::sizes::Sizes::of(held)?;
        let mut sizes = Sizes { naked_short: options.naked_short()?, ..Sizes::default() };
        for expiry in options.options.values() {
            sizes.options = sizes.options.plus(expiry.gross)?;
        }
        let mut vegas: BTreeMap<Option<Timestamp>, Decimal> = BTreeMap::new();
        for position in held {
            let NetPosition { id, instrument, quantity, .. } = *position;
            if instrument.strike().is_none() {
                let coins = coins(market, position)?;
                sizes.futures_long = sizes.futures_long.plus(coins.or_zero())?;
                sizes.futures_short = sizes.futures_short.plus(coins.negated().or_zero())?;
                continue;
            }
            let vega = instrument.greeks(market.priced(id)?).in_settlement.vega;
            let vega = decimal(vega, Decimal::PLACES).map_err(MarginError::of(instrument))?;
            let of_expiry = vegas.entry(instrument.expiry()).or_default();
            *of_expiry = of_expiry.plus(vega.times(quantity, Rounding::HalfEven)?)?;
        }
        // Sizes are coins; vega is of the settlement asset, in which the charge is.
        let vega = Contingencies { vega: self.contingencies.vega, ..Contingencies::default() };
        let others = Contingencies { vega: Decimal::ZERO, ..self.contingencies };
        for of_expiry in vegas.into_values() {
            sizes.vega_long = sizes.vega_long.plus(of_expiry.or_zero())?;
            sizes.vega_short = sizes.vega_short.plus(of_expiry.negated().or_zero())?;
        }
        Ok(others.charge(&sizes)?.times(self.coin, Rounding::Up)?.plus(vega.charge(&sizes)?)?)
    }
}

/// How much of an expiry is still to be fixed: what the market says of its forward, else what is left of the window in
/// which it settles.
fn left(market: &Market, underlying: Underlying, expiry: Option<Timestamp>) -> Result<Left, MarginError> {
    let Some(at) = expiry else { return Ok(Left { size: Decimal::ONE, options: Decimal::ONE }) };
    let moving = market.view().moving(underlying, at);
    if moving < 1.0 {
        // The table has moved the rest of the forward alone.
        return Ok(Left { size: decimal(moving, Decimal::PLACES)?, options: Decimal::ONE });
    }
    let window = Decimal::from_int(WINDOW_MINUTES);
    let (left, _) = settling_delta(Decimal::ONE, Decimal::ZERO, elapsed_minutes(market, expiry)?, window)?;
    Ok(Left { size: left, options: left })
}

/// Coins that a future stands for, negative where short: of an inverse one, its size ÷ its mark.
pub(super) fn coins(market: &Market, position: &NetPosition<'_>) -> Result<Decimal, MarginError> {
    Ok(match position.instrument.style() {
        Style::Inverse => position.size.over(market.priced(position.id)?.mark.value, Rounding::HalfEven)?,
        _ => position.size,
    })
}

/// The one further from zero.
fn wider(left: Decimal, right: Decimal) -> Decimal {
    if left.abs() >= right.abs() { left } else { right }
}

/// Minutes gone of the window in which an expiry settles; none before it.
fn elapsed_minutes(market: &Market, expiry: Option<Timestamp>) -> Result<Decimal, MarginError> {
    let Some(years) = years_left(market.snapshot().as_of, expiry) else { return Ok(Decimal::ZERO) };
    let minutes = decimal((years * 365.0 * 1_440.0).max(0.0), Decimal::PLACES)?;
    Ok(Decimal::from_int(WINDOW_MINUTES).minus(minutes)?.or_zero())
}
