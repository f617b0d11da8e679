//! SPAN risk parameter files: columns as published, both ways, and what is no such file.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the tests themselves")]

use std::sync::Arc;

use plimsoll_core::Decimal;
use plimsoll_margin::models::span::scan::Extreme;
use plimsoll_pricing::formulas::Right;
use plimsoll_venues::span::{
    ArrayRecord, Commodity, Contract, Month, Product, Scaling, SpanFile, fuzz_span, read, write,
};
use proptest::prelude::*;

/// A future as CME printed it (soybean meal, July 2025, in a file of 2025-06-20; the second record after the layout)
/// and an option made up beside it.
const FILE: &str = "\
0 CME   20250620SE     202506201407U2YN
2 CBT 06    0USD$PN   06        FUT   06        OOF2+
B CBT06        FUT202507            0000000000000000000000000000000000000000000000000010000
81CBT06        06        FUT 202507            000000000000+00000+00567-00567-00567+00567+01133-01133-01133+00000000284100N
82CBT06        06        FUT 202507            000000001133+01700-01700-01700+01700+01122-01122+10000+000000000002841+
81CBT06        06        OOFC202507   202507   002900000012-00034+00290-00210-00180+00240+00610-00560-00300+
82CBT06        06        OOFC202507   202507   002900000380+00990-00960-00370+00440+00500-00170+04210+002500000003925+-
";

fn file() -> SpanFile {
    read(FILE.as_bytes()).unwrap()
}

#[test]
fn losses_are_flipped_once_and_every_column_is_read() {
    let file = file();
    assert_eq!(file.passed_over.iter().map(|(id, count)| (id.as_str(), *count)).collect::<Vec<_>>(), [("0", 1)]);
    assert_eq!(file.commodities[0].products[1].decimals, 2);
    assert_eq!(file.scalings[0].factor, Decimal::ONE);
    let [future, option] = file.arrays.as_slice() else { panic!("{file:?}") };
    assert_eq!(future.values[..9], [0, 0, 567, 567, -567, -567, 1133, 1133, -1133]);
    assert_eq!((future.contract.name().as_str(), future.settlement), ("CBT 06 FUT 202507", 2_841));
    assert_eq!(option.contract.name(), "CBT 06 OOF 202507 202507 C -29000");
    assert_eq!(option.composite_delta.to_string(), "0.421");
    assert_eq!(option.implied_volatility.to_string(), "0.25");
    assert_eq!((option.values[0], option.values[13], option.settlement), (12, -440, 3_925));
}

/// The published array is that of its own scan range, to the whole dollars it is printed in.
#[test]
fn a_printed_futures_array_is_made_of_its_scan_range() {
    let made = Extreme { multiple: Decimal::from_int(2), cover: Decimal::new(33, 2) }.future(1_700.into()).unwrap();
    let arrays = file().risk_arrays("USD", |contract| {
        (contract.kind == "FUT").then(|| (Arc::from(contract.name()), Decimal::from_int(100)))
    });
    let arrays = arrays.unwrap();
    let array = &arrays["CBT 06 FUT 202507"];
    for (made, printed) in made.iter().zip(array.pnl) {
        assert!(made.minus(printed).unwrap().abs() <= Decimal::ONE, "{made} {printed}");
    }
    assert_eq!(array.delta, 100.into());
}

#[test]
fn values_have_the_decimals_of_their_product_and_names_are_their_own() {
    let named = |name: &'static str| {
        move |contract: &Contract| (contract.kind == "OOF").then(|| (Arc::from(name), Decimal::ONE))
    };
    let arrays = file().risk_arrays("USD", named("call")).unwrap();
    assert_eq!(arrays["call"].pnl[0].to_string(), "0.12");
    let mut file = file();
    file.commodities[0].risk_exponent = 3;
    assert_eq!(file.risk_arrays("USD", named("call")).unwrap()["call"].pnl[0], 120.into());
    let twice = file.risk_arrays("USD", |_| Some((Arc::from("one"), Decimal::ONE))).unwrap_err().to_string();
    assert_eq!(twice, "CBT 06 OOF 202507 202507 C -29000: \"one\", expected a name of its own for each contract");
}

#[test]
fn arrays_without_a_product_or_in_another_currency_are_refused() {
    let refused = |change: &dyn Fn(&mut SpanFile)| {
        let mut file = file();
        change(&mut file);
        let known = |_: &Contract| Some((Arc::from("one"), Decimal::ONE));
        file.risk_arrays("USD", known).unwrap_err().to_string()
    };
    let error = refused(&|file| file.commodities[0].products.clear());
    assert_eq!(error, "CBT 06 FUT 202507: no product, expected a record of type 2 with product 06 FUT");
    let error = refused(&|file| file.commodities[0].currency = "EUR".to_owned());
    assert_eq!(error, "CBT 06 FUT 202507: EUR, expected arrays in USD");
    let error = refused(&|file| file.scalings[0].factor = Decimal::ZERO);
    assert_eq!(error, "CBT 06 FUT 202507: a delta scaling factor of zero, expected one above zero");
}

#[test]
fn what_is_written_reads_back_and_wide_values_take_the_wide_records() {
    let mut file = file();
    file.passed_over.clear();
    let written = write(&file).unwrap();
    assert_eq!(read(written.as_bytes()), Ok(file.clone()));
    assert!(written.contains("81CBT06        06        FUT 202507            000000000000+00000+00567-"), "{written}");
    file.arrays[0].values[15] = -12_345_678;
    let wide = write(&file).unwrap();
    assert!(wide.contains("\n83CBT06") && wide.contains("\n84CBT06") && wide.contains("12345678+"), "{wide}");
    assert_eq!(read(wide.as_bytes()), Ok(file.clone()));
    file.arrays[0].values[15] = 123_456_789;
    assert_eq!(write(&file).unwrap_err().to_string(), "CBT 06 FUT 202507: 123456789, expected at most 8 digits");
    file.arrays[0].values[15] = 0;
    file.arrays[0].composite_delta = Decimal::new(12_345, 5);
    assert_eq!(write(&file).unwrap_err().to_string(), "CBT 06 FUT 202507: 0.12345, expected at most 4 decimals");
}

#[test]
fn what_is_no_such_file_is_refused_with_line_and_columns() {
    let error = |from: &str, to: &str| read(FILE.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
    let value = "line 4, columns 67 to 71: \"00x67\", expected digits";
    assert_eq!(error("00567-", "00x67-"), value);
    assert_eq!(error("00567-", "00567*"), "line 4, columns 72 to 72: \"*\", expected +, - or blank");
    assert_eq!(
        error("0 CME", "Q CME"),
        "line 1, columns 1 to 2: \"Q \", expected a record of the expanded format: 0 to 6, 81 to 84, 9, B to E, P, R to Z"
    );
    let second = "the second record of this contract on the next line";
    assert_eq!(error("82CBT", "T CBT"), format!("line 4, columns 1 to 2: \"81\", expected {second}"));
    assert_eq!(
        error("81CBT06        06        FUT", "T CBT06        06        FUT"),
        "line 5, columns 1 to 2: \"82\", expected its first record, 81 or 83, on the line before"
    );
    assert!(
        error("82CBT06        06        FUT", "82CBT07        06        FUT")
            .ends_with("expected the contract of the line before")
    );
    assert!(
        error("82CBT06        06        FUT", "84CBT06        06        FUT").ends_with("expected 82, after an 81")
    );
    assert!(error("OOFC2025", "OOFX2025").ends_with("\"X\", expected C, P or blank"));
    assert!(error("FUT 202507", "FUT 2025x7").ends_with("\"2025x7\", expected a month as CCYYMM, or blank"));
    assert!(error("USD$PN", "USD$QN").ends_with("\"Q\", expected P, F or blank"));
    assert!(error("2 CBT 06", "2 C\u{e9} 06").contains("expected printable ASCII"));
    assert_eq!(read(b"").unwrap(), SpanFile::default());
}

fn month() -> impl Strategy<Value = Month> {
    ("(|20[0-9]{4})", "(|[A-Z0-9]{1,2})").prop_map(|(month, day)| Month { month, day })
}

prop_compose! {
    fn record()(
        (exchange, product, underlying, kind) in ("[A-Z]{3}", "[A-Z0-9-]{1,10}", "[A-Z0-9]{0,10}", "[A-Z]{3}"),
        right in prop_oneof![Just(None), Just(Some(Right::Call)), Just(Some(Right::Put))],
        (futures, option) in (month(), month()),
        (strike, settlement) in (-9_999_999_i64..=9_999_999, -9_999_999_i64..=9_999_999),
        values in prop_oneof![prop::array::uniform16(-99_999_i64..=99_999), prop::array::uniform16(-99_999_999_i64..=99_999_999)],
        (delta, vol) in (-99_999_i64..=99_999, 0_i64..=99_999_999),
    ) -> ArrayRecord {
        let contract = Contract { exchange, product, underlying, kind, right, futures, option, strike };
        let (composite_delta, implied_volatility) = (Decimal::new(delta, 4), Decimal::new(vol, 6));
        ArrayRecord { contract, values, composite_delta, implied_volatility, settlement }
    }
}

proptest! {
    #[test]
    fn any_file_that_fits_reads_back(
        arrays in prop::collection::vec(record(), 0..5),
        (decimals, risk_exponent) in (-9_i8..=9, 0_u8..=9),
        (futures, option, factor) in (month(), month(), 0_i64..=999_999),
    ) {
        let product = Product { code: "06".to_owned(), kind: "FUT".to_owned(), decimals };
        let commodity = Commodity { exchange: "CBT".to_owned(), code: "06".to_owned(), risk_exponent, products: vec![product; 6], ..Commodity::default() };
        let scaling = Scaling { exchange: "CBT".to_owned(), product: "06".to_owned(), kind: "FUT".to_owned(), futures, option, factor: Decimal::new(factor, 4) };
        let file = SpanFile { commodities: vec![commodity], scalings: vec![scaling], arrays, ..SpanFile::default() };
        prop_assert_eq!(read(write(&file).unwrap().as_bytes()), Ok(file));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0_usize..900) {
        fuzz_span(&bytes);
        let mut near = FILE.as_bytes().to_vec();
        near.splice(at.min(near.len())..(at + 1).min(near.len()), bytes.into_iter().take(3));
        fuzz_span(&near);
    }
}
