//! The scan of one underlying: its loss in every cell of the grid, in the extreme moves and through a day, with what
//! lies between the grid's nodes.

use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, NumberError};

use super::requirement::pnl_of;
use super::scenarios::ScenarioSet;
use super::tables::{Stake, UnderlyingTables};
use crate::fold::Summed;
use crate::orders::{OrderArray, worst_fills};

/// Losses of one underlying in every scan column, and the worst of them.
pub(super) struct Scan<'a> {
    summed: Summed<'a>,
    /// A scan column each; the last is where nothing moves, in which orders lose at the fill.
    cells: Vec<Cell>,
    /// What lies near held strikes that are short-dated.
    near: Vec<Summed<'a>>,
}

/// A scan column, folded.
struct Cell {
    loss: Decimal,
    /// Second difference of P&L through it, where that is positive.
    bend: Decimal,
    /// The strike near which more is lost, and the column there.
    near: Option<(usize, usize)>,
    /// What counts of all that.
    amount: Decimal,
}

/// The share of a bend that a parabola can lie below its nodes: a P&L of curvature Γ is at most Γ(h/2)²/2 lower within
/// half a step h of a node, and its second difference is Γh².
const EIGHTH: Decimal = Decimal::new(125, 3);

impl<'a> Scan<'a> {
    /// Sums the stake's scan columns and folds each into a loss.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn new(stake: &'a Stake<'_>) -> Result<Self, NumberError> {
        let UnderlyingTables { table, set, .. } = stake.tables;
        let fills = worst_fills(pnl_of(&stake.orders));
        let summed = Summed::new(table, &stake.holdings, stake.group.clone(), set.scan.clone(), &fills);
        let unshocked: i128 = stake.orders.iter().map(|order| order.unshocked.min(0)).sum();
        let mut cells = Vec::with_capacity(summed.sums.len() + 1);
        for gain in summed.sums.iter().copied().chain([unshocked]) {
            let loss = table.loss(gain)?;
            cells.push(Cell { loss, bend: Decimal::ZERO, near: None, amount: loss });
        }
        let mut scan = Self { summed, cells, near: Vec::new() };
        scan.add_between_nodes(set, &stake.orders)?;
        scan.add_near_strikes(stake)?;
        Ok(scan)
    }

    /// Lets each inner node of the grid lose what a parabola through its neighbours could add between the nodes, with the
    /// orders filled that add to it: left out where they gain, orders would hide how what is held bends.
    fn add_between_nodes(&mut self, set: &ScenarioSet, orders: &[OrderArray]) -> Result<(), NumberError> {
        let Self { summed, cells, .. } = self;
        let worst = |column: usize| summed.orders.get(column).copied().unwrap_or_default();
        let held = |column: usize| summed.sums.get(column).map_or(0, |sum| sum - worst(column));
        for nodes in &set.inner {
            let filled = |order: &OrderArray| {
                let pnl = |column: usize| if set.scan.contains(&column) { order.pnl[column] } else { order.unshocked };
                second_difference(nodes, pnl).max(0)
            };
            let bend = second_difference(nodes, held) + orders.iter().map(filled).sum::<i128>();
            if bend > 0 {
                let [_, at, _] = nodes;
                let cell = &mut cells[*at];
                cell.bend = summed.table.loss(-bend)?;
                cell.amount = cell.loss.plus(eighth_of(cell.bend))?;
            }
        }
        Ok(())
    }

    /// Lets each grid cell lose what the book loses at a held short-dated strike within a step of it,
    /// in the same volatility row.
    fn add_near_strikes(&mut self, stake: &'a Stake<'_>) -> Result<(), NumberError> {
        let Some(near) = &stake.tables.near else { return Ok(()) };
        let fills = worst_fills(pnl_of(&stake.near_orders));
        let summed = |columns| Summed::new(&near.table, &stake.holdings, stake.group.clone(), columns, &fills);
        self.near = near.columns(stake.instruments()).into_iter().map(summed).collect();
        if self.near.is_empty() {
            return Ok(());
        }
        // The near column that loses most beside each cell; all share a grain.
        let still = self.cells.len() - 1;
        let mut worst: Vec<Option<(usize, usize)>> = vec![None; self.cells.len()];
        for (strike, summed) in self.near.iter().enumerate() {
            for (at, sum) in summed.sums.iter().enumerate() {
                for cell in near.cells_beside(summed.columns.start + at) {
                    let worst = &mut worst[cell.unwrap_or(still)];
                    if worst.is_none_or(|(strike, column)| *sum < self.near[strike].sums[column]) {
                        *worst = Some((strike, at));
                    }
                }
            }
        }
        for (cell, worst) in self.cells.iter_mut().zip(worst) {
            let Some((strike, at)) = worst else { continue };
            let loss = near.table.loss(self.near[strike].sums[at])?;
            if loss > cell.amount {
                cell.near = worst;
                cell.amount = loss;
            }
        }
        Ok(())
    }

    /// The folded loss at a grid node; nothing where nothing moves.
    pub(super) fn loss(&self, column: Option<usize>) -> Decimal {
        self.cells[column.unwrap_or(self.cells.len() - 1)].amount
    }

    /// P&L in a scan column, gain positive.
    pub(super) fn pnl(&self, column: usize) -> Decimal {
        self.cells[column].loss.negated()
    }

    /// What [`Scan::worst`] will come to.
    pub(super) fn worst_amount(&self) -> Decimal {
        let amounts = self.cells.iter().map(|cell| cell.amount);
        amounts.reduce(Decimal::max).unwrap_or_default()
    }

    /// The underlying's own worst: grid, extreme moves, a day's passing, strikes near.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn worst(&self, label: &Arc<str>) -> Result<Node, NumberError> {
        if self.summed.group.is_none() {
            return Ok(Node::leaf(label, self.worst_amount(), Origin::default()));
        }
        let still = self.cells.len() - 1;
        let of = (0..=still).map(|at| self.node(at, false)).collect::<Result<Vec<_>, _>>()?;
        let explain = |_: &Node, winner: usize| (winner < still).then(|| self.node(winner, true)).transpose();
        Node::worst_explained(label, of, explain)
    }

    /// The loss in a scan column by position, to explain it.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn explained(&self, column: usize) -> Result<Node, NumberError> {
        self.node(column, true)
    }

    /// A cell's fold, its loss by position or not; what is lost near a strike is by position anyway.
    fn node(&self, at: usize, by_position: bool) -> Result<Node, NumberError> {
        let cell = &self.cells[at];
        let loss = if at == self.cells.len() - 1 {
            Node::leaf("nothing moves", cell.loss, Origin::default())
        } else if by_position && cell.near.is_none() {
            self.summed.loss_by_position(at)?
        } else {
            self.summed.loss(at)?
        };
        let loss = if cell.bend.is_zero() {
            loss
        } else {
            let bend = Node::leaf("second difference", cell.bend, Origin::default());
            Node::sum("loss, between nodes too", vec![loss, Node::scale("between nodes", EIGHTH, bend)?])?
        };
        Ok(match cell.near {
            None => loss,
            Some((strike, column)) => {
                let near = self.near[strike].loss_by_position(column)?.named("near a held strike");
                Node::worst_of(loss.label.clone(), vec![loss, near])
            }
        })
    }
}

fn second_difference([below, at, above]: &[usize; 3], pnl: impl Fn(usize) -> i128) -> i128 {
    pnl(*below) - 2 * pnl(*at) + pnl(*above)
}

/// [`EIGHTH`] of it, rounded up: by eight there is nothing to multiply.
fn eighth_of(bend: Decimal) -> Decimal {
    Decimal::from_units((bend.units() >> 3) + i128::from(bend.units() & 7 != 0)).unwrap_or_default()
}
