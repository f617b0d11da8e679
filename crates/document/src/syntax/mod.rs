//! From bytes to a [`Value`]: three notations, one tree.

mod json;
mod toml;
mod yaml;

use crate::report::DocumentError;
use crate::value::{Value, shortened};

/// How deep lists and objects may nest.
pub const DEPTH_MAX: usize = 127;
/// The largest document read.
pub const BYTES_MAX: usize = 1 << 30;

/// The notation of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, RFC 8259.
    Json,
    /// YAML 1.2, core schema.
    Yaml,
    /// TOML 1.
    Toml,
}

impl Format {
    /// The three.
    pub const ALL: [Self; 3] = [Self::Json, Self::Yaml, Self::Toml];

    /// By the ending of a file's name: `.json`, `.yaml`, `.yml`, `.toml`.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// Reads a document's text.
///
/// # Errors
/// A [`DocumentError`] whose path is a line and column: not UTF-8, not in this notation, deeper
/// than [`DEPTH_MAX`] or larger than [`BYTES_MAX`].
pub fn parse(bytes: &[u8], format: Format) -> Result<Value<'_>, DocumentError> {
    if bytes.len() > BYTES_MAX {
        let value = format!("{} bytes", bytes.len());
        return Err(DocumentError { path: "document".into(), value, expected: format!("at most {BYTES_MAX} bytes") });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        wrong(bytes, at, format!("byte 0x{:02x}", bytes.get(at).copied().unwrap_or(0)), "UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json => json::parse(text),
        Format::Yaml => yaml::parse(text),
        Format::Toml => toml::parse(text),
    }
}

/// An error at a byte of the text.
fn wrong(bytes: &[u8], at: usize, value: impl Into<String>, expected: impl Into<String>) -> DocumentError {
    let before = &bytes[..at.min(bytes.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    DocumentError { path: place(line, column), value: shortened(&value.into()), expected: expected.into() }
}

fn place(line: usize, column: usize) -> String {
    format!("line {line} column {column}")
}

fn too_deep() -> String {
    format!("at most {DEPTH_MAX} lists and objects inside each other")
}
