//! Many accounts under maintenance margin at one tick: what the tick takes, plans and events and all.
//!
//! `cargo bench -p plimsoll-node --bench under [-- ACCOUNTS POSITIONS SHARES]`
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

use std::num::NonZeroUsize;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_core::{AccountId, Amount, Decimal, Rounding, Timestamp};
use plimsoll_engine::step::explain;
use plimsoll_engine::{Book, Command, Event, House, Leg, State, evolve, step};
use venue::{POSITIONS, Random, World, batch};

/// As the binary does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let asked: Vec<i64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let accounts = asked.first().copied().unwrap_or(10_000);
    let positions = asked.get(1).copied().unwrap_or(POSITIONS);
    let world = World::new(accounts, positions, &mut Random(5));
    println!("{accounts} accounts of up to {positions} positions");
    println!("| maintenance left | threads | seconds | under | waves | orders | matched | covered | events |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let cores = std::thread::available_parallelism().unwrap();
    let shares: Vec<i64> = asked.iter().skip(2).copied().collect();
    // Below nothing they are bankrupt, and matched at once.
    for share in if shares.is_empty() { vec![95, 50, 0, -20] } else { shares } {
        let mut state = world.state.clone();
        let ids = (1..state.accounts.len()).map(|at| AccountId(at as u32));
        let mut before = Book::new();
        ids.for_each(|id| thin_out(&mut state, &mut before, id, Decimal::new(share, 2), world.now));
        let one = tick(&world, state.clone(), share, NonZeroUsize::MIN);
        let all = tick(&world, state, share, cores);
        assert!(one == all, "the same events on any number of threads");
    }
}

/// The events of the tick that finds everybody where they are.
fn tick(world: &World, mut state: State, share: i64, threads: NonZeroUsize) -> Vec<Event> {
    let mut book = Book::new().on(threads);
    let now = Timestamp::from_nanos(world.now.nanos() + 1);
    let start = Instant::now();
    let events = step(&mut state, &mut book, &Command::Prices(batch(now, &world.indices)), now).unwrap();
    let spent = start.elapsed().as_secs_f64();
    let count = |of: fn(&Event) -> bool| events.iter().filter(|event| of(event)).count();
    println!(
        "| {share} % | {threads} | {spent:.2} | {} | {} | {} | {} | {} | {} |",
        count(
            |event| matches!(event, Event::LevelChanged { to, .. } if *to >= plimsoll_margin::level::State::Liquidating)
        ),
        count(|event| matches!(event, Event::LiquidationWave { .. })),
        count(|event| matches!(event, Event::OrderPlaced { .. })),
        count(|event| matches!(event, Event::Traded { .. })),
        count(|event| matches!(event, Event::Covered { .. })),
        events.len(),
    );
    events
}

/// Takes cash out until equity is at most this share of maintenance margin.
fn thin_out(state: &mut State, book: &mut Book, account: AccountId, share: Decimal, now: Timestamp) {
    let usdc = "USDC".parse().unwrap();
    // What is taken counts less than it is worth: what is left is taken again.
    for _ in 0..6 {
        let margin = explain(state, book, account).unwrap();
        let keeps = margin.requirement.maintenance.amount.times(share, Rounding::HalfEven).unwrap();
        let amount = Amount::new(margin.equity.maintenance.amount.minus(keeps).unwrap(), usdc);
        if amount.value.signum() <= 0 {
            return;
        }
        let legs = vec![Leg::account(account, amount.negated()), Leg::house(House::Outside, amount)];
        let (worth, gains) = (amount.value, Decimal::ZERO);
        evolve(state, &Event::Withdrawn { account, amount, worth, gains, legs }, now);
    }
}
