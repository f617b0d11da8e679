#![doc = include_str!("README.md")]

mod tables;

use plimsoll_core::{Decimal, Node, Quantity};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{ByPosition, Figure, Rules};
use super::tiered::{TieredFutures, not_counted};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{ByName, Field, field};
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "binance-usdm";

/// Binance USD-margined futures, cross.
#[derive(Clone, Debug)]
pub struct BinanceUsdm {
    pub(super) futures: TieredFutures,
    /// One in multi-assets mode, zero in single-asset mode.
    multi_assets: Decimal,
    /// Share of a positive balance that counts in multi-assets mode.
    collateral_rate: ByName<Decimal>,
}

impl Default for BinanceUsdm {
    fn default() -> Self {
        let (initial, maintenance) = tables::newest();
        Self {
            futures: TieredFutures {
                initial,
                maintenance,
                leverage: ByName::new(Decimal::from_int(150), []),
                parameters: ["initial", "maintenance"],
            },
            multi_assets: Decimal::ZERO,
            collateral_rate: tables::collateral_rates(),
        }
    }
}

impl Model for BinanceUsdm {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            page: include_str!("README.md"),
            example: include_str!("example.yaml"),
            sets: &tables::SETS,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let futures = &mut self.futures;
        vec![
            field("initial", "share", "initial margin by notional: 1 ÷ leverage", 0, 100, &mut futures.initial),
            field("maintenance", "share", "by pieces of notional", 0, 100, &mut futures.maintenance),
            field("leverage", "leverage", "that the account set, by symbol", 100, 15_000, &mut futures.leverage),
            field("multi_assets", "count", "1: multi-assets mode", 0, 100, &mut self.multi_assets),
            field("collateral_rate", "share", "of a balance in that mode, by asset", 0, 100, &mut self.collateral_rate),
        ]
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let single = self.multi_assets.is_zero();
        let rates = if single { tables::margin_assets() } else { self.collateral_rate.clone() };
        let rules = UsdmRules { futures: self.futures.clone(), rates, collateral: CollateralRules::whole() };
        Ok(Box::new(ByPosition { market: market.clone(), rules }))
    }
}

struct UsdmRules {
    futures: TieredFutures,
    /// Share of a balance that counts in the account's mode.
    rates: ByName<Decimal>,
    collateral: CollateralRules,
}

impl Rules for UsdmRules {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        if instrument.style() != Style::Linear {
            return Err(MarginError::Unsupported {
                model: NAME,
                what: instrument.terms().name.clone(),
                why: "expected a linear perpetual or future".to_owned(),
            });
        }
        self.futures.margin(NAME, market, instrument, quantity, figure)
    }

    fn account(
        &self,
        _held: &Account,
        _market: &Market,
        assets: &[NetAsset],
        _figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        Ok(vec![not_counted(assets, &self.rates)?])
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
