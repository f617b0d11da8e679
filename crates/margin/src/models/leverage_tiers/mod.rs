#![doc = include_str!("README.md")]

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{ByPosition, Figure, Rules, id_of};
use super::cash::no_coin_debts;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::parameters::{ByName, Dated, Field, Tiers, field};
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "leverage-tiers";

/// Margin by the leverage that each tier of notional allows: Hyperliquid.
#[derive(Clone, Debug)]
pub struct LeverageTiers {
    /// 1 ÷ the most leverage, by tier of notional.
    initial: ByName<Tiers>,
    /// Maintenance as a share of it.
    maintenance_fraction: Decimal,
    /// Share of a coin's value that can be borrowed against it.
    loan_to_value: ByName<Decimal>,
    collateral: CollateralRules,
}

/// As published, the newest first.
const SETS: [Dated; 1] = [Dated {
    date: "2026-07",
    read: "hyperliquid.gitbook.io, margin tiers and portfolio margin; coins other than BTC, ETH and SOL have 10 times here",
    values: &[],
}];

impl Default for LeverageTiers {
    fn default() -> Self {
        let coins = [
            ("BTC", Tiers::new([(0, 25_000), (150_000_000, 50_000)])),
            ("ETH", Tiers::new([(0, 40_000), (100_000_000, 66_667)])),
            ("SOL", Tiers::new([(0, 50_000), (70_000_000, 100_000)])),
        ];
        let percent = |of| Decimal::new(of, 2);
        let loans = [("USD", 100), ("USDC", 100), ("HYPE", 50), ("BTC", 50)];
        Self {
            initial: ByName::new(Tiers::new([(0, 100_000)]), coins),
            maintenance_fraction: percent(50),
            loan_to_value: ByName::new(Decimal::ZERO, loans.map(|(asset, of)| (asset, percent(of)))),
            collateral: CollateralRules::whole(),
        }
    }
}

/// Maintenance rate of a tier: half of what its leverage leaves.
///
/// # Errors
/// [`MarginError::Number`]; a leverage of zero.
/// # Source
/// Hyperliquid, margin tiers.
pub fn maintenance_rate(leverage: Decimal, fraction: Decimal) -> Result<Decimal, MarginError> {
    Ok(fraction.over(leverage, Rounding::Up)?)
}

/// What can be borrowed against a balance: its value × loan to value, nothing of a debt.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Hyperliquid, portfolio margin.
pub fn borrowable(quantity: Decimal, price: Decimal, loan_to_value: Decimal) -> Result<Decimal, MarginError> {
    Ok(quantity.or_zero().times(price, Rounding::Down)?.times(loan_to_value, Rounding::Down)?)
}

impl Model for LeverageTiers {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let fraction = &mut self.maintenance_fraction;
        vec![
            field("initial", "share", "1 ÷ leverage by tier of notional, by coin", 0, 100, &mut self.initial),
            field("maintenance_fraction", "share", "of it, to maintain", 0, 100, fraction),
            field("loan_to_value", "share", "of a balance that counts, by asset", 0, 100, &mut self.loan_to_value),
        ]
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        Ok(Box::new(ByPosition { market: market.clone(), rules: self.clone() }))
    }
}

impl Rules for LeverageTiers {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let terms = instrument.terms();
        if instrument.style() != Style::Linear || instrument.strike().is_some() || instrument.expiry().is_some() {
            return Err(MarginError::Unsupported {
                model: NAME,
                what: terms.name.clone(),
                why: "expected a linear perpetual".to_owned(),
            });
        }
        let mark = market.priced(id_of(market, instrument)?)?.mark;
        let price = mark.value.times(market.asset_price(mark.quote)?.value, Rounding::Up)?;
        let size = quantity.0.abs().times(terms.contract_size, Rounding::Up)?.times(price, Rounding::Up)?;
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        let tiers = self.initial.of(terms.underlying.as_str());
        Ok(match figure {
            Figure::Initial => Node::scale("1 ÷ leverage", tiers.rate_of(size), Node::leaf("notional", size, origin))?,
            Figure::Maintenance => {
                let initial = tiers.charge("tiers, less deductions", size, &origin, Detail::Explained)?;
                Node::scale("maintenance", self.maintenance_fraction, initial)?
            }
        })
    }

    fn account(
        &self,
        _held: &Account,
        market: &Market,
        assets: &[NetAsset],
        _figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        no_coin_debts(NAME, market, assets)?;
        let mut of = Vec::with_capacity(assets.len());
        for net in assets.iter().filter(|net| net.asset != market.currency()) {
            let (balance, price) = (net.balance()?.or_zero(), net.price.value);
            let counts = borrowable(balance, price, *self.loan_to_value.of(net.asset.as_str()))?;
            let less = balance.times(price, Rounding::Down)?.minus(counts)?;
            of.push(Node::leaf(net.asset, less, Origin::default()));
        }
        Ok(vec![Node::sum("collateral that cannot be borrowed against", of)?])
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
