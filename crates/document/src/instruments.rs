//! `instruments`: the terms of contracts, each kind's read and written in one place.
//!
//! The one file above `pricing` that looks at an instrument's kind: a document names the fields of
//! every kind, so reading and writing them cannot be one question for all.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Quantity, Timestamp};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{
    EuropeanOption, Future, Instrument, Perpetual, PerpetualOption, PremiumStyle, Spot, Style, Terms,
};

use crate::fields::INSTRUMENT;
use crate::reader::{At, Record};
use crate::value::Value;
use crate::write::{Fields, decimal, text};

/// The words of `kind`.
pub(crate) const KINDS: &[&str] = &["spot", "perpetual", "future", "option", "perpetual_option"];
/// The words of `style`.
pub(crate) const STYLES: &[&str] = &["linear", "inverse", "quanto"];

/// Eight hours: what most venues fund at.
const FUNDING_INTERVAL_S: u32 = 28_800;
/// A day: what perpetual options are funded over.
const FUNDING_PERIOD_S: u32 = 86_400;

/// Fields that only some contracts have, with those kinds.
const OF_KINDS: [(&str, &[&str]); 8] = [
    ("style", &["perpetual", "future", "option", "perpetual_option"]),
    ("right", &["option", "perpetual_option"]),
    ("strike", &["option", "perpetual_option"]),
    ("expiry", &["future", "option"]),
    ("premium_style", &["option"]),
    ("exercise", &["option"]),
    ("funding_interval_s", &["perpetual"]),
    ("funding_period_s", &["perpetual_option"]),
];

/// An entry of `instruments`: the contract, and whether it is expired but has not paid.
pub(crate) struct Listed {
    /// The contract.
    pub(crate) instrument: Instrument,
    /// `"settlement_state": "unsettled"`.
    pub(crate) unsettled: bool,
}

/// Reads one entry of `instruments`; `None`, reported, where anything is wrong with it.
pub(crate) fn read(at: At<'_>) -> Option<Listed> {
    let errors = at.report().errors();
    let record = Record::open(at, &INSTRUMENT)?;
    let unsettled = record.choice("settlement_state") == Some("unsettled");
    let instrument = match record.get("kind") {
        Some(_) => described(&record),
        None => named(&record),
    }?;
    (at.report().errors() == errors).then_some(Listed { instrument, unsettled })
}

/// A contract that is described by its fields, or by its name where that says its terms; `None`, reported, where anything
/// is wrong with it.
#[must_use]
pub fn read_instrument(at: At<'_>) -> Option<Instrument> {
    read(at).map(|listed| listed.instrument)
}

/// A contract whose name says its terms.
fn named(record: &Record<'_>) -> Option<Instrument> {
    let name = record.text("name")?;
    for field in INSTRUMENT.fields.iter().map(|field| field.name) {
        let free = matches!(
            field,
            "name"
                | "contract_size"
                | "lot_size"
                | "settlement_state"
                | "settlement_window_s"
                | "margin_class"
                | "product_group"
        );
        if !free && record.get(field).is_some() {
            record.wrong(field, "nothing: without `kind`, the name says the terms");
        }
    }
    let (contract_size, lot_size) = (record.decimal("contract_size"), record.decimal("lot_size"));
    match Instrument::from_name(name) {
        Ok(mut instrument) => {
            let terms = terms_of(&mut instrument);
            terms.contract_size = contract_size.unwrap_or(terms.contract_size);
            terms.lot_size = lot_size.map_or(terms.lot_size, Quantity);
            one_unit(record, instrument.kind(), contract_size);
            Some(instrument)
        }
        Err(error) => {
            let kinds = INSTRUMENT.field("kind").map(|field| field.kind.expected()).unwrap_or_default();
            record.missing("kind", format!("{kinds}, or a name that says it: {error}"));
            None
        }
    }
}

const fn terms_of(instrument: &mut Instrument) -> &mut Terms {
    match instrument {
        Instrument::Spot(spot) => &mut spot.terms,
        Instrument::Perpetual(perpetual) => &mut perpetual.terms,
        Instrument::Future(future) => &mut future.terms,
        Instrument::Option(option) => &mut option.terms,
        Instrument::PerpetualOption(option) => &mut option.terms,
    }
}

/// A unit of spot is a unit.
fn one_unit(record: &Record<'_>, kind: &str, contract_size: Option<Decimal>) {
    if kind == "spot" && contract_size.is_some_and(|size| size != Decimal::ONE) {
        record.wrong("contract_size", "1, for kind \"spot\"");
    }
}

/// A contract whose terms are fields.
fn described(record: &Record<'_>) -> Option<Instrument> {
    let kind = record.choice("kind");
    let style = style(record);
    let terms = terms(record, kind, style);
    let strike = record.decimal("strike");
    let right = record.choice("right").map(|right| if right == "call" { Right::Call } else { Right::Put });
    let expiry = record.instant("expiry");
    let premium = record.choice("premium_style").map_or(PremiumStyle::Paid, premium_of);
    // European is the only word: reading it is the check.
    let _ = record.choice("exercise");
    let funding_interval_s = record.seconds("funding_interval_s").unwrap_or(FUNDING_INTERVAL_S);
    let funding_period_s = record.seconds("funding_period_s").unwrap_or(FUNDING_PERIOD_S);
    let kind = kind?;
    belongs(record, kind);
    let terms = terms?;
    let instrument = match kind {
        "spot" => Instrument::Spot(Spot { terms }),
        "perpetual" => Instrument::Perpetual(Perpetual { terms, style: style?, funding_interval_s }),
        "future" => Instrument::Future(Future { terms, style: style?, expiry: expiry? }),
        "option" => Instrument::Option(EuropeanOption {
            terms,
            style: style?,
            premium,
            right: right?,
            strike: strike?,
            expiry: expiry?,
        }),
        _ => Instrument::PerpetualOption(PerpetualOption {
            terms,
            style: style?,
            right: right?,
            strike: strike?,
            funding_period_s,
        }),
    };
    compare_with_name(record, &instrument);
    Some(instrument)
}

fn premium_of(word: &str) -> PremiumStyle {
    if word == "futures" { PremiumStyle::Futures } else { PremiumStyle::Paid }
}

/// Reports fields a kind does not have, and those it must have.
fn belongs(record: &Record<'_>, kind: &str) {
    for (field, kinds) in OF_KINDS {
        let has = kinds.contains(&kind);
        let optional = matches!(field, "premium_style" | "exercise" | "funding_interval_s" | "funding_period_s");
        if !has && record.get(field).is_some() {
            record.wrong(field, format!("nothing, for kind \"{kind}\""));
        } else if has && !optional && record.get(field).is_none() {
            let expected = INSTRUMENT.field(field).map(|field| field.kind.expected()).unwrap_or_default();
            record.missing(field, format!("{expected}, for kind \"{kind}\""));
        }
    }
}

fn style(record: &Record<'_>) -> Option<Style> {
    let rate = record.decimal("quanto_rate");
    match record.choice("style") {
        Some("quanto") => {
            if record.get("quanto_rate").is_none() {
                record.missing("quanto_rate", "settlement asset paid per unit of quote, above zero");
            }
            rate.map(|rate| Style::Quanto { rate })
        }
        other => {
            if record.get("quanto_rate").is_some() {
                record.wrong("quanto_rate", "nothing, where the style is not \"quanto\"");
            }
            other.map(|word| if word == "inverse" { Style::Inverse } else { Style::Linear })
        }
    }
}

fn terms(record: &Record<'_>, kind: Option<&'static str>, style: Option<Style>) -> Option<Terms> {
    let spot = kind == Some("spot");
    for field in ["underlying", "quote", "contract_size", "lot_size"] {
        if record.get(field).is_none() && !(spot && field == "contract_size") {
            let expected = INSTRUMENT.field(field).map(|field| field.kind.expected()).unwrap_or_default();
            record.missing(field, expected);
        }
    }
    let name = record.text("name");
    let underlying = record.name("underlying");
    let quote = record.name("quote");
    let stated = record.name::<Asset>("settlement");
    let contract_size = record.decimal("contract_size").or(spot.then_some(Decimal::ONE));
    let lot_size = record.decimal("lot_size").map(Quantity);
    let (underlying, quote): (plimsoll_core::Underlying, Asset) = (underlying?, quote?);
    let implied = match style {
        _ if spot => Some(quote),
        Some(Style::Linear) => Some(quote),
        Some(Style::Inverse) => Some(underlying.asset()),
        _ => None,
    };
    let settlement = if record.get("settlement").is_some() { stated } else { implied };
    if let (Some(stated), Some(implied)) = (stated, implied)
        && stated != implied
    {
        record.wrong("settlement", format!("{implied}, which this style settles in; or style \"quanto\""));
    }
    if settlement.is_none() && record.get("settlement").is_none() && style.is_some() {
        record.missing("settlement", "the asset a quanto contract settles in");
    }
    one_unit(record, kind.unwrap_or_default(), contract_size);
    Some(Terms {
        name: Arc::from(name?),
        underlying,
        quote,
        settlement: settlement?,
        contract_size: contract_size?,
        lot_size: lot_size?,
    })
}

/// Warns where the terms are not what the name says to those who know its convention.
fn compare_with_name(record: &Record<'_>, instrument: &Instrument) {
    let Ok(said) = Instrument::from_name(instrument.name()) else { return };
    let differs = [
        ("underlying", said.terms().underlying != instrument.terms().underlying),
        ("expiry", said.expiry().map(Timestamp::date) != instrument.expiry().map(Timestamp::date)),
        ("strike", said.strike() != instrument.strike()),
        ("right", said.right() != instrument.right()),
    ];
    for (field, _) in differs.into_iter().filter(|(_, differs)| *differs) {
        let note = || "differs from what the name says; the field counts".to_owned();
        record.at.report().warn("instrument", format!("name {field}"), || record.path_of(field), note);
    }
}

const fn word_of(style: Style) -> &'static str {
    match style {
        Style::Linear => "linear",
        Style::Inverse => "inverse",
        Style::Quanto { .. } => "quanto",
    }
}

/// The entry of `instruments` that reads back as this contract.
pub(crate) fn write(instrument: &Instrument, unsettled: bool) -> Value<'static> {
    let terms = instrument.terms();
    let mut fields = Fields::default();
    fields.put("name", text(&terms.name));
    fields.put("kind", text(instrument.kind()));
    fields.put("underlying", text(terms.underlying.as_str()));
    fields.put("quote", text(terms.quote.as_str()));
    fields.put("settlement", text(terms.settlement.as_str()));
    let style = instrument.style();
    if instrument.kind() != "spot" {
        fields.put("style", text(word_of(style)));
    }
    if let Some(right) = instrument.right() {
        fields.put("right", text(if right == Right::Call { "call" } else { "put" }));
    }
    fields.put_some("strike", instrument.strike().map(decimal));
    fields.put_some("expiry", instrument.expiry().map(|expiry| text(&expiry.to_string())));
    fields.put("contract_size", decimal(terms.contract_size));
    fields.put("lot_size", decimal(terms.lot_size.0));
    if let Style::Quanto { rate } = style {
        fields.put("quanto_rate", decimal(rate));
    }
    match instrument {
        Instrument::Option(option) if option.premium == PremiumStyle::Futures => {
            fields.put("premium_style", text("futures"));
        }
        Instrument::Perpetual(perpetual) => {
            fields.put("funding_interval_s", text(&perpetual.funding_interval_s.to_string()));
        }
        Instrument::PerpetualOption(option) => {
            fields.put("funding_period_s", text(&option.funding_period_s.to_string()));
        }
        _ => {}
    }
    if unsettled {
        fields.put("settlement_state", text("unsettled"));
    }
    fields.into_value()
}
