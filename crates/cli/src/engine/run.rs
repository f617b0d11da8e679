//! `run`: commands in, events out, in the order of the log.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use plimsoll::document::{Format, Value, parse};
use plimsoll::journal::files::Disk;
use plimsoll::journal::{Log, MemoryLog, Options, Segments};
use plimsoll::node::{Answer, Answered, Node, Request, Submitted};
use plimsoll::{Asset, DocumentErrors, Timestamp, stream};

use super::beside::{Following, Preparing};
use super::shown;
use crate::args::Run as Asked;
use crate::color::Tone;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;

/// What messages call it, and what its lines would be known by.
const STANDARD_INPUT: &str = "standard input";

/// Commands that one sync makes durable, at most.
const COMMIT: usize = 1_024;

/// Answers `plimsoll run`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let mut files = Vec::new();
    for path in &asked.paths {
        collect(path, &mut files)?;
    }
    match &asked.journal {
        None => served(MemoryLog::new(), None, asked, &files, screen),
        Some(folder) => {
            let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", folder.display()));
            let disk = Disk::open(folder).map_err(|error| wrong(&error))?;
            let (log, opened) = Segments::open(disk, Options::default()).map_err(|error| wrong(&error))?;
            if let Some(cut) = opened.truncated {
                let text = format!(
                    "{}: {} bytes at {} were never acknowledged, and are cut off",
                    cut.file, cut.bytes, cut.offset
                );
                screen.say(Tone::Warn, "warning", &text);
            }
            let preparing = Preparing::beside(log.preparer());
            let follower = asked.snapshot_every.map(|every| Following::beside(folder, &log, every));
            let outcome = served(log, follower, asked, &files, screen);
            preparing.end();
            outcome
        }
    }
}

/// The file itself, or every file of commands in a folder, by name.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let wrong = |error: io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let mut inside = Vec::new();
    for entry in fs::read_dir(path).map_err(wrong)? {
        inside.push(entry.map_err(wrong)?.path());
    }
    let is_read = |path: &PathBuf| {
        path.extension().is_some_and(|it| it == "jsonl" || Format::of_file(&path.display().to_string()).is_some())
    };
    inside.retain(is_read);
    inside.sort();
    files.extend(inside);
    Ok(())
}

fn served<L: Log>(
    log: L,
    follower: Option<Following>,
    asked: &Asked,
    files: &[PathBuf],
    screen: &Screen,
) -> Result<Outcome, Failure> {
    let name = &asked.currency;
    let currency: Asset = name.parse().map_err(|error| Failure::usage(format!("--currency {name}: {error}")))?;
    let out = BufWriter::new(io::stdout().lock());
    let mut serving = Serving {
        log: Some(log),
        node: None,
        follower,
        currency,
        now: None,
        out,
        screen,
        quiet: asked.quiet,
        is_kept: asked.journal.is_some(),
        lines: 0,
        events: 0,
        refused: 0,
        repeated: 0,
    };
    let done = files.iter().try_for_each(|file| serving.file(file));
    // What was decided before a wrong line stands.
    let committed = serving.commit();
    done?;
    committed?;
    serving.finish(asked, screen)
}

struct Serving<'o, L> {
    /// Until the first line says when it begins.
    log: Option<L>,
    node: Option<Node<L>>,
    follower: Option<Following>,
    currency: Asset,
    now: Option<Timestamp>,
    out: BufWriter<io::StdoutLock<'o>>,
    screen: &'o Screen,
    quiet: bool,
    /// Whether there is a journal.
    is_kept: bool,
    lines: u64,
    events: u64,
    refused: u64,
    repeated: u64,
}

impl<L: Log> Serving<'_, L> {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let name = path.display().to_string();
        // The same file is known again, however it is named.
        let source = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        let wrong = |error: io::Error| Failure::usage(format!("{name}: {error}"));
        if path.as_os_str() == "-" {
            return self.stream(STANDARD_INPUT, STANDARD_INPUT, BufReader::new(io::stdin().lock()));
        }
        match Format::of_file(&name).filter(|_| path.extension().is_none_or(|it| it != "jsonl")) {
            Some(format) => self.document((&name, &source), &fs::read(path).map_err(wrong)?, format),
            None => self.stream(&name, &source, BufReader::new(File::open(path).map_err(wrong)?)),
        }
    }

    /// A document's steps.
    fn document(&mut self, (name, source): (&str, &str), bytes: &[u8], format: Format) -> Result<(), Failure> {
        let value = parsed(name, bytes, format)?;
        let start = value.get("start").and_then(Value::scalar).and_then(|at| at.parse().ok());
        self.now = self.now.or(start);
        let Some(Value::List(steps)) = value.get("steps") else {
            return Err(Failure::usage(format!("{name}: steps: missing, expected a list of commands")));
        };
        for (place, step) in steps.iter().enumerate() {
            self.command((source, place as u64 + 1), &format!("{name}: steps[{place}]"), step)?;
        }
        self.commit()
    }

    /// Lines of JSON, committed whenever no more is waiting.
    fn stream(&mut self, name: &str, source: &str, mut lines: BufReader<impl io::Read>) -> Result<(), Failure> {
        let mut text = String::new();
        for number in 1_u64.. {
            text.clear();
            let read = lines.read_line(&mut text).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
            if read == 0 {
                break;
            }
            if !text.trim().is_empty() {
                let place = format!("{name} line {number}");
                let value = parsed(&place, text.trim().as_bytes(), Format::Json)?;
                self.command((source, number), &place, &value)?;
            }
            let waiting = self.node.as_ref().map_or(0, Node::waiting);
            if waiting >= COMMIT || lines.buffer().is_empty() {
                self.commit()?;
            }
        }
        self.commit()
    }

    /// One command, the `line`-th of its source.
    fn command(&mut self, (source, line): (&str, u64), place: &str, value: &Value<'_>) -> Result<(), Failure> {
        self.lines += 1;
        let said = self.now.or_else(|| stream::begins(value));
        let Some(now) = said.map_or_else(|| self.clock(), |said| Ok(Some(said)))? else {
            return Err(Failure::usage(format!("{place}: at: missing, expected the time of the first command")));
        };
        let is_kept = self.is_kept;
        let node = self.node(now)?;
        // A source's time is its own: what was carried out of it before moves no clock a second time.
        let read = stream::read(value, node.state(), now).map_err(|mut errors| {
            errors.errors.iter_mut().for_each(|error| error.path = format!("{place}: {}", error.path));
            errors
        })?;
        if is_kept && source == STANDARD_INPUT && (read.client.is_none() || read.number.is_none()) {
            let expected = "client, number: missing, expected with --journal: by what else is a line of standard input \
                            known again?";
            return Err(Failure::usage(format!("{place}: {expected}")));
        }
        let client: Arc<str> = read.client.unwrap_or_else(|| source.to_owned()).into();
        let number = read.number.unwrap_or(line);
        let request = Request { client: Arc::clone(&client), number, command: read.command };
        let at = if value.get("at").is_some() { read.at } else { read.at.max(node.state().clock) };
        let submitted = node.submit(request, at);
        self.now = Some(if submitted == Submitted::Staged { at } else { read.at });
        if let Submitted::TooOld { last } = submitted {
            let text = format!("{place}: number {number} of {client} comes after {last}: it is not carried out");
            self.screen.say(Tone::Warn, "warning", &text);
        }
        for warning in &read.warnings {
            self.screen.say(Tone::Warn, "warning", &format!("{place}: {warning}"));
        }
        if submitted != Submitted::Staged {
            self.repeated += 1;
        }
        Ok(())
    }

    /// The engine's own time, where it has one: a journal that was begun does.
    fn clock(&mut self) -> Result<Option<Timestamp>, Failure> {
        if self.log.as_ref().is_some_and(|log| log.last().0 > 0) {
            self.node(Timestamp::from_nanos(0))?;
        }
        Ok(self.node.as_ref().map(|node| node.state().clock))
    }

    fn node(&mut self, at: Timestamp) -> Result<&mut Node<L>, Failure> {
        if let Some(log) = self.log.take() {
            let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            let options = plimsoll::node::Options { threads, ..plimsoll::node::Options::default() };
            let opened = Node::open(log, self.currency, at, options);
            self.node = Some(opened.map_err(|error| Failure::usage(format!("journal: {error}")))?);
        }
        self.node.as_mut().ok_or_else(|| Failure::usage("journal: it could not be opened"))
    }

    /// Makes what was decided durable, and only then says so.
    fn commit(&mut self) -> Result<(), Failure> {
        let (Some(node), Some(now)) = (&mut self.node, self.now) else { return Ok(()) };
        let now = now.max(node.state().clock);
        let answered = node.commit(now).map_err(|error| Failure::usage(format!("journal: {error}")))?;
        if let Some(follower) = &mut self.follower {
            follower.see(node.log().last(), node.log().chain());
        }
        for each in &answered {
            match &each.decided.answer {
                Answer::Done(events) => self.events += events.len() as u64,
                Answer::Refused { .. } => self.refused += 1,
            }
        }
        if !self.quiet {
            answered.iter().try_for_each(|each: &Answered| {
                shown(node.state(), each).iter().try_for_each(|line| writeln!(self.out, "{line}"))
            })?;
        }
        Ok(self.out.flush()?)
    }

    fn finish(mut self, asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
        if let Some(saved) = self.follower.map(Following::end) {
            let saved = saved.map_err(|error| Failure::usage(format!("journal: snapshot: {error}")))?;
            screen.say(Tone::Quiet, "snapshots", &format!("{saved} saved while running"));
        }
        if let Some(node) = self.node.as_mut().filter(|_| asked.snapshot) {
            let at = node.save_snapshot().map_err(|error| Failure::usage(format!("journal: {error}")))?;
            screen.say(Tone::Quiet, "snapshot", &format!("at record {at}"));
        }
        let again = if self.repeated > 0 { format!(", {} repeated", self.repeated) } else { String::new() };
        let text = format!("{} commands, {} events, {} refused{again}", self.lines, self.events, self.refused);
        screen.say(Tone::Quiet, "run", &text);
        Ok(Outcome::Answered)
    }
}

fn parsed<'d>(place: &str, bytes: &'d [u8], format: Format) -> Result<Value<'d>, Failure> {
    parse(bytes, format).map_err(|mut error| {
        error.path = format!("{place}: {}", error.path);
        DocumentErrors::from(error).into()
    })
}
