//! The numbers of `okx-portfolio`.

use plimsoll_core::Decimal;

use super::sets::MIDDLE;
use crate::models::okx_discount::OkxDiscount;
use crate::models::value_ratios::ValueRatios;
use crate::parameters::{ByName, Field, field};
use crate::scenario::{DiscountRate, ShockRules, SkewRules};
use crate::schedule::Schedule;

/// Every number of the model. What differs by coin is named by the coin, or `middle` for the coins of the venue's
/// middle list; the default is for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OkxPortfolioParameters {
    /// MR1's moves of price, each side.
    pub mr1_moves: [ByName<Decimal>; 3],
    /// How MR1's move of volatility reaches an expiry: relative moves at 0, 30 and 60 days.
    pub vol_rules: ShockRules,
    /// MR3: share of vega that expiries hedge of each other, shocked as in MR1.
    pub mr3_share: Decimal,
    /// MR4 of a perpetual and of spot in use, and the least of an expiry: share of cash delta.
    pub mr4_perpetual: ByName<Decimal>,
    /// MR4 a year out.
    pub mr4_annual: ByName<Decimal>,
    /// 1: MR4 charges all of every cash delta; 0: what others of its unit offset.
    pub mr4_gross: Decimal,
    /// 1: spot in use has a part in MR4.
    pub mr4_spot: Decimal,
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
    pub mr7_multiplier: ByName<Schedule>,
    /// MR8, share of a debt: maintenance,
    pub mr8_mmr: ByName<Decimal>,
    /// and initial.
    pub mr8_imr: ByName<Decimal>,
    /// MR9 by pieces of the hedge; by the price down from which it holds, the default above all of them.
    pub mr9: ByName<Schedule>,
    /// Initial margin ÷ maintenance margin.
    pub imr_factor: Decimal,
    /// Share of a coin held that may stand against derivatives.
    pub spot_in_use: ByName<Decimal>,
    /// 1: contracts of each quote are a unit of their own.
    pub units_by_quote: Decimal,
    /// What balances count.
    pub discount: ValueRatios,
}

impl Default for OkxPortfolioParameters {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        let lists = |other: Decimal, middle: Decimal, major: Decimal| {
            ByName::new(other, [("BTC", major), ("ETH", major), (MIDDLE, middle)])
        };
        let percents = |other, middle, major| lists(percent(other), percent(middle), percent(major));
        let schedule = |text: &str| text.parse().unwrap_or_else(|_| Schedule::flat(Decimal::ONE));
        let multipliers = "250000:1, 500000:2, 1000000:4, 2000000:6, 3000000:8, 4000000:10, rest:12";
        Self {
            mr1_moves: [percents(8, 6, 4), percents(16, 12, 8), percents(25, 18, 12)],
            vol_rules: ShockRules {
                vol_nodes: Some([percent(50), percent(35), percent(25)]),
                vol_power_short: Decimal::ZERO,
                vol_power_long: Decimal::ZERO,
                days_min: Decimal::ONE,
                discount: DiscountRate::Quoted,
                skew: SkewRules::default(),
                basis_minimum: Decimal::ZERO,
                basis_annual: Decimal::ZERO,
            },
            mr3_share: Decimal::ONE,
            mr4_perpetual: lists(percent(1), Decimal::new(8, 3), Decimal::new(2, 3)),
            mr4_annual: percents(30, 15, 5),
            mr4_gross: Decimal::ONE,
            mr4_spot: Decimal::ONE,
            mr5_rate: percent(1),
            mr6_move: percents(50, 36, 24),
            mr7_rate: ByName::new(Decimal::new(7, 3), [("BTC", Decimal::new(45, 4)), ("ETH", Decimal::new(45, 4))]),
            mr7_fee: Decimal::new(3, 4),
            mr7_fee_most: Decimal::new(125, 3),
            mr7_multiplier: ByName::new(schedule(multipliers), []),
            mr8_mmr: ByName::new(percent(2), []),
            mr8_imr: ByName::new(percent(10), []),
            mr9: ByName::new(
                schedule("1000000:0.0075, 5000000:0.0175, rest:0.025"),
                [("0.8", Schedule::flat(Decimal::new(4, 1)))],
            ),
            imr_factor: Decimal::new(13, 1),
            spot_in_use: ByName::new(Decimal::ONE, []),
            units_by_quote: Decimal::ZERO,
            discount: OkxDiscount::default().discount,
        }
    }
}

impl OkxPortfolioParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let [one, two, three] = &mut p.mr1_moves;
        let discount = &mut p.discount;
        let mut fields = vec![
            field("mr1_move_1", "share", "MR1's least move of price", 0, 90, one),
            field("mr1_move_2", "share", "the next", 0, 90, two),
            field("mr1_move_3", "share", "the largest", 0, 90, three),
        ];
        if let Some([now, month, two_months]) = &mut p.vol_rules.vol_nodes {
            fields.extend([
                field("mr1_vol_0", "share", "MR1's move of volatility at expiry", 0, 95, now),
                field("mr1_vol_30", "share", "with 30 days left", 0, 95, month),
                field("mr1_vol_60", "share", "with 60 days left and more", 0, 95, two_months),
            ]);
        }
        fields.extend([
            field("mr3_share", "share", "of shocked vega hedged between expiries", 0, 200, &mut p.mr3_share),
            field("mr4_perpetual", "share", "of a perpetual's or spot's cash delta", 0, 100, &mut p.mr4_perpetual),
            field("mr4_annual", "share a year", "of an expiry's", 0, 200, &mut p.mr4_annual),
            field("mr4_gross", "count", "0: only deltas that others offset", 0, 100, &mut p.mr4_gross),
            field("mr4_spot", "count", "1: spot in use counts in MR4", 0, 100, &mut p.mr4_spot),
            field("mr5_rate", "annual rate", "MR5's move of rates", 0, 20, &mut p.mr5_rate),
            field("mr6_move", "share", "MR6's move of price", 0, 90, &mut p.mr6_move),
            field("mr7_rate", "share", "of cash delta, to close", 0, 100, &mut p.mr7_rate),
            field("mr7_fee", "share of index", "an option's fee", 0, 10, &mut p.mr7_fee),
            field("mr7_fee_most", "share of mark", "the most of it", 0, 100, &mut p.mr7_fee_most),
            field("mr7_multiplier", "multiplier", "by pieces of MR7, by coin", 0, 10_000, &mut p.mr7_multiplier),
            field("mr8_mmr", "share", "of a debt, maintenance", 0, 100, &mut p.mr8_mmr),
            field("mr8_imr", "share", "of a debt, initial", 0, 100, &mut p.mr8_imr),
            field("mr9", "share", "by pieces of a stablecoin hedge, by price", 0, 100, &mut p.mr9),
            field("imr_factor", "factor", "initial ÷ maintenance margin", 100, 500, &mut p.imr_factor),
            field("spot_in_use", "share", "of a coin that offsets", 0, 100, &mut p.spot_in_use),
            field("units_by_quote", "count", "1: a unit for each quote", 0, 100, &mut p.units_by_quote),
            field("discount", "share", "of a balance that counts, by asset", 0, 100, &mut discount.by_asset),
            field("discount_in_coin", "count", "1: pieces are in the asset", 0, 100, &mut discount.in_coin),
        ]);
        fields
    }
}
