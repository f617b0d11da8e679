//! Faults planted in the book change what a small case comes to, and only when they are switched on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

#[path = "../../core/tests/support/planted.rs"]
mod planted;

use planted::shows;
use plimsoll_book::{AccountId, Certificates, Woken};
use plimsoll_core::planted::Fault;
use plimsoll_margin::models::{Held, by_name};
use plimsoll_margin::watch::exposures;
use support::book;
use support::moves::together;

#[test]
fn whoever_has_less_slack_than_before_wakes_sooner() {
    let source =
        book("index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nposition BTC_USDC-PERPETUAL 1 @ 60000");
    let held = Held::by([&source.account]);
    let figures = |millionths| {
        let market = together(&source.market, millionths);
        by_name("plimsoll").unwrap().prepare(&market, &held).unwrap().watched().unwrap().unwrap()
    };
    let woken = || {
        let mut certificates = Certificates::new(figures(0));
        let held = exposures(certificates.figures(), &source.account, &[], &source.market).unwrap();
        for account in 0..100 {
            certificates.issue(AccountId(account), 1e9, held.as_ref());
        }
        // A perpetual of 60,000 that falls by a hundredth loses 600.
        certificates.issue(AccountId(7), 500.0, held.as_ref());
        certificates.moved(figures(-10_000))
    };
    shows(Fault::CertificateKept, woken, [vec![AccountId(7)], Vec::new()].map(Woken::These));
}
