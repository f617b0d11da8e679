//! What `cross` and `isolated` share: margin by position, from tiered brackets and the standard
//! option rates.
//!
//! A future or perpetual of notional N (in the market's currency) needs Σ over brackets of the part
//! of N inside × the bracket's rate, which is the venues' `N × rate − deduction` (Binance's `cum`)
//! and, rates rising, the highest of the brackets' tangent lines. A short option needs, per unit of
//! underlying, max(a − OTM ÷ index, b) × index at the initial level and c × index at maintenance; a
//! long option needs nothing, since it can lose no more than the value it is carried at.
//!
//! # Source
//! Brackets: Binance futures leverage and margin tiers, in ../../../../../docs/sources.md#brackets.
//! Options: Deribit standard margin, support article 25944826427293 (0.15, 0.10, 0.075; the mark
//! price itself is counted in equity here, not in the requirement).

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::by_position::{Figure, Rules, id_of, worth};
use crate::MarginError;
use crate::collateral::{CollateralRules, Grid};
use crate::fold::Detail;
use crate::parameters::{ByName, Field, Slot, Tiers};

/// Rates of both models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brackets {
    /// Initial margin of futures by notional.
    pub initial: ByName<Tiers>,
    /// Maintenance margin of futures by notional.
    pub maintenance: ByName<Tiers>,
    /// Short option, initial: share of the index at the money (a).
    pub option_initial: Decimal,
    /// Short option, initial: least share of the index (b).
    pub option_initial_minimum: Decimal,
    /// Short option, maintenance: share of the index (c).
    pub option_maintenance: Decimal,
    /// How balances are valued: every haircut covers the whole move.
    pub collateral: CollateralRules,
}

impl Default for Brackets {
    fn default() -> Self {
        let majors = |initial: Tiers, maintenance: Tiers| {
            ([("BTC", initial.clone()), ("ETH", initial)], [("BTC", maintenance.clone()), ("ETH", maintenance)])
        };
        let (initial, maintenance) = majors(
            Tiers::new([(0, 10_000), (2_000_000, 20_000), (10_000_000, 50_000), (50_000_000, 100_000)]),
            Tiers::new([(0, 5_000), (2_000_000, 10_000), (10_000_000, 25_000), (50_000_000, 50_000)]),
        );
        Self {
            initial: ByName::new(
                Tiers::new([(0, 20_000), (200_000, 50_000), (1_000_000, 100_000), (5_000_000, 250_000)]),
                initial,
            ),
            maintenance: ByName::new(
                Tiers::new([(0, 10_000), (200_000, 25_000), (1_000_000, 50_000), (5_000_000, 125_000)]),
                maintenance,
            ),
            option_initial: Decimal::new(15, 2),
            option_initial_minimum: Decimal::new(10, 2),
            option_maintenance: Decimal::new(75, 3),
            collateral: CollateralRules {
                haircut_in_grid: ByName::new(Tiers::new([(0, 0)]), []),
                haircut_out_of_grid: ByName::new(
                    Tiers::new([(0, 150_000), (1_000_000, 300_000), (10_000_000, 500_000)]),
                    [
                        ("BTC", Tiers::new([(0, 50_000), (50_000_000, 150_000)])),
                        ("ETH", Tiers::new([(0, 70_000), (30_000_000, 200_000)])),
                        ("USDC", Tiers::new([(0, 1_000), (100_000_000, 5_000)])),
                        ("USDT", Tiers::new([(0, 1_000), (100_000_000, 5_000)])),
                    ],
                ),
                liability_weight: ByName::new(Decimal::ONE, []),
                share_gains: true,
                gain_weight_initial: Decimal::ONE,
                confidence_minimum: Decimal::new(50, 2),
                grid: Grid::Nothing,
            },
        }
    }
}

impl Brackets {
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let (zero, one) = (Decimal::ZERO, Decimal::ONE);
        let tiers = |name, about, slot| Field {
            name,
            unit: "share",
            about,
            low: zero,
            high: one,
            slot: Slot::TiersByName(slot),
        };
        let number =
            |name, about, slot| Field { name, unit: "share", about, low: zero, high: one, slot: Slot::Number(slot) };
        vec![
            tiers("initial", "initial margin of futures by notional, by underlying", &mut self.initial),
            tiers("maintenance", "maintenance margin of futures by notional, by underlying", &mut self.maintenance),
            number(
                "option_initial",
                "short option, initial: share of the index at the money",
                &mut self.option_initial,
            ),
            number(
                "option_initial_minimum",
                "short option, initial: least share of the index",
                &mut self.option_initial_minimum,
            ),
            number("option_maintenance", "short option, maintenance: share of the index", &mut self.option_maintenance),
            tiers("haircut", "haircut of a balance by value, by asset", &mut self.collateral.haircut_out_of_grid),
        ]
    }
}

impl Rules for Brackets {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let terms = instrument.terms();
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        let id = id_of(market, instrument)?;
        let index = market.index_in(terms.underlying, terms.quote)?;
        let per_contract = instrument.notional(market.priced(id)?.mark, index).map_err(MarginError::of(instrument))?;
        let notional = per_contract.scaled(quantity.0.abs(), Rounding::Up)?;
        let size = notional.at(market.asset_price(notional.asset)?, Rounding::Up)?.value;
        let Some(out_of_the_money) = instrument.out_of_the_money(index) else {
            let tiers = if figure == Figure::Initial { &self.initial } else { &self.maintenance };
            return Ok(tiers.of(terms.underlying.as_str()).charge(
                "tiered margin",
                size,
                &origin,
                Detail::Explained,
            )?);
        };
        if quantity.0.signum() >= 0 {
            let worth = worth(market, instrument, quantity)?;
            return Ok(Node::leaf("long option at its mark", worth, origin));
        }
        let rate = match figure {
            Figure::Maintenance => self.option_maintenance,
            Figure::Initial => {
                let distance = out_of_the_money.over(index.value, Rounding::Down)?;
                self.option_initial.minus(distance)?.max(self.option_initial_minimum)
            }
        };
        Ok(Node::scale("short option", rate, Node::leaf("underlying notional", size, origin))?)
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}
