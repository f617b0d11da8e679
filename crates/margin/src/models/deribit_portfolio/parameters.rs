//! The numbers of `deribit-portfolio`, under the venue's names.

use plimsoll_core::{Asset, Decimal, Rounding, Underlying};

use super::contingencies::Contingencies;
use super::matrix::Grid;
use super::shocks::ShockRules;
use crate::MarginError;
use crate::parameters::{ByName, Dated, Field, field};
use crate::scenario::{DiscountRate, ShockRules as VolRules, SkewRules};

/// Every number of the model; by coin, or by settlement asset where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeribitPortfolioParameters {
    /// The largest ordinary move, by coin.
    pub price_range: ByName<Decimal>,
    /// Buckets on each side.
    pub buckets_count: Decimal,
    /// Relative rise of volatility at 30 days.
    pub volatility_range_up: Decimal,
    /// Relative fall.
    pub volatility_range_down: Decimal,
    /// A rise ends no lower.
    pub min_volatility_for_shock_up: Decimal,
    /// Power of 30 days ÷ days left under 30, and from there on.
    pub vega_powers: VolRules,
    /// P&L in money that a move of twice the range leaves out, by settlement asset.
    pub extended_dampener: ByName<Decimal>,
    /// Share of an option's P&L beyond the range.
    pub extended_table_factor: Decimal,
    /// Share of a gain that stands against other pairs' losses, by settlement asset.
    pub pnl_offset: ByName<Decimal>,
    /// The most money that gains stand for, by settlement asset.
    pub max_offsetable_pnl: ByName<Decimal>,
    /// Coins of one set offset each other; zero: the coin's own pairs alone.
    pub correlation_set: ByName<Decimal>,
    /// Share of the gains used that offsetting costs.
    pub correlation_contingency: Decimal,
    /// The least move of an expiry, by settlement asset.
    pub min_annualised_move: ByName<Decimal>,
    /// The move of an expiry a year away, by settlement asset.
    pub annualised_move_risk: ByName<Decimal>,
    /// Whether that compounds (1) or grows with time (0).
    pub roll_compounds: Decimal,
    /// Delta in money without a delta shock.
    pub delta_total_liq_shock_threshold: Decimal,
    /// What a coin more adds to it, by coin.
    pub m_inc: ByName<Decimal>,
    /// The most it can be.
    pub max_delta_shock: Decimal,
    /// Maintenance as a share of the risk-matrix margin.
    pub mm_factor: Decimal,
    /// Margin of quotes under market-maker protection, as the venue states it, in the settlement asset.
    pub mmp_margin: ByName<Decimal>,
    /// Haircuts of balances, initial.
    pub haircut: ByName<Decimal>,
    /// Share of every option, coins; of older rulebooks, as the three that follow.
    pub option_contingency: Decimal,
    /// Share of options short beyond the long of their strike, coins.
    pub short_option_contingency: Decimal,
    /// Share of futures that stand against each other, coins.
    pub futures_contingency: Decimal,
    /// Share of vega that stands against other expiries'.
    pub vega_contingency: Decimal,
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 3] = [
    Dated {
        date: "2026-09",
        read: "a public project's copy of public/pme/get_params for BTC, September 2026; what it does not show is of 2026-02; coins other than BTC and ETH were not read",
        values: &[],
    },
    Dated {
        date: "2026-02",
        read: "a recorded production response for ETH and the USD pair of 2026-02-15; BTC's range is that of 2024-06",
        values: &[("price_range.BTC", "0.16")],
    },
    Dated {
        date: "2024-06",
        read: "docs.deribit.com private/simulate, response example of 2024-06-17 (API 2.1.1), for BTC",
        values: &[
            ("price_range.BTC", "0.16"),
            ("volatility_range_up", "0.5"),
            ("extended_dampener", "100000"),
            ("pnl_offset", "0"),
            ("pnl_offset.USD", "0"),
            ("pnl_offset.USDC", "0"),
            ("pnl_offset.USDT", "0"),
            ("min_annualised_move", "0.01"),
            ("annualised_move_risk", "0.075"),
            ("max_offsetable_pnl", "0"),
            ("max_offsetable_pnl.USD", "0"),
            ("max_offsetable_pnl.USDC", "0"),
            ("max_offsetable_pnl.USDT", "0"),
        ],
    },
];

impl Default for DeribitPortfolioParameters {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        let and_usd = |of: Decimal, usd: Decimal| ByName::new(of, [("USD", usd), ("USDC", usd), ("USDT", usd)]);
        Self {
            price_range: ByName::new(percent(25), [("BTC", percent(14)), ("ETH", percent(18))]),
            buckets_count: Decimal::from_int(4),
            volatility_range_up: percent(40),
            volatility_range_down: percent(25),
            min_volatility_for_shock_up: percent(50),
            vega_powers: VolRules {
                vol_nodes: None,
                vol_power_short: percent(30),
                vol_power_long: percent(13),
                days_min: Decimal::ONE,
                discount: DiscountRate::Quoted,
                skew: SkewRules::default(),
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
            },
            extended_dampener: and_usd(Decimal::from_int(200_000), Decimal::from_int(25_000)),
            extended_table_factor: Decimal::ONE,
            pnl_offset: and_usd(percent(60), percent(40)),
            max_offsetable_pnl: and_usd(Decimal::from_int(20_000_000), Decimal::from_int(1_000_000)),
            correlation_set: ByName::new(Decimal::ZERO, []),
            correlation_contingency: Decimal::ZERO,
            min_annualised_move: and_usd(Decimal::new(5, 3), percent(1)),
            annualised_move_risk: and_usd(percent(5), percent(10)),
            roll_compounds: Decimal::ZERO,
            delta_total_liq_shock_threshold: Decimal::from_int(20_000_000),
            m_inc: ByName::new(Decimal::new(5, 6), [("BTC", Decimal::new(5, 5)), ("ETH", Decimal::new(4, 6))]),
            max_delta_shock: percent(10),
            mm_factor: percent(80),
            mmp_margin: ByName::new(Decimal::ZERO, []),
            haircut: ByName::new(
                Decimal::ZERO,
                [("BUIDL", percent(2)), ("USDE", percent(5)), ("STETH", Decimal::new(75, 3))],
            ),
            option_contingency: Decimal::ZERO,
            short_option_contingency: Decimal::ZERO,
            futures_contingency: Decimal::ZERO,
            vega_contingency: Decimal::ZERO,
        }
    }
}

/// −66, −33, +50, +100, +200, +300, +400 and +500 %.
const EXTENDED: [i64; 8] = [-66, -33, 50, 100, 200, 300, 400, 500];

impl DeribitPortfolioParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let powers = &mut p.vega_powers;
        let most = 1_000_000_000_000;
        vec![
            field("price_range", "share", "largest ordinary move, by coin", 1, 90, &mut p.price_range),
            field("buckets_count", "count", "buckets on each side", 100, 2_000, &mut p.buckets_count),
            field("volatility_range_up", "share", "rise at 30 days", 0, 500, &mut p.volatility_range_up),
            field("volatility_range_down", "share", "fall at 30 days", 0, 95, &mut p.volatility_range_down),
            field(
                "min_volatility_for_shock_up",
                "annual volatility",
                "a rise ends no lower",
                0,
                300,
                &mut p.min_volatility_for_shock_up,
            ),
            field("short_term_vega_power", "power", "of 30 ÷ days, under 30", 0, 100, &mut powers.vol_power_short),
            field("long_term_vega_power", "power", "the same from 30 on", 0, 100, &mut powers.vol_power_long),
            field("days_min", "days", "fewer count as this", 1, 3_000, &mut powers.days_min),
            field("extended_dampener", "currency", "left out at twice the range", 0, most, &mut p.extended_dampener),
            field("extended_table_factor", "share", "beyond the range", 0, 200, &mut p.extended_table_factor),
            field("pnl_offset", "share", "of a gain, by settlement asset", 0, 100, &mut p.pnl_offset),
            field("max_offsetable_pnl", "currency", "most that gains stand for", 0, most, &mut p.max_offsetable_pnl),
            field("correlation_set", "count", "coins of one set offset; 0: none", 0, 10_000, &mut p.correlation_set),
            field("correlation_contingency", "share", "of gains used", 0, 100, &mut p.correlation_contingency),
            field("min_annualised_move", "share", "least move of an expiry", 0, 50, &mut p.min_annualised_move),
            field("annualised_move_risk", "share a year", "the same over time", 0, 100, &mut p.annualised_move_risk),
            field("roll_compounds", "count", "1: exp(move × years) − 1", 0, 100, &mut p.roll_compounds),
            field(
                "delta_total_liq_shock_threshold",
                "currency",
                "delta without a shock",
                0,
                most,
                &mut p.delta_total_liq_shock_threshold,
            ),
            field("m_inc", "share per coin", "of delta past it", 0, 100, &mut p.m_inc),
            field("max_delta_shock", "share", "the most of it", 0, 100, &mut p.max_delta_shock),
            field("mm_factor", "share", "maintenance, of the risk-matrix margin", 10, 100, &mut p.mm_factor),
            field("mmp_margin", "settlement asset", "of quotes, as stated by the venue", 0, most, &mut p.mmp_margin),
            field("haircut", "share", "of a balance of an asset, initial", 0, 100, &mut p.haircut),
            field("option_contingency", "coins", "an option, older rules", 0, 100, &mut p.option_contingency),
            field(
                "short_option_contingency",
                "coins",
                "a net short option of a strike, older rules",
                0,
                100,
                &mut p.short_option_contingency,
            ),
            field("futures_contingency", "coins", "a coin of offset futures", 0, 100, &mut p.futures_contingency),
            field("vega_contingency", "share", "of vega offset across expiries", 0, 100, &mut p.vega_contingency),
        ]
    }

    /// The matrix of one pair.
    pub(super) fn grid(&self, coin: Underlying, settlement: Asset) -> Grid {
        let buckets = self.buckets_count.split_by(Decimal::ONE).map_or(1, |(buckets, _)| buckets);
        Grid {
            price_range: *self.price_range.of(coin.as_str()),
            buckets: u32::try_from(buckets).unwrap_or(1),
            extended: EXTENDED.iter().map(|percent| Decimal::new(*percent, 2)).collect(),
            extended_factor: self.extended_table_factor,
            dampener: *self.extended_dampener.of(settlement.as_str()),
            pnl_offset: *self.pnl_offset.of(settlement.as_str()),
        }
    }

    /// What older rulebooks add.
    pub(super) const fn contingencies(&self) -> Contingencies {
        Contingencies {
            option: self.option_contingency,
            short_option: self.short_option_contingency,
            futures: self.futures_contingency,
            vega: self.vega_contingency,
        }
    }

    /// The shocks of one pair, in its settlement asset, of which a coin is worth `coin_price`.
    pub(super) fn shocks(
        &self,
        coin: Underlying,
        settlement: Asset,
        coin_price: Decimal,
    ) -> Result<ShockRules, MarginError> {
        Ok(ShockRules {
            minimum_move: *self.min_annualised_move.of(settlement.as_str()),
            annual_move: *self.annualised_move_risk.of(settlement.as_str()),
            compounds: !self.roll_compounds.is_zero(),
            delta_threshold: self.delta_total_liq_shock_threshold,
            delta_slope: self.m_inc.of(coin.as_str()).over(coin_price, Rounding::Up)?,
            delta_most: self.max_delta_shock,
        })
    }
}
