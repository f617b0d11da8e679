//! Every level of instructions gives the same bits, over random and edge inputs.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use plimsoll_numerics::normal::{cdf, mills_ratio, mills_ratio_pair, pdf};
use plimsoll_numerics::{Kernel, Level, dispatch, dispatch_at, erfc, erfcx, exp, exp_flushed, ln, ln_normal, rounding};
use std::f64::consts::FRAC_1_SQRT_2;

const EDGES: [f64; 22] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    2.2e-308,
    709.79,
    709.78,
    -708.4,
    -745.2,
    FRAC_1_SQRT_2,
    FRAC_1_SQRT_2.next_down(),
    38.6,
    -27.3,
];

/// Each function of each input, a row a function.
struct EveryFunction<'a> {
    inputs: &'a [f64],
}

impl Kernel for EveryFunction<'_> {
    type Output = Vec<Vec<f64>>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        macro_rules! rows {
            ($($function:expr),+) => {
                vec![$(self.inputs.iter().map(|x| $function(*x)).collect::<Vec<f64>>()),+]
            };
        }
        rows![
            exp,
            exp_flushed,
            ln,
            ln_normal,
            erfc,
            erfcx,
            pdf,
            cdf,
            mills_ratio,
            |x: f64| mills_ratio_pair(x.abs(), 0.5).0,
            f64::sqrt
        ]
    }
}

/// Random bits: `SplitMix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Any double's bits, moderate numbers, and the edges; 7 modulo 8 of them, so that tails are tried too.
fn inputs() -> Vec<f64> {
    let mut state = 20_261_120;
    let mut inputs = EDGES.to_vec();
    for _ in 0..20_000 {
        inputs.push(f64::from_bits(next(&mut state)));
        let bits = next(&mut state);
        let moderate = f64::from_bits((bits >> 12) | 1.0_f64.to_bits()) - 1.5;
        inputs.push(moderate * [2.0, 20.0, 80.0, 1500.0][usize::try_from(bits % 4).unwrap()]);
    }
    inputs.truncate(inputs.len() / 8 * 8 - 1);
    inputs
}

/// NaNs are one class: their sign and payload are not promised.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

#[test]
fn every_level_gives_the_same_bits() {
    let inputs = inputs();
    let scalar = dispatch_at(Level::Portable, EveryFunction { inputs: &inputs });
    for level in Level::available() {
        let vector = dispatch_at(*level, EveryFunction { inputs: &inputs });
        for (row, (a, b)) in scalar.iter().zip(&vector).enumerate() {
            for ((a, b), x) in a.iter().zip(b).zip(&inputs) {
                assert!(same(*a, *b), "function {row} of {x:e} is {a:e} portable and {b:e} at {level:?}");
            }
        }
        println!("{level:?}: {} functions of {} inputs", vector.len(), inputs.len());
    }
}

#[test]
fn dispatch_uses_a_level_that_is_available() {
    struct Which;
    impl Kernel for Which {
        type Output = u64;
        #[inline(always)]
        fn run(self) -> u64 {
            42
        }
    }
    assert!(Level::available().contains(&Level::best()));
    assert_eq!(Level::available().first(), Some(&Level::Portable));
    assert_eq!(dispatch(Which), 42);
    assert_eq!(dispatch_at(Level::Avx512, Which), 42, "a level this CPU lacks falls back");
}

#[test]
fn counts_round_half_to_even_and_stay_in_range() {
    let values = [0.5, 1.5, 2.5, -0.5, -1.5, 0.499_999_999_999_999_9, 1e9, 2_147_483_647.0, -2_147_483_647.0];
    let mut counts = [0; 9];
    rounding::to_i32(&values, 0.0, 1.0, &mut counts).unwrap();
    assert_eq!(counts, [0, 2, 2, 0, -2, 0, 1_000_000_000, i32::MAX, -i32::MAX]);
    rounding::to_i32(&[10.25], 10.0, 100.0, &mut counts[..1]).unwrap();
    assert_eq!(counts[0], 25);
    for bad in [2_147_483_648.0, -2_147_483_648.0, f64::INFINITY, 1e300, f64::NAN] {
        let error = rounding::to_i32(&[1.0, bad, bad], 0.0, 1.0, &mut counts[..3]).unwrap_err();
        assert_eq!(error.index, 1, "{error}");
        assert!(same(error.count, bad));
    }
    assert!(rounding::to_i32(&[2_147_483_647.4], 0.0, 1.0, &mut counts[..1]).is_ok());
    assert!(rounding::to_i32(&[2_147_483_647.5], 0.0, 1.0, &mut counts[..1]).is_err(), "half to even leaves the range");
}
