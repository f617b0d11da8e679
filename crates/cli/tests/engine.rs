//! The live engine at the command line: a stream run, its journal read, an event explained.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use support::{Folder, lines, plimsoll, plimsoll_with, scenario};

#[test]
fn a_stream_becomes_events_and_its_journal_says_the_same() {
    let journal = Folder::new("journal");
    let stories = [scenario("openings/venue.toml"), scenario("margin_call_met.toml")];
    let run = plimsoll(&["run", &stories[0], &stories[1], "--journal", &journal.path(), "--snapshot"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let events = lines(&run.out);
    let called = events.iter().find(|event| event["to"] == "called").unwrap();
    assert_eq!((called["account"].as_str(), called["net_value"].as_str()), (Some("desk"), Some("350")));
    assert!(events.iter().any(|event| event["refused"] == "Restricted"));
    let exported = plimsoll(&["journal", "export", &journal.path()]);
    assert_eq!(lines(&exported.out), events, "the journal holds what was said");
    assert_eq!(plimsoll(&["journal", "verify", &journal.path()]).code, 0);
    let replayed = plimsoll(&["journal", "replay", &journal.path()]);
    assert!(replayed.out.contains("decided again as they were, 2 of them refused"), "{}", replayed.out);
    let accounts = plimsoll(&["journal", "inspect", &journal.path()]);
    assert!(accounts.out.contains("desk") && accounts.out.contains("13,035.00 USDC"), "{}", accounts.out);
    let cash = plimsoll(&["journal", "export", &journal.path(), "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(cash.out.as_bytes());
    let sum = reader.records().map(|row| row.unwrap()[5].parse::<plimsoll::Decimal>().unwrap());
    assert!(sum.fold(plimsoll::Decimal::ZERO, |sum, leg| sum.plus(leg).unwrap()).is_zero(), "cash nets to zero");
    let sequence = called["sequence"].to_string();
    let explained = plimsoll(&["explain", &journal.path(), "--event", &sequence]);
    assert!(explained.out.contains("healthy") && explained.out.contains("503.50"), "{}", explained.out);
    let record = plimsoll(&["journal", "inspect", &journal.path(), "--event", &sequence]);
    assert!(record.out.contains("level_changed"), "{}", record.out);
    let ranks = plimsoll(&["journal", "inspect", &journal.path(), "--contract", "BTC_USDC-PERPETUAL"]);
    assert!(ranks.out.contains("1   desk") && ranks.out.contains("last"), "{}", ranks.out);
    let unknown = plimsoll(&["journal", "inspect", &journal.path(), "--contract", "NOTHING"]);
    assert!(unknown.code == 2 && unknown.err.contains("NOTHING: no such contract"), "{}", unknown.err);
    // The same lines again are known by their numbers.
    let again = plimsoll(&["run", &stories[0], &stories[1], "--journal", &journal.path()]);
    assert_eq!((again.code, again.out == run.out), (0, true), "what the node still holds is answered again");
    assert!(again.err.contains("0 events, 0 refused, 23 already done and 23 of them answered again"), "{}", again.err);
}

#[test]
fn snapshots_are_saved_while_commands_run_and_lead_to_the_same_state() {
    let journal = Folder::new("snapshots");
    let stories = [scenario("openings/venue.toml"), scenario("margin_call_met.toml")];
    let run = plimsoll(&["run", &stories[0], &stories[1], "--journal", &journal.path(), "--snapshot-every", "4"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("saved while running") && !run.err.contains(" 0 saved"), "{}", run.err);
    let kept = std::fs::read_dir(&journal.0)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "snapshot"));
    assert!((1..=2).contains(&kept.count()), "the newest, and one before it");
    assert_eq!(plimsoll(&["journal", "verify", &journal.path()]).code, 0);
    let with = plimsoll(&["journal", "inspect", &journal.path()]).out;
    for file in std::fs::read_dir(&journal.0).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|ending| ending == "snapshot") {
            std::fs::remove_file(file).unwrap();
        }
    }
    let without = plimsoll(&["journal", "inspect", &journal.path()]).out;
    let accounts =
        |text: &str| text.lines().filter(|line| !line.contains("snapshot")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(accounts(&with), accounts(&without));
}

#[test]
fn a_story_is_told_with_its_rule_and_without() {
    let told = plimsoll(&["scenario", "run", &scenario("yfi_2023.toml"), &scenario("no_exemption.toml")]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert!(told.out.contains("without its rule: step 11: house.insurance.USDC is 750000"), "{}", told.out);
    assert!(told.out.contains("2 stories, 0 of them not as they say"), "{}", told.out);
    let folder = Folder::new("story");
    std::fs::create_dir_all(&folder.0).unwrap();
    let wrong = folder.0.join("wrong.toml");
    let opening = scenario("openings/venue.toml");
    std::fs::copy(&opening, folder.0.join("opening.toml")).unwrap();
    let steps = "[[steps]]\ndo = \"tick\"\nexpect = { \"house.fees.USDC\" = \"5\" }\n";
    std::fs::write(&wrong, format!("title = \"Wrong\"\nopening = \"opening.toml\"\n{steps}")).unwrap();
    let told = plimsoll(&["scenario", "run", &wrong.display().to_string()]);
    assert_eq!(told.code, 1, "{}{}", told.out, told.err);
    assert!(told.out.contains("house.fees.USDC is 0: expected 5"), "{}", told.out);
}

#[test]
fn what_is_no_story_is_no_story_that_goes_as_it_says() {
    let folder = Folder::new("no-story");
    let tick = "[[steps]]\ndo = \"tick\"\n";
    let begins = "title = \"T\"\nstart = \"2026-06-01T07:00:00Z\"\n";
    for (text, expected) in [
        (format!("{begins}{tick}"), ""),
        (format!("{begins}{tick}expect = \"CashShort\"\n"), "step 1: expect: \"CashShort\", expected a table"),
        (format!("{begins}{tick}expect = [\"CashShort\"]\n"), "step 1: expect: a list of 1, expected a table"),
        (format!("{begins}steps = []\n"), "steps are none: expected a story with title, start and steps"),
        (format!("start = \"2026-06-01T07:00:00Z\"\n{tick}"), "title is missing"),
        (format!("{begins}[[steps]]\ndo = \"tock\"\n"), "step 1: do: \"tock\""),
    ] {
        let told = plimsoll(&["scenario", "run", &folder.file("story.toml", &text)]);
        assert_eq!(told.code, if expected.is_empty() { 0 } else { 2 }, "{text}: {}{}", told.out, told.err);
        assert!(told.err.contains(expected), "{text}: {}", told.err);
    }
    let wrong = folder.file("wrong.toml", "title = 5 steps");
    let told = plimsoll(&["scenario", "run", &wrong, &scenario("yfi_2023.toml"), &wrong]);
    assert_eq!(told.code, 2, "{}{}", told.out, told.err);
    assert!(told.out.contains("1 stories, 0 of them not as they say"), "the others are told: {}", told.out);
    assert_eq!(told.err.matches("wrong.toml").count(), 2, "{}", told.err);
}

#[test]
fn everything_is_valued_in_what_was_said_first() {
    let folder = Folder::new("currency");
    let text = |currency: &str| {
        format!("start = \"2026-06-01T07:00:00Z\"\n{currency}[[steps]]\ndo = \"list_asset\"\nasset = \"BTC\"\n")
    };
    let (euro, bare) = (text("currency = \"EUR\"\n"), text(""));
    let (euros, none) = (folder.file("euros.toml", &euro), folder.file("none.toml", &bare));
    let journal = |name: &str| folder.0.join(name).display().to_string();
    let of = |args: &[&str], expected: &str| {
        let ran = plimsoll(&[&["run"], args].concat());
        assert_eq!(ran.code, if expected.is_empty() { 0 } else { 2 }, "{args:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    };
    of(&["--journal", &journal("a"), &euros], "");
    of(&["--journal", &journal("a"), "--currency", "USD", &none], "--currency: USD: expected EUR");
    of(&["--journal", &journal("a"), &none], "");
    of(&["--journal", &journal("b"), &none], "");
    of(&["--journal", &journal("b"), &euros], "euros.toml: currency: EUR: expected USD");
    of(&["--currency", "USD", &euros], "currency: EUR: expected USD");
    of(&["--currency", "a b", &none], "--currency: a b: ");
}

#[test]
fn an_account_called_like_a_house_is_told_apart() {
    let folder = Folder::new("houses");
    let input = r#"{"do":"open_account","account":"outside","client":"a","number":1}
{"do":"deposit","account":"outside","amount":"5 BTC","client":"a","number":2}
{"do":"open_account","account":"=cmd()","client":"a","number":3}
{"do":"deposit","account":"=cmd()","amount":"5 BTC","client":"a","number":4}
"#;
    let ran = plimsoll_with(&["run", "-j", &folder.path(), &scenario("openings/venue.toml"), "-"], input);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let of_house = r#"{"holder":"outside","holder_kind":"house","amount":"-5 BTC"}"#;
    assert!(
        ran.out.contains(of_house) && ran.out.contains(r#""holder":"outside","holder_kind":"account""#),
        "{}",
        ran.out
    );
    let cash = plimsoll(&["journal", "export", &folder.path(), "--format", "csv"]).out;
    assert!(cash.starts_with("sequence,at,event,holder,asset,amount,holder_kind\n"));
    for leg in ["outside,BTC,-5,house", "outside,BTC,5,account", "'=cmd(),BTC,5,account"] {
        assert!(cash.contains(leg), "{leg}: {cash}");
    }
}

#[test]
fn lines_of_json_are_read_from_standard_input() {
    let opening = scenario("openings/venue.toml");
    let input = r#"{"do":"open_account","account":"a"}
{"do":"deposit","account":"a","amount":"5 BTC","after_s":3}
{"do":"withdraw","account":"a","amount":"6 BTC"}
"#;
    let run = plimsoll_with(&["run", &opening, "-"], input);
    assert_eq!(run.code, 0, "{}", run.err);
    let said = lines(&run.out);
    let [.., deposited, refused] = said.as_slice() else { panic!("{}", run.out) };
    assert_eq!((&deposited["event"], &deposited["at"]), (&"deposited".into(), &"2026-06-01T07:00:03Z".into()));
    assert_eq!(refused["refused"], "CashShort");
}

#[test]
fn a_wrong_line_ends_the_run_with_its_place_and_what_was_expected() {
    let opening = scenario("openings/venue.toml");
    let cases = [
        ("{\"do\":\"depost\"}", "line 1: do: \"depost\", expected one of list_asset"),
        ("{\"do\":\"deposit\",\"account\":\"x\",\"amount\":\"5\"}", "account: \"x\", expected the name of an account"),
        (
            "{\"do\":\"deposit\",\"account\":\"market\",\"amount\":\"5\"}",
            "amount: \"5\", expected an amount and its asset",
        ),
        ("{\"do\":\"place\"}", "order: missing, expected a decimal"),
        ("not json", "line 1"),
    ];
    for (line, expected) in cases {
        let run = plimsoll_with(&["run", &opening, "-"], &format!("{line}\n"));
        assert_eq!(run.code, 2, "{line}: {}", run.err);
        assert!(run.err.contains(expected), "{line}: {}", run.err);
        assert!(run.out.contains("account_opened"), "what came before it stands");
    }
    let lone = plimsoll_with(&["run", "-"], "{\"do\":\"tick\"}\n");
    assert!(lone.code == 2 && lone.err.contains("expected the time of the first command"), "{}", lone.err);
}

#[test]
fn a_folder_that_is_no_journal_is_refused() {
    let nothing = Folder::new("nothing");
    for question in ["verify", "replay", "export", "inspect"] {
        let asked = plimsoll(&["journal", question, &nothing.path()]);
        assert_eq!(asked.code, 2, "{question}: {}", asked.out);
        assert!(asked.err.contains("no folder"), "{question}: {}", asked.err);
    }
}

/// However often a stream is read, and by whatever path: what was carried out of it is known again, and time goes on from
/// where its own lines are.
#[test]
fn lines_that_were_carried_out_are_known_again() {
    let folder = Folder::new("again");
    std::fs::create_dir_all(&folder.0).unwrap();
    let (journal, opening) = (folder.0.join("made/journal").display().to_string(), scenario("openings/venue.toml"));
    let hour = |amount: &str| {
        format!("{{\"do\":\"deposit\",\"account\":\"market\",\"amount\":\"{amount}\",\"after_s\":3600}}\n")
    };
    let (stream, elsewhere) = (folder.0.join("stream.jsonl"), folder.0.join("made/../stream.jsonl"));
    std::fs::write(&stream, hour("1 USDC") + &hour("2 USDC")).unwrap();
    assert_eq!(plimsoll(&["run", "-j", &journal, &opening, &stream.display().to_string()]).code, 0);
    std::fs::write(&stream, hour("1 USDC") + &hour("2 USDC") + "\n" + &hour("3 USDC")).unwrap();
    let again = plimsoll(&["run", "-j", &journal, &opening, &elsewhere.display().to_string()]);
    let said = lines(&again.out);
    let [.., new] = said.as_slice() else { panic!("{}", again.out) };
    assert_eq!(
        (&new["at"], &new["amount"]),
        (&"2026-06-01T10:00:00Z".into(), &"3 USDC".into()),
        "three hours of its own"
    );
    let nameless = plimsoll_with(&["run", "-j", &journal, "-"], &hour("4 USDC"));
    assert!(nameless.code == 2 && nameless.err.contains("client, number: missing"), "{}", nameless.err);
    let numbered =
        |number: &str| hour("4 USDC").replace("{\"do\"", &format!("{{\"client\":\"desk\",\"number\":{number},\"do\""));
    for wrong in ["-1", "1.5", "null", "\"abc\""] {
        let run = plimsoll_with(&["run", "-j", &journal, "-"], &numbered(wrong));
        assert!(run.code == 2 && run.err.contains("expected a whole number that grows"), "{wrong}: {}", run.err);
    }
    let seventh = plimsoll_with(&["run", "-j", &journal, "-"], &numbered("7")).out;
    assert_eq!(lines(&seventh).len(), 1);
    let again = plimsoll_with(&["run", "-j", &journal, "-"], &numbered("7"));
    assert_eq!(again.out, seventh, "the same again");
    assert!(again.err.contains("0 events, 0 refused, 1 already done"), "{}", again.err);
    let warned = plimsoll_with(&["run", &opening, "-"], "{\"do\":\"tick\",\"reduceonly\":true}\n");
    assert!(warned.code == 0 && warned.err.contains("reduceonly: unknown field, ignored"), "{}", warned.err);
}

/// Who only looks changes nothing, and sees all that is whole.
#[test]
fn a_torn_journal_is_looked_at_as_far_as_it_is_whole() {
    let journal = Folder::new("torn");
    let opening = scenario("openings/venue.toml");
    assert_eq!(plimsoll(&["run", "-q", "-j", &journal.path(), &opening]).code, 0);
    let opened = "{\"do\":\"open_account\",\"account\":\"b\",\"client\":\"a\",\"number\":1}\n";
    assert_eq!(plimsoll_with(&["run", "-q", "-j", &journal.path(), "-"], opened).code, 0);
    let whole = lines(&plimsoll(&["journal", "export", &journal.path()]).out).len();
    let log = journal.0.join("00000000000000000001.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end - 3..=end].fill(0);
    std::fs::write(&log, &bytes).unwrap();
    let left = plimsoll(&["journal", "export", &journal.path()]);
    assert!(left.code == 0 && lines(&left.out).len() < whole, "{}", left.err);
    assert!(plimsoll(&["journal", "inspect", &journal.path()]).out.contains("market"));
    assert_eq!(std::fs::read(&log).unwrap(), bytes);
    let empty = Folder::new("empty");
    std::fs::create_dir_all(&empty.0).unwrap();
    assert!(plimsoll(&["journal", "verify", &empty.path()]).err.contains("no records"));
}
