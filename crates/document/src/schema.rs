//! The JSON Schema of a document, made from the same lists of fields that it is read by.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::fields::REQUEST;
use crate::shape::{Key, Kind, Need, Range, Shape};

/// A decimal as text.
const DECIMAL: &str = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$";
const NAME: &str = "^[A-Za-z0-9._-]{1,16}$";

/// JSON Schema 2020-12 of a margin request, with the meaning, unit and sign of every field.
#[must_use]
pub fn schema() -> &'static str {
    include_str!("../schema/request.schema.json")
}

/// The schema as the lists of fields give it; `schema/request.schema.json` is its text.
#[must_use]
pub fn generated() -> Json {
    let mut shapes = BTreeMap::new();
    collect(&REQUEST, &mut shapes);
    let definitions: Map<String, Json> =
        shapes.into_values().map(|shape| (shape.name.to_owned(), object(shape))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plimsoll margin request",
        "description": "A margin request, or a market document where it has no accounts. JSON, or YAML or TOML of the same shape. Null is the same as leaving a field out.",
        "$ref": "#/$defs/request",
        "$defs": definitions,
    })
}

fn collect(shape: &'static Shape, shapes: &mut BTreeMap<&'static str, &'static Shape>) {
    if shapes.insert(shape.name, shape).is_none() {
        shape.fields.iter().for_each(|field| collect_kind(&field.kind, shapes));
    }
}

fn collect_kind(kind: &'static Kind, shapes: &mut BTreeMap<&'static str, &'static Shape>) {
    match kind {
        Kind::Object(shape) => collect(shape, shapes),
        Kind::List(item) | Kind::Map(_, item) => collect_kind(item, shapes),
        _ => {}
    }
}

fn object(shape: &Shape) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in shape.fields {
        let mut description = field.about.to_owned();
        if field.need == Need::Unused {
            description.push_str(" Not used by any model yet.");
        }
        if let Need::Refused(_) = field.need {
            description.push_str(" Not margined yet: refused unless it is empty.");
        }
        let mut property = kind(&field.kind);
        if field.need != Need::Required {
            property = json!({"anyOf": [property, {"type": "null"}]});
        }
        if let Some(property) = property.as_object_mut() {
            property.insert("description".into(), description.into());
        }
        properties.insert(field.name.into(), property);
        if field.need == Need::Required {
            required.push(Json::from(field.name));
        }
    }
    json!({
        "type": "object",
        "description": sentence(shape.about),
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}

fn kind(of: &Kind) -> Json {
    match of {
        Kind::Decimal(range) => decimal(*range),
        Kind::Count => json!({"anyOf": [
            {"type": "integer", "minimum": 1, "maximum": u32::MAX},
            {"type": "string", "pattern": "^\\+?0*[1-9][0-9]*$"},
        ]}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Text => json!({"type": "string", "minLength": 1}),
        Kind::Name => json!({"type": "string", "pattern": NAME}),
        Kind::Instant => json!({"type": "string", "format": "date-time"}),
        Kind::Choice(words) => json!({"enum": words}),
        Kind::Object(shape) => json!({"$ref": format!("#/$defs/{}", shape.name)}),
        Kind::List(item) => json!({"type": "array", "items": kind(item)}),
        Kind::Map(key, item) => json!({
            "type": "object",
            "propertyNames": match key {
                Key::Name => json!({"pattern": NAME}),
                Key::Instant => json!({"format": "date-time"}),
                Key::Text => json!({"minLength": 1}),
            },
            "additionalProperties": kind(item),
        }),
        Kind::Tree => json!({"type": "object"}),
    }
}

/// As a number or as text; the bounds of a text are checked when it is read.
fn decimal(range: Range) -> Json {
    let mut number = json!({"type": "number"});
    let bounds: &[(&str, i32)] = match range {
        Range::Any => &[],
        Range::Positive => &[("exclusiveMinimum", 0)],
        Range::AtLeastZero => &[("minimum", 0)],
        Range::Fraction => &[("minimum", 0), ("maximum", 1)],
        Range::Vol => &[("exclusiveMinimum", 0), ("exclusiveMaximum", 100)],
        Range::Correlation => &[("exclusiveMinimum", -1), ("exclusiveMaximum", 1)],
    };
    for (name, value) in bounds {
        number[*name] = (*value).into();
    }
    json!({"anyOf": [number, {"type": "string", "pattern": DECIMAL}]})
}
