//! The numbers of `derive-pmrm2`.

use plimsoll_core::Decimal;

use super::NAME;
use super::tables::Rulebook;
use crate::parameters::{ByName, Field, field};
use crate::scenario::{DiscountRate, Moves, ShockRules, SkewCap, SkewRules};

/// Every number of the model, under the venue's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pmrm2Parameters {
    /// Price factor of the basis contingency's upper side.
    pub scenario_spot_up: Decimal,
    /// And of its lower side.
    pub scenario_spot_down: Decimal,
    /// Share of a basis loss that counts at expiry,
    pub basis_add: Decimal,
    /// and per year left.
    pub basis_mult: Decimal,
    /// Below this price of the stablecoin the initial loss factor rises,
    pub peg_loss_threshold: Decimal,
    /// by this much per unit.
    pub peg_loss_factor: Decimal,
    /// Below this a confidence costs initial margin,
    pub conf_threshold: Decimal,
    /// this share of the size per unit of doubt.
    pub conf_margin: Decimal,
    /// Charge on perpetuals, of the index.
    pub mm_perp_percent: Decimal,
    /// And beside it at the initial level.
    pub im_perp_percent: Decimal,
    /// Charge on naked short options, of the index.
    pub mm_option_percent: Decimal,
    /// And beside it at the initial level.
    pub im_option_percent: Decimal,
    /// Share of the worst loss that is initial margin.
    pub im_factor: Decimal,
    /// And maintenance margin.
    pub mm_factor: Decimal,
    /// Discount of a shocked expiry that is owed,
    pub short: StaticDiscount,
    /// and of one that is owned.
    pub long: StaticDiscount,
    /// Relative rise of volatility at 30 days.
    pub vol_range_up: Decimal,
    /// Relative fall of volatility at 30 days.
    pub vol_range_down: Decimal,
    /// A rise takes a volatility at least here.
    pub min_vol_up_shock: Decimal,
    /// How moves reach an expiry.
    pub rules: ShockRules,
    /// Haircut of a collateral (`USDT`, or `ETH:BTC` for accounts in ETH); one not named is not taken.
    pub mm_haircut: ByName<Decimal>,
    /// And beside it at the initial level.
    pub im_haircut_extra: ByName<Decimal>,
    /// Whether a collateral moves with the index: 1 or 0.
    pub risk_cancelling: ByName<Decimal>,
    /// The scenarios, in the venue's order.
    pub scenarios: Moves,
}

/// base × exp(∓T × (rate × `rate_mult` + `rate_add`)): − of what is owned, + of what is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticDiscount {
    /// The factor at expiry.
    pub base: Decimal,
    /// Share of the rate.
    pub rate_mult: Decimal,
    /// Per year, beside it.
    pub rate_add: Decimal,
}

/// Four steps of 4.5 % a side with volatility up, still and down, six tails, two turns of the smile.
const SCENARIOS: &str = "1.18 up, 1.135 down, 1.135 none, 1.135 up, 1.09 down, 1.09 none, 1.09 up, 1.045 down, \
    1.045 none, 1.045 up, 1 down, 1 none, 1 up, 0.955 down, 0.955 none, 0.955 up, 0.91 down, 0.91 none, 0.91 up, \
    0.865 down, 0.865 none, 0.865 up, 0.82 up, 0.34 up @0.0545454545454545, 0.67 up @0.109090909090909, \
    1.5 up @0.072, 2 up @0.036, 3 up @0.018, 4 up @0.012, 1 linear, 1 abs";

/// A collateral, for the manager of one underlying or of all: its haircut and what is added at the initial level,
/// in thousandths, and whether it moves with the index.
type Taken = (&'static str, i64, i64, bool);

const TAKEN: [Taken; 16] = [
    ("BTC:BTC", 20, 10, true),
    ("BTC:LBTC", 30, 15, true),
    ("BTC:CBBTC", 40, 15, true),
    ("BTC:ETH", 150, 50, false),
    ("BTC:RSWETH", 200, 50, false),
    ("ETH:ETH", 15, 5, true),
    ("ETH:RSWETH", 30, 10, true),
    ("ETH:WEETH", 50, 10, true),
    ("ETH:BTC", 250, 50, false),
    ("ETH:CBBTC", 350, 100, false),
    ("ETH:LBTC", 300, 50, false),
    ("DAI", 80, 20, false),
    ("USDT", 20, 30, false),
    ("USDE", 200, 50, false),
    ("SDAI", 120, 30, false),
    ("SUSDE", 250, 100, false),
];

impl Default for Pmrm2Parameters {
    fn default() -> Self {
        let thousandths = |count: i64| Decimal::new(count, 3);
        let discount = |base, mult| StaticDiscount {
            base: thousandths(base),
            rate_mult: thousandths(mult),
            rate_add: thousandths(80),
        };
        let cap = SkewCap { base: thousandths(150), slope: thousandths(-50) };
        let named = |default, each: &dyn Fn(&Taken) -> i64| {
            let mut by_name = ByName::new(default, []);
            let values = TAKEN.iter().map(|taken| (taken.0.to_owned(), thousandths(each(taken))));
            by_name.named.extend(values.filter(|(_, value)| *value != default));
            by_name
        };
        Self {
            scenario_spot_up: thousandths(1_045),
            scenario_spot_down: thousandths(955),
            basis_add: thousandths(500),
            basis_mult: Decimal::from_int(2),
            peg_loss_threshold: thousandths(980),
            peg_loss_factor: Decimal::from_int(2),
            conf_threshold: thousandths(550),
            conf_margin: Decimal::ONE,
            mm_perp_percent: thousandths(15),
            im_perp_percent: thousandths(5),
            mm_option_percent: thousandths(3),
            im_option_percent: thousandths(2),
            im_factor: Decimal::ONE,
            mm_factor: thousandths(800),
            short: discount(1_040, 500),
            long: discount(950, 1_000),
            vol_range_up: thousandths(500),
            vol_range_down: thousandths(275),
            min_vol_up_shock: thousandths(450),
            rules: ShockRules {
                vol_nodes: None,
                vol_power_short: thousandths(300),
                vol_power_long: thousandths(130),
                days_min: Decimal::ONE,
                discount: DiscountRate::AtLeastZero,
                skew: SkewRules {
                    linear: cap,
                    absolute: cap,
                    k_minimum: thousandths(10),
                    width: Decimal::from_int(4),
                    level: thousandths(600),
                    growth: thousandths(-100),
                },
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
            },
            mm_haircut: named(Decimal::ONE, &|taken| taken.1),
            im_haircut_extra: named(Decimal::ZERO, &|taken| taken.2),
            risk_cancelling: named(Decimal::ZERO, &|taken| if taken.3 { 1_000 } else { 0 }),
            // The text is this file's own; a test reads it.
            scenarios: SCENARIOS.parse().unwrap_or_else(|_| Moves::still()),
        }
    }
}

impl Pmrm2Parameters {
    pub(super) fn rulebook(&self) -> Rulebook<'_> {
        Rulebook {
            model: NAME,
            shocks: &self.rules,
            basis: [self.scenario_spot_up, self.scenario_spot_down],
            basis_weight: [self.basis_add, self.basis_mult],
            long: self.long,
            short: Some(self.short),
            vol: [self.vol_range_up, self.vol_range_down, self.min_vol_up_shock],
            moves: &self.scenarios,
        }
    }

    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let (short, long, skew) = (&mut p.short, &mut p.long, &mut p.rules.skew);
        let rules = (&mut p.rules.vol_power_short, &mut p.rules.vol_power_long, &mut p.rules.days_min);
        vec![
            field("scenario_spot_up", "factor", "forwards in the upper basis move", 100, 300, &mut p.scenario_spot_up),
            field("scenario_spot_down", "factor", "forwards in the lower one", 1, 100, &mut p.scenario_spot_down),
            field("basis_add", "share", "of a basis move's loss", 0, 2_000, &mut p.basis_add),
            field("basis_mult", "share a year", "of it, by time left", 0, 2_000, &mut p.basis_mult),
            field("peg_loss_threshold", "price", "losses weigh more below", 0, 10_000, &mut p.peg_loss_threshold),
            field("peg_loss_factor", "factor", "per unit of price, initially", 0, 1_000, &mut p.peg_loss_factor),
            field("conf_threshold", "confidence", "sizes are charged below", 0, 100, &mut p.conf_threshold),
            field("conf_margin", "share", "of a size, per unit lacking", 0, 2_000, &mut p.conf_margin),
            field("mm_perp_percent", "share of index", "of perpetuals", 0, 300, &mut p.mm_perp_percent),
            field("im_perp_percent", "share of index", "beside it, initially", 0, 300, &mut p.im_perp_percent),
            field("mm_option_percent", "share of index", "of naked shorts", 0, 200, &mut p.mm_option_percent),
            field("im_option_percent", "share of index", "beside it, initially", 0, 200, &mut p.im_option_percent),
            field("im_factor", "factor", "on the worst loss, initially", 50, 1_000, &mut p.im_factor),
            field("mm_factor", "factor", "on the worst loss, maintenance", 10, 1_000, &mut p.mm_factor),
            field("short_base_static_discount", "factor", "on what is owed", 0, 400, &mut short.base),
            field("short_rate_mult_scale", "share", "of the rate in it", 0, 1_000, &mut short.rate_mult),
            field("short_rate_add_scale", "annual rate", "beside the rate in it", 0, 1_000, &mut short.rate_add),
            field("long_base_static_discount", "factor", "on what is owned", 0, 400, &mut long.base),
            field("long_rate_mult_scale", "share", "of the rate in it", 0, 1_000, &mut long.rate_mult),
            field("long_rate_add_scale", "annual rate", "beside the rate in it", 0, 1_000, &mut long.rate_add),
            field("vol_range_up", "share", "rise of volatility at 30 days", 0, 1_000, &mut p.vol_range_up),
            field("vol_range_down", "share", "fall of volatility at 30 days", 0, 1_000, &mut p.vol_range_down),
            field("short_term_power", "power", "of 30 days ÷ days left, to 30 days", 0, 1_000, rules.0),
            field("long_term_power", "power", "the same past 30 days", 0, 1_000, rules.1),
            field("dte_floor_days", "days", "fewer count as this", 1, 40_000, rules.2),
            field("min_vol_up_shock", "annual volatility", "a rise ends no lower", 0, 2_000, &mut p.min_vol_up_shock),
            field("linear_base_cap", "share", "most that a tilt moves", 0, 1_000, &mut skew.linear.base),
            field("linear_c_base", "share per √year", "added to it", -1_000, 1_000, &mut skew.linear.slope),
            field("abs_base_cap", "share", "most that wings rise", 0, 1_000, &mut skew.absolute.base),
            field("abs_c_base", "share per √year", "added to it", -1_000, 1_000, &mut skew.absolute.slope),
            field("min_k_star", "log strike", "least reach of a turn", 0, 1_000, &mut skew.k_minimum),
            field("width_scale", "factor", "on the width of a smile", 0, 1_000, &mut skew.width),
            field("vol_param_static", "annual volatility", "that the width is of", 0, 1_000, &mut skew.level),
            field("vol_param_scale", "volatility per √year", "added to it", -2_000, 2_000, &mut skew.growth),
            field("mm_haircut", "share", "by asset, or underlying:asset", 0, 100, &mut p.mm_haircut),
            field("im_haircut_extra", "share", "beside it, initially", 0, 100, &mut p.im_haircut_extra),
            field("risk_cancelling", "count", "1 if it moves with the index", 0, 100, &mut p.risk_cancelling),
            field("scenarios", "moves", "price factor, volatility, @damping", 0, 0, &mut p.scenarios),
        ]
    }
}
