//! Faults planted in pricing change what a small case comes to, and only when they are switched on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/planted.rs"]
mod planted;

use planted::shows;
use plimsoll_core::planted::Fault;
use plimsoll_core::{Decimal, Price, Quantity, Timestamp};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::index::{IndexRule, SourceQuote};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn an_inverse_call_pays_a_fifth_of_a_coin() {
    let call = Instrument::from_name("BTC-26JUN26-60000-C").unwrap();
    let price = Price::new(decimal("75000"), "USD".parse().unwrap());
    let paid = || call.worth_at_expiry(Quantity(Decimal::ONE), price).unwrap().value;
    shows(Fault::InverseByStrike, paid, [decimal("0.2"), decimal("0.25")]);
}

#[test]
fn an_outlier_does_not_move_the_median_of_the_others() {
    let at = Timestamp::from_nanos(0);
    let rule = IndexRule {
        age_ns_max: 0,
        ahead_ns_max: 0,
        outlier_fraction: decimal("0.05"),
        band: decimal("0.01"),
        sources_min: 3,
        confidence_min: decimal("0.5"),
    };
    let quote = |(name, price): (&str, i64)| SourceQuote {
        name: name.into(),
        price: Decimal::from_int(price),
        weight: Decimal::ONE,
        observed_at: at,
        confidence: Decimal::ONE,
    };
    let quotes = [("a", 100), ("b", 101), ("c", 102), ("d", 110)].map(quote);
    shows(Fault::OutlierPrice, || rule.apply(&quotes, at).unwrap().price, [decimal("101"), decimal("101.5")]);
}
