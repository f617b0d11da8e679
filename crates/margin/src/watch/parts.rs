//! Parts that models share: what a lot adds to its settlement asset, and the price of an asset.

use std::fmt::Debug;

use plimsoll_core::{Asset, Decimal, Position, Price, Quantity};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;

use super::{Besides, Figures, Netting, Part, Source, TAKER_FEE_MAX, WatchedRow};
use crate::MarginError;
use crate::array::{RowKey, Table};
use crate::collateral::{AssetClass, CollateralRules};

/// What a price may grow by before figures are compared no more.
pub(crate) const HEADROOM: f64 = 1.1;
/// A balance that no scenario moves is told in tenths of its price.
const SCALE_OUT_OF_GRID: f64 = 0.1;

/// What a lot adds to its settlement asset, as P&L, as an option's value and as what a fee is taken of; a part for each
/// asset and each of the three.
///
/// `share_gains`: whether one position's gain makes up for another's loss. `per_unit`: the most that an excess moves where
/// a balance of an asset moves by one unit.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(crate) fn carried(
    market: &Market,
    table: &Table,
    share_gains: bool,
    per_unit: impl Fn(Asset) -> Result<f64, MarginError>,
) -> Result<Vec<Part>, MarginError> {
    let mut by_asset: Vec<(Asset, [Vec<f64>; 3])> = Vec::new();
    for (at, row) in table.rows().iter().enumerate() {
        let RowKey::Instrument(id) = row.key else { continue };
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        if instrument.only_moves_balances() {
            continue;
        }
        let (terms, mark) = (instrument.terms(), market.priced(id)?.mark);
        // Whatever the entry is, it is the same in both markets.
        let position = Position {
            instrument: id,
            quantity: Quantity(row.lot),
            entry_price: Some(Price::new(Decimal::ONE, mark.quote)),
            unsettled_pnl: Decimal::ZERO,
            accrued_funding: Decimal::ZERO,
        };
        let carry = instrument.carry(&position, mark).map_err(MarginError::of(instrument))?;
        let index = market.index_in(terms.underlying, terms.quote)?;
        let notional = instrument.notional(mark, index).map_err(MarginError::of(instrument))?;
        let known = by_asset.iter().position(|(asset, _)| *asset == terms.settlement).unwrap_or_else(|| {
            by_asset.push((terms.settlement, std::array::from_fn(|_| vec![0.0; table.rows().len()])));
            by_asset.len() - 1
        });
        let figures =
            [float(carry.unrealised.value), float(carry.option_value.value), float(notional.value) * float(row.lot)];
        for (of, figure) in by_asset[known].1.iter_mut().zip(figures) {
            of[at] = figure;
        }
    }
    let mut parts = Vec::with_capacity(3 * by_asset.len());
    for (asset, figures) in by_asset {
        let needed = per_unit(asset)?;
        let headroom = if asset == market.currency() { 1.0 } else { HEADROOM };
        let sum = if share_gains { Netting::All } else { Netting::Nothing };
        let [pnl, options, fees] = figures;
        for (values, netting, share) in
            [(pnl, sum, 1.0), (options, Netting::All, 1.0), (fees, Netting::Nothing, TAKER_FEE_MAX)]
        {
            parts.push(Part::new(1, values, netting, needed * share).with_headroom(headroom));
        }
    }
    Ok(parts)
}

/// An asset of which nothing but its price counts.
///
/// # Errors
/// [`MarginError`] for one without a price.
pub(crate) fn priced(
    market: &Market,
    rules: &CollateralRules,
    asset: Asset,
    parameters: i64,
) -> Result<Figures, MarginError> {
    let price = float(market.asset_price(asset)?.value);
    let row = WatchedRow { key: RowKey::Asset(asset), lot: 1.0, group: 0, scale: SCALE_OUT_OF_GRID * price };
    let slope = rules.slope(rules.class(market, asset), asset);
    let part = Part::new(1, vec![price], Netting::All, slope);
    let mut state = standing(market, rules, asset);
    state.push(parameters);
    let besides = Besides { state, ..Besides::default() };
    let reach = slope * float(market.debt_price(asset)?.value).max(price);
    Ok(Figures::new(Source::Asset(asset), vec![row], vec![part], besides, price).with_reaches(vec![reach]))
}

/// What of an asset is not a matter of degree.
pub(crate) fn standing(market: &Market, rules: &CollateralRules, asset: Asset) -> Vec<i64> {
    let class = match rules.class(market, asset) {
        AssetClass::Currency => 0,
        AssetClass::Stablecoin => 1,
        AssetClass::Coin => 2,
        AssetClass::OutOfGrid => 3,
    };
    vec![i64::from(rules.trusts(market, asset)), class]
}

/// A number that other parameters hardly have.
///
/// # Source
/// FNV-1a, 64 bits, over the parameters as they are printed for debugging.
pub(crate) fn fingerprint(parameters: &impl Debug) -> i64 {
    let text = format!("{parameters:?}");
    let mixed = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    i64::from_ne_bytes(text.bytes().fold(0xcbf2_9ce4_8422_2325, mixed).to_ne_bytes())
}

/// A float's pattern, to tell it from another.
pub(crate) fn pattern(of: f64) -> i64 {
    i64::from_ne_bytes(of.to_ne_bytes())
}
