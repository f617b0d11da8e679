//! The sixteen scenarios: a future's risk array, a portfolio's scan, price risk, composite delta.

use std::sync::Arc;

use plimsoll_core::{Decimal, InstrumentId, NumberError, Rounding, Underlying};

use crate::MarginError;
use crate::array::{ContractArray, Holding, Table, array_lots};
use crate::scenario::Scenario;

/// Scenarios of an array.
pub const SCENARIOS: usize = 16;

/// What an array says of every scenario, gains positive.
pub type Figures = [Decimal; SCENARIOS];

/// Thirds of the price scan range, in the order of the scenarios; those beyond are the extreme moves.
const THIRDS: [i128; 14] = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3];

/// How far the extreme scenarios go, and what of them counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extreme {
    /// Price scan ranges that they are away: 2.
    pub multiple: Decimal,
    /// Share of what they gain or lose that counts: 0.35.
    pub cover: Decimal,
}

impl Extreme {
    /// The moves of the price, of which `range` is the price scan range: in money where that is, a share where it
    /// is one.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn moves(&self, range: Decimal) -> Result<Figures, NumberError> {
        let mut all = [Decimal::ZERO; SCENARIOS];
        for (by, thirds) in all.iter_mut().zip(THIRDS) {
            *by = range.times_ratio(Decimal::ONE.times_count(thirds)?, Decimal::from_int(3), Rounding::HalfEven)?;
        }
        let extreme = range.times(self.multiple, Rounding::HalfEven)?;
        all[14] = extreme;
        all[15] = extreme.negated();
        Ok(all)
    }

    /// The share of a scenario's gain or loss that counts.
    #[must_use]
    pub const fn counts(&self, scenario: usize) -> Decimal {
        if scenario < THIRDS.len() { Decimal::ONE } else { self.cover }
    }

    /// The risk array of one long future whose price scan range is `range`, in the asset of the range: volatility
    /// does not matter.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// CME, components of SPAN; L. G. McMillan, "Options as a Strategic Investment", ch. 34.
    pub fn future(&self, range: Decimal) -> Result<Figures, NumberError> {
        let mut pnl = self.moves(range)?;
        for (scenario, pnl) in pnl.iter_mut().enumerate() {
            *pnl = pnl.times(self.counts(scenario), Rounding::HalfEven)?;
        }
        Ok(pnl)
    }

    /// The scenarios of a price scan range and a volatility scan range, both shares.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn scenarios(&self, price: Decimal, vol: Decimal, seconds: u32) -> Result<Arc<[Scenario]>, NumberError> {
        let moves = self.moves(price)?;
        let named = |(at, price): (usize, Decimal)| Scenario {
            name: format!("{} {}", at + 1, name(at)).into(),
            price,
            vol: match at {
                14 | 15 => Decimal::ZERO,
                at if at.is_multiple_of(2) => vol,
                _ => vol.negated(),
            },
            seconds,
            damping: self.counts(at),
            ..Scenario::unshocked()
        };
        Ok(moves.into_iter().enumerate().map(named).collect())
    }
}

/// `price +2/3, vol down`.
fn name(scenario: usize) -> String {
    let Some(thirds) = THIRDS.get(scenario) else {
        return format!("price extreme {}", if scenario == 14 { "up" } else { "down" });
    };
    let vol = if scenario.is_multiple_of(2) { "up" } else { "down" };
    match thirds {
        0 => format!("price unchanged, vol {vol}"),
        _ => format!("price {thirds:+}/3, vol {vol}"),
    }
}

/// What a portfolio stands to lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Its gain in every scenario.
    pub pnl: Figures,
    /// The largest loss, at least zero.
    pub risk: Decimal,
    /// The scenario it is lost in, counted from zero; the first of those that lose as much.
    pub worst: usize,
}

impl Scan {
    /// The worst of `pnl`, a portfolio's gain in every scenario.
    #[must_use]
    pub fn of(pnl: Figures) -> Self {
        let mut worst = 0;
        for (at, gain) in pnl.iter().enumerate() {
            if *gain < pnl[worst] {
                worst = at;
            }
        }
        Self { pnl, risk: pnl[worst].negated().or_zero(), worst }
    }

    /// The scan of `legs`, contracts and the array of one of them each, summed as the engine sums.
    ///
    /// # Errors
    /// [`MarginError::TooManyLots`], [`MarginError::CellTooLarge`].
    pub fn of_legs(legs: &[(Decimal, Figures)]) -> Result<Self, MarginError> {
        let underlying: Underlying = "PORTFOLIO".parse().map_err(|_| NumberError::NotANumber(String::new()))?;
        let rules = Extreme { multiple: Decimal::ZERO, cover: Decimal::ONE };
        let scenarios = rules.scenarios(Decimal::ZERO, Decimal::ZERO, 0)?;
        let (mut arrays, mut holdings) = (Vec::with_capacity(legs.len()), Vec::with_capacity(legs.len()));
        for (id, (quantity, pnl)) in (0..).zip(legs) {
            let array = ContractArray {
                id: InstrumentId(id),
                name: format!("leg {id}").into(),
                expiry: None,
                pnl: pnl.to_vec(),
            };
            holdings.push(Holding { row: arrays.len(), lots: array_lots(*quantity, underlying)? });
            arrays.push(array);
        }
        Self::of_holdings(&Table::of_arrays(underlying, scenarios, &arrays)?, &holdings)
    }

    /// The scan of `holdings` of a table of sixteen columns.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn of_holdings(table: &Table, holdings: &[Holding]) -> Result<Self, MarginError> {
        let mut pnl = [Decimal::ZERO; SCENARIOS];
        for (gain, sum) in pnl.iter_mut().zip(table.sums(holdings, 0..SCENARIOS)) {
            *gain = table.loss(sum)?.negated();
        }
        Ok(Self::of(pnl))
    }

    /// What the portfolio loses to the price alone: the mean loss of the worst scenario and its pair, in which the
    /// volatility goes the other way, less the mean loss of the two in which the price stays; at least zero.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// CME, weighted price risk (cmegroup wiki, page 11207217).
    pub fn price_risk(&self) -> Result<Decimal, NumberError> {
        let pair = if self.worst < THIRDS.len() { self.worst ^ 1 } else { self.worst };
        let mean = |one: usize, other: usize| {
            let sum = self.pnl[one].plus(self.pnl[other])?;
            sum.negated().over(Decimal::from_int(2), Rounding::HalfEven)
        };
        Ok(mean(self.worst, pair)?.minus(mean(0, 1)?)?.or_zero())
    }
}

/// How price risk becomes a figure per unit of delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceRiskMethod {
    /// Price risk ÷ |net delta|: method 1.
    Normal,
    /// The same, at most the price scan range: method 2.
    ScanRangeCap,
    /// The price scan range: method 3.
    ScanRange,
}

/// Weighted price risk: what one unit of net delta loses to the price. Nothing without a delta.
///
/// # Errors
/// [`NumberError::Overflow`].
/// # Source
/// CME, type S record, column 79 (cmegroup wiki, page 46137346).
pub fn weighted_price_risk(
    price_risk: Decimal,
    net_delta: Decimal,
    scan_range: Decimal,
    method: PriceRiskMethod,
) -> Result<Decimal, NumberError> {
    if net_delta.is_zero() {
        return Ok(Decimal::ZERO);
    }
    let normal = || price_risk.over(net_delta.abs(), Rounding::Down);
    match method {
        PriceRiskMethod::Normal => normal(),
        PriceRiskMethod::ScanRangeCap => Ok(normal()?.min(scan_range)),
        PriceRiskMethod::ScanRange => Ok(scan_range),
    }
}

/// Composite delta: the mean of a contract's deltas at the seven prices of the scenarios, in the order unchanged,
/// +1/3, −1/3, +2/3, −2/3, +1, −1, each counted as `weights` say of unchanged, a third, two thirds and the whole
/// range. Divided by the sum of the weights, so that a future's is one whatever they add up to.
///
/// # Errors
/// [`NumberError::Overflow`], [`NumberError::DivisionByZero`] where all weights are zero.
pub fn composite_delta(deltas: &[Decimal; 7], weights: &[Decimal; 4]) -> Result<Decimal, NumberError> {
    let (mut sum, mut all) = (Decimal::ZERO, Decimal::ZERO);
    for (at, delta) in deltas.iter().enumerate() {
        let weight = weights[at.div_ceil(2)];
        sum = sum.plus(delta.times(weight, Rounding::HalfEven)?)?;
        all = all.plus(weight)?;
    }
    sum.over(all, Rounding::HalfEven)
}

/// What short options are at least asked: `rate` for each, of all of them or of the larger of calls and puts.
///
/// # Errors
/// [`NumberError::Overflow`].
pub fn short_option_minimum(
    calls: Decimal,
    puts: Decimal,
    rate: Decimal,
    larger_side: bool,
) -> Result<Decimal, NumberError> {
    let count = if larger_side { calls.max(puts) } else { calls.plus(puts)? };
    count.times(rate, Rounding::Up)
}

/// The figures of one combined commodity, each at least zero but the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// Scan risk.
    pub scan_risk: Decimal,
    /// Calendar charge.
    pub calendar: Decimal,
    /// Delivery month charge.
    pub delivery: Decimal,
    /// Credit of spreads with other commodities.
    pub credit: Decimal,
    /// Short option minimum.
    pub short_option_minimum: Decimal,
    /// Value of long options whose premium is paid, less that of short ones.
    pub net_option_value: Decimal,
}

impl Charges {
    /// The risk requirement: scan risk and charges less the credit, at least the short option minimum.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// ASX, overview of margining; Euronext, SPAN pages.
    pub fn risk(&self) -> Result<Decimal, NumberError> {
        let charges = self.scan_risk.plus(self.calendar)?.plus(self.delivery)?;
        Ok(charges.minus(self.credit)?.max(self.short_option_minimum).or_zero())
    }

    /// What is asked where options paid for are no part of equity: the risk less their net value. Negative where they
    /// are worth more.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn total(&self) -> Result<Decimal, NumberError> {
        self.risk()?.minus(self.net_option_value)
    }
}
