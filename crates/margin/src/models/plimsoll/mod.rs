#![doc = include_str!("README.md")]

mod charges;
mod joint;
mod near;
mod parameters;
mod proposals;
mod requirement;
mod scan;
mod scenarios;
mod tables;
mod watch;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, NumberError, Requirement, Underlying};
use plimsoll_pricing::market::Market;

pub use parameters::PlimsollParameters;
pub use scenarios::{ScenarioSet, VolRow};

use super::fills::{Premiums, exchanged};
use super::{About, Held, Judge, Model};
use crate::array::Holding;
use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, net_assets};
use crate::fold::{Detail, Parts};
use crate::orders::fillable;
use crate::parameters::Field;
use crate::pass::Pass;
use crate::scans::Scans;
use crate::watch::Figures;
use crate::{Account, MarginError};
use requirement::{Risk, risk};
use scan::Scan;
use tables::{Stake, Tables};

/// The house model.
#[derive(Clone, Debug, Default)]
pub struct Plimsoll {
    /// Its numbers.
    pub parameters: PlimsollParameters,
}

impl Plimsoll {
    /// The model in `market`, for everything in `held`.
    ///
    /// # Errors
    /// [`MarginError`] when something held cannot be priced.
    pub fn judge(&self, market: &Market, held: &Held) -> Result<PlimsollJudge, MarginError> {
        Ok(PlimsollJudge(Tables::build(market, held, &self.parameters)?))
    }
}

impl Model for Plimsoll {
    fn about(&self) -> &'static About {
        &About { name: "plimsoll", page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &[] }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        Ok(Box::new(self.judge(market, held)?))
    }
}

/// The house model in one market.
#[derive(Debug)]
pub struct PlimsollJudge(Tables);

impl Judge for PlimsollJudge {
    fn counts_worst_fills(&self) -> bool {
        true
    }

    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        let (mut stakes, part_lots) = self.0.stakes(account, assets, detail)?;
        let with_orders = risk(&stakes, self.0.parameters())?;
        let ordered = stakes.iter().any(|stake| !stake.orders.is_empty());
        let without_orders = if ordered { None } else { Some(with_orders.clone()) };
        let mut charged = with_orders;
        let besides = |_: &Account, _: &[NetAsset]| Ok(Vec::new());
        let orders = fillable(account)?;
        charged.charges.extend(exchanged(
            account,
            self.0.market(),
            &orders,
            (self.collateral(), Premiums::Exchanged),
            besides,
        )?);
        let rounding = allowance(&stakes)?;
        let initial = total("initial margin", charged, Decimal::ONE, &part_lots, rounding.clone(), detail)?;
        let share = self.0.parameters().maintenance_share;
        let (quiet, rounding) = match without_orders {
            Some(risk) => (risk, rounding),
            None => {
                stakes.iter_mut().for_each(Stake::forget_orders);
                (risk(&stakes, self.0.parameters())?, allowance(&stakes)?)
            }
        };
        let maintenance = total("maintenance margin", quiet, share, &part_lots, rounding, detail)?;
        Ok(Requirement { asset: self.0.market().snapshot().currency, initial, maintenance })
    }

    fn passes(&self) -> Vec<Pass<'_>> {
        self.0.passes()
    }

    fn watched(&self) -> Result<Option<Vec<Figures>>, MarginError> {
        watch::watched(&self.0)
    }

    fn scans(&self, account: &Account, assets: &[NetAsset]) -> Result<Option<Scans<'_>>, MarginError> {
        let (mut stakes, _) = self.0.stakes(account, assets, Detail::Amounts)?;
        stakes.iter_mut().for_each(Stake::forget_orders);
        Ok(Some(proposals::scans(&stakes, self.0.parameters())?))
    }

    fn collateral(&self) -> &CollateralRules {
        &self.0.parameters().collateral
    }
}

fn total(
    label: &'static str,
    risk: Risk,
    share: Decimal,
    part_lots: &Node,
    rounding: Node,
    detail: Detail,
) -> Result<Node, NumberError> {
    let mut of = Parts::new(detail);
    of.add(match share {
        Decimal::ONE => risk.market,
        _ => Node::scale("share of market risk", share, risk.market)?,
    })?;
    for part in risk.charges.into_iter().chain([part_lots.clone(), rounding]) {
        of.add(part)?;
    }
    of.sum(label)
}

/// Sums in one requirement that rounding can move by half a grain a lot each: the scan and half of it
/// again between the nodes, basis, expiry volatility, rate; and one for every stablecoin it moves with.
const ROUNDED_SUMS: usize = 5;

/// What rounding cells can hide, orders included: two of an order's figures are rounded in each sum.
fn allowance(stakes: &[Stake<'_>]) -> Result<Node, NumberError> {
    let mut sum = Decimal::ZERO;
    for stake in stakes {
        let table = &stake.tables.table;
        let ordered = stake.orders.iter().map(|order| Holding { row: order.row, lots: order.lots });
        let all = stake.holdings.iter().copied().chain(ordered);
        let in_one = table.rounding_allowance(all)?.plus(table.grain().times_count(2 * count(stake.orders.len()))?)?;
        let stablecoins = (0..stake.tables.set.stablecoins.len()).filter(|at| stake.moves_with_stablecoin(*at)).count();
        let sums = ROUNDED_SUMS + stablecoins;
        sum = sum.plus(in_one.times_count(count(sums))?)?;
    }
    Ok(Node::leaf("rounding of cells", sum, Origin::default()))
}

fn count(of: usize) -> i128 {
    i128::try_from(of).unwrap_or(i128::MAX)
}

/// One cell of a risk matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixCell {
    /// The scenario's name.
    pub scenario: String,
    /// Relative price move.
    pub price: Decimal,
    /// Relative volatility move at 30 days.
    pub vol: Decimal,
    /// Share of the P&L that counts.
    pub damping: Decimal,
    /// P&L of the account's positions and balances in this underlying, gain positive, damped.
    pub pnl: Decimal,
    /// What the model takes as the loss there, between nodes and at held strikes included.
    pub loss: Decimal,
}

impl PlimsollJudge {
    /// The loss of each underlying at its own worst, orders included.
    ///
    /// # Errors
    /// [`MarginError`] as [`Judge::requirement`].
    pub(crate) fn own_worsts(&self, account: &Account) -> Result<Vec<(Underlying, Decimal)>, MarginError> {
        let assets = net_assets(&account.portfolio, self.0.market())?;
        let (stakes, _) = self.0.stakes(account, &assets, Detail::Amounts)?;
        let moving = stakes.iter().filter(|stake| stake.moves_with_price());
        moving.map(|stake| Ok((stake.tables.table.underlying(), Scan::new(stake)?.worst_amount()))).collect()
    }

    /// The account's risk matrix, underlying by underlying: every scan column.
    ///
    /// # Errors
    /// [`MarginError`] as [`Judge::requirement`].
    pub fn matrix(&self, account: &Account) -> Result<Vec<(Underlying, Vec<MatrixCell>)>, MarginError> {
        let assets = net_assets(&account.portfolio, self.0.market())?;
        let (mut stakes, _) = self.0.stakes(account, &assets, Detail::Amounts)?;
        let mut all = Vec::with_capacity(stakes.len());
        for stake in &mut stakes {
            stake.forget_orders();
            let table = &stake.tables.table;
            let scan = Scan::new(stake)?;
            let columns = stake.tables.set.scan.clone();
            let cells = columns.clone().map(|column| {
                let scenario = &table.scenarios()[column];
                Ok(MatrixCell {
                    scenario: scenario.name.to_string(),
                    price: scenario.price,
                    vol: scenario.vol,
                    damping: scenario.damping,
                    pnl: scan.pnl(column),
                    loss: scan.loss(Some(column)),
                })
            });
            let mut cells = cells.collect::<Result<Vec<_>, NumberError>>()?;
            // Where nothing moves there is no column; it is a cell where what lies around it loses most.
            let still = scan.loss(None);
            if cells.iter().all(|cell| cell.loss < still) {
                let zero = Decimal::ZERO;
                let scenario = "about where it is".to_owned();
                cells.push(MatrixCell {
                    scenario,
                    price: zero,
                    vol: zero,
                    damping: Decimal::ONE,
                    pnl: zero,
                    loss: still,
                });
            }
            all.push((table.underlying(), cells));
        }
        Ok(all)
    }
}
