//! The plimsoll command line: a face with no rules of its own.
//!
//! A command reads documents, opens a [`plimsoll::Desk`], asks it one question for every account,
//! and shows the answers as a table for people, as JSON or as CSV. Figures in tables are rounded for
//! reading; those in JSON and CSV are exact.

mod answer;
mod answers;
mod args;
mod changes;
mod color;
mod conformance;
mod demo;
mod engine;
mod figures;
mod import;
mod input;
mod models;
mod outcome;
mod progress;
mod screen;
mod simulate;
mod table;
mod tree;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use args::{Arguments, Command};
use outcome::{Failure, Outcome};
use screen::Screen;

/// An engine is many small maps that come and go.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and the version are asked for and go to standard output; a closed pipe is fine.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(Failure::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let screen = Screen::new(arguments.color);
    match run(&arguments.command, &screen) {
        Ok(outcome) => outcome.code(),
        Err(failure) => failure.report(&screen),
    }
}

fn run(command: &Command, screen: &Screen) -> Result<Outcome, Failure> {
    match command {
        Command::Margin(asked) => answers::margin::run(asked, screen),
        Command::Explain(asked) => answers::explain::run(asked, screen),
        Command::Matrix(asked) => answers::matrix::run(asked, screen),
        Command::Greeks(asked) => answers::greeks::run(asked, screen),
        Command::Liquidation(asked) => answers::liquidation::run(asked, screen),
        Command::Whatif(asked) => answers::whatif::run(asked, screen),
        Command::Compare(asked) => answers::compare::run(asked, screen),
        Command::Import(asked) => import::run(asked, screen),
        Command::Run(asked) => engine::run::run(asked, screen),
        Command::Journal { question } => engine::journal::run(question, screen),
        Command::Scenario { question } => engine::scenario::run(question, screen),
        Command::Demo { document } => demo::run(*document, screen),
        Command::Models(asked) => models::run(asked, screen),
        Command::Conformance(asked) => conformance::run(asked, screen),
        Command::Simulate { what } => simulate::run(what, screen),
        Command::Schema => models::schema(screen),
        Command::Completions { shell } => models::completions(*shell, screen),
        Command::Man => models::man(screen),
    }
}
