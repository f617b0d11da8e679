//! Real option chains: BTC and ETH as published by Deribit, 71 instants of 1,290 to 1,884 options.
//!
//! Every option is repriced twice: from its own quoted volatility, which must meet the errors
//! measured independently (`INDEX.csv`, over options of more than a day), and from the fitted surface. The surface must admit no
//! arbitrage on its grid. Prints what it measures; skips where the data are absent.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "test data that does not read fails the test")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::{Decimal, Quantity, Timestamp, Underlying};
use plimsoll_numerics::ln;
use plimsoll_pricing::formulas::{Right, black76};
use plimsoll_pricing::instruments::{EuropeanOption, Instrument, Listing, PremiumStyle, Style, Terms};
use plimsoll_pricing::market::surface::Repair;
use plimsoll_pricing::market::{ExpiryQuote, MarkQuote, Snapshot, UnderlyingQuote, View, VolSource};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/deribit_options");

/// The quickest of so many builds is printed.
const REPEATS: usize = 3;

/// One line of a chain.
struct Row {
    taken_at: Timestamp,
    name: Arc<str>,
    underlying: Underlying,
    right: Right,
    strike: Decimal,
    expiry: Timestamp,
    mark: Decimal,
    forward: Decimal,
    index: Decimal,
    vol: Decimal,
}

fn rows(path: &Path) -> Vec<Row> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let place = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let [taken_at, name, underlying, right, strike, expiry, mark, forward, index, vol] = [
        "timestamp",
        "instrument_name",
        "currency",
        "option_type",
        "strike",
        "expiry_datetime",
        "mark_price",
        "underlying",
        "index_price",
        "implied_volatility",
    ]
    .map(place);
    let row = |record: csv::StringRecord| Row {
        taken_at: record[taken_at].parse().unwrap(),
        name: record[name].into(),
        underlying: record[underlying].parse().unwrap(),
        right: if &record[right] == "call" { Right::Call } else { Right::Put },
        strike: record[strike].parse().unwrap(),
        expiry: record[expiry].parse().unwrap(),
        mark: record[mark].parse().unwrap(),
        forward: record[forward].parse().unwrap(),
        index: record[index].parse().unwrap(),
        vol: record[vol].parse().unwrap(),
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn middle(mut values: Vec<Decimal>) -> Decimal {
    values.sort_unstable();
    values[values.len() / 2]
}

/// The chain as a market: the forward of an expiry is the middle one of its rows, which were
/// collected over some seconds.
fn market(rows: &[Row]) -> (Snapshot, Listing) {
    let mut underlyings: BTreeMap<Underlying, UnderlyingQuote> = BTreeMap::new();
    let mut indices: BTreeMap<Underlying, Vec<Decimal>> = BTreeMap::new();
    let mut forwards: BTreeMap<(Underlying, Timestamp), Vec<Decimal>> = BTreeMap::new();
    for row in rows {
        indices.entry(row.underlying).or_default().push(row.index);
        forwards.entry((row.underlying, row.expiry)).or_default().push(row.forward);
    }
    for (underlying, indices) in indices {
        let quote = "USD".parse().unwrap();
        underlyings.insert(
            underlying,
            UnderlyingQuote { index: middle(indices), quote, confidence: None, expiries: BTreeMap::new() },
        );
    }
    for ((underlying, expiry), forwards) in forwards {
        let quote = ExpiryQuote { forward: Some(middle(forwards)), ..ExpiryQuote::default() };
        underlyings.get_mut(&underlying).unwrap().expiries.insert(expiry, quote);
    }
    let mark = |row: &Row| MarkQuote { price: Some(row.mark), vol: Some(row.vol), ..MarkQuote::default() };
    let snapshot = Snapshot {
        as_of: rows[0].taken_at,
        currency: "USD".parse().unwrap(),
        assets: BTreeMap::new(),
        underlyings,
        marks: rows.iter().map(|row| (Arc::clone(&row.name), mark(row))).collect(),
    };
    (snapshot, Listing::new(rows.iter().map(option).collect()).unwrap())
}

fn option(row: &Row) -> Instrument {
    Instrument::Option(EuropeanOption {
        terms: Terms {
            name: Arc::clone(&row.name),
            underlying: row.underlying,
            quote: "USD".parse().unwrap(),
            settlement: row.underlying.asset(),
            contract_size: Decimal::ONE,
            lot_size: Quantity(Decimal::new(1, 1)),
        },
        style: Style::Inverse,
        premium: PremiumStyle::Paid,
        right: row.right,
        strike: row.strike,
        expiry: row.expiry,
    })
}

/// Median and 99th percentile, between the two nearest ranks.
fn median_and_p99(errors: &mut [f64]) -> (f64, f64) {
    errors.sort_by(f64::total_cmp);
    let at = |hundredths: usize| {
        let last = (errors.len() - 1) * hundredths;
        let share = f64::from(u32::try_from(last % 100).unwrap()) / 100.0;
        let low = errors[last / 100];
        share.mul_add(errors[(last / 100 + 1).min(errors.len() - 1)] - low, low)
    };
    (at(50), at(99))
}

fn float(value: Decimal) -> f64 {
    plimsoll_pricing::float::float(value)
}

/// What one chain gives.
struct Measured {
    rows: usize,
    quoted: (f64, f64),
    quoted_past_a_day: (f64, f64),
    surface: (f64, f64),
    vol_rms: f64,
    repaired: usize,
    mixed: usize,
    slices: usize,
    view_us: u128,
    surface_us: u128,
}

#[expect(clippy::disallowed_types, reason = "the time is printed for people, not tested")]
fn measure(path: &Path) -> Measured {
    let rows = rows(path);
    let (snapshot, listing) = market(&rows);
    let (mut view_us, mut surface_us) = (u128::MAX, u128::MAX);
    for _ in 0..REPEATS {
        let start = std::time::Instant::now();
        let view = View::new(&snapshot, &listing).unwrap();
        view_us = view_us.min(start.elapsed().as_micros());
        let slices: usize = view.underlyings().map(|it| view.surface(it).unwrap().report().slices.len()).sum();
        assert!(slices > 0);
        surface_us = surface_us.min(start.elapsed().as_micros());
    }
    let view = View::new(&snapshot, &listing).unwrap();
    let reports: Vec<_> = view.underlyings().map(|it| view.surface(it).unwrap().report().clone()).collect();

    let (mut quoted, mut quoted_past_a_day, mut surface) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let years = plimsoll_pricing::float::years(row.taken_at, row.expiry);
        let (forward, strike, mark) = (float(row.forward), float(row.strike), float(row.mark));
        let coin = |vol: f64| black76::price(row.right, forward, strike, vol, years, 0.0) / forward;
        let vol = view.vol(row.underlying, row.expiry, strike).unwrap();
        assert_eq!(vol.source, VolSource::Strike, "{}", row.name);
        assert!((vol.value - float(row.vol)).abs() < 0.05, "{}: its twin's volatility is {vol:?}", row.name);
        let error = (coin(float(row.vol)) - mark).abs();
        quoted.push(error);
        if years * 365.0 > 1.0 {
            quoted_past_a_day.push(error);
        }
        let log_strike = ln(strike / view.forward(row.underlying, row.expiry).unwrap().value);
        let fitted = view.surface(row.underlying).unwrap().vol(log_strike, view.years(row.expiry)).unwrap();
        surface.push((coin(fitted) - mark).abs());
    }
    let slices: Vec<_> = reports.iter().flat_map(|report| &report.slices).collect();
    if std::env::args().any(|argument| argument == "--nocapture") {
        for slice in &slices {
            println!("    {slice:?}");
        }
    }
    for slice in &slices {
        assert!(slice.arbitrage.is_none(), "{}: {slice:?}", path.display());
    }
    let squares: f64 = slices.iter().map(|slice| slice.rms_error * slice.rms_error).sum();
    Measured {
        rows: rows.len(),
        quoted: median_and_p99(&mut quoted),
        quoted_past_a_day: median_and_p99(&mut quoted_past_a_day),
        surface: median_and_p99(&mut surface),
        vol_rms: (squares / f64::from(u32::try_from(slices.len()).unwrap())).sqrt(),
        repaired: reports.iter().map(plimsoll_pricing::market::surface::SurfaceReport::repaired).sum(),
        mixed: slices.iter().filter(|slice| matches!(slice.repair, Repair::Mixed(_))).count(),
        slices: slices.len(),
        view_us,
        surface_us,
    }
}

#[test]
fn every_chain_is_repriced_and_its_surface_admits_no_arbitrage() {
    let Ok(index) = std::fs::read_to_string(format!("{FOLDER}/INDEX.csv")) else {
        println!("skipped: {FOLDER} absent");
        return;
    };
    println!(
        "chain             rows  quoted: median, p99 (coin)  surface: median, p99    vol rms  repaired/mixed/slices  view, with surface (µs)"
    );
    let mut chains = 0;
    for line in index.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let path = PathBuf::from(format!("{FOLDER}/chain_{}.csv.gz", fields[0]));
        let found = measure(&path);
        println!(
            "{}  {:5} {:.3e} {:.3e}  {:.3e} {:.3e}  {:.4}  {}/{}/{}  {} {}",
            fields[0],
            found.rows,
            found.quoted.0,
            found.quoted.1,
            found.surface.0,
            found.surface.1,
            found.vol_rms,
            found.repaired,
            found.mixed,
            found.slices,
            found.view_us,
            found.surface_us
        );
        let expected = |place: usize| fields[place].parse::<f64>().unwrap();
        assert_eq!(found.rows, fields[1].parse::<usize>().unwrap(), "{line}");
        let past_a_day = found.quoted_past_a_day;
        assert!((past_a_day.0 - expected(4)).abs() < 1e-6, "{line}: {past_a_day:?}");
        assert!((past_a_day.1 - expected(5)).abs() < 1e-6, "{line}: {past_a_day:?}");
        chains += 1;
    }
    assert_eq!(chains, 71);
}
