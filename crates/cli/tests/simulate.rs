//! A simulated hour of a venue with faults put in: no promise breaks.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use serde_json::Value;
use support::plimsoll;

#[test]
fn an_hour_with_faults_breaks_no_promise() {
    let ran = plimsoll(&["simulate", "faults", "--seeds", "20", "--hours", "0.05", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["promises_broken"], &report["planted"], &report["found"]), (&0.into(), &0.into(), &0.into()));
    assert!(report["hours"].as_f64().unwrap() > 0.99, "{report}");
    assert!(report["events"].as_u64().unwrap() > 100_000 && report["recoveries"].as_u64().unwrap() > 20, "{report}");
}

#[test]
fn a_run_that_cannot_be_is_refused_with_what_was_expected() {
    for (arguments, expected) in [
        (["--hours", "0"], "expected above 0"),
        (["--hours", "soon"], "--hours soon"),
        (["--seeds", "0"], "--seeds of at least 1"),
        (["--accounts", "3"], "--accounts of 20"),
        (["--rate", "4294967295"], "--rate of 1 to 10000"),
        #[cfg(not(feature = "planted"))]
        (["--planted", "--calm"], "build with --features planted"),
    ] {
        let ran = plimsoll(&[&["simulate", "faults"][..], &arguments[..]].concat());
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
}
