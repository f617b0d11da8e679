//! A small venue: what may be held and traded, who is there, what prices do, what people ask for.

pub mod accounts;
pub mod breakers;
pub mod closing;
pub mod listing;
pub mod prices;
pub mod traffic;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Timestamp, Underlying};

pub use accounts::{People, Temper};
pub use prices::Markets;

/// What everything is valued in.
#[must_use]
pub fn currency() -> Asset {
    asset("USD")
}

/// The first moment of every run: a minute and a half before an hour strikes.
#[must_use]
pub fn start() -> Timestamp {
    let hour = Timestamp::from_date(2026, 6, 1, 7).ok();
    hour.and_then(|hour| hour.plus_seconds(-90)).unwrap_or_else(|| Timestamp::from_nanos(0))
}

/// An asset by its name, which is one of this module's.
#[must_use]
pub fn asset(name: &str) -> Asset {
    name.parse().unwrap_or_else(|error| unreachable!("{name}: {error}"))
}

/// The same of an underlying.
#[must_use]
pub fn underlying(name: &str) -> Underlying {
    asset(name).underlying()
}

/// `value` of an asset.
#[must_use]
pub fn amount(value: Decimal, name: &str) -> Amount {
    Amount::new(value, asset(name))
}

/// An account by its place.
#[must_use]
pub fn account(place: usize) -> AccountId {
    AccountId(u32::try_from(place).unwrap_or(u32::MAX))
}
