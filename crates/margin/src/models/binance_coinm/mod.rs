#![doc = include_str!("README.md")]

use plimsoll_core::{Decimal, Node, Quantity};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{ByPosition, Figure, Rules};
use super::tiered::{TieredFutures, brackets};
use super::{Held, Judge, Model};
use crate::MarginError;
use crate::collateral::CollateralRules;
use crate::parameters::{ByName, Dated, Field, field};

/// The model's name.
const NAME: &str = "binance-coinm";

/// Binance coin-margined futures, cross.
#[derive(Clone, Debug)]
pub struct BinanceCoinm {
    futures: TieredFutures,
    collateral: CollateralRules,
}

/// As published, the newest first.
const SETS: [Dated; 1] = [Dated {
    date: "2021-01",
    read: "the brackets of BTCUSD as carried by public projects, in coins; other coins have those of BTC by value at its price then, which the venue does not publish so",
    values: &[],
}];

impl Default for BinanceCoinm {
    fn default() -> Self {
        let (initial, maintenance) = brackets([
            (0, 8_000, 4_000),
            (5, 10_000, 5_000),
            (10, 20_000, 10_000),
            (20, 50_000, 25_000),
            (50, 100_000, 50_000),
            (100, 200_000, 100_000),
            (200, 250_000, 125_000),
            (400, 333_333, 150_000),
            (1_000, 500_000, 250_000),
            (1_500, 1_000_000, 500_000),
        ]);
        Self {
            futures: TieredFutures { initial: ByName::new(initial, []), maintenance: ByName::new(maintenance, []) },
            collateral: CollateralRules { liability_weight: ByName::new(Decimal::ONE, []), ..CollateralRules::whole() },
        }
    }
}

impl Model for BinanceCoinm {
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

impl Rules for BinanceCoinm {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        if instrument.style() != Style::Inverse {
            return Err(MarginError::Unsupported {
                model: NAME,
                what: instrument.terms().name.clone(),
                why: "expected an inverse perpetual or future".to_owned(),
            });
        }
        self.futures.margin(NAME, market, instrument, quantity, figure)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
