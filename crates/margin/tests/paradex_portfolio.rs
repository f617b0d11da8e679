//! Paradex's portfolio margin against its documentation, and against sums of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use std::sync::Arc;

use plimsoll_core::Decimal;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::paradex_portfolio::{Deltas, ParadexPortfolio};
use plimsoll_margin::models::{Model, by_name};
use plimsoll_margin::scenario::Moves;
use plimsoll_numerics::{exp, ln};
use plimsoll_pricing::formulas::{Right, black76};
use plimsoll_pricing::market::Market;
use support::random::Random;
use support::{Book, book, decimal, near};

/// docs.paradex.trade/risk/portfolio-margin: long one perpetual, short five calls of delta 0.3, at 70,000. The page
/// was read up to its last line; the rule makes that 1,400.
#[test]
fn the_minimum_on_deltas_is_the_published_one() {
    let deltas =
        Deltas::default().plus(Decimal::ONE, Decimal::ONE).unwrap().plus(decimal("-5"), decimal("0.3")).unwrap();
    assert_eq!((deltas.net, deltas.gross), (decimal("-0.5"), decimal("2.5")));
    assert_eq!(deltas.hedged(), Ok(Decimal::ONE));
    assert_eq!(deltas.minimum(decimal("0.02"), decimal("0.01"), decimal("70000")), Ok(decimal("1400")));
}

/// Twenty-four, and every extreme move weighs 16 % ÷ its size to a hundredth of a per cent.
#[test]
fn the_scenarios_are_the_published_ones() {
    let moves: Moves = by_name("paradex-portfolio").unwrap().fields()[0].values()[0].1.parse().unwrap();
    assert_eq!(moves.as_slice().len(), 24);
    for one in moves.as_slice() {
        let by = one.price.minus(Decimal::ONE).unwrap().abs();
        let weight = if by <= decimal("0.16") {
            Decimal::ONE
        } else {
            decimal("0.16").over(by, plimsoll_core::Rounding::HalfEven).unwrap()
        };
        let off = one.damping.minus(weight).unwrap().abs();
        assert!(off <= decimal("0.005"), "{} weighs {} for {weight}", one.price, one.damping);
    }
}

fn margin(text: &str) -> Margin {
    book(text).margin(&ParadexPortfolio::default()).unwrap_or_else(|error| panic!("{error}"))
}

const PERPETUAL: &str = "index BTC 70000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 70000\n";

#[test]
fn a_perpetual_asks_16_per_cent_and_half_to_keep() {
    let long = margin(&format!("{PERPETUAL}position BTC_USDC-PERPETUAL 2"));
    assert_eq!(long.requirement.initial.amount, decimal("22400"));
    assert_eq!(long.requirement.maintenance.amount, decimal("11200"));
    let short = margin(&format!("{PERPETUAL}position BTC_USDC-PERPETUAL -2"));
    assert_eq!(short.requirement.initial.amount, decimal("22400"));
}

/// One scenario at a time: a call of 25 days loses what Black-76 says at the shocked price and volatility.
#[test]
fn a_short_call_is_revalued_at_the_shocked_price_and_volatility() {
    let text = "index BTC 70000\nprice USDC 1\nforward BTC 2026-06-26T07:00:00Z 70000 vol 0.6
                forward BTC 2026-08-10T07:00:00Z 70000 vol 0.6";
    for (day, days, power) in [("26JUN26", 25.0_f64, 0.30), ("10AUG26", 70.0, 0.13)] {
        for (scenario, price, vol, weight) in [
            ("1.16 up", 1.16, 0.4, 1.0),
            ("1.12 down", 1.12, -0.22, 1.0),
            ("1 up", 1.0, 0.4, 1.0),
            ("3 up @0.08", 3.0, 0.4, 0.08),
        ] {
            let mut model = ParadexPortfolio::default();
            for (name, value) in [("scenarios", scenario), ("net_rate", "0"), ("hedged_rate", "0")] {
                model.set(name, value).unwrap();
            }
            // Deribit's options settle at eight; an hour is told apart.
            let years = (days + 1.0 / 24.0) / 365.0;
            let text = text.replace("T07:00", "T08:00");
            let held = format!("{text}\nposition BTC_USDC-{day}-80000-C -10");
            let got = book(&held).margin(&model).unwrap().requirement.initial.amount;
            let shocked = 0.6 * (1.0 + vol * exp(power * ln(30.0 / (days + 1.0 / 24.0))));
            let worth = |forward: f64, vol: f64| black76::price(Right::Call, forward, 80_000.0, vol, years, 0.0);
            let want = 10.0 * weight * (worth(70_000.0 * price, shocked) - worth(70_000.0, 0.6));
            // A cell is rounded to a millionth of a lot, a thousandth of a contract here.
            near(got, &format!("{:.6}", want.max(0.0)), "0.005");
        }
    }
}

fn with_funding(text: &str, rate: &str) -> Book {
    let mut book = book(text);
    let mut snapshot = book.market.snapshot().clone();
    snapshot.marks.values_mut().for_each(|mark| mark.funding_rate = Some(decimal(rate)));
    book.market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
    book
}

/// Both levels hold them whole: 0.01 % of 70,000 in eight hours, and 0.05 % to close.
#[test]
fn funding_and_fees_are_provided_for_at_both_levels() {
    let levels = |quantity: &str, rate: &str, fee: &str| {
        let mut book = with_funding(&format!("{PERPETUAL}position BTC_USDC-PERPETUAL {quantity}"), rate);
        book.account.taker_fee_rate = decimal(fee);
        let margin = book.margin(&ParadexPortfolio::default()).unwrap();
        (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
    };
    assert_eq!(levels("1", "0.0001", "0"), (decimal("11207"), decimal("5607")));
    assert_eq!(levels("-1", "0.0001", "0"), (decimal("11200"), decimal("5600")), "it is received");
    assert_eq!(levels("-1", "-0.0001", "0.0005"), (decimal("11242"), decimal("5642")));
    assert_eq!(levels("1", "0", "-0.0001"), (decimal("11200"), decimal("5600")), "a rebate is no margin");
}

#[test]
fn orders_count_at_the_larger_side() {
    let with = |orders: &str| margin(&format!("{PERPETUAL}position BTC_USDC-PERPETUAL 1\n{orders}")).requirement;
    assert_eq!(with("order sell BTC_USDC-PERPETUAL 2 @ 70000").initial.amount, decimal("11200"));
    assert_eq!(with("order sell BTC_USDC-PERPETUAL 3 @ 70000").initial.amount, decimal("22400"));
    assert_eq!(with("order buy BTC_USDC-PERPETUAL 1 @ 70000").initial.amount, decimal("22400"));
    assert_eq!(with("order buy BTC_USDC-PERPETUAL 1 @ 70000").maintenance.amount, decimal("5600"));
}

/// A fill far from the mark loses at once what it is away.
#[test]
fn orders_cost_what_their_fills_lose() {
    let ordered = |price: &str| {
        let text = format!("{PERPETUAL}collateral USDC 1000000\norder buy BTC_USDC-PERPETUAL 10 @ {price}");
        margin(&text).requirement.initial.amount
    };
    let loss = ordered("90000").minus(ordered("70000")).unwrap();
    assert_eq!(loss, "200000".parse().unwrap());
    assert_eq!(ordered("60000"), ordered("70000"), "a gain is not counted before it is made");
}

/// A contract whose unit is worth a ten-thousandth of a cent is margined as finely as any other.
#[test]
fn coins_worth_next_to_nothing_ask_16_per_cent_too() {
    let text = "index PEPE 0.000002\nprice USDC 1\nmark PEPE_USDC-PERPETUAL 0.000002\ncollateral USDC 1000000
                position PEPE_USDC-PERPETUAL 500000000000";
    near(margin(text).requirement.initial.find("PEPE").unwrap().amount, "160000", "1");
}

const OPTIONS: &str = "index BTC 60000\nindex ETH 3000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nmark ETH_USDC-PERPETUAL 3000
                       forward BTC 2026-06-26T08:00:00Z 60500 vol 0.6\nforward BTC 2026-12-25T08:00:00Z 62000 vol 0.6\n";
const HELD: [&str; 5] = [
    "BTC_USDC-26JUN26-60000-C",
    "BTC_USDC-25DEC26-65000-C",
    "BTC_USDC-26JUN26-55000-P",
    "BTC_USDC-PERPETUAL",
    "ETH_USDC-PERPETUAL",
];

/// Order and pieces do not matter, two books together ask no more than apart, and twice a book twice as much.
#[test]
fn the_margin_is_a_convex_measure_of_the_book() {
    let mut random = Random(7);
    for seed in 0..30 {
        let quantities = |random: &mut Random| HELD.map(|_| random.signed(9));
        let (one, other) = (quantities(&mut random), quantities(&mut random));
        let of = |all: &[[i64; 5]], turned: bool| {
            let mut lines: Vec<String> = all
                .iter()
                .flat_map(|book| HELD.iter().zip(book))
                .map(|(name, quantity)| format!("position {name} {quantity}"))
                .collect();
            if turned {
                lines.reverse();
            }
            margin(&format!("{OPTIONS}{}", lines.join("\n"))).requirement.initial.amount
        };
        assert_eq!(of(&[one, other], false), of(&[other, one], true), "seed {seed}");
        let room = of(&[one], false).plus(of(&[other], false)).unwrap().plus(decimal("0.001")).unwrap();
        assert!(of(&[one, other], false) <= room, "seed {seed}: {one:?} {other:?}");
        near(of(&[one, one], false), &of(&[one], false).times_count(2).unwrap().to_string(), "0.001");
    }
}

/// A scenario more never lowers the scan.
#[test]
fn more_scenarios_never_ask_for_less() {
    let text = format!("{OPTIONS}position {} -3\nposition {} 2", HELD[0], HELD[2]);
    let mut last = Decimal::ZERO;
    let mut scenarios = String::new();
    for one in ["1 none", "1.04 up", "0.9 down", "0.34 up @0.24", "1.16 up", "6 up @0.032"] {
        scenarios = if scenarios.is_empty() { one.to_owned() } else { format!("{scenarios}, {one}") };
        let mut model = ParadexPortfolio::default();
        model.set("scenarios", &scenarios).unwrap();
        let asked = book(&text).margin(&model).unwrap().requirement.initial.amount;
        assert!(asked >= last, "{scenarios}: {asked} < {last}");
        last = asked;
    }
}

/// Offset in delta, the book still asks for its hedged part.
#[test]
fn a_hedged_book_asks_for_the_minimum() {
    let text = format!("{OPTIONS}mark BTC/USDC:USDC 60000\nposition BTC_USDC-PERPETUAL 10\nposition BTC/USDC:USDC -10");
    let found = margin(&text);
    assert_eq!(found.requirement.initial.amount, decimal("6000"), "1 % of ten coins");
    assert_eq!(found.requirement.initial.find("scan").unwrap().amount, Decimal::ZERO);
}

#[test]
fn what_has_no_rule_is_refused() {
    let error = by_name("paradex-portfolio").unwrap().set("scenarios", "0 up").unwrap_err().to_string();
    assert!(error.contains("scenarios is 0 up, expected 1 to 100 moves"), "{error}");
    for (text, what) in [
        ("index BTC 100\nmark BTC-PERPETUAL 100\nposition BTC-PERPETUAL 10", "BTC-PERPETUAL: expected a linear"),
        ("index BTC 100\ncollateral BTC 1", "BTC: expected no balance"),
    ] {
        let error = book(text).margin(&ParadexPortfolio::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("paradex-portfolio cannot margin {what}")), "{error}");
    }
}
