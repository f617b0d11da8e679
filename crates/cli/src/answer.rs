//! One question, asked of every account, and the shapes its answers are shown in.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use plimsoll::{Desk, Entry, MarginError};
use serde_json::{Value, json};

use crate::args::Format;
use crate::color::Tone;
use crate::figures::instant;
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::screen::Screen;

/// Reasons shown in full; further ones are counted.
const REASONS_SHOWN: usize = 20;

/// What was answered, and why the rest was not.
pub(crate) struct Answers<'d, T> {
    desk: &'d Desk,
    /// Account by account, in the document's order.
    pub(crate) given: Vec<(&'d Entry, T)>,
    refused: Vec<(&'d Entry, MarginError)>,
}

/// Asks `question` of every account; those that cannot be answered take no other with them.
///
/// Accounts are independent, so every core takes the next one; answers stand in the document's order
/// whoever found them.
pub(crate) fn ask<'d, T: Send>(
    desk: &'d Desk,
    screen: &Screen,
    question: impl Fn(usize, &'d Entry) -> Result<T, MarginError> + Sync,
) -> Answers<'d, T> {
    let entries = desk.accounts();
    let mut progress = Progress::new(screen, entries.len(), "accounts");
    let cores = thread::available_parallelism().map_or(1, usize::from).min(entries.len());
    let (next, (found, answers)) = (AtomicUsize::new(0), mpsc::channel());
    let mut in_order: Vec<Option<Result<T, MarginError>>> = entries.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..cores {
            let (next, question, found) = (&next, &question, found.clone());
            scope.spawn(move || {
                while let Some((place, entry)) = take(next, entries) {
                    if found.send((place, question(place, entry))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(found);
        for (place, answer) in answers {
            in_order[place] = Some(answer);
            progress.step();
        }
    });
    let mut all = Answers { desk, given: Vec::new(), refused: Vec::new() };
    for (entry, answer) in entries.iter().zip(in_order) {
        match answer {
            Some(Ok(answer)) => all.given.push((entry, answer)),
            Some(Err(error)) => all.refused.push((entry, error)),
            None => {}
        }
    }
    all
}

/// The next account that nobody has taken.
fn take<'d>(next: &AtomicUsize, entries: &'d [Entry]) -> Option<(usize, &'d Entry)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    entries.get(place).map(|entry| (place, entry))
}

impl<T> Answers<'_, T> {
    /// The answers as one JSON document; `shown` gives an account's fields.
    pub(crate) fn json(&self, shown: impl Fn(&Entry, &T) -> Value) -> String {
        let accounts = self.given.iter().map(|(entry, answer)| {
            let mut fields = json!({"account": entry.id, "model": &*entry.model});
            if let (Value::Object(fields), Value::Object(more)) = (&mut fields, shown(entry, answer)) {
                fields.extend(more);
            }
            fields
        });
        let errors = self.refused.iter().map(|(entry, error)| json!({"account": entry.id, "error": error.to_string()}));
        let snapshot = self.desk.market().snapshot();
        pretty(&json!({
            "as_of": snapshot.as_of.to_string(),
            "currency": snapshot.currency.as_str(),
            "accounts": accounts.collect::<Vec<_>>(),
            "errors": errors.collect::<Vec<_>>(),
        }))
    }

    /// Writes the answers, then says why the others are missing.
    pub(crate) fn finish(&self, text: &str, format: Format, screen: &Screen) -> Result<Outcome, Failure> {
        if format == Format::Table { screen.print(text) } else { screen.print_plain(text) }?;
        for (entry, error) in self.refused.iter().take(REASONS_SHOWN) {
            screen.say(Tone::Bad, "error", &format!("account {}: {error}", entry.id));
        }
        let more = self.refused.len().saturating_sub(REASONS_SHOWN);
        if more > 0 {
            screen.say(Tone::Bad, "error", &format!("and {more} more accounts without an answer"));
        }
        Ok(if self.refused.is_empty() { Outcome::Answered } else { Outcome::Partly })
    }
}

/// JSON as people can read it, with a line end.
pub(crate) fn pretty(value: &Value) -> String {
    // A tree of our own making has text for keys, so it can always be written.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// `desk-7   plimsoll · USD · 5 Aug 2024 08:00 UTC`: whose answer this is.
pub(crate) fn title(desk: &Desk, entry: &Entry, model: &str, out: &mut String) {
    let snapshot = desk.market().snapshot();
    Tone::Strong.paint(&entry.id, out);
    Tone::Quiet.paint(&format!("   {model} · {} · {} UTC", snapshot.currency, instant(snapshot.as_of)), out);
}

/// A heading over a part of an answer.
pub(crate) fn heading(text: &str, out: &mut String) {
    out.push('\n');
    Tone::Strong.paint(text, out);
    out.push('\n');
}

/// A remark under a table.
pub(crate) fn remark(text: &str, out: &mut String) {
    Tone::Quiet.paint(text, out);
    out.push('\n');
}

/// Rows of text under one header line, as RFC 4180 has them.
pub(crate) struct Csv(String);

impl Csv {
    /// The header.
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut csv = Self(String::new());
        csv.row(header);
        csv
    }

    /// One row.
    #[expect(clippy::needless_pass_by_value, reason = "a row is made where it is added")]
    pub(crate) fn row<S: AsRef<str>, const N: usize>(&mut self, fields: [S; N]) {
        for (place, field) in fields.iter().enumerate() {
            if place > 0 {
                self.0.push(',');
            }
            self.field(field.as_ref());
        }
        self.0.push('\n');
    }

    fn field(&mut self, field: &str) {
        let marked;
        let field = if is_formula(field) {
            marked = format!("'{field}");
            &marked
        } else {
            field
        };
        if field.contains([',', '"', '\n', '\r']) {
            self.0.push('"');
            self.0.push_str(&field.replace('"', "\"\""));
            self.0.push('"');
        } else {
            self.0.push_str(field);
        }
    }

    /// The whole.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// Whether a spreadsheet would compute a cell that is meant to be read: a name may be anything, and no number is one.
fn is_formula(field: &str) -> bool {
    let is_number = || field.parse::<f64>().is_ok_and(f64::is_finite);
    field.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number()
}

/// A value's text, or nothing.
pub(crate) fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_needs_it() {
        let mut csv = Csv::new(["a", "b"]);
        csv.row(["x,\"y\"\n", "plain"]);
        assert_eq!(csv.into_text(), "a,b\n\"x,\"\"y\"\"\n\",plain\n");
    }

    #[test]
    fn csv_gives_spreadsheets_nothing_to_compute() {
        let mut csv = Csv::new(["a"]);
        for cell in ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "-inf", "-1.5", "-1e-7", "+3", "a=b", ""] {
            csv.row([cell]);
        }
        let cells = "'=1+1\n'+cmd\n'-2+3\n'@SUM(A1)\n'\tx\n'-inf\n-1.5\n-1e-7\n+3\na=b\n\n";
        assert_eq!(csv.into_text(), format!("a\n{cells}"));
    }
}
