//! Closed forms against published cases, by figure and from the shared vectors, and their properties.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod auction;
mod bankruptcy;
mod deleverage_rank;
mod liquidation_price;
mod lot_margin;
mod partial_size;
mod perpetual_steps;
mod strategy;

use std::path::Path;

use plimsoll_core::{Decimal, Rounding};
use serde_json::Value;

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A figure of a case, written as a number or a string; zero where it is not given.
pub(crate) fn n(value: &Value) -> Decimal {
    match value {
        Value::Null => Decimal::ZERO,
        Value::String(text) => d(text),
        other => d(&other.to_string()),
    }
}

pub(crate) fn times(left: Decimal, right: Decimal) -> Decimal {
    left.times(right, Rounding::HalfEven).unwrap()
}

/// The cases of a file among the shared vectors whose name or model has `with`.
pub(crate) fn cases(file: &str, with: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: shared/vectors/{file} absent");
        return Vec::new();
    };
    let mut all = match serde_json::from_str(&text).unwrap() {
        Value::Array(all) => all,
        file if file["vectors"].is_array() => file["vectors"].as_array().unwrap().clone(),
        one => vec![one],
    };
    all.retain(|case| ["name", "model"].iter().any(|key| case[key].as_str().unwrap().contains(with)));
    assert!(!all.is_empty(), "{file}: no case has {with:?}");
    println!("{file}: {} cases with {with:?}", all.len());
    all
}

pub(crate) fn near(case: &Value, what: &str, found: Decimal, expected: Decimal, tolerance: Decimal) {
    let error = found.minus(expected).unwrap().abs();
    println!("{} {what}: {found}, published {expected}, off by {error}", case["name"]);
    assert!(error <= tolerance, "{case}: {what} is {found}");
}

/// Within the case's own tolerance.
pub(crate) fn check(case: &Value, what: &str, found: Decimal) {
    near(case, what, found, n(&case["expected"][what]), n(&case["tolerance"]["abs"]));
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self, low: i64, high: i64, places: u32) -> Decimal {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Decimal::new(low + i64::try_from((self.0 >> 33) % u64::try_from(high - low + 1).unwrap()).unwrap(), places)
    }
}
