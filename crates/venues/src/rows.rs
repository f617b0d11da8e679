//! Rows of a file, whatever its form: a table's records, a payload's objects.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use plimsoll_document::value::shortened;
use plimsoll_document::{Format, Value, parse};

use crate::{ImportError, ImportFile, Place, Reason};

/// The largest file read, after decompression.
const BYTES_MAX: u64 = 1 << 30;

/// Something that has fields by name.
pub(crate) trait Fields {
    /// The text of a field; `None` where it is absent or empty.
    fn get(&self, name: &str) -> Option<&str>;
}

/// The bytes of a file, decompressed where they are gzip.
///
/// # Errors
/// [`ImportError::Unreadable`].
pub(crate) fn plain<'a>(file: &ImportFile<'a>) -> Result<Cow<'a, [u8]>, ImportError> {
    if !file.bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(file.bytes));
    }
    let mut bytes = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(file.bytes).take(BYTES_MAX + 1).read_to_end(&mut bytes);
    let place = format!("byte {} after decompression", bytes.len());
    match read {
        Ok(count) if u64::try_from(count).unwrap_or(u64::MAX) > BYTES_MAX => {
            Err(unreadable(file.name, place, "more", format!("at most {BYTES_MAX} bytes")))
        }
        Ok(_) => Ok(Cow::Owned(bytes)),
        Err(error) => Err(unreadable(file.name, place, error.to_string(), "gzip")),
    }
}

pub(crate) fn unreadable(
    file: &str,
    place: impl Into<String>,
    value: impl Into<String>,
    expected: impl Into<String>,
) -> ImportError {
    ImportError::Unreadable {
        file: file.to_owned(),
        place: place.into(),
        value: value.into(),
        expected: expected.into(),
    }
}

/// A record of a table with a header.
pub(crate) struct TableRow<'a> {
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl Fields for TableRow<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let at = self.header.iter().position(|column| column == name)?;
        self.record.get(at).map(str::trim).filter(|text| !text.is_empty())
    }
}

/// Hands every record of a table to `each`, with its place; one that is not as long as the header as a
/// reason. `start` sees the header first.
///
/// # Errors
/// [`ImportError::Unreadable`] for what is no table, and what `start` says.
pub(crate) fn table<S>(
    name: &str,
    bytes: &[u8],
    start: impl FnOnce(&dyn Fields) -> Result<S, ImportError>,
    mut each: impl FnMut(&S, Result<&dyn Fields, Reason>, Place),
) -> Result<usize, ImportError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let broken = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        unreadable(name, format!("line {line}"), error.to_string(), "a table in UTF-8")
    };
    let header = reader.headers().map_err(|error| broken(&error))?.clone();
    // The header as a row of itself: a column that is there has a text.
    let started = start(&TableRow { header: &header, record: &header })?;
    let file: Arc<str> = name.into();
    let mut record = csv::StringRecord::new();
    let mut rows = 0;
    while reader.read_record(&mut record).map_err(|error| broken(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
        let place = Place { file: Arc::clone(&file), row: format!("line {line}").into() };
        let row = TableRow { header: &header, record: &record };
        let fields = |count: usize| format!("{count} fields");
        if record.len() == header.len() {
            each(&started, Ok(&row), place);
        } else {
            let (value, expected) = (fields(record.len()), fields(header.len()));
            each(&started, Err(Reason::Wrong { column: "row".to_owned(), value, expected }), place);
        }
        rows += 1;
    }
    Ok(rows)
}

impl Fields for Value<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        Self::get(self, name).and_then(Value::scalar).filter(|text| !text.is_empty())
    }
}

/// Hands every object of a JSON payload that names an instrument to `each`: in a list, under
/// `result`, or under `params.data`, however these are nested.
///
/// # Errors
/// [`ImportError::Unreadable`] for what is no JSON.
pub(crate) fn payload(
    name: &str,
    bytes: &[u8],
    mut each: impl FnMut(&dyn Fields, Place),
) -> Result<usize, ImportError> {
    let root = parse(bytes, Format::Json).map_err(|error| unreadable(name, error.path, error.value, error.expected))?;
    let file: Arc<str> = name.into();
    let mut rows = 0;
    // A list of what is still to look at, in order: deep nesting takes no stack.
    let mut ahead: Vec<(String, &Value<'_>)> = vec![(String::new(), &root)];
    while let Some((path, value)) = ahead.pop() {
        match value {
            Value::List(items) => {
                ahead.extend(items.iter().enumerate().rev().map(|(at, item)| (format!("{path}[{at}]"), item)));
            }
            Value::Object(_) if value.get("instrument_name").is_some() => {
                rows += 1;
                let row = if path.is_empty() { "the object" } else { path.trim_start_matches('.') };
                each(value, Place { file: Arc::clone(&file), row: row.into() });
            }
            Value::Object(fields) => {
                let below = fields.iter().filter(|(key, _)| matches!(&**key, "result" | "params" | "data"));
                ahead.extend(below.rev().map(|(key, value)| (format!("{path}.{key}"), value)));
            }
            _ => {}
        }
    }
    Ok(rows)
}

/// A text for a message: at most 60 characters, in quotes.
pub(crate) fn shown(text: &str) -> String {
    format!("{:?}", shortened(text))
}
