#![doc = include_str!("README.md")]

mod combine;
pub mod contingencies;
pub mod matrix;
mod pairs;
mod parameters;
pub mod shocks;
pub mod simulate;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Asset, Decimal, Node, Requirement, Rounding};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

pub use parameters::DeribitPortfolioParameters;

use super::deribit_standard::haircuts;
use super::fills::{Premiums, exchanged};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::orders::fillable;
use crate::parameters::Field;
use crate::positions::{NetPosition, net};
use crate::{Account, MarginError};
use combine::{Part, Unit, combine};
use pairs::{Fills, Pair, PairRisk, Prepared};

/// The model's name.
const NAME: &str = "deribit-portfolio";

/// Deribit's portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct DeribitPortfolio {
    /// Its numbers.
    pub parameters: DeribitPortfolioParameters,
}

impl Model for DeribitPortfolio {
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
        Ok(Box::new(self.judge(market, held)?))
    }
}

impl DeribitPortfolio {
    fn judge(&self, market: &Market, held: &Held) -> Result<PortfolioJudge, MarginError> {
        let pairs = pairs::prepare(market, held, &self.parameters)?;
        let collateral = CollateralRules::whole();
        Ok(PortfolioJudge { market: market.clone(), parameters: self.parameters.clone(), pairs, collateral })
    }
}

struct PortfolioJudge {
    market: Market,
    parameters: DeribitPortfolioParameters,
    pairs: BTreeMap<Pair, Prepared>,
    collateral: CollateralRules,
}

/// What an account holds and would trade of one pair.
#[derive(Default)]
struct Book<'a> {
    held: Vec<NetPosition<'a>>,
    orders: Vec<NetPosition<'a>>,
}

/// One pair's figures, as it is and, where there are orders, at their worst fills.
struct PairRisks {
    pair: Pair,
    group: Option<Arc<Group>>,
    now: PairRisk,
    filled: Option<PairRisk>,
}

impl PairRisks {
    fn at_worst_fills(&self) -> &PairRisk {
        self.filled.as_ref().unwrap_or(&self.now)
    }
}

impl Judge for PortfolioJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        let risks = self.risks(&self.books(account)?, detail)?;
        let matrix = |of: &dyn Fn(&PairRisks) -> &PairRisk| {
            let parts: Vec<Part<'_>> = risks.iter().map(|risks| self.part(risks, of(risks))).collect();
            Ok::<_, MarginError>(combine(&parts, &self.parameters, Unit::Money, detail)?.node)
        };
        let now = matrix(&|risks| &risks.now)?;
        let maintenance = Node::scale("maintenance margin", self.parameters.mm_factor, now.clone())?;
        let mut of = Vec::with_capacity(8);
        of.push(now.clone());
        if risks.iter().any(|risks| risks.filled.is_some()) {
            let filled = matrix(&PairRisks::at_worst_fills)?.named("risk-matrix margin at the worst fills");
            let less = Node::leaf("less it now", now.amount.negated(), Origin::default());
            of.push(Node::sum("open orders", vec![filled, less])?);
        }
        let (contracts, spot) = self.fills(account, None)?;
        of.extend([contracts, spot].into_iter().filter(|costs| !costs.children().is_empty()));
        for (asset, quotes) in self.quotes(risks.iter().map(|risks| risks.pair.1))? {
            of.push(simulate::stated("quotes under protection", quotes, self.market.asset_price(asset)?.value)?);
        }
        of.extend(haircuts(&self.parameters.haircut, assets)?);
        let besides = |_: &Account, assets: &[NetAsset]| haircuts(&self.parameters.haircut, assets);
        of.extend(exchanged(
            account,
            &self.market,
            &fillable(account)?,
            (&self.collateral, Premiums::AskedFor),
            besides,
        )?);
        let initial = Node::sum("initial margin", of)?;
        Ok(Requirement { asset: self.market.currency(), initial, maintenance })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl PortfolioJudge {
    /// Net positions and fillable orders by pair; spot is a balance.
    fn books(&self, account: &Account) -> Result<BTreeMap<Pair, Book<'_>>, MarginError> {
        let listing = self.market.listing();
        let mut books: BTreeMap<Pair, Book<'_>> = BTreeMap::new();
        let pair_of = |instrument: &Instrument| {
            let terms = instrument.terms();
            pairs::supported(instrument).map(|()| (terms.underlying, terms.settlement))
        };
        let all = net(&account.portfolio, listing)?;
        let count = all.len();
        for held in all {
            if !held.instrument.only_moves_balances() {
                let roomy = || Book { held: Vec::with_capacity(count), orders: Vec::new() };
                books.entry(pair_of(held.instrument)?).or_insert_with(roomy).held.push(held);
            }
        }
        for order in fillable(account)? {
            let id = order.instrument;
            let instrument = listing.get(id).ok_or_else(MarginError::unknown(id))?;
            if !instrument.only_moves_balances() {
                let quantity = order.signed_quantity().0;
                let size = quantity.times(instrument.terms().contract_size, Rounding::HalfEven)?;
                let traded = NetPosition { id, instrument, quantity, size };
                books.entry(pair_of(instrument)?).or_default().orders.push(traded);
            }
        }
        Ok(books)
    }

    /// The figures of every pair.
    fn risks(&self, books: &BTreeMap<Pair, Book<'_>>, detail: Detail) -> Result<Vec<PairRisks>, MarginError> {
        let mut all = Vec::with_capacity(books.len());
        for (pair, Book { held, orders }) in books {
            let Some(any) = held.first().or_else(|| orders.first()) else { continue };
            let prepared = self.prepared(*pair, any)?;
            let exposure = prepared.exposure(&self.market, held)?;
            let risk = |fills| prepared.risk(&self.market, held, &exposure, &fills);
            let now = risk(Fills::default())?;
            let filled = if orders.is_empty() { None } else { Some(risk(prepared.fills(&self.market, orders)?)?) };
            let names = || held.iter().map(|position| position.instrument.terms().name.clone()).collect();
            let group = || Arc::new(Group { underlying: pair.0, expiry: None, positions: names() });
            let group = (detail == Detail::Explained).then(group);
            all.push(PairRisks { pair: *pair, group, now, filled });
        }
        Ok(all)
    }

    /// What the venue states of quotes under protection, by the asset it is in: those it names, and for `settled`, what
    /// the account's contracts settle in, what holds for those not named. Nothing that is zero.
    fn quotes(&self, settled: impl Iterator<Item = Asset>) -> Result<BTreeMap<Asset, Decimal>, MarginError> {
        let stated = &self.parameters.mmp_margin;
        let mut all: BTreeMap<Asset, Decimal> = settled.map(|asset| (asset, *stated.of(asset.as_str()))).collect();
        for (name, quotes) in &stated.named {
            let asset: Asset = name.parse().map_err(|_| MarginError::Parameter {
                model: NAME,
                name: format!("mmp_margin.{name}"),
                value: quotes.to_string(),
                expected: "the name of an asset in it, like mmp_margin.BTC".to_owned(),
            })?;
            all.insert(asset, *quotes);
        }
        all.retain(|_, quotes| !quotes.is_zero());
        Ok(all)
    }

    fn prepared(&self, pair: Pair, held: &NetPosition<'_>) -> Result<&Prepared, MarginError> {
        self.pairs.get(&pair).ok_or_else(MarginError::unknown(held.id))
    }

    fn part<'a>(&'a self, risks: &'a PairRisks, risk: &'a PairRisk) -> Part<'a> {
        Part { pair: risks.pair, prepared: &self.pairs[&risks.pair], risk, group: risks.group.as_ref() }
    }
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: instrument.terms().name.clone(), why: why.to_owned() }
}
