//! `plimsoll conformance`: published cases, run and counted by model.

use std::path::{Path, PathBuf};

use plimsoll::conformance::{Case, Failure as Departure, Known, Report, Standing, Tally, run as judge};
use serde_json::{Value, json};

use crate::answer::{Csv, pretty};
use crate::args::{Conformance as Asked, ConformanceFormat};
use crate::color::Tone;
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Departures shown in full in a table; JSON has them all.
const SHOWN: usize = 20;

/// Answers `plimsoll conformance`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let mut files = Vec::new();
    for path in &asked.paths {
        collect(path, &mut files)?;
    }
    let mut cases = Vec::new();
    for file in &files {
        let (name, bytes) = input::bytes(file)?;
        cases.extend(Case::read(&bytes).map_err(|error| Failure::usage(format!("{name}: {error}")))?);
    }
    if cases.is_empty() {
        return Err(Failure::usage("no case was found: expected files of cases (.json), or folders of them"));
    }
    let report = judge(&cases, &Known::reviewed());
    let answer = match asked.format {
        ConformanceFormat::Table => table(&report),
        ConformanceFormat::Json => as_json(&report),
        ConformanceFormat::Csv => csv(&report),
        ConformanceFormat::Markdown => markdown(&report),
    };
    screen.print(&answer)?;
    Ok(if report.total().failed == 0 { Outcome::Answered } else { Outcome::Partly })
}

/// The file itself, or every `.json` file in and under a folder, by name.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        inside.push(entry.map_err(wrong)?.path());
    }
    inside.sort();
    for each in inside {
        if each.is_dir() || each.extension().is_some_and(|extension| extension == "json") {
            collect(&each, files)?;
        }
    }
    Ok(())
}

/// An error in units of the tolerance, short.
fn error(tally: &Tally) -> String {
    match tally.worst_error {
        0.0 => "0".to_owned(),
        small if small < 0.001 => format!("{small:.0e}"),
        other => format!("{other:.3}"),
    }
}

fn table(report: &Report) -> String {
    let mut out = String::new();
    let mut table = Table::new([
        text("model"),
        figures("cases"),
        figures("passed"),
        figures("known"),
        figures("failed"),
        figures("worst error").in_unit("of tolerance"),
        text("standing"),
    ]);
    let mut row = |name: &str, tally: &Tally, standing: &str, tone| {
        let failed = if tally.failed == 0 { Tone::Quiet } else { Tone::Bad };
        table.row([
            Cell::new(name, tone),
            tally.cases.to_string().into(),
            tally.passed.to_string().into(),
            Cell::new(tally.known.to_string(), Tone::Quiet),
            Cell::new(tally.failed.to_string(), failed),
            error(tally).into(),
            Cell::new(standing, Tone::Quiet),
        ]);
    };
    for (name, tally) in &report.models {
        row(name, tally, Standing::of(name, tally).text(), Tone::Plain);
    }
    row("all", &report.total(), "", Tone::Strong);
    table.render(&mut out);
    for departure in report.failures.iter().take(SHOWN) {
        let Departure { case, figure, found, published, .. } = departure;
        out.push_str(&format!("\n{case}\n  {figure}: {found}\n  published: {published}\n"));
    }
    if report.failures.len() > SHOWN {
        out.push_str(&format!("\nand {} more; --format json has all\n", report.failures.len() - SHOWN));
    }
    out
}

fn as_json(report: &Report) -> String {
    let shown = |tally: &Tally| {
        json!({
            "cases": tally.cases, "passed": tally.passed, "failed": tally.failed, "known": tally.known,
            "worst_error": tally.worst_error,
        })
    };
    let models = report.models.iter().map(|(name, tally)| {
        let mut of = shown(tally);
        of["standing"] = Standing::of(name, tally).text().into();
        (name.clone(), of)
    });
    let failures = report.failures.iter().map(|departure| {
        let Departure { case, model, figure, found, published } = departure;
        json!({"case": case, "model": model, "figure": figure, "found": found, "published": published})
    });
    let total = report.total();
    pretty(&json!({
        "cases": total.cases, "passed": total.passed, "failed": total.failed, "known": total.known,
        "models": Value::Object(models.collect()),
        "failures": failures.collect::<Vec<_>>(),
    }))
}

fn csv(report: &Report) -> String {
    let mut csv = Csv::new(["model", "cases", "passed", "known", "failed", "worst_error", "standing"]);
    for (name, tally) in &report.models {
        let [cases, passed, known, failed] =
            [tally.cases, tally.passed, tally.known, tally.failed].map(|count| count.to_string());
        let standing = Standing::of(name, tally).text().to_owned();
        csv.row([name.clone(), cases, passed, known, failed, tally.worst_error.to_string(), standing]);
    }
    csv.into_text()
}

/// `docs/conformance.md`.
fn markdown(report: &Report) -> String {
    let mut out = String::from(
        "# Conformance\n\n\
         Published cases run through the functions the engine calls, by model: how many, how many within the tolerance\n\
         of their source, and the worst error in units of that tolerance. This page is what\n\
         `plimsoll conformance --format markdown` prints; how a case is written stands in\n\
         [the module](../crates/plimsoll/src/conformance/README.md).\n\n\
         | model | cases | passed | known | worst error | standing |\n|---|---:|---:|---:|---:|---|\n",
    );
    for (name, tally) in &report.models {
        let Tally { cases, passed, known, .. } = tally;
        let (error, standing) = (error(tally), Standing::of(name, tally).text());
        out.push_str(&format!("| `{name}` | {cases} | {passed} | {known} | {error} | {standing} |\n"));
    }
    let Tally { cases, passed, known, .. } = report.total();
    out.push_str(&format!("| all | {cases} | {passed} | {known} | {} | |\n", error(&report.total())));
    out
}
