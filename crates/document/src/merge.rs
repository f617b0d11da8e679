//! Several files, one document: a book in one, the market it is margined in in another.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::report::{DocumentErrors, Report};
use crate::value::Value;

/// Merges documents, each with the name of its file. Objects merge field by field, `instruments`
/// and `accounts` one after the other; anything else given twice must be the same twice.
///
/// # Errors
/// [`DocumentErrors`]: every path that two files give differently, with the names of the files.
pub fn merge<'d>(parts: Vec<(String, Value<'d>)>) -> Result<Value<'d>, DocumentErrors> {
    let report = Report::default();
    let mut parts = parts.into_iter();
    let Some((_, mut whole)) = parts.next() else { return Ok(Value::Object(Vec::new())) };
    for (file, part) in parts {
        join(&mut whole, part, String::new(), &file, &report);
    }
    report.finish()?;
    Ok(whole)
}

fn join<'d>(whole: &mut Value<'d>, part: Value<'d>, path: String, file: &str, report: &Report) {
    match (whole, part) {
        (Value::Object(fields), Value::Object(added)) => join_fields(fields, added, &path, file, report),
        (Value::List(items), Value::List(added)) if path == "instruments" => append(items, added, "name"),
        (Value::List(items), Value::List(added)) if path == "accounts" => append(items, added, "id"),
        (whole, part) if whole.says_the_same(&part) => {}
        (whole, part) => {
            let path = if path.is_empty() { "document".to_owned() } else { path };
            let expected = format!("{}, as an earlier file says", whole.shown());
            report.error(|| path, format!("{} in {file}", part.shown()), expected);
        }
    }
}

fn join_fields<'d>(
    fields: &mut Vec<(Cow<'d, str>, Value<'d>)>,
    added: Vec<(Cow<'d, str>, Value<'d>)>,
    path: &str,
    file: &str,
    report: &Report,
) {
    // A name twice in one file stays twice, for the reader to report.
    let known: BTreeMap<Cow<'d, str>, usize> =
        fields.iter().enumerate().rev().map(|(place, (name, _))| (name.clone(), place)).collect();
    for (name, value) in added {
        match known.get(&name) {
            Some(place) => {
                let path = if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") };
                join(&mut fields[*place].1, value, path, file, report);
            }
            None => fields.push((name, value)),
        }
    }
}

/// Adds what is not there already; two different items of one name are the reader's to report.
fn append<'d>(items: &mut Vec<Value<'d>>, added: Vec<Value<'d>>, key: &str) {
    let name = |item: &Value<'d>| item.get(key).and_then(Value::scalar).map(str::to_owned);
    let known: BTreeMap<String, usize> =
        items.iter().enumerate().filter_map(|(place, item)| Some((name(item)?, place))).collect();
    for item in added {
        let place = name(&item).and_then(|name| known.get(&name).copied());
        if !place.is_some_and(|place| items[place].says_the_same(&item)) {
            items.push(item);
        }
    }
}
