//! Across underlyings: R = max(γ · Σᵤ Wᵤ, maxᵤ Wᵤ, maxₖ Σᵤ Lᵤ(cell k)).
//!
//! Wᵤ is the underlying's own worst; a joint move k puts one underlying at one node of its own
//! range and the rest at another. In the list all move together, over the grid, in every extreme move
//! and through a day; one leads and the rest follow
//! half way, and one moves against the rest, so a book that needs two underlyings to move alike is
//! not given the credit when they part. γ is the share that no offset can take away.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Node, NumberError, Rule};

use super::parameters::PlimsollParameters;
use super::requirement::Scan;
use super::scenarios::VolRow;
use super::tables::Stake;

/// Where one underlying and the rest go, in halves of their own ranges.
const PARTING: [(i64, i64); 4] = [(-2, -1), (2, 1), (-2, 1), (2, -1)];

/// One joint move.
struct Joint {
    label: String,
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
    let own = stakes
        .iter()
        .zip(&scans)
        .map(|(stake, scan)| scan.worst(stake.tables.table.underlying().to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    if own.len() <= 1 {
        return Node::sum("net risk", own);
    }
    let mut of: Vec<Node> =
        own.iter().map(|worst| Node::leaf(format!("{} alone", worst.label), worst.amount, Origin::default())).collect();
    let joints = joints(&stakes);
    for joint in &joints {
        of.push(joint.node(&stakes, &scans, false)?);
    }
    let first_joint = of.len() - joints.len();
    of.push(Node::scale("floor on credit", parameters.credit_floor, Node::sum("sum of own worsts", own)?)?);
    let mut node = Node::worst_of("net risk", of);
    if let Rule::WorstOf { winner, of } = &mut node.rule
        && let Some(joint) = winner.checked_sub(first_joint).and_then(|at| joints.get(at))
    {
        of[*winner] = joint.node(&stakes, &scans, true)?;
    }
    Ok(node)
}

/// The published joint moves, for the underlyings an account has.
fn joints(stakes: &[&Stake<'_>]) -> Vec<Joint> {
    let Some(first) = stakes.first() else { return Vec::new() };
    let set = &first.tables.set;
    let mut all: Vec<Joint> = set
        .scan
        .clone()
        .map(|column| Joint { label: format!("all: {}", set.relative_name(column)), places: Places::Common(column) })
        .collect();
    let steps = set.steps();
    for (leads, stake) in stakes.iter().enumerate() {
        let leader = stake.tables.table.underlying();
        for row in VolRow::ALL {
            for (one, rest) in PARTING {
                let (one, rest) = (one * steps / 2, rest * steps / 2);
                let label = format!("{leader} {one:+}/{steps} of range, the rest {rest:+}/{steps}{}", row.suffix());
                all.push(Joint { label, places: Places::Parting { row, leads, one, rest } });
            }
        }
    }
    all
}

impl Joint {
    fn node(&self, stakes: &[&Stake<'_>], scans: &[Scan<'_>], explained: bool) -> Result<Node, NumberError> {
        let mut of = Vec::with_capacity(scans.len());
        for (at, (stake, scan)) in stakes.iter().zip(scans).enumerate() {
            let column = match self.places {
                Places::Common(column) => Some(column),
                Places::Parting { row, leads, one, rest } => {
                    stake.tables.set.node(row, if leads == at { one } else { rest })
                }
            };
            let name = stake.tables.table.underlying().to_string();
            of.push(match column {
                Some(column) if explained => scan.explained(column)?.named(name),
                _ => Node::leaf(name, scan.loss(column), Origin::default()),
            });
        }
        Node::sum(self.label.clone(), of)
    }
}
