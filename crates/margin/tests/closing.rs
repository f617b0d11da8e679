//! Liquidation plans: what holds of every plan, what least cost is, and the edges.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod closing_support;
mod support;

use closing_support::{Case, paradex_book, whole_search};
use plimsoll_core::{Decimal, InstrumentId, Quantity, Rounding};
use plimsoll_margin::MarginError;
use plimsoll_margin::answers::closing::{Plan, Policy, Step};
use plimsoll_margin::level::Level;
use plimsoll_margin::models::{Held, by_name};
use support::random::{Random, random_book};
use support::{book, decimal};

/// What is promised of every plan of `case`; whether it cures and how many steps it has.
fn check(case: &Case, policy: Policy, what: &str) -> Plan {
    let start = case.excess(&[]).unwrap();
    let plan = case.plan(policy).unwrap();
    let trades: Vec<(InstrumentId, Quantity)> =
        plan.steps.iter().map(|step| (step.instrument, step.quantity)).collect();
    assert_eq!(plan.excess, case.excess(&plan.steps).unwrap(), "{what}: the excess is that after the trades");
    let costs = plan.steps.iter().try_fold(Decimal::ZERO, |sum, step| sum.plus(step.cost)).unwrap();
    assert_eq!(plan.cost, costs, "{what}: costs add up");
    assert!(plan.excess >= start, "{what}: {} below {start}", plan.excess);
    for step in &plan.steps {
        assert!(!step.quantity.0.is_zero(), "{what}: a step of nothing");
        let notional = case.notional(step);
        let deep = case.liquidity(step.instrument).unwrap().depth.times(case.share_of_depth, Rounding::Up).unwrap();
        assert!(notional <= deep, "{what}: {notional} at a time of a depth of {deep}");
        let same = trades.iter().filter(|(id, _)| *id == step.instrument).count();
        assert_eq!(same, 1, "{what}: one step a contract");
        assert!(
            policy == Policy::LeastCost && case.hedges.contains(&step.instrument) || case.reduces(step),
            "{what}: {step:?} only closes"
        );
        let is_position = !case.conversions.contains(&step.instrument);
        assert!(policy == Policy::LeastCost || is_position, "{what}: {step:?} of a position");
    }
    assert!(case.converts_what_there_is(&plan.steps), "{what}: {:?} convert what there is", plan.steps);
    for some in combinations(&plan.steps) {
        let excess = case.excess(&some).unwrap();
        assert!(excess >= start, "{what}: {some:?} alone leave {excess}, below {start}");
    }
    if plan.cures() && matches!(policy, Policy::LeastCost | Policy::LargestLossFirst) && start.signum() < 0 {
        let most = if policy == Policy::LeastCost { plan.steps.len() } else { 0 };
        for at in 0..most {
            let mut fewer = plan.steps.clone();
            case.a_lot_less(&mut fewer[at]);
            let excess = case.excess(&fewer).unwrap();
            assert!(excess.signum() < 0, "{what}: a lot less of {:?} cures too: {excess}", plan.steps[at]);
        }
    }
    plan
}

/// All combinations of few steps, some of many.
fn combinations(steps: &[Step]) -> Vec<Vec<Step>> {
    let count = steps.len();
    let of = |set: u64| steps.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, step)| *step).collect();
    if count <= 8 {
        return (1..1_u64 << count).map(of).collect();
    }
    let mut random = Random(7);
    (0..100).map(|_| of(random.next())).collect()
}

#[test]
fn plans_keep_their_promises_under_every_model() {
    for (model, seeds, share) in [
        ("plimsoll", 0..60, 70),
        ("deribit-portfolio", 0..40, 60),
        ("cross", 0..40, 70),
        ("isolated", 0..40, 70),
        ("paradex-portfolio", 0..40, 70),
    ] {
        let (mut cured, mut short, mut none, mut refused) = (0, 0, 0, 0);
        for seed in seeds {
            let mut random = Random(seed);
            let positions = 1 + random.below(9);
            let book =
                if model == "paradex-portfolio" { paradex_book(seed, positions) } else { random_book(seed, positions) };
            let Some(mut case) = Case::under(book, model, share + random.below(30), seed) else {
                refused += 1;
                continue;
            };
            case.hedge_with(&mut random);
            for policy in Policy::ALL {
                let plan = check(&case, policy, &format!("{model}, seed {seed}, {policy}"));
                if policy == Policy::LeastCost {
                    match (plan.cures(), plan.steps.is_empty()) {
                        (true, _) => cured += 1,
                        (false, true) => none += 1,
                        (false, false) => short += 1,
                    }
                }
            }
        }
        println!("{model}: {cured} cured, {short} helped, {none} without a plan, {refused} refused by the model");
        assert!(cured > 0, "{model}: nothing is ever cured");
    }
}

#[test]
fn an_account_above_the_line_needs_no_plan() {
    for policy in Policy::ALL {
        let mut case = perpetual("10");
        case.book.account.portfolio.balances[0].cash = decimal("1000000");
        let plan = case.plan(policy).unwrap();
        assert!(plan.steps.is_empty() && plan.cures() && plan.cost.is_zero() && plan.excess.signum() > 0);
    }
}

/// 10 BTC long at 60,000 under `cross` with 2,000 of collateral.
fn perpetual(quantity: &str) -> Case {
    let text = format!(
        "index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nposition BTC_USDC-PERPETUAL {quantity} @ 60000\n\
         collateral USD 2000"
    );
    Case::new(book(&text), "cross")
}

#[test]
fn one_position_is_closed_by_what_the_formula_says() {
    let case = perpetual("10");
    let plan = check(&case, Policy::LeastCost, "one perpetual");
    assert!(plan.cures());
    assert_eq!(plan.steps.len(), 1);
    assert!(plan.steps[0].quantity.0 > decimal("-10") && plan.steps[0].quantity.0.signum() < 0);
    let of = case.liquidity(plan.steps[0].instrument).unwrap();
    let notional = case.notional(&plan.steps[0]);
    let square = notional.times_ratio(notional, of.depth.times_count(200).unwrap(), Rounding::Up).unwrap();
    let rate = of.spread.plus(of.fee_rate).unwrap();
    let expected = notional.times(rate, Rounding::Up).unwrap().plus(square).unwrap();
    assert_eq!(plan.cost, expected);
}

#[test]
fn what_cannot_be_traded_is_left_alone() {
    for policy in Policy::ALL {
        let mut case = perpetual("10");
        case.none = case.book.account.portfolio.positions.iter().map(|position| position.instrument).collect();
        let plan = case.plan(policy).unwrap();
        assert!(plan.steps.is_empty() && !plan.cures());
        assert_eq!(plan.excess, case.excess(&[]).unwrap());
        let mut case = perpetual("10");
        case.depth = Some(Decimal::ZERO);
        assert!(case.plan(policy).unwrap().steps.is_empty(), "no depth");
        let mut case = perpetual("10");
        (case.depth, case.share_of_depth) = (Some(decimal("300000")), decimal("0.1"));
        let plan = case.plan(policy).unwrap();
        assert!(!plan.cures() && plan.excess > case.excess(&[]).unwrap(), "a tenth of what moves a hundredth");
        assert_eq!(plan.steps[0].quantity.0, decimal("-0.5"));
    }
}

#[test]
fn a_part_of_a_lot_is_closed_with_the_last() {
    let case = perpetual("0.0105");
    let lot = case.book.market.listing().get(case.book.account.portfolio.positions[0].instrument).unwrap();
    assert!(decimal("0.0105").split_by(lot.terms().lot_size.0).is_some());
    let mut case = perpetual("10.00000005");
    case.book.account.portfolio.balances[0].cash = decimal("100");
    for policy in [Policy::FullClose, Policy::LargestLossFirst] {
        let plan = case.plan(policy).unwrap();
        assert_eq!(plan.steps[0].quantity.0, decimal("-10.00000005"), "{policy}");
    }
}

#[test]
fn nothing_helps_where_fees_are_more_than_margin() {
    for policy in Policy::ALL {
        let mut case = perpetual("10");
        case.fee_rate = decimal("0.5");
        let plan = case.plan(policy).unwrap();
        assert!(plan.steps.is_empty() && !plan.cures(), "{policy}: {plan:?}");
    }
}

/// Where nothing cures, what is held is closed and not turned round, though it may be hedged with.
#[test]
fn what_cannot_be_cured_is_not_sold_beyond_what_is_held() {
    for held in ["1", "-1", "3.7"] {
        let mut case = perpetual(held);
        case.judge = by_name("cross").unwrap().prepare(&case.book.market, &Held::by([&case.book.account])).unwrap();
        case.hedges = case.book.account.portfolio.positions.iter().map(|position| position.instrument).collect();
        case.book.account.portfolio.balances[0].cash = Decimal::ZERO;
        assert!(case.excess(&[]).unwrap().signum() < 0);
        let plan = check(&case, Policy::LeastCost, held);
        assert!(!plan.cures());
        assert_eq!(plan.steps[0].quantity.0, decimal(held).negated());
    }
}

/// Each leg loses what the other gains: no trade is safe before the other.
#[test]
fn legs_that_are_unsafe_one_by_one_are_left_to_the_backstop() {
    let text = "index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\nmark BTC_USDC-25DEC26 60000\n\
                forward BTC 2026-12-25T08:00:00Z 60000 vol 0.6\nposition BTC_USDC-PERPETUAL 10\n\
                position BTC_USDC-25DEC26 -10\ncollateral USD 5";
    let case = Case::new(book(text), "plimsoll");
    let start = case.excess(&[]).unwrap();
    assert!(start.signum() < 0, "{start}");
    for policy in Policy::ALL {
        let plan = check(&case, policy, &format!("hedged, {policy}"));
        assert!(!plan.cures(), "{policy}: {plan:?}");
    }
}

#[test]
fn figures_that_do_not_fit_are_no_panic() {
    for quantity in ["1000000000000", "100000000000000000"] {
        for policy in Policy::ALL {
            let mut case = perpetual(quantity);
            for (depth, fee) in [("100000000000000000000", "0.001"), ("0.000000000000000001", "0"), ("1", "1e18")] {
                (case.depth, case.fee_rate) = (Some(decimal(&depth.replace("1e18", "1"))), decimal("0.001"));
                if fee == "1e18" {
                    case.fee_rate = decimal("1000000000000000000");
                }
                match case.plan(policy) {
                    Ok(plan) => assert!(plan.excess >= case.excess(&[]).unwrap()),
                    Err(error) => assert!(matches!(error, MarginError::Number(_) | MarginError::Figure { .. })),
                }
            }
        }
    }
}

#[test]
fn the_order_of_positions_does_not_change_a_plan() {
    for seed in 0..30 {
        let Some(mut case) = Case::under(random_book(seed, 8), "plimsoll", 80, seed) else { continue };
        for policy in Policy::ALL {
            let plan = case.plan(policy).unwrap();
            case.book.account.portfolio.positions.reverse();
            assert_eq!(plan, case.plan(policy).unwrap(), "seed {seed}, {policy}");
        }
    }
}

/// Least cost against every combination of lots there is, the safe ones of those that cure.
#[test]
fn least_cost_is_within_a_twentieth_of_the_least() {
    let (mut compared, mut worst) = (0, 0.0_f64);
    for model in ["plimsoll", "cross", "deribit-portfolio"] {
        for seed in 0..60 {
            let Some(case) = closing_support::small(seed, model) else { continue };
            let plan = check(&case, Policy::LeastCost, &format!("{model}, seed {seed}"));
            let Some(least) = whole_search(&case) else {
                assert!(!plan.cures(), "{model}, seed {seed}: nothing cures, but {plan:?}");
                continue;
            };
            assert!(plan.cures(), "{model}, seed {seed}: {least:?} cures, {plan:?} does not");
            let ratio = support::random::ratio(plan.cost, least);
            worst = worst.max(ratio);
            compared += 1;
            assert!(ratio <= 1.05, "{model}, seed {seed}: {} against {least}", plan.cost);
        }
    }
    println!("{compared} books; at most {worst:.4} of the least");
    assert!(compared > 40, "{compared}");
}

/// On every book of the set it cures, least cost costs no more than closing the largest loss first, and a fifth less
/// altogether.
#[test]
fn least_cost_is_a_fifth_cheaper_than_closing_the_largest_loss_first() {
    let (mut least, mut largest, mut compared) = (Decimal::ZERO, Decimal::ZERO, 0);
    for (name, case) in closing_support::standard() {
        let plan = check(&case, Policy::LeastCost, name);
        let other = check(&case, Policy::LargestLossFirst, name);
        assert!(plan.cures() || !other.cures(), "{name}: {other:?}");
        if plan.cures() && other.cures() {
            assert!(plan.cost <= other.cost, "{name}: {} against {}", plan.cost, other.cost);
            (least, largest) = (least.plus(plan.cost).unwrap(), largest.plus(other.cost).unwrap());
            compared += 1;
        }
    }
    assert!(compared >= 8, "{compared}");
    assert!(support::random::ratio(least, largest) < 0.8, "{least} against {largest}");
}

/// The same against conversions too, and never more than without them.
#[test]
fn with_conversions_least_cost_is_within_a_twentieth_of_the_least() {
    let (mut compared, mut worst, mut converted) = (0, 0.0_f64, 0);
    for model in ["plimsoll", "cross"] {
        for seed in 0..60 {
            let Some(case) = closing_support::small_with_coins(seed, model) else { continue };
            let what = format!("{model}, seed {seed}");
            let plan = check(&case, Policy::LeastCost, &what);
            let Some(least) = whole_search(&case) else {
                assert!(!plan.cures(), "{what}: nothing cures, but {plan:?}");
                continue;
            };
            assert!(plan.cures(), "{what}: {least:?} cures, {plan:?} does not");
            let ratio = support::random::ratio(plan.cost, least);
            worst = worst.max(ratio);
            compared += 1;
            converted += usize::from(plan.steps.iter().any(|step| case.conversions.contains(&step.instrument)));
            assert!(ratio <= 1.05, "{what}: {} against {least}", plan.cost);
        }
    }
    println!("{compared} books, {converted} with conversions; at most {worst:.4} of the least");
    assert!(compared > 40 && converted > 10, "{compared}, {converted}");
}

#[test]
fn conversions_never_make_a_plan_dearer() {
    let (mut cheaper, mut only) = (0, 0);
    for (model, seeds) in [("plimsoll", 0..60), ("cross", 0..40), ("isolated", 0..40)] {
        for seed in seeds {
            let mut random = Random(seed);
            let (positions, market) = (random.below(7), support::random::market());
            let lines = support::random::lines(&mut random, positions);
            let book = book(&format!("{market}{}{lines}", closing_support::SPOT));
            let Some(mut case) = Case::under(book, model, 70 + random.below(30), seed) else { continue };
            case.hedge_with(&mut random);
            let what = format!("{model}, seed {seed}");
            let without = check(&case, Policy::LeastCost, &what);
            let others = [Policy::LargestLossFirst, Policy::ProRata, Policy::FullClose];
            let closed = others.map(|policy| case.plan(policy).unwrap());
            case.convert();
            let with = check(&case, Policy::LeastCost, &what);
            assert!(with.cures() || !without.cures(), "{what}: {without:?} cures, {with:?} does not");
            if with.cures() && without.cures() {
                assert!(with.cost <= without.cost, "{what}: {} against {}", with.cost, without.cost);
                cheaper += usize::from(with.cost < without.cost);
            } else {
                assert!(with.excess >= without.excess, "{what}: {} against {}", with.excess, without.excess);
                only += usize::from(with.cures());
            }
            assert_eq!(closed, others.map(|policy| case.plan(policy).unwrap()), "{what}: others keep to positions");
        }
    }
    println!("{cheaper} cheaper, {only} cured only by conversions");
    assert!(cheaper > 40 && only > 3, "{cheaper}, {only}");
}

/// `cross` takes 5 % off bitcoin and adds 5 % to what it costs to buy back; spot is in lots of 0.01.
fn coins(balances: &str) -> Case {
    let text = format!("index BTC 60000\nmark BTC_USD 60000\n{balances}");
    let mut case = Case::new(book(&text).with_lots(|_| decimal("0.01")), "cross");
    case.convert();
    case
}

#[test]
fn coins_are_sold_for_what_their_haircut_frees() {
    // 2 × 60,000 × 0.95 − 114,200 = −200 are there. Of 0.01 BTC, 600 dollars, 5 % are freed, 30, and 0.21 % are spread and fee,
    // 1.26: seven of them leave 7 × 28.74 − 200 = 1.18, less the impact of 4,200: 4,200² ÷ (200 × 10,000,000) = 0.00882.
    let case = coins("collateral BTC 2\ncollateral USD -114200");
    let plan = check(&case, Policy::LeastCost, "coins for a debt");
    let [Step { quantity, cost, .. }] = plan.steps[..] else { panic!("{plan:?}") };
    assert_eq!((quantity.0, cost, plan.excess), (decimal("-0.07"), decimal("8.82882"), decimal("1.17118")));
    // 125,800 − 2 × 60,000 × 1.05 is the same shortage, and buying frees as much.
    let case = coins("collateral BTC -2\ncollateral USD 125800");
    let plan = check(&case, Policy::LeastCost, "a debt of coins");
    let [Step { quantity, cost, .. }] = plan.steps[..] else { panic!("{plan:?}") };
    assert_eq!((quantity.0, cost, plan.excess), (decimal("0.07"), decimal("8.82882"), decimal("1.17118")));
}

#[test]
fn no_more_is_converted_than_is_there_nor_without_leave() {
    // 120,000 less 252 and 7.2 of impact, and what is under a lot, fall short of 121,000; nothing is borrowed to sell more.
    let case = coins("collateral BTC 2.009\ncollateral USD -121000");
    let plan = check(&case, Policy::LeastCost, "too few coins");
    assert!(!plan.cures() && plan.steps[0].quantity.0 == decimal("-2"), "{plan:?}");
    let mut case = coins("collateral BTC 2\ncollateral USD -114200");
    case.conversions.clear();
    assert!(case.plan(Policy::LeastCost).unwrap().steps.is_empty());
    case.convert();
    for policy in [Policy::LargestLossFirst, Policy::ProRata, Policy::FullClose] {
        assert!(case.plan(policy).unwrap().steps.is_empty(), "{policy} keeps to positions");
    }
    // As a hedge spot is sold beyond what there is.
    let text = "index BTC 60000\nmark BTC_USD 60000\nmark BTC_USDC-PERPETUAL 60000\nprice USDC 1\ncollateral USD 3000\n\
                position BTC_USDC-PERPETUAL 1";
    let mut case = Case::new(book(text).with_lots(|_| decimal("0.01")), "plimsoll");
    case.convert();
    assert!(check(&case, Policy::LeastCost, "no coins").steps.iter().all(|step| case.reduces(step)));
    case.hedges = std::mem::take(&mut case.conversions);
    case.none = vec![case.book.id("BTC_USDC-PERPETUAL")];
    let plan = check(&case, Policy::LeastCost, "spot as a hedge");
    assert!(plan.cures() && plan.steps[0].quantity.0.signum() < 0, "{plan:?}");
}

#[test]
fn two_contracts_on_a_coin_sell_no_more_than_there_is_together() {
    for (model, owed, cures) in [
        ("cross", "USD -118000", true),
        ("cross", "USD -119300", true),
        ("cross", "USD -121000", false),
        // Dollar coins that are owed and others that are held may part.
        ("plimsoll", "USDC -118000", true),
        ("plimsoll", "USD -118000", false),
    ] {
        let text = format!(
            "index BTC 60000\nprice USDC 1\nprice USDT 1\nmark BTC_USDC 60000\nmark BTC/USDT 60000\n\
             collateral BTC 2\ncollateral {owed}"
        );
        let mut case = Case::new(book(&text).with_lots(|_| decimal("0.01")), model);
        case.convert();
        // One and a half coins each.
        case.depth = Some(decimal("150000"));
        case.share_of_depth = decimal("0.6");
        let plan = check(&case, Policy::LeastCost, &format!("{model}, {owed}"));
        assert_eq!((plan.cures(), plan.steps.len()), (cures, 2), "{model}, {owed}: {plan:?}");
    }
}

#[test]
fn a_level_is_a_line_of_its_own() {
    let mut case = perpetual("10");
    let mut before = Decimal::ZERO;
    for until in [Level::Maintenance, Level::LiquidationEnd, Level::Call, Level::Initial] {
        case.until = until;
        let plan = check(&case, Policy::LeastCost, &until.to_string());
        assert!(plan.cures());
        let sold = plan.steps[0].quantity.0.abs();
        assert!(sold > before, "{until}: {sold} after {before}");
        before = sold;
    }
}

#[test]
fn a_premium_bounds_what_a_spread_costs() {
    let text = "index BTC 60000\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 60000 vol 0.6\n\
                mark BTC_USDC-26JUN26-120000-C 2\nposition BTC_USDC-26JUN26-120000-C 10\ncollateral USD -60";
    let mut case = Case::new(book(text), "plimsoll");
    case.fee_rate = Decimal::ZERO;
    let plan = case.plan(Policy::FullClose).unwrap();
    for step in &plan.steps {
        assert!(step.cost <= step.quantity.0.abs().times_count(2).unwrap(), "{step:?}");
    }
    let of = case.liquidity(case.book.account.portfolio.positions[0].instrument).unwrap();
    assert!(of.spread.times_count(60_000).unwrap() > decimal("2"), "of notional it is more");
}

/// Where the model's scans tell which combinations are worst, those of many steps are not all looked at: here they are.
#[test]
fn no_combination_of_six_to_ten_steps_does_harm() {
    let mut wide = 0;
    for seed in 1_000..1_150 {
        let mut random = Random(seed);
        let book = random_book(seed, 10 + random.below(30));
        let Some(mut case) = Case::under(book, "plimsoll", 20 + random.below(75), seed) else { continue };
        case.hedge_with(&mut random);
        let (start, plan) = (case.excess(&[]).unwrap(), case.plan(Policy::LeastCost).unwrap());
        if !(6..=10).contains(&plan.steps.len()) {
            continue;
        }
        wide += 1;
        for set in 1_u32..1 << plan.steps.len() {
            let filled = plan.steps.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            let some: Vec<Step> = filled.map(|(_, step)| *step).collect();
            let excess = case.excess(&some).unwrap();
            assert!(excess >= start, "seed {seed}: {some:?} alone leave {excess}, below {start}");
        }
    }
    assert!(wide > 40, "{wide} plans of six to ten steps");
}
