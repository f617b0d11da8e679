//! The models a document names, with the parameters it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_document::{DocumentError, Parameters};
use plimsoll_margin::MarginError;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::models::{Model, NAMES, by_name};
use plimsoll_margin::parameters;

/// The models of one document by the names it uses.
pub(super) struct Book {
    changes: Parameters,
    policy: Policy,
    models: BTreeMap<Arc<str>, Box<dyn Model>>,
    /// `plimsoll` under each of its names, for the questions that need its grid.
    houses: BTreeMap<Arc<str>, Plimsoll>,
    house: Plimsoll,
}

/// The name of a model without its label or date: `plimsoll` of `plimsoll@tight`.
pub(super) fn base(name: &str) -> &str {
    name.split_once('@').map_or(name, |(base, _)| base)
}

impl Book {
    /// Checks every change, whether an account uses it or not, and adds what is wrong to `errors`.
    pub(super) fn open(changes: &Parameters, errors: &mut Vec<DocumentError>) -> Self {
        let mut policy = Policy::default();
        for (key, changes) in changes {
            let path = format!("parameters.{key}");
            if key == Policy::NAME {
                apply(changes, &path, errors, |name, text| parameters::set(Policy::NAME, policy.fields(), name, text));
            } else if let Ok(mut model) = by_name(key).or_else(|_| by_name(base(key))) {
                apply(changes, &path, errors, |name, text| model.set(name, text));
            } else {
                let expected = format!(
                    "a model: one of {}, alone, with a date or with a label (plimsoll@tight); or {}",
                    known(),
                    Policy::NAME
                );
                errors.push(DocumentError { path, value: "an unknown name".into(), expected });
            }
        }
        let none = BTreeMap::new();
        let (models, houses) = (BTreeMap::new(), none);
        let mut book = Self { changes: changes.clone(), policy, models, houses, house: Plimsoll::default() };
        for name in NAMES {
            // The names of the registry are known to it.
            let _ = book.name(name);
        }
        book
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The name of a model, shared, with the model made on first use; what was expected where there
    /// is no such model.
    pub(super) fn name(&mut self, name: &str) -> Result<Arc<str>, String> {
        if let Some((known, _)) = self.models.get_key_value(name) {
            return Ok(Arc::clone(known));
        }
        let labelled = name.contains('@');
        let mut model = match by_name(name) {
            Ok(model) => model,
            Err(_) if self.changes.contains_key(name) => {
                by_name(base(name)).map_err(|_| format!("one of {}", known()))?
            }
            Err(MarginError::UnknownDate { known: dates, .. }) => {
                let dates = if dates.is_empty() { String::new() } else { format!("a date ({dates}), or ") };
                return Err(format!("one of {}; after @ {dates}a label that parameters.{name} explains", known()));
            }
            Err(_) => return Err(format!("one of {}", known())),
        };
        let shared: Arc<str> = name.into();
        self.configure(name, model.as_mut());
        if base(name) == "plimsoll" {
            let mut house = Plimsoll::default();
            self.configure(name, &mut house);
            if !labelled {
                self.house = house.clone();
            }
            self.houses.insert(Arc::clone(&shared), house);
        }
        self.models.insert(Arc::clone(&shared), model);
        Ok(shared)
    }

    /// The changes of the plain name, then those of the label. What is wrong with them is known.
    fn configure(&self, name: &str, model: &mut dyn Model) {
        let keys = if name == base(name) { vec![name] } else { vec![base(name), name] };
        for (parameter, text) in keys.iter().filter_map(|key| self.changes.get(*key)).flatten() {
            let _ = model.set(parameter, text);
        }
    }

    /// The model under one of the document's names.
    pub(super) fn get(&self, name: &str) -> Result<&dyn Model, MarginError> {
        let model = self.models.get(name).map(AsRef::as_ref);
        model.ok_or_else(|| MarginError::UnknownModel { name: name.to_owned(), known: known() })
    }

    /// `plimsoll` under one of its names.
    pub(super) fn house(&self, name: &str) -> &Plimsoll {
        self.houses.get(name).unwrap_or(&self.house)
    }
}

fn known() -> String {
    NAMES.join(", ")
}

/// Makes every change, and says of each refused what was expected.
fn apply(
    changes: &[(String, String)],
    path: &str,
    errors: &mut Vec<DocumentError>,
    mut set: impl FnMut(&str, &str) -> Result<(), MarginError>,
) {
    for (name, text) in changes {
        let Err(error) = set(name, text) else { continue };
        let (value, expected) = match error {
            MarginError::UnknownParameter { known, .. } => ("an unknown parameter".into(), format!("one of {known}")),
            MarginError::Parameter { value, expected, .. } => (format!("{value:?}"), expected),
            other => (other.to_string(), "a parameter of the model".into()),
        };
        errors.push(DocumentError { path: format!("{path}.{name}"), value, expected });
    }
}
