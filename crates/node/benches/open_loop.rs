//! Commands that come at their times whether or not the last are done: how long each takes from when it is due until its
//! answer is durable, with the log written behind the engine and with every frame waited for.
//!
//! `cargo bench -p plimsoll-node --bench open_loop [-- ACCOUNTS SECONDS]`
#![allow(
    clippy::unwrap_used,
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

use std::thread;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_core::Timestamp;
use plimsoll_engine::Command;
use plimsoll_journal::Segments;
use plimsoll_journal::files::Disk;
use plimsoll_node::{Answered, Node, Request, WriteBehind};
use venue::serving::{anew, begun, request};
use venue::{POSITIONS, Random, World};

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Commands a second.
const RATES: [usize; 5] = [10_000, 20_000, 40_000, 60_000, 80_000];
/// Batches of prices of everything, a second.
const PRICES: usize = 20;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let accounts = asked.first().copied().unwrap_or(100_000);
    let seconds = asked.get(1).copied().unwrap_or(5);
    let world = World::new(accounts as i64, POSITIONS, &mut Random(5));
    println!("{accounts} accounts of up to {POSITIONS} positions, {seconds} s each; latencies in ms");
    println!(
        "| log | offered | reached | p50 | p99 | p99.9 | prices p50 | p99 | p99.9 |\n|---|---|---|---|---|---|---|---|---|"
    );
    for rate in RATES {
        let commands = world.commands(seconds * rate, rate / PRICES, &mut Random(6));
        let (mut node, writer) = begun(&anew(), &world).write_behind();
        let writer = thread::spawn(move || writer.run());
        told("behind", rate, &offered(&mut node, &commands, rate));
        drop(node);
        drop(writer.join().unwrap());
        told("waited for", rate, &offered(&mut begun(&anew(), &world), &commands, rate));
    }
    std::fs::remove_dir_all(anew()).unwrap();
}

/// What can be asked, and how many at once before somebody looks at what is durable.
trait Serves {
    const AT_ONCE: usize;
    fn ask(&mut self, request: Request, at: Timestamp);
    fn answers(&mut self, at: Timestamp) -> Vec<Answered>;
}

impl Serves for WriteBehind {
    const AT_ONCE: usize = 64;

    fn ask(&mut self, request: Request, at: Timestamp) {
        self.submit(request, at);
    }

    fn answers(&mut self, at: Timestamp) -> Vec<Answered> {
        self.commit(at).unwrap()
    }
}

/// All that is due is one frame, as large as the last one's sync made it.
impl Serves for Node<Segments<Disk>> {
    const AT_ONCE: usize = 4_096;

    fn ask(&mut self, request: Request, at: Timestamp) {
        self.submit(request, at);
    }

    fn answers(&mut self, at: Timestamp) -> Vec<Answered> {
        self.commit(at).unwrap()
    }
}

/// Seconds from when a command was due until its answer was durable: of all, and of prices; and how long it took together.
struct Taken {
    all: Vec<f64>,
    prices: Vec<f64>,
    spent: f64,
}

fn offered<S: Serves>(node: &mut S, commands: &[(Timestamp, Command)], rate: usize) -> Taken {
    let due = |number: usize| number as f64 / rate as f64;
    let (start, mut next) = (Instant::now(), 0);
    let mut taken = Taken { all: Vec::with_capacity(commands.len()), prices: Vec::new(), spent: 0.0 };
    while taken.all.len() < commands.len() {
        let now = start.elapsed().as_secs_f64();
        let until = commands.len().min(next + S::AT_ONCE);
        let before = next;
        while next < until && due(next) <= now {
            let (at, command) = &commands[next];
            node.ask(request(next + 1, command), *at);
            next += 1;
        }
        let answered = node.answers(commands[next.saturating_sub(1)].0);
        taken.spent = start.elapsed().as_secs_f64();
        for each in &answered {
            let latency = taken.spent - due(each.decided.request.number as usize - 2);
            taken.all.push(latency);
            if matches!(each.decided.request.command, Command::Prices(_)) {
                taken.prices.push(latency);
            }
        }
        if before == next && answered.is_empty() {
            thread::yield_now();
        }
    }
    taken
}

fn told(log: &str, rate: usize, Taken { all, prices, spent }: &Taken) {
    let reached = all.len() as f64 / spent;
    let [all, prices] = [all, prices].map(|of| {
        let mut of = of.clone();
        of.sort_by(f64::total_cmp);
        [0.5, 0.99, 0.999].map(|share| format!("{:.1}", of[((of.len() - 1) as f64 * share) as usize] * 1e3)).join(" | ")
    });
    println!("| {log} | {rate} | {reached:.0} | {all} | {prices} |");
}
