#![doc = include_str!("README.md")]

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, InstrumentId, Node, Quantity, Requirement};
use plimsoll_pricing::market::Market;

use super::brackets::Brackets;
use super::by_position::{Figure, Rules};
use super::fills::{Premiums, exchanged, fill_cost};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::orders::fillable;
use crate::parameters::Field;
use crate::{Account, MarginError};

/// Every position alone with its own collateral.
#[derive(Clone, Debug)]
pub struct Isolated {
    /// Its rates.
    pub brackets: Brackets,
}

impl Default for Isolated {
    fn default() -> Self {
        let mut brackets = Brackets::default();
        brackets.collateral.share_gains = false;
        Self { brackets }
    }
}

impl Model for Isolated {
    fn about(&self) -> &'static About {
        &About { name: "isolated", page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &[] }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.brackets.fields()
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        Ok(Box::new(IsolatedJudge { market: market.clone(), brackets: self.brackets.clone() }))
    }
}

struct IsolatedJudge {
    market: Market,
    brackets: Brackets,
}

impl Judge for IsolatedJudge {
    fn judged(&self, account: &Account, _: &[NetAsset], _: Detail) -> Result<Requirement, MarginError> {
        let (mut initial, mut maintenance) = (Vec::new(), Vec::new());
        for position in &account.portfolio.positions {
            initial.push(self.alone(position.instrument, position.quantity, Figure::Initial)?);
            maintenance.push(self.alone(position.instrument, position.quantity, Figure::Maintenance)?);
        }
        let orders = fillable(account)?;
        for order in &orders {
            if !order.reduce_only {
                initial.push(self.alone(order.instrument, order.signed_quantity(), Figure::Initial)?);
            }
            initial.push(fill_cost(account, &self.market, order)?);
        }
        let besides = |_: &Account, _: &[NetAsset]| Ok(Vec::new());
        initial.extend(exchanged(
            account,
            &self.market,
            &orders,
            (&self.brackets.collateral, Premiums::AskedFor),
            besides,
        )?);
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: Node::sum("initial margin", initial)?,
            maintenance: Node::sum("maintenance margin", maintenance)?,
        })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.brackets.collateral
    }
}

impl IsolatedJudge {
    fn alone(&self, id: InstrumentId, quantity: Quantity, figure: Figure) -> Result<Node, MarginError> {
        let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let name = instrument.terms().name.to_string();
        if instrument.only_moves_balances() {
            return Ok(Node::leaf(name, Decimal::ZERO, Origin::default()));
        }
        let margin = self.brackets.position(&self.market, instrument, quantity, figure)?;
        Ok(margin.named(name))
    }
}
