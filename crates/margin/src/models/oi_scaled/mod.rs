#![doc = include_str!("README.md")]

pub mod tier;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{ByPosition, Figure, Rules};
use super::{About, Held, Judge, Model};
use crate::MarginError;
use crate::collateral::CollateralRules;
use crate::parameters::{ByName, Dated, Field, Tiers, field};
use tier::{LiquidityTier, QUANTUM};

/// The model's name.
const NAME: &str = "oi-scaled";

/// Initial margin that grows with open interest: dYdX v4.
#[derive(Clone, Debug)]
pub struct OiScaled {
    initial: ByName<Decimal>,
    maintenance_fraction: ByName<Decimal>,
    oi_lower_cap: ByName<Decimal>,
    oi_upper_cap: ByName<Decimal>,
    collateral: CollateralRules,
}

/// As published, the newest first.
const SETS: [Dated; 1] = [Dated {
    date: "2026-03",
    read: "liquidity tiers of the genesis of v4-chain at 84d4664 (2026-03-04): large-cap for BTC and ETH, mid-cap for SOL, long-tail for others; the live chain's governance may have changed them",
    values: &[],
}];

impl Default for OiScaled {
    fn default() -> Self {
        let by_coin = |other: Decimal, major: Decimal, middle: Decimal| {
            ByName::new(other, [("BTC", major), ("ETH", major), ("SOL", middle)])
        };
        let (percent, millions) = (|of| Decimal::new(of, 2), |of: i64| Decimal::from_int(of * 1_000_000));
        let nothing = Tiers::new([(0, 1_000_000)]);
        let whole = ["USD", "USDC"].map(|asset| (asset, Tiers::new([(0, 0)])));
        Self {
            initial: by_coin(percent(10), percent(2), percent(5)),
            maintenance_fraction: by_coin(percent(50), percent(60), percent(60)),
            oi_lower_cap: by_coin(millions(5), Decimal::ZERO, millions(20)),
            oi_upper_cap: by_coin(millions(10), Decimal::ZERO, millions(50)),
            collateral: CollateralRules {
                haircut_out_of_grid: ByName::new(nothing.clone(), whole.clone()),
                haircut_in_grid: ByName::new(nothing, whole),
                ..CollateralRules::whole()
            },
        }
    }
}

impl Model for OiScaled {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let most = 1_000_000_000_000_000;
        vec![
            field("initial", "share", "initial margin fraction, by coin", 0, 100, &mut self.initial),
            field("maintenance_fraction", "share", "of it, to maintain", 0, 100, &mut self.maintenance_fraction),
            field("oi_lower_cap", "currency", "open interest it grows from", 0, most, &mut self.oi_lower_cap),
            field("oi_upper_cap", "currency", "open interest at which it is one", 0, most, &mut self.oi_upper_cap),
        ]
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        for coin in self.oi_lower_cap.named.keys().chain(self.oi_upper_cap.named.keys()).map(String::as_str).chain([""])
        {
            let (lower, upper) = (*self.oi_lower_cap.of(coin), *self.oi_upper_cap.of(coin));
            if lower > upper {
                return Err(MarginError::Parameter {
                    model: NAME,
                    name: format!("oi_lower_cap.{}", if coin.is_empty() { "default" } else { coin }),
                    value: lower.to_string(),
                    expected: format!("at most oi_upper_cap, {upper}"),
                });
            }
        }
        Ok(Box::new(ByPosition { market: market.clone(), rules: self.clone() }))
    }
}

impl Rules for OiScaled {
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
        let index = market.index_in(terms.underlying, terms.quote)?;
        let price = index.value.times(market.asset_price(terms.quote)?.value, Rounding::Up)?;
        let of = |contracts: Decimal| contracts.times(terms.contract_size, Rounding::Up)?.times(price, Rounding::Up);
        let tier = self.tier(terms.underlying.as_str());
        let fraction = match figure {
            Figure::Initial => {
                let quoted = market.snapshot().marks.get(&terms.name).and_then(|mark| mark.open_interest);
                tier.initial_fraction(of(quoted.unwrap_or_default())?)?
            }
            Figure::Maintenance => tier.maintenance_rate()?,
        };
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        Ok(Node::leaf("notional × fraction", tier::margin(of(quantity.0.abs())?, fraction, QUANTUM)?, origin))
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl OiScaled {
    fn tier(&self, coin: &str) -> LiquidityTier {
        LiquidityTier {
            initial: *self.initial.of(coin),
            maintenance_fraction: *self.maintenance_fraction.of(coin),
            oi_lower_cap: *self.oi_lower_cap.of(coin),
            oi_upper_cap: *self.oi_upper_cap.of(coin),
        }
    }
}
