//! What lives between the nodes: the scan against a grid fifty times finer, on books of one-hour
//! flies and condors and on any other random book.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::fmt::Write as _;

use plimsoll_core::Decimal;
use plimsoll_margin::array::{RowKey, Table, TableSpec};
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::orders::whole_lots;
use plimsoll_margin::scenario::Scenario;
use plimsoll_pricing::float::float;
use support::random::{Random, lines, market};
use support::{Book, book, part};

/// The largest loss of the book's BTC contracts on a grid of `fine` steps a coarse step, in the
/// three volatility rows: direct sums over a table of its own.
fn finest_loss(book: &Book, fine: i64) -> f64 {
    finest_losses(book, "BTC", fine).into_iter().fold(0.0, f64::max)
}

/// The same for every node of the fine grid, price by price, a volatility row after the other.
fn finest_losses(book: &Book, coin: &str, fine: i64) -> Vec<f64> {
    let parameters = Plimsoll::default().parameters;
    let underlying: plimsoll_core::Underlying = coin.parse().unwrap();
    let (range, steps) = (*parameters.price_range.of(coin), 4 * fine);
    let moves = (-steps..=steps).flat_map(|step| {
        let price = range
            .times_ratio(Decimal::from_int(step), Decimal::from_int(steps), plimsoll_core::Rounding::HalfEven)
            .unwrap();
        let up = Scenario { vol_floor: parameters.vol_floor_up, ..Scenario::price_and_vol(price, parameters.vol_up) };
        [
            Scenario::price_and_vol(price, parameters.vol_down.negated()),
            Scenario::price_and_vol(price, Decimal::ZERO),
            up,
        ]
    });
    let held = book.account.portfolio.positions.iter().map(|position| position.instrument);
    let of_coin =
        |id: &plimsoll_core::InstrumentId| book.market.listing().get(*id).unwrap().terms().underlying == underlying;
    let keys: Vec<RowKey> = held.filter(of_coin).map(RowKey::Instrument).collect();
    let spec = TableSpec {
        market: &book.market,
        underlying,
        coin: Some(underlying.asset()),
        scenarios: moves.collect(),
        rules: &parameters.rules,
        grain: parameters.grain,
        balance_lot: &|_| Decimal::ONE,
        counted: plimsoll_margin::array::Counted::PnlPerLot,
    };
    let table = Table::build(&spec, &keys).unwrap();
    let lots: Vec<i64> = table
        .rows()
        .iter()
        .map(|row| {
            let RowKey::Instrument(id) = row.key else { panic!("only contracts") };
            let held = book.account.portfolio.positions.iter().find(|position| position.instrument == id);
            whole_lots(held.unwrap().quantity.0, row.lot).unwrap()
        })
        .collect();
    let loss = |column| {
        let sum: i128 = (0..lots.len()).map(|row| i128::from(lots[row]) * i128::from(table.cell(row, column))).sum();
        float(table.loss(sum).unwrap())
    };
    (0..table.scenarios().len()).map(loss).collect()
}

/// Butterflies and condors of an hour, long and short, of any width, all between two nodes or
/// across one.
fn flies(random: &mut Random) -> String {
    let mut held = std::collections::BTreeMap::<(i64, &str), i64>::new();
    for _ in 0..1 + random.below(3) {
        let (width, right) = (500 * (1 + random.below(4)), random.pick(&["C", "P"]));
        let low = 500 * (105 + random.below(30));
        let body = if random.below(2) == 0 { width } else { 2 * width };
        let count = random.signed(50);
        for (strike, legs) in [(low, 1), (low + width, -1), (low + body, -1), (low + body + width, 1)] {
            *held.entry((strike, right)).or_default() += legs * count;
        }
    }
    let mut text = String::new();
    for ((strike, right), count) in held.into_iter().filter(|(_, count)| *count != 0) {
        writeln!(text, "position BTC-1JUN26-{strike}-{right} {count}").unwrap();
    }
    text
}

#[test]
fn one_hour_flies_and_condors_are_seen() {
    let mut worst: f64 = 1.0;
    for seed in 0..300 {
        let held = flies(&mut Random(seed));
        if held.is_empty() {
            continue;
        }
        let book = book(&format!("{}{held}", market()));
        let (asked, finest) = (float(part(&book.plimsoll(), "BTC")), finest_loss(&book, 50));
        if finest > 1.0 {
            worst = worst.min(asked / finest);
            assert!(asked >= 0.95 * finest, "seed {seed}: {asked} of {finest}\n{held}");
        }
    }
    println!("scan of one-hour flies and condors: at least {worst:.4} of the loss on a grid 50 times finer");
}

#[test]
fn any_random_book_is_seen() {
    let mut worst: f64 = 1.0;
    for seed in 0..200 {
        let mut random = Random(seed);
        let held = lines(&mut random, 8);
        let contracts: String =
            held.lines().filter(|line| line.starts_with("position BTC")).map(|l| format!("{l}\n")).collect();
        if contracts.is_empty() {
            continue;
        }
        let book = book(&format!("{}{contracts}", market()));
        let (asked, finest) = (float(part(&book.plimsoll(), "BTC")), finest_loss(&book, 50));
        if finest > 1.0 {
            worst = worst.min(asked / finest);
            assert!(asked >= 0.95 * finest, "seed {seed}: {asked} of {finest}\n{contracts}");
        }
    }
    println!("scan of random books: at least {worst:.4} of the loss on a grid 50 times finer");
}

/// Two underlyings, each with flies of an hour: both at their bodies is a move the requirement must hold.
#[test]
fn flies_of_two_underlyings_are_seen_together() {
    let flies = |coin: &str, low: i64, width: i64, count: i64| {
        let legs = [(low, -count), (low + width, 2 * count), (low + 2 * width, -count)];
        legs.map(|(strike, count)| format!("position {coin}-1JUN26-{strike}-C {count}\n")).concat()
    };
    let held = format!("{}{}", flies("BTC", 60_500, 500, 100), flies("ETH", 3_025, 25, 2_000));
    let book = book(&format!("{}{held}", market()));
    let asked = float(part(&book.plimsoll(), "net risk"));
    // The fine grids of both move by the same share of their own ranges.
    let (btc, eth) = (finest_losses(&book, "BTC", 50), finest_losses(&book, "ETH", 50));
    let together = btc.iter().zip(&eth).map(|(btc, eth)| btc + eth).fold(0.0, f64::max);
    assert!(asked >= 0.95 * together, "{asked} of {together}");
}

/// An everlasting option bends as sharply at its strike as a dated one shortly before its end.
#[test]
fn everlasting_flies_are_seen() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let (width, low) = (600 * (1 + random.below(2)), 500 * (110 + random.below(20)));
        let count = random.signed(100);
        let legs = [(low, -count), (low + width, 2 * count), (low + 2 * width, -count)];
        let held = legs.map(|(strike, count)| format!("position BTC/USD:USDC-PERP-{strike}-C {count}\n")).concat();
        let book = book(&format!("{}{held}", market()));
        let (asked, finest) = (float(part(&book.plimsoll(), "BTC")), finest_loss(&book, 50));
        assert!(asked >= 0.95 * finest, "seed {seed}: {asked} of {finest}\n{held}");
    }
}
