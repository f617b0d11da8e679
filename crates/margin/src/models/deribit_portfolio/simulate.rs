//! Margins as the venue's own simulate call answers them: each settlement asset alone, in itself.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Asset, Decimal, Node, Rounding};
use plimsoll_pricing::market::Market;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::combine::{Combined, Part, Unit, combine, label};
use super::matrix::{Bucket, RiskVectors};
use super::pairs::{self, Pair};
use super::parameters::DeribitPortfolioParameters;
use super::{DeribitPortfolio, PairRisks, PortfolioJudge};
use crate::fold::Detail;
use crate::models::Held;
use crate::models::fills::fill_cost;
use crate::orders::fillable;
use crate::{Account, MarginError};

/// What the venue adds up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Vectors after scaling, of all pairs.
    pub aggregated: RiskVectors,
    /// Roll shocks of all expiries.
    pub roll_shock: Decimal,
    /// Delta shock.
    pub delta_shock: Decimal,
    /// What offsetting currencies against each other costs.
    pub correlation_contingency: Decimal,
    /// What older rulebooks add for sizes.
    pub contingencies: Decimal,
    /// Of quotes under market-maker protection.
    pub mmp_margin: Decimal,
    /// Of open orders.
    pub open_orders_margin: Decimal,
    /// Of spot orders and borrowings.
    pub spot_margin: Decimal,
    /// Maintenance as a share of the risk-matrix margin.
    pub mm_factor: Decimal,
}

/// The answer, under the venue's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// The largest loss of the aggregated vectors.
    pub worst_case: Decimal,
    /// Worst case, shocks and contingency.
    pub risk_matrix_margin: Decimal,
    /// With margins of orders, quotes and spot.
    pub initial_margin: Decimal,
    /// `mm_factor` × the risk-matrix margin alone.
    pub maintenance_margin: Decimal,
}

impl Inputs {
    /// The margins.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Deribit, private/simulate, response example of 2024-06-17; exact.
    pub fn simulate(&self) -> Result<Simulated, MarginError> {
        let worst_case = self.aggregated.worst_case();
        let contingencies = self.correlation_contingency.plus(self.contingencies)?;
        let shocks = self.roll_shock.plus(self.delta_shock)?.plus(contingencies)?;
        let risk_matrix_margin = worst_case.plus(shocks)?;
        let orders = self.mmp_margin.plus(self.open_orders_margin)?.plus(self.spot_margin)?;
        Ok(Simulated {
            worst_case,
            risk_matrix_margin,
            initial_margin: risk_matrix_margin.plus(orders)?,
            maintenance_margin: risk_matrix_margin.times(self.mm_factor, Rounding::Up)?,
        })
    }
}

/// An account as the venue's simulate call shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// The numbers it was margined with.
    pub parameters: DeribitPortfolioParameters,
    /// When, and what the market was valued at: milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Margins by settlement asset, by name.
    pub margins: Vec<CurrencyMargins>,
    /// Vectors by pair, by name.
    pub pairs: Vec<PairVectors>,
    /// Vectors and market by instrument, in the listing's order.
    pub instruments: Vec<InstrumentVectors>,
}

/// One settlement asset, in itself: segregated margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyMargins {
    /// Which.
    pub asset: Asset,
    /// What one of it is worth in the market's currency.
    pub price: Decimal,
    /// What was added up.
    pub inputs: Inputs,
    /// Where the worst case is; none where nothing loses.
    pub worst_case_bucket: Option<Bucket>,
    /// The margins.
    pub margins: Simulated,
}

/// One pair of a coin and a settlement asset, in the latter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairVectors {
    /// `btc_btc`.
    pub pair: String,
    /// The coin.
    pub coin: String,
    /// What it is settled in.
    pub settlement: Asset,
    /// One coin in the market's currency.
    pub index: Decimal,
    /// Before gains are scaled and extreme moves damped.
    pub pre_aggregated: RiskVectors,
    /// As it is added to other pairs'.
    pub aggregated: RiskVectors,
    /// Of all expiries.
    pub roll_shock: Decimal,
    /// Of the pair's net delta.
    pub delta_shock: Decimal,
}

/// One instrument held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentVectors {
    /// Its name.
    pub name: Arc<str>,
    /// Units of the underlying, coins of an inverse future; negative where short.
    pub position: Decimal,
    /// As quoted.
    pub mark: Decimal,
    /// The underlying's index, in the quote.
    pub index: Decimal,
    /// P&L of the position, in the settlement asset.
    pub vectors: RiskVectors,
}

impl DeribitPortfolio {
    /// An account as the venue's simulate call shows it: positions and orders of each settlement asset margined
    /// alone, in that asset. The account's requirement offsets settlement assets against each other too.
    ///
    /// # Errors
    /// As [`crate::models::Judge::requirement`].
    pub fn simulate(&self, account: &Account, market: &Market) -> Result<Simulation, MarginError> {
        let judge = self.judge(market, &Held::by([account]))?;
        let books = judge.books(account)?;
        let risks = judge.risks(&books, Detail::Explained)?;
        let mut by_asset: BTreeMap<Asset, Vec<&PairRisks>> = BTreeMap::new();
        for risk in &risks {
            by_asset.entry(risk.pair.1).or_default().push(risk);
        }
        // Quotes and spot orders ask for margin where no contract does.
        let quotes = judge.quotes(by_asset.keys().copied())?;
        for asset in quotes.keys().copied().chain(judge.spot_ordered(account)?) {
            by_asset.entry(asset).or_default();
        }
        let mut margins = Vec::with_capacity(by_asset.len());
        for (asset, risks) in by_asset {
            let stated = quotes.get(&asset).copied().unwrap_or_default();
            margins.push(judge.currency(account, asset, &risks, stated)?);
        }
        let mut instruments = Vec::new();
        for position in books.iter().flat_map(|(pair, book)| book.held.iter().map(move |held| (*pair, held))) {
            instruments.push(judge.instrument(position)?);
        }
        let pairs = risks.iter().map(|risks| judge.pair(risks)).collect::<Result<_, _>>()?;
        let timestamp_ms = market.snapshot().as_of.nanos() / 1_000_000;
        Ok(Simulation { parameters: self.parameters.clone(), timestamp_ms, margins, pairs, instruments })
    }
}

impl PortfolioJudge {
    /// One settlement asset: its pairs, orders and spot, and what is stated of quotes in it.
    fn currency(
        &self,
        account: &Account,
        asset: Asset,
        risks: &[&PairRisks],
        mmp_margin: Decimal,
    ) -> Result<CurrencyMargins, MarginError> {
        let parts: Vec<Part<'_>> = risks.iter().map(|risks| self.part(risks, &risks.now)).collect();
        let now = combine(&parts, &self.parameters, Unit::Settlement, Detail::Explained)?;
        let price = self.market.asset_price(asset)?.value;
        let (orders, spot) = self.fills(account, Some(asset))?;
        let mut open_orders_margin = orders.amount.over(price, Rounding::Up)?;
        if risks.iter().any(|risks| risks.filled.is_some()) {
            let parts: Vec<Part<'_>> = risks.iter().map(|risks| self.part(risks, risks.at_worst_fills())).collect();
            let filled = combine(&parts, &self.parameters, Unit::Settlement, Detail::Explained)?;
            open_orders_margin = open_orders_margin.plus(filled.node.amount.minus(now.node.amount)?)?;
        }
        let grid = parts.first().map(|part| &part.prepared.grid);
        let worst_case_bucket =
            now.vectors.worst().and_then(|at| grid.map(|grid| grid.bucket(at, now.vectors.standard.len())));
        let Combined { vectors, roll_shock, delta_shock, correlation_contingency, contingencies, .. } = now;
        let inputs = Inputs {
            aggregated: vectors,
            roll_shock,
            delta_shock,
            correlation_contingency,
            contingencies,
            mmp_margin,
            open_orders_margin,
            spot_margin: spot.amount.over(price, Rounding::Up)?,
            mm_factor: self.parameters.mm_factor,
        };
        Ok(CurrencyMargins { asset, price, margins: inputs.simulate()?, inputs, worst_case_bucket })
    }

    /// What spot orders settle in.
    fn spot_ordered(&self, account: &Account) -> Result<Vec<Asset>, MarginError> {
        let mut all = Vec::new();
        for order in fillable(account)? {
            let id = order.instrument;
            let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            if instrument.only_moves_balances() {
                all.push(instrument.terms().settlement);
            }
        }
        Ok(all)
    }

    /// What the fills of orders settled in `asset`, or of all, cost at once, in money: of contracts, and of spot.
    pub(super) fn fills(&self, account: &Account, asset: Option<Asset>) -> Result<(Node, Node), MarginError> {
        let (mut contracts, mut spot) = (Vec::new(), Vec::new());
        for order in fillable(account)? {
            let id = order.instrument;
            let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            if asset.is_none_or(|asset| instrument.terms().settlement == asset) {
                let cost = fill_cost(account, &self.market, &order)?;
                let cost = cost.named(instrument.name().to_owned());
                if instrument.only_moves_balances() { spot.push(cost) } else { contracts.push(cost) }
            }
        }
        Ok((Node::sum("cost of the fills", contracts)?, Node::sum("cost of spot fills", spot)?))
    }

    fn pair(&self, risks: &PairRisks) -> Result<PairVectors, MarginError> {
        let PairRisks { pair: (coin, settlement), now, .. } = risks;
        let roll = now.roll.iter().try_fold(Decimal::ZERO, |sum, (_, shock)| sum.plus(*shock))?;
        Ok(PairVectors {
            pair: label(risks.pair).to_string(),
            coin: coin.as_str().to_lowercase(),
            settlement: *settlement,
            index: self.market.index_in(*coin, self.market.currency())?.value,
            pre_aggregated: now.pre_aggregated.clone(),
            aggregated: now.aggregated.clone(),
            roll_shock: roll,
            delta_shock: now.delta_shock,
        })
    }

    fn instrument(
        &self,
        (pair, held): (Pair, &crate::positions::NetPosition<'_>),
    ) -> Result<InstrumentVectors, MarginError> {
        let terms = held.instrument.terms();
        let is_future = held.instrument.strike().is_none();
        Ok(InstrumentVectors {
            name: Arc::clone(&terms.name),
            position: if is_future { pairs::coins(&self.market, held)? } else { held.size },
            mark: self.market.priced(held.id)?.mark.value,
            index: self.market.index_in(terms.underlying, terms.quote)?.value,
            vectors: self.prepared(pair, held)?.vectors(&self.market, held)?,
        })
    }
}

/// A margin that the venue states and nothing in a portfolio says, in money.
pub(super) fn stated(label: &'static str, amount: Decimal, price: Decimal) -> Result<Node, MarginError> {
    Ok(Node::leaf(label, amount.times(price, Rounding::Up)?, Origin::default()))
}
