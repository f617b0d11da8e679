//! A hundred thousand joint moves of four underlyings, 196 options and four perpetuals revalued in full, and the tail:
//! what `tools/bench/run.py` runs beside numpy. The number of moves may be given.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark measures with the clock and prints"
)]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_book::gains;
use plimsoll_core::Underlying;
use plimsoll_margin::revaluation::{Moves, Revaluation, tail};
use plimsoll_margin::scenario::ShockRules;
use support::random::Random;

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const COINS: [(&str, i64); 4] = [("BTC", 60_000), ("ETH", 3_000), ("SOL", 150), ("BNB", 600)];

fn main() {
    let count = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(100_000);
    let book = support::book(&text());
    let moves = drawn(count);
    let of = Revaluation::new(&book.account, &book.market, &moves, &ShockRules::ALIKE).unwrap();
    for threads in [1, 2] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let mut found = None;
        let least = (0..5).map(|_| {
            let start = Instant::now();
            found = tail(&mut gains(black_box(&of), threads), 0.99);
            start.elapsed().as_secs_f64() * 1e9
        });
        let nanos = least.fold(f64::INFINITY, f64::min);
        let positions = book.account.portfolio.positions.len();
        println!(
            "{count} moves of {positions} positions on {threads} threads: {:.1} ms, {:.1} ns a value; {found:?}",
            nanos / 1e6,
            nanos / (count * positions) as f64
        );
        if threads.get() == 1 {
            println!("plimsoll|monte_carlo|{nanos:.0}");
        }
    }
}

/// 49 options and a perpetual on each coin, long and short.
fn text() -> String {
    let mut text = String::from("price USDC 1\n");
    for (coin, index) in COINS {
        writeln!(text, "index {coin} {index}\nmark {coin}_USDC-PERPETUAL {index}\nposition {coin}_USDC-PERPETUAL 3")
            .unwrap();
        let mut left = 49;
        for (name, day) in
            [("26JUN26", "2026-06-26"), ("31JUL26", "2026-07-31"), ("25SEP26", "2026-09-25"), ("25DEC26", "2026-12-25")]
        {
            writeln!(text, "forward {coin} {day}T08:00:00Z {index} vol 0.6").unwrap();
            for percent in [70, 80, 90, 100, 110, 120, 140] {
                for (right, quantity) in [("C", 2), ("P", -1)] {
                    if left > 0 {
                        let strike = index * percent / 100;
                        writeln!(text, "position {coin}_USDC-{name}-{strike}-{right} {quantity}").unwrap();
                        left -= 1;
                    }
                }
            }
        }
    }
    text
}

/// Sums of four even draws: bell-shaped enough for a benchmark. Coins share half of their moves.
fn drawn(count: usize) -> BTreeMap<Underlying, Moves> {
    let mut random = Random(3);
    let mut bell = |size: f64| {
        let sum: f64 = (0..4).map(|_| random.below(1_000_000) as f64 / 1e6 - 0.5).sum();
        sum * size
    };
    let shared: Vec<f64> = (0..count).map(|_| bell(0.05)).collect();
    let mut all = BTreeMap::new();
    for (coin, _) in COINS {
        let price = shared.iter().map(|shared| shared + bell(0.05)).collect();
        let vol = shared.iter().map(|shared| bell(0.1) - shared).collect();
        all.insert(coin.parse().unwrap(), Moves { price, vol });
    }
    all
}
