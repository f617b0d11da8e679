//! Rules that are told before they hold.

use std::str::FromStr;

use plimsoll_document::reader::{At, Record};
use plimsoll_engine::notice::Rule;
use plimsoll_engine::{Command, Event};
use serde_json::{Value, json};

use super::Reading;

/// A whole number, zero being one.
pub(super) fn whole<T: FromStr>(record: &Record<'_>, name: &str) -> Option<T> {
    record.with(name, |at| {
        let read = at.value().scalar().and_then(|text| text.parse().ok());
        if read.is_none() {
            at.wrong("a whole number, at least 0");
        }
        read
    })
}

impl Reading<'_> {
    pub(super) fn announce(&self, record: &Record<'_>) -> Option<Command> {
        let rule = record.with("what", |at| self.rule(at));
        let from = match (record.instant("from"), record.seconds("in_s")) {
            (Some(from), None) => Some(from),
            (None, Some(seconds)) => self.at.plus_seconds(seconds.into()),
            _ => None,
        };
        if from.is_none() {
            record.wrong("from", "when it is to hold, up to the year 2262: either `from` or `in_s`");
        }
        Some(Command::Announce { rule: rule?, from: from? })
    }

    fn rule(&self, at: At<'_>) -> Option<Rule> {
        let (_, shape, read) = Self::word(at)?;
        let command = read(self, &Record::open(at, shape)?)?;
        let rule = Rule::of(command);
        if rule.is_none() {
            at.wrong("what sets a rule, such as list_asset or set_model");
        }
        rule
    }
}

/// What happened to a rule that was announced, as an event's word and fields.
pub(super) fn shown(event: &Event) -> (&'static str, Value) {
    match event {
        Event::NoticeSet { seconds } => ("notice_set", json!({"seconds": seconds})),
        Event::Announced { number, rule, from } => {
            ("announced", json!({"announcement": number, "what": rule.word(), "from": from.to_string()}))
        }
        Event::Recalled { number } => ("recalled", json!({"announcement": number})),
        Event::CarriedOut { number, refused } => {
            ("carried_out", json!({"announcement": number, "refused": refused.as_deref()}))
        }
        _ => ("", Value::Null),
    }
}
