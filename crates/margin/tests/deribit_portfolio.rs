//! Deribit's portfolio margin against what was published of it, and its properties.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use std::sync::Arc;

use plimsoll_core::{Decimal, Rounding};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::deribit_portfolio::DeribitPortfolio;
use plimsoll_margin::models::{Model, by_name};
use plimsoll_pricing::market::Market;
use support::{Book, book, decimal, near};

fn margin(model: &str, text: &str) -> Margin {
    book(text).margin(by_name(model).unwrap().as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

fn amounts(model: &str, text: &str) -> (Decimal, Decimal) {
    let margin = margin(model, text);
    (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
}

/// docs.deribit.com, private/simulate, response example of 2024-06-17: a long perpetual of 0.314538364 BTC and a
/// short future of 0.001187534 BTC lose 0.0596858724 BTC at −16 %, roll 0.003157259 BTC; 0.8 of both to maintain.
#[test]
fn the_published_book_of_futures_has_its_published_matrix() {
    // Contracts are counted in USD: sizes × marks.
    let contracts = |size: &str, mark: &str| decimal(size).times(decimal(mark), Rounding::HalfEven).unwrap();
    let text = format!(
        "index BTC 65666.19\nforward BTC 2026-06-26T08:00:00Z 67371.75 vol 0.6\nmark BTC-PERPETUAL 65910.57
         mark BTC-26JUN26 67371.75\nposition BTC-PERPETUAL {}\nposition BTC-26JUN26 -{}",
        contracts("0.314538364", "65910.57"),
        contracts("0.001187534", "67371.75"),
    );
    let book = book(&text);
    let mut model = DeribitPortfolio::default();
    for (name, value) in model.about().sets.iter().find(|set| set.date == "2024-06").unwrap().values {
        model.set(name, value).unwrap();
    }
    let found = model.simulate(&book.account, &book.market).unwrap();
    let ([pair], [of]) = (found.pairs.as_slice(), found.margins.as_slice()) else { panic!("{found:?}") };
    assert_eq!(pair.pair, "btc_btc");
    let bucket = of.worst_case_bucket.unwrap();
    assert_eq!((bucket.bucket, bucket.side, bucket.source, bucket.index), (1, "left", "standard", 1));
    near(of.margins.worst_case, "0.05968587238095239", "0.0000000001");
    near(pair.roll_shock, "0.00315725898", "0.000000000001");
    near(of.margins.risk_matrix_margin, "0.06284313098", "0.000000001");
    near(of.margins.maintenance_margin, "0.050274504784", "0.000000001");
    assert_eq!((pair.aggregated.standard.len(), pair.aggregated.extended.len()), (27, 8));
    near(pair.aggregated.standard[0], "-0.05968587238095239", "0.0000000001");
    assert!(pair.aggregated.standard[12..].iter().all(|pnl| pnl.is_zero()), "gains count nothing");
    // The account's own figures are the same in money.
    let in_money = |coins: Decimal| coins.times(of.price, Rounding::Up).unwrap();
    let margin = margin_of(&book, &model);
    near(margin.requirement.initial.amount, &in_money(of.margins.risk_matrix_margin).to_string(), "0.000001");
    near(margin.requirement.maintenance.amount, &in_money(of.margins.maintenance_margin).to_string(), "0.000001");
}

fn margin_of(book: &Book, model: &DeribitPortfolio) -> Margin {
    book.margin(model).unwrap_or_else(|error| panic!("{error}"))
}

const MARKET: &str = "index BTC 60000\nindex ETH 3000\nprice USDC 1\nmark BTC-PERPETUAL 60000\nmark ETH-PERPETUAL 3000
                      mark BTC_USDC-PERPETUAL 60000\nforward BTC 2026-06-26T08:00:00Z 60500 vol 0.6";

fn with(text: &str, changes: &[(&str, &str)]) -> Margin {
    let mut model = by_name("deribit-portfolio").unwrap();
    for (name, value) in changes {
        model.set(name, value).unwrap();
    }
    book(text).margin(model.as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_hedge_across_pairs_counts_as_far_as_its_gains_do() {
    let initial = |positions: &str, changes: &[(&str, &str)]| {
        with(&format!("{MARKET}\n{positions}"), changes).requirement.initial.amount
    };
    let pairs = "position BTC-PERPETUAL 60000\nposition BTC_USDC-PERPETUAL -1";
    let (long, both) = (initial("position BTC-PERPETUAL 60000", &[]), initial(pairs, &[]));
    assert!(both < long, "{both} is less than {long}");
    // Gains settled in USDC may stand for a hundred at most.
    let capped = initial(pairs, &[("max_offsetable_pnl.USDC", "100")]);
    let uncapped = initial(pairs, &[("max_offsetable_pnl.USDC", "0")]);
    near(uncapped.minus(capped).unwrap(), "100", "0.000001");
    // Coins offset each other in one set alone, and that costs its contingency.
    let coins = "position BTC-PERPETUAL 60000\nposition ETH-PERPETUAL -60000";
    let alone = initial(coins, &[]);
    let one_set = [("correlation_set.BTC", "1"), ("correlation_set.ETH", "1")];
    let together = initial(coins, &one_set);
    assert!(together < alone, "{together} is less than {alone}");
    let costs = with(&format!("{MARKET}\n{coins}"), &[one_set[0], one_set[1], ("correlation_contingency", "0.5")]);
    let gains = costs.requirement.initial.find("gains of other coins that stand against losses").unwrap().amount;
    assert!(gains > Decimal::ZERO);
    near(costs.requirement.initial.amount.minus(together).unwrap().times_count(2).unwrap(), &gains.to_string(), "0.01");
    assert_eq!(initial(coins, &[one_set[0], ("correlation_set.ETH", "2")]), alone);
}

/// A long call and a short put of one strike are K ÷ F of a future in coin, whatever volatility does: within the
/// range exactly, and beyond it, where options are scaled by range ÷ move and by the coin's price, at the edge.
#[test]
fn a_synthetic_future_has_the_vectors_of_a_future() {
    let book = book(&format!(
        "{MARKET}\nposition BTC-26JUN26-55000-C 11\nposition BTC-26JUN26-55000-P -11\nposition BTC-PERPETUAL 600000"
    ));
    let simulation = DeribitPortfolio::default().simulate(&book.account, &book.market).unwrap();
    let of = |name: &str| &simulation.instruments.iter().find(|held| &*held.name == name).unwrap().vectors;
    let mut options = of("BTC-26JUN26-55000-C").clone();
    options.add(of("BTC-26JUN26-55000-P")).unwrap();
    // 11 × 55,000 ÷ 60,500 are 10 coins, and so is the perpetual.
    for (option, future) in options.all().zip(of("BTC-PERPETUAL").all()) {
        near(option, &future.to_string(), "0.00000000002");
    }
    let pair = &simulation.pairs[0];
    assert_eq!((pair.pre_aggregated.standard.len(), pair.pre_aggregated.extended.len()), (27, 8));
    // Rolled from expiry to expiry: ten coins of each, at the minimum.
    near(pair.roll_shock, "0.1", "0.000000001");
}

/// Deltas of a linear pair are money, whatever the stablecoin is worth: nothing below 20 million dollars.
#[test]
fn the_delta_shock_starts_at_its_threshold_in_both_kinds_of_pair() {
    let shock = |position: &str, usdc: &str| {
        let text = format!(
            "index BTC 100000\nprice USDC {usdc}\nmark BTC-PERPETUAL 100000
                            mark BTC_USDC-PERPETUAL 100000\nposition {position}"
        );
        let margin = with(&text, &[]);
        margin.requirement.initial.find("delta shock").unwrap().amount
    };
    for usdc in ["1", "0.9998"] {
        assert_eq!(shock("BTC_USDC-PERPETUAL 199", usdc), Decimal::ZERO, "USDC at {usdc}");
    }
    assert_eq!(shock("BTC-PERPETUAL 20000000", "1"), Decimal::ZERO);
    // 300 coins, 100 of them past the threshold: 100 × 0.005 % of 300 coins.
    near(shock("BTC-PERPETUAL -30000000", "1"), "150000", "0.000001");
    near(shock("BTC_USDC-PERPETUAL 300", "1"), "150000", "0.001");
}

#[test]
fn the_roll_shock_grows_with_time_linearly_or_compounded() {
    let text = "index BTC 100000\nforward BTC 2027-06-01T07:00:00Z 100000 vol 0.5\nmark BTC-1JUN27 100000
                position BTC-1JUN27 1000000";
    let roll = |changes: &[(&str, &str)]| with(text, changes).requirement.initial.find("roll shock").unwrap().amount;
    near(roll(&[("annualised_move_risk", "0.1"), ("min_annualised_move", "0")]), "100011.4155", "0.01");
    near(
        roll(&[("annualised_move_risk", "0.1"), ("min_annualised_move", "0"), ("roll_compounds", "1")]),
        "105183.5",
        "1",
    );
    near(roll(&[("annualised_move_risk", "0"), ("min_annualised_move", "0.01")]), "10000", "0.000001");
}

/// Deribit's undated older pages: 1 % of every option and 2 % of futures that stand against each other; later
/// 0.01 coins an option short beyond the long of its strike.
#[test]
fn older_rulebooks_charge_sizes() {
    let book = format!(
        "{MARKET}\nmark BTC-26JUN26 60500\nposition BTC-PERPETUAL 6000000\nposition BTC-26JUN26 -6050000
         position BTC-26JUN26-60000-C 10\nposition BTC-26JUN26-60000-P -20"
    );
    let now = with(&book, &[]).requirement.initial.amount;
    let more = |name: &str, value: &str| {
        let charged = with(&book, &[(name, value)]).requirement.initial.amount.minus(now).unwrap();
        charged.over(60_000.into(), Rounding::HalfEven).unwrap()
    };
    near(more("option_contingency", "0.01"), "0.3", "0.000000001");
    near(more("short_option_contingency", "0.01"), "0.1", "0.000000001");
    near(more("futures_contingency", "0.02"), "2", "0.000000001");
    assert_eq!(more("vega_contingency", "0.25"), Decimal::ZERO, "one expiry offsets no other");
}

#[test]
fn what_the_venue_states_and_haircuts_count_at_the_initial_level_alone() {
    let text = format!("{MARKET}\nprice USDE 1\ncollateral USDE 1000\ncollateral BTC 1\nposition BTC-PERPETUAL 60000");
    let (plain, stated) = (with(&text, &[("haircut.USDE", "0")]), with(&text, &[("mmp_margin.BTC", "0.06")]));
    near(stated.requirement.initial.amount.minus(plain.requirement.initial.amount).unwrap(), "3650", "0.000001");
    assert_eq!(stated.requirement.maintenance, plain.requirement.maintenance);
}

/// The venue states a margin in an asset, whether or not the account holds any of it.
#[test]
fn quotes_are_charged_in_their_asset_whatever_is_held() {
    let margin = |text: &str, changes: &[(&str, &str)]| with(&format!("{MARKET}\n{text}"), changes);
    let quotes = |text: &str, changes: &[(&str, &str)]| {
        margin(text, changes).requirement.initial.amount.minus(margin(text, &[]).requirement.initial.amount).unwrap()
    };
    assert_eq!(quotes("collateral USDC 1", &[("mmp_margin.BTC", "2")]), decimal("120000"));
    // What is not named is that of each asset contracts settle in, and of no other that is held.
    let held = "collateral USDC 1\nposition BTC-PERPETUAL 60000";
    assert_eq!(quotes(held, &[("mmp_margin", "0.5")]), decimal("30000"));
    assert_eq!(quotes(held, &[("mmp_margin", "0.5"), ("mmp_margin.BTC", "0.25")]), decimal("15000"));
    let mut model = DeribitPortfolio::default();
    model.set("mmp_margin.BTC", "2").unwrap();
    let book = book(&format!("{MARKET}\ncollateral USDC 1"));
    let found = model.simulate(&book.account, &book.market).unwrap();
    let [of] = found.margins.as_slice() else { panic!("{found:?}") };
    assert_eq!((of.asset.as_str(), of.margins.initial_margin), ("BTC", decimal("2")));
    let ordered = support::book(&format!("{MARKET}\nmark BTC_USDC 60000\norder buy BTC_USDC 1 @ 60100"));
    let found = DeribitPortfolio::default().simulate(&ordered.account, &ordered.market).unwrap();
    let [of] = found.margins.as_slice() else { panic!("{found:?}") };
    assert_eq!((of.asset.as_str(), of.inputs.spot_margin), ("USDC", decimal("100")));
    model.set("mmp_margin.of BTC", "2").unwrap();
    let error = book.margin(&model).unwrap_err().to_string();
    assert!(error.starts_with("deribit-portfolio: mmp_margin.of BTC is 2, expected"), "{error}");
}

#[test]
fn a_spot_order_asks_for_the_haircut_of_what_it_buys() {
    let initial = |rest: &str| {
        let text = format!("{MARKET}\nindex USDE 1\nprice USDE 1\nmark USDE_USDC 1\ncollateral USDC 1000\n{rest}");
        amounts("deribit-portfolio", &text).0
    };
    assert_eq!(initial("order buy USDE_USDC 1000 @ 1"), decimal("50"));
    assert_eq!(initial("order sell USDE_USDC 1000 @ 1"), Decimal::ZERO);
}

/// A move that the range covers counts whole and at itself, not at the edge of the range.
#[test]
fn a_range_wider_than_an_extended_move_does_not_stretch_it() {
    let text = format!(
        "{MARKET}\nposition BTC-PERPETUAL 60000\nposition BTC-26JUN26-55000-C -1.1\nposition BTC-26JUN26-55000-P 1.1"
    );
    let mut model = DeribitPortfolio::default();
    model.set("price_range.BTC", "0.5").unwrap();
    let book = book(&text);
    let found = model.simulate(&book.account, &book.market).unwrap();
    let of = |name: &str| &found.instruments.iter().find(|held| held.name.starts_with(name)).unwrap().vectors;
    // −33 %: a coin long loses 0.33 ÷ 0.67, and the options short of one gain it.
    near(of("BTC-PERPETUAL").extended[1], "-0.492537313432835821", "0.000000001");
    let mut options = of("BTC-26JUN26-55000-C").clone();
    options.add(of("BTC-26JUN26-55000-P")).unwrap();
    near(options.extended[1], "0.492537313432835821", "0.000000001");
    near(options.extended[0], "1", "0.000000001");
}

/// Deep in the money, half of the last half hour gone: half of the P&L and of the delta.
#[test]
fn an_expiring_option_moves_by_what_is_not_yet_fixed() {
    let at = |time: &str| {
        let mut book =
            book("index BTC 60000\nforward BTC 2026-06-01T08:00:00Z 60000 vol 0.6\nposition BTC-1JUN26-20000-C -1");
        let mut snapshot = book.market.snapshot().clone();
        snapshot.as_of = format!("2026-06-01T{time}Z").parse().unwrap();
        book.market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
        margin_of(&book, &DeribitPortfolio::default()).requirement.initial.amount
    };
    assert_eq!(at("07:30:00"), at("07:29:00"));
    near(at("07:45:00").times_count(2).unwrap(), &at("07:30:00").to_string(), "0.0001");
}

/// A forward that the market says is half fixed moves by half, options' and futures' alike, and by no less than that
/// for the window in which the venue settles.
#[test]
fn a_forward_partly_fixed_is_counted_once() {
    let expiry = "2026-06-01T08:00:00Z";
    let initial = |at: &str, fixed: Option<&str>| {
        let mut book = book(&format!(
            "index BTC 60000\nforward BTC {expiry} 60000 vol 0.6\nmark BTC-1JUN26 60000
             position BTC-1JUN26 60000\nposition BTC-1JUN26-20000-P -1"
        ));
        let mut snapshot = book.market.snapshot().clone();
        snapshot.as_of = format!("2026-06-01T{at}Z").parse().unwrap();
        for quote in snapshot.underlyings.values_mut().flat_map(|quote| quote.expiries.values_mut()) {
            quote.forward_fixed = fixed.map(decimal);
        }
        book.market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
        margin_of(&book, &DeribitPortfolio::default()).requirement.initial.amount
    };
    let whole = initial("07:00:00", None);
    let half = initial("07:45:00", Some("30000"));
    near(half.times_count(2).unwrap(), &whole.to_string(), "0.000001");
    assert_eq!(initial("07:45:00", None), half);
}

/// Each order alone could be the one that fills: a put bought beside a long perpetual hedges it only if both do.
#[test]
fn orders_that_would_hedge_each_other_do_not() {
    let initial = |orders: &str| amounts("deribit-portfolio", &format!("{MARKET}\n{orders}")).0;
    let perpetual = "order buy BTC-PERPETUAL 600000 @ 60000";
    let put = "order buy BTC-26JUN26-60000-P 10 @ 0.03";
    let both = initial(&format!("{perpetual}\n{put}"));
    assert!(both >= initial(perpetual) && both >= initial(put), "{both}");
    // A fill a thousand above the mark loses that at once, though nothing is held in the asset it settles in.
    let above = initial("order buy BTC_USDC-PERPETUAL 1 @ 61000");
    near(above.minus(initial("order buy BTC_USDC-PERPETUAL 1 @ 60000")).unwrap(), "1000", "0.000001");
}

/// An order in a pair of which nothing is held is a pair of its own: it adds what it would alone, and the account still
/// knows where its worst case is.
#[test]
fn an_order_in_another_pair_adds_what_it_would_alone() {
    let held = "position BTC-PERPETUAL 60000";
    for order in ["order buy ETH-PERPETUAL 3000 @ 3000", "order buy BTC_USDC-PERPETUAL 1 @ 60000"] {
        let initial = |lines: &str| amounts("deribit-portfolio", &format!("{MARKET}\n{lines}"));
        let (both, position) = (initial(&format!("{held}\n{order}")), initial(held));
        near(both.0, &position.0.plus(initial(order).0).unwrap().to_string(), "0.000001");
        assert_eq!(both.1, position.1, "orders ask nothing to keep");
    }
    // Of one settlement asset, the pair that only has an order coming first by name.
    let lines = "mark ETH_USDC-PERPETUAL 3000\nposition ETH_USDC-PERPETUAL 20\norder buy BTC_USDC-PERPETUAL 1 @ 60000";
    let book = book(&format!("{MARKET}\n{lines}"));
    let found = DeribitPortfolio::default().simulate(&book.account, &book.market).unwrap();
    let [of] = found.margins.as_slice() else { panic!("{found:?}") };
    assert_eq!((of.inputs.aggregated.standard.len(), of.inputs.aggregated.extended.len()), (27, 8));
    let bucket = of.worst_case_bucket.unwrap();
    assert_eq!((bucket.bucket, bucket.side, bucket.source, bucket.index), (1, "left", "standard", 1));
    let [bitcoin, ether] = found.pairs.as_slice() else { panic!("{found:?}") };
    assert_eq!((bitcoin.aggregated.standard.len(), ether.aggregated.standard.len()), (27, 27));
}

#[test]
fn twice_the_book_asks_twice_and_finer_buckets_never_less() {
    let of = |times: i64| {
        format!(
            "{MARKET}\nposition BTC-PERPETUAL {}\nposition BTC-26JUN26-60000-C {}\nposition BTC-26JUN26-50000-P {}
             position ETH-PERPETUAL {}",
            -30_000 * times,
            4 * times,
            -3 * times,
            9_000 * times
        )
    };
    let once = with(&of(1), &[]).requirement;
    // Extended moves are damped by an amount, and weigh more as a book grows; here they decide nothing.
    let twice = with(&of(2), &[]).requirement;
    near(twice.initial.amount, &once.initial.amount.times_count(2).unwrap().to_string(), "0.000001");
    near(twice.maintenance.amount, &once.maintenance.amount.times_count(2).unwrap().to_string(), "0.000001");
    for buckets in ["8", "12", "20"] {
        assert!(with(&of(1), &[("buckets_count", buckets)]).requirement.initial.amount >= once.initial.amount);
    }
}

#[test]
fn orders_add_what_their_worst_fills_add_and_order_of_positions_does_not_matter() {
    let lines = ["position BTC-PERPETUAL 60000", "position BTC-26JUN26-60000-C -2", "position BTC-26JUN26-50000-P -3"];
    let with = |order: [usize; 3], more: &str| {
        let text: Vec<&str> = order.iter().map(|at| lines[*at]).collect();
        amounts("deribit-portfolio", &format!("{MARKET}\n{}\n{more}", text.join("\n")))
    };
    let base = with([0, 1, 2], "");
    assert_eq!(base, with([2, 0, 1], ""));
    let ordered = with([0, 1, 2], "order sell BTC-26JUN26-60000-C 40 @ 0.05");
    assert!(ordered.0 > base.0 && ordered.1 == base.1);
    let covering = with([0, 1, 2], "order buy BTC-26JUN26-50000-P 3 @ 0.001");
    // What lowers the margin does not count until it is filled: no move is worse for it. The roll shock takes its
    // own worst fills, which adds a little.
    let added = covering.0.minus(base.0).unwrap();
    assert!(added >= Decimal::ZERO && added.times_count(100).unwrap() < base.0, "{added} on {}", base.0);
}

#[test]
fn what_is_not_listed_is_refused() {
    let everlasting =
        "index BTC 60000\nprice USDC 1\nmark BTC/USD:USDC-PERP-60000-C 300\nposition BTC/USD:USDC-PERP-60000-C 100";
    let error = book(everlasting).margin(&DeribitPortfolio::default()).unwrap_err().to_string();
    assert!(error.starts_with("deribit-portfolio cannot margin BTC/USD:USDC-PERP-60000-C: expected"), "{error}");
}
