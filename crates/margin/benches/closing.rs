//! Liquidation plans: what each policy costs on a standard set of books, and how long a plan takes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark measures with the clock and prints"
)]

#[path = "../tests/closing_support/mod.rs"]
mod closing_support;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use closing_support::{Case, standard};
use plimsoll_core::Rounding;
use plimsoll_margin::answers::closing::Policy;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    println!(
        "| book | positions | policy | cures | cost | steps | of largest loss first | ms |\n|---|---|---|---|---|---|---|---|"
    );
    for (name, case) in standard() {
        if !asked.is_empty() && !asked.iter().any(|asked| name.contains(asked.as_str())) {
            continue;
        }
        let base = case.plan(Policy::LargestLossFirst).unwrap();
        for policy in Policy::ALL {
            let plan = case.plan(policy).unwrap();
            let share = if base.cures() && plan.cures() {
                format!("{:.2}", support::random::ratio(plan.cost, base.cost))
            } else {
                "–".to_owned()
            };
            println!(
                "| {name} | {} | {policy} | {} | {} | {} | {share} | {:.2} |",
                case.book.account.portfolio.positions.len(),
                if plan.cures() { "yes" } else { "no" },
                plan.cost.rounded(0, Rounding::HalfEven).unwrap(),
                plan.steps.len(),
                median(&case, policy)
            );
        }
    }
}

/// Milliseconds of a plan, the judge prepared.
fn median(case: &Case, policy: Policy) -> f64 {
    let listing = case.book.market.listing();
    let known: Vec<_> = listing.iter().map(|(id, _)| case.liquidity(id)).collect();
    let mut runs = Vec::new();
    let begun = Instant::now();
    while runs.is_empty() || (runs.len() < 21 && begun.elapsed().as_secs_f64() < 1.0) {
        let start = Instant::now();
        std::hint::black_box(case.plan_at(policy, &|id| known[id.index()]).unwrap());
        runs.push(start.elapsed().as_secs_f64() * 1e3);
    }
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}
