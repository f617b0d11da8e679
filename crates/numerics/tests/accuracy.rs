//! Against 50-digit values (`fit/references.py` made `references.txt` with mpmath), and at the edges.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use plimsoll_numerics::normal::{cdf, inverse_cdf, mills_ratio, mills_ratio_pair, pdf};
use plimsoll_numerics::{erfc, erfcx, exp, exp_flushed, ln, ln_normal};

type Function = fn(f64) -> f64;

/// Name, function, and the largest error in units of the value's last place.
const FUNCTIONS: [(&str, Function, f64); 8] = [
    ("exp", exp, 1.0),
    ("ln", ln, 1.0),
    ("erfc", erfc, 8.0),
    ("erfcx", erfcx, 6.0),
    ("pdf", pdf, 2.0),
    ("cdf", cdf, 5.0),
    ("mills", mills_ratio, 4.0),
    ("inverse_cdf", inverse_cdf, 4.0),
];

#[test]
fn functions_are_within_their_stated_units_in_the_last_place() {
    let text = include_str!("references.txt");
    for (name, function, limit) in FUNCTIONS {
        let mut worst = (0.0, 0.0);
        let mut cases = 0;
        for line in text.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            if fields[0] != name {
                continue;
            }
            let argument: f64 = fields[1].parse().unwrap();
            let error = ulps(function(argument), fields[2]);
            cases += 1;
            if error > worst.0 {
                worst = (error, argument);
            }
        }
        println!("{name}: {cases} cases, worst {:.2} units in the last place at {}", worst.0, worst.1);
        assert!(cases >= 40 && worst.0 <= limit, "{name} is off by {} units at {}", worst.0, worst.1);
    }
}

/// The distance to a decimal of 25 digits, in units of its last place as a double.
fn ulps(got: f64, expected: &str) -> f64 {
    let nearest: f64 = expected.parse().unwrap();
    let unit = (nearest.abs().next_up() - nearest.abs()).max(5e-324);
    // What the nearest double leaves out, from the digits after its own.
    ((got - nearest) / unit - remainder(nearest, expected) / unit).abs()
}

/// The decimal less its nearest double, to a few digits: by subtracting their leading digits.
fn remainder(nearest: f64, expected: &str) -> f64 {
    let printed = format!("{nearest:.24e}");
    let digits = |text: &str| -> (i128, i32) {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let places = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let whole: i128 = mantissa.replace('.', "").parse().unwrap();
        (whole, exponent.parse::<i32>().unwrap() - i32::try_from(places).unwrap())
    };
    let ((a, a_power), (b, b_power)) = (digits(expected), digits(&printed));
    let low = a_power.min(b_power);
    let scale = |value: i128, power: i32| value.checked_mul(10_i128.pow(u32::try_from(power - low).unwrap()));
    match (scale(a, a_power), scale(b, b_power)) {
        (Some(a), Some(b)) => format!("{}e{low}", a - b).parse().unwrap(),
        _ => 0.0,
    }
}

#[test]
fn edges_of_exp_are_exact() {
    assert_eq!(exp(0.0), 1.0);
    assert_eq!(exp(-0.0), 1.0);
    assert_eq!(exp(f64::INFINITY), f64::INFINITY);
    assert_eq!(exp(f64::NEG_INFINITY), 0.0);
    assert_eq!(exp(709.782_712_893_384), f64::MAX.min(exp(709.782_712_893_384)), "the last finite value");
    assert_eq!(exp(709.79), f64::INFINITY);
    assert_eq!(exp(-745.2), 0.0);
    assert!(exp(-745.0) > 0.0);
    assert!(exp(f64::NAN).is_nan());
    assert_eq!(exp_flushed(-708.0), exp(-708.0));
    assert_eq!(exp_flushed(-708.1), 0.0);
    assert_eq!(exp_flushed(f64::NEG_INFINITY), 0.0);
    assert!(exp_flushed(f64::NAN).is_nan());
}

#[test]
fn edges_of_ln_are_exact() {
    assert_eq!(ln(1.0), 0.0);
    assert_eq!(ln(0.0), f64::NEG_INFINITY);
    assert_eq!(ln(-0.0), f64::NEG_INFINITY);
    assert_eq!(ln(f64::INFINITY), f64::INFINITY);
    assert!(ln(-1.0).is_nan() && ln(f64::NEG_INFINITY).is_nan() && ln(f64::NAN).is_nan());
    for x in [f64::MIN_POSITIVE, 0.3, 1.0, 7.0, f64::MAX] {
        assert_eq!(ln_normal(x), ln(x));
    }
    assert!(ln_normal(0.0).is_finite() && ln_normal(f64::INFINITY).is_finite());
}

#[test]
fn edges_of_the_error_function_and_the_normal_are_exact() {
    let infinity = f64::INFINITY;
    assert_eq!((erfc(infinity), erfc(-infinity)), (0.0, 2.0));
    assert_eq!((erfcx(infinity), erfcx(-infinity)), (0.0, infinity));
    assert_eq!((cdf(infinity), cdf(-infinity), pdf(infinity), pdf(-infinity)), (1.0, 0.0, 0.0, 0.0));
    assert_eq!(mills_ratio(infinity), 0.0);
    assert_eq!((inverse_cdf(0.0), inverse_cdf(1.0), inverse_cdf(0.5)), (-infinity, infinity, 0.0));
    assert!(inverse_cdf(-0.1).is_nan() && inverse_cdf(1.1).is_nan());
    for function in [erfc, erfcx, cdf, pdf, mills_ratio, inverse_cdf] {
        assert!(function(f64::NAN).is_nan());
    }
}

#[test]
fn functions_rise_and_fall_where_they_should() {
    // Steps far wider than the rounding of the functions.
    let grid = || (-4000..4000).map(|i| f64::from(i) * 0.005);
    for (a, b) in grid().zip(grid().skip(1)) {
        assert!(exp(a) < exp(b), "exp at {a}");
        assert!(cdf(a) <= cdf(b), "cdf at {a}");
        assert!(erfc(a) >= erfc(b), "erfc at {a}");
        assert!((cdf(a) + cdf(-a) - 1.0).abs() <= 2.3e-16, "cdf at ±{a}");
    }
}

#[test]
fn a_pair_of_mills_ratios_is_each_of_them() {
    for x in [0.0, 0.3, 2.0, 38.0] {
        for y in [0.0, 1.0, 5.0, 900.0] {
            let (of_x, of_y) = mills_ratio_pair(x, y);
            assert!((of_x / mills_ratio(x) - 1.0).abs() < 2e-15 && (of_y / mills_ratio(y) - 1.0).abs() < 2e-15);
        }
    }
}
