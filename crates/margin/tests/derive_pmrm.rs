//! Derive's first portfolio margin against figures its own contracts returned.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test data that does not read fails the test, and what was skipped is said"
)]

mod derive;
mod support;

use plimsoll_margin::models::by_name;
use support::{book, near};

#[test]
fn every_shared_case_is_what_the_contracts_return() {
    assert!(derive::run("derive-pmrm", "pmrm.json").is_none_or(|cases| cases > 0));
}

#[test]
fn sizes_are_inside_the_initial_factor() {
    // Short: +20 % is worst. 20,000 and 3 % of size are maintenance margin, and × 1.25 initial.
    let lines = "index BTC 100000\nmark BTC_USDC-PERPETUAL 100000\nprice USDC 1\nposition BTC_USDC-PERPETUAL -1";
    let margin = book(lines).margin(by_name("derive-pmrm").unwrap().as_ref()).unwrap();
    near(margin.requirement.maintenance.amount, "23000", "0.0000000001");
    near(margin.requirement.initial.amount, "28750", "0.0000000001");
    let covered = format!("{lines}\nprice BTC 100000\ncollateral BTC 1");
    let margin = book(&covered).margin(by_name("derive-pmrm").unwrap().as_ref()).unwrap();
    near(margin.requirement.maintenance.amount, "6000", "0.0000000001");
    let owed = format!("{lines}\nprice ETH 3000\ncollateral ETH 1");
    let error = book(&owed).margin(by_name("derive-pmrm").unwrap().as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("derive-pmrm cannot margin ETH: expected cash"), "{error}");
}
