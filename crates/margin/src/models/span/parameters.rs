//! The numbers of `span`.

use plimsoll_core::Decimal;

use super::scan::{Extreme, PriceRiskMethod};
use crate::parameters::{ByName, Dated, Field, field};
use crate::schedule::Schedule;
use crate::spreads::Spreads;

/// Every number of the model; by combined commodity, which is an underlying here, where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanParameters {
    /// The largest ordinary move of the price, a share of it, by commodity.
    pub price_scan_range: ByName<Decimal>,
    /// The largest relative move of volatility, by commodity.
    pub volatility_scan_range: ByName<Decimal>,
    /// How far the extreme scenarios go, and what of them counts.
    pub extreme: Extreme,
    /// Days that pass in every scenario.
    pub lookahead_days: Decimal,
    /// Weights of the deltas at the price unchanged, a third, two thirds and the whole range away.
    pub delta_weights: [Decimal; 4],
    /// The tier of an expiry by days left.
    pub calendar_tiers: Schedule,
    /// Calendar spreads in their order, each with its cost as a share of the index, by commodity.
    pub calendar_spreads: ByName<Spreads>,
    /// What expires within so many days is the delivery month.
    pub delivery_days: Decimal,
    /// Cost of its delta used by calendar spreads, a share of the index, by commodity.
    pub delivery_in_spreads: ByName<Decimal>,
    /// Cost of its delta left over, by commodity.
    pub delivery_outright: ByName<Decimal>,
    /// Spreads between commodities in their order, each with the share of its legs' price risk it earns.
    pub commodity_spreads: Spreads,
    /// How price risk becomes a figure per unit of delta: 1 divided by the net delta, 2 at most the price scan range,
    /// 3 the price scan range.
    pub price_risk_method: Decimal,
    /// The least that a unit of a short option is asked, a share of the index, by commodity.
    pub short_option_minimum: ByName<Decimal>,
    /// 1: the larger of short calls and short puts counts; 0: all of them.
    pub short_option_larger_side: Decimal,
    /// Initial margin ÷ maintenance margin.
    pub initial_ratio: Decimal,
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 2] = [
    Dated {
        date: "2002-01",
        read: "scenarios, extreme moves: McMillan's example and NSE's table of the sixteen; delta weights as re-told; \
            ranges, calendar charge, short option minimum: NSE's old minima for single stocks, since no clearing \
            house's for coins was read: set the ones of yours",
        values: &[],
    },
    Dated {
        date: "1988-12",
        read: "the earlier share of an extreme move, 33 %, as re-told; the day it changed was not found",
        values: &[("extreme_cover", "0.33")],
    },
];

impl Default for SpanParameters {
    fn default() -> Self {
        let all = |mantissa, places| ByName::new(Decimal::new(mantissa, places), []);
        let calendar = "+/1 -/1 @0.022".parse().unwrap_or_default();
        Self {
            price_scan_range: all(107, 3),
            volatility_scan_range: all(10, 2),
            extreme: Extreme { multiple: Decimal::from_int(2), cover: Decimal::new(35, 2) },
            lookahead_days: Decimal::ONE,
            delta_weights: [270, 217, 110, 37].map(|weight| Decimal::new(weight, 3)),
            calendar_tiers: Schedule::flat(Decimal::ONE),
            calendar_spreads: ByName::new(calendar, []),
            delivery_days: Decimal::ZERO,
            delivery_in_spreads: all(0, 0),
            delivery_outright: all(0, 0),
            commodity_spreads: Spreads::default(),
            price_risk_method: Decimal::ONE,
            short_option_minimum: all(75, 3),
            short_option_larger_side: Decimal::ZERO,
            initial_ratio: Decimal::ONE,
        }
    }
}

impl SpanParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let [unchanged, third, two_thirds, whole] = &mut p.delta_weights;
        vec![
            field("price_scan_range", "share", "largest ordinary move of the price", 1, 30, &mut p.price_scan_range),
            field("volatility_scan_range", "share", "the same of volatility", 0, 95, &mut p.volatility_scan_range),
            field("extreme_multiple", "multiple", "scan ranges of an extreme move", 100, 300, &mut p.extreme.multiple),
            field("extreme_cover", "share", "of an extreme move that counts", 0, 100, &mut p.extreme.cover),
            field("lookahead_days", "days", "that pass in every scenario", 0, 1_000, &mut p.lookahead_days),
            field("delta_weight_unchanged", "weight", "of the delta now", 1, 100, unchanged),
            field("delta_weight_third", "weight", "a third of the range away", 0, 100, third),
            field("delta_weight_two_thirds", "weight", "two thirds away", 0, 100, two_thirds),
            field("delta_weight_whole", "weight", "the whole range away", 0, 100, whole),
            field("calendar_tiers", "tier", "of an expiry, by days left", 100, 9_900, &mut p.calendar_tiers),
            field("calendar_spreads", "share of index", "cost, in their order", 0, 100, &mut p.calendar_spreads),
            field("delivery_days", "days", "left of the delivery month", 0, 36_500, &mut p.delivery_days),
            field("delivery_in_spreads", "share of index", "delta in spreads", 0, 100, &mut p.delivery_in_spreads),
            field("delivery_outright", "share of index", "delta left over", 0, 100, &mut p.delivery_outright),
            field("commodity_spreads", "share", "of price risk, in their order", 0, 100, &mut p.commodity_spreads),
            field("price_risk_method", "count", "1 normal, 2 capped, 3 range", 100, 300, &mut p.price_risk_method),
            field("short_option_minimum", "share of index", "per unit short", 0, 100, &mut p.short_option_minimum),
            field("short_option_larger_side", "count", "1: of calls, puts", 0, 100, &mut p.short_option_larger_side),
            field("initial_ratio", "ratio", "initial ÷ maintenance margin", 100, 500, &mut p.initial_ratio),
        ]
    }

    /// How price risk becomes a figure per unit of delta.
    pub(super) fn method(&self) -> PriceRiskMethod {
        match self.price_risk_method.split_by(Decimal::ONE) {
            Some((2, _)) => PriceRiskMethod::ScanRangeCap,
            Some((3, _)) => PriceRiskMethod::ScanRange,
            _ => PriceRiskMethod::Normal,
        }
    }

    /// The tier of what has `days` left; past the last piece, the last.
    pub(super) fn tier(&self, days: Decimal) -> u32 {
        let pieces = self.calendar_tiers.pieces();
        let of = pieces.iter().find(|piece| piece.up_to.is_none_or(|up_to| days <= up_to)).or(pieces.last());
        of.and_then(|piece| piece.rate.split_by(Decimal::ONE))
            .and_then(|(tier, _)| u32::try_from(tier).ok())
            .unwrap_or(1)
    }
}
