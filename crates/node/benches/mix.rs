//! A venue's day in small: orders, cancels, fills and the rest on many accounts, with prices on ten underlyings once for
//! every five thousand commands; in memory, durable, and read back.
//!
//! `cargo bench -p plimsoll-node --bench mix [-- ACCOUNTS COMMANDS]`
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a benchmark measures with the clock and prints"
)]

mod venue;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_core::{Encode, Timestamp};
use plimsoll_engine::{Book, Command, step};
use plimsoll_journal::files::Disk;
use plimsoll_journal::{Log, Segments};
use plimsoll_node::{Answer, Follower, Node, Options, Request};
use venue::{POSITIONS, Random, World, batch};

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let accounts = asked.first().copied().unwrap_or(100_000);
    let count = asked.get(1).copied().unwrap_or(200_000);
    let mut random = Random(5);
    let start = Instant::now();
    let world = World::new(accounts as i64, POSITIONS, &mut random);
    let commands = world.commands(count, &mut random);
    let (made, facts) = (start.elapsed().as_secs_f64(), world.state.encoded().len() / accounts);
    println!("{accounts} accounts made in {made:.1} s; {facts} bytes of facts each");
    in_memory(&world, &commands);
    durable(&world, &commands);
}

/// The first price margins everybody once, and issues certificates.
fn first(world: &World) -> (Timestamp, Command) {
    let now = Timestamp::from_nanos(world.now.nanos() + 1);
    (now, Command::Prices(batch(now, &world.indices)))
}

fn in_memory(world: &World, commands: &[(Timestamp, Command)]) {
    let (mut state, mut book) = (world.state.clone(), Book::new());
    let (now, prices) = first(world);
    let start = Instant::now();
    step(&mut state, &mut book, &prices, now).unwrap();
    println!("first price of a book: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let names = ["place", "cancel", "trade", "deposit", "prices"];
    let mut spent = [(0_usize, 0_usize, Duration::ZERO); 5];
    for (at, command) in commands {
        let kind = match command {
            Command::Place { .. } => 0,
            Command::Cancel { .. } => 1,
            Command::Trade { .. } => 2,
            Command::Deposit { .. } => 3,
            _ => 4,
        };
        let start = Instant::now();
        let decided = step(&mut state, &mut book, command, *at);
        spent[kind].2 += start.elapsed();
        spent[kind].0 += 1;
        spent[kind].1 += usize::from(decided.is_err());
    }
    let (mut all, mut done) = (Duration::ZERO, 0);
    for (name, (count, refused, time)) in names.into_iter().zip(spent) {
        all += time;
        done += count - refused;
        let each = time.as_secs_f64() * 1e6 / count.max(1) as f64;
        println!("  {name}: {count}, {refused} refused, {each:.1} us each, {:.0} ms in all", time.as_secs_f64() * 1e3);
    }
    println!("in memory: {:.0} commands/s carried out", done as f64 / all.as_secs_f64());
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("plimsoll-mix-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn open(folder: &Path) -> Segments<Disk> {
    Segments::open(Disk::open(folder).unwrap(), plimsoll_journal::Options::default()).unwrap().0
}

/// Through a node that commits 1,024 commands a frame.
fn durable(world: &World, commands: &[(Timestamp, Command)]) {
    let folder = folder();
    let mut node = Node::over(open(&folder), world.state.clone(), Options::default()).unwrap();
    let client: Arc<str> = "bench".into();
    let request = |number: usize, command: &Command| {
        let (client, command) = (Arc::clone(&client), command.clone());
        Request { client, number: number as u64 + 1, command }
    };
    let (now, prices) = first(world);
    node.submit(request(0, &prices), now);
    node.commit(now).unwrap();
    let (start, mut done) = (Instant::now(), 0);
    for (number, (at, command)) in commands.iter().enumerate() {
        node.submit(request(number + 1, command), *at);
        if node.waiting() >= 1_024 || number + 1 == commands.len() {
            let answered = node.commit(*at).unwrap();
            done += answered.iter().filter(|each| matches!(each.decided.answer, Answer::Done(_))).count();
        }
    }
    let spent = start.elapsed().as_secs_f64();
    println!("durable: {:.0} commands/s carried out; log of {} records", done as f64 / spent, node.log().last());
    let state = node.state().clone();
    drop(node);
    let start = Instant::now();
    let log = open(&folder);
    let opened = start.elapsed();
    let follower = Follower::of(&log).unwrap().unwrap();
    let followed = (start.elapsed() - opened).as_secs_f64();
    let same = *follower.state() == state;
    println!(
        "recovered: log opened in {:.2} s; snapshot and {} commands in {followed:.2} s; the same state: {same}",
        opened.as_secs_f64(),
        commands.len(),
    );
    std::fs::remove_dir_all(folder).unwrap();
}
