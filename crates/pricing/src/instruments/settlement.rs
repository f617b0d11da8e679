//! What positions carry and what expiry pays: the answers' types.

use plimsoll_core::{Amount, Decimal, NumberError, Timestamp};
use thiserror::Error;

/// What a position adds to equity, in its settlement asset, at a mark.
///
/// Exactly one of the two can differ from zero. P&L that is already fixed and funding that is accrued
/// stand in the position and are not counted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carry {
    /// P&L since the entry price of what was not paid for: futures, futures-style and perpetual options.
    pub unrealised: Amount,
    /// Worth at the mark of what was paid for: premium-paid options, spot. Negative for a short.
    pub option_value: Amount,
}

/// Why a position cannot be settled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettleError {
    /// Spot and perpetual contracts do not expire.
    #[error("a {0} does not expire")]
    NeverExpires(&'static str),
    /// A settlement price below zero, or of zero where a coin amount divides by it.
    #[error("settlement price {0} must be above zero")]
    Price(Decimal),
    /// P&L since the entry is to be paid, and the position has no entry price.
    #[error("the position has no entry price to settle against")]
    NoEntryPrice,
    /// A price in another asset, or a sum that does not fit.
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// The first multiple of `interval_s` seconds since 1970 that lies after `as_of`; `None` for an
/// interval of nothing, or past the end of time.
pub(super) fn next_multiple(as_of: Timestamp, interval_s: u32) -> Option<Timestamp> {
    let interval = i64::from(interval_s).checked_mul(Timestamp::NANOS_PER_SECOND).filter(|interval| *interval > 0)?;
    let count = as_of.nanos().div_euclid(interval).checked_add(1)?;
    count.checked_mul(interval).map(Timestamp::from_nanos)
}
