//! Full revaluation under joint moves, against the market moved for each scenario alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Decimal, Position, Underlying};
use plimsoll_margin::Account;
use plimsoll_margin::array::{Counted, RowKey, Table, TableSpec};
use plimsoll_margin::revaluation::{Moves, Revaluation, Tail, tail};
use plimsoll_margin::scenario::{Scenario, ShockRules};
use plimsoll_pricing::float::float;
use support::random::{Random, random_book};
use support::{book, decimal, portfolio_of};

fn drawn(random: &mut Random, count: usize, most: i64) -> Vec<f64> {
    (0..count).map(|_| f64::from(i32::try_from(random.signed(most)).unwrap()) / 1e4).collect()
}

fn joint(random: &mut Random, count: usize) -> BTreeMap<Underlying, Moves> {
    let of = |name: &str| name.parse::<Underlying>().unwrap();
    ["BTC", "ETH", "SOL"]
        .map(|name| (of(name), Moves { price: drawn(random, count, 9_000), vol: drawn(random, count, 5_000) }))
        .into()
}

/// A table of the same moves says the same to half a grain a lot.
#[test]
fn gains_are_those_of_a_table_with_the_same_moves() {
    for seed in 0..20 {
        let book = random_book(seed, 14);
        let account = Account {
            portfolio: portfolio_of(book.account.portfolio.positions.clone(), Vec::new()),
            ..Account::default()
        };
        let mut random = Random(seed);
        let steps: Vec<(i64, i64)> = (0..20).map(|_| (random.signed(9_000), random.signed(5_000))).collect();
        let scenarios: Arc<[Scenario]> = steps
            .iter()
            .map(|(price, vol)| Scenario::price_and_vol(Decimal::new(*price, 4), Decimal::new(*vol, 4)))
            .collect();
        let float_of = |count: i64| f64::from(i32::try_from(count).unwrap()) / 1e4;
        let same = Moves {
            price: steps.iter().map(|(price, _)| float_of(*price)).collect(),
            vol: steps.iter().map(|(_, vol)| float_of(*vol)).collect(),
        };
        let moves = ["BTC", "ETH", "SOL"].map(|name| (name.parse::<Underlying>().unwrap(), same.clone())).into();
        let gains = Revaluation::new(&account, &book.market, &moves, &ShockRules::ALIKE).unwrap().gains(0..20);
        let (mut sums, mut lost) = (vec![0.0; 20], 0.0);
        for underlying in moves.keys() {
            let of = |position: &&Position| {
                book.market.listing().get(position.instrument).unwrap().terms().underlying == *underlying
            };
            let held: Vec<&Position> = account.portfolio.positions.iter().filter(of).collect();
            let spec = TableSpec {
                market: &book.market,
                underlying: *underlying,
                coin: Some(underlying.asset()),
                scenarios: Arc::clone(&scenarios),
                rules: &ShockRules::ALIKE,
                grain: decimal("0.00001"),
                balance_lot: &|_| Decimal::ONE,
                counted: Counted::PnlPerLot,
            };
            let keys: Vec<RowKey> = held.iter().map(|position| RowKey::Instrument(position.instrument)).collect();
            let table = Table::build(&spec, &keys).unwrap();
            for position in held {
                let row = table.row_of(RowKey::Instrument(position.instrument)).unwrap();
                let lots = float(position.quantity.0) / float(table.rows()[row].lot);
                lost += 0.5 * table.unit() * lots.abs();
                for (at, sum) in sums.iter_mut().enumerate() {
                    let cell = i32::try_from(table.cell(row, at)).unwrap();
                    *sum += lots * table.unit() * f64::from(cell);
                }
            }
        }
        for (gain, sum) in gains.iter().zip(&sums) {
            assert!((gain - sum).abs() <= lost * 1.000_001 + 1e-6, "seed {seed}: {gain} is not {sum} within {lost}");
        }
    }
}

/// A scenario's figure is its own: no stretch, order or neighbour changes a bit of it.
#[test]
fn a_scenario_depends_on_itself_alone() {
    for seed in 0..10 {
        let book = random_book(seed, 14);
        let moves = joint(&mut Random(seed), 1_000);
        let of = Revaluation::new(&book.account, &book.market, &moves, &ShockRules::ALIKE).unwrap();
        let all = of.gains(0..1_000);
        for range in [0..1, 255..257, 300..811, 999..1_000] {
            assert_eq!(of.gains(range.clone()), all[range], "seed {seed}");
        }
    }
}

#[test]
fn nothing_moves_nothing() {
    let book = random_book(3, 14);
    let still = Moves { price: vec![0.0; 5], vol: vec![0.0; 5] };
    let moves = ["BTC", "ETH", "SOL"].map(|name| (name.parse().unwrap(), still.clone())).into();
    let of = Revaluation::new(&book.account, &book.market, &moves, &ShockRules::ALIKE).unwrap();
    assert_eq!(of.gains(0..5), [0.0; 5]);
}

/// By hand: ten per cent on a linear perpetual, on an inverse one, and on the coin.
#[test]
fn linear_and_inverse_contracts_and_coins_gain_what_they_say() {
    let lines = |held: &str| {
        format!("index BTC 60000\nmark BTC-PERPETUAL 60000\nmark BTC_USDC-PERPETUAL 60000\nprice USDC 1\n{held}")
    };
    let gain = |held: &str, by: f64| {
        let book = book(&lines(held));
        let moves = BTreeMap::from([("BTC".parse().unwrap(), Moves { price: vec![by], vol: vec![0.0] })]);
        Revaluation::new(&book.account, &book.market, &moves, &ShockRules::ALIKE).unwrap().gains(0..1)[0]
    };
    let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-6, "{left} is not {right}");
    near(gain("position BTC_USDC-PERPETUAL 2", 0.1), 12_000.0);
    near(gain("position BTC-PERPETUAL -1200", -0.5), 600.0);
    near(gain("position BTC-PERPETUAL 60000", 0.1), 6_000.0);
    near(gain("collateral BTC -3", 0.1), -18_000.0);
    // What was gained in coins is coins: sold at twice today's price, half of the gain is in what a fall leaves.
    near(gain("position BTC-PERPETUAL -60000 @ 120000", -0.3), 18_000.0 - 0.5 * 18_000.0);
    // A coin against as much of a short inverse perpetual stands still.
    near(gain("collateral BTC 1\nposition BTC-PERPETUAL -60000", -0.3), 0.0);
}

#[test]
fn what_cannot_be_revalued_is_refused_by_name() {
    let book = random_book(3, 14);
    let error = |moves: &BTreeMap<Underlying, Moves>| {
        Revaluation::new(&book.account, &book.market, moves, &ShockRules::ALIKE).err().unwrap().to_string()
    };
    let mut moves = joint(&mut Random(1), 3);
    moves.get_mut(&"ETH".parse::<Underlying>().unwrap()).unwrap().vol.pop();
    assert!(error(&moves).contains("cannot margin ETH: expected as many moves"), "{}", error(&moves));
    let mut moves = joint(&mut Random(1), 3);
    moves.get_mut(&"SOL".parse::<Underlying>().unwrap()).unwrap().price[1] = f64::NAN;
    assert!(error(&moves).contains("cannot margin SOL: expected moves above -1"), "{}", error(&moves));
    assert!(error(&BTreeMap::new()).contains("expected moves of every underlying"), "{}", error(&BTreeMap::new()));
    let nothing = BTreeMap::new();
    let empty = Account::default();
    assert!(Revaluation::new(&empty, &book.market, &nothing, &ShockRules::ALIKE).unwrap().gains(0..0).is_empty());
}

#[test]
fn the_tail_is_the_mean_of_the_worst() {
    let mut gains: Vec<f64> = (1..=100).map(f64::from).map(|gain| gain - 11.0).collect();
    gains.reverse();
    assert_eq!(tail(&mut gains.clone(), 0.9), Some(Tail { value_at_risk: 1.0, expected_shortfall: 5.5 }));
    assert_eq!(tail(&mut gains.clone(), 0.99), Some(Tail { value_at_risk: 10.0, expected_shortfall: 10.0 }));
    assert_eq!(tail(&mut gains.clone(), 0.999_999).unwrap().expected_shortfall, 10.0);
    assert_eq!(tail(&mut [], 0.9), None);
    assert_eq!(tail(&mut gains.clone(), 1.0), None);
    assert_eq!(tail(&mut gains, f64::NAN), None);
}
