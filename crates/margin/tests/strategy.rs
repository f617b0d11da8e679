//! US strategy margin: the pairing against every pairing there is, and accounts against the manual's figures.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::closed_forms::strategy::ShortRates;
use plimsoll_margin::closed_forms::strategy_stock::StockRates;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::strategy::{Class, Leg, Pairing, Rules, Unit, Work, gross, least};
use plimsoll_pricing::formulas::Right;
use serde_json::Value;
use support::book;
use support::random::Random;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn rules(maintenance: bool) -> Rules {
    Rules {
        short: ShortRates { share: d("0.2"), minimum: d("0.1"), leverage: Decimal::ONE, gross: true },
        stock: if maintenance {
            StockRates { long: d("0.25"), short: d("0.3"), strike: Some(d("0.1")), against: d("0.05") }
        } else {
            StockRates { long: d("0.5"), short: d("0.5"), strike: None, against: d("0.05") }
        },
        long_dated_share: d("0.75"),
    }
}

const DAY: i64 = 86_400_000_000_000;

/// A leg drawn over `strikes` strikes around 100 and `expiries` expiries.
fn draw(random: &mut Random, strikes: i64, expiries: i64, lots: i64, stock: bool) -> Leg {
    let class = if stock && random.below(6) == 0 {
        *[Class::LongStock, Class::ShortStock].get(usize::try_from(random.below(2)).unwrap()).unwrap()
    } else {
        let of = [Class::LongCall, Class::ShortCall, Class::LongPut, Class::ShortPut];
        of[usize::try_from(random.below(4)).unwrap()]
    };
    let lots = 1 + random.below(lots);
    if matches!(class, Class::LongStock | Class::ShortStock) {
        let zero = Decimal::ZERO;
        return Leg { unit: Unit { class, strike: zero, expiry: 0, mark: zero, long_dated: false }, lots };
    }
    let strike = 100 + 5 * (random.below(strikes) - strikes / 2);
    let expiry = DAY * 120 * (1 + random.below(expiries));
    let inside = if matches!(class, Class::LongCall | Class::ShortCall) { 100 - strike } else { strike - 100 };
    let mark = Decimal::new(100 * inside.max(0) + 50 + random.below(600), 2);
    let unit = Unit { class, strike: Decimal::from_int(strike), expiry, mark, long_dated: expiry > 274 * DAY };
    Leg { unit, lots }
}

fn paired(legs: &[Leg], rules: &Rules) -> Pairing {
    let pairing = least(legs, rules, d("100"), Work::default()).unwrap();
    let mut left: Vec<i64> = legs.iter().map(|leg| leg.lots).collect();
    let mut sum = Decimal::ZERO;
    for strategy in &pairing.strategies {
        let mut units = Vec::new();
        for (leg, times) in &strategy.legs {
            left[*leg] -= times * strategy.lots;
            (0..*times).for_each(|_| units.push(legs[*leg].unit));
        }
        assert_eq!(gross(rules, d("100"), &units).unwrap(), Some(strategy.gross));
        sum = sum.plus(strategy.gross.times_count(i128::from(strategy.lots)).unwrap()).unwrap();
    }
    assert!(left.iter().all(|lots| *lots == 0), "every lot in exactly one strategy: {left:?}");
    assert_eq!(sum, pairing.gross);
    assert!(pairing.bound <= pairing.gross);
    pairing
}

/// The least over all pairings: for the first leg with lots left, every strategy that holds it, and on.
fn every_pairing(
    left: &mut Vec<i64>,
    strategies: &[(Vec<usize>, Decimal)],
    known: &mut BTreeMap<Vec<i64>, Decimal>,
) -> Decimal {
    let Some(first) = left.iter().position(|lots| *lots > 0) else { return Decimal::ZERO };
    if let Some(least) = known.get(left) {
        return *least;
    }
    let mut least = Decimal::MAX;
    for (legs, cost) in strategies.iter().filter(|(legs, _)| legs.contains(&first)) {
        legs.iter().for_each(|leg| left[*leg] -= 1);
        if legs.iter().all(|leg| left[*leg] >= 0) {
            least = least.min(cost.plus(every_pairing(left, strategies, known)).unwrap());
        }
        legs.iter().for_each(|leg| left[*leg] += 1);
    }
    known.insert(left.clone(), least);
    least
}

/// Every multiset of up to four legs that a rule takes together.
fn all_strategies(legs: &[Leg], rules: &Rules) -> Vec<(Vec<usize>, Decimal)> {
    let mut all = Vec::new();
    let mut open: Vec<Vec<usize>> = vec![Vec::new()];
    while let Some(places) = open.pop() {
        let units: Vec<Unit> = places.iter().map(|leg| legs[*leg].unit).collect();
        if !places.is_empty()
            && let Some(cost) = gross(rules, d("100"), &units).unwrap()
        {
            all.push((places.clone(), cost));
        }
        if places.len() < 4 {
            for next in places.last().copied().unwrap_or(0)..legs.len() {
                open.push([places.as_slice(), &[next]].concat());
            }
        }
    }
    all
}

#[test]
fn small_books_are_paired_as_the_best_of_all_pairings() {
    let mut random = Random(11);
    let (mut books, mut open) = (0, 0);
    for round in 0..3_000 {
        let maintenance = round % 2 == 0;
        let (count, strikes, expiries) = (2 + random.below(7), 3 + random.below(7), 1 + random.below(3));
        let lots = 1 + random.below(3);
        let legs: Vec<Leg> = (0..count).map(|_| draw(&mut random, strikes, expiries, lots, round % 3 == 0)).collect();
        let rules = rules(maintenance);
        let pairing = paired(&legs, &rules);
        let mut left: Vec<i64> = legs.iter().map(|leg| leg.lots).collect();
        let best = every_pairing(&mut left, &all_strategies(&legs, &rules), &mut BTreeMap::new());
        assert_eq!(pairing.gross, best, "book {round}: {legs:#?}");
        books += 1;
        if pairing.bound < best {
            open += 1;
        }
    }
    println!("{books} books as the best of all pairings, {open} of them not proved so by the bound");
    assert_eq!(open, 0);
}

/// More longs never ask for more, gross; twice the lots never for more than twice; legs may be split and stand in any order.
#[test]
fn pairings_are_what_a_least_must_be() {
    let mut random = Random(23);
    for round in 0..300 {
        let legs: Vec<Leg> = (0..3 + random.below(8)).map(|_| draw(&mut random, 7, 2, 4, true)).collect();
        let rules = rules(round % 2 == 0);
        let asked = |legs: &[Leg]| paired(legs, &rules).gross;
        let all = asked(&legs);
        let twice: Vec<Leg> = legs.iter().map(|leg| Leg { lots: 2 * leg.lots, ..*leg }).collect();
        assert!(asked(&twice) <= all.times_count(2).unwrap());
        let split: Vec<Leg> = legs
            .iter()
            .rev()
            .flat_map(|leg| [Leg { lots: 1, ..*leg }, Leg { lots: leg.lots - 1, ..*leg }])
            .filter(|leg| leg.lots > 0)
            .collect();
        assert_eq!(asked(&split), all, "book {round}: {legs:#?}");
        let mut more = legs.clone();
        let extra = draw(&mut random, 7, 2, 4, false);
        let class = if random.below(2) == 0 { Class::LongCall } else { Class::LongPut };
        more.push(Leg { unit: Unit { class, ..extra.unit }, ..extra });
        assert!(asked(&more) <= all, "book {round}");
    }
}

/// With no work allowed the pairing is still one, and its bound still a bound.
#[test]
fn work_bounds_the_search_and_not_the_truth() {
    let mut random = Random(3);
    for _ in 0..60 {
        let legs: Vec<Leg> = (0..20).map(|_| draw(&mut random, 9, 2, 5, true)).collect();
        let rules = rules(true);
        let best = paired(&legs, &rules);
        for pivots in [0, 1, 10, 100] {
            let hurried = least(&legs, &rules, d("100"), Work { pivots, steps: pivots }).unwrap();
            assert!(hurried.bound <= best.gross && best.bound <= hurried.gross && hurried.bound <= hurried.gross);
        }
    }
}

#[test]
fn five_hundred_legs_are_paired_near_a_proved_bound() {
    for (strikes, expiries) in [(60, 1), (40, 4), (30, 12)] {
        let mut random = Random(5);
        let legs: Vec<Leg> = (0..500).map(|_| draw(&mut random, strikes, expiries, 20, false)).collect();
        let pairing = paired(&legs, &rules(true));
        let gap = pairing.gross.minus(pairing.bound).unwrap();
        println!(
            "{strikes} strikes, {expiries} expiries: {} strategies, {} at least {}, gap {gap}",
            pairing.strategies.len(),
            pairing.gross,
            pairing.bound
        );
        assert!(gap.times_count(100).unwrap() <= pairing.bound, "within a hundredth");
    }
}

fn number(value: &Value) -> Decimal {
    d(&value.to_string())
}

/// The legs of a shared case, what all are worth, and what its shorts are.
fn legs_of(case: &Value) -> (Vec<Leg>, Decimal, Decimal) {
    let (held, params) = (&case["portfolio"], &case["params"]);
    let mut legs = Vec::new();
    let (mut marks, mut shorts) = (Decimal::ZERO, Decimal::ZERO);
    for leg in held["legs"].as_array().unwrap() {
        let lots = leg["qty"].as_i64().unwrap();
        let right = if leg["type"] == "call" { Right::Call } else { Right::Put };
        let mark = number(&leg["price"]);
        let worth = mark.times_count(i128::from(lots)).unwrap();
        marks = marks.plus(worth).unwrap();
        shorts = shorts.plus(worth.min(Decimal::ZERO)).unwrap();
        let long_dated = params.get("long_pct").is_some_and(|share| number(share) < Decimal::ONE);
        let unit =
            Unit { class: Class::of(right, lots > 0), strike: number(&leg["strike"]), expiry: DAY, mark, long_dated };
        legs.push(Leg { unit, lots: lots.abs() });
    }
    if let Some(stock) = held["stock_qty"].as_i64() {
        let zero = Decimal::ZERO;
        let class = if stock > 0 { Class::LongStock } else { Class::ShortStock };
        let lots = stock.abs() / params["multiplier"].as_i64().unwrap();
        legs.push(Leg { unit: Unit { class, strike: zero, expiry: 0, mark: zero, long_dated: false }, lots });
    }
    (legs, marks, shorts)
}

/// Interactive Brokers, node 600; CBOE's margin manual; LEAN's tests: the pairing finds the strategy that was meant.
#[test]
fn every_shared_case_is_found_by_pairing_its_legs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cex");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: shared/vectors/cex absent");
        return;
    };
    let mut run = 0;
    for path in files.map(|file| file.unwrap().path()) {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let held = &case["portfolio"];
        let is_ours = ["cboe-regt", "ib-regt", "lean"].iter().any(|model| case["model"] == *model);
        if !is_ours || held["strategy"] == "per_contract_minimum" {
            continue;
        }
        run += 1;
        let params = &case["params"];
        let given = |name: &str, or: &str| params.get(name).map_or_else(|| d(or), number);
        let (legs, marks, shorts) = legs_of(&case);
        let market = &case["market"];
        let strikes: Vec<Decimal> = legs.iter().map(|leg| leg.unit.strike).collect();
        let price = market.get("underlying").or_else(|| market.get("stock_price"));
        let price = price.map_or_else(|| strikes[strikes.len() / 2], number);
        let mut rules = rules(false);
        rules.short.share = given("pct", "0.2");
        rules.short.minimum = given("min_pct", "0.1");
        rules.short.leverage = given("leverage_factor", "1");
        rules.stock.long = given("stock_pct", "0.5");
        rules.long_dated_share = given("long_pct", "1");
        let pairing = least(&legs, &rules, price, Work::default()).unwrap();
        assert_eq!(pairing.gross, pairing.bound);
        // Net of every mark; where the source's figure is gross of shorts, or of all premiums, those are put back.
        let gross_of = match (params.get("gross"), params.get("net_of_credit")) {
            (Some(Value::Bool(true)), _) => marks.minus(shorts).unwrap(),
            (_, Some(Value::Bool(false))) => Decimal::ZERO,
            _ => marks,
        };
        let got = pairing.gross.plus(gross_of).unwrap().times(given("multiplier", "1"), Rounding::Up).unwrap();
        let off = got.minus(number(&case["expected"]["requirement"])).unwrap().abs();
        assert!(off <= number(&case["tolerance"]["abs"]), "{}: {got}", case["name"]);
    }
    println!("{run} shared cases");
    assert!(run > 0);
}

const MARKET: &str = "index ETH 3000\nprice USDC 1\nforward ETH 2026-06-26T08:00:00Z 3000 vol 0.6
    forward ETH 2026-12-25T08:00:00Z 3000 vol 0.6\nforward ETH 2027-06-25T08:00:00Z 3000 vol 0.6\n";

fn margin(lines: &str) -> Margin {
    book(&format!("{MARKET}{lines}")).margin(by_name("strategy").unwrap().as_ref()).unwrap()
}

/// Equity less the account's margin, at the initial level, less what it would be with nothing held.
fn figures(lines: &str) -> [Decimal; 2] {
    let margin = margin(lines);
    [margin.requirement.initial.amount, margin.requirement.maintenance.amount]
}

#[test]
fn an_account_asks_for_what_its_strategies_ask() {
    // An iron condor of 100 wide, ten of it, bought for 5 less 10, 12 less 20: the worst 1,000, received 130.
    let condor = "mark ETH_USDC-26JUN26-2800-P 5\nmark ETH_USDC-26JUN26-2900-P 10
        mark ETH_USDC-26JUN26-3200-C 20\nmark ETH_USDC-26JUN26-3300-C 12\ncollateral USDC 5000
        position ETH_USDC-26JUN26-2800-P 10\nposition ETH_USDC-26JUN26-2900-P -10
        position ETH_USDC-26JUN26-3200-C -10\nposition ETH_USDC-26JUN26-3300-C 10";
    assert_eq!(figures(condor), [d("870"); 2]);
    let tree = margin(condor).requirement.initial;
    assert!(tree.find("iron condor × 10").is_some(), "{tree:#?}");
    // A short that outlives its long is naked: 20% of 3,000 less 200, beside the long paid in full.
    let calendar = |near: i8| {
        format!(
            "mark ETH_USDC-26JUN26-3200-C 20\nmark ETH_USDC-25DEC26-3200-C 150\ncollateral USDC 5000
            position ETH_USDC-26JUN26-3200-C {near}\nposition ETH_USDC-25DEC26-3200-C {}",
            -near
        )
    };
    assert_eq!(figures(&calendar(1)), [d("420"); 2]);
    assert_eq!(figures(&calendar(-1)), [d("130"); 2]);
    // Past nine months a quarter of the value may be borrowed.
    let long = "mark ETH_USDC-25JUN27-3000-C 400\ncollateral USDC 5000\nposition ETH_USDC-25JUN27-3000-C 1";
    assert_eq!(figures(long), [d("300"); 2]);
}

#[test]
fn coins_and_perpetuals_are_stock() {
    let call = "mark ETH_USDC-26JUN26-3200-C 20\nposition ETH_USDC-26JUN26-3200-C -2";
    // Half of 6,000, then a quarter, less the call's 40.
    assert_eq!(figures(&format!("{call}\ncollateral ETH 2")), [d("2960"), d("1460")]);
    let perpetual =
        format!("{call}\nmark ETH_USDC-PERPETUAL 3000\nposition ETH_USDC-PERPETUAL 2\ncollateral USDC 9000");
    assert_eq!(figures(&perpetual), [d("2960"), d("1460")]);
    // Two coins and a perpetual sold against one of them; the calls are covered by the coins and one is, or is naked.
    let against = "collateral ETH 2\nmark ETH_USDC-PERPETUAL 3000\nposition ETH_USDC-PERPETUAL -2";
    assert_eq!(figures(against), [d("300"); 2]);
    let odd = "collateral ETH 2.00000001\nmark ETH_USDC-26JUN26-3200-C 20\nposition ETH_USDC-26JUN26-3200-C -2";
    assert_eq!(figures(odd), [d("2960.000015"), d("1460.0000075")]);
}

#[test]
fn what_is_quoted_in_another_asset_is_counted_in_the_currency() {
    // A spread 200 wide of ten, sold for 40 net: half of both where a USDC is worth half a dollar.
    let asked = |price: &str| {
        let text = format!(
            "index ETH 3000\nprice USDC {price}\nforward ETH 2026-06-26T08:00:00Z 3000 vol 0.6\ncollateral USDC 90000
            mark ETH_USDC-26JUN26-3000-C 200\nmark ETH_USDC-26JUN26-3200-C 160
            position ETH_USDC-26JUN26-3000-C -10\nposition ETH_USDC-26JUN26-3200-C 10"
        );
        book(&text).margin(by_name("strategy").unwrap().as_ref()).unwrap().requirement.initial.amount
    };
    assert_eq!([asked("1"), asked("0.5")], [d("1600"), d("800")]);
}

#[test]
fn orders_count_at_their_worst_and_refusals_name_the_contract() {
    let held = "mark ETH_USDC-26JUN26-3200-C 20\nmark ETH_USDC-26JUN26-3300-C 12\ncollateral USDC 5000
        position ETH_USDC-26JUN26-3200-C -1\nposition ETH_USDC-26JUN26-3300-C 1";
    let [initial, maintenance] = figures(&format!("{held}\norder sell ETH_USDC-26JUN26-3300-C 1 @ 12"));
    // Filled, the short is naked: 400 in place of 100 less 8.
    assert_eq!([initial, maintenance], [d("400"), d("92")]);
    let refused = |lines: &str| {
        book(&format!("index BTC 60000\nforward BTC 2026-06-26T08:00:00Z 60000 vol 0.6\nprice USDC 1\n{MARKET}{lines}"))
            .margin(by_name("strategy").unwrap().as_ref())
            .unwrap_err()
            .to_string()
    };
    let mut narrow = by_name("strategy").unwrap();
    narrow.set("legs_max", "10").unwrap();
    let eleven: String = (0..11).map(|at| format!("\nposition ETH_USDC-26JUN26-{}-C -1", 3000 + 50 * at)).collect();
    let error = book(&format!("{MARKET}{eleven}")).margin(narrow.as_ref()).unwrap_err().to_string();
    assert_eq!(error, "strategy cannot margin 11 legs of ETH: expected at most 10");
    for contract in ["BTC-PERPETUAL", "BTC-26JUN26-60000-C", "BTC-26JUN26"] {
        let error = refused(&format!("position {contract} 1"));
        assert!(error.starts_with(&format!("strategy cannot margin {contract}: expected")), "{error}");
    }
}
