//! Names: read, written, refused.

use plimsoll_core::Decimal;
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{Instrument, NameConvention, Style, fuzz_names};
use proptest::prelude::*;

use super::{at, dec, futures_style, named, quantity, quanto};

/// Every form that the venues write, and what it says.
const NAMES: [(&str, &str, &str, &str, &str); 15] = [
    // name, kind, quote, settlement, the same contract in the other convention
    ("BTC_USDC", "spot", "USDC", "USDC", "BTC/USDC"),
    ("BTC/USDT", "spot", "USDT", "USDT", "BTC_USDT"),
    ("BTC-PERPETUAL", "perpetual", "USD", "BTC", "BTC/USD:BTC"),
    ("ETH_USDC-PERPETUAL", "perpetual", "USDC", "USDC", "ETH/USDC:USDC"),
    ("BTC/USDT:USDT", "perpetual", "USDT", "USDT", "BTC_USDT-PERPETUAL"),
    ("BTC-27DEC24", "future", "USD", "BTC", "BTC/USD:BTC-241227"),
    ("SOL_USDC-7MAR25", "future", "USDC", "USDC", "SOL/USDC:USDC-250307"),
    ("BTC-27JUN25-100000-C", "option", "USD", "BTC", "BTC/USD:BTC-250627-100000-C"),
    ("SOL_USDC-27JUN25-150-C", "option", "USDC", "USDC", "SOL/USDC:USDC-250627-150-C"),
    ("XRP_USDC-27JUN25-0d5-C", "option", "USDC", "USDC", "XRP/USDC:USDC-250627-0.5-C"),
    ("BTC/USD:BTC-241227-100000-P", "option", "USD", "BTC", "BTC-27DEC24-100000-P"),
    ("BTC-PERP-60000-C", "perpetual_option", "USD", "BTC", "BTC/USD:BTC-PERP-60000-C"),
    ("BTC_USDC-PERP-0d125-P", "perpetual_option", "USDC", "USDC", "BTC/USDC:USDC-PERP-0.125-P"),
    ("BTC/USD:USDC-PERP-60000-C", "perpetual_option", "USD", "USDC", ""),
    ("BTC/USDT:USDC", "perpetual", "USDT", "USDC", ""),
];

#[test]
fn each_form_says_what_the_contract_is() {
    for (name, kind, quote, settlement, other) in NAMES {
        let instrument = named(name);
        let terms = instrument.terms();
        let said = (instrument.name(), instrument.kind(), terms.quote.as_str(), terms.settlement.as_str());
        assert_eq!(said, (name, kind, quote, settlement));
        let written =
            [NameConvention::Deribit, NameConvention::Ccxt].map(|it| instrument.name_in(it).unwrap_or_default());
        assert!(written.contains(&name.to_owned()) && written.contains(&other.to_owned()), "{name}: {written:?}");
    }
}

#[test]
fn dates_strikes_and_rights_are_read() {
    let option = named("XRP_USDC-7MAR25-0d5-P");
    assert_eq!(option.expiry(), Some(at("2025-03-07T08:00:00Z")));
    assert_eq!(option.strike(), Some(Decimal::new(5, 1)));
    assert_eq!(option.right(), Some(Right::Put));
    assert_eq!(option.style(), Style::Linear);
    assert_eq!(named("BTC-27DEC24").style(), Style::Inverse);
    assert_eq!(named("BTC/USD:USDC").style(), Style::Quanto { rate: Decimal::ONE });
    assert_eq!(named("BTC/USD:BTC-240229").expiry(), Some(at("2024-02-29T08:00:00Z")));
    assert_eq!(named("ETH/BTC").terms().quote.as_str(), "BTC");
}

#[test]
fn sizes_and_lots_are_those_of_the_page() {
    for (name, size, lot) in [
        ("BTC-PERPETUAL", "1", "10"),
        ("ETH-PERPETUAL", "1", "1"),
        ("BTC-27DEC24", "1", "10"),
        ("BTC/USD:BTC", "1", "1"),
        ("BTC_USDC-PERPETUAL", "1", "0.0001"),
        ("ETH/USDT:USDT", "1", "0.001"),
        ("SOL/USDT:USDT", "1", "0.1"),
        ("BTC-27JUN25-100000-C", "1", "0.1"),
        ("ETH-27JUN25-3000-C", "1", "1"),
        ("BTC_USDC-27JUN25-100000-C", "1", "0.01"),
        ("ETH_USDC-27JUN25-3000-C", "1", "0.1"),
        ("SOL_USDC-27JUN25-150-C", "1", "1"),
    ] {
        let terms = named(name).terms().clone();
        assert_eq!((terms.contract_size, terms.lot_size), (dec(size), quantity(lot)), "{name}");
    }
}

#[test]
fn a_refusal_says_what_was_found_and_expected() {
    for (name, found, expected) in [
        ("", "", "an underlying like BTC"),
        ("BTC", "BTC", "a pair like BTC_USDC"),
        ("BTC_", "", "a quote asset"),
        ("BTC/", "", "a quote asset"),
        ("BTC/USDT:", "", "a settlement asset"),
        ("BTC/USD:ETH", "ETH", "USD or BTC to settle in"),
        ("BTC_BTC", "BTC_BTC", "two different assets"),
        ("BTC/BTC:BTC", "BTC/BTC", "two different assets"),
        ("BTC-32JUN25", "32JUN25", "a date like 27JUN25"),
        ("BTC-30FEB25", "30FEB25", "a date like 27JUN25"),
        ("BTC-27jun25", "27jun25", "a date like 27JUN25"),
        ("BTC/USD:BTC-250230", "250230", "a date like 250627"),
        ("BTC-27JUN25-0-C", "0", "a strike above zero"),
        ("BTC-27JUN25--1-C", "27JUN25--1-C", "a date-strike-right"),
        ("BTC-27JUN25-0.5-C", "0.5", "like 100000 or 0d5"),
        ("BTC-27JUN25-1e5-C", "1e5", "a strike"),
        ("BTC-27JUN25-0d0000000000000000001-C", "0d0000000000000000001", "a strike"),
        ("BTC-27JUN25-100000-X", "X", "C for a call or P for a put"),
        ("BTC-27JUN25-100000", "27JUN25-100000", "a date-strike-right"),
        ("BTC-07JUN25", "BTC-07JUN25", "the spelling BTC-7JUN25"),
        ("BTC-27JUN25-100000d0-C", "BTC-27JUN25-100000d0-C", "the spelling BTC-27JUN25-100000-C"),
        ("BTC/USD:BTC-250627-0100-C", "BTC/USD:BTC-250627-0100-C", "the spelling BTC/USD:BTC-250627-100-C"),
        ("ΒTC-PERPETUAL", "ΒTC-PERPETUAL", "letters, digits"),
        ("ABCDEFGHIJKLMNOPQ-PERPETUAL", "ABCDEFGHIJKLMNOPQ", "an underlying"),
    ] {
        let error = Instrument::from_name(name).expect_err(name);
        assert_eq!(error.found, found, "{error}");
        assert!(error.expected.contains(expected), "{error}");
        assert!(error.to_string().contains("expected"), "{error}");
    }
    let long = Instrument::from_name(&"B".repeat(1_000_000)).unwrap_err();
    assert!(long.to_string().len() < 400, "a hostile name does not fill the screen");
}

#[test]
fn what_a_convention_cannot_say_has_no_name_in_it() {
    let no_name = |instrument: &Instrument| {
        [NameConvention::Deribit, NameConvention::Ccxt].iter().all(|it| instrument.name_in(*it).is_none())
    };
    assert!(no_name(&futures_style("BTC-27DEC24-60000-C")));
    assert!(no_name(&quanto("ETH/USD:USD", "BTC", "0.000001")));
    let Instrument::Future(mut future) = named("BTC-27DEC24") else { panic!("a future") };
    future.expiry = at("2024-12-27T16:00:00Z");
    assert!(no_name(&Instrument::Future(future)), "another hour");
    assert_eq!(named("BTC/USDT:BTC").name_in(NameConvention::Deribit), None, "Deribit's coin contracts are in USD");
}

/// Names near the edges of what is read.
const CORPUS: [&str; 36] = [
    "",
    "-",
    "_",
    "/",
    ":",
    "//",
    "BTC/:",
    "BTC/USD:",
    "BTC/USD:BTC-",
    "BTC/USD:BTC--",
    "BTC--",
    "BTC_-",
    "_USDC",
    "BTC_USDC_USDT",
    "BTC-PERPETUAL-PERPETUAL",
    "BTC-PERP",
    "BTC-PERP-1",
    "BTC-PERP-1-C-P",
    "BTC-0JAN00",
    "BTC-1JAN00",
    "BTC-31DEC99",
    "BTC-29FEB00",
    "BTC-é1JAN00",
    "BTC-1JA\u{301}N00",
    "BTC/USD:BTC-000000",
    "BTC/USD:BTC-991231-1-P",
    "BTC-27JUN25-170141183460469231731-C",
    "BTC-27JUN25-170141183460469231732-C",
    "BTC-27JUN25-0d000000000000000001-C",
    "BTC-27JUN25-d5-C",
    "BTC-27JUN25-5d-C",
    "BTC-27JUN25-1d2d3-C",
    "usd/USD:USDC",
    "BTC/USD:USD\0",
    // A good deal longer in ccxt's convention.
    "X9199898D5999496-16MAR25-950999150999199898d59994964599999997-C",
    "SIXTEENLETTERSAB_SIXTEENLETTERSCD-27JUN25-170141183460469231731d687303715884105727-C",
];

#[test]
fn the_corpus_reads_back_or_is_refused() {
    for name in CORPUS.iter().chain(NAMES.iter().map(|(name, ..)| name)) {
        fuzz_names(name.as_bytes());
        for cut in 0..name.len() {
            fuzz_names(&name.as_bytes()[..cut]);
            fuzz_names(&name.as_bytes()[cut..]);
        }
    }
    fuzz_names(&[0xff, 0xfe, b'-', 0x80]);
}

proptest! {
    #[test]
    fn any_bytes_read_back_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        fuzz_names(&bytes);
    }

    #[test]
    fn a_name_with_a_byte_changed_reads_back_or_is_refused(
        which in 0..NAMES.len(), place in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f, insert in any::<bool>(),
    ) {
        let mut bytes = NAMES[which].0.as_bytes().to_vec();
        let place = place.index(bytes.len());
        if insert { bytes.insert(place, byte) } else { bytes[place] = byte }
        fuzz_names(&bytes);
    }

    #[test]
    fn what_is_written_reads_as_the_same_contract(
        base in "[A-Z][A-Z0-9]{1,7}", quote in "US(D|DC|DT|DE)", coin in any::<bool>(), deribit in any::<bool>(),
        day in 0_i64..36_524, strike in 1_i64..10_000_000_000, places in 0_u32..6, put in any::<bool>(), form in 0..4_u8,
    ) {
        prop_assume!(base != quote);
        let quote = if coin { "USD" } else { &quote };
        prop_assume!(base != quote);
        let convention = if deribit { NameConvention::Deribit } else { NameConvention::Ccxt };
        let head = match (deribit, coin) {
            (true, true) => base.clone(),
            (true, false) => format!("{base}_{quote}"),
            (false, true) => format!("{base}/{quote}:{base}"),
            (false, false) => format!("{base}/{quote}:{quote}"),
        };
        let expiry = at("2000-01-01T08:00:00Z").plus_seconds(day * 86_400).unwrap();
        let (year, month, date) = expiry.date();
        let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
        let month_name = months[usize::try_from(month).unwrap() - 1];
        let date = if deribit {
            format!("{date}{month_name}{:02}", year - 2000)
        } else {
            format!("{:02}{month:02}{date:02}", year - 2000)
        };
        let strike = Decimal::new(strike, places);
        let text = strike.to_string().replace('.', if deribit { "d" } else { "." });
        let right = if put { "P" } else { "C" };
        let name = match form {
            0 if deribit => format!("{head}-PERPETUAL"),
            0 => head,
            1 => format!("{head}-{date}"),
            2 => format!("{head}-{date}-{text}-{right}"),
            _ => format!("{head}-PERP-{text}-{right}"),
        };
        let instrument = Instrument::from_name(&name).unwrap();
        prop_assert_eq!(instrument.name_in(convention), Some(name.clone()));
        prop_assert_eq!(instrument.strike(), (form >= 2).then_some(strike));
        prop_assert_eq!(instrument.expiry(), (form == 1 || form == 2).then_some(expiry));
        prop_assert_eq!(instrument.style() == Style::Inverse, coin);
        fuzz_names(name.as_bytes());
    }
}
