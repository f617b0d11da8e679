#![doc = include_str!("README.md")]

mod book;
mod parameters;
mod sets;
pub mod unit;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Asset, Decimal, Label, Node, Requirement, Rounding, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

pub use parameters::OkxPortfolioParameters;

use super::tiered::debts;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::orders::fillable;
use crate::parameters::Field;
use crate::positions::net;
use crate::scenario::years_left;
use crate::{Account, MarginError};
use book::{Book, Leg, Prepared};
use unit::Parts;

/// The model's name.
const NAME: &str = "okx-portfolio";

/// OKX's portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct OkxPortfolio {
    /// Its numbers.
    pub parameters: OkxPortfolioParameters,
}

impl Model for OkxPortfolio {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &sets::SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let (parameters, units) = (self.parameters.clone(), book::prepare(market, held, &self.parameters)?);
        Ok(Box::new(PortfolioJudge { market: market.clone(), parameters, units, collateral: CollateralRules::whole() }))
    }
}

struct PortfolioJudge {
    market: Market,
    parameters: OkxPortfolioParameters,
    units: BTreeMap<Underlying, Prepared>,
    collateral: CollateralRules,
}

impl Judge for PortfolioJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        if let Some(order) = fillable(account)?.first() {
            let id = order.instrument;
            let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            return Err(unsupported(instrument, "expected no open order: the venue's rule for them was not published"));
        }
        let p = &self.parameters;
        let books = self.books(account, assets)?;
        let mut units = Vec::with_capacity(books.len());
        for ((underlying, quote), book) in &books {
            units.push(self.unit(*underlying, *quote, book, detail)?);
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

/// An underlying, and a quote where units are told apart by it.
type UnitKey = (Underlying, Option<Asset>);

impl PortfolioJudge {
    /// Positions and spot in use by risk unit.
    fn books(&self, account: &Account, assets: &[NetAsset]) -> Result<BTreeMap<UnitKey, Book>, MarginError> {
        let by_quote = self.parameters.units_by_quote == Decimal::ONE;
        let mut books: BTreeMap<UnitKey, Book> = BTreeMap::new();
        for held in net(&account.portfolio, self.market.listing())? {
            if held.instrument.only_moves_balances() {
                continue;
            }
            let terms = held.instrument.terms();
            let prepared = self.units.get(&terms.underlying).ok_or_else(MarginError::unknown(held.id))?;
            let key = (terms.underlying, by_quote.then_some(terms.quote));
            prepared.add(books.entry(key).or_default(), &self.market, &held)?;
        }
        for net in assets {
            let coin = net.asset.underlying();
            // Where units are told apart coins stand with the contracts in USDT, the first of the venue's two choices.
            let unit = books.iter_mut().find(|((underlying, quote), _)| {
                *underlying == coin && quote.is_none_or(|quote| quote.as_str() == "USDT")
            });
            if let Some((_, book)) = unit {
                self.offset(book, net)?;
            }
        }
        for book in books.values_mut() {
            book.options.sort_by_key(|holding| holding.row);
        }
        Ok(books)
    }

    /// Lets coins stand against derivatives, up to what they hedge.
    fn offset(&self, book: &mut Book, net: &NetAsset) -> Result<(), MarginError> {
        let p = &self.parameters;
        let coins = net.balance()?.or_zero().times(net.price.value, Rounding::Down)?;
        let coins = coins.times(*p.spot_in_use.of(net.asset.as_str()), Rounding::Down)?;
        let derivatives = book.delta.values().copied().try_fold(Decimal::ZERO, Decimal::plus)?;
        let used = coins.min(derivatives.negated().or_zero());
        book.notional = book.notional.plus(used)?;
        if p.mr4_spot == Decimal::ONE && !used.is_zero() {
            book.delta.insert(Leg::Spot, used);
        }
        Ok(())
    }

    /// The maintenance margin of one unit, charge by charge.
    fn unit(
        &self,
        underlying: Underlying,
        quote: Option<Asset>,
        book: &Book,
        detail: Detail,
    ) -> Result<Node, MarginError> {
        let p = &self.parameters;
        let name = underlying.as_str();
        let prepared = self.units.get(&underlying).ok_or_else(|| unknown(underlying))?;
        let (columns, losses) = (prepared.columns(), prepared.losses(book)?);
        let leaf = |amount| Node::leaf("charge", amount, Origin::default());
        let worst = |columns: &Range<usize>| worst(prepared, &losses, columns.clone(), detail);
        let extreme = worst(&columns.extreme);
        let raw = unit::on_delta(book.gross_delta, *sets::extreme(&p.mr7_rate, name))?.plus(book.option_fees)?;
        let parts = Parts {
            spot_shock: worst(&columns.spot_shock),
            theta: leaf(losses[columns.theta].or_zero()),
            vega_term: leaf(self.vega_term(book)?),
            basis: self.basis(name, book, detail)?,
            rates: worst(&columns.rates),
            extreme: Node::scale("half", unit::HALF, extreme)?,
            minimum: leaf(unit::scaled_minimum(raw, sets::shock(&p.mr7_multiplier, name))?),
            stablecoin: self.stablecoins(book)?,
        };
        let label = quote.map_or_else(|| underlying.to_string(), |quote| format!("{underlying}-{quote}"));
        parts.margin(label)
    }

    /// Vega of some expiries that others' cancels, × its share.
    fn vega_term(&self, book: &Book) -> Result<Decimal, MarginError> {
        let gross = book.vega.values().try_fold(Decimal::ZERO, |sum, vega| sum.plus(vega.abs()))?;
        let net = book.vega.values().copied().try_fold(Decimal::ZERO, Decimal::plus)?;
        unit::on_delta(gross.minus(net.abs())?, self.parameters.mr3_share)
    }

    /// MR4, leg by leg.
    fn basis(&self, name: &str, book: &Book, detail: Detail) -> Result<Node, MarginError> {
        let p = &self.parameters;
        let (least, annual) = (*sets::extreme(&p.mr4_perpetual, name), *sets::extreme(&p.mr4_annual, name));
        let deltas: Vec<Decimal> = book.delta.values().copied().collect();
        let sizes = unit::basis_sizes(&deltas, p.mr4_gross == Decimal::ONE)?;
        let mut of = Vec::with_capacity(sizes.len());
        for (leg, size) in book.delta.keys().zip(sizes) {
            let (label, rate) = match leg {
                Leg::Spot => ("spot in use".into(), least),
                Leg::Perpetual => ("perpetuals".into(), least),
                Leg::Expiry(at) => {
                    let years = years_left(self.market.snapshot().as_of, Some(*at)).unwrap_or(0.0);
                    let rate = annual.times(decimal(years, Decimal::PLACES)?, Rounding::Up)?;
                    let label: Label = match detail {
                        Detail::Explained => at.to_string().into(),
                        Detail::Amounts => "expiry".into(),
                    };
                    (label, rate.max(least))
                }
            };
            of.push(Node::leaf(label, unit::on_delta(size, rate)?, Origin::default()));
        }
        Ok(Node::sum("MR4 basis", of)?)
    }

    /// MR9, pair by pair.
    fn stablecoins(&self, book: &Book) -> Result<Node, MarginError> {
        let of_quote = |name: &str| {
            let found = book.by_quote.iter().find(|(quote, _)| quote.as_str() == name);
            found.map_or((None, Decimal::ZERO), |(quote, delta)| (Some(*quote), *delta))
        };
        let sizes = unit::hedges(of_quote("USDT").1, of_quote("USDC").1, of_quote("USD").1)?;
        let mut of = Vec::new();
        for ([one, other], size) in unit::PAIRS.into_iter().zip(sizes) {
            let (Some(here), Some(there)) = (of_quote(one).0, of_quote(other).0) else { continue };
            if !size.is_zero() {
                let (here, there) = (self.market.asset_price(here)?.value, self.market.asset_price(there)?.value);
                // Whichever of the two has fallen.
                let price = here.min(there).over(here.max(there), Rounding::Down)?;
                let rates = unit::stablecoin_rates(&self.parameters.mr9, price)?;
                let charge = unit::stablecoin(size, rates)?;
                of.push(Node::leaf(format!("{one}-{other}"), charge, Origin::default()));
            }
        }
        Ok(Node::sum("MR9 stablecoins", of)?)
    }
}

fn unknown(underlying: Underlying) -> MarginError {
    MarginError::Market(plimsoll_pricing::market::MarketError::UnknownUnderlying(underlying))
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: instrument.terms().name.clone(), why: why.to_owned() }
}

/// The largest loss in some columns, at least zero.
fn worst(prepared: &Prepared, losses: &[Decimal], columns: Range<usize>, detail: Detail) -> Node {
    if detail == Detail::Amounts {
        let worst = losses[columns].iter().copied().fold(Decimal::ZERO, Decimal::max);
        return Node::leaf("worst move", worst, Origin::default());
    }
    let named = columns.map(|column| {
        let scenario = Some(Arc::clone(&prepared.table().scenarios()[column].name));
        Node::leaf("loss", losses[column], Origin { scenario, ..Origin::default() })
    });
    let none = Node::leaf("no loss", Decimal::ZERO, Origin::default());
    Node::worst_of("worst move", named.chain(std::iter::once(none)).collect())
}
