//! A document before it means anything: the tree that JSON, YAML and TOML have in common.

use std::borrow::Cow;

/// A node of a document. Text is borrowed from the document where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'d> {
    /// Nothing; the same as leaving the field out.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it was written: no digit is lost on the way to a decimal.
    Number(Cow<'d, str>),
    /// Text.
    Text(Cow<'d, str>),
    /// Values in order.
    List(Vec<Value<'d>>),
    /// Fields in the order written; a name written twice stands here twice.
    Object(Vec<(Cow<'d, str>, Value<'d>)>),
}

impl<'d> Value<'d> {
    /// The first field called `name`, where this is an object that has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a scalar; `None` for null, lists and objects.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// Nodes in this tree, itself included.
    #[must_use]
    pub fn nodes(&self) -> usize {
        1 + match self {
            Self::List(items) => items.iter().map(Self::nodes).sum::<usize>(),
            Self::Object(fields) => fields.iter().map(|(_, value)| value.nodes()).sum(),
            _ => 0,
        }
    }

    /// Whether both say the same: scalars by their text, so that `1` and `"1"` agree, and objects
    /// whatever the order of their fields.
    #[must_use]
    pub fn says_the_same(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::List(left), Value::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.says_the_same(right))
            }
            (Self::Object(left), Value::Object(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(key, value)| other.get(key).is_some_and(|other| value.says_the_same(other)))
            }
            _ => self.scalar().is_some() && self.scalar() == other.scalar(),
        }
    }

    /// How a message shows it: shortened, on one line.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(truth) => truth.to_string(),
            Self::Number(text) => shortened(text),
            Self::Text(text) => format!("{:?}", shortened(text)),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Object(fields) => format!("an object of {} fields", fields.len()),
        }
    }
}

/// At most 60 characters of a text, so that a hostile megabyte does not fill the screen.
#[must_use]
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
