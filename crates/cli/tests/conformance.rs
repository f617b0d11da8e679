//! Published examples, converted and run as a user would.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool that does not run fails the test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::plimsoll;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Converts a folder of examples; `None`, with a line that says so, where there is none.
fn converted(from: &Path, to: &str) -> Option<PathBuf> {
    if !from.is_dir() {
        println!("skipped: {} absent", from.display());
        return None;
    }
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(to);
    let _ = std::fs::remove_dir_all(&to);
    let ran = Command::new("python3").arg(root().join("tools/convert_vectors.py")).arg(from).arg(&to).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(to)
}

#[test]
fn the_page_is_what_the_shared_examples_give() {
    let Some(cases) = converted(&root().join("../shared/vectors"), "shared-cases") else { return };
    let ran = plimsoll(&["conformance", cases.to_str().unwrap(), "--format", "markdown"]);
    assert_eq!(ran.code, 0, "{}", plimsoll(&["conformance", cases.to_str().unwrap()]).out);
    let page = root().join("docs/conformance.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&page, &ran.out).unwrap();
    }
    assert_eq!(std::fs::read_to_string(page).unwrap(), ran.out, "BLESS=1 writes it");
}

#[test]
fn carried_cases_are_counted_by_model_and_a_departure_is_an_exit_code() {
    let cases = root().join("crates/plimsoll/tests/cases");
    let ran = plimsoll(&["conformance", cases.to_str().unwrap(), "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let model = &report["models"]["derive-pmrm2"];
    assert!(model["cases"].as_u64().unwrap() > 0 && model["worst_error"].as_f64().unwrap() < 1.0, "{report}");
    assert_eq!((&report["failed"], &report["known"]), (&0.into(), &0.into()));

    let broken = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken-case.json");
    let text = std::fs::read_to_string(cases.join("derive-standard.json")).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["cases"][0]["expect"]["initial_surplus"] = "123456".into();
    std::fs::write(&broken, file.to_string()).unwrap();
    let ran = plimsoll(&["conformance", broken.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("initial_surplus: ") && ran.out.contains("published: \"123456\""), "{}", ran.out);
    let absent = plimsoll(&["conformance", "absent"]);
    assert_eq!((absent.code, absent.err.contains("absent")), (2, true));
}
