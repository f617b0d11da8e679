//! Pairing one underlying's options by `strategy`: 500 legs and more, and books of 20.
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

use std::time::Instant;

use plimsoll_core::Decimal;
use plimsoll_margin::closed_forms::strategy::ShortRates;
use plimsoll_margin::closed_forms::strategy_stock::StockRates;
use plimsoll_margin::models::strategy::{Class, Leg, Rules, Unit, Work, gross, least};
use support::random::Random;

/// A book of options around 1,000 with marks of a kind.
fn book(random: &mut Random, legs: usize, strikes: i64, expiries: i64) -> Vec<Leg> {
    let classes = [Class::LongCall, Class::ShortCall, Class::LongPut, Class::ShortPut];
    (0..legs)
        .map(|_| {
            let class = classes[usize::try_from(random.below(4)).unwrap()];
            let strike = 1_000 + 10 * (random.below(strikes) - strikes / 2);
            let months = 1 + random.below(expiries);
            let inside =
                if matches!(class, Class::LongCall | Class::ShortCall) { 1_000 - strike } else { strike - 1_000 };
            let mark = Decimal::new(100 * inside.max(0) + 500 * months + random.below(500), 2);
            let expiry = months * 30 * 86_400_000_000_000;
            let unit = Unit { class, strike: Decimal::from_int(strike), expiry, mark, long_dated: months > 9 };
            Leg { unit, lots: 1 + random.below(20) }
        })
        .collect()
}

fn main() {
    let percent = |of| Decimal::new(of, 2);
    let rules = Rules {
        short: ShortRates { share: percent(20), minimum: percent(10), leverage: Decimal::ONE, gross: true },
        stock: StockRates { long: percent(25), short: percent(30), strike: Some(percent(10)), against: percent(5) },
        long_dated_share: percent(75),
    };
    let price = Decimal::from_int(1_000);
    for (legs, strikes, expiries) in
        [(20, 20, 3), (100, 30, 4), (500, 60, 1), (500, 40, 4), (500, 40, 12), (1_200, 60, 12)]
    {
        let mut random = Random(7);
        let books: Vec<_> =
            (0..if legs > 100 { 1 } else { 50 }).map(|_| book(&mut random, legs, strikes, expiries)).collect();
        let mut worst: f64 = 0.0;
        let start = Instant::now();
        for book in &books {
            let pairing = least(book, &rules, price, Work::default()).unwrap();
            let gap = pairing.gross.minus(pairing.bound).unwrap();
            let alone: Decimal = book
                .iter()
                .map(|leg| gross(&rules, price, &[leg.unit]).unwrap().unwrap().times_count(leg.lots.into()).unwrap())
                .fold(Decimal::ZERO, |sum, one| sum.plus(one).unwrap());
            let share: f64 = gap.over(alone, plimsoll_core::Rounding::Up).unwrap().to_string().parse().unwrap();
            worst = worst.max(share);
        }
        let ms = start.elapsed().as_secs_f64() * 1e3 / f64::from(u32::try_from(books.len()).unwrap());
        println!(
            "{legs} legs, {strikes} strikes, {expiries} expiries: {ms:.1} ms, gap at most {worst:.2e} of what its legs ask alone"
        );
    }
}
