//! The inside of a risk table: options of one expiry, revalued under many scenarios.
//!
//! A cell costs one exponential and no logarithm: `ln(F/K)` is found once per option, and the
//! logarithm of a price move once per scenario. A call and a put of one strike that stand beside each
//! other share their time value, which is nearly all of the work.

use super::{Right, time_value};
use plimsoll_numerics::{Kernel, dispatch, ln_normal};

/// Time values worked on together, options under scenarios, one after the other: enough that little of the last vector
/// is wasted, few enough to stay in the first cache.
const LANES: usize = 320;

/// Lanes of one step: a vector of the widest instructions. A fixed count needs no remainder loop.
const STEP: usize = 8;

/// The most options whose logarithms are found together.
const OPTIONS: usize = 8;

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
    /// Its scenarios from `start` up to `end`.
    #[inline(always)]
    pub(super) fn part(&self, start: usize, end: usize) -> ShockedMarket<'_> {
        ShockedMarket {
            growth: &self.growth[start..end],
            log_growth: &self.log_growth[start..end],
            vol_scale: &self.vol_scale[start..end],
            vol_shift: &self.vol_shift[start..end],
            vol_floor: &self.vol_floor[start..end],
            sqrt_years: &self.sqrt_years[start..end],
            discount: &self.discount[start..end],
        }
    }

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

/// What time values are made of, and the time values.
struct Lanes {
    forwards: [f64; LANES],
    strikes: [f64; LANES],
    log_moneyness: [f64; LANES],
    deviations: [f64; LANES],
    time_values: [f64; LANES],
}

impl Lanes {
    /// Lanes that nothing was filled into hold an option like any other.
    #[inline(always)]
    fn new() -> Self {
        Self {
            forwards: [1.0; LANES],
            strikes: [1.0; LANES],
            log_moneyness: [0.0; LANES],
            deviations: [1.0; LANES],
            time_values: [0.0; LANES],
        }
    }

    /// Lays out options under scenarios; where each option's lanes begin, and where they all end. What differs in its
    /// right only shares lanes.
    #[inline(always)]
    fn fill(
        &mut self,
        options: &[OptionInputs],
        logs: &[f64; OPTIONS],
        market: &ShockedMarket,
    ) -> ([usize; OPTIONS], usize) {
        let width = market.growth.len();
        let (mut starts, mut end) = ([0; OPTIONS], 0);
        for (i, option) in options.iter().enumerate() {
            if i == 0 || !differ_in_right_only(&options[i - 1], option) {
                self.fill_one(end, option, logs[i], market);
                end += width;
            }
            starts[i] = end - width;
        }
        (starts, end)
    }

    #[inline(always)]
    fn fill_one(&mut self, at: usize, option: &OptionInputs, log_moneyness: f64, market: &ShockedMarket) {
        let width = market.growth.len();
        let forwards = &mut self.forwards[at..at + width];
        let strikes = &mut self.strikes[at..at + width];
        let logs = &mut self.log_moneyness[at..at + width];
        let deviations = &mut self.deviations[at..at + width];
        for s in 0..width {
            let vol = option.vol.mul_add(market.vol_scale[s], market.vol_shift[s]);
            let vol = if vol < market.vol_floor[s] { market.vol_floor[s] } else { vol };
            forwards[s] = option.forward * market.growth[s];
            strikes[s] = option.strike;
            logs[s] = log_moneyness + market.log_growth[s];
            deviations[s] = vol * market.sqrt_years[s];
        }
    }

    /// What each option is worth beside its intrinsic value: the same for a call and a put.
    #[inline(always)]
    fn value(&mut self, end: usize) {
        let columns = self.forwards.as_chunks::<STEP>().0.iter().zip(self.strikes.as_chunks::<STEP>().0);
        let columns = columns.zip(self.log_moneyness.as_chunks::<STEP>().0).zip(self.deviations.as_chunks::<STEP>().0);
        let out = self.time_values.as_chunks_mut::<STEP>().0;
        for ((((forwards, strikes), logs), deviations), out) in columns.zip(out).take(end.div_ceil(STEP)) {
            let mut step = [0.0; STEP];
            for (i, value) in step.iter_mut().enumerate() {
                *value = time_value(forwards[i], strikes[i], logs[i], deviations[i]);
            }
            *out = step;
        }
    }

    /// The value of one option, whose lanes begin at `start`.
    #[inline(always)]
    fn write(&self, option: &OptionInputs, start: usize, discount: &[f64], row: &mut [f64]) {
        let end = start + row.len();
        let (forwards, time_values) = (&self.forwards[start..end], &self.time_values[start..end]);
        let discount = &discount[..row.len()];
        for (s, value) in row.iter_mut().enumerate() {
            *value = discount[s] * (option.right.intrinsic(forwards[s], option.strike) + time_values[s]);
        }
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
        let width = self.scenarios.clamp(1, LANES / 2);
        // An even number, so that calls keep the puts beside them.
        let together = (LANES / width).min(OPTIONS) / 2 * 2;
        let mut lanes = Lanes::new();
        let rows = self.out.chunks_mut((together * self.scenarios).max(1));
        for (options, rows) in self.options.chunks(together).zip(rows) {
            let logs = log_moneyness(options);
            for start in (0..self.scenarios).step_by(width) {
                let end = self.scenarios.min(start + width);
                let market = self.market.part(start, end);
                let (starts, filled) = lanes.fill(options, &logs, &market);
                lanes.value(filled);
                for (i, row) in rows.chunks_exact_mut(self.scenarios).enumerate() {
                    lanes.write(&options[i], starts[i], market.discount, &mut row[start..end]);
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
