#![doc = include_str!("README.md")]

mod charges;
mod parameters;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Node, Requirement, Underlying};
use plimsoll_pricing::market::Market;

pub use parameters::PmrmParameters;

use super::derive_pmrm2::fold::Scan;
use super::derive_pmrm2::tables::{self, UnderlyingTable};
use super::{Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, at_maintenance};
use crate::parameters::{Dated, Field};
use crate::scenario::Scenario;
use crate::{Account, MarginError};
use charges::{Balances, confidence, initial_factor, static_contingency};

/// The model's name.
const NAME: &str = "derive-pmrm";

/// Derive's first portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct DerivePmrm {
    /// Its numbers.
    pub parameters: PmrmParameters,
}

impl Model for DerivePmrm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn page(&self) -> &'static str {
        include_str!("README.md")
    }

    fn sets(&self) -> &'static [Dated] {
        &[Dated { date: "2026-01", read: "the venue's deployment script; the live venue may differ", values: &[] }]
    }

    fn example(&self) -> &'static str {
        include_str!("example.yaml")
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare<'m>(&self, market: &'m Market, held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        let rulebook = self.parameters.rulebook();
        let scenarios = tables::scenarios(&rulebook)?;
        let tables = tables::build(market, held, &rulebook, &scenarios)?;
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(PmrmJudge { market, parameters, scenarios, tables, collateral }))
    }
}

struct PmrmJudge<'m> {
    market: &'m Market,
    parameters: PmrmParameters,
    scenarios: Arc<[Scenario]>,
    tables: BTreeMap<Underlying, UnderlyingTable>,
    collateral: CollateralRules,
}

impl Judge for PmrmJudge<'_> {
    fn requirement(&self, account: &Account, assets: &[NetAsset]) -> Result<Requirement, MarginError> {
        let tables = tables::own(NAME, &self.tables, account, self.market)?;
        let balances = Balances::of(assets, tables, self.market)?;
        let holdings = tables.map_or(Ok(Vec::new()), |tables| tables.holdings(account, self.market.listing()))?;
        let scan = Scan::new(&self.scenarios, tables, &holdings, balances.base_value)?;
        let contingency = static_contingency(account, &balances, self.market, &self.parameters)?;
        let risk = Node::sum("worst scenario and sizes", vec![scan.worst()?, contingency])?;
        let ours = at_maintenance(account, assets, &self.collateral, self.market)?.minus(account.credit_line)?;
        let venues = balances.cash.plus(balances.base_value)?.plus(scan.option_value)?;
        let counted = Node::leaf("equity the venue does not count", ours.minus(venues)?, Origin::default());
        let doubt = confidence(account, tables, &balances, self.market, &self.parameters)?;
        let factor = initial_factor(&balances, &self.parameters)?;
        let initial = vec![Node::scale("loss factor", factor, risk.clone())?, doubt, counted.clone()];
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: Node::sum("initial margin", initial)?,
            maintenance: Node::sum("maintenance margin", vec![risk, counted])?,
        })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
