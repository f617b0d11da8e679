//! The house model, part by part.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use plimsoll_core::{Decimal, Node, Rule};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::models::{Held, Model};
use support::{Book, book, decimal, near, part};

fn initial(book: &Book, settings: &[(&str, &str)]) -> Node {
    let mut model = Plimsoll::default();
    settings.iter().for_each(|(name, value)| model.set(name, value).unwrap());
    book.margin(&model).unwrap().requirement.initial
}

fn amount(node: &Node, label: &str) -> Decimal {
    node.find(label).unwrap_or_else(|| panic!("no {label}")).amount
}

/// One coin of each, long and short: together they lose where they part.
#[test]
fn an_offset_between_underlyings_is_never_whole() {
    let market = "index BTC 60000\nindex ETH 3000\nmark BTC/USD:USD 60000\nmark ETH/USD:USD 3000\n";
    let pair = book(&format!("{market}position BTC/USD:USD 1\nposition ETH/USD:USD -20"));
    let node = initial(&pair, &[]);
    // Own worsts: 16 % and 18 % of 60,000. Opposite ways both lose: 9,600 half way + 10,800, or whole + half.
    near(amount(&node, "BTC alone"), "9600", "0.001");
    near(amount(&node, "ETH alone"), "10800", "0.001");
    near(amount(&node, "net risk"), "15600", "0.001");
    let Rule::WorstOf { winner, of } = &node.find("net risk").unwrap().rule else { panic!() };
    assert_eq!(of[*winner].label, "ETH +4/4 of range, the rest -2/4, vol down");
    // Long both: all fall together.
    let both = book(&format!("{market}position BTC/USD:USD 1\nposition ETH/USD:USD 20"));
    near(amount(&initial(&both, &[]), "net risk"), "20400", "0.001");
    // Without any offset the floor is the sum.
    near(amount(&initial(&pair, &[("credit_floor", "1")]), "net risk"), "20400", "0.001");
}

#[test]
fn an_uncovered_short_option_has_a_minimum_that_a_covered_one_has_not() {
    let market = "index BTC 60000\nforward BTC 2026-06-26T08:00:00Z 60200 vol 0.6\n";
    // Far out of the money: the grid sees little, the minimum is 1 % of the index a coin.
    let naked = book(&format!("{market}position BTC-26JUN26-150000-C -10"));
    assert_eq!(amount(&initial(&naked, &[]), "uncovered short calls"), decimal("6000"));
    let covered = book(&format!("{market}position BTC-26JUN26-150000-C -10\nposition BTC-26JUN26-160000-C 10"));
    assert!(initial(&covered, &[]).find("uncovered short calls").is_none());
    // A put does not cover a call, nor another expiry's call.
    let put = book(&format!("{market}position BTC-26JUN26-150000-C -10\nposition BTC-26JUN26-30000-P 10"));
    assert_eq!(amount(&initial(&put, &[]), "uncovered short calls"), decimal("6000"));
}

#[test]
fn a_calendar_pays_for_each_expiry_moving_on_its_own() {
    let market = "index BTC 60000
                  forward BTC 2026-06-26T08:00:00Z 60200 vol 0.6
                  forward BTC 2026-12-25T08:00:00Z 61800 vol 0.6\n";
    let node = initial(&book(&format!("{market}position BTC-26JUN26-60000-C -5\nposition BTC-25DEC26-60000-C 3")), &[]);
    let own = node.find("volatility of single expiries").unwrap();
    assert_eq!(own.children()[0].children().len(), 2, "two expiries, each at its worse side");
    assert!(own.children()[0].children().iter().all(|expiry| expiry.amount.signum() > 0));
}

#[test]
fn concentration_is_charged_on_gross_size() {
    let text = "index BTC 60000
                mark BTC/USD:USD 60000
                mark BTC/USD:USD-261225 60000
                position BTC/USD:USD 1000
                position BTC/USD:USD-261225 -1000";
    // 120 M gross, none net: 1 % above 50 M.
    near(amount(&initial(&book(text), &[]), "concentration"), "700000", "0.01");
}

#[test]
fn the_grid_sees_a_short_straddle_and_a_long_one() {
    let market = "index BTC 60000\nforward BTC 2026-06-26T08:00:00Z 60000 vol 0.6\n";
    let straddle = |side: &str| {
        let text = format!("{market}position BTC-26JUN26-60000-C {side}\nposition BTC-26JUN26-60000-P {side}");
        part(&book(&text).plimsoll(), "BTC")
    };
    let (short, long) = (straddle("-1"), straddle("1"));
    assert!(short > long, "{short} {long}");
    // A long straddle cannot lose more than it is worth, but for the bound between the nodes.
    let worth = 2.0 * 0.0665 * 60_000.0;
    assert!(plimsoll_pricing::float::float(long) < worth, "{long}");
}

/// What an extreme move adds: a wing sold far outside the range.
#[test]
fn extreme_moves_see_a_short_wing() {
    let market = "index BTC 60000\nforward BTC 2026-06-26T08:00:00Z 60200 vol 0.6\n";
    let wing = book(&format!("{market}position BTC-26JUN26-90000-C -10"));
    let damped = amount(&initial(&wing, &[]), "net risk");
    let blind = amount(&initial(&wing, &[("tail_damping", "0")]), "net risk");
    assert!(damped > blind, "{damped} {blind}");
}

/// A large risk elsewhere does not swallow the charge for uncovered shorts.
#[test]
fn short_options_are_charged_beside_any_other_risk() {
    let market =
        "index BTC 60000\nindex ETH 3000\nforward BTC 2026-06-26T08:00:00Z 60200 vol 0.6\nmark ETH/USD:USD 3000\n";
    let total = |held: &str| initial(&book(&format!("{market}{held}")), &[]).amount;
    let (short, other) = ("position BTC-26JUN26-300000-C -100", "position ETH/USD:USD 300");
    let together = total(&format!("{short}\n{other}"));
    assert!(together >= total(other).plus(decimal("60000")).unwrap(), "{together}");
}

/// Its row would stand still where its quote coin moves: refused by name, never margined wrong.
#[test]
fn a_contract_that_moves_with_two_coins_is_refused() {
    let text = "index BTC 60000\nindex ETH 3000\nprice BTC 60000\nmark ETH/BTC:BTC 0.05\nposition ETH/BTC:BTC 100";
    let error = book(text).margin(&Plimsoll::default()).unwrap_err().to_string();
    assert!(error.starts_with("plimsoll cannot margin ETH/BTC:BTC: it moves with BTC too"), "{error}");
}

/// Prepared with what can be: of a coin that was left out, as one is whose price no cell holds, a pinch is no risk of nothing.
#[test]
fn a_coin_that_was_left_out_is_refused_by_name_and_takes_nobody_else_with_it() {
    let margin = |collateral: &str| {
        let Book { market, account } =
            book(&format!("index ETH 3000\nprice ETH 3000\ncollateral USD 100\n{collateral}"));
        let held = Held { assets: [market.currency()].into(), ..Held::default() };
        let judge = Plimsoll::default().prepare(&market, &held).unwrap();
        Margin::of(&account, &market, judge.as_ref(), &Policy::default())
    };
    for pinch in ["collateral ETH 0.0000001", "collateral ETH -0.0000001"] {
        let error = margin(pinch).unwrap_err().to_string();
        assert_eq!(
            error,
            "plimsoll cannot margin ETH: at 3000 USD it moves by what was not prepared; expected a price whose moves fit a cell"
        );
    }
    assert!(margin("").is_ok() && margin("collateral ETH 0").is_ok(), "who has none of it is margined");
}
