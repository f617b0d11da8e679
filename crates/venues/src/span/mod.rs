//! SPAN risk parameter files, positional, expanded unpacked format: risk arrays in and out.
//!
//! | record | read | columns used |
//! |---|---|---|
//! | `2 ` | combined commodity: its products, how many decimals their arrays have | 3–5 exchange, 7–12 code, 13 risk exponent, 14–16 currency, 18 option style, then six products from 23, 16 columns each: 10 code, 3 type, 1 decimals, 1 sign |
//! | `B ` | delta scaling factor of an expiry | 3–5 exchange, 6–15 product, 16–18 type, 19–26 futures month and day, 28–35 option month and day, 86–91 factor 9(2)V9(4) |
//! | `81`, `82` | a contract and its array: values of five digits and a sign | 3–5 exchange, 6–15 product, 16–25 underlying product, 26–28 type, 29 right, 30–37 futures month and day, 39–46 option month and day, 48–54 strike; from 55 on values 1 to 9, and 10 to 16 with composite delta 9V9(4), volatility 99V9(6), settlement price, sign of the strike |
//! | `83`, `84` | the same with values of eight digits | from 55 on |
//! | the others | counted, not read | |
//!
//! Losses are positive in a file, for one long contract; here gains are positive: [`read()`] flips them and [`write()`]
//! flips them back, once each. A value is × 10^(risk exponent) and ÷ 10^(decimals), × where the decimals' sign is `-`,
//! which nobody was seen to use. Prices and strikes stay as printed, without their decimal point, which `P` records
//! say and nothing here needs.
//!
//! A blank number is zero, a blank sign is plus, what a short line lacks is blank. Reading any bytes gives a file or an
//! error with line, columns, value and what was expected.
//!
//! # Source
//! CME, risk parameter file layouts for the positional formats, cmegroupclientsite.atlassian.net/wiki/spaces/pubspan,
//! pages 46301203 (index), 46104629 (type 2), 46235915 (type 8), and cme-ch.com/span, read 2026-11. Columns of `82`
//! from 97 on and of `83`, `84` and `B` are those that public readers of the format agree on.

mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::models::span::RiskArray;
use plimsoll_margin::models::span::scan::SCENARIOS;
use plimsoll_pricing::formulas::Right;
use thiserror::Error;

pub use read::read;
pub use write::write;

/// What a file says of risk arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanFile {
    /// Combined commodities, a record each.
    pub commodities: Vec<Commodity>,
    /// Delta scaling factors.
    pub scalings: Vec<Scaling>,
    /// Contracts with their arrays.
    pub arrays: Vec<ArrayRecord>,
    /// Records of other types, counted by their first two columns.
    pub passed_over: BTreeMap<String, usize>,
}

/// A combined commodity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commodity {
    /// `CBT`.
    pub exchange: String,
    /// `06`.
    pub code: String,
    /// Values are × ten to this.
    pub risk_exponent: u8,
    /// `USD`.
    pub currency: String,
    /// Whether options are margined like futures; else their premium is paid.
    pub futures_style: bool,
    /// Up to six products.
    pub products: Vec<Product>,
}

/// A product of a combined commodity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// `06`.
    pub code: String,
    /// `FUT`, `PHY`, `CMB`, `OOF`, `OOP`, `OOC`.
    pub kind: String,
    /// Decimals of its array values; below zero, zeros that were left out.
    pub decimals: i8,
}

/// When a contract ends, as files say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// `202507`; empty where there is none.
    pub month: String,
    /// Day or week code, mostly empty.
    pub day: String,
}

/// The delta scaling factor of an expiry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scaling {
    /// `CBT`.
    pub exchange: String,
    /// The product.
    pub product: String,
    /// Its type.
    pub kind: String,
    /// Of the future, or of an option's underlying.
    pub futures: Month,
    /// Of the option.
    pub option: Month,
    /// What a delta of one contract is × to compare it with others of its commodity.
    pub factor: Decimal,
}

/// A contract, by the fields that name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    /// `CBT`.
    pub exchange: String,
    /// The product.
    pub product: String,
    /// The product it is written on.
    pub underlying: String,
    /// `FUT`, `OOF` and so on.
    pub kind: String,
    /// Of an option.
    pub right: Option<Right>,
    /// Of the future, or of an option's underlying.
    pub futures: Month,
    /// Of the option.
    pub option: Month,
    /// As printed, without its decimal point.
    pub strike: i64,
}

/// A contract and its array, as printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayRecord {
    /// Which.
    pub contract: Contract,
    /// What one long contract gains in each scenario, in the file's units.
    pub values: [i64; SCENARIOS],
    /// Composite delta.
    pub composite_delta: Decimal,
    /// Annual, a share.
    pub implied_volatility: Decimal,
    /// As printed, without its decimal point.
    pub settlement: i64,
}

/// Why a file is not read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {value}, expected {expected}")]
pub struct SpanError {
    /// `line 3, columns 55 to 60`, or the contract's name.
    pub place: String,
    /// What stands there.
    pub value: String,
    /// What should.
    pub expected: String,
}

impl Contract {
    /// `CBT 06 OOF 202507 C 14500`.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { exchange, product, kind, futures, option, .. } = self;
        let mut name = format!("{exchange} {product} {kind} {}{}", futures.month, futures.day);
        if let Some(right) = self.right {
            let right = if right == Right::Call { "C" } else { "P" };
            name.push_str(&format!(" {}{} {right} {}", option.month, option.day, self.strike));
        }
        name
    }
}

impl SpanFile {
    /// The arrays as the `span` model takes them. `known` says what a contract is called in the listing and how many
    /// units of the underlying a scaled delta of one stands for; what it does not know is left out. `currency` is what
    /// the arrays must be in, in the file's letters.
    ///
    /// # Errors
    /// [`SpanError`] for two contracts of one name, arrays of another currency, contracts of no product, and figures
    /// that do not fit.
    pub fn risk_arrays(
        &self,
        currency: &str,
        known: impl Fn(&Contract) -> Option<(Arc<str>, Decimal)>,
    ) -> Result<BTreeMap<Arc<str>, RiskArray>, SpanError> {
        let mut all = BTreeMap::new();
        for record in &self.arrays {
            let contract = &record.contract;
            let Some((name, units)) = known(contract) else { continue };
            let place = || contract.name();
            let wrong = |value: &str, expected: String| SpanError { place: place(), value: value.to_owned(), expected };
            let (commodity, product) = self.product(contract).ok_or_else(|| {
                wrong("no product", format!("a record of type 2 with product {} {}", contract.product, contract.kind))
            })?;
            if commodity.currency != currency {
                return Err(wrong(&commodity.currency, format!("arrays in {currency}")));
            }
            let factor = self.factor(contract);
            if factor.signum() <= 0 {
                return Err(wrong("a delta scaling factor of zero", "one above zero".to_owned()));
            }
            let exponent = i32::from(commodity.risk_exponent) - i32::from(product.decimals);
            let array = risk_array(record, units, factor, exponent)
                .ok_or_else(|| wrong("an array", "figures within ±1.7e20".to_owned()))?;
            if all.insert(Arc::clone(&name), array).is_some() {
                let (value, expected) = (format!("{name:?}"), "a name of its own for each contract".to_owned());
                return Err(SpanError { place: place(), value, expected });
            }
        }
        Ok(all)
    }

    /// The product that `contract` is of, with its combined commodity.
    fn product(&self, contract: &Contract) -> Option<(&Commodity, &Product)> {
        let commodities = self.commodities.iter().filter(|commodity| commodity.exchange == contract.exchange);
        let mut products = commodities.flat_map(|commodity| commodity.products.iter().map(move |of| (commodity, of)));
        products.find(|(_, of)| of.code == contract.product && of.kind == contract.kind)
    }

    /// What its delta is scaled by: one where no record says.
    fn factor(&self, contract: &Contract) -> Decimal {
        let Contract { exchange, product, kind, futures, option, .. } = contract;
        let same = |scaling: &&Scaling| {
            (&scaling.exchange, &scaling.product, &scaling.kind) == (exchange, product, kind)
                && (&scaling.futures, &scaling.option) == (futures, option)
        };
        self.scalings.iter().find(same).map_or(Decimal::ONE, |scaling| scaling.factor)
    }
}

fn risk_array(record: &ArrayRecord, units: Decimal, factor: Decimal, exponent: i32) -> Option<RiskArray> {
    let mut pnl = [Decimal::ZERO; SCENARIOS];
    for (pnl, value) in pnl.iter_mut().zip(record.values) {
        *pnl = scaled(value, exponent)?;
    }
    let delta = record.composite_delta.times(factor, Rounding::HalfEven).ok()?;
    Some(RiskArray { pnl, delta: delta.times(units, Rounding::HalfEven).ok()? })
}

/// `value` × 10^`exponent`.
fn scaled(value: i64, exponent: i32) -> Option<Decimal> {
    let ten = |power: u32| 10_i128.checked_pow(power);
    if exponent < 0 {
        let down = Decimal::from_units(Decimal::UNITS_PER_ONE / ten(exponent.unsigned_abs())?)?;
        down.times_count(value.into()).ok()
    } else {
        Decimal::from_int(value).times_count(ten(exponent.unsigned_abs())?).ok()
    }
}

/// Any bytes, read as a risk parameter file: what is accepted must write and read back equal.
///
/// # Panics
/// When it does not: that is the finding.
pub fn fuzz_span(bytes: &[u8]) {
    let Ok(mut file) = read(bytes) else { return };
    file.passed_over.clear();
    let written = write(&file).map(|text| read(text.as_bytes()));
    assert_eq!(written, Ok(Ok(file)), "written and read back");
}
