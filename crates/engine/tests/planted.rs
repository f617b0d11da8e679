//! Faults planted in the engine change what a small case comes to, and only when they are switched on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../core/tests/support/planted.rs"]
mod planted;
mod support;

use planted::shows;
use plimsoll_core::planted::Fault;
use plimsoll_core::{Decimal, Rounding};
use plimsoll_engine::market::PriceBatch;
use plimsoll_engine::step::explain;
use plimsoll_engine::{Book, Command, Event, House, Refusal};
use plimsoll_margin::level::State;
use support::{BTC_USDC, CALL, ETH_USDC, EXPIRY, FUTURE, Venue, amount, asset, batch, decimal, time};

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
    shows(Fault::LastIndex, price, [(decimal("61500"), 2), (decimal("63000"), 2)]);
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
