//! Cases that are carried with the project, and what becomes of wrong ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll::conformance::{Ask, Case, Known, Report, formulas, run};
use serde_json::{Value, json};

/// The cases of `tests/cases`, by file.
fn carried() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| read(&std::fs::read(file).unwrap())).collect()
}

fn read(bytes: &[u8]) -> Vec<Case> {
    Case::read(bytes).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_carried_case_is_within_its_tolerance() {
    let report = run(&carried(), &Known::reviewed());
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
}

#[test]
fn every_formula_has_a_carried_case() {
    let cases = carried();
    let asked: BTreeSet<&str> = cases
        .iter()
        .filter_map(|case| match &case.ask {
            Ask::Formula(name, _) => Some(name.as_str()),
            Ask::Margin(_) => None,
        })
        .collect();
    let without: Vec<_> = formulas::names().filter(|name| !asked.contains(name)).collect();
    assert!(without.is_empty(), "{without:?}");
}

/// A file with one auction case, changed by `change`.
fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut file = json!({"cases": [{
        "id": "a", "model": "derive-auction", "source": "s", "provenance": "p",
        "ask": {"formula": "auction.price", "given": {
            "starting_fraction": "1", "cutoff_fraction": "0.8", "fast_seconds": "600", "slow_seconds": "7200",
            "elapsed_seconds": "960",
        }},
        "expect": {"price_fraction": "0.76"},
    }]});
    change(&mut file);
    file.to_string().into_bytes()
}

fn outcome(change: impl FnOnce(&mut Value)) -> Report {
    run(&read(&changed(change)), &[])
}

#[test]
fn a_case_departs_at_its_first_wrong_figure() {
    assert_eq!(outcome(|_| ()).total().passed, 1);
    let figure = |value: Value| outcome(|file| file["cases"][0]["expect"]["price_fraction"] = value);
    for (value, passes) in [
        (json!("0.760000000000000001"), false),
        (json!({"is": "0.77", "within": {"absolute": "0.01"}}), true),
        (json!({"is": "0.77", "within": {"relative": "0.012"}}), false),
        (json!({"is": "0.7", "within": {"truncated": "1"}}), true),
        (json!({"is": "0.8", "within": {"truncated": "1"}}), false),
        (json!(["0.76"]), false),
        (json!(true), false),
    ] {
        let report = figure(value.clone());
        assert_eq!(report.total().passed == 1, passes, "{value}: {:?}", report.failures);
        if !passes {
            assert_eq!(
                (report.failures[0].figure.as_str(), report.failures[0].found.as_str()),
                ("price_fraction", "0.76")
            );
        }
    }
    let unknown = outcome(|file| file["cases"][0]["expect"]["spam"] = json!("1"));
    assert_eq!(unknown.failures[0].figure, "spam");
    let missing = outcome(|file| file["cases"][0]["ask"]["given"]["elapsed_seconds"] = Value::Null);
    assert_eq!(missing.failures[0].found, "given.elapsed_seconds: null, expected a whole number");
    let formula = outcome(|file| file["cases"][0]["ask"]["formula"] = json!("spam"));
    assert!(formula.failures[0].found.starts_with("no formula is called \"spam\": expected one of auction.bid"));
}

#[test]
fn a_refusal_is_expected_by_its_words() {
    let with = |refused: &str| {
        outcome(|file| {
            file["cases"][0]["ask"]["given"]["starting_fraction"] = json!("2");
            file["cases"][0]["expect"] = json!({"refused": refused});
        })
    };
    assert_eq!(with("starting fraction").total().passed, 1);
    assert_eq!(with("another reason").total().failed, 1);
    let answered = outcome(|file| file["cases"][0]["expect"] = json!({"refused": "anything"}));
    assert_eq!(answered.failures[0].found, "an answer");
}

#[test]
fn what_is_no_case_is_refused_with_its_place() {
    let error = |change: fn(&mut Value)| Case::read(&changed(change)).unwrap_err().to_string();
    for (said, change) in [
        (
            "cases[0].id: missing, expected a text",
            (|file| drop(file["cases"][0].as_object_mut().unwrap().remove("id"))) as fn(&mut Value),
        ),
        ("cases[0].ask: {}, expected a formula", |file| file["cases"][0]["ask"] = json!({})),
        ("cases[0].expect: {}, expected at least one figure", |file| file["cases"][0]["expect"] = json!({})),
        ("cases[0].within.absolute: \"-1\", expected a number", |file| {
            file["cases"][0]["within"] = json!({"absolute": "-1"});
        }),
        ("cases[0].within.spam: 1, expected nothing but", |file| file["cases"][0]["within"] = json!({"spam": 1})),
        ("cases: missing, expected a list of cases", |file| *file = json!({})),
    ] {
        assert!(error(change).starts_with(said), "{}", error(change));
    }
    assert_eq!(Case::read(b"{").unwrap_err().at, "line 1, column 1");
}

/// One departure in 34 may be known, one in 33 not: three in a hundred.
#[test]
fn few_departures_may_be_known_and_no_name_comes_twice() {
    let known = |count: usize| {
        let mut cases: Vec<Case> = (0..count)
            .map(|number| {
                let mut case = read(&changed(|_| ())).remove(0);
                case.id = number.to_string();
                case
            })
            .collect();
        cases[0].expect[0].1 = json!("0.7");
        let known = Known { case: "0".into(), sentence: String::new(), ours: String::new(), theirs: String::new() };
        run(&cases, &[known]).total()
    };
    assert_eq!((known(34).known, known(34).failed), (1, 0));
    assert_eq!((known(33).known, known(33).failed), (0, 1));
    let twice: Vec<Case> = (0..2).flat_map(|_| read(&changed(|_| ()))).collect();
    assert_eq!(run(&twice, &[]).failures[0].published, "each name once");
}

#[test]
fn every_known_departure_is_whole_and_says_why() {
    let list: Value = serde_json::from_str(include_str!("../src/conformance/known.json")).unwrap();
    let reviewed = Known::reviewed();
    assert_eq!(list["known"].as_array().unwrap().len(), reviewed.len(), "an entry lacks a field");
    for known in reviewed {
        assert!(![&known.sentence, &known.ours, &known.theirs].iter().any(|text| text.trim().is_empty()), "{known:?}");
    }
}
