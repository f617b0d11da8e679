//! The jobs whose instructions CI counts: each runs once, inside a function that is never inlined.
//!
//!     gate JOB [portable|avx2]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "run under a counter, with arguments that are written beside it"
)]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::num::NonZeroUsize;

use plimsoll_book::{AccountId, Book, Place, Sweep};
use plimsoll_core::Decimal;
use plimsoll_margin::Account;
use plimsoll_margin::equity::net_assets;
use plimsoll_margin::models::{Held, by_name};
use plimsoll_margin::pass::{Combine, Fold, Pass};
use plimsoll_numerics::Level;
use support::random::Random;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    // Cargo runs every benchmark without arguments: nothing to count then.
    let [job, level] = &asked[..] else { return };
    let level = match level.as_str() {
        "portable" => Level::Portable,
        "avx2" => Level::Avx2,
        other => panic!("{other}: expected portable or avx2"),
    };
    let source = support::chain(35_000, 1_000, 50);
    match job.as_str() {
        "account_pass" => pass(&source, level, Combine::WorstOfSum),
        "account_pass_grouped" => pass(&source, level, Combine::SumOfWorsts),
        "fill" => fills(&source),
        "prepare" => {
            let (model, held) = (by_name("plimsoll").unwrap(), Held::by([&source.account]));
            counted(|| drop(black_box(model.prepare(&source.market, &held).unwrap())));
        }
        model => amounts(&source, model),
    }
}

/// What is counted.
#[inline(never)]
fn counted(job: impl FnOnce()) {
    job();
}

fn filled(pass: &Pass<'_>) -> Book {
    let mut book = Book::new([pass.table]).unwrap();
    let mut random = Random(7);
    let rows = i64::try_from(pass.table.rows().len()).unwrap();
    for account in 0..1_000 {
        for _ in 0..20 {
            let place = Place { shelf: 0, row: u16::try_from(random.below(rows)).unwrap() };
            book.fill(AccountId(account), place, random.signed(1_000)).unwrap();
        }
    }
    book
}

fn pass(source: &support::Book, level: Level, combine: Combine) {
    let model = by_name("plimsoll").unwrap();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let any = judge.passes().into_iter().find(|pass| pass.table.rows().len() > 100).unwrap();
    let pass = Pass { columns: 0..32, fold: Fold::Plain, combine, ..any };
    let (book, sweep) = (filled(&pass), Sweep::new(pass.clone()).at(level));
    counted(|| drop(black_box(sweep.all(&book.shelves()[0], NonZeroUsize::MIN))));
}

fn fills(source: &support::Book) {
    let model = by_name("plimsoll").unwrap();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let pass = judge.passes().into_iter().find(|pass| pass.table.rows().len() > 100).unwrap();
    let mut book = filled(&pass);
    let mut random = Random(9);
    let rows = i64::try_from(pass.table.rows().len()).unwrap();
    let mut draw = |account| {
        let place = Place { shelf: 0, row: u16::try_from(random.below(rows)).unwrap() };
        (AccountId(account), place, random.signed(9))
    };
    let fills: Vec<_> = (0..1_000).map(&mut draw).collect();
    counted(|| book.fill_all(&fills).unwrap());
}

/// A hundred accounts of 20 positions under one model.
fn amounts(source: &support::Book, model: &str) {
    let judge = by_name(model).unwrap().prepare(&source.market, &Held::by([&source.account])).unwrap();
    let mut random = Random(7);
    let all = &source.account.portfolio.positions;
    let mut draw = || {
        let mut position = all[usize::try_from(random.next()).unwrap() % all.len()].clone();
        position.quantity.0 = Decimal::from_int(random.signed(9));
        position
    };
    let accounts: Vec<Account> = (0..100)
        .map(|_| {
            let mut account = source.account.clone();
            account.portfolio.positions = (0..20).map(|_| draw()).collect();
            account
        })
        .collect();
    let assets: Vec<_> = accounts.iter().map(|of| net_assets(&of.portfolio, &source.market).unwrap()).collect();
    counted(|| {
        for (account, assets) in accounts.iter().zip(&assets) {
            black_box(judge.amounts(account, assets).unwrap());
        }
    });
}
