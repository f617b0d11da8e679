//! How much simulated time a second of one core is: `cargo bench -p plimsoll-simulation --bench ratio [-- SEED HOURS RATE faults|calm ACCOUNTS]`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark measures with the clock and prints"
)]

use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_simulation::{Plan, run};

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let word = |at: usize, own: &str| asked.get(at).cloned().unwrap_or_else(|| own.to_owned());
    let plan = Plan {
        seed: word(0, "1").parse().unwrap(),
        hours: word(1, "0.1").parse().unwrap(),
        commands_per_second: word(2, "50").parse().unwrap(),
        faults: word(3, "faults") == "faults",
        accounts: word(4, "500").parse().unwrap(),
    };
    let start = Instant::now();
    let report = run(plan);
    let (real, simulated) = (start.elapsed().as_secs_f64(), report.simulated_ns as f64 / 1e9);
    for broken in &report.broken {
        println!("{broken}");
    }
    println!("{:?}\n{:?}\n{:?}", report.refused, report.faults, report.checks);
    println!(
        "{simulated:.0} s in {real:.2} s: {:.0} x; {} commands, {} events, {} changes of level, {} recoveries; chain {}",
        simulated / real,
        report.commands,
        report.events,
        report.levels,
        report.recoveries,
        report.chain,
    );
}
