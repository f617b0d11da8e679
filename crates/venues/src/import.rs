//! What every importer takes and gives: files in; a snapshot, a listing and a report out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plimsoll_core::{Asset, Timestamp, Underlying};
use plimsoll_document::write_market;
use plimsoll_pricing::instruments::{Listing, ListingError};
use plimsoll_pricing::market::Snapshot;
use thiserror::Error;

/// A file as it was read: compressed with gzip or plain.
#[derive(Clone, Copy, Debug)]
pub struct ImportFile<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A market as a venue published it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The market of one instant.
    pub snapshot: Snapshot,
    /// Its instruments.
    pub listing: Listing,
    /// What became of every row.
    pub report: Report,
    /// Where the figures come from, for people.
    pub source: String,
}

impl Imported {
    /// The market as a document of our own.
    #[must_use]
    pub fn document(&self) -> String {
        write_market(Some(&self.source), &self.snapshot, &self.listing)
    }
}

/// What was read, and what was not used.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// File by file.
    pub files: Vec<FileReport>,
    /// Instruments listed.
    pub instruments: usize,
    /// Every row, or part of one, that is not in the market, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What was taken for something that nobody published.
    pub notes: Vec<String>,
}

/// What one file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// Its name.
    pub name: String,
    /// What it was read as.
    pub shape: String,
    /// Rows in it.
    pub rows: usize,
}

impl Report {
    /// How many rows, or parts of rows, were left out for each reason, in words.
    #[must_use]
    pub fn left_out_by_reason(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for left_out in &self.left_out {
            *counts.entry(left_out.reason.word()).or_default() += 1;
        }
        counts
    }

    /// Rows read, in all files.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.files.iter().map(|file| file.rows).sum()
    }
}

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: Arc<str>,
    /// `line 7` of a table, `result[6]` of a payload.
    pub row: Arc<str>,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.file, self.row)
    }
}

/// A row, or a part of one, that is not in the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it stands.
    pub place: Place,
    /// The instrument it is about, where it says.
    pub instrument: Option<Arc<str>>,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.place)?;
        if let Some(instrument) = &self.instrument {
            write!(out, "{instrument}: ")?;
        }
        write!(out, "{}", self.reason)
    }
}

/// Why a row, or a part of one, is not in the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A field that cannot be read, or is out of its range.
    Wrong {
        /// The field.
        column: String,
        /// What stands there, shortened.
        value: String,
        /// What should.
        expected: String,
    },
    /// A combination of contracts, not a contract.
    Combo,
    /// It had expired at the market's instant.
    Expired(Timestamp),
    /// Another row speaks of the same instrument, earlier in the files or nearer in time.
    Duplicate,
    /// Observed at another instant than the market's.
    OtherInstant(Timestamp),
    /// Quoted in another asset than the index of its underlying.
    OtherQuote {
        /// What the instrument is quoted in.
        found: Asset,
        /// What the index is counted in.
        index: Asset,
    },
    /// Nothing says where its underlying stands.
    NoIndex(Underlying),
    /// Its best bid is above its best ask: the mark is kept, both quotes are left out.
    Crossed,
    /// Its volatility is not one: the mark is kept, the volatility left out.
    NoVolatility(String),
}

impl Reason {
    /// The reason in a word, for counts.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Wrong { .. } => "wrong field",
            Self::Combo => "combo",
            Self::Expired(_) => "expired",
            Self::Duplicate => "duplicate",
            Self::OtherInstant(_) => "other instant",
            Self::OtherQuote { .. } => "other quote asset",
            Self::NoIndex(_) => "no index",
            Self::Crossed => "crossed quotes",
            Self::NoVolatility(_) => "no volatility",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { column, value, expected } => write!(out, "{column}: {value}, expected {expected}"),
            Self::Combo => out.write_str("a combination of contracts"),
            Self::Expired(at) => write!(out, "expired at {at}"),
            Self::Duplicate => out.write_str("another row of this instrument counts"),
            Self::OtherInstant(at) => write!(out, "observed at {at}"),
            Self::OtherQuote { found, index } => write!(out, "quoted in {found}, the index in {index}"),
            Self::NoIndex(underlying) => write!(out, "nothing says where {underlying} stands"),
            Self::Crossed => out.write_str("bid above ask: both left out, the mark kept"),
            Self::NoVolatility(value) => write!(out, "volatility {value}: left out, the mark kept"),
        }
    }
}

/// Why files make no market. Variants stand in the order they are checked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImportError {
    /// A file cannot be read at all.
    #[error("{file}: {place}: {value}, expected {expected}")]
    Unreadable {
        /// Its name.
        file: String,
        /// Where reading stopped.
        place: String,
        /// What stands there.
        value: String,
        /// What should.
        expected: String,
    },
    /// Nothing says when the market was.
    #[error("no file says when it was observed: expected a chain with a timestamp, or an instant beside the files")]
    NoInstant,
    /// Files, or rows of one, of different instants.
    #[error(
        "{early_place} was observed at {early}, {late_place} at {late}: expected one instant, give or take {tolerance_s} s"
    )]
    TwoInstants {
        /// The earliest instant.
        early: Timestamp,
        /// A row of it.
        early_place: Place,
        /// The latest.
        late: Timestamp,
        /// A row of it.
        late_place: Place,
        /// How far apart rows of one market may be.
        tolerance_s: i64,
    },
    /// No row is left.
    #[error("no instrument in {rows} rows{}", first_of(first))]
    Nothing {
        /// Rows read.
        rows: usize,
        /// The first row left out, with its reason.
        first: Option<Box<LeftOut>>,
    },
    /// Instruments that cannot be listed together.
    #[error(transparent)]
    Listing(#[from] ListingError),
}

fn first_of(first: &Option<Box<LeftOut>>) -> String {
    first.as_ref().map_or_else(String::new, |left_out| format!(": {left_out}"))
}
