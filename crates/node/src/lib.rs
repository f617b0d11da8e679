//! The engine in order and durable.
//!
//! A caller must be able to trust an answer: what was acknowledged is there after any crash, a command that is sent twice
//! is carried out once, and what anybody hears of is what is in the log. [`Node`] takes requests one by one, decides each
//! at once and keeps the answer back; [`Node::commit`] makes all that was decided durable as one frame and only then gives
//! the answers out. So a burst of requests costs one sync.
//!
//! The choice made: the log holds each command with its outcome. Recovery folds outcomes and computes no margin, so it is
//! fast and runs no float; an [`audit`] decides the commands again and compares every byte. Refusals are answers, and are
//! logged like the others. Every few thousand entries a checkpoint names the state's hash, which recovery meets again.
//!
//! Left out on purpose: clocks, sockets and threads. Time is an argument and must not run back; whoever serves requests
//! calls [`Node::submit`] while it has some and [`Node::commit`] when it has not. Who has a thread for the log takes it apart
//! ([`Node::write_behind`]): deciding goes on while the last frame is encoded, hashed and synced, and the log is the same,
//! byte for byte, where the same requests are committed together. Snapshots are a [`Follower`]'s, which reads the log like
//! anybody and may live on a thread of its own.

mod audit;
mod behind;
mod decider;
mod entry;
mod error;
mod follower;
mod node;

pub use audit::{Audited, audit};
pub use behind::{WriteBehind, Writer};
pub use entry::{Answer, Decided, Record, Request};
pub use error::NodeError;
pub use follower::Follower;
pub use node::{Answered, Node, Options, Submitted};
