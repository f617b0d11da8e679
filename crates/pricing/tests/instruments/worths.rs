//! Worths under shocks.

use plimsoll_numerics::{exp, ln};
use plimsoll_pricing::float::float;
use plimsoll_pricing::formulas::black76;
use plimsoll_pricing::instruments::{Instrument, Priced, Shocks, Style, worths};
use plimsoll_pricing::market::{ForwardSource, MarkQuote, Vol, VolSource};

use super::{dec, marked, named, one_of_each, price, vectors, view};

/// One scenario, as people would say it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shock {
    pub(crate) spot: f64,
    pub(crate) growth: f64,
    pub(crate) vol_scale: f64,
    pub(crate) vol_shift: f64,
    pub(crate) years: f64,
    pub(crate) rate: f64,
}

impl Shock {
    pub(crate) fn none(priced: &Priced) -> Self {
        Self { spot: 1.0, growth: 1.0, vol_scale: 1.0, vol_shift: 0.0, years: priced.years, rate: priced.rate }
    }

    pub(crate) fn price(self, growth: f64) -> Self {
        Self { spot: growth, growth, ..self }
    }
}

pub(crate) fn shocked(run: &[(&Instrument, &Priced)], scenarios: &[Shock]) -> Vec<f64> {
    let column = |of: fn(&Shock) -> f64| scenarios.iter().map(of).collect::<Vec<f64>>();
    let shocks = Shocks {
        spot: &column(|it| it.spot),
        growth: &column(|it| it.growth),
        log_growth: &column(|it| ln(it.growth)),
        vol_scale: &column(|it| it.vol_scale),
        vol_shift: &column(|it| it.vol_shift),
        vol_floor: &column(|_| 0.0),
        years: &column(|it| it.years),
        sqrt_years: &column(|it| it.years.sqrt()),
        discount: &column(|it| exp(-it.rate * it.years)),
    };
    let mut out = vec![f64::NAN; run.len() * scenarios.len()];
    worths(run, &shocks, &mut out);
    out
}

pub(crate) fn market_of(instruments: &[Instrument]) -> Vec<Priced> {
    instruments.iter().map(|it| it.price(&view(it.terms().quote.as_str()), None).unwrap()).collect()
}

#[test]
fn no_shock_is_the_base_worth() {
    let instruments = one_of_each();
    for (instrument, priced) in instruments.iter().zip(market_of(&instruments)) {
        let worth = shocked(&[(instrument, &priced)], &[Shock::none(&priced)])[0];
        assert_eq!(worth.to_bits(), instrument.worth(&priced).to_bits(), "{}", instrument.name());
        let position = super::position(instrument, "1", Some(&priced.mark.value.to_string()));
        let carry = instrument.carry(&position, priced.mark).unwrap();
        let carried = float(carry.option_value.value) + float(carry.unrealised.value);
        assert!((worth - carried).abs() < 1e-10 * (1.0 + carried), "{}: {worth} {carried}", instrument.name());
        if carry.option_value.value.is_zero() {
            assert_eq!(worth, 0.0, "{}: no move is no profit, to the last bit", instrument.name());
        }
    }
}

#[test]
fn worths_change_as_exact_profit_does() {
    let instruments = one_of_each();
    for (instrument, priced) in instruments.iter().zip(market_of(&instruments)) {
        for growth in [0.3, 0.84, 1.0001, 1.16, 4.0] {
            let none = Shock::none(&priced);
            let row = shocked(&[(instrument, &priced)], &[none, none.price(growth)]);
            let moved = priced.moved(instrument, growth, 1.0, 0.0).unwrap();
            let profit = instrument.fill_pnl(super::quantity("1"), priced.mark, moved.mark).unwrap();
            let apart = row[1] - row[0] - float(profit.value);
            assert!(apart.abs() < 1e-10 * (1.0 + row[1].abs()), "{} × {growth}: {row:?} {profit}", instrument.name());
        }
    }
}

#[test]
fn coin_held_against_a_short_inverse_perpetual_has_no_price_risk() {
    // 10 BTC at 60,000 and 600,000 dollars short.
    let perpetual = named("BTC-PERPETUAL");
    let priced = perpetual.price(&view("USD"), Some(&marked("60000"))).unwrap();
    let scenarios = [0.1, 0.5, 0.84, 1.0, 1.16, 3.0].map(|growth| Shock::none(&priced).price(growth));
    let row = shocked(&[(&perpetual, &priced)], &scenarios);
    for (scenario, worth) in scenarios.iter().zip(row) {
        let coin_price = 60000.0 * scenario.growth;
        let short = -600_000.0 * worth;
        assert!(((10.0 + short) * coin_price - 600_000.0).abs() < 1e-6, "{scenario:?}");
        // The short alone, at the coin's shocked price, is linear: −N (P/m − 1).
        assert!((short * coin_price + 600_000.0 * (scenario.growth - 1.0)).abs() < 1e-6, "{scenario:?}");
    }
}

#[test]
fn a_coin_margined_long_loses_on_its_coin_too() {
    // 10 BTC at 60,000 and a long of the same size: −16 % costs 96,000 on the coin and 96,000 on the long.
    let perpetual = named("BTC-PERPETUAL");
    let priced = perpetual.price(&view("USD"), Some(&marked("60000"))).unwrap();
    let worth = shocked(&[(&perpetual, &priced)], &[Shock::none(&priced).price(0.84)])[0];
    let loss = (10.0 + 600_000.0 * worth) * 60000.0 * 0.84 - 600_000.0;
    assert!((loss + 192_000.0).abs() < 1e-6, "{loss}");
    let coin_alone = 600_000.0 * worth * 60000.0;
    assert!((coin_alone + 114_285.714_285_714_3).abs() < 1e-6, "at today's coin price it looks like {coin_alone}");
}

#[test]
fn coin_options_are_divided_by_the_shocked_forward() {
    let option = named("BTC-27DEC24-60000-C");
    let priced = option.price(&view("USD"), None).unwrap();
    let shock = Shock { vol_scale: 1.25, vol_shift: 0.02, years: 0.01, ..Shock::none(&priced).price(1.2) };
    let worth = shocked(&[(&option, &priced)], &[shock])[0];
    let forward = 60600.0 * 1.2;
    let quote = black76::price(option.right().unwrap(), forward, 60000.0, 0.6 * 1.25 + 0.02, 0.01, 0.0);
    assert!((worth - quote / forward).abs() < 1e-15, "{worth}");
}

#[test]
fn an_option_that_expires_inside_the_shock_is_worth_its_payoff() {
    for (name, growth, payoff) in [
        ("BTC-27DEC24-60000-C", 1.25, 1.0 - 60000.0 / 75750.0),
        ("BTC-27DEC24-60000-P", 1.25, 0.0),
        ("BTC/USD:USD-241227-60000-P", 0.5, 29700.0),
        ("BTC/USD:USD-241227-60000-C", 0.5, 0.0),
    ] {
        let option = named(name);
        let priced = option.price(&view("USD"), None).unwrap();
        let worth = shocked(&[(&option, &priced)], &[Shock { years: 0.0, ..Shock::none(&priced).price(growth) }])[0];
        assert!((worth - payoff).abs() < 1e-10, "{name}: {worth}");
    }
}

#[test]
fn extreme_shocks_stay_numbers() {
    let instruments = one_of_each();
    for (instrument, priced) in instruments.iter().zip(market_of(&instruments)) {
        for growth in [0.0, 1e-300, 1e-12, 1e9] {
            for vol_scale in [0.0, 1.0, 1e6] {
                for years in [0.0, 1e-12, priced.years, 50.0] {
                    let shock = Shock { vol_scale, years, ..Shock::none(&priced).price(growth) };
                    let worth = shocked(&[(instrument, &priced)], &[shock])[0];
                    assert!(worth.is_finite(), "{} {shock:?}: {worth}", instrument.name());
                }
            }
        }
    }
}

#[test]
fn a_volatility_stays_at_its_floor() {
    let option = named("BTC/USD:USD-241227-60000-C");
    let priced = option.price(&view("USD"), None).unwrap();
    let mut out = [0.0];
    let shocks = Shocks {
        spot: &[1.0],
        growth: &[1.0],
        log_growth: &[0.0],
        vol_scale: &[0.1],
        vol_shift: &[-0.5],
        vol_floor: &[0.2],
        years: &[priced.years],
        sqrt_years: &[priced.years.sqrt()],
        discount: &[1.0],
    };
    worths(&[(&option, &priced)], &shocks, &mut out);
    let expected = black76::price(option.right().unwrap(), 60600.0, 60000.0, 0.2, priced.years, 0.0);
    assert!((out[0] - expected).abs() < 1e-9);
}

#[test]
fn a_row_does_not_depend_on_its_neighbours() {
    let instruments = one_of_each();
    let priced = market_of(&instruments);
    let run: Vec<(&Instrument, &Priced)> = instruments.iter().zip(&priced).collect();
    let base = Shock { years: 0.07, rate: 0.05, ..Shock::none(&priced[0]) };
    let scenarios: Vec<Shock> = (0..37)
        .map(|i| Shock { vol_scale: 0.7 + 0.02 * f64::from(i), ..base.price(0.6 + 0.025 * f64::from(i)) })
        .collect();
    let together = shocked(&run, &scenarios);
    for (one, row) in run.iter().zip(together.chunks(scenarios.len())) {
        let alone = shocked(&[*one], &scenarios);
        assert!(alone.iter().zip(row).all(|(left, right)| left.to_bits() == right.to_bits()), "{}", one.0.name());
    }
    let none: Vec<f64> = shocked(&[], &scenarios);
    assert!(none.is_empty() && shocked(&run, &[]).is_empty());
}

#[test]
fn coin_premiums_are_those_of_the_vectors() {
    let Some(file) = vectors("inverse.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 8);
    let mut worst = 0.0_f64;
    for case in cases {
        let (option, priced) = case_of(case);
        let exact = case["price_coin"].as_f64().unwrap();
        let error = (option.worth(&priced) - exact).abs();
        worst = worst.max(error);
        assert!(error < 4e-16 + 1e-12 * exact.min(1e-6), "{case}: {error}");
    }
    println!("worst error of {} coin premiums: {worst:e} coin", cases.len());
}

/// A case of inverse.json as an option in its market.
pub(crate) fn case_of(case: &serde_json::Value) -> (Instrument, Priced) {
    let figure = |name: &str| case[name].as_f64().unwrap();
    let right = if case["type"] == "call" { "C" } else { "P" };
    let option = named(&format!("BTC-27DEC24-{}-{right}", figure("strike")));
    assert_eq!(option.style(), Style::Inverse);
    let forward = figure("forward");
    let priced = Priced {
        mark: price("0", "BTC"),
        mark_source: plimsoll_pricing::instruments::MarkSource::Model,
        forward,
        forward_source: ForwardSource::Quoted,
        index: forward,
        vol: Some(Vol { value: figure("sigma"), source: VolSource::Mark }),
        years: figure("t"),
        rate: 0.05,
    };
    (option, priced)
}

#[test]
fn quanto_worths_are_paid_at_the_rate() {
    let rate = 0.0003;
    let market = view("USD");
    let worth = |it: &Instrument| {
        let quote = MarkQuote { vol: Some(dec("0.6")), ..MarkQuote::default() };
        let priced = it.price(&market, Some(&quote)).unwrap();
        shocked(&[(it, &priced)], &[Shock::none(&priced).price(1.3)])[0]
    };
    for name in ["BTC/USD:USD", "BTC/USD:USD-241227-61000-C"] {
        let (linear, quanto) = (worth(&named(name)), worth(&super::quanto(name, "ETH", "0.0003")));
        assert!((quanto - rate * linear).abs() < 1e-12, "{name}");
    }
}
