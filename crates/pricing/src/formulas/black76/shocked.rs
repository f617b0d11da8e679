//! The inside of a risk table: options of one expiry, revalued under many scenarios.
//!
//! A cell costs one exponential and no logarithm: `ln(F/K)` is found once per option, and the
//! logarithm of a price move once per scenario. A call and a put of one strike that stand beside each
//! other share their time value, which is nearly all of the work.

use super::batch::{padded, store};
use super::{Right, time_value};
use plimsoll_numerics::{Kernel, dispatch, ln_normal};

/// Scenarios worked on together; see the batch for why a fixed block. Two or more vectors wide, and
/// small, so that a last block with few scenarios wastes little.
const BLOCK: usize = 8;

/// Options whose logarithms are found together.
const OPTIONS: usize = 16;

/// One option before any shock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionInputs {
    /// Call or put.
    pub right: Right,
    /// Strike, quote currency.
    pub strike: f64,
    /// Unshocked forward, quote currency.
    pub forward: f64,
    /// Unshocked annual volatility.
    pub vol: f64,
}

/// One expiry's scenarios as columns of one length.
///
/// In scenario `s` the forward is `forward × growth[s]` and the volatility
/// `max(vol × vol_scale[s] + vol_shift[s], vol_floor[s], 0)`.
#[derive(Clone, Copy, Debug)]
pub struct ShockedMarket<'a> {
    /// The multiplier of the forward.
    pub growth: &'a [f64],
    /// Its natural logarithm.
    pub log_growth: &'a [f64],
    /// The multiplier of volatility.
    pub vol_scale: &'a [f64],
    /// What is added after scaling.
    pub vol_shift: &'a [f64],
    /// The least volatility a shock may leave.
    pub vol_floor: &'a [f64],
    /// The root of the years then left.
    pub sqrt_years: &'a [f64],
    /// What one unit at expiry is then worth today; ones for undiscounted values.
    pub discount: &'a [f64],
}

impl ShockedMarket<'_> {
    /// The number of scenarios.
    ///
    /// # Panics
    /// When the columns differ in length.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        let count = self.growth.len();
        for column in [self.log_growth, self.vol_scale, self.vol_shift, self.vol_floor, self.sqrt_years, self.discount]
        {
            assert_eq!(column.len(), count, "columns of one length");
        }
        count
    }
}

/// The value of each option in each scenario, quote currency, one row of `out` per option.
///
/// The edges are those of [`price`](super::price). A whole expiry is one call, so that the choice of
/// instructions is made once.
///
/// # Panics
/// When the market's columns differ in length, or `out` is not options × scenarios long.
pub fn shocked_values(options: &[OptionInputs], market: &ShockedMarket, out: &mut [f64]) {
    let scenarios = market.scenarios();
    assert_eq!(out.len(), options.len() * scenarios, "one value per option and scenario");
    dispatch(ShockedValues { options, market, scenarios, out });
}

/// A block of scenarios; beyond the end of the columns it repeats the unshocked one.
struct Block {
    growth: [f64; BLOCK],
    log_growth: [f64; BLOCK],
    vol_scale: [f64; BLOCK],
    vol_shift: [f64; BLOCK],
    vol_floor: [f64; BLOCK],
    sqrt_years: [f64; BLOCK],
    discount: [f64; BLOCK],
}

impl Block {
    #[inline(always)]
    fn load(from: &ShockedMarket, start: usize, count: usize) -> Self {
        let range = start..start + count;
        let column = |values: &[f64], neutral: f64| padded(&values[range.clone()], neutral);
        Self {
            growth: column(from.growth, 1.0),
            log_growth: column(from.log_growth, 0.0),
            vol_scale: column(from.vol_scale, 1.0),
            vol_shift: column(from.vol_shift, 0.0),
            vol_floor: column(from.vol_floor, 0.0),
            sqrt_years: column(from.sqrt_years, 1.0),
            discount: column(from.discount, 1.0),
        }
    }

    /// The forward, and what the option is worth beside its intrinsic value: the same for a call and a put.
    #[inline(always)]
    fn time_value(&self, option: &OptionInputs, log_moneyness: f64, s: usize) -> (f64, f64) {
        let forward = option.forward * self.growth[s];
        let vol = option.vol.mul_add(self.vol_scale[s], self.vol_shift[s]);
        let vol = if vol < self.vol_floor[s] { self.vol_floor[s] } else { vol };
        (forward, time_value(forward, option.strike, log_moneyness + self.log_growth[s], vol * self.sqrt_years[s]))
    }
}

pub(super) struct ShockedValues<'a> {
    pub(super) options: &'a [OptionInputs],
    pub(super) market: &'a ShockedMarket<'a>,
    pub(super) scenarios: usize,
    pub(super) out: &'a mut [f64],
}

impl Kernel for ShockedValues<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.out.chunks_mut((OPTIONS * self.scenarios).max(1));
        for (options, rows) in self.options.chunks(OPTIONS).zip(rows) {
            let logs = log_moneyness(options);
            for start in (0..self.scenarios).step_by(BLOCK) {
                let count = BLOCK.min(self.scenarios - start);
                let block = Block::load(self.market, start, count);
                let rows = rows.chunks_exact_mut(self.scenarios);
                let (mut forwards, mut extras, mut known) = ([0.0; BLOCK], [0.0; BLOCK], None);
                for ((option, log), row) in options.iter().zip(logs).zip(rows) {
                    if !known.is_some_and(|known| differ_in_right_only(known, option)) {
                        for s in 0..BLOCK {
                            (forwards[s], extras[s]) = block.time_value(option, log, s);
                        }
                        known = Some(option);
                    }
                    let mut values = [0.0; BLOCK];
                    for (s, value) in values.iter_mut().enumerate() {
                        let intrinsic = option.right.intrinsic(forwards[s], option.strike);
                        *value = block.discount[s] * (intrinsic + extras[s]);
                    }
                    store(&values, &mut row[start..start + count]);
                }
            }
        }
    }
}

/// A call and the put beside it, whose dear part is one.
#[inline(always)]
fn differ_in_right_only(left: &OptionInputs, right: &OptionInputs) -> bool {
    left.strike.to_bits() == right.strike.to_bits()
        && left.forward.to_bits() == right.forward.to_bits()
        && left.vol.to_bits() == right.vol.to_bits()
}

/// `ln(F/K)` of each option, by the same operations as a single price.
#[inline(always)]
fn log_moneyness(options: &[OptionInputs]) -> [f64; OPTIONS] {
    let (mut forwards, mut strikes) = ([1.0; OPTIONS], [1.0; OPTIONS]);
    for ((option, forward), strike) in options.iter().zip(&mut forwards).zip(&mut strikes) {
        (*forward, *strike) = (option.forward, option.strike);
    }
    let mut logs = [0.0; OPTIONS];
    for ((forward, strike), log) in forwards.iter().zip(&strikes).zip(&mut logs) {
        *log = -ln_normal(strike * (1.0 / forward));
    }
    logs
}
