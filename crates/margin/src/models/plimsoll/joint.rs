//! Across underlyings: R = max(γ · Σᵤ Wᵤ, maxᵤ Wᵤ, maxₖ Σᵤ Lᵤ(cell k)).
//!
//! Wᵤ is the underlying's own worst; a joint move k puts one underlying at one node of its own
//! range and the rest at another. In the list all move together, one leads and the rest follow
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

/// One joint move: a node for each underlying.
struct Joint {
    label: String,
    row: VolRow,
    /// Which underlying leads; `None` where all go alike.
    leads: Option<usize>,
    one: i64,
    rest: i64,
}

/// The net risk of all underlyings together.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(super) fn across(stakes: &[Stake<'_>], parameters: &PlimsollParameters) -> Result<Node, NumberError> {
    let scans = stakes.iter().map(Scan::new).collect::<Result<Vec<_>, _>>()?;
    let own = stakes
        .iter()
        .zip(&scans)
        .map(|(stake, scan)| scan.worst(stake.tables.table.underlying().to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    // An underlying that loses nothing in any cell may still gain where another loses.
    if own.len() <= 1 {
        return Node::sum("net risk", own);
    }
    let mut of: Vec<Node> =
        own.iter().map(|worst| Node::leaf(format!("{} alone", worst.label), worst.amount, Origin::default())).collect();
    let joints = joints(stakes);
    for joint in &joints {
        of.push(joint.node(stakes, &scans, false)?);
    }
    let first_joint = of.len() - joints.len();
    of.push(Node::scale("floor on credit", parameters.credit_floor, Node::sum("sum of own worsts", own)?)?);
    let mut node = Node::worst_of("net risk", of);
    if let Rule::WorstOf { winner, of } = &mut node.rule
        && let Some(joint) = winner.checked_sub(first_joint).and_then(|at| joints.get(at))
    {
        of[*winner] = joint.node(stakes, &scans, true)?;
    }
    Ok(node)
}

/// The published joint moves, for the underlyings an account has.
fn joints(stakes: &[Stake<'_>]) -> Vec<Joint> {
    let steps = stakes.iter().map(|stake| stake.tables.set.steps()).min().unwrap_or(1);
    let name = |row: VolRow| match row {
        VolRow::Down => ", vol down",
        VolRow::Still => "",
        VolRow::Up => ", vol up",
    };
    let mut all = Vec::new();
    for row in VolRow::ALL {
        for step in -steps..=steps {
            let label = format!("all {step:+}/{steps} of range{}", name(row));
            all.push(Joint { label, row, leads: None, one: step, rest: step });
        }
        for (leads, stake) in stakes.iter().enumerate() {
            for (one, rest) in PARTING {
                let (one, rest) = (one * steps / 2, rest * steps / 2);
                let leader = stake.tables.table.underlying();
                let label = format!("{leader} {one:+}/{steps} of range, the rest {rest:+}/{steps}{}", name(row));
                all.push(Joint { label, row, leads: Some(leads), one, rest });
            }
        }
    }
    all
}

impl Joint {
    fn node(&self, stakes: &[Stake<'_>], scans: &[Scan<'_>], explained: bool) -> Result<Node, NumberError> {
        let mut of = Vec::with_capacity(scans.len());
        for (at, (stake, scan)) in stakes.iter().zip(scans).enumerate() {
            let step = if self.leads.is_none_or(|leads| leads == at) { self.one } else { self.rest };
            let column = stake.tables.set.node(self.row, step);
            let name = stake.tables.table.underlying().to_string();
            of.push(match column {
                Some(column) if explained => scan.explained(column)?.named(name),
                _ => Node::leaf(name, scan.loss(column), Origin::default()),
            });
        }
        Node::sum(self.label.clone(), of)
    }
}
