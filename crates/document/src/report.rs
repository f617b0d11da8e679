//! What is wrong with a document, and what is merely odd: every line names its path.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

/// Errors kept; further ones are only counted.
const ERRORS_KEPT: usize = 1_000;
/// Errors printed.
const ERRORS_PRINTED: usize = 20;
/// Different warnings kept; further ones are only counted, under one line.
const WARNINGS_KEPT: usize = 200;

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {value}, expected {expected}")]
pub struct DocumentError {
    /// Where: `market.assets.USDC.price`, or `line 3 column 7` where the text is not a document.
    pub path: String,
    /// What stands there, shortened; `missing` where nothing does.
    pub value: String,
    /// What should stand there.
    pub expected: String,
}

/// Everything wrong with a document, in the order found.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct DocumentErrors {
    /// The first thousand.
    pub errors: Vec<DocumentError>,
    /// How many there are.
    pub total: usize,
}

impl fmt::Display for DocumentErrors {
    /// One line each, at most twenty, then how many more.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printed = self.errors.len().min(ERRORS_PRINTED);
        for (place, error) in self.errors.iter().take(printed).enumerate() {
            let end = if place + 1 == self.total { "" } else { "\n" };
            write!(out, "{error}{end}")?;
        }
        if self.total > printed { write!(out, "and {} more", self.total - printed) } else { Ok(()) }
    }
}

impl From<DocumentError> for DocumentErrors {
    fn from(error: DocumentError) -> Self {
        Self { errors: vec![error], total: 1 }
    }
}

/// Something a document says that changes no figure, and that its author should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where it was met first.
    pub path: String,
    /// What is odd.
    pub note: String,
    /// How many further places say the same.
    pub more: usize,
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.more {
            0 => write!(out, "{}: {}", self.path, self.note),
            more => write!(out, "{} (and {more} more): {}", self.path, self.note),
        }
    }
}

/// Collects errors and warnings while a document is read.
#[derive(Debug, Default)]
pub struct Report(RefCell<Collected>);

#[derive(Debug, Default)]
struct Collected {
    errors: Vec<DocumentError>,
    total: usize,
    warnings: Vec<Warning>,
    /// Where the warning about a kind of place stands, so that a million positions make one line.
    places: BTreeMap<(&'static str, Cow<'static, str>), usize>,
}

impl Report {
    /// Adds an error. The path is built only where it is kept.
    pub fn error(&self, path: impl FnOnce() -> String, value: String, expected: impl Into<String>) {
        let mut collected = self.0.borrow_mut();
        collected.total += 1;
        if collected.errors.len() < ERRORS_KEPT {
            collected.errors.push(DocumentError { path: path(), value, expected: expected.into() });
        }
    }

    /// Adds a warning about `field` of the shape called `shape`; one line for all such places.
    pub fn warn(
        &self,
        shape: &'static str,
        field: impl Into<Cow<'static, str>>,
        path: impl FnOnce() -> String,
        note: impl FnOnce() -> String,
    ) {
        let mut collected = self.0.borrow_mut();
        let Collected { warnings, places, .. } = &mut *collected;
        let key = (shape, field.into());
        if let Some(place) = places.get(&key) {
            warnings[*place].more += 1;
        } else if warnings.len() < WARNINGS_KEPT {
            places.insert(key, warnings.len());
            warnings.push(Warning { path: path(), note: note(), more: 0 });
        } else if let Some(last) = warnings.last_mut() {
            last.more += 1;
        }
    }

    /// How many errors there are.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.0.borrow().total
    }

    /// The warnings, or the errors where there are any.
    ///
    /// # Errors
    /// [`DocumentErrors`] with all that was collected.
    pub fn finish(self) -> Result<Vec<Warning>, DocumentErrors> {
        let collected = self.0.into_inner();
        match collected.total {
            0 => Ok(collected.warnings),
            total => Err(DocumentErrors { errors: collected.errors, total }),
        }
    }
}
