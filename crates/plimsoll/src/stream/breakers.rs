//! Breakers: as a line sets them, and what they did as events.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Underlying};
use plimsoll_document::reader::Record;
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Subject, Watched};
use plimsoll_engine::{Command, Event};
use serde_json::{Value, json};

use super::Reading;

/// What is watched, by the names of [`Watched::name`], each with the fields that it needs.
const KINDS: [(&str, &[&str]); 8] = [
    ("price_band", &["share"]),
    ("velocity", &["share", "window_s"]),
    ("quorum", &["sources"]),
    ("withdrawal_rate", &["value", "window_s"]),
    ("fund_drawdown", &["share", "window_s"]),
    ("open_interest", &["notional"]),
    ("owner_concentration", &["share", "above"]),
    ("liquidation_rate", &["notional", "window_s"]),
];
const FIGURES: [&str; 6] = ["share", "window_s", "sources", "value", "notional", "above"];

impl Reading<'_> {
    pub(super) fn set_breaker(&self, record: &Record<'_>) -> Option<Command> {
        let name: Arc<str> = record.text("name")?.into();
        let watches = watched(record);
        let scope = scope(record);
        let mut restricts = BTreeSet::new();
        record.each("restricts", |at| restricts.extend(at.choice(RESTRICTED).and_then(restricted)));
        let lifts = lift_rule(record);
        let breaker = Breaker { watches: watches?, scope: scope?, restricts, lifts: lifts? };
        Some(Command::SetBreaker { name, breaker: Some(Box::new(breaker)) })
    }
}

/// What breakers can stop.
pub(super) const RESTRICTED: &[&str] = &["opening", "placing", "withdrawing", "borrowing", "gains", "liquidating"];

fn restricted(word: &'static str) -> Option<Restricted> {
    Restricted::ALL.into_iter().find(|known| known.name() == word)
}

/// The figures that a kind needs, and no other.
fn watched(record: &Record<'_>) -> Option<Watched> {
    let kind = record.choice("watches")?;
    let (_, needs) = KINDS.iter().find(|(known, _)| *known == kind)?;
    for name in FIGURES {
        match (needs.contains(&name), record.get(name).is_some()) {
            // Without it everybody is looked at.
            (true, false) if name != "above" => record.missing(name, format!("a figure of {kind}")),
            (false, true) => record.wrong(name, format!("nothing: {kind} has {}", needs.join(" and "))),
            _ => {}
        }
    }
    let (share, window_s) = (record.decimal("share"), record.seconds("window_s"));
    let (value, notional) = (record.decimal("value"), record.decimal("notional"));
    let above = record.decimal("above").unwrap_or_default();
    Some(match kind {
        "price_band" => Watched::PriceBand { share: share? },
        "velocity" => Watched::Velocity { share: share?, window_s: window_s? },
        "quorum" => Watched::Quorum { sources: record.seconds("sources")? },
        "withdrawal_rate" => Watched::WithdrawalRate { value: value?, window_s: window_s? },
        "fund_drawdown" => Watched::FundDrawdown { share: share?, window_s: window_s? },
        "open_interest" => Watched::OpenInterest { notional: notional? },
        "owner_concentration" => Watched::OwnerConcentration { share: share?, above },
        _ => Watched::LiquidationRate { notional: notional?, window_s: window_s? },
    })
}

/// At most one of the fields that say where; everything without any.
fn scope(record: &Record<'_>) -> Option<Scope> {
    let each = record.boolean("each_underlying").unwrap_or(false);
    let given = ["underlying", "asset", "owner"].into_iter().filter(|name| record.get(name).is_some());
    let given: Vec<&str> = given.chain(each.then_some("each_underlying")).collect();
    match given[..] {
        [] => Some(Scope::Everything),
        ["underlying"] => record.name::<Underlying>("underlying").map(Scope::Underlying),
        ["asset"] => record.name::<Asset>("asset").map(Scope::Asset),
        ["owner"] => record.text("owner").map(|owner| Scope::Owner(owner.into())),
        [_] => Some(Scope::EachUnderlying),
        [first, second, ..] => {
            record.wrong(second, format!("nothing: `{first}` says where"));
            None
        }
    }
}

fn lift_rule(record: &Record<'_>) -> Option<LiftRule> {
    let within = record.decimal("within");
    if record.get("lift_s").is_some() {
        return Some(LiftRule::After { seconds: record.seconds("lift_s")?, within });
    }
    if record.get("within").is_some() {
        record.wrong("within", "`lift_s` beside it: without, only a hand lifts the breaker");
        return None;
    }
    Some(LiftRule::Manual)
}

/// What a breaker did, in a word and its fields.
pub(super) fn shown(event: &Event) -> (&'static str, Value) {
    match event {
        Event::BreakerSet { name, breaker: Some(breaker) } => ("breaker_set", rules(name, breaker)),
        Event::BreakerSet { name, breaker: None } => ("breaker_removed", json!({"name": &**name})),
        Event::BreakerTripped { name, subject, found, bound } => {
            let found = found.map(|found| found.to_string());
            let by_hand = found.is_none().then_some(true);
            ("breaker_tripped", at(name, subject, json!({"found": found, "bound": text(*bound), "by_hand": by_hand})))
        }
        Event::BreakerEased { name, subject, found, since } => {
            let since = since.map(|since| since.to_string());
            let word = if since.is_some() { "breaker_inside" } else { "breaker_outside" };
            (word, at(name, subject, json!({"found": text(*found), "since": since})))
        }
        Event::BreakerLifted { name, subject, waived } => {
            ("breaker_lifted", at(name, subject, json!({"waived": waived.then_some(true)})))
        }
        _ => unreachable!("told apart by the caller"),
    }
}

fn rules(name: &Arc<str>, breaker: &Breaker) -> Value {
    let restricts: Vec<&str> = breaker.restricts.iter().map(|action| action.name()).collect();
    let (lift_s, within) = match breaker.lifts {
        LiftRule::Manual => (None, None),
        LiftRule::After { seconds, within } => (Some(seconds), within.map(text)),
    };
    let each = (breaker.scope == Scope::EachUnderlying).then_some(true);
    let rules = json!({"watches": breaker.watches.name(), "bound": text(breaker.watches.bound()),
                       "window_s": breaker.watches.window_s(), "restricts": restricts, "lift_s": lift_s,
                       "within": within, "each_underlying": each});
    at(name, &breaker.subject(), rules)
}

/// `fields` with the breaker's name and where it is; everywhere where nothing is said.
fn at(name: &Arc<str>, subject: &Subject, mut fields: Value) -> Value {
    fields["name"] = (&**name).into();
    match subject {
        Subject::Everything => {}
        Subject::Underlying(underlying) => fields["underlying"] = underlying.as_str().into(),
        Subject::Asset(asset) => fields["asset"] = asset.as_str().into(),
        Subject::Owner(owner) => fields["owner"] = (&**owner).into(),
        Subject::Holder { owner, underlying } => {
            fields["owner"] = (&**owner).into();
            fields["underlying"] = underlying.as_str().into();
        }
    }
    fields
}

fn text(value: Decimal) -> Value {
    value.to_string().into()
}
