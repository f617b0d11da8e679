//! `plimsoll simulate faults`: runs of a whole venue with faults put in, a seed each, and what they found.

mod planted;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use plimsoll::Decimal;
use plimsoll::faults::{Plan, Report, run as simulate};
use serde_json::{Number, Value, json};

use self::planted::Trace;
use crate::answer::pretty;
use crate::args::{SimulateFaults as Asked, SimulateFormat, SimulateWhat};
use crate::color::Tone;
use crate::figures::count;
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Answers `plimsoll simulate`.
pub(crate) fn run(what: &SimulateWhat, screen: &Screen) -> Result<Outcome, Failure> {
    let SimulateWhat::Faults(asked) = what;
    let hours: Decimal =
        asked.hours.parse().map_err(|error| Failure::usage(format!("--hours {}: {error}", asked.hours)))?;
    if hours.signum() <= 0 || hours > Decimal::from_int(1_000) {
        return Err(Failure::usage(format!("--hours {hours}: expected above 0 and at most 1000")));
    }
    if asked.seeds == 0 || !(1..=10_000).contains(&asked.rate) || !(20..=100_000).contains(&asked.accounts) {
        let expected = "expected --seeds of at least 1, --rate of 1 to 10000, and --accounts of 20 to 100000";
        return Err(Failure::usage(expected));
    }
    if asked.planted && !planted::IS_BUILT {
        return Err(Failure::usage("--planted: this build has no planted faults: build with --features planted"));
    }
    let mut found = Found::of(&runs(asked, hours, screen));
    if asked.planted {
        found.traces = planted::run(&plan(asked, hours), asked.seeds, screen);
        found.planted = found.traces.len() as u64;
        found.found = found.traces.iter().filter(|trace| trace.promise.is_some()).count() as u64;
    }
    for line in &found.broken {
        screen.say(Tone::Bad, "broken", line);
    }
    let answer = match asked.format {
        SimulateFormat::Table => table(&found),
        SimulateFormat::Json => as_json(&found),
    };
    screen.print(&answer)?;
    let holds = found.broken.is_empty() && found.found == found.planted;
    Ok(if holds { Outcome::Answered } else { Outcome::Partly })
}

/// The first run.
#[cfg_attr(not(feature = "planted"), expect(clippy::needless_update, reason = "what is planted is a field of its own"))]
fn plan(asked: &Asked, hours: Decimal) -> Plan {
    let Asked { seed, accounts, rate, calm, .. } = *asked;
    Plan { seed, hours, accounts, commands_per_second: rate, faults: !calm, ..Plan::default() }
}

/// The runs in the order of their seeds; every core takes the next.
fn runs(asked: &Asked, hours: Decimal, screen: &Screen) -> Vec<Report> {
    let first = plan(asked, hours);
    let plan = |more: u64| Plan { seed: first.seed.wrapping_add(more), ..first.clone() };
    let mut progress = Progress::new(screen, usize::try_from(asked.seeds).unwrap_or(usize::MAX), "runs");
    let cores = thread::available_parallelism().map_or(1, usize::from).min(progress.total());
    let (next, (ended, reports)) = (AtomicU64::new(0), mpsc::channel());
    let mut all: BTreeMap<u64, Report> = BTreeMap::new();
    thread::scope(|scope| {
        for _ in 0..cores {
            let (next, ended, plan) = (&next, ended.clone(), &plan);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= asked.seeds || ended.send((at, simulate(plan(at)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(ended);
        for (at, report) in reports {
            progress.step();
            all.insert(at, report);
        }
    });
    all.into_values().collect()
}

/// What runs found together.
#[derive(Default)]
struct Found {
    runs: usize,
    simulated_ns: i128,
    commands: u64,
    events: u64,
    recoveries: u64,
    faults: BTreeMap<&'static str, u64>,
    checks: BTreeMap<&'static str, u64>,
    broken: Vec<String>,
    planted: u64,
    found: u64,
    traces: Vec<Trace>,
}

impl Found {
    fn of(reports: &[Report]) -> Self {
        let mut all = Self { runs: reports.len(), ..Self::default() };
        for report in reports {
            all.simulated_ns += i128::from(report.simulated_ns);
            all.commands += report.commands;
            all.events += report.events;
            all.recoveries += report.recoveries;
            for (sums, of) in [(&mut all.faults, &report.faults), (&mut all.checks, &report.checks)] {
                of.iter().for_each(|(name, more)| *sums.entry(name).or_default() += more);
            }
            all.broken.extend(report.broken.iter().map(ToString::to_string));
        }
        all
    }

    /// To a millionth of an hour.
    fn hours(&self) -> Decimal {
        let millionths = self.simulated_ns / 3_600_000;
        Decimal::from_units(millionths * (Decimal::UNITS_PER_ONE / 1_000_000)).unwrap_or_default()
    }
}

fn table(found: &Found) -> String {
    let mut out = String::new();
    let mut table = Table::new([text("looked at"), figures("times")]);
    let number = |of: u64| count(usize::try_from(of).unwrap_or(usize::MAX));
    for (promise, times) in &found.checks {
        table.row([Cell::new(promise, Tone::Plain), number(*times).into()]);
    }
    table.space();
    for (fault, times) in &found.faults {
        table.row([Cell::new(fault, Tone::Quiet), number(*times).into()]);
    }
    table.render(&mut out);
    let Found { runs, commands, events, recoveries, broken, .. } = found;
    out.push_str(&format!(
        "\n{} hours in {runs} runs: {} commands, {} events, {} recoveries; {} promises broken\n",
        found.hours(),
        number(*commands),
        number(*events),
        number(*recoveries),
        broken.len(),
    ));
    planted::table(&found.traces, &mut out);
    out
}

fn as_json(found: &Found) -> String {
    let hours: Option<Number> = serde_json::from_str(&found.hours().to_string()).ok();
    pretty(&json!({
        "hours": hours.map_or(Value::Null, Value::Number),
        "events": found.events,
        "promises_broken": found.broken.len(),
        "planted": found.planted,
        "found": found.found,
        "traces": found.traces.iter().map(Trace::as_json).collect::<Vec<_>>(),
        "runs": found.runs,
        "commands": found.commands,
        "recoveries": found.recoveries,
        "faults": found.faults,
        "checks": found.checks,
        "broken": found.broken,
    }))
}
