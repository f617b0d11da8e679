//! Many accounts at once: the same is decided on any number of threads.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::num::NonZeroUsize;

use plimsoll_core::{AccountId, Decimal, Side};
use plimsoll_engine::liquidation::Policy;
use plimsoll_engine::{Book, Command, Event};
use support::{BTC_USDC, ETH_USDC, MARGINED_PUT, Random, Venue, amount};

/// A crowd with perpetuals, puts and orders, on little cash; some in groups of two.
fn crowd(threads: usize) -> Venue {
    let mut venue = Venue::new();
    venue.book = Book::new().on(NonZeroUsize::new(threads).unwrap());
    let mut random = Random(11);
    let other = venue.funded("other", "100000000 USDC");
    let accounts: Vec<AccountId> = (0..120)
        .map(|at| {
            let name = format!("trader-{at}");
            let account = venue.account_with(&name, |terms| {
                if at % 7 == 3 {
                    terms.model = "cross".into();
                }
                if at % 10 < 2 {
                    (terms.owner, terms.group) =
                        (format!("pair-{}", at / 10).into(), Some(format!("pair-{}", at / 10).into()));
                    terms.model = "plimsoll".into();
                }
            });
            venue.run(Command::Deposit { account, amount: amount("6500 USDC") });
            account
        })
        .collect();
    for (at, account) in accounts.iter().enumerate() {
        if at % 5 == 4 {
            // Under on one coin and in gain on the other: matched against by who is bankrupt, before its own turn comes.
            let eth = Decimal::new(110 + random.below(40), 1).to_string();
            venue.trade(BTC_USDC, "0.3", "60000", other, *account);
            venue.trade(ETH_USDC, &eth, "3000", *account, other);
            continue;
        }
        let lots = Decimal::new(10 + random.below(60), 2);
        let of = lots.to_string();
        venue.trade(BTC_USDC, &of, "60000", *account, other);
        if at % 3 == 0 && at % 7 != 3 {
            venue.trade(MARGINED_PUT, "1", "40", other, *account);
        }
        if at % 4 == 0 {
            let terms = venue.order(BTC_USDC, Side::Buy, "0.01", "59000");
            // Who has no room for it goes without.
            drop(venue.place(*account, 1, terms));
        }
    }
    venue
}

/// What happens to the crowd as prices fall and come back.
fn film(threads: usize, policy: Policy) -> (Venue, usize) {
    let mut venue = crowd(threads);
    let mut rules = venue.state.liquidation.clone();
    rules.policy = policy;
    venue.run(Command::SetLiquidation(Box::new(rules)));
    for (btc, eth) in [("58000", "2900"), ("50000", "2400"), ("48000", "2300"), ("45000", "2200"), ("58000", "2900")] {
        venue.wait(30);
        venue.prices(btc, eth);
    }
    let waves = venue.events.iter().filter(|(_, event)| matches!(event, Event::LiquidationWave { .. })).count();
    (venue, waves)
}

#[test]
fn the_same_events_on_any_number_of_threads() {
    for policy in [Policy::LeastCost, Policy::ProRata] {
        let (one, waves) = film(1, policy);
        assert!(waves > 80, "{waves} waves are no crowd");
        for threads in [2, 3, 7] {
            let (many, _) = film(threads, policy);
            let apart = one.events.iter().zip(&many.events).find(|(left, right)| left != right);
            assert_eq!(apart, None, "on {threads} threads");
            assert!(one.events == many.events && one.state == many.state, "on {threads} threads");
        }
    }
}
