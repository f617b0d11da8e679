//! The numbers of `paradex-portfolio`.

use std::sync::Arc;

use plimsoll_core::{Decimal, NumberError};

use crate::parameters::{Field, field};
use crate::scenario::{DiscountRate, Moves, Scenario, ShockRules, SkewRules, VolMove};

/// Every number of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParadexPortfolioParameters {
    /// The scenarios, in the venue's order.
    pub scenarios: Moves,
    /// Relative rise of volatility at 30 days.
    pub vol_up: Decimal,
    /// Relative fall of volatility at 30 days.
    pub vol_down: Decimal,
    /// How moves reach an expiry.
    pub rules: ShockRules,
    /// Minimum, of the net delta,
    pub net_rate: Decimal,
    /// and of the hedged.
    pub hedged_rate: Decimal,
    /// Maintenance as a share of the initial margin before provisions.
    pub maintenance_share: Decimal,
    /// Hours of funding that are provided for.
    pub funding_hours: Decimal,
}

/// Nine prices with volatility up and down (up alone at the edges), and eight extreme moves, weighted.
const SCENARIOS: &str = "1.16 up, 1.12 up, 1.12 down, 1.08 up, 1.08 down, 1.04 up, 1.04 down, 1 up, 1 down, 0.96 up, \
    0.96 down, 0.92 up, 0.92 down, 0.88 up, 0.88 down, 0.84 up, 0.34 up @0.24, 0.67 up @0.48, 1.5 up @0.32, 2 up @0.16, \
    3 up @0.08, 4 up @0.0533, 5 up @0.04, 6 up @0.032";

impl Default for ParadexPortfolioParameters {
    fn default() -> Self {
        let hundredths = |count: i64| Decimal::new(count, 2);
        Self {
            // The text is this file's own; a test reads it.
            scenarios: SCENARIOS.parse().unwrap_or_else(|_| Moves::still()),
            vol_up: hundredths(40),
            vol_down: hundredths(22),
            rules: ShockRules {
                vol_power_short: hundredths(30),
                vol_power_long: hundredths(13),
                days_min: Decimal::ONE,
                discount: DiscountRate::Quoted,
                skew: SkewRules::default(),
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
                vol_nodes: None,
            },
            net_rate: hundredths(2),
            hedged_rate: hundredths(1),
            maintenance_share: hundredths(50),
            funding_hours: Decimal::from_int(8),
        }
    }
}

impl ParadexPortfolioParameters {
    /// The columns of a table, in the venue's order.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn columns(&self) -> Result<Arc<[Scenario]>, NumberError> {
        let column = |one: &crate::scenario::Move| {
            let vol = match one.vol {
                VolMove::Up => self.vol_up,
                VolMove::Down => self.vol_down.negated(),
                VolMove::Still | VolMove::Linear | VolMove::Absolute => Decimal::ZERO,
            };
            let plain = Scenario::price_and_vol(one.price.minus(Decimal::ONE)?, vol);
            Ok(Scenario { damping: one.damping, ..plain })
        };
        self.scenarios.as_slice().iter().map(column).collect()
    }

    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let rules = &mut p.rules;
        vec![
            field("scenarios", "moves", "price factor, volatility and weight", 0, 0, &mut p.scenarios),
            field("vol_up", "share", "rise of volatility at 30 days", 0, 500, &mut p.vol_up),
            field("vol_down", "share", "fall of volatility at 30 days", 0, 100, &mut p.vol_down),
            field("vega_power_short", "power", "of 30 days ÷ days left", 0, 100, &mut rules.vol_power_short),
            field("vega_power_long", "power", "the same from 30 days on", 0, 100, &mut rules.vol_power_long),
            field("dte_floor_days", "days", "fewer count as this", 1, 10_000, &mut rules.days_min),
            field("net_rate", "share of spot", "minimum, of the net delta", 0, 100, &mut p.net_rate),
            field("hedged_rate", "share of spot", "minimum, of the hedged delta", 0, 100, &mut p.hedged_rate),
            field("maintenance_share", "share", "of the margin before provisions", 0, 100, &mut p.maintenance_share),
            field("funding_hours", "hours", "of funding provided for", 0, 7_200, &mut p.funding_hours),
        ]
    }
}
