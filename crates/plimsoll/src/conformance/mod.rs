#![doc = include_str!("README.md")]

mod case;
mod figure;
pub mod formulas;
mod given;
mod known;
mod portfolio;
mod report;

pub use case::{Ask, Case, CaseError};
pub use figure::{Figure, Figures, Within};
pub use given::{Given, Refused};
pub use known::Known;
pub use report::{Failure, Report, Standing, Tally, fuzz_cases, run};
