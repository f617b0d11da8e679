//! `parameters`: changes to a model's parameters, as dotted paths and text. What they mean, their
//! units and bounds, is the model's to say.

use std::collections::{BTreeMap, BTreeSet};

use crate::reader::At;
use crate::shape::Key;
use crate::value::Value;

/// Changes by model, in the order written: `tiers.0.limit` and its text.
pub type Parameters = BTreeMap<String, Vec<(String, String)>>;

/// Reads one model's changes.
pub fn read(at: At<'_>) -> Option<Vec<(String, String)>> {
    let Value::Object(_) = at.value() else {
        at.wrong("an object of parameters");
        return None;
    };
    let mut changes = Vec::new();
    flatten(&at, String::new(), &mut changes);
    let mut seen = BTreeSet::new();
    if let Some((path, _)) = changes.iter().find(|(path, _)| !seen.insert(path)) {
        at.wrong(format!("each parameter once; `{path}` is given twice"));
    }
    Some(changes)
}

fn flatten(at: &At<'_>, path: String, changes: &mut Vec<(String, String)>) {
    let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
    match at.value() {
        Value::Object(_) => {
            let name = |name: &str| Key::Text.accepts(name).then(|| name.to_owned());
            at.entries(Key::Text, name, |at, name| flatten(&at, below(&name), changes));
        }
        Value::List(items) => {
            for (place, value) in items.iter().enumerate() {
                flatten(&at.item(place, value), below(&place.to_string()), changes);
            }
        }
        value => match value.scalar() {
            Some(text) => changes.push((path, text.to_owned())),
            None => at.wrong("a value"),
        },
    }
}
