//! The numbers of `deribit-standard`.

use plimsoll_core::Decimal;
use plimsoll_pricing::instruments::Instrument;

use super::futures::leverage_rate;
use super::{FutureRates, OptionRates, unsupported};
use crate::MarginError;
use crate::collateral::CollateralRules;
use crate::parameters::{ByName, Dated, Field, Tiers, field};

/// Every number of the model; those by name are by coin, and a coin with a base of zero has no futures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeribitStandardParameters {
    /// Initial margin of a future or perpetual, share of its size.
    pub im_base: ByName<Decimal>,
    /// Maintenance.
    pub mm_base: ByName<Decimal>,
    /// What a coin more adds to both.
    pub slope: ByName<Decimal>,
    /// Where above zero, maintenance as a share of initial margin, and initial margin by leverage.
    pub mm_of_im: Decimal,
    /// Then the initial rate of a whole notional, 1 ÷ leverage, by notional.
    pub leverage_rate: ByName<Tiers>,
    /// Initial margin of a short option at the money, share of the index,
    pub option_initial: ByName<Decimal>,
    /// at least this,
    pub option_minimum: ByName<Decimal>,
    /// and its maintenance margin.
    pub option_maintenance: ByName<Decimal>,
    /// Whether the distance from the money is measured from the expiry's future (1) or from the index (0).
    pub otm_of_forward: Decimal,
    /// Haircuts of balances, initial.
    pub haircut: ByName<Decimal>,
    /// Everything counts whole: haircuts are asked for.
    pub(super) collateral: CollateralRules,
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 3] = [
    Dated {
        date: "2026-11",
        read: "the support pages' tables, articles 25944738177565, 25944826427293 and 31424932728093, as of November 2026; coins other than BTC, ETH and SOL were not read",
        values: &[],
    },
    Dated {
        date: "2026-09",
        read: "a public project's reading of the documentation on 2026-09-23: perpetuals at 50 times in the first tier, maintenance two thirds of initial margin; further tiers were not read",
        values: &[("mm_of_im", "0.666666666666666667")],
    },
    Dated {
        date: "2021-12",
        read: "article 25944826427293, which says what was changed on 2022-01-11",
        values: &[("im_base.BTC", "0.01"), ("mm_base.BTC", "0.00525"), ("slope.ETH", "0.000002"), ("im_base.SOL", "0")],
    },
];

impl Default for DeribitStandardParameters {
    fn default() -> Self {
        let by_coin =
            |default: Decimal, btc, eth, sol| ByName::new(default, [("BTC", btc), ("ETH", eth), ("SOL", sol)]);
        let majors = |other: i64, major: i64| {
            ByName::new(Decimal::new(other, 3), [("BTC", Decimal::new(major, 3)), ("ETH", Decimal::new(major, 3))])
        };
        let percent = |hundredths| Decimal::new(hundredths, 2);
        Self {
            im_base: by_coin(Decimal::ZERO, percent(2), percent(2), percent(4)),
            mm_base: by_coin(Decimal::ZERO, percent(1), percent(1), percent(2)),
            slope: by_coin(Decimal::ZERO, Decimal::new(5, 5), Decimal::new(4, 6), Decimal::new(5, 6)),
            mm_of_im: Decimal::ZERO,
            leverage_rate: ByName::new(Tiers::new([(0, 20_000)]), []),
            option_initial: majors(200, 150),
            option_minimum: majors(130, 100),
            option_maintenance: majors(100, 75),
            otm_of_forward: Decimal::ZERO,
            haircut: ByName::new(
                Decimal::ZERO,
                [("BUIDL", percent(2)), ("USDE", percent(5)), ("STETH", Decimal::new(75, 3))],
            ),
            collateral: CollateralRules::whole(),
        }
    }
}

impl DeribitStandardParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        vec![
            field("im_base", "share of size", "of a future, initial; zero: no futures", 0, 100, &mut p.im_base),
            field("mm_base", "share of size", "of a future, maintenance; the same", 0, 100, &mut p.mm_base),
            field("slope", "share per coin", "added to both for every coin", 0, 100, &mut p.slope),
            field("mm_of_im", "share", "of initial margin, in place of mm_base", 0, 100, &mut p.mm_of_im),
            field("leverage_rate", "share of notional", "then initial, by notional", 0, 100, &mut p.leverage_rate),
            field("option_initial", "share of index", "of a short at the money", 0, 200, &mut p.option_initial),
            field("option_minimum", "share of index", "of a short far from it", 0, 200, &mut p.option_minimum),
            field("option_maintenance", "share of index", "of a short", 0, 200, &mut p.option_maintenance),
            field("otm_of_forward", "count", "1: distance from the expiry's future", 0, 100, &mut p.otm_of_forward),
            field("haircut", "share", "of a balance of an asset, initial", 0, 100, &mut p.haircut),
        ]
    }

    /// The rates of an instrument's coin for a position of `notional` in the market's currency.
    pub(super) fn future_rates(&self, instrument: &Instrument, notional: Decimal) -> Result<FutureRates, MarginError> {
        let coin = instrument.terms().underlying;
        let im_base = *self.im_base.of(coin.as_str());
        let mm_base = *self.mm_base.of(coin.as_str());
        if im_base.is_zero() || (mm_base.is_zero() && self.mm_of_im.is_zero()) {
            return Err(unsupported(instrument, "expected a future on a coin that im_base and mm_base name"));
        }
        if self.mm_of_im.signum() > 0 {
            let im_base = leverage_rate(self.leverage_rate.of(coin.as_str()), notional);
            return Ok(FutureRates { im_base, mm_base, slope: Decimal::ZERO, mm_of_im: self.mm_of_im });
        }
        Ok(FutureRates { im_base, mm_base, slope: *self.slope.of(coin.as_str()), mm_of_im: Decimal::ZERO })
    }

    /// The rates of an option's coin.
    pub(super) fn option_rates(&self, instrument: &Instrument) -> OptionRates {
        let coin = instrument.terms().underlying;
        let of = |by: &ByName<Decimal>| *by.of(coin.as_str());
        OptionRates {
            initial: of(&self.option_initial),
            minimum: of(&self.option_minimum),
            maintenance: of(&self.option_maintenance),
        }
    }
}
