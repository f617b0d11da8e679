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

use std::path::Path;
use std::time::{Duration, Instant};

use mimalloc::MiMalloc;
use plimsoll_core::{Encode, Timestamp};
use plimsoll_engine::{Book, Command, State, step};
use plimsoll_journal::Log;
use plimsoll_node::{Answer, Answered, Follower, Node, Options};
use venue::serving::{anew, begun, first, open, request};
use venue::{POSITIONS, PRICES_EVERY, Random, World, batch, indices};

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What is left of a second once prices have come so often is for commands.
const PRICES_A_SECOND: f64 = 20.0;
/// Asks for a log to be opened again: `again FOLDER NANOS`.
const AGAIN: &str = "again";

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let [_, word, folder, last] = words.as_slice()
        && word == AGAIN
    {
        return again(Path::new(folder), Timestamp::from_nanos(last.parse().unwrap()));
    }
    let asked: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let accounts = asked.first().copied().unwrap_or(100_000);
    let count = asked.get(1).copied().unwrap_or(200_000);
    let mut random = Random(5);
    let start = Instant::now();
    let world = World::new(accounts as i64, POSITIONS, &mut random);
    let commands = world.commands(count, PRICES_EVERY, &mut random);
    let (made, facts) = (start.elapsed().as_secs_f64(), world.state.encoded().len() / accounts);
    println!("{accounts} accounts made in {made:.1} s; {facts} bytes of facts each");
    in_memory(&world, &commands);
    durable(&world, &commands);
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
    // At this speed prices come more often than they would.
    let (batches, _, of_prices) = spent[4];
    let carried_out = (done - batches) as f64 / (all - of_prices).as_secs_f64();
    let left = 1.0 - PRICES_A_SECOND * of_prices.as_secs_f64() / batches.max(1) as f64;
    println!("with prices twenty times a second: {:.0} commands/s carried out", carried_out * left);
}

fn carried_out(answered: &[Answered]) -> usize {
    answered.iter().filter(|each| matches!(each.decided.answer, Answer::Done(_))).count()
}

/// Commits of 1,024 commands a frame, each waited for; then as many a frame as came while the last was written.
fn durable(world: &World, commands: &[(Timestamp, Command)]) {
    let folder = anew();
    let mut node = begun(&folder, world);
    let (start, mut done) = (Instant::now(), 0);
    for (number, (at, command)) in commands.iter().enumerate() {
        node.submit(request(number + 1, command), *at);
        if node.waiting() >= 1_024 || number + 1 == commands.len() {
            done += carried_out(&node.commit(*at).unwrap());
        }
    }
    println!("durable, frames waited for: {:.0} commands/s carried out", done as f64 / start.elapsed().as_secs_f64());
    drop(node);
    let folder = anew();
    let (mut node, writer) = begun(&folder, world).write_behind();
    let writer = std::thread::spawn(move || writer.run());
    let (start, mut done) = (Instant::now(), 0);
    for (number, (at, command)) in commands.iter().enumerate() {
        node.submit(request(number + 1, command), *at);
        if node.waiting() >= 256 {
            done += carried_out(&node.commit(*at).unwrap());
        }
    }
    done += carried_out(&node.flush(commands.last().unwrap().0).unwrap());
    let spent = start.elapsed().as_secs_f64();
    let state = node.state().clone();
    drop(node);
    let last = writer.join().unwrap().last();
    println!("durable, written behind: {:.0} commands/s carried out; log of {last} records", done as f64 / spent);
    recovered(&folder, &state, commands.len());
    drop(state);
    serving_again(&folder, commands.last().unwrap().0);
    std::fs::remove_dir_all(folder).unwrap();
}

fn recovered(folder: &Path, state: &State, commands: usize) {
    let start = Instant::now();
    let log = open(folder);
    let opened = start.elapsed();
    let threads = std::thread::available_parallelism().unwrap();
    let mut follower = Follower::start(&log, threads).unwrap().unwrap();
    let begun = start.elapsed();
    follower.follow(&log, log.last()).unwrap();
    let (loaded, followed) = ((begun - opened).as_secs_f64(), (start.elapsed() - begun).as_secs_f64());
    let same = follower.state() == state;
    println!(
        "recovered on {threads} threads: log opened in {:.2} s, snapshot in {loaded:.2} s, {commands} commands folded and \
         compared in {followed:.2} s; the same state: {same}",
        opened.as_secs_f64(),
    );
}

/// From a log that was closed to the first price that is answered, in a process of its own.
fn serving_again(folder: &Path, last: Timestamp) {
    let own = std::env::current_exe().unwrap();
    let words = [AGAIN.into(), folder.as_os_str().to_owned(), last.nanos().to_string().into()];
    assert!(std::process::Command::new(own).args(words).status().unwrap().success());
}

fn again(folder: &Path, last: Timestamp) {
    let (start, threads) = (Instant::now(), std::thread::available_parallelism().unwrap());
    let now = Timestamp::from_nanos(last.nanos() + 1_000_000_000);
    let options = Options { threads, ..Options::default() };
    let mut node = Node::open(open(folder), "USD".parse().unwrap(), now, options).unwrap();
    let opened = start.elapsed().as_secs_f64();
    node.submit(request(now.nanos() as usize, &Command::Prices(batch(now, &indices()))), now);
    assert_eq!(carried_out(&node.commit(now).unwrap()), 1);
    let answered = start.elapsed().as_secs_f64();
    println!("serving again on {threads} threads: open in {opened:.2} s, first price answered after {answered:.2} s");
}
