//! The program is killed under load, again and again: what it acknowledged is in its journal.
//!
//! `KILLS=200 cargo test --release -p plimsoll-cli --test kill` kills more often than every test run does.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "a test may read its environment and the clock")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::plimsoll;

const KILLS: u64 = 12;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("plimsoll-kill-{}-{name}", std::process::id()));
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
    let folder = folder("deposits");
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

/// Rounds in which leveraged accounts are opened and prices fall until they are closed, wave by wave, some bankrupt, against
/// one who gained and with the fund paying: a line a second.
fn crashes(rounds: usize) -> String {
    let contract = "BTC_USDC-PERPETUAL";
    let prices = |btc: &str| {
        let marks = json!({ contract: { "price": btc } });
        json!({ "do": "prices", "indices": { "BTC": btc, "ETH": "3000" }, "assets": { "USDC": "1" }, "marks": marks })
    };
    let mut steps = vec![json!({ "do": "fund", "house": "insurance", "amount": "300000 USDC" })];
    for round in 0..rounds {
        for (name, cash, quantity, [side, other]) in [
            ("short", "90000 USDC", "2", ["seller", "buyer"]),
            ("long", "5000 USDC", "1", ["buyer", "seller"]),
            ("deep", "3300 USDC", "1", ["buyer", "seller"]),
        ] {
            let account = format!("{name}-{round}");
            steps.push(json!({ "do": "open_account", "account": account, "model": "cross" }));
            steps.push(json!({ "do": "deposit", "account": account, "amount": cash }));
            let mut trade = json!({ "do": "trade", "contract": contract, "quantity": quantity, "price": "60000" });
            (trade[side], trade[other]) = (account.into(), "market".into());
            steps.push(trade);
        }
        for (price, ticks) in [("57000", 4), ("55800", 4), ("55000", 30), ("54000", 4)] {
            steps.push(prices(price));
            steps.extend((0..ticks).map(|_| json!({ "do": "tick" })));
        }
        steps.push(prices("60000"));
    }
    let line = |(mut step, number): (Value, u32)| {
        let (hours, minutes, seconds) = (8 + number / 3_600, number / 60 % 60, number % 60);
        step["at"] = format!("2026-06-01T{hours:02}:{minutes:02}:{seconds:02}Z").into();
        (step["client"], step["number"]) = ("film".into(), number.into());
        format!("{step}\n")
    };
    steps.into_iter().zip(1..).map(line).collect()
}

/// All lines, a few at a time, until the program is gone.
fn pace(child: &mut Child, film: String) -> thread::JoinHandle<()> {
    let mut pipe = child.stdin.take().unwrap();
    thread::spawn(move || {
        for (at, line) in film.lines().enumerate() {
            if writeln!(pipe, "{line}").is_err() {
                break;
            }
            // Slower than they are decided: what is waiting is made durable together.
            if at % 8 == 7 {
                thread::sleep(Duration::from_millis(6));
            }
        }
    })
}

/// Whether somebody is below maintenance margin after these events.
fn is_closing_somebody(events: &str) -> bool {
    let mut under = BTreeMap::new();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["event"] == "level_changed" {
            under.insert(event["account"].to_string(), event["to"] == "liquidating" || event["to"] == "bankrupt");
        }
    }
    under.into_values().any(|under| under)
}

#[test]
fn what_was_being_closed_goes_on_after_a_kill_as_if_there_had_been_none() {
    let folder = folder("crashes");
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let (commands, journal, whole) = (path("crashes.jsonl"), path("journal"), path("whole"));
    let film = crashes(20);
    std::fs::write(&commands, &film).unwrap();
    assert_eq!(plimsoll(&["run", &scenario("openings/venue.toml"), &commands, "--journal", &whole, "--quiet"]).code, 0);
    let expected = plimsoll(&["journal", "export", &whole]).out;
    for event in ["liquidation_wave", "covered", "traded", "level_changed"] {
        assert!(expected.contains(&format!("\"event\":\"{event}\"")), "no {event} in the film");
    }
    let (mut kills, mut closing) = (0, 0);
    loop {
        let mut child = start(&journal);
        let writer = pace(&mut child, film.clone());
        let out = BufReader::new(child.stdout.take().unwrap());
        let reader = thread::spawn(move || out.lines().map_while(Result::ok).collect::<Vec<String>>());
        // Longer and longer, so that it comes to an end on a machine however slow.
        thread::sleep(Duration::from_millis(80 + (kills * 37) % 160 + 24 * kills));
        let status = child.try_wait().unwrap();
        assert!(status.is_none_or(|status| status.success()), "kill {kills}: {status:?}");
        let ended = status.is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        writer.join().unwrap();
        let heard = reader.join().unwrap();
        // The last line may have been cut.
        let whole_lines = &heard[..heard.len().saturating_sub(usize::from(!ended))];
        for line in whole_lines.iter().filter(|line| line.starts_with("{\"sequence\"")) {
            assert!(expected.contains(line.as_str()), "kill {kills} heard what never happened: {line}");
        }
        let held = plimsoll(&["journal", "export", &journal]).out;
        assert!(expected.starts_with(&held), "kill {kills}: the journal is no beginning of the film");
        if ended {
            break;
        }
        kills += 1;
        closing += u64::from(is_closing_somebody(&held));
        assert!(kills < 500, "it never ends");
    }
    assert!(plimsoll(&["journal", "export", &journal]).out == expected, "another end than without kills");
    assert_eq!(plimsoll(&["journal", "verify", &journal]).code, 0);
    println!(
        "{kills} kills, {closing} of them while somebody was being closed; the same {} events",
        expected.lines().count()
    );
    assert!(closing > 0, "no kill while somebody was being closed");
    std::fs::remove_dir_all(folder).unwrap();
}
