//! A venue's day in small: orders, cancels, fills and the rest on many accounts, with prices on ten underlyings once for
//! every five thousand commands; in memory, durable, read back, and at rates that wait for nobody.
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
use std::time::{Duration, Instant};

use plimsoll_core::{Encode, Timestamp};
use plimsoll_engine::{Book, Command, State, step};
use plimsoll_journal::files::Disk;
use plimsoll_journal::{Log, Segments};
use plimsoll_node::{Answer, Answered, Follower, Node, Options, Request};
use venue::{POSITIONS, PRICES_EVERY, Random, World, batch};

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
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
    println!(
        "| commands/s offered | reached | p50, ms | p99 | p99.9 | prices p50 | p99 | p99.9 |\n|---|---|---|---|---|---|---|---|"
    );
    for rate in [10_000, 20_000, 40_000, 60_000, 80_000] {
        // Twenty price batches a second.
        let commands = world.commands(5 * rate, rate / 20, &mut Random(6));
        open_loop(&world, &commands, rate as f64);
    }
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

fn request(number: usize, command: &Command) -> Request {
    Request { client: "bench".into(), number: number as u64 + 1, command: command.clone() }
}

/// A node of its own in `folder`, everybody margined once.
fn begun(folder: &Path, world: &World) -> Node<Segments<Disk>> {
    let mut node = Node::over(open(folder), world.state.clone(), Options::default()).unwrap();
    let (now, prices) = first(world);
    node.submit(request(0, &prices), now);
    node.commit(now).unwrap();
    node
}

fn carried_out(answered: &[Answered]) -> usize {
    answered.iter().filter(|each| matches!(each.decided.answer, Answer::Done(_))).count()
}

/// Commits of 1,024 commands a frame, each waited for; then as many a frame as came while the last was written.
fn durable(world: &World, commands: &[(Timestamp, Command)]) {
    let folder = folder();
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
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
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
    std::fs::remove_dir_all(folder).unwrap();
}

fn recovered(folder: &Path, state: &State, commands: usize) {
    let start = Instant::now();
    let log = open(folder);
    let opened = start.elapsed();
    let follower = Follower::of(&log).unwrap().unwrap();
    let followed = (start.elapsed() - opened).as_secs_f64();
    let same = follower.state() == state;
    println!(
        "recovered: log opened in {:.2} s; snapshot and {commands} commands in {followed:.2} s; the same state: {same}",
        opened.as_secs_f64(),
    );
}

/// Commands that come at their times whether or not the last are done: from then until their answer is durable.
fn open_loop(world: &World, commands: &[(Timestamp, Command)], rate: f64) {
    let folder = folder();
    let (mut node, writer) = begun(&folder, world).write_behind();
    let writer = std::thread::spawn(move || writer.run());
    let due = |number: usize| number as f64 / rate;
    let (start, mut next) = (Instant::now(), 0);
    let (mut taken, mut prices) = (Vec::with_capacity(commands.len()), Vec::new());
    while taken.len() < commands.len() {
        let now = start.elapsed().as_secs_f64();
        // A few, then a look at what became durable.
        let until = commands.len().min(next + 64);
        let before = next;
        while next < until && due(next) <= now {
            let (at, command) = &commands[next];
            node.submit(request(next + 1, command), *at);
            next += 1;
        }
        let at = commands[next.saturating_sub(1)].0;
        let answered = node.commit(at).unwrap();
        let now = start.elapsed().as_secs_f64();
        for each in &answered {
            let number = each.decided.request.number as usize - 2;
            taken.push(now - due(number));
            if matches!(each.decided.request.command, Command::Prices(_)) {
                prices.push(now - due(number));
            }
        }
        if before == next && answered.is_empty() {
            std::thread::yield_now();
        }
    }
    let spent = start.elapsed().as_secs_f64();
    let [all, of_prices] = [taken, prices].map(|mut of| {
        of.sort_by(f64::total_cmp);
        [0.5, 0.99, 0.999].map(|share| of[((of.len() - 1) as f64 * share) as usize] * 1e3).map(|ms| format!("{ms:.1}"))
    });
    let reached = commands.len() as f64 / spent;
    println!("| {rate:.0} | {reached:.0} | {} | {} |", all.join(" | "), of_prices.join(" | "));
    drop(node);
    drop(writer.join().unwrap());
    std::fs::remove_dir_all(folder).unwrap();
}
