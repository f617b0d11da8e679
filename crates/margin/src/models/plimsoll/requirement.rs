//! The fold and the combine of the `plimsoll` model.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, NumberError};

use super::joint::across;
use super::parameters::PlimsollParameters;
use super::scenarios::ScenarioSet;
use super::tables::{BASIS, Counts, RATE, Stake, UnderlyingTables, VOL_TERM};
use crate::MarginError;
use crate::fold::{Detail, Parts, Summed};
use crate::orders::{OrderArray, worst_fills};

/// Everything one reading of an account costs: with its orders, or without.
#[derive(Clone)]
pub(super) struct Risk {
    /// What markets could do.
    pub(super) market: Node,
    /// What closing would cost, whatever markets do.
    pub(super) charges: Vec<Node>,
}

/// Judges the stakes of one account, one per underlying it is exposed to.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(super) fn risk(stakes: &[Stake<'_>], parameters: &PlimsollParameters) -> Result<Risk, MarginError> {
    let mut market = Parts::new(detail(stakes));
    market.add(across(stakes, parameters)?)?;
    market.add(each(BASIS, stakes, |stake| by_expiry_worst(stake, |set| set.basis.clone()))?)?;
    market.add(each(VOL_TERM, stakes, |stake| by_expiry_worst(stake, |set| set.vol_term.clone()))?)?;
    market.add(each(RATE, stakes, rate_worst)?)?;
    market.add(stablecoins(stakes)?)?;
    let market = market.sum("market risk")?;
    let short_options = each("short option minimum", stakes, |stake| {
        stake.worst_charge(Counts::Shorts, |tables, holdings, runs| {
            tables.charges.short_minimum(tables, holdings, runs, stake.detail)
        })
    })?;
    let liquidity = each("liquidity", stakes, |stake| {
        stake.worst_charge(Counts::Gross, |tables, holdings, runs| {
            tables.charges.liquidity(tables, holdings, runs, stake.detail)
        })
    })?;
    let concentration = each("concentration", stakes, |stake| {
        stake.worst_charge(Counts::Gross, |tables, holdings, _| {
            tables.charges.concentration(tables, holdings, parameters, stake.detail)
        })
    })?;
    Ok(Risk { market, charges: vec![short_options, liquidity, concentration] })
}

/// What is asked of the stakes: the same of all.
fn detail(stakes: &[Stake<'_>]) -> Detail {
    stakes.first().map_or(Detail::Explained, |stake| stake.detail)
}

/// The sum of a figure over underlyings; those of nothing are left out.
fn each<E: Into<MarginError>>(
    label: &'static str,
    stakes: &[Stake<'_>],
    figure: impl Fn(&Stake<'_>) -> Result<Node, E>,
) -> Result<Node, MarginError> {
    let mut of = Parts::new(detail(stakes));
    for stake in stakes {
        let figure = figure(stake).map_err(Into::into)?;
        let amount = figure.amount;
        of.add_if_any(|| Ok(amount), || Ok(figure))?;
    }
    Ok(of.sum(label)?)
}

/// What orders gain from their own prices.
pub(super) fn pnl_of(orders: &[OrderArray]) -> impl Iterator<Item = &[i128]> {
    orders.iter().map(|order| order.pnl.as_slice())
}

/// What orders gain from the mark: the loss at the fill is the scan's to count.
fn moves_of(orders: &[OrderArray]) -> impl Iterator<Item = &[i128]> {
    orders.iter().map(|order| order.moves.as_slice())
}

/// The worst of two columns, expiry by expiry, summed: every expiry may move on its own.
fn by_expiry_worst(
    stake: &Stake<'_>,
    columns: impl Fn(&ScenarioSet) -> std::ops::Range<usize>,
) -> Result<Node, NumberError> {
    let UnderlyingTables { table, set, name, .. } = stake.tables;
    let mut of = Parts::new(stake.detail);
    for run in &stake.runs {
        let here = stake.orders.iter().filter(|order| order.expiry == run.expiry);
        let fills = worst_fills(here.map(|order| order.moves.as_slice()));
        let held = &stake.holdings[run.holdings.clone()];
        let amount = || table.loss(table.least(held, columns(set), &fills));
        of.add_if_any(amount, || {
            Summed::new(table, held, run.group.clone(), columns(set), &fills).worst(run.label.clone())
        })?;
    }
    of.sum(name)
}

fn rate_worst(stake: &Stake<'_>) -> Result<Node, NumberError> {
    let UnderlyingTables { table, set, name, .. } = stake.tables;
    let fills = worst_fills(moves_of(&stake.orders));
    Summed::new(table, &stake.holdings, stake.group.clone(), set.rate.clone(), &fills).worst(name)
}

/// Each stablecoin on its own: everything paid in it, whatever it is written on.
fn stablecoins(stakes: &[Stake<'_>]) -> Result<Node, NumberError> {
    let stables = stakes.first().map_or(&[][..], |stake| &stake.tables.set.stablecoins);
    let detail = detail(stakes);
    let summed: Vec<Summed<'_>> = stakes
        .iter()
        .map(|stake| {
            let UnderlyingTables { table, set, .. } = stake.tables;
            let fills = worst_fills(moves_of(&stake.orders));
            Summed::new(table, &stake.holdings, stake.group.clone(), set.stable.clone(), &fills)
        })
        .collect();
    let mut of = Parts::new(detail);
    for (at, stable) in stables.iter().enumerate() {
        let way = |way: usize, label: &'static str| {
            let mut parts = Parts::new(detail);
            for (stake, summed) in stakes.iter().zip(&summed) {
                let column = 2 * at + way;
                if summed.sums[column] != 0 {
                    let part = || Ok(summed.loss_by_position(column)?.named(&stake.tables.name));
                    parts.add_if_any(|| summed.loss_amount(column), part)?;
                }
            }
            parts.sum(label)
        };
        let (falls, rises) = (way(0, "falls")?, way(1, "rises")?);
        let amount = falls.amount.max(rises.amount).or_zero();
        let part = || {
            let stays = Node::leaf("stays", Decimal::ZERO, Origin::default());
            Ok(Node::worst_of(*stable, vec![falls, rises, stays]))
        };
        of.add_if_any(|| Ok(amount), part)?;
    }
    of.sum("stablecoins")
}
