//! What an excess under this model is made of, and how fast it moves with each.
//!
//! Between two markets an excess moves by at most Σ lots × movement, part by part:
//! - *the scan*: a cell counts its loss and an eighth of a second difference, which is four cells: 1 + 4/8. Worst, floor and
//!   joint moves are maxima of sums of cells of different underlyings with shares of at most one.
//! - *near strikes, basis, single volatilities, rate, each stablecoin*: the worst of sums: 1.
//! - *short options, closing*: sums of positive parts and of gross figures: 1. *Size*: the last bracket's rate.
//! - *what a position adds to its settlement asset*: that asset's price × the slope of its haircut, and what the balance
//!   itself is charged in scenarios.
//! - *an asset*: its price × the slope, and the cells of a lot of it.
//!
//! What is not a movement: a balance's last lot, counted whole or at its worst ([`Besides::fixed`]); stablecoins that
//! begin or cease to move something held, which moves the allowance for rounding ([`Besides::jitter`]). What jumps is in
//! [`Besides::state`]: a parameter; the grain; which strikes have nodes and which cells lie beside those; whether an
//! asset's price is trusted, and what the asset is to the scenarios. Tiers and haircuts have corners and no steps.

use std::collections::BTreeSet;
use std::ops::Range;

use plimsoll_core::{Asset, Decimal};
use plimsoll_pricing::float::float;

use super::ROUNDED_SUMS;
use super::tables::{Tables, UnderlyingTables};
use crate::MarginError;
use crate::array::{Holding, RowKey, Table};
use crate::scenario::{Scenario, asset_growth};
use crate::watch::{Besides, Figures, HEADROOM, Netting, Part, Source, WatchedRow, carried, pattern, priced, standing};

/// A scan cell with the eighth of its second difference.
const SCANNED: f64 = 1.5;
/// Sums of moves that an order enters beside the scan: basis, single volatilities, rate.
const SUMS_BESIDE: f64 = 3.0;
/// A contract is told in no less than hundredths of its size.
const SCALE_LEAST: f64 = 0.01;

/// The figures of every underlying and of every asset that has a price; `None` where a share is above one, beyond its
/// bounds, which the constants do not cover.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn watched(tables: &Tables) -> Result<Option<Vec<Figures>>, MarginError> {
    let parameters = tables.parameters();
    let shares = [parameters.maintenance_share, parameters.credit_floor, parameters.collateral.gain_weight_initial];
    if shares.iter().any(|share| *share > Decimal::ONE) {
        return Ok(None);
    }
    let mut all = Vec::new();
    let mut assets: BTreeSet<Asset> = tables.market().snapshot().assets.keys().copied().collect();
    for (_, of) in tables.each() {
        all.push(contracts(tables, of)?);
        assets.extend(of.table.rows().iter().filter_map(|row| match row.key {
            RowKey::Asset(asset) => Some(asset),
            RowKey::Instrument(_) => None,
        }));
    }
    assets.remove(&tables.market().currency());
    for asset in assets {
        all.push(balance(tables, asset)?);
    }
    Ok(Some(all))
}

/// Columns of a table by purpose, with what a requirement moves by where their cells do.
fn purposes(of: &UnderlyingTables) -> Vec<(&Table, Range<usize>, Netting, f64)> {
    let (table, set) = (&of.table, &of.set);
    let mut all = vec![
        (table, set.scan.clone(), Netting::All, SCANNED),
        (table, set.basis.clone(), Netting::Expiry, 1.0),
        (table, set.vol_term.clone(), Netting::Expiry, 1.0),
        (table, set.rate.clone(), Netting::All, 1.0),
    ];
    all.extend(
        (0..set.stablecoins.len()).map(|at| set.stable.start + 2 * at).map(|at| (table, at..at + 2, Netting::All, 1.0)),
    );
    all.extend(of.near.iter().map(|near| (&near.table, 0..near.table.scenarios().len(), Netting::All, 1.0)));
    all
}

fn cells((table, columns, netting, times): (&Table, Range<usize>, Netting, f64)) -> Part {
    Part::cells(table, columns, netting, times)
}

/// Sums in a requirement that rounding can move: see the allowance for it.
fn sums(of: &UnderlyingTables) -> f64 {
    real(ROUNDED_SUMS) + stablecoins(of)
}

fn stablecoins(of: &UnderlyingTables) -> f64 {
    real(of.set.stablecoins.len())
}

/// A small count.
fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// The allowance for rounding of each row: half a grain a lot and sum, where anything moves it.
fn allowance(of: &UnderlyingTables) -> Result<Part, MarginError> {
    let rows = 0..of.table.rows().len();
    let two = rows.map(|row| of.table.rounding_allowance([Holding { row, lots: 2 }]));
    let values = two.map(|two| Ok(0.5 * float(two?))).collect::<Result<Vec<_>, MarginError>>()?;
    Ok(Part::new(1, values, Netting::Nothing, sums(of)))
}

/// What differs at once and not by degrees.
fn state(tables: &Tables, of: &UnderlyingTables) -> Vec<i64> {
    let grain = |table: &Table| pattern(table.unit());
    let mut all = vec![tables.version(), grain(&of.table), i64::from(of.table.coin().is_some())];
    if let Some(near) = &of.near {
        all.push(grain(&near.table));
        all.extend(near.layout());
    }
    all
}

/// Contracts on one underlying. Rows of balances stand among them with nothing to move: they are the assets' own.
fn contracts(tables: &Tables, of: &UnderlyingTables) -> Result<Figures, MarginError> {
    let table = &of.table;
    let mut parts: Vec<Part> = purposes(of).into_iter().map(cells).collect();
    parts.push(allowance(of)?);
    parts.extend(charges(tables, of));
    let per_unit = |asset| per_unit(tables, asset);
    let (mut rows, mut group) = (Vec::with_capacity(table.rows().len()), 0);
    let reaches = reaches(of, &parts);
    parts.extend(carried(tables.market(), table, tables.parameters().collateral.share_gains, per_unit)?);
    for (at, row) in table.rows().iter().enumerate() {
        let scan = (0..of.set.scan.len()).map(|column| table.cell(at, column).unsigned_abs());
        let large = scan.max().map_or(0.0, float_of) * table.unit();
        let [_, _, _, size] = of.charges.of(at);
        group += u16::from(at > 0 && table.rows()[at - 1].expiry != row.expiry);
        let scale = large.max(SCALE_LEAST * float(size)).max(table.unit());
        rows.push(WatchedRow { key: row.key, lot: float(row.lot), group, scale });
    }
    let (grain, stablecoins) = (table.unit(), stablecoins(of));
    let order_grain = of.near.iter().map(|near| near.table.unit()).fold(grain, f64::max);
    let besides = Besides {
        state: state(tables, of),
        jitter: grain * 0.5 * stablecoins,
        order_jitter: order_grain * 6.0 * sums(of),
        fixed: grain * 2.0 * sums(of),
        order_factor: order_factor(of),
    };
    // A stablecoin's table has no contracts, and nothing to go along with.
    let index = tables.market().index(table.underlying()).map_or(0.0, |index| float(index.value));
    Ok(Figures::new(Source::Underlying(table.underlying()), rows, parts, besides, index).with_reaches(reaches))
}

/// What a lot of each row can be charged. One near whose strike the account begins to be looked at may show what it holds
/// already in another light.
fn reaches(of: &UnderlyingTables, parts: &[Part]) -> Vec<f64> {
    let is_near = |key: RowKey| match (key, &of.near) {
        (RowKey::Instrument(id), Some(near)) => near.is_near(id),
        _ => false,
    };
    let charged = |row: usize| parts.iter().map(|part| part.most * part.largest(row)).sum();
    let rows = of.table.rows().iter().enumerate();
    rows.map(|(at, row)| if is_near(row.key) { f64::INFINITY } else { charged(at) }).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a scale need not be exact")]
fn float_of(count: u64) -> f64 {
    count as f64
}

fn charges(tables: &Tables, of: &UnderlyingTables) -> [Part; 4] {
    let rows = 0..of.table.rows().len();
    let rate = float(tables.parameters().concentration.of(&of.name).rate_most());
    let column = |at: usize| rows.clone().map(|row| float(of.charges.of(row)[at])).collect();
    let (short, gross) = (Netting::Expiry, Netting::Nothing);
    [(0, short, 1.0), (1, short, 1.0), (2, gross, 1.0), (3, gross, rate)]
        .map(|(at, netting, most)| Part::new(1, column(at), netting, most))
}

/// The most that an excess moves where a balance of `asset` moves by one unit: its worth, and what it is charged.
fn per_unit(tables: &Tables, asset: Asset) -> Result<f64, MarginError> {
    let (market, rules) = (tables.market(), &tables.parameters().collateral);
    let worth = float(market.asset_price(asset)?.value) * rules.slope(rules.class(market, asset), asset);
    let Some((of, row)) = tables.asset_row(asset) else { return Ok(worth) };
    let lot = float(of.table.rows()[row].lot);
    Ok(worth + (lot_charged(of, row) + 0.5 * of.table.unit() * sums(of)) / lot)
}

/// The most that one lot of a balance is charged in the scenarios.
fn lot_charged(of: &UnderlyingTables, row: usize) -> f64 {
    purposes(of).into_iter().map(cells).map(|part| part.most * part.largest(row)).sum()
}

/// One asset: its price, and the cells of a lot of it where scenarios move it.
fn balance(tables: &Tables, asset: Asset) -> Result<Figures, MarginError> {
    let (market, rules) = (tables.market(), &tables.parameters().collateral);
    let (class, price) = (rules.class(market, asset), float(market.asset_price(asset)?.value));
    let Some((of, row)) = tables.asset_row(asset) else {
        return priced(market, rules, asset, tables.version());
    };
    let mut state = standing(market, rules, asset);
    let (lot, unit) = (float(of.table.rows()[row].lot), of.table.unit());
    let mut parts = vec![Part::new(1, vec![price * lot], Netting::All, rules.slope(class, asset))];
    let mut large: f64 = 0.0;
    for purpose in purposes(of) {
        let grain = purpose.0.unit();
        let all = cells(purpose);
        large = large.max(all.largest(row) * grain);
        parts.push(all.of_row(row));
    }
    parts.push(allowance(of)?.of_row(row));
    // The last lot is a whole one or a part: two markets may differ by all that it is charged, either way.
    let last = lot_charged(of, row) + large + unit * (1.0 + sums(of));
    parts.push(Part::new(0, Vec::new(), Netting::All, last).with_headroom(HEADROOM));
    state.extend(self::state(tables, of));
    let row = WatchedRow { key: RowKey::Asset(asset), lot, group: 0, scale: large.max(unit) };
    let (jitter, fixed) = (unit * 0.5 * stablecoins(of), 2.0 * last * HEADROOM);
    let besides = Besides { state, jitter, fixed, ..Besides::default() };
    let dear = (float(market.debt_price(asset)?.value) / price).max(1.0);
    let reach = per_unit(tables, asset)? * lot * dear;
    Ok(Figures::new(Source::Asset(asset), vec![row], parts, besides, price).with_reaches(vec![reach]))
}

/// What an order moves an excess by, in figures of the position it would leave: its P&L from its own price is worth what
/// the settlement asset is worth in the scenario, and so is what is paid for it.
fn order_factor(of: &UnderlyingTables) -> f64 {
    let near = of.near.iter().flat_map(|near| near.table.scenarios());
    let coin = of.table.coin();
    let (mut grown, mut apart) = (1.0_f64, 0.0_f64);
    let mut see = |scenario: &Scenario, asset: Asset| {
        let (growth, damping) = (asset_growth(scenario, asset, coin), float(scenario.damping));
        grown = grown.max(growth.abs() * damping);
        apart = apart.max((1.0 - growth).abs() * damping);
    };
    for scenario in of.table.scenarios().iter().chain(near) {
        coin.iter().chain(&of.set.stablecoins).for_each(|asset| see(scenario, *asset));
    }
    (SCANNED + 1.0) * grown + (SCANNED + 1.0 + SUMS_BESIDE + stablecoins(of)) * apart
}
