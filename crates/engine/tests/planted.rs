//! Faults planted in the engine change what a small case comes to, and only when they are switched on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/planted.rs"]
mod planted;
mod support;

use planted::shows;
use plimsoll_core::planted::Fault;
use plimsoll_core::{AccountId, Decimal, Price, Rounding, Side};
use plimsoll_engine::breakers::{Breaker, LiftRule, Restricted, Scope, Watched};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::liquidation::{AuctionTerms, LiquidationRules, Policy};
use plimsoll_engine::market::PriceBatch;
use plimsoll_engine::step::explain;
use plimsoll_engine::{Book, Command, Event, House, OpenOrder, OrderId, Refusal};
use plimsoll_margin::level::State;
use plimsoll_pricing::market::MarkQuote;
use support::{BTC_USDC, CALL, ETH_USDC, EXPIRY, FUTURE, Venue, amount, asset, batch, decimal, quantity, time};

#[test]
fn longs_pay_shorts() {
    let gains = || {
        let mut venue = Venue::new();
        let [long, short] = ["long", "short"].map(|name| venue.funded(name, "100000 USDC"));
        venue.trade(BTC_USDC, "1", "60000", long, short);
        let before = [long, short].map(|id| venue.state.accounts[id.index()].cash(asset("USDC")));
        venue.run(Command::PayFunding { contract: BTC_USDC, rate: decimal("0.001") });
        let after = [long, short].map(|id| venue.state.accounts[id.index()].cash(asset("USDC")));
        [0, 1].map(|at| after[at].minus(before[at]).unwrap())
    };
    shows(Fault::FundingSign, gains, [[-60, 60], [-60, -60]].map(|gains| gains.map(Decimal::from_int)));
}

#[test]
fn a_trade_through_zero_realises_all_that_was_gained() {
    let realised = || {
        let mut venue = Venue::new();
        let [a, b] = ["a", "b"].map(|name| venue.funded(name, "1000000 USDC"));
        venue.trade(BTC_USDC, "2", "60000", a, b);
        venue.trade(BTC_USDC, "3", "63000", b, a);
        let Some((_, Event::Traded { seller, .. })) = venue.events.last() else { panic!("no trade") };
        (seller.realised, seller.after.cost)
    };
    // Bought for 120,000 and sold for 126,000; the third contract is a short that cost 63,000.
    let [right, wrong] = [("6000", "-63000"), ("46000", "-23000")].map(|(gain, cost)| (decimal(gain), decimal(cost)));
    shows(Fault::FlipCost, realised, [right, wrong]);
}

#[test]
fn what_is_added_to_a_loan_bears_interest_from_then_on() {
    let interest = || {
        let mut venue = Venue::new();
        venue.run(Command::FundHouse { house: House::Lending, amount: amount("200000 USDC") });
        let account = venue.funded("a", "5 BTC");
        for more in ["10000 USDC", "50000 USDC"] {
            venue.run(Command::Borrow { account, amount: amount(more) });
            venue.wait(30);
        }
        venue.run(Command::Tick);
        let funds = venue.state.accounts[account.index()].funds[&asset("USDC")];
        funds.interest.rounded(6, Rounding::HalfEven).unwrap()
    };
    // At 8 % a year: 10,000 for 30 s and 60,000 for 30 s; or 60,000 for a minute.
    shows(Fault::InterestBackdated, interest, [decimal("0.005327"), decimal("0.009132")]);
}

#[test]
fn expiry_settles_at_the_mean_of_the_window() {
    let price = || {
        let mut venue = Venue::new();
        let [a, b] = ["a", "b"].map(|name| venue.funded(name, "10 BTC"));
        venue.trade(FUTURE, "100", "60000", a, b);
        venue.now = time(EXPIRY).plus_seconds(-600).unwrap();
        venue.prices("60000", "3000");
        venue.wait(300);
        venue.prices("63000", "3000");
        venue.wait(300);
        let settled = venue.run(Command::Tick).into_iter().find_map(|event| match event {
            Event::Settled { contract, price, readings, .. } if contract == FUTURE => Some((price.value, readings)),
            _ => None,
        });
        settled.unwrap()
    };
    shows(Fault::LastIndex, price, [(decimal("60500"), 2), (decimal("63000"), 2)]);
}

#[test]
fn a_gain_that_nobody_paid_for_waits() {
    let rule = || {
        let mut venue = Venue::new();
        let a = venue.funded("a", "5 BTC");
        let [b, c] = [("b", "100000 USDC"), ("c", "200000 USDC")].map(|(name, held)| venue.funded(name, held));
        venue.trade(ETH_USDC, "50", "3000", a, b);
        venue.trade(ETH_USDC, "50", "3900", c, a);
        let left = venue.ask(&Command::Withdraw { account: a, amount: amount("40000 USDC") });
        left.err().map(|refusal: Refusal| refusal.rule())
    };
    shows(Fault::OthersPrincipal, rule, [Some("GainsNotSettled".to_owned()), None]);
}

#[test]
fn a_group_stands_where_all_of_it_stands() {
    let states = || {
        let mut venue = Venue::new();
        let [first, second] = ["first", "second"].map(|name| {
            venue.account_with(name, |terms| (terms.owner, terms.group) = ("pair".into(), Some("pair".into())))
        });
        let other = venue.funded("other", "1000000 USDC");
        for account in [first, second] {
            venue.run(Command::Deposit { account, amount: amount("1000 USDC") });
        }
        venue.trade(BTC_USDC, "10", "60000", second, other);
        [first, second].map(|id| venue.state.accounts[id.index()].standing.state)
    };
    shows(Fault::GroupFirst, states, [[State::Liquidating; 2], [State::Healthy; 2]]);
}

#[test]
fn a_book_that_is_kept_says_what_one_made_anew_says() {
    let agree = || {
        let mut venue = Venue::new();
        let [buyer, seller] = ["buyer", "seller"].map(|name| venue.funded(name, "10 BTC"));
        // Late or not, the first surfaces are there.
        venue.prices("60000", "3000");
        venue.trade(CALL, "1", "0.05", buyer, seller);
        let mut surfaces = batch(venue.now, &decimal("60000"), &decimal("3000")).surfaces;
        for of in surfaces.iter_mut().flat_map(|(_, quote)| &mut quote.vols) {
            of.vol = decimal("0.9");
        }
        venue.run(Command::Prices(PriceBatch { surfaces, ..PriceBatch::default() }));
        let kept = explain(&venue.state, &mut venue.book, buyer).unwrap();
        kept.equity == explain(&venue.state, &mut Book::new(), buyer).unwrap().equity
    };
    shows(Fault::SurfaceLate, agree, [true, false]);
}

/// A venue with these rules, where ten bitcoins were bought at 60,000 by an account that holds `held`; who sold them.
fn long(held: &[&str], change: impl FnOnce(&mut LiquidationRules)) -> (Venue, [AccountId; 2]) {
    let mut venue = Venue::new();
    let mut rules = LiquidationRules::default();
    change(&mut rules);
    venue.run(Command::SetLiquidation(Box::new(rules)));
    let [account, other] = [venue.account("long"), venue.funded("short", "100000000 USDC")];
    for held in held {
        venue.run(Command::Deposit { account, amount: amount(held) });
    }
    venue.trade(BTC_USDC, "10", "60000", account, other);
    (venue, [account, other])
}

/// Sends a wave that nobody fills, and waits until it is time for what follows.
fn unfilled(venue: &mut Venue, btc: &str) -> Vec<Event> {
    venue.prices(btc, "3000");
    venue.wait(10);
    venue.prices(btc, "3000")
}

/// What is matched, in order: who takes it over, and at what price.
fn matched(events: &[Event]) -> Vec<(AccountId, Decimal)> {
    let of = |event: &Event| match event {
        Event::Traded { closes: Some(_), buyer, price, .. } => Some((buyer.account, price.value)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// The engine's own orders of an account.
fn closing(venue: &Venue, account: AccountId) -> Vec<(OrderId, OpenOrder)> {
    let orders = venue.state.accounts[account.index()].orders.iter();
    orders.filter(|(order, _)| order.closes()).map(|(order, terms)| (*order, terms.clone())).collect()
}

fn rounded(value: Decimal, places: u32) -> Decimal {
    value.rounded(places, Rounding::HalfEven).unwrap()
}

#[test]
fn what_no_wave_closed_is_matched_at_the_mark() {
    let price = || {
        let (mut venue, _) = long(&["100000 USDC"], |rules| rules.waves_max = 1);
        rounded(matched(&unfilled(&mut venue, "54000"))[0].1, 2)
    };
    shows(Fault::MatchedAtLimit, price, [decimal("54000"), decimal("52920")]);
}

#[test]
fn gains_come_after_what_the_insolvent_have() {
    let coins = || {
        let (mut venue, [account, _]) = long(&["70000 USDC", "20 ETH"], |_| {});
        venue.prices("46500", "3000");
        let kept = venue.state.accounts[account.index()].cash(asset("ETH"));
        [kept, venue.state.held_by(House::Insurance, asset("ETH"))]
    };
    shows(Fault::CoinsKept, coins, [[0, 20], [20, 0]].map(|coins| coins.map(Decimal::from_int)));
}

#[test]
fn the_fund_takes_of_the_solvent_what_it_pays_for() {
    let coins = || {
        let (mut venue, [account, _]) = long(&["70000 USDC", "20 ETH"], |rules| rules.waves_max = 1);
        venue.run(Command::FundHouse { house: House::Insurance, amount: amount("100000 USDC") });
        unfilled(&mut venue, "47250");
        rounded(venue.state.accounts[account.index()].cash(asset("ETH")), 2)
    };
    // 127,500 lost of 69,700: 57,800 dollars at 0.9995 and a fee of 29 are 19.27 coins.
    shows(Fault::AllTaken, coins, [decimal("0.73"), decimal("0")]);
}

#[test]
fn who_gained_pays_what_the_insolvent_leave() {
    let left = || {
        let (mut venue, [rich, _]) = long(&["100000000 USDC"], |_| {});
        venue.run(Command::FundHouse { house: House::Lending, amount: amount("500000 USDC") });
        let account = venue.funded("borrower", "100 ETH");
        venue.run(Command::Borrow { account, amount: amount("150000 USDC") });
        venue.run(Command::Withdraw { account, amount: amount("50000 USDC") });
        venue.trade(BTC_USDC, "0.1", "60000", account, rich);
        venue.prices("59000", "300");
        rounded(venue.state.held_by(House::BadDebt, asset("USDC")), 0)
    };
    // 150,000 owed of 100,000 less a fee of 3, the loss made up for by whoever it was matched with: 9,900 are left of a gain.
    shows(Fault::LossesKept, left, [decimal("-40103"), decimal("-50003")]);
}

#[test]
fn a_day_has_one_budget() {
    let spent = || {
        let (mut venue, [_, other]) = long(&["100000 USDC"], |rules| rules.budgets.day = Some(decimal("1000")));
        venue.run(Command::FundHouse { house: House::Insurance, amount: amount("50000 USDC") });
        let second = venue.funded("second", "100000 USDC");
        venue.trade(BTC_USDC, "10", "60000", second, other);
        venue.prices("49000", "3000");
        rounded(venue.state.spent.fund, 2)
    };
    shows(Fault::BudgetAnew, spent, [decimal("1000"), decimal("2000")]);
}

#[test]
fn a_share_of_what_is_on_offer_has_that_share_of_the_discount() {
    let bonus = || {
        let (mut venue, [account, _]) = long(&["120000 USDC"], |rules| {
            rules.waves_max = 1;
            rules.auction = Some(AuctionTerms {
                starting_fraction: Decimal::ONE,
                cutoff_fraction: decimal("0.8"),
                fast_seconds: 100,
                slow_seconds: 100,
                insolvent_seconds: 100,
                buffer: Decimal::ZERO,
                value_cutoff: Decimal::ZERO,
            });
        });
        let bidder = venue.funded("bidder", "10000000 USDC");
        unfilled(&mut venue, "55000");
        venue.wait(50);
        venue.prices("55000", "3000");
        let (share, bonus_min) = (decimal("0.1"), Decimal::ZERO);
        let events = venue.run(Command::Bid { account, bidder, share, bonus_min });
        let said = events.iter().find_map(|event| match event {
            Event::AuctionBid { bonus, .. } => Some(*bonus),
            _ => None,
        });
        rounded(said.unwrap(), 2)
    };
    // 50,000 lost of 119,700, less the haircut and a cent: half of the fast phase gives a tenth of what is left for all of it.
    shows(Fault::BonusWhole, bonus, [decimal("696.3"), decimal("6963.03")]);
}

#[test]
fn who_is_cured_has_no_closing_orders() {
    let open = || {
        let (mut venue, [account, _]) = long(&["100000 USDC"], |_| {});
        venue.prices("54000", "3000");
        let sent = !closing(&venue, account).is_empty();
        venue.run(Command::Deposit { account, amount: amount("100000 USDC") });
        let standing = venue.state.accounts[account.index()].standing.state;
        (sent, standing, !closing(&venue, account).is_empty())
    };
    shows(Fault::ClosingKept, open, [false, true].map(|kept| (true, State::Healthy, kept)));
}

#[test]
fn who_stands_on_least_is_matched_first() {
    let first = || {
        let mut venue = Venue::new();
        let account = venue.funded("long", "100000 USDC");
        let sellers = [("calm", "100000000 USDC"), ("bold", "60000 USDC")].map(|(name, held)| venue.funded(name, held));
        for seller in sellers {
            venue.trade(BTC_USDC, "5", "60000", account, seller);
        }
        let first = matched(&venue.prices("49000", "3000"))[0].0;
        venue.state.accounts[first.index()].terms.name.to_string()
    };
    shows(Fault::SafestMatched, first, ["bold".to_owned(), "calm".to_owned()]);
}

#[test]
fn a_fill_pays_the_fund_for_what_was_filled() {
    let penalty = || {
        let (mut venue, [account, other]) = long(&["100000 USDC"], |rules| rules.policy = Policy::FullClose);
        venue.prices("54000", "3000");
        let (order, contract) = (closing(&venue, account)[0].0, BTC_USDC);
        let (seller, buyer) = (TradeSide { account, order: Some(order) }, TradeSide { account: other, order: None });
        let (quantity, price) = (quantity("1"), Price::new(decimal("54000"), asset("USDC")));
        let events = venue.run(Command::Trade { contract, quantity, price, buyer, seller, taker: Side::Sell });
        let Some(Event::Traded { seller, .. }) = events.first() else { panic!("no trade") };
        seller.penalty
    };
    // Five in ten thousand of one bitcoin, or of ten.
    shows(Fault::PenaltyWhole, penalty, [decimal("27"), decimal("270")]);
}

/// Restricts `action` while what it `watches` is beyond its bound, and for a minute after.
fn breaker(venue: &mut Venue, watches: Watched, action: Restricted, within: Option<&str>) {
    let lifts = LiftRule::After { seconds: 60, within: within.map(decimal) };
    let rules = Breaker { watches, scope: Scope::Everything, restricts: [action].into(), lifts };
    venue.run(Command::SetBreaker { name: "line".into(), breaker: Some(Box::new(rules)) });
}

/// Where the breaker is tripped: whether it was said to be inside.
fn trips(venue: &Venue) -> Vec<bool> {
    venue.state.breakers["line"].trips.values().map(|trip| trip.inside_since.is_some()).collect()
}

#[test]
fn a_pause_stops_liquidations() {
    let orders = || {
        let (mut venue, [account, _]) = long(&["100000 USDC"], |_| {});
        let watches = Watched::Velocity { share: decimal("0.05"), window_s: 1_600 };
        breaker(&mut venue, watches, Restricted::Liquidating, None);
        venue.prices("54000", "3000");
        (trips(&venue).len(), closing(&venue, account).len())
    };
    shows(Fault::PauseIgnored, orders, [(1, 0), (1, 1)]);
}

#[test]
fn a_breaker_lifts_inside_its_narrower_bound() {
    let inside = || {
        let mut venue = Venue::new();
        breaker(&mut venue, Watched::PriceBand { share: decimal("0.05") }, Restricted::Opening, Some("0.02"));
        for mark in ["64000", "62000"] {
            let mark = MarkQuote { price: Some(decimal(mark)), ..MarkQuote::default() };
            venue.run(Command::Prices(PriceBatch { marks: vec![(BTC_USDC, mark)], ..PriceBatch::default() }));
        }
        trips(&venue)
    };
    shows(Fault::WithinIgnored, inside, [vec![false], vec![true]]);
}

/// A venue with a breaker at 100,000 dollars withdrawn in half an hour, of which two bitcoins are more.
fn withdrawn() -> (Venue, AccountId) {
    let mut venue = Venue::new();
    let account = venue.funded("a", "10 BTC");
    let watches = Watched::WithdrawalRate { value: decimal("100000"), window_s: 1_600 };
    breaker(&mut venue, watches, Restricted::Borrowing, None);
    venue.run(Command::Withdraw { account, amount: amount("1 BTC") });
    (venue, account)
}

#[test]
fn a_rate_in_the_currency_counts_what_coins_are_worth() {
    let tripped = || {
        let (mut venue, account) = withdrawn();
        venue.run(Command::Withdraw { account, amount: amount("1 BTC") });
        trips(&venue)
    };
    shows(Fault::RateInUnits, tripped, [vec![false], vec![]]);
}

#[test]
fn what_is_matched_counts_as_liquidated() {
    let tripped = || {
        let (mut venue, _) = long(&["100000 USDC"], |rules| rules.waves_max = 1);
        let watches = Watched::LiquidationRate { notional: decimal("100000"), window_s: 1_600 };
        breaker(&mut venue, watches, Restricted::Opening, None);
        unfilled(&mut venue, "54000");
        trips(&venue)
    };
    shows(Fault::MatchesUncounted, tripped, [vec![false], vec![]]);
}

#[test]
fn a_breaker_that_is_set_again_keeps_its_window() {
    let tripped = || {
        let (mut venue, account) = withdrawn();
        let watches = venue.state.breakers["line"].rules.watches;
        breaker(&mut venue, watches, Restricted::Borrowing, None);
        venue.run(Command::Withdraw { account, amount: amount("1 BTC") });
        trips(&venue)
    };
    shows(Fault::SetForgets, tripped, [vec![false], vec![]]);
}
