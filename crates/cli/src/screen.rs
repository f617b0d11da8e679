//! Standard output and standard error, with colour where it is wanted.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use crate::args::When;
use crate::color::{Tone, printable};

/// Where answers and remarks go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    choice: ColorChoice,
}

impl Screen {
    /// A screen that colours when it is told to; on its own, on terminals without `NO_COLOR`.
    pub(crate) const fn new(when: When) -> Self {
        Self {
            choice: match when {
                When::Auto => ColorChoice::Auto,
                When::Always => ColorChoice::Always,
                When::Never => ColorChoice::Never,
            },
        }
    }

    /// Writes an answer to standard output.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        let stdout = io::stdout().lock();
        let choice = match self.choice {
            ColorChoice::Auto => AutoStream::choice(&stdout),
            decided => decided,
        };
        let mut out = AutoStream::new(stdout, choice);
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes an answer without looking for colours in it.
    pub(crate) fn print_plain(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Says something on standard error: `warning: …`.
    pub(crate) fn say(&self, tone: Tone, kind: &str, text: &str) {
        let mut line = String::new();
        tone.paint(kind, &mut line);
        line.push_str(": ");
        line.extend(text.chars().map(printable));
        line.push('\n');
        // When standard error is gone there is nowhere left to say so.
        let _ = AutoStream::new(io::stderr().lock(), self.choice).write_all(line.as_bytes());
    }

    /// Whether somebody watches standard error.
    pub(crate) fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }
}
