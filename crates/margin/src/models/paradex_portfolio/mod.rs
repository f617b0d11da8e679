#![doc = include_str!("README.md")]

mod book;
mod delta;
mod parameters;
mod watch;

use std::collections::BTreeMap;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Rounding, Underlying};
use plimsoll_pricing::market::Market;

pub use delta::Deltas;
pub use parameters::ParadexPortfolioParameters;

use super::cash::only_cash;
use super::fills::{NO_FILL, fill_cases, fill_cost, with_fills, worst_by_underlying};
use super::paradex_cross::listed;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::orders::fillable;
use crate::parameters::{Dated, Field};
use crate::pass::Pass;
use crate::positions::{NetPosition, net};
use crate::watch::Figures;
use crate::{Account, MarginError};
use book::{Contract, Prepared};

/// The model's name.
const NAME: &str = "paradex-portfolio";

/// Paradex's portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct ParadexPortfolio {
    /// Its numbers.
    pub parameters: ParadexPortfolioParameters,
}

/// As published.
const SETS: [Dated; 1] = [Dated {
    date: "2026-11",
    read: "the venue's documentation, portfolio margin in beta; the page with a funding provision, whose table of \
        scenarios is that of the version before it",
    values: &[],
}];

impl Model for ParadexPortfolio {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let underlyings = book::prepare(market, held, &self.parameters)?;
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(PortfolioJudge { market: market.clone(), parameters, underlyings, collateral }))
    }
}

struct PortfolioJudge {
    market: Market,
    parameters: ParadexPortfolioParameters,
    underlyings: BTreeMap<Underlying, Prepared>,
    collateral: CollateralRules,
}

/// The venue's two parts of a margin.
struct Margin {
    /// The larger of the scan and the minimum, by underlying, summed: what maintenance margin is a share of.
    risk: Vec<(Underlying, Node)>,
    /// Funding and fees, at both levels.
    provisions: Node,
}

impl Judge for PortfolioJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        only_cash(NAME, &self.market, assets)?;
        let orders = fillable(account)?;
        let mut costs = Vec::with_capacity(orders.len());
        for order in &orders {
            let unknown = MarginError::UnknownInstrument(order.instrument.0);
            listed(NAME, self.market.listing().get(order.instrument).ok_or(unknown)?)?;
            costs.push(fill_cost(account, &self.market, order)?);
        }
        let held = self.margin(account, detail)?;
        let scan = Node::sum("scan or minimum", held.risk.iter().map(|(_, node)| node.clone()).collect())?;
        let (mut risks, mut provisions) = (vec![(NO_FILL, held.risk)], vec![held.provisions]);
        for (label, fills) in fill_cases(&self.market, &orders)? {
            let margin = self.margin(&with_fills(account, &self.market, &fills)?, detail)?;
            risks.push((label, margin.risk));
            provisions.push(margin.provisions);
        }
        let mut maintenance = vec![Node::scale("share of the initial", self.parameters.maintenance_share, scan)?];
        maintenance.extend(provisions.first().cloned());
        let mut initial = vec![Node::sum("scan or minimum", worst_by_underlying(risks))?];
        initial.push(if provisions.len() == 1 {
            provisions.remove(0)
        } else {
            Node::worst_of("provisions", provisions)
        });
        initial.extend(costs);
        Ok(Requirement {
            asset: self.market.currency(),
            initial: Node::sum("initial margin", initial)?,
            maintenance: Node::sum("maintenance margin", maintenance)?,
        })
    }

    fn passes(&self) -> Vec<Pass<'_>> {
        self.underlyings.values().map(Prepared::pass).collect()
    }

    fn watched(&self) -> Result<Option<Vec<Figures>>, MarginError> {
        watch::watched(&self.market, &self.parameters, &self.collateral, &self.underlyings)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl PortfolioJudge {
    fn margin(&self, account: &Account, detail: Detail) -> Result<Margin, MarginError> {
        let mut books: BTreeMap<Underlying, Vec<NetPosition<'_>>> = BTreeMap::new();
        let held = net(&account.portfolio, self.market.listing())?;
        for position in held.into_iter().filter(|position| !position.instrument.only_moves_balances()) {
            listed(NAME, position.instrument)?;
            books.entry(position.instrument.terms().underlying).or_default().push(position);
        }
        let (mut risk, mut funding, mut fees) = (Vec::with_capacity(books.len()), Decimal::ZERO, Decimal::ZERO);
        for (underlying, held) in &books {
            let unknown = || MarginError::UnknownInstrument(held[0].id.0);
            let prepared = self.underlyings.get(underlying).ok_or_else(unknown)?;
            risk.push((*underlying, prepared.risk(*underlying, held, &self.parameters, detail)?));
            for position in held {
                let contract = prepared.contract(position.id)?;
                funding = funding.plus(position.size.times(contract.funding, Rounding::Up)?)?;
                fees = fees.plus(closing_fee(account, position, contract)?)?;
            }
        }
        let leaf = |label: &'static str, amount| Node::leaf(label, amount, Origin::default());
        let provisions = vec![leaf("funding", funding.or_zero()), leaf("fees of closing", fees)];
        Ok(Margin { risk, provisions: Node::sum("provisions", provisions)? })
    }
}

/// What closing the position would cost its owner as a taker, in the currency.
fn closing_fee(account: &Account, held: &NetPosition<'_>, contract: &Contract) -> Result<Decimal, MarginError> {
    let (of_one, price) = contract.notional;
    let fee = of_one.scaled(held.quantity.abs(), Rounding::Up)?;
    Ok(fee.scaled(account.taker_fee_rate.or_zero(), Rounding::Up)?.at(price, Rounding::Up)?.value)
}
