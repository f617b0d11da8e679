//! Every story in `scenarios/` is told, with the book kept and with it dropped before every command.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll::document::{Format, parse};
use plimsoll::engine::Book;
use plimsoll::story::{Told, tell};

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn told(path: &Path, before: impl FnMut(&mut Book)) -> Told {
    let opening = fs::read(scenarios().join("openings/venue.toml")).unwrap();
    let story = fs::read(path).unwrap();
    let parts = [&opening, &story]
        .map(|text| parse(text, Format::Toml).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    tell(&[&parts[0], &parts[1]], before).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_story_goes_as_it_says_whatever_becomes_of_the_book() {
    let mut stories: Vec<PathBuf> = fs::read_dir(scenarios())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    stories.sort();
    assert!(stories.len() >= 8, "{} stories", stories.len());
    for story in stories {
        let kept = told(&story, |_| {});
        let dropped = told(&story, |book| *book = Book::new());
        assert!(kept.state == dropped.state, "{}: the book changed what happened", story.display());
        let held: usize = kept.steps.iter().map(|step| step.held).sum();
        assert!(held >= 5, "{}: a story expects something of its steps", story.display());
    }
}

#[test]
fn a_story_that_departs_says_where() {
    let story = br#"
        title = "Wrong"
        start = "2026-06-01T07:00:00Z"
        [[steps]]
        do = "list_asset"
        asset = "USDC"
        expect = { "house.fees.USDC" = "3" }
    "#;
    let value = parse(story, Format::Toml).unwrap();
    let error = tell(&[&value], |_| {}).unwrap_err().to_string();
    assert_eq!(error, "step 1: house.fees.USDC is 0: expected 3");
}

/// The seeds of the fuzz target are lines that are carried out, or they would lead nowhere.
#[test]
fn the_fuzzers_seeds_are_read_and_fold() {
    for entry in fs::read_dir(scenarios().join("../fuzz/corpus/stream")).unwrap() {
        plimsoll::stream::fuzz_stream(&fs::read(entry.unwrap().path()).unwrap());
    }
}
