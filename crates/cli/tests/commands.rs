//! Every command in every format, and what holds for all of them.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use plimsoll::core::Rounding;
use plimsoll::{Decimal, Desk, Request};
use serde_json::Value;
use support::{book, golden, plimsoll, plimsoll_with};

const QUESTIONS: [&[&str]; 8] = [
    &["margin"],
    &["explain"],
    &["explain", "--level", "equity"],
    &["matrix"],
    &["greeks"],
    &["liquidation"],
    &["whatif", "--deposit", "USDC=-1000", "--vol", "+5pt"],
    &["compare"],
];
const BOOK: [&str; 2] = ["market.json", "book.yaml"];

fn asked(question: &[&'static str], more: &[&'static str]) -> support::Ran {
    plimsoll(&[question, &BOOK, more].concat())
}

#[test]
fn every_question_has_a_table_json_and_csv() {
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md")).unwrap();
    for question in QUESTIONS {
        let table = asked(question, &[]);
        assert_eq!((table.code, table.err.as_str()), (0, ""), "{question:?}");
        assert!(table.out.contains("desk-7") && table.out.contains('─'), "{question:?}\n{}", table.out);
        let json = asked(question, &["--format", "json"]);
        let all: Value = serde_json::from_str(&json.out).unwrap();
        let ids: Vec<&str> = all["accounts"].as_array().unwrap().iter().filter_map(|a| a["account"].as_str()).collect();
        assert_eq!(ids, ["desk-7", "linear", "under"], "{question:?}");
        assert_eq!((all["currency"].as_str(), all["errors"].as_array().map(Vec::len)), (Some("USD"), Some(0)));
        let csv = asked(question, &["--format", "csv"]);
        let header = csv.out.lines().next().unwrap();
        assert!(documented.contains(header), "docs/cli.md lacks the columns of {question:?}:\n{header}");
        let mut reader = csv::Reader::from_reader(csv.out.as_bytes());
        let rows: Vec<_> = reader.records().map(|row| row.expect("as many fields as the header")).collect();
        assert!(rows.len() >= 3, "{question:?}: {} rows", rows.len());
    }
}

#[test]
fn no_colour_when_piped_and_colour_when_asked() {
    for question in QUESTIONS {
        assert!(!asked(question, &[]).out.contains('\x1b'), "{question:?}");
        assert!(asked(question, &["--color", "always"]).out.contains("\x1b["), "{question:?}");
    }
}

#[test]
fn an_account_alone_is_answered_as_among_others() {
    let together: Value = serde_json::from_str(&asked(&["margin"], &["-f", "json"]).out).unwrap();
    for account in together["accounts"].as_array().unwrap() {
        let id = account["account"].as_str().unwrap();
        let alone = plimsoll(&[&["margin"][..], &BOOK, &["-f", "json", "--account", id]].concat());
        let alone: Value = serde_json::from_str(&alone.out).unwrap();
        assert_eq!(&alone["accounts"][0], account, "{id}");
    }
}

/// JSON, YAML and TOML, as files, merged, and on standard input: the same answer.
#[test]
fn a_document_is_the_same_in_every_notation() {
    let whole = asked(&["margin"], &["-f", "json"]).out;
    let json = std::fs::read_to_string(book("market.json")).unwrap();
    for arguments in [["margin", "-", "book.yaml", "-f", "json"], ["margin", "book.yaml", "-", "-f", "json"]] {
        assert_eq!(plimsoll_with(&arguments, &json).out, whole);
    }
    let toml = std::fs::read_to_string(book("one.toml")).unwrap();
    assert_eq!(plimsoll_with(&["margin", "-"], &toml).out, plimsoll(&["margin", "one.toml"]).out);
}

/// The tree of every account, as printed, makes its total: the ten-line checker over the JSON.
#[test]
fn the_printed_tree_makes_the_printed_total() {
    fn decimal(value: &Value) -> Decimal {
        value.as_str().unwrap().parse().unwrap()
    }
    fn made(node: &Value) -> Decimal {
        let parts: Vec<Decimal> = node["of"].as_array().map_or(Vec::new(), |of| of.iter().map(made).collect());
        let amount = match node["rule"].as_str().unwrap() {
            "leaf" => decimal(&node["amount"]),
            "sum" => parts.iter().try_fold(Decimal::ZERO, |sum, part| sum.plus(*part)).unwrap(),
            "worst_of" => parts[usize::try_from(node["winner"].as_u64().unwrap()).unwrap()],
            "scale" => parts[0].times(decimal(&node["by"]), Rounding::Up).unwrap(),
            _ => node.get("low").map_or(parts[0], |low| parts[0].max(decimal(low))),
        };
        assert_eq!(amount, decimal(&node["amount"]), "{}", node["label"]);
        amount
    }
    let margins: Value = serde_json::from_str(&asked(&["margin"], &["-f", "json"]).out).unwrap();
    for level in ["initial", "maintenance"] {
        let trees: Value = serde_json::from_str(&asked(&["explain"], &["-f", "json", "-l", level]).out).unwrap();
        for (place, account) in trees["accounts"].as_array().unwrap().iter().enumerate() {
            let total = decimal(&margins["accounts"][place]["requirement"][level]);
            assert_eq!(made(&account["tree"]), total);
        }
    }
}

#[test]
fn the_matrix_marks_the_cell_that_loses_most() {
    let out = asked(&["matrix"], &["-f", "csv"]).out;
    let mut worst = std::collections::BTreeMap::<String, (f64, f64)>::new();
    for row in csv::Reader::from_reader(out.as_bytes()).records() {
        let row = row.unwrap();
        let loss: f64 = row[7].parse().unwrap();
        let entry = worst.entry(format!("{} {}", &row[0], &row[1])).or_insert((f64::MIN, 0.0));
        entry.0 = entry.0.max(loss);
        if &row[8] == "true" {
            entry.1 = loss;
        }
    }
    assert!(worst.len() >= 4);
    assert!(worst.values().all(|(largest, marked)| (largest - marked).abs() < 1e-9), "{worst:?}");
    assert_eq!(asked(&["matrix"], &["-a", "desk-7"]).out.matches("▶ worst").count(), 2);
}

/// Whoever reads the first line of far more than a pipe holds, and goes away, is no error.
#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["explain", &book("market.json"), &book("book.yaml"), "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_demo_is_one_page_and_its_document_can_be_asked() {
    let demo = plimsoll(&["demo"]);
    assert_eq!((demo.code, demo.err.as_str()), (0, ""));
    assert!(demo.out.starts_with("Two desks and a falling market"), "{}", demo.out);
    assert!(demo.out.contains("outright: healthy → called: equity 21,499.24"), "{}", demo.out);
    assert!(demo.out.contains("A hedged book of BTC and ETH options"), "{}", demo.out);
    for part in ["maintenance", "saved", "vol as it is", "liquidated under", "plimsoll explain"] {
        assert!(demo.out.contains(part), "{part}");
    }
    // The README shows the left of it.
    let readme = include_str!("../../../README.md");
    let shown = readme.split("From `plimsoll demo`:").nth(1).unwrap().split("```").nth(1).unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for line in shown.lines().skip(1).map(words).filter(|line| line.concat().contains(char::is_alphanumeric)) {
        assert!(demo.out.lines().any(|said| words(said).starts_with(&line)), "README: {line:?}");
    }
    let document = plimsoll(&["demo", "--document"]).out;
    let one = plimsoll_with(&["margin", "-"], &document);
    assert_eq!(one.code, 0);
    let figure = |line: &str| line.to_owned();
    let initial = one.out.lines().find(|line| line.starts_with("initial")).map(figure).unwrap();
    assert!(demo.out.contains(&initial), "{initial}");
}

#[test]
fn models_are_listed_and_described() {
    let list = plimsoll(&["models"]).out;
    for model in plimsoll::margin::models::NAMES {
        assert!(list.contains(model));
        let described: Value = serde_json::from_str(&plimsoll(&["models", model, "-f", "json"]).out).unwrap();
        let parameters = described["parameters"].as_array().unwrap();
        assert!(parameters.len() >= 3, "{model}");
        assert!(parameters.iter().all(|one| !one["unit"].as_str().unwrap().is_empty() && !one["values"].is_null()));
        assert!(plimsoll(&["models", model]).out.contains("# Source"), "{model}");
    }
    let policy = plimsoll(&["models", "policy"]).out;
    assert!(policy.contains("backstop"), "{policy}");
}

/// Each model's own book is margined by it, and every document it prints is one.
#[test]
fn every_model_brings_a_book_it_margins() {
    let mut shown = String::new();
    for model in plimsoll::margin::models::NAMES {
        let example = plimsoll(&["models", model, "--example"]).out;
        let ran = plimsoll_with(&["margin", "-"], &example);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{model}");
        assert!(ran.out.contains(&format!("   {model}")), "{model}: {}", ran.out);
        let csv = plimsoll_with(&["margin", "-", "--format", "csv"], &example).out;
        shown.extend(csv.lines().skip(usize::from(!shown.is_empty())).map(|line| format!("{line}\n")));
    }
    golden("examples.csv", &shown);
}

#[test]
fn what_a_venue_changed_is_told_from_date_to_date() {
    for name in plimsoll::margin::models::NAMES {
        let sets = plimsoll::margin::models::by_name(name).unwrap().about().sets;
        for pair in sets.windows(2) {
            let said: Value = serde_json::from_str(
                &plimsoll(&["models", name, "--diff", pair[1].date, pair[0].date, "-f", "json"]).out,
            )
            .unwrap();
            assert!(!said["changes"].as_array().unwrap().is_empty(), "{said}");
        }
    }
    let same = plimsoll(&["models", "derive-pmrm2", "--diff", "2026-01", "2026-01"]).out;
    assert!(same.contains("same parameters"), "{same}");
    let wrong = plimsoll(&["models", "derive-pmrm2", "--diff", "2026-01", "1999"]);
    assert!(wrong.err.contains("derive-pmrm2 has no parameters of \"1999\": expected one of 2026-01"), "{}", wrong.err);
    assert!(plimsoll(&["models", "derive-pmrm2@2026-01"]).out.contains("Parameters of 2026-01"));
}

#[test]
fn schema_completions_and_the_manual_are_printed() {
    assert_eq!(plimsoll(&["schema"]).out, plimsoll::document::schema());
    for shell in ["bash", "zsh", "fish"] {
        assert!(plimsoll(&["completions", shell]).out.contains("liquidation"), "{shell}");
    }
    let manual = plimsoll(&["man"]).out;
    for command in ["margin", "explain", "whatif", "import"] {
        assert!(manual.contains(&format!("plimsoll\\-{command}")) || manual.contains(&format!("plimsoll {command}")));
    }
}

#[test]
fn an_import_is_a_document_that_can_be_margined() {
    let summary = r#"{"result": [
        {"instrument_name": "BTC-27MAR26-60000-C", "creation_timestamp": 1767600000000, "mark_price": 0.08,
         "mark_iv": 55.0, "underlying_price": 60900.0, "estimated_delivery_price": 60000.0, "interest_rate": 0.0,
         "bid_price": 0.0795, "ask_price": 0.0805, "open_interest": 10.0, "quote_currency": "BTC", "base_currency": "BTC"},
        {"instrument_name": "BTC-27MAR26-60000-P", "creation_timestamp": 1767600000000, "mark_price": 0.065,
         "mark_iv": 55.0, "underlying_price": 60900.0, "estimated_delivery_price": 60000.0, "interest_rate": 0.0,
         "bid_price": 0.0645, "ask_price": 0.0655, "open_interest": 10.0, "quote_currency": "BTC", "base_currency": "BTC"}
    ]}"#;
    let imported = plimsoll_with(&["import", "-"], summary);
    assert_eq!(imported.code, 0, "{}", imported.err);
    assert!(imported.err.contains("2 instruments from 2 rows"), "{}", imported.err);
    let folder = std::env::temp_dir().join(format!("plimsoll-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let account = folder.join("book.json");
    let book = r#"{"accounts": [{"id": "a", "collateral": [{"asset": "BTC", "amount": "5"}],
                   "positions": [{"instrument": "BTC-27MAR26-60000-C", "quantity": "-2"}]}]}"#;
    std::fs::write(&account, book).unwrap();
    let margined = plimsoll_with(&["margin", "-", account.to_str().unwrap(), "-f", "csv"], &imported.out);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(margined.code, 0, "{}", margined.err);
    // Five coins, and two calls sold at 0.08 coin.
    assert!(margined.out.lines().nth(1).unwrap().contains(",290400,"), "{}", margined.out);
}

/// The library gives what the program prints.
#[test]
fn the_library_and_the_program_agree() {
    let text = std::fs::read(book("one.toml")).unwrap();
    let desk = Desk::open(Request::read(&text, plimsoll::document::Format::Toml).unwrap()).unwrap();
    let margin = desk.margin(&desk.accounts()[0]).unwrap();
    let csv = plimsoll(&["margin", "one.toml", "-f", "csv"]).out;
    assert!(csv.contains(&margin.requirement.initial.amount.to_string()));
    assert!(csv.contains(&margin.equity.net_value.amount.to_string()));
}
