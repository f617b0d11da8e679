//! The volatility surface: fits that find themselves again, noise, thin and bad quotes, and the repair
//! of slices that cross.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

use std::collections::BTreeMap;

use plimsoll_core::{Decimal, Timestamp, Underlying};
use plimsoll_numerics::ln;
use plimsoll_pricing::formulas::svi::Raw;
use plimsoll_pricing::instruments::Listing;
use plimsoll_pricing::market::surface::{FitError, Method, Repair, SliceInput, Surface, VolPoint, fit_svi};
use plimsoll_pricing::market::{
    ExpiryQuote, ForwardSource, MarketError, Snapshot, StrikeVol, SviQuote, UnderlyingQuote, View, VolSource,
};
use proptest::prelude::*;

const DAY: i64 = 86_400;

fn expiry(days: i64) -> Timestamp {
    Timestamp::from_nanos(days * DAY * Timestamp::NANOS_PER_SECOND)
}

fn years(days: i64) -> f64 {
    plimsoll_pricing::float::years(expiry(0), expiry(days))
}

fn strikes(low: f64, high: f64, count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(move |step| low + (high - low) * f64::from(step) / f64::from(count - 1))
}

fn points_of(raw: &Raw, days: i64, low: f64, high: f64, count: u32) -> Vec<VolPoint> {
    let vol = |k: f64| (raw.variance(k).value / years(days)).sqrt();
    strikes(low, high, count).map(|log_strike| VolPoint { log_strike, vol: vol(log_strike) }).collect()
}

fn slice(days: i64, points: Vec<VolPoint>) -> SliceInput {
    SliceInput { expiry: expiry(days), years: years(days), svi: None, points }
}

/// A smile like those of a month of BTC options.
const MONTH: Raw = Raw { a: 0.012, b: 0.06, rho: -0.25, m: 0.02, sigma: 0.15 };

#[test]
fn a_slice_is_found_again_from_its_own_points() {
    let cases = [
        (MONTH, -0.6, 0.6),
        // Gatheral and Jacquier (2014), example of A. Vogt: it admits butterfly arbitrage.
        (Raw { a: -0.0410, b: 0.1331, rho: 0.3060, m: 0.3586, sigma: 0.4153 }, -1.5, 1.5),
        (Raw { a: 0.0004, b: 0.012, rho: 0.1, m: -0.003, sigma: 0.03 }, -0.15, 0.15),
        (Raw { a: 0.2, b: 0.25, rho: -0.6, m: 0.1, sigma: 0.6 }, -1.2, 1.6),
    ];
    for (raw, low, high) in cases {
        let found = fit_svi(&points_of(&raw, 30, low, high, 25), years(30)).unwrap();
        let pairs =
            [(found.a, raw.a), (found.b, raw.b), (found.rho, raw.rho), (found.m, raw.m), (found.sigma, raw.sigma)];
        for (found, expected) in pairs {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected} of {raw:?}");
        }
    }
}

/// Volatilities at the money, skew, smile, reach and number of strikes of an expiry each week.
type Smile = (f64, f64, f64, f64, u32);

fn weekly(smiles: &[Smile]) -> Vec<SliceInput> {
    let input = |(place, (vol, skew, smile, reach, count)): (usize, &Smile)| {
        let vol_at = |k: f64| (vol + skew * k + smile * k * k).max(0.05);
        let points = strikes(-reach, *reach, *count).map(|k| VolPoint { log_strike: k, vol: vol_at(k) });
        slice(7 * (i64::try_from(place).unwrap() + 1), points.collect())
    };
    smiles.iter().enumerate().map(input).collect()
}

/// The largest fall of total variance from a day to the next, as a share, near the money: seen from
/// outside, at instants between the slices and strikes between the grid's.
fn largest_fall(surface: &Surface) -> f64 {
    let mut largest = 0.0_f64;
    for k in strikes(-0.06, 0.06, 13) {
        let mut before = 0.0;
        for day in 1..60 {
            let variance = surface.total_variance(k, years(day)).unwrap();
            largest = largest.max(1.0 - variance / before);
            before = variance;
        }
    }
    largest
}

#[test]
fn a_bend_narrower_than_the_grid_is_seen() {
    // Five strikes within ±5 % beside expiries quoted ten times as far out.
    let surface = Surface::fit(&weekly(&[
        (0.515_228_179_449_399_8, 0.0, 0.0, 0.474_199_507_588_048_5, 3),
        (0.559_094_632_556_587_5, 0.0, 0.0, 0.517_303_140_556_281_3, 3),
        (0.562_193_203_633_656_7, 0.0, 0.0, 0.05, 3),
        (1.488_801_116_403_216_2, 0.0, 0.0, 0.05, 3),
        (0.542_504_367_288_507_1, 0.0, 1.110_879_405_833_851, 0.573_896_884_603_064_9, 4),
        (0.213_101_026_662_203_85, -0.198_294_094_597_876_75, 0.0, 0.05, 5),
    ]));
    assert!(surface.report().is_arbitrage_free(), "{:#?}", surface.report());
    assert!(largest_fall(&surface) < 1e-4, "{}", largest_fall(&surface));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_moves_a_slice_by_less_than_twice_the_noise(noise in proptest::collection::vec(-0.005_f64..0.005, 31)) {
        let exact = points_of(&MONTH, 30, -0.5, 0.5, 31);
        let noisy: Vec<VolPoint> = exact.iter().zip(&noise).map(|(it, noise)| VolPoint { vol: it.vol + noise, ..*it }).collect();
        let found = fit_svi(&noisy, years(30)).unwrap();
        for point in &exact {
            let vol = (found.variance(point.log_strike).value / years(30)).sqrt();
            prop_assert!((vol - point.vol).abs() < 0.01, "{} at {}", vol - point.vol, point.log_strike);
        }
    }

    #[test]
    fn any_surface_delivered_admits_no_arbitrage(
        smiles in proptest::collection::vec((0.2_f64..1.5, -0.8_f64..0.8, 0.0_f64..2.0, 0.05_f64..0.6, 3_u32..20), 1..7)
    ) {
        // Levels jump up and down from expiry to expiry: most of these cross.
        let inputs = weekly(&smiles);
        let surface = Surface::fit(&inputs);
        prop_assert!(surface.report().is_arbitrage_free(), "{:#?}", surface.report());
        prop_assert!(largest_fall(&surface) < 1e-3, "{}", largest_fall(&surface));
        let backwards: Vec<SliceInput> = inputs.iter().rev().cloned().collect();
        prop_assert_eq!(Surface::fit(&backwards), surface, "the order of expiries does not matter");
    }
}

#[test]
fn one_mad_quote_does_not_bend_the_rest() {
    let mut points = points_of(&MONTH, 30, -0.5, 0.5, 21);
    points[1].vol = 3.0;
    let found = fit_svi(&points, years(30)).unwrap();
    for k in strikes(-0.2, 0.4, 7) {
        let (vol, exact) = (found.variance(k).value, MONTH.variance(k).value);
        assert!(((vol / exact).sqrt() - 1.0).abs() < 0.02, "at {k}: {vol} for {exact}");
    }
}

#[test]
fn a_fit_refuses_what_is_no_smile() {
    let at = |log_strike: f64, vol: f64| VolPoint { log_strike, vol };
    let same: Vec<VolPoint> = (0..10).map(|_| at(0.1, 0.5)).collect();
    assert_eq!(fit_svi(&same, 0.1), Err(FitError::TooFewStrikes { distinct: 1 }));
    assert_eq!(fit_svi(&[at(0.0, 0.5), at(0.1, 0.5)], 0.1), Err(FitError::TooFewStrikes { distinct: 2 }));
    let mut zero = points_of(&MONTH, 30, -0.5, 0.5, 9);
    zero[4].vol = 0.0;
    assert_eq!(fit_svi(&zero, 0.1), Err(FitError::BadPoint { log_strike: 0.0, vol: 0.0 }));
    zero[4].vol = f64::NAN;
    assert!(matches!(fit_svi(&zero, 0.1), Err(FitError::BadPoint { .. })));
    assert_eq!(fit_svi(&points_of(&MONTH, 30, -0.5, 0.5, 9), 0.0), Err(FitError::NoTime { years: 0.0 }));
}

#[test]
fn extreme_quotes_still_give_a_sound_slice() {
    let huge: Vec<VolPoint> = strikes(-3.0, 3.0, 9).map(|k| VolPoint { log_strike: k, vol: 50.0 + k }).collect();
    let tiny: Vec<VolPoint> = strikes(-1e-4, 1e-4, 9).map(|k| VolPoint { log_strike: k, vol: 1e-4 }).collect();
    let steep: Vec<VolPoint> =
        strikes(-0.1, 0.1, 9).map(|k| VolPoint { log_strike: k, vol: 0.3 + 20.0 * k.abs() }).collect();
    for points in [huge, tiny, steep] {
        let surface = Surface::fit(&[slice(30, points)]);
        assert!(surface.report().is_arbitrage_free(), "{:?}", surface.report());
        assert!(surface.vol(0.05, years(15)).unwrap().is_finite());
    }
}

#[test]
fn few_strikes_are_joined_by_a_line_and_one_is_flat() {
    let two = vec![VolPoint { log_strike: -0.1, vol: 0.6 }, VolPoint { log_strike: 0.1, vol: 0.5 }];
    let surface = Surface::fit(&[slice(30, two)]);
    assert_eq!(surface.report().slices[0].method, Method::Interpolated);
    let middle = surface.total_variance(0.0, years(30)).unwrap();
    assert!((middle - years(30) * (0.36 + 0.25) / 2.0).abs() < 1e-15);
    assert!((surface.vol(-0.4, years(30)).unwrap() - 0.6).abs() < 1e-15, "flat beyond");
    let flat = Surface::fit(&[slice(30, vec![VolPoint { log_strike: 0.3, vol: 0.7 }])]);
    assert_eq!(flat.report().slices[0].method, Method::Flat);
    assert!((flat.vol(-2.0, years(7)).unwrap() - 0.7).abs() < 1e-15);
    assert_eq!(Surface::fit(&[slice(30, Vec::new())]).vol(0.0, 0.1), None);
    assert_eq!(Surface::fit(&[]).vol(0.0, 0.1), None);
}

#[test]
fn between_slices_variance_is_linear_and_beyond_them_it_goes_on() {
    let flat = |days: i64, vol: f64| slice(days, vec![VolPoint { log_strike: 0.0, vol }]);
    let surface = Surface::fit(&[flat(10, 0.5), flat(20, 0.6)]);
    let (near, far) = (0.25 * years(10), 0.36 * years(20));
    let at = |days: i64| surface.total_variance(0.1, years(days)).unwrap();
    assert!((at(15) - 0.5 * (near + far)).abs() < 1e-15);
    assert!((at(5) - 0.5 * near).abs() < 1e-15, "before the first: in proportion to time");
    assert!((at(30) - (2.0 * far - near)).abs() < 1e-14, "beyond the last: at the last forward variance");
    assert!((surface.vol(0.1, 0.0).unwrap() - 0.5).abs() < 1e-15, "without time: the limit");
}

/// Two fitted smiles that cross: the near one's wings are too steep for the far one.
fn crossing() -> [SliceInput; 2] {
    let near = Raw { a: 0.004, b: 0.09, rho: -0.2, m: 0.0, sigma: 0.08 };
    let far = Raw { a: 0.012, b: 0.05, rho: -0.1, m: 0.0, sigma: 0.2 };
    [slice(14, points_of(&near, 14, -0.3, 0.3, 21)), slice(30, points_of(&far, 30, -0.5, 0.5, 21))]
}

#[test]
fn slices_that_cross_are_repaired_and_the_report_says_so() {
    let inputs = crossing();
    let crossed = |surface: &Surface, k: f64| {
        surface.total_variance(k, years(14)).unwrap() > surface.total_variance(k, years(30)).unwrap()
    };
    let alone = [Surface::fit(&inputs[..1]), Surface::fit(&inputs[1..])];
    assert!(
        alone[0].total_variance(-0.45, years(14)).unwrap() > alone[1].total_variance(-0.45, years(30)).unwrap(),
        "fitted alone they cross"
    );
    let surface = Surface::fit(&inputs);
    let [near, far] = surface.report().slices[..] else { panic!("two slices") };
    println!("near: {near:#?}");
    assert!(near.arbitrage_before.calendar > 0.01 && near.arbitrage.is_none() && near.repair != Repair::None);
    assert_eq!(far.repair, Repair::None, "the last expiry stands");
    assert!(far.rms_error < 1e-6 && near.rms_error_before < 1e-6 && near.rms_error > near.rms_error_before);
    assert!(near.rms_error < 0.08, "and the repair keeps near the quotes: {}", near.rms_error);
    assert!(strikes(-0.6, 0.6, 121).all(|k| !crossed(&surface, k)));
}

#[test]
fn a_published_slice_is_delivered_as_published_and_its_arbitrage_reported() {
    let mut inputs = crossing();
    let steep = Raw { a: 0.004, b: 0.09, rho: -0.2, m: 0.0, sigma: 0.08 };
    inputs[0].svi = Some(steep);
    let surface = Surface::fit(&inputs);
    let near = surface.report().slices[0];
    assert_eq!((near.method, near.repair), (Method::Published, Repair::None));
    assert!(near.arbitrage.calendar > 0.0 && !surface.report().is_arbitrage_free());
    assert_eq!(surface.total_variance(0.2, years(14)).unwrap(), steep.variance(0.2).value);
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn snapshot(expiries: BTreeMap<Timestamp, ExpiryQuote>) -> (Snapshot, Underlying) {
    let (eth, usd): (Underlying, _) = ("ETH".parse().unwrap(), "USD".parse().unwrap());
    let quote = UnderlyingQuote { index: decimal("2000"), quote: usd, confidence: None, expiries };
    let snapshot = Snapshot {
        as_of: expiry(0),
        currency: usd,
        assets: BTreeMap::new(),
        underlyings: BTreeMap::from([(eth, quote)]),
        marks: BTreeMap::new(),
    };
    (snapshot, eth)
}

fn vols(quoted: &[(&str, &str)]) -> Vec<StrikeVol> {
    quoted.iter().map(|(strike, vol)| StrikeVol { strike: decimal(strike), vol: decimal(vol) }).collect()
}

fn view(expiries: BTreeMap<Timestamp, ExpiryQuote>) -> Result<(View, Underlying), MarketError> {
    let (snapshot, eth) = snapshot(expiries);
    Ok((View::new(&snapshot, &Listing::new(Vec::new()).unwrap())?, eth))
}

#[test]
fn a_quoted_strike_keeps_its_volatility_and_a_missing_one_takes_the_surface() {
    let quoted =
        vols(&[("1500", "0.9"), ("1800", "0.7"), ("2000", "0.62"), ("2200", "0.6"), ("2500", "0.65"), ("3000", "0.8")]);
    let quote = ExpiryQuote { forward: Some(decimal("2010")), vols: quoted, ..ExpiryQuote::default() };
    let (view, eth) = view(BTreeMap::from([(expiry(30), quote)])).unwrap();
    let at = |strike: f64| view.vol(eth, expiry(30), strike).unwrap();
    assert_eq!((at(2200.0).value, at(2200.0).source), (0.6, VolSource::Strike));
    let missing = at(2300.0);
    assert_eq!(missing.source, VolSource::Surface);
    assert!(missing.value > 0.55 && missing.value < 0.65, "{missing:?}");
    let surface = view.surface(eth).unwrap();
    assert_eq!(surface.vol(ln(2300.0 / 2010.0), years(30)).unwrap(), missing.value);
    assert_eq!(view.vol(eth, expiry(60), 2200.0).unwrap().source, VolSource::Surface, "an expiry nobody quotes");
    assert_eq!(view.forward(eth, expiry(60)).unwrap().source, ForwardSource::Interpolated);
}

#[test]
fn a_published_svi_slice_is_what_a_missing_strike_takes() {
    let [a, b, rho, m, sigma] = ["0.012", "0.06", "-0.25", "0.02", "0.15"].map(decimal);
    let svi = Some(SviQuote { a, b, rho, m, sigma });
    let quote = ExpiryQuote { forward: Some(decimal("2000")), svi, ..ExpiryQuote::default() };
    let (view, eth) = view(BTreeMap::from([(expiry(30), quote)])).unwrap();
    let vol = view.vol(eth, expiry(30), 2400.0).unwrap();
    assert_eq!(vol.value, (MONTH.variance(ln(2400.0 / 2000.0)).value / years(30)).sqrt());
}

#[test]
fn bad_quotes_are_refused_by_name() {
    let refused = |quote: ExpiryQuote| view(BTreeMap::from([(expiry(30), quote)])).unwrap_err().to_string();
    let with_vols = |quoted: &[(&str, &str)]| refused(ExpiryQuote { vols: vols(quoted), ..ExpiryQuote::default() });
    assert_eq!(with_vols(&[("2000", "0")]), "ETH 1970-01-31T00:00:00Z: vol is 0: expected a positive number");
    assert_eq!(with_vols(&[("-1", "0.5")]), "ETH 1970-01-31T00:00:00Z: strike is -1: expected a positive number");
    assert_eq!(
        with_vols(&[("2000", "0.5"), ("2000", "0.6")]),
        "ETH 1970-01-31T00:00:00Z: strike 2000 follows 2000: expected ascending strikes"
    );
    let forward = ExpiryQuote { forward: Some(decimal("0")), ..ExpiryQuote::default() };
    assert_eq!(refused(forward), "ETH 1970-01-31T00:00:00Z: forward is 0: expected a positive number");
    let svi = |a: &str, b: &str, rho: &str, sigma: &str| {
        let [a, b, rho, m, sigma] = [a, b, rho, "0", sigma].map(decimal);
        refused(ExpiryQuote { svi: Some(SviQuote { a, b, rho, m, sigma }), ..ExpiryQuote::default() })
    };
    assert!(svi("0.01", "-0.1", "0", "0.1").contains("svi b is -0.1: expected at least 0"));
    assert!(svi("0.01", "0.1", "1", "0.1").contains("svi rho is 1: expected above -1 and below 1"));
    assert!(svi("0.01", "0.1", "0", "0").contains("svi sigma is 0: expected a positive number"));
    assert!(svi("-0.5", "0.1", "0", "0.1").contains("svi a is -0.5"));
    let (view, eth) = view(BTreeMap::new()).unwrap();
    assert_eq!(
        view.vol(eth, expiry(30), 2000.0).unwrap_err().to_string(),
        "ETH 1970-01-31T00:00:00Z strike 2000: no volatility: expected a quoted volatility, an SVI slice or an option mark on ETH"
    );
    let unknown: Underlying = "SOL".parse().unwrap();
    assert_eq!(view.index(unknown), Err(MarketError::UnknownUnderlying(unknown)));
}
