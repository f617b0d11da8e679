//! What a name does not say: how much a contract is, and how little of it can be held.
//!
//! | contract | contract size | lot, in contracts |
//! |---|---|---|
//! | inverse perpetual, future | Deribit: 10 USD for BTC, 1 USD else; ccxt: 1 of the quote | 1 |
//! | linear and quanto perpetual, future; spot | 1 coin | BTC 0.0001, ETH 0.001, else 0.1 |
//! | inverse option | 1 coin | BTC 0.1, else 1 |
//! | linear and quanto option | 1 coin | BTC 0.01, ETH 0.1, else 1 |
//!
//! Perpetual options are sized as options. So a quantity counts coins, as Deribit's `amount` does,
//! but for inverse futures, where it counts contracts of 10 or 1 dollars.
//!
//! # Source
//! Deribit, `public/get_instruments` (`contract_size`, `min_trade_amount`) and contract specifications,
//! <https://www.deribit.com/kb>, read 2026-11, for BTC and ETH. ccxt leaves both to the venue; 1 and
//! the same lots are assumed.

use plimsoll_core::{Decimal, Quantity};

use super::{Head, NameConvention};
use crate::instruments::Style;

/// Seconds between the fundings of a perpetual: eight hours, what most venues quote a rate for.
pub(in crate::instruments) const FUNDING_INTERVAL_S: u32 = 8 * 3_600;
/// Seconds over which a perpetual option pays mark − payoff: a day.
pub(in crate::instruments) const FUNDING_PERIOD_S: u32 = 86_400;

/// Contract size and lot: see the page.
pub(in crate::instruments) fn sizes(head: &Head, option: bool) -> (Decimal, Quantity) {
    let (bitcoin, ether) = (head.underlying.as_str() == "BTC", head.underlying.as_str() == "ETH");
    let inverse = head.style == Style::Inverse;
    let size = match head.convention {
        NameConvention::Deribit if inverse && !option && bitcoin => Decimal::from_int(10),
        NameConvention::Deribit | NameConvention::Ccxt => Decimal::ONE,
    };
    let lot = match (option, inverse) {
        (false, true) => Decimal::ONE,
        (false, false) if bitcoin => Decimal::new(1, 4),
        (false, false) if ether => Decimal::new(1, 3),
        (false, false) => Decimal::new(1, 1),
        (true, true) if bitcoin => Decimal::new(1, 1),
        (true, false) if bitcoin => Decimal::new(1, 2),
        (true, false) if ether => Decimal::new(1, 1),
        (true, _) => Decimal::ONE,
    };
    (size, Quantity(lot))
}
