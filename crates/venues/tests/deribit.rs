//! Deribit's files, real and broken.
//!
//! The real ones are not in this repository; where their folder is absent a test says so and ends.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests, outside the tests themselves")]

use std::path::Path;
use std::sync::Arc;

use plimsoll_core::Decimal;
use plimsoll_document::{Format, Request};
use plimsoll_pricing::float::float;
use plimsoll_pricing::formulas::{Right, black76};
use plimsoll_pricing::market::{Market, VolSource};
use plimsoll_venues::deribit::{import, import_at};
use plimsoll_venues::{ImportError, ImportFile, Imported};
use proptest::prelude::*;

const CHAINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/deribit_options");
const PAYLOADS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/venue_payloads/deribit");

fn bytes(folder: &str, name: &str) -> Option<Vec<u8>> {
    if !Path::new(folder).is_dir() {
        println!("skipped: {folder} absent");
        return None;
    }
    Some(std::fs::read(format!("{folder}/{name}")).unwrap())
}

fn one(name: &str, text: &str) -> Result<Imported, ImportError> {
    import(&[ImportFile { name, bytes: text.as_bytes() }])
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Left-out rows as a person reads them.
fn left_out(imported: &Imported) -> Vec<String> {
    imported.report.left_out.iter().map(ToString::to_string).collect()
}

const HEADER: &str = "timestamp,currency,instrument_name,option_type,strike,expiry_datetime,bid_price,ask_price,mark_price,underlying,index_price,implied_volatility,open_interest";

fn chain(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

fn row(name: &str, right: &str, strike: &str, figures: &str) -> String {
    format!("2026-02-03T21:35:03.434827+00:00,BTC,{name},{right},{strike},2026-02-06T08:00:00+00:00,{figures}")
}

fn call(strike: &str, figures: &str) -> String {
    row(&format!("BTC-6FEB26-{strike}-C"), "call", strike, figures)
}

fn put(strike: &str, figures: &str) -> String {
    row(&format!("BTC-6FEB26-{strike}-P"), "put", strike, figures)
}

const GOOD: &str = "0.02,0.021,0.0205,76500.5,76390,0.61,12.5";

#[test]
fn a_chain_is_one_market_with_medians_for_index_and_forward() {
    let text = chain(&[
        &call("76000", "0.02,0.021,0.0205,76500.5,76390,0.61,12.5"),
        &call("77000", ",0.021,0.0205,76500.25,76391,0.62,0"),
        &put("76000", "0.02,0.021,0.0205,76500.75,76389,0.6,3"),
    ]);
    let imported = one("chain.csv", &text).unwrap();
    let snapshot = &imported.snapshot;
    assert_eq!(snapshot.as_of.to_string(), "2026-02-03T21:35:03.434827Z");
    let btc = &snapshot.underlyings[&"BTC".parse().unwrap()];
    assert_eq!((btc.index, btc.quote.as_str()), (decimal("76390"), "USD"));
    let expiry = &btc.expiries[&"2026-02-06T08:00:00Z".parse().unwrap()];
    assert_eq!(expiry.forward, Some(decimal("76500.5")));
    // At 76000 the put is out of the money; at 77000 the call.
    let vols: Vec<_> = expiry.vols.iter().map(|quoted| (quoted.strike, quoted.vol)).collect();
    assert_eq!(vols, [(decimal("76000"), decimal("0.6")), (decimal("77000"), decimal("0.62"))]);
    // An option keeps its own volatility, and a bid of nobody stays absent.
    assert_eq!(snapshot.marks["BTC-6FEB26-76000-C"].vol, Some(decimal("0.61")));
    assert_eq!(snapshot.marks["BTC-6FEB26-77000-C"].bid, None);
    assert_eq!(snapshot.assets[&"BTC".parse().unwrap()].price, decimal("76390"));
    assert_eq!((imported.report.rows(), imported.report.instruments), (3, 3));
    assert_eq!(left_out(&imported), [""; 0]);
}

#[test]
fn the_lower_of_two_middle_figures_is_taken() {
    let text = chain(&[&call("76000", GOOD), &call("77000", "0.02,0.021,0.0205,76502.5,76380,0.61,12.5")]);
    let btc = &one("chain.csv", &text).unwrap().snapshot.underlyings[&"BTC".parse().unwrap()];
    assert_eq!(btc.index, decimal("76380"));
    assert_eq!(btc.expiries.values().next().unwrap().forward, Some(decimal("76500.5")));
}

/// What a bad row leaves behind beside a good one.
fn beside_a_good_row(bad: &str) -> Vec<String> {
    let imported = one("chain.csv", &chain(&[&call("76000", GOOD), bad])).unwrap();
    left_out(&imported)
}

#[test]
fn a_bad_row_is_left_out_with_file_line_column_value_and_expectation() {
    let cases = [
        (
            call("77000", "0.02,0.021,,76500,76390,0.61,1"),
            "BTC-6FEB26-77000-C: mark_price: missing, expected a mark price",
        ),
        (
            call("77000", "0.02,0.021,-0.01,76500,76390,0.61,1"),
            "BTC-6FEB26-77000-C: mark_price: \"-0.01\", expected a decimal, zero or above",
        ),
        (
            call("77000", "0.02,0.021,nan,76500,76390,0.61,1"),
            "BTC-6FEB26-77000-C: mark_price: \"nan\", expected a decimal, zero or above",
        ),
        (
            call("77000", "-0.02,0.021,0.02,76500,76390,0.61,1"),
            "BTC-6FEB26-77000-C: bid_price: \"-0.02\", expected a decimal, zero or above",
        ),
        (
            call("77000", "0.02,0.021,0.02,0,76390,0.61,1"),
            "BTC-6FEB26-77000-C: underlying: \"0\", expected a decimal above zero",
        ),
        (
            call("77000", "0.02,0.021,0.02,76500,1e300,0.61,1"),
            "BTC-6FEB26-77000-C: index_price: \"1e300\", expected a decimal above zero",
        ),
        (
            call("77000", "0.02,0.021,0.02,76500,76390,inf,1"),
            "BTC-6FEB26-77000-C: implied_volatility: \"inf\", expected a decimal, zero or above",
        ),
        (
            row("BTC-6FEB26-77000-C", "put", "77000", GOOD),
            "BTC-6FEB26-77000-C: option_type: \"put\", expected call, as the name says",
        ),
        (
            row("BTC-6FEB26-77000-C", "call", "78000", GOOD),
            "BTC-6FEB26-77000-C: strike: \"78000\", expected 77000, as the name says",
        ),
        (
            row("BTC-7FEB26-77000-C", "call", "77000", GOOD),
            "BTC-7FEB26-77000-C: expiry_datetime: \"2026-02-06T08:00:00+00:00\", expected 2026-02-07T08:00:00Z, as the name says",
        ),
        (
            row("BTC-31FEB26-77000-C", "call", "77000", GOOD),
            "BTC-31FEB26-77000-C: instrument_name: \"BTC-31FEB26-77000-C\", expected a date like 27JUN25",
        ),
        (
            row("BTC-STRG-6FEB26-74000_79000", "call", "1", GOOD),
            "BTC-STRG-6FEB26-74000_79000: a combination of contracts",
        ),
        (call("76000", GOOD), "BTC-6FEB26-76000-C: another row of this instrument counts"),
        ("1,2,3".to_owned(), "row: 3 fields, expected 13 fields"),
    ];
    for (bad, expected) in cases {
        assert_eq!(beside_a_good_row(&bad), [format!("chain.csv: line 3: {expected}")], "{bad}");
    }
}

#[test]
fn a_part_of_a_row_can_be_left_out_and_its_mark_kept() {
    let crossed = call("77000", "0.03,0.021,0.02,76500,76390,0.61,1");
    let still = call("78000", "0.01,0.021,0.02,76500,76390,0,1");
    let imported = one("chain.csv", &chain(&[&crossed, &still])).unwrap();
    let expected = [
        "chain.csv: line 2: BTC-6FEB26-77000-C: bid above ask: both left out, the mark kept",
        "chain.csv: line 3: BTC-6FEB26-78000-C: volatility 0: left out, the mark kept",
    ];
    assert_eq!(left_out(&imported), expected);
    let marks = &imported.snapshot.marks;
    assert_eq!((marks["BTC-6FEB26-77000-C"].bid, marks["BTC-6FEB26-77000-C"].price), (None, Some(decimal("0.02"))));
    assert_eq!(marks["BTC-6FEB26-78000-C"].vol, None);
}

#[test]
fn what_has_expired_is_left_out() {
    let late = row("BTC-3FEB26-77000-C", "call", "77000", GOOD).replace("2026-02-06T08", "2026-02-03T08");
    let expected = "chain.csv: line 3: BTC-3FEB26-77000-C: expired at 2026-02-03T08:00:00Z";
    assert_eq!(beside_a_good_row(&late), [expected]);
}

#[test]
fn rows_of_two_instants_are_an_error_unless_one_is_asked_for() {
    let later = call("77000", GOOD).replace("21:35", "21:37");
    let text = chain(&[&call("76000", GOOD), &later]);
    let error = one("chain.csv", &text).unwrap_err().to_string();
    let expected = "chain.csv: line 2 was observed at 2026-02-03T21:35:03.434827Z, chain.csv: line 3 at \
                    2026-02-03T21:37:03.434827Z: expected one instant, give or take 60 s";
    assert_eq!(error, expected);
    let files = [ImportFile { name: "chain.csv", bytes: text.as_bytes() }];
    let imported = import_at(&files, "2026-02-03T21:37:00Z".parse().unwrap()).unwrap();
    assert_eq!(left_out(&imported), ["chain.csv: line 2: BTC-6FEB26-76000-C: observed at 2026-02-03T21:35:03.434827Z"]);
    assert_eq!(imported.report.instruments, 1);
}

#[test]
fn a_file_of_nothing_known_says_what_was_expected() {
    let cases = [
        ("", "x: line 1: other columns, expected the columns of one of: chain (timestamp, "),
        ("a,b\n1,2\n", "x: line 1: other columns, expected the columns of one of: chain (timestamp, "),
        ("{}", "x: the payload: none, expected objects with an \"instrument_name\""),
        ("{\"result\": [1, {\"a\": 2}]}", "x: the payload: none, expected objects"),
        ("[NaN]", "x: line 1 column 2: NaN, expected a finite number"),
        ("\u{1f}", "x: line 1: other columns"),
    ];
    for (text, expected) in cases {
        let error = one("x", text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
    let cut = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2];
    let error = import(&[ImportFile { name: "x.gz", bytes: &cut }]).unwrap_err().to_string();
    assert!(error.starts_with("x.gz: byte 0 after decompression: "), "{error}");
    let nothing = one("chain.csv", &format!("{HEADER}\n")).unwrap_err();
    assert_eq!(nothing, ImportError::NoInstant);
    let bad = one("chain.csv", &chain(&[&call("76000", GOOD), &call("76000", "1,1,-1,1,1,1,1")]));
    assert_eq!(bad.unwrap().report.instruments, 1);
}

const SUMMARY: &str = r#"{"jsonrpc": "2.0", "result": [
  {"instrument_name": "BTC-27DEC24-100000-C", "mark_price": 0.0412, "mark_iv": 62.07, "underlying_price": 98123.45,
   "underlying_index": "SYN.BTC-27DEC24", "estimated_delivery_price": 97000.11, "bid_price": 0.041, "ask_price": null,
   "open_interest": 120.5, "creation_timestamp": 1733000000123},
  {"instrument_name": "BTC-PERPETUAL", "mark_price": 97010.5, "estimated_delivery_price": 97000.11, "bid_price": 97010,
   "ask_price": 97011, "open_interest": 1000000, "current_funding": 0.0001, "creation_timestamp": 1733000000123},
  {"instrument_name": "BTC-27DEC24", "mark_price": 98200, "underlying_price": 97000.11, "estimated_delivery_price": 97000.11,
   "creation_timestamp": 1733000000123},
  {"instrument_name": "BTC-FS-27DEC24_PERP", "mark_price": 1189.5, "creation_timestamp": 1733000000123},
  {"instrument_name": "BTC_USDC-PERPETUAL", "mark_price": 97020, "estimated_delivery_price": 97000.11,
   "creation_timestamp": 1733000000123},
  {"instrument_name": "SOL_USDC-PERPETUAL", "mark_price": 240.5, "estimated_delivery_price": 240.1,
   "creation_timestamp": 1733000000123}
]}"#;

#[test]
fn a_book_summary_is_read_with_volatility_in_per_cent_and_its_own_index() {
    let imported = one("summary.json", SUMMARY).unwrap();
    let snapshot = &imported.snapshot;
    assert_eq!(snapshot.as_of.to_string(), "2024-11-30T20:53:20.123Z");
    let btc = &snapshot.underlyings[&"BTC".parse().unwrap()];
    assert_eq!(btc.index, decimal("97000.11"));
    // The forward is the option's; a future's "underlying price" is the index.
    assert_eq!(btc.expiries.values().map(|quote| quote.forward).collect::<Vec<_>>(), [Some(decimal("98123.45"))]);
    assert_eq!(snapshot.marks["BTC-27DEC24-100000-C"].vol, Some(decimal("0.6207")));
    let perpetual = &snapshot.marks["BTC-PERPETUAL"];
    assert_eq!((perpetual.funding_rate, perpetual.open_interest), (Some(decimal("0.0001")), Some(decimal("1000000"))));
    assert_eq!(snapshot.underlyings[&"SOL".parse().unwrap()].quote.as_str(), "USDC");
    let expected = [
        "summary.json: result[3]: BTC-FS-27DEC24_PERP: a combination of contracts",
        "summary.json: result[4]: BTC_USDC-PERPETUAL: quoted in USDC, the index in USD",
    ];
    assert_eq!(left_out(&imported), expected);
}

#[test]
fn the_envelope_makes_no_difference() {
    let bare = SUMMARY.split_once("\"result\": ").unwrap().1.trim_end().strip_suffix('}').unwrap();
    let (bare, whole) = (one("a", bare).unwrap(), one("a", SUMMARY).unwrap());
    assert_eq!((bare.snapshot, bare.listing), (whole.snapshot, whole.listing));
}

#[test]
fn published_lots_replace_those_of_the_name() {
    let instruments = r#"[
      {"instrument_name": "BTC-PERPETUAL", "kind": "future", "contract_size": 10.0, "min_trade_amount": 50.0},
      {"instrument_name": "BTC-27DEC24-100000-C", "kind": "option", "contract_size": 1.0, "min_trade_amount": 0.2},
      {"instrument_name": "BTC-27DEC24", "kind": "future", "contract_size": 10, "min_trade_amount": -10.0},
      {"instrument_name": "BTC-COMBO-1", "kind": "future_combo", "contract_size": 1.0, "min_trade_amount": 1.0}]"#;
    let files =
        [ImportFile { name: "b", bytes: SUMMARY.as_bytes() }, ImportFile { name: "i", bytes: instruments.as_bytes() }];
    let imported = import(&files).unwrap();
    let lot = |name: &str| {
        let id = imported.listing.id(name).unwrap();
        imported.listing.get(id).unwrap().terms().lot_size.to_string()
    };
    assert_eq!((lot("BTC-PERPETUAL"), lot("BTC-27DEC24-100000-C")), ("50".to_owned(), "0.2".to_owned()));
    let of_instruments: Vec<String> = left_out(&imported).into_iter().filter(|line| line.starts_with("i:")).collect();
    let expected = [
        "i: [2]: BTC-27DEC24: min_trade_amount: \"-10.0\", expected a decimal above zero",
        "i: [3]: BTC-COMBO-1: a combination of contracts",
    ];
    assert_eq!(of_instruments, expected);
}

#[test]
fn payloads_as_published_are_read() {
    let mut files = Vec::new();
    for name in ["nautilus_http_get_instruments", "nautilus_http_get_instrument_option", "nautilus_ws_ticker"] {
        let Some(bytes) = bytes(PAYLOADS, &format!("{name}.json")) else { return };
        files.push((name, bytes));
    }
    let files: Vec<ImportFile> = files.iter().map(|(name, bytes)| ImportFile { name, bytes }).collect();
    let imported = import(&files).unwrap();
    let mark = &imported.snapshot.marks["BTC-PERPETUAL"];
    assert_eq!((mark.price, mark.open_interest), (Some(decimal("92281.78")), Some(decimal("1132329370"))));
    assert_eq!(imported.snapshot.underlyings[&"BTC".parse().unwrap()].index, decimal("92263.55"));
    // The ticker is of 2025; the instruments' dates had passed.
    let reasons: Vec<_> = imported.report.left_out_by_reason().into_iter().collect();
    assert_eq!(reasons, [("combo", 1), ("expired", 3)]);
    assert_eq!(imported.report.instruments, 1);

    for name in ["nautilus_http_get_account_summaries.json", "pme_simulate_btc_docs_example_2024.json"] {
        let bytes = bytes(PAYLOADS, name).unwrap();
        let error = import(&[ImportFile { name, bytes: &bytes }]).unwrap_err().to_string();
        assert!(error.contains("expected objects with an \"instrument_name\""), "{error}");
    }
    let name = "nautilus_http_get_instruments_option_combo.json";
    let combos = bytes(PAYLOADS, name).unwrap();
    assert!(import(&[ImportFile { name, bytes: &combos }]).is_err());
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

/// Every option's mark against Black-76 at the document's forward and volatility: those of more than a
/// day, as the index of the data counts them.
fn reprice(request: &Request) -> (usize, f64, f64) {
    let market = Market::new(Arc::clone(&request.market), Arc::clone(&request.listing)).unwrap();
    let mut errors = Vec::new();
    for (id, option) in request.listing.iter() {
        let (Some(right), Some(strike)) = (option.right(), option.strike()) else { continue };
        let priced = market.priced(id).unwrap();
        assert_eq!(priced.vol.unwrap().source, VolSource::Mark, "{}", option.name());
        let vol = priced.vol.unwrap().value;
        let right = if right == Right::Call { Right::Call } else { Right::Put };
        let coin = black76::price(right, priced.forward, float(strike), vol, priced.years, 0.0) / priced.forward;
        if priced.years * 365.0 > 1.0 {
            errors.push((coin - float(priced.mark.value)).abs());
        }
    }
    let (median, p99) = median_and_p99(&mut errors);
    (errors.len(), median, p99)
}

#[test]
fn every_chain_is_imported_written_read_back_and_repriced() {
    let Some(index) = bytes(CHAINS, "INDEX.csv") else { return };
    let marks = ["perpetual_marks_at_snapshots.csv", "term_futures_marks_at_snapshots.csv.gz"];
    let marks = marks.map(|name| (name, bytes(CHAINS, name).unwrap()));
    let mut index = csv::Reader::from_reader(index.as_slice());
    let mut chains = 0;
    println!("chain             options  futures  median (coin)  p99       published medians");
    for line in index.records() {
        let line = line.unwrap();
        let name = format!("chain_{}.csv.gz", &line[0]);
        let chain = bytes(CHAINS, &name).unwrap();
        let [perpetuals, dated] = &marks;
        let files = [
            ImportFile { name: &name, bytes: &chain },
            ImportFile { name: perpetuals.0, bytes: &perpetuals.1 },
            ImportFile { name: dated.0, bytes: &dated.1 },
        ];
        let imported = import(&files).unwrap();
        let rows: usize = line[1].parse().unwrap();
        assert_eq!(imported.report.files[0].rows, rows, "{name}");
        // The index of the data counts no duplicates and no crossed quotes, and nothing had expired.
        let reasons = imported.report.left_out_by_reason();
        assert!(reasons.keys().all(|reason| *reason == "other instant"), "{name}: {reasons:?}");

        let request = Request::read(imported.document().as_bytes(), Format::Json).unwrap();
        assert_eq!(*request.market, imported.snapshot, "{name}");
        assert_eq!(*request.listing, imported.listing, "{name}");
        assert_eq!(request.warnings, [], "{name}");

        for (coin, place) in [("BTC", 2), ("ETH", 3)] {
            let index = float(imported.snapshot.underlyings[&coin.parse().unwrap()].index);
            let expected: f64 = line[place].parse().unwrap();
            assert!((index / expected - 1.0).abs() < 5e-5, "{name}: {coin} {index} {expected}");
        }
        let (options, median, p99) = reprice(&request);
        let published: (f64, f64) = (line[4].parse().unwrap(), line[5].parse().unwrap());
        let futures = imported.report.instruments - rows;
        println!(
            "{} {rows:8} {futures:8}  {median:.3e}      {p99:.3e}  {:.3e} {:.3e}",
            &line[0], published.0, published.1
        );
        assert!(options > 1_000, "{name}");
        check_errors(&name, (median, p99), published);
        chains += 1;
    }
    assert_eq!(chains, 71);
}

/// Repricing from an expiry's median forward instead of each row's own adds what the index moved while
/// the rows were collected.
fn check_errors(name: &str, found: (f64, f64), published: (f64, f64)) {
    assert!(found.0 <= published.0 * 2.0 + 2e-5, "{name}: median {found:?} {published:?}");
    assert!(found.1 <= published.1 * 2.0 + 1e-4, "{name}: p99 {found:?} {published:?}");
}

#[test]
fn chains_of_other_shapes_are_read() {
    let Some(definer) = bytes(CHAINS, "chain_ETH_20240108_definer.csv") else { return };
    let imported = import(&[ImportFile { name: "chain_ETH_20240108_definer.csv", bytes: &definer }]).unwrap();
    assert_eq!(imported.snapshot.as_of.to_string(), "2024-01-08T11:19:41.429Z");
    assert_eq!((imported.report.instruments, imported.report.files[0].shape.as_str()), (684, "book summary"));
    assert!(imported.snapshot.marks.values().all(|mark| mark.vol.is_none()));

    let name = "chain_BTC_20251205_githubavailable.csv";
    let years = bytes(CHAINS, name).unwrap();
    let imported = import(&[ImportFile { name, bytes: &years }]).unwrap();
    assert_eq!(imported.report.instruments, 676);
    assert!(imported.snapshot.as_of.to_string().starts_with("2025-12-05T01:09"), "{}", imported.snapshot.as_of);
    assert_eq!(imported.report.notes.len(), 1);

    for (coin, count) in [("BTC", 578), ("ETH", 502)] {
        let name = format!("chain_{coin}_20240523_soldnn.csv");
        let unnamed = bytes(CHAINS, &name).unwrap();
        let files = [ImportFile { name: &name, bytes: &unnamed }];
        assert_eq!(import(&files).unwrap_err(), ImportError::NoInstant);
        let imported = import_at(&files, "2024-05-24T14:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(imported.report.instruments, count);
    }
}

proptest! {
    /// Bytes changed, cut out and doubled anywhere: an answer or an error, and what is answered can be
    /// written and read back.
    #[test]
    fn broken_files_never_panic(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in 0usize..40,
        which in 0usize..2,
        times in 0usize..3,
    ) {
        let whole = if which == 0 {
            chain(&[&call("76000", GOOD), &put("76000", GOOD), &call("77000", GOOD)])
        } else {
            SUMMARY.to_owned()
        };
        let mut broken = whole.into_bytes();
        for round in 0..=times {
            let place = at.index(broken.len());
            broken[place] = byte;
            let end = (place + cut).min(broken.len());
            if round % 2 == 0 { broken.drain(place..end); } else { broken.extend_from_within(place..end); }
            if broken.is_empty() { broken.push(byte); }
        }
        if let Ok(imported) = import(&[ImportFile { name: "broken", bytes: &broken }]) {
            let request = Request::read(imported.document().as_bytes(), Format::Json);
            let request = request.map_err(|errors| TestCaseError::fail(errors.to_string()))?;
            prop_assert_eq!(&*request.market, &imported.snapshot);
            prop_assert_eq!(&*request.listing, &imported.listing);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = import(&[ImportFile { name: "noise", bytes: &bytes }]);
    }
}
