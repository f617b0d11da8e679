#![doc = include_str!("README.md")]

mod book;
mod parameters;
pub mod unit;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Rounding, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

pub use parameters::OkxPortfolioParameters;

use super::tiered::debts;
use super::{Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::orders::fillable;
use crate::parameters::{Dated, Field};
use crate::positions::net;
use crate::scenario::years_left;
use crate::{Account, MarginError};
use book::{Book, Prepared, scenarios};
use unit::Charges;

/// The model's name.
const NAME: &str = "okx-portfolio";

/// OKX's portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct OkxPortfolio {
    /// Its numbers.
    pub parameters: OkxPortfolioParameters,
}

impl Model for OkxPortfolio {
    fn name(&self) -> &'static str {
        NAME
    }

    fn page(&self) -> &'static str {
        include_str!("README.md")
    }

    fn example(&self) -> &'static str {
        include_str!("example.yaml")
    }

    fn sets(&self) -> &'static [Dated] {
        &parameters::SETS
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare<'m>(&self, market: &'m Market, held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        let (parameters, units) = (self.parameters.clone(), book::prepare(market, held, &self.parameters)?);
        Ok(Box::new(PortfolioJudge { market, parameters, units, collateral: CollateralRules::whole() }))
    }
}

struct PortfolioJudge<'m> {
    market: &'m Market,
    parameters: OkxPortfolioParameters,
    units: BTreeMap<Underlying, Prepared>,
    collateral: CollateralRules,
}

impl Judge for PortfolioJudge<'_> {
    fn requirement(&self, account: &Account, assets: &[NetAsset]) -> Result<Requirement, MarginError> {
        if let Some(order) = fillable(account)?.first() {
            let id = order.instrument;
            let instrument = self.market.listing().get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
            return Err(unsupported(instrument, "expected no open order: the venue's rule for them was not published"));
        }
        let p = &self.parameters;
        let books = self.books(account, assets)?;
        let mut units = Vec::with_capacity(books.len());
        for (underlying, book) in &books {
            units.push(self.unit(*underlying, book)?);
        }
        let units = Node::sum("risk units", units)?;
        let discount = p.discount.not_counted(assets)?;
        let borrowed = |rates| debts(assets, rates, "borrowing (MR8)");
        let initial = Node::scale("initial margin of the units", p.imr_factor, units.clone())?;
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: Node::sum("initial margin", vec![initial, borrowed(&p.mr8_imr)?, discount.clone()])?,
            maintenance: Node::sum("maintenance margin", vec![units, borrowed(&p.mr8_mmr)?, discount])?,
        })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl PortfolioJudge<'_> {
    /// Positions and spot in use by risk unit.
    fn books(&self, account: &Account, assets: &[NetAsset]) -> Result<BTreeMap<Underlying, Book>, MarginError> {
        let mut books: BTreeMap<Underlying, Book> = BTreeMap::new();
        for held in net(&account.portfolio, self.market.listing())? {
            if held.instrument.only_moves_balances() {
                continue;
            }
            let underlying = held.instrument.terms().underlying;
            let prepared = self.units.get(&underlying).ok_or(MarginError::UnknownInstrument(held.id.0))?;
            prepared.add(books.entry(underlying).or_default(), self.market, &held, &self.parameters)?;
        }
        for net in assets {
            let Some(book) = books.get_mut(&net.asset.underlying()) else { continue };
            // Coins stand against derivatives up to what they hedge.
            let coins = net.balance()?.or_zero().times(net.price.value, Rounding::Down)?;
            let coins = coins.times(self.parameters.spot_in_use, Rounding::Down)?;
            let net_delta = book.delta.values().copied().try_fold(Decimal::ZERO, Decimal::plus)?;
            let used = coins.min(net_delta.negated().or_zero());
            book.notional = book.notional.plus(used)?;
            let perpetual = book.delta.entry(None).or_default();
            *perpetual = perpetual.plus(used)?;
        }
        for book in books.values_mut() {
            book.options.sort_by_key(|holding| holding.row);
        }
        Ok(books)
    }

    /// The maintenance margin of one unit, charge by charge.
    fn unit(&self, underlying: Underlying, book: &Book) -> Result<Node, MarginError> {
        let p = &self.parameters;
        let name = underlying.as_str();
        let prepared = self.units.get(&underlying).ok_or_else(|| unknown(underlying))?;
        let columns = scenarios(underlying, p)?.1;
        let spot_shock = self.worst("MR1 spot shock", prepared, book, columns.spot_shock)?;
        let theta = prepared.loss(book, columns.theta)?.or_zero();
        let rates = self.worst("MR5 rates", prepared, book, columns.rates)?;
        let extreme = self.worst("extreme move", prepared, book, columns.extreme)?;
        let raw = unit::on_delta(book.gross_delta, *p.mr7_rate.of(name))?.plus(book.option_fees)?;
        let charges = Charges {
            spot_shock: spot_shock.amount,
            theta,
            vega_term: self.vega_term(book)?,
            basis: self.basis(name, book)?,
            rates: rates.amount,
            extreme: unit::half(extreme.amount)?,
            minimum: unit::scaled_minimum(raw, &p.mr7_multiplier)?,
            stablecoin: self.stablecoins(book)?,
        };
        let leaf = |label: &'static str, amount| Node::leaf(label, amount, Origin::default());
        let half = Node::scale("MR6 half of an extreme move", Decimal::new(5, 1), extreme)?;
        let risk = Node::sum(
            "risk",
            vec![
                Node::worst_of("worst of MR1, MR2, MR6", vec![spot_shock, leaf("MR2 a day passes", theta), half]),
                leaf("MR3 vega between expiries", charges.vega_term),
                leaf("MR4 basis", charges.basis),
                rates,
            ],
        )?;
        let of = vec![
            Node::worst_of(
                "risk, at least the cost of closing",
                vec![risk, leaf("MR7 minimum charge", charges.minimum)],
            ),
            leaf("MR9 stablecoins", charges.stablecoin),
        ];
        Ok(Node::sum(underlying.asset(), of)?)
    }

    fn worst(
        &self,
        label: &'static str,
        prepared: &Prepared,
        book: &Book,
        columns: Range<usize>,
    ) -> Result<Node, MarginError> {
        let mut of = Vec::with_capacity(columns.len() + 1);
        for column in columns {
            let origin =
                Origin { scenario: Some(Arc::clone(&prepared.table().scenarios()[column].name)), ..Origin::default() };
            of.push(Node::leaf("loss", prepared.loss(book, column)?, origin));
        }
        of.push(Node::leaf("no loss", Decimal::ZERO, Origin::default()));
        Ok(Node::worst_of(label, of))
    }

    /// Vega of some expiries that others' cancels, × its share.
    fn vega_term(&self, book: &Book) -> Result<Decimal, MarginError> {
        let gross = book.vega.values().try_fold(Decimal::ZERO, |sum, vega| sum.plus(vega.abs()))?;
        let net = book.vega.values().copied().try_fold(Decimal::ZERO, Decimal::plus)?;
        unit::on_delta(gross.minus(net.abs())?, self.parameters.mr3_share)
    }

    fn basis(&self, name: &str, book: &Book) -> Result<Decimal, MarginError> {
        let p = &self.parameters;
        let (least, annual) = (*p.mr4_perpetual.of(name), *p.mr4_annual.of(name));
        let mut sum = Decimal::ZERO;
        for (expiry, delta) in &book.delta {
            let years = years_left(self.market.snapshot().as_of, *expiry).unwrap_or(0.0);
            let rate = annual.times(decimal(years, Decimal::PLACES)?, Rounding::Up)?.max(least);
            sum = sum.plus(unit::on_delta(*delta, rate)?)?;
        }
        Ok(sum)
    }

    /// Hedges between quotes, in the venue's order of pairs.
    fn stablecoins(&self, book: &Book) -> Result<Decimal, MarginError> {
        let mut left: BTreeMap<&str, Decimal> = BTreeMap::new();
        for (quote, delta) in &book.by_quote {
            left.insert(quote.as_str(), *delta);
        }
        let mut sum = Decimal::ZERO;
        for (one, other) in [("USDT", "USD"), ("USDT", "USDC"), ("USDC", "USD")] {
            let of = |left: &BTreeMap<&str, Decimal>, name| left.get(name).copied().unwrap_or_default();
            let (here, there) = (of(&left, one), of(&left, other));
            if here.signum() * there.signum() >= 0 {
                continue;
            }
            let size = here.abs().min(there.abs());
            sum = sum.plus(unit::stablecoin(size, &self.parameters.mr9)?)?;
            let towards_zero = |delta: Decimal| if delta.signum() < 0 { delta.plus(size) } else { delta.minus(size) };
            left.insert(one, towards_zero(here)?);
            left.insert(other, towards_zero(there)?);
        }
        Ok(sum)
    }
}

fn unknown(underlying: Underlying) -> MarginError {
    MarginError::Market(plimsoll_pricing::market::MarketError::UnknownUnderlying(underlying))
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: instrument.terms().name.clone(), why: why.to_owned() }
}
