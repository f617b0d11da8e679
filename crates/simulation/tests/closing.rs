//! Each promise about closing by force can fail: a true closing, and then one with something changed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Side, Timestamp};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::liquidation::{AuctionTerms, Cover, LiquidationRules, Policy};
use plimsoll_engine::{Book, Command, ContractId, Event, Holder, House, OpenOrder, OrderId, State, evolve, step};
use plimsoll_margin::level;
use plimsoll_simulation::Random;
use plimsoll_simulation::promises::closing::{self, Closing, Stands};
use plimsoll_simulation::promises::mirror::Mirror;
use plimsoll_simulation::promises::{Wrong, budgets, hedging, same, sharing};
use plimsoll_simulation::world::{self, Markets, listing};
use support::{BTC, LONG, OTHER, decimal, terms};

struct Venue {
    state: State,
    book: Book,
    mirror: Mirror,
    now: Timestamp,
    markets: Markets,
}

impl Venue {
    /// A long of ten coins at 60,000 with 100,000 dollars, and 50,000 in the insurance fund.
    fn new() -> Self {
        let now = world::start();
        let mut venue = Self {
            state: State::new(world::currency(), now),
            book: Book::new(),
            mirror: Mirror::new(world::currency()),
            now,
            markets: Markets::default(),
        };
        for command in listing::commands(now) {
            venue.run(&command);
        }
        for (name, dollars) in [("long", 100_000), ("other", 100_000_000)] {
            let account = AccountId(u32::try_from(venue.state.accounts.len()).unwrap());
            venue.run(&Command::OpenAccount { terms: terms(name) });
            let amount = world::amount(Decimal::from_int(dollars), "USDC");
            venue.run(&Command::Deposit { account, amount });
        }
        let amount = world::amount(Decimal::from_int(50_000), "USDC");
        venue.run(&Command::FundHouse { house: House::Insurance, amount });
        venue.price(60_000);
        venue.run(&trade("10", "60000", None));
        venue
    }

    fn run(&mut self, command: &Command) -> Vec<(State, Event)> {
        let mut before = self.state.clone();
        let events = step(&mut self.state, &mut self.book, command, self.now)
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.mirror.enter(command, self.now, &events).unwrap();
        let mut all = Vec::new();
        for event in events {
            all.push((before.clone(), event.clone()));
            evolve(&mut before, &event, self.now);
        }
        all
    }

    fn price(&mut self, dollars: i64) -> Vec<(State, Event)> {
        self.now = self.now.plus_seconds(1).unwrap();
        self.markets.indices[0] = dollars * 1_000;
        let batch = self.markets.batch(&self.state, self.now, None, &mut Random::of(1, "prices"));
        self.run(&Command::Prices(batch))
    }

    /// What is wrong with these events, and with the state after them.
    fn wrong(&self, events: &[(State, Event)]) -> Vec<&'static str> {
        let mut closing = Closing::default();
        let mut found = Vec::new();
        for (state, event) in events {
            found.extend(closing.before(state, event, self.now, |_, _| stands(level::State::Liquidating)));
        }
        found.extend(closing.after(&self.state, self.now));
        found.into_iter().filter_map(|(_, wrong)| wrong).map(|Wrong { promise, .. }| promise).collect()
    }
}

/// Bought by the long one; of an order, sold.
fn trade(quantity: &str, price: &str, order: Option<OrderId>) -> Command {
    let (long, other) = (TradeSide { account: LONG, order }, TradeSide { account: OTHER, order: None });
    let (buyer, seller) = if order.is_some() { (other, long) } else { (long, other) };
    let price = Price::new(decimal(price), world::asset("USDC"));
    Command::Trade { contract: BTC, quantity: Quantity(decimal(quantity)), price, buyer, seller, taker: Side::Buy }
}

fn order() -> OpenOrder {
    let price = Price::new(decimal("50000"), world::asset("USDC"));
    OpenOrder { contract: BTC, side: Side::Buy, quantity: Quantity(decimal("1")), price, reduce_only: false }
}

fn changed(events: &[(State, Event)], change: impl Fn(&mut State, &mut Event)) -> Vec<(State, Event)> {
    let mut events = events.to_vec();
    events.iter_mut().for_each(|(state, event)| change(state, event));
    events
}

#[expect(clippy::unnecessary_wraps, reason = "what a book says of an account, if anything")]
fn stands(side: level::State) -> Option<Stands> {
    Some(Stands { side, maintenance: 1.0, net_value: 1.0 })
}

#[test]
fn the_books_follow_a_wave_a_fill_with_its_penalty_and_a_takeover() {
    let mut venue = Venue::new();
    let rules = LiquidationRules { policy: Policy::ProRata, ..LiquidationRules::default() };
    venue.run(&Command::SetLiquidation(Box::new(rules)));
    let wave = venue.price(54_000);
    assert_eq!(venue.wrong(&wave), Vec::<&str>::new());
    let placed = |(_, event): &(State, Event)| match event {
        Event::OrderPlaced { order, terms, .. } if terms.contract == BTC => Some((*order, terms.clone())),
        _ => None,
    };
    let (order, terms) = wave.iter().find_map(placed).unwrap();
    let filled = venue.run(&trade("0.5", &terms.price.value.to_string(), Some(order)));
    assert_eq!(venue.wrong(&filled), Vec::<&str>::new());
    let penalty = |by: &'static str| {
        changed(&filled, |_, event| {
            if let Event::Traded { seller, .. } = event {
                assert!(seller.penalty.signum() > 0);
                seller.penalty = seller.penalty.times(decimal(by), plimsoll_core::Rounding::Up).unwrap();
            }
        })
    };
    assert_eq!(venue.wrong(&penalty("1.01")), [closing::PENALTY]);
    let taken = venue.price(40_000);
    assert_eq!(venue.wrong(&taken), Vec::<&str>::new());
    for id in [LONG, OTHER] {
        assert_eq!(same::account(&venue.state, &venue.mirror, id), None);
    }
    assert_eq!(same::house(&venue.state, &venue.mirror), vec![]);
    assert!(venue.state.accounts[0].holdings.is_empty());
}

#[test]
fn orders_that_open_or_leave_the_band_are_found() {
    let mut venue = Venue::new();
    let wave = venue.price(54_000);
    let bad = |change: &dyn Fn(&mut OpenOrder)| {
        let these = changed(&wave, |_, event| {
            if let Event::OrderPlaced { terms, .. } = event {
                change(terms);
            }
        });
        venue.wrong(&these)
    };
    let placed = wave.iter().filter(|(_, event)| matches!(event, Event::OrderPlaced { .. })).count();
    let all = vec![hedging::ORDERS; placed];
    assert_eq!(bad(&|terms| terms.price.value = Decimal::from_int(1)), all);
    assert_eq!(bad(&|terms| terms.contract = ContractId(4)), all, "spot");
    assert!(hedging::cleared(&venue.state, LONG).is_some(), "a wave's orders beside the next");
    // Spot of what is there, or owed, and no more of it.
    let spot = |has: &str, side: Side, of: &str| {
        let these = changed(&wave, |state, event| {
            let funds = state.accounts[0].funds.entry(world::asset("ETH")).or_default();
            (funds.cash, funds.borrowed) = (decimal(has), Decimal::ONE);
            if let Event::OrderPlaced { terms, .. } = event {
                (terms.contract, terms.side, terms.quantity) = (ContractId(4), side, Quantity(decimal(of)));
                terms.price = state
                    .market
                    .marks
                    .get(&ContractId(4))
                    .and_then(|mark| mark.price)
                    .map_or(terms.price, |price| Price::new(price, terms.price.quote));
            }
        });
        venue.wrong(
            &these[..these.iter().position(|(_, event)| matches!(event, Event::OrderPlaced { .. })).unwrap() + 1],
        )
    };
    assert_eq!(spot("3", Side::Sell, "2"), Vec::<&str>::new());
    assert_eq!(spot("3", Side::Sell, "2.01"), [hedging::ORDERS]);
    assert_eq!(spot("3", Side::Buy, "0.01"), [hedging::ORDERS]);
    assert_eq!(spot("-3", Side::Buy, "4"), Vec::<&str>::new());
    assert_eq!(spot("-3", Side::Buy, "4.01"), [hedging::ORDERS]);
}

#[test]
fn who_is_closed_above_the_line_is_found() {
    let mut venue = Venue::new();
    let wave = venue.price(54_000);
    let mut closing = Closing::default();
    let found = wave
        .iter()
        .flat_map(|(state, event)| closing.before(state, event, venue.now, |_, _| stands(level::State::Called)));
    let wrong: Vec<Wrong> = found.filter_map(|(_, wrong)| wrong).collect();
    assert_eq!(wrong[0].promise, closing::CLOSED);
}

#[test]
fn a_counterparty_that_pays_too_much_is_found() {
    let mut venue = Venue::new();
    let mut rules = LiquidationRules { waves_max: 1, cooldown_s: 1, ..LiquidationRules::default() };
    venue.run(&Command::SetLiquidation(Box::new(rules.clone())));
    venue.price(54_000);
    let matched = venue.price(54_000);
    assert_eq!(venue.wrong(&matched), Vec::<&str>::new());
    let at = |events: &[(State, Event)], more: &'static str| {
        changed(events, |_, event| {
            if let Event::Traded { price, closes: Some(_), .. } = event {
                price.value = price.value.plus(decimal(more)).unwrap();
            }
        })
    };
    // A solvent account is matched at the mark and nowhere else.
    assert_eq!(venue.wrong(&at(&matched, "0.01")), [closing::MATCHED]);
    assert_eq!(venue.wrong(&at(&matched, "-0.01")), [closing::MATCHED]);
    // An insolvent one no further than the entry of who gained.
    let mut venue = Venue::new();
    rules.budgets.event = Some(Decimal::ZERO);
    venue.run(&Command::SetLiquidation(Box::new(rules)));
    let matched = venue.price(48_000);
    assert_eq!(venue.wrong(&matched), Vec::<&str>::new());
    assert_eq!(venue.wrong(&at(&matched, "20000")), [closing::MATCHED, closing::BORNE]);
    // Within what was gained, and a dollar a coin beyond what the account is short of.
    assert_eq!(venue.wrong(&at(&matched, "1")), [closing::BORNE]);
    assert_eq!(venue.wrong(&at(&matched, "-1")), Vec::<&str>::new());
}

#[test]
fn who_is_matched_out_of_their_order_is_found() {
    let mut venue = Venue::new();
    let third = AccountId(2);
    venue.run(&Command::OpenAccount { terms: terms("third") });
    for (account, dollars) in [(third, 100_000_000), (LONG, 100_000)] {
        let amount = world::amount(Decimal::from_int(dollars), "USDC");
        venue.run(&Command::Deposit { account, amount });
    }
    // Who sold as many at a better price gained more for what they put up.
    let Command::Trade { contract, quantity, buyer, taker, .. } = trade("10", "61000", None) else { panic!() };
    let (price, seller) =
        (Price::new(decimal("61000"), world::asset("USDC")), TradeSide { account: third, order: None });
    venue.run(&Command::Trade { contract, quantity, price, buyer, seller, taker });
    let matched = venue.price(45_000);
    assert_eq!(venue.wrong(&matched), Vec::<&str>::new());
    let forced = |(_, event): &(State, Event)| matches!(event, Event::Traded { closes: Some(_), .. });
    let places: Vec<usize> = (0..matched.len()).filter(|at| forced(&matched[*at])).collect();
    let other_way = |events: &[(State, Event)]| {
        let mut events = events.to_vec();
        events.swap(places[0], places[1]);
        events
    };
    assert_eq!((places.len(), venue.wrong(&other_way(&matched))), (2, vec![closing::FIRST]));
}

#[test]
fn a_fund_that_takes_more_than_it_pays_for_is_found() {
    let mut venue = Venue::new();
    venue.run(&Command::Deposit { account: LONG, amount: world::amount(Decimal::from_int(20), "ETH") });
    let rules = LiquidationRules { waves_max: 1, cooldown_s: 1, ..LiquidationRules::default() };
    venue.run(&Command::SetLiquidation(Box::new(rules)));
    venue.price(49_000);
    let taken = venue.price(49_000);
    assert_eq!(venue.wrong(&taken), Vec::<&str>::new());
    let more = |by: &'static str| {
        let mut changes = 0;
        let events = taken.iter().cloned().map(|(state, mut event)| {
            if let Event::Covered { by: Cover::Collateral, amount, .. } = &mut event {
                amount.value = amount.value.times(decimal(by), plimsoll_core::Rounding::Up).unwrap();
                changes += 1;
            }
            (state, event)
        });
        let events: Vec<(State, Event)> = events.collect();
        assert_eq!(changes, 1);
        venue.wrong(&events)
    };
    assert_eq!(more("1.001"), [closing::TAKEN]);
    assert_eq!(more("0.999"), Vec::<&str>::new());
}

#[test]
fn a_bonus_beyond_what_was_said_is_found() {
    let mut venue = Venue::new();
    let auction = AuctionTerms {
        starting_fraction: Decimal::ONE,
        cutoff_fraction: Decimal::new(5, 1),
        fast_seconds: 10,
        slow_seconds: 10,
        insolvent_seconds: 10,
        buffer: Decimal::ZERO,
        value_cutoff: Decimal::ZERO,
    };
    let rules = LiquidationRules { waves_max: 1, cooldown_s: 1, auction: Some(auction), ..LiquidationRules::default() };
    venue.run(&Command::SetLiquidation(Box::new(rules)));
    (0..5).for_each(|_| drop(venue.price(54_000)));
    let bid = Command::Bid { account: LONG, bidder: OTHER, share: Decimal::ONE, bonus_min: Decimal::ONE };
    let taken = venue.run(&bid);
    assert_eq!(venue.wrong(&taken), Vec::<&str>::new());
    let said = |by: &'static str| {
        changed(&taken, |_, event| {
            if let Event::AuctionBid { bonus, .. } = event {
                *bonus = bonus.times(decimal(by), plimsoll_core::Rounding::Up).unwrap();
            }
        })
    };
    // More than the discount of the share; and less than what was had for it.
    assert_eq!(venue.wrong(&said("3")), [closing::OFFERED]);
    assert_eq!(venue.wrong(&said("0.9")), [closing::OFFERED]);
    let at = |more: &'static str| {
        changed(&taken, |_, event| {
            if let Event::Traded { price, closes: Some(_), .. } = event {
                price.value = price.value.plus(decimal(more)).unwrap();
            }
        })
    };
    assert_eq!(venue.wrong(&at("-1")), [closing::OFFERED], "cheaper than for the bonus");
    assert_eq!(venue.wrong(&at("1000")), [closing::OFFERED], "above the mark");
    let none = changed(&taken, |state, _| state.accounts[0].liquidation = None);
    assert_eq!(venue.wrong(&none), [closing::OFFERED], "not on offer");
}

#[test]
fn closing_orders_of_who_is_cured_are_found() {
    let mut venue = Venue::new();
    let wave = venue.price(54_000);
    assert_eq!(venue.wrong(&wave), Vec::<&str>::new());
    assert_eq!(hedging::left_over(&venue.state), None);
    venue.state.accounts[0].standing.state = level::State::Called;
    assert_eq!(venue.wrong(&wave), [hedging::CURED]);
    venue.run(&Command::Place { account: OTHER, order: OrderId(7), terms: order() });
    venue.state.accounts[0].orders.clear();
    assert_eq!(hedging::left_over(&venue.state), None, "an order of one's own is no closing order");
}

#[test]
fn a_match_and_a_haircut_beyond_their_budgets_are_found() {
    let mut venue = Venue::new();
    let mut rules = LiquidationRules { waves_max: 1, cooldown_s: 1, ..LiquidationRules::default() };
    rules.budgets.event = Some(Decimal::ZERO);
    venue.run(&Command::SetLiquidation(Box::new(rules)));
    let matched = venue.price(48_000);
    let with = |matched: Option<i64>, haircut: Option<i64>| {
        move |state: &mut State, _: &mut Event| {
            let budgets = &mut state.liquidation.budgets;
            (budgets.matched, budgets.haircut) = (matched.map(Decimal::from_int), haircut.map(Decimal::from_int));
        }
    };
    assert_eq!(venue.wrong(&changed(&matched, with(Some(600_000), Some(30_000)))), Vec::<&str>::new());
    assert_eq!(venue.wrong(&changed(&matched, with(Some(400_000), None))), [budgets::WITHIN]);
    assert_eq!(venue.wrong(&changed(&matched, with(None, Some(10_000)))), [budgets::WITHIN]);
}

#[test]
fn a_debt_that_nobody_shares_who_gained_is_found() {
    let mut venue = Venue::new();
    let rich = AccountId(u32::try_from(venue.state.accounts.len()).unwrap());
    venue.run(&Command::OpenAccount { terms: terms("rich") });
    let amount = world::amount(Decimal::from_int(100_000_000), "USDC");
    venue.run(&Command::Deposit { account: rich, amount });
    let Command::Trade { contract, price, buyer, seller, taker, .. } = trade("5", "60000", None) else { panic!() };
    let (quantity, buyer) = (Quantity(decimal("5")), TradeSide { account: rich, ..buyer });
    venue.run(&Command::Trade { contract, quantity, price, buyer, seller, taker });
    let taken = venue.price(48_000);
    assert_eq!(venue.wrong(&taken), Vec::<&str>::new());
    let bad = |haircut: Option<Decimal>| {
        changed(&taken, move |state, event| {
            state.liquidation.budgets.haircut = haircut;
            if let Event::Covered { by, .. } = event {
                *by = Cover::BadDebt;
            }
        })
    };
    assert_eq!(venue.wrong(&bad(None)), [closing::BAD, sharing::SHARES]);
    venue.state.liquidation.budgets.haircut = Some(Decimal::ZERO);
    assert_eq!(venue.wrong(&bad(Some(Decimal::ZERO))), [closing::BAD], "within a budget nobody need pay");
}

#[test]
fn a_fund_that_pays_beyond_its_budget_and_debt_that_it_could_have_paid_are_found() {
    let mut venue = Venue::new();
    let taken = venue.price(48_000);
    assert_eq!(venue.wrong(&taken), Vec::<&str>::new());
    assert!(taken.iter().any(|(_, event)| matches!(event, Event::Covered { by: Cover::Fund, .. })));
    let bad = changed(&taken, |_, event| {
        if let Event::Covered { by, .. } = event {
            *by = Cover::BadDebt;
        }
    });
    assert_eq!(venue.wrong(&bad), [closing::BAD]);
    let shared = changed(&taken, |_, event| {
        if let Event::Covered { amount, lost, markets, legs, .. } = event {
            legs.iter_mut()
                .filter(|leg| leg.holder.account().is_none())
                .for_each(|leg| leg.holder = Holder::Account(OTHER));
            let (legs, markets) = (std::mem::take(legs), std::mem::take(markets));
            *event = Event::LossShared { amount: *amount, lost: *lost, markets, shares: Vec::new(), legs };
        }
    });
    assert_eq!(venue.wrong(&shared), [sharing::SHARED; 3], "what nobody booked, by two of no position");
    let usdc = (House::Insurance, world::asset("USDC"));
    let had = venue.state.house[&usdc];
    venue.state.house.insert(usdc, Decimal::new(-1, 18));
    assert_eq!(venue.wrong(&taken), [closing::FUND]);
    venue.state.house.insert(usdc, had);
    venue.state.liquidation.budgets.event = Some(Decimal::from_int(1_000));
    assert_eq!(venue.wrong(&taken), [closing::FUND]);
}

#[test]
fn debt_after_a_takeover_and_an_account_that_stays_under_are_found() {
    let mut venue = Venue::new();
    let taken = venue.price(48_000);
    let funds = venue.state.accounts[0].funds.entry(world::asset("USDC")).or_default();
    funds.cash = Decimal::from_int(-5);
    assert_eq!(venue.wrong(&taken), [closing::OUT]);
    let mut venue = Venue::new();
    venue.price(54_000);
    assert_eq!(venue.state.accounts[0].standing.state, level::State::Liquidating);
    let mut closing = Closing::default();
    let mut at = venue.now;
    let mut found = Vec::new();
    for _ in 0..400 {
        at = at.plus_seconds(1).unwrap();
        found.extend(closing.after(&venue.state, at).into_iter().filter_map(|(_, wrong)| wrong));
    }
    assert_eq!(found[0].promise, closing::ENDS);
}
