//! The words of margining, held against slower and independent answers.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod arithmetic;
mod encoding;
mod limits;
mod oracle;
mod portfolio;
mod text;
mod time;
mod tree;
