#![doc = include_str!("README.md")]

mod charges;
mod parameters;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Underlying};
use plimsoll_pricing::market::Market;

pub use parameters::PmrmParameters;

use super::derive_pmrm2::fold;
use super::derive_pmrm2::tables::{self, UnderlyingTable};
use super::{About, Held, Judge, Model};
use crate::array::Holding;
use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, at_maintenance};
use crate::fold::Detail;
use crate::parameters::{Dated, Field};
use crate::positions::net;
use crate::scenario::Scenario;
use crate::sizes::Sizes;
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
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            page: include_str!("README.md"),
            example: include_str!("example.yaml"),
            sets: &[Dated {
                date: "2026-01",
                read: "the venue's deployment script; the live venue may differ",
                values: &[],
            }],
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let rulebook = self.parameters.rulebook();
        let scenarios = tables::scenarios(&rulebook)?;
        let tables = tables::build(market, held, &rulebook, &scenarios)?;
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(PmrmJudge { market: market.clone(), parameters, scenarios, tables, collateral }))
    }
}

struct PmrmJudge {
    market: Market,
    parameters: PmrmParameters,
    scenarios: Arc<[Scenario]>,
    tables: BTreeMap<Underlying, UnderlyingTable>,
    collateral: CollateralRules,
}

impl Judge for PmrmJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        let seen = self.see(account, assets)?;
        let cancelling = seen.balances.base_value;
        let (worst, option_value) = fold::worst(&self.scenarios, seen.tables, &seen.holdings, cancelling, detail)?;
        self.combined(assets, &seen, worst, option_value)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

/// What both readings of an account start from.
struct Seen<'a> {
    tables: Option<&'a UnderlyingTable>,
    holdings: Vec<Holding>,
    balances: Balances<'a>,
    sizes: Sizes,
}

impl PmrmJudge {
    fn see(&self, account: &Account, assets: &[NetAsset]) -> Result<Seen<'_>, MarginError> {
        let held = net(&account.portfolio, self.market.listing())?;
        let tables = tables::own(NAME, &self.tables, &held)?;
        let balances = Balances::of(assets, tables, &self.market)?;
        let holdings = tables.map_or(Ok(Vec::new()), |tables| tables.holdings(&held))?;
        Ok(Seen { tables, holdings, balances, sizes: Sizes::of(&held)? })
    }

    /// The worst scenario and what is charged beside it, at both levels.
    fn combined(
        &self,
        assets: &[NetAsset],
        seen: &Seen<'_>,
        worst: Node,
        option_value: Decimal,
    ) -> Result<Requirement, MarginError> {
        let Seen { tables, balances, sizes, .. } = seen;
        let contingency = static_contingency(sizes, balances, &self.parameters)?;
        let risk = Node::sum("worst scenario and sizes", vec![worst, contingency])?;
        let ours = at_maintenance(assets, &self.collateral, &self.market)?;
        let venues = balances.cash.plus(balances.base_value)?.plus(option_value)?;
        let counted = Node::leaf("equity the venue does not count", ours.minus(venues)?, Origin::default());
        let doubt = confidence(sizes, *tables, balances, &self.parameters)?;
        let factor = initial_factor(balances, &self.parameters)?;
        let initial = vec![Node::scale("loss factor", factor, risk.clone())?, doubt, counted.clone()];
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: Node::sum("initial margin", initial)?,
            maintenance: Node::sum("maintenance margin", vec![risk, counted])?,
        })
    }
}
