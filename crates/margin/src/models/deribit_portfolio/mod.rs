#![doc = include_str!("README.md")]

pub mod matrix;
mod pairs;
mod parameters;
pub mod shocks;
pub mod simulate;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Decimal, Label, Node, Requirement, Rounding, Side};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

pub use parameters::DeribitPortfolioParameters;

use super::{Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::orders::fillable;
use crate::parameters::{Dated, Field};
use crate::positions::{NetPosition, net};
use crate::{Account, MarginError};
use pairs::{Pair, PairRisk, Prepared};
use simulate::Inputs;

/// The model's name.
const NAME: &str = "deribit-portfolio";

/// Deribit's portfolio margin.
#[derive(Clone, Debug, Default)]
pub struct DeribitPortfolio {
    /// Its numbers.
    pub parameters: DeribitPortfolioParameters,
}

impl Model for DeribitPortfolio {
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
        Ok(Box::new(self.judge(market, held)?))
    }
}

/// One pair of an account, as the venue's simulate call shows it, in its settlement asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairSimulation {
    /// `btc_btc`.
    pub pair: String,
    /// What one of the settlement asset is worth in the market's currency.
    pub price: Decimal,
    /// Before gains are scaled and extreme moves damped.
    pub pre_aggregated: matrix::RiskVectors,
    /// As it is added to other pairs'.
    pub aggregated: matrix::RiskVectors,
    /// Of all expiries.
    pub roll_shock: Decimal,
    /// Of the pair's net delta.
    pub delta_shock: Decimal,
    /// The pair alone; orders, quotes and spot left out.
    pub margins: simulate::Simulated,
}

impl DeribitPortfolio {
    fn judge<'m>(&self, market: &'m Market, held: &Held) -> Result<PortfolioJudge<'m>, MarginError> {
        let pairs = pairs::prepare(market, held, &self.parameters)?;
        let collateral = CollateralRules::whole();
        Ok(PortfolioJudge { market, parameters: self.parameters.clone(), pairs, collateral })
    }

    /// An account's positions pair by pair, each margined alone: segregated margin, as the venue's own call
    /// answers it.
    ///
    /// # Errors
    /// As [`Judge::requirement`].
    pub fn simulate(&self, account: &Account, market: &Market) -> Result<Vec<PairSimulation>, MarginError> {
        let judge = self.judge(market, &Held::by([account]))?;
        let mut all = Vec::new();
        for (pair, (risk, _)) in judge.risks(account)? {
            let roll_shock = risk.roll.iter().try_fold(Decimal::ZERO, |sum, (_, shock)| sum.plus(*shock))?;
            let inputs = Inputs {
                aggregated: risk.aggregated.clone(),
                roll_shock,
                delta_shock: risk.delta_shock,
                mm_factor: self.parameters.mm_factor,
                ..Inputs::default()
            };
            all.push(PairSimulation {
                pair: label(pair).to_string(),
                price: judge.pairs[&pair].price,
                margins: inputs.simulate()?,
                pre_aggregated: risk.pre_aggregated,
                aggregated: risk.aggregated,
                roll_shock,
                delta_shock: risk.delta_shock,
            });
        }
        Ok(all)
    }
}

struct PortfolioJudge<'m> {
    market: &'m Market,
    parameters: DeribitPortfolioParameters,
    pairs: BTreeMap<Pair, Prepared>,
    collateral: CollateralRules,
}

impl Judge for PortfolioJudge<'_> {
    fn requirement(&self, account: &Account, _assets: &[NetAsset]) -> Result<Requirement, MarginError> {
        let risk = self.risk_matrix_margin(account)?;
        let mut filled = vec![Node::leaf("no order filled", risk.amount, Origin::default())];
        let orders = fillable(account)?;
        for (label, side) in [("all buys filled", Side::Buy), ("all sells filled", Side::Sell)] {
            if orders.iter().any(|order| order.side == side) {
                let mut then = account.clone();
                for order in orders.iter().filter(|order| order.side == side) {
                    let quantity = order.signed_quantity();
                    then.portfolio.positions.push(plimsoll_core::Position {
                        instrument: order.instrument,
                        quantity,
                        entry_price: None,
                        unsettled_pnl: Decimal::ZERO,
                        accrued_funding: Decimal::ZERO,
                    });
                }
                filled.push(Node::leaf(label, self.risk_matrix_margin(&then)?.amount, Origin::default()));
            }
        }
        let maintenance = Node::scale("maintenance margin", self.parameters.mm_factor, risk.clone())?;
        let mut of = vec![risk.clone()];
        if filled.len() > 1 {
            let worst = Node::worst_of("risk-matrix margin at the worst fills", filled);
            let now = Node::leaf("less it now", risk.amount.negated(), Origin::default());
            of.push(Node::sum("open orders", vec![worst, now])?);
        }
        let initial = Node::sum("initial margin", of)?;
        Ok(Requirement { asset: self.market.snapshot().currency, initial, maintenance })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl PortfolioJudge<'_> {
    fn risks(&self, account: &Account) -> Result<BTreeMap<Pair, (PairRisk, Arc<Group>)>, MarginError> {
        let held = net(&account.portfolio, self.market.listing())?;
        let mut by_pair: BTreeMap<Pair, Vec<NetPosition<'_>>> = BTreeMap::new();
        for position in held.into_iter().filter(|position| !position.instrument.only_moves_balances()) {
            pairs::supported(position.instrument)?;
            let terms = position.instrument.terms();
            by_pair.entry((terms.underlying, terms.settlement)).or_default().push(position);
        }
        let mut all = BTreeMap::new();
        for (pair, held) in by_pair {
            let prepared = self.pairs.get(&pair).ok_or(MarginError::UnknownInstrument(held[0].id.0))?;
            let positions = held.iter().map(|position| position.instrument.terms().name.clone()).collect();
            let group = Group { underlying: pair.0, expiry: None, positions };
            all.insert(pair, (prepared.risk(self.market, &held)?, Arc::new(group)));
        }
        Ok(all)
    }

    /// Worst case, shocks and contingency of all pairs, in money.
    fn risk_matrix_margin(&self, account: &Account) -> Result<Node, MarginError> {
        let risks = self.risks(account)?;
        let (mut roll, mut delta) = (Vec::new(), Vec::new());
        for (pair, (risk, _)) in &risks {
            let price = self.pairs[pair].price;
            for (expiry, shock) in &risk.roll {
                let label: Label =
                    expiry.map_or_else(|| label(*pair), |expiry| format!("{} {expiry}", label(*pair)).into());
                roll.push(Node::leaf(label, shock.times(price, Rounding::Up)?, Origin::default()));
            }
            let shock = risk.delta_shock.times(price, Rounding::Up)?;
            delta.push(Node::leaf(label(*pair), shock, Origin::default()));
        }
        let (worst, gains) = self.worst_case(&risks)?;
        let contingency = Node::leaf("gains that stand against losses", gains, Origin::default());
        let of = vec![
            worst,
            Node::sum("roll shock", roll)?,
            Node::sum("delta shock", delta)?,
            Node::scale("correlation contingency", self.parameters.correlation_contingency, contingency)?,
        ];
        Ok(Node::sum("risk-matrix margin", of)?)
    }

    /// The worst of the aggregated vectors, and the gains that were counted in it.
    fn worst_case(&self, risks: &BTreeMap<Pair, (PairRisk, Arc<Group>)>) -> Result<(Node, Decimal), MarginError> {
        let Some(first) = risks.keys().next().and_then(|pair| self.pairs.get(pair)) else {
            return Ok((Node::leaf("worst case", Decimal::ZERO, Origin::default()), Decimal::ZERO));
        };
        let mut moved = Vec::new();
        for (pair, (risk, group)) in risks {
            let price = self.pairs[pair].price;
            let in_money: Result<Vec<_>, _> =
                risk.aggregated.all().map(|pnl| pnl.times(price, Rounding::Down)).collect();
            moved.push((*pair, group, in_money?));
        }
        let count = moved.iter().map(|(_, _, pnl)| pnl.len()).max().unwrap_or(0);
        let mut of = Vec::with_capacity(count + 1);
        let mut used = Vec::with_capacity(count);
        for at in 0..count {
            let pnl: Vec<_> = moved.iter().map(|(pair, _, pnl)| (*pair, pnl[at])).collect();
            let (loss, gains) = self.offset(&pnl)?;
            let origin = Origin { scenario: Some(Arc::clone(&first.scenario(at).name)), ..Origin::default() };
            of.push(Node::leaf("loss", loss, origin));
            used.push(gains);
        }
        of.push(Node::leaf("no loss", Decimal::ZERO, Origin::default()));
        let mut counted = Decimal::ZERO;
        let node = Node::worst_explained("worst case", of, |node, at| {
            counted = used.get(at).copied().unwrap_or_default();
            let Some(scenario) = (at < count).then(|| Arc::clone(&first.scenario(at).name)) else { return Ok(None) };
            let parts = moved.iter().map(|(pair, group, pnl)| {
                let origin =
                    Origin { scenario: Some(Arc::clone(&scenario)), group: Some(Arc::clone(group)), position: None };
                Node::leaf(label(*pair), pnl[at].negated(), origin)
            });
            let sum = Node::sum(&scenario, parts.collect())?;
            // Where a gain was not counted whole, the pairs do not add up to the loss.
            Ok::<_, MarginError>((sum.amount == node.amount).then_some(sum))
        })?;
        Ok((node, counted))
    }

    /// The loss of one scenario: gains stand against losses of coins of the same set, up to a most in all.
    fn offset(&self, pnl: &[(Pair, Decimal)]) -> Result<(Decimal, Decimal), MarginError> {
        let p = &self.parameters;
        let mut sets: BTreeMap<Decimal, (Decimal, Decimal)> = BTreeMap::new();
        for ((coin, _), pnl) in pnl {
            let (loss, gain) = sets.entry(*p.correlation_set.of(coin.as_str())).or_default();
            *loss = loss.plus(pnl.negated().or_zero())?;
            *gain = gain.plus(pnl.or_zero())?;
        }
        let (mut losses, mut gains) = (Decimal::ZERO, Decimal::ZERO);
        for (loss, gain) in sets.into_values() {
            losses = losses.plus(loss)?;
            gains = gains.plus(gain.min(loss))?;
        }
        let gains = gains.min(p.max_offsetable_pnl);
        Ok((losses.minus(gains)?, gains))
    }
}

/// `btc_usdc`, as the venue writes a pair.
fn label((coin, settlement): Pair) -> Label {
    format!("{coin}_{settlement}").to_lowercase().into()
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: instrument.terms().name.clone(), why: why.to_owned() }
}
