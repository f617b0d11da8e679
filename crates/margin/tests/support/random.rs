//! Random books over one market: linear, inverse, options from an hour to half a year, coins,
//! stablecoins, debts. The same seed gives the same book everywhere.

use std::fmt::Write as _;

use plimsoll_core::{Decimal, Order, Price, Quantity, Rounding, Side};
use plimsoll_pricing::float::float;

use super::{Book, book};

/// `SplitMix64`: small, seedable, the same on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `below`, exclusive.
    pub fn below(&mut self, below: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(below).unwrap()).unwrap()
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[usize::try_from(self.below(i64::try_from(of.len()).unwrap())).unwrap()]
    }

    /// −`most` to `most`, never zero.
    pub fn signed(&mut self, most: i64) -> i64 {
        let size = 1 + self.below(most);
        if self.below(2) == 0 { size } else { -size }
    }
}

/// The market every random book lives in.
pub fn market() -> String {
    let mut text = String::new();
    for (coin, index) in [("BTC", 60_000), ("ETH", 3_000), ("SOL", 150)] {
        writeln!(text, "index {coin} {index}").unwrap();
        for (expiry, carry, vol) in EXPIRIES {
            let forward = index * (10_000 + carry) / 10_000;
            writeln!(text, "forward {coin} {expiry}T08:00:00Z {forward} vol {vol}").unwrap();
        }
    }
    for mark in [
        "price USDC 0.9998",
        "price USDT 1.0003",
        "price stETH 2990",
        "mark BTC-PERPETUAL 60012.5",
        "mark ETH-PERPETUAL 2999.2",
        "mark BTC_USDC-PERPETUAL 60020",
        "mark ETH/USDT:USDT 3001",
        "mark SOL_USDC-PERPETUAL 150.1",
        "mark BTC-25DEC26 61800",
    ] {
        writeln!(text, "{mark}").unwrap();
    }
    text
}

const EXPIRIES: [(&str, i64, &str); 5] = [
    ("2026-06-01", 0, "0.5"),
    ("2026-06-02", 1, "0.55"),
    ("2026-06-08", 4, "0.58"),
    ("2026-06-26", 20, "0.6"),
    ("2026-12-25", 300, "0.65"),
];

const FUTURES: [&str; 6] =
    ["BTC-PERPETUAL", "ETH-PERPETUAL", "BTC_USDC-PERPETUAL", "ETH/USDT:USDT", "SOL_USDC-PERPETUAL", "BTC-25DEC26"];

/// A line holding `count` random positions and some balances, debts among them.
pub fn lines(random: &mut Random, positions: i64) -> String {
    let mut text = String::new();
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..positions {
        let (name, quantity) = if random.below(3) == 0 { future(random) } else { option(random) };
        if names.insert(name.clone()) {
            writeln!(text, "position {name} {quantity}").unwrap();
        }
    }
    for (asset, most) in
        [("BTC", 40), ("ETH", 500), ("USDC", 2_000_000), ("USDT", 900_000), ("USD", 500_000), ("stETH", 90)]
    {
        if random.below(2) == 0 {
            let part = random.below(1_000);
            let debt = random.below(5) == 0;
            writeln!(text, "collateral {asset} {}{}.{part:03}", if debt { "-" } else { "" }, random.below(most))
                .unwrap();
        }
    }
    text
}

fn future(random: &mut Random) -> (String, String) {
    let name = random.pick(&FUTURES);
    let quantity = match name {
        "BTC-PERPETUAL" | "BTC-25DEC26" => (random.signed(100_000) * 10).to_string(),
        "ETH-PERPETUAL" => random.signed(500_000).to_string(),
        _ => format!("{}", random.signed(40)),
    };
    (name.to_owned(), quantity)
}

fn option(random: &mut Random) -> (String, String) {
    let (coin, step, around) = match random.below(4) {
        0 => ("BTC", 500, 120),
        1 => ("BTC", 2_000, 30),
        2 => ("ETH", 50, 60),
        _ => ("BTC_USDC", 1_000, 60),
    };
    let strike = step * (around + random.signed(8));
    let day = random.pick(&["1JUN26", "2JUN26", "8JUN26", "26JUN26", "25DEC26"]);
    let right = random.pick(&["C", "P"]);
    (format!("{coin}-{day}-{strike}-{right}"), random.signed(60).to_string())
}

/// `left` ÷ `right`, to compare and to print.
pub fn ratio(left: Decimal, right: Decimal) -> f64 {
    float(left) / float(right)
}

/// A whole random book with `positions` positions.
pub fn random_book(seed: u64, positions: i64) -> Book {
    let mut random = Random(seed);
    let lines = lines(&mut random, positions);
    book(&format!("{}{lines}", market()))
}

/// Adds orders to one book in three, in contracts that it holds and near their marks.
pub fn orders(book: &mut Book, random: &mut Random) {
    if random.below(3) != 0 {
        return;
    }
    let held = book.account.portfolio.positions.clone();
    for position in held.iter().take(3) {
        let mark = book.market.priced(position.instrument).unwrap().mark;
        let away = Decimal::new(1_000 + random.signed(40), 3);
        let price = Price::new(mark.value.times(away, Rounding::HalfEven).unwrap(), mark.quote);
        let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let (instrument, quantity) = (position.instrument, Quantity(position.quantity.0.abs()));
        let reduce_only = random.below(4) == 0;
        book.account.portfolio.orders.push(Order { instrument, side, quantity, price, reduce_only });
    }
    book.account.taker_fee_rate = Decimal::new(5, 4);
}
