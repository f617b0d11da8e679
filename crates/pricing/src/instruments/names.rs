//! Names of contracts, in Deribit's and ccxt's conventions: read, written, and one name for one thing.
//!
//! | contract | Deribit | ccxt |
//! |---|---|---|
//! | spot | `BTC_USDC` | `BTC/USDT` |
//! | perpetual, linear | `ETH_USDC-PERPETUAL` | `BTC/USDT:USDT` |
//! | perpetual, inverse | `BTC-PERPETUAL` | `BTC/USD:BTC` |
//! | dated future | `BTC-27DEC24` | `BTC/USD:BTC-241227` |
//! | option | `XRP_USDC-27JUN25-0d5-C` | `BTC/USD:BTC-241227-100000-C` |
//! | perpetual option | `BTC_USDC-PERP-60000-C` | `BTC/USD:USDC-PERP-60000-C` |
//!
//! Dated contracts expire at 08:00 UTC. A Deribit name without a quote is quoted in `USD` and settled in
//! its coin. A contract quoted in one dollar and settled in another (`BTC/USD:USDC`) pays one for one: a
//! quanto at a rate of one. Neither venue lists perpetual options, so their form here is ours.
//!
//! A name says nothing of sizes: those of `names/defaults.rs` are assumed, and a document may say
//! otherwise. Only the one canonical spelling is read, so that a name and its contract are one to one.

mod defaults;
mod reading;

use plimsoll_core::{Asset, Decimal, Timestamp, Underlying};
use thiserror::Error;

use super::{EuropeanOption, Future, Instrument, Perpetual, PerpetualOption, Spot, Style, Terms};
use crate::formulas::Right;
use defaults::sizes;
pub(super) use defaults::{FUNDING_INTERVAL_S, FUNDING_PERIOD_S};
pub(super) use reading::{Wrong, is_plain};

/// No name is longer: three assets of 16 letters with their marks, a date, a strike of 40 digits, a right.
const LONGEST: usize = 100;
/// The hour UTC at which dated contracts expire.
const EXPIRY_HOUR: i8 = 8;
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Whose way of naming contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameConvention {
    /// Deribit's: `BTC-27JUN25-100000-C`.
    Deribit,
    /// ccxt's unified symbols: `BTC/USD:BTC-250627-100000-C`.
    Ccxt,
}

/// Why a text names no contract.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name:?} names no instrument: found {found:?}, expected {expected}")]
pub struct InstrumentNameError {
    /// The text, cut when long.
    pub name: String,
    /// The part at fault, cut when long.
    pub found: String,
    /// What was expected in its place.
    pub expected: String,
}

/// What stands before the kind's own part of a name: what is traded, in what, settled in what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) convention: NameConvention,
    pub(super) underlying: Underlying,
    pub(super) quote: Asset,
    pub(super) settlement: Asset,
    pub(super) style: Style,
}

impl Instrument {
    /// The contract that `name` stands for, by either convention, with the sizes assumed for it.
    ///
    /// # Errors
    /// [`InstrumentNameError`] names the part at fault and what was expected.
    pub fn from_name(name: &str) -> Result<Self, InstrumentNameError> {
        let error = |wrong: Wrong| InstrumentNameError {
            name: cut(name),
            found: cut(wrong.found),
            expected: wrong.expected.into_owned(),
        };
        let (convention, instrument) = reading::read(name).map_err(error)?;
        // The last word on spelling: what is written for this contract must be what was read.
        match instrument.name_in(convention) {
            Some(canonical) if canonical == name => Ok(instrument),
            Some(canonical) => Err(error(Wrong::new(name, format!("the spelling {canonical}")))),
            None => Err(error(Wrong::new(name, "a name of this convention"))),
        }
    }

    /// Its name in a convention; `None` where the convention cannot say what it is (another hour of
    /// expiry, another quote, a quanto).
    #[must_use]
    pub fn name_in(&self, convention: NameConvention) -> Option<String> {
        match self {
            Self::Spot(spot) => spot.name_in(convention),
            Self::Perpetual(perpetual) => perpetual.name_in(convention),
            Self::Future(future) => future.name_in(convention),
            Self::Option(option) => option.name_in(convention),
            Self::PerpetualOption(option) => option.name_in(convention),
        }
    }
}

impl NameConvention {
    /// The head of a contract's name, spot apart; `None` where it would not read back.
    pub(super) fn head(self, terms: &Terms, style: Style) -> Option<String> {
        let (underlying, quote, settlement) = (terms.underlying, terms.quote, terms.settlement);
        if ![underlying.asset(), quote, settlement].into_iter().all(is_plain) {
            return None;
        }
        match (self, style) {
            (Self::Deribit, Style::Inverse) => (quote.as_str() == "USD").then(|| underlying.to_string()),
            (Self::Deribit, Style::Linear) => Some(format!("{underlying}_{quote}")),
            (Self::Deribit, Style::Quanto { .. }) => None,
            (Self::Ccxt, Style::Quanto { rate }) if rate != Decimal::ONE || !both_dollars(quote, settlement) => None,
            (Self::Ccxt, _) => Some(format!("{underlying}/{quote}:{settlement}")),
        }
    }

    /// A date, when it is one that a name can say.
    pub(super) fn date(self, expiry: Timestamp) -> Option<String> {
        let (year, month, day) = expiry.date();
        let on_the_hour = Timestamp::from_date(year, month, day, EXPIRY_HOUR).ok()? == expiry;
        if !on_the_hour || !(2000..2100).contains(&year) {
            return None;
        }
        let short = year - 2000;
        match self {
            Self::Deribit => {
                let name = MONTHS.get(usize::try_from(month - 1).ok()?)?;
                Some(format!("{day}{name}{short:02}"))
            }
            Self::Ccxt => Some(format!("{short:02}{month:02}{day:02}")),
        }
    }

    /// A strike: Deribit writes `d` for the decimal point.
    pub(super) fn strike(self, strike: Decimal) -> String {
        match self {
            Self::Deribit => strike.to_string().replace('.', "d"),
            Self::Ccxt => strike.to_string(),
        }
    }
}

/// An option's right in a name.
pub(super) const fn right(right: Right) -> &'static str {
    match right {
        Right::Call => "C",
        Right::Put => "P",
    }
}

/// Whether a contract quoted in the one and settled in the other pays one for one.
fn both_dollars(quote: Asset, settlement: Asset) -> bool {
    let dollar = |asset: Asset| asset.as_str().starts_with("USD");
    quote != settlement && dollar(quote) && dollar(settlement)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Reads arbitrary bytes as a name, for fuzzing. Whatever is read must be written back the same, and
/// written in the other convention must read as the same contract.
///
/// # Panics
/// When a name does not come back: a defect here, whatever the bytes.
pub fn fuzz_names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(instrument) = Instrument::from_name(&text) else { return };
    assert_eq!(instrument.name(), text);
    for convention in [NameConvention::Deribit, NameConvention::Ccxt] {
        let Some(name) = instrument.name_in(convention) else { continue };
        let again = Instrument::from_name(&name);
        let same = again.as_ref().is_ok_and(|again| {
            again.name() == name
                && again.kind() == instrument.kind()
                && again.style() == instrument.style()
                && again.expiry() == instrument.expiry()
                && again.strike() == instrument.strike()
                && again.right() == instrument.right()
                && again.terms().underlying == instrument.terms().underlying
                && again.terms().quote == instrument.terms().quote
                && again.terms().settlement == instrument.terms().settlement
        });
        assert!(same, "{text:?} is written {name:?}, which reads as {again:?}");
    }
}
