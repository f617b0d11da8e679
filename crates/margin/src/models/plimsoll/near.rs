//! Nodes between the nodes: a short-dated option lives between two nodes of the grid, so its
//! strike gets nodes of its own.
//!
//! An option whose one-deviation move σ√T is much shorter than a grid step is nearly its payoff: a
//! kink at the strike, which a parabola through the grid's nodes cannot see. Around the strike the
//! book is looked at where the forward is K(1 + jσ√T), j = −2 … 2, in every volatility row. An
//! everlasting option's kink is as wide as that of a dated one half its funding period from expiry. An
//! account is judged at the strikes it holds; what it loses there counts in the grid cells beside, so
//! that joint moves see it too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use plimsoll_core::{Decimal, InstrumentId, NumberError, Rounding, Timestamp};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::market::Market;

use super::parameters::PlimsollParameters;
use super::scenarios::{ScenarioSet, VolRow};
use crate::MarginError;
use crate::array::{RowKey, Table, TableSpec};
use crate::scenario::Scenario;

/// An expiry, where there is one, and a strike.
type Strike = (Option<Timestamp>, Decimal);

/// The table of nodes near held strikes.
#[derive(Clone, Debug)]
pub(super) struct Near {
    pub(super) table: Table,
    beside: Vec<Vec<Option<usize>>>,
    strikes: BTreeMap<InstrumentId, Strike>,
    columns: BTreeMap<Strike, Range<usize>>,
}

/// Distances from the strike that are looked at, in deviations.
const DEVIATIONS: [f64; 5] = [-2.0, -1.0, 0.0, 1.0, 2.0];
/// Moves are rounded to a millionth: far finer than the nodes are apart.
const MOVE_PLACES: u32 = 6;

impl Near {
    /// The nodes for the instruments in `keys`; `None` when none of them is short-dated.
    ///
    /// # Errors
    /// [`MarginError`] as [`Table::build`].
    pub(super) fn build(
        spec: &TableSpec<'_>,
        keys: &[RowKey],
        parameters: &PlimsollParameters,
        set: &ScenarioSet,
    ) -> Result<Option<Self>, MarginError> {
        let range = *parameters.price_range.of(spec.underlying.as_str());
        let longest = float(parameters.near_strike) * float(range) / float(parameters.price_steps);
        let mut strikes = BTreeMap::new();
        let mut moves: BTreeMap<Strike, BTreeSet<Decimal>> = BTreeMap::new();
        for key in keys {
            let RowKey::Instrument(id) = *key else { continue };
            let Some((strike, forward, deviation)) = short_dated(spec.market, id, longest)? else { continue };
            strikes.insert(id, strike);
            let nodes = moves.entry(strike).or_default();
            for deviations in DEVIATIONS {
                let to = float(strike.1) / forward * (1.0 + deviations * deviation) - 1.0;
                if to.abs() <= float(range) {
                    nodes.insert(decimal(to, MOVE_PLACES)?);
                }
            }
        }
        let (mut scenarios, mut columns) = (Vec::new(), BTreeMap::new());
        for (strike, moves) in moves {
            let start = scenarios.len();
            for row in VolRow::ALL {
                scenarios.extend(moves.iter().map(|to| row.scenario(*to, parameters)));
            }
            columns.insert(strike, start..scenarios.len());
        }
        if scenarios.is_empty() {
            return Ok(None);
        }
        let beside = scenarios.iter().map(|scenario| cells_beside(scenario, range, set)).collect::<Result<_, _>>()?;
        let spec = TableSpec { scenarios: Arc::from(scenarios), ..*spec };
        Ok(Some(Self { table: Table::build(&spec, keys)?, beside, strikes, columns }))
    }

    /// The scan columns of the grid cells within a step of a near column, in its volatility row; `None` is
    /// the unshocked cell.
    pub(super) fn cells_beside(&self, column: usize) -> &[Option<usize>] {
        &self.beside[column]
    }

    /// Whose strikes have which columns, and which cells lie beside those: what jumps as time passes and prices move.
    pub(super) fn layout(&self) -> Vec<i64> {
        let place = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
        let mut all = Vec::new();
        for (id, strike) in &self.strikes {
            let columns = self.columns.get(strike).cloned().unwrap_or_default();
            all.extend([i64::from(id.0), place(columns.start), place(columns.end)]);
        }
        for cells in &self.beside {
            all.push(place(cells.len()));
            all.extend(cells.iter().map(|cell| cell.map_or(-1, place)));
        }
        all
    }

    /// Whether an account that holds this contract is looked at near its strike.
    pub(super) fn is_near(&self, id: InstrumentId) -> bool {
        self.strikes.contains_key(&id)
    }

    /// The columns that an account holding `instruments` is judged in.
    pub(super) fn columns(&self, instruments: impl Iterator<Item = InstrumentId>) -> Vec<Range<usize>> {
        let held: BTreeSet<&Strike> = instruments.filter_map(|id| self.strikes.get(&id)).collect();
        held.into_iter().filter_map(|strike| self.columns.get(strike).cloned()).collect()
    }
}

fn cells_beside(scenario: &Scenario, range: Decimal, set: &ScenarioSet) -> Result<Vec<Option<usize>>, NumberError> {
    let row = match scenario.vol.signum() {
        -1 => VolRow::Down,
        1 => VolRow::Up,
        _ => VolRow::Still,
    };
    let steps = set.steps();
    let price = |step: i64| range.times_ratio(Decimal::from_int(step), Decimal::from_int(steps), Rounding::HalfEven);
    let mut cells = Vec::new();
    for step in -steps..=steps {
        if (price(step - 1)?..=price(step + 1)?).contains(&scenario.price) {
            cells.push(set.node(row, step));
        }
    }
    Ok(cells)
}

/// Strike, forward and one-deviation move of an option for which that move is below `longest`.
fn short_dated(market: &Market, id: InstrumentId, longest: f64) -> Result<Option<(Strike, f64, f64)>, MarginError> {
    let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
    let Some(strike) = instrument.strike() else { return Ok(None) };
    let priced = market.priced(id)?;
    let Some(years) = instrument.kink_years(priced) else { return Ok(None) };
    let deviation = priced.vol.as_ref().map_or(0.0, |vol| vol.value) * years.sqrt();
    Ok((deviation < longest).then_some(((instrument.expiry(), strike), priced.forward, deviation)))
}
