//! `plimsoll simulate faults --planted`: whether the promises find faults that are known to be there.

use plimsoll::faults::Plan;
use serde_json::{Value, json};

use crate::color::Tone;
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Whether this build has faults to plant.
pub(super) const IS_BUILT: bool = cfg!(feature = "planted");

/// What became of one planted fault.
pub(super) struct Trace {
    fault: &'static str,
    /// The promise that broke first; none where none did.
    pub(super) promise: Option<&'static str>,
    /// Of the run in which it was found, or of the last.
    seed: u64,
    /// Simulated seconds of all runs until then.
    seconds: i64,
}

impl Trace {
    pub(super) fn as_json(&self) -> Value {
        let Self { fault, promise, seed, seconds } = self;
        json!({ "fault": fault, "promise": promise, "seed": seed, "seconds": seconds })
    }
}

/// Plants every fault alone and runs a seed after the other until a promise breaks.
#[cfg(feature = "planted")]
pub(super) fn run(first: &Plan, seeds: u64, screen: &Screen) -> Vec<Trace> {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use plimsoll::faults::Fault;

    use crate::progress::Progress;

    let progress = Mutex::new(Progress::new(screen, Fault::ALL.len(), "faults"));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (next, traces) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let unlocked = "a thread that panicked while it held a lock";
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(fault) = Fault::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let trace = sought(*fault, first, seeds);
                    traces.lock().unwrap_or_else(|_| unreachable!("{unlocked}")).push((*fault, trace));
                    progress.lock().unwrap_or_else(|_| unreachable!("{unlocked}")).step();
                }
            });
        }
    });
    let mut traces = traces.into_inner().unwrap_or_else(|_| unreachable!("{unlocked}"));
    traces.sort_unstable_by_key(|(fault, _)| *fault);
    traces.into_iter().map(|(_, trace)| trace).collect()
}

/// One fault, until a promise breaks.
#[cfg(feature = "planted")]
fn sought(fault: plimsoll::faults::Fault, first: &Plan, seeds: u64) -> Trace {
    const SECOND: i64 = 1_000_000_000;
    let mut trace = Trace { fault: fault.name(), promise: None, seed: first.seed, seconds: 0 };
    for more in 0..seeds {
        trace.seed = first.seed.wrapping_add(more);
        let plan = Plan { seed: trace.seed, planted: Some(fault), ..first.clone() };
        let report = plimsoll::faults::run(plan);
        trace.seconds += report.simulated_ns / SECOND;
        trace.promise = report.broken.first().map(|broken| broken.wrong.promise);
        if trace.promise.is_some() {
            break;
        }
    }
    trace
}

/// Without faults to plant there is nothing to find.
#[cfg(not(feature = "planted"))]
pub(super) const fn run(_: &Plan, _: u64, _: &Screen) -> Vec<Trace> {
    Vec::new()
}

/// Fault, promise and time, where there are any.
pub(super) fn table(traces: &[Trace], out: &mut String) {
    if traces.is_empty() {
        return;
    }
    let mut table = Table::new([text("planted"), text("found by"), figures("seed"), figures("seconds")]);
    for Trace { fault, promise, seed, seconds } in traces {
        let found = promise.map_or_else(|| Cell::new("nothing", Tone::Bad), |it| Cell::new(it, Tone::Plain));
        table.row([Cell::new(fault, Tone::Plain), found, seed.to_string().into(), seconds.to_string().into()]);
    }
    out.push('\n');
    table.render(out);
    let found = traces.iter().filter(|trace| trace.promise.is_some()).count();
    out.push_str(&format!("\n{found} of {} planted faults found\n", traces.len()));
}
