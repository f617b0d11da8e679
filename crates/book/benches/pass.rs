//! Making a pass for many accounts: flat and by group, on books of several shapes, from a thousand accounts up.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark measures with the clock and prints"
)]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant;

use plimsoll_book::{AccountId, Book, Sweep};
use plimsoll_margin::models::{Held, by_name};
use plimsoll_margin::pass::{Combine, Fold, Pass, Share};
use plimsoll_numerics::Level;
use support::random::Random;

const POSITIONS: usize = 20;

/// How contracts are drawn.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// All alike.
    Uniform,
    /// The nearest to the money most often.
    Popular,
}

fn main() {
    let accounts: u32 = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let source = chain(1_600);
    let model = by_name("paradex-portfolio").unwrap();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let scan = judge.passes().remove(0);
    let flat = Pass { columns: 0..scan.columns.len().min(32), ..scan };
    println!(
        "{accounts} accounts x {POSITIONS} positions x {} scenarios, {} rows",
        flat.columns.len(),
        flat.table.rows().len()
    );
    let grouped = Pass { combine: Combine::SumOfWorsts, ..flat.clone() };
    let share = Share::new(60_000).unwrap();
    let sides = Pass { fold: Fold::Sides { gains: share, losses: Share::WHOLE }, ..flat.clone() };
    for shape in [Shape::Uniform, Shape::Popular] {
        let book = filled(&flat, accounts, shape);
        let shelf = &book.shelves()[0];
        let each = f64::from(accounts);
        println!(
            "{shape:?}: {:.1} bytes an account, {:.1} a position",
            bytes(&book) / each,
            bytes(&book) / each / 20.0
        );
        for level in Level::available() {
            for (name, pass) in [("flat", &flat), ("sum of worsts", &grouped), ("sides", &sides)] {
                let sweep = Sweep::new(pass.clone()).at(*level);
                for threads in [1, 2] {
                    let count = NonZeroUsize::new(threads).unwrap();
                    let least = least(|| {
                        black_box(sweep.all(shelf, count));
                    });
                    println!(
                        "  {level:?} {name}, {threads} threads: {:.1} ms, {:.1} ns an account",
                        least * 1e3,
                        least * 1e9 / each
                    );
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn bytes(book: &Book) -> f64 {
    book.bytes() as f64
}

/// A market with so many options on one coin, in four expiries, and an account that holds one of each.
fn chain(options: u32) -> support::Book {
    let mut text =
        String::from("index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nposition BTC_USDC-PERPETUAL 1\n");
    let expiries =
        [("26JUN26", "2026-06-26"), ("31JUL26", "2026-07-31"), ("25SEP26", "2026-09-25"), ("25DEC26", "2026-12-25")];
    for (name, day) in expiries {
        writeln!(text, "forward BTC {day}T08:00:00Z 60500 vol 0.6").unwrap();
        for strike in (0..options / 8).map(|at| 20_000 + 500 * at) {
            writeln!(text, "position BTC_USDC-{name}-{strike}-C 1\nposition BTC_USDC-{name}-{strike}-P -1").unwrap();
        }
    }
    support::book(&text)
}

fn filled(pass: &Pass<'_>, accounts: u32, shape: Shape) -> Book {
    let mut book = Book::new([pass.table]).unwrap();
    let mut random = Random(7);
    let rows = i64::try_from(pass.table.rows().len()).unwrap();
    for account in 0..accounts {
        for _ in 0..POSITIONS {
            let row = match shape {
                Shape::Uniform => random.below(rows),
                // The product of two leans to the low end.
                Shape::Popular => random.below(rows) * random.below(rows) / rows,
            };
            let place = book.place(pass.table.rows()[usize::try_from(row).unwrap()].key).unwrap();
            book.fill(AccountId(account), place, random.signed(1_000)).unwrap();
        }
    }
    book.compact();
    book
}

/// Seconds of the fastest of some runs.
fn least(work: impl Fn()) -> f64 {
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..7).map(run).fold(f64::INFINITY, f64::min)
}
