//! The few tones a screen has.

use std::fmt::Write;

use anstyle::{AnsiColor, Effects, Style};

/// What a piece of text means, and so how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As the terminal has it.
    #[default]
    Plain,
    /// A heading or a figure that matters.
    Strong,
    /// Units, rules, what is beside the point.
    Quiet,
    /// All is well.
    Good,
    /// Less well.
    Warn,
    /// Not well.
    Bad,
    /// The one cell or branch that decides.
    Worst,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Worst => AnsiColor::Red.on_default().effects(Effects::BOLD),
        }
    }

    /// Adds `text` in this tone. What cannot be printed is shown as a dot, so that no document can
    /// move the cursor.
    pub(crate) fn paint(self, text: &str, out: &mut String) {
        let style = self.style();
        // Writing to a string cannot fail.
        let _ = write!(out, "{style}");
        out.extend(text.chars().map(printable));
        let _ = write!(out, "{style:#}");
    }
}

/// The character, or a dot for one that would control the terminal.
pub(crate) fn printable(character: char) -> char {
    let turns_text = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || turns_text { '·' } else { character }
}
