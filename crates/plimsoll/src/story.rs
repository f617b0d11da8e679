//! Stories: files of commands with what must be so after each, for people to read and for the engine to keep.
//!
//! A story is a document with a `title`, the `currency`, where it `start`s, and `steps`: lines of the command
//! [`stream`], each with what is expected of it.
//!
//! ```toml
//! title = "Deposit to withdrawal"
//! start = "2026-06-01T07:00:00Z"
//!
//! [[steps]]
//! do = "withdraw"
//! account = "desk-7"
//! amount = "5 BTC"
//! expect = { refused = "CashShort" }
//! ```
//!
//! `expect` may name: `refused`, the rule that turns the command away; `events`, the words of the events in order; and any
//! path of figures of the state afterwards: `desk-7.cash.BTC`, `desk-7.state`, `desk-7.position.BTC-PERPETUAL`,
//! `desk-7.cost.…`, `desk-7.borrowed.…`, `desk-7.interest.…`, `desk-7.orders`, `desk-7.closing.…`, `desk-7.equity`, `desk-7.initial`,
//! `desk-7.maintenance`, `desk-7.net_value`, `house.fees.USDC`. A figure is exact; `"~5"` is one within half of its last
//! place; `"> 5"` and `"< 5"` are bounds. What is not refused must be carried out.
//!
//! A story about a `rule` that protects somebody says with it what the rule is, and marks steps with `rule = "on"` or
//! `rule = "off"`: told with the rule off, it must depart, or the rule protects nobody. `opening` names a file, beside the
//! story's own, whose steps come first.

use plimsoll_core::{Decimal, Timestamp};
use plimsoll_document::{DocumentErrors, Value};
use plimsoll_engine::account::Account;
use plimsoll_engine::step::explain;
use plimsoll_engine::{Book, Event, House, Refusal, State, step};
use thiserror::Error;

use crate::stream::{self, events};

/// A story that was told, step by step.
#[derive(Debug)]
pub struct Told {
    /// What it is called.
    pub title: String,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What all ended in.
    pub state: State,
}

/// One step, as it went.
#[derive(Debug)]
pub struct Step {
    /// What it is, for people.
    pub say: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What happened, or why nothing did.
    pub outcome: Result<Vec<Event>, Refusal>,
    /// Figures that were expected and are so.
    pub held: usize,
}

/// Why a story cannot be told to its end.
#[derive(Debug, Error)]
pub enum StoryError {
    /// A line is wrong.
    #[error("step {step}: {errors}")]
    Line {
        /// Which of its part, from one.
        step: usize,
        /// How.
        errors: DocumentErrors,
    },
    /// The story itself is wrong.
    #[error("{0}")]
    Story(String),
    /// Something is not as the story says.
    #[error("step {step}: {what} is {found}: expected {expected}")]
    Departs {
        /// Which of its part, from one.
        step: usize,
        /// What.
        what: String,
        /// What it is.
        found: String,
        /// What was expected.
        expected: String,
    },
}

/// Whether the rule that a story is about holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// As the venue has it.
    On,
    /// Switched off.
    Off,
}

/// Whether a story is about a rule that can be switched off.
#[must_use]
pub fn has_rule(story: &Value<'_>) -> bool {
    story.get("rule").is_some()
}

/// Tells a story: the steps of its parts in order, an opening first where it has one, under the title of the last. Before
/// each step, `before` may do to the book what it wants: dropping it changes nothing.
///
/// # Errors
/// [`StoryError`]: the first step that is wrong or departs.
pub fn tell(parts: &[&Value<'_>], rule: Rule, mut before: impl FnMut(&mut Book)) -> Result<Told, StoryError> {
    let other = if rule == Rule::On { "off" } else { "on" };
    let wrong = |what: &str| StoryError::Story(format!("{what}: expected a story with title, start and steps"));
    let text = |name: &str| parts.iter().find_map(|part| part.get(name).and_then(Value::scalar));
    let title = parts.last().and_then(|part| part.get("title").and_then(Value::scalar));
    let title = title.ok_or_else(|| wrong("title is missing"))?.to_owned();
    let start: Timestamp = text("start").and_then(|at| at.parse().ok()).ok_or_else(|| wrong("start is no instant"))?;
    let currency = text("currency").unwrap_or("USD").parse().map_err(|_| wrong("currency is no name"))?;
    let mut lines = Vec::new();
    for part in parts {
        let Some(Value::List(steps)) = part.get("steps") else { return Err(wrong("steps are missing")) };
        if steps.is_empty() {
            return Err(wrong("steps are none"));
        }
        let told = |(_, line): &(usize, &Value<'_>)| line.get("rule").and_then(Value::scalar) != Some(other);
        lines.extend((1..).zip(steps).filter(told));
    }
    let (mut state, mut book) = (State::new(currency, start), Book::new());
    let (mut steps, mut now) = (Vec::new(), start);
    for (number, line) in lines {
        let read = stream::read(line, &state, now).map_err(|errors| StoryError::Line { step: number, errors })?;
        if let Some(warning) = read.warnings.first() {
            return Err(StoryError::Story(format!("step {number}: {warning}")));
        }
        now = read.at;
        before(&mut book);
        let outcome = step(&mut state, &mut book, &read.command, now);
        let held = Expected { step: number, state: &state, book: &mut book, outcome: &outcome, at: now }.check(line)?;
        let say = line.get("say").and_then(Value::scalar).map(str::to_owned);
        steps.push(Step { say, at: now, outcome, held });
    }
    Ok(Told { title, steps, state })
}

/// What a step is held to.
struct Expected<'a> {
    step: usize,
    state: &'a State,
    book: &'a mut Book,
    outcome: &'a Result<Vec<Event>, Refusal>,
    at: Timestamp,
}

impl Expected<'_> {
    /// How many expectations were met.
    fn check(mut self, line: &Value<'_>) -> Result<usize, StoryError> {
        let empty = Vec::new();
        let expected = match line.get("expect") {
            None => &empty,
            Some(Value::Object(fields)) => fields,
            Some(other) => {
                let (step, stands) = (self.step, other.shown());
                return Err(StoryError::Story(format!(
                    "step {step}: expect: {stands}, expected a table of what must be so"
                )));
            }
        };
        let refused = expected.iter().find(|(name, _)| name == "refused").and_then(|(_, value)| value.scalar());
        match (self.outcome, refused) {
            (Ok(_), None) => {}
            (Err(refusal), Some(rule)) if refusal.rule() == rule => {}
            (Err(refusal), Some(rule)) => {
                return Err(self.departs("refusal", format!("{}: {refusal}", refusal.rule()), rule));
            }
            (Err(refusal), None) => return Err(self.departs("command", format!("refused: {refusal}"), "carried out")),
            (Ok(_), Some(rule)) => {
                return Err(self.departs("command", "carried out".into(), &format!("refused as {rule}")));
            }
        }
        for (path, value) in expected.iter().filter(|(name, _)| name != "refused") {
            if path == "events" {
                self.events(value)?;
            } else {
                self.figure(path, value)?;
            }
        }
        Ok(expected.len())
    }

    fn departs(&self, what: &str, found: String, expected: &str) -> StoryError {
        StoryError::Departs { step: self.step, what: what.to_owned(), found, expected: expected.to_owned() }
    }

    fn events(&self, value: &Value<'_>) -> Result<(), StoryError> {
        let Value::List(words) = value else { return Err(self.departs("events", value.shown(), "a list of words")) };
        let words: Vec<&str> = words.iter().filter_map(Value::scalar).collect();
        let events = self.outcome.as_ref().map(Vec::as_slice).unwrap_or_default();
        let shown = events.iter().map(|event| events::shown(self.state, 0, self.at, event));
        let found: Vec<String> = shown.filter_map(|event| event["event"].as_str().map(str::to_owned)).collect();
        if found == words { Ok(()) } else { Err(self.departs("events", format!("{found:?}"), &format!("{words:?}"))) }
    }

    fn figure(&mut self, path: &str, value: &Value<'_>) -> Result<(), StoryError> {
        let Some(expected) = value.scalar() else { return Err(self.departs(path, value.shown(), "a figure")) };
        let found = self.found(path).ok_or_else(|| self.departs(path, "nothing".into(), "a figure that there is"))?;
        if agrees(&found, expected) { Ok(()) } else { Err(self.departs(path, found, expected)) }
    }

    fn found(&mut self, path: &str) -> Option<String> {
        if let Some(rest) = path.strip_prefix("house.") {
            let (house, asset) = rest.split_once('.')?;
            let house = House::ALL.into_iter().find(|known| known.name() == house)?;
            return Some(self.state.held_by(house, asset.parse().ok()?).to_string());
        }
        let (name, figure) = path.split_once('.')?;
        let id = *self.state.account_names.get(name)?;
        let account = self.state.account(id)?;
        let (figure, of) = figure.split_once('.').unwrap_or((figure, ""));
        let funds = || Some(account.funds.get(&of.parse().ok()?).copied().unwrap_or_default());
        let holding = || Some(account.holding(*self.state.contract_names.get(of)?));
        let value = match figure {
            "cash" => funds()?.cash,
            "borrowed" => funds()?.borrowed,
            "interest" => funds()?.interest,
            "position" => holding()?.quantity.0,
            "cost" => holding()?.cost,
            "orders" => return Some(account.orders.len().to_string()),
            "closing" => self.closing(account, of)?,
            "state" if account.frozen => return Some("frozen".to_owned()),
            "state" => return Some(account.standing.state.to_string()),
            "deadline" => {
                return Some(account.standing.deadline.map_or_else(|| "none".to_owned(), |at| at.to_string()));
            }
            _ => return self.margin(id, figure),
        };
        Some(value.to_string())
    }

    /// What the engine's own orders trade of a contract, as it closes the account.
    fn closing(&self, account: &Account, of: &str) -> Option<Decimal> {
        let contract = *self.state.contract_names.get(of)?;
        let orders = account.orders.iter().filter(|(order, terms)| order.closes() && terms.contract == contract);
        orders.map(|(_, terms)| terms.quantity.0).try_fold(Decimal::ZERO, Decimal::plus).ok()
    }

    fn margin(&mut self, id: plimsoll_core::AccountId, figure: &str) -> Option<String> {
        let margin = explain(self.state, self.book, id).ok()?;
        let value = match figure {
            "equity_initial" => margin.equity.initial.amount,
            "equity" => margin.equity.maintenance.amount,
            "net_value" => margin.equity.net_value.amount,
            "initial" => margin.requirement.initial.amount,
            "maintenance" => margin.requirement.maintenance.amount,
            _ => return None,
        };
        Some(value.to_string())
    }
}

fn agrees(found: &str, expected: &str) -> bool {
    let number = |text: &str| text.trim().replace('_', "").parse::<Decimal>().ok();
    let Some(value) = number(found) else { return found == expected };
    if let Some(most) = expected.strip_prefix('<') {
        return number(most).is_some_and(|most| value < most);
    }
    if let Some(least) = expected.strip_prefix('>') {
        return number(least).is_some_and(|least| value > least);
    }
    let Some(near) = expected.strip_prefix('~') else { return number(expected) == Some(value) };
    let places = near.split_once('.').map_or(0, |(_, places)| places.len());
    let rounded = u32::try_from(places).ok().and_then(|it| value.rounded(it, plimsoll_core::Rounding::HalfEven).ok());
    rounded.is_some() && rounded == number(near)
}
