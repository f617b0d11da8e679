//! How far a long question is, for whoever watches: nothing under two seconds, nothing in a log.
#![expect(clippy::disallowed_types, reason = "a face owns its clock; no figure depends on it")]

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::figures::count;
use crate::screen::Screen;

/// A question that takes two seconds or more says how far it is.
const WORTH_SHOWING: Duration = Duration::from_secs(2);
/// How long to look before guessing how long the whole takes.
const LOOK: Duration = Duration::from_millis(400);
/// How often the line is written.
const PAUSE: Duration = Duration::from_millis(120);

/// A line on standard error that says how far a loop is and when it ends.
pub(crate) struct Progress {
    what: &'static str,
    total: usize,
    done: usize,
    watched: bool,
    started: Instant,
    shown: Option<Instant>,
}

impl Progress {
    /// For a loop over `total` things called `what`.
    pub(crate) fn new(screen: &Screen, total: usize, what: &'static str) -> Self {
        Self { what, total, done: 0, watched: screen.is_watched(), started: Instant::now(), shown: None }
    }

    /// How many there are.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }

    /// One more is done.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        if !self.watched || self.done >= self.total {
            return;
        }
        let spent = self.started.elapsed();
        let left = self.left(spent);
        let due = self.shown.map_or(spent > LOOK && spent + left > WORTH_SHOWING, |last| last.elapsed() > PAUSE);
        if due {
            self.shown = Some(Instant::now());
            let (done, total) = (count(self.done), count(self.total));
            let line = format!("\r\x1b[K{done} of {total} {}, {} s left", self.what, left.as_secs() + 1);
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    /// The time the rest takes, if it goes on as before.
    fn left(&self, spent: Duration) -> Duration {
        let done = u32::try_from(self.done).unwrap_or(u32::MAX).max(1);
        let rest = u32::try_from(self.total - self.done).unwrap_or(u32::MAX);
        (spent / done).saturating_mul(rest)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
