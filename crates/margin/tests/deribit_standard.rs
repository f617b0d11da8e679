//! Deribit's standard margin against figures that were published.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use plimsoll_core::Decimal;
use plimsoll_margin::models::by_name;
use plimsoll_margin::models::deribit_standard::{FutureRates, OptionRates, Short};
use plimsoll_pricing::formulas::Right;
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

/// Article 25944826427293: before 2022-01-11 1 % + 0.005 % a BTC and 2 % + 0.0002 % an ETH, in coin at a price of one.
#[test]
fn the_rates_before_2022_give_figures_in_coin_too() {
    let rates = |im: &str, mm: &str, slope: &str| FutureRates {
        im_base: decimal(im),
        mm_base: decimal(mm),
        slope: decimal(slope),
        mm_of_im: Decimal::ZERO,
    };
    let btc = rates("0.01", "0.00525", "0.00005").margins(decimal("25"), Decimal::ONE).unwrap();
    assert_eq!(btc, (decimal("0.28125"), decimal("0.1625")));
    let eth = rates("0.02", "0.01", "0.000002").margins(decimal("1000"), Decimal::ONE).unwrap();
    assert_eq!(eth, (decimal("22"), decimal("12")));
}

/// Size ÷ mark, as docs.deribit.com's `size_currency` (50 USD at a mark of 7,476.65 are 0.006687487 BTC); the coins
/// are worth their index.
#[test]
fn an_inverse_contract_is_counted_at_its_mark_and_converted_at_the_index() {
    let text = "index BTC 100000\nmark BTC-PERPETUAL 80000\nposition BTC-PERPETUAL -800000";
    assert_eq!(margins("deribit-standard", text), (decimal("20500"), decimal("10500")));
}

#[test]
fn by_leverage_the_tier_reached_holds_for_the_whole_notional() {
    let with = |notional: i64| {
        let mut model = by_name("deribit-standard@2026-09").unwrap();
        model.set("leverage_rate.BTC", "0:0.02, 1000000:0.04").unwrap();
        let text = format!("index BTC 100000\nmark BTC-PERPETUAL 100000\nposition BTC-PERPETUAL {notional}");
        let margin = book(&text).margin(model.as_ref()).unwrap();
        (margin.requirement.initial.amount, margin.requirement.maintenance.amount)
    };
    assert_eq!(with(1_000_000).0, decimal("20000"));
    assert_eq!(with(1_000_010).0, decimal("40000.4"));
    near(with(1_000_010).1, "26666.933333", "0.000001");
}

/// Index 10,000, future 11,000: a call at 12,000 is 2,000 from the one and 1,000 from the other.
#[test]
fn the_distance_from_the_money_is_measured_from_the_index_or_the_future() {
    let text = "index BTC 10000\nforward BTC 2026-06-26T08:00:00Z 11000 vol 0.6\nmark BTC-26JUN26-12000-C 0.025
                position BTC-26JUN26-12000-C -1";
    near(margins("deribit-standard", text).0, "1000", "0.000000001");
    let mut model = by_name("deribit-standard").unwrap();
    model.set("option_minimum.BTC", "0").unwrap();
    model.set("otm_of_forward", "1").unwrap();
    // 0.15 − 1,000 ÷ 11,000 of 10,000.
    near(book(text).margin(model.as_ref()).unwrap().requirement.initial.amount, "590.909090909", "0.000000001");
}

/// Article 31424932728093 as quoted: a linear put's least share is of its strike, in the quote.
#[test]
fn linear_options_ask_their_share_of_index_and_strike() {
    let rates = OptionRates { initial: decimal("0.15"), minimum: decimal("0.10"), maintenance: decimal("0.075") };
    let (index, mark) = (decimal("100000"), decimal("500"));
    let short = |right, strike: &str| Short { right, strike: decimal(strike), index, underlying: index, mark };
    assert_eq!(rates.linear(&short(Right::Call, "102000")).unwrap(), (decimal("13500"), decimal("8000")));
    assert_eq!(rates.linear(&short(Right::Put, "98000")).unwrap(), (decimal("13500"), decimal("7850")));
    assert_eq!(rates.linear(&short(Right::Put, "60000")).unwrap(), (decimal("6500"), decimal("5000")));
    let altcoin = OptionRates { initial: decimal("0.20"), minimum: decimal("0.13"), maintenance: decimal("0.10") };
    assert_eq!(altcoin.linear(&short(Right::Call, "150000")).unwrap(), (decimal("13500"), decimal("10500")));
    let text = "index SOL 200\nprice USDC 1\nforward SOL 2026-06-26T08:00:00Z 200 vol 0.6
                mark SOL_USDC-26JUN26-200-C 10\nposition SOL_USDC-26JUN26-200-C -1";
    let contract = book(text).market.listing().get(plimsoll_core::InstrumentId(0)).unwrap().terms().contract_size;
    let each = |whole: i128| contract.times_count(whole).unwrap();
    assert_eq!(margins("deribit-standard", text), (each(40), each(20)));
}

#[test]
fn an_order_for_a_long_option_reserves_its_premium() {
    let market = "index BTC 10000\nforward BTC 2026-06-26T08:00:00Z 10000 vol 0.6\nmark BTC-26JUN26-9000-C 0.025";
    let initial = |lines: &str| margins("deribit-standard", &format!("{market}\n{lines}")).0;
    for (price, reserved) in [("0.01", "100"), ("0.025", "250"), ("0.04", "400")] {
        assert_eq!(initial(&format!("order buy BTC-26JUN26-9000-C 1 @ {price}")), decimal(reserved));
    }
    let short = initial("position BTC-26JUN26-9000-C -1");
    assert_eq!(initial("position BTC-26JUN26-9000-C -1\norder buy BTC-26JUN26-9000-C 1 @ 0.01"), short);
}

/// Article 25944777203869: haircuts apply to initial margin.
#[test]
fn haircuts_count_at_the_initial_level_alone() {
    let text = "index BTC 60000\nprice USDE 1\ncollateral USDE 1000";
    assert_eq!(margins("deribit-standard", text), (decimal("50"), Decimal::ZERO));
    let owed = "index BTC 60000\nprice USDE 1\ncollateral USDE -1000";
    assert_eq!(margins("deribit-standard", owed), (Decimal::ZERO, Decimal::ZERO));
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
fn order_and_splitting_change_nothing_and_size_asks_more_than_its_share() {
    let market = "index BTC 100000\nmark BTC-PERPETUAL 100000\nforward BTC 2026-06-26T08:00:00Z 100000 vol 0.6
                  mark BTC-26JUN26-90000-P 0.025";
    let of = |positions: &str| margins("deribit-standard", &format!("{market}\n{positions}"));
    let (perpetual, put) = ("position BTC-PERPETUAL 400000", "position BTC-26JUN26-90000-P -3");
    let whole = of(&format!("{perpetual}\n{put}"));
    assert_eq!(of(&format!("{put}\n{perpetual}")), whole);
    assert_eq!(of(&format!("{put}\nposition BTC-PERPETUAL 100000\nposition BTC-PERPETUAL 300000")), whole);
    let (one, four) = (of("position BTC-PERPETUAL 100000").0, of(perpetual).0);
    assert!(four > one.times_count(4).unwrap(), "{four} is more than four times {one}");
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
fn a_coin_needs_both_of_its_rates() {
    let text = "index XRP 2\nprice USDC 1\nmark XRP_USDC-PERPETUAL 2\nposition XRP_USDC-PERPETUAL 1000";
    let mut model = by_name("deribit-standard").unwrap();
    model.set("im_base.XRP", "0.04").unwrap();
    let error = book(text).margin(model.as_ref()).unwrap_err().to_string();
    assert_eq!(
        error,
        "deribit-standard cannot margin XRP_USDC-PERPETUAL: expected a future on a coin that im_base and mm_base name"
    );
    model.set("mm_base.XRP", "0.02").unwrap();
    assert_eq!(book(text).margin(model.as_ref()).unwrap().requirement.maintenance.amount, decimal("40"));
}

#[test]
fn what_is_not_listed_is_refused() {
    let other = "index DOGE 0.2\nprice USDC 1\nmark DOGE_USDC-PERPETUAL 0.2\nposition DOGE_USDC-PERPETUAL 1000";
    let error = book(other).margin(by_name("deribit-standard").unwrap().as_ref()).unwrap_err().to_string();
    assert_eq!(
        error,
        "deribit-standard cannot margin DOGE_USDC-PERPETUAL: expected a future on a coin that im_base and mm_base name"
    );
}
