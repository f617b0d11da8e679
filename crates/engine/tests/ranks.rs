//! Who is matched first, where many are matched at one tick.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::Side;
use plimsoll_engine::account::Kind;
use plimsoll_engine::liquidation::LiquidationRules;
use plimsoll_engine::step::deleveraging;
use plimsoll_engine::{Book, Command, Event, House, evolve};
use support::{BTC_PERP, BTC_USDC, ETH_USDC, LINEAR_CALL, Random, Venue, amount};

/// Forty accounts with perpetuals and options against each other and nowhere to close them: some have loans, some open
/// orders, six are margined in pairs, one has its risk elsewhere.
fn crowd(random: &mut Random) -> Venue {
    let mut venue = Venue::new();
    venue.run(Command::SetLiquidation(Box::new(LiquidationRules { waves_max: 1, ..LiquidationRules::default() })));
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("1000 ETH") });
    let mut accounts = Vec::new();
    for n in 0..40 {
        let account = venue.account_with(&format!("t{n}"), |terms| {
            if (30..36).contains(&n) {
                let pair = format!("pair {}", n / 2);
                (terms.owner, terms.group) = (pair.as_str().into(), Some(pair.as_str().into()));
            }
            if n == 39 {
                terms.kind = Kind::Outside;
            }
        });
        let held = amount(&format!("{} USDC", 4_000 + random.below(20_000)));
        venue.run(Command::Deposit { account, amount: held });
        accounts.push(account);
    }
    let any = |random: &mut Random| accounts[usize::try_from(random.below(40)).unwrap()];
    for n in 0..500 {
        let (buyer, seller) = (any(random), any(random));
        if buyer == seller {
            continue;
        }
        let entered = 57_000 + random.below(6_000);
        match n % 4 {
            0 => venue.trade(BTC_USDC, "0.4", &entered.to_string(), buyer, seller),
            1 => venue.trade(ETH_USDC, "5", &(entered / 20).to_string(), buyer, seller),
            2 => venue.trade(BTC_PERP, "1000", &entered.to_string(), buyer, seller),
            _ => venue.trade(LINEAR_CALL, "0.5", &(entered / 300).to_string(), buyer, seller),
        }
    }
    for (n, account) in accounts.into_iter().enumerate() {
        // Whoever cannot afford them does without.
        let order = venue.order(BTC_USDC, Side::Buy, "0.01", "50000");
        let _ = venue.place(account, 1, order);
        if n % 5 == 0 {
            let _ = venue.ask(&Command::Borrow { account, amount: amount("0.1 ETH") });
        }
    }
    venue
}

/// A fall makes many bankrupt at once, then a rise. What a tick keeps of the ranks is each time what a book of no past ranks;
/// and nobody is left with what the other side could take.
#[test]
fn each_is_matched_against_the_first_as_ranked_anew() {
    let mut sum = 0;
    for seed in 11..14 {
        let mut venue = crowd(&mut Random(seed));
        for (btc, eth) in [("41000", "2000"), ("90000", "4800")] {
            let (mut state, mut matched) = (venue.state.clone(), Vec::new());
            venue.wait(60);
            for event in venue.prices(btc, eth) {
                if let Event::Deleveraged { account, holder, contract, .. } = &event {
                    let closes = state.accounts[account.index()].holding(*contract).quantity.0.signum();
                    let [long, short] = deleveraging(&state, &mut Book::new(), *contract).unwrap();
                    let first = if closes > 0 { &short[0] } else { &long[0] };
                    assert_eq!(first.account, *holder, "of contract {}, seed {seed}", contract.0);
                    matched.push((*account, *contract));
                }
                evolve(&mut state, &event, venue.now);
            }
            assert!(!matched.is_empty(), "at {btc}, seed {seed}");
            sum += matched.len();
            for (account, contract) in matched {
                let held = state.accounts[account.index()].holding(contract).quantity.0;
                let [long, short] = deleveraging(&state, &mut Book::new(), contract).unwrap();
                let takers = if held.signum() > 0 { short } else { long };
                assert!(held.is_zero() || takers.is_empty(), "{account:?} keeps {held} of contract {}", contract.0);
            }
        }
    }
    assert!(sum > 100, "{sum} matched");
}
