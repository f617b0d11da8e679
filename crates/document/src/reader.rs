//! A cursor over a document that knows its path and collects what is wrong instead of stopping.
//!
//! A reading function asks for every field first and puts the parts together last, so that all
//! that is wrong with an object is reported together. What a getter refuses it has reported, and
//! the document as a whole is refused at the end.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::str::FromStr;

use plimsoll_core::{Decimal, NumberError, Timestamp};

use crate::report::Report;
use crate::shape::{Field, Key, Kind, Need, Range, Shape};
use crate::value::{Value, shortened};

/// What is said of a field that changes no figure.
pub(crate) const NOT_USED: &str = "not used by any model yet";

/// A place in a document, built on the stack while reading; text only when something is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
}

impl Path<'_> {
    /// The path as text: `accounts[3].positions[0].quantity`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut steps = Vec::new();
        let mut here = Some(self);
        while let Some(path) = here {
            steps.push(path.step);
            here = path.parent;
        }
        let mut text = String::new();
        for step in steps.iter().rev() {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Root => Ok(()),
                Step::Index(place) => write!(text, "[{place}]"),
                Step::Field(name) if !is_plain(name) => write!(text, "[{:?}]", shortened(name)),
                Step::Field(name) if text.is_empty() => write!(text, "{name}"),
                Step::Field(name) => write!(text, ".{name}"),
            };
        }
        if text.is_empty() { "document".to_owned() } else { text }
    }
}

/// Whether a field's name can stand in a path as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 60
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-:/@$".contains(&byte))
}

/// A value, where it stands, and where to report.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    path: Path<'a>,
    value: &'a Value<'a>,
    report: &'a Report,
}

impl<'a> At<'a> {
    /// The whole document.
    #[must_use]
    pub const fn root(value: &'a Value<'a>, report: &'a Report) -> Self {
        Self { path: Path { parent: None, step: Step::Root }, value, report }
    }

    /// What stands here.
    #[must_use]
    pub const fn value(&self) -> &'a Value<'a> {
        self.value
    }

    /// Where this is.
    #[must_use]
    pub const fn path(&self) -> &Path<'a> {
        &self.path
    }

    /// Where to report.
    #[must_use]
    pub const fn report(&self) -> &'a Report {
        self.report
    }

    /// The field `name`, whose value is `value`.
    #[must_use]
    pub fn field<'s>(&'s self, name: &'s str, value: &'s Value<'s>) -> At<'s> {
        At { path: Path { parent: Some(&self.path), step: Step::Field(name) }, value, report: self.report }
    }

    /// The item at `place`, whose value is `value`.
    #[must_use]
    pub fn item<'s>(&'s self, place: usize, value: &'s Value<'s>) -> At<'s> {
        At { path: Path { parent: Some(&self.path), step: Step::Index(place) }, value, report: self.report }
    }

    /// Reports that something else was expected here.
    pub fn wrong(&self, expected: impl Into<String>) {
        self.report.error(|| self.path.text(), self.value.shown(), expected);
    }

    /// The value as text; reported as `kind` where it is none or empty.
    fn text_of(&self, kind: &Kind) -> Option<&'a str> {
        match self.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => {
                self.wrong(kind.expected());
                None
            }
        }
    }

    /// A decimal in a range, from a number or from text.
    #[must_use]
    pub fn decimal(&self, range: Range) -> Option<Decimal> {
        let (Value::Number(text) | Value::Text(text)) = self.value else {
            self.wrong(range.expected());
            return None;
        };
        let decimal = match text.parse::<Decimal>() {
            Ok(decimal) => decimal,
            Err(error) => {
                let limit = match error {
                    NumberError::TooManyDecimals(_) => ", of at most 18 decimals",
                    NumberError::OutOfRange(_) => ", inside ±1.7e20",
                    _ => "",
                };
                self.wrong(format!("{}{limit}", range.expected()));
                return None;
            }
        };
        let good = match range {
            Range::Any => true,
            Range::Positive => decimal > Decimal::ZERO,
            Range::AtLeastZero => decimal >= Decimal::ZERO,
            Range::Fraction => decimal >= Decimal::ZERO && decimal <= Decimal::ONE,
            Range::Vol => decimal > Decimal::ZERO && decimal < Decimal::from_int(100),
            Range::Correlation => decimal.abs() < Decimal::ONE,
        };
        if !good {
            self.wrong(range.expected());
        }
        good.then_some(decimal)
    }

    /// Whole seconds, at least one.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        let seconds = match self.value {
            Value::Number(text) | Value::Text(text) => text.parse().ok().filter(|seconds| *seconds > 0),
            _ => None,
        };
        if seconds.is_none() {
            self.wrong(Kind::Count.expected());
        }
        seconds
    }

    /// True or false.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        if let Value::Bool(truth) = self.value {
            return Some(*truth);
        }
        self.wrong(Kind::Boolean.expected());
        None
    }

    /// Text that is not empty.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        self.text_of(&Kind::Text)
    }

    /// The name of an asset or an underlying.
    #[must_use]
    pub fn name<N: FromStr>(&self) -> Option<N> {
        let name = self.text_of(&Kind::Name)?.parse().ok();
        if name.is_none() {
            self.wrong(Kind::Name.expected());
        }
        name
    }

    /// An instant.
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        let instant = self.text_of(&Kind::Instant)?.parse().ok();
        if instant.is_none() {
            self.wrong(Kind::Instant.expected());
        }
        instant
    }

    /// Which of `words` stands here.
    #[must_use]
    pub fn choice(&self, words: &'static [&'static str]) -> Option<&'static str> {
        let kind = Kind::Choice(words);
        let text = self.text_of(&kind)?;
        let word = words.iter().find(|word| **word == text).copied();
        if word.is_none() {
            self.wrong(kind.expected());
        }
        word
    }

    /// Calls `read` with every item of the list here.
    pub fn each(&self, mut read: impl FnMut(At<'_>)) {
        let Value::List(items) = self.value else { return self.wrong("a list") };
        for (place, value) in items.iter().enumerate() {
            read(self.item(place, value));
        }
    }

    /// Calls `read` with every field of the object here, whose names are data; a name that `key`
    /// refuses is reported.
    pub fn entries<K>(&self, kind: Key, key: impl Fn(&str) -> Option<K>, mut read: impl FnMut(At<'_>, K)) {
        let Value::Object(fields) = self.value else {
            return self.wrong(format!("an object by {}", kind.expected()));
        };
        for (name, value) in fields {
            let at = self.field(name, value);
            match key(name) {
                Some(key) => read(at, key),
                None => {
                    let (name, expected) = (format!("{:?}", shortened(name)), kind.expected());
                    self.report.error(|| at.path.text(), name, format!("as its name: {expected}"));
                }
            }
        }
    }

    /// Reports that this was given before.
    pub fn twice(&self) {
        self.report.error(|| self.path.text(), format!("{}, given twice", self.value.shown()), "it once");
    }

    /// Checks that what stands here is of this kind, reporting what is not.
    pub fn check(&self, kind: &'static Kind) {
        match kind {
            Kind::Decimal(range) => drop(self.decimal(*range)),
            Kind::Count => drop(self.seconds()),
            Kind::Boolean => drop(self.boolean()),
            Kind::Text => drop(self.text()),
            Kind::Name => drop(self.name::<plimsoll_core::Asset>()),
            Kind::Instant => drop(self.instant()),
            Kind::Choice(words) => drop(self.choice(words)),
            Kind::List(items) => self.each(|item| item.check(items)),
            Kind::Tree => {
                if !matches!(self.value, Value::Object(_)) {
                    self.wrong(kind.expected());
                }
            }
            Kind::Map(key, items) => {
                let mut seen = BTreeSet::new();
                let good = |name: &str| key.accepts(name).then(|| name.to_owned());
                self.entries(*key, good, |at, name| if seen.insert(name) { at.check(items) } else { at.twice() });
            }
            Kind::Object(shape) => {
                if let Some(record) = Record::open(*self, shape) {
                    for field in shape.fields.iter().filter(|field| field.need.is_read()) {
                        if let Some(value) = record.get(field.name) {
                            record.at.field(field.name, value).check(&field.kind);
                        }
                    }
                }
            }
        }
    }
}

impl Key {
    /// Whether a field's name is one of these.
    #[must_use]
    pub fn accepts(self, name: &str) -> bool {
        match self {
            Self::Name => name.parse::<plimsoll_core::Asset>().is_ok(),
            Self::Instant => name.parse::<Timestamp>().is_ok(),
            Self::Text => !name.is_empty(),
        }
    }
}

/// An object whose fields are known.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it stands.
    pub at: At<'a>,
    shape: &'static Shape,
}

impl<'a> Record<'a> {
    /// The object here. Reports what is missing, given twice, unknown, or used by no model.
    /// `None`, reported, where this is no object.
    #[must_use]
    pub fn open(at: At<'a>, shape: &'static Shape) -> Option<Self> {
        let Value::Object(entries) = at.value else {
            at.wrong(format!("an object: {}", shape.about));
            return None;
        };
        let mut seen = 0_u64;
        for (name, value) in entries {
            let here = at.field(name, value);
            match shape.fields.iter().position(|field| field.name == name) {
                None => unknown(&here, shape, name),
                Some(place) if seen >> place & 1 == 1 => here.twice(),
                Some(place) => {
                    seen |= 1 << place;
                    not_read(&here, shape, &shape.fields[place]);
                }
            }
        }
        let record = Self { at, shape };
        for field in shape.fields.iter().filter(|field| field.need == Need::Required) {
            if record.get(field.name).is_none() {
                record.missing(field.name, field.kind.expected());
            }
        }
        Some(record)
    }

    /// Reports that `name` should be there.
    pub fn missing(&self, name: &str, expected: impl Into<String>) {
        self.at.report.error(|| self.at.field(name, self.at.value).path.text(), "missing".to_owned(), expected);
    }

    /// What stands in `name`; null is the same as nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value<'a>> {
        debug_assert!(self.shape.field(name).is_some(), "{name} is not a field of {}", self.shape.name);
        self.at.value.get(name).filter(|value| **value != Value::Null)
    }

    /// The path of `name`.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        self.at.field(name, self.at.value).path.text()
    }

    /// Reports that something else was expected in `name`.
    pub fn wrong(&self, name: &str, expected: impl Into<String>) {
        self.at.field(name, self.get(name).unwrap_or(&Value::Null)).wrong(expected);
    }

    /// Calls `read` with what stands in `name`, where anything does.
    pub fn with<T>(&self, name: &str, read: impl FnOnce(At<'_>) -> Option<T>) -> Option<T> {
        self.get(name).and_then(|value| read(self.at.field(name, value)))
    }

    /// The decimal in `name`, in the range the shape gives it.
    #[must_use]
    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        let Some(Kind::Decimal(range)) = self.shape.field(name).map(|field| field.kind) else { return None };
        self.with(name, |at| at.decimal(range))
    }

    /// The decimal in a field that is checked elsewhere: reports nothing.
    #[must_use]
    pub fn decimal_quietly(&self, name: &str) -> Option<Decimal> {
        self.get(name)?.scalar()?.parse().ok()
    }

    /// The word in `name`, of those the shape gives it.
    #[must_use]
    pub fn choice(&self, name: &str) -> Option<&'static str> {
        let Some(Kind::Choice(words)) = self.shape.field(name).map(|field| field.kind) else { return None };
        self.with(name, |at| at.choice(words))
    }

    /// The text in `name`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let value = self.get(name)?;
        self.at.field(name, value).text()?;
        value.scalar()
    }

    /// The name of an asset or underlying in `name`.
    #[must_use]
    pub fn name<N: FromStr>(&self, name: &str) -> Option<N> {
        self.with(name, |at| at.name())
    }

    /// The instant in `name`.
    #[must_use]
    pub fn instant(&self, name: &str) -> Option<Timestamp> {
        self.with(name, |at| at.instant())
    }

    /// The seconds in `name`.
    #[must_use]
    pub fn seconds(&self, name: &str) -> Option<u32> {
        self.with(name, |at| at.seconds())
    }

    /// The truth in `name`.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.with(name, |at| at.boolean())
    }

    /// Calls `read` with every item of the list in `name`.
    pub fn each(&self, name: &str, read: impl FnMut(At<'_>)) {
        if let Some(value) = self.get(name) {
            self.at.field(name, value).each(read);
        }
    }

    /// Reads the map in `name`; keys that are equal once read are reported as given twice.
    pub fn map<K: Ord, T>(
        &self,
        name: &str,
        kind: Key,
        key: impl Fn(&str) -> Option<K>,
        mut read: impl FnMut(At<'_>, &K) -> Option<T>,
    ) -> BTreeMap<K, T> {
        let mut map = BTreeMap::new();
        if let Some(value) = self.get(name) {
            self.at.field(name, value).entries(kind, key, |at, key| match map.entry(key) {
                Entry::Occupied(_) => at.twice(),
                Entry::Vacant(place) => {
                    if let Some(read) = read(at, place.key()) {
                        place.insert(read);
                    }
                }
            });
        }
        map
    }
}

/// What is said of a field that is known and read by nothing.
fn not_read(here: &At<'_>, shape: &'static Shape, field: &'static Field) {
    let empty = match here.value {
        Value::Object(fields) => fields.is_empty(),
        Value::List(items) => items.is_empty(),
        value => *value == Value::Null,
    };
    match field.need {
        Need::Required | Need::Optional => {}
        _ if *here.value == Value::Null => {}
        Need::Refused(expected) if !empty => here.wrong(expected),
        Need::Refused(_) => here.check(&field.kind),
        Need::Unused => {
            here.check(&field.kind);
            let note = || NOT_USED.to_owned();
            here.report.warn(shape.name, field.name, || here.path.text(), note);
        }
    }
}

fn unknown(here: &At<'_>, shape: &'static Shape, name: &str) {
    let note = || match shape.nearest(name) {
        Some(known) => format!("unknown field, ignored; did you mean `{known}`?"),
        None => "unknown field, ignored".to_owned(),
    };
    here.report.warn(shape.name, format!("?{}", shortened(name)), || here.path.text(), note);
}
