//! A log that the first version wrote: later ones fold it to the state that it made.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "../../engine/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_journal::files::Disk;
use plimsoll_journal::{Options, Segments};
use plimsoll_node::{Follower, Node, Request};
use support::{Random, Venue, asset, draw, time};

/// Small, so that it can be kept here.
const SEGMENT: Options = Options { segment_bytes: 1 << 14 };

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

#[test]
fn the_log_of_version_one_folds_to_the_state_that_it_made() {
    let (log, opened) = Segments::open(Disk::view(folder()), SEGMENT).unwrap();
    assert!(opened.truncated.is_none());
    let mut follower = Follower::of(&log).unwrap().unwrap();
    let root = fs::read_to_string(folder().join("root.txt")).unwrap();
    assert_eq!(follower.root().to_string(), root.trim());
}

/// `cargo test -p plimsoll-node --test golden -- --ignored` writes the log anew; one that was released is never changed.
#[test]
#[ignore = "writes the log that the other test reads"]
fn write_golden() {
    let _ = fs::remove_dir_all(folder());
    fs::create_dir_all(folder()).unwrap();
    let log = Segments::open(Disk::open(folder()).unwrap(), SEGMENT).unwrap().0;
    let options = plimsoll_node::Options { checkpoint_every: 20, ..plimsoll_node::Options::default() };
    let mut node = Node::open(log, asset("USD"), time(support::START), options).unwrap();
    let (mut random, mut venue) = (Random(21), Venue::new());
    venue.open_traders();
    for at in 0..80 {
        venue.wait(random.below(50_000));
        let command = draw(&mut random, &venue.state, venue.now, at, (&mut 60_000, &mut 3_000));
        let _ = venue.ask(&command);
    }
    for (number, (at, command)) in (1..).zip(venue.commands.clone()) {
        node.submit(Request { client: "golden".into(), number, command }, at);
        node.commit(at).unwrap();
    }
    let mut follower = Follower::of(node.log()).unwrap().unwrap();
    fs::write(folder().join("root.txt"), format!("{}\n", follower.root())).unwrap();
    drop(node);
    let _ = fs::remove_file(folder().join("lock"));
}
