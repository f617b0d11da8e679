//! Listings, models, accounts.

use std::sync::Arc;

use plimsoll_core::{Decimal, Timestamp};
use plimsoll_document::reader::{At, Record};
use plimsoll_document::{Value, parameters, read_instrument};
use plimsoll_engine::account::{Kind, Mode, TopUp, TraderLimits};
use plimsoll_engine::market::TrustRule;
use plimsoll_engine::state::{AssetRules, Lines, UnderlyingRules};
use plimsoll_engine::{AccountTerms, Command};
use plimsoll_margin::level::Policy;
use plimsoll_pricing::instruments::Instrument;

use super::Reading;
use super::commands::amount;
use super::shapes::{LIMITS, LINES, TRUST};

/// Half an hour: what most venues average over.
const SETTLEMENT_WINDOW_S: u32 = 1_800;
/// An hour to meet a margin call.
const CALL_S: u32 = 3_600;

impl Reading<'_> {
    pub(super) fn list_asset(&self, record: &Record<'_>) -> Option<Command> {
        let asset = record.name("asset");
        let trust = record.get("trust").map_or_else(|| Some(TrustRule::default()), |_| record.with("trust", trust));
        let borrow_rate = record.decimal("borrow_rate").unwrap_or_default();
        let cap = record.decimal("cap");
        Some(Command::ListAsset { asset: asset?, rules: AssetRules { trust: trust?, borrow_rate, cap } })
    }

    pub(super) fn list_underlying(&self, record: &Record<'_>) -> Option<Command> {
        let (underlying, quote) = (record.name("underlying"), record.name("quote"));
        let trust = record.get("trust").map_or_else(|| Some(TrustRule::default()), |_| record.with("trust", trust));
        let settlement_window_s = record.seconds("settlement_window_s").unwrap_or(SETTLEMENT_WINDOW_S);
        let rules = UnderlyingRules { quote: quote?, trust: trust?, settlement_window_s };
        Some(Command::ListUnderlying { underlying: underlying?, rules })
    }

    pub(super) fn list_contract(&self, record: &Record<'_>) -> Option<Command> {
        let instrument = record.with("contract", |at| match at.value() {
            Value::Text(name) => {
                let named = Instrument::from_name(name);
                named.map_err(|error| at.wrong(format!("a contract, or a name that says one: {error}"))).ok()
            }
            _ => read_instrument(at),
        });
        Some(Command::ListContract { instrument: instrument? })
    }

    pub(super) fn set_model(&self, record: &Record<'_>) -> Option<Command> {
        let name = record.text("name")?;
        let model = record.text("model").unwrap_or(name);
        let changes = record.with("parameters", parameters::read);
        let known = || self.state.models.get(name).map(|known| known.parameters.clone()).unwrap_or_default();
        let parameters = changes.map_or_else(known, |changes| {
            changes.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect()
        });
        let kept = self.state.models.get(name).map(|known| known.lines.clone());
        let default = kept.unwrap_or_else(|| Lines { policy: Policy::default(), call_s: CALL_S });
        let lines = record.with("lines", |at| lines(at, default.clone())).unwrap_or(default);
        let from = record.instant("from").unwrap_or(self.at);
        let ramp_s = record.seconds("ramp_s").unwrap_or(0);
        Some(Command::SetModel { name: name.into(), model: model.into(), parameters, lines, from, ramp_s })
    }

    pub(super) fn open_account(&self, record: &Record<'_>) -> Option<Command> {
        let name: Arc<str> = record.text("account")?.into();
        let terms = AccountTerms {
            owner: record.text("owner").map_or_else(|| name.clone(), Arc::from),
            name,
            kind: match record.choice("kind") {
                Some("house") => Kind::House,
                Some("outside") => Kind::Outside,
                _ => Kind::Client,
            },
            parent: self.account(record, "parent"),
            group: None,
            mode: Mode::Portfolio,
            model: "plimsoll".into(),
            credit_line: Decimal::ZERO,
            maker_fee_rate: Decimal::ZERO,
            taker_fee_rate: Decimal::ZERO,
            limits: TraderLimits::default(),
            top_up: None,
        };
        Some(Command::OpenAccount { terms: changed(record, terms)? })
    }

    pub(super) fn amend_account(&self, record: &Record<'_>) -> Option<Command> {
        let account = self.account(record, "account")?;
        let terms = changed(record, self.state.account(account)?.terms.clone())?;
        Some(Command::AmendAccount { account, terms })
    }
}

/// `terms` with what a line says of them.
fn changed(record: &Record<'_>, mut terms: AccountTerms) -> Option<AccountTerms> {
    if let Some(group) = record.get("group").and_then(Value::scalar) {
        terms.group = (!group.is_empty()).then(|| group.into());
    }
    if let Some(word) = record.choice("mode") {
        terms.mode = match (word, record.name("asset")) {
            ("isolated", _) => Mode::Isolated,
            ("multi_currency", _) => Mode::MultiCurrency,
            ("cross", Some(asset)) => Mode::Cross { asset },
            ("cross", None) => {
                record.missing("asset", "the asset that cross margin is held in");
                return None;
            }
            _ => Mode::Portfolio,
        };
    }
    if let Some(model) = record.text("model") {
        terms.model = model.into();
    }
    terms.credit_line = record.decimal("credit_line").unwrap_or(terms.credit_line);
    terms.maker_fee_rate = record.decimal("maker_fee_rate").unwrap_or(terms.maker_fee_rate);
    terms.taker_fee_rate = record.decimal("taker_fee_rate").unwrap_or(terms.taker_fee_rate);
    if let Some(limits) = record.with("limits", limits) {
        terms.limits = limits;
    }
    if let Some(top_up) = record.with("top_up", amount) {
        terms.top_up = Some(TopUp { asset: top_up.asset, limit: top_up.value });
    }
    Some(terms)
}

fn limits(at: At<'_>) -> Option<TraderLimits> {
    let record = Record::open(at, &LIMITS)?;
    Some(TraderLimits {
        leverage_max: record.decimal("leverage_max"),
        loss_max: record.decimal("loss_max"),
        reduce_only: record.boolean("reduce_only").unwrap_or(false),
    })
}

fn lines(at: At<'_>, default: Lines) -> Option<Lines> {
    let record = Record::open(at, &LINES)?;
    let Lines { policy, call_s } = default;
    let policy = Policy {
        fill: record.decimal("fill").unwrap_or(policy.fill),
        call: record.decimal("call").unwrap_or(policy.call),
        liquidation_end: record.decimal("liquidation_end").unwrap_or(policy.liquidation_end),
        backstop: record.decimal("backstop").unwrap_or(policy.backstop),
    };
    Some(Lines { policy, call_s: record.seconds("call_s").unwrap_or(call_s) })
}

fn trust(at: At<'_>) -> Option<TrustRule> {
    let record = Record::open(at, &TRUST)?;
    let mut rule = TrustRule::default();
    let nanos = |seconds: u32| i64::from(seconds) * Timestamp::NANOS_PER_SECOND;
    rule.index.age_ns_max = record.seconds("age_s").map_or(rule.index.age_ns_max, nanos);
    rule.index.ahead_ns_max = record.seconds("ahead_s").map_or(rule.index.ahead_ns_max, nanos);
    rule.index.outlier_fraction = record.decimal("outlier_fraction").unwrap_or(rule.index.outlier_fraction);
    rule.index.band = record.decimal("band").unwrap_or(rule.index.band);
    rule.index.sources_min = record.seconds("sources_min").unwrap_or(rule.index.sources_min);
    rule.index.confidence_min = record.decimal("confidence_min").unwrap_or(rule.index.confidence_min);
    rule.slow_per_hour = record.decimal("slow_per_hour").unwrap_or(rule.slow_per_hour);
    rule.band = record.decimal("untrusted_band").unwrap_or(rule.band);
    if record.get("decay").is_some() {
        rule.decay.clear();
        record.each("decay", |at| rule.decay.extend(decay_step(at)));
    }
    Some(rule)
}

/// `[3600, 0.5]`.
fn decay_step(at: At<'_>) -> Option<(u32, Decimal)> {
    let read = || match at.value() {
        Value::List(pair) => match pair.as_slice() {
            [seconds, share] => Some((seconds.scalar()?.parse().ok()?, share.scalar()?.parse().ok()?)),
            _ => None,
        },
        _ => None,
    };
    let step = read();
    if step.is_none() {
        at.wrong("seconds and a share, such as [3600, 0.5]");
    }
    step
}
