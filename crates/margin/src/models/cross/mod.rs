#![doc = include_str!("README.md")]

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, InstrumentId, Node, Order, Quantity, Requirement, Side};
use plimsoll_pricing::market::Market;

use super::brackets::{Brackets, Figure, open};
use super::{Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::orders::fillable;
use crate::parameters::Field;
use crate::{Account, MarginError};

/// Positions margined one by one, collateral shared.
#[derive(Clone, Debug, Default)]
pub struct Cross {
    /// Its rates.
    pub brackets: Brackets,
}

impl Model for Cross {
    fn name(&self) -> &'static str {
        "cross"
    }

    fn page(&self) -> &'static str {
        include_str!("README.md")
    }

    fn example(&self) -> &'static str {
        include_str!("example.yaml")
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.brackets.fields()
    }

    fn prepare<'m>(&self, market: &'m Market, _held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        Ok(Box::new(CrossJudge { market, brackets: self.brackets.clone() }))
    }
}

struct CrossJudge<'m> {
    market: &'m Market,
    brackets: Brackets,
}

impl Judge for CrossJudge<'_> {
    fn requirement(&self, account: &Account, _assets: &[NetAsset]) -> Result<Requirement, MarginError> {
        let portfolio = &account.portfolio;
        let mut ids: Vec<InstrumentId> = portfolio.positions.iter().map(|position| position.instrument).collect();
        ids.extend(portfolio.orders.iter().map(|order| order.instrument));
        ids.sort_unstable();
        ids.dedup();
        let orders = fillable(account)?;
        let (mut initial, mut maintenance) = (Vec::new(), Vec::new());
        for id in ids {
            initial.push(self.instrument(account, &orders, id, Figure::Initial)?);
            maintenance.push(self.instrument(account, &[], id, Figure::Maintenance)?);
        }
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

impl CrossJudge<'_> {
    /// One instrument: what is held, and for initial margin what its orders could make of it.
    fn instrument(
        &self,
        account: &Account,
        orders: &[Order],
        id: InstrumentId,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let instrument = self.market.listing().get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
        let portfolio = &account.portfolio;
        let held = portfolio.positions.iter().filter(|position| position.instrument == id);
        let held = held.map(|position| position.quantity).try_fold(Quantity::ZERO, Quantity::plus)?;
        let orders: Vec<&Order> = orders.iter().filter(|order| order.instrument == id).collect();
        let margin = |quantity| match instrument.only_moves_balances() {
            true => Ok(Node::leaf("a balance", Decimal::ZERO, Origin::default())),
            false => self.brackets.position(self.market, instrument, quantity, figure),
        };
        let name = instrument.terms().name.to_string();
        if orders.is_empty() {
            return Ok(margin(held)?.named(name));
        }
        let cases = [
            ("no order filled", Quantity::ZERO),
            ("all buys filled", open(&orders, Side::Buy)?),
            ("all sells filled", open(&orders, Side::Sell)?),
        ];
        let mut of = Vec::with_capacity(cases.len());
        for (label, filled) in cases {
            of.push(margin(held.plus(filled)?)?.named(label));
        }
        let costs = orders.iter().map(|order| self.brackets.fill_cost(account, self.market, order));
        let costs = Node::sum("fills", costs.collect::<Result<Vec<_>, _>>()?)?;
        Ok(Node::sum(name, vec![Node::worst_of("position", of), costs])?)
    }
}
