//! The scenario set of the `plimsoll` model: where its columns are and what they shock.

use std::ops::Range;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, NumberError, Rounding, Underlying};

use super::parameters::PlimsollParameters;
use crate::scenario::{DAY_S, Scenario};

/// Extreme moves, damped so that a linear position gains nothing from them.
const TAILS_PERCENT: [i64; 5] = [-66, -33, 50, 100, 200];

/// The columns of an underlying's table, in runs of one purpose.
#[derive(Clone, Debug)]
pub struct ScenarioSet {
    /// All columns.
    pub scenarios: Arc<[Scenario]>,
    /// Price × volatility, the unshocked cell left out; see [`ScenarioSet::node`].
    pub grid: Range<usize>,
    /// Grid, extreme moves and a day's passing: what the worst is taken of.
    pub scan: Range<usize>,
    /// Basis up and down.
    pub basis: Range<usize>,
    /// One expiry's volatility up and down.
    pub vol_term: Range<usize>,
    /// Discount rate up and down.
    pub rate: Range<usize>,
    /// Each stablecoin down and up, in the order of `stablecoins`.
    pub stable: Range<usize>,
    /// The stablecoins that have columns.
    pub stablecoins: Vec<Asset>,
    /// Nodes on each side.
    steps: i64,
    /// Columns of every grid node that has neighbours, between theirs; the unshocked one stands as one behind the scan.
    pub(super) inner: Vec<[usize; 3]>,
}

/// Which way volatility goes in a row of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolRow {
    /// Falls.
    Down,
    /// Stays.
    Still,
    /// Rises.
    Up,
}

impl VolRow {
    /// The rows, in the order of the columns.
    pub const ALL: [Self; 3] = [Self::Down, Self::Still, Self::Up];

    /// How a name of the row ends.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Down => ", vol down",
            Self::Still => "",
            Self::Up => ", vol up",
        }
    }

    /// The scenario of this row at `price`.
    pub(super) fn scenario(self, price: Decimal, parameters: &PlimsollParameters) -> Scenario {
        let vol_floor = if self == Self::Up { parameters.vol_floor_up } else { Decimal::ZERO };
        Scenario { vol_floor, ..Scenario::price_and_vol(price, self.shift(parameters)) }
    }

    fn shift(self, parameters: &PlimsollParameters) -> Decimal {
        match self {
            Self::Down => parameters.vol_down.negated(),
            Self::Still => Decimal::ZERO,
            Self::Up => parameters.vol_up,
        }
    }
}

impl ScenarioSet {
    /// The set for `underlying` with columns for `stablecoins`.
    ///
    /// # Errors
    /// [`NumberError`] when a parameter leaves the range.
    pub fn new(
        parameters: &PlimsollParameters,
        underlying: Underlying,
        stablecoins: &[Asset],
    ) -> Result<Self, NumberError> {
        let range = *parameters.price_range.of(underlying.as_str());
        let steps = i64::try_from(parameters.price_steps.count(0, Rounding::Down)).unwrap_or(1).max(1);
        let mut all = Vec::new();
        for row in VolRow::ALL {
            for step in -steps..=steps {
                if row != VolRow::Still || step != 0 {
                    let price =
                        range.times_ratio(Decimal::from_int(step), Decimal::from_int(steps), Rounding::HalfEven)?;
                    all.push(row.scenario(price, parameters));
                }
            }
        }
        let grid = 0..all.len();
        for percent in TAILS_PERCENT {
            let price = Decimal::new(percent, 2);
            let damping = parameters.tail_damping.times_ratio(range, price.abs(), Rounding::Up)?.min(Decimal::ONE);
            all.push(Scenario { damping, ..VolRow::Up.scenario(price, parameters) });
        }
        all.push(Scenario { name: "a day passes".into(), seconds: DAY_S, ..Scenario::unshocked() });
        let scan = 0..all.len();
        all.extend(both_ways("basis", Decimal::ONE, |scenario, by| scenario.basis = by));
        let basis = scan.end..all.len();
        all.extend(both_ways("own vol", parameters.vol_term, |scenario, by| scenario.vol = by));
        let vol_term = basis.end..all.len();
        all.extend(both_ways("rate", parameters.rate_move, |scenario, by| scenario.rate = by));
        let rates = vol_term.end..all.len();
        for asset in stablecoins {
            for by in [parameters.stable_down.negated(), parameters.stable_up] {
                all.push(Scenario {
                    name: sign(asset.as_str(), by),
                    stable: Some((*asset, by)),
                    ..Scenario::unshocked()
                });
            }
        }
        let stable = rates.end..all.len();
        let stablecoins = stablecoins.to_vec();
        let (scenarios, inner) = (all.into(), Vec::new());
        let mut set = Self { scenarios, grid, scan, basis, vol_term, rate: rates, stable, stablecoins, steps, inner };
        set.inner = set.inner_nodes();
        Ok(set)
    }

    fn inner_nodes(&self) -> Vec<[usize; 3]> {
        let nodes = VolRow::ALL.into_iter().flat_map(|row| (1 - self.steps..self.steps).map(move |step| (row, step)));
        let place = |row, step| self.node(row, step).unwrap_or(self.scan.end);
        nodes.map(|(row, step)| [step - 1, step, step + 1].map(|step| place(row, step))).collect()
    }

    /// A scan column's name for underlyings of different ranges: a grid node by its share of the range.
    pub(super) fn relative_name(&self, column: usize) -> String {
        let steps = self.steps;
        let nodes = VolRow::ALL.into_iter().flat_map(|row| (-steps..=steps).map(move |step| (row, step)));
        let node = nodes.into_iter().find(|(row, step)| self.node(*row, *step) == Some(column));
        node.map_or_else(
            || self.scenarios[column].name.to_string(),
            |(row, step)| format!("{step:+}/{steps} of range{}", row.suffix()),
        )
    }

    /// Nodes on each side of the price.
    #[must_use]
    pub fn steps(&self) -> i64 {
        self.steps
    }

    /// The column of a grid node; `None` for the unshocked one, which has no column, and outside.
    #[must_use]
    pub fn node(&self, row: VolRow, step: i64) -> Option<usize> {
        let width = 2 * self.steps + 1;
        let (at, skipped) = match row {
            VolRow::Down => (0, 0),
            VolRow::Still if step == 0 => return None,
            VolRow::Still => (width, i64::from(step > 0)),
            VolRow::Up => (2 * width, 1),
        };
        if step.abs() > self.steps {
            return None;
        }
        usize::try_from(at + step + self.steps - skipped).ok()
    }
}

/// A move and its opposite.
fn both_ways(what: &str, by: Decimal, moved: impl Fn(&mut Scenario, Decimal)) -> [Scenario; 2] {
    [by, by.negated()].map(|by| {
        let mut scenario = Scenario { name: sign(what, by), ..Scenario::unshocked() };
        moved(&mut scenario, by);
        scenario
    })
}

fn sign(what: &str, by: Decimal) -> Arc<str> {
    format!("{what} {}", if by.signum() < 0 { "down" } else { "up" }).into()
}
