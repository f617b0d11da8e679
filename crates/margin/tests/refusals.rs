//! Contracts that models without a rule for them refuse by name, on both sides.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use plimsoll_margin::models::by_name;
use support::{Book, book};

const MARKET: &str = "index BTC 60000\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 60000 vol 0.6
    mark BTC_USDC-PERP-60000-C 300\nmark BTC_USDC-26JUN26-60000-C 3000\n";

fn refused(model: &str, contract: &str, of: impl Fn(&str) -> Book) {
    for side in ["", "-"] {
        let book = of(&format!("{MARKET}position {contract} {side}1"));
        let error = book.margin(by_name(model).unwrap().as_ref()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{model} cannot margin {contract}: expected")), "{error}");
    }
}

/// Equity counts no value of an option that is not paid for, so a long one is no safer than a short one.
#[test]
fn options_without_a_date_or_a_premium() {
    for model in ["deribit-standard", "okx-discount"] {
        for contract in ["BTC_USDC-PERP-60000-C", "BTC_USDC-26JUN26-60000-C"] {
            refused(model, contract, |text| book(text).futures_style(contract));
        }
    }
}

/// What a quanto pays is not what its quote says.
#[test]
fn quanto_options() {
    for model in ["deribit-standard", "okx-discount"] {
        refused(model, "BTC/USD:USDC-260626-60000-C", book);
    }
}
