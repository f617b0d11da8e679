//! Streams of commands: what ends a run, what a second run does, and what begins a journal.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use support::{Folder, lines, plimsoll, plimsoll_with, scenario};

fn started(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn deposits(count: usize) -> String {
    let deposit = |amount| format!("{{\"do\":\"deposit\",\"account\":\"market\",\"amount\":\"{amount} USDC\"}}\n");
    (1..=count).map(deposit).collect()
}

fn deposited(journal: &str) -> usize {
    let events = lines(&plimsoll(&["journal", "export", journal]).out);
    events.iter().filter(|event| event["event"] == "deposited").count()
}

/// Runs until somebody who read one line of it closes the pipe.
fn closed_early(arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = started(arguments);
    drop(child.stdin.take());
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

#[test]
fn a_pipe_that_is_closed_leaves_nothing_undone_unsaid() {
    let (folder, opening) = (Folder::new("closed"), scenario("openings/venue.toml"));
    let stream = folder.file("stream.jsonl", deposits(5_000));
    let journal = folder.0.join("journal").display().to_string();
    let (code, said) = closed_early(&["run", "-j", &journal, &opening, &stream]);
    assert_eq!(code, Some(1), "{said}");
    let far = said.split_once("stream.jsonl line ").and_then(|(_, rest)| rest.split_once(' ')).unwrap();
    assert!(far.1.starts_with("and all before it are carried out and in the journal, what follows is not"), "{said}");
    let before = deposited(&journal);
    assert!(before < 5_000, "the test needs commands left undone");
    assert_eq!(far.0.parse(), Ok(before), "as far as it says");
    let again = plimsoll(&["run", "-j", &journal, &opening, &stream]);
    assert_eq!((again.code, deposited(&journal)), (0, 5_000), "{}", again.err);
    let of = |event: &serde_json::Value| event["amount"].as_str().unwrap().trim_end_matches(" USDC").parse().unwrap();
    let events = lines(&again.out);
    let told: Vec<usize> = events.iter().filter(|event| event["event"] == "deposited").map(of).collect();
    assert_eq!(told, (before - 63..=5_000).collect::<Vec<_>>(), "the last answers that were kept, then all others");
    let (code, said) = closed_early(&["run", &opening, &stream]);
    assert_eq!(code, Some(0), "nothing stays of a run without a journal: {said}");
}

#[test]
fn what_was_answered_long_ago_is_counted_and_only_that() {
    let (folder, opening) = (Folder::new("long-ago"), scenario("openings/venue.toml"));
    let stream = folder.file("stream.jsonl", deposits(100));
    let journal = folder.0.join("journal").display().to_string();
    let first = plimsoll(&["run", "-j", &journal, &opening, &stream]);
    let again = plimsoll(&["run", "-j", &journal, &stream]);
    assert!(again.err.ends_with("100 commands, 0 events, 0 refused, 100 already done and 64 of them answered again\n"));
    assert_eq!(again.err.lines().count(), 1, "{}", again.err);
    assert!(first.out.ends_with(&again.out) && again.out.lines().count() == 64);
}

#[test]
fn a_number_that_is_given_to_another_command_is_an_error_that_names_both() {
    let (journal, opening) = (Folder::new("number"), scenario("openings/venue.toml"));
    let said = |text: &str| format!("{{\"client\":\"desk\",\"number\":4,{text}}}\n");
    let deposit = said("\"do\":\"deposit\",\"account\":\"market\",\"amount\":\"1 USDC\"");
    let more = said("\"do\":\"deposit\",\"account\":\"market\",\"amount\":\"2 USDC\"");
    let expected = "standard input line 1: number 4 of desk was a Deposit already, record ";
    let both = plimsoll_with(&["run", "-j", &journal.path(), &opening, "-"], &(deposit.clone() + &more));
    assert!(both.code == 2 && both.err.contains("line 2: number 4 of desk was a Deposit already"), "{}", both.err);
    for (line, fits) in [(&deposit, true), (&more, false), (&said("\"do\":\"tick\""), false)] {
        let ran = plimsoll_with(&["run", "-j", &journal.path(), "-"], line);
        assert_eq!((ran.code == 0, ran.err.contains(expected)), (fits, !fits), "{line}: {}", ran.err);
    }
    assert_eq!(deposited(&journal.path()), 1);
}

/// Lines are read with what the engine knows and what time it is, and both have gone on when they are read again.
#[test]
fn every_story_that_runs_is_known_again() {
    let journals = Folder::new("stories");
    for story in std::fs::read_dir(scenario("")).unwrap().map(|file| file.unwrap().path().display().to_string()) {
        if !story.ends_with(".toml") {
            continue;
        }
        let journal = journals.0.join(story.rsplit('/').next().unwrap()).display().to_string();
        let first = plimsoll(&["run", "-j", &journal, &story]);
        assert_eq!(first.code, 0, "its opening comes first, {story}: {}", first.err);
        let again = plimsoll(&["run", "-j", &journal, &story]);
        assert!(again.code == 0 && again.err.contains(", 0 events, 0 refused, "), "{story}: {}", again.err);
        assert_eq!(plimsoll(&["journal", "export", &journal]).out, first.out, "{story}");
    }
}

#[test]
fn an_opening_is_read_once_and_steps_for_a_rule_switched_off_are_not() {
    let folder = Folder::new("opening");
    let opening = "start = \"2026-06-01T07:00:00Z\"\n[[steps]]\ndo = \"list_asset\"\nasset = \"USDC\"\n";
    let tick = "[[steps]]\ndo = \"tick\"\nrule = \"off\"\n[[steps]]\ndo = \"tick\"\nrule = \"on\"\n";
    let opening = folder.file("opening.toml", opening);
    let story = folder.file("story.toml", format!("opening = \"opening.toml\"\n{tick}"));
    let other = folder.file("other.toml", format!("opening = \"opening.toml\"\n{tick}"));
    for (files, commands) in [(vec![&story], 2), (vec![&opening, &story], 2), (vec![&story, &other], 3)] {
        let files: Vec<&str> = files.into_iter().map(String::as_str).collect();
        let ran = plimsoll(&[&["run"], files.as_slice()].concat());
        let expected = format!("run: {commands} commands, 1 events, 0 refused\n");
        assert_eq!((ran.code, ran.err.as_str()), (0, expected.as_str()), "{files:?}");
    }
}

#[test]
fn nothing_is_made_of_a_journal_before_a_line_can_be_carried_out() {
    let journal = Folder::new("unmade");
    let numbered = "{\"at\":\"2020-01-01T00:00:00Z\",\"client\":\"a\",\"number\":1,";
    for (line, expected) in [
        ("not json", "line 1"),
        ("{\"do\":\"tick\"}", "expected the time of the first command"),
        ("{\"do\":\"tick\",\"at\":\"2020-01-01T00:00:00Z\"}", "client, number: missing"),
        (&*format!("{numbered}\"do\":\"tock\"}}"), "do: \"tock\""),
        (&*format!("{numbered}\"do\":\"deposit\",\"account\":\"x\",\"amount\":\"1 BTC\"}}"), "account: \"x\""),
        ("", "snapshot: none: the journal has no records"),
    ] {
        let ran = plimsoll_with(&["run", "-j", &journal.path(), "--snapshot", "-"], &format!("{line}\n"));
        assert_eq!(ran.code, if line.is_empty() { 0 } else { 2 }, "{line}: {}", ran.err);
        assert!(ran.err.contains(expected), "{line}: {}", ran.err);
        assert!(!journal.0.exists(), "{line}");
    }
    let begun = plimsoll(&["run", "-j", &journal.path(), &scenario("openings/venue.toml")]);
    assert_eq!(begun.code, 0, "{}", begun.err);
    let bytes = std::fs::read_dir(&journal.0).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert!(bytes.sum::<u64>() < 2 << 20, "a few commands are a small journal");
    let idle = plimsoll_with(&["run", "-j", &journal.path(), "--snapshot", "-"], "");
    assert!(idle.code == 0 && idle.err.contains("snapshot: at record "), "{}", idle.err);
}

#[test]
fn a_line_that_is_whole_is_answered_though_another_has_begun() {
    let mut child = started(&["run", &scenario("openings/venue.toml"), "-"]);
    let mut pipe = child.stdin.take().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let both = deposits(2);
    let (first, rest) = both.split_at(both.len() / 2 + 10);
    pipe.write_all(first.as_bytes()).unwrap();
    // Where it is not answered this waits for ever.
    let is_of = |line: &str, amount: &str| line.contains("\"deposited\"") && line.contains(amount);
    assert!(said.by_ref().map(Result::unwrap).any(|line| is_of(&line, "\"1 USDC\"")));
    pipe.write_all(rest.as_bytes()).unwrap();
    drop(pipe);
    assert!(said.map(Result::unwrap).any(|line| is_of(&line, "\"2 USDC\"")));
    assert!(child.wait().unwrap().success());
}

#[test]
fn lines_that_no_command_can_be_are_told_with_their_place() {
    let (folder, opening) = (Folder::new("lines"), scenario("openings/venue.toml"));
    let mut long = deposits(1).into_bytes();
    long.resize(long.len() + (16 << 20) + 1, b' ');
    for (bytes, expected) in [
        (b"\n{\"do\":\"ti\xffck\"}\n".to_vec(), "line 2 column 10: a byte that is no UTF-8"),
        (long, "line 2: longer than 16777216 bytes: expected a command"),
    ] {
        let stream = folder.file("stream.ndjson", bytes);
        let ran = plimsoll(&["run", &opening, &stream]);
        assert!(ran.code == 2 && ran.err.contains(expected), "{}", ran.err);
    }
}

#[test]
fn a_folder_s_streams_are_read_and_what_is_left_out_is_told() {
    let folder = Folder::new("folder");
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::copy(scenario("openings/venue.toml"), folder.0.join("1.toml")).unwrap();
    folder.file("2.ndjson", deposits(1));
    folder.file("3.jsonl", deposits(1));
    folder.file("README.md", "");
    folder.file(".hidden", "");
    let ran = plimsoll(&["run", &folder.path()]);
    assert_eq!(
        (ran.code, ran.out.matches("\"deposited\",\"account\":\"market\",\"amount\":\"1 USDC\"").count()),
        (0, 2)
    );
    let warnings: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("warning")).collect();
    assert!(
        matches!(warnings.as_slice(), [one] if one.contains("README.md: not read: expected .jsonl")),
        "{warnings:?}"
    );
}

#[test]
fn a_journal_that_cannot_be_written_is_not_wrong_usage() {
    let journal = Folder::new("unwritable");
    // In the place of the file that the first segment is made in.
    std::fs::create_dir_all(journal.0.join("made.tmp")).unwrap();
    let ran = plimsoll(&["run", "-j", &journal.path(), &scenario("openings/venue.toml")]);
    assert!(ran.code == 1 && ran.err.contains("made.tmp: remove at byte 0"), "{}", ran.err);
}

#[test]
fn answers_that_cannot_be_written_are_no_success() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let journal = Folder::new("full");
    let ran = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["run", "-j", &journal.path(), &scenario("openings/venue.toml")])
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.code() == Some(1) && said.contains("all before it are carried out"), "{said}");
}
