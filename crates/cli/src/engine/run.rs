//! `run`: commands in, events out, in the order of the log.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use plimsoll::DocumentErrors;
use plimsoll::document::{Format, Value, parse};
use plimsoll::journal::files::Disk;
use plimsoll::journal::{Log, MemoryLog, Options, Segments};

use super::beside::{Beside, Following};
use super::lines::Lines;
use super::serving::{Line, Serving};
use crate::args::Run as Asked;
use crate::color::Tone;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;

/// What messages call it, and what its lines would be known by.
pub(super) const STANDARD_INPUT: &str = "standard input";

/// Endings of files that hold a command a line.
const STREAMS: [&str; 2] = ["jsonl", "ndjson"];

/// Answers `plimsoll run`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let mut files = Vec::new();
    for path in &asked.paths {
        collect(path, &mut files, screen)?;
    }
    let Some(folder) = &asked.journal else {
        let open = || Ok((MemoryLog::new(), Beside::default()));
        return served(Serving::new(Box::new(open), asked, screen), &files);
    };
    let mut serving = Serving::new(Box::new(|| open(folder, asked, screen)), asked, screen);
    // Of a journal that is not there nothing is made before there is a command to write down.
    if is_begun(folder) {
        serving.recover()?;
    }
    served(serving, &files)
}

fn is_begun(folder: &Path) -> bool {
    let is_segment =
        |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|it| it.path().extension() == Some("log".as_ref()));
    fs::read_dir(folder).is_ok_and(|mut inside| inside.any(is_segment))
}

fn open(folder: &Path, asked: &Asked, screen: &Screen) -> Result<(Segments<Disk>, Beside), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", folder.display()));
    let disk = Disk::open(folder).map_err(|error| wrong(&error))?;
    let (log, opened) = Segments::open(disk, Options::default()).map_err(|error| wrong(&error))?;
    if let Some(cut) = opened.truncated {
        let text =
            format!("{}: {} bytes at {} were never acknowledged, and are cut off", cut.file, cut.bytes, cut.offset);
        screen.say(Tone::Warn, "warning", &text);
    }
    let following = asked.snapshot_every.map(|every| Following::beside(folder, &log, every));
    let beside = Beside { preparer: Some(log.preparer()), preparing: None, following };
    Ok((log, beside))
}

/// The file itself, or every file of commands in a folder, by name.
fn collect(path: &Path, files: &mut Vec<PathBuf>, screen: &Screen) -> Result<(), Failure> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let wrong = |error: io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let mut inside = Vec::new();
    for entry in fs::read_dir(path).map_err(wrong)? {
        inside.push(entry.map_err(wrong)?.path());
    }
    inside.sort();
    for path in inside {
        if is_stream(&path) || Format::of_file(&path.display().to_string()).is_some() {
            files.push(path);
        } else if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            let text = format!("{}: not read: expected .jsonl, .ndjson, .json, .yaml or .toml", path.display());
            screen.say(Tone::Warn, "warning", &text);
        }
    }
    Ok(())
}

fn is_stream(path: &Path) -> bool {
    path.extension().is_some_and(|ending| STREAMS.iter().any(|known| ending == *known))
}

fn served<L: Log + 'static>(mut serving: Serving<'_, L>, files: &[PathBuf]) -> Result<Outcome, Failure> {
    if let Some(currency) = serving.asked_currency() {
        serving.valued_in("--currency", currency)?;
    }
    let mut reading = Reading { serving: &mut serving, read: BTreeSet::new() };
    let done = files.iter().try_for_each(|file| reading.file(file));
    // What was decided before a wrong line stands.
    let committed = serving.commit();
    serving.finish(done.and(committed))
}

/// Files on their way in.
struct Reading<'s, 'o, L> {
    serving: &'s mut Serving<'o, L>,
    /// Documents that were read, by their full path: an opening that was is not read once more.
    read: BTreeSet<String>,
}

impl<L: Log + 'static> Reading<'_, '_, L> {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let name = path.display().to_string();
        let wrong = |error: io::Error| Failure::usage(format!("{name}: {error}"));
        if path.as_os_str() == "-" {
            return self.stream(STANDARD_INPUT, STANDARD_INPUT, io::stdin().lock());
        }
        let source = source_of(path);
        match Format::of_file(&name) {
            Some(format) => {
                self.read.insert(source.clone());
                self.document((path, &source), &fs::read(path).map_err(wrong)?, format)
            }
            None => self.stream(&name, &source, File::open(path).map_err(wrong)?),
        }
    }

    /// A document's steps, after those of its opening.
    fn document(&mut self, (path, source): (&Path, &str), bytes: &[u8], format: Format) -> Result<(), Failure> {
        let name = path.display().to_string();
        let value = parsed(&name, bytes, format)?;
        if let Some(opening) = value.get("opening").and_then(Value::scalar) {
            let beside = path.with_file_name(opening);
            if !self.read.contains(&source_of(&beside)) {
                self.file(&beside)?;
            }
        }
        if let Some(currency) = value.get("currency").and_then(Value::scalar) {
            self.serving.valued_in(&format!("{name}: currency"), currency)?;
        }
        let start = value.get("start").and_then(Value::scalar).and_then(|at| at.parse().ok());
        self.serving.begins(start);
        let Some(Value::List(steps)) = value.get("steps") else {
            return Err(Failure::usage(format!("{name}: steps: missing, expected a list of commands")));
        };
        let is_told = |step: &Value<'_>| step.get("rule").and_then(Value::scalar) != Some("off");
        for (index, value) in steps.iter().enumerate().filter(|(_, step)| is_told(step)) {
            let place = format!("{name}: steps[{index}]");
            self.serving.command(&Line { source, number: index as u64 + 1, place, value })?;
        }
        self.serving.commit()
    }

    /// Lines of JSON, committed whenever no more is waiting.
    fn stream(&mut self, name: &str, source: &str, from: impl io::Read) -> Result<(), Failure> {
        let mut lines = Lines::of(name, from);
        while let Some((number, text)) = lines.next()? {
            if !text.is_empty() {
                let place = format!("{name} line {number}");
                let value = parsed(&place, text.as_bytes(), Format::Json)?;
                self.serving.command(&Line { source, number, place, value: &value })?;
            }
            if self.serving.is_full() || !lines.is_another_there() {
                self.serving.commit()?;
            }
        }
        self.serving.commit()
    }
}

/// The same file is known again, however it is named.
fn source_of(path: &Path) -> String {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

fn parsed<'d>(place: &str, bytes: &'d [u8], format: Format) -> Result<Value<'d>, Failure> {
    parse(bytes, format).map_err(|mut error| {
        error.path = format!("{place}: {}", error.path);
        DocumentErrors::from(error).into()
    })
}
