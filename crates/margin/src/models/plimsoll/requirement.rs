//! The fold and the combine of the `plimsoll` model.

use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, NumberError, Rule};

use super::joint::across;
use super::parameters::PlimsollParameters;
use super::scenarios::{ScenarioSet, VolRow};
use super::tables::{Stake, UnderlyingTables};
use crate::MarginError;
use crate::fold::Summed;
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
    let market = Node::sum(
        "market risk",
        vec![
            across(stakes, parameters)?,
            each("basis", stakes, |stake| by_expiry_worst(stake, |set| set.basis.clone()))?,
            each("volatility of single expiries", stakes, |stake| by_expiry_worst(stake, |set| set.vol_term.clone()))?,
            each("interest rate", stakes, rate_worst)?,
            stablecoins(stakes)?,
        ],
    )?;
    let short_options = each("short option minimum", stakes, |stake| {
        stake.worst_charge(|tables, holdings, runs| tables.charges.short_minimum(tables, holdings, runs))
    })?;
    let liquidity = each("liquidity", stakes, |stake| {
        stake.worst_charge(|tables, holdings, runs| tables.charges.liquidity(tables, holdings, runs))
    })?;
    let concentration = each("concentration", stakes, |stake| {
        stake.worst_charge(|tables, holdings, _| tables.charges.concentration(tables, holdings, parameters))
    })?;
    Ok(Risk { market, charges: vec![short_options, liquidity, concentration] })
}

/// The sum of a figure over underlyings; those of nothing are left out.
fn each<E: Into<MarginError>>(
    label: &'static str,
    stakes: &[Stake<'_>],
    figure: impl Fn(&Stake<'_>) -> Result<Node, E>,
) -> Result<Node, MarginError> {
    let mut of = Vec::with_capacity(stakes.len());
    for stake in stakes {
        let node = figure(stake).map_err(Into::into)?;
        if !node.amount.is_zero() {
            of.push(node);
        }
    }
    Ok(Node::sum(label, of)?)
}

/// Losses of one underlying in every scan column, and the worst of them.
pub(super) struct Scan<'a> {
    summed: Summed<'a>,
    /// One node a scan column.
    losses: Vec<Node>,
    /// The same where nothing moves: orders that lose at the fill, and what lies around.
    unshocked: Node,
}

impl<'a> Scan<'a> {
    /// Sums the stake's scan columns and folds each into a loss.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn new(stake: &'a Stake<'_>) -> Result<Self, NumberError> {
        let UnderlyingTables { table, set, .. } = stake.tables;
        let fills = worst_fills(pnl_of(&stake.orders));
        let summed = Summed::new(table, &stake.holdings, Arc::clone(&stake.group), set.scan.clone(), &fills)
            .explained(stake.explains);
        let unshocked: i128 = stake.orders.iter().map(|order| order.unshocked.min(0)).sum();
        let grid = Grid { summed: &summed, set, unshocked };
        let mut losses = Vec::with_capacity(set.scan.len());
        for at in 0..set.scan.len() {
            losses.push(summed.loss(at)?);
        }
        for (row, step) in inner_nodes(set) {
            if let Some(at) = set.node(row, step) {
                losses[at] = grid.between_nodes(losses[at].clone(), row, step)?;
            }
        }
        let now = Node::leaf("nothing moves", table.loss(unshocked)?, Origin::default());
        let now = grid.between_nodes(now, VolRow::Still, 0)?;
        let mut scan = Self { summed, losses, unshocked: now };
        scan.add_near_strikes(stake)?;
        Ok(scan)
    }

    /// Lets each grid cell lose what the book loses at a held short-dated strike within a step of it,
    /// in the same volatility row.
    fn add_near_strikes(&mut self, stake: &Stake<'_>) -> Result<(), NumberError> {
        let Some(near) = &stake.tables.near else { return Ok(()) };
        let fills = worst_fills(pnl_of(&stake.near_orders));
        let strikes: Vec<Summed<'_>> = near
            .columns(stake.instruments())
            .into_iter()
            .map(|columns| {
                Summed::new(&near.table, &stake.holdings, Arc::clone(&stake.group), columns, &fills)
                    .explained(stake.explains)
            })
            .collect();
        // The near column that loses most beside each cell, the unshocked one last; all share a grain.
        let mut worst: Vec<Option<(&Summed<'_>, usize)>> = vec![None; self.losses.len() + 1];
        for strike in &strikes {
            for (at, sum) in strike.sums.iter().enumerate() {
                for cell in near.cells_beside(strike.columns.start + at) {
                    let worst = &mut worst[cell.unwrap_or(self.losses.len())];
                    if worst.is_none_or(|(other, column)| *sum < other.sums[column]) {
                        *worst = Some((strike, at));
                    }
                }
            }
        }
        let cells = self.losses.iter_mut().chain(std::iter::once(&mut self.unshocked));
        for (cell, worst) in cells.zip(worst) {
            let Some((strike, at)) = worst else { continue };
            if near.table.loss(strike.sums[at])? > cell.amount {
                let near_strike = strike.loss_by_position(at)?.named("near a held strike");
                *cell = Node::worst_of(cell.label.clone(), vec![cell.clone(), near_strike]);
            }
        }
        Ok(())
    }

    /// The folded loss at a grid node; nothing where nothing moves.
    pub(super) fn loss(&self, column: Option<usize>) -> Decimal {
        column.map_or(self.unshocked.amount, |column| self.losses[column].amount)
    }

    /// P&L in a scan column, gain positive.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn pnl(&self, column: usize) -> Result<Decimal, NumberError> {
        Ok(self.summed.table.loss(self.summed.sums[column])?.negated())
    }

    /// The loss in a scan column by position, to explain it.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn explained(&self, column: usize) -> Result<Node, NumberError> {
        explained(&self.summed, &self.losses[column], column)
    }

    /// What [`Scan::worst`] will come to.
    pub(super) fn worst_amount(&self) -> Decimal {
        self.losses.iter().fold(self.unshocked.amount, |worst, loss| worst.max(loss.amount))
    }

    /// The underlying's own worst: grid, extreme moves, a day's passing, strikes near.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn worst(self, label: &Arc<str>) -> Result<Node, NumberError> {
        let (summed, scanned) = (self.summed, self.losses.len());
        let mut of = self.losses;
        of.push(self.unshocked);
        let explain = |loss: &Node, winner| (winner < scanned).then(|| explained(&summed, loss, winner)).transpose();
        Node::worst_explained(label, of, explain)
    }
}

/// A scan column's folded `loss` with every position's share in it.
fn explained(summed: &Summed<'_>, loss: &Node, column: usize) -> Result<Node, NumberError> {
    Ok(match &loss.rule {
        Rule::WorstOf { .. } => loss.clone(),
        Rule::Sum(of) if of.len() == 2 && of[1].label == BETWEEN => {
            Node::sum(loss.label.clone(), vec![summed.loss_by_position(column)?, of[1].clone()])?
        }
        _ => summed.loss_by_position(column)?,
    })
}

const BETWEEN: &str = "between nodes";

/// The summed P&L of the price × volatility grid.
struct Grid<'a> {
    summed: &'a Summed<'a>,
    set: &'a ScenarioSet,
    /// Grains gained where nothing moves, which has no column: what orders lose at the fill.
    unshocked: i128,
}

impl Grid<'_> {
    /// `loss`, the loss at an inner node, with what a parabola through its neighbours could add between
    /// the nodes: ⅛ of the second difference of P&L where that is positive. A P&L of curvature Γ is at
    /// most Γ(h/2)²/2 lower within half a step of a node, and its second difference is Γh².
    fn between_nodes(&self, loss: Node, row: VolRow, step: i64) -> Result<Node, NumberError> {
        let pnl = |step| self.set.node(row, step).map_or(self.unshocked, |column| self.summed.sums[column]);
        let second_difference = pnl(step - 1) - 2 * pnl(step) + pnl(step + 1);
        if second_difference <= 0 {
            return Ok(loss);
        }
        let second_difference = self.summed.table.loss(-second_difference)?;
        let curvature = Node::leaf("second difference", second_difference, Origin::default());
        let between = Node::scale(BETWEEN, Decimal::new(125, 3), curvature)?;
        Node::sum("loss, between nodes too", vec![loss, between])
    }
}

/// Grid nodes with a neighbour on both sides, the unshocked one among them.
fn inner_nodes(set: &ScenarioSet) -> impl Iterator<Item = (VolRow, i64)> {
    let steps = set.steps();
    VolRow::ALL.into_iter().flat_map(move |row| (1 - steps..steps).map(move |step| (row, step)))
}

/// What orders gain from their own prices.
fn pnl_of(orders: &[OrderArray]) -> impl Iterator<Item = &[i128]> {
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
    let mut of = Vec::new();
    for run in &stake.runs {
        let here = stake.orders.iter().filter(|order| order.expiry == run.expiry);
        let fills = worst_fills(here.map(|order| order.moves.as_slice()));
        let held = &stake.holdings[run.holdings.clone()];
        let worst = Summed::new(table, held, Arc::clone(&run.group), columns(set), &fills)
            .explained(stake.explains)
            .worst(run.label.clone())?;
        if !worst.amount.is_zero() {
            of.push(worst);
        }
    }
    Node::sum(name, of)
}

fn rate_worst(stake: &Stake<'_>) -> Result<Node, NumberError> {
    let UnderlyingTables { table, set, name, .. } = stake.tables;
    let fills = worst_fills(moves_of(&stake.orders));
    Summed::new(table, &stake.holdings, Arc::clone(&stake.group), set.rate.clone(), &fills)
        .explained(stake.explains)
        .worst(name)
}

/// Each stablecoin on its own: everything paid in it, whatever it is written on.
fn stablecoins(stakes: &[Stake<'_>]) -> Result<Node, NumberError> {
    let stables = stakes.first().map_or(&[][..], |stake| &stake.tables.set.stablecoins);
    let mut of = Vec::new();
    for (at, stable) in stables.iter().enumerate() {
        let mut moves = Vec::with_capacity(3);
        for way in 0..2 {
            let mut parts = Vec::new();
            for stake in stakes {
                let UnderlyingTables { table, set, name, .. } = stake.tables;
                let column = set.stable.start + 2 * at + way;
                let fills = worst_fills(moves_of(&stake.orders));
                let summed = Summed::new(table, &stake.holdings, Arc::clone(&stake.group), column..column + 1, &fills)
                    .explained(stake.explains);
                if summed.sums[0] != 0 {
                    parts.push(summed.loss_by_position(0)?.named(name));
                }
            }
            moves.push(Node::sum(if way == 0 { "falls" } else { "rises" }, parts)?);
        }
        moves.push(Node::leaf("stays", Decimal::ZERO, Origin::default()));
        let worst = Node::worst_of(stable.to_string(), moves);
        if !worst.amount.is_zero() {
            of.push(worst);
        }
    }
    Node::sum("stablecoins", of)
}
