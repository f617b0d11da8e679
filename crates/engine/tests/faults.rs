//! What somebody might try: each of these once worked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Side, Timestamp};
use plimsoll_engine::account::{Kind, TraderLimits};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::market::{Feed, PriceBatch};
use plimsoll_engine::state::{AssetRules, UnderlyingRules};
use plimsoll_engine::step::explain;
use plimsoll_engine::{Command, ContractId, Event, House, OrderId, Refusal};
use plimsoll_margin::level;
use plimsoll_pricing::instruments::{Instrument, Spot, Terms};
use support::{
    BTC_PERP, BTC_USDC, ETH_SPOT, ETH_USDC, EXPIRY, FUTURE, LINEAR_CALL, Venue, amount, asset, batch, decimal,
    quantity, quote, time, trust,
};

fn refused(outcome: Result<Vec<Event>, Refusal>) -> String {
    outcome.expect_err("it was carried out").rule()
}

fn withdraw(venue: &mut Venue, account: AccountId, of: &str) -> Result<Vec<Event>, Refusal> {
    venue.ask(&Command::Withdraw { account, amount: amount(of) })
}

#[test]
fn a_price_that_was_never_paid_in_is_not_paid_out() {
    let mut venue = Venue::new();
    let (buyer, seller) = (venue.funded("buyer", "2 BTC"), venue.funded("seller", "10 ETH"));
    venue.trade(ETH_SPOT, "10", "3000", buyer, seller);
    assert_eq!(refused(withdraw(&mut venue, seller, "29000 USDC")), "GainsNotSettled");
    assert!(venue.state.held_by(House::Outside, asset("USDC")).signum() <= 0);
}

#[test]
fn a_round_trip_with_an_accomplice_settles_no_gain() {
    let mut venue = Venue::new();
    let [a, b, c] = [("a", "5 BTC"), ("b", "100000 USDC"), ("c", "200000 USDC")].map(|(n, held)| venue.funded(n, held));
    venue.run(Command::Deposit { account: c, amount: amount("20 ETH") });
    venue.trade(ETH_USDC, "50", "3000", a, b);
    venue.trade(ETH_USDC, "50", "3900", c, a);
    // The loser is still in the market: the gain is nobody's loss yet.
    assert_eq!(refused(withdraw(&mut venue, a, "40000 USDC")), "GainsNotSettled");
    venue.trade(ETH_SPOT, "13", "3000", a, c);
    venue.trade(ETH_SPOT, "13", "3000", c, a);
    assert_eq!(refused(withdraw(&mut venue, a, "40000 USDC")), "GainsNotSettled");
    // Borrowed and repaid, it is no more paid in than before.
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("100000 USDC") });
    venue.run(Command::Borrow { account: a, amount: amount("40000 USDC") });
    venue.run(Command::Repay { account: a, amount: amount("40000 USDC") });
    assert_eq!(refused(withdraw(&mut venue, a, "40000 USDC")), "GainsNotSettled");
}

#[test]
fn who_owes_cash_keeps_the_collateral_there() {
    let mut venue = Venue::new();
    let (a, b) = (venue.funded("a", "1 BTC"), venue.funded("b", "100000 USDC"));
    venue.trade(ETH_USDC, "20", "3000", a, b);
    venue.trade(ETH_USDC, "20", "500", b, a);
    assert_eq!(refused(withdraw(&mut venue, a, "1 BTC")), "InitialMarginShort");
}

#[test]
fn coins_offset_the_short_that_is_written_on_them() {
    let mut venue = Venue::new();
    let (hedged, other) = (venue.funded("hedged", "10 BTC"), venue.funded("c", "10000000 USDC"));
    // 60,000 contracts of 10 USD are 10 BTC at 60,000.
    venue.trade(BTC_PERP, "60000", "60000", other, hedged);
    let margin = explain(&venue.state, &mut venue.book, hedged).unwrap();
    let required = margin.requirement.initial.amount;
    assert!(required < Decimal::from_int(10_000), "{required} on 600,000 that no price moves");
}

#[test]
fn what_has_no_price_is_neither_lent_nor_sold_short() {
    let mut venue = Venue::new();
    let rules = AssetRules { trust: trust(), borrow_rate: decimal("0.1"), cap: None };
    venue.run(Command::ListAsset { asset: asset("NEW"), rules });
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("1000 NEW") });
    let account = venue.account("a");
    assert_eq!(refused(venue.ask(&Command::Borrow { account, amount: amount("1000 NEW") })), "Market");
    let rules = UnderlyingRules { quote: asset("USD"), trust: trust(), settlement_window_s: 1_800 };
    venue.run(Command::ListUnderlying { underlying: "XYZ".parse().unwrap(), rules });
    let terms = Terms {
        name: "XYZ_USDC".into(),
        underlying: "XYZ".parse().unwrap(),
        quote: asset("USDC"),
        settlement: asset("USDC"),
        contract_size: Decimal::ONE,
        lot_size: quantity("1"),
    };
    let listed = venue.ask(&Command::ListContract { instrument: Instrument::Spot(Spot { terms }) });
    assert_eq!(refused(listed), "UnknownAsset");
}

#[test]
fn nobody_is_traded_into_what_cannot_be_margined_yet() {
    let mut venue = Venue::new();
    let (a, b) = (venue.funded("a", "1000000 USDC"), venue.funded("b", "1000000 USDC"));
    let rules = UnderlyingRules { quote: asset("USD"), trust: trust(), settlement_window_s: 1_800 };
    venue.run(Command::ListUnderlying { underlying: asset("SOL").underlying(), rules });
    let Instrument::Perpetual(mut perpetual) = venue.state.contracts[BTC_USDC.index()].instrument.clone() else {
        panic!("it is a perpetual")
    };
    (perpetual.terms.name, perpetual.terms.underlying) = ("SOL_USDC-PERPETUAL".into(), asset("SOL").underlying());
    let contract = ContractId(u32::try_from(venue.state.contracts.len()).unwrap());
    venue.run(Command::ListContract { instrument: Instrument::Perpetual(perpetual) });
    let side = |account| TradeSide { account, order: None };
    let trade = Command::Trade {
        contract,
        quantity: quantity("1"),
        price: Price::new(decimal("150"), asset("USDC")),
        buyer: side(a),
        seller: side(b),
        taker: Side::Buy,
    };
    let refused = venue.ask(&trade).unwrap_err();
    assert!(refused.to_string().contains("SOL"), "{refused}");
    let sol = Feed::Index(asset("SOL").underlying());
    let quotes = vec![(sol, quote("one", decimal("150"), venue.now))];
    venue.run(Command::Prices(PriceBatch { quotes, ..PriceBatch::default() }));
    venue.run(trade);
}

#[test]
fn interest_runs_from_the_loan_to_its_end_however_time_is_told() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("200000 USDC") });
    let (a, b) = (venue.funded("a", "5 BTC"), venue.funded("b", "5 BTC"));
    let interest =
        |venue: &Venue, account: AccountId| venue.state.accounts[account.index()].funds[&asset("USDC")].interest;
    venue.run(Command::Borrow { account: a, amount: amount("50000 USDC") });
    for _ in 0..1_000 {
        venue.now = Timestamp::from_nanos(venue.now.nanos() + 900_000_000);
        venue.run(Command::Tick);
    }
    // 900 seconds of 8 % on 50,000, second by second.
    let charged = interest(&venue, a);
    assert!(charged > decimal("0.1141") && charged < decimal("0.1142"), "{charged}");
    // And told at once it is the same, but for what is rounded.
    let mut other = Venue::new();
    other.run(Command::FundHouse { house: House::Lending, amount: amount("200000 USDC") });
    let at_once = other.funded("a", "5 BTC");
    other.run(Command::Borrow { account: at_once, amount: amount("50000 USDC") });
    other.wait(900);
    other.run(Command::Tick);
    let apart = charged.minus(interest(&other, at_once)).unwrap();
    assert!(apart.abs() < decimal("0.00000000000001"), "{apart}");
    let old = venue.now;
    venue.wait(30 * 86_400);
    venue.now = venue.now.max(old);
    // Who borrows now owes nothing for the month, and who repays now owes all of it.
    let prices = batch(venue.now, &decimal("60000"), &decimal("3000"));
    venue.run(Command::Prices(prices));
    venue.run(Command::Borrow { account: b, amount: amount("50000 USDC") });
    venue.run(Command::Tick);
    assert!(interest(&venue, b).is_zero());
    venue.run(Command::Repay { account: a, amount: amount("50000 USDC") });
    let funds = venue.state.accounts[a.index()].funds[&asset("USDC")];
    assert!(funds.borrowed > decimal("328") && funds.interest.is_zero(), "{funds:?}");
}

#[test]
fn an_order_at_a_ruinous_price_is_refused_by_every_model() {
    for model in ["cross", "plimsoll", "isolated", "deribit-portfolio", "derive-pmrm", "okx-discount"] {
        let mut venue = Venue::new();
        venue.run(Command::SetModel {
            name: model.into(),
            model: model.into(),
            parameters: Vec::new(),
            lines: venue.state.models["plimsoll"].lines.clone(),
            from: venue.now,
            ramp_s: 0,
        });
        let account = venue.account_with("a", |terms| terms.model = model.into());
        venue.run(Command::Deposit { account, amount: amount("1000 USDC") });
        for (at, (contract, side, of, price)) in [
            (ETH_SPOT, Side::Buy, "1", "3000000"),
            (ETH_SPOT, Side::Sell, "1000", "0.01"),
            (BTC_USDC, Side::Buy, "1000", "60000"),
            (LINEAR_CALL, Side::Sell, "1000", "1"),
        ]
        .into_iter()
        .enumerate()
        {
            let order = venue.order(contract, side, of, price);
            assert!(venue.place(account, at as u64, order).is_err(), "{model}: {side:?} {of} at {price}");
        }
    }
}

#[test]
fn orders_below_a_line_are_judged_together() {
    for model in ["cross", "plimsoll"] {
        let mut venue = Venue::new();
        let account = venue.account_with("a", |terms| terms.model = model.into());
        let other = venue.funded("c", "100000000 USDC");
        venue.run(Command::Deposit { account, amount: amount("100000 USDC") });
        venue.trade(BTC_USDC, "10", "60000", account, other);
        // Down to where it is below a line and not yet closed.
        let below = |venue: &Venue| venue.state.accounts[account.index()].standing.state > level::State::Healthy;
        let price = (0..100).map(|step| (60_000 - 100 * step).to_string()).find(|price| {
            venue.prices(price, "3000");
            below(&venue)
        });
        let price = price.unwrap();
        assert!(venue.state.accounts[account.index()].standing.state < level::State::Liquidating, "{model}");
        let sell = venue.order(BTC_USDC, Side::Sell, "6", &price);
        venue.place(account, 1, sell).unwrap();
        venue.place(account, 2, venue.order(BTC_USDC, Side::Sell, "4", &price)).unwrap();
        let more = venue.order(BTC_USDC, Side::Sell, "11", &price);
        assert_eq!(refused(venue.place(account, 3, more)), "Restricted", "{model}: more short than it was long");
    }
}

#[test]
fn a_reduce_only_order_stands_against_its_own_account_and_is_filled_no_further() {
    let mut venue = Venue::new();
    let pair = |terms: &mut plimsoll_engine::AccountTerms| {
        terms.owner = "pair".into();
        terms.group = Some("pair".into());
    };
    let (a, b) = (venue.account_with("a", pair), venue.account_with("b", pair));
    let other = venue.funded("c", "10000000 USDC");
    venue.run(Command::Deposit { account: a, amount: amount("20000 USDC") });
    venue.trade(BTC_USDC, "10", "60000", a, other);
    venue.trade(BTC_USDC, "10", "60000", other, b);
    let mut order = venue.order(BTC_USDC, Side::Sell, "10", "60000");
    order.reduce_only = true;
    assert!(
        venue.place(a, 1, order.clone()).is_err(),
        "what offsets another's position does not reduce the unit's risk"
    );
    let lone = venue.funded("d", "100000 USDC");
    venue.trade(BTC_USDC, "0.1", "60000", lone, other);
    order.quantity = quantity("100");
    venue.place(lone, 2, order).unwrap();
    let mut fill = |quantity: &str, price: &str| {
        let side = |account, order: Option<u64>| TradeSide { account, order: order.map(OrderId) };
        venue.ask(&Command::Trade {
            contract: BTC_USDC,
            quantity: Quantity(decimal(quantity)),
            price: Price::new(decimal(price), asset("USDC")),
            buyer: side(other, None),
            seller: side(lone, Some(2)),
            taker: Side::Sell,
        })
    };
    assert_eq!(refused(fill("100", "60000")), "OutOfBounds");
    assert_eq!(refused(fill("0.1", "59999")), "OutOfBounds", "a fill is no worse than the order's limit");
    fill("0.1", "60000").unwrap();
}

#[test]
fn limits_hold_over_several_orders_and_what_is_paid_in_hides_no_loss() {
    let mut venue = Venue::new();
    let limits = TraderLimits { leverage_max: Some(Decimal::ONE), ..TraderLimits::default() };
    let a = venue.account_with("a", |terms| terms.limits = limits);
    venue.run(Command::Deposit { account: a, amount: amount("1000000 USDC") });
    let order = venue.order(BTC_USDC, Side::Buy, "15", "60000");
    venue.place(a, 1, order.clone()).unwrap();
    assert_eq!(refused(venue.place(a, 2, order)), "TraderLimit");
    let limits = TraderLimits { loss_max: Some(Decimal::from_int(100)), ..TraderLimits::default() };
    let b = venue.account_with("b", |terms| terms.limits = limits);
    venue.run(Command::Deposit { account: b, amount: amount("100000 USDC") });
    venue.trade(BTC_USDC, "1", "60000", b, a);
    venue.prices("59000", "3000");
    venue.run(Command::Deposit { account: b, amount: amount("100000 USDC") });
    let order = venue.order(BTC_USDC, Side::Buy, "1", "59000");
    assert_eq!(refused(venue.place(b, 1, order)), "TraderLimit");
}

#[test]
fn sums_that_do_not_fit_are_refused_and_wedge_nothing() {
    let mut venue = Venue::new();
    // Whose risk is elsewhere, so that nobody closes them.
    let outside = |terms: &mut plimsoll_engine::AccountTerms| terms.kind = Kind::Outside;
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| venue.account_with(name, outside));
    venue.trade(BTC_USDC, "1600000000000000", "60000", a, c);
    venue.trade(BTC_USDC, "1600000000000000", "60000", b, d);
    let funding = venue.ask(&Command::PayFunding { contract: BTC_USDC, rate: Decimal::ONE });
    assert_eq!(refused(funding), "Number");
    // A contract that no sum holds at its price is left unsettled; time goes on for all others.
    venue.trade(FUTURE, "1", "60000", a, b);
    venue.now = time(EXPIRY).plus_seconds(1).unwrap();
    venue.run(Command::Tick);
    let settled = venue.state.contracts[FUTURE.index()].settled_at.is_some();
    assert!(settled);
}

#[test]
fn an_expiry_quoted_two_ways_settles_at_one_price() {
    let mut venue = Venue::new();
    venue.now = time(EXPIRY).plus_seconds(1).unwrap();
    let settle = |price: &str| Command::Settle {
        underlying: "BTC".parse().unwrap(),
        expiry: time(EXPIRY),
        price: Price::new(decimal(price), asset("USD")),
    };
    assert_eq!(refused(venue.ask(&settle("-3000"))), "OutOfBounds");
    venue.run(settle("61000"));
    assert_eq!(venue.state.contracts[FUTURE.index()].settled_at, Some(decimal("61000")));
}

#[test]
fn a_quote_that_came_late_or_weighs_too_much_moves_nothing() {
    let mut venue = Venue::new();
    venue.wait(30);
    venue.prices("60000", "3000");
    let before = venue.state.market.feeds[&Feed::Index("BTC".parse().unwrap())].clone();
    let mut late = quote("one", decimal("1"), venue.now.plus_seconds(-25).unwrap());
    let index = Feed::Index("BTC".parse().unwrap());
    venue.run(Command::Prices(PriceBatch { quotes: vec![(index, late.clone())], ..PriceBatch::default() }));
    assert_eq!(venue.state.market.feeds[&index].reading.unwrap().price, before.reading.unwrap().price);
    late.weight = decimal("100000000000000000000");
    let heavy = Command::Prices(PriceBatch { quotes: vec![(index, late)], ..PriceBatch::default() });
    assert_eq!(refused(venue.ask(&heavy)), "OutOfBounds");
    for price in ["0", "-5"] {
        let mut batch = batch(venue.now, &decimal("60000"), &decimal("3000"));
        batch.marks[0].1.price = Some(decimal(price));
        assert_eq!(refused(venue.ask(&Command::Prices(batch))), "OutOfBounds");
    }
    assert_eq!(batch(venue.now, &Decimal::ONE, &Decimal::ONE).marks[0].0, BTC_PERP);
}

#[test]
fn silence_makes_a_price_untrusted_and_a_coin_no_more_than_its_index() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("1000000 USDC") });
    let account = venue.funded("a", "5 BTC");
    venue.wait(30 * 86_400);
    venue.run(Command::Tick);
    let dear = |venue: &mut Venue| refused(venue.ask(&Command::Borrow { account, amount: amount("200000 USDC") }));
    assert_eq!(dear(&mut venue), "Untrusted", "what is not trusted itself is not lent");
    let mut batch = batch(venue.now, &decimal("60000"), &decimal("3000"));
    batch.quotes.retain(|(feed, _)| *feed == Feed::Asset(asset("USDC")));
    venue.run(Command::Prices(PriceBatch { quotes: batch.quotes, ..PriceBatch::default() }));
    assert_eq!(dear(&mut venue), "InitialMarginShort");
}

#[test]
fn an_untrusted_price_bankrupts_nobody_who_stands_at_the_last_trusted_one() {
    let mut venue = Venue::new();
    let account = venue.funded("a", "10000 OLD");
    let other = venue.funded("c", "10000000 USDC");
    venue.trade(BTC_USDC, "1", "60000", account, other);
    let feed = |venue: &mut Venue, old: bool, btc: &str| {
        venue.wait(3_000);
        let mut batch = batch(venue.now, &decimal(btc), &decimal("3000"));
        batch.quotes.retain(|(feed, _)| old || *feed != Feed::Asset(asset("OLD")));
        venue.run(Command::Prices(batch));
        venue.state.accounts[account.index()].standing.state
    };
    assert_eq!(feed(&mut venue, true, "60000"), level::State::Healthy);
    for _ in 0..28 {
        let state = feed(&mut venue, false, "60000");
        assert!(state < level::State::Liquidating, "{state}");
    }
    for _ in 0..13 {
        let state = feed(&mut venue, false, "60000");
        assert!(state <= level::State::Liquidating, "nothing stands in for it any more: {state}");
    }
    let closed = &venue.state.accounts[account.index()];
    assert!(closed.holdings.is_empty() && closed.cash(asset("OLD")) == decimal("10000"), "its coins stay");
    assert_eq!(feed(&mut venue, true, "60000"), level::State::Healthy);
    venue.trade(BTC_USDC, "1", "60000", account, other);
    assert!(feed(&mut venue, true, "25000") >= level::State::Liquidating, "a trusted fall does liquidate");
}

/// Gains of 40,000 against an account that pays nothing.
fn unbacked(venue: &mut Venue) -> AccountId {
    let (a, empty) = (venue.funded("a", "5000 USDC"), venue.account_with("empty", |terms| terms.kind = Kind::Outside));
    venue.trade(ETH_USDC, "40", "3000", a, empty);
    venue.trade(ETH_USDC, "40", "4000", empty, a);
    assert_eq!(refused(withdraw(venue, a, "40000 USDC")), "GainsNotSettled");
    a
}

#[test]
fn gains_that_nobody_paid_for_buy_no_coins_and_repay_no_loan() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("40000 USDC") });
    let a = unbacked(&mut venue);
    let order = venue.order(ETH_SPOT, Side::Buy, "12", "3000");
    assert_eq!(refused(venue.place(a, 1, order)), "GainsNotSettled");
    let premium = venue.order(LINEAR_CALL, Side::Buy, "100", "300");
    assert_eq!(refused(venue.place(a, 2, premium)), "GainsNotSettled");
    venue.run(Command::Deposit { account: a, amount: amount("3 BTC") });
    venue.run(Command::Borrow { account: a, amount: amount("38000 USDC") });
    venue.run(Command::Withdraw { account: a, amount: amount("42800 USDC") });
    let repaid = venue.ask(&Command::Repay { account: a, amount: amount("38000 USDC") });
    assert_eq!(refused(repaid), "GainsNotSettled");
}

#[test]
fn an_honest_seller_takes_out_what_an_honest_buyer_paid_in() {
    let mut venue = Venue::new();
    let (buyer, seller) = (venue.funded("buyer", "40000 USDC"), venue.funded("seller", "12 ETH"));
    let a = unbacked(&mut venue);
    venue.trade(ETH_SPOT, "12", "3000", buyer, seller);
    assert_eq!(refused(withdraw(&mut venue, a, "35000 USDC")), "GainsNotSettled");
    withdraw(&mut venue, seller, "35990 USDC").unwrap();
    withdraw(&mut venue, buyer, "12 ETH").unwrap();
}

#[test]
fn the_insurance_fund_pays_for_deficits_and_for_no_gains_before_them() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("30000 USDC") });
    let honest = venue.funded("honest", "30000 USDC");
    let a = unbacked(&mut venue);
    assert_eq!(refused(withdraw(&mut venue, a, "34000 USDC")), "GainsNotSettled");
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("-29900 USDC") });
    withdraw(&mut venue, honest, "30000 USDC").unwrap();
}

#[test]
fn a_rate_of_zero_is_not_charged_afterwards_at_the_next() {
    let mut venue = Venue::new();
    let rules = |rate: &str| AssetRules { trust: trust(), borrow_rate: decimal(rate), cap: None };
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("100000 USDC") });
    venue.run(Command::ListAsset { asset: asset("USDC"), rules: rules("0") });
    let a = venue.funded("a", "5 BTC");
    venue.run(Command::Borrow { account: a, amount: amount("50000 USDC") });
    venue.wait(300 * 86_400);
    venue.run(Command::Tick);
    venue.run(Command::ListAsset { asset: asset("USDC"), rules: rules("0.1") });
    venue.wait(1);
    venue.run(Command::Tick);
    let interest = venue.state.accounts[a.index()].funds[&asset("USDC")].interest;
    assert!(interest < decimal("0.001"), "{interest}");
}

#[test]
fn counts_do_not_ramp_and_what_returns_to_its_default_does() {
    let mut venue = Venue::new();
    let set = |venue: &mut Venue, parameters: &[(&str, &str)], ramp_s| {
        let parameters = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let lines = venue.state.models["plimsoll"].lines.clone();
        let (name, model) = ("plimsoll".into(), "plimsoll".into());
        venue.run(Command::SetModel { name, model, parameters, lines, from: venue.now, ramp_s });
    };
    set(&mut venue, &[("price_steps", "11"), ("price_range.BTC", "0.3")], 1_000);
    venue.wait(500);
    venue.run(Command::Tick);
    let known = |venue: &Venue| venue.state.models["plimsoll"].parameters.clone();
    assert_eq!(known(&venue), [("price_range.BTC".into(), "0.23".into())], "half of the way from 0.16 to 0.30");
    venue.wait(500);
    venue.run(Command::Tick);
    set(&mut venue, &[], 1_000);
    venue.wait(500);
    venue.run(Command::Tick);
    assert!(known(&venue).contains(&("price_range.BTC".into(), "0.23".into())), "{:?}", known(&venue));
}

#[test]
fn the_newest_of_one_source_counts_within_a_batch_too() {
    let mut venue = Venue::new();
    venue.wait(30);
    let index = Feed::Index("BTC".parse().unwrap());
    let late = quote("one", decimal("50000"), venue.now.plus_seconds(-20).unwrap());
    let quotes = vec![(index, quote("one", decimal("60500"), venue.now)), (index, late)];
    venue.run(Command::Prices(PriceBatch { quotes, ..PriceBatch::default() }));
    assert_eq!(venue.state.market.feeds[&index].reading.unwrap().price, decimal("60500"));
}

#[test]
fn who_is_let_in_for_shrinking_risk_stands_where_initial_margin_says() {
    let mut venue = Venue::new();
    venue.run(Command::SetModel {
        name: "isolated".into(),
        model: "isolated".into(),
        parameters: Vec::new(),
        lines: venue.state.models["plimsoll"].lines.clone(),
        from: venue.now,
        ramp_s: 0,
    });
    let other = venue.funded("b", "1000000 USDC");
    let account = venue.account_with("a", |terms| terms.model = "isolated".into());
    venue.run(Command::Deposit { account, amount: amount("1000 USDC") });
    venue.trade(BTC_USDC, "1", "60000", account, other);
    // Isolated margin asks for the order beside the position that it closes.
    let events = venue.place(account, 1, venue.order(BTC_USDC, Side::Sell, "1", "60000")).unwrap();
    assert!(matches!(
        events[..],
        [Event::OrderPlaced { .. }, Event::LevelChanged { to: level::State::Restricted, .. }]
    ));
    venue.run(Command::Cancel { account, order: OrderId(1) });
    assert_eq!(venue.state.accounts[account.index()].standing.state, level::State::Healthy);
}

/// A matching engine that is a message behind: the order is gone, by hand or by a liquidation.
#[test]
fn a_fill_of_an_order_that_was_cancelled_is_refused_and_moves_nothing() {
    let mut venue = Venue::new();
    let (account, other) = (venue.funded("a", "100000 USDC"), venue.funded("b", "100000000 USDC"));
    let fill = |venue: &mut Venue, order| {
        let (buyer, seller) = (TradeSide { account: other, order: None }, TradeSide { account, order: Some(order) });
        let price = Price::new(decimal("60000"), asset("USDC"));
        let quantity = quantity("1");
        venue.ask(&Command::Trade { contract: BTC_USDC, quantity, price, buyer, seller, taker: Side::Buy })
    };
    venue.trade(BTC_USDC, "10", "60000", account, other);
    venue.place(account, 1, venue.order(BTC_USDC, Side::Sell, "1", "60000")).unwrap();
    venue.run(Command::Cancel { account, order: OrderId(1) });
    assert_eq!(fill(&mut venue, OrderId(1)), Err(Refusal::UnknownOrder { account, order: OrderId(1) }));
    venue.place(account, 2, venue.order(BTC_USDC, Side::Sell, "1", "60000")).unwrap();
    venue.prices("52000", "3000");
    let orders = &venue.state.accounts[account.index()].orders;
    assert!(!orders.contains_key(&OrderId(2)) && orders.keys().any(|it| it.closes()), "cancelled by a liquidation");
    let before = venue.state.clone();
    assert_eq!(fill(&mut venue, OrderId(2)), Err(Refusal::UnknownOrder { account, order: OrderId(2) }));
    assert_eq!(venue.state, before);
}
