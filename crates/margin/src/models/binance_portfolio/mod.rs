#![doc = include_str!("README.md")]

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::binance_coinm::BinanceCoinm;
use super::binance_usdm::BinanceUsdm;
use super::by_position::{ByPosition, Figure, Rules};
use super::tiered::debts;
use super::{Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{ByName, Dated, Field, field};
use crate::{Account, MarginError};

/// Binance's portfolio margin, one ratio over all wallets.
#[derive(Clone, Debug)]
pub struct BinancePortfolio {
    usdm: BinanceUsdm,
    coinm: BinanceCoinm,
    /// Share of a positive balance that counts.
    collateral_rate: ByName<Decimal>,
    /// Share of a loan that must be kept.
    loan_rate: ByName<Decimal>,
    /// The ratio below which nothing more is opened.
    open_ratio: Decimal,
    collateral: CollateralRules,
}

/// As published, the newest first.
const SETS: [Dated; 1] = [Dated {
    date: "2025-02",
    read: "portfolio margin pages of 2024-11 and 2025-02; collateral rates of single coins were not read: BTC, ETH and stablecoins as seen, others count nothing; brackets are those of binance-usdm and binance-coinm",
    values: &[],
}];

impl Default for BinancePortfolio {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        let rates = [("USD", 100), ("USDT", 100), ("USDC", 100), ("BTC", 95), ("ETH", 95)];
        Self {
            usdm: BinanceUsdm::default(),
            coinm: BinanceCoinm::default(),
            collateral_rate: ByName::new(Decimal::ZERO, rates.map(|(asset, of)| (asset, percent(of)))),
            loan_rate: ByName::new(percent(10), []),
            open_ratio: Decimal::new(15, 1),
            collateral: CollateralRules::whole(),
        }
    }
}

/// What `balance` (margin asset − loan + futures balance + P&L, in the asset) counts at `price`: × its rate where
/// that is less, so that a debt counts whole.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Binance, portfolio margin (uniMMR), 2024-11 and 2025-02.
pub fn counted(balance: Decimal, price: Decimal, rate: Decimal) -> Result<Decimal, MarginError> {
    let value = balance.times(price, Rounding::Down)?;
    Ok(value.min(value.times(rate, Rounding::Down)?))
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

impl Model for BinancePortfolio {
    fn name(&self) -> &'static str {
        "binance-portfolio"
    }

    fn page(&self) -> &'static str {
        include_str!("README.md")
    }

    fn example(&self) -> &'static str {
        include_str!("example.yaml")
    }

    fn sets(&self) -> &'static [Dated] {
        &SETS
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            field("collateral_rate", "share", "of a positive balance, by asset", 0, 100, &mut self.collateral_rate),
            field("loan_rate", "share", "of a loan: 0.10 at 3 times, 0.05 at 10", 0, 100, &mut self.loan_rate),
            field("open_ratio", "ratio", "nothing is opened below it", 100, 1_000, &mut self.open_ratio),
        ]
    }

    fn prepare<'m>(&self, market: &'m Market, _held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        Ok(Box::new(ByPosition { market, rules: self.clone() }))
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
        let wallet: &dyn Rules = if instrument.style() == Style::Inverse { &self.coinm } else { &self.usdm };
        let maintenance = wallet.position(market, instrument, quantity, Figure::Maintenance)?;
        self.at(figure, maintenance)
    }

    fn account(
        &self,
        _held: &Account,
        _market: &Market,
        assets: &[NetAsset],
        figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        let mut not_counted = Vec::with_capacity(assets.len());
        for net in assets {
            let (balance, price) = (net.balance()?, net.price.value);
            let counts = counted(balance, price, *self.collateral_rate.of(net.asset.as_str()))?;
            let less = balance.times(price, Rounding::Down)?.minus(counts)?;
            not_counted.push(Node::leaf(net.asset, less, Origin::default()));
        }
        let loans = self.at(figure, debts(assets, &self.loan_rate, "loans")?)?;
        Ok(vec![loans, Node::sum("collateral that does not count", not_counted)?])
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl BinancePortfolio {
    /// What opening asks of a maintenance margin.
    fn at(&self, figure: Figure, maintenance: Node) -> Result<Node, MarginError> {
        Ok(match figure {
            Figure::Initial => Node::scale("to open", self.open_ratio, maintenance)?,
            Figure::Maintenance => maintenance,
        })
    }
}
