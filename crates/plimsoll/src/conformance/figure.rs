//! Figures, and how far a found one may be from the published one.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::float::{decimal, float};
use serde_json::Value;

use super::given::{number, scalar, shown};

/// A figure that came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Exact.
    Number(Decimal),
    /// Of a formula that computes in floats.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// A word.
    Text(String),
    /// Several, in order.
    List(Vec<Self>),
    /// None: a price that is never reached.
    Nothing,
}

impl From<Decimal> for Figure {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<f64> for Figure {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Figure {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Figure {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Figure {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Nothing, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Figure {
    fn from(all: Vec<T>) -> Self {
        Self::List(all.into_iter().map(Into::into).collect())
    }
}

/// What came out, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(Vec<(String, Figure)>);

impl Figures {
    /// No figures.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, figure: impl Into<Figure>) -> Self {
        self.0.push((name.into(), figure.into()));
        self
    }

    /// The figure called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Figure> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, figure)| figure)
    }

    /// The names there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// How far a figure may be off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Within {
    /// By this much.
    pub absolute: f64,
    /// By this share of the published figure.
    pub relative: f64,
    /// Which counts as at least this share of the account's gross notional.
    pub of_gross: f64,
    /// Instead: cut off after so many decimals it is the published one.
    pub truncated: Option<u32>,
}

impl Within {
    /// The distance of `found` from `published` in units of what is allowed: up to 1 is within. `None`
    /// where the two are no figures of one kind.
    #[must_use]
    pub fn departure(&self, found: &Figure, published: &Value, gross: f64) -> Option<f64> {
        match (found, published) {
            (Figure::Number(found), published) => {
                if let Some(published) = number(published) {
                    return Some(self.of_decimals(*found, published, gross));
                }
                // Published with more digits than the engine counts.
                let published: f64 = scalar(published)?.parse().ok()?;
                Some(self.of_gap((float(*found) - published).abs(), published, gross))
            }
            (Figure::Float(found), published) if self.truncated.is_some() => {
                let found = decimal(*found, Decimal::PLACES).ok();
                Some(found.map_or(f64::INFINITY, |found| same(self.cuts_to(found, number(published)))))
            }
            (Figure::Float(found), published) => {
                let published: f64 = scalar(published)?.parse().ok()?;
                Some(self.of_gap((found - published).abs(), published, gross))
            }
            (Figure::Flag(found), Value::Bool(published)) => Some(same(found == published)),
            (Figure::Text(found), Value::String(published)) => Some(same(found == published)),
            (Figure::Nothing, Value::Null) => Some(0.0),
            (Figure::List(found), Value::Array(published)) if found.len() == published.len() => {
                let each =
                    found.iter().zip(published).map(|(found, published)| self.departure(found, published, gross));
                each.into_iter().try_fold(0.0, |worst: f64, one| one.map(|one| worst.max(one)))
            }
            _ => None,
        }
    }

    fn of_decimals(&self, found: Decimal, published: Decimal, gross: f64) -> f64 {
        if self.truncated.is_some() {
            return same(self.cuts_to(found, Some(published)));
        }
        found.minus(published).map_or(f64::INFINITY, |gap| self.of_gap(float(gap.abs()), float(published), gross))
    }

    fn cuts_to(&self, found: Decimal, published: Option<Decimal>) -> bool {
        self.truncated.and_then(|places| found.rounded(places, Rounding::TowardZero).ok()) == published
    }

    fn of_gap(&self, gap: f64, published: f64, gross: f64) -> f64 {
        let allowed = self.absolute.max(self.relative * published.abs().max(self.of_gross * gross));
        match gap {
            0.0 => 0.0,
            gap if gap.is_finite() && allowed > 0.0 => gap / allowed,
            _ => f64::INFINITY,
        }
    }
}

const fn same(same: bool) -> f64 {
    if same { 0.0 } else { f64::INFINITY }
}

/// A figure for a person.
pub(super) fn told(figure: &Figure) -> String {
    match figure {
        Figure::Number(number) => number.to_string(),
        Figure::Float(number) => number.to_string(),
        Figure::Flag(flag) => flag.to_string(),
        Figure::Text(text) => text.clone(),
        Figure::Nothing => "nothing".to_owned(),
        Figure::List(all) => {
            let text = all.iter().map(told).collect::<Vec<_>>().join(", ");
            shown(&Value::String(text))
        }
    }
}

/// The first place in two lists that departs, with both figures.
pub(super) fn first_apart(within: &Within, found: &Figure, published: &Value, gross: f64) -> (String, String, String) {
    if let (Figure::List(found), Value::Array(published)) = (found, published)
        && found.len() == published.len()
    {
        let apart = |(_, (found, published)): &(usize, (&Figure, &Value))| {
            within.departure(found, published, gross).is_none_or(|off| off > 1.0)
        };
        if let Some((at, (found, published))) = found.iter().zip(published).enumerate().find(apart) {
            return (format!("[{at}]"), told(found), shown(published));
        }
    }
    (String::new(), told(found), shown(published))
}
