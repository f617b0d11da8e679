//! Coins sold and bought back while an account is closed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Side};
use plimsoll_engine::account::{Mode, OpenOrder};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::event::Cancelled;
use plimsoll_engine::liquidation::Policy;
use plimsoll_engine::market::{Feed, PriceBatch};
use plimsoll_engine::{AccountTerms, Command, Event, House, OrderId};
use plimsoll_margin::level::State as Level;
use support::{BTC_USDC, ETH_SPOT, Venue, amount, asset, decimal, quote};

/// An account under `cross`, which takes 7 % off ether and adds as much to what it costs to buy back.
fn funded(venue: &mut Venue, held: &[&str], change: impl FnOnce(&mut AccountTerms)) -> AccountId {
    let name = format!("of {}", held.join(", "));
    let account = venue.account_with(&name, |terms| {
        terms.model = "cross".into();
        change(terms);
    });
    for held in held {
        venue.run(Command::Deposit { account, amount: amount(held) });
    }
    account
}

/// Something to lend.
fn lends(venue: &mut Venue) {
    for lent in ["10000000 USDC", "1000 ETH", "10 BTC"] {
        venue.run(Command::FundHouse { house: House::Lending, amount: amount(lent) });
    }
}

/// Borrows and takes it away.
fn owes(venue: &mut Venue, account: AccountId, of: &str) {
    venue.run(Command::Borrow { account, amount: amount(of) });
    venue.run(Command::Withdraw { account, amount: amount(of) });
}

fn state(venue: &Venue, account: AccountId) -> Level {
    venue.state.accounts[account.index()].standing.state
}

fn cash(venue: &Venue, account: AccountId, of: &str) -> Decimal {
    venue.state.accounts[account.index()].cash(asset(of))
}

/// The engine's own orders, as they were placed.
fn closing(events: &[Event]) -> Vec<(AccountId, OrderId, OpenOrder)> {
    let of = |event: &Event| match event {
        Event::OrderPlaced { account, order, terms } if order.closes() => Some((*account, *order, terms.clone())),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Fills so much of an order, at a price.
fn fill(
    venue: &mut Venue,
    (account, order, terms): &(AccountId, OrderId, OpenOrder),
    of: Decimal,
    at: &str,
    other: AccountId,
) {
    let price = Price::new(decimal(at), asset("USDC"));
    let it = TradeSide { account: *account, order: Some(*order) };
    let other = TradeSide { account: other, order: None };
    let (buyer, seller) = if terms.side == Side::Buy { (it, other) } else { (other, it) };
    let (contract, taker) = (terms.contract, terms.side);
    venue.run(Command::Trade { contract, quantity: Quantity(of), price, buyer, seller, taker });
}

#[test]
fn collateral_is_sold_for_what_is_owed_until_the_account_is_cured() {
    let mut venue = Venue::new();
    lends(&mut venue);
    let account = funded(&mut venue, &["100 ETH"], |_| {});
    let other = funded(&mut venue, &["100000000 USDC"], |_| {});
    owes(&mut venue, account, "250000 USDC");
    // 100 × 2,680 × 0.93 = 249,240, and what it costs to buy back 250,000 dollar coins at 0.9995 is 249,875 and a thousandth
    // of that: 250,124.875. 884.875 are missing. Half a spread, fee and impact included, a coin sold frees some 180 dollars.
    let events = venue.prices("60000", "2680");
    assert_eq!(state(&venue, account), Level::Liquidating);
    let orders = closing(&events);
    let [order] = &orders[..] else { panic!("{orders:?}") };
    let terms = &order.2;
    assert_eq!((order.0, terms.contract, terms.side, terms.reduce_only), (account, ETH_SPOT, Side::Sell, false));
    assert!(terms.quantity.0 > decimal("4.5") && terms.quantity.0 < decimal("5.5"), "{terms:?}");
    // Two hundredths below the mark in dollar coins, no worse.
    assert!(terms.price.value > decimal("2626.4") && terms.price.value < decimal("2628"), "{terms:?}");
    let had = cash(&venue, account, "ETH");
    venue.wait(5);
    assert!(closing(&venue.prices("60000", "2680")).is_empty(), "between two waves it waits");
    venue.wait(5);
    let events = venue.prices("60000", "2680");
    let orders = closing(&events);
    let back = |event: &Event| matches!(event, Event::OrderCancelled { why: Cancelled::Liquidation, .. });
    assert!(orders.len() == 1 && events.iter().any(back), "what was not filled is planned again: {events:?}");
    // A part of it leaves the account better and not cured; the rest is taken at the mark.
    let fund = venue.state.held_by(House::Insurance, asset("USDC"));
    fill(&mut venue, &orders[0], Decimal::ONE, "2630", other);
    assert_eq!(state(&venue, account), Level::Liquidating);
    venue.wait(10);
    let orders = closing(&venue.prices("60000", "2680"));
    assert!(orders[0].2.quantity.0 < terms.quantity.0, "less is needed: {orders:?}");
    fill(&mut venue, &orders[0], orders[0].2.quantity.0, "2682", other);
    assert!(state(&venue, account) < Level::Liquidating);
    assert!(venue.state.accounts[account.index()].liquidation.is_none());
    assert!(venue.state.held_by(House::Insurance, asset("USDC")) > fund, "the fund takes its fee of the fill");
    let sold = had.minus(cash(&venue, account, "ETH")).unwrap();
    assert!(sold > decimal("4") && sold < decimal("6"), "{sold}");
    // What they fetched, less the fund's fee, repaid some of the loan.
    let funds = venue.state.accounts[account.index()].funds[&asset("USDC")];
    let repaid = decimal("250000").minus(funds.borrowed).unwrap();
    assert!(funds.cash.is_zero() && repaid > decimal("12000") && repaid < decimal("14000"), "{funds:?}");
    assert!(venue.folded() == venue.state);
}

#[test]
fn coins_that_are_owed_are_bought_back() {
    let mut venue = Venue::new();
    lends(&mut venue);
    let account = funded(&mut venue, &["250000 USDC"], |_| {});
    let other = funded(&mut venue, &["100 ETH"], |_| {});
    owes(&mut venue, account, "70 ETH");
    let events = venue.prices("60000", "3340");
    assert_eq!(state(&venue, account), Level::Liquidating);
    let orders = closing(&events);
    let [order] = &orders[..] else { panic!("{orders:?}") };
    assert_eq!((order.2.contract, order.2.side), (ETH_SPOT, Side::Buy));
    assert!(order.2.quantity.0 < decimal("70"), "no more than is owed: {order:?}");
    assert!(order.2.price.value > decimal("3340") && order.2.price.value < decimal("3409"), "{order:?}");
    fill(&mut venue, order, order.2.quantity.0, "3341", other);
    // They repay the loan at once, what it bore so far first.
    let funds = venue.state.accounts[account.index()].funds[&asset("ETH")];
    assert_eq!((funds.cash, funds.interest), (Decimal::ZERO, Decimal::ZERO));
    assert_eq!(funds.borrowed, decimal("70").minus(order.2.quantity.0).unwrap());
    assert!(state(&venue, account) < Level::Liquidating);
}

/// No coins are sold for which there is no leave, and none at a price that nobody makes.
#[test]
fn what_may_not_be_converted_is_not() {
    let plain = |_: &mut Venue| {};
    let of = |change: fn(&mut AccountTerms), before: &dyn Fn(&mut Venue)| {
        let mut venue = Venue::new();
        lends(&mut venue);
        let account = funded(&mut venue, &["100 ETH"], change);
        owes(&mut venue, account, "4 BTC");
        before(&mut venue);
        let events = venue.prices("60000", "2500");
        let is_closed = |event: &Event| matches!(event, Event::LiquidationWave { account: of, .. } if *of == account);
        assert!(events.iter().any(is_closed), "{events:?}");
        closing(&events).len()
    };
    assert_eq!(of(|_| {}, &plain), 1);
    assert_eq!(of(|terms| terms.mode = Mode::MultiCurrency, &plain), 1);
    assert_eq!(of(|terms| terms.mode = Mode::Cross { asset: asset("USDC") }, &plain), 1, "it settles in its own asset");
    assert_eq!(of(|terms| terms.mode = Mode::Cross { asset: asset("BTC") }, &plain), 0);
    assert_eq!(of(|terms| terms.mode = Mode::Isolated, &plain), 0);
    let largest = |venue: &mut Venue| {
        let mut rules = venue.state.liquidation.clone();
        rules.policy = Policy::LargestLossFirst;
        venue.run(Command::SetLiquidation(Box::new(rules)));
    };
    assert_eq!(of(|_| {}, &largest), 0, "it closes positions");
    // A second source of the dollar coin, which nobody here owes, says something else.
    let disputed = |venue: &mut Venue| {
        let now = venue.now;
        let other = (Feed::Asset(asset("USDC")), quote("other", decimal("0.96"), now));
        let batch = PriceBatch { quotes: vec![other], marks: Vec::new(), surfaces: Vec::new() };
        venue.run(Command::Prices(batch));
    };
    assert_eq!(of(|_| {}, &disputed), 0, "at no price that is not trusted");
}

/// Whose dollars are gains that nobody has paid yet buys no coins with them.
#[test]
fn gains_that_nobody_has_paid_buy_nothing_back() {
    for settled in [false, true] {
        let mut venue = Venue::new();
        lends(&mut venue);
        let account = funded(&mut venue, &["200000 USDC"], |_| {});
        let [loser, other] = ["loser", "other"].map(|name| venue.funded(name, "100000000 USDC"));
        venue.trade(BTC_USDC, "10", "60000", account, loser);
        venue.prices("90000", "3000");
        // 300,000 are gained, which the loser has not been asked for while its own position is open.
        venue.trade(BTC_USDC, "10", "90000", other, account);
        if settled {
            venue.trade(BTC_USDC, "10", "90000", loser, other);
        }
        owes(&mut venue, account, "50 ETH");
        let events = venue.prices("90000", "9900");
        assert!(state(&venue, account) >= Level::Liquidating || !closing(&events).is_empty(), "{events:?}");
        assert_eq!(closing(&events).len(), usize::from(settled), "settled: {settled}, {events:?}");
    }
}

#[test]
fn members_of_a_group_sell_what_each_has() {
    let mut venue = Venue::new();
    lends(&mut venue);
    let pair = |terms: &mut AccountTerms| (terms.owner, terms.group) = ("pair".into(), Some("pair".into()));
    let one = funded(&mut venue, &["3.005 ETH"], pair);
    let two = funded(&mut venue, &["97 ETH"], pair);
    owes(&mut venue, one, "250000 USDC");
    let orders = closing(&venue.prices("60000", "2650"));
    let sold: Vec<(AccountId, Decimal)> = orders.iter().map(|(id, _, terms)| (*id, terms.quantity.0)).collect();
    assert_eq!(sold[0], (one, decimal("3")), "whole lots: {sold:?}");
    assert!(sold.len() == 2 && sold[1].0 == two && sold[1].1 < decimal("97"), "{sold:?}");
}
