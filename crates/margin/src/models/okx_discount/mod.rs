#![doc = include_str!("README.md")]

use plimsoll_core::{Decimal, Node, Quantity};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::brackets::Brackets;
use super::by_position::{ByPosition, Figure, Rules};
use super::value_ratios::ValueRatios;
use super::{Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{ByName, Dated, Field, field};
use crate::schedule::Schedule;
use crate::{Account, MarginError};

/// OKX's discount rates over positions margined one by one.
#[derive(Clone, Debug)]
pub struct OkxDiscount {
    /// Margin of positions.
    pub brackets: Brackets,
    /// What balances count.
    pub discount: ValueRatios,
}

/// As published, the newest first.
const SETS: [Dated; 2] = [
    Dated {
        date: "2025-04",
        read: "the notice of 2025-04, which counts coins' pieces further down (steps of 0.02, 0.03, 0.05); its bounds were not read, so they are those of 2022-06",
        values: &[],
    },
    Dated {
        date: "2022-06",
        read: "the discount-rate notice of June 2022 as restated by others: USDT; coins' steps of 0.01 were read, their bounds were not",
        values: &[
            ("discount.BTC", "5000000:1, 10000000:0.99, 20000000:0.98, rest:0.97"),
            ("discount.ETH", "5000000:1, 10000000:0.99, 20000000:0.98, rest:0.97"),
        ],
    },
];

/// Pieces of five, five and ten million, then the rest, in hundredths.
fn pieces(rates: [i64; 4]) -> Schedule {
    let bounds = [Some(5_000_000), Some(10_000_000), Some(20_000_000), None];
    let pieces = bounds.into_iter().zip(rates).map(|(up_to, hundredths)| crate::schedule::Piece {
        up_to: up_to.map(Decimal::from_int),
        rate: Decimal::new(hundredths, 2),
    });
    Schedule::new(pieces.collect()).unwrap_or_else(|| Schedule::flat(Decimal::ZERO))
}

impl Default for OkxDiscount {
    fn default() -> Self {
        let (stable, coin) = (pieces([100, 90, 80, 80]), pieces([98, 95, 90, 85]));
        let named = [
            ("USD", Schedule::flat(Decimal::ONE)),
            ("USDT", stable.clone()),
            ("USDC", stable),
            ("BTC", coin.clone()),
            ("ETH", coin),
        ];
        let discount =
            ValueRatios { by_asset: ByName::new(Schedule::flat(Decimal::ZERO), named), in_coin: Decimal::ZERO };
        let brackets = Brackets { collateral: CollateralRules::whole(), ..Brackets::default() };
        Self { brackets, discount }
    }
}

impl Model for OkxDiscount {
    fn name(&self) -> &'static str {
        "okx-discount"
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
        let Self { brackets, discount } = self;
        // What balances count is said by the discount alone.
        let mut fields: Vec<Field<'_>> =
            brackets.fields().into_iter().filter(|field| field.name != "haircut").collect();
        fields.push(field("discount", "share", "of a balance that counts, by asset", 0, 100, &mut discount.by_asset));
        fields.push(field("discount_in_coin", "count", "1: pieces are in the asset", 0, 100, &mut discount.in_coin));
        fields
    }

    fn prepare<'m>(&self, market: &'m Market, _held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError> {
        Ok(Box::new(ByPosition { market, rules: self.clone() }))
    }
}

impl Rules for OkxDiscount {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        self.brackets.position(market, instrument, quantity, figure)
    }

    fn account(
        &self,
        _held: &Account,
        _market: &Market,
        assets: &[NetAsset],
        _figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        Ok(vec![self.discount.not_counted(assets)?])
    }

    fn collateral(&self) -> &CollateralRules {
        &self.brackets.collateral
    }
}
