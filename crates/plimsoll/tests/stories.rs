//! Every story in `scenarios/` is told, with the book kept and with it dropped before every command.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll::document::{Format, Value, parse};
use plimsoll::engine::Book;
use plimsoll::story::{Rule, StoryError, Told, has_rule, tell};

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn told(path: &Path, rule: Rule, before: impl FnMut(&mut Book)) -> Result<Told, StoryError> {
    let read = |path: &Path| fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = read(path);
    let story = parse(&text, Format::Toml).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let opening = story.get("opening").and_then(Value::scalar).map(|name| read(&path.with_file_name(name)));
    let opening = opening.as_deref().map(|text| parse(text, Format::Toml).unwrap());
    let parts: Vec<&Value<'_>> = opening.iter().chain([&story]).collect();
    tell(&parts, rule, before)
}

fn is_about_a_rule(path: &Path) -> bool {
    has_rule(&parse(&fs::read(path).unwrap(), Format::Toml).unwrap())
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
        let tell = |book: fn(&mut Book)| {
            told(&story, Rule::On, book).unwrap_or_else(|error| panic!("{}: {error}", story.display()))
        };
        let (kept, dropped) = (tell(|_| {}), tell(|book| *book = Book::new()));
        assert!(kept.state == dropped.state, "{}: the book changed what happened", story.display());
        let held: usize = kept.steps.iter().map(|step| step.held).sum();
        assert!(held >= 3, "{}: a story expects something of its steps", story.display());
        if is_about_a_rule(&story) {
            let off = told(&story, Rule::Off, |_| {}).map(|_| ());
            assert!(matches!(off, Err(StoryError::Departs { .. })), "{}: with its rule off: {off:?}", story.display());
        }
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
    let error = tell(&[&value], Rule::On, |_| {}).unwrap_err().to_string();
    assert_eq!(error, "step 1: house.fees.USDC is 0: expected 3");
}

/// The seeds of the fuzz target are lines that are carried out, or they would lead nowhere.
#[test]
fn the_fuzzers_seeds_are_read_and_fold() {
    for entry in fs::read_dir(scenarios().join("../fuzz/corpus/stream")).unwrap() {
        plimsoll::stream::fuzz_stream(&fs::read(entry.unwrap().path()).unwrap());
    }
}
