//! The index rule: what falls out and why, and what an attacker cannot do.
#![expect(clippy::unwrap_used, reason = "test data that does not read fails the test")]

use plimsoll_core::{Decimal, Timestamp};
use plimsoll_pricing::market::index::{DropReason, Index, IndexError, IndexRule, PriceQuality, SourceQuote};
use proptest::prelude::*;

const SECOND: i64 = Timestamp::NANOS_PER_SECOND;
const NOW: Timestamp = Timestamp::from_nanos(1_000 * SECOND);

const RULE: IndexRule = IndexRule {
    age_ns_max: 10 * SECOND,
    ahead_ns_max: SECOND,
    outlier_fraction: Decimal::new(5, 2),
    band: Decimal::new(1, 2),
    sources_min: 3,
    confidence_min: Decimal::new(6, 1),
};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn quote(name: &str, price: &str, weight: &str) -> SourceQuote {
    let (price, weight) = (decimal(price), decimal(weight));
    SourceQuote { name: name.into(), price, weight, observed_at: NOW, confidence: Decimal::ONE }
}

fn aged(seconds: i64, quote: SourceQuote) -> SourceQuote {
    SourceQuote { observed_at: Timestamp::from_nanos(NOW.nanos() - seconds * SECOND), ..quote }
}

fn outcome(index: &Index, name: &str) -> Vec<Option<DropReason>> {
    index.sources.iter().filter(|source| &*source.name == name).map(|source| source.dropped).collect()
}

#[test]
fn the_weighted_median_and_its_ties() {
    let price = |quotes: &[SourceQuote]| RULE.apply(quotes, NOW).unwrap().price;
    assert_eq!(price(&[quote("a", "99", "1"), quote("b", "100", "1"), quote("c", "101", "1")]), decimal("100"));
    assert_eq!(price(&[quote("a", "99", "3"), quote("b", "100", "1"), quote("c", "101", "1")]), decimal("99"));
    // Exactly half below and half above: the mean of the two.
    assert_eq!(price(&[quote("a", "99", "2"), quote("b", "100", "1"), quote("c", "101", "1")]), decimal("99.5"));
    // One smallest unit of weight decides.
    let heavier = quote("a", "99", "2.000000000000000001");
    assert_eq!(price(&[heavier, quote("b", "100", "1"), quote("c", "101", "1")]), decimal("99"));
}

#[test]
fn a_confidence_is_a_factor_on_the_weight() {
    let unsure = SourceQuote { confidence: decimal("0.25"), ..quote("a", "99", "4") };
    let index = RULE.apply(&[unsure, quote("b", "100", "1"), quote("c", "101", "1")], NOW).unwrap();
    assert_eq!(index.price, decimal("100"));
}

#[test]
fn each_bad_quote_falls_out_for_its_own_reason() {
    let good = || vec![quote("a", "100", "1"), quote("b", "100", "1"), quote("c", "100", "1")];
    let cases = [
        (quote("x", "0", "1"), DropReason::BadPrice),
        (quote("x", "-100", "1"), DropReason::BadPrice),
        (quote("x", "100", "0"), DropReason::BadWeight),
        (quote("x", "100", "-1"), DropReason::BadWeight),
        (SourceQuote { confidence: Decimal::ZERO, ..quote("x", "100", "1") }, DropReason::BadConfidence),
        (SourceQuote { confidence: Decimal::MAX, ..quote("x", "100", "100") }, DropReason::BadConfidence),
        (SourceQuote { confidence: Decimal::new(1, 18), ..quote("x", "100", "1e-18") }, DropReason::BadWeight),
        (aged(11, quote("x", "100", "1")), DropReason::Stale { age_ns: 11 * SECOND }),
        (aged(-2, quote("x", "100", "1")), DropReason::FromTheFuture { ahead_ns: 2 * SECOND }),
        (quote("x", "105.000000000000000001", "1"), DropReason::Outlier { median: decimal("100") }),
        (quote("x", "94.999999999999999999", "1"), DropReason::Outlier { median: decimal("100") }),
    ];
    for (bad, reason) in cases {
        let mut quotes = good();
        quotes.push(bad.clone());
        let index = RULE.apply(&quotes, NOW).unwrap();
        assert_eq!(outcome(&index, "x"), [Some(reason)], "{bad:?}");
        assert_eq!(index.price, decimal("100"));
    }
    for edge in [aged(10, quote("x", "100", "1")), aged(-1, quote("x", "100", "1")), quote("x", "105", "1")] {
        let mut quotes = good();
        quotes.push(edge.clone());
        assert_eq!(outcome(&RULE.apply(&quotes, NOW).unwrap(), "x"), [None], "just within: {edge:?}");
    }
}

#[test]
fn of_several_quotes_of_one_name_the_newest_counts_and_a_clash_counts_for_nothing() {
    let others = [quote("a", "100", "1"), quote("b", "100", "1"), quote("c", "100", "1")];
    let with = |extra: &[SourceQuote]| RULE.apply(&[&others[..], extra].concat(), NOW).unwrap();
    let newest = with(&[aged(5, quote("x", "90", "1")), quote("x", "101", "1")]);
    assert_eq!(outcome(&newest, "x"), [None, Some(DropReason::Superseded)]);
    let clash = with(&[quote("x", "101", "1"), quote("x", "102", "1"), aged(5, quote("x", "90", "1"))]);
    let (clashing, old) = (Some(DropReason::Conflicting), Some(DropReason::Superseded));
    assert_eq!(outcome(&clash, "x"), [clashing, clashing, old]);
    let twice = with(&[quote("x", "101", "1"), quote("x", "101", "1")]);
    assert_eq!(outcome(&twice, "x"), [None, Some(DropReason::Superseded)]);
}

#[test]
fn the_ladder_of_quality() {
    let quality = |quotes: &[SourceQuote]| RULE.apply(quotes, NOW).unwrap().quality;
    assert_eq!(
        quality(&[quote("a", "100", "1"), quote("b", "100", "1"), quote("c", "100", "1")]),
        PriceQuality::Trusted
    );
    assert_eq!(quality(&[quote("a", "100", "1"), quote("b", "100", "1")]), PriceQuality::Thin);
    // Three sources, none within 1 % of another: a third of the weight agrees with the middle one.
    let apart = [quote("a", "97", "1"), quote("b", "100", "1"), quote("c", "103", "1")];
    let index = RULE.apply(&apart, NOW).unwrap();
    assert_eq!((index.quality, index.confidence), (PriceQuality::Disputed, decimal("0.333333333333333333")));
    // A confidence of exactly the least is enough.
    let exact = IndexRule { confidence_min: decimal("0.333333333333333333"), ..RULE };
    assert_eq!(exact.apply(&apart, NOW).unwrap().quality, PriceQuality::Trusted);
    // Outliers still count against confidence.
    let outlier = [quote("a", "100", "1"), quote("b", "100", "1"), quote("c", "100", "1"), quote("d", "200", "2")];
    assert_eq!(RULE.apply(&outlier, NOW).unwrap().confidence, decimal("0.6"));
}

#[test]
fn without_a_price_there_is_a_reason() {
    assert_eq!(RULE.apply(&[], NOW), Err(IndexError::NoQuotes));
    let refusal = RULE.apply(&[quote("a", "-1", "1"), aged(60, quote("b", "100", "1"))], NOW).unwrap_err();
    let IndexError::NoneLive(sources) = &refusal else { panic!("{refusal}") };
    assert_eq!(sources[0].dropped, Some(DropReason::BadPrice));
    assert_eq!(sources[1].dropped, Some(DropReason::Stale { age_ns: 60 * SECOND }));
    assert_eq!(refusal.to_string(), "none of 2 quotes is live");
    // Two that are far apart: both are outliers of their mean, and it is thin.
    let apart = RULE.apply(&[quote("a", "100", "1"), quote("b", "200", "1")], NOW).unwrap();
    assert_eq!((apart.price, apart.quality, apart.confidence), (decimal("150"), PriceQuality::Thin, Decimal::ZERO));
    let broken = IndexRule { outlier_fraction: Decimal::ZERO, ..RULE };
    let refusal = broken.apply(&[quote("a", "1", "1")], NOW).unwrap_err();
    assert_eq!(refusal.to_string(), "index rule: outlier_fraction is 0: expected above 0");
}

/// Prices in cents around 100, so that ties and outliers are common.
fn honest() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((9_000_i64..11_000, 1_i64..50), 1..8)
}

fn quotes(sources: &[(i64, i64)]) -> Vec<SourceQuote> {
    let one = |(place, (cents, weight)): (usize, &(i64, i64))| SourceQuote {
        name: format!("source-{place}").into(),
        price: Decimal::new(*cents, 2),
        weight: Decimal::from_int(*weight),
        observed_at: NOW,
        confidence: Decimal::ONE,
    };
    sources.iter().enumerate().map(one).collect()
}

proptest! {
    #[test]
    fn the_order_of_sources_does_not_matter(
        (sorted, shuffled) in honest().prop_map(|it| quotes(&it)).prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle()))
    ) {
        prop_assert_eq!(RULE.apply(&sorted, NOW), RULE.apply(&shuffled, NOW));
    }

    #[test]
    fn the_index_lies_among_the_live_prices(sources in honest()) {
        let index = RULE.apply(&quotes(&sources), NOW).unwrap();
        let cents = || sources.iter().map(|(cents, _)| Decimal::new(*cents, 2));
        prop_assert!(Some(index.price) >= cents().min() && Some(index.price) <= cents().max());
        prop_assert!(index.confidence >= Decimal::ZERO && index.confidence <= Decimal::ONE);
    }

    #[test]
    fn under_half_the_weight_a_liar_moves_nothing_out_of_the_honest_range(
        sources in honest(), lie in 1_i64..10_000_000, share in 1_i64..100
    ) {
        let total: i64 = sources.iter().map(|(_, weight)| weight).sum();
        let weight = ((total - 1) * share / 100).max(0);
        prop_assume!(weight > 0);
        let (low, high) = (sources.iter().map(|it| it.0).min().unwrap(), sources.iter().map(|it| it.0).max().unwrap());
        let mut all = sources.clone();
        all.push((lie, weight));
        let price = RULE.apply(&quotes(&all), NOW).unwrap().price;
        // Where the honest agree within the fraction none of them is an outlier; else what is left
        // can lie outside their range by the fraction of the live median, which is inside it.
        let slack = if (high - low) * 20 <= low { 0 } else { high / 20 + 1 };
        let (low, high) = (Decimal::new(low - slack, 2), Decimal::new(high + slack, 2));
        prop_assert!(price >= low && price <= high, "{price} outside {low} to {high} with {lie}");
    }

    #[test]
    fn splitting_a_source_in_two_changes_no_price(sources in honest(), place in 0_usize..8) {
        let whole = quotes(&sources);
        let mut split = quotes(&sources);
        let place = place % split.len();
        split[place].weight = split[place].weight.times(Decimal::new(5, 1), plimsoll_core::Rounding::HalfEven).unwrap();
        let half = SourceQuote { name: "half".into(), ..split[place].clone() };
        split.push(half);
        prop_assert_eq!(RULE.apply(&whole, NOW).unwrap().price, RULE.apply(&split, NOW).unwrap().price);
    }

    #[test]
    fn a_scale_on_all_prices_is_a_scale_on_the_index(sources in honest(), factor in 1_i64..1_000) {
        let scaled: Vec<(i64, i64)> = sources.iter().map(|(cents, weight)| (cents * factor, *weight)).collect();
        let (one, other) = (RULE.apply(&quotes(&sources), NOW).unwrap(), RULE.apply(&quotes(&scaled), NOW).unwrap());
        prop_assert_eq!(one.price.times_count(factor.into()).unwrap(), other.price);
        prop_assert_eq!((one.quality, one.confidence), (other.quality, other.confidence));
    }
}
