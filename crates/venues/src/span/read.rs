//! Columns into records.

use plimsoll_core::Decimal;
use plimsoll_margin::models::span::scan::SCENARIOS;
use plimsoll_pricing::formulas::Right;

use super::{ArrayRecord, Commodity, Contract, Month, Product, Scaling, SpanError, SpanFile};

/// Records that are counted and not read.
const OTHERS: [&str; 22] = [
    "0 ", "1 ", "3 ", "4 ", "5 ", "6 ", "9 ", "91", "92", "93", "94", "C ", "D ", "E ", "P ", "R ", "S ", "T ", "V ",
    "X ", "Y ", "Z ",
];

/// Reads a risk parameter file.
///
/// # Errors
/// [`SpanError`] with the first line, columns and value that are not what the format says.
pub fn read(bytes: &[u8]) -> Result<SpanFile, SpanError> {
    let mut file = SpanFile::default();
    let mut first: Option<First<'_>> = None;
    for (at, bytes) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let line = Line { number: at + 1, bytes };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let id = line.text(1, 2)?;
        let second = matches!(id.as_str(), "82" | "84");
        match (first.take(), second) {
            (Some(of), true) => {
                file.arrays.push(of.with(&line, &id)?);
                continue;
            }
            (Some(of), false) => {
                return Err(of.line.wrong(1, 2, "the second record of this contract on the next line"));
            }
            (None, true) => return Err(line.wrong(1, 2, "its first record, 81 or 83, on the line before")),
            (None, false) => {}
        }
        match id.as_str() {
            "2" => file.commodities.push(commodity(&line)?),
            "B" => file.scalings.push(scaling(&line)?),
            "81" | "83" => first = Some(First::of(line, &id)?),
            other if OTHERS.iter().any(|known| known.trim_end() == other) => {
                *file.passed_over.entry(other.to_owned()).or_default() += 1;
            }
            _ => {
                return Err(line.wrong(
                    1,
                    2,
                    "a record of the expanded format: 0 to 6, 81 to 84, 9, B to E, P, R to Z",
                ));
            }
        }
    }
    match first {
        Some(of) => Err(of.line.wrong(1, 2, "the second record of this contract on the next line")),
        None => Ok(file),
    }
}

/// One line.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    bytes: &'a [u8],
}

impl<'a> Line<'a> {
    /// Columns `from` to `to`, counted from one; what the line lacks is left out.
    fn columns(&self, from: usize, to: usize) -> &'a [u8] {
        let end = to.min(self.bytes.len());
        self.bytes.get(from - 1..end).unwrap_or_default()
    }

    fn wrong(&self, from: usize, to: usize, expected: &str) -> SpanError {
        let shown = self.columns(from, to).escape_ascii().to_string();
        SpanError {
            place: format!("line {}, columns {from} to {to}", self.number),
            value: format!("{shown:?}"),
            expected: expected.to_owned(),
        }
    }

    /// Text without the blanks at its end.
    fn text(&self, from: usize, to: usize) -> Result<String, SpanError> {
        let text = self.columns(from, to);
        if !text.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            return Err(self.wrong(from, to, "printable ASCII"));
        }
        Ok(String::from_utf8_lossy(text).trim_end().to_owned())
    }

    /// A whole number; blank is zero.
    fn number(&self, from: usize, to: usize) -> Result<i64, SpanError> {
        let text = self.columns(from, to).trim_ascii();
        if !text.iter().all(u8::is_ascii_digit) {
            return Err(self.wrong(from, to, "digits"));
        }
        // The widest field has eight digits.
        Ok(text.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    }

    /// A whole number and its sign in column `sign`; blank is plus.
    fn signed(&self, from: usize, to: usize, sign: usize) -> Result<i64, SpanError> {
        let number = self.number(from, to)?;
        match self.columns(sign, sign) {
            [] | b" " | b"+" => Ok(number),
            b"-" => Ok(-number),
            _ => Err(self.wrong(sign, sign, "+, - or blank")),
        }
    }

    /// A small number.
    fn digit(&self, at: usize) -> Result<u8, SpanError> {
        u8::try_from(self.number(at, at)?).map_err(|_| self.wrong(at, at, "a digit"))
    }

    fn month(&self, from: usize) -> Result<Month, SpanError> {
        let month = self.text(from, from + 5)?;
        if !(month.is_empty() || month.len() == 6 && month.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(self.wrong(from, from + 5, "a month as CCYYMM, or blank"));
        }
        Ok(Month { month, day: self.text(from + 6, from + 7)? })
    }
}

fn commodity(line: &Line<'_>) -> Result<Commodity, SpanError> {
    let futures_style = match line.columns(18, 18) {
        [] | b" " | b"P" => false,
        b"F" => true,
        _ => return Err(line.wrong(18, 18, "P, F or blank")),
    };
    let mut products = Vec::new();
    for from in (23..=103).step_by(16) {
        let (code, kind) = (line.text(from, from + 9)?, line.text(from + 10, from + 12)?);
        let decimals = line.digit(from + 13)?.cast_signed();
        let decimals = if line.columns(from + 14, from + 14) == b"-" { -decimals } else { decimals };
        if !code.is_empty() || !kind.is_empty() {
            products.push(Product { code, kind, decimals });
        }
    }
    Ok(Commodity {
        exchange: line.text(3, 5)?,
        code: line.text(7, 12)?,
        risk_exponent: line.digit(13)?,
        currency: line.text(14, 16)?,
        futures_style,
        products,
    })
}

fn scaling(line: &Line<'_>) -> Result<Scaling, SpanError> {
    Ok(Scaling {
        exchange: line.text(3, 5)?,
        product: line.text(6, 15)?,
        kind: line.text(16, 18)?,
        futures: line.month(19)?,
        option: line.month(28)?,
        factor: Decimal::new(line.number(86, 91)?, 4),
    })
}

/// A contract whose second record is still to come.
struct First<'a> {
    line: Line<'a>,
    wide: bool,
    contract: Contract,
    values: [i64; SCENARIOS],
}

/// Values of the first record.
const OF_FIRST: usize = 9;

impl<'a> First<'a> {
    fn of(line: Line<'a>, id: &str) -> Result<Self, SpanError> {
        let right = match line.columns(29, 29) {
            [] | b" " => None,
            b"C" => Some(Right::Call),
            b"P" => Some(Right::Put),
            _ => return Err(line.wrong(29, 29, "C, P or blank")),
        };
        let contract = Contract {
            exchange: line.text(3, 5)?,
            product: line.text(6, 15)?,
            underlying: line.text(16, 25)?,
            kind: line.text(26, 28)?,
            right,
            futures: line.month(30)?,
            option: line.month(39)?,
            strike: line.number(48, 54)?,
        };
        let mut first = Self { line, wide: id == "83", contract, values: [0; SCENARIOS] };
        first.read(&line, 0..OF_FIRST)?;
        Ok(first)
    }

    /// Digits of a value.
    const fn width(&self) -> usize {
        if self.wide { 8 } else { 5 }
    }

    /// Values from column 55 on; a loss in the file is a loss here too: its sign is flipped.
    fn read(&mut self, line: &Line<'_>, places: std::ops::Range<usize>) -> Result<(), SpanError> {
        let width = self.width();
        for (at, place) in places.enumerate() {
            let from = 55 + at * (width + 1);
            self.values[place] = -line.signed(from, from + width - 1, from + width)?;
        }
        Ok(())
    }

    /// The record with what the second line says.
    fn with(mut self, line: &Line<'_>, id: &str) -> Result<ArrayRecord, SpanError> {
        if (id == "84") != self.wide {
            return Err(line.wrong(1, 2, if self.wide { "84, as the line before is 83" } else { "82, after an 81" }));
        }
        let same = |from, to| line.columns(from, to).trim_ascii_end() == self.line.columns(from, to).trim_ascii_end();
        if !same(3, 54) {
            return Err(line.wrong(3, 54, "the contract of the line before"));
        }
        self.read(line, OF_FIRST..SCENARIOS)?;
        let from = 55 + (SCENARIOS - OF_FIRST) * (self.width() + 1);
        let strike = line.signed(48, 54, from + 22)?;
        Ok(ArrayRecord {
            composite_delta: Decimal::new(line.signed(from, from + 4, from + 5)?, 4),
            implied_volatility: Decimal::new(line.number(from + 6, from + 13)?, 6),
            settlement: line.signed(from + 14, from + 20, from + 21)?,
            contract: Contract { strike, ..self.contract },
            values: self.values,
        })
    }
}
