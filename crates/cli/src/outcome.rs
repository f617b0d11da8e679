//! How a run ends: documented exit codes.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use plimsoll::DocumentErrors;

use crate::color::Tone;
use crate::screen::Screen;

/// How a run ended that wrote its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was answered.
    Answered,
    /// Some accounts could not be, and standard error says why; or some case departs from what was published, or
    /// some promise broke.
    Partly,
    /// All was answered, and `--check` found an account below maintenance.
    BelowMaintenance,
}

impl Outcome {
    /// The exit code.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Answered => 0,
            Self::Partly => 1,
            Self::BelowMaintenance => 3,
        })
    }
}

/// Why a run has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or a file is wrong.
    Usage(String),
    /// A document is wrong.
    Document(DocumentErrors),
    /// The answer could not be written.
    Write(io::Error),
    /// What was asked could not be carried out to its end.
    Unfinished(String),
}

impl Failure {
    /// Wrong usage or a wrong document.
    pub(crate) const USAGE: u8 = 2;

    /// Says what is wrong on standard error, and gives the exit code.
    pub(crate) fn report(&self, screen: &Screen) -> ExitCode {
        match self {
            // Whoever read from us has seen enough.
            Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Write(error) => {
                screen.say(Tone::Bad, "error", &format!("the answer could not be written: {error}"));
                ExitCode::from(1)
            }
            Self::Unfinished(why) => {
                screen.say(Tone::Bad, "error", why);
                ExitCode::from(1)
            }
            Self::Usage(wrong) => {
                screen.say(Tone::Bad, "error", wrong);
                ExitCode::from(Self::USAGE)
            }
            Self::Document(errors) => {
                for line in errors.to_string().lines() {
                    screen.say(Tone::Bad, "error", line);
                }
                ExitCode::from(Self::USAGE)
            }
        }
    }

    /// Wrong usage, as one sentence: what stands there and what was expected.
    pub(crate) fn usage(wrong: impl Display) -> Self {
        Self::Usage(wrong.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<DocumentErrors> for Failure {
    fn from(errors: DocumentErrors) -> Self {
        Self::Document(errors)
    }
}
