//! Cash below zero and what it costs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{AccountId, Decimal, Rounding};
use plimsoll_engine::account::Kind;
use plimsoll_engine::{Command, Event};
use support::{BTC_USDC, Venue, amount, asset, decimal};

/// The hour strikes for cash below zero: whatever is done next charges what was short then, each stroke its hour; a
/// refusal charges nothing, and neither does time told twice. Who is outside is short of nothing.
#[test]
fn cash_below_zero_is_charged_by_the_hour_whatever_comes_next() {
    let short = |venue: &mut Venue| {
        let [b, c] = ["b", "c"].map(|name| venue.account_with(name, |terms| terms.kind = Kind::Outside));
        let a = venue.funded("a", "5 BTC");
        for loser in [a, b] {
            venue.trade(BTC_USDC, "1", "60000", loser, c);
            venue.trade(BTC_USDC, "1", "59000", c, loser);
            assert_eq!(venue.state.accounts[loser.index()].cash(asset("USDC")), decimal("-1024.1"), "with fees");
        }
        (a, b)
    };
    let interest = |venue: &Venue, account: AccountId| {
        venue.state.accounts[account.index()].funds.get(&asset("USDC")).map(|funds| funds.interest).unwrap_or_default()
    };
    let charged = |events: &[Event]| events.iter().any(|event| matches!(event, Event::OverdraftCharged { .. }));
    let hours = |hours: i64| {
        // 8 % a year on 1,024.10, up.
        decimal("81.928").times_ratio(Decimal::from_int(hours), Decimal::from_int(8_760), Rounding::Up).unwrap()
    };
    let (mut often, mut seldom) = (Venue::new(), Venue::new());
    let ((a, b), (other, _)) = (short(&mut often), short(&mut seldom));
    let deposit = |account| Command::Deposit { account, amount: amount("2000 USDC") };
    for _ in 0..60 {
        often.wait(180);
        often.run(Command::Tick);
    }
    seldom.wait(60 * 180);
    let nothing = Command::Withdraw { account: other, amount: amount("1 USDC") };
    assert!(seldom.ask(&nothing).is_err());
    assert!(interest(&seldom, other).is_zero());
    let events = seldom.run(deposit(other));
    assert!(charged(&events), "{events:?}");
    assert_eq!(interest(&seldom, other), hours(3));
    let by_hours = hours(1).times_count(3).unwrap();
    assert_eq!(interest(&often, a), by_hours);
    often.run(deposit(a));
    for venue in [&mut often, &mut seldom] {
        venue.wait(7_200);
        assert!(!charged(&venue.run(Command::Tick)), "nothing is short any more");
    }
    assert_eq!(interest(&often, a), by_hours);
    assert!(interest(&often, b).is_zero(), "who is outside is not charged");
}
