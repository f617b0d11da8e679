//! Re-margining accounts once tables are built: 1,000 accounts × 20 positions under each scenario model.
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

use std::hint::black_box;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_core::Decimal;
use plimsoll_margin::Account;
use plimsoll_margin::equity::net_assets;
use plimsoll_margin::models::{Held, by_name};
use support::random::Random;

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const ACCOUNTS: usize = 1_000;
const POSITIONS: usize = 20;
/// Models that revalue accounts under scenarios.
const MODELS: [&str; 10] = [
    "plimsoll",
    "derive-pmrm2",
    "derive-pmrm",
    "deribit-portfolio",
    "okx-portfolio",
    "bybit-portfolio",
    "paradex-portfolio",
    "span",
    "tims",
    "greeks",
];

fn main() {
    let book = support::chain(35_000, 1_000, 50);
    let mut random = Random(7);
    let accounts: Vec<Account> = (0..ACCOUNTS)
        .map(|_| {
            let mut account = book.account.clone();
            let all = std::mem::take(&mut account.portfolio.positions);
            account.portfolio.positions = (0..POSITIONS)
                .map(|_| {
                    let mut position = all[usize::try_from(random.below(401)).unwrap()].clone();
                    position.quantity.0 = Decimal::from_int(random.signed(9) * 2 + 1);
                    position
                })
                .collect();
            account
        })
        .collect();
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let chosen = MODELS.iter().filter(|name| asked.is_empty() || asked.iter().any(|asked| asked == *name));
    for name in chosen {
        let model = by_name(name).unwrap();
        let judge = model.prepare(&book.market, &Held::by([&book.account])).unwrap();
        let assets: Vec<_> =
            accounts.iter().map(|account| net_assets(&account.portfolio, &book.market).unwrap()).collect();
        let (amounts, least) = times(|| {
            for (account, assets) in accounts.iter().zip(&assets) {
                black_box(judge.amounts(account, assets).unwrap());
            }
        });
        print!("{name}: {ACCOUNTS} accounts x {POSITIONS} positions: amounts {amounts:.1} ms (at least {least:.1})");
        // Models that are asked for by name are looked at closely: a profile of one thing.
        if asked.is_empty() {
            let (explained, _) = times(|| {
                for (account, assets) in accounts.iter().zip(&assets) {
                    black_box(judge.requirement(account, assets).unwrap());
                }
            });
            print!(", explained {explained:.1} ms");
        }
        println!();
    }
}

/// Milliseconds: the median, and the least, which neighbours on the machine disturbed least.
fn times(work: impl Fn()) -> (f64, f64) {
    let mut runs: Vec<f64> = (0..51)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    (runs[runs.len() / 2], runs[0])
}
