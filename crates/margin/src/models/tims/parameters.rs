//! The numbers of `tims`.

use plimsoll_core::Decimal;

use super::groups::Range;
use crate::parameters::{ByName, Dated, Field, field};

/// Every number of the model; by class, which is an underlying here, where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimsParameters {
    /// How far a class's price goes up, a share of it,
    pub range_up: ByName<Decimal>,
    /// and down.
    pub range_down: ByName<Decimal>,
    /// What a product's moves are × : the leverage of a fund.
    pub market_move_factor: ByName<Decimal>,
    /// The least an option is asked, money a contract, by class.
    pub minimum_charge: ByName<Decimal>,
    /// The same of anything else.
    pub minimum_charge_futures: ByName<Decimal>,
    /// The number of a class's product group; 0: one of its own.
    pub product_group: ByName<Decimal>,
    /// Share of a class's gain that stands against its product group's losses, by the group's number.
    pub product_offset: ByName<Decimal>,
    /// The number of a product group's portfolio group, by the product group's number, or by the class where that is a
    /// group of its own; 0: one of its own.
    pub portfolio_group: ByName<Decimal>,
    /// Share of a product group's gain that stands against its portfolio group's losses, by the number.
    pub portfolio_offset: ByName<Decimal>,
    /// Initial margin ÷ maintenance margin.
    pub initial_ratio: Decimal,
}

/// As published.
pub(super) const SETS: [Dated; 1] = [Dated {
    date: "2007-04",
    read: "ranges of rule 4210(g) as two readers of it agree, the minimum charge of CBOE's table of 2007-02-23; \
        offsets of 90 % and 50 % are re-told, groups are OCC's to publish: none is set",
    values: &[],
}];

impl Default for TimsParameters {
    fn default() -> Self {
        let all = |value| ByName::new(value, []);
        Self {
            range_up: all(Range::NARROW.up),
            range_down: all(Range::NARROW.down),
            market_move_factor: all(Decimal::ONE),
            minimum_charge: all(Decimal::new(375, 1)),
            minimum_charge_futures: all(Decimal::ZERO),
            product_group: all(Decimal::ZERO),
            product_offset: all(Decimal::new(90, 2)),
            portfolio_group: all(Decimal::ZERO),
            portfolio_offset: all(Decimal::new(50, 2)),
            initial_ratio: Decimal::ONE,
        }
    }
}

impl TimsParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let (group, money) = (100_000, 100_000_000);
        vec![
            field("range_up", "share", "of the price, by class", 0, 30, &mut p.range_up),
            field("range_down", "share", "of the price, by class", 0, 30, &mut p.range_down),
            field("market_move_factor", "factor", "on a class's moves", 0, 300, &mut p.market_move_factor),
            field("minimum_charge", "currency", "least for an option contract", 0, money, &mut p.minimum_charge),
            field("minimum_charge_futures", "currency", "for others", 0, money, &mut p.minimum_charge_futures),
            field("product_group", "count", "of a class; 0: its own", 0, group, &mut p.product_group),
            field("product_offset", "share", "of a class's gain that counts", 0, 100, &mut p.product_offset),
            field("portfolio_group", "count", "of a product group; 0: its own", 0, group, &mut p.portfolio_group),
            field("portfolio_offset", "share", "of a group's gain that counts", 0, 100, &mut p.portfolio_offset),
            field("initial_ratio", "ratio", "initial ÷ maintenance margin", 100, 500, &mut p.initial_ratio),
        ]
    }

    /// How far a class goes.
    pub(super) fn range(&self, class: &str) -> Range {
        Range { up: *self.range_up.of(class), down: *self.range_down.of(class) }
    }
}

/// The name of the group that `groups` puts `name` in, and whether it is one of its own.
pub(super) fn group_of(groups: &ByName<Decimal>, name: &str) -> (String, bool) {
    let number = *groups.of(name);
    if number.is_zero() { (name.to_owned(), true) } else { (number.to_string(), false) }
}
