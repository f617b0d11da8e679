//! What a name does not say: how much a contract is, and how little of it can be held.
//!
//! | contract | contract size | lot, in contracts |
//! |---|---|---|
//! | inverse perpetual, future | 1 of the quote | Deribit: BTC 10, else 1; ccxt: 1 |
//! | linear and quanto perpetual, future; spot | 1 coin | BTC 0.0001, ETH 0.001, else 0.1 |
//! | inverse option | 1 coin | BTC 0.1, else 1 |
//! | linear and quanto option | 1 coin | BTC 0.01, ETH 0.1, else 1 |
//!
//! Perpetual options are sized as options. So a quantity counts what Deribit's `amount` counts:
//! dollars of an inverse future, coins of anything else.
//!
//! # Source
//! Deribit's `public/get_instruments` (`contract_size`, `min_trade_amount`), <https://docs.deribit.com>, for
//! BTC and ETH; other coins differ one by one, and ccxt leaves both to the venue, so the figures here
//! are assumptions that a document replaces with what its venue lists.

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
    let lot = match (option, inverse) {
        (false, true) if bitcoin && head.convention == NameConvention::Deribit => Decimal::from_int(10),
        (false, true) => Decimal::ONE,
        (false, false) if bitcoin => Decimal::new(1, 4),
        (false, false) if ether => Decimal::new(1, 3),
        (false, false) => Decimal::new(1, 1),
        (true, true) if bitcoin => Decimal::new(1, 1),
        (true, false) if bitcoin => Decimal::new(1, 2),
        (true, false) if ether => Decimal::new(1, 1),
        (true, _) => Decimal::ONE,
    };
    (Decimal::ONE, Quantity(lot))
}
