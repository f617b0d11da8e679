//! The numbers of `bybit-portfolio`.

use plimsoll_core::Decimal;

use crate::models::bybit_cross::BybitCross;
use crate::models::value_ratios::ValueRatios;
use crate::parameters::{ByName, Dated, Field, field};
use crate::scenario::{DiscountRate, ShockRules, SkewRules};

/// Every number of the model; by coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BybitPortfolioParameters {
    /// Largest move of price, each side; there are five steps to it.
    pub price_range: ByName<Decimal>,
    /// Relative rise of volatility at 30 days.
    pub vol_up: ByName<Decimal>,
    /// Relative fall of volatility at 30 days.
    pub vol_down: ByName<Decimal>,
    /// How volatility moves reach an expiry.
    pub vol_rules: ShockRules,
    /// On options short beyond what is long, share of the index.
    pub short_option_rate: ByName<Decimal>,
    /// Move of volatility per day between expiries, on hedged vega.
    pub vega_rate: ByName<Decimal>,
    /// On delta hedged between settlement assets.
    pub settlement_rate: ByName<Decimal>,
    /// On delta hedged between expiries, per year between them.
    pub delta_rate: ByName<Decimal>,
    /// On futures, share of the index.
    pub futures_rate: ByName<Decimal>,
    /// Initial ÷ maintenance margin.
    pub im_factor: ByName<Decimal>,
    /// One where spot hedging is on.
    pub spot_hedging: Decimal,
    /// Share of a debt: initial,
    pub borrow_initial: ByName<Decimal>,
    /// and maintenance.
    pub borrow_maintenance: ByName<Decimal>,
    /// What balances count.
    pub ratios: ValueRatios,
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 2] = [
    Dated {
        date: "2025-01",
        read: "prices of BTC and ETH from −10 to +10 % since 2025-01-10 (learn.bybitglobal.com, 2025-02-10), other coins and volatility as in 2024: the new volatility factors were not read. Vega 0.03 % a day for BTC and ETH, delta 45 to 60 % a year from a third party. Not read and assumed: rates of short options, settlement spread and futures, the initial factor, how a volatility move depends on time, rates of borrowing",
        values: &[],
    },
    Dated {
        date: "2024-10",
        read: "help page of 2024-10-23: 11 prices from −15 to +15 % by 3 %, volatility −28 %, 0, +33 %; the rest as in 2025-01",
        values: &[("price_range.BTC", "0.15"), ("price_range.ETH", "0.15")],
    },
];

impl Default for BybitPortfolioParameters {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        let majors = |other: Decimal, major: Decimal| ByName::new(other, [("BTC", major), ("ETH", major)]);
        let cross = BybitCross::default();
        Self {
            price_range: majors(percent(15), percent(10)),
            vol_up: ByName::new(percent(33), []),
            vol_down: ByName::new(percent(28), []),
            vol_rules: ShockRules {
                vol_power_short: percent(30),
                vol_power_long: percent(13),
                days_min: Decimal::ONE,
                discount: DiscountRate::Quoted,
                skew: SkewRules::default(),
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
                vol_nodes: None,
            },
            short_option_rate: majors(percent(1), Decimal::new(5, 3)),
            vega_rate: ByName::new(Decimal::new(3, 4), []),
            settlement_rate: ByName::new(Decimal::new(5, 3), []),
            delta_rate: majors(percent(60), percent(45)),
            futures_rate: majors(percent(1), Decimal::new(5, 3)),
            im_factor: majors(Decimal::new(13, 1), Decimal::new(12, 1)),
            spot_hedging: Decimal::ZERO,
            borrow_initial: cross.borrow_initial,
            borrow_maintenance: cross.borrow_maintenance,
            ratios: cross.ratios,
        }
    }
}

impl BybitPortfolioParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let (powers, ratios) = (&mut p.vol_rules, &mut p.ratios);
        vec![
            field("price_range", "share", "largest move of price, by coin", 1, 90, &mut p.price_range),
            field("vol_up", "share", "rise of volatility at 30 days", 0, 300, &mut p.vol_up),
            field("vol_down", "share", "fall of volatility at 30 days", 0, 95, &mut p.vol_down),
            field("vol_power_short", "power", "of 30 days ÷ days left, under 30", 0, 100, &mut powers.vol_power_short),
            field("vol_power_long", "power", "the same from 30 days on", 0, 100, &mut powers.vol_power_long),
            field("short_option_rate", "share of index", "of net short options", 0, 100, &mut p.short_option_rate),
            field("vega_rate", "volatility a day", "between expiries, on vega", 0, 10, &mut p.vega_rate),
            field("settlement_rate", "share", "of delta hedged across assets", 0, 100, &mut p.settlement_rate),
            field("delta_rate", "share a year", "of delta hedged across expiries", 0, 200, &mut p.delta_rate),
            field("futures_rate", "share of index", "of perpetuals and futures", 0, 100, &mut p.futures_rate),
            field("im_factor", "factor", "initial ÷ maintenance margin", 100, 500, &mut p.im_factor),
            field("spot_hedging", "count", "1: coins offset what they hedge", 0, 100, &mut p.spot_hedging),
            field("borrow_initial", "share", "of a debt, by asset", 0, 100, &mut p.borrow_initial),
            field("borrow_maintenance", "share", "of a debt, by asset", 0, 100, &mut p.borrow_maintenance),
            field("value_ratio", "share", "of a balance that counts, by asset", 0, 100, &mut ratios.by_asset),
            field("ratio_in_coin", "count", "1: pieces are in the asset", 0, 100, &mut ratios.in_coin),
        ]
    }
}
