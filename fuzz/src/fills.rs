//! Fills of any accounts, places and sizes against a map of maps, and every pass over them against its plain form.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::OnceLock;

use plimsoll::book::{AccountId, Book, Place, Shelf, Sweep};
use plimsoll::document::{Format, Request};
use plimsoll::margin::array::{Holding, Table};
use plimsoll::margin::models::{Held, by_name};
use plimsoll::margin::pass::{Combine, Fold, Pass, Share};
use plimsoll::numerics::Level;
use plimsoll::{Account, Market};

/// The tables of the default model's own example.
fn tables() -> &'static [Table] {
    static TABLES: OnceLock<Vec<Table>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let model = by_name("plimsoll").expect("the default model");
        let request = Request::read(model.about().example.as_bytes(), Format::Yaml).expect("its example");
        let market = Market::new(request.market, request.listing).expect("its market");
        let accounts: Vec<Account> = request
            .accounts
            .iter()
            .map(|account| Account { portfolio: account.portfolio.clone(), ..Account::default() })
            .collect();
        let judge = model.prepare(&market, &Held::by(&accounts)).expect("its tables");
        let mut tables: Vec<Table> = judge.passes().iter().map(|pass| pass.table.clone()).collect();
        tables.dedup_by_key(|table| table.underlying());
        tables
    })
}

/// What accounts hold, by account and shelf.
type Known = BTreeMap<(u32, u16), BTreeMap<usize, i64>>;

/// Seven bytes a fill: account, shelf, row, and lots of up to 63 bits by a shift.
pub(crate) fn fills(bytes: &[u8]) {
    let tables = tables();
    let mut book = Book::new(tables).expect("tables of different underlyings");
    let mut known = Known::new();
    for fill in bytes.as_chunks::<7>().0.iter().take(512) {
        let [account, shelf, row, low, high, shift, negative] = *fill;
        let shelf = usize::from(shelf) % tables.len();
        let row = usize::from(row) % tables[shelf].rows().len();
        let lots =
            (i64::from(u16::from_le_bytes([low, high])) << (shift % 48)) * if negative % 2 == 0 { 1 } else { -1 };
        let place = Place { shelf: shelf as u16, row: row as u16 };
        let held = known.entry((u32::from(account), place.shelf)).or_default();
        let sum = held.get(&row).copied().unwrap_or(0).checked_add(lots).filter(|sum| *sum != i64::MIN);
        assert_eq!(book.fill(AccountId(account.into()), place, lots).is_ok(), sum.is_some(), "{fill:?}");
        if let Some(sum) = sum {
            held.insert(row, sum);
            held.retain(|_, lots| *lots != 0);
        }
        if shift == u8::MAX {
            book.compact();
        }
    }
    for (at, (table, shelf)) in tables.iter().zip(book.shelves()).enumerate() {
        holds(shelf, at as u16, &known);
        sweeps(table, shelf);
    }
}

/// Every slot of a shelf holds what is known of it.
fn holds(shelf: &Shelf, at: u16, known: &Known) {
    for (slot, account) in shelf.accounts().iter().enumerate() {
        let held = known.get(&(account.0, at)).into_iter().flatten();
        let expected: Vec<Holding> = held.map(|(row, lots)| Holding { row: *row, lots: *lots }).collect();
        assert_eq!(shelf.holdings(slot), expected);
    }
}

/// Every pass over a shelf, at every level of instructions, says what its plain form does.
fn sweeps(table: &Table, shelf: &Shelf) {
    let half = Share::new(1 << 15).expect("a half");
    for fold in [Fold::Plain, Fold::Absolute, Fold::Sides { gains: half, losses: Share::WHOLE }] {
        for combine in [Combine::WorstOfSum, Combine::SumOfWorsts] {
            let pass = Pass { name: "fuzzed", table, columns: 0..table.scenarios().len(), fold, combine };
            for level in Level::available() {
                let losses = Sweep::new(pass.clone()).at(*level).all(shelf, NonZeroUsize::MIN);
                for slot in 0..shelf.accounts().len() {
                    assert_eq!(losses.of(slot), pass.loss(&shelf.holdings(slot)), "{fold:?} {combine:?} {level:?}");
                }
            }
        }
    }
}
