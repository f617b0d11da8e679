//! Faults planted in the node change what a small case comes to, and only when they are switched on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/planted.rs"]
mod planted;

use planted::shows;
use plimsoll_core::planted::Fault;
use plimsoll_core::{Amount, Asset, Decimal, Timestamp};
use plimsoll_engine::{Command, House};
use plimsoll_journal::MemoryLog;
use plimsoll_node::{Node, Options, Request};

#[test]
fn a_request_that_is_repeated_after_a_restart_is_carried_out_once() {
    let (usd, at): (Asset, _) = ("USD".parse().unwrap(), Timestamp::from_nanos(0));
    let fund = Command::FundHouse { house: House::Insurance, amount: Amount::new(Decimal::from_int(100), usd) };
    let request = Request { client: "operator".into(), number: 1, command: fund };
    let fund_twice = || {
        let mut node = Node::open(MemoryLog::new(), usd, at, Options::default()).unwrap();
        node.submit(request.clone(), at);
        node.commit(at).unwrap();
        node.save_snapshot().unwrap();
        let mut opened = Node::open(node.into_log(), usd, at, Options::default()).unwrap();
        opened.submit(request.clone(), at);
        opened.state().held_by(House::Insurance, usd)
    };
    shows(Fault::AnswersForgotten, fund_twice, [100, 200].map(Decimal::from_int));
}
