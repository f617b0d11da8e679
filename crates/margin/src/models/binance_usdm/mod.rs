#![doc = include_str!("README.md")]

use plimsoll_core::{Decimal, Node, Quantity};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{ByPosition, Figure, Rules};
use super::tiered::{TieredFutures, brackets};
use super::{Held, Judge, Model};
use crate::MarginError;
use crate::collateral::CollateralRules;
use crate::parameters::{ByName, Dated, Field, Tiers, field};

/// The model's name.
const NAME: &str = "binance-usdm";

/// Binance USD-margined futures, cross.
#[derive(Clone, Debug)]
pub struct BinanceUsdm {
    futures: TieredFutures,
    collateral: CollateralRules,
}

/// As published, the newest first.
const SETS: [Dated; 2] = [
    Dated {
        date: "2024-01",
        read: "the leverage and margin table of BTCUSDT as carried by public projects; other contracts: a table of a coin of middle size (ADA/BUSD), the venue has one for each",
        values: &[],
    },
    Dated {
        date: "2020-08",
        read: "FAQ b3c689c1f50a44cabb3a84e663b81d93, of 2020-08-14: BTCUSDT's first brackets",
        values: &[
            ("maintenance.BTC", "0:0.004, 50000:0.005, 250000:0.01, 1000000:0.025, 5000000:0.05, 20000000:0.1"),
            ("initial.BTC", "0:0.008, 50000:0.01, 250000:0.02, 1000000:0.05, 5000000:0.1, 20000000:0.2"),
        ],
    },
];

impl Default for BinanceUsdm {
    fn default() -> Self {
        let (initial, maintenance) = brackets([
            (0, 50_000, 25_000),
            (100_000, 100_000, 50_000),
            (500_000, 200_000, 100_000),
            (1_000_000, 250_000, 150_000),
            (2_000_000, 500_000, 250_000),
            (5_000_000, 1_000_000, 500_000),
        ]);
        let (btc_initial, btc_maintenance) = brackets([
            (0, 8_000, 4_000),
            (50_000, 10_000, 5_000),
            (600_000, 13_333, 6_500),
            (3_000_000, 20_000, 10_000),
            (12_000_000, 40_000, 20_000),
            (70_000_000, 50_000, 25_000),
            (100_000_000, 100_000, 50_000),
            (230_000_000, 200_000, 100_000),
        ]);
        let nothing = Tiers::new([(0, 1_000_000)]);
        let whole = Tiers::new([(0, 0)]);
        let stable = ["USD", "USDT", "USDC", "BUSD", "FDUSD"].map(|asset| (asset, whole.clone()));
        Self {
            futures: TieredFutures {
                initial: ByName::new(initial, [("BTC", btc_initial)]),
                maintenance: ByName::new(maintenance, [("BTC", btc_maintenance)]),
            },
            collateral: CollateralRules {
                haircut_out_of_grid: ByName::new(nothing.clone(), stable.clone()),
                haircut_in_grid: ByName::new(nothing, stable),
                liability_weight: ByName::new(Decimal::ONE, []),
                ..CollateralRules::whole()
            },
        }
    }
}

impl Model for BinanceUsdm {
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
        &SETS
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let haircut = &mut self.collateral.haircut_out_of_grid;
        vec![
            field("initial", "share", "initial margin by notional: 1 ÷ leverage", 0, 100, &mut self.futures.initial),
            field("maintenance", "share", "by pieces of notional", 0, 100, &mut self.futures.maintenance),
            field("haircut", "share", "of a balance, by value and asset", 0, 100, haircut),
        ]
    }

    fn prepare<'m>(&self, market: &'m Market, _held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        Ok(Box::new(ByPosition { market, rules: self.clone() }))
    }
}

impl Rules for BinanceUsdm {
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

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
