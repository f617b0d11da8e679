//! What to run, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_core::{Decimal, Digest, Timestamp};

use crate::promises::Wrong;

/// A run: all that it does follows from this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed of every draw.
    pub seed: u64,
    /// Simulated hours.
    pub hours: Decimal,
    /// Accounts, or one more.
    pub accounts: usize,
    /// Commands of clients in a simulated second, beside prices and ticks.
    pub commands_per_second: u32,
    /// Whether anything goes wrong.
    pub faults: bool,
    /// A fault of the product that is switched on from the first command.
    #[cfg(feature = "planted")]
    pub planted: Option<plimsoll_core::planted::Fault>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            hours: Decimal::new(1, 1),
            accounts: 500,
            commands_per_second: 50,
            faults: true,
            #[cfg(feature = "planted")]
            planted: None,
        }
    }
}

impl Plan {
    /// How long it is, in simulated nanoseconds.
    #[must_use]
    pub fn nanos(&self) -> i64 {
        const HOUR: i128 = 3_600 * Timestamp::NANOS_PER_SECOND as i128;
        let nanos = self.hours.units().saturating_mul(HOUR / 1_000_000) / (Decimal::UNITS_PER_ONE / 1_000_000);
        i64::try_from(nanos).unwrap_or(i64::MAX / 4)
    }

    /// The command line that runs it.
    #[must_use]
    pub fn command_line(&self) -> String {
        let own = Self::default();
        let mut line = format!("plimsoll simulate faults --seed {} --hours {}", self.seed, self.hours);
        if self.accounts != own.accounts {
            line.push_str(&format!(" --accounts {}", self.accounts));
        }
        if self.commands_per_second != own.commands_per_second {
            line.push_str(&format!(" --rate {}", self.commands_per_second));
        }
        if !self.faults {
            line.push_str(" --calm");
        }
        #[cfg(feature = "planted")]
        if self.planted.is_some() {
            line.push_str(" --planted");
        }
        line
    }
}

/// A broken promise, with what repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What is wrong.
    pub wrong: Wrong,
    /// When, in simulated time.
    pub at: Timestamp,
    /// The record that was being looked at.
    pub sequence: u64,
    /// The command, as it was asked.
    pub command: String,
    /// What repeats it.
    pub repeat: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wrong, at, sequence, command, repeat } = self;
        let Wrong { promise, account, found, expected } = wrong;
        write!(out, "{repeat}: {promise}: at {at}, record {sequence}")?;
        if let Some(account) = account {
            write!(out, ", account {}", account.0)?;
        }
        write!(out, ": found {found}: expected {expected}; after {command}")
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was run.
    pub plan: Plan,
    /// Events of commands that were carried out.
    pub events: u64,
    /// Commands answered, refusals included.
    pub commands: u64,
    /// Of which refused, by rule.
    pub refused: BTreeMap<String, u64>,
    /// Simulated nanoseconds.
    pub simulated_ns: i64,
    /// Times that the node was opened again.
    pub recoveries: u64,
    /// What went wrong by plan, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// Checks made, by promise.
    pub checks: BTreeMap<&'static str, u64>,
    /// Changes of level, a measure of how close to the lines a run was.
    pub levels: u64,
    /// Promises that broke; a run ends with its first.
    pub broken: Vec<Broken>,
    /// The chain of the log at the end: the same for the same plan.
    pub chain: Digest,
    /// The hash of the state at the end.
    pub root: Digest,
}

impl Report {
    pub(crate) const fn new(plan: Plan) -> Self {
        Self {
            plan,
            events: 0,
            commands: 0,
            refused: BTreeMap::new(),
            simulated_ns: 0,
            recoveries: 0,
            faults: BTreeMap::new(),
            checks: BTreeMap::new(),
            levels: 0,
            broken: Vec::new(),
            chain: Digest([0; 32]),
            root: Digest([0; 32]),
        }
    }
}
