#![doc = include_str!("README.md")]

pub(super) mod charges;
pub(super) mod fold;
mod parameters;
pub(super) mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Underlying};
use plimsoll_pricing::market::Market;

pub use parameters::{Pmrm2Parameters, StaticDiscount};

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
use charges::{Charges, Collateral};
use tables::UnderlyingTable;

/// The model's name.
const NAME: &str = "derive-pmrm2";

/// Derive's second portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct DerivePmrm2 {
    /// Its numbers.
    pub parameters: Pmrm2Parameters,
}

/// As published.
const SETS: [Dated; 1] = [Dated {
    date: "2026-01",
    read: "the venue's own test cases, which state every parameter; the live venue may differ",
    values: &[],
}];

impl Model for DerivePmrm2 {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let rulebook = self.parameters.rulebook();
        let scenarios = tables::scenarios(&rulebook)?;
        let tables = tables::build(market, held, &rulebook, &scenarios)?;
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(Pmrm2Judge { market: market.clone(), parameters, scenarios, tables, collateral }))
    }
}

struct Pmrm2Judge {
    market: Market,
    parameters: Pmrm2Parameters,
    scenarios: Arc<[Scenario]>,
    tables: BTreeMap<Underlying, UnderlyingTable>,
    collateral: CollateralRules,
}

/// What both readings of an account start from.
struct Seen<'a> {
    tables: Option<&'a UnderlyingTable>,
    holdings: Vec<Holding>,
    collateral: Collateral,
    charges: Charges,
}

impl Judge for Pmrm2Judge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        let seen = self.see(account, assets)?;
        let cancelling = seen.collateral.risk_cancelling()?;
        let (worst, option_value) = fold::worst(&self.scenarios, seen.tables, &seen.holdings, cancelling, detail)?;
        self.combined(assets, seen, worst, option_value)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl Pmrm2Judge {
    fn see(&self, account: &Account, assets: &[NetAsset]) -> Result<Seen<'_>, MarginError> {
        let held = net(&account.portfolio, self.market.listing())?;
        let tables = tables::own(NAME, &self.tables, &held)?;
        let collateral = Collateral::of(assets, tables, &self.market, &self.parameters)?;
        let charges = Charges::of(&Sizes::of(&held)?, tables, &collateral, &self.market, &self.parameters)?;
        let holdings = tables.map_or(Ok(Vec::new()), |tables| tables.holdings(&held))?;
        Ok(Seen { tables, holdings, collateral, charges })
    }

    /// The worst scenario and what is charged beside it, at both levels.
    fn combined(
        &self,
        assets: &[NetAsset],
        seen: Seen<'_>,
        worst: Node,
        option_value: Decimal,
    ) -> Result<Requirement, MarginError> {
        let Seen { collateral, charges, .. } = seen;
        let counted = self.counted_differently(assets, collateral.value()?.plus(option_value)?)?;
        let initial_factor = charges.initial_factor(&self.parameters)?;
        let factor = |by, of| Node::scale("loss factor", by, of);
        let mut initial = vec![factor(initial_factor, worst.clone())?];
        initial.extend(charges.maintenance.iter().cloned());
        initial.extend(charges.initial_extra);
        initial.push(counted.clone());
        let mut maintenance = vec![factor(self.parameters.mm_factor, worst)?];
        maintenance.extend(charges.maintenance);
        maintenance.push(counted);
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: Node::sum("initial margin", initial)?,
            maintenance: Node::sum("maintenance margin", maintenance)?,
        })
    }

    /// What equity counts and the venue does not: it prices no cash and no P&L, and collateral in cash.
    fn counted_differently(&self, assets: &[NetAsset], venue: Decimal) -> Result<Node, MarginError> {
        let ours = at_maintenance(assets, &self.collateral, &self.market)?;
        Ok(Node::leaf("equity the venue does not count", ours.minus(venue)?, Origin::default()))
    }
}
