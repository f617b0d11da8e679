//! Going under safely: waves, the fund, those who gain, and what nobody pays.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{AccountId, Amount, Decimal, Price, Quantity, Rounding, Side};
use plimsoll_engine::account::Kind;
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::event::Cancelled;
use plimsoll_engine::liquidation::{Budgets, Cover, LiquidationRules, Policy};
use plimsoll_engine::step::deleveraging;
use plimsoll_engine::{Book, Command, Event, House, OrderId, Refusal};
use plimsoll_margin::level::State as Side_;
use support::{BTC_USDC, ETH_USDC, Venue, amount, asset, decimal};

/// A long of `of` BTC with 100,000 USDC, entered at 60,000 against somebody with plenty.
fn long(venue: &mut Venue, of: &str) -> (AccountId, AccountId) {
    let account = venue.funded("a", "100000 USDC");
    let other = venue.funded("c", "100000000 USDC");
    venue.trade(BTC_USDC, of, "60000", account, other);
    (account, other)
}

fn state(venue: &Venue, account: AccountId) -> Side_ {
    venue.state.accounts[account.index()].standing.state
}

fn cash(venue: &Venue, account: AccountId) -> Decimal {
    venue.state.accounts[account.index()].cash(asset("USDC"))
}

fn house(venue: &Venue, house: House) -> Decimal {
    venue.state.held_by(house, asset("USDC"))
}

fn rules(venue: &mut Venue, change: impl FnOnce(&mut LiquidationRules)) {
    let mut rules = venue.state.liquidation.clone();
    change(&mut rules);
    venue.run(Command::SetLiquidation(Box::new(rules)));
}

/// Who made up for what, by asset USDC.
fn covered(events: &[Event]) -> Vec<(Cover, Decimal)> {
    let of = |event: &Event| match event {
        Event::Covered { by, amount, .. } => Some((*by, amount.value)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// The engine's own orders, as they were placed.
fn closing(events: &[Event]) -> Vec<(OrderId, Side, Quantity, Price)> {
    let of = |event: &Event| match event {
        Event::OrderPlaced { order, terms, .. } if order.closes() => {
            Some((*order, terms.side, terms.quantity, terms.price))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Takes one of the engine's orders, at this price.
fn take(venue: &mut Venue, account: AccountId, order: OrderId, of: &str, at: &str, other: AccountId) -> Vec<Event> {
    let side = |account, order| TradeSide { account, order };
    let price = Price::new(decimal(at), asset("USDC"));
    let (seller, buyer) = (side(account, Some(order)), side(other, None));
    venue.run(Command::Trade {
        contract: BTC_USDC,
        quantity: Quantity(decimal(of)),
        price,
        buyer,
        seller,
        taker: Side::Sell,
    })
}

#[test]
fn an_account_under_maintenance_is_closed_in_waves_and_left_alone_once_it_is_cured() {
    let mut venue = Venue::new();
    let (account, other) = long(&mut venue, "10");
    // One contract, and no other to hedge it with.
    rules(&mut venue, |rules| rules.policy = Policy::LargestLossFirst);
    let own = venue.order(BTC_USDC, Side::Sell, "1", "90000");
    venue.place(account, 7, own).unwrap();
    let events = venue.prices("54000", "3000");
    assert_eq!(state(&venue, account), Side_::Liquidating);
    let is_cancelled = |event: &Event| matches!(event, Event::OrderCancelled { why: Cancelled::Liquidation, .. });
    assert!(events.iter().any(is_cancelled), "its own orders go first");
    let orders = closing(&events);
    let [(order, side, quantity, price)] = orders[..] else { panic!("{orders:?}") };
    // Two hundredths below the mark, no worse.
    let mark = decimal("54000");
    assert_eq!((side, price.value < mark), (Side::Sell, true));
    assert!(quantity.0 < decimal("6") && price.value > decimal("52900"), "a part of it will do: {quantity} {price}");
    // Nobody else may take it back, and no order of a client's has such a number.
    assert!(matches!(venue.ask(&Command::Cancel { account, order }), Err(Refusal::NotAllowed { .. })));
    let user = venue.order(BTC_USDC, Side::Sell, "1", "90000");
    assert!(matches!(venue.place(other, order.0 + 9, user), Err(Refusal::NotAllowed { .. })));
    // Before the pause is over nothing more is sent; then what was not filled is planned again.
    venue.wait(5);
    assert!(closing(&venue.prices("54000", "3000")).is_empty());
    venue.wait(5);
    let events = venue.prices("54000", "3000");
    let again = closing(&events);
    assert!(events.iter().any(is_cancelled) && again.len() == 1, "{events:?}");
    let fund = house(&venue, House::Insurance);
    let events = take(&mut venue, account, again[0].0, &again[0].2.0.to_string(), "54000", other);
    assert!(state(&venue, account) < Side_::Liquidating, "{events:?}");
    assert!(house(&venue, House::Insurance) > fund, "the fund takes its fee of the fill");
    assert!(venue.state.accounts[account.index()].liquidation.is_none());
    assert!(!venue.state.accounts[account.index()].orders.keys().any(|order| order.closes()));
}

#[test]
fn what_no_market_takes_is_matched_at_the_mark_after_the_last_wave() {
    let mut venue = Venue::new();
    let (account, other) = long(&mut venue, "10");
    rules(&mut venue, |rules| rules.waves_max = 3);
    venue.prices("54000", "3000");
    for _ in 0..3 {
        assert_eq!(venue.state.accounts[account.index()].holding(BTC_USDC).quantity, Quantity(decimal("10")));
        venue.wait(10);
        venue.prices("54000", "3000");
    }
    let holds = |account: AccountId| venue.state.accounts[account.index()].holding(BTC_USDC).quantity.0;
    assert!(holds(account).is_zero() && holds(other).is_zero());
    assert_eq!(state(&venue, account), Side_::Healthy);
    // 100,000 less the fee of the opening, less what ten lost at the mark.
    let mark = decimal("54000");
    let lost = decimal("60000").minus(mark).unwrap().times(decimal("10"), Rounding::HalfEven).unwrap();
    let expected = decimal("99700").minus(lost).unwrap();
    let apart = cash(&venue, account).minus(expected).unwrap();
    assert!(apart.abs() < decimal("0.0001"), "{} instead of {expected}", cash(&venue, account));
}

#[test]
fn a_gap_is_paid_by_the_fund_first() {
    let mut venue = Venue::new();
    let (account, other) = long(&mut venue, "10");
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("50000 USDC") });
    let events = venue.prices("49000", "3000");
    let mark = decimal("49000");
    let lost = decimal("60000").minus(mark).unwrap().times(decimal("10"), Rounding::HalfEven).unwrap();
    let deficit = lost.minus(decimal("99700")).unwrap();
    let covers = covered(&events);
    let [(Cover::Fund, paid)] = covers[..] else { panic!("{covers:?}") };
    assert!(paid.minus(deficit).unwrap().abs() < decimal("0.0001"), "{paid} instead of {deficit}");
    assert!(cash(&venue, account).is_zero() && state(&venue, account) == Side_::Healthy);
    assert_eq!(house(&venue, House::Insurance), decimal("50000").minus(paid).unwrap());
    assert!(house(&venue, House::BadDebt).is_zero());
    // Whoever was matched has all of the gain.
    let gained = cash(&venue, other).minus(decimal("100000000")).unwrap();
    assert!(gained >= lost, "{gained} of {lost}");
}

#[test]
fn without_a_fund_gains_bear_the_deficit_and_no_more() {
    let mut venue = Venue::new();
    let (account, other) = long(&mut venue, "10");
    let before = cash(&venue, other);
    let events = venue.prices("49000", "3000");
    assert!(covered(&events).is_empty(), "{events:?}");
    assert!(cash(&venue, account).signum() >= 0 && cash(&venue, account) < decimal("0.001"));
    let gained = cash(&venue, other).minus(before).unwrap();
    assert!(gained.signum() > 0 && gained <= decimal("99700"), "they get what was there: {gained}");
    assert!(gained > decimal("99699.99"), "and all of it: {gained}");
}

/// Gains bear what is missing after all that the account has, and not what its other assets are worth.
#[test]
fn gains_bear_no_more_than_the_deficit_of_all_assets_together() {
    let mut venue = Venue::new();
    let account = venue.funded("a", "70000 USDC");
    venue.run(Command::Deposit { account, amount: amount("20 ETH") });
    let other = venue.funded("c", "100000000 USDC");
    venue.trade(BTC_USDC, "10", "60000", account, other);
    let before = cash(&venue, other);
    venue.prices("46500", "3000");
    // 135,000 lost, 69,700 and 60,000 in coins there: some 5,300 are missing.
    let gained = cash(&venue, other).minus(before).unwrap();
    assert!(gained > decimal("129600") && gained < decimal("129800"), "{gained}");
    // The fund has no dollars to give for the coins: it takes them, and what they are worth is booked against it.
    assert!(cash(&venue, account).is_zero() && state(&venue, account) == Side_::Healthy);
    let booked = house(&venue, House::BadDebt).abs();
    assert!(booked > decimal("59900") && booked < decimal("60100"), "what the coins are worth: {booked}");
    assert_eq!(venue.state.held_by(House::Insurance, asset("ETH")), decimal("20"));
}

/// Who is solvent owes on, beside what secures it, until the fund has what is owed to give for it.
#[test]
fn a_solvent_account_waits_for_a_fund_that_can_pay() {
    let mut venue = Venue::new();
    let account = venue.funded("a", "70000 USDC");
    venue.run(Command::Deposit { account, amount: amount("20 ETH") });
    let other = venue.funded("c", "100000000 USDC");
    venue.trade(BTC_USDC, "10", "60000", account, other);
    rules(&mut venue, |rules| rules.waves_max = 1);
    venue.prices("47250", "3000");
    venue.wait(10);
    venue.prices("47250", "3000");
    assert!(venue.state.accounts[account.index()].holdings.is_empty(), "matched");
    let owes = cash(&venue, account).abs();
    assert!(owes > decimal("57500") && owes < decimal("58100"), "{owes}");
    assert_eq!(state(&venue, account), Side_::Liquidating);
    assert!(house(&venue, House::BadDebt).is_zero());
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("100000 USDC") });
    venue.wait(10);
    venue.prices("47250", "3000");
    assert!(cash(&venue, account).signum() >= 0 && state(&venue, account) == Side_::Healthy);
    let (took, left) =
        (venue.state.held_by(House::Insurance, asset("ETH")), venue.state.accounts[account.index()].cash(asset("ETH")));
    assert!(took > decimal("19") && left > decimal("0.3"), "{took} taken, {left} left");
}

#[test]
fn a_budget_leaves_the_rest_to_gains() {
    let mut venue = Venue::new();
    let (account, _) = long(&mut venue, "10");
    venue.run(Command::FundHouse { house: House::Insurance, amount: amount("50000 USDC") });
    rules(&mut venue, |rules| rules.budgets = Budgets { event: Some(decimal("1000")), ..Budgets::default() });
    let events = venue.prices("49000", "3000");
    let covers = covered(&events);
    let [(Cover::Fund, paid)] = covers[..] else { panic!("{covers:?}") };
    // The budget is in dollars, of which a coin is worth 0.9995.
    assert!(paid <= decimal("1000.51") && paid > decimal("1000.4"), "{paid}");
    let spent = &venue.state.spent;
    assert!(spent.fund <= decimal("1000") && spent.fund > decimal("999.9"), "{spent:?}");
    assert!(cash(&venue, account).is_zero());
}

/// What is matched, and what gains bear by it, is said before each trade, and counted.
#[test]
fn a_match_and_the_haircut_in_its_price_are_told_apart() {
    let mut venue = Venue::new();
    let (account, other) = long(&mut venue, "10");
    let events = venue.prices("49000", "3000");
    let before = |at: usize| (&events[at - 2], &events[at - 1]);
    let traded = events.iter().position(|event| matches!(event, Event::Traded { closes: Some(_), .. })).unwrap();
    let (Event::Deleveraged { account: of, holder, quantity, value, .. }, Event::Haircut { amount, value: bears, .. }) =
        before(traded)
    else {
        panic!("{events:?}")
    };
    assert_eq!((*of, *holder, quantity.0), (account, other, decimal("10")));
    assert!(*value > decimal("489000") && *value < decimal("491000"), "{value}");
    let Event::Traded { price, .. } = &events[traded] else { unreachable!("found as one") };
    // Ten coins, at a price that is dearer than the mark by what is borne.
    let off = price.value.minus(decimal("49000")).unwrap().times_count(10).unwrap();
    let gap = off.minus(amount.value).unwrap().abs();
    assert!(gap < decimal("30"), "{off} off the index, {amount} borne");
    assert!(*bears > Decimal::ZERO && venue.state.spent.haircut == *bears && venue.state.spent.matched == *value);
    assert_eq!(covered(&events), [], "nothing is left to pay");
}

#[test]
fn what_gains_bear_has_a_budget_and_the_rest_is_booked() {
    let mut venue = Venue::new();
    let (account, _) = long(&mut venue, "10");
    let budgets = Budgets { haircut: Some(decimal("1000")), ..Budgets::default() };
    rules(&mut venue, |rules| rules.budgets = budgets.clone());
    let events = venue.prices("49000", "3000");
    let spent = venue.state.spent.haircut;
    assert!(spent > decimal("999.9") && spent < decimal("1000.1"), "{spent}");
    let [(Cover::BadDebt, booked)] = covered(&events)[..] else { panic!("{events:?}") };
    assert!(booked > decimal("8000") && booked < decimal("10000"), "{booked}");
    assert!(venue.state.accounts[account.index()].holdings.is_empty() && cash(&venue, account).is_zero());
    // With a budget of nothing nobody bears anything.
    let mut venue = Venue::new();
    let (account, _) = long(&mut venue, "10");
    rules(&mut venue, |rules| rules.budgets.haircut = Some(Decimal::ZERO));
    let events = venue.prices("49000", "3000");
    assert!(!events.iter().any(|event| matches!(event, Event::Haircut { .. })), "{events:?}");
    assert!(venue.state.accounts[account.index()].holdings.is_empty());
}

#[test]
fn forced_matching_has_a_budget_and_the_rest_waits_for_the_next_day() {
    let mut venue = Venue::new();
    let (account, _) = long(&mut venue, "10");
    let budgets = Budgets { matched: Some(decimal("200000")), ..Budgets::default() };
    rules(&mut venue, |rules| rules.budgets = budgets.clone());
    venue.prices("49000", "3000");
    let held = |venue: &Venue| venue.state.accounts[account.index()].holding(BTC_USDC).quantity.0;
    let left = held(&venue);
    assert!(left < decimal("6") && left > decimal("5.9"), "four coins are matched, up to a lot: {left} left");
    assert!(venue.state.spent.matched <= decimal("200000"));
    venue.wait(3_600);
    let events = venue.prices("49000", "3000");
    let is_sent = |event: &Event| matches!(event, Event::OrderPlaced { order, .. } if order.closes());
    assert!(events.iter().any(is_sent), "what waits goes to the market meanwhile: {events:?}");
    assert!(held(&venue) == left && !events.iter().any(|event| matches!(event, Event::Deleveraged { .. })));
    venue.wait(86_400);
    venue.prices("49000", "3000");
    assert!(held(&venue) < decimal("2"), "the next day's four: {} left", held(&venue));
}

/// Nobody gains on a loan against coins: what the fund does not have is booked, and nothing waits.
#[test]
fn what_nobody_pays_is_booked() {
    let mut venue = Venue::new();
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("500000 USDC") });
    let account = venue.funded("a", "100 ETH");
    let outcome = venue.ask(&Command::Borrow { account, amount: amount("150000 USDC") });
    assert!(outcome.is_ok(), "{outcome:?}");
    venue.run(Command::Withdraw { account, amount: amount("50000 USDC") });
    let events = venue.prices("60000", "300");
    let covers = covered(&events);
    assert!(covers.iter().any(|(by, _)| *by == Cover::Collateral), "{covers:?}");
    let bad = covers.iter().find(|(by, _)| *by == Cover::BadDebt).unwrap().1;
    assert_eq!(house(&venue, House::BadDebt), bad.negated());
    let funds = venue.state.accounts[account.index()].funds.get(&asset("USDC")).copied().unwrap_or_default();
    assert!(funds.borrowed.is_zero() && funds.cash.is_zero(), "{funds:?}");
    assert_eq!(house(&venue, House::Lending), decimal("500000"), "whoever lends is made whole");
    assert_eq!(venue.state.held_by(House::Insurance, asset("ETH")), decimal("100"));
    assert_eq!(state(&venue, account), Side_::Healthy);
    // It can be paid off, and no further.
    let over = Amount::new(bad.plus(Decimal::ONE).unwrap(), asset("USDC"));
    assert!(venue.ask(&Command::FundHouse { house: House::BadDebt, amount: over }).is_err());
    venue.run(Command::FundHouse { house: House::BadDebt, amount: Amount::new(bad, asset("USDC")) });
    assert!(house(&venue, House::BadDebt).is_zero());
}

/// Two who each owe more than anybody gains on what is matched, and a holder who gained 1,000 on each of a hundred coins.
fn two_who_owe(venue: &mut Venue) -> (AccountId, Vec<Event>) {
    who_owe(venue, &["a", "b"])
}

/// Two borrowers who fail, those who are named `in_the_market` with a tenth of a coin.
fn who_owe(venue: &mut Venue, in_the_market: &[&str]) -> (AccountId, Vec<Event>) {
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("500000 USDC") });
    let rich = venue.funded("c", "100000000 USDC");
    let gains = venue.funded("gains", "3000000 USDC");
    venue.trade(BTC_USDC, "100", "60000", rich, gains);
    for name in ["a", "b"] {
        let account = venue.funded(name, "100 ETH");
        venue.run(Command::Borrow { account, amount: amount("150000 USDC") });
        venue.run(Command::Withdraw { account, amount: amount("50000 USDC") });
        if in_the_market.contains(&name) {
            venue.trade(BTC_USDC, "0.1", "60000", account, rich);
        }
    }
    let events = venue.prices("59000", "300");
    (gains, events)
}

#[test]
fn what_many_leave_owing_is_shared_once() {
    let mut venue = Venue::new();
    rules(&mut venue, |rules| rules.shared_max = decimal("0.2"));
    let (gains, events) = two_who_owe(&mut venue);
    let shared: Vec<&Event> = events.iter().filter(|event| matches!(event, Event::LossShared { .. })).collect();
    let [Event::LossShared { amount: shared, lost, legs, .. }] = shared[..] else { panic!("{events:?}") };
    assert!(
        shared.value > decimal("19800") && shared.value <= decimal("20000"),
        "a fifth of what was gained: {shared}"
    );
    let pays = legs.iter().find(|leg| leg.holder.account() == Some(gains)).unwrap().amount;
    assert_eq!(pays, shared.negated(), "nobody else gained");
    let booked: Vec<Decimal> =
        covered(&events).iter().filter(|(by, _)| *by == Cover::BadDebt).map(|(_, value)| *value).collect();
    let [first, second] = booked[..] else { panic!("{events:?}") };
    assert_eq!(house(&venue, House::BadDebt), shared.value.minus(first).unwrap().minus(second).unwrap());
    let haircuts: Vec<Decimal> = events
        .iter()
        .filter_map(|event| if let Event::Haircut { value, .. } = event { Some(*value) } else { None })
        .collect();
    assert_eq!(venue.state.spent.haircut, haircuts.iter().try_fold(*lost, |sum, value| sum.plus(*value)).unwrap());
    let after = |of: fn(&Event) -> bool| events.iter().rposition(of).unwrap();
    let is_shared = |event: &Event| matches!(event, Event::LossShared { .. });
    assert!(after(is_shared) > after(|event| matches!(event, Event::Covered { .. })), "when all are closed");
    assert_eq!(state(&venue, gains), Side_::Healthy);
}

#[test]
fn a_gain_is_asked_for_once_while_it_is_open() {
    let mut venue = Venue::new();
    rules(&mut venue, |rules| rules.shared_max = decimal("0.2"));
    let (gains, _) = two_who_owe(&mut venue);
    let paid = |venue: &Venue| {
        let of = &venue.state.accounts[gains.index()];
        of.holdings.keys().map(|contract| of.shared(*contract)).fold(Decimal::ZERO, |sum, of| sum.plus(of).unwrap())
    };
    let before = paid(&venue);
    assert!(before > decimal("19800") && before <= decimal("20000"), "{before}");
    let other = AccountId(0);
    // Each owes some 20,000 more than it has, when coins fall to a tenth; the last, when as much is gained again.
    for (name, coins, index, price, shares) in [
        ("d", "1000 ETH", "59000", "30", 0),
        ("e", "10000 ETH", "59000", "3", 0),
        ("f", "100000 ETH", "58000", "0.3", 1),
    ] {
        let account = venue.funded(name, coins);
        venue.run(Command::Borrow { account, amount: amount("150000 USDC") });
        venue.run(Command::Withdraw { account, amount: amount("50000 USDC") });
        venue.trade(BTC_USDC, "0.1", "59000", account, other);
        let events = venue.prices(index, price);
        assert!(covered(&events).iter().any(|(by, _)| *by == Cover::BadDebt), "{name}: {events:?}");
        let shared = events.iter().filter(|event| matches!(event, Event::LossShared { .. })).count();
        assert_eq!(shared, shares, "{name}: {events:?}");
        venue.wait(86_400);
        venue.prices(index, price);
    }
    let twice = paid(&venue);
    assert!(twice > decimal("39600") && twice <= decimal("40000"), "{twice}");
    // Half of the position takes half of the memory along, and the whole all of it.
    let held = venue.state.accounts[gains.index()].holding(BTC_USDC).quantity.0.abs();
    let half = held.times(decimal("0.5"), Rounding::Down).unwrap().rounded(3, Rounding::Down).unwrap().to_string();
    venue.trade(BTC_USDC, &half, "58000", gains, other);
    let left = paid(&venue);
    assert!(left > decimal("19800") && left < decimal("20200"), "{left}");
    let rest = venue.state.accounts[gains.index()].holding(BTC_USDC).quantity.0.abs().to_string();
    venue.trade(BTC_USDC, &rest, "58000", gains, other);
    assert!(venue.state.accounts[gains.index()].shared.is_none());
}

#[test]
fn losses_are_shared_within_the_budget_of_haircuts_and_not_at_all_without_a_share() {
    let mut venue = Venue::new();
    rules(&mut venue, |rules| rules.budgets.haircut = Some(decimal("5000")));
    two_who_owe(&mut venue);
    let spent = venue.state.spent.haircut;
    assert!(spent > decimal("4999.9") && spent <= decimal("5000"), "{spent}");
    let mut venue = Venue::new();
    rules(&mut venue, |rules| rules.shared_max = Decimal::ZERO);
    let (_, events) = two_who_owe(&mut venue);
    assert!(!events.iter().any(|event| matches!(event, Event::LossShared { .. })), "{events:?}");
    assert!(house(&venue, House::BadDebt).signum() < 0);
}

/// Who was closed in no market left nothing that anybody gained, whoever else fails beside them.
#[test]
fn a_loan_that_fails_is_nobodys_gain() {
    let mut venue = Venue::new();
    let (_, events) = who_owe(&mut venue, &["a"]);
    let bad = covered(&events).iter().filter(|(by, _)| *by == Cover::BadDebt).count();
    assert_eq!(bad, 2, "{events:?}");
    let of = |event: &Event| if let Event::LossShared { amount, .. } = event { Some(amount.value) } else { None };
    let shared: Vec<Decimal> = events.iter().filter_map(of).collect();
    assert!(shared.len() == 1 && shared[0] > decimal("19000") && shared[0] < decimal("21000"), "{shared:?}");
}

/// Whoever can no longer hold what they hold once they have paid is closed in the same command, and shares no second time.
#[test]
fn whom_sharing_brings_under_is_closed_too() {
    let mut venue = Venue::new();
    rules(&mut venue, |rules| rules.shared_max = Decimal::ONE);
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("1000000 USDC") });
    let rich = venue.funded("c", "100000000 USDC");
    let gains = venue.funded("gains", "812000 USDC");
    venue.trade(BTC_USDC, "100", "60000", gains, rich);
    assert!(state(&venue, gains) < Side_::Liquidating);
    let account = venue.funded("a", "500 ETH");
    venue.run(Command::Borrow { account, amount: amount("750000 USDC") });
    venue.run(Command::Withdraw { account, amount: amount("250000 USDC") });
    venue.trade(BTC_USDC, "0.1", "60000", rich, account);
    // It would stand: what it gains is more than what the higher price asks for besides.
    let events = venue.prices("61000", "300");
    let at = |of: &dyn Fn(&Event) -> bool| events.iter().position(of);
    let shared = at(&|event| matches!(event, Event::LossShared { .. })).unwrap();
    let sent = at(&|event| matches!(event, Event::LiquidationWave { account, .. } if *account == gains)).unwrap();
    assert!(sent > shared, "{events:?}");
    assert_eq!(events.iter().filter(|event| matches!(event, Event::LossShared { .. })).count(), 1);
}

/// Who is matched loses a position and what it asked for: where that is a cure, nothing of theirs is cancelled.
#[test]
fn whom_a_match_cures_keeps_their_orders() {
    for fails in [false, true] {
        let mut venue = Venue::new();
        let rich = venue.funded("rich", "100000000 USDC");
        let failing = venue.funded("failing", if fails { "9500 USDC" } else { "950000 USDC" });
        let holder = venue.funded("holder", "20000 USDC");
        // The holder gains in bitcoin what it loses in ether, and has too little for both.
        venue.trade(BTC_USDC, "1", "60000", failing, holder);
        venue.trade(ETH_USDC, "20", "3000", holder, rich);
        let order = venue.order(ETH_USDC, Side::Buy, "0.01", "2000");
        venue.place(holder, 1, order).unwrap();
        let events = venue.prices("50000", "1950");
        let falls = |event: &Event| match event {
            Event::LevelChanged { account, to, .. } => (*account, *to) == (holder, Side_::Liquidating),
            _ => false,
        };
        assert!(events.iter().any(falls), "{events:#?}");
        let kept = venue.state.accounts[holder.index()].orders.contains_key(&OrderId(1));
        assert_eq!(kept, fails, "{events:#?}");
    }
}

/// What is published is what happens.
#[test]
fn the_published_rank_is_the_order_of_matching() {
    let mut venue = Venue::new();
    let (account, other) = long(&mut venue, "10");
    let thin = venue.funded("thin", "60000 USDC");
    let broad = venue.funded("broad", "600000 USDC");
    venue.trade(BTC_USDC, "2", "60000", other, thin);
    venue.trade(BTC_USDC, "3", "60000", other, broad);
    venue.prices("55000", "3000");
    let [long_side, short_side] = deleveraging(&venue.state, &mut Book::new(), BTC_USDC).unwrap();
    assert_eq!(long_side.iter().map(|it| (it.account, it.quantity)).collect::<Vec<_>>(), [(account, decimal("10"))]);
    let ranked: Vec<AccountId> = short_side.iter().map(|it| it.account).collect();
    assert_eq!(ranked, [thin, broad, other], "the same gain on less comes first");
    assert!(short_side[0].score > short_side[1].score && short_side[1].score > short_side[2].score);
    venue.wait(1);
    let events = venue.prices("48000", "3000");
    let matched = events.iter().filter_map(|event| match event {
        Event::Traded { closes: Some(_), seller, buyer, .. } => {
            Some(if buyer.account == account { seller.account } else { buyer.account })
        }
        _ => None,
    });
    assert_eq!(matched.collect::<Vec<_>>(), ranked);
}

#[test]
fn who_gained_most_for_what_they_put_up_is_matched_first() {
    let mut venue = Venue::new();
    let account = venue.funded("a", "100000 USDC");
    let calm = venue.funded("calm", "100000000 USDC");
    let bold = venue.funded("bold", "60000 USDC");
    let outside = venue.account_with("outside", |terms| terms.kind = Kind::Outside);
    for other in [outside, calm, bold] {
        venue.trade(BTC_USDC, "4", "60000", account, other);
    }
    venue.prices("51000", "3000");
    let events = venue.prices("49000", "3000");
    let matched: Vec<AccountId> = (venue.events.iter().map(|(_, event)| event).chain(&events))
        .filter_map(|event| match event {
            Event::Traded { closes: Some(_), buyer, .. } => Some(buyer.account),
            _ => None,
        })
        .collect();
    assert_eq!(matched[..3], [bold, calm, outside], "{matched:?}");
}

#[test]
fn rules_that_lead_nowhere_are_refused() {
    let mut venue = Venue::new();
    let refused = |venue: &mut Venue, change: &dyn Fn(&mut LiquidationRules)| {
        let mut rules = LiquidationRules::default();
        change(&mut rules);
        venue.ask(&Command::SetLiquidation(Box::new(rules))).unwrap_err().to_string()
    };
    assert!(refused(&mut venue, &|rules| rules.waves_max = 0).contains("waves_max"));
    assert!(refused(&mut venue, &|rules| rules.cooldown_s = 0).contains("cooldown_s"));
    assert!(refused(&mut venue, &|rules| rules.band = Decimal::ONE).contains("band"));
    assert!(refused(&mut venue, &|rules| rules.band = Decimal::ZERO).contains("band"));
    assert!(refused(&mut venue, &|rules| rules.share_of_depth = Decimal::ZERO).contains("share_of_depth"));
    assert!(refused(&mut venue, &|rules| rules.fee_rate = decimal("0.2")).contains("fee_rate"));
    let budgets = Budgets { event: Some(decimal("10")), day: Some(decimal("5")), ..Budgets::default() };
    assert!(refused(&mut venue, &|rules| rules.budgets = budgets.clone()).contains("no less than"));
    assert!(refused(&mut venue, &|rules| rules.budgets.matched = Some(decimal("-1"))).contains("budget"));
    assert!(refused(&mut venue, &|rules| rules.budgets.haircut = Some(decimal("-1"))).contains("budget"));
    assert!(
        refused(&mut venue, &|rules| {
            rules.depths.insert("XYZ".parse().unwrap(), rules.depth);
        })
        .contains("XYZ")
    );
    let fine = LiquidationRules { policy: Policy::ProRata, ..LiquidationRules::default() };
    venue.run(Command::SetLiquidation(Box::new(fine)));
}
