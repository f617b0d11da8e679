//! A published case, read from JSON.

use std::fmt;

use serde_json::Value;

use super::figure::Within;
use super::given::{scalar, shown};

/// What is wrong with a file of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseError {
    /// Where: `cases[3].ask`.
    pub at: String,
    /// What stands there.
    pub value: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for CaseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}, expected {}", self.at, self.value, self.expected)
    }
}

impl std::error::Error for CaseError {}

/// A published case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name, once among all cases.
    pub id: String,
    /// The model or rule it is of.
    pub model: String,
    /// Where it was published.
    pub source: String,
    /// How: a published example, a test of the venue's own, a captured response.
    pub provenance: String,
    /// What is asked.
    pub ask: Ask,
    /// Published figures by name, in the order they are made, with what each may be off by.
    pub expect: Vec<(String, Value, Within)>,
}

/// What a case asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// A function of the engine, with what it is given.
    Formula(String, Value),
    /// A document with one account.
    Margin(Value),
}

impl Case {
    /// The expected figure that means an error.
    pub const REFUSED: &'static str = "refused";

    /// The cases of a file.
    ///
    /// # Errors
    /// [`CaseError`]: the first thing wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, CaseError> {
        let file: Value = serde_json::from_slice(bytes).map_err(|error| CaseError {
            at: format!("line {}, column {}", error.line(), error.column()),
            value: "no JSON".to_owned(),
            expected: "a file of cases".to_owned(),
        })?;
        let Some(Value::Array(cases)) = file.get("cases") else {
            return Err(CaseError {
                at: "cases".into(),
                value: file.get("cases").map_or("missing".to_owned(), shown),
                expected: "a list of cases".to_owned(),
            });
        };
        cases.iter().enumerate().map(|(place, case)| Self::one(case, &format!("cases[{place}]"))).collect()
    }

    fn one(case: &Value, at: &str) -> Result<Self, CaseError> {
        let text = |name: &str| {
            let found = case.get(name).and_then(Value::as_str);
            found.map(str::to_owned).ok_or_else(|| wrong(case, at, name, "a text"))
        };
        let ask = match (case.pointer("/ask/formula"), case.pointer("/ask/margin")) {
            (Some(Value::String(formula)), None) => {
                Ask::Formula(formula.clone(), case.pointer("/ask/given").cloned().unwrap_or_default())
            }
            (None, Some(document)) => Ask::Margin(document.clone()),
            _ => return Err(wrong(case, at, "ask", "a formula with what it is given, or a margin document")),
        };
        let all = read_within(case, at)?;
        let Some(Value::Object(figures)) = case.get("expect") else {
            return Err(wrong(case, at, "expect", "figures by name"));
        };
        if figures.is_empty() {
            return Err(wrong(case, at, "expect", "at least one figure"));
        }
        let mut expect = Vec::with_capacity(figures.len());
        for (name, figure) in figures {
            let own = figure.get("is");
            let within = if own.is_some() { read_within(figure, &format!("{at}.expect.{name}"))? } else { all };
            expect.push((name.clone(), own.unwrap_or(figure).clone(), within));
        }
        let (id, model) = (text("id")?, text("model")?);
        Ok(Self { id, model, source: text("source")?, provenance: text("provenance")?, ask, expect })
    }
}

fn read_within(of: &Value, at: &str) -> Result<Within, CaseError> {
    let mut within = Within::default();
    let Some(given) = of.get("within") else { return Ok(within) };
    let Value::Object(fields) = given else { return Err(wrong(of, at, "within", "a tolerance")) };
    let at = format!("{at}.within");
    for (name, value) in fields {
        let number = || {
            let number = scalar(value).and_then(|text| text.parse::<f64>().ok());
            number
                .filter(|number| (0.0..=1e30).contains(number))
                .ok_or_else(|| wrong(given, &at, name, "a number, at least 0"))
        };
        match name.as_str() {
            "absolute" => within.absolute = number()?,
            "relative" => within.relative = number()?,
            "of_gross" => within.of_gross = number()?,
            "truncated" => {
                let places = scalar(value).and_then(|text| text.parse().ok()).filter(|places| *places <= 18);
                within.truncated = Some(places.ok_or_else(|| wrong(given, &at, name, "decimals, 0 to 18"))?);
            }
            _ => return Err(wrong(given, &at, name, "nothing but absolute, relative, of_gross, truncated")),
        }
    }
    Ok(within)
}

fn wrong(of: &Value, at: &str, name: &str, expected: &str) -> CaseError {
    CaseError {
        at: format!("{at}.{name}"),
        value: of.get(name).map_or_else(|| "missing".to_owned(), shown),
        expected: expected.to_owned(),
    }
}
