//! Who is matched first, where many are matched at one tick.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::AccountId;
use plimsoll_engine::liquidation::LiquidationRules;
use plimsoll_engine::step::deleveraging;
use plimsoll_engine::{Book, Command, Event, evolve};
use support::{BTC_PERP, BTC_USDC, ETH_USDC, Random, Venue};

/// Forty longs and shorts in three contracts; a fall makes many bankrupt at once, and there is no market to close in. What
/// the tick keeps of the ranks is each time what a book of no past ranks.
#[test]
fn each_is_matched_against_the_first_as_ranked_anew() {
    let mut random = Random(11);
    let mut venue = Venue::new();
    venue.run(Command::SetLiquidation(Box::new(LiquidationRules { waves_max: 1, ..LiquidationRules::default() })));
    let funds = |random: &mut Random| format!("{} USDC", 4_000 + random.below(20_000));
    let accounts: Vec<AccountId> = (0..40).map(|n| venue.funded(&format!("t{n}"), &funds(&mut random))).collect();
    let any = |random: &mut Random| accounts[usize::try_from(random.below(40)).unwrap()];
    for n in 0..400 {
        let (buyer, seller) = (any(&mut random), any(&mut random));
        if buyer == seller {
            continue;
        }
        let entered = 57_000 + random.below(6_000);
        match n % 3 {
            0 => venue.trade(BTC_USDC, "0.4", &entered.to_string(), buyer, seller),
            1 => venue.trade(ETH_USDC, "5", &(entered / 20).to_string(), buyer, seller),
            _ => venue.trade(BTC_PERP, "1000", &entered.to_string(), buyer, seller),
        }
    }
    let (mut state, mut matched) = (venue.state.clone(), 0);
    for event in venue.prices("41000", "2000") {
        if let Event::Deleveraged { account, holder, contract, .. } = &event {
            let closes = state.accounts[account.index()].holding(*contract).quantity.0.signum();
            let [long, short] = deleveraging(&state, &mut Book::new(), *contract).unwrap();
            let first = if closes > 0 { &short[0] } else { &long[0] };
            assert_eq!(first.account, *holder, "of contract {}", contract.0);
            matched += 1;
        }
        evolve(&mut state, &event, venue.now);
    }
    assert!(matched > 20, "{matched} matched");
}
