//! From a group's vector of sums to a loss: the folds that models are made of.
//!
//! Each takes the sums a [`Table`] gave for a group and returns a [`Node`] whose leaves name the
//! scenario, the group and, for the winner of a worst-of, every position's share.

use std::ops::Range;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Label, Node, NumberError};

use crate::array::{Holding, Table};

/// A group: holdings of one table that are summed together.
pub struct Summed<'a> {
    /// The table the holdings are rows of.
    pub table: &'a Table,
    /// What is summed.
    pub holdings: &'a [Holding],
    /// The group as explanations name it.
    pub group: Arc<Group>,
    /// Which columns were summed.
    pub columns: Range<usize>,
    /// Grains gained per column: positions, and the worst fills of open orders where they count.
    pub sums: Vec<i128>,
    /// Grains of `sums` that come from open orders, per column, never positive; empty without orders.
    pub orders: Vec<i128>,
    /// Whether figures are taken apart by position; where nobody asks why they need not be.
    explains: bool,
}

impl<'a> Summed<'a> {
    /// Sums `columns` of `holdings`; `orders` are the worst fills of every column of the table,
    /// or empty for none.
    #[must_use]
    pub fn new(
        table: &'a Table,
        holdings: &'a [Holding],
        group: Arc<Group>,
        columns: Range<usize>,
        orders: &[i128],
    ) -> Self {
        let mut sums = table.sums(holdings, columns.clone());
        let orders = orders.get(columns.clone()).unwrap_or_default().to_vec();
        sums.iter_mut().zip(&orders).for_each(|(sum, order)| *sum += order);
        Self { table, holdings, group, columns, sums, orders, explains: true }
    }

    /// The same with figures that are taken apart, or not.
    #[must_use]
    pub fn explained(self, explains: bool) -> Self {
        Self { explains, ..self }
    }

    /// The loss in the `at`-th of its columns; negative where it gains.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn loss(&self, at: usize) -> Result<Node, NumberError> {
        let scenario = Arc::clone(&self.table.scenarios()[self.columns.start + at].name);
        let origin = Origin { scenario: Some(scenario), group: Some(Arc::clone(&self.group)), position: None };
        Ok(Node::leaf("loss", self.table.loss(self.sums[at])?, origin))
    }

    /// The same loss, as the sum of every position's share where figures are taken apart.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn loss_by_position(&self, at: usize) -> Result<Node, NumberError> {
        if !self.explains {
            return self.loss(at);
        }
        let column = self.columns.start + at;
        let scenario = &self.table.scenarios()[column].name;
        let share = |name: Arc<str>, grains: i128| {
            let origin = Origin {
                scenario: Some(Arc::clone(scenario)),
                group: Some(Arc::clone(&self.group)),
                position: Some(name),
            };
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
        if !self.explains {
            let least = self.sums.iter().copied().min().unwrap_or(0).min(0);
            return Ok(Node::leaf(label, self.table.loss(least)?, Origin::default()));
        }
        let mut of = Vec::with_capacity(self.sums.len() + 1);
        for at in 0..self.sums.len() {
            of.push(self.loss(at)?);
        }
        of.push(Node::leaf("no loss", plimsoll_core::Decimal::ZERO, Origin::default()));
        let scanned = self.sums.len();
        let explain = |_: &Node, winner| (winner < scanned).then(|| self.loss_by_position(winner)).transpose();
        Node::worst_explained(label, of, explain)
    }
}
