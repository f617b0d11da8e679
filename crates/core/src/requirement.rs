//! A requirement as a tree: every figure with the figures it was made from.
//!
//! Leaves are exact and rounded against the account. Inner nodes only add, take the largest, scale
//! by a decimal or clamp, so anyone can recompute the total from the leaves with [`Node::check`],
//! and *explain* is this tree and never a second calculation.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use thiserror::Error;

use crate::{Asset, Decimal, NumberError, Rounding, Timestamp, Underlying};

/// What an account must hold at the two levels every model publishes.
///
/// ```
/// use plimsoll_core::{Node, Requirement, hash, requirement::Origin};
/// let scan = Node::worst_of("scan", vec![
///     Node::leaf("price -16%", "120".parse()?, Origin::default()),
///     Node::leaf("price +16%", "-80".parse()?, Origin::default()),
/// ]);
/// let initial = Node::scale("initial", "1.3".parse()?, scan.clone())?;
/// let requirement = Requirement { asset: "USDC".parse()?, initial, maintenance: scan };
/// assert_eq!(requirement.initial.check()?.to_string(), "156");
/// assert_eq!(hash(&requirement), hash(&requirement.clone()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The asset both are counted in.
    pub asset: Asset,
    /// To open or add risk; open orders count.
    pub initial: Node,
    /// To keep what is open.
    pub maintenance: Node,
}

/// One figure of a requirement: a loss or a charge, positive when the account must hold it.
///
/// ```
/// use plimsoll_core::{Decimal, Node, requirement::Origin};
/// let charge = |label, size| Node::leaf(label, Decimal::from_int(size), Origin::default());
/// let mut total = Node::sum("total", vec![charge("scan", 90), charge("short options", 10)])?;
/// assert_eq!(total.find("scan").map(|node| node.amount), Some(90.into()));
/// total.amount = 99.into();
/// let found = total.check().map_err(|wrong| wrong.to_string());
/// assert_eq!(found, Err("total: says 99, its parts make 100".to_owned()));
/// # Ok::<(), plimsoll_core::NumberError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What the figure is.
    pub label: Label,
    /// The figure, in the requirement's asset.
    pub amount: Decimal,
    /// How it was made.
    pub rule: Rule,
}

/// What a figure is called: a text that costs nothing to copy.
#[derive(Clone)]
pub struct Label(Text);

#[derive(Clone)]
enum Text {
    Fixed(&'static str),
    Asset(Asset),
    Shared(Arc<str>),
}

impl Deref for Label {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Text::Fixed(text) => text,
            Text::Asset(asset) => asset.as_str(),
            Text::Shared(text) => text,
        }
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Label {}

impl PartialEq<&str> for Label {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}

impl From<&'static str> for Label {
    fn from(text: &'static str) -> Self {
        Self(Text::Fixed(text))
    }
}

impl From<Asset> for Label {
    fn from(asset: Asset) -> Self {
        Self(Text::Asset(asset))
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self(Text::Shared(text.into()))
    }
}

impl From<&Arc<str>> for Label {
    fn from(text: &Arc<str>) -> Self {
        Self(Text::Shared(Arc::clone(text)))
    }
}

/// How a node's amount follows from its children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It is an exact figure of its own.
    Leaf(Origin),
    /// The sum of its children.
    Sum(Arc<[Node]>),
    /// The largest of its children: the winner is marked, the losers are kept.
    WorstOf {
        /// The child that is largest; the first where several are.
        winner: usize,
        /// All of them, at least one.
        of: Arc<[Node]>,
    },
    /// Its child × `by`, rounded up at 18 places.
    Scale {
        /// The factor.
        by: Decimal,
        /// What is scaled.
        of: Arc<Node>,
    },
    /// Its child, at least `low` and at most `high`; where the two cross, `high` holds.
    Clamp {
        /// The floor, where there is one.
        low: Option<Decimal>,
        /// The ceiling, where there is one.
        high: Option<Decimal>,
        /// What is clamped.
        of: Arc<Node>,
    },
}

/// Where a leaf comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The scenario it was computed in.
    pub scenario: Option<Arc<str>>,
    /// The group of positions it was summed over.
    pub group: Option<Arc<Group>>,
    /// The instrument or balance it belongs to, where it is one position's share.
    pub position: Option<Arc<str>>,
}

/// Positions that were summed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The underlying they share, or the asset of a balance.
    pub underlying: Underlying,
    /// The expiry they share, where the group is that fine.
    pub expiry: Option<Timestamp>,
    /// The names of the instruments and balances in it.
    pub positions: Vec<Arc<str>>,
}

/// A tree whose parts do not make its total.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{label}: says {says}, its parts make {}", parts.map_or_else(|| "no such figure".to_owned(), |made| made.to_string()))]
pub struct Mismatch {
    /// The node that is wrong.
    pub label: String,
    /// What it says.
    pub says: Decimal,
    /// What its parts make; `None` where that leaves the range of a decimal, or the winner marked is
    /// not the first of the largest.
    pub parts: Option<Decimal>,
}

impl Node {
    /// An exact figure.
    #[must_use]
    pub fn leaf(label: impl Into<Label>, amount: Decimal, origin: Origin) -> Self {
        Self { label: label.into(), amount, rule: Rule::Leaf(origin) }
    }

    /// The sum of `of`.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn sum(label: impl Into<Label>, of: Vec<Self>) -> Result<Self, NumberError> {
        Self::sum_shared(label, of.into())
    }

    /// The same of nodes that are shared already.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn sum_shared(label: impl Into<Label>, of: Arc<[Self]>) -> Result<Self, NumberError> {
        let amount = of.iter().try_fold(Decimal::ZERO, |sum, node| sum.plus(node.amount))?;
        Ok(Self { label: label.into(), amount, rule: Rule::Sum(of) })
    }

    /// The largest of `of`, the first where several are; a zero leaf when there is none.
    #[must_use]
    pub fn worst_of(label: impl Into<Label>, of: Vec<Self>) -> Self {
        match largest(of.iter().map(|node| node.amount)) {
            Some((winner, amount)) => {
                Self { label: label.into(), amount, rule: Rule::WorstOf { winner, of: of.into() } }
            }
            None => Self::leaf(label, Decimal::ZERO, Origin::default()),
        }
    }

    /// The largest of `of` with its winner shown in more detail: `explain` is handed the winner and its
    /// place and may answer with another tree of the same amount.
    ///
    /// # Errors
    /// Whatever `explain` errs with.
    ///
    /// # Panics
    /// When the other tree's amount is another: an explanation changes no figure.
    pub fn worst_explained<E>(
        label: impl Into<Label>,
        mut of: Vec<Self>,
        explain: impl FnOnce(&Self, usize) -> Result<Option<Self>, E>,
    ) -> Result<Self, E> {
        if let Some((winner, amount)) = largest(of.iter().map(|node| node.amount))
            && let Some(detail) = explain(&of[winner], winner)?
        {
            assert_eq!(detail.amount, amount, "an explanation changes no figure");
            of[winner] = detail;
        }
        Ok(Self::worst_of(label, of))
    }

    /// `of` × `by`, rounded up.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn scale(label: impl Into<Label>, by: Decimal, of: Self) -> Result<Self, NumberError> {
        let amount = of.amount.times(by, Rounding::Up)?;
        Ok(Self { label: label.into(), amount, rule: Rule::Scale { by, of: Arc::new(of) } })
    }

    /// `of`, at least `low` and at most `high`; where the two cross, `high` holds.
    #[must_use]
    pub fn clamp(label: impl Into<Label>, low: Option<Decimal>, high: Option<Decimal>, of: Self) -> Self {
        let amount = clamped(of.amount, low, high);
        Self { label: label.into(), amount, rule: Rule::Clamp { low, high, of: Arc::new(of) } }
    }

    /// The same figure under another label.
    #[must_use]
    pub fn named(self, label: impl Into<Label>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// The nodes this one was made from.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.rule {
            Rule::Leaf(_) => &[],
            Rule::Sum(of) | Rule::WorstOf { of, .. } => of,
            Rule::Scale { of, .. } | Rule::Clamp { of, .. } => std::slice::from_ref(of),
        }
    }

    /// The first node on a depth-first walk whose label is `label`.
    #[must_use]
    pub fn find(&self, label: &str) -> Option<&Self> {
        if &*self.label == label {
            return Some(self);
        }
        self.children().iter().find_map(|child| child.find(label))
    }

    /// Recomputes the tree from its leaves: the ten lines anyone can write again.
    ///
    /// # Errors
    /// The first [`Mismatch`], children before parents.
    pub fn check(&self) -> Result<Decimal, Mismatch> {
        let parts = self.children().iter().map(Self::check).collect::<Result<Vec<_>, _>>()?;
        let made = match &self.rule {
            Rule::Leaf(_) => Some(self.amount),
            Rule::Sum(_) => parts.iter().try_fold(Decimal::ZERO, |sum, part| sum.plus(*part)).ok(),
            Rule::WorstOf { winner, .. } => {
                largest(parts.iter().copied()).filter(|(first, _)| first == winner).map(|(_, most)| most)
            }
            Rule::Scale { by, .. } => parts[0].times(*by, Rounding::Up).ok(),
            Rule::Clamp { low, high, .. } => Some(clamped(parts[0], *low, *high)),
        };
        if made == Some(self.amount) {
            return Ok(self.amount);
        }
        Err(Mismatch { label: self.label.to_string(), says: self.amount, parts: made })
    }
}

/// Where the largest stands, the first where several are, and what it is; `None` of nothing.
fn largest(amounts: impl Iterator<Item = Decimal>) -> Option<(usize, Decimal)> {
    amounts.enumerate().reduce(|most, next| if next.1 > most.1 { next } else { most })
}

fn clamped(amount: Decimal, low: Option<Decimal>, high: Option<Decimal>) -> Decimal {
    let raised = low.map_or(amount, |low| amount.max(low));
    high.map_or(raised, |high| raised.min(high))
}
