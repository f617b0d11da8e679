//! A whole venue in one thread, with faults put in and every promise checked.
//!
//! Engine, journal, node and clients run on one simulated clock, and everything that happens is drawn from one seed:
//! what people ask for, what prices do, what the network loses or doubles, when the disk is full, where the process dies,
//! which bits flip. After every answer the promises are looked at, each by a way of its own to the figure: a second set
//! of books kept from the commands, sums counted again from the accounts, margin from a book that knows nothing of the
//! past, margin by a slow rule written from the model's page, the log read back. The same seed is the same run, bit for
//! bit, so that a failure is one line that repeats it.
//!
//! ```
//! use plimsoll_simulation::{Plan, run};
//!
//! let report = run(Plan { seed: 7, hours: "0.001".parse()?, accounts: 20, ..Plan::default() });
//! assert!(report.commands > 100 && report.broken.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Left out on purpose: threads, clocks and real disks, which `plimsoll-cli`'s kill test has; a second node, as there is
//! no replication yet.

pub mod faults;
mod plan;
pub mod promises;
mod random;
mod run;
pub mod world;

#[cfg(feature = "planted")]
pub use plimsoll_core::planted::Fault;

pub use plan::{Broken, Plan, Report};
pub use random::Random;
pub use run::run;
