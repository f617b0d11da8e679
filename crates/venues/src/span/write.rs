//! Records into columns.

use plimsoll_core::Decimal;
use plimsoll_pricing::formulas::Right;

use super::{ArrayRecord, Commodity, Contract, Month, Scaling, SpanError, SpanFile};

/// Products in a record.
const PRODUCTS: usize = 6;
/// The largest value of the narrow records.
const NARROW: i64 = 99_999;

/// Writes a file: commodities, delta scaling factors, arrays, as `82` or, where a value has more than five digits, `84`.
///
/// # Errors
/// [`SpanError`] for what does not fit its columns, naming the contract or commodity.
pub fn write(file: &SpanFile) -> Result<String, SpanError> {
    let mut out = String::new();
    for commodity in &file.commodities {
        let place = format!("commodity {} {}", commodity.exchange, commodity.code);
        line(&mut out, &of_commodity(commodity, &Row::new(&place))?);
    }
    for scaling in &file.scalings {
        let place = format!("scaling of {} {} {}", scaling.exchange, scaling.product, scaling.kind);
        line(&mut out, &of_scaling(scaling, &Row::new(&place))?);
    }
    for array in &file.arrays {
        for row in of_array(array, &Row::new(&array.contract.name()))? {
            line(&mut out, &row);
        }
    }
    Ok(out)
}

fn line(out: &mut String, row: &str) {
    out.push_str(row.trim_end());
    out.push('\n');
}

/// What a row is of, for errors.
struct Row<'a> {
    place: &'a str,
}

impl<'a> Row<'a> {
    const fn new(place: &'a str) -> Self {
        Self { place }
    }

    fn wrong(&self, value: &impl ToString, expected: &str) -> SpanError {
        SpanError { place: self.place.to_owned(), value: value.to_string(), expected: expected.to_owned() }
    }

    /// Text in `width` columns.
    fn text(&self, text: &str, width: usize) -> Result<String, SpanError> {
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !printable || text.len() > width || text.ends_with(' ') {
            return Err(self.wrong(&format!("{text:?}"), &format!("at most {width} printable ASCII characters")));
        }
        Ok(format!("{text:width$}"))
    }

    /// A whole number in `width` columns.
    fn number(&self, number: i64, width: usize) -> Result<String, SpanError> {
        let digits = format!("{:0width$}", number.unsigned_abs());
        if digits.len() > width { Err(self.wrong(&number, &format!("at most {width} digits"))) } else { Ok(digits) }
    }

    fn signed(&self, number: i64, width: usize) -> Result<String, SpanError> {
        Ok(self.number(number, width)? + sign(number))
    }

    /// A number with `places` decimals, as a whole number of them.
    fn whole(&self, number: Decimal, places: u32) -> Result<i64, SpanError> {
        let one = Decimal::new(1, places);
        let split = number.split_by(one).filter(|(_, rest)| rest.is_zero());
        split
            .and_then(|(whole, _)| i64::try_from(whole).ok())
            .ok_or_else(|| self.wrong(&number, &format!("at most {places} decimals")))
    }

    fn month(&self, month: &Month) -> Result<String, SpanError> {
        let digits = month.month.is_empty() || month.month.len() == 6;
        if !digits || !month.month.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong(&format!("{:?}", month.month), "a month as CCYYMM, or none"));
        }
        Ok(self.text(&month.month, 6)? + &self.text(&month.day, 2)?)
    }
}

const fn sign(number: i64) -> &'static str {
    if number < 0 { "-" } else { "+" }
}

fn of_commodity(commodity: &Commodity, row: &Row<'_>) -> Result<String, SpanError> {
    let Commodity { exchange, code, risk_exponent, currency, futures_style, products } = commodity;
    if products.len() > PRODUCTS {
        return Err(row.wrong(&products.len(), "at most six products"));
    }
    let mut out = format!("2 {} {}", row.text(exchange, 3)?, row.text(code, 6)?);
    out += &row.number((*risk_exponent).into(), 1)?;
    out += &row.text(currency, 3)?;
    out += if *futures_style { " F    " } else { " P    " };
    for product in products {
        if product.code.is_empty() && product.kind.is_empty() {
            return Err(row.wrong(&"a product without code and type", "one of them"));
        }
        let decimals = i64::from(product.decimals);
        out += &row.text(&product.code, 10)?;
        out += &row.text(&product.kind, 3)?;
        out += &row.signed(decimals, 1)?;
        out.push(' ');
    }
    Ok(out)
}

fn of_scaling(scaling: &Scaling, row: &Row<'_>) -> Result<String, SpanError> {
    let Scaling { exchange, product, kind, futures, option, factor } = scaling;
    if factor.signum() < 0 {
        return Err(row.wrong(factor, "a factor of at least zero"));
    }
    let key = row.text(exchange, 3)? + &row.text(product, 10)? + &row.text(kind, 3)?;
    let factor = row.number(row.whole(*factor, 4)?, 6)?;
    Ok(format!("B {key}{} {}{:50}{factor}", row.month(futures)?, row.month(option)?, ""))
}

fn of_array(record: &ArrayRecord, row: &Row<'_>) -> Result<[String; 2], SpanError> {
    let ArrayRecord { contract, values, composite_delta, implied_volatility, settlement } = record;
    let key = of_contract(contract, row)?;
    let wide = values.iter().any(|value| value.unsigned_abs() > NARROW.unsigned_abs());
    let (ids, width) = if wide { (["83", "84"], 8) } else { (["81", "82"], 5) };
    // Losses are positive in a file; nothing lost is written with a plus.
    let mut columns = Vec::with_capacity(values.len());
    for value in values {
        columns.push(row.number(*value, width)? + if *value > 0 { "-" } else { "+" });
    }
    if implied_volatility.signum() < 0 {
        return Err(row.wrong(implied_volatility, "a volatility of at least zero"));
    }
    let (first, second) = columns.split_at(9);
    let rest = row.signed(row.whole(*composite_delta, 4)?, 5)?
        + &row.number(row.whole(*implied_volatility, 6)?, 8)?
        + &row.signed(*settlement, 7)?
        + sign(contract.strike);
    let [one, two] = ids;
    Ok([format!("{one}{key}{}", first.concat()), format!("{two}{key}{}{rest}", second.concat())])
}

fn of_contract(contract: &Contract, row: &Row<'_>) -> Result<String, SpanError> {
    let Contract { exchange, product, underlying, kind, right, futures, option, strike } = contract;
    let right = match right {
        None => " ",
        Some(Right::Call) => "C",
        Some(Right::Put) => "P",
    };
    let names = row.text(exchange, 3)? + &row.text(product, 10)? + &row.text(underlying, 10)? + &row.text(kind, 3)?;
    let months = format!("{} {} ", row.month(futures)?, row.month(option)?);
    Ok(names + right + &months + &row.number(*strike, 7)?)
}
