//! TOML, by the `toml` crate's spanned tree, which keeps the text of every number.

use std::borrow::Cow;

use toml::de::{DeTable, DeValue};

use super::{too_deep, wrong};
use crate::report::DocumentError;
use crate::value::Value;

pub(super) fn parse(text: &str) -> Result<Value<'_>, DocumentError> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        wrong(
            text.as_bytes(),
            at,
            error.message(),
            if error.message().contains("recurs") { too_deep() } else { "TOML".into() },
        )
    })?;
    Ok(object(table.into_inner()))
}

fn object(table: DeTable<'_>) -> Value<'_> {
    Value::Object(table.into_iter().map(|(key, value)| (key.into_inner(), tree(value.into_inner()))).collect())
}

fn tree(value: DeValue<'_>) -> Value<'_> {
    match value {
        DeValue::String(text) => Value::Text(text),
        DeValue::Integer(number) if number.radix() == 10 => Value::Number(Cow::Owned(number.as_str().to_owned())),
        DeValue::Integer(number) => Value::Text(Cow::Owned(number.to_string())),
        DeValue::Float(number) => Value::Number(Cow::Owned(number.as_str().to_owned())),
        DeValue::Boolean(truth) => Value::Bool(truth),
        DeValue::Datetime(instant) => Value::Text(Cow::Owned(instant.to_string())),
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| tree(item.into_inner())).collect()),
        DeValue::Table(table) => object(table),
    }
}
