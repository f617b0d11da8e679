//! Faults planted in margin change what a small case comes to, and only when they are switched on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/planted.rs"]
mod planted;
mod support;

use planted::shows;
use plimsoll_core::planted::Fault;
use plimsoll_margin::equity::net_assets;
use plimsoll_margin::models::{Held, Model, plimsoll::Plimsoll};
use support::{book, decimal, part};

#[test]
fn a_haircut_steps_with_size_and_does_not_jump() {
    // 100 M of BTC: 0.2 % of the first 50 M and 1 % of the rest.
    let held = book("index BTC 50000\ncollateral BTC 2000");
    let equity = || held.plimsoll().equity.maintenance.amount;
    shows(Fault::TierCliff, equity, [decimal("99_400_000"), decimal("99_000_000")]);
}

#[test]
fn one_order_does_not_pay_for_another() {
    let quoted = book(
        "index BTC 60000
         mark BTC/USD:USD 60000
         collateral USD 100000
         order buy BTC/USD:USD 1 @ 60000
         order sell BTC/USD:USD 1 @ 60000",
    );
    shows(Fault::OrdersNet, || part(&quoted.plimsoll(), "BTC"), [decimal("9600"), decimal("0")]);
}

#[test]
fn amounts_alone_are_those_that_are_explained() {
    let future = book(
        "index BTC 60000
         forward BTC 2026-06-26T08:00:00Z 60500 vol 0.6
         collateral USD 100000
         position BTC-26JUN26 -1000",
    );
    let agree = || {
        let judge = Plimsoll::default().prepare(&future.market, &Held::by([&future.account])).unwrap();
        let assets = net_assets(&future.account.portfolio, &future.market).unwrap();
        let explained = judge.requirement(&future.account, &assets).unwrap();
        let (initial, _) = judge.amounts(&future.account, &assets).unwrap();
        initial.minus(explained.initial.amount).unwrap().signum()
    };
    shows(Fault::FoldSkips, agree, [0, -1]);
}
