//! A line of credit: the least of what was agreed, what the rating is good for, and its share of the risk that is not
//! in one underlying alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use plimsoll_core::{Decimal, Node, Rounding};
use plimsoll_margin::MarginError;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::by_name;
use support::{book, decimal};

const MARKET: &str = "index BTC 90000\nindex ETH 3000\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 90000 vol 0.5
    forward ETH 2026-06-26T08:00:00Z 3000 vol 0.7\ncollateral USDC 100000\n";
const BTC: &str = "position BTC_USDC-26JUN26-100000-C -5\n";
const ETH: &str = "position ETH_USDC-26JUN26-2500-P -80\n";

fn margined(text: &str, set: &[(&str, &str)]) -> Result<Margin, MarginError> {
    let mut model = by_name("credit").unwrap();
    for (name, value) in set {
        model.set(name, value).unwrap();
    }
    book(&format!("{MARKET}{text}")).margin(model.as_ref())
}

fn margin(text: &str) -> Margin {
    margined(text, &[]).unwrap()
}

fn granted(of: &Node) -> Decimal {
    of.check().unwrap();
    of.find("credit line").map_or(Decimal::ZERO, |node| node.amount)
}

#[test]
fn the_requirement_is_the_house_models_and_the_line_is_equity() {
    let text = format!("{BTC}{ETH}rating AA\ncredit 20000");
    let with = margin(&text);
    let house = book(&format!("{MARKET}{text}")).margin(by_name("plimsoll").unwrap().as_ref()).unwrap();
    assert_eq!(with.requirement, house.requirement);
    assert_eq!(granted(&with.equity.initial), decimal("20000"), "the agreed line binds");
    let without = margin(&format!("{BTC}{ETH}"));
    assert_eq!(with.equity.initial.amount, without.equity.initial.amount.plus(decimal("20000")).unwrap());
    assert_eq!(with.equity.net_value, without.equity.net_value);
    assert_eq!(with.equity.withdrawable, without.equity.withdrawable);
}

#[test]
fn each_limit_binds_where_it_is_the_least() {
    let text = |rating: &str| format!("{BTC}{ETH}rating {rating}\ncredit 10000000");
    let a = margin(&text("A"));
    let line = a.equity.initial.find("credit line").unwrap();
    let spread = line.find("net risk that is not concentrated").unwrap().amount;
    assert_eq!(line.amount, spread.times(decimal("0.4"), Rounding::Down).unwrap());
    assert!(spread < a.requirement.maintenance.amount, "one of the two coins is more than half of the risk");
    // The most for a rating, once it is less than the share.
    let limited = margined(&text("A"), &[("line_max.A", "3000")]).unwrap();
    assert_eq!(granted(&limited.equity.initial), decimal("3000"));
    // One figure at all levels, so that none is moved to the line beside it.
    assert_eq!(granted(&a.equity.maintenance), granted(&a.equity.initial));
    assert!(a.levels.0.iter().all(|standing| !standing.clamped), "{:#?}", a.levels);
}

#[test]
fn better_ratings_are_granted_more_and_none_without_a_rating_or_an_agreement() {
    let of = |terms: &str| granted(&margin(&format!("{BTC}{ETH}{terms}")).equity.initial);
    let ratings = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC", "D"];
    let lines: Vec<Decimal> = ratings.iter().map(|rating| of(&format!("rating {rating}\ncredit 9000000"))).collect();
    assert!(lines.windows(2).all(|pair| pair[0] >= pair[1]) && lines[4] > lines[5], "{lines:?}");
    assert!(lines[5..].iter().all(|line| line.is_zero()));
    assert!(of("credit 9000000").is_zero());
    assert!(of("rating AAA").is_zero());
}

#[test]
fn a_book_in_one_coin_is_granted_less_of_its_risk() {
    let share = |positions: &str| {
        let margin = margin(&format!("{positions}rating AAA\ncredit 9000000"));
        granted(&margin.equity.initial).over(margin.requirement.maintenance.amount, Rounding::HalfEven).unwrap()
    };
    assert_eq!(share(BTC), decimal("0.3"), "half of 60 %");
    assert!(share(&format!("{BTC}{ETH}")) > decimal("0.3"));
    // With no limit on one underlying the whole risk carries credit.
    let terms = format!("{BTC}rating AAA\ncredit 9000000");
    let margin = margined(&terms, &[("concentration_limit", "1")]).unwrap();
    let sixty = margin.requirement.maintenance.amount.times(decimal("0.6"), Rounding::Down).unwrap();
    assert_eq!(granted(&margin.equity.initial), sixty);
}

#[test]
fn what_is_posted_never_falls_as_the_same_book_grows() {
    let posted = |times: i64| {
        let margin = margin(&format!(
            "position BTC_USDC-26JUN26-100000-C {}\nposition ETH_USDC-26JUN26-2500-P {}\nrating A\ncredit 40000",
            -times,
            -10 * times
        ));
        margin.requirement.initial.amount.minus(granted(&margin.equity.initial)).unwrap()
    };
    let all: Vec<Decimal> = [0, 1, 2, 4, 8, 16, 32].map(posted).to_vec();
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
}

#[test]
fn an_unknown_rating_is_refused_with_those_there_are() {
    let error = margined(&format!("{BTC}rating Aaa\ncredit 1"), &[]).unwrap_err().to_string();
    assert_eq!(error, "credit cannot margin an account rated Aaa: expected one of A, AA, AAA, B, BB, BBB, CCC, D");
    // Another agency's words are a matter of parameters.
    let named = [("line_max.Aaa", "5000"), ("risk_share.Aaa", "0.5")];
    let margin = margined(&format!("{BTC}rating Aaa\ncredit 9000"), &named).unwrap();
    assert_eq!(granted(&margin.equity.initial), decimal("5000"));
    let error = by_name("credit").unwrap().set("risk_share.AAA", "0.96").unwrap_err().to_string();
    assert!(error.contains("0.95"), "{error}");
}
