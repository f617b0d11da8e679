//! Deribit's standard margin against figures that were published.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::models::by_name;
use support::{book, decimal, near};

/// Initial and maintenance margin under a dated set.
fn margins(model: &str, text: &str) -> (Decimal, Decimal) {
    let margin = book(text).margin(by_name(model).unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"));
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// Deribit support, article 25944738177565: 25 and 350 BTC at 100,000, 25 SOL at 200.
#[test]
fn linear_perpetuals_ask_what_the_support_page_says() {
    let btc = "index BTC 100000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 100500";
    let (initial, maintenance) = margins("deribit-standard", &format!("{btc}\nposition BTC_USDC-PERPETUAL 25"));
    assert_eq!((initial, maintenance), (decimal("53125"), decimal("28125")));
    let (initial, _) = margins("deribit-standard", &format!("{btc}\nposition BTC_USDC-PERPETUAL -350"));
    assert_eq!(initial, decimal("1312500"));
    let sol = "index SOL 200\nprice USDC 1\nmark SOL_USDC-PERPETUAL 200\nposition SOL_USDC-PERPETUAL 25";
    assert_eq!(margins("deribit-standard", sol), (decimal("200.625"), decimal("100.625")));
}

/// 1,000,000 USD at 100,000 are 10 BTC: 2 % + 10 × 0.005 % of them, at the index.
#[test]
fn an_inverse_perpetual_is_counted_in_coin_and_each_date_has_its_rule() {
    let text = "index BTC 100000\nmark BTC-PERPETUAL 100000\nposition BTC-PERPETUAL 1000000";
    assert_eq!(margins("deribit-standard", text), (decimal("20500"), decimal("10500")));
    assert_eq!(margins("deribit-standard@2021-12", text), (decimal("10500"), decimal("5750")));
    let (initial, maintenance) = margins("deribit-standard@2026-09", text);
    assert_eq!(initial, decimal("20000"));
    near(maintenance, "13333.333333", "0.000001");
}

/// Short 9,000 call and put at 10,000, mark 0.025: 1,750 and 1,000; 1,250 and 1,000 (`DeribitOptionMarginModelTest`
/// of a LEAN fork). Equity counts the mark, 250, as owed; the venue's margin has it in it.
#[test]
fn short_inverse_options_ask_their_published_margin_and_a_long_its_value() {
    let with = |position: &str| {
        format!(
            "index BTC 10000\nforward BTC 2026-06-26T08:00:00Z 10000 vol 0.6\nmark BTC-26JUN26-9000-C 0.025
             mark BTC-26JUN26-9000-P 0.025\nposition {position}"
        )
    };
    for (name, initial, maintenance) in [("BTC-26JUN26-9000-C", "1500", "750"), ("BTC-26JUN26-9000-P", "1000", "750")] {
        let (found, kept) = margins("deribit-standard", &with(&format!("{name} -1")));
        near(found, initial, "0.000000001");
        near(kept, maintenance, "0.000000001");
    }
    let (initial, maintenance) = margins("deribit-standard", &with("BTC-26JUN26-9000-C 2"));
    assert_eq!((initial, maintenance), (decimal("500"), decimal("500")));
}

#[test]
fn a_hedge_shares_no_requirement_and_orders_count_at_their_worst() {
    let market = "index BTC 100000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 100000\nmark BTC-PERPETUAL 100000";
    let long = format!("{market}\nposition BTC_USDC-PERPETUAL 1");
    let hedged = format!("{long}\nposition BTC-PERPETUAL -100000");
    let alone = margins("deribit-standard", &long).0;
    assert_eq!(margins("deribit-standard", &hedged).0, alone.plus(alone).unwrap());
    let ordered = format!("{long}\norder buy BTC_USDC-PERPETUAL 1 @ 100000");
    assert!(margins("deribit-standard", &ordered).0 > alone.plus(alone).unwrap(), "two need more than twice one");
    assert_eq!(margins("deribit-standard", &ordered).1, margins("deribit-standard", &long).1);
}

#[test]
fn parameters_work_at_both_bounds_and_what_is_not_listed_is_refused() {
    let text = "index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\ncollateral BTC 1
                forward BTC 2026-06-26T08:00:00Z 60500 vol 0.6\nposition BTC_USDC-PERPETUAL 1
                position BTC_USDC-26JUN26-60000-C -2\nposition BTC-26JUN26-50000-P -1";
    let fields: Vec<_> = by_name("deribit-standard")
        .unwrap()
        .fields()
        .iter()
        .map(|field| (field.name, field.low, field.high, field.values()[0].1.contains(':')))
        .collect();
    for (name, low, high, tiers) in fields {
        for value in [low, high] {
            let mut model = by_name("deribit-standard").unwrap();
            model.set(name, &if tiers { format!("0:{value}") } else { value.to_string() }).unwrap();
            book(text).margin(model.as_ref()).unwrap_or_else(|error| panic!("{name} {value}: {error}"));
        }
        let error = by_name("deribit-standard").unwrap().set(name, "1000").unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let other = "index DOGE 0.2\nprice USDC 1\nmark DOGE_USDC-PERPETUAL 0.2\nposition DOGE_USDC-PERPETUAL 1000";
    let error = book(other).margin(by_name("deribit-standard").unwrap().as_ref()).unwrap_err().to_string();
    assert_eq!(
        error,
        "deribit-standard cannot margin DOGE_USDC-PERPETUAL: expected a future on a coin that im_base names"
    );
}
