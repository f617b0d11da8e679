//! The fold of one expiry and the worst of the scenarios.

use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Decimal, Label, Node, NumberError, Rounding, Timestamp};
use plimsoll_pricing::float::float;

use super::tables::{BASIS, ExpiryRules, SCENARIOS, UNSHOCKED, UnderlyingTable};
use crate::array::{Holding, Table, by_expiry};
use crate::fold::{Detail, group};
use crate::scenario::{Scenario, Skew};

/// The holdings of one expiry, or the perpetuals, under every scenario.
struct Run<'a> {
    table: &'a Table,
    /// `None` for perpetuals.
    rules: Option<&'a ExpiryRules>,
    sums: Vec<i128>,
    /// Worth unshocked.
    now: Decimal,
}

impl<'a> Run<'a> {
    fn new(tables: &'a UnderlyingTable, expiry: Option<Timestamp>, holdings: &[Holding]) -> Result<Self, NumberError> {
        let table = &tables.table;
        let sums = table.sums(holdings, 0..table.scenarios().len());
        let now = table.loss(-sums[UNSHOCKED])?;
        Ok(Self { table, rules: expiry.and_then(|expiry| tables.expiries.get(&expiry)), sums, now })
    }

    /// The loss in the venue's scenario number `at`.
    fn loss(&self, at: usize, scenario: &Scenario) -> Result<Decimal, NumberError> {
        let worth = self.table.loss(-self.sums[SCENARIOS + at])?;
        let counted = match self.rules {
            Some(rules) if worth.signum() < 0 => worth.times(rules.short, Rounding::Down)?,
            Some(rules) => worth.times(rules.long, Rounding::Down)?,
            None => worth,
        };
        let loss = self.now.minus(counted)?;
        // A turn of the smile may hit each expiry on its bad side.
        damped(if scenario.skew == Skew::Still { loss } else { loss.abs() }, scenario)
    }

    /// What moving the forwards alone costs.
    fn basis(&self) -> Result<Decimal, NumberError> {
        let Some(rules) = self.rules else { return Ok(Decimal::ZERO) };
        let mut basis = Decimal::ZERO;
        for side in BASIS {
            basis = basis.max(self.now.minus(self.table.loss(-self.sums[side])?)?);
        }
        basis.times(rules.basis, Rounding::Up)
    }

    /// [`Self::loss`] in floats for all scenarios, added to `totals`; what it may be off by.
    fn add_roughly(&self, scenarios: &[Rough], unit: f64, totals: &mut [f64]) -> f64 {
        let (long, short) = self.rules.map_or((1.0, 1.0), |rules| (float(rules.long), float(rules.short)));
        let (now, mut size) = (float(self.now), float(self.now).abs());
        for ((scenario, sum), total) in scenarios.iter().zip(&self.sums[SCENARIOS..]).zip(totals) {
            let worth = rough(*sum) * unit;
            let loss = now - if worth < 0.0 { worth * short } else { worth * long };
            size = size.max(worth.abs());
            *total += if scenario.turns { loss.abs() } else { loss } * scenario.damping;
        }
        size * ROUGH
    }
}

/// A bound on the relative error of a handful of float operations, with room.
const ROUGH: f64 = 1e-13;

/// A sum by its halves, each of which is one instruction.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what it loses is bounded by ROUGH; the halves are meant"
)]
const fn rough(sum: i128) -> f64 {
    const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;
    (sum >> 64) as i64 as f64 * TWO_TO_64 + (sum as u64) as f64
}

/// A scenario in floats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rough {
    price: f64,
    damping: f64,
    /// Whether it turns the smile.
    turns: bool,
}

impl Rough {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let Scenario { price, damping, skew, .. } = scenario;
        Self { price: float(*price), damping: float(*damping), turns: *skew != Skew::Still }
    }
}

/// The worst scenario of `holdings`, and what the options among them are worth unshocked; `cancelling` is the value of
/// the collateral that moves with the index.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(in crate::models) fn worst(
    scenarios: &[Scenario],
    tables: Option<&UnderlyingTable>,
    holdings: &[Holding],
    cancelling: Decimal,
    detail: Detail,
) -> Result<(Node, Decimal), NumberError> {
    if detail == Detail::Amounts {
        let Worst { loss, option_value } = worst_amount(scenarios, tables, holdings, cancelling)?;
        return Ok((Node::leaf(LABEL, loss, Origin::default()), option_value));
    }
    let scan = Scan::new(scenarios, tables, holdings, cancelling)?;
    Ok((scan.worst()?, scan.option_value))
}

const LABEL: &str = "worst scenario";

/// The amount of [`Scan::worst`] alone: floats say which scenarios can be the worst, decimals which is.
fn worst_amount(
    scenarios: &[Scenario],
    tables: Option<&UnderlyingTable>,
    holdings: &[Holding],
    cancelling: Decimal,
) -> Result<Worst, NumberError> {
    let scenarios = &scenarios[SCENARIOS..];
    let mut worst = Worst { loss: Decimal::ZERO, option_value: Decimal::ZERO };
    let Some(tables) = tables.filter(|_| !holdings.is_empty()) else {
        worst.loss = Scan::new_of(scenarios, cancelling)?.worst()?.amount;
        return Ok(worst);
    };
    let unit = tables.table.unit();
    let (mut runs, mut totals, mut off) = (Vec::new(), vec![0.0; scenarios.len()], ROUGH);
    for (expiry, run) in by_expiry(&tables.table, holdings) {
        let run = Run::new(tables, expiry, run)?;
        off += run.add_roughly(&tables.rough, unit, &mut totals);
        if run.rules.is_some() {
            worst.option_value = worst.option_value.plus(run.now)?;
        }
        worst.loss = worst.loss.plus(run.basis()?)?;
        runs.push(run);
    }
    let held = float(cancelling);
    off += held.abs() * ROUGH;
    for (scenario, total) in tables.rough.iter().zip(&mut totals) {
        *total -= held * scenario.price * scenario.damping;
    }
    let least = totals.iter().copied().fold(f64::NEG_INFINITY, f64::max) - 2.0 * off;
    for (at, scenario) in scenarios.iter().enumerate().filter(|(at, _)| totals[*at] >= least) {
        let mut loss = fall(cancelling, scenario)?;
        for run in &runs {
            loss = loss.plus(run.loss(at, scenario)?)?;
        }
        worst.loss = worst.loss.max(loss);
    }
    Ok(worst)
}

/// What the worst scenario costs, and what the account's options are worth unshocked.
struct Worst {
    loss: Decimal,
    option_value: Decimal,
}

/// One expiry's part in every scenario, or the perpetuals', or the collateral's.
struct Part {
    label: Label,
    group: Option<Arc<Group>>,
    basis: Decimal,
    losses: Vec<Decimal>,
}

/// What an account stands to lose in every scenario, and what it is worth unshocked.
struct Scan<'a> {
    scenarios: &'a [Scenario],
    parts: Vec<Part>,
    /// Value of the account's options by the model.
    option_value: Decimal,
}

impl<'a> Scan<'a> {
    /// Folds every expiry; `cancelling` is the value of the collateral that moves with the index.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    fn new(
        scenarios: &'a [Scenario],
        tables: Option<&UnderlyingTable>,
        holdings: &[Holding],
        cancelling: Decimal,
    ) -> Result<Self, NumberError> {
        let mut scan = Self::new_of(&scenarios[SCENARIOS..], cancelling)?;
        if let Some(tables) = tables {
            let moving = scan.parts.pop();
            for (expiry, run) in by_expiry(&tables.table, holdings) {
                scan.add(tables, expiry, run)?;
            }
            scan.parts.extend(moving);
        }
        Ok(scan)
    }

    /// Collateral alone.
    fn new_of(scenarios: &'a [Scenario], cancelling: Decimal) -> Result<Self, NumberError> {
        let moving = if cancelling.is_zero() { None } else { Some(collateral(scenarios, cancelling)?) };
        Ok(Self { scenarios, parts: moving.into_iter().collect(), option_value: Decimal::ZERO })
    }

    /// Folds the holdings of one expiry.
    fn add(&mut self, tables: &UnderlyingTable, expiry: Option<Timestamp>, run: &[Holding]) -> Result<(), NumberError> {
        let table = &tables.table;
        let group = group(table, run, Detail::Explained);
        let run = Run::new(tables, expiry, run)?;
        let losses = self.scenarios.iter().enumerate().map(|(at, scenario)| run.loss(at, scenario));
        let losses = losses.collect::<Result<Vec<_>, _>>()?;
        if run.rules.is_some() {
            self.option_value = self.option_value.plus(run.now)?;
        }
        let label = expiry.map_or_else(|| "perpetual".into(), |expiry| expiry.to_string().into());
        self.parts.push(Part { label, group, basis: run.basis()?, losses });
        Ok(())
    }

    /// The worst of the basis contingency and the scenarios, at least zero.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    fn worst(&self) -> Result<Node, NumberError> {
        let total =
            |of: &dyn Fn(&Part) -> Decimal| self.parts.iter().try_fold(Decimal::ZERO, |sum, part| sum.plus(of(part)));
        let mut of = Vec::with_capacity(self.scenarios.len() + 1);
        of.push(Node::leaf("basis contingency", total(&|part| part.basis)?, Origin::default()));
        for (at, scenario) in self.scenarios.iter().enumerate() {
            let origin = Origin { scenario: Some(Arc::clone(&scenario.name)), ..Origin::default() };
            of.push(Node::leaf("loss", total(&|part| part.losses[at])?, origin));
        }
        Node::worst_explained(LABEL, of, |_, winner| self.explained(winner).map(Some))
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
    let losses = scenarios.iter().map(|scenario| fall(value, scenario)).collect::<Result<Vec<_>, _>>()?;
    Ok(Part { label: "collateral".into(), group: None, basis: Decimal::ZERO, losses })
}

/// What collateral worth `value` loses in a scenario.
fn fall(value: Decimal, scenario: &Scenario) -> Result<Decimal, NumberError> {
    damped(value.times(scenario.price.negated(), Rounding::Up)?, scenario)
}
