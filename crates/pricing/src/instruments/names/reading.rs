//! Taking a name apart.

use std::borrow::Cow;
use std::sync::Arc;

use super::{
    Asset, Decimal, EXPIRY_HOUR, EuropeanOption, Future, Head, Instrument, LONGEST, MONTHS, NameConvention, Perpetual,
    PerpetualOption, Right, Spot, Style, Terms, Timestamp, Underlying, both_dollars, sizes,
};

/// The part of a name at fault.
#[derive(Debug)]
pub(in crate::instruments) struct Wrong<'a> {
    pub(super) found: &'a str,
    pub(super) expected: Cow<'static, str>,
}

impl<'a> Wrong<'a> {
    pub(super) fn new(found: &'a str, expected: impl Into<Cow<'static, str>>) -> Self {
        Self { found, expected: expected.into() }
    }
}

/// Reads a name; its spelling is checked by the caller.
pub(super) fn read(name: &str) -> Result<(NameConvention, Instrument), Wrong<'_>> {
    if name.len() > LONGEST || !name.is_ascii() {
        return Err(Wrong::new(name, format!("at most {LONGEST} letters, digits and - _ / : .")));
    }
    let (convention, instrument) = if name.contains('/') {
        (NameConvention::Ccxt, read_ccxt(name)?)
    } else {
        (NameConvention::Deribit, read_deribit(name)?)
    };
    Ok((convention, instrument))
}

/// `BASE[_QUOTE][-kind's own part]`.
fn read_deribit(name: &str) -> Result<Instrument, Wrong<'_>> {
    let (pair, own) = split(name, '-');
    let (base, quote) = split(pair, '_');
    let underlying = symbol(base, "an underlying like BTC")?.underlying();
    let (quote, settlement, style) = match quote {
        Some(quote) => {
            let quote = symbol(quote, "a quote asset like USDC")?;
            (quote, quote, Style::Linear)
        }
        None => (symbol("USD", "USD")?, underlying.asset(), Style::Inverse),
    };
    differ(pair, underlying, quote)?;
    let head = Head { convention: NameConvention::Deribit, underlying, quote, settlement, style };
    match own {
        None if style == Style::Linear => Ok(Instrument::Spot(Spot::named(name, &head))),
        None => Err(Wrong::new(name, "a pair like BTC_USDC, or a contract like BTC-PERPETUAL or BTC-27JUN25-100000-C")),
        Some("PERPETUAL") => Ok(Instrument::Perpetual(Perpetual::named(name, &head))),
        Some(own) => dated(name, &head, own),
    }
}

/// `BASE/QUOTE[:SETTLEMENT[-kind's own part]]`.
fn read_ccxt(name: &str) -> Result<Instrument, Wrong<'_>> {
    let (pair, rest) = split(name, ':');
    let (base, quote) = split(pair, '/');
    let underlying = symbol(base, "an underlying like BTC")?.underlying();
    let quote = symbol(quote.unwrap_or_default(), "a quote asset like USDT")?;
    differ(pair, underlying, quote)?;
    let Some(rest) = rest else {
        let head =
            Head { convention: NameConvention::Ccxt, underlying, quote, settlement: quote, style: Style::Linear };
        return Ok(Instrument::Spot(Spot::named(name, &head)));
    };
    let (settlement_text, own) = split(rest, '-');
    let settlement = symbol(settlement_text, "a settlement asset like USDT")?;
    let style = if settlement == quote {
        Style::Linear
    } else if settlement == underlying.asset() {
        Style::Inverse
    } else if both_dollars(quote, settlement) {
        Style::Quanto { rate: Decimal::ONE }
    } else {
        let expected = format!("{quote} or {underlying} to settle in (a quanto's rate is not in its name)");
        return Err(Wrong::new(settlement_text, expected));
    };
    let head = Head { convention: NameConvention::Ccxt, underlying, quote, settlement, style };
    match own {
        None => Ok(Instrument::Perpetual(Perpetual::named(name, &head))),
        Some(own) => dated(name, &head, own),
    }
}

/// What has a date or a strike: `date`, `date-strike-right` or `PERP-strike-right`.
fn dated<'a>(name: &'a str, head: &Head, own: &'a str) -> Result<Instrument, Wrong<'a>> {
    let mut parts = own.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(date), None, None, None) => Future::named(name, head, date).map(Instrument::Future),
        (Some("PERP"), Some(strike), Some(right), None) => {
            PerpetualOption::named(name, head, strike, right).map(Instrument::PerpetualOption)
        }
        (Some(date), Some(strike), Some(right), None) => {
            EuropeanOption::named(name, head, date, strike, right).map(Instrument::Option)
        }
        _ => Err(Wrong::new(own, "a date, a date-strike-right, or PERP-strike-right")),
    }
}

impl Head {
    /// Terms with the sizes assumed.
    pub(in crate::instruments) fn terms(&self, name: &str, option: bool) -> Terms {
        let (contract_size, lot_size) = sizes(self, option);
        Terms {
            name: Arc::from(name),
            underlying: self.underlying,
            quote: self.quote,
            settlement: self.settlement,
            contract_size,
            lot_size,
        }
    }

    /// 08:00 UTC of a date.
    pub(in crate::instruments) fn expiry<'a>(&self, text: &'a str) -> Result<Timestamp, Wrong<'a>> {
        let (date, expected) = match self.convention {
            NameConvention::Deribit => (deribit_date(text), "a date like 27JUN25"),
            NameConvention::Ccxt => (ccxt_date(text), "a date like 250627"),
        };
        date.and_then(|(year, month, day)| Timestamp::from_date(year, month, day, EXPIRY_HOUR).ok())
            .ok_or_else(|| Wrong::new(text, expected))
    }

    /// A strike above zero.
    pub(in crate::instruments) fn strike<'a>(&self, text: &'a str) -> Result<Decimal, Wrong<'a>> {
        let (point, expected) = match self.convention {
            NameConvention::Deribit => ('d', "a strike above zero like 100000 or 0d5"),
            NameConvention::Ccxt => ('.', "a strike above zero like 100000 or 0.5"),
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || char::from(byte) == point);
        let strike = if digits { text.replace(point, ".").parse::<Decimal>().ok() } else { None };
        strike.filter(|strike| strike.signum() > 0).ok_or_else(|| Wrong::new(text, expected))
    }

    /// `C` or `P`.
    pub(in crate::instruments) fn right<'a>(&self, text: &'a str) -> Result<Right, Wrong<'a>> {
        match text {
            "C" => Ok(Right::Call),
            "P" => Ok(Right::Put),
            _ => Err(Wrong::new(text, "C for a call or P for a put")),
        }
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Letters and digits: the marks between parts may not stand inside one.
fn symbol<'a>(text: &'a str, expected: &'static str) -> Result<Asset, Wrong<'a>> {
    text.parse().ok().filter(|asset| is_plain(*asset)).ok_or_else(|| Wrong::new(text, expected))
}

/// Whether an asset's name can stand in a contract's.
pub(in crate::instruments) fn is_plain(asset: Asset) -> bool {
    asset.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn differ(pair: &str, underlying: Underlying, quote: Asset) -> Result<(), Wrong<'_>> {
    if underlying.asset() == quote { Err(Wrong::new(pair, "two different assets")) } else { Ok(()) }
}

/// `27JUN25`, `7JUN25`.
fn deribit_date(text: &str) -> Option<(i16, i8, i8)> {
    let (before, year) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let (day, month) = before.split_at_checked(before.len().checked_sub(3)?)?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Some((2000 + i16::from(digits(year)?), i8::try_from(month).ok()?, digits(day)?))
}

/// `250627`.
fn ccxt_date(text: &str) -> Option<(i16, i8, i8)> {
    let pair = |at: usize| digits(text.get(at..at + 2)?);
    if text.len() == 6 { Some((2000 + i16::from(pair(0)?), pair(2)?, pair(4)?)) } else { None }
}

/// One or two digits.
fn digits(text: &str) -> Option<i8> {
    let plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}
