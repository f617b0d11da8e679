//! The numbers of the `greeks` model.

use plimsoll_core::Decimal;

use crate::collateral::CollateralRules;
use crate::models::plimsoll::PlimsollParameters;
use crate::parameters::{ByName, Field, field};
use crate::scenario::{DiscountRate, ShockRules, SkewRules};

/// Every number of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreeksParameters {
    /// The largest move of an underlying.
    pub price_range: ByName<Decimal>,
    /// Moves on each side of the current price.
    pub price_steps: Decimal,
    /// Relative rise of volatility at 30 days.
    pub vol_up: Decimal,
    /// Relative fall.
    pub vol_down: Decimal,
    /// How a move of volatility reaches an expiry: its bucket's weight.
    pub rules: ShockRules,
    /// Share of the delta of one expiry that hedges another's and is charged.
    pub delta_between: Decimal,
    /// The same of vega.
    pub vega_between: Decimal,
    /// Maintenance as a share of initial margin.
    pub maintenance_share: Decimal,
    /// How balances are valued.
    pub collateral: CollateralRules,
}

impl Default for GreeksParameters {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        Self {
            price_range: ByName::new(percent(25), [("BTC", percent(16)), ("ETH", percent(18))]),
            price_steps: Decimal::from_int(4),
            vol_up: percent(50),
            vol_down: percent(25),
            rules: ShockRules {
                vol_nodes: None,
                vol_power_short: percent(30),
                vol_power_long: percent(13),
                days_min: Decimal::ONE,
                discount: DiscountRate::Quoted,
                skew: SkewRules::default(),
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
            },
            delta_between: percent(1),
            vega_between: percent(25),
            maintenance_share: percent(80),
            collateral: PlimsollParameters::default().collateral,
        }
    }
}

impl GreeksParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let (rules, balances) = (&mut p.rules, &mut p.collateral);
        vec![
            field("price_range", "share", "largest price move", 1, 90, &mut p.price_range),
            field("price_steps", "count", "moves on each side of the price", 100, 2_000, &mut p.price_steps),
            field("vol_up", "share", "relative rise of volatility at 30 days", 0, 500, &mut p.vol_up),
            field("vol_down", "share", "relative fall of volatility at 30 days", 0, 95, &mut p.vol_down),
            field("vol_power_short", "power", "of 30 days ÷ days left, under 30", 0, 100, &mut rules.vol_power_short),
            field("vol_power_long", "power", "the same from 30 days on", 0, 100, &mut rules.vol_power_long),
            field("days_min", "days", "fewer count as this", 1, 3_000, &mut rules.days_min),
            field("delta_between", "share", "of cash delta one expiry hedges of another", 0, 100, &mut p.delta_between),
            field("vega_between", "share", "of shocked vega the same", 0, 100, &mut p.vega_between),
            field("maintenance_share", "share", "of initial margin", 10, 100, &mut p.maintenance_share),
            field("haircut_in_grid", "share", "of what scenarios move", 0, 100, &mut balances.haircut_in_grid),
            field("haircut_out_of_grid", "share", "of what none moves", 0, 100, &mut balances.haircut_out_of_grid),
            field("liability_weight", "share", "what a debt counts", 100, 500, &mut balances.liability_weight),
        ]
    }
}
