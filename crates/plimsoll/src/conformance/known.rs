//! Departures that are a source's ambiguity, reviewed one by one.

use serde_json::Value;

/// A case that departs because its source can be read in two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The case.
    pub case: String,
    /// The sentence that can be read in two ways.
    pub sentence: String,
    /// How the engine reads it, and the figure that follows.
    pub ours: String,
    /// How the case reads it, and its figure.
    pub theirs: String,
}

impl Known {
    /// The most of a model's cases that may be known departures: three in a hundred.
    pub const SHARE_MAX: (usize, usize) = (3, 100);

    /// The reviewed list.
    ///
    /// Entries that lack a field count for nothing; the test of the list says so.
    #[must_use]
    pub fn reviewed() -> Vec<Self> {
        let list: Value = serde_json::from_str(include_str!("known.json")).unwrap_or_default();
        let entries = list.get("known").and_then(Value::as_array).into_iter().flatten();
        entries
            .filter_map(|entry| {
                let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
                Some(Self {
                    case: text("case")?,
                    sentence: text("sentence")?,
                    ours: text("ours")?,
                    theirs: text("theirs")?,
                })
            })
            .collect()
    }
}
