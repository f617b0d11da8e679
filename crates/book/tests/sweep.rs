//! Passes over many accounts against the plain form for one, and against what models explain.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

use std::num::NonZeroUsize;

use plimsoll_book::{AccountId, Book, Sweep};
use plimsoll_core::{Decimal, Underlying};
use plimsoll_margin::Account;
use plimsoll_margin::array::{Holding, RowKey};
use plimsoll_margin::equity::net_assets;
use plimsoll_margin::models::{Held, Judge, by_name};
use plimsoll_margin::pass::{Combine, Fold, Pass, Share};
use plimsoll_numerics::Level;
use support::random::{Random, random_book};

const ACCOUNTS: u32 = 600;

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// A book of random accounts on the tables of `passes`; `most` bounds a position's lots.
fn filled(passes: &[Pass<'_>], random: &mut Random, most: i64) -> Book {
    let mut tables: Vec<_> = passes.iter().map(|pass| pass.table).collect();
    tables.dedup_by_key(|table| table.underlying());
    let mut book = Book::new(tables.iter().copied()).unwrap();
    for account in 0..ACCOUNTS {
        for _ in 0..random.below(30) {
            let table = tables[usize::try_from(random.next()).unwrap() % tables.len()];
            let row = &table.rows()[usize::try_from(random.next()).unwrap() % table.rows().len()];
            book.fill(AccountId(account), book.place(row.key).unwrap(), random.signed(most)).unwrap();
        }
    }
    book
}

#[test]
fn every_level_and_any_number_of_threads_gives_what_one_account_at_a_time_gives() {
    let source = random_book(1, 40);
    let share = |count| Share::new(count).unwrap();
    let folds = [
        Fold::Plain,
        Fold::Absolute,
        Fold::Sides { gains: share(40_000), losses: Share::WHOLE },
        Fold::Sides { gains: share(0), losses: share(65_001) },
    ];
    let model = by_name("plimsoll").unwrap();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let passes = judge.passes();
    assert!(passes.iter().any(|pass| pass.table.scenarios().len() > 32), "a table wider than a block");
    for (seed, most) in [(2, 9), (3, 1_000_000_000), (4, i64::MAX / 64)] {
        let book = filled(&passes, &mut Random(seed), most);
        for pass in &passes {
            let shelf = book.shelf(pass.table.underlying()).unwrap();
            let all = 0..pass.table.scenarios().len();
            // Those that fill no block, or one and a little, from anywhere.
            let odd = [1, 7, 9, 31, 33].into_iter().filter_map(|width| Some(all.end.checked_sub(width)?..all.end));
            let stretches: Vec<_> = [pass.columns.clone(), all.clone()].into_iter().chain(odd).collect();
            for (columns, fold) in folds.iter().flat_map(|fold| stretches.iter().map(move |columns| (columns, fold))) {
                for combine in [Combine::WorstOfSum, Combine::SumOfWorsts] {
                    let pass = Pass { columns: columns.clone(), fold: *fold, combine, ..pass.clone() };
                    let losses = Sweep::new(pass.clone()).all(shelf, threads(1));
                    for slot in 0..shelf.accounts().len() {
                        assert_eq!(losses.of(slot), pass.loss(&shelf.holdings(slot)), "{pass:?} slot {slot}");
                    }
                    let sweep = Sweep::new(pass.clone());
                    let slots: Vec<usize> = (0..shelf.accounts().len()).step_by(3).collect();
                    let some = sweep.some(shelf, &slots);
                    assert!(slots.iter().zip(&some).all(|(slot, loss)| losses.of(*slot) == *loss));
                    for level in Level::available() {
                        assert_eq!(Sweep::new(pass.clone()).at(*level).all(shelf, threads(1)), losses, "{level:?}");
                    }
                    for count in [2, 3, 7, 1_000] {
                        assert_eq!(Sweep::new(pass.clone()).all(shelf, threads(count)), losses, "{count} threads");
                    }
                }
            }
        }
    }
}

#[test]
fn a_table_of_64_bit_cells_takes_the_wide_path() {
    let source = random_book(5, 30);
    let mut fine = by_name("plimsoll").unwrap();
    fine.set("grain", "0.0000001").unwrap();
    let judge = fine.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let passes = judge.passes();
    assert!(passes.iter().any(|pass| !pass.table.is_narrow()), "a wide table");
    let book = filled(&passes, &mut Random(6), 1_000);
    for pass in &passes {
        let shelf = book.shelf(pass.table.underlying()).unwrap();
        let sweep = Sweep::new(pass.clone());
        let losses = sweep.all(shelf, threads(2));
        let slots: Vec<usize> = (0..shelf.accounts().len()).rev().collect();
        assert_eq!(sweep.some(shelf, &slots), slots.iter().map(|slot| losses.of(*slot)).collect::<Vec<_>>());
        assert!((0..shelf.accounts().len()).all(|slot| losses.of(slot) == pass.loss(&shelf.holdings(slot))));
    }
}

#[test]
#[should_panic(expected = "the pass's table has the shelf's rows")]
fn a_table_of_other_contracts_is_not_swept() {
    let (one, other) = (support::chain(35_000, 1_000, 10), support::chain(36_000, 1_000, 10));
    let model = by_name("paradex-portfolio").unwrap();
    let here = model.prepare(&one.market, &Held::by([&one.account])).unwrap();
    let there = model.prepare(&other.market, &Held::by([&other.account])).unwrap();
    let book = Book::new(here.passes().iter().map(|pass| pass.table)).unwrap();
    // As many contracts, by the same numbers.
    let losses = Sweep::new(there.passes().remove(0)).all(&book.shelves()[0], threads(1));
    assert!(losses.narrow.is_empty());
}

#[test]
fn a_check_before_a_trade_sees_what_the_fill_will_do() {
    let source = random_book(7, 30);
    let model = by_name("plimsoll").unwrap();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let passes = judge.passes();
    let mut random = Random(8);
    for most in [50, i64::MAX / 64] {
        let mut book = filled(&passes, &mut random, most);
        for pass in &passes {
            let sweep = Sweep::new(pass.clone());
            for _ in 0..50 {
                let shelf = book.shelf(pass.table.underlying()).unwrap();
                let slot = usize::try_from(random.next()).unwrap() % shelf.accounts().len();
                let row = usize::try_from(random.next()).unwrap() % pass.table.rows().len();
                let (account, lots) = (shelf.accounts()[slot], random.signed(most));
                let before = sweep.with(shelf, slot, Holding { row, lots });
                book.fill(account, book.place(pass.table.rows()[row].key).unwrap(), lots).unwrap();
                let shelf = book.shelf(pass.table.underlying()).unwrap();
                assert_eq!(sweep.some(shelf, &[slot]), [before], "{account:?}, {lots} of row {row}");
            }
        }
    }
}

/// What the explanation calls `name`, of one underlying where it is taken apart by underlying.
fn explained(judge: &dyn Judge, account: &Account, source: &support::Book, name: &str, of: Underlying) -> Decimal {
    let assets = net_assets(&account.portfolio, &source.market).unwrap();
    let maintenance = judge.requirement(account, &assets).unwrap().maintenance;
    let by_underlying = maintenance.find(name).filter(|node| node.children().iter().any(|c| &*c.label == of.as_str()));
    let node = match by_underlying {
        Some(node) => node.find(of.as_str()),
        None => maintenance.find(of.as_str()).and_then(|node| node.find(name)),
    };
    node.map_or(Decimal::ZERO, |node| node.amount)
}

#[test]
fn a_model_explains_the_figures_that_its_passes_make() {
    let mut compared = 0;
    for seed in 0..30 {
        let mut source = random_book(seed, 20);
        for model in ["plimsoll", "paradex-portfolio"] {
            let model = by_name(model).unwrap();
            if model.name() != "plimsoll" {
                // A venue of linear contracts, whose collateral is cash.
                let listed = |name: &str| name.contains("_USDC-");
                let listing = source.market.listing().clone();
                source.account.portfolio.balances.clear();
                source
                    .account
                    .portfolio
                    .positions
                    .retain(|position| listed(listing.get(position.instrument).unwrap().name()));
            }
            let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
            let passes = judge.passes();
            let mut tables: Vec<_> = passes.iter().map(|pass| pass.table).collect();
            tables.dedup_by_key(|table| table.underlying());
            let mut book = Book::new(tables).unwrap();
            for position in &source.account.portfolio.positions {
                let key = RowKey::Instrument(position.instrument);
                let Some(place) = book.place(key) else { continue };
                let table = passes.iter().find(|pass| pass.table.row_of(key).is_some()).unwrap().table;
                let lot = table.rows()[usize::from(place.row)].lot;
                let (lots, rest) = position.quantity.0.split_by(lot).unwrap();
                assert!(rest.is_zero());
                book.fill(AccountId(0), place, i64::try_from(lots).unwrap()).unwrap();
            }
            for net in net_assets(&source.account.portfolio, &source.market).unwrap() {
                let key = RowKey::Asset(net.asset);
                let Some(place) = book.place(key) else { continue };
                let table = passes.iter().find(|pass| pass.table.row_of(key).is_some()).unwrap().table;
                let (lots, _) = net.balance().unwrap().split_by(table.rows()[usize::from(place.row)].lot).unwrap();
                book.fill(AccountId(0), place, i64::try_from(lots).unwrap()).unwrap();
            }
            for pass in &passes {
                let of = pass.table.underlying();
                let shelf = book.shelf(of).unwrap();
                let Some(slot) = shelf.slot(AccountId(0)) else { continue };
                let loss = pass.table.loss(-Sweep::new(pass.clone()).all(shelf, threads(1)).of(slot)).unwrap();
                let shown = explained(judge.as_ref(), &source.account, &source, pass.name, of);
                assert_eq!(loss, shown, "seed {seed}, {} of {of}", pass.name);
                compared += usize::from(!loss.is_zero());
            }
        }
    }
    assert!(compared > 100, "{compared} figures that are not nothing");
}
