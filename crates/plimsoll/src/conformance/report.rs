//! Running cases, and what came of them by model.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Ask, Case};
use super::figure::first_apart;
use super::given::Refused;
use super::known::Known;
use super::{formulas, portfolio};

/// What came of the cases of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Cases run.
    pub cases: usize,
    /// Those within their tolerance.
    pub passed: usize,
    /// Those that depart.
    pub failed: usize,
    /// Those that depart for a reviewed reason.
    pub known: usize,
    /// The largest error of a passed case in units of its tolerance.
    pub worst_error: f64,
}

/// How far a model's figures have been held against its source's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Against enough published figures.
    Verified,
    /// Built to the published rule, which few figures were published for.
    RuleFaithful,
}

impl Standing {
    /// Models whose rule is published and whose figures are not, or hardly.
    const RULE_FAITHFUL: [&str; 4] = ["binance-portfolio", "bybit-portfolio", "span", "tims"];

    /// The standing of `model` after its cases.
    #[must_use]
    pub fn of(model: &str, tally: &Tally) -> Self {
        if tally.cases == 0 || Self::RULE_FAITHFUL.contains(&model) { Self::RuleFaithful } else { Self::Verified }
    }

    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::RuleFaithful => "rule-faithful, not venue-verified",
        }
    }
}

/// A case that departs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The case.
    pub case: String,
    /// Its model.
    pub model: String,
    /// The first figure that departs: `scenario_pnl[3]`.
    pub figure: String,
    /// What came out, or why nothing did.
    pub found: String,
    /// What was published.
    pub published: String,
}

/// What came of all cases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// By model.
    pub models: BTreeMap<String, Tally>,
    /// Every case that departs and is not known to, in the order run.
    pub failures: Vec<Failure>,
}

impl Report {
    /// All models together.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.models.values().fold(Tally::default(), |sum, one| Tally {
            cases: sum.cases + one.cases,
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
            known: sum.known + one.known,
            worst_error: sum.worst_error.max(one.worst_error),
        })
    }
}

/// Runs `cases` in order. A case that departs and is in `known` counts as known, up to
/// [`Known::SHARE_MAX`] of its model's; one whose name was met before fails.
#[must_use]
pub fn run(cases: &[Case], known: &[Known]) -> Report {
    let mut of_model: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        *of_model.entry(&case.model).or_default() += 1;
    }
    let mut report = Report::default();
    let mut met = BTreeSet::new();
    for case in cases {
        let verdict = if met.insert(&case.id) {
            judge(case)
        } else {
            Err(failure(case, "id", "a second case of this name".to_owned(), "each name once".to_owned()))
        };
        let tally = report.models.entry(case.model.clone()).or_default();
        tally.cases += 1;
        let (share, of) = Known::SHARE_MAX;
        let room = (tally.known + 1) * of <= of_model.get(case.model.as_str()).copied().unwrap_or(0) * share;
        match verdict {
            Ok(off) => {
                tally.passed += 1;
                tally.worst_error = tally.worst_error.max(off);
            }
            Err(_) if room && known.iter().any(|known| known.case == case.id) => tally.known += 1,
            Err(failure) => {
                tally.failed += 1;
                report.failures.push(failure);
            }
        }
    }
    report
}

fn failure(case: &Case, figure: &str, found: String, published: String) -> Failure {
    Failure { case: case.id.clone(), model: case.model.clone(), figure: figure.to_owned(), found, published }
}

/// The largest departure of a case in units of its tolerance; the first figure that departs by more than one.
fn judge(case: &Case) -> Result<f64, Failure> {
    let names = || case.expect.iter().map(|(name, ..)| name.as_str());
    let answer = match &case.ask {
        Ask::Formula(name, given) => formulas::call(name, given).map(|figures| (figures, 0.0)),
        Ask::Margin(document) => portfolio::margin(document, names()),
    };
    let wanted = case.expect.iter().find(|(name, ..)| name == Case::REFUSED).map(|(_, text, _)| text);
    let (figures, gross) = match (answer, wanted) {
        (Err(Refused(why)), Some(text)) if text.as_str().is_some_and(|text| why.contains(text)) => return Ok(0.0),
        (Err(Refused(why)), Some(text)) => return Err(failure(case, Case::REFUSED, why, text.to_string())),
        (Ok(_), Some(text)) => return Err(failure(case, Case::REFUSED, "an answer".into(), text.to_string())),
        (Err(Refused(why)), None) => return Err(failure(case, "answer", why, "figures".into())),
        (Ok(answer), None) => answer,
    };
    let mut worst = 0.0_f64;
    for (name, published, within) in &case.expect {
        let Some(found) = figures.get(name) else {
            let known = figures.names().collect::<Vec<_>>().join(", ");
            return Err(failure(case, name, format!("not among the figures: {known}"), published.to_string()));
        };
        match within.departure(found, published, gross) {
            Some(off) if off <= 1.0 => worst = worst.max(off),
            _ => {
                let (place, found, published) = first_apart(within, found, published, gross);
                return Err(failure(case, &format!("{name}{place}"), found, published));
            }
        }
    }
    Ok(worst)
}

/// Any bytes, read as cases; those that ask a formula are run, and every one is counted once.
///
/// # Panics
/// Where one is lost: a finding.
pub fn fuzz_cases(bytes: &[u8]) {
    let Ok(mut cases) = Case::read(bytes) else { return };
    cases.retain(|case| matches!(case.ask, Ask::Formula(..)));
    let total = run(&cases, &[]).total();
    assert!(total.passed + total.failed == cases.len(), "{total:?} of {} cases", cases.len());
}
