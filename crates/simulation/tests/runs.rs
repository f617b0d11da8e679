//! Short runs with everything that goes wrong, and that a run is its seed.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::collections::BTreeMap;

use plimsoll_simulation::{Plan, Report, run};

fn plan(seed: u64, hours: &str) -> Plan {
    Plan { seed, hours: hours.parse().unwrap(), accounts: 80, ..Plan::default() }
}

fn sound(report: &Report) {
    let broken: Vec<String> = report.broken.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_promise_holds_whatever_goes_wrong() {
    let mut checks: BTreeMap<&str, u64> = BTreeMap::new();
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 1..=4 {
        let report = run(plan(seed, "0.02"));
        sound(&report);
        assert!(report.commands > 2_500 && report.events > 2_000, "seed {seed}: {} commands", report.commands);
        report.checks.iter().for_each(|(name, count)| *checks.entry(name).or_default() += count);
        report.faults.iter().for_each(|(name, count)| *faults.entry(name).or_default() += count);
    }
    for promise in [
        "accounts hold what commands and rules give them",
        "an account stands where its margin from scratch puts it",
        "decided again with a new book, the same",
        "equity and margin are what the model's page says",
        "the log holds what was acknowledged, in order",
        "what is read back is what was",
    ] {
        assert!(checks.get(promise).is_some_and(|count| *count > 10), "{promise}: {checks:?}");
    }
    for fault in ["crash", "odd prices", "doubled message", "retry"] {
        assert!(faults.contains_key(fault), "no {fault}: {faults:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let (one, again) = (run(plan(11, "0.008")), run(plan(11, "0.008")));
    assert_eq!(one, again);
    assert_ne!(one.chain, run(plan(12, "0.008")).chain);
}

#[test]
fn a_calm_run_meets_no_fault_of_ours() {
    let report = run(Plan { faults: false, ..plan(3, "0.008") });
    sound(&report);
    assert!(!report.faults.contains_key("crash") && !report.faults.contains_key("lost message"));
}
