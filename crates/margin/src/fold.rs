//! From a group's vector of sums to a loss: the folds that models are made of.
//!
//! Each takes the sums a [`Table`] gave for a group and returns a [`Node`] whose leaves name the
//! scenario, the group and, for the winner of a worst-of, every position's share.

use std::ops::Range;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Decimal, Label, Node, NumberError};

use crate::array::{Holding, Table, least};

/// How much of a requirement is worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What is asked and why: the worst scenarios' figures taken apart, position by position.
    Explained,
    /// What is asked alone, to the same digit: for many accounts, where nobody asks why.
    Amounts,
}

/// `holdings` as explanations name them, with their expiry where all share one; none where nobody asks.
#[must_use]
pub fn group(table: &Table, holdings: &[Holding], detail: Detail) -> Option<Arc<Group>> {
    if detail == Detail::Amounts {
        return None;
    }
    let expiry_of = |holding: &Holding| table.rows()[holding.row].expiry;
    let same = holdings.iter().all(|each| expiry_of(each) == expiry_of(&holdings[0]));
    let expiry = holdings.first().filter(|_| same).and_then(expiry_of);
    let positions = holdings.iter().map(|holding| Arc::clone(&table.rows()[holding.row].name)).collect();
    Some(Arc::new(Group { underlying: table.underlying(), expiry, positions }))
}

/// A sum in the making, whose parts are kept where somebody asks why.
pub struct Parts {
    amount: Decimal,
    of: Option<Vec<Node>>,
}

impl Parts {
    /// Of nothing yet.
    #[must_use]
    pub fn new(detail: Detail) -> Self {
        Self { amount: Decimal::ZERO, of: (detail == Detail::Explained).then(Vec::new) }
    }

    /// Adds a part.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn add(&mut self, part: Node) -> Result<(), NumberError> {
        self.amount = self.amount.plus(part.amount)?;
        if let Some(of) = &mut self.of {
            of.push(part);
        }
        Ok(())
    }

    /// Adds a part unless it is zero: the part itself where parts are kept, else no more than its amount.
    ///
    /// # Errors
    /// What the one that is made says.
    pub fn add_if_any(
        &mut self,
        amount: impl FnOnce() -> Result<Decimal, NumberError>,
        part: impl FnOnce() -> Result<Node, NumberError>,
    ) -> Result<(), NumberError> {
        let Some(of) = &mut self.of else {
            self.amount = self.amount.plus(amount()?)?;
            return Ok(());
        };
        let part = part()?;
        if !part.amount.is_zero() {
            self.amount = self.amount.plus(part.amount)?;
            of.push(part);
        }
        Ok(())
    }

    /// The sum.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn sum(self, label: impl Into<Label>) -> Result<Node, NumberError> {
        match self.of {
            Some(of) => Node::sum(label, of),
            None => Ok(Node::leaf(label, self.amount, Origin::default())),
        }
    }
}

/// A group: holdings of one table that are summed together.
pub struct Summed<'a> {
    /// The table the holdings are rows of.
    pub table: &'a Table,
    /// What is summed.
    pub holdings: &'a [Holding],
    /// The [`group`] as explanations name it; without one, figures are not taken apart.
    pub group: Option<Arc<Group>>,
    /// Which columns were summed.
    pub columns: Range<usize>,
    /// Grains gained per column: positions, and the worst fills of open orders where they count.
    pub sums: Vec<i128>,
    /// Grains of `sums` that come from open orders, per column, never positive; empty without orders.
    pub orders: Vec<i128>,
}

impl<'a> Summed<'a> {
    /// Sums `columns` of `holdings`; `orders` are the worst fills of every column of the table,
    /// or empty for none.
    #[must_use]
    pub fn new(
        table: &'a Table,
        holdings: &'a [Holding],
        group: Option<Arc<Group>>,
        columns: Range<usize>,
        orders: &[i128],
    ) -> Self {
        let mut sums = table.sums(holdings, columns.clone());
        let orders = orders.get(columns.clone()).unwrap_or_default().to_vec();
        sums.iter_mut().zip(&orders).for_each(|(sum, order)| *sum += order);
        Self { table, holdings, group, columns, sums, orders }
    }

    /// What is lost in the `at`-th of its columns; negative where it gains.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn loss_amount(&self, at: usize) -> Result<Decimal, NumberError> {
        self.table.loss(self.sums[at])
    }

    /// [`Self::loss_amount`], with the scenario and the group.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn loss(&self, at: usize) -> Result<Node, NumberError> {
        let scenario = Arc::clone(&self.table.scenarios()[self.columns.start + at].name);
        let origin = Origin { scenario: Some(scenario), group: self.group.clone(), position: None };
        Ok(Node::leaf("loss", self.loss_amount(at)?, origin))
    }

    /// The same loss, as the sum of every position's share where figures are taken apart.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn loss_by_position(&self, at: usize) -> Result<Node, NumberError> {
        if self.group.is_none() {
            return self.loss(at);
        }
        let column = self.columns.start + at;
        let scenario = &self.table.scenarios()[column].name;
        let share = |name: Arc<str>, grains: i128| {
            let origin =
                Origin { scenario: Some(Arc::clone(scenario)), group: self.group.clone(), position: Some(name) };
            Ok::<_, NumberError>(Node::leaf("share", self.table.loss(grains)?, origin))
        };
        let mut of = Vec::with_capacity(self.holdings.len() + 1);
        for holding in self.holdings {
            let grains = i128::from(holding.lots) * i128::from(self.table.cell(holding.row, column));
            of.push(share(Arc::clone(&self.table.rows()[holding.row].name), grains)?);
        }
        if let Some(orders) = self.orders.get(at).filter(|orders| **orders != 0) {
            of.push(share("open orders".into(), *orders)?);
        }
        Node::sum("loss", of)
    }

    /// The largest of the losses, at least zero: the winner shows every position's share.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn worst(&self, label: impl Into<Label>) -> Result<Node, NumberError> {
        if self.group.is_none() {
            let worst = self.table.loss(least(self.sums.iter().copied()))?;
            return Ok(Node::leaf(label, worst, Origin::default()));
        }
        let mut of = Vec::with_capacity(self.sums.len() + 1);
        for at in 0..self.sums.len() {
            of.push(self.loss(at)?);
        }
        of.push(Node::leaf("no loss", Decimal::ZERO, Origin::default()));
        let scanned = self.sums.len();
        let explain = |_: &Node, winner| (winner < scanned).then(|| self.loss_by_position(winner)).transpose();
        Node::worst_explained(label, of, explain)
    }
}
