//! The program is killed under load, again and again: what it acknowledged is in its journal.
//!
//! `KILLS=200 cargo test --release -p plimsoll-cli --test kill` kills more often than every test run does.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "a test may read its environment and the clock")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use support::plimsoll;

const KILLS: u64 = 12;

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("plimsoll-kill-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn scenario(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(name).display().to_string()
}

fn start(journal: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["run", &scenario("openings/venue.toml"), "-", "--journal", journal])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Deposits of one client, from `first` on, until the program is gone.
fn feed(child: &mut Child, first: u64) -> thread::JoinHandle<()> {
    let mut pipe = child.stdin.take().unwrap();
    thread::spawn(move || {
        for number in first.. {
            let line = format!(
                "{{\"do\":\"deposit\",\"client\":\"payer\",\"number\":{number},\"account\":\"market\",\
                 \"amount\":\"{number} USDC\"}}\n"
            );
            if pipe.write_all(line.as_bytes()).is_err() {
                break;
            }
        }
    })
}

/// The amounts that were acknowledged as deposited, until the program is gone.
fn acknowledged(child: &mut Child) -> thread::JoinHandle<Vec<u64>> {
    let out = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        let mut seen = Vec::new();
        for line in out.lines() {
            let Ok(line) = line else { break };
            // A line that was cut by the kill says nothing.
            let Ok(event) = serde_json::from_str::<Value>(&line) else { break };
            if event["event"] == "deposited" {
                let amount = event["amount"].as_str().unwrap();
                seen.push(amount.strip_suffix(" USDC").unwrap().parse().unwrap());
            }
        }
        seen
    })
}

/// What the journal has, by its own account.
fn journalled(journal: &str) -> Vec<u64> {
    let exported = plimsoll(&["journal", "export", journal]);
    assert_eq!(exported.code, 0, "{}", exported.err);
    let events = exported.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let deposits = events.filter(|event| event["event"] == "deposited");
    deposits.map(|event| event["amount"].as_str().unwrap().strip_suffix(" USDC").unwrap().parse().unwrap()).collect()
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_nothing_is_done_twice() {
    let kills = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let folder = folder();
    let journal = folder.display().to_string();
    let mut next = 1;
    let mut total = 0;
    for kill in 0..kills {
        let mut child = start(&journal);
        let reader = acknowledged(&mut child);
        let writer = feed(&mut child, next);
        // From before it has read anything to well under way.
        thread::sleep(Duration::from_millis(20 + (kill * 37) % 160));
        child.kill().unwrap();
        child.wait().unwrap();
        writer.join().unwrap();
        let seen = reader.join().unwrap();
        // Opening cuts off what was never acknowledged; the venue's own steps are known by their numbers.
        let opened = plimsoll(&["run", &scenario("openings/venue.toml"), "--journal", &journal, "--quiet"]);
        assert_eq!(opened.code, 0, "{}", opened.err);
        let held = journalled(&journal);
        let most = held.last().copied().unwrap_or(0);
        assert_eq!(held, (1..=most).collect::<Vec<u64>>(), "kill {kill}: each once, in order, none between missing");
        let last = seen.last().copied().unwrap_or(0);
        assert!(last <= most, "kill {kill}: {last} was acknowledged, and the journal ends at {most}");
        total += seen.len();
        // The client goes on after what it heard, so that some are sent twice.
        next = last.max(next.saturating_sub(1)) + 1;
    }
    let replayed = plimsoll(&["journal", "replay", &journal]);
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    assert_eq!(plimsoll(&["journal", "verify", &journal]).code, 0);
    println!("{kills} kills, {total} acknowledged, none lost");
    assert!(total > 0, "nothing was acknowledged at all");
    std::fs::remove_dir_all(folder).unwrap();
}
