//! Commands as lines of JSON, and events as lines of JSON: what `plimsoll run` reads and writes.
//!
//! ```json
//! {"at": "2026-06-01T07:00:00Z", "do": "deposit", "account": "desk-7", "amount": "5 BTC"}
//! {"do": "place", "account": "desk-7", "order": 1, "contract": "BTC-PERPETUAL", "side": "buy", "quantity": "100", "price": "60000"}
//! ```
//!
//! Accounts and contracts stand by name and are looked up in the state. A line that is wrong is reported like any document:
//! every path, what stands there, what was expected; nothing is asked of the engine then.

mod accounts;
mod breakers;
mod commands;
pub mod events;
mod fuzz;
mod liquidation;
mod notice;
mod prices;
mod shapes;

pub use fuzz::fuzz_stream;

use plimsoll_core::Timestamp;
use plimsoll_document::reader::{At, Record};
use plimsoll_document::report::Report;
use plimsoll_document::shape::Shape;
use plimsoll_document::{DocumentErrors, Value, Warning};
use plimsoll_engine::{Command, State};

/// What a line asks, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When it is to be decided.
    pub at: Timestamp,
    /// Who says so, where the line does.
    pub client: Option<String>,
    /// The client's count, where the line has it.
    pub number: Option<u64>,
    /// What.
    pub command: Command,
    /// What changes nothing, and its author should know of.
    pub warnings: Vec<Warning>,
}

/// Reads a line that follows what made `state`, at `now`.
///
/// # Errors
/// [`DocumentErrors`]: all that is wrong with it, each with its path.
pub fn read(value: &Value<'_>, state: &State, now: Timestamp) -> Result<Line, DocumentErrors> {
    let report = Report::default();
    let root = At::root(value, &report);
    let read = Reading { state, at: now }.line(root);
    let client = value.get("client").map(|client| match client.scalar().filter(|client| !client.is_empty()) {
        Some(client) => client.to_owned(),
        None => {
            root.field("client", client).wrong("who sends it, as text");
            String::new()
        }
    });
    let number = value.get("number").and_then(|number| {
        let read = number.scalar().and_then(|number| number.parse().ok());
        if read.is_none() {
            root.field("number", number).wrong("a whole number that grows, up to 18446744073709551615");
        }
        read
    });
    let warnings = report.finish()?;
    // Where a part is missing an error said so.
    let (at, command) = read.ok_or(DocumentErrors { errors: Vec::new(), total: 0 })?;
    Ok(Line { at, client, number, command, warnings })
}

/// What names mean, and when it is.
struct Reading<'s> {
    state: &'s State,
    at: Timestamp,
}

/// A word, what its lines hold, and how they are read.
type Word<R> = (&'static str, &'static Shape, fn(&R, &Record<'_>) -> Option<Command>);

/// When a first line says that it is, before there is a state to read it with.
#[must_use]
pub fn begins(value: &Value<'_>) -> Option<Timestamp> {
    value.get("at").and_then(Value::scalar)?.parse().ok()
}

impl Reading<'_> {
    /// The words there are.
    const WORDS: [Word<Self>; 30] = [
        ("list_asset", &shapes::LIST_ASSET, Self::list_asset),
        ("list_underlying", &shapes::LIST_UNDERLYING, Self::list_underlying),
        ("list_contract", &shapes::LIST_CONTRACT, Self::list_contract),
        ("set_model", &shapes::SET_MODEL, Self::set_model),
        ("open_account", &shapes::OPEN_ACCOUNT, Self::open_account),
        ("amend_account", &shapes::AMEND_ACCOUNT, Self::amend_account),
        ("freeze", &shapes::FREEZE, |reading, record| reading.freeze(record, true)),
        ("thaw", &shapes::FREEZE, |reading, record| reading.freeze(record, false)),
        ("deposit", &shapes::PAY, |reading, record| {
            reading.pay(record).map(|(account, amount)| Command::Deposit { account, amount })
        }),
        ("withdraw", &shapes::PAY, |reading, record| {
            reading.pay(record).map(|(account, amount)| Command::Withdraw { account, amount })
        }),
        ("borrow", &shapes::PAY, |reading, record| {
            reading.pay(record).map(|(account, amount)| Command::Borrow { account, amount })
        }),
        ("repay", &shapes::PAY, |reading, record| {
            reading.pay(record).map(|(account, amount)| Command::Repay { account, amount })
        }),
        ("transfer", &shapes::TRANSFER, Self::transfer),
        ("fund", &shapes::FUND, Self::fund),
        ("place", &shapes::PLACE, Self::place),
        ("cancel", &shapes::CANCEL, Self::cancel),
        ("trade", &shapes::TRADE, Self::trade),
        ("prices", &shapes::PRICES, Self::prices),
        ("funding", &shapes::FUNDING, Self::funding),
        ("settle", &shapes::SETTLE, Self::settle),
        ("set_liquidation", &shapes::SET_LIQUIDATION, Self::set_liquidation),
        ("bid", &shapes::BID, Self::bid),
        ("set_breaker", &shapes::SET_BREAKER, Self::set_breaker),
        ("remove_breaker", &shapes::BREAKER, |_, record| {
            record.text("name").map(|name| Command::SetBreaker { name: name.into(), breaker: None })
        }),
        ("lift_breaker", &shapes::BREAKER, |_, record| {
            record.text("name").map(|name| Command::LiftBreaker { name: name.into() })
        }),
        ("trip_breaker", &shapes::BREAKER, |_, record| {
            record.text("name").map(|name| Command::TripBreaker { name: name.into() })
        }),
        ("set_notice", &shapes::SET_NOTICE, |_, record| {
            notice::whole(record, "seconds").map(|seconds| Command::SetNotice { seconds })
        }),
        ("announce", &shapes::ANNOUNCE, Self::announce),
        ("recall", &shapes::RECALL, |_, record| {
            notice::whole(record, "announcement").map(|number| Command::Recall { number })
        }),
        ("tick", &shapes::TICK, |_, _| Some(Command::Tick)),
    ];

    /// The word that a line begins with.
    fn word(root: At<'_>) -> Option<Word<Self>> {
        let word = root.value().get("do").and_then(Value::scalar);
        let found = Self::WORDS.into_iter().find(|(known, ..)| Some(*known) == word);
        if found.is_none() {
            let known: Vec<&str> = Self::WORDS.iter().map(|(word, ..)| *word).collect();
            let missing = Value::Null;
            let stands = root.value().get("do").unwrap_or(&missing);
            root.field("do", stands).wrong(format!("one of {}", known.join(", ")));
        }
        found
    }

    fn line(&self, root: At<'_>) -> Option<(Timestamp, Command)> {
        let (_, shape, read) = Self::word(root)?;
        let record = Record::open(root, shape)?;
        let at = match (record.instant("at"), record.seconds("after_s")) {
            (Some(at), None) => at,
            (None, Some(after)) => match self.at.plus_seconds(after.into()) {
                Some(at) => at,
                None => {
                    record.wrong("after_s", "a time up to the year 2262");
                    return None;
                }
            },
            (None, None) => self.at,
            (Some(_), Some(_)) => {
                record.wrong("after_s", "nothing: `at` says when");
                return None;
            }
        };
        let reading = Self { state: self.state, at };
        read(&reading, &record).map(|command| (at, command))
    }
}
