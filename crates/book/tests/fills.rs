//! The store against a simple model: maps of maps.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "a test fails by panicking; its lots are whole floats"
)]

#[path = "../../margin/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use plimsoll_book::{AccountId, Book, BookError, Place};
use plimsoll_margin::array::RowKey;
use plimsoll_margin::models::{Held, by_name};
use support::random::{Random, random_book};

fn tables() -> (support::Book, Box<dyn plimsoll_margin::models::Model>) {
    (random_book(11, 40), by_name("plimsoll").unwrap())
}

#[test]
fn random_fills_leave_what_a_map_of_maps_holds() {
    let (source, model) = tables();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let mut tables: Vec<_> = judge.passes().into_iter().map(|pass| pass.table).collect();
    tables.dedup_by_key(|table| table.underlying());
    let mut book = Book::new(tables.iter().copied()).unwrap();
    let mut known: BTreeMap<(AccountId, u16), BTreeMap<u16, i64>> = BTreeMap::new();
    let mut random = Random(12);
    // The same made some at a time.
    let (mut batched, mut batch) = (book.clone(), Vec::new());
    for step in 0..40_000 {
        let account = AccountId(u32::try_from(random.below(300)).unwrap());
        let shelf = usize::try_from(random.below(i64::try_from(tables.len()).unwrap())).unwrap();
        let row = u16::try_from(random.below(i64::try_from(tables[shelf].rows().len()).unwrap())).unwrap();
        let place = Place { shelf: u16::try_from(shelf).unwrap(), row };
        let held = known.entry((account, place.shelf)).or_default();
        let now = held.get(&row).copied().unwrap_or(0);
        // Closed, changed a little, or past what 32 bits hold.
        let lots = match random.below(10) {
            0..3 => -now,
            3 => random.signed(1 << 40),
            _ => random.signed(50),
        };
        book.fill(account, place, lots).unwrap();
        batch.push((account, place, lots));
        assert_eq!(book.lots(account, place), now + lots, "step {step}");
        held.insert(row, now + lots);
        held.retain(|_, lots| *lots != 0);
        if step % 5_000 == 4_999 {
            let vacant: usize = book.shelves().iter().map(plimsoll_book::Shelf::vacant).sum();
            assert!(vacant > 0, "runs have moved");
            let before = book.bytes();
            book.compact();
            assert!(book.bytes() <= before);
        }
        if step % 1_000 == 0 {
            batched.fill_all(&batch).unwrap();
            batch.clear();
            same(&book, &known);
            same(&batched, &known);
        }
    }
    batched.fill_all(&batch).unwrap();
    same(&book, &known);
    same(&batched, &known);
}

fn same(book: &Book, known: &BTreeMap<(AccountId, u16), BTreeMap<u16, i64>>) {
    for ((account, shelf), held) in known {
        let shelf = &book.shelves()[usize::from(*shelf)];
        let holdings = shelf.slot(*account).map(|slot| shelf.holdings(slot)).unwrap_or_default();
        let shown: Vec<(u16, i64)> =
            holdings.iter().map(|held| (u16::try_from(held.row).unwrap(), held.lots)).collect();
        let expected: Vec<(u16, i64)> = held.iter().map(|(row, lots)| (*row, *lots)).collect();
        assert_eq!(shown, expected, "{account:?} on {}", shelf.underlying());
        // Sums over a slot are sums over what it holds, beyond 31 bits a lot too.
        let Some(slot) = shelf.slot(*account) else { continue };
        let marks: Vec<i64> = (0..shelf.keys().len()).map(|row| 3 - (7 << (row % 40))).collect();
        let worth: i128 = held.iter().map(|(row, lots)| i128::from(*lots) * i128::from(marks[usize::from(*row)])).sum();
        assert_eq!(shelf.worth(slot, &marks), worth);
        let mut exposures = Vec::new();
        shelf.exposures(slot, 5, &mut exposures);
        let of: Vec<(usize, usize, i64)> = exposures.iter().map(|of| (of.source, of.row, of.lots as i64)).collect();
        assert_eq!(of, expected.iter().map(|(row, lots)| (5, usize::from(*row), *lots)).collect::<Vec<_>>());
    }
    let count: usize = known.values().map(BTreeMap::len).sum();
    assert_eq!(book.shelves().iter().map(plimsoll_book::Shelf::positions).sum::<usize>(), count);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let (source, model) = tables();
    let judge = model.prepare(&source.market, &Held::by([&source.account])).unwrap();
    let mut tables: Vec<_> = judge.passes().into_iter().map(|pass| pass.table).collect();
    assert!(matches!(Book::new(tables.iter().copied()), Err(BookError::Duplicate(_))));
    tables.dedup_by_key(|table| table.underlying());
    let mut book = Book::new(tables.iter().copied()).unwrap();
    let place = book.place(tables[0].rows()[0].key).unwrap();
    let account = AccountId(0);
    book.fill(account, place, i64::MAX).unwrap();
    let refused = book.fill(account, place, 1).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("account 0: 1 lots more on {}: expected a position of fewer than 2^63 lots", tables[0].underlying())
    );
    assert_eq!(book.lots(account, place), i64::MAX);
    // Narrow again once it fits. A batch says which of it is refused; what stands before is made.
    let batch = [(account, place, 5 - i64::MAX), (AccountId(3), place, 2), (account, place, i64::MAX)];
    book.fill_all(&batch[..2]).unwrap();
    assert_eq!(book.lots(AccountId(3), place), 2);
    assert!(matches!(book.fill_all(&[batch[1], batch[2], batch[2]]), Err((1, BookError::TooManyLots { .. }))));
    assert_eq!(book.lots(AccountId(3), place), 4);
    assert_eq!(book.lots(account, place), 5);
    let empty = AccountId(9);
    assert!(matches!(book.fill(empty, place, i64::MIN), Err(BookError::TooManyLots { .. })), "it has no negative");
    assert_eq!(book.lots(empty, place), 0);
    let nowhere = Place { shelf: 0, row: u16::MAX };
    assert_eq!(
        book.fill(account, nowhere, 1).unwrap_err().to_string(),
        "shelf 0, row 65535: expected a place that this book gave"
    );
    assert_eq!(book.place(RowKey::Asset("XYZ".parse().unwrap())), None);
    assert_eq!(book.lots(AccountId(77), place), 0);
}
