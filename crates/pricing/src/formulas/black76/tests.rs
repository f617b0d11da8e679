//! Edges, identities, and the same bits from every way of asking.

use super::batch::{GreeksBatch, PriceBatch};
use super::shocked::ShockedValues;
use super::*;
use plimsoll_numerics::{Level, dispatch_at};

const RIGHTS: [Right; 2] = [Right::Call, Right::Put];

/// Columns that an [`OptionColumns`] can be lent from.
#[derive(Default)]
struct Book {
    rights: Vec<Right>,
    forwards: Vec<f64>,
    strikes: Vec<f64>,
    vols: Vec<f64>,
    years: Vec<f64>,
    rates: Vec<f64>,
}

impl Book {
    /// Ordinary options and every edge, in a count that is no multiple of a block.
    fn new() -> Self {
        let mut book = Self::default();
        for right in RIGHTS {
            for forward in [0.0, 5e-324, 1e-300, 0.01, 100.0, 60_000.0, 1e300, f64::NAN] {
                for strike in [0.0, 1e-310, 99.0, 100.0, 45_000.0, 1e300] {
                    for vol in [0.0, -0.1, 1e-9, 0.02, 0.8, 3.0, 1e200, f64::INFINITY, f64::NAN] {
                        for years in [0.0, 1.9e-6, 0.25, 10.0, -1.0] {
                            book.push(right, forward, strike, vol, years);
                        }
                    }
                }
            }
        }
        book.push(Right::Call, 3_000.0, 3_100.0, 0.7, 0.1);
        book
    }

    fn push(&mut self, right: Right, forward: f64, strike: f64, vol: f64, years: f64) {
        self.rights.push(right);
        self.forwards.push(forward);
        self.strikes.push(strike);
        self.vols.push(vol);
        self.years.push(years);
        self.rates.push(if right == Right::Call { 0.05 } else { -0.01 });
    }

    fn columns(&self) -> OptionColumns<'_> {
        OptionColumns {
            rights: &self.rights,
            forwards: &self.forwards,
            strikes: &self.strikes,
            vols: &self.vols,
            years: &self.years,
            rates: &self.rates,
        }
    }

    fn greeks(&self, i: usize) -> Greeks {
        greeks(self.rights[i], self.forwards[i], self.strikes[i], self.vols[i], self.years[i], self.rates[i])
    }
}

fn assert_same(a: f64, b: f64, what: &str, i: usize) {
    assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "{what} of option {i}: {a:e} and {b:e}");
}

#[test]
fn batches_give_the_bits_of_single_options_at_every_level() {
    let book = Book::new();
    let n = book.rights.len();
    assert!(!n.is_multiple_of(16), "the last block is a part of one");
    for level in Level::available() {
        let mut columns: [Vec<f64>; 6] = std::array::from_fn(|_| vec![0.0; n]);
        let [alone, prices, deltas, gammas, vegas, thetas] = &mut columns;
        dispatch_at(*level, PriceBatch { options: &book.columns(), prices: alone });
        let out = GreeksColumns { prices, deltas, gammas, vegas, thetas };
        dispatch_at(*level, GreeksBatch { options: &book.columns(), out });
        for i in 0..n {
            let single = book.greeks(i);
            let values = [single.price, single.price, single.delta, single.gamma, single.vega, single.theta];
            for (column, value) in columns.iter().zip(values) {
                assert_same(column[i], value, &format!("{level:?} {single:?}"), i);
            }
        }
    }
}

#[test]
fn a_shock_of_nothing_is_the_price_at_every_level() {
    let book = Book::new();
    for i in (0..book.rights.len()).filter(|i| book.years[*i] >= 0.0) {
        let options = [OptionInputs {
            right: book.rights[i],
            strike: book.strikes[i],
            forward: book.forwards[i],
            vol: book.vols[i],
        }; 2];
        let (ones, zeros) = ([1.0; 11], [0.0; 11]);
        let market = ShockedMarket {
            growth: &ones,
            log_growth: &zeros,
            vol_scale: &ones,
            vol_shift: &zeros,
            vol_floor: &zeros,
            sqrt_years: &[book.years[i].sqrt(); 11],
            discount: &[exp(-book.rates[i] * book.years[i]); 11],
        };
        let expected = book.greeks(i).price;
        for level in Level::available() {
            let mut out = [0.0; 22];
            dispatch_at(*level, ShockedValues { options: &options, market: &market, scenarios: 11, out: &mut out });
            for value in out {
                assert_same(value, expected, "shocked price", i);
            }
        }
    }
}

/// Few and many options under few and many scenarios: whatever is worked on together, each cell is as if alone.
#[test]
fn a_cell_does_not_know_its_neighbours() {
    let strikes = (0..13).flat_map(|at| [80.0 + 4.0 * f64::from(at); 2]);
    let options: Vec<_> = strikes
        .zip(RIGHTS.into_iter().cycle())
        .map(|(strike, right)| OptionInputs { right, strike, forward: 100.0, vol: 0.6 })
        .skip(1)
        .collect();
    for scenarios in [1, 7, 32, 33, 159, 160, 161, 700] {
        let growth: Vec<f64> = (0..scenarios).map(|s| 0.5 + f64::from(s) / 500.0).collect();
        let logs: Vec<f64> = growth.iter().map(|growth| plimsoll_numerics::ln(*growth)).collect();
        let (ones, zeros) = (vec![1.0; growth.len()], vec![0.0; growth.len()]);
        let market = ShockedMarket {
            growth: &growth,
            log_growth: &logs,
            vol_scale: &growth,
            vol_shift: &zeros,
            vol_floor: &zeros,
            sqrt_years: &ones,
            discount: &ones,
        };
        let mut all = vec![0.0; options.len() * growth.len()];
        shocked_values(&options, &market, &mut all);
        for (option, row) in options.iter().zip(all.chunks(growth.len())) {
            for (s, value) in row.iter().enumerate() {
                let mut alone = [0.0];
                shocked_values(&[*option], &market.part(s, s + 1), &mut alone);
                assert_same(*value, alone[0], &format!("{option:?} of {scenarios}"), s);
            }
        }
    }
}

#[test]
fn a_shocked_value_is_the_price_of_the_shocked_market() {
    let options: Vec<_> = [80.0, 100.0, 130.0]
        .iter()
        .flat_map(|strike| RIGHTS.map(|right| OptionInputs { right, strike: *strike, forward: 100.0, vol: 0.6 }))
        .collect();
    let growth = [0.5, 0.84, 1.0, 1.16, 3.0, 0.0];
    let logs = growth.map(plimsoll_numerics::ln);
    let market = ShockedMarket {
        growth: &growth,
        log_growth: &logs,
        vol_scale: &[1.5, 0.5, 1.0, 0.0, 2.0, 1.0],
        vol_shift: &[0.0, 0.1, 0.0, -1.0, 0.0, 0.0],
        vol_floor: &[0.0, 0.45, 0.9, 0.0, 0.0, 0.0],
        sqrt_years: &[0.5, 0.5, 0.5, 0.5, 0.0, 0.5],
        discount: &[1.0, 0.99, 1.0, 1.0, 0.9, 1.0],
    };
    let vols = [0.9, 0.45, 0.9, 0.0, 1.2, 0.6];
    let mut out = vec![0.0; options.len() * growth.len()];
    shocked_values(&options, &market, &mut out);
    for (option, row) in options.iter().zip(out.chunks(growth.len())) {
        for s in 0..growth.len() {
            let years = market.sqrt_years[s] * market.sqrt_years[s];
            let direct =
                market.discount[s] * price(option.right, 100.0 * growth[s], option.strike, vols[s], years, 0.0);
            assert!((row[s] - direct).abs() <= 1e-13, "{option:?} in scenario {s}: {} not {direct}", row[s]);
        }
    }
}

#[test]
fn with_nothing_random_left_the_payoff_is_what_it_is() {
    let none = |right, forward, vol, years| greeks(right, forward, 100.0, vol, years, 0.05);
    for (vol, years) in [(0.0, 2.0), (0.8, 0.0), (-0.5, 2.0), (0.0, 0.0)] {
        let discount = exp(-0.05 * years);
        for (forward, call_delta) in [(130.0, 1.0), (100.0, 0.5), (70.0, 0.0), (0.0, 0.0)] {
            for right in RIGHTS {
                let got = none(right, forward, vol, years);
                let payoff = discount * right.intrinsic(forward, 100.0);
                let delta = if right == Right::Call { call_delta } else { call_delta - 1.0 };
                assert_eq!((got.price, got.delta), (payoff, discount * delta), "{right:?} {forward} {vol} {years}");
                assert_eq!((got.gamma, got.vega, got.vanna, got.volga), (0.0, 0.0, 0.0, 0.0));
                assert_eq!((got.theta, got.rho), (0.05 * payoff, -years * payoff));
            }
        }
    }
}

#[test]
fn zero_strikes_and_extreme_inputs_stay_finite() {
    assert_eq!(price(Right::Call, 100.0, 0.0, 0.8, 1.0, 0.0), 100.0);
    assert_eq!(price(Right::Put, 100.0, 0.0, 0.8, 1.0, 0.0), 0.0);
    assert_eq!(price(Right::Call, 1e-310, 100.0, 0.8, 1.0, 0.0), 0.0);
    assert_eq!(price(Right::Call, 100.0, 100.0, f64::INFINITY, 1.0, 0.0), 100.0, "all variance: the forward");
    assert_eq!(price(Right::Put, 100.0, 80.0, 1e200, 1.0, 0.0), 80.0, "all variance: the strike");
    let book = Book::new();
    for i in 0..book.rights.len() {
        let bad = [book.forwards[i], book.vols[i]].iter().any(|x| x.is_nan()) || book.years[i] < 0.0;
        // Zero time and infinite volatility leave the deviation undefined.
        let bad = bad || (book.years[i] == 0.0 && book.vols[i].is_infinite());
        let got = book.greeks(i);
        assert_eq!(got.price.is_nan(), bad, "option {i}: {got:?}");
        assert!(bad || (got.price >= 0.0 && got.delta.abs() <= 1.2), "option {i}: {got:?}");
    }
}

#[test]
fn call_less_put_is_the_discounted_forward_less_strike() {
    for strike in [20.0, 90.0, 100.0, 101.0, 400.0] {
        for vol in [0.01, 0.5, 2.5] {
            let [call, put] = RIGHTS.map(|right| greeks(right, 100.0, strike, vol, 0.3, 0.04));
            let discount = exp(-0.04 * 0.3);
            assert!((call.price - put.price - discount * (100.0 - strike)).abs() < 2e-13);
            assert!((call.delta - put.delta - discount).abs() < 4e-16);
            assert_eq!((call.gamma, call.vega, call.volga), (put.gamma, put.vega, put.volga));
        }
    }
}

#[test]
fn price_rises_with_volatility_and_never_falls_below_the_payoff() {
    for strike in [1.0, 60.0, 99.0, 100.0, 101.0, 180.0, 9_000.0] {
        for right in RIGHTS {
            let mut last = right.intrinsic(100.0, strike);
            for step in 0..600 {
                let now = price(right, 100.0, strike, f64::from(step) * 0.01, 0.1, 0.0);
                assert!(now >= last - 2e-14, "{right:?} {strike} at step {step}");
                assert!(now >= right.intrinsic(100.0, strike));
                last = now;
            }
        }
    }
}
