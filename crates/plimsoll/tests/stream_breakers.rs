//! Breakers as lines of the command stream, and as events.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use plimsoll::document::{Format, parse};
use plimsoll::engine::{Book, State, step};
use plimsoll::stream::{events::shown, read};

fn venue() -> (State, Book) {
    let mut state = State::new("USD".parse().unwrap(), "2026-06-01T08:00:00Z".parse().unwrap());
    let mut book = Book::new();
    for line in [
        r#"{"do":"list_asset","asset":"BTC"}"#,
        r#"{"do":"list_underlying","underlying":"BTC","quote":"USD"}"#,
        r#"{"do":"set_model","name":"cross"}"#,
        r#"{"do":"open_account","account":"desk","model":"cross"}"#,
    ] {
        ask(&mut state, &mut book, line).unwrap();
    }
    (state, book)
}

/// The events of a line, or everything that is wrong with it.
fn ask(state: &mut State, book: &mut Book, line: &str) -> Result<Vec<serde_json::Value>, String> {
    let value = parse(line.as_bytes(), Format::Json).unwrap();
    let read = read(&value, state, state.clock).map_err(|errors| errors.to_string())?;
    assert!(read.warnings.is_empty(), "{line}: {:?}", read.warnings);
    let events = step(state, book, &read.command, read.at).map_err(|refusal| refusal.to_string())?;
    Ok(events.iter().map(|event| shown(state, 0, read.at, event)).collect())
}

#[test]
fn every_kind_can_be_set_tripped_lifted_and_removed() {
    let (mut state, mut book) = venue();
    for rule in [
        r#""watches":"price_band","share":"0.05","underlying":"BTC""#,
        r#""watches":"velocity","share":"0.1","window_s":600,"each_underlying":true"#,
        r#""watches":"velocity","share":"0.1","window_s":600,"asset":"BTC""#,
        r#""watches":"withdrawal_rate","value":"10","window_s":600,"asset":"BTC""#,
        r#""watches":"withdrawal_rate","value":"10","window_s":600,"owner":"desk""#,
        r#""watches":"fund_drawdown","share":"0.1","window_s":600"#,
        r#""watches":"open_interest","notional":"1000000","underlying":"BTC""#,
        r#""watches":"owner_concentration","share":"0.5","each_underlying":true"#,
        r#""watches":"liquidation_rate","notional":"1000000","window_s":600"#,
    ] {
        let line =
            format!(r#"{{"do":"set_breaker","name":"line",{rule},"restricts":["opening","gains"],"lift_s":60}}"#);
        let set = ask(&mut state, &mut book, &line).unwrap();
        assert_eq!(set[0]["event"], "breaker_set", "{line}");
        assert_eq!((&set[0]["lift_s"], &set[0]["restricts"][1]), (&60.into(), &"gains".into()));
        let word = |word: &str| format!(r#"{{"do":"{word}","name":"line"}}"#);
        let tripped = ask(&mut state, &mut book, &word("trip_breaker")).unwrap();
        assert_eq!((&tripped[0]["event"], &tripped[0]["by_hand"]), (&"breaker_tripped".into(), &true.into()));
        for (asked, expected) in [("lift_breaker", "breaker_lifted"), ("remove_breaker", "breaker_removed")] {
            let events = ask(&mut state, &mut book, &word(asked)).unwrap();
            assert_eq!(events[0]["event"], expected, "{line}");
        }
    }
    let quorum =
        r#"{"do":"set_breaker","name":"q","watches":"quorum","sources":2,"underlying":"BTC","restricts":["placing"]}"#;
    let events = ask(&mut state, &mut book, quorum).unwrap();
    let tripped = &events[1];
    assert_eq!((&tripped["event"], &tripped["underlying"]), (&"breaker_tripped".into(), &"BTC".into()));
    assert_eq!((&tripped["found"], &tripped["bound"]), (&"0".into(), &"2".into()), "an index that nobody quotes");
}

#[test]
fn a_line_that_is_wrong_says_where() {
    let (mut state, mut book) = venue();
    for (rule, expected) in [
        (r#""watches":"velocity","share":"0.1","restricts":["opening"]"#, "window_s"),
        (r#""watches":"quorum","sources":2,"share":"0.1","restricts":["opening"]"#, "nothing: quorum has sources"),
        (r#""watches":"speed","restricts":["opening"]"#, "\"velocity\""),
        (r#""watches":"price_band","share":"0.1","restricts":["trading"]"#, "\"liquidating\""),
        (r#""watches":"price_band","share":"0.1""#, "restricts"),
        (r#""watches":"price_band","share":"0.1","restricts":["opening"],"within":"0.05""#, "`lift_s` beside it"),
        (
            r#""watches":"velocity","share":"0.1","window_s":9,"asset":"BTC","underlying":"BTC","restricts":["opening"]"#,
            "nothing: `underlying` says where",
        ),
        (r#""watches":"price_band","share":"0.1","underlying":"XYZ","restricts":["opening"]"#, "XYZ"),
        (r#""watches":"price_band","share":"11","restricts":["opening"]"#, "share is 11: expected above 0, at most 10"),
    ] {
        let line = format!(r#"{{"do":"set_breaker","name":"line",{rule}}}"#);
        let error = ask(&mut state, &mut book, &line).unwrap_err();
        assert!(error.contains(expected), "{line}: {error}, instead of {expected}");
    }
}
