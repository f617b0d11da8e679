//! Tables against slow, independent ways to the same figures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;

use plimsoll_core::{Decimal, Position, Quantity, Rounding};
use plimsoll_margin::MarginError;
use plimsoll_margin::array::{Holding, RowKey, Table, TableSpec};
use plimsoll_margin::collateral::CollateralRules;
use plimsoll_margin::fold::{Detail, Summed, group};
use plimsoll_margin::models::plimsoll::{Plimsoll, PlimsollParameters};
use plimsoll_margin::models::{Model, NAMES, by_name};
use plimsoll_margin::scenario::Scenario;
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::MarketMove;
use support::random::{Random, random_book};
use support::{Book, book, decimal};

/// A table over all BTC contracts that `book` holds.
fn btc_table(book: &Book, scenarios: &[Scenario], grain: Decimal) -> Result<Table, MarginError> {
    let parameters = PlimsollParameters::default();
    let underlying = "BTC".parse().unwrap();
    let held = book.account.portfolio.positions.iter().map(|position| position.instrument);
    let of_btc =
        |id: &plimsoll_core::InstrumentId| book.market.listing().get(*id).unwrap().terms().underlying == underlying;
    let mut keys: Vec<RowKey> = held.filter(of_btc).map(RowKey::Instrument).collect();
    keys.push(RowKey::Asset(underlying.asset()));
    let spec = TableSpec {
        market: &book.market,
        underlying,
        coin: Some(underlying.asset()),
        scenarios: scenarios.into(),
        rules: &parameters.rules,
        grain,
        balance_lot: &|_| Decimal::new(1, 3),
        counted: plimsoll_margin::array::Counted::PnlPerLot,
    };
    Table::build(&spec, &keys)
}

fn price_moves() -> Vec<Scenario> {
    ["-0.66", "-0.16", "-0.05", "0.0123", "0.16", "1"]
        .map(|price| Scenario::price_and_vol(decimal(price), Decimal::ZERO))
        .to_vec()
}

/// What one lot would gain, found the long way: move the whole market, mark the position again,
/// take the exact difference of what it is worth in dollars.
fn revalued(book: &Book, table: &Table, row: usize, scenario: &Scenario) -> f64 {
    let moved = book.market.moved(&MarketMove::price(None, 1.0 + float(scenario.price))).unwrap();
    let worth = |market: &plimsoll_pricing::market::Market| match table.rows()[row].key {
        RowKey::Asset(asset) => float(market.asset_price(asset).unwrap().value) * float(table.rows()[row].lot),
        RowKey::Instrument(id) => {
            let instrument = market.listing().get(id).unwrap();
            let position = Position {
                instrument: id,
                quantity: Quantity(table.rows()[row].lot),
                entry_price: Some(book.market.priced(id).unwrap().mark),
                unsettled_pnl: Decimal::ZERO,
                accrued_funding: Decimal::ZERO,
            };
            let carry = instrument.carry(&position, market.priced(id).unwrap().mark).unwrap();
            let coins = carry.unrealised.plus(carry.option_value).unwrap();
            float(coins.at(market.asset_price(coins.asset).unwrap(), Rounding::HalfEven).unwrap().value)
        }
    };
    worth(&moved) - worth(&book.market)
}

#[test]
fn cells_are_what_revaluing_the_whole_market_gives() {
    let (mut compared, mut worst): (usize, f64) = (0, 0.0);
    for seed in 0..40 {
        let book = random_book(seed, 10);
        let table = btc_table(&book, &price_moves(), decimal("0.0001")).unwrap();
        for row in 0..table.rows().len() {
            for (column, scenario) in table.scenarios().iter().enumerate() {
                let cell = float(table.loss(-i128::from(table.cell(row, column))).unwrap());
                let direct = revalued(&book, &table, row, scenario);
                // Half a grain, and the coin marks' 12 decimals times a coin's price.
                let gap = (cell - direct).abs();
                assert!(gap < 0.00005 + 1e-6, "seed {seed} {}: {cell} {direct}", table.rows()[row].name);
                worst = worst.max(gap);
                compared += 1;
            }
        }
    }
    println!("{compared} cells within {worst:.2e} of direct revaluation");
    assert!(compared > 500);
}

#[test]
fn sums_are_exact_on_both_paths_whatever_the_order() {
    let (mut random, mut took_wide) = (Random(11), 0);
    for seed in 0..40 {
        let book = random_book(seed, 10);
        let narrow = btc_table(&book, &price_moves(), decimal("0.0001")).unwrap();
        let wide = btc_table(&book, &price_moves(), decimal("0.000001")).unwrap();
        assert!(narrow.is_narrow(), "seed {seed}");
        took_wide += usize::from(!wide.is_narrow());
        let rows = narrow.rows().len();
        let mut holdings: Vec<Holding> = (0..rows).map(|row| Holding { row, lots: random.signed(1_000_000) }).collect();
        // So many lots that the 64-bit sums would not do.
        holdings.push(Holding { row: 0, lots: i64::from(u32::MAX) * 8 });
        for table in [&narrow, &wide] {
            let columns = 0..table.scenarios().len();
            let sums = table.sums(&holdings, columns.clone());
            holdings.reverse();
            assert_eq!(sums, table.sums(&holdings, columns.clone()), "seed {seed}");
            for column in columns {
                let exact: i128 =
                    holdings.iter().map(|h| i128::from(h.lots) * i128::from(table.cell(h.row, column))).sum();
                assert_eq!(sums[column], exact, "seed {seed}");
            }
        }
        let allowed = narrow
            .rounding_allowance(holdings.iter().copied())
            .unwrap()
            .plus(wide.rounding_allowance(holdings.iter().copied()).unwrap());
        for column in 0..narrow.scenarios().len() {
            let sum = |table: &Table| table.loss(table.sums(&holdings, column..column + 1)[0]).unwrap();
            let gap = sum(&narrow).minus(sum(&wide)).unwrap().abs();
            assert!(gap <= *allowed.as_ref().unwrap(), "seed {seed}: {gap}");
        }
    }
    assert!(took_wide > 20, "{took_wide} tables took the wide path");
}

#[test]
fn a_further_scenario_never_lowers_the_worst() {
    for seed in 0..40 {
        let book = random_book(seed, 10);
        let table = btc_table(&book, &price_moves(), decimal("0.0001")).unwrap();
        let holdings: Vec<Holding> =
            (0..table.rows().len()).map(|row| Holding { row, lots: 7 - 3 * i64::try_from(row).unwrap() }).collect();
        let group = group(&table, &holdings, Detail::Explained);
        let mut last = Decimal::ZERO;
        for end in 0..=table.scenarios().len() {
            let worst = Summed::new(&table, &holdings, group.clone(), 0..end, &[]).worst("worst").unwrap();
            worst.check().unwrap();
            assert!(worst.amount >= last, "seed {seed}");
            last = worst.amount;
        }
    }
}

#[test]
fn a_cell_that_no_table_can_hold_is_an_error_that_names_it() {
    let book = book("index BTC 60000\nmark BTC-PERPETUAL 60000\nposition BTC-PERPETUAL 10");
    let mut giant = book.market.snapshot().clone();
    giant.underlyings.values_mut().for_each(|quote| quote.index = decimal("99999999999999999999"));
    giant.marks.clear();
    let market =
        plimsoll_pricing::market::Market::new(Arc::new(giant), Arc::new(book.market.listing().clone())).unwrap();
    let book = Book { market, account: book.account };
    let error = btc_table(&book, &price_moves(), decimal("0.0001")).unwrap_err();
    assert!(matches!(&error, MarginError::CellTooLarge { row, .. } if &**row == "BTC balance"), "{error}");
}

#[test]
fn what_a_model_does_not_know_is_refused_with_what_it_does() {
    let error = by_name("spam").err().unwrap().to_string();
    assert_eq!(error, format!("no margin model is called \"spam\": expected one of {}", NAMES.join(", ")));
    let error = by_name("derive-pmrm2@1999").err().unwrap().to_string();
    assert_eq!(error, "derive-pmrm2 has no parameters of \"1999\": expected one of 2026-01");
    let mut model = Plimsoll::default();
    let error = Model::set(&mut model, "price_range.BTC", "1.5").unwrap_err().to_string();
    assert_eq!(error, "plimsoll: price_range.BTC is 1.5, expected a share from 0.01 to 0.9");
    let error = Model::set(&mut model, "prise_range", "0.1").unwrap_err().to_string();
    assert!(error.starts_with("plimsoll has no parameter \"prise_range\": expected one of price_range,"), "{error}");
    for text in ["", "abc", "NaN", "-1", "1e40"] {
        assert!(Model::set(&mut model, "credit_floor", text).is_err(), "{text}");
    }
    for text in ["0.1", "0:0.1, 0:0.2", "0:0.2, 5:0.1", "1:0.1", "0:2"] {
        assert!(Model::set(&mut model, "concentration.BTC", text).is_err(), "{text}");
    }
}

/// Every parameter takes its lowest and its highest value, reads back, and margins a book.
#[test]
fn every_parameter_works_at_both_its_bounds() {
    let book = random_book(3, 8);
    for name in ["plimsoll", "cross", "isolated"] {
        let bounds: Vec<(&str, Decimal, Decimal, bool)> = by_name(name)
            .unwrap()
            .fields()
            .iter()
            .map(|field| (field.name, field.low, field.high, field.values()[0].1.contains(':')))
            .collect();
        for (field, low, high, tiers) in bounds {
            for value in [low, high] {
                let mut model = by_name(name).unwrap();
                let text = if tiers { format!("0:{value}") } else { value.to_string() };
                model.set(field, &text).unwrap_or_else(|error| panic!("{error}"));
                let margin =
                    book.margin(model.as_ref()).unwrap_or_else(|error| panic!("{name}.{field} {value}: {error}"));
                assert!(margin.requirement.initial.amount >= Decimal::ZERO, "{name}.{field} {value}");
                let kept = model.fields().into_iter().find(|each| each.name == field).unwrap().values();
                assert_eq!(kept[0].1, text, "{name}.{field}");
            }
        }
    }
}

#[test]
fn part_lots_of_a_contract_are_refused() {
    let book = book("index BTC 60000\nmark BTC-PERPETUAL 60000\nposition BTC-PERPETUAL 15");
    let error = book.margin(&Plimsoll::default()).unwrap_err().to_string();
    assert_eq!(error, "BTC-PERPETUAL: 15 is not a whole number of lots of 10");
}

/// An order's array against the long way: fill it, move the market, and compare what the account is
/// then worth with what it would be worth unfilled.
#[test]
fn an_orders_array_is_what_its_fill_would_be_worth() {
    use plimsoll_core::{Order, Price, Side};
    use plimsoll_margin::answers::whatif::{Changes, apply};
    use plimsoll_margin::equity::net_assets;
    let (mut compared, whole) = (0, CollateralRules::whole());
    for seed in 0..60 {
        let mut book = random_book(seed, 10);
        book.account = book.account.with_entry_prices(&book.market).unwrap();
        let table = btc_table(&book, &price_moves(), decimal("0.0001")).unwrap();
        let worth = |account: &plimsoll_margin::Account, market: &plimsoll_pricing::market::Market| {
            net_assets(&account.portfolio, market)
                .unwrap()
                .iter()
                .map(|net| (float(net.balance().unwrap()) + float(net.option_value)) * float(net.price.value))
                .sum::<f64>()
        };
        for row in table.rows() {
            let RowKey::Instrument(instrument) = row.key else { continue };
            let mark = book.market.priced(instrument).unwrap().mark;
            for (side, share) in [(Side::Buy, "0.97"), (Side::Buy, "1.05"), (Side::Sell, "0.9"), (Side::Sell, "1.01")] {
                let price = Price::new(mark.value.times(decimal(share), Rounding::Down).unwrap(), mark.quote);
                let quantity = Quantity(row.lot.times_count(3).unwrap());
                let order = Order { instrument, side, quantity, price, reduce_only: false };
                let array =
                    plimsoll_margin::orders::OrderArray::new(&book.account, &order, &table, (&book.market, &whole))
                        .unwrap();
                let trades = vec![(instrument, order.signed_quantity(), Some(price))];
                let filled = apply(&book.account, &book.market, &Changes { trades, ..Changes::default() }).unwrap();
                for (column, scenario) in table.scenarios().iter().enumerate() {
                    let moved =
                        book.market.moved(&MarketMove::price(Some(table.underlying()), 1.0 + float(scenario.price)));
                    let moved = moved.unwrap();
                    let direct = worth(&filled, &moved) - worth(&book.account, &moved);
                    let array = float(table.loss(-array.pnl[column]).unwrap());
                    // Three lots of half a grain, two roundings down, and the floats of a whole account's worth.
                    assert!(
                        (array - direct).abs() < 0.0005,
                        "seed {seed} {} {side:?} {share} {}: {array} {direct}",
                        row.name,
                        scenario.name
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 2_000, "{compared}");
}
