//! Greeks against finite differences of worths, and against published figures.

use plimsoll_pricing::instruments::{Instrument, Priced};

use super::worths::{Shock, case_of, market_of, shocked};
use super::{named, one_of_each, vectors, view};

/// (worth up − worth down) ÷ width, and the second difference.
fn differences(instrument: &Instrument, priced: &Priced, down: Shock, up: Shock, width: f64) -> (f64, f64) {
    let row = shocked(&[(instrument, priced)], &[down, Shock::none(priced), up]);
    ((row[2] - row[0]) / (2.0 * width), (row[2] - 2.0 * row[1] + row[0]) / (width * width))
}

fn near(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= 2e-5 * expected.abs() + 1e-7 * scale
}

#[test]
fn greeks_in_the_settlement_asset_are_derivatives_of_worths() {
    let instruments = one_of_each();
    for (instrument, priced) in instruments.iter().zip(market_of(&instruments)) {
        let (name, greeks, none) = (instrument.name(), instrument.greeks(&priced), Shock::none(&priced));
        // Worths of contracts quoted in coin are near one, the others near 60,000 times the rate.
        let scale = greeks.in_settlement.delta.abs().max(1e-9);
        let bump = 1e-4;
        let width = priced.forward * bump;
        let (delta, gamma) = differences(instrument, &priced, none.price(1.0 - bump), none.price(1.0 + bump), width);
        assert!(near(greeks.in_settlement.delta, delta, scale), "{name}: delta {greeks:?} {delta}");
        // Spot moves with the index, but is worth its mark: the same here, where it is quoted at the index.
        assert!(
            (greeks.in_settlement.gamma - gamma).abs() <= 1e-3 * gamma.abs() + 1e-5 * scale / width,
            "{name}: gamma {greeks:?} {gamma}"
        );
        let shift = |vol_shift: f64| Shock { vol_shift, ..none };
        let (vega, _) = differences(instrument, &priced, shift(-1e-4), shift(1e-4), 0.01);
        assert!(near(greeks.in_settlement.vega, vega, scale * width), "{name}: vega {greeks:?} {vega}");
        if priced.years > 0.0 {
            let day = 1.0 / 365.0;
            let later = |days: f64| Shock { years: priced.years - days * day, ..none };
            let (theta, _) = differences(instrument, &priced, later(-1e-3), later(1e-3), 1e-3);
            assert!(near(greeks.in_settlement.theta, theta, scale * width), "{name}: theta {greeks:?} {theta}");
            let rated = |change: f64| Shock { rate: priced.rate + change, ..none };
            let (rho, _) = differences(instrument, &priced, rated(-1e-4), rated(1e-4), 0.01);
            assert!(near(greeks.in_settlement.rho, rho, scale * width), "{name}: rho {greeks:?} {rho}");
        }
    }
}

#[test]
fn what_is_settled_in_coin_is_the_quotes_greeks_over_the_forward() {
    for name in ["BTC-27DEC24-60000-C", "BTC-27DEC24-70000-P", "BTC-PERP-60000-C"] {
        let option = named(name);
        let priced = option.price(&view("USD"), None).unwrap();
        let (greeks, coin) = (option.greeks(&priced), option.greeks(&priced).in_settlement);
        let premium = plimsoll_pricing::float::float(priced.mark.value);
        assert!((greeks.delta_net - (greeks.delta - premium)).abs() < 1e-12, "{name}: net of the coin premium");
        assert!((coin.delta * priced.forward - greeks.delta_net).abs() < 1e-12, "{name}");
        assert!((coin.vega * priced.forward - greeks.vega).abs() < 1e-9, "{name}");
        assert!((coin.theta * priced.forward - greeks.theta).abs() < 1e-9, "{name}");
    }
}

#[test]
fn futures_and_spot_are_their_size() {
    let greeks = |name: &str| {
        let instrument = named(name);
        instrument.greeks(&instrument.price(&view("USD"), None).unwrap())
    };
    let perpetual = greeks("BTC-PERPETUAL");
    assert!((perpetual.delta - 1.0 / 60000.0).abs() < 1e-18, "a dollar of coin");
    assert_eq!((perpetual.delta_net, perpetual.gamma, perpetual.vega), (perpetual.delta, 0.0, 0.0));
    let linear = greeks("BTC/USD:USD");
    assert_eq!((linear.delta, linear.gamma, linear.theta, linear.rho), (1.0, 0.0, 0.0, 0.0));
    assert_eq!(greeks("BTC/USD").delta, 1.0);
}

#[test]
fn coin_greeks_are_those_of_the_vectors() {
    let Some(file) = vectors("inverse.json") else { return };
    for case in file["cases"].as_array().unwrap() {
        let (option, priced) = case_of(case);
        let greeks = option.greeks(&priced);
        let figure = |name: &str| case[name].as_f64().unwrap();
        for (what, found, expected) in [
            ("delta_usd", greeks.delta, figure("delta_usd")),
            ("delta_net", greeks.delta_net, figure("delta_net")),
            ("dcoin_dF", greeks.in_settlement.delta * priced.forward, figure("dcoin_dF") * priced.forward),
            (
                "d2coin_dF2",
                greeks.in_settlement.gamma * priced.forward * priced.forward,
                figure("d2coin_dF2") * priced.forward * priced.forward,
            ),
            ("vega_coin", greeks.in_settlement.vega * 100.0, figure("vega_coin")),
        ] {
            assert!((found - expected).abs() < 1e-13 * (1.0 + expected.abs()), "{case} {what}: {found}");
        }
        assert_eq!(greeks.rho, 0.0, "a coin premium is not discounted");
    }
}

#[test]
fn an_expired_option_has_a_payoffs_greeks() {
    let option = named("BTC/USD:USD-241130-50000-C");
    let greeks = option.greeks(&option.price(&view("USD"), None).unwrap());
    assert_eq!((greeks.delta, greeks.gamma, greeks.vega, greeks.theta), (1.0, 0.0, 0.0, 0.0));
}
