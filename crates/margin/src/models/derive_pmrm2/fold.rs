//! The fold of one expiry and the worst of the scenarios.

use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Decimal, Label, Node, NumberError, Rounding, Timestamp};

use super::tables::{BASIS, SCENARIOS, UNSHOCKED, UnderlyingTable};
use crate::array::{Holding, by_expiry};
use crate::scenario::{Scenario, Skew};

/// One expiry's part in every scenario, or the perpetuals', or the collateral's.
struct Part {
    label: Label,
    group: Option<Arc<Group>>,
    basis: Decimal,
    losses: Vec<Decimal>,
}

/// What an account stands to lose in every scenario, and what it is worth unshocked.
pub(in crate::models) struct Scan<'a> {
    scenarios: &'a [Scenario],
    parts: Vec<Part>,
    /// Value of the account's options by the model.
    pub(in crate::models) option_value: Decimal,
}

impl<'a> Scan<'a> {
    /// Folds every expiry; `cancelling` is the value of the collateral that moves with the index.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(in crate::models) fn new(
        scenarios: &'a [Scenario],
        tables: Option<&UnderlyingTable>,
        holdings: &[Holding],
        cancelling: Decimal,
    ) -> Result<Self, NumberError> {
        let scenarios = &scenarios[SCENARIOS..];
        let mut scan = Self { scenarios, parts: Vec::new(), option_value: Decimal::ZERO };
        if let Some(tables) = tables {
            for (expiry, run) in by_expiry(&tables.table, holdings) {
                scan.add(tables, expiry, run)?;
            }
        }
        if !cancelling.is_zero() {
            scan.parts.push(collateral(scenarios, cancelling)?);
        }
        Ok(scan)
    }

    /// Folds the holdings of one expiry.
    fn add(&mut self, tables: &UnderlyingTable, expiry: Option<Timestamp>, run: &[Holding]) -> Result<(), NumberError> {
        let table = &tables.table;
        let names = run.iter().map(|holding| Arc::clone(&table.rows()[holding.row].name)).collect();
        let group = Arc::new(Group { underlying: table.underlying(), expiry, positions: names });
        let sums = table.sums(run, 0..table.scenarios().len());
        let worths = sums.iter().map(|sum| table.loss(-*sum)).collect::<Result<Vec<_>, _>>()?;
        let now = worths[UNSHOCKED];
        let rules = expiry.and_then(|expiry| tables.expiries.get(&expiry));
        let mut losses = Vec::with_capacity(self.scenarios.len());
        for (scenario, worth) in self.scenarios.iter().zip(&worths[SCENARIOS..]) {
            let counted = match rules {
                Some(rules) if worth.signum() < 0 => worth.times(rules.short, Rounding::Down)?,
                Some(rules) => worth.times(rules.long, Rounding::Down)?,
                None => *worth,
            };
            let loss = now.minus(counted)?;
            // A turn of the smile may hit each expiry on its bad side.
            let loss = if scenario.skew == Skew::Still { loss } else { loss.abs() };
            losses.push(damped(loss, scenario)?);
        }
        let mut basis = Decimal::ZERO;
        if let Some(rules) = rules {
            self.option_value = self.option_value.plus(now)?;
            for side in BASIS {
                basis = basis.max(now.minus(worths[side])?);
            }
            basis = basis.times(rules.basis, Rounding::Up)?;
        }
        let label = expiry.map_or_else(|| "perpetual".into(), |expiry| expiry.to_string().into());
        self.parts.push(Part { label, group: Some(group), basis, losses });
        Ok(())
    }

    /// The worst of the basis contingency and the scenarios, at least zero.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(in crate::models) fn worst(&self) -> Result<Node, NumberError> {
        let total =
            |of: &dyn Fn(&Part) -> Decimal| self.parts.iter().try_fold(Decimal::ZERO, |sum, part| sum.plus(of(part)));
        let mut of = Vec::with_capacity(self.scenarios.len() + 1);
        of.push(Node::leaf("basis contingency", total(&|part| part.basis)?, Origin::default()));
        for (at, scenario) in self.scenarios.iter().enumerate() {
            let origin = Origin { scenario: Some(Arc::clone(&scenario.name)), ..Origin::default() };
            of.push(Node::leaf("loss", total(&|part| part.losses[at])?, origin));
        }
        Node::worst_explained("worst scenario", of, |_, winner| self.explained(winner).map(Some))
    }

    /// The loss in one scenario, or in the basis contingency, expiry by expiry.
    fn explained(&self, winner: usize) -> Result<Node, NumberError> {
        let scenario = winner.checked_sub(1).map(|at| (at, Arc::clone(&self.scenarios[at].name)));
        let leaf = |part: &Part| {
            let amount = scenario.as_ref().map_or(part.basis, |(at, _)| part.losses[*at]);
            let name = scenario.as_ref().map(|(_, name)| Arc::clone(name));
            Node::leaf(part.label.clone(), amount, Origin { scenario: name, group: part.group.clone(), position: None })
        };
        let label: Label = scenario.as_ref().map_or_else(|| "basis contingency".into(), |(_, name)| name.into());
        Node::sum(label, self.parts.iter().map(leaf).collect())
    }
}

/// The share of `loss` that counts; nearly all scenarios count whole.
fn damped(loss: Decimal, scenario: &Scenario) -> Result<Decimal, NumberError> {
    if scenario.damping == Decimal::ONE { Ok(loss) } else { loss.times(scenario.damping, Rounding::Up) }
}

/// Collateral that moves with the index has no skew and no basis.
fn collateral(scenarios: &[Scenario], value: Decimal) -> Result<Part, NumberError> {
    let mut losses = Vec::with_capacity(scenarios.len());
    for scenario in scenarios {
        let fall = value.times(scenario.price.negated(), Rounding::Up)?;
        losses.push(damped(fall, scenario)?);
    }
    Ok(Part { label: "collateral".into(), group: None, basis: Decimal::ZERO, losses })
}
