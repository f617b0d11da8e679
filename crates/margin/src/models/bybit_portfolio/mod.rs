#![doc = include_str!("README.md")]

pub mod contingency;
mod parameters;
mod unit;

use std::collections::BTreeMap;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::market::{Market, MarketError};

pub use parameters::BybitPortfolioParameters;

use super::fills::{NO_FILL, Premiums, exchanged, fill_cases, fill_cost, with_fills, worst_by_underlying};
use super::tiered::debts;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, net_assets};
use crate::fold::Detail;
use crate::orders::fillable;
use crate::parameters::Field;
use crate::positions::{NetPosition, net};
use crate::scenario::years_left;
use crate::sizes::Sizes;
use crate::{Account, MarginError};
use contingency::{Contingencies, hedged, hedged_by_time, on_size};
use unit::{Book, Prepared};

/// The model's name.
const NAME: &str = "bybit-portfolio";

/// Bybit's portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct BybitPortfolio {
    /// Its numbers.
    pub parameters: BybitPortfolioParameters,
}

impl Model for BybitPortfolio {
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

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let (parameters, units) = (self.parameters.clone(), unit::prepare(market, held, &self.parameters)?);
        Ok(Box::new(PortfolioJudge { market: market.clone(), parameters, units, collateral: CollateralRules::whole() }))
    }
}

struct PortfolioJudge {
    market: Market,
    parameters: BybitPortfolioParameters,
    units: BTreeMap<Underlying, Prepared>,
    collateral: CollateralRules,
}

impl Judge for PortfolioJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        let p = &self.parameters;
        let units = self.units(account, assets, detail)?;
        let maintenance = Node::sum("risk units", units.iter().map(|(_, unit)| unit.clone()).collect())?;
        let orders = fillable(account)?;
        let mut cases = vec![(NO_FILL, self.initial(units)?)];
        for (label, fills) in fill_cases(&self.market, &orders)? {
            let filled = with_fills(account, &self.market, &fills)?;
            let units = self.units(&filled, &net_assets(&filled.portfolio, &self.market)?, detail)?;
            cases.push((label, self.initial(units)?));
        }
        let mut initial = vec![Node::sum("risk units", worst_by_underlying(cases))?];
        let costs =
            orders.iter().map(|order| fill_cost(account, &self.market, order)).collect::<Result<Vec<_>, _>>()?;
        if !costs.is_empty() {
            initial.push(Node::sum("fills", costs)?);
        }
        let besides = |_: &Account, assets: &[NetAsset]| {
            Ok::<_, MarginError>(vec![debts(assets, &p.borrow_initial, "borrowing")?, p.ratios.not_counted(assets)?])
        };
        initial.extend(besides(account, assets)?);
        initial.extend(exchanged(account, &self.market, &orders, (&self.collateral, Premiums::AskedFor), besides)?);
        let borrowing = debts(assets, &p.borrow_maintenance, "borrowing")?;
        let of = vec![maintenance, borrowing, p.ratios.not_counted(assets)?];
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: Node::sum("initial margin", initial)?,
            maintenance: Node::sum("maintenance margin", of)?,
        })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl PortfolioJudge {
    /// The margin of every risk unit to maintain it.
    fn units(
        &self,
        account: &Account,
        assets: &[NetAsset],
        detail: Detail,
    ) -> Result<Vec<(Underlying, Node)>, MarginError> {
        let mut books: BTreeMap<Underlying, Book<'_>> = BTreeMap::new();
        let all = net(&account.portfolio, self.market.listing())?;
        let underlying_of = |held: &NetPosition<'_>| held.instrument.terms().underlying;
        for run in all.chunk_by(|left, right| underlying_of(left) == underlying_of(right)) {
            let mut contracts = run.iter().filter(|held| !held.instrument.only_moves_balances()).peekable();
            let Some(first) = contracts.peek() else { continue };
            unit::supported(first.instrument)?;
            let underlying = underlying_of(first);
            let prepared = self.prepared(underlying)?;
            let book = books.entry(underlying).or_insert_with(|| Book::with_room(all.len()));
            for held in contracts {
                unit::supported(held.instrument)?;
                prepared.add(book, *held)?;
            }
        }
        let mut of = Vec::with_capacity(books.len());
        for (underlying, mut book) in books {
            if let Some(coins) = assets.iter().find(|net| net.asset == underlying.asset()) {
                self.prepared(underlying)?.hedge(&mut book, coins)?;
            }
            of.push((underlying, self.unit(underlying, &book, detail)?));
        }
        Ok(of)
    }

    /// The initial margin of every risk unit.
    fn initial(&self, units: Vec<(Underlying, Node)>) -> Result<Vec<(Underlying, Node)>, MarginError> {
        let mut scaled = Vec::with_capacity(units.len());
        for (underlying, unit) in units {
            let factor = *self.parameters.im_factor.of(underlying.as_str());
            scaled.push((underlying, Node::scale("initial ÷ maintenance margin", factor, unit)?));
        }
        Ok(scaled)
    }

    fn prepared(&self, underlying: Underlying) -> Result<&Prepared, MarginError> {
        self.units.get(&underlying).ok_or(MarginError::Market(MarketError::UnknownUnderlying(underlying)))
    }

    /// Maintenance margin of one unit.
    fn unit(&self, underlying: Underlying, book: &Book<'_>, detail: Detail) -> Result<Node, MarginError> {
        let loss = self.prepared(underlying)?.maximum_loss(book, detail)?;
        let parts = self.contingencies(underlying, book)?;
        let leaf = |label: &'static str, amount| Node::leaf(label, amount, Origin::default());
        let contingency = vec![
            leaf("net short options", parts.short_options),
            leaf("vega spread", parts.vega_spread),
            leaf("spread between settlement assets", parts.settlement_spread),
            leaf("delta spread", parts.delta_spread),
            leaf("perpetuals and futures", parts.futures),
        ];
        Ok(Node::sum(underlying.asset(), vec![loss, Node::sum("contingency", contingency)?])?)
    }

    fn contingencies(&self, underlying: Underlying, book: &Book<'_>) -> Result<Contingencies, MarginError> {
        let p = &self.parameters;
        let name = underlying.as_str();
        let index = self.market.index_in(underlying, self.market.snapshot().currency)?.value;
        let as_of = self.market.snapshot().as_of;
        let years = |expiry| decimal(years_left(as_of, expiry).unwrap_or(0.0), Decimal::PLACES);
        let mut vega = Vec::with_capacity(book.vega.len());
        for (expiry, amount) in &book.vega {
            vega.push((years(Some(*expiry))?.times_count(365)?, *amount));
        }
        let mut delta = Vec::with_capacity(book.delta.len());
        for (expiry, amount) in &book.delta {
            delta.push((years(*expiry)?, *amount));
        }
        Ok(Contingencies {
            short_options: on_size(Sizes::of(&book.held)?.naked_short()?, *p.short_option_rate.of(name), index)?,
            vega_spread: on_size(hedged_by_time(&vega)?, *p.vega_rate.of(name), Decimal::ONE)?,
            settlement_spread: on_size(
                hedged(book.by_settlement.values().copied())?,
                *p.settlement_rate.of(name),
                Decimal::ONE,
            )?,
            delta_spread: on_size(hedged_by_time(&delta)?, *p.delta_rate.of(name), Decimal::ONE)?,
            futures: on_size(book.futures, *p.futures_rate.of(name), Decimal::ONE)?,
        })
    }
}
