//! JSON, by `serde_json`, with the text of every number.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{place, too_deep};
use crate::report::DocumentError;
use crate::value::Value;

/// How `serde_json` hands over a number whose text is kept.
const NUMBER: &str = "$serde_json::private::Number";

pub(super) fn parse(text: &str) -> Result<Value<'_>, DocumentError> {
    serde_json::from_str(text).map_err(|error| explained(text, &error))
}

fn explained(text: &str, error: &serde_json::Error) -> DocumentError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let rest = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let rest = rest.as_bytes().get(column.saturating_sub(1)..).unwrap_or_default();
    let starts = |word: &str| rest.starts_with(word.as_bytes());
    let (value, expected) =
        if let Some(word) = ["NaN", "Infinity", "nan", "inf", "None"].iter().find(|word| starts(word)) {
            ((*word).to_owned(), "a finite number, text, true, false, null, a list or an object".to_owned())
        } else if message.starts_with("recursion limit") {
            ("too deep".to_owned(), too_deep())
        } else {
            (message.to_owned(), "JSON".to_owned())
        };
    DocumentError { path: place(line, column.max(1)), value, expected }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number.to_string().into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(number.to_string().into()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut object = Vec::new();
        while let Some(Key(key)) = fields.next_key()? {
            if key == NUMBER && object.is_empty() {
                return fields.next_value().map(|number: String| Value::Number(number.into()));
            }
            object.push((key, fields.next_value()?));
        }
        Ok(Value::Object(object))
    }
}

/// A field's name, borrowed where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Name)
    }
}
