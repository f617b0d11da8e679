//! YAML 1.2 from parser events: core schema, numbers as they are written, one document.
//!
//! Anchors and aliases work, within a budget of copied nodes, so that a short text cannot grow
//! into gigabytes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::{DEPTH_MAX, place, too_deep};
use crate::report::DocumentError;
use crate::value::Value;

/// Nodes that anchors may keep and aliases may copy.
const COPIES_MAX: usize = 1_000_000;

pub(super) fn parse(text: &str) -> Result<Value<'_>, DocumentError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| unreadable(&error))?;
        builder.take(event, span)?;
    }
    Ok(builder.root.unwrap_or(Value::Null))
}

fn unreadable(error: &ScanError) -> DocumentError {
    let marker = error.marker();
    let path = place(marker.line(), marker.col() + 1);
    let deep = error.info().contains("recurs");
    DocumentError { path, value: error.info().to_owned(), expected: if deep { too_deep() } else { "YAML".into() } }
}

fn wrong(span: Span, value: &str, expected: impl Into<String>) -> DocumentError {
    let path = place(span.start.line(), span.start.col() + 1);
    DocumentError { path, value: value.to_owned(), expected: expected.into() }
}

/// A list or object whose end has not come.
struct Open<'d> {
    container: Value<'d>,
    anchor: usize,
    /// The name whose value comes next.
    key: Option<Cow<'d, str>>,
}

#[derive(Default)]
struct Builder<'d> {
    open: Vec<Open<'d>>,
    anchors: BTreeMap<usize, Value<'d>>,
    copies: usize,
    documents: usize,
    root: Option<Value<'d>>,
}

impl<'d> Builder<'d> {
    fn take(&mut self, event: Event<'d>, span: Span) -> Result<(), DocumentError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 { Err(wrong(span, "a second document", "one document a file")) } else { Ok(()) }
            }
            Event::Alias(anchor) => {
                let Some(value) = self.anchors.get(&anchor).cloned() else {
                    return Err(wrong(span, "an alias of something still open", "an alias of an earlier value"));
                };
                self.count(&value, span)?;
                if self.open.len() + depth(&value) > DEPTH_MAX {
                    return Err(wrong(span, "too deep", too_deep()));
                }
                self.place(value, 0, span)
            }
            Event::Scalar(text, style, anchor, _) => self.place(scalar(text, style), anchor, span),
            Event::SequenceStart(anchor, _) => self.begin(Value::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => self.begin(Value::Object(Vec::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(done) => self.place(done.container, done.anchor, span),
                None => Ok(()),
            },
        }
    }

    fn begin(&mut self, container: Value<'d>, anchor: usize, span: Span) -> Result<(), DocumentError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(wrong(span, "too deep", too_deep()));
        }
        self.open.push(Open { container, anchor, key: None });
        Ok(())
    }

    fn count(&mut self, value: &Value<'_>, span: Span) -> Result<(), DocumentError> {
        self.copies = self.copies.saturating_add(value.nodes());
        if self.copies <= COPIES_MAX {
            return Ok(());
        }
        Err(wrong(span, "aliases that grow too large", format!("at most {COPIES_MAX} copied nodes")))
    }

    fn place(&mut self, value: Value<'d>, anchor: usize, span: Span) -> Result<(), DocumentError> {
        if anchor != 0 {
            self.count(&value, span)?;
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open { container: Value::List(items), .. }) => items.push(value),
            Some(Open { container: Value::Object(fields), key, .. }) => match (key.take(), value) {
                (Some(key), value) => fields.push((key, value)),
                (None, Value::Number(text) | Value::Text(text)) => *key = Some(text),
                (None, Value::Bool(truth)) => *key = Some(truth.to_string().into()),
                (None, Value::Null) => *key = Some("null".into()),
                (None, other) => return Err(wrong(span, &other.shown(), "a name, as text")),
            },
            Some(_) => {}
        }
        Ok(())
    }
}

fn depth(value: &Value<'_>) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value<'_> {
    if !matches!(style, ScalarStyle::Plain) {
        return Value::Text(text);
    }
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        plain if is_number(plain) => Value::Number(text),
        _ => Value::Text(text),
    }
}

/// The core schema's decimal numbers: `-1`, `.5`, `2.`, `1e-7`.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    !(whole.is_empty() && fraction.is_empty())
        && digits(whole)
        && digits(fraction)
        && !exponent.is_empty()
        && digits(exponent)
}
