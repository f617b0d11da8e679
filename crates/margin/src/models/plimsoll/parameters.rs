//! The numbers of the `plimsoll` model.

use std::collections::BTreeSet;

use plimsoll_core::Decimal;

use crate::collateral::{CollateralRules, Grid};
use crate::parameters::{ByName, Field, Slot, Tiers};
use crate::scenario::ShockRules;

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
    #[expect(clippy::too_many_lines, reason = "one list: a line a parameter")]
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        let zero = Decimal::ZERO;
        let one = Decimal::ONE;
        let number =
            |name, unit, about, low, high, slot| Field { name, unit, about, low, high, slot: Slot::Number(slot) };
        let by_name =
            |name, unit, about, low, high, slot| Field { name, unit, about, low, high, slot: Slot::ByName(slot) };
        let tiers = |name, about, slot| Field {
            name,
            unit: "share",
            about,
            low: zero,
            high: one,
            slot: Slot::TiersByName(slot),
        };
        let rules = &mut self.rules;
        let collateral = &mut self.collateral;
        vec![
            by_name(
                "price_range",
                "share",
                "largest ordinary price move of an underlying",
                pct(1),
                pct(90),
                &mut self.price_range,
            ),
            number(
                "price_steps",
                "count",
                "grid nodes on each side of the price",
                one,
                Decimal::from_int(20),
                &mut self.price_steps,
            ),
            number(
                "vol_up",
                "share",
                "relative rise of volatility at 30 days",
                zero,
                Decimal::from_int(5),
                &mut self.vol_up,
            ),
            number("vol_down", "share", "relative fall of volatility at 30 days", zero, pct(95), &mut self.vol_down),
            number(
                "vol_power_short",
                "power",
                "volatility moves scale by (30 days ÷ days left)^power below 30 days",
                zero,
                one,
                &mut rules.vol_power_short,
            ),
            number("vol_power_long", "power", "the same from 30 days on", zero, one, &mut rules.vol_power_long),
            number(
                "vol_floor_up",
                "annual volatility",
                "a rise takes a volatility at least here",
                zero,
                Decimal::from_int(3),
                &mut self.vol_floor_up,
            ),
            number(
                "tail_damping",
                "share",
                "share of an extreme move's P&L that counts, times range ÷ move",
                zero,
                one,
                &mut self.tail_damping,
            ),
            number(
                "near_strike",
                "grid steps",
                "options whose one-deviation move is smaller get nodes at their strikes",
                zero,
                Decimal::from_int(4),
                &mut self.near_strike,
            ),
            number(
                "basis_minimum",
                "share",
                "smallest move of a forward or perpetual against the index",
                zero,
                pct(10),
                &mut rules.basis_minimum,
            ),
            number(
                "basis_annual",
                "share a year",
                "basis move of an expiry a year away",
                zero,
                one,
                &mut rules.basis_annual,
            ),
            number(
                "vol_term",
                "share",
                "move of one expiry's volatility on its own, at 30 days",
                zero,
                one,
                &mut self.vol_term,
            ),
            number("rate_move", "annual rate", "move of discount rates", zero, pct(20), &mut self.rate_move),
            number("stable_down", "share", "fall of a stablecoin", zero, pct(50), &mut self.stable_down),
            number("stable_up", "share", "rise of a stablecoin", zero, pct(50), &mut self.stable_up),
            number(
                "credit_floor",
                "share",
                "share of the underlyings' own worsts that is always required",
                zero,
                one,
                &mut self.credit_floor,
            ),
            number(
                "maintenance_share",
                "share",
                "maintenance as a share of initial market risk",
                pct(10),
                one,
                &mut self.maintenance_share,
            ),
            by_name(
                "short_option_minimum",
                "share of index",
                "least charge of an uncovered short option",
                zero,
                pct(50),
                &mut self.short_option_minimum,
            ),
            by_name("delta_spread", "share", "cost of closing a unit of delta", zero, pct(20), &mut self.delta_spread),
            by_name(
                "vega_spread",
                "vol points",
                "cost of closing vega, at the money and 30 days",
                zero,
                Decimal::from_int(50),
                &mut self.vega_spread,
            ),
            tiers(
                "concentration",
                "charge on gross size by underlying, in the market's currency",
                &mut self.concentration,
            ),
            tiers(
                "haircut_in_grid",
                "haircut of balances that move in the scenarios, by value",
                &mut collateral.haircut_in_grid,
            ),
            tiers(
                "haircut_out_of_grid",
                "haircut of balances that move in no scenario, by value",
                &mut collateral.haircut_out_of_grid,
            ),
            by_name(
                "liability_weight",
                "share",
                "what a debt counts",
                one,
                Decimal::from_int(5),
                &mut collateral.liability_weight,
            ),
            number(
                "gain_weight_initial",
                "share",
                "share of an unrealised gain that counts at the initial level",
                zero,
                one,
                &mut collateral.gain_weight_initial,
            ),
            number(
                "confidence_minimum",
                "share",
                "below it a price does not count at the initial level",
                zero,
                one,
                &mut collateral.confidence_minimum,
            ),
            number("grain", "currency", "P&L of one grain", Decimal::new(1, 7), one, &mut self.grain),
            by_name(
                "balance_lot",
                "units",
                "units in one lot of a balance",
                Decimal::new(1, 9),
                Decimal::from_int(1_000),
                &mut self.balance_lot,
            ),
        ]
    }
}
