//! The numbers of `paradex-cross`.

use plimsoll_core::Decimal;

use super::OptionRates;
use crate::models::by_position::Figure;
use crate::parameters::{ByName, Dated, Field, field};

/// As published, the newest first.
pub(super) const SETS: [Dated; 2] = [
    Dated {
        date: "2026-11",
        read: "option rates: the venue's example parameters, \"configurable by the underlying asset\"; perpetuals: 50 x of \
            BTC and ETH, 10 x of others are filled in",
        values: &[],
    },
    Dated {
        date: "2024-12",
        read: "the same page in late 2024",
        values: &[
            ("long_itm_imf", "0.2"),
            ("long_itm_mmf", "0.1"),
            ("short_itm_imf", "0.15"),
            ("short_itm_mmf", "0.075"),
            ("short_otm_imf", "0.1"),
            ("short_otm_mmf", "0.05"),
        ],
    },
];

/// A rate at both levels, by underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtBoth {
    /// Initial.
    pub imf: ByName<Decimal>,
    /// Maintenance.
    pub mmf: ByName<Decimal>,
}

impl AtBoth {
    fn new(imf: Decimal, mmf: Decimal) -> Self {
        Self { imf: ByName::new(imf, []), mmf: ByName::new(mmf, []) }
    }

    fn of(&self, underlying: &str, figure: Figure) -> Decimal {
        *figure.of(&self.imf, &self.mmf).of(underlying)
    }
}

/// Every number of the model, by underlying; those of options under the venue's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParadexCrossParameters {
    /// Of a perpetual's or future's notional.
    pub perpetual: AtBoth,
    /// Of a long option's mark.
    pub premium_multiplier: AtBoth,
    /// Of the spot price, the most of a long option.
    pub long_itm: AtBoth,
    /// Of the spot price, of a short option in the money.
    pub short_itm: AtBoth,
    /// Of the spot price, the least of one out of it.
    pub short_otm: AtBoth,
    /// Of the strike, the most of a short put.
    pub short_put_cap: AtBoth,
}

impl Default for ParadexCrossParameters {
    fn default() -> Self {
        let rate = |of: i64| Decimal::new(of, 4);
        let majors = |rest, major| ByName::new(rate(rest), [("BTC", rate(major)), ("ETH", rate(major))]);
        Self {
            perpetual: AtBoth { imf: majors(1_000, 200), mmf: majors(500, 100) },
            premium_multiplier: AtBoth::new(rate(10_000), rate(5_000)),
            long_itm: AtBoth::new(rate(1_000), rate(500)),
            short_itm: AtBoth::new(rate(750), rate(375)),
            short_otm: AtBoth::new(rate(500), rate(250)),
            short_put_cap: AtBoth::new(rate(5_000), rate(5_000)),
        }
    }
}

impl ParadexCrossParameters {
    /// The rates of options on `underlying`.
    pub(super) fn options(&self, underlying: &str, figure: Figure) -> OptionRates {
        let of = |rate: &AtBoth| rate.of(underlying, figure);
        OptionRates {
            premium_multiplier: of(&self.premium_multiplier),
            long_itm: of(&self.long_itm),
            short_itm: of(&self.short_itm),
            short_otm: of(&self.short_otm),
            short_put_cap: of(&self.short_put_cap),
        }
    }

    /// The rate of perpetuals on `underlying`.
    pub(super) fn perpetual(&self, underlying: &str, figure: Figure) -> Decimal {
        self.perpetual.of(underlying, figure)
    }

    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let (spot, strike) = ("share of spot", "share of strike");
        vec![
            field("imf", "share of notional", "of a perpetual, initial", 0, 100, &mut p.perpetual.imf),
            field("mmf", "share of notional", "of a perpetual, maintenance", 0, 100, &mut p.perpetual.mmf),
            field("premium_multiplier_imf", "share of mark", "of a long", 0, 100, &mut p.premium_multiplier.imf),
            field("premium_multiplier_mmf", "share of mark", "of a long", 0, 100, &mut p.premium_multiplier.mmf),
            field("long_itm_imf", spot, "the most of a long", 0, 100, &mut p.long_itm.imf),
            field("long_itm_mmf", spot, "the most of a long", 0, 100, &mut p.long_itm.mmf),
            field("short_itm_imf", spot, "of a short in the money", 0, 100, &mut p.short_itm.imf),
            field("short_itm_mmf", spot, "of a short in the money", 0, 100, &mut p.short_itm.mmf),
            field("short_otm_imf", spot, "the least of a short", 0, 100, &mut p.short_otm.imf),
            field("short_otm_mmf", spot, "the least of a short", 0, 100, &mut p.short_otm.mmf),
            field("short_put_cap_imf", strike, "the most of a short put", 0, 100, &mut p.short_put_cap.imf),
            field("short_put_cap_mmf", strike, "the most of a short put", 0, 100, &mut p.short_put_cap.mmf),
        ]
    }
}
