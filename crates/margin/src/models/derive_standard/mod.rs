#![doc = include_str!("README.md")]

mod linear;
mod options;
mod parameters;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, InstrumentId, Node, Requirement, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::Priced;
use plimsoll_pricing::market::{Market, UnderlyingQuote};

pub use options::ShortOption;
pub use parameters::StandardParameters;

use super::derive_pmrm2::charges::stable_price;
use super::derive_pmrm2::tables::supported;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, at_maintenance};
use crate::fold::Detail;
use crate::parameters::{Dated, Field};
use crate::positions::{NetPosition, net};
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "derive-standard";

/// Derive's standard margin.
#[derive(Clone, Debug, Default)]
pub struct DeriveStandard {
    /// Its numbers.
    pub parameters: StandardParameters,
}

impl Model for DeriveStandard {
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
        let mut worths = BTreeMap::new();
        for id in &held.instruments {
            let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
            if instrument.strike().is_some() && supported(NAME, instrument).is_ok() {
                // The venue does not discount premiums here.
                let undiscounted = Priced { rate: 0.0, ..market.priced(*id)?.clone() };
                worths.insert(*id, decimal(instrument.worth(&undiscounted), Decimal::PLACES)?);
            }
        }
        let (stable, _) = stable_price(None, market);
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(StandardJudge { market: market.clone(), parameters, worths, stable, collateral }))
    }
}

/// Which of the two figures is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Initial,
    Maintenance,
}

impl Level {
    /// One of two figures.
    fn of<T>(self, initial: T, maintenance: T) -> T {
        if self == Self::Initial { initial } else { maintenance }
    }
}

struct StandardJudge {
    market: Market,
    parameters: StandardParameters,
    /// Worth of one contract of every option held.
    worths: BTreeMap<InstrumentId, Decimal>,
    stable: Decimal,
    collateral: CollateralRules,
}

/// Positions of one market.
#[derive(Default)]
struct Book<'a> {
    perpetuals: Vec<NetPosition<'a>>,
    options: BTreeMap<Timestamp, Vec<NetPosition<'a>>>,
}

impl Judge for StandardJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], _: Detail) -> Result<Requirement, MarginError> {
        let books = self.books(account)?;
        let (_, is_cash) = stable_price(None, &self.market);
        let mut cash = Decimal::ZERO;
        let mut bases = BTreeMap::new();
        for net in assets {
            let balance = net.balance()?;
            if is_cash(net.asset) {
                cash = cash.plus(balance)?;
            } else if !balance.is_zero() {
                bases.insert(net.asset, balance);
            }
        }
        let mut venues = cash;
        for (asset, balance) in &bases {
            venues = venues.plus(self.base_value(*asset, *balance)?)?;
        }
        for holding in books.values().flat_map(|book| book.options.values().flatten()) {
            venues = venues.plus(self.option_value(holding)?)?;
        }
        let ours = at_maintenance(assets, &self.collateral, &self.market)?;
        let counted = Node::leaf("equity the venue does not count", ours.minus(venues)?, Origin::default());
        let total = |label: &'static str, level| {
            let mut of = Vec::new();
            for (underlying, book) in &books {
                of.push(self.market_margin(*underlying, book, level)?);
            }
            for (asset, balance) in &bases {
                of.push(self.base_margin(*asset, *balance, level)?);
            }
            of.push(counted.clone());
            Ok::<_, MarginError>(Node::sum(label, of)?)
        };
        Ok(Requirement {
            asset: self.market.snapshot().currency,
            initial: total("initial margin", Level::Initial)?,
            maintenance: total("maintenance margin", Level::Maintenance)?,
        })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl StandardJudge {
    /// Net positions by market.
    fn books(&self, account: &Account) -> Result<BTreeMap<Underlying, Book<'_>>, MarginError> {
        let (_, is_cash) = stable_price(None, &self.market);
        let mut books: BTreeMap<Underlying, Book<'_>> = BTreeMap::new();
        for held in net(&account.portfolio, self.market.listing())? {
            supported(NAME, held.instrument)?;
            let terms = held.instrument.terms();
            if !is_cash(terms.settlement) {
                let why = "expected a contract settled in the currency or USDC".to_owned();
                return Err(MarginError::Unsupported { model: NAME, what: Arc::clone(&terms.name), why });
            }
            let book = books.entry(terms.underlying).or_default();
            match held.instrument.expiry() {
                Some(expiry) => book.options.entry(expiry).or_default().push(held),
                None => book.perpetuals.push(held),
            }
        }
        Ok(books)
    }

    /// Perpetuals, options by expiry, and what a falling stablecoin adds, of one market.
    fn market_margin(&self, underlying: Underlying, book: &Book<'_>, level: Level) -> Result<Node, MarginError> {
        let quote = self.quote(underlying)?;
        let mut of = vec![self.perpetuals(underlying, quote, &book.perpetuals, level)?];
        let mut sizes =
            book.perpetuals.iter().map(|holding| holding.size.abs()).try_fold(Decimal::ZERO, Decimal::plus)?;
        for (expiry, held) in &book.options {
            of.push(self.expiry(underlying, quote, *expiry, held, level)?);
            sizes = sizes.plus(options::short_size(held)?)?;
        }
        let fallen = self.parameters.depeg_threshold.minus(self.stable)?;
        if level == Level::Initial && fallen.signum() > 0 && !sizes.is_zero() {
            let size = Node::leaf("size", sizes.times(quote.index, Rounding::Up)?, Origin::default());
            let factor = fallen.times(self.parameters.depeg_factor, Rounding::Up)?;
            of.push(Node::scale("falling stablecoin", factor, size)?);
        }
        Ok(Node::sum(underlying.asset(), of)?)
    }

    fn quote(&self, underlying: Underlying) -> Result<&UnderlyingQuote, MarginError> {
        let quote = self.market.snapshot().underlyings.get(&underlying);
        quote.ok_or_else(|| plimsoll_pricing::market::MarketError::UnknownUnderlying(underlying).into())
    }
}

/// The prices at which a payoff of `held` bends, and zero.
fn bends(held: &[NetPosition<'_>]) -> BTreeSet<Decimal> {
    held.iter().filter_map(|holding| holding.instrument.strike()).chain([Decimal::ZERO]).collect()
}
