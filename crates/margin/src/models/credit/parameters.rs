//! The numbers of the `credit` model, beside those of `plimsoll`.

use plimsoll_core::Decimal;

use crate::models::Model;
use crate::models::plimsoll::Plimsoll;
use crate::parameters::{ByName, Field, field};

/// Every number of the model.
#[derive(Clone, Debug)]
pub struct CreditParameters {
    /// What measures the net risk.
    pub risk: Plimsoll,
    /// By rating: the share of the net risk that may be unsecured.
    pub risk_share: ByName<Decimal>,
    /// By rating: the largest line, in the market's currency.
    pub line_max: ByName<Decimal>,
    /// The share of all own worsts up to which one underlying's carries credit.
    pub concentration_limit: Decimal,
}

impl Default for CreditParameters {
    fn default() -> Self {
        let percent = |hundredths| Decimal::new(hundredths, 2);
        let millions = |tenths: i64| Decimal::from_int(100_000 * tenths);
        Self {
            risk: Plimsoll::default(),
            risk_share: ByName::new(
                Decimal::ZERO,
                [
                    ("AAA", percent(60)),
                    ("AA", percent(50)),
                    ("A", percent(40)),
                    ("BBB", percent(25)),
                    ("BB", percent(10)),
                    ("B", Decimal::ZERO),
                    ("CCC", Decimal::ZERO),
                    ("D", Decimal::ZERO),
                ],
            ),
            line_max: ByName::new(
                Decimal::ZERO,
                [
                    ("AAA", millions(500)),
                    ("AA", millions(250)),
                    ("A", millions(100)),
                    ("BBB", millions(25)),
                    ("BB", millions(5)),
                    ("B", Decimal::ZERO),
                    ("CCC", Decimal::ZERO),
                    ("D", Decimal::ZERO),
                ],
            ),
            concentration_limit: percent(50),
        }
    }
}

impl CreditParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        let limit = &mut p.concentration_limit;
        let mut fields = vec![
            field("risk_share", "share", "of the net risk unsecured, by rating", 0, 95, &mut p.risk_share),
            field("line_max", "amount", "largest line, by rating", 0, 100_000_000_000_000, &mut p.line_max),
            field("concentration_limit", "share", "of all own worsts that one underlying may be", 1, 100, limit),
        ];
        fields.extend(p.risk.fields());
        fields
    }
}
