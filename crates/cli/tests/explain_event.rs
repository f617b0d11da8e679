//! `explain --event`: what an event was decided by, to the last digit.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use serde_json::Value;
use support::{Folder, lines, plimsoll, plimsoll_with, scenario};

fn explained(journal: &str, sequence: &Value, more: &[&str]) -> Value {
    let sequence = sequence.to_string();
    let ran = plimsoll(&[&["explain", journal, "--event", &sequence, "--format", "json"], more].concat());
    assert!(ran.code < 2, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// A record's level changes as it tells them, each beside the tree that is shown of it.
#[test]
fn every_level_change_of_every_story_is_explained_by_what_decided_it() {
    let folder = Folder::new("levels");
    let (mut changes, mut followed) = (0, 0);
    for story in std::fs::read_dir(scenario("")).unwrap().map(|file| file.unwrap().path()) {
        if story.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let journal = folder.0.join(story.file_stem().unwrap()).display().to_string();
        let ran = plimsoll(&["run", "-j", &journal, &story.display().to_string()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let events = lines(&ran.out);
        for (at, event) in events.iter().enumerate().filter(|(_, event)| event["event"] == "level_changed") {
            let first = events.iter().position(|other| other["sequence"] == event["sequence"]).unwrap();
            for (level, figure) in [("initial", "initial"), ("equity-maintenance", "equity")] {
                let found = explained(&journal, &event["sequence"], &["--level", level]);
                let of = found["accounts"].as_array().unwrap().iter().find(|it| it["event"] == at - first);
                let of = of.unwrap_or_else(|| panic!("{journal} {event}: nothing of it in {found}"));
                assert_eq!((&of["account"], &of["tree"]["amount"]), (&event["account"], &event[figure]), "{journal}");
            }
            changes += 1;
            followed += usize::from(events.get(at + 1).is_some_and(|next| next["sequence"] == event["sequence"]));
        }
    }
    assert!(changes > 40 && followed > 5, "{changes} changes, {followed} of them with events after them");
}

#[test]
fn a_refused_order_is_explained_with_it_and_options_of_documents_are_refused() {
    let (journal, story) = (Folder::new("refused"), scenario("openings/venue.toml"));
    let input = r#"{"client":"a","number":1,"do":"open_account","account":"desk","model":"cross"}
{"client":"a","number":2,"do":"deposit","account":"desk","amount":"1000 USDC"}
{"client":"a","number":3,"do":"place","account":"desk","order":1,"contract":"BTC_USDC-PERPETUAL","side":"buy","quantity":"100","price":"60000"}
{"client":"a","number":4,"do":"withdraw","account":"desk","amount":"5000 USDC"}
"#;
    let ran = plimsoll_with(&["run", "-j", &journal.path(), &story, "-"], input);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let events = lines(&ran.out);
    let refused = |rule: &str| events.iter().find(|event| event["refused"] == rule).unwrap();
    let short = refused("InitialMarginShort");
    let text = short["text"].as_str().unwrap();
    let asked = text.strip_prefix("account desk: initial margin ").unwrap().split(' ').next().unwrap();
    let found = explained(&journal.path(), &short["sequence"], &[]);
    assert_eq!(
        (&found["accounts"][0]["account"], &found["accounts"][0]["moment"]),
        (&"desk".into(), &"with the order".into())
    );
    assert_eq!(found["accounts"][0]["tree"]["amount"], asked);
    let cash = refused("CashShort");
    assert!(cash["text"].as_str().unwrap().starts_with("account desk: USDC 5000 asked"), "{cash}");
    let found = explained(&journal.path(), &cash["sequence"], &["--level", "withdrawable"]);
    assert_eq!(found["accounts"][0]["moment"], "before the command");
    for option in [["--model", "cross"], ["--set", "cross.option_initial=0.2"]] {
        let ran = plimsoll(&[&["explain", &journal.path(), "--event", "5"], &option[..]].concat());
        assert!(ran.code == 2 && ran.err.contains("cannot be used with"), "{}", ran.err);
    }
}

#[test]
fn an_account_that_cannot_be_explained_is_named_with_its_reason() {
    let folder = Folder::new("unpriced");
    let stream = folder.file(
        "stream.jsonl",
        r#"{"at":"2026-06-01T07:00:00Z","do":"list_underlying","underlying":"SOL","quote":"USD"}
{"do":"list_asset","asset":"USDC"}
{"do":"set_model","name":"cross","model":"cross"}
{"do":"open_account","account":"desk","model":"cross","kind":"outside"}
{"do":"open_account","account":"street","model":"cross","kind":"outside"}
{"do":"list_contract","contract":"SOL_USDC-PERPETUAL"}
{"do":"trade","contract":"SOL_USDC-PERPETUAL","quantity":"1","price":"100","buyer":"desk","seller":"street"}
"#,
    );
    let journal = folder.0.join("journal").display().to_string();
    assert_eq!(plimsoll(&["run", "-j", &journal, &stream]).code, 0);
    let ran = plimsoll(&["explain", &journal, "--event", "8", "--format", "json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let accounts: Vec<&Value> = found["errors"].as_array().unwrap().iter().map(|error| &error["account"]).collect();
    assert_eq!((ran.code, accounts), (1, vec![&Value::from("desk"), &Value::from("street")]));
    assert!(ran.err.contains("error: account street: SOL_USDC-PERPETUAL: SOL: no such underlying"), "{}", ran.err);
}
