//! `import`: a venue's files as a market document.

use std::path::PathBuf;

use plimsoll::Timestamp;
use plimsoll::venues::{ImportFile, Imported, deribit};

use crate::args::Import as Asked;
use crate::color::Tone;
use crate::figures::count;
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;

/// Answers `plimsoll import`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let read = asked.files.iter().map(|file: &PathBuf| input::bytes(file)).collect::<Result<Vec<_>, _>>()?;
    let files: Vec<_> = read.iter().map(|(name, bytes)| ImportFile { name, bytes }).collect();
    let imported = match &asked.as_of {
        None => deribit::import(&files),
        Some(text) => {
            let at: Timestamp = text.parse().map_err(|error| Failure::usage(format!("--as-of: {error}")))?;
            deribit::import_at(&files, at)
        }
    };
    let imported = imported.map_err(Failure::usage)?;
    let document = imported.document();
    match &asked.output {
        None => screen.print_plain(&document)?,
        Some(path) => std::fs::write(path, document)?,
    }
    tell(&imported, asked.verbose, screen);
    Ok(Outcome::Answered)
}

/// What became of the rows, on standard error.
fn tell(imported: &Imported, verbose: bool, screen: &Screen) {
    let report = &imported.report;
    let (rows, instruments) = (count(report.rows()), count(imported.listing.len()));
    let as_of = imported.snapshot.as_of;
    screen.say(Tone::Good, "imported", &format!("{instruments} instruments from {rows} rows, as of {as_of}"));
    for note in &report.notes {
        screen.say(Tone::Warn, "note", note);
    }
    for (reason, rows) in report.left_out_by_reason() {
        screen.say(Tone::Warn, "left out", &format!("{} × {reason}", count(rows)));
    }
    if verbose {
        report.left_out.iter().for_each(|row| screen.say(Tone::Quiet, "left out", &row.to_string()));
    }
}
