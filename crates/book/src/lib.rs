//! Many portfolios at once.
//!
//! A venue margins every account whenever a price moves. [`Book`] holds what all of them have as runs of small
//! numbers: six bytes a position, sorted by underlying, then expiry, so that a margin model's group is a contiguous run
//! and nothing but what is summed is read. [`Sweep`] makes a model's [`Pass`](plimsoll_margin::pass::Pass) for every
//! account, with the widest instructions of the CPU, on as many threads as it is given: the same losses whatever those are.
//!
//! [`Certificates`] say who need not be looked at after a move, and [`gains`] revalues one portfolio under as many joint
//! moves as are drawn.
//!
//! The choice made: positions are facts, counted in lots of a table's rows; losses are caches. A fill changes one
//! position in place and keeps no sums beside it, since a gather of twenty rows costs less than keeping them.
//!
//! Left out on purpose: what an account is allowed to do, time, state. They are the engine's.

mod arrays;
mod certificates;
mod kernel;
mod narrow;
mod revaluation;
mod shelf;
mod store;
mod sweep;
pub mod threads;

pub use plimsoll_core::AccountId;

pub use certificates::{Certificates, Saved, Woken};
pub use revaluation::gains;
pub use shelf::Shelf;
pub use store::{Book, BookError, Place};
pub use sweep::{Losses, Sweep};
