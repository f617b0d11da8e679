//! Random days, and a node that checks itself often.
#![allow(dead_code, reason = "each test file uses its share")]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

#[path = "../../../engine/tests/support/mod.rs"]
pub mod support;

use std::sync::Arc;

use plimsoll_core::Timestamp;
use plimsoll_engine::Command;
use plimsoll_journal::Log;
use plimsoll_node::{Node, Options, Request};
use support::{Random, Venue, asset, draw, time};

pub const OPTIONS: Options = Options { checkpoint_every: 100, threads: std::num::NonZeroUsize::MIN };

pub fn open<L: Log>(log: L) -> Node<L> {
    Node::open(log, asset("USD"), time(support::START), OPTIONS).unwrap()
}

/// The commands that set a small venue up, then `count` random ones, each with its time.
pub fn day(seed: u64, count: usize) -> Vec<(Timestamp, Command)> {
    let mut random = Random(seed);
    let mut venue = Venue::new();
    venue.open_traders();
    let mut commands = venue.commands.clone();
    let (mut btc, mut eth) = (60_000, 3_000);
    for at in 0..count {
        venue.wait(random.below(1_000));
        let command = draw(&mut random, &venue.state, venue.now, at, (&mut btc, &mut eth));
        let _ = venue.ask(&command);
        commands.push((venue.now, command));
    }
    commands
}

pub fn request(number: usize, command: &Command) -> Request {
    let client: Arc<str> = if number.is_multiple_of(3) { "gateway-1".into() } else { "gateway-2".into() };
    Request { client, number: number as u64 + 1, command: command.clone() }
}
