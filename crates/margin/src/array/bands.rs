//! What a lot of every row gains, in floats: some rows after the other, before anything is counted.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{Asset, Timestamp};
use plimsoll_numerics::{Kernel, dispatch};
use plimsoll_pricing::float::{Floats, float};
use plimsoll_pricing::instruments::{Instrument, Priced, worths};

use super::{Counted, Row, RowKey, TableSpec};
use crate::MarginError;
use crate::scenario::{Columns, ExpiryState, Scenario, ShockRules, Skew, asset_growth, years_left};

/// Rows that are revalued at a time, so that what passes through floats stays near.
const BAND: usize = 64;

/// Gives to `take`, a band of rows after the other, what one lot gains in every scenario, in the market's currency, or
/// what a contract is worth, whichever the table counts; whether a row moves is noted with it.
pub(super) fn each_band(
    spec: &TableSpec<'_>,
    rows: &mut [Row],
    mut take: impl FnMut(&[f64]),
) -> Result<(), MarginError> {
    let mut bands = Bands::new(spec);
    for run in rows.chunk_by_mut(|left, right| left.expiry == right.expiry) {
        let mut expiry = Expiry::new(spec, run[0].expiry);
        for band in run.chunks_mut(BAND) {
            bands.revalue(band, &mut expiry)?;
            for (row, cells) in band.iter_mut().zip(bands.cells.chunks_exact(spec.scenarios.len().max(1))) {
                row.moves = cells.iter().any(|cell| *cell != 0.0);
            }
            take(&bands.cells);
        }
    }
    Ok(())
}

/// What all bands share, and the band at hand.
struct Bands<'a> {
    spec: &'a TableSpec<'a>,
    /// The unshocked market is priced by the same formula in a column of its own, in front, so that a scenario in which
    /// nothing moves gives exactly nothing.
    with_base: Vec<Scenario>,
    damping: Vec<f64>,
    assets: Vec<AssetMoves>,
    /// Worths of the band's contracts, a row of `with_base` each.
    worths: Vec<f64>,
    /// What came out, a row of scenarios each.
    cells: Vec<f64>,
}

/// An asset's price now, and in every scenario as a multiple of that.
struct AssetMoves {
    asset: Asset,
    price: f64,
    growth: Vec<f64>,
}

/// What contracts of one expiry share.
struct Expiry {
    state: ExpiryState,
    /// Scenarios as they reach it, by what is quoted in which asset.
    columns: BTreeMap<Asset, Columns>,
}

impl Expiry {
    fn new(spec: &TableSpec<'_>, expiry: Option<Timestamp>) -> Self {
        let (market, underlying) = (spec.market, spec.underlying);
        let state = ExpiryState {
            years: years_left(market.snapshot().as_of, expiry),
            rate: expiry.map_or(0.0, |expiry| market.view().rate(underlying, expiry)),
            moving: expiry.map_or(1.0, |expiry| market.view().moving(underlying, expiry)),
        };
        Self { state, columns: BTreeMap::new() }
    }

    /// Scenarios as they reach what is quoted in `quote`.
    fn columns(&mut self, quote: Asset, scenarios: &[Scenario], rules: &ShockRules) -> (&Columns, &ExpiryState) {
        let Self { state, columns } = self;
        (columns.entry(quote).or_insert_with(|| Columns::new(scenarios, rules, quote, state)), state)
    }
}

impl<'a> Bands<'a> {
    fn new(spec: &'a TableSpec<'a>) -> Self {
        Self {
            spec,
            with_base: std::iter::once(Scenario::unshocked()).chain(spec.scenarios.iter().cloned()).collect(),
            damping: spec.scenarios.iter().map(|scenario| float(scenario.damping)).collect(),
            assets: Vec::new(),
            worths: Vec::new(),
            cells: Vec::new(),
        }
    }

    fn revalue(&mut self, band: &[Row], expiry: &mut Expiry) -> Result<(), MarginError> {
        let contracts = contracts(self.spec, band)?;
        self.revalue_contracts(&contracts, expiry);
        let width = self.with_base.len();
        let of_contracts = self.worths.chunks_exact(width);
        if self.spec.counted == Counted::WorthPerContract {
            self.cells.clear();
            self.cells.extend(of_contracts.flat_map(|worths| &worths[1..]));
            return Ok(());
        }
        self.cells.resize(band.len() * self.spec.scenarios.len(), 0.0);
        let unmoved = vec![1.0; width];
        let mut of_contracts = contracts.iter().zip(of_contracts);
        let mut lots = Floats::default();
        for (row, cells) in band.iter().zip(self.cells.chunks_exact_mut(self.spec.scenarios.len().max(1))) {
            let (asset, worths) = match row.key {
                RowKey::Asset(asset) => (asset, unmoved.as_slice()),
                RowKey::Instrument(_) => match of_contracts.next() {
                    Some(((instrument, _), worths)) => (instrument.terms().settlement, worths),
                    None => continue,
                },
            };
            let moves = asset_moves(self.spec, &mut self.assets, asset)?;
            let lot_price = moves.price * lots.of(row.lot);
            dispatch(Pnl { worths, growth: &moves.growth, damping: &self.damping, lot_price, cells });
        }
        Ok(())
    }

    /// Worths of contracts of one expiry in every scenario; what shares a quote is revalued in one call.
    fn revalue_contracts(&mut self, contracts: &[(&Instrument, &Priced)], expiry: &mut Expiry) {
        let Self { spec, with_base, worths: all, .. } = self;
        let width = with_base.len();
        // Every one of them is written.
        all.resize(contracts.len() * width, 0.0);
        let Some((first, _)) = contracts.first() else { return };
        let quote = |contract: &(&Instrument, &Priced)| contract.0.terms().quote;
        if contracts.iter().all(|contract| quote(contract) == first.terms().quote) {
            let (columns, state) = expiry.columns(first.terms().quote, with_base, spec.rules);
            return revalue_run(spec, contracts, with_base, columns, state, all);
        }
        let quotes: BTreeSet<Asset> = contracts.iter().map(quote).collect();
        for of in quotes {
            let (columns, state) = expiry.columns(of, with_base, spec.rules);
            let of_quote = |at: &usize| quote(&contracts[*at]) == of;
            let places: Vec<usize> = (0..contracts.len()).filter(of_quote).collect();
            let same: Vec<_> = places.iter().map(|at| contracts[*at]).collect();
            let mut rows = vec![0.0; places.len() * width];
            revalue_run(spec, &same, with_base, columns, state, &mut rows);
            for (at, row) in places.iter().zip(rows.chunks_exact(width)) {
                all[at * width..][..width].copy_from_slice(row);
            }
        }
    }
}

/// Worths of contracts that share an expiry and a quote, row-major.
fn revalue_run(
    spec: &TableSpec<'_>,
    run: &[(&Instrument, &Priced)],
    with_base: &[Scenario],
    columns: &Columns,
    state: &ExpiryState,
    rows: &mut [f64],
) {
    worths(run, &columns.shocks(), rows);
    if with_base.iter().any(|scenario| scenario.skew != Skew::Still) {
        for (contract, row) in run.iter().zip(rows.chunks_exact_mut(with_base.len())) {
            turn(spec, *contract, with_base, columns, state, row);
        }
    }
}

/// P&L of one lot from the worths of a contract, of which the first is that of now.
struct Pnl<'a> {
    worths: &'a [f64],
    growth: &'a [f64],
    damping: &'a [f64],
    lot_price: f64,
    cells: &'a mut [f64],
}

impl Kernel for Pnl<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let count = self.cells.len();
        // Sliced to `count` from one on, so that no bound is left to look at in the loop.
        let (now, shocked) = (self.worths[0], &self.worths[1..][..count]);
        let (growth, damping) = (&self.growth[..count], &self.damping[..count]);
        for (s, cell) in self.cells.iter_mut().enumerate() {
            *cell = (shocked[s] * growth[s] - now) * self.lot_price * damping[s];
        }
    }
}

fn asset_moves<'m>(
    spec: &TableSpec<'_>,
    known: &'m mut Vec<AssetMoves>,
    asset: Asset,
) -> Result<&'m AssetMoves, MarginError> {
    let at = match known.iter().position(|moves| moves.asset == asset) {
        Some(at) => at,
        None => {
            let growth = spec.scenarios.iter().map(|scenario| asset_growth(scenario, asset, spec.coin)).collect();
            known.push(AssetMoves { asset, price: float(spec.market.asset_price(asset)?.value), growth });
            known.len() - 1
        }
    };
    Ok(&known[at])
}

/// The worths of one contract where the smile turns, which is by strike.
fn turn(
    spec: &TableSpec<'_>,
    (instrument, priced): (&Instrument, &Priced),
    with_base: &[Scenario],
    columns: &Columns,
    state: &ExpiryState,
    worth: &mut [f64],
) {
    let (Some(strike), Some(years)) = (instrument.strike(), state.years) else { return };
    let factor = |scenario: &Scenario| spec.rules.skew.factor(scenario.skew, float(strike), priced.forward, years);
    let columns = columns.clone().turned(with_base.iter().map(factor));
    let mut turned = vec![0.0; worth.len()];
    worths(&[(instrument, priced)], &columns.shocks(), &mut turned);
    for ((worth, turned), scenario) in worth.iter_mut().zip(turned).zip(with_base) {
        if scenario.skew != Skew::Still {
            *worth = turned;
        }
    }
}

/// The contracts among `rows`, priced.
fn contracts<'a>(spec: &TableSpec<'a>, rows: &[Row]) -> Result<Vec<(&'a Instrument, &'a Priced)>, MarginError> {
    let contract = |row: &Row| match row.key {
        RowKey::Asset(_) => None,
        RowKey::Instrument(id) => Some(id),
    };
    let mut all = Vec::with_capacity(rows.len());
    for id in rows.iter().filter_map(contract) {
        let instrument = spec.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        all.push((instrument, spec.market.priced(id)?));
    }
    Ok(all)
}
