//! Commands on their way through the engine: decided, made durable, answered.

use std::io::{self, BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use plimsoll::document::Value;
use plimsoll::engine::State;
use plimsoll::journal::{Log, LogError};
use plimsoll::node::{Answer, Answered, Node, NodeError, Request, Submitted};
use plimsoll::{Asset, Timestamp, stream};

use super::beside::{Beside, Following};
use super::run::STANDARD_INPUT;
use super::{again, shown};
use crate::args::Run as Asked;
use crate::color::Tone;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;

/// Commands that one sync makes durable, at most.
const COMMIT: usize = 1_024;

/// What opens a log: called once there is something to write to it.
pub(super) type Open<'o, L> = Box<dyn FnOnce() -> Result<(L, Beside), Failure> + 'o>;

/// A line of a source.
pub(super) struct Line<'l> {
    /// What it is known by, without a client of its own.
    pub(super) source: &'l str,
    /// Which of it, from one.
    pub(super) number: u64,
    /// What messages call it.
    pub(super) place: String,
    /// What it says.
    pub(super) value: &'l Value<'l>,
}

/// What a run has seen so far.
#[derive(Default)]
struct Counts {
    lines: u64,
    events: u64,
    refused: u64,
    /// Commands that were carried out before, and those of them whose answers were given once more.
    done: u64,
    again: u64,
}

/// The engine behind a log, and who is told.
pub(super) struct Serving<'o, L> {
    /// Until there is something to write.
    open: Option<Open<'o, L>>,
    node: Option<Node<L>>,
    beside: Beside,
    /// What everything is valued in, once somebody said so.
    currency: Option<Asset>,
    now: Option<Timestamp>,
    out: BufWriter<io::StdoutLock<'o>>,
    screen: &'o Screen,
    asked: &'o Asked,
    /// The last line that was handed in.
    place: String,
    /// Whether somebody was told of a number that is gone by.
    is_told: bool,
    counts: Counts,
}

impl<'o, L: Log + 'static> Serving<'o, L> {
    pub(super) fn new(open: Open<'o, L>, asked: &'o Asked, screen: &'o Screen) -> Self {
        Self {
            open: Some(open),
            node: None,
            beside: Beside::default(),
            currency: None,
            now: None,
            out: BufWriter::new(io::stdout().lock()),
            screen,
            asked,
            place: String::new(),
            is_told: false,
            counts: Counts::default(),
        }
    }

    /// Opens a log that is there, and goes on from what it holds.
    pub(super) fn recover(&mut self) -> Result<(), Failure> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let (log, beside) = open()?;
        if log.last().0 > 0 {
            return self.begin(log, beside, Timestamp::from_nanos(0));
        }
        self.open = Some(Box::new(move || Ok((log, beside))));
        Ok(())
    }

    fn begin(&mut self, log: L, beside: Beside, at: Timestamp) -> Result<(), Failure> {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let options = plimsoll::node::Options { threads, ..plimsoll::node::Options::default() };
        let opened = Node::open(log, self.currency()?, at, options);
        self.node = Some(opened.map_err(|error| match error {
            NodeError::Log(error) => self.unwritten(&error),
            error => Failure::usage(format!("{}: {error}", self.journal())),
        })?);
        self.beside = beside;
        self.beside.prepare();
        Ok(())
    }

    /// What the command line says that everything is valued in.
    pub(super) fn asked_currency(&self) -> Option<&'o str> {
        self.asked.currency.as_deref()
    }

    /// What everything is valued in, as `who` says: the first to say so is believed, unless a journal knows better.
    pub(super) fn valued_in(&mut self, who: &str, currency: &str) -> Result<(), Failure> {
        let said: Asset = currency.parse().map_err(|error| Failure::usage(format!("{who}: {currency}: {error}")))?;
        let known = self.node.as_ref().map(|node| node.state().currency);
        match known.or(self.currency).filter(|known| *known != said) {
            Some(known) => {
                Err(Failure::usage(format!("{who}: {said}: expected {known}, which everything is valued in")))
            }
            None => {
                self.currency = Some(said);
                Ok(())
            }
        }
    }

    fn currency(&self) -> Result<Asset, Failure> {
        let own = || "USD".parse().map_err(|error| Failure::usage(format!("USD: {error}")));
        self.currency.map_or_else(own, Ok)
    }

    /// The time before the first line, where nothing said it yet.
    pub(super) fn begins(&mut self, start: Option<Timestamp>) {
        self.now = self.now.or(start);
    }

    /// One command.
    pub(super) fn command(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let (read, now) = self.read(line)?;
        for warning in &read.warnings {
            self.screen.say(Tone::Warn, "warning", &format!("{}: {warning}", line.place));
        }
        if let Some(open) = self.open.take() {
            let (log, beside) = open()?;
            self.begin(log, beside, now)?;
        }
        let is_named = read.client.is_some();
        let client: Arc<str> = read.client.unwrap_or_else(|| line.source.to_owned()).into();
        let request = Request { client, number: read.number.unwrap_or(line.number), command: read.command };
        let Some(node) = &mut self.node else { return Err(Failure::usage("journal: it could not be opened")) };
        let at = if line.value.get("at").is_some() { read.at } else { read.at.max(node.state().clock) };
        let submitted = node.submit(request.clone(), at);
        // A source's time is its own: what was carried out of it before moves no clock a second time.
        self.now = Some(if submitted == Submitted::Staged { at } else { read.at });
        self.counts.lines += 1;
        self.place.clone_from(&line.place);
        if submitted == Submitted::Waiting {
            // It is compared, and answered, like any that was carried out before.
            self.commit()?;
            let known = self.node.as_mut().map_or(submitted, |node| node.submit(request.clone(), at));
            return self.known(line, &request, is_named, &known);
        }
        self.known(line, &request, is_named, &submitted)
    }

    /// What a line asks, and what time it was before.
    fn read(&self, line: &Line<'_>) -> Result<(stream::Line, Timestamp), Failure> {
        let Line { source, place, value, .. } = line;
        let clock = || self.node.as_ref().map(|node| node.state().clock);
        let Some(now) = self.now.or_else(|| stream::begins(value)).or_else(clock) else {
            return Err(Failure::usage(format!("{place}: at: missing, expected the time of the first command")));
        };
        let read = match &self.node {
            Some(node) => stream::read(value, node.state(), now),
            None => stream::read(value, &State::new(self.currency()?, now), now),
        };
        let read = read.map_err(|mut errors| {
            errors.errors.iter_mut().for_each(|error| error.path = format!("{place}: {}", error.path));
            errors
        })?;
        let is_known_again = read.client.is_some() && read.number.is_some();
        if self.asked.journal.is_some() && *source == STANDARD_INPUT && !is_known_again {
            let expected = "client, number: missing, expected with --journal: by what else is a line of standard input \
                            known again?";
            return Err(Failure::usage(format!("{place}: {expected}")));
        }
        Ok((read, now))
    }

    /// What becomes of a command that was carried out before.
    fn known(&mut self, line: &Line<'_>, said: &Request, is_named: bool, known: &Submitted) -> Result<(), Failure> {
        let Request { client, number, command } = said;
        match known {
            Submitted::Staged => return Ok(()),
            Submitted::Again(answered) => {
                let before = &answered.decided.request.command;
                if !again::is_same(before, command) {
                    let (place, sequence, word) = (&line.place, answered.sequence, again::word(before));
                    let text = format!("{place}: number {number} of {client} was a {word} already, record {sequence}");
                    return Err(Failure::usage(format!("{text}: expected the same, or a number of its own")));
                }
                // What was decided since is answered first: answers come in the order of the lines.
                self.commit()?;
                self.told(&[Answered::clone(answered)])?;
                self.counts.again += 1;
            }
            Submitted::TooOld { last } if is_named && !self.is_told => {
                self.is_told = true;
                let text =
                    format!("number {number} of {client} comes after {last}: neither it nor the like is carried out");
                self.screen.say(Tone::Warn, "warning", &format!("{}: {text}", line.place));
            }
            Submitted::TooOld { .. } | Submitted::Waiting => {}
        }
        self.counts.done += 1;
        Ok(())
    }

    /// Whether as much waits as one sync takes.
    pub(super) fn is_full(&self) -> bool {
        self.node.as_ref().map_or(0, Node::waiting) >= COMMIT
    }

    /// Makes what was decided durable, and only then says so.
    pub(super) fn commit(&mut self) -> Result<(), Failure> {
        let (Some(node), Some(now)) = (&mut self.node, self.now) else { return Ok(()) };
        let now = now.max(node.state().clock);
        let answered = match node.commit(now) {
            Ok(answered) => answered,
            Err(error) => return Err(self.unwritten(&error)),
        };
        if let Some(following) = &mut self.beside.following {
            following.see(node.log().last(), node.log().chain());
        }
        for each in &answered {
            match &each.decided.answer {
                Answer::Done(events) => self.counts.events += events.len() as u64,
                Answer::Refused { .. } => self.counts.refused += 1,
            }
        }
        self.told(&answered)
    }

    /// Writes durable answers.
    fn told(&mut self, answered: &[Answered]) -> Result<(), Failure> {
        let Some(node) = self.node.as_ref().filter(|_| !self.asked.quiet && !answered.is_empty()) else {
            return Ok(());
        };
        let mut lines = answered.iter().flat_map(|each| shown(node.state(), each));
        let written = lines.try_for_each(|line| writeln!(self.out, "{line}"));
        written.and_then(|()| self.out.flush()).map_err(|error| self.unheard(error))
    }

    /// Where there is a journal, nobody must take what was not carried out for done.
    fn unheard(&self, error: io::Error) -> Failure {
        if self.asked.journal.is_none() {
            return Failure::Write(error);
        }
        let text = format!("the answers could not be written: {error}");
        let far = format!("{} and all before it are carried out and in the journal, what follows is not", self.place);
        Failure::Unfinished(format!("{text}. {far}; run the same again to go on, and to have the last answers again"))
    }

    /// A log that takes no more.
    fn unwritten(&self, error: &LogError) -> Failure {
        let why = format!("{}: {error}", self.journal());
        match error {
            LogError::Damaged(_) | LogError::SnapshotAhead { .. } => Failure::usage(why),
            _ => Failure::Unfinished(why),
        }
    }

    /// What messages call the journal.
    fn journal(&self) -> String {
        self.asked.journal.as_ref().map_or_else(|| "journal".to_owned(), |folder| folder.display().to_string())
    }

    /// Ends what runs beside, and says what there was; or why it came to no end.
    pub(super) fn finish(mut self, done: Result<(), Failure>) -> Result<Outcome, Failure> {
        let Beside { preparing, following, .. } = std::mem::take(&mut self.beside);
        if let Some(preparing) = preparing {
            preparing.end();
        }
        done?;
        let journal = self.journal();
        let failed = |error: NodeError| Failure::Unfinished(format!("{journal}: snapshot: {error}"));
        if let Some(saved) = following.map(Following::end) {
            let saved = saved.map_err(failed)?;
            self.screen.say(Tone::Quiet, "snapshots", &format!("{saved} saved while running"));
        }
        if self.asked.snapshot {
            let said = match &mut self.node {
                Some(node) => format!("at record {}", node.save_snapshot().map_err(failed)?),
                None => "none: the journal has no records".to_owned(),
            };
            self.screen.say(Tone::Quiet, "snapshot", &said);
        }
        self.screen.say(Tone::Quiet, "run", &self.counts.text());
        Ok(Outcome::Answered)
    }
}

impl Counts {
    fn text(&self) -> String {
        let Self { lines, events, refused, done, again } = self;
        let known =
            if *done > 0 { format!(", {done} already done and {again} of them answered again") } else { String::new() };
        format!("{lines} commands, {events} events, {refused} refused{known}")
    }
}
