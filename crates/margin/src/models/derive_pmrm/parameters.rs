//! The numbers of `derive-pmrm`.

use plimsoll_core::Decimal;

use super::NAME;
use crate::models::derive_pmrm2::StaticDiscount;
use crate::models::derive_pmrm2::tables::Rulebook;
use crate::parameters::{Field, field};
use crate::scenario::{DiscountRate, Moves, ShockRules, SkewRules};

/// Every number of the model, under the venue's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PmrmParameters {
    /// Price factor of the basis contingency's upper side.
    pub scenario_spot_up: Decimal,
    /// And of its lower side.
    pub scenario_spot_down: Decimal,
    /// Share of a basis loss that counts at expiry,
    pub basis_add: Decimal,
    /// and per year left.
    pub basis_mult: Decimal,
    /// Below this price of the stablecoin the initial factor rises,
    pub peg_loss_threshold: Decimal,
    /// by this much per unit.
    pub peg_loss_factor: Decimal,
    /// Below this a confidence costs initial margin,
    pub conf_threshold: Decimal,
    /// this share of the size per unit of doubt.
    pub conf_margin: Decimal,
    /// Charge on the base asset, of the index.
    pub base_percent: Decimal,
    /// On perpetuals.
    pub perp_percent: Decimal,
    /// On naked short options.
    pub option_percent: Decimal,
    /// On losses and charges, initially.
    pub im_factor: Decimal,
    /// Discount of a shocked expiry that is owned.
    pub discount: StaticDiscount,
    /// Relative rise of volatility at 30 days.
    pub vol_range_up: Decimal,
    /// Relative fall of volatility at 30 days.
    pub vol_range_down: Decimal,
    /// How moves reach an expiry.
    pub rules: ShockRules,
    /// The scenarios, in the venue's order.
    pub scenarios: Moves,
}

/// Seven prices with volatility up, still and down, and the two edges.
const SCENARIOS: &str = "1.2 up, 1.15 up, 1.15 none, 1.15 down, 1.1 up, 1.1 none, 1.1 down, 1.05 up, 1.05 none, \
    1.05 down, 1 up, 1 none, 1 down, 0.95 up, 0.95 none, 0.95 down, 0.9 up, 0.9 none, 0.9 down, 0.85 up, 0.85 none, \
    0.85 down, 0.8 up";

impl Default for PmrmParameters {
    fn default() -> Self {
        let hundredths = |count: i64| Decimal::new(count, 2);
        Self {
            scenario_spot_up: hundredths(105),
            scenario_spot_down: hundredths(95),
            basis_add: Decimal::ONE,
            basis_mult: hundredths(120),
            peg_loss_threshold: hundredths(99),
            peg_loss_factor: Decimal::from_int(4),
            conf_threshold: hundredths(55),
            conf_margin: Decimal::ONE,
            base_percent: hundredths(3),
            perp_percent: hundredths(3),
            option_percent: hundredths(2),
            im_factor: hundredths(125),
            discount: StaticDiscount { base: hundredths(95), rate_mult: Decimal::ONE, rate_add: hundredths(12) },
            vol_range_up: hundredths(60),
            vol_range_down: hundredths(30),
            rules: ShockRules {
                vol_nodes: None,
                vol_power_short: hundredths(30),
                vol_power_long: hundredths(13),
                days_min: Decimal::ONE,
                discount: DiscountRate::Zero,
                skew: SkewRules::default(),
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
            },
            // The text is this file's own; a test reads it.
            scenarios: SCENARIOS.parse().unwrap_or_else(|_| Moves::still()),
        }
    }
}

impl PmrmParameters {
    pub(super) fn rulebook(&self) -> Rulebook<'_> {
        Rulebook {
            model: NAME,
            shocks: &self.rules,
            basis: [self.scenario_spot_up, self.scenario_spot_down],
            basis_weight: [self.basis_add, self.basis_mult],
            long: self.discount,
            short: None,
            vol: [self.vol_range_up, self.vol_range_down, Decimal::ZERO],
            moves: &self.scenarios,
        }
    }

    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let (rules, discount) = (&mut p.rules, &mut p.discount);
        vec![
            field("scenario_spot_up", "factor", "forwards in the upper basis move", 100, 300, &mut p.scenario_spot_up),
            field("scenario_spot_down", "factor", "forwards in the lower one", 1, 100, &mut p.scenario_spot_down),
            field("basis_add", "share", "of a basis move's loss", 0, 500, &mut p.basis_add),
            field("basis_mult", "share a year", "of it, by time left", 0, 500, &mut p.basis_mult),
            field("peg_loss_threshold", "price", "losses weigh more below", 0, 100, &mut p.peg_loss_threshold),
            field("peg_loss_factor", "factor", "per unit of price, initially", 0, 2_000, &mut p.peg_loss_factor),
            field("conf_threshold", "confidence", "sizes are charged below", 0, 100, &mut p.conf_threshold),
            field("conf_margin", "share", "of a size, per unit lacking", 0, 150, &mut p.conf_margin),
            field("base_percent", "share of index", "of the base asset", 0, 100, &mut p.base_percent),
            field("perp_percent", "share of index", "of perpetuals", 0, 100, &mut p.perp_percent),
            field("option_percent", "share of index", "of naked shorts", 0, 100, &mut p.option_percent),
            field("im_factor", "factor", "on losses and charges, initially", 100, 400, &mut p.im_factor),
            field("base_static_discount", "factor", "on what is owned", 0, 100, &mut discount.base),
            field("rate_mult_scale", "share", "of the rate in it", 0, 500, &mut discount.rate_mult),
            field("rate_add_scale", "annual rate", "beside the rate in it", 0, 500, &mut discount.rate_add),
            field("vol_range_up", "share", "rise of volatility at 30 days", 0, 200, &mut p.vol_range_up),
            field("vol_range_down", "share", "fall of volatility at 30 days", 0, 200, &mut p.vol_range_down),
            field("short_term_power", "power", "of 30 days ÷ days left", 0, 50, &mut rules.vol_power_short),
            field("long_term_power", "power", "the same past 30 days", 0, 50, &mut rules.vol_power_long),
            field("dte_floor_days", "days", "fewer count as this", 1, 10_000, &mut rules.days_min),
            field("scenarios", "moves", "price factor and volatility", 0, 0, &mut p.scenarios),
        ]
    }
}
