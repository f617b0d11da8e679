//! The numbers of the `plimsoll` model.

use std::collections::BTreeSet;

use plimsoll_core::Decimal;

use crate::collateral::{CollateralRules, Grid};
use crate::parameters::{ByName, Field, Tiers, field};
use crate::scenario::{DiscountRate, ShockRules, SkewRules};

/// Every number of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlimsollParameters {
    /// Scan range: the largest ordinary move of an underlying.
    pub price_range: ByName<Decimal>,
    /// Nodes of the grid on each side of the current price.
    pub price_steps: Decimal,
    /// Relative upward move of volatility at 30 days.
    pub vol_up: Decimal,
    /// Relative downward move.
    pub vol_down: Decimal,
    /// A rise on the grid takes a volatility at least here.
    pub vol_floor_up: Decimal,
    /// How moves reach an expiry.
    pub rules: ShockRules,
    /// Share of a tail's P&L that counts, times scan range ÷ move.
    pub tail_damping: Decimal,
    /// Relative move of one expiry's volatility on its own, at 30 days.
    pub vol_term: Decimal,
    /// Absolute move of discount rates.
    pub rate_move: Decimal,
    /// Fall of a stablecoin.
    pub stable_down: Decimal,
    /// Rise of a stablecoin.
    pub stable_up: Decimal,
    /// Share of the sum of the underlyings' own worsts that is always required.
    pub credit_floor: Decimal,
    /// Maintenance as a share of the initial market risk.
    pub maintenance_share: Decimal,
    /// Least charge of an uncovered short option, as a share of the index.
    pub short_option_minimum: ByName<Decimal>,
    /// Cost of closing a unit of delta.
    pub delta_spread: ByName<Decimal>,
    /// Cost of closing a vol point of vega, in vol points, at the money and 30 days.
    pub vega_spread: ByName<Decimal>,
    /// Charge on the gross size of one underlying.
    pub concentration: ByName<Tiers>,
    /// Options whose one-deviation move is under this share of a grid step get nodes at their strikes.
    pub near_strike: Decimal,
    /// P&L of one grain.
    pub grain: Decimal,
    /// Units in one lot of a balance.
    pub balance_lot: ByName<Decimal>,
    /// How balances are valued.
    pub collateral: CollateralRules,
}

/// Hundredths: `pct(16)` is 0.16.
const fn pct(hundredths: i64) -> Decimal {
    Decimal::new(hundredths, 2)
}

impl Default for PlimsollParameters {
    fn default() -> Self {
        fn majors<T>(btc: T, eth: T) -> [(&'static str, T); 2] {
            [("BTC", btc), ("ETH", eth)]
        }
        Self {
            price_range: ByName::new(pct(25), majors(pct(16), pct(18))),
            price_steps: Decimal::from_int(4),
            vol_up: pct(50),
            vol_down: pct(25),
            vol_floor_up: pct(45),
            rules: ShockRules {
                days_min: Decimal::ONE,
                discount: DiscountRate::Quoted,
                skew: SkewRules::default(),
                vol_nodes: None,
                vol_power_short: pct(30),
                vol_power_long: pct(13),
                basis_minimum: Decimal::new(3, 3),
                basis_annual: pct(4),
            },
            tail_damping: pct(90),
            vol_term: pct(10),
            rate_move: pct(2),
            stable_down: pct(2),
            stable_up: Decimal::new(5, 3),
            credit_floor: pct(60),
            maintenance_share: pct(80),
            short_option_minimum: ByName::new(pct(2), majors(pct(1), pct(1))),
            delta_spread: ByName::new(Decimal::new(2, 3), majors(Decimal::new(3, 4), Decimal::new(4, 4))),
            vega_spread: ByName::new(Decimal::from_int(3), majors(Decimal::ONE, Decimal::ONE)),
            concentration: ByName::new(
                Tiers::new([(0, 0), (1_000_000, 20_000), (5_000_000, 60_000), (20_000_000, 150_000)]),
                majors(
                    Tiers::new([(0, 0), (50_000_000, 10_000), (200_000_000, 30_000), (1_000_000_000, 80_000)]),
                    Tiers::new([(0, 0), (30_000_000, 10_000), (120_000_000, 30_000), (600_000_000, 80_000)]),
                ),
            ),
            near_strike: Decimal::new(125, 2),
            grain: Decimal::new(1, 5),
            balance_lot: ByName::new(
                Decimal::new(1, 2),
                [("BTC", Decimal::new(1, 3)), ("USDC", Decimal::from_int(10)), ("USDT", Decimal::from_int(10))],
            ),
            collateral: collateral(),
        }
    }
}

/// Stablecoins move in their own scenarios.
fn stablecoins() -> BTreeSet<plimsoll_core::Asset> {
    ["USDC", "USDT", "DAI", "USDE", "FDUSD", "PYUSD", "USDS"].iter().filter_map(|name| name.parse().ok()).collect()
}

fn collateral() -> CollateralRules {
    CollateralRules {
        haircut_in_grid: ByName::new(
            Tiers::new([(0, 10_000), (1_000_000, 30_000), (10_000_000, 60_000)]),
            [
                ("BTC", Tiers::new([(0, 2_000), (50_000_000, 10_000), (500_000_000, 30_000)])),
                ("ETH", Tiers::new([(0, 3_000), (30_000_000, 10_000), (300_000_000, 30_000)])),
                ("USDC", Tiers::new([(0, 500), (100_000_000, 2_000)])),
                ("USDT", Tiers::new([(0, 500), (100_000_000, 2_000)])),
            ],
        ),
        haircut_out_of_grid: ByName::new(
            Tiers::new([(0, 400_000), (1_000_000, 600_000), (10_000_000, 900_000)]),
            [("stETH", Tiers::new([(0, 250_000), (10_000_000, 400_000)]))],
        ),
        liability_weight: ByName::new(Decimal::ONE, []),
        share_gains: true,
        gain_weight_initial: Decimal::ONE,
        confidence_minimum: pct(50),
        grid: Grid::CoinsAnd(stablecoins()),
    }
}

impl PlimsollParameters {
    /// Every parameter, in the order they are explained.
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let (rules, balances) = (&mut p.rules, &mut p.collateral);
        vec![
            field("price_range", "share", "largest ordinary price move", 1, 90, &mut p.price_range),
            field("price_steps", "count", "grid nodes on each side of the price", 100, 2_000, &mut p.price_steps),
            field("vol_up", "share", "relative rise of volatility at 30 days", 0, 500, &mut p.vol_up),
            field("vol_down", "share", "relative fall of volatility at 30 days", 0, 95, &mut p.vol_down),
            field("vol_power_short", "power", "of 30 days ÷ days left, under 30", 0, 100, &mut rules.vol_power_short),
            field("vol_power_long", "power", "the same from 30 days on", 0, 100, &mut rules.vol_power_long),
            field("vol_floor_up", "annual volatility", "a rise ends no lower", 0, 300, &mut p.vol_floor_up),
            field("tail_damping", "share", "of an extreme move's P&L, × range ÷ move", 0, 100, &mut p.tail_damping),
            field("near_strike", "grid steps", "smaller deviations get strike nodes", 0, 400, &mut p.near_strike),
            field("basis_minimum", "share", "smallest basis move; a perpetual's", 0, 10, &mut rules.basis_minimum),
            field("basis_annual", "share a year", "basis move a year out", 0, 100, &mut rules.basis_annual),
            field("vol_term", "share", "one expiry's own volatility move at 30 days", 0, 100, &mut p.vol_term),
            field("rate_move", "annual rate", "move of discount rates", 0, 20, &mut p.rate_move),
            field("stable_down", "share", "fall of a stablecoin", 0, 50, &mut p.stable_down),
            field("stable_up", "share", "rise of a stablecoin", 0, 50, &mut p.stable_up),
            field("credit_floor", "share", "of the own worsts' sum, always required", 0, 100, &mut p.credit_floor),
            field("maintenance_share", "share", "of initial market risk", 10, 100, &mut p.maintenance_share),
            field("short_option_minimum", "share of index", "per uncovered short", 0, 50, &mut p.short_option_minimum),
            field("delta_spread", "share", "cost of closing a unit of delta", 0, 20, &mut p.delta_spread),
            field("vega_spread", "vol points", "cost of closing vega at the money", 0, 5_000, &mut p.vega_spread),
            field("concentration", "share", "of gross size, by underlying", 0, 100, &mut p.concentration),
            field("haircut_in_grid", "share", "of what scenarios move", 0, 100, &mut balances.haircut_in_grid),
            field("haircut_out_of_grid", "share", "of what none moves", 0, 100, &mut balances.haircut_out_of_grid),
            field("liability_weight", "share", "what a debt counts", 100, 500, &mut balances.liability_weight),
            field("gain_weight_initial", "share", "of a gain, initially", 0, 100, &mut balances.gain_weight_initial),
            field("confidence_minimum", "share", "less is untrusted", 0, 100, &mut balances.confidence_minimum),
            Field { low: Decimal::new(1, 7), ..field("grain", "currency", "P&L of one grain", 0, 100, &mut p.grain) },
            Field {
                low: Decimal::new(1, 9),
                ..field("balance_lot", "units", "in one lot of a balance", 0, 100_000, &mut p.balance_lot)
            },
        ]
    }
}
