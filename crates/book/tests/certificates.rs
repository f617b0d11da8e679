//! Certificates against the model from scratch: whoever sleeps is on the side of every line on which it was left.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests, as long as they are asked to be"
)]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;

use plimsoll_book::{AccountId, Certificates, Woken};
use plimsoll_core::{Balance, Decimal, Order, Position, Price, Quantity, Rounding, Side, Timestamp};
use plimsoll_margin::Account;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::{Level, Policy};
use plimsoll_margin::models::{Held, Judge, Model, by_name};
use plimsoll_margin::watch::{Figures, exposures};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;
use support::moves::{KINDS, Kind, moved, together, volatile};
use support::random::Random;
use support::{asset, book};

/// Ten underlyings: contracts paid in stablecoins and in coins, options from an hour on.
fn listing() -> support::Book {
    let coins = [("BTC", 60_000), ("ETH", 3_000), ("SOL", 150), ("XRP", 200), ("ADA", 100)];
    let more = [("DOT", 700), ("LTC", 90), ("AVAX", 400), ("LINK", 120), ("BNB", 600)];
    let mut text = String::from("price USDC 0.9998\nprice USDT 1.0003\nprice stETH 2990\n");
    for (coin, index) in coins.into_iter().chain(more) {
        writeln!(text, "index {coin} {index}").unwrap();
        for (name, day, carry, vol) in [
            ("1JUN26", "2026-06-01", 0, "0.5"),
            ("26JUN26", "2026-06-26", 20, "0.6"),
            ("25DEC26", "2026-12-25", 300, "0.65"),
        ] {
            let forward = Decimal::new(index * (10_000 + carry), 4);
            writeln!(text, "forward {coin} {day}T08:00:00Z {forward} vol {vol}").unwrap();
            for strike in [90, 98, 100, 102, 115].map(|percent| index * percent / 100) {
                for right in ["C", "P"] {
                    let style = if matches!(coin, "BTC" | "ETH") && right == "C" { "" } else { "_USDC" };
                    writeln!(text, "position {coin}{style}-{name}-{strike}-{right} 1").unwrap();
                }
            }
        }
        writeln!(text, "mark {coin}_USDC-PERPETUAL {index}").unwrap();
        writeln!(text, "position {coin}_USDC-PERPETUAL 1").unwrap();
    }
    text.push_str("mark BTC-PERPETUAL 60012.5\nposition BTC-PERPETUAL 100\nmark ETH-PERPETUAL 2999.2\nposition ETH-PERPETUAL 100\n");
    book(&text).unwrapped()
}

impl support::Book {
    fn unwrapped(mut self) -> Self {
        self.account = self.account.with_entry_prices(&self.market).unwrap();
        self
    }
}

struct World {
    model: Box<dyn Model>,
    held: Held,
    market: Market,
    accounts: Vec<Account>,
    /// Which side of every line each account was found on when it was last valued.
    sides: Vec<Vec<bool>>,
}

fn margin(account: &Account, market: &Market, judge: &dyn Judge) -> Margin {
    Margin::of(account, market, judge, &Policy::default()).unwrap()
}

fn sides(margin: &Margin) -> Vec<bool> {
    margin.levels.0.iter().map(|standing| standing.excess.signum() < 0).collect()
}

/// An account of some positions on up to ten underlyings, coins and debts among its balances, a third with orders.
fn account(source: &support::Book, random: &mut Random) -> Account {
    let all = &source.account.portfolio.positions;
    let from = random.below(10);
    let mut drawn = Account { taker_fee_rate: Decimal::new(5, 4), ..Account::default() };
    let portfolio = &mut drawn.portfolio;
    // Underlyings lie together in the listing: a window is a few of them, now and then all.
    let window = i64::try_from(all.len()).unwrap() / if random.below(3) == 0 { 1 } else { 8 };
    for _ in 0..1 + random.below(10) {
        let at = (from * window + random.below(window)) % i64::try_from(all.len()).unwrap();
        let position = &all[usize::try_from(at).unwrap()];
        let quantity = Quantity(position.quantity.0.times_count(random.signed(20).into()).unwrap());
        if portfolio.positions.iter().all(|held| held.instrument != position.instrument) {
            portfolio.positions.push(Position { quantity, ..position.clone() });
        }
    }
    for (name, most) in [("USDC", 50_000), ("BTC", 3), ("USD", 20_000), ("stETH", 10), ("ETH", 20)] {
        if random.below(3) == 0 {
            let amount = Decimal::new(1_000 * random.below(most) + random.below(1_000), 3);
            let owed = random.below(5) == 0;
            portfolio.balances.push(Balance::cash(asset(name), if owed { amount.negated() } else { amount }));
        }
    }
    if random.below(3) == 0 {
        for position in portfolio.positions.iter().take(3) {
            let mark = source.market.priced(position.instrument).unwrap().mark;
            let price = mark.value.times(Decimal::new(1_000 + random.signed(30), 3), Rounding::HalfEven).unwrap();
            let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
            portfolio.orders.push(Order {
                instrument: position.instrument,
                side,
                quantity: Quantity(position.quantity.0.abs()),
                price: Price::new(price, mark.quote),
                reduce_only: random.below(4) == 0,
            });
        }
    }
    drawn
}

/// What figures do as prices move together, and what of all else is each row's.
fn learn(figures: &mut [Figures], model: &dyn Model, market: &Market, held: &Held) {
    let watched = |market: &Market| model.prepare(market, held).unwrap().watched().unwrap().unwrap();
    let (higher, livelier) = (watched(&together(market, 1_000)), watched(&volatile(market, 1_000)));
    for ((figures, higher), livelier) in figures.iter_mut().zip(&higher).zip(&livelier) {
        figures.learn(higher);
        figures.learn_scales(livelier);
    }
}

impl World {
    fn new(seed: u64, count: usize) -> (Self, Certificates) {
        let source = listing();
        let mut random = Random(seed);
        let model = by_name("plimsoll").unwrap();
        let mut held = Held::by([&source.account]);
        held.assets.extend(["USDC", "USDT", "BTC", "ETH", "stETH", "USD"].map(asset));
        let judge = model.prepare(&source.market, &held).unwrap();
        let mut accounts = Vec::with_capacity(count);
        while accounts.len() < count {
            let mut drawn = account(&source, &mut random);
            // So much cash that it stands near one of its lines, on either side.
            let found = margin(&drawn, &source.market, judge.as_ref());
            let line = [Level::Initial, Level::Call, Level::Maintenance, Level::NetValue]
                [usize::try_from(random.below(4)).unwrap()];
            let away = Decimal::new(random.signed(300) * random.below(2_000), 6);
            let size = found.requirement.initial.amount.plus(Decimal::from_int(10)).unwrap();
            let cash = size.times(away, Rounding::HalfEven).unwrap().minus(found.levels.at(line).excess).unwrap();
            drawn.portfolio.balances.retain(|balance| balance.asset != asset("USD"));
            drawn.portfolio.balances.push(Balance::cash(asset("USD"), cash));
            accounts.push(drawn);
        }
        let mut figures = judge.watched().unwrap().unwrap();
        learn(&mut figures, model.as_ref(), &source.market, &held);
        let mut certificates = Certificates::new(figures);
        let mut world = Self { model, held, market: source.market.clone(), accounts, sides: vec![Vec::new(); count] };
        for at in 0..count {
            world.value(at, judge.as_ref(), &mut certificates);
        }
        drop(judge);
        (world, certificates)
    }

    /// Values an account and issues its certificate; whether it was found on other sides than before.
    fn value(&mut self, at: usize, judge: &dyn Judge, certificates: &mut Certificates) -> bool {
        let found = margin(&self.accounts[at], &self.market, judge);
        let held = exposures(certificates.figures(), &self.accounts[at], &found.assets, &self.market).unwrap();
        certificates.issue(AccountId(u32::try_from(at).unwrap()), float(found.levels.slack()), held.as_ref());
        let now = sides(&found);
        let changed = self.sides[at] != now;
        self.sides[at] = now;
        changed
    }
}

#[derive(Default)]
struct Counts {
    moves: usize,
    asleep: usize,
    woken: usize,
    crossed: usize,
    swept: usize,
}

/// Moves the market `moves` times; every account that sleeps is valued from scratch all the same.
fn run(seed: u64, moves: usize, kinds: &[Kind]) -> Counts {
    const ACCOUNTS: usize = 60;
    let latest: Timestamp = "2026-06-01T07:59:30Z".parse().unwrap();
    let (mut world, mut certificates) = World::new(seed, ACCOUNTS);
    let (start, mut random, mut counts) = (world.market.clone(), Random(seed + 77), Counts::default());
    for step in 0..moves {
        let kind = kinds[usize::try_from(random.below(i64::try_from(kinds.len()).unwrap())).unwrap()];
        // Now and then all is as it was at first, a jump of its own, so that prices do not wander out of all bounds.
        let from = if step % 200 == 199 { &start } else { &world.market };
        world.market = moved(from, kind, latest, &mut random);
        let (model, market) = (by_name(world.model.name()).unwrap(), world.market.clone());
        let judge = model.prepare(&market, &world.held).unwrap();
        let mut figures = judge.watched().unwrap().unwrap();
        if step % 50 == 49 {
            // What prices do is learnt anew, in the midst of it all.
            learn(&mut figures, model.as_ref(), &market, &world.held);
        }
        let woken = match certificates.moved(figures) {
            Woken::These(woken) => woken.into_iter().map(|id| id.0 as usize).collect(),
            Woken::All => {
                counts.swept += 1;
                (0..ACCOUNTS).collect::<Vec<_>>()
            }
        };
        let asleep = (0..ACCOUNTS).filter(|at| !woken.contains(at));
        for at in asleep {
            let found = sides(&margin(&world.accounts[at], &market, judge.as_ref()));
            assert_eq!(
                found, world.sides[at],
                "seed {seed}, move {step}, {kind:?}: account {at} crossed a line asleep"
            );
            counts.asleep += 1;
        }
        for at in woken {
            counts.crossed += usize::from(world.value(at, judge.as_ref(), &mut certificates));
            counts.woken += 1;
        }
        counts.moves += 1;
    }
    println!(
        "seed {seed}: {} moves; {} valued asleep, {} woken, of whom {} had crossed a line; {} sweeps",
        counts.moves, counts.asleep, counts.woken, counts.crossed, counts.swept
    );
    counts
}

/// How many moves: a long run is `CERTIFICATE_MOVES=100000 cargo test --release -p plimsoll-book --test certificates`.
fn moves() -> usize {
    std::env::var("CERTIFICATE_MOVES").ok().and_then(|count| count.parse().ok()).unwrap_or(250)
}

#[test]
fn nobody_crosses_a_line_asleep_whatever_moves() {
    let counts = run(1, moves(), &KINDS);
    assert!(counts.asleep > counts.moves && counts.crossed > 0, "the test sees sleepers and crossings");
}

#[test]
fn nobody_crosses_a_line_asleep_over_small_moves() {
    let counts = run(2, moves(), &[Kind::Tick, Kind::Tick, Kind::Ticks, Kind::Noise, Kind::Time]);
    assert!(counts.asleep > 10 * counts.moves && counts.crossed > 0, "the test sees sleepers and crossings");
}

/// A market with one perpetual, and an account of one of it that stands so far from its line.
struct Small {
    source: support::Book,
    held: Held,
}

impl Small {
    fn new() -> Self {
        let source =
            book("index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nposition BTC_USDC-PERPETUAL 1 @ 60000");
        let held = Held::by([&source.account]);
        Self { source, held }
    }

    fn figures(&self, millionths: i64) -> Vec<Figures> {
        let market = together(&self.source.market, millionths);
        by_name("plimsoll").unwrap().prepare(&market, &self.held).unwrap().watched().unwrap().unwrap()
    }

    fn exposures(&self, certificates: &Certificates) -> plimsoll_margin::watch::Exposures {
        exposures(certificates.figures(), &self.source.account, &[], &self.source.market).unwrap().unwrap()
    }
}

#[test]
fn one_account_wakes_when_its_slack_may_be_used_up() {
    let small = Small::new();
    let mut certificates = Certificates::new(small.figures(0));
    let held = small.exposures(&certificates);
    for account in 0..100 {
        certificates.issue(AccountId(account), 1e9, Some(&held));
    }
    // A perpetual of 60,000 that falls by a hundredth loses 600; its cells move with it.
    certificates.issue(AccountId(7), 500.0, Some(&held));
    certificates.issue(AccountId(8), 2_000.0, Some(&held));
    assert_eq!(certificates.moved(small.figures(1_000)), Woken::These(Vec::new()));
    assert_eq!(certificates.moved(small.figures(-10_000)), Woken::These(vec![AccountId(7)]));
    assert_eq!(certificates.moved(small.figures(-10_100)), Woken::These(Vec::new()), "it wakes once");
    assert_eq!(certificates.certified(), 99);
    // A fill: its certificate is void, and it is its owner's to value.
    certificates.revoke(AccountId(8));
    assert_eq!(certificates.moved(small.figures(-60_000)), Woken::These(Vec::new()));
    // Whoever has no figures, and whoever is on its line, wakes every time.
    certificates.issue(AccountId(8), 1e9, None);
    certificates.issue(AccountId(7), 0.0, Some(&held));
    assert_eq!(certificates.moved(small.figures(-60_000)), Woken::These(vec![AccountId(7), AccountId(8)]));
}

/// Certified since it fell due, it is told once all the same, and holds nothing then.
#[test]
fn whoever_is_due_wakes_once_and_is_certified_no_more() {
    let small = Small::new();
    let mut certificates = Certificates::new(small.figures(0));
    let held = small.exposures(&certificates);
    certificates.issue(AccountId(0), 1e9, None);
    certificates.issue(AccountId(0), 500.0, Some(&held));
    assert_eq!(certificates.certified(), 1);
    for to in [0, -10_000] {
        let expected = if to == 0 { vec![AccountId(0)] } else { Vec::new() };
        assert_eq!(certificates.moved(small.figures(to)), Woken::These(expected));
        assert_eq!(certificates.certified(), 0);
    }
}

#[test]
fn too_many_awake_are_a_sweep() {
    let small = Small::new();
    let mut certificates = Certificates::new(small.figures(0));
    let held = small.exposures(&certificates);
    for account in 0..1_000 {
        certificates.issue(AccountId(account), if account < 40 { 10.0 } else { 1e9 }, Some(&held));
    }
    assert!(matches!(certificates.moved(small.figures(1_000)), Woken::These(woken) if woken.len() == 40));
    for account in 0..60 {
        certificates.issue(AccountId(account), 10.0, Some(&held));
    }
    assert_eq!(certificates.moved(small.figures(0)), Woken::All);
    assert_eq!(certificates.certified(), 0);
}

/// What was learnt anew is another lineage: everybody wakes, and what was weighed before is worth nothing.
#[test]
fn a_lineage_ends_where_slopes_are_learnt() {
    let small = Small::new();
    let mut certificates = Certificates::new(small.figures(0));
    let held = small.exposures(&certificates);
    let weights: Vec<_> = certificates.figures().iter().enumerate().map(|(at, of)| of.weights(at, &held.of)).collect();
    let before = certificates.lineage();
    certificates.issue_weighted(AccountId(0), 1e9, &weights, before);
    assert_eq!(certificates.moved(small.figures(10)), Woken::These(Vec::new()));
    let mut learnt = small.figures(20);
    learnt.iter_mut().zip(&small.figures(1_000)).for_each(|(figures, away)| figures.learn(away));
    assert_eq!(certificates.moved(learnt), Woken::These(vec![AccountId(0)]));
    assert!(certificates.lineage() > before);
    certificates.issue_weighted(AccountId(0), 1e9, &weights, before);
    certificates.issue_weighted(AccountId(1), 1e9, &[], certificates.lineage());
    assert_eq!(certificates.moved(small.figures(20)), Woken::These(vec![AccountId(0), AccountId(1)]));
}
