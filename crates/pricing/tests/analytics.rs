//! Black-76, coin-settled contracts, implied volatility and SVI against 60-digit values.
//!
//! The cases are read from the shared reference vectors; without them each test says so and passes.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

use plimsoll_pricing::formulas::implied_vol::{ImpliedVolError, implied_vol};
use plimsoll_pricing::formulas::svi::{Raw, Ssvi};
use plimsoll_pricing::formulas::{Right, black76, inverse};
use serde_json::Value;

/// A file of reference vectors, if it is there.
fn vectors(name: &str) -> Option<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/analytics");
    match std::fs::read_to_string(format!("{folder}/{name}")) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("skipped: {folder} absent");
            None
        }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap_or_else(|| panic!("no number {key} in {case}"))
}

fn right(case: &Value) -> Right {
    if case["type"] == "call" { Right::Call } else { Right::Put }
}

/// The largest of some errors, each with its limit and the case it came from.
#[derive(Default)]
struct Worst(f64);

impl Worst {
    fn take(&mut self, error: f64, limit: f64, what: &str, case: &Value) {
        assert!(error <= limit, "{what}: error {error:e} over {limit:e} in {case}");
        self.0 = self.0.max(error);
    }
}

#[test]
fn black76_agrees_with_the_closed_form_at_60_digits() {
    let Some(file) = vectors("black76.json") else { return };
    let cases = list(&file, "cases");
    let (mut price, mut greeks) = (Worst::default(), Worst::default());
    for case in cases {
        let [f, k, vol, t, r] = ["forward", "strike", "sigma", "t", "r"].map(|key| number(case, key));
        let got = black76::greeks(right(case), f, k, vol, t, r);
        assert_eq!(got.price.to_bits(), black76::price(right(case), f, k, vol, t, r).to_bits());
        // A put is as large as its strike, and a double of that size has no finer digits.
        price.take((got.price - number(case, "price")).abs() / f.max(k), 4e-15, "price / max(F, K)", case);
        if k <= f * 10.0 {
            price.take((got.price - number(case, "price")).abs() / f, 4e-15, "price / F", case);
        }
        let root = t.sqrt();
        // Each error is measured in the Greek's own natural size, its largest near the money. A forward
        // known to its last digit leaves d₁ uncertain by that digit over the total deviation.
        let limit = 4e-15 + f64::EPSILON / (vol * root);
        let sizes = [
            ("delta_forward", got.delta, 1.0),
            ("gamma_forward", got.gamma, 1.0 / (f * vol * root)),
            ("vega", got.vega, f * root),
            ("theta", got.theta, f * vol / root + r.abs() * f.max(k)),
            ("rho", got.rho, t * f.max(k)),
            ("vanna", got.vanna, 1.0 / vol),
            ("volga", got.volga, f * root / vol),
        ];
        for (name, value, size) in sizes {
            greeks.take((value - number(case, name)).abs() / size, limit, name, case);
        }
    }
    println!("black76.json: {} cases, worst price error {:.2e}, worst Greek {:.2e}", cases.len(), price.0, greeks.0);
}

#[test]
fn coin_settled_options_agree_with_60_digit_differentiation() {
    let Some(file) = vectors("inverse.json") else { return };
    let cases = list(&file, "cases");
    let mut worst = Worst::default();
    for case in cases {
        let [f, k, vol, t] = ["forward", "strike", "sigma", "t"].map(|key| number(case, key));
        let got = inverse::coin_greeks(right(case), f, k, vol, t);
        let coin = 1.0_f64.max(k / f);
        let sizes = [
            ("price_usd", got.price_quote, f * coin),
            ("price_coin", got.price, coin),
            ("delta_usd", got.delta, 1.0),
            ("delta_net", got.delta_net, coin),
            ("dcoin_dF", got.slope, coin / f),
            ("d2coin_dF2", got.curvature, (coin + 1.0 / (vol * t.sqrt())) / (f * f)),
            ("vega_coin", got.vega, t.sqrt()),
            ("expected_intrinsic_coin", inverse::coin_payoff(right(case), f, k), coin),
        ];
        for (name, value, size) in sizes {
            worst.take((value - number(case, name)).abs() / size, 2e-15, name, case);
        }
    }
    println!("inverse.json options: {} cases, worst error {:.2e}", cases.len(), worst.0);
}

#[test]
fn inverse_futures_agree_with_60_digits() {
    let Some(file) = vectors("inverse.json") else { return };
    let cases = list(&file, "futures");
    let mut worst = Worst::default();
    for case in cases {
        let contracts = number(case, "side") * number(case, "contracts_usd");
        let (entry, mark) = (number(case, "entry"), number(case, "mark"));
        let pnl = inverse::future_pnl(contracts, entry, mark);
        let slope = inverse::future_pnl_slope(contracts, mark);
        for (name, value) in [("pnl_coin", pnl), ("pnl_usd_at_mark", pnl * mark), ("dpnl_coin_dmark", slope)] {
            worst.take((value / number(case, name) - 1.0).abs(), 1e-15, name, case);
        }
        // The vectors give a tenth of the entry notional, in coin, as collateral.
        let bankrupt = inverse::bankruptcy_price(contracts, entry, 0.1 * contracts.abs() / entry);
        if contracts > 0.0 {
            let expected = number(case, "bankruptcy_price_10pct_margin");
            worst.take((bankrupt.unwrap() / expected - 1.0).abs(), 1e-15, "bankruptcy price", case);
        }
    }
    println!("inverse.json futures: {} cases, worst error {:.2e}", cases.len(), worst.0);
}

#[test]
fn implied_volatility_is_as_good_as_its_price_allows() {
    let Some(file) = vectors("implied_vol.json") else { return };
    let cases = list(&file, "cases");
    let mut worst = Worst::default();
    let mut worst_scaled = Worst::default();
    for case in cases {
        let [f, k, t, price] = ["forward", "strike", "t", "price"].map(|key| number(case, key));
        let vol = implied_vol(right(case), f, k, t, price).unwrap_or_else(|error| panic!("{error} in {case}"));
        let error = (vol / number(case, "sigma") - 1.0).abs();
        let allowed = f64::EPSILON * (1.0 + number(case, "condition"));
        worst_scaled.take(error / allowed, 2.0, "sigma / (eps (1 + condition))", case);
        worst.take(error, 1e-12, "sigma", case);
    }
    let rejects = list(&file, "rejects");
    for case in rejects {
        let price = case["price"].as_f64().unwrap_or(f64::NAN);
        let [f, k, t] = ["forward", "strike", "t"].map(|key| number(case, key));
        let error = implied_vol(right(case), f, k, t, price).unwrap_err();
        let expected = case["expect"].as_str().unwrap();
        let as_expected = match error {
            ImpliedVolError::BelowIntrinsic { .. } => expected == "below intrinsic",
            ImpliedVolError::AtOrAboveBound { .. } => expected.starts_with("at or above"),
            ImpliedVolError::NoTime { .. } => expected == "no time",
            ImpliedVolError::NotFinite { .. } => expected.starts_with("price missing"),
            ImpliedVolError::NotPositive { .. } | ImpliedVolError::NotFound { .. } => false,
        };
        assert!(as_expected, "{error} where {expected} is meant");
    }
    println!(
        "implied_vol.json: {} cases, worst error {:.2e} ({:.2} of eps (1 + condition)); {} rejects",
        cases.len(),
        worst.0,
        worst_scaled.0,
        rejects.len()
    );
}

#[test]
fn svi_slices_agree_with_60_digits() {
    let Some(file) = vectors("svi.json") else { return };
    let cases = list(&file, "cases");
    let mut worst = Worst::default();
    for case in cases {
        let [a, b, rho, m, sigma] = ["a", "b", "rho", "m", "sigma"].map(|key| number(case, key));
        let slice = Raw { a, b, rho, m, sigma };
        for (k, w) in list(case, "k").iter().zip(list(case, "w")) {
            let [k, w] = [k, w].map(|value| value.as_f64().unwrap());
            worst.take((slice.variance(k).value - w).abs(), 1e-15, "w", case);
        }
        worst.take((slice.variance_min() - number(case, "w_min")).abs(), 1e-15, "least w", case);
        assert_eq!(slice.within_lee_bound(), case["lee_ok"].as_bool().unwrap(), "{case}");
        let butterfly_free = if slice.variance_min() > 0.0 {
            check_shape(&slice, case, &mut worst)
        } else {
            false // No volatility at all where total variance is negative.
        };
        assert_eq!(butterfly_free, case["butterfly_free_on_[-2,2]"].as_bool().unwrap(), "{case}");
    }
    println!("svi.json raw: {} slices, worst error {:.2e}", cases.len(), worst.0);
}

/// Durrleman's function, the jump wings, and whether g stays above zero between −2 and 2.
fn check_shape(slice: &Raw, case: &Value, worst: &mut Worst) -> bool {
    let g = |k: f64| slice.variance(k).durrleman(k);
    for (k, expected) in list(case, "k").iter().zip(list(case, "g")) {
        let [k, expected] = [k, expected].map(|value| value.as_f64().unwrap());
        worst.take((g(k) - expected).abs() / (1.0 + expected.abs()), 2e-14, "g", case);
    }
    let wings = &case["jump_wings"];
    let got = slice.jump_wings(number(wings, "t"));
    for (name, value) in [("v", got.v), ("psi", got.psi), ("p", got.p), ("c", got.c), ("v_min", got.v_min)] {
        let expected = number(wings, name);
        worst.take((value - expected).abs() / (1.0 + expected.abs()), 1e-14, name, case);
    }
    let lowest = (-400..=400).map(|i| g(f64::from(i) * 0.005)).min_by(f64::total_cmp).unwrap();
    worst.take((lowest - number(case, "g_min_on_grid")).abs() / (1.0 + lowest.abs()), 2e-14, "least g", case);
    worst.take((g(number(case, "g_argmin")) - lowest).abs(), 1e-12, "where g is least", case);
    lowest >= 0.0
}

#[test]
fn ssvi_slices_and_their_conditions_agree_with_60_digits() {
    let Some(file) = vectors("svi.json") else { return };
    let cases = list(&file, "ssvi");
    let mut worst = Worst::default();
    for case in cases {
        let [theta, rho, eta, gamma] = ["theta", "rho", "eta", "gamma"].map(|key| number(case, key));
        let slice = Ssvi { theta, rho, eta, gamma };
        for (k, w) in list(case, "k").iter().zip(list(case, "w")) {
            let (k, w) = (k.as_f64().unwrap(), w.as_f64().unwrap());
            worst.take((slice.variance(k).value - w).abs() / w, 4e-15, "w", case);
        }
        let (first, second) = slice.butterfly_sizes();
        let sizes = [
            ("phi", slice.phi()),
            ("theta_phi_1p_abs_rho", first),
            ("theta_phi2_1p_abs_rho", second),
            ("d_theta_phi", slice.theta_phi_slope()),
        ];
        for (name, value) in sizes {
            worst.take((value / number(case, name) - 1.0).abs(), 4e-15, name, case);
        }
        assert_eq!(slice.is_butterfly_free(), case["butterfly_sufficient"].as_bool().unwrap(), "{case}");
        assert_eq!(slice.is_calendar_free(), case["calendar_free"].as_bool().unwrap(), "{case}");
    }
    println!("svi.json SSVI: {} slices, worst error {:.2e}", cases.len(), worst.0);
}
