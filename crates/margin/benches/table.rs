//! The risk table through the models' public path: 1,600 options × 32 scenarios, rounding to grains
//! included, and an account pass over it. `tools/bench/run.py` runs it beside numpy.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark measures with the clock and prints"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_core::Decimal;
use plimsoll_margin::array::{Holding, RowKey, Table, TableSpec};
use plimsoll_margin::models::plimsoll::PlimsollParameters;
use plimsoll_margin::scenario::Scenario;

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn median_us(mut job: impl FnMut()) -> f64 {
    let mut runs: Vec<f64> = (0..51)
        .map(|_| {
            let start = Instant::now();
            job();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

fn main() {
    let mut text = String::from("index BTC 60000\n");
    let expiries =
        [("26JUN26", "2026-06-26"), ("31JUL26", "2026-07-31"), ("25SEP26", "2026-09-25"), ("25DEC26", "2026-12-25")];
    for (name, day) in expiries {
        writeln!(text, "forward BTC {day}T08:00:00Z 60500 vol 0.6").unwrap();
        for strike in (0..200).map(|at| 20_000 + 500 * at) {
            writeln!(text, "position BTC-{name}-{strike}-C 1\nposition BTC-{name}-{strike}-P 1").unwrap();
        }
    }
    let book = support::book(&text);
    let parameters = PlimsollParameters::default();
    let underlying = "BTC".parse().unwrap();
    let keys: Vec<RowKey> = book.account.portfolio.positions.iter().map(|p| RowKey::Instrument(p.instrument)).collect();
    let scenarios: Vec<Scenario> = (0..32)
        .map(|at| Scenario::price_and_vol(Decimal::new(at * 10 - 155, 3), Decimal::new(25 * (at % 3 - 1), 2)))
        .collect();
    let spec = TableSpec {
        market: &book.market,
        underlying,
        coin: Some(underlying.asset()),
        scenarios: scenarios.into(),
        rules: &parameters.rules,
        grain: parameters.grain,
        balance_lot: &|_| Decimal::ONE,
        counted: plimsoll_margin::array::Counted::PnlPerLot,
    };
    let table = Table::build(&spec, &keys).unwrap();
    assert!(table.is_narrow() && table.rows().len() == 1_600);
    let build = median_us(|| {
        black_box(Table::build(&spec, &keys).unwrap());
    });
    println!("plimsoll|risk_table|{:.0}", build * 1e3);
    let holdings: Vec<Holding> = (0..20).map(|at| Holding { row: at * 37 % 1_600, lots: 5 }).collect();
    let pass = median_us(|| {
        black_box(table.sums(black_box(&holdings), 0..32));
    });
    println!("sums of 20 positions x 32 scenarios: {:.0} ns", pass * 1e3);
}
