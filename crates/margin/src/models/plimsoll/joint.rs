//! Across underlyings: R = max(γ · Σᵤ Wᵤ, maxᵤ Wᵤ, maxₖ Σᵤ Lᵤ(cell k)).
//!
//! Wᵤ is the underlying's own worst; a joint move k puts one underlying at one node of its own
//! range and the rest at another. In the list all move together, over the grid, in every extreme move
//! and through a day; one leads and the rest follow
//! half way, and one moves against the rest, so a book that needs two underlyings to move alike is
//! not given the credit when they part. γ is the share that no offset can take away.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Label, Node, NumberError, Rounding, Underlying};
use plimsoll_pricing::float::float;

use super::parameters::PlimsollParameters;
use super::scan::Scan;
use super::scenarios::{ScenarioSet, VolRow};
use super::tables::Stake;
use crate::fold::Detail;
use crate::scans::JointMove;

/// Where one underlying and the rest go, in halves of their own ranges.
const PARTING: [(i64, i64); 4] = [(-2, -1), (2, 1), (-2, 1), (2, -1)];

/// One joint move.
struct Joint<'a> {
    label: &'a Label,
    places: Places,
}

/// Where a joint move puts each underlying.
enum Places {
    /// All in this column of the scan: a node of each one's own range, an extreme move, a day.
    Common(usize),
    /// The leader and the rest at nodes of one volatility row.
    Parting { row: VolRow, leads: usize, one: i64, rest: i64 },
}

/// The net risk of all underlyings together.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(super) fn across(stakes: &[Stake<'_>], parameters: &PlimsollParameters) -> Result<Node, NumberError> {
    // A stablecoin's own moves are charged apart; at these it stands still.
    let stakes: Vec<&Stake<'_>> = stakes.iter().filter(|stake| stake.moves_with_price()).collect();
    let scans = stakes.iter().map(|stake| Scan::new(stake)).collect::<Result<Vec<_>, _>>()?;
    if scans.len() <= 1 {
        let own = stakes.iter().zip(scans).map(|(stake, scan)| scan.worst(&stake.tables.name));
        return Node::sum("net risk", own.collect::<Result<Vec<_>, _>>()?);
    }
    if stakes.iter().all(|stake| stake.detail == Detail::Amounts) {
        return Ok(Node::leaf("net risk", amount(&stakes, &scans, parameters)?, Origin::default()));
    }
    let joints: Vec<Joint<'_>> = joints(&stakes).collect();
    let losses = joints.iter().map(|joint| joint.loss(&stakes, &scans)).collect::<Result<Vec<_>, _>>()?;
    let own = stakes.iter().zip(&scans).map(|(stake, scan)| scan.worst(&stake.tables.name));
    let sum = Node::sum("sum of own worsts", own.collect::<Result<Vec<_>, _>>()?)?;
    let floor = Node::scale("floor on credit", parameters.credit_floor, sum)?;
    let alone = scans.iter().map(Scan::worst_amount);
    let largest_alone = alone.clone().reduce(Decimal::max).unwrap_or_default();
    let alone = stakes.iter().zip(alone);
    let mut of: Vec<Node> =
        alone.map(|(stake, worst)| Node::leaf(stake.tables.alone.clone(), worst, Origin::default())).collect();
    // The joint move that may win shows its positions.
    let worst_joint = (0..losses.len()).rev().max_by_key(|at| losses[*at]).filter(|at| losses[*at] > largest_alone);
    for (at, joint) in joints.iter().enumerate() {
        of.push(if worst_joint == Some(at) {
            joint.explained(&stakes, &scans)?
        } else {
            joint.node(&stakes, &scans)?
        });
    }
    of.push(floor);
    Ok(Node::worst_of("net risk", of))
}

/// The net risk of several underlyings where nobody asks why.
fn amount(stakes: &[&Stake<'_>], scans: &[Scan<'_>], parameters: &PlimsollParameters) -> Result<Decimal, NumberError> {
    let (mut sum, mut worst) = (Decimal::ZERO, Decimal::MIN);
    for scan in scans {
        let alone = scan.worst_amount();
        sum = sum.plus(alone)?;
        worst = worst.max(alone);
    }
    worst = worst.max(sum.times(parameters.credit_floor, Rounding::Up)?);
    // All have the same columns.
    let Some(set) = stakes.first().map(|first| &first.tables.set) else { return Ok(worst) };
    let together = |column| scans.iter().try_fold(Decimal::ZERO, |sum, scan| sum.plus(scan.loss(column)));
    for column in set.scan.clone() {
        worst = worst.max(together(Some(column))?);
    }
    // Who leads leaves the rest.
    for (row, one, rest) in partings(set.steps()) {
        let [one, rest] = [one, rest].map(|step| set.node(row, step));
        let all = together(rest)?;
        for leader in scans {
            worst = worst.max(all.minus(leader.loss(rest))?.plus(leader.loss(one))?);
        }
    }
    Ok(worst)
}

/// Labels of the moves that all share, by scan column, and of those that `leader` leads.
pub(super) fn labels(set: &ScenarioSet, leader: Underlying) -> (Vec<Label>, Vec<Label>) {
    let together = set.scan.clone().map(|column| format!("all: {}", set.relative_name(column)).into());
    let steps = set.steps();
    let leading = partings(steps).map(|(row, one, rest)| {
        format!("{leader} {one:+}/{steps} of range, the rest {rest:+}/{steps}{}", row.suffix()).into()
    });
    (together.collect(), leading.collect())
}

/// Volatility row, the leader's node and the others'.
fn partings(steps: i64) -> impl Iterator<Item = (VolRow, i64, i64)> {
    let nodes = PARTING.map(|(one, rest)| (one * steps / 2, rest * steps / 2));
    VolRow::ALL.into_iter().flat_map(move |row| nodes.map(move |(one, rest)| (row, one, rest)))
}

/// The published joint moves, for the underlyings an account has.
fn joints<'a>(stakes: &'a [&'a Stake<'_>]) -> impl Iterator<Item = Joint<'a>> {
    let together = stakes.first().into_iter().flat_map(|first| {
        let columns = first.tables.together.iter().zip(first.tables.set.scan.clone());
        columns.map(|(label, column)| Joint { label, places: Places::Common(column) })
    });
    let steps = stakes.first().map_or(0, |first| first.tables.set.steps());
    let parting = stakes.iter().enumerate().flat_map(move |(leads, stake)| {
        let leading = stake.tables.leading.iter().zip(partings(steps));
        leading.map(move |(label, (row, one, rest))| Joint { label, places: Places::Parting { row, leads, one, rest } })
    });
    together.chain(parting)
}

/// What every joint move loses, and where it puts each of `stakes`: a scan column, none where nothing moves.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(super) fn moves(stakes: &[&Stake<'_>], scans: &[Scan<'_>]) -> Result<Vec<JointMove>, NumberError> {
    let of = |joint: Joint<'_>| {
        let columns = stakes.iter().enumerate().map(|(at, stake)| joint.column(at, stake)).collect();
        Ok(JointMove { loss: float(joint.loss(stakes, scans)?), columns })
    };
    joints(stakes).map(of).collect()
}

impl Joint<'_> {
    /// The scan column that the move puts the `at`-th stake in; `None` where nothing moves.
    fn column(&self, at: usize, stake: &Stake<'_>) -> Option<usize> {
        match self.places {
            Places::Common(column) => Some(column),
            Places::Parting { row, leads, one, rest } => {
                stake.tables.set.node(row, if leads == at { one } else { rest })
            }
        }
    }

    /// The move's loss.
    fn loss(&self, stakes: &[&Stake<'_>], scans: &[Scan<'_>]) -> Result<Decimal, NumberError> {
        let mut losses = stakes.iter().zip(scans).enumerate();
        losses.try_fold(Decimal::ZERO, |sum, (at, (stake, scan))| sum.plus(scan.loss(self.column(at, stake))))
    }

    /// The same, underlying by underlying.
    fn node(&self, stakes: &[&Stake<'_>], scans: &[Scan<'_>]) -> Result<Node, NumberError> {
        let losses = stakes.iter().zip(scans).enumerate().map(|(at, (stake, scan))| {
            Node::leaf(&stake.tables.name, scan.loss(self.column(at, stake)), Origin::default())
        });
        Node::sum_shared(self.label.clone(), losses.collect())
    }

    /// The same with every position's share.
    fn explained(&self, stakes: &[&Stake<'_>], scans: &[Scan<'_>]) -> Result<Node, NumberError> {
        let mut of = Vec::with_capacity(scans.len());
        for (at, (stake, scan)) in stakes.iter().zip(scans).enumerate() {
            let name = &stake.tables.name;
            of.push(match self.column(at, stake) {
                Some(column) => scan.explained(column)?.named(name),
                None => Node::leaf(name, scan.loss(None), Origin::default()),
            });
        }
        Node::sum(self.label.clone(), of)
    }
}
