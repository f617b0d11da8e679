//! The engine's published formulas by name.
//!
//! One file a topic; each adapter reads what its function needs and names what comes out.

mod auction;
mod brackets;
mod deribit;
mod health;
mod okx;
mod options;
mod paradex;
mod partial_size;
mod perpetuals;
mod span;
mod strategy;
mod svi;
mod tims;
mod weights;

use serde_json::Value;

use super::figure::Figures;
use super::given::{Given, Refused};

/// An adapter: from a case's inputs to the figures of one function of the engine.
pub type Formula = fn(&Given<'_>) -> Result<Figures, Refused>;

/// Every formula there is, by topic.
const TOPICS: &[&[(&str, Formula)]] = &[
    auction::FORMULAS,
    brackets::FORMULAS,
    deribit::FORMULAS,
    health::FORMULAS,
    okx::FORMULAS,
    options::FORMULAS,
    paradex::FORMULAS,
    partial_size::FORMULAS,
    perpetuals::FORMULAS,
    span::FORMULAS,
    strategy::FORMULAS,
    svi::FORMULAS,
    tims::FORMULAS,
    weights::FORMULAS,
];

/// The names of all formulas, in the order of their topics.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().copied().flatten().map(|(name, _)| *name)
}

/// Calls the formula called `name`.
pub(super) fn call(name: &str, given: &Value) -> Result<Figures, Refused> {
    let found = TOPICS.iter().copied().flatten().find(|(known, _)| *known == name);
    let (_, formula) = found.ok_or_else(|| {
        Refused::new(format!(
            "no formula is called {name:?}: expected one of {}",
            names().collect::<Vec<_>>().join(", ")
        ))
    })?;
    formula(&Given::new(given))
}
