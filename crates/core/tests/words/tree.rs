//! The requirement's tree: built so that it checks, and found out where it was changed.

use std::sync::Arc;

use num_bigint::BigInt;
use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Rounding, Rule};
use proptest::prelude::*;

use crate::oracle::{big, decimal, divide, one, unit};

fn leaf(label: &'static str, amount: i64) -> Node {
    Node::leaf(label, Decimal::from_int(amount), Origin::default())
}

/// Trees as models build them, with amounts small enough that no sum overflows.
pub(crate) fn trees() -> impl Strategy<Value = Node> {
    let amounts = || (-1_000_000_000_000_i64..1_000_000_000_000).prop_map(|units| Decimal::new(units, 6));
    let origins = prop_oneof![
        Just(Origin::default()),
        Just(Origin { scenario: Some("price −16%".into()), group: None, position: Some("BTC-PERPETUAL".into()) }),
    ];
    let leaves =
        ("[a-z ]{1,12}", amounts(), origins).prop_map(|(label, amount, origin)| Node::leaf(label, amount, origin));
    leaves.prop_recursive(5, 60, 5, move |inner| {
        let many = || proptest::collection::vec(inner.clone(), 0..5);
        let factor = (-3_000_000_000_i64..3_000_000_000).prop_map(|units| Decimal::new(units, 9));
        let limit = || proptest::option::of(amounts());
        prop_oneof![
            many().prop_map(|of| Node::sum("sum", of).unwrap()),
            many().prop_map(|of| Node::worst_of("worst", of)),
            (factor, inner.clone()).prop_map(|(by, of)| Node::scale("scaled", by, of).unwrap()),
            (limit(), limit(), inner.clone()).prop_map(|(low, high, of)| Node::clamp("clamped", low, high, of)),
            inner.clone().prop_map(|of| Node::clamp("at least zero", Some(Decimal::ZERO), None, of)),
        ]
    })
}

/// The total from the leaves alone, in whole numbers without a size.
fn from_leaves(node: &Node) -> BigInt {
    let children: Vec<_> = node.children().iter().map(from_leaves).collect();
    match &node.rule {
        Rule::Leaf(_) => big(node.amount),
        Rule::Sum(_) => children.iter().sum(),
        Rule::WorstOf { .. } => children.into_iter().max().unwrap(),
        Rule::Scale { by, .. } => divide(&(&children[0] * big(*by)), &one(), Rounding::Up),
        Rule::Clamp { low, high, .. } => {
            let raised = low.map_or(children[0].clone(), |low| big(low).max(children[0].clone()));
            high.map_or(raised.clone(), |high| big(high).min(raised))
        }
    }
}

/// The node at place `at` of a depth-first walk.
fn at<'a>(node: &'a mut Node, at: &mut usize) -> Option<&'a mut Node> {
    if *at == 0 {
        return Some(node);
    }
    *at -= 1;
    match &mut node.rule {
        Rule::Leaf(_) => None,
        Rule::Sum(of) | Rule::WorstOf { of, .. } => Arc::make_mut(of).iter_mut().find_map(|child| self::at(child, at)),
        Rule::Scale { of, .. } | Rule::Clamp { of, .. } => self::at(Arc::make_mut(of), at),
    }
}

fn size(node: &Node) -> usize {
    1 + node.children().iter().map(size).sum::<usize>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_tree_checks_and_follows_from_its_leaves(tree in trees()) {
        prop_assert_eq!(tree.check(), Ok(tree.amount));
        prop_assert_eq!(from_leaves(&tree), big(tree.amount));
    }

    #[test]
    fn a_changed_figure_is_found(tree in trees(), place in any::<prop::sample::Index>(), by in 1_i64..1000) {
        let mut changed = tree.clone();
        let mut place = place.index(size(&tree));
        let node = at(&mut changed, &mut place).unwrap();
        node.amount = node.amount.plus(Decimal::new(by, 18)).unwrap();
        let leaf = matches!(node.rule, Rule::Leaf(_));
        match changed.check() {
            Err(wrong) => prop_assert!(wrong.parts != Some(wrong.says)),
            // A leaf may have moved with nothing above it moving: a loser that still loses, a clamp that holds.
            Ok(total) => {
                prop_assert!(leaf);
                prop_assert_eq!(from_leaves(&changed), big(total));
            }
        }
    }
}

#[test]
fn a_changed_leaf_is_named_by_the_first_sum_it_breaks() {
    let inner = Node::sum("inner", vec![leaf("a", 1), leaf("b", 2)]).unwrap();
    let mut total = Node::sum("total", vec![inner, leaf("c", 3)]).unwrap();
    assert_eq!(total.check(), Ok(6.into()));
    let mut place = 3;
    at(&mut total, &mut place).unwrap().amount = decimal("2.000000000000000001");
    let wrong = total.check().unwrap_err();
    assert_eq!(wrong.to_string(), "inner: says 3, its parts make 3.000000000000000001");
    assert_eq!(wrong.parts, decimal("3").plus(unit()).ok());
}

#[test]
fn the_first_of_the_largest_wins() {
    let tree = Node::worst_of("worst", vec![leaf("a", 1), leaf("b", 5), leaf("c", 5)]);
    let Rule::WorstOf { winner, of } = tree.rule.clone() else { panic!("{tree:?}") };
    assert_eq!((winner, tree.amount), (1, 5.into()));
    for other in [0, 2, 3, usize::MAX] {
        let marked = Node { rule: Rule::WorstOf { winner: other, of: of.clone() }, ..tree.clone() };
        let wrong = marked.check().unwrap_err();
        assert_eq!(wrong.to_string(), "worst: says 5, its parts make no such figure");
    }
    let negative = Node::worst_of("gains", vec![leaf("a", -7), leaf("b", -5)]);
    assert_eq!(negative.check(), Ok(Decimal::from_int(-5)));
}

#[test]
fn nothing_is_worth_nothing() {
    assert_eq!(Node::sum("sum", Vec::new()).unwrap().check(), Ok(Decimal::ZERO));
    assert_eq!(Node::worst_of("worst", Vec::new()).check(), Ok(Decimal::ZERO));
    // A worst of nothing cannot be built, and checks at no figure.
    for amount in [Decimal::ZERO, Decimal::MIN, Decimal::MAX] {
        let rule = Rule::WorstOf { winner: 0, of: Vec::new().into() };
        assert_eq!(Node { label: "worst".into(), amount, rule }.check().unwrap_err().parts, None);
    }
}

#[test]
fn parts_that_overflow_are_a_mismatch() {
    let largest = || Node::leaf("largest", Decimal::MAX, Origin::default());
    for amount in [Decimal::MIN, Decimal::MAX] {
        let sum = Node { label: "sum".into(), amount, rule: Rule::Sum(vec![largest(), largest()].into()) };
        assert_eq!(sum.check().unwrap_err().parts, None);
        let rule = Rule::Scale { by: 2.into(), of: Arc::new(largest()) };
        assert_eq!(Node { label: "scale".into(), amount, rule }.check().unwrap_err().parts, None);
    }
}

#[test]
fn scales_round_up_and_clamps_hold() {
    let scaled = |amount: &str, by: &str| {
        Node::scale("scaled", decimal(by), Node::leaf("leaf", decimal(amount), Origin::default())).unwrap().amount
    };
    assert_eq!(scaled("0.000000000000000001", "0.1"), unit());
    assert_eq!(scaled("-0.000000000000000001", "0.1"), Decimal::ZERO);
    let clamped = |amount: i64, low: Option<i32>, high: Option<i32>| {
        Node::clamp("clamped", low.map(Decimal::from), high.map(Decimal::from), leaf("leaf", amount)).amount
    };
    assert_eq!(clamped(5, Some(0), Some(3)), 3.into());
    assert_eq!(clamped(-5, Some(0), Some(3)), 0.into());
    assert_eq!(clamped(2, Some(0), Some(3)), 2.into());
    assert_eq!(clamped(2, None, None), 2.into());
    assert_eq!(clamped(2, Some(4), Some(3)), 3.into());
}

#[test]
fn figures_are_found_depth_first() {
    let inner = Node::sum("twice", vec![leaf("a", 1)]).unwrap();
    let tree = Node::clamp("top", Some(Decimal::ZERO), None, Node::sum("sum", vec![inner, leaf("twice", 7)]).unwrap());
    assert_eq!(tree.find("twice").map(|node| node.amount), Some(1.into()));
    assert_eq!(tree.find("a").map(|node| node.amount), Some(1.into()));
    assert_eq!(tree.find("top").map(|node| node.amount), Some(8.into()));
    assert_eq!(tree.find("b"), None);
    assert_eq!(tree.clone().named("again").find("again").map(|node| node.amount), Some(8.into()));
}
