//! One row: the instrument it is about, and its figures, each checked.

use std::sync::Arc;

use plimsoll_core::{Decimal, Rounding, Timestamp};
use plimsoll_pricing::instruments::{Instrument, NameConvention};
use plimsoll_pricing::market::MarkQuote;

use super::shapes::{Named, Observed, Shape};
use crate::rows::{Fields, shown};
use crate::{LeftOut, Place, Reason};

/// A row that could be read.
pub(super) struct Line {
    pub(super) place: Place,
    /// When it was observed, where it says.
    pub(super) observed: Option<Timestamp>,
    /// How far that may be off by rounding.
    pub(super) blur_ns: i64,
    /// Whether that is one instant of many.
    pub(super) is_history: bool,
    pub(super) instrument: Instrument,
    pub(super) mark: MarkQuote,
    /// Forward of the instrument's expiry.
    pub(super) forward: Option<Decimal>,
    pub(super) index: Option<Decimal>,
}

/// What is asked of a figure.
#[derive(Clone, Copy)]
enum Bound {
    AtLeastZero,
    AboveZero,
    Any,
}

/// Volatilities lie below this: 10,000 %.
const VOL_BELOW: Decimal = Decimal::from_int(100);
/// Half a unit of the fifth decimal of a year.
const YEARS_BLUR_NS: i64 = 158 * Timestamp::NANOS_PER_SECOND;
const PERCENT: Decimal = Decimal::from_int(100);

/// Reads a row of `shape` into `lines`, or says why not.
pub(super) fn read_line(
    shape: &Shape,
    row: &dyn Fields,
    place: &Place,
    coin: Option<&str>,
    lines: &mut Vec<Line>,
    left_out: &mut Vec<LeftOut>,
) {
    let named = match shape.named {
        Named::By(column) => row.get(column).map(Arc::from),
        Named::ByTerms => None,
    };
    let leave = |reason| LeftOut { place: place.clone(), instrument: named.clone(), reason };
    match figures(shape, row, coin) {
        Ok((mut line, dropped)) => {
            line.place = place.clone();
            left_out.extend(dropped.into_iter().map(leave));
            lines.push(line);
        }
        Err(reason) => left_out.push(leave(reason)),
    }
}

/// The row as a line (its place to be filled in), and the reasons for which parts of it do not count.
fn figures(shape: &Shape, row: &dyn Fields, coin: Option<&str>) -> Result<(Line, Vec<Reason>), Reason> {
    let instrument = instrument(shape, row, coin)?;
    agrees(row, &instrument)?;
    let is_option = instrument.right().is_some();
    let bound = if is_option { Bound::AtLeastZero } else { Bound::AboveZero };
    let price = number(row, shape.mark, bound)?;
    if price.is_none() {
        return Err(wrong(shape.mark, "missing", "a mark price"));
    }
    let mut dropped = Vec::new();
    // No quote is published as nothing or as zero.
    let quote = |column| Ok::<_, Reason>(number(row, column, Bound::AtLeastZero)?.filter(|quote| !quote.is_zero()));
    let (mut bid, mut ask) = (quote(shape.bid)?, quote(shape.ask)?);
    if bid.zip(ask).is_some_and(|(bid, ask)| bid > ask) {
        (bid, ask) = (None, None);
        dropped.push(Reason::Crossed);
    }
    let (vol, bad_vol) = if is_option { vol(shape, row)? } else { (None, None) };
    dropped.extend(bad_vol);
    let open_interest = number(row, shape.open_interest, Bound::AtLeastZero)?;
    let mark = MarkQuote {
        price,
        vol,
        bid,
        ask,
        funding_rate: if is_option { None } else { number(row, shape.funding, Bound::Any)? },
        open_interest,
        confidence: None,
    };
    let forward = if is_option { number(row, shape.forward, Bound::AboveZero)? } else { None };
    let index = number(row, shape.index, Bound::AboveZero)?;
    let observed = observed(shape, row, &instrument)?;
    let place = Place { file: "".into(), row: "".into() };
    let blur_ns = if matches!(shape.observed, Observed::YearsLeft(_)) { YEARS_BLUR_NS } else { 0 };
    let line = Line { place, observed, blur_ns, is_history: shape.is_history, instrument, mark, forward, index };
    Ok((line, dropped))
}

/// Volatility as a fraction; zero, or beyond all bounds, is none.
fn vol(shape: &Shape, row: &dyn Fields) -> Result<(Option<Decimal>, Option<Reason>), Reason> {
    let Some(published) = number(row, shape.vol, Bound::AtLeastZero)? else { return Ok((None, None)) };
    let vol =
        if shape.vol_in_percent { published.over(PERCENT, Rounding::HalfEven).unwrap_or(published) } else { published };
    if vol.signum() > 0 && vol < VOL_BELOW {
        Ok((Some(vol), None))
    } else {
        Ok((None, Some(Reason::NoVolatility(published.to_string()))))
    }
}

fn number(row: &dyn Fields, column: &str, bound: Bound) -> Result<Option<Decimal>, Reason> {
    let Some(text) = (if column.is_empty() { None } else { row.get(column) }) else { return Ok(None) };
    let expected = match bound {
        Bound::AtLeastZero => "a decimal, zero or above",
        Bound::AboveZero => "a decimal above zero",
        Bound::Any => "a decimal",
    };
    let least = match bound {
        Bound::AtLeastZero => 0,
        Bound::AboveZero => 1,
        Bound::Any => -1,
    };
    match text.parse::<Decimal>() {
        Ok(value) if value.signum() >= least => Ok(Some(value)),
        _ => Err(wrong(column, shown(text), expected)),
    }
}

pub(super) fn wrong(column: &str, value: impl Into<String>, expected: impl Into<String>) -> Reason {
    Reason::Wrong { column: column.to_owned(), value: value.into(), expected: expected.into() }
}

/// The instrument that a name of Deribit's stands for.
///
/// # Errors
/// [`Reason::Combo`], [`Reason::Wrong`].
pub(super) fn named(column: &str, row: &dyn Fields) -> Result<Instrument, Reason> {
    let name = row.get(column).unwrap_or_default();
    if row.get("kind").is_some_and(|kind| kind.ends_with("_combo")) || is_combo(name) {
        return Err(Reason::Combo);
    }
    let instrument = Instrument::from_name(name).map_err(|error| wrong(column, shown(name), error.expected))?;
    let ours = instrument.kind() == "perpetual_option";
    if ours || instrument.name_in(NameConvention::Deribit).as_deref() != Some(name) {
        return Err(wrong(column, shown(name), "a name like BTC-PERPETUAL or BTC-27JUN25-100000-C"));
    }
    Ok(instrument)
}

/// Deribit names a combination by the letters of its kind where a contract has its date:
/// `BTC-STRG-19MAY26-74000_79000`, `BTC-FS-27DEC24_PERP`.
fn is_combo(name: &str) -> bool {
    let kind = name.split('-').nth(1).unwrap_or_default();
    !kind.is_empty() && !matches!(kind, "PERPETUAL" | "PERP") && kind.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn instrument(shape: &Shape, row: &dyn Fields, coin: Option<&str>) -> Result<Instrument, Reason> {
    match shape.named {
        Named::By(column) => named(column, row),
        Named::ByTerms => by_terms(row, coin),
    }
}

/// An inverse option by its terms.
fn by_terms(row: &dyn Fields, coin: Option<&str>) -> Result<Instrument, Reason> {
    let coin =
        coin.ok_or_else(|| wrong("file", "no coin", "a coin in the file's name, as in chain_BTC_20240523.csv"))?;
    let expiry = row.get("maturity").and_then(instant);
    let expiry =
        expiry.ok_or_else(|| wrong("maturity", shown(row.get("maturity").unwrap_or_default()), "an instant"))?;
    let strike = number(row, "strike", Bound::AboveZero)?.ok_or_else(|| wrong("strike", "missing", "a strike"))?;
    let right = match row.get("option_type") {
        Some("call") => "C",
        Some("put") => "P",
        other => return Err(wrong("option_type", shown(other.unwrap_or_default()), "call or put")),
    };
    let (year, month, day) = expiry.date();
    let symbol = format!("{coin}/USD:{coin}-{:02}{month:02}{day:02}-{strike}-{right}", year.rem_euclid(100));
    let named = Instrument::from_name(&symbol).ok().filter(|option| option.expiry() == Some(expiry));
    let name = named.and_then(|option| option.name_in(NameConvention::Deribit));
    name.and_then(|name| Instrument::from_name(&name).ok())
        .ok_or_else(|| wrong("maturity", expiry.to_string(), "an option of Deribit's, expiring at 08:00 UTC"))
}

/// The first word of capitals in a file's name: `BTC` of `chain_BTC_20240523.csv`.
pub(super) fn coin_of_file(name: &str) -> Option<&str> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.split(|character: char| !character.is_ascii_alphanumeric())
        .find(|word| (2..=6).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// Where a row also says its terms, they must be those of its name.
fn agrees(row: &dyn Fields, instrument: &Instrument) -> Result<(), Reason> {
    let said = |column: &'static str, ok: &dyn Fn(&str) -> bool, expected: &dyn Fn() -> String| match row.get(column) {
        Some(text) if !ok(text) => Err(wrong(column, shown(text), format!("{}, as the name says", expected()))),
        _ => Ok(()),
    };
    if let Some(strike) = instrument.strike() {
        said("strike", &|text| text.parse() == Ok(strike), &|| strike.to_string())?;
        let right = if instrument.name().ends_with("-C") { "call" } else { "put" };
        said("option_type", &|text| text == right || text.eq_ignore_ascii_case(&right[..1]), &|| right.to_owned())?;
    }
    if let Some(expiry) = instrument.expiry() {
        said("expiry_datetime", &|text| instant(text) == Some(expiry), &|| expiry.to_string())?;
    }
    Ok(())
}

/// When the row was observed.
fn observed(shape: &Shape, row: &dyn Fields, instrument: &Instrument) -> Result<Option<Timestamp>, Reason> {
    let read = |column: &'static str, expected: &'static str, of: &dyn Fn(&str) -> Option<Timestamp>| {
        let text = row.get(column).unwrap_or_default();
        of(text).map(Some).ok_or_else(|| wrong(column, shown(text), expected))
    };
    match shape.observed {
        Observed::At(column) => read(column, "an instant like 2026-02-03T21:35:03Z", &instant),
        Observed::Millis(column) => read(column, "milliseconds since 1970", &|text| {
            // Tables that went through floats write 1.704712781414e12.
            let millis = text.parse::<Decimal>().ok()?.count(0, Rounding::Down);
            Timestamp::from_millis(i64::try_from(millis).ok()?)
        }),
        Observed::YearsLeft(column) => {
            read(column, "years to expiry", &|text| before(instrument.expiry()?, text.parse::<Decimal>().ok()?))
        }
        Observed::Unsaid => Ok(None),
    }
}

/// The second `years` of 365 days before `expiry`.
fn before(expiry: Timestamp, years: Decimal) -> Option<Timestamp> {
    let seconds = years.times(Decimal::from_int(Timestamp::SECONDS_PER_YEAR), Rounding::HalfEven).ok()?;
    let seconds = seconds.count(0, Rounding::HalfEven);
    expiry.plus_seconds(i64::try_from(-seconds).ok()?)
}

/// RFC 3339; without an offset, UTC.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}
