//! The `cross` model: published brackets, liquidation prices and option rates.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Rule};
use plimsoll_margin::answers::liquidation::liquidation_prices;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::Model;
use plimsoll_margin::models::cross::Cross;
use plimsoll_margin::parameters::Tiers;
use support::{book, decimal, near};

/// Maintenance amounts (`cum`) that Binance publishes beside its brackets: ADA/BUSD and ZEC/USDT, as
/// carried in freqtrade's tests (`test_binance.py`).
#[test]
fn deductions_are_the_maintenance_amounts_that_binance_publishes() {
    for (brackets, published) in [
        (
            "0:0.025, 100000:0.05, 500000:0.1, 1000000:0.15, 2000000:0.25, 5000000:0.5",
            vec!["0", "2500", "27500", "77500", "277500", "1527500"],
        ),
        (
            "0:0.01, 50000:0.025, 150000:0.05, 250000:0.1, 500000:0.125, 1000000:0.25, 2000000:0.5",
            vec!["0", "750", "4500", "17000", "29500", "154500", "654500"],
        ),
    ] {
        let tiers: Tiers = brackets.parse().unwrap();
        assert_eq!(tiers.to_string(), brackets);
        for (at, cum) in published.iter().enumerate() {
            // A size inside bracket `at`: the charge is size × rate − cum, and that bracket wins.
            let tier = tiers.tiers()[at];
            let size = tier.above.plus(decimal("0.5")).unwrap();
            let charge = tiers.charge("margin", size, &Origin::default(), Detail::Explained).unwrap();
            let alone = tiers.charge("margin", size, &Origin::default(), Detail::Amounts).unwrap();
            assert_eq!(alone.amount, charge.amount);
            charge.check().unwrap();
            let expected = size.times(tier.rate, plimsoll_core::Rounding::Up).unwrap().minus(decimal(cum)).unwrap();
            assert_eq!(charge.amount, expected, "{brackets} bracket {at}");
            // Only brackets that the size reaches are in the tree, and the last of them wins.
            let winner = if let Rule::WorstOf { winner, .. } = charge.rule { winner } else { 0 };
            assert_eq!(winner, at, "{brackets}");
        }
    }
}

/// Binance FAQ b3c689c1f50a44cabb3a84e663b81d93: an isolated long of 3683.979 ETH from 1456.84 with
/// 1,535,443.01 of collateral, 10 % and 135,365: liquidated at 1114.78.
#[test]
fn a_published_liquidation_price_is_found_across_brackets() {
    // The bracket the price falls in, with its published deduction: 10 % less 135,365.
    let brackets = "0:0.0632559, 3683979:0.1";
    let book = book(
        "index      ETH 1456.84
         price      USDT 1
         mark       ETH/USDT:USDT 1456.84
         position   ETH/USDT:USDT 3683.979 @ 1456.84
         collateral USDT 1535443.01",
    );
    let mut cross = Cross::default();
    cross.set("haircut", "0:0").unwrap();
    cross.set("haircut.USDT", "0:0").unwrap();
    cross.set("maintenance.ETH", brackets).unwrap();
    let prices = liquidation_prices(&book.account, &book.market, &cross, &Policy::default()).unwrap();
    near(prices[0].down.unwrap(), "1114.78", "0.006");
}

/// Deribit's standard rates (0.15, 0.10, 0.075 of the index), mark 0.025 coin at 10,000: the published
/// 1,750 and 1,000 dollars hold the mark of 250, which here lowers equity instead.
#[test]
fn short_options_need_the_standard_rates() {
    let figures = |name: &str| {
        let text = format!(
            "index BTC 10000\nforward BTC 2026-06-26T08:00:00Z 10000 vol 0.6\nmark {name} 0.025\nposition {name} -1"
        );
        let margin = book(&text).margin(&Cross::default()).unwrap();
        let mark = margin.equity.net_value.amount.negated();
        (
            margin.requirement.initial.amount.plus(mark).unwrap(),
            margin.requirement.maintenance.amount.plus(mark).unwrap(),
        )
    };
    assert_eq!(figures("BTC-26JUN26-9000-C"), (decimal("1750"), decimal("1000")));
    assert_eq!(figures("BTC-26JUN26-9000-P"), (decimal("1250"), decimal("1000")));
}

/// Paid for, a long option supports nothing but itself; margined like a future, it can lose its mark.
#[test]
fn a_long_option_needs_what_it_is_worth() {
    let text = "index BTC 10000\nforward BTC 2026-06-26T08:00:00Z 10000 vol 0.6\nmark BTC-26JUN26-9000-C 0.12\nposition BTC-26JUN26-9000-C 2";
    let margin = book(text).margin(&Cross::default()).unwrap();
    assert_eq!(margin.requirement.initial.amount, decimal("2400"));
    assert_eq!(margin.equity.initial.amount, decimal("2400"));
    assert_eq!(margin.available(), Decimal::ZERO);
    let everlasting =
        "index BTC 60000\nprice USDC 1\nmark BTC/USD:USDC-PERP-60000-C 300\nposition BTC/USD:USDC-PERP-60000-C 100";
    let margin = book(everlasting).margin(&Cross::default()).unwrap();
    assert_eq!(margin.requirement.maintenance.amount, decimal("30000"), "it carries no value of its own");
}

#[test]
fn orders_count_at_the_worse_side() {
    let text = "index BTC 60000\nmark BTC/USD:USD 60000\nposition BTC/USD:USD 1 @ 60000\ncollateral USD 10000";
    let initial =
        |orders: &str| book(&format!("{text}\n{orders}")).margin(&Cross::default()).unwrap().requirement.initial.amount;
    assert_eq!(initial(""), decimal("600"));
    assert_eq!(initial("order buy BTC/USD:USD 1 @ 60000"), decimal("1200"));
    assert_eq!(initial("order sell BTC/USD:USD 1 @ 60000"), decimal("600"), "it only closes");
    assert_eq!(initial("order sell BTC/USD:USD 3 @ 60000"), decimal("1200"));
    // Bought a thousand above the mark: that is lost at the fill.
    assert_eq!(initial("order buy BTC/USD:USD 1 @ 61000"), decimal("2200"));
    // Spot: the haircut of the coin it buys.
    assert_eq!(initial("order buy BTC/USD 1 @ 60000"), decimal("3600"));
}
