//! Equity in its readings, levels and states, orders, what-if: one line a case.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use plimsoll_core::{Decimal, Quantity};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::answers::whatif::{Changes, what_if};
use plimsoll_margin::level::{Level, Policy, State};
use plimsoll_margin::models::cross::Cross;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_pricing::market::MarketMove;
use support::{asset, book, decimal, near, part};

fn readings(margin: &Margin) -> [String; 4] {
    let equity = &margin.equity;
    [&equity.initial, &equity.maintenance, &equity.withdrawable, &equity.net_value].map(|node| node.amount.to_string())
}

#[test]
fn a_haircut_lowers_margin_equity_and_never_net_value() {
    // 0.2 % of BTC in the grid; a debt of 999.80 in USDC counts whole and 0.05 % more to buy it back.
    let margin = book("index BTC 60000\nprice USDC 0.9998\ncollateral BTC 10\ncollateral USDC -1000").plimsoll();
    assert_eq!(readings(&margin), ["597799.7001", "597799.7001", "597799.7001", "599000.2"]);
}

#[test]
fn a_haircut_steps_with_size() {
    // 100 M of BTC: 0.2 % of the first 50 M and 1 % of the rest.
    let margin = book("index BTC 50000\ncollateral BTC 2000").plimsoll();
    assert_eq!(margin.equity.maintenance.amount, decimal("99_400_000"));
}

#[test]
fn an_asset_that_moves_in_no_scenario_bears_the_whole_move_in_its_haircut() {
    let margin = book("index ETH 3000\nprice stETH 2990\ncollateral stETH 10").plimsoll();
    assert_eq!(margin.equity.initial.amount, decimal("22425"), "a quarter off 29,900");
    assert_eq!(margin.requirement.initial.amount, Decimal::ZERO);
}

#[test]
fn a_stablecoin_is_priced_and_moves() {
    let margin = book("price USDC 0.9998\ncollateral USDC 1000000").plimsoll();
    near(part(&margin, "stablecoins"), "19996", "0.01");
    let error = book("collateral USDC 1000000").margin(&Plimsoll::default()).unwrap_err().to_string();
    assert!(error.contains("USDC"), "{error}");
}

/// Long perpetual in USDC, short in coin: hedged against the coin, not against USDC leaving one.
#[test]
fn a_hedge_across_dollars_is_exposed_to_the_dollar_it_is_paid_in() {
    let margin = book(
        "index    BTC 60000
         price    USDC 1
         mark     BTC-PERPETUAL 60000
         mark     BTC_USDC-PERPETUAL 60000
         position BTC-PERPETUAL 600000
         position BTC_USDC-PERPETUAL -10",
    )
    .plimsoll();
    // The inverse leg's P&L is paid in a coin that moves too; both legs are linear in dollars.
    assert!(part(&margin, "BTC") < decimal("1"), "{}", part(&margin, "BTC"));
    // The USDC contract is quoted 1/0.98 higher when USDC falls 2 %: its short loses 2 % in dollars.
    near(part(&margin, "stablecoins"), "12000", "1");
}

#[test]
fn a_gain_is_not_withdrawable_and_a_loss_is_a_debt() {
    let text = "index BTC 60000\nmark BTC/USD:USD 60000\ncollateral USD 10000\nposition BTC/USD:USD 1 @ ";
    let gain = book(&format!("{text}55000")).margin(&Cross::default()).unwrap();
    assert_eq!(readings(&gain), ["15000", "15000", "10000", "15000"]);
    let loss = book(&format!("{text}75000")).margin(&Cross::default()).unwrap();
    assert_eq!(readings(&loss), ["-5000", "-5000", "-5000", "-5000"]);
    assert_eq!((loss.state, loss.ratio()), (State::Bankrupt, None));
}

#[test]
fn states_follow_the_lines() {
    // Cross: 1 % initial, 0.5 % maintenance on 60,000: 600 and 300, call at 450.
    let state = |cash: &str| {
        let text =
            format!("index BTC 60000\nmark BTC/USD:USD 60000\nposition BTC/USD:USD 1 @ 60000\ncollateral USD {cash}");
        book(&text).margin(&Cross::default()).unwrap().state
    };
    for (cash, expected) in [
        ("600", State::Healthy),
        ("599.99", State::Restricted),
        ("450", State::Restricted),
        ("449.99", State::Called),
        ("300", State::Called),
        ("299.99", State::Liquidating),
        ("-0.01", State::Bankrupt),
    ] {
        assert_eq!(state(cash), expected, "{cash}");
    }
}

#[test]
fn excess_rises_from_line_to_line() {
    for seed in 0..100 {
        let margin = support::random::random_book(seed, 8).plimsoll();
        let excess: Vec<Decimal> = margin.levels.0.iter().map(|standing| standing.excess).collect();
        assert!(excess[..6].is_sorted(), "seed {seed}: {excess:?}");
        assert_eq!(margin.levels.at(Level::NetValue).equity, margin.equity.net_value.amount);
    }
}

#[test]
fn a_credit_line_counts_as_margin_and_not_as_worth() {
    let text =
        "index BTC 60000\nmark BTC/USD:USD 60000\nposition BTC/USD:USD 1 @ 60000\ncollateral USD 100\ncredit 1000";
    let margin = book(text).margin(&Cross::default()).unwrap();
    assert_eq!(readings(&margin), ["1100", "1100", "100", "100"]);
    assert_eq!(margin.state, State::Healthy);
    assert_eq!(margin.withdrawable(), Decimal::ZERO);
}

/// An order counts at its own price: bought above the mark, the difference is lost at the fill.
#[test]
fn an_order_far_from_the_mark_costs_what_its_fill_would() {
    let text = "index BTC 60000\nmark BTC/USD:USD 60000\ncollateral USD 100000\norder buy BTC/USD:USD 1 @ ";
    let scan = |price: &str| part(&book(&format!("{text}{price}")).plimsoll(), "BTC");
    near(scan("60000"), "9600", "0.01");
    near(scan("66000"), "15600", "0.01");
    // Far below the mark only the fall by 66 % reaches it: 29,600, of which 0.9 × 16 ÷ 66 counts.
    near(scan("50000"), "6458.18", "0.01");
}

#[test]
fn premium_is_not_credited_before_the_fill() {
    // A sale of a call at its mark: its premium is not counted, its loss is.
    let text = "index BTC 60000
                forward BTC 2026-06-26T08:00:00Z 60200 vol 0.6
                collateral USD 100000
                mark BTC-26JUN26-60000-C 0.06";
    let before = book(text).plimsoll();
    let ordered = book(&format!("{text}\norder sell BTC-26JUN26-60000-C 1 @ 0.06")).plimsoll();
    assert_eq!(before.equity, ordered.equity);
    assert!(ordered.requirement.initial.amount > decimal("8000"), "{}", ordered.requirement.initial.amount);
    assert_eq!(ordered.requirement.maintenance.amount, Decimal::ZERO);
}

#[test]
fn a_spot_order_moves_both_assets() {
    // Bought with USD it is a long of one coin, no more.
    let text = "index BTC 60000\ncollateral USD 100000\norder buy BTC/USD 1 @ 60000";
    near(part(&book(text).plimsoll(), "BTC"), "9600", "0.01");
}

#[test]
fn what_if_moves_cash_as_the_fill_would() {
    let book = book(
        "index      BTC 60000
         forward    BTC 2026-06-26T08:00:00Z 60200 vol 0.6
         mark       BTC-26JUN26-60000-C 0.06
         mark       BTC-PERPETUAL 60000
         collateral BTC 2
         position   BTC-PERPETUAL 60000 @ 50000",
    );
    let ask = |changes: &Changes| {
        what_if(&book.account, &book.market, &Plimsoll::default(), &Policy::default(), changes).unwrap()
    };
    let nothing = ask(&Changes::default());
    assert_eq!(nothing.before, nothing.after);
    // Selling a call at its mark and closing the perpetual at its mark change no net value.
    let trades = vec![
        (book.id("BTC-26JUN26-60000-C"), Quantity(decimal("-1")), None),
        (book.id("BTC-PERPETUAL"), Quantity(decimal("-60000")), None),
    ];
    let after = ask(&Changes { trades, ..Changes::default() }).after;
    near(after.equity.net_value.amount, &nothing.before.equity.net_value.amount.to_string(), "0.000001");
    let coin = after.assets.iter().find(|net| net.asset == asset("BTC")).unwrap();
    assert_eq!(coin.option_value, decimal("-0.06"));
    near(coin.cash, "2.26", "0.000000000001");
    assert_eq!(coin.unrealised().unwrap(), Decimal::ZERO);
    // A deposit and a fall.
    let fall = Changes {
        deposits: vec![plimsoll_core::Amount::new(decimal("1000"), asset("USD"))],
        moves: vec![MarketMove::price(None, 0.9)],
        ..Changes::default()
    };
    let fallen = ask(&fall).after.equity.net_value.amount;
    // Coin: 2 + 60000 × (1/50000 − 1/54000) at 54,000, and the deposit.
    near(fallen, "113800", "0.000001");
}

/// Trading at the mark is worth nothing, whatever was held before and however it was averaged.
#[test]
fn a_trade_at_the_mark_changes_no_net_value() {
    for seed in 0..60 {
        let book = support::random::random_book(seed, 8);
        let mut changes = Changes::default();
        for (at, position) in book.account.portfolio.positions.iter().enumerate() {
            let lot = book.market.listing().get(position.instrument).unwrap().terms().lot_size;
            let lots = [3, -3, 100_000, -100_000][at % 4];
            changes.trades.push((position.instrument, Quantity(lot.0.times_count(lots).unwrap()), None));
        }
        let answer = what_if(&book.account, &book.market, &Plimsoll::default(), &Policy::default(), &changes).unwrap();
        let gap = answer.after.equity.net_value.amount.minus(answer.before.equity.net_value.amount).unwrap();
        assert!(gap.abs() < decimal("0.000001"), "seed {seed}: {gap}");
    }
}

/// An asset outside the grid is short at its haircut too: what it takes from a balance it adds to a debt.
#[test]
fn a_debt_bears_the_move_that_no_scenario_makes() {
    let naked = book("index BTC 60000\nprice USDC 1\ncollateral BTC -10\ncollateral USDC 620000");
    let margin = naked.margin(&Cross::default()).unwrap();
    // 600,000 owed and 5 % of it, against 620,000 less 0.1 %.
    assert_eq!(margin.equity.maintenance.amount, decimal("-10620"));
    assert_eq!(margin.equity.net_value.amount, decimal("20000"));
    let unlisted = book("price DOGE 0.1\ncollateral DOGE -10000000\ncollateral USD 1010000").plimsoll();
    assert_eq!(unlisted.equity.maintenance.amount, decimal("-390000"), "1 M owed and 40 % of it");
}

#[test]
fn a_spot_position_is_a_balance_with_its_haircut() {
    let text = "index BTC 60000\nprice USDC 1\n";
    let balance = book(&format!("{text}collateral BTC 10")).plimsoll();
    let position = book(&format!("{text}position BTC_USDC 10")).plimsoll();
    assert_eq!(balance.equity, position.equity);
    assert_eq!(balance.requirement.initial.amount, position.requirement.initial.amount);
}

/// A spot order that passes may not put the account under initial margin by filling.
#[test]
fn a_spot_order_reserves_the_haircut_it_will_cost() {
    let text = "index BTC 60000\ncollateral USD 700000";
    let ordered = book(&format!("{text}\norder buy BTC/USD 10 @ 60000")).plimsoll();
    let filled = book("index BTC 60000\ncollateral USD 100000\ncollateral BTC 10").plimsoll();
    let excess = |margin: &Margin| margin.levels.at(Level::Initial).excess;
    near(excess(&ordered), &excess(&filled).to_string(), "5");
    assert!(excess(&ordered) <= excess(&filled));
}

#[test]
fn an_order_that_may_only_reduce_counts_no_more_than_the_position() {
    let text = "index BTC 60000\nmark BTC/USD:USD 60000\nposition BTC/USD:USD 1 @ 60000\ncollateral USD 100000";
    let mut reducing = book(&format!("{text}\norder sell BTC/USD:USD 1000 @ 60000"));
    let unbounded = reducing.plimsoll();
    reducing.account.portfolio.orders[0].reduce_only = true;
    let (bounded, none) = (reducing.plimsoll(), book(text).plimsoll());
    assert!(unbounded.requirement.initial.amount > decimal("1_000_000"));
    // A single position may close without ever needing more than it does.
    near(part(&bounded, "BTC"), &part(&none, "BTC").to_string(), "0.01");
}

/// No clamp hides a breach: where maintenance asks more than initial, initial comes down to it.
#[test]
fn a_clamp_never_raises_maintenance() {
    let mut cross = Cross::default();
    plimsoll_margin::models::Model::set(&mut cross, "maintenance.BTC", "0:0.5").unwrap();
    let text = "index BTC 60000\nmark BTC/USD:USD 60000\nposition BTC/USD:USD 1 @ 60000\ncollateral USD 1000";
    let margin = book(text).margin(&cross).unwrap();
    let maintenance = margin.levels.at(Level::Maintenance);
    assert_eq!((maintenance.excess, maintenance.clamped), (decimal("-29000"), false));
    assert_eq!(margin.levels.at(Level::Initial).excess, decimal("-29000"));
    assert_eq!(margin.state, State::Liquidating);
}

#[test]
fn an_options_value_is_not_withdrawable() {
    let text = "index BTC 60000\nforward BTC 2026-06-26T08:00:00Z 60200 vol 0.6\nmark BTC-26JUN26-20000-C 0.66\ncollateral USD 100";
    let margin = book(&format!("{text}\nposition BTC-26JUN26-20000-C 10")).plimsoll();
    assert!(margin.equity.withdrawable.amount > decimal("200_000"));
    assert!(margin.withdrawable() <= decimal("100"), "{}", margin.withdrawable());
}
