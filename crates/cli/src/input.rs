//! Documents from files and standard input.

use std::io::{self, Read};
use std::path::Path;

use plimsoll::document::{Format, Value, merge, parse};
use plimsoll::{Desk, DocumentErrors, Request};

use crate::args::Asked;
use crate::color::Tone;
use crate::outcome::Failure;
use crate::screen::Screen;

/// Reads what was asked about and opens it.
pub(crate) fn open(asked: &Asked, screen: &Screen) -> Result<Desk, Failure> {
    open_with(asked, &[], screen)
}

/// The same, with instruments that no document need mention.
pub(crate) fn open_with(asked: &Asked, instruments: &[String], screen: &Screen) -> Result<Desk, Failure> {
    if asked.files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage("standard input (-) can be read once"));
    }
    let files = asked.files.iter().map(|file| File::read(file)).collect::<Result<Vec<_>, _>>()?;
    let parts = files.iter().map(File::parse).collect::<Result<Vec<_>, _>>()?;
    let mut whole = if parts.len() == 1 { only(parts) } else { merge(parts)? };
    list(&mut whole, instruments);
    let request = Request::from_value(&whole)?;
    drop(whole);
    let request = overridden(request, asked)?;
    let mut desk = Desk::open(request)?;
    for warning in desk.warnings() {
        screen.say(Tone::Warn, "warning", &warning.to_string());
    }
    keep(&mut desk, &asked.accounts)?;
    Ok(desk)
}

struct File {
    name: String,
    bytes: Vec<u8>,
    format: Format,
}

impl File {
    fn read(path: &Path) -> Result<Self, Failure> {
        let (name, bytes) = bytes(path)?;
        let format = Format::of_file(&name).unwrap_or_else(|| notation(&bytes));
        Ok(Self { name, bytes, format })
    }

    fn parse(&self) -> Result<(String, Value<'_>), Failure> {
        match parse(&self.bytes, self.format) {
            Ok(value) => Ok((self.name.clone(), value)),
            Err(mut error) => {
                error.path = format!("{}: {}", self.name, error.path);
                Err(DocumentErrors::from(error).into())
            }
        }
    }
}

/// The name and content of a file, or of standard input.
pub(crate) fn bytes(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let (name, read) = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        ("standard input".to_owned(), io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (path.display().to_string(), std::fs::read(path))
    };
    read.map(|bytes| (name.clone(), bytes)).map_err(|error| Failure::usage(format!("{name}: {error}")))
}

/// The notation of a document without a telling name: JSON where it opens with a brace; TOML where
/// its first line sets a key or opens a table; else YAML.
fn notation(bytes: &[u8]) -> Format {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    match lines.find(|line| !line.is_empty() && !line.starts_with('#')) {
        Some(line) if line.starts_with('{') => Format::Json,
        Some(line) if line.starts_with('[') || sets_a_key(line) => Format::Toml,
        _ => Format::Yaml,
    }
}

fn sets_a_key(line: &str) -> bool {
    match (line.find('='), line.find(':')) {
        (Some(equals), Some(colon)) => equals < colon,
        (equals, _) => equals.is_some(),
    }
}

fn only(parts: Vec<(String, Value<'_>)>) -> Value<'_> {
    parts.into_iter().next().map_or(Value::Null, |(_, value)| value)
}

/// Adds `names` to the document's instruments, where it does not list them.
fn list(whole: &mut Value<'_>, names: &[String]) {
    let Value::Object(fields) = whole else { return };
    if names.is_empty() {
        return;
    }
    if !fields.iter().any(|(name, _)| name == "instruments") {
        fields.push(("instruments".into(), Value::List(Vec::new())));
    }
    let listed = fields.iter_mut().find(|(name, _)| name == "instruments");
    let Some((_, Value::List(listed))) = listed else { return };
    for name in names {
        let known = |item: &Value<'_>| item.get("name").and_then(Value::scalar) == Some(name);
        if !listed.iter().any(known) {
            listed.push(Value::Object(vec![("name".into(), Value::Text(name.clone().into()))]));
        }
    }
}

/// The request with the command line's model and parameters.
fn overridden(mut request: Request, asked: &Asked) -> Result<Request, Failure> {
    for change in &asked.set {
        let wrong = || Failure::usage(format!("--set {change}: expected MODEL.NAME=VALUE, like plimsoll.vol_up=0.6"));
        let (name, value) = change.split_once('=').ok_or_else(wrong)?;
        let (model, parameter) = name.split_once('.').ok_or_else(wrong)?;
        request.parameters.entry(model.to_owned()).or_default().push((parameter.to_owned(), value.to_owned()));
    }
    if let Some(model) = &asked.model {
        for account in &mut request.accounts {
            account.model = Some(model.clone());
            account.model_path = "--model".to_owned();
        }
    }
    Ok(request)
}

/// Keeps the accounts asked for; one that is not there is an error.
fn keep(desk: &mut Desk, ids: &[String]) -> Result<(), Failure> {
    if desk.accounts().is_empty() {
        return Err(Failure::usage("the document has no accounts: expected some under `accounts`"));
    }
    if ids.is_empty() {
        return Ok(());
    }
    for id in ids {
        if !desk.accounts().iter().any(|entry| entry.id == *id) {
            let known: Vec<&str> = desk.accounts().iter().take(12).map(|entry| entry.id.as_str()).collect();
            let more = desk.accounts().len() - known.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            return Err(Failure::usage(format!(
                "no account is called {id:?}: expected one of {}{more}",
                known.join(", ")
            )));
        }
    }
    desk.retain(|entry| ids.contains(&entry.id));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_without_a_name_is_known_by_its_first_line() {
        for (text, format) in [
            ("\u{feff}\n {\"as_of\": 1}", Format::Json),
            ("# a book\nas_of = 2024-01-01T00:00:00Z\n", Format::Toml),
            ("[market]\n", Format::Toml),
            ("as_of: 2024-01-01T00:00:00Z\n", Format::Yaml),
            ("note: a = b\n", Format::Yaml),
            ("", Format::Yaml),
        ] {
            assert_eq!(notation(text.as_bytes()), format, "{text:?}");
        }
    }
}
