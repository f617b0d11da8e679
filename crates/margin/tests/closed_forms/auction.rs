//! Derive's auction: its own tests, that the price never rises, and that the greatest share cures.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::MarginError;
use plimsoll_margin::closed_forms::auction::{Payout, Standing, Terms};
use serde_json::Value;

use crate::{Draws, cases, check, d, n, near, times};

/// Derive v2-core, SolventAuction.t.sol and InsolventAuction.t.sol.
fn published() -> Terms {
    Terms {
        starting_fraction: Decimal::ONE,
        cutoff_fraction: d("0.8"),
        fast_seconds: 600,
        slow_seconds: 7_200,
        insolvent_seconds: 600,
        buffer: d("0.1"),
        value_cutoff: Decimal::ZERO,
    }
}

#[test]
fn figures_of_the_source() {
    let account = |value: &str, margin: &str| Standing {
        mark_to_market: d(value),
        maintenance_margin: d(margin),
        reserved_cash: Decimal::ZERO,
    };
    let terms = published();
    assert_eq!([0, 600, 960, 8_160].map(|at| terms.price_fraction(at).unwrap()), ["1", "0.8", "0.76", "0"].map(d));
    let bid = terms.bid(&account("1000", "-100"), 300, d("0.1")).unwrap();
    assert_eq!((bid.share, bid.price, bid.ends), (d("0.1"), d("90"), false));
    let paid = |value, at, share| terms.insolvent_payout(&account(value, "-300"), at, d(share)).unwrap();
    assert_eq!([paid("-100", 0, "1"), paid("-100", 12, "0.5"), paid("100", 0, "1")], ["100", "52", "0"].map(d));
    assert_eq!(paid("-100", 601, "1"), d("300"));
    assert_eq!(terms.insolvent_payout(&account("-1", "0"), 5, Decimal::ONE), Ok(Decimal::ZERO));
    assert_eq!(terms.share_max(&account("-1", "-100"), Decimal::ONE), Ok(Decimal::ONE));
    assert_eq!(terms.share_max(&account("1", "100"), Decimal::ONE), Ok(Decimal::ZERO));
    let wrong = Terms { starting_fraction: d("0.7"), ..terms };
    assert!(matches!(wrong.price_fraction(0), Err(MarginError::Parameter { .. })));
    assert!(matches!(terms.bid(&account("1", "-1"), 0, d("1.1")), Err(MarginError::Parameter { .. })));
    let instant = Terms { fast_seconds: 0, slow_seconds: 0, ..terms };
    assert_eq!(instant.price_fraction(0), Ok(Decimal::ZERO));
}

#[test]
fn the_price_never_rises_and_the_greatest_share_cures() {
    let terms = published();
    let mut last = terms.price_fraction(0).unwrap();
    for at in 1..=8_000 {
        let next = terms.price_fraction(at).unwrap();
        assert!(next < last || (at >= 7_800 && next.is_zero()), "{at}: {last} then {next}");
        last = next;
    }
    let mut draws = Draws(4);
    for _ in 0..4_000 {
        let value = draws.next(1, 1_000_000, 2);
        let reserved_cash = times(value, draws.next(0, 900, 3));
        let maintenance_margin = draws.next(-1_000_000, -1, 2);
        let account = Standing { mark_to_market: value, maintenance_margin, reserved_cash };
        let fraction = draws.next(0, 1_000, 3);
        let share = terms.share_max(&account, fraction).unwrap();
        // What is sold takes its part of everything but the reserve, and brings in its price.
        let sold = terms.buffer_margin(&account).unwrap().minus(reserved_cash).unwrap();
        let price = times(times(value.minus(reserved_cash).unwrap(), fraction), share);
        let kept = times(sold, Decimal::ONE.minus(share).unwrap());
        let after = kept.plus(reserved_cash).unwrap().plus(price).unwrap();
        assert!(after.abs() <= d("0.0000000000001"), "{account:?} at {fraction}: {share} leaves {after}");
    }
}

fn terms(of: &Value) -> Terms {
    let either = |first: &str, second: &str| if of[first].is_null() { n(&of[second]) } else { n(&of[first]) };
    let seconds =
        |first: &str, second: &str| u32::try_from(either(first, second).units() / Decimal::ONE.units()).unwrap();
    Terms {
        starting_fraction: either("start", "starting_mtm_percentage"),
        cutoff_fraction: either("fast_cutoff", "fast_cutoff_percentage"),
        fast_seconds: seconds("fast_seconds", "fast_length_sec"),
        slow_seconds: seconds("slow_seconds", "slow_length_sec"),
        insolvent_seconds: seconds("length_seconds", "insolvent_length_sec"),
        buffer: either("buffer", "buffer_margin_percentage"),
        value_cutoff: n(&of["mtm_cutoff"]),
    }
}

fn elapsed(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn standing(of: &Value) -> Standing {
    Standing {
        mark_to_market: n(&of["mark_to_market"]),
        maintenance_margin: n(&of["maintenance_margin"]),
        reserved_cash: n(&of["reserved_cash"]),
    }
}

#[test]
fn derive_price_fractions() {
    for case in cases("derive/units.json", "derive.auction_discount") {
        let (of, expected) = (&case["inputs"], n(&case["expected"]["asserted"]["discount"]));
        let found = terms(of).price_fraction(elapsed(&of["elapsed_sec"])).unwrap();
        near(&case, "discount", found, expected, Decimal::ZERO);
    }
    for case in cases("defi/derive_auction.json", "derive_auction_discount") {
        check(
            &case,
            "price_fraction",
            terms(&case["params"]).price_fraction(elapsed(&case["market"]["elapsed"])).unwrap(),
        );
    }
}

#[test]
fn derive_solvent_bids() {
    for case in cases("derive/units.json", "derive.auction_solvent") {
        let (of, expected) = (&case["inputs"], &case["expected"]["asserted"]);
        let (terms, account, time) = (terms(of), standing(of), elapsed(&of["elapsed_sec"]));
        let bid = terms.bid(&account, time, n(&of["bid_percent"])).unwrap();
        assert_eq!(bid.price.rounded(0, Rounding::Down), Ok(n(&expected["cash_from_bidder"])), "{case}");
        let most = terms.share_max(&account, terms.price_fraction(time).unwrap()).unwrap();
        let most_expected = &expected["max_proportion"];
        assert!(most_expected.is_null() || most.rounded(3, Rounding::Down) == Ok(n(most_expected)), "{case}");
        assert!(expected["final_percentage"].is_null() || bid.share == n(&expected["final_percentage"]), "{case}");
        assert!(expected["terminates"].is_null() || expected["terminates"] == bid.ends, "{case}");
    }
    for case in cases("defi/derive_auction.json", "derive_solvent_auction") {
        let (terms, account, time) =
            (terms(&case["params"]), standing(&case["portfolio"]), elapsed(&case["market"]["elapsed"]));
        let fraction = terms.price_fraction(time).unwrap();
        check(&case, "bid_price", times(account.mark_to_market, fraction));
        check(&case, "max_share", terms.share_max(&account, fraction).unwrap());
    }
    for case in cases("defi/derive_auction.json", "derive_liquidation_sim") {
        let (terms, account, time) =
            (terms(&case["params"]), standing(&case["portfolio"]), elapsed(&case["market"]["elapsed"]));
        check(&case, "buffer_margin", terms.buffer_margin(&account).unwrap());
        check(&case, "max_share", terms.share_max(&account, terms.price_fraction(time).unwrap()).unwrap());
        let bid = terms.bid(&account, time, n(&case["portfolio"]["share_wanted"])).unwrap();
        check(&case, "share_taken", bid.share);
        check(&case, "cash_from_bidder", bid.price);
    }
}

#[test]
fn derive_bids_in_sequence() {
    for case in cases("derive/liquidation.json", "") {
        let (terms, tolerance) = (terms(&case["params"]["auction"]), n(&case["expected"]["tolerance"]["value"]));
        let mut reserved_cash = Decimal::ZERO;
        for action in case["actions"].as_array().unwrap() {
            let said = &action["asserted"];
            let account =
                Standing { mark_to_market: n(&said["pre_mtm"]), maintenance_margin: n(&said["pre_mm"]), reserved_cash };
            let time = elapsed(&action["time"]);
            let near = |what, found| near(&case, what, found, n(&said[what]), tolerance);
            near("pre_bm", terms.buffer_margin(&account).unwrap());
            let most = terms.share_max(&account, terms.price_fraction(time).unwrap()).unwrap();
            near("pre_max_proportion", most);
            let bid = terms.bid(&account, time, n(&action["bid"]["percent_of_current_portfolio"])).unwrap();
            near("final_percentage", bid.share);
            near("cash_from_bidder", bid.price);
            reserved_cash = reserved_cash.plus(bid.price).unwrap();
        }
        // The fee was taken before the first action: with it back, the account is as it was started.
        let fee = n(&case["liquidation_fee_source_unasserted"]);
        let first = &case["actions"][0];
        if elapsed(&first["time"]) == 0 {
            let back = |what: &str| n(&first["asserted"][what]).plus(fee).unwrap();
            let account = Standing {
                mark_to_market: back("pre_mtm"),
                maintenance_margin: back("pre_mm"),
                reserved_cash: Decimal::ZERO,
            };
            let rate = n(&case["params"]["auction"]["liquidator_fee_rate"]);
            near(&case, "fee", terms.start_fee(&account, rate).unwrap(), fee, tolerance);
        }
    }
}

#[test]
fn derive_insolvent_payouts() {
    for case in cases("derive/units.json", "derive.auction_insolvent") {
        let of = &case["inputs"];
        let paid =
            terms(of).insolvent_payout(&standing(of), elapsed(&of["elapsed_sec"]), n(&of["bid_percent"])).unwrap();
        near(&case, "cash", paid, n(&case["expected"]["asserted"]["cash_to_bidder"]), Decimal::ZERO);
    }
    for case in cases("defi/derive_auction.json", "derive_insolvent_auction") {
        let (terms, time) = (terms(&case["params"]), elapsed(&case["market"]["elapsed"]));
        let paid = terms.insolvent_payout(&standing(&case["portfolio"]), time, n(&case["portfolio"]["share"])).unwrap();
        check(&case, "cash_to_bidder", paid);
    }
    let split = Payout::of(d("200"), d("150")).unwrap();
    assert_eq!((split.security_module, split.socialised), (d("150"), d("50")));
    assert!(matches!(Payout::of(d("-1"), d("0")), Err(MarginError::Parameter { .. })));
}
