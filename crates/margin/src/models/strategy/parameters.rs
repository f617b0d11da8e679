//! The numbers of `strategy`.

use plimsoll_core::{Decimal, Rounding};

use super::named::Rules;
use super::pairing::Work;
use crate::closed_forms::strategy::ShortRates;
use crate::closed_forms::strategy_stock::StockRates;
use crate::models::by_position::Figure;
use crate::parameters::{ByName, Dated, Field, field};

/// Every number of the model; those by name are by underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyParameters {
    /// Of a short option: share of the underlying, less what it is out of the money.
    pub share: ByName<Decimal>,
    /// At least this, of the underlying for a call and of the strike for a put.
    pub minimum: ByName<Decimal>,
    /// Times the leverage of a fund.
    pub leverage: ByName<Decimal>,
    /// What of a long-dated option's value must be paid.
    pub long_dated_share: Decimal,
    /// Days to expiry above which an option is long-dated.
    pub long_dated_days: Decimal,
    /// Of long stock, initial,
    pub stock_initial: ByName<Decimal>,
    /// and maintenance.
    pub stock_maintenance: ByName<Decimal>,
    /// Of short stock, initial,
    pub short_stock_initial: ByName<Decimal>,
    /// and maintenance.
    pub short_stock_maintenance: ByName<Decimal>,
    /// Of the strike at which an option lets stock be sold or bought, maintenance.
    pub hedged_share: Decimal,
    /// Of long stock against short stock of the same.
    pub against_share: Decimal,
    /// Pivots that one pairing may take.
    pub pivots: Decimal,
    /// Pairs of spreads that one pairing may look at.
    pub steps: Decimal,
    /// The most legs of one underlying: more are refused, since the work grows with their cube.
    pub legs_max: Decimal,
}

/// As published, the newest first.
pub(super) const SETS: [Dated; 1] = [Dated {
    date: "2026-11",
    read: "Cboe rule 10.3 with the exchange's page on strategy-based margin, FINRA rule 4210(f)(2), Regulation T 220.12, as they stand; the rates are those of the margin manual of April 2000 and the leverage factor that of FINRA notice 09-53",
    values: &[],
}];

impl Default for StrategyParameters {
    fn default() -> Self {
        let hundredths = |of| Decimal::new(of, 2);
        let broad = hundredths(15);
        Self {
            share: ByName::new(hundredths(20), ["SPX", "XSP", "OEX", "NDX", "RUT", "DJX"].map(|name| (name, broad))),
            minimum: ByName::new(hundredths(10), []),
            leverage: ByName::new(Decimal::ONE, []),
            long_dated_share: hundredths(75),
            long_dated_days: Decimal::from_int(274),
            stock_initial: ByName::new(hundredths(50), []),
            stock_maintenance: ByName::new(hundredths(25), []),
            short_stock_initial: ByName::new(hundredths(50), []),
            short_stock_maintenance: ByName::new(hundredths(30), []),
            hedged_share: hundredths(10),
            against_share: hundredths(5),
            pivots: Decimal::from_int(40_000),
            steps: Decimal::from_int(4_000_000),
            legs_max: Decimal::from_int(1_500),
        }
    }
}

impl StrategyParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        vec![
            field("share", "share of price", "of a short, less what is out of the money", 0, 100, &mut p.share),
            field("minimum", "share", "of a short: price of a call, strike of a put", 0, 100, &mut p.minimum),
            field("leverage", "factor", "on both, of a fund", 100, 1_000, &mut p.leverage),
            field("long_dated_share", "share of mark", "of a long-dated option", 0, 100, &mut p.long_dated_share),
            field("long_dated_days", "days", "to expiry, long-dated above", 0, 365_000, &mut p.long_dated_days),
            field("stock_initial", "share of price", "of long stock", 0, 100, &mut p.stock_initial),
            field("stock_maintenance", "share of price", "of long stock", 0, 100, &mut p.stock_maintenance),
            field("short_stock_initial", "share of price", "of short stock", 0, 200, &mut p.short_stock_initial),
            field(
                "short_stock_maintenance",
                "share of price",
                "of short stock",
                0,
                200,
                &mut p.short_stock_maintenance,
            ),
            field(
                "hedged_share",
                "share of strike",
                "of stock with an option to leave it",
                0,
                100,
                &mut p.hedged_share,
            ),
            field("against_share", "share of price", "of stock long and short", 0, 100, &mut p.against_share),
            field("legs_max", "count", "of one underlying that are paired", 1_000, 1_000_000, &mut p.legs_max),
            field("pivots", "count", "a pairing may take", 0, 100_000_000, &mut p.pivots),
            field("steps", "count", "pairs of spreads a pairing may look at", 0, 10_000_000_000, &mut p.steps),
        ]
    }

    /// The rules of one underlying.
    pub(super) fn rules(&self, underlying: &str, figure: Figure) -> Rules {
        let [long, short] = figure.of(
            [&self.stock_initial, &self.short_stock_initial],
            [&self.stock_maintenance, &self.short_stock_maintenance],
        );
        Rules {
            short: ShortRates {
                share: *self.share.of(underlying),
                minimum: *self.minimum.of(underlying),
                leverage: *self.leverage.of(underlying),
                gross: true,
            },
            stock: StockRates {
                long: *long.of(underlying),
                short: *short.of(underlying),
                strike: figure.of(None, Some(self.hedged_share)),
                against: self.against_share,
            },
            long_dated_share: self.long_dated_share,
        }
    }

    pub(super) fn work(&self) -> Work {
        let count = |of: Decimal| {
            let whole = of.count(0, Rounding::Down);
            u64::try_from(whole).unwrap_or(0)
        };
        Work { pivots: count(self.pivots), steps: count(self.steps) }
    }
}
