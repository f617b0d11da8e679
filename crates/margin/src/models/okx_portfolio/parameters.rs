//! The numbers of `okx-portfolio`.

use plimsoll_core::Decimal;

use crate::models::okx_discount::OkxDiscount;
use crate::models::value_ratios::ValueRatios;
use crate::parameters::{ByName, Dated, Field, field};
use crate::scenario::{DiscountRate, ShockRules, SkewRules};
use crate::schedule::Schedule;

/// Every number of the model; by coin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OkxPortfolioParameters {
    /// MR1's moves of price, each side.
    pub mr1_moves: [ByName<Decimal>; 3],
    /// MR1's relative move of volatility at 30 days, each side.
    pub mr1_vol: Decimal,
    /// How it reaches an expiry.
    pub vol_rules: ShockRules,
    /// MR3: share of vega that expiries hedge of each other.
    pub mr3_share: Decimal,
    /// MR4 of a perpetual and of spot in use, share of cash delta.
    pub mr4_perpetual: ByName<Decimal>,
    /// MR4 a year out.
    pub mr4_annual: ByName<Decimal>,
    /// MR5's move of rates.
    pub mr5_rate: Decimal,
    /// MR6's move of price.
    pub mr6_move: ByName<Decimal>,
    /// MR7 of futures and of options' delta, share of cash delta.
    pub mr7_rate: ByName<Decimal>,
    /// MR7's fee of an option, share of the index,
    pub mr7_fee: Decimal,
    /// at most this share of its mark.
    pub mr7_fee_most: Decimal,
    /// MR7's multipliers by pieces of it.
    pub mr7_multiplier: Schedule,
    /// MR8, share of a debt: maintenance,
    pub mr8_mmr: ByName<Decimal>,
    /// and initial.
    pub mr8_imr: ByName<Decimal>,
    /// MR9, by pieces of the hedge.
    pub mr9: Schedule,
    /// Initial margin ÷ maintenance margin.
    pub imr_factor: Decimal,
    /// Share of coins held that may stand against derivatives.
    pub spot_in_use: Decimal,
    /// What balances count.
    pub discount: ValueRatios,
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 2] = [
    Dated {
        date: "2025-01",
        read: "notices of 2024-11-25 and 2025-01-02 and the position builder's example of 2025-01-15; coins of the middle list were not named where we read; MR3, MR5, options' MR7 and MR9's tables are third-party readings",
        values: &[],
    },
    Dated {
        date: "2024-06",
        read: "the notice of 2024-05-31, before the changes of January 2025; MR7's multipliers of the notice of 2021-12-24",
        values: &[
            ("mr1_move_1.BTC", "0.05"),
            ("mr1_move_2.BTC", "0.10"),
            ("mr1_move_3.BTC", "0.15"),
            ("mr1_move_1.ETH", "0.05"),
            ("mr1_move_2.ETH", "0.10"),
            ("mr1_move_3.ETH", "0.15"),
            ("mr1_move_1", "0.07"),
            ("mr1_move_2", "0.14"),
            ("mr1_move_3", "0.20"),
            ("mr6_move.BTC", "0.30"),
            ("mr6_move.ETH", "0.30"),
            ("mr7_multiplier", "10000:1, 70000:2, 170000:4, 300000:6, 470000:8, 700000:10, rest:12"),
        ],
    },
];

impl Default for OkxPortfolioParameters {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        let majors = |other: Decimal, major: Decimal| ByName::new(other, [("BTC", major), ("ETH", major)]);
        let schedule = |text: &str| text.parse().unwrap_or_else(|_| Schedule::flat(Decimal::ONE));
        let discount = OkxDiscount::default().discount;
        Self {
            mr1_moves: [
                majors(percent(8), percent(4)),
                majors(percent(16), percent(8)),
                majors(percent(25), percent(12)),
            ],
            mr1_vol: percent(35),
            vol_rules: ShockRules {
                vol_power_short: percent(30),
                vol_power_long: percent(13),
                days_min: Decimal::ONE,
                discount: DiscountRate::Quoted,
                skew: SkewRules::default(),
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
            },
            mr3_share: percent(35),
            mr4_perpetual: majors(Decimal::new(8, 3), Decimal::new(2, 3)),
            mr4_annual: majors(percent(30), percent(5)),
            mr5_rate: percent(1),
            mr6_move: majors(percent(50), percent(24)),
            mr7_rate: majors(Decimal::new(7, 3), Decimal::new(45, 4)),
            mr7_fee: Decimal::new(3, 4),
            mr7_fee_most: Decimal::new(125, 3),
            mr7_multiplier: schedule("250000:1, 500000:2, 1000000:4, 2000000:6, 3000000:8, 4000000:10, rest:12"),
            mr8_mmr: ByName::new(percent(2), []),
            mr8_imr: ByName::new(percent(10), []),
            mr9: schedule("1000000:0.0075, 5000000:0.0175, rest:0.025"),
            imr_factor: Decimal::new(13, 1),
            spot_in_use: Decimal::ONE,
            discount,
        }
    }
}

impl OkxPortfolioParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let [one, two, three] = &mut p.mr1_moves;
        let (discount, powers) = (&mut p.discount, &mut p.vol_rules);
        vec![
            field("mr1_move_1", "share", "MR1's least move of price", 0, 90, one),
            field("mr1_move_2", "share", "the next", 0, 90, two),
            field("mr1_move_3", "share", "the largest", 0, 90, three),
            field("mr1_vol", "share", "MR1's move of volatility at 30 days", 0, 95, &mut p.mr1_vol),
            field("vol_power_short", "power", "of 30 days ÷ days left, under 30", 0, 100, &mut powers.vol_power_short),
            field("vol_power_long", "power", "the same from 30 days on", 0, 100, &mut powers.vol_power_long),
            field("mr3_share", "share", "of vega hedged between expiries", 0, 200, &mut p.mr3_share),
            field("mr4_perpetual", "share", "of a perpetual's or spot's cash delta", 0, 100, &mut p.mr4_perpetual),
            field("mr4_annual", "share a year", "of an expiry's", 0, 200, &mut p.mr4_annual),
            field("mr5_rate", "annual rate", "MR5's move of rates", 0, 20, &mut p.mr5_rate),
            field("mr6_move", "share", "MR6's move of price", 0, 90, &mut p.mr6_move),
            field("mr7_rate", "share", "of cash delta, to close", 0, 100, &mut p.mr7_rate),
            field("mr7_fee", "share of index", "an option's fee", 0, 10, &mut p.mr7_fee),
            field("mr7_fee_most", "share of mark", "the most of it", 0, 100, &mut p.mr7_fee_most),
            field("mr7_multiplier", "multiplier", "by pieces of MR7", 0, 10_000, &mut p.mr7_multiplier),
            field("mr8_mmr", "share", "of a debt, maintenance", 0, 100, &mut p.mr8_mmr),
            field("mr8_imr", "share", "of a debt, initial", 0, 100, &mut p.mr8_imr),
            field("mr9", "share", "by pieces of a stablecoin hedge", 0, 100, &mut p.mr9),
            field("imr_factor", "factor", "initial ÷ maintenance margin", 100, 500, &mut p.imr_factor),
            field("spot_in_use", "share", "of coins that offset", 0, 100, &mut p.spot_in_use),
            field("discount", "share", "of a balance that counts, by asset", 0, 100, &mut discount.by_asset),
            field("discount_in_coin", "count", "1: pieces are in the asset", 0, 100, &mut discount.in_coin),
        ]
    }
}
