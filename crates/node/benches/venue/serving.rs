//! A node of a venue's own, in a folder of its own.

use std::path::{Path, PathBuf};

use plimsoll_core::Timestamp;
use plimsoll_engine::Command;
use plimsoll_journal::Segments;
use plimsoll_journal::files::Disk;
use plimsoll_node::{Node, Options, Request};

use super::{World, batch};

/// The first price margins everybody once, and issues certificates.
pub fn first(world: &World) -> (Timestamp, Command) {
    let now = Timestamp::from_nanos(world.now.nanos() + 1);
    (now, Command::Prices(batch(now, &world.indices)))
}

/// The folder, empty.
pub fn anew() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("plimsoll-bench-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn open(folder: &Path) -> Segments<Disk> {
    Segments::open(Disk::open(folder).unwrap(), plimsoll_journal::Options::default()).unwrap().0
}

pub fn request(number: usize, command: &Command) -> Request {
    Request { client: "bench".into(), number: number as u64 + 1, command: command.clone() }
}

/// A node of its own in `folder`, everybody margined once.
pub fn begun(folder: &Path, world: &World) -> Node<Segments<Disk>> {
    let mut node = Node::over(open(folder), world.state.clone(), Options::default()).unwrap();
    let (now, prices) = first(world);
    node.submit(request(0, &prices), now);
    node.commit(now).unwrap();
    node
}
