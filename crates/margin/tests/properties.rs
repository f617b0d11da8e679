//! What must hold of every book.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use plimsoll_core::{Decimal, Quantity};
use plimsoll_margin::Account;
use plimsoll_margin::answers::compare::{Sharing, compare};
use plimsoll_margin::answers::greeks::greeks;
use plimsoll_margin::answers::liquidation::liquidation_prices;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::answers::matrix::matrices;
use plimsoll_margin::answers::whatif::{Changes, what_if};
use plimsoll_margin::level::{Level, Policy};
use plimsoll_margin::models::cross::Cross;
use plimsoll_margin::models::isolated::Isolated;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::models::{Held, Model};
use plimsoll_pricing::market::MarketMove;
use support::random::random_book;
use support::{Book, decimal};

const SEEDS: std::ops::Range<u64> = 0..60;

fn initial(margin: &Margin) -> Decimal {
    margin.requirement.initial.amount
}

/// `left` ≤ `right` + a cent: part lots of balances and rounding of scaled nodes.
fn at_most(left: Decimal, right: Decimal, what: &str, seed: u64) {
    let room = right.plus(decimal("0.01")).unwrap();
    assert!(left <= room, "seed {seed}: {what}: {left} > {right}");
}

#[test]
fn the_order_of_positions_does_not_matter() {
    for seed in SEEDS {
        let mut book = random_book(seed, 12);
        let before = book.plimsoll();
        book.account.portfolio.positions.reverse();
        book.account.portfolio.balances.reverse();
        assert_eq!(before.requirement, book.plimsoll().requirement, "seed {seed}");
        assert_eq!(before.levels, book.plimsoll().levels, "seed {seed}");
    }
}

#[test]
fn splitting_a_position_changes_nothing() {
    for seed in SEEDS {
        let mut book = random_book(seed, 12);
        let before = book.plimsoll();
        let positions = &mut book.account.portfolio.positions;
        let lot = book.market.listing().get(positions[0].instrument).unwrap().terms().lot_size;
        let mut part = positions[0].clone();
        part.quantity = lot;
        positions[0].quantity = positions[0].quantity.minus(lot).unwrap();
        positions.push(part);
        assert_eq!(initial(&before), initial(&book.plimsoll()), "seed {seed}");
    }
}

/// Twice the book needs at least twice as much, and exactly twice where nothing grows with size.
#[test]
fn a_book_twice_as_large_needs_at_least_twice_as_much() {
    for seed in SEEDS {
        let book = random_book(seed, 12);
        let mut twice = book.account.clone();
        for position in &mut twice.portfolio.positions {
            position.quantity = position.quantity.plus(position.quantity).unwrap();
        }
        for balance in &mut twice.portfolio.balances {
            balance.cash = balance.cash.plus(balance.cash).unwrap();
        }
        let (one, two) = (book.plimsoll(), book.margin_of(&twice, &Plimsoll::default()).unwrap());
        let doubled = initial(&one).plus(initial(&one)).unwrap();
        // Part lots may add up to a whole one; a lot's largest loss is then its exact one.
        let part = one.requirement.initial.find("balances under one lot").unwrap().amount;
        at_most(doubled.minus(part.plus(part).unwrap()).unwrap(), initial(&two), "scaling", seed);
        let size = |margin: &Margin| margin.requirement.initial.find("concentration").unwrap().amount;
        if size(&two).is_zero() {
            at_most(initial(&two), doubled, "scaling", seed);
        }
    }
}

/// Judged at the same nodes: options of a day or less are left out, since a book is looked at at its own
/// short-dated strikes.
#[test]
fn two_books_together_never_need_more_than_apart() {
    for seed in SEEDS {
        let mut random = support::random::Random(seed);
        let lines = |random: &mut support::random::Random| {
            let all = support::random::lines(random, 12);
            all.lines()
                .filter(|line| !line.contains("-1JUN26") && !line.contains("-2JUN26"))
                .map(|line| format!("{line}\n"))
                .collect::<String>()
        };
        let (first, second) = (lines(&mut random), lines(&mut random));
        let market = support::random::market();
        // One market that lists both, so that both are judged on the same nodes.
        let apart = [format!("{market}{first}"), format!("{market}{second}")].map(|text| support::book(&text));
        let all: Vec<Account> = apart.iter().map(|book| book.account.clone()).collect();
        let names = |book: &Book| {
            let listing = book.market.listing();
            listing.iter().map(|(_, instrument)| instrument.name().to_owned()).collect::<Vec<_>>()
        };
        let listed: String =
            apart.iter().flat_map(names).map(|name| format!("position {name} 0\n")).collect::<String>();
        let whole = support::book(&format!("{market}{listed}"));
        let renamed: Vec<Account> = all
            .iter()
            .zip(&apart)
            .map(|(account, book)| {
                let mut account = account.clone();
                for position in &mut account.portfolio.positions {
                    let name = book.market.listing().get(position.instrument).unwrap().name().to_owned();
                    position.instrument = whole.id(&name);
                }
                account
            })
            .collect();
        let mut union = renamed[0].clone();
        union.portfolio.positions.extend(renamed[1].portfolio.positions.iter().cloned());
        for balance in &renamed[1].portfolio.balances {
            union.portfolio.deposit(balance.net().unwrap()).unwrap();
        }
        let held = Held::by(renamed.iter().chain([&union]));
        let judge = Plimsoll::default().judge(&whole.market, &held).unwrap();
        let need = |account: &Account| {
            let assets = plimsoll_margin::equity::net_assets(&account.portfolio, &whole.market).unwrap();
            let node = plimsoll_margin::models::Judge::requirement(&judge, account, &assets).unwrap().initial;
            (node.amount, node.find("balances under one lot").unwrap().amount)
        };
        let (both, one, two) = (need(&union), need(&renamed[0]), need(&renamed[1]));
        // Charges on gross size are convex in size but not sub-additive; none is reached here.
        let apart = one.0.plus(two.0).unwrap().plus(both.1).unwrap();
        at_most(both.0, apart, "together", seed);
    }
}

#[test]
fn a_thousand_random_books_answer_every_question() {
    let mut answered = 0;
    for seed in 0..1_000 {
        let book = random_book(seed, 3 + i64::try_from(seed % 10).unwrap());
        let margin = book.plimsoll();
        assert_eq!(margin.levels.at(Level::Maintenance).requirement, margin.requirement.maintenance.amount);
        assert!(margin.requirement.maintenance.amount <= initial(&margin), "seed {seed}");
        assert!(!matrices(&book.account, &book.market, &Plimsoll::default()).unwrap().is_empty());
        greeks(&book.account, &book.market).unwrap();
        let models: [(&dyn Model, Sharing); 3] = [
            (&Isolated::default(), Sharing::None),
            (&Cross::default(), Sharing::Whole),
            (&Plimsoll::default(), Sharing::Whole),
        ];
        let rows = compare(&book.account, &book.market, &models, &Policy::default());
        rows.iter().for_each(|row| assert!(row.margin.is_ok(), "seed {seed}: {:?}", row.margin));
        assert!(rows[1].collateral_needed <= rows[0].collateral_needed, "seed {seed}: sharing never costs");
        let trade = (book.account.portfolio.positions[0].instrument, Quantity(decimal("10")), None);
        let crash = MarketMove::price(None, 0.9);
        let changes = Changes { trades: vec![trade], moves: vec![crash], ..Changes::default() };
        what_if(&book.account, &book.market, &Plimsoll::default(), &Policy::default(), &changes).unwrap();
        if seed % 50 == 0 {
            liquidation_prices(&book.account, &book.market, &Plimsoll::default(), &Policy::default()).unwrap();
        }
        answered += 1;
    }
    assert_eq!(answered, 1_000);
}

/// A liquidation price is where the excess changes sign: a hair on either side of it says so.
#[test]
fn a_liquidation_price_is_where_the_excess_turns() {
    let mut checked = 0;
    for seed in 0..15 {
        let book = random_book(seed, 6);
        let (model, policy) = (Plimsoll::default(), Policy::default());
        for price in liquidation_prices(&book.account, &book.market, &model, &policy).unwrap() {
            for root in [price.down, price.up].into_iter().flatten() {
                let factor = plimsoll_pricing::float::float(root) / plimsoll_pricing::float::float(price.index.value);
                let excess = [factor * (1.0 - 1e-6), factor * (1.0 + 1e-6)].map(|factor| {
                    let moved = book.market.moved(&MarketMove::price(Some(price.underlying), factor)).unwrap();
                    let entered = book.account.with_entry_prices(&book.market).unwrap();
                    let judge = model.prepare(&moved, &Held::by([&entered])).unwrap();
                    let margin = Margin::of(&entered, &moved, judge.as_ref(), &policy).unwrap();
                    margin.levels.at(Level::Maintenance).excess
                });
                assert_ne!(excess[0].signum() < 0, excess[1].signum() < 0, "seed {seed}: {price:?} {excess:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "only {checked} roots");
}

#[test]
fn open_orders_raise_initial_margin_and_leave_maintenance_alone() {
    for seed in SEEDS {
        let mut book = random_book(seed, 8);
        let before = book.plimsoll();
        let instrument = book.account.portfolio.positions[0].instrument;
        let mark = book.market.priced(instrument).unwrap().mark;
        let lot = book.market.listing().get(instrument).unwrap().terms().lot_size;
        for side in [plimsoll_core::Side::Buy, plimsoll_core::Side::Sell] {
            book.account.portfolio.orders.push(plimsoll_core::Order {
                instrument,
                side,
                quantity: lot,
                price: mark,
                reduce_only: false,
            });
        }
        let after = book.plimsoll();
        assert!(initial(&after) >= initial(&before), "seed {seed}");
        assert_eq!(after.requirement.maintenance.amount, before.requirement.maintenance.amount, "seed {seed}");
    }
}

/// The exact rule against its definition: the worst over all subsets of fills.
#[test]
fn worst_fills_are_the_worst_of_all_subsets() {
    use plimsoll_margin::orders::{OrderArray, worst_fills};
    let mut random = support::random::Random(7);
    for _ in 0..200 {
        let orders: Vec<OrderArray> = (0..6)
            .map(|_| OrderArray {
                expiry: None,
                row: 0,
                lots: 1,
                pnl: (0..8).map(|_| i128::from(random.signed(1_000))).collect(),
                moves: vec![0; 8],
                unshocked: 0,
            })
            .collect();
        let worst = worst_fills(orders.iter().map(|order| order.pnl.as_slice()));
        for (column, worst) in worst.iter().enumerate() {
            let by_subset = (0..1_u32 << orders.len()).map(|subset| {
                let filled = orders.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
                filled.map(|(_, order)| order.pnl[column]).sum::<i128>()
            });
            assert_eq!(*worst, by_subset.min().unwrap());
        }
    }
}

#[test]
fn a_whole_listing_and_the_held_part_of_it_give_the_same_figures() {
    for seed in 0..10 {
        let book = random_book(seed, 8);
        let ids: Vec<_> = book.account.portfolio.positions.iter().map(|position| position.instrument).collect();
        let small = Book { market: book.market.restricted_to(&ids), account: book.account.clone() };
        assert_eq!(book.plimsoll().requirement, small.plimsoll().requirement, "seed {seed}");
    }
}
