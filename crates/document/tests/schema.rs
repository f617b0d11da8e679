//! The schema is what the reader reads by, and accepts what the reader accepts.

use boon::{Compiler, Schemas};
use plimsoll_document::{schema, schema::generated};
use serde_json::Value as Json;

const BOOK: &str = include_str!("documents/book.json");

fn validates(document: &Json) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("request.json", generated()).map_err(|error| error.to_string())?;
    let request = compiler.compile("request.json", &mut schemas).map_err(|error| error.to_string())?;
    schemas.validate(document, request).map_err(|error| error.to_string())
}

#[test]
fn the_file_is_what_the_fields_say() {
    let text = serde_json::to_string_pretty(&generated()).expect("JSON") + "\n";
    // To renew it: cargo test -p plimsoll-document --test schema -- --ignored
    assert!(schema() == text, "schema/request.schema.json is not what the lists of fields give");
}

#[test]
#[ignore = "writes schema/request.schema.json"]
fn write_the_file() {
    let text = serde_json::to_string_pretty(&generated()).expect("JSON") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/request.schema.json");
    std::fs::write(path, text).expect("a writable file");
}

#[test]
fn a_good_document_validates_and_a_bad_one_does_not() {
    let good: Json = serde_json::from_str(BOOK).expect("JSON");
    validates(&good).expect("a good document");
    let bad = [
        ("\"price\": \"0.9998\"", "\"price\": \"high\""),
        ("\"price\": \"0.9998\"", "\"prise\": \"0.9998\""),
        ("\"index\": 54000.5", "\"index\": -1"),
        ("\"side\": \"buy\"", "\"side\": \"long\""),
        ("\"asset\": \"ETH\", ", ""),
        ("\"USDC\": {", "\"the dollar coin\": {"),
    ];
    for (from, to) in bad {
        assert!(BOOK.contains(from), "{from}");
        let document: Json = serde_json::from_str(&BOOK.replace(from, to)).expect("JSON");
        assert!(validates(&document).is_err(), "{to} was accepted");
    }
}

#[test]
fn every_definition_is_described() {
    let schema = generated();
    let definitions = schema["$defs"].as_object().expect("definitions");
    assert!(definitions.len() > 15);
    for (name, definition) in definitions {
        for (field, property) in definition["properties"].as_object().expect("properties") {
            let about = property["description"].as_str().unwrap_or_default();
            assert!(
                about.ends_with('.') || about.ends_with(':') || about.ends_with("}}."),
                "{name}.{field}: {about:?}"
            );
        }
    }
}
