//! The fold and the combine of the `plimsoll` model.

use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, NumberError, Rule};

use super::charges::group;
use super::joint::across;
use super::parameters::PlimsollParameters;
use super::scenarios::{ScenarioSet, VolRow};
use super::tables::{Stake, UnderlyingTables};
use crate::array::by_expiry;
use crate::fold::Summed;
use crate::orders::worst_fills;

/// Everything one reading of an account costs: with its orders, or without.
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
pub(super) fn risk(stakes: &[Stake<'_>], parameters: &PlimsollParameters) -> Result<Risk, NumberError> {
    let net = across(stakes, parameters)?;
    let minimum = each("short option minimum", stakes, |stake| {
        stake.worst_charge(|tables, holdings| tables.charges.short_minimum(&tables.table, holdings))
    })?;
    let market = Node::sum(
        "market risk",
        vec![
            Node::worst_of("net risk, or the short option minimum", vec![net, minimum]),
            each("basis", stakes, |stake| by_expiry_worst(stake, |set| set.basis.clone()))?,
            each("volatility of single expiries", stakes, |stake| by_expiry_worst(stake, |set| set.vol_term.clone()))?,
            each("interest rate", stakes, rate_worst)?,
            stablecoins(stakes)?,
        ],
    )?;
    let liquidity = each("liquidity", stakes, |stake| {
        stake.worst_charge(|tables, holdings| tables.charges.liquidity(&tables.table, holdings))
    })?;
    let concentration = each("concentration", stakes, |stake| {
        stake.worst_charge(|tables, holdings| tables.charges.concentration(&tables.table, holdings, parameters))
    })?;
    Ok(Risk { market, charges: vec![liquidity, concentration] })
}

/// The sum of a figure over underlyings; those of nothing are left out.
fn each(
    label: &'static str,
    stakes: &[Stake<'_>],
    figure: impl Fn(&Stake<'_>) -> Result<Node, NumberError>,
) -> Result<Node, NumberError> {
    let all = stakes.iter().map(figure).collect::<Result<Vec<_>, _>>()?;
    Node::sum(label, all.into_iter().filter(|node| !node.amount.is_zero()).collect())
}

/// Losses of one underlying in every scan column, and the worst of them.
pub(super) struct Scan<'a> {
    summed: Summed<'a>,
    /// One node a scan column.
    losses: Vec<Node>,
    near: Vec<Summed<'a>>,
    orders_now: Decimal,
}

impl<'a> Scan<'a> {
    /// Sums the stake's scan columns and folds each into a loss.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn new(stake: &'a Stake<'_>) -> Result<Self, NumberError> {
        let UnderlyingTables { table, set, near, .. } = stake.tables;
        let all = Arc::new(group(table, &stake.holdings));
        let fills = worst_fills(stake.orders.iter(), table.scenarios().len());
        let summed = Summed::new(table, &stake.holdings, Arc::clone(&all), set.scan.clone(), &fills);
        let losses = (0..set.scan.len()).map(|at| cell_loss(&summed, set, at)).collect::<Result<_, _>>()?;
        let near = near.as_ref().map_or_else(Vec::new, |near| {
            let fills = worst_fills(stake.near_orders.iter(), near.table.scenarios().len());
            let columns = near.columns(stake.instruments());
            columns
                .into_iter()
                .map(|run| Summed::new(&near.table, &stake.holdings, Arc::clone(&all), run, &fills))
                .collect()
        });
        let now: i128 = stake.orders.iter().map(|order| order.unshocked.min(0)).sum();
        Ok(Self { summed, losses, near, orders_now: table.loss(now)? })
    }

    /// The folded loss at a grid node; nothing where nothing moves.
    pub(super) fn loss(&self, column: Option<usize>) -> Decimal {
        column.map_or(self.orders_now, |column| self.losses[column].amount)
    }

    /// P&L in a scan column, gain positive.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn pnl(&self, column: usize) -> Result<Decimal, NumberError> {
        Ok(self.summed.table.loss(self.summed.sums[column])?.negated())
    }

    /// The loss at a grid node by position, to explain it.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn explained(&self, column: usize) -> Result<Node, NumberError> {
        let whole = self.summed.loss_by_position(column)?;
        Ok(match &self.losses[column].rule {
            Rule::Sum(of) if of.len() == 2 && of[1].label == BETWEEN => {
                Node::sum(self.losses[column].label.clone(), vec![whole, of[1].clone()])?
            }
            _ => whole,
        })
    }

    /// The underlying's own worst: grid, extreme moves, a day's passing, strikes near.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn worst(&self, label: String) -> Result<Node, NumberError> {
        let mut of = self.losses.clone();
        let scanned = of.len();
        for near in &self.near {
            of.push(near.worst("near a held strike")?);
        }
        of.push(Node::leaf("nothing moves", self.orders_now, Origin::default()));
        let mut node = Node::worst_of(label, of);
        if let Rule::WorstOf { winner, of } = &mut node.rule
            && *winner < scanned
        {
            of[*winner] = self.explained(*winner)?;
        }
        Ok(node)
    }
}

const BETWEEN: &str = "between nodes";

/// The loss in scan column `at`, with what a parabola through its neighbours could add between the
/// nodes: ⅛ of the second difference of P&L where that is positive. A P&L of curvature Γ is at
/// most Γ(h/2)²/2 lower within half a step of a node, and its second difference is Γh².
fn cell_loss(summed: &Summed<'_>, set: &ScenarioSet, at: usize) -> Result<Node, NumberError> {
    let loss = summed.loss(at)?;
    let Some((left, right)) = neighbours(set, at) else { return Ok(loss) };
    let pnl = |column: Option<usize>| column.map_or(0, |column| summed.sums[column]);
    let second_difference = pnl(left) - 2 * summed.sums[at] + pnl(right);
    if second_difference <= 0 {
        return Ok(loss);
    }
    let curvature = Node::leaf("second difference", summed.table.loss(-second_difference)?, Origin::default());
    let between = Node::scale(BETWEEN, Decimal::new(125, 3), curvature)?;
    Node::sum("loss, between nodes too", vec![loss, between])
}

/// The grid columns beside `at` in its volatility row, where it has one on both sides; the inner
/// `None` is the unshocked node.
fn neighbours(set: &ScenarioSet, at: usize) -> Option<(Option<usize>, Option<usize>)> {
    let steps = set.steps();
    let (row, step) = VolRow::ALL
        .into_iter()
        .flat_map(|row| (1 - steps..steps).map(move |step| (row, step)))
        .find(|(row, step)| set.node(*row, *step) == Some(at))?;
    Some((set.node(row, step - 1), set.node(row, step + 1)))
}

/// The worst of two columns, expiry by expiry, summed: every expiry may move on its own.
fn by_expiry_worst(
    stake: &Stake<'_>,
    columns: impl Fn(&ScenarioSet) -> std::ops::Range<usize>,
) -> Result<Node, NumberError> {
    let UnderlyingTables { table, set, .. } = stake.tables;
    let width = table.scenarios().len();
    let mut expiries: Vec<_> = by_expiry(table, &stake.holdings).collect();
    for order in &stake.orders {
        if !expiries.iter().any(|(expiry, _)| *expiry == order.expiry) {
            expiries.push((order.expiry, &[]));
        }
    }
    let mut of = Vec::new();
    for (expiry, run) in expiries {
        let fills = worst_fills(stake.orders.iter().filter(|order| order.expiry == expiry), width);
        let summed = Summed::new(table, run, Arc::new(group(table, run)), columns(set), &fills);
        let label = expiry.map_or_else(|| "perpetual".to_owned(), |expiry| expiry.to_string());
        let worst = summed.worst("")?.named(label);
        if !worst.amount.is_zero() {
            of.push(worst);
        }
    }
    Node::sum(table.underlying().to_string(), of)
}

fn rate_worst(stake: &Stake<'_>) -> Result<Node, NumberError> {
    let UnderlyingTables { table, set, .. } = stake.tables;
    let fills = worst_fills(stake.orders.iter(), table.scenarios().len());
    let all = Arc::new(group(table, &stake.holdings));
    Ok(Summed::new(table, &stake.holdings, all, set.rate.clone(), &fills)
        .worst("")?
        .named(table.underlying().to_string()))
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
                let UnderlyingTables { table, set, .. } = stake.tables;
                let column = set.stable.start + 2 * at + way;
                let fills = worst_fills(stake.orders.iter(), table.scenarios().len());
                let all = Arc::new(group(table, &stake.holdings));
                let summed = Summed::new(table, &stake.holdings, all, column..column + 1, &fills);
                if summed.sums[0] != 0 {
                    parts.push(summed.loss_by_position(0)?.named(table.underlying().to_string()));
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
