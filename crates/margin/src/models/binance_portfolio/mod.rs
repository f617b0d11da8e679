#![doc = include_str!("README.md")]

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

pub use super::tiered::counted;

use super::binance_coinm::BinanceCoinm;
use super::binance_usdm::BinanceUsdm;
use super::by_position::{ByPosition, Figure, Rules};
use super::fills::fill_loss;
use super::tiered::{TieredFutures, not_counted};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::orders::fillable;
use crate::parameters::{ByName, Dated, Field, field};
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "binance-portfolio";

/// Binance's portfolio margin, one ratio over all wallets.
#[derive(Clone, Debug)]
pub struct BinancePortfolio {
    usdm: TieredFutures,
    coinm: TieredFutures,
    /// Share of a positive balance that counts.
    collateral_rate: ByName<Decimal>,
    /// Share of a loan that must be kept.
    loan_rate: ByName<Decimal>,
    /// Where the venue acts.
    pub levels: RatioLevels,
    collateral: CollateralRules,
}

/// As published, the newest first.
const SETS: [Dated; 1] = [Dated {
    date: "2025-02",
    read: "FAQ 4868b2f1aa6c4d08af973328462bb0bd of 2025-02-06 and 5e33af8e6ac04d57a1d0a3398e0a0752; collateral rates of single coins were not read: BTC, ETH and stablecoins as seen, others count nothing; loans at the 10 % of 3 times leverage; brackets are those of binance-usdm and binance-coinm",
    values: &[],
}];

impl Default for BinancePortfolio {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        let rates = [("USD", 100), ("USDT", 100), ("USDC", 100), ("BTC", 95), ("ETH", 95)];
        Self {
            usdm: TieredFutures { parameters: ["usdm_maintenance"; 2], ..BinanceUsdm::default().futures },
            coinm: TieredFutures { parameters: ["coinm_maintenance"; 2], ..BinanceCoinm::default().futures },
            collateral_rate: ByName::new(Decimal::ZERO, rates.map(|(asset, of)| (asset, percent(of)))),
            loan_rate: ByName::new(percent(10), []),
            levels: RatioLevels::default(),
            collateral: CollateralRules::whole(),
        }
    }
}

/// Ratios at and below which the venue acts, falling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatioLevels {
    /// The owner is reminded.
    pub reminder: Decimal,
    /// Orders may only reduce.
    pub reduce_only: Decimal,
    /// The account is liquidated.
    pub liquidation: Decimal,
    /// Nothing is left to liquidate it with: the venue claims the loss.
    pub bankruptcy: Decimal,
}

impl Default for RatioLevels {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        Self { reminder: percent(150), reduce_only: percent(120), liquidation: percent(105), bankruptcy: Decimal::ONE }
    }
}

/// What the venue does at a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing.
    Free,
    /// It reminds the owner.
    Reminded,
    /// It takes only orders that reduce.
    ReduceOnly,
    /// It liquidates.
    Liquidated,
    /// It claims the loss.
    Bankrupt,
}

impl RatioLevels {
    /// What the venue does at `ratio`, as [`ratio`] gives it.
    ///
    /// # Source
    /// Binance, FAQ 5e33af8e6ac04d57a1d0a3398e0a0752: above 150 %, to 120 %, to 105 %, to 100 %, and from there down.
    #[must_use]
    pub fn standing(&self, ratio: Option<Decimal>) -> Standing {
        let Some(ratio) = ratio else { return Standing::Free };
        let lines = [
            (self.bankruptcy, Standing::Bankrupt),
            (self.liquidation, Standing::Liquidated),
            (self.reduce_only, Standing::ReduceOnly),
            (self.reminder, Standing::Reminded),
        ];
        lines.into_iter().find(|(line, _)| ratio <= *line).map_or(Standing::Free, |(_, standing)| standing)
    }
}

/// uniMMR: adjusted equity ÷ maintenance margin; `None` where nothing must be maintained.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`counted`].
pub fn ratio(adjusted_equity: Decimal, maintenance: Decimal) -> Result<Option<Decimal>, MarginError> {
    if maintenance.is_zero() {
        return Ok(None);
    }
    Ok(Some(adjusted_equity.over(maintenance, Rounding::Down)?))
}

/// Maintenance margin of a loan (at least zero, in its asset), in its asset: loan × rate, whatever is held of the asset
/// beside it.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Binance, FAQ 5e33af8e6ac04d57a1d0a3398e0a0752: a loan of 0.04 BTC beside 0.1 BTC at 10 % asks 0.004 BTC, one of 15 ETH
/// beside 20 asks 1.5.
pub fn loan_maintenance(loan: Decimal, rate: Decimal) -> Result<Decimal, MarginError> {
    Ok(loan.times(rate, Rounding::Up)?)
}

impl Model for BinancePortfolio {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let (um, cm, levels) = (&mut self.usdm, &mut self.coinm, &mut self.levels);
        vec![
            field("usdm_maintenance", "share", "USD-M, by pieces of notional", 0, 100, &mut um.maintenance),
            field("coinm_maintenance", "share", "COIN-M, by pieces of coins", 0, 100, &mut cm.maintenance),
            field("collateral_rate", "share", "of a positive balance, by asset", 0, 100, &mut self.collateral_rate),
            field("loan_rate", "share", "of a loan: 0.10 at 3 times, 0.05 at 10", 0, 100, &mut self.loan_rate),
            field("reminder_ratio", "ratio", "the owner is reminded", 100, 1_000, &mut levels.reminder),
            field("reduce_only_ratio", "ratio", "orders only reduce: initial", 100, 1_000, &mut levels.reduce_only),
            field("liquidation_ratio", "ratio", "liquidated: maintenance", 100, 1_000, &mut levels.liquidation),
            field("bankruptcy_ratio", "ratio", "the venue claims the loss", 0, 100, &mut levels.bankruptcy),
        ]
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let levels = &self.levels;
        if levels.reduce_only < levels.liquidation {
            return Err(MarginError::Parameter {
                model: NAME,
                name: "reduce_only_ratio".to_owned(),
                value: levels.reduce_only.to_string(),
                expected: format!("at least liquidation_ratio, {}", levels.liquidation),
            });
        }
        Ok(Box::new(ByPosition { market: market.clone(), rules: self.clone() }))
    }
}

impl Rules for BinancePortfolio {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let wallet = if instrument.style() == Style::Inverse { &self.coinm } else { &self.usdm };
        self.at(figure, wallet.margin(NAME, market, instrument, quantity, Figure::Maintenance)?)
    }

    /// Loans and their interest, of which an overdraft is one, what of the collateral does not count, and what open orders lose at their
    /// fill, which for initial margin is counted order by order.
    fn account(
        &self,
        held: &Account,
        market: &Market,
        assets: &[NetAsset],
        figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        let mut of = Vec::new();
        for balance in &held.portfolio.balances {
            let loan = balance.borrowed.plus(balance.accrued_interest)?.plus(balance.cash.negated().or_zero())?;
            if !loan.is_zero() {
                let kept = loan_maintenance(loan, *self.loan_rate.of(balance.asset.as_str()))?;
                let price = market.asset_price(balance.asset)?.value;
                let kept = Node::leaf("loan × rate", kept, Origin::default());
                of.push(Node::scale(balance.asset, price, kept)?);
            }
        }
        let mut all = vec![self.at(figure, Node::sum("loans", of)?)?, not_counted(assets, &self.collateral_rate)?];
        if figure == Figure::Maintenance {
            all.extend(open_loss(held, market)?);
        }
        Ok(all)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

/// What open orders would lose at their fill, by which the venue's ratio lowers equity; none without orders.
fn open_loss(account: &Account, market: &Market) -> Result<Option<Node>, MarginError> {
    let mut of = Vec::new();
    for order in fillable(account)? {
        let name = market.listing().get(order.instrument).map(|instrument| instrument.terms().name.clone());
        let origin = Origin { position: name, ..Origin::default() };
        of.push(Node::leaf("loss at the fill", fill_loss(market, &order)?, origin));
    }
    Ok(if of.is_empty() { None } else { Some(Node::sum("open loss", of)?) })
}

impl BinancePortfolio {
    /// What the venue's ratio asks of a maintenance margin at a level.
    fn at(&self, figure: Figure, maintenance: Node) -> Result<Node, MarginError> {
        let ratio = figure.of(self.levels.reduce_only, self.levels.liquidation);
        Ok(Node::scale("at the venue's ratio", ratio, maintenance)?)
    }
}
