//! What a formula is given, read by name.

use std::fmt;

use plimsoll_core::{Decimal, NumberError};
use plimsoll_document::DocumentErrors;
use plimsoll_margin::MarginError;
use plimsoll_margin::parameters::Tiers;
use plimsoll_margin::schedule::Schedule;
use serde_json::Value;

/// Why a case was not answered: what the engine refused, or what the case lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Refused {
    /// A refusal in words.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<MarginError> for Refused {
    fn from(error: MarginError) -> Self {
        Self(error.to_string())
    }
}

impl From<NumberError> for Refused {
    fn from(error: NumberError) -> Self {
        Self(error.to_string())
    }
}

impl From<DocumentErrors> for Refused {
    fn from(errors: DocumentErrors) -> Self {
        Self(errors.to_string())
    }
}

/// A part of a case's inputs, with its place.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    value: &'a Value,
    at: &'a str,
}

impl<'a> Given<'a> {
    pub(super) const fn new(value: &'a Value) -> Self {
        Self { value, at: "given" }
    }

    fn wrong(&self, name: &str, expected: &str) -> Refused {
        let found = self.value.get(name).map_or_else(|| "missing".to_owned(), shown);
        Refused(format!("{}.{name}: {found}, expected {expected}", self.at))
    }

    /// Whether it is given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }

    /// A part of its own; everything in it is missing where it is not given.
    #[must_use]
    pub fn part(&self, name: &'a str) -> Self {
        static NOTHING: Value = Value::Null;
        Self { value: self.value.get(name).unwrap_or(&NOTHING), at: name }
    }

    /// A number that must be given.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn number(&self, name: &str) -> Result<Decimal, Refused> {
        let found = self.value.get(name).and_then(number);
        found.ok_or_else(|| self.wrong(name, "a decimal number of at most 18 places"))
    }

    /// A number, or `default` where it is not given.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn number_or(&self, name: &str, default: Decimal) -> Result<Decimal, Refused> {
        if self.has(name) { self.number(name) } else { Ok(default) }
    }

    /// A number as a float, for formulas that compute in floats.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn float(&self, name: &str) -> Result<f64, Refused> {
        let found = self.value.get(name).and_then(scalar).and_then(|text| text.parse::<f64>().ok());
        found.filter(|number| number.is_finite()).ok_or_else(|| self.wrong(name, "a finite number"))
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn count(&self, name: &str) -> Result<u32, Refused> {
        let found = self.value.get(name).and_then(scalar).and_then(|text| text.parse().ok());
        found.ok_or_else(|| self.wrong(name, "a whole number"))
    }

    /// A word.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn text(&self, name: &str) -> Result<&'a str, Refused> {
        self.value.get(name).and_then(Value::as_str).ok_or_else(|| self.wrong(name, "a text"))
    }

    /// True or false; false where it is not given.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn flag(&self, name: &str) -> Result<bool, Refused> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    /// A list; empty where it is not given.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn list(&self, name: &'a str) -> Result<Vec<Self>, Refused> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(all)) => Ok(all.iter().map(|value| Self { value, at: name }).collect()),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    /// A list of numbers; empty where it is not given.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn numbers(&self, name: &'a str) -> Result<Vec<Decimal>, Refused> {
        let each = |given: Self| {
            number(given.value).ok_or_else(|| self.wrong(name, "a list of decimal numbers of at most 18 places"))
        };
        self.list(name)?.into_iter().map(each).collect()
    }

    /// The fields of a record, each with its value; none where it is not given.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn fields(&self, name: &'a str) -> Result<Vec<(&'a str, Self)>, Refused> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Object(all)) => Ok(all.iter().map(|(at, value)| (at.as_str(), Self { value, at })).collect()),
            Some(_) => Err(self.wrong(name, "a record")),
        }
    }

    /// This value itself as a number, where it stands in a list or a record.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn as_number(&self) -> Result<Decimal, Refused> {
        number(self.value)
            .ok_or_else(|| Refused(format!("{}: {}, expected a decimal number", self.at, shown(self.value))))
    }

    /// This value itself as a float, where it stands in a list.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn as_float(&self) -> Result<f64, Refused> {
        let found = scalar(self.value).and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite());
        found.ok_or_else(|| Refused(format!("{}: {}, expected a finite number", self.at, shown(self.value))))
    }

    /// Rates by pieces of an amount, written `5000000:1, rest:0.8`.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn schedule(&self, name: &str) -> Result<Schedule, Refused> {
        self.text(name)?.parse().map_err(|_| self.wrong(name, "pieces like \"5000000:1, rest:0.8\""))
    }

    /// Rates by size, written `0:0.005, 2000000:0.01`.
    ///
    /// # Errors
    /// [`Refused`] with its place.
    pub fn tiers(&self, name: &str) -> Result<Tiers, Refused> {
        self.text(name)?.parse().map_err(|_| self.wrong(name, "tiers like \"0:0.005, 2000000:0.01\""))
    }
}

/// The text of a number, written as one or as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn number(value: &Value) -> Option<Decimal> {
    scalar(value)?.parse().ok()
}

/// A value, short enough for one line.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(60).collect::<String>()) }
}
