#![doc = include_str!("README.md")]

mod book;
mod columns;
mod fours;
mod named;
mod pairing;
mod parameters;
mod search;
mod simplex;

use std::collections::BTreeMap;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Rounding, Underlying};
use plimsoll_pricing::market::Market;

pub use columns::Leg;
pub use named::{Class, Rules, Strategy as Named, Unit, called, gross, strategy};
pub use pairing::{Paired, Pairing, Work, least};
pub use parameters::StrategyParameters;

use super::by_position::Figure;
use super::fills::{NO_FILL, fill_cases, fill_cost, with_fills, worst_by_underlying};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, net_assets};
use crate::fold::Detail;
use crate::orders::fillable;
use crate::parameters::Field;
use crate::{Account, MarginError};
use book::{Book, books};

/// The model's name.
const NAME: &str = "strategy";

/// US exchanges' strategy margin.
#[derive(Clone, Debug, Default)]
pub struct Strategy {
    /// Its numbers.
    pub parameters: StrategyParameters,
}

impl Model for Strategy {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            page: include_str!("README.md"),
            example: include_str!("example.yaml"),
            sets: &parameters::SETS,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(StrategyJudge { market: market.clone(), parameters, collateral }))
    }
}

struct StrategyJudge {
    market: Market,
    parameters: StrategyParameters,
    collateral: CollateralRules,
}

impl Judge for StrategyJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], _: Detail) -> Result<Requirement, MarginError> {
        let orders = fillable(account)?;
        let held = self.books(account, assets)?;
        let mut maintenance = BTreeMap::new();
        for (underlying, book) in &held {
            maintenance.insert(*underlying, self.underlying(*underlying, book, Figure::Maintenance)?);
        }
        let mut cases = vec![(NO_FILL, self.initial(&held, &held, &maintenance)?)];
        for (label, fills) in fill_cases(&self.market, &orders)? {
            let filled = with_fills(account, &self.market, &fills)?;
            let books = self.books(&filled, &net_assets(&filled.portfolio, &self.market)?)?;
            cases.push((label, self.initial(&books, &held, &maintenance)?));
        }
        let mut initial = worst_by_underlying(cases);
        for order in &orders {
            initial.push(fill_cost(account, &self.market, order)?);
        }
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: at_least_zero("initial margin", initial)?,
            maintenance: at_least_zero("maintenance margin", maintenance.into_values().collect())?,
        })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

/// A sum that marks beyond what their contracts can pay do not take below zero.
fn at_least_zero(label: &'static str, of: Vec<Node>) -> Result<Node, MarginError> {
    let sum = Node::sum(label, of)?;
    Ok(if sum.amount.signum() < 0 { Node::clamp(label, Some(Decimal::ZERO), None, sum) } else { sum })
}

impl StrategyJudge {
    /// The initial margin of `books`; where they are `held` and have no stock, in which alone the two levels differ,
    /// it is the `maintenance` margin.
    fn initial(
        &self,
        books: &BTreeMap<Underlying, Book>,
        held: &BTreeMap<Underlying, Book>,
        maintenance: &BTreeMap<Underlying, Node>,
    ) -> Result<Vec<(Underlying, Node)>, MarginError> {
        let mut of = Vec::with_capacity(books.len());
        for (underlying, book) in books {
            of.push(match maintenance.get(underlying) {
                Some(node) if !book.has_stock() && held.get(underlying) == Some(book) => (*underlying, node.clone()),
                _ => (*underlying, self.underlying(*underlying, book, Figure::Initial)?),
            });
        }
        Ok(of)
    }

    fn books(&self, account: &Account, assets: &[NetAsset]) -> Result<BTreeMap<Underlying, Book>, MarginError> {
        books(&account.portfolio, assets, self.parameters.long_dated_days, &self.market)
    }

    /// One underlying: its strategies, what makes no lot, and how near the least the pairing is proved to be.
    fn underlying(&self, underlying: Underlying, book: &Book, figure: Figure) -> Result<Node, MarginError> {
        let rules = self.parameters.rules(underlying.as_str(), figure);
        let price = self.price(underlying)?;
        let legs = book.legs(underlying)?;
        let most = self.parameters.legs_max;
        if Decimal::ONE.times_count(i128::try_from(legs.legs.len()).unwrap_or(i128::MAX))? > most {
            let (what, why) = (format!("{} legs of {underlying}", legs.legs.len()), format!("expected at most {most}"));
            return Err(MarginError::Unsupported { model: NAME, what: what.into(), why });
        }
        let pairing = least(&legs.legs, &rules, price, self.parameters.work())?;
        let mut of = Vec::with_capacity(pairing.strategies.len() + 3);
        for paired in &pairing.strategies {
            of.push(strategy_node(paired, &legs)?);
        }
        let [long, short] = legs.odd;
        for (label, units, share) in [
            ("long stock, no whole lot", long, rules.stock.long(price)?),
            ("short stock, no whole lot", short, rules.stock.short(price)?),
        ] {
            if !units.is_zero() {
                of.push(Node::leaf(label, units.times(share, Rounding::Up)?, Origin::default()));
            }
        }
        if pairing.strategies.len() > 1 {
            let gap = pairing.gross.minus(pairing.bound)?.times(legs.lot, Rounding::Up)?;
            let found: Decimal = of.iter().map(|node| node.amount).try_fold(Decimal::ZERO, Decimal::plus)?;
            let proof = format!("proved: no pairing asks less than {}, gap {gap}", found.minus(gap)?);
            of.push(Node::leaf(proof, Decimal::ZERO, Origin::default()));
        }
        Ok(Node::sum(underlying.asset(), of)?)
    }

    fn price(&self, underlying: Underlying) -> Result<Decimal, MarginError> {
        if self.market.snapshot().underlyings.contains_key(&underlying) {
            let index = self.market.index(underlying)?;
            return Ok(index.value.times(self.market.asset_price(index.quote)?.value, Rounding::HalfEven)?);
        }
        Ok(self.market.asset_price(underlying.asset())?.value)
    }
}

/// A strategy: the rulebook's gross figure, and its options at their marks, which equity counts.
fn strategy_node(paired: &Paired, legs: &book::Legs) -> Result<Node, MarginError> {
    let units = legs.lot.times_count(i128::from(paired.lots))?;
    let asked = paired.gross.times(units, Rounding::Up)?;
    let mut of = vec![Node::leaf("the rule's figure, gross", asked, Origin::default())];
    for (leg, times) in &paired.legs {
        let unit = legs.legs[*leg].unit;
        let size = units.times_count(i128::from(*times))?;
        let signed = match unit.class {
            Class::ShortCall | Class::ShortPut | Class::ShortStock => size.negated(),
            Class::LongCall | Class::LongPut | Class::LongStock => size,
        };
        let origin = Origin { position: Some(legs.names[*leg].clone()), ..Origin::default() };
        let counted = if matches!(unit.class, Class::LongStock | Class::ShortStock) { "" } else { ", at its mark" };
        let label = format!("{} × {signed}{counted}", legs.names[*leg]);
        of.push(Node::leaf(label, signed.times(unit.mark, Rounding::Up)?, origin));
    }
    Ok(Node::sum(format!("{} × {units}", paired.name), of)?)
}
