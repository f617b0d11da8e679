//! Accounts near their lines, in small moves: whoever sleeps through a move stands where a sweep would find them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Decimal, Price, Quantity, Rounding, Side, Timestamp};
use plimsoll_engine::account::{Kind, TopUp};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::market::PriceBatch;
use plimsoll_engine::state::Lines;
use plimsoll_engine::step::explain;
use plimsoll_engine::{
    AccountTerms, Asleep, Book, Command, ContractId, Event, House, OpenOrder, OrderId, Refusal, State, evolve, step,
};
use plimsoll_margin::level::{self, Level, Policy};
use plimsoll_pricing::instruments::{Instrument, Spot};
use support::{
    BTC_PERP, BTC_USDC, CALL, ETH_SPOT, ETH_USDC, LINEAR_CALL, PUT, Random, Venue, amount, asset, batch, decimal,
};

const MODELS: [&str; 4] = ["plimsoll", "cross", "deribit-portfolio", "okx-discount"];
const TRADED: [ContractId; 6] = [BTC_PERP, BTC_USDC, ETH_USDC, CALL, PUT, LINEAR_CALL];
const OWNERS: i64 = 9;
const MAKER: AccountId = AccountId(0);

/// Indices in thousandths.
#[derive(Clone, Copy)]
struct Indices {
    btc: i64,
    eth: i64,
}

impl Indices {
    fn of(self, contract: ContractId) -> Decimal {
        let is_btc = [BTC_PERP, BTC_USDC, CALL, PUT].contains(&contract);
        Decimal::new(if is_btc { self.btc } else { self.eth }, 3)
    }

    fn batch(self, now: Timestamp) -> PriceBatch {
        batch(now, &Decimal::new(self.btc, 3), &Decimal::new(self.eth, 3))
    }
}

/// A venue of some forty accounts: a main one, a bucket that draws from it, two desks in a group and one beside it, of
/// each owner.
fn crowd(random: &mut Random, indices: Indices) -> Venue {
    let mut venue = Venue::new();
    for model in MODELS {
        venue.run(set_model(model, Policy::default(), Vec::new(), venue.now, 0));
    }
    venue.run(Command::Prices(indices.batch(venue.now)));
    venue.account_with("maker", |terms| terms.kind = Kind::Outside);
    venue.run(Command::FundHouse { house: House::Lending, amount: amount("1000000 USDC") });
    for owner in 0..OWNERS {
        let model = if owner == 7 { MODELS[3] } else { MODELS[0] };
        let of = |terms: &mut AccountTerms| {
            (terms.owner, terms.model) = (format!("owner-{owner}").into(), model.into());
        };
        let parent = venue.account_with(&format!("main-{owner}"), of);
        venue.account_with(&format!("bucket-{owner}"), |terms| {
            of(terms);
            terms.parent = Some(parent);
            terms.top_up = Some(TopUp { asset: asset("USDC"), limit: decimal("4000") });
        });
        for desk in 0..3 {
            venue.account_with(&format!("desk-{owner}-{desk}"), |terms| {
                of(terms);
                terms.group = (desk < 2).then(|| "desks".into());
            });
        }
    }
    let all: Vec<AccountId> = venue.state.numbered().map(|(id, _)| id).filter(|id| *id != MAKER).collect();
    for id in all {
        for held in ["9000 USDC", "0.2 BTC", "1 ETH"] {
            venue.run(Command::Deposit { account: id, amount: amount(held) });
        }
        // Some owners keep enough in their main accounts for what their others may need.
        let terms = &venue.state.accounts[id.index()].terms;
        if terms.name.starts_with("main") && id.0 % 3 != 0 {
            venue.run(Command::Deposit { account: id, amount: amount("20000 USDC") });
        } else {
            lean(&mut venue, random, id, indices);
        }
    }
    venue
}

fn set_model(
    model: &str,
    policy: Policy,
    parameters: Vec<(Arc<str>, Arc<str>)>,
    from: Timestamp,
    ramp_s: u32,
) -> Command {
    let lines = Lines { policy, call_s: 600 };
    Command::SetModel { name: model.into(), model: model.into(), parameters, lines, from, ramp_s }
}

/// Trades an account against the maker until it has little more than one of its lines asks for.
fn lean(venue: &mut Venue, random: &mut Random, id: AccountId, indices: Indices) {
    let contract = TRADED[usize::try_from(random.below(3)).unwrap()];
    let way = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
    let target = Decimal::new(995 + random.below(60), 3);
    for _ in 0..6 {
        let Ok(margin) = explain(&venue.state, &mut venue.book, id) else { return };
        let line = margin.levels.at(Level::Initial);
        // What a lot asks for is learnt from a first one.
        let room = line.equity.minus(line.requirement.times(target, Rounding::Up).unwrap()).unwrap();
        if room.signum() <= 0 {
            return;
        }
        let held = venue.state.accounts[id.index()].holding(contract).quantity.0.abs();
        let lot = venue.state.contracts[contract.index()].instrument.terms().lot_size.0;
        let more = if held.is_zero() || line.requirement.is_zero() {
            lot
        } else {
            held.times_ratio(room, line.requirement, Rounding::Down).unwrap_or(lot)
        };
        let lots = more.over(lot, Rounding::Down).unwrap().rounded(0, Rounding::Down).unwrap();
        let quantity =
            Quantity(lot.times(lots.max(Decimal::ONE).min(Decimal::from_int(20_000)), Rounding::Down).unwrap());
        venue.run(trade(venue, contract, quantity, indices.of(contract), way, id, None));
    }
}

fn trade(
    venue: &Venue,
    contract: ContractId,
    quantity: Quantity,
    price: Decimal,
    way: Side,
    id: AccountId,
    order: Option<OrderId>,
) -> Command {
    let price = Price::new(price, venue.state.contracts[contract.index()].instrument.price_asset());
    let (it, maker) = (TradeSide { account: id, order }, TradeSide { account: MAKER, order: None });
    let (buyer, seller) = if way == Side::Buy { (it, maker) } else { (maker, it) };
    Command::Trade { contract, quantity, price, buyer, seller, taker: way }
}

/// One of `these`.
fn one<T: Clone>(random: &mut Random, these: &[T]) -> T {
    these[usize::try_from(random.below(i64::try_from(these.len()).unwrap())).unwrap()].clone()
}

/// What may happen to accounts near their lines; mostly prices that move a little.
#[allow(clippy::too_many_lines, reason = "an arm a command")]
fn draw(random: &mut Random, venue: &Venue, at: usize, indices: &mut Indices) -> Command {
    let state = &venue.state;
    let accounts = i64::try_from(state.accounts.len()).unwrap();
    let id = AccountId(u32::try_from(1 + random.below(accounts - 1)).unwrap());
    let account = &state.accounts[id.index()];
    let owned: Vec<AccountId> =
        state.numbered().filter(|(_, other)| other.terms.owner == account.terms.owner).map(|(id, _)| id).collect();
    let value = one(random, &["30", "200", "800", "2500"]);
    let some = if random.below(4) == 0 {
        Amount::new(decimal("0.004"), asset("BTC"))
    } else {
        amount(&format!("{value} USDC"))
    };
    let contract = one(random, &TRADED);
    let lot = state.contracts[contract.index()].instrument.terms().lot_size.0;
    let quantity = Quantity(lot.times(Decimal::from_int(1 + random.below(12)), Rounding::Down).unwrap());
    let way = one(random, &[Side::Buy, Side::Sell]);
    let price = match &state.contracts[contract.index()].instrument {
        Instrument::Option(option) if option.terms.settlement == asset("BTC") => Decimal::new(1 + random.below(500), 4),
        Instrument::Option(_) => Decimal::from_int(1 + random.below(200)),
        _ => indices.of(contract).times(Decimal::new(997 + random.below(7), 3), Rounding::HalfEven).unwrap(),
    };
    let terms = |reduce_only| {
        let price = Price::new(price, state.contracts[contract.index()].instrument.price_asset());
        OpenOrder { contract, side: way, quantity, price, reduce_only }
    };
    match random.below(1_000) {
        0..=499 => {
            let most = one(random, &[1, 2, 5, 5, 10, 40]);
            indices.btc = indices.btc * (10_000 + random.below(2 * most + 1) - most) / 10_000;
            indices.eth = indices.eth * (10_000 + random.below(2 * most + 1) - most) / 10_000;
            let mut batch = indices.batch(venue.now);
            if random.below(80) == 0 {
                // One feed falls silent, or only marks move.
                let silent = usize::try_from(random.below(4)).unwrap();
                batch.quotes.remove(silent);
            }
            Command::Prices(batch)
        }
        500..=569 => {
            Command::Place { account: id, order: OrderId(at.try_into().unwrap()), terms: terms(random.below(4) == 0) }
        }
        570..=609 => {
            Command::Cancel { account: id, order: account.orders.keys().next().copied().unwrap_or(OrderId(0)) }
        }
        610..=649 => match account.orders.iter().next() {
            Some((order, open)) => {
                trade(venue, open.contract, open.quantity, open.price.value, open.side, id, Some(*order))
            }
            None => trade(venue, contract, quantity, price, way, id, None),
        },
        650..=679 => trade(venue, contract, quantity, price, way, id, None),
        680..=689 => trade(venue, ETH_SPOT, Quantity(decimal("0.1")), indices.of(ETH_SPOT), way, id, None),
        690..=729 => Command::Deposit { account: id, amount: some },
        730..=759 => Command::Withdraw { account: id, amount: some },
        760..=849 => {
            let from = if random.below(2) == 0 { owned[0] } else { id };
            Command::Transfer { from, to: one(random, &owned), amount: some }
        }
        850..=859 => Command::Borrow { account: id, amount: some },
        860..=869 => Command::Repay { account: id, amount: some },
        870..=879 => {
            Command::PayFunding { contract: one(random, &TRADED[..3]), rate: Decimal::new(random.below(41) - 20, 5) }
        }
        880..=929 => {
            let mut terms = account.terms.clone();
            match random.below(5) {
                0 => terms.group = None,
                1 | 2 => terms.group = Some(one(random, &["desks", "others"]).into()),
                3 => terms.credit_line = Decimal::from_int(random.below(600)),
                _ => terms.model = one(random, &MODELS[..2]).into(),
            }
            if let Some(top_up) = &mut terms.top_up {
                top_up.limit = Decimal::from_int(4_000 + random.below(4_000));
            }
            Command::AmendAccount { account: id, terms }
        }
        930..=933 => {
            // One more desk, which may bring a credit line or dearer fees to those it joins.
            let mut terms = account.terms.clone();
            (terms.name, terms.parent, terms.top_up) = (format!("late-{at}").into(), None, None);
            terms.group = Some(one(random, &["desks", "others"]).into());
            terms.credit_line = Decimal::from_int(random.below(600));
            terms.taker_fee_rate = one(random, &[terms.taker_fee_rate, decimal("0.002")]);
            Command::OpenAccount { terms }
        }
        934..=939 => Command::Freeze { account: id, frozen: !account.frozen, reason: "asked".into() },
        940..=942 => rarer(random, venue, at),
        _ => Command::Tick,
    }
}

/// What voids every certificate, or ought to.
fn rarer(random: &mut Random, venue: &Venue, at: usize) -> Command {
    let state = &venue.state;
    match random.below(5) {
        0 => {
            let rules = state.assets[&asset("BTC")].clone();
            Command::ListAsset { asset: asset("BTC"), rules }
        }
        1 => {
            let Instrument::Spot(mut spot) = state.contracts[ETH_SPOT.index()].instrument.clone() else { panic!() };
            spot.terms.name = format!("ETH_USDC-{at}").into();
            Command::ListContract { instrument: Instrument::Spot(Spot { terms: spot.terms }) }
        }
        2 => Command::FundHouse { house: House::Insurance, amount: amount("10 USDC") },
        _ => {
            let model = one(random, &MODELS[..2]);
            let fill = Decimal::new(70 + random.below(25), 2);
            let policy = Policy { fill, ..Policy::default() };
            let share = format!("0.{}", 10 + random.below(10));
            let parameters = if model == MODELS[0] { vec![("price_range".into(), share.into())] } else { Vec::new() };
            set_model(model, policy, parameters, venue.now, 60 * u32::try_from(random.below(20)).unwrap())
        }
    }
}

/// Facts that are followed, with a book that is now and then the one that a snapshot of a while ago makes.
struct Restarted {
    state: State,
    book: Book,
    /// What the snapshot said, and how many commands it is until somebody opens it.
    snapshot: Option<(Asleep, i64)>,
    restarts: usize,
}

impl Restarted {
    /// Decides `command` on what was followed so far.
    fn step(&mut self, random: &mut Random, command: &Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let Self { state, book, snapshot, restarts } = self;
        match snapshot.take() {
            None if random.below(4) == 0 => {
                let facts = state.clone();
                let told = Asleep::told(state, NonZeroUsize::MIN);
                assert!(*state == facts, "to tell who may sleep changes nothing");
                *snapshot = Some((Asleep::of(state, &told).expect("these facts"), random.below(40)));
            }
            Some((asleep, 0)) => (*book, *restarts) = (asleep.into_book(state), *restarts + 1),
            Some((asleep, left)) => *snapshot = Some((asleep, left - 1)),
            None => {}
        }
        let mut decided = state.clone();
        let events = step(&mut decided, book, command, at);
        for event in events.iter().flatten() {
            snapshot.iter_mut().for_each(|(asleep, _)| asleep.see(state, event));
            evolve(state, event, at);
        }
        // A refusal is no event, but time has passed.
        *state = decided;
        events
    }
}

/// What was seen on a day.
#[derive(Default)]
struct Seen {
    levels: usize,
    drawn: usize,
    restarts: usize,
}

/// A day on which one book is kept, another dropped with one in `drops` commands, and a third begun from snapshots.
fn day(seed: u64, commands: usize, drops: i64) -> Seen {
    let mut random = Random(seed);
    let mut coin = Random(seed ^ 0xd0d0);
    let mut indices = Indices { btc: 60_000_000, eth: 3_000_000 };
    let mut kept = crowd(&mut random, indices);
    let (mut forgetful, mut book) = (kept.state.clone(), Book::new());
    let mut restarted = Restarted { state: kept.state.clone(), book: Book::new(), snapshot: None, restarts: 0 };
    let mut seen = Seen::default();
    for at in 0..commands {
        if coin.below(drops) == 0 {
            book = Book::new();
        }
        // Now and then nothing is heard for so long that prices are not to be trusted.
        let pause = if random.below(80) == 0 { 400 } else { random.below(8) };
        kept.wait(pause);
        let command = draw(&mut random, &kept, at + 1, &mut indices);
        let slept = step(&mut kept.state, &mut kept.book, &command, kept.now);
        let swept = step(&mut forgetful, &mut book, &command, kept.now);
        assert!(slept == swept, "seed {seed}, command {at}, {command:?}:\nslept {slept:#?}\nswept {swept:#?}");
        let again = restarted.step(&mut coin, &command, kept.now);
        assert!(again == swept, "seed {seed}, command {at}, {command:?}:\nagain {again:#?}\nswept {swept:#?}");
        for event in slept.into_iter().flatten() {
            match event {
                Event::LevelChanged { .. } => seen.levels += 1,
                Event::Transferred { top_up: true, .. } => seen.drawn += 1,
                _ => {}
            }
        }
    }
    assert!(kept.state == forgetful && kept.state == restarted.state);
    seen.restarts = restarted.restarts;
    seen
}

#[test]
fn who_sleeps_stands_where_a_sweep_would_find_them() {
    for (seed, drops) in [(1, 3), (2, 1), (3, 2), (4, 9)] {
        let seen = day(seed, 400, drops);
        assert!(seen.levels > 100, "seed {seed}: {} changes of level", seen.levels);
        assert!(seen.drawn > 0, "seed {seed}: nothing was drawn from a parent");
        assert!(seen.restarts > 8, "seed {seed}: {} restarts", seen.restarts);
    }
}

/// A venue with prices, under the first model.
fn priced() -> Venue {
    let mut venue = Venue::new();
    let model = set_model(MODELS[0], Policy::default(), Vec::new(), venue.now, 0);
    venue.run(model);
    venue.prices("60000", "3000");
    venue
}

/// Who was hedged in a group when a snapshot was taken is not when it is opened.
#[test]
fn who_is_left_by_a_group_after_a_snapshot_wakes_with_the_next_price() {
    let mut venue = priced();
    let desk = |terms: &mut AccountTerms| (terms.owner, terms.group) = ("owner".into(), Some("desks".into()));
    let (left, leaver) = (venue.account_with("left", desk), venue.account_with("leaver", desk));
    for id in [left, leaver] {
        venue.run(Command::Deposit { account: id, amount: amount("12000 USDC") });
    }
    venue.trade(BTC_USDC, "1", "60000", left, leaver);
    let told = Asleep::told(&mut venue.state, NonZeroUsize::MIN);
    let mut snapshot = Asleep::of(&venue.state, &told).unwrap();
    let mut followed = venue.state.clone();
    let mut terms = venue.state.accounts[leaver.index()].terms.clone();
    terms.group = None;
    for event in venue.run(Command::AmendAccount { account: leaver, terms }) {
        snapshot.see(&followed, &event);
        evolve(&mut followed, &event, venue.now);
    }
    venue.book = snapshot.into_book(&followed);
    venue.prices("55000", "3000");
    assert!(venue.state.accounts[left.index()].standing.state > level::State::Healthy);
}

/// What was told of other facts, or is damaged, is worth nothing and does no harm.
#[test]
fn what_is_no_telling_of_these_facts_wakes_everybody() {
    let mut random = Random(5);
    let mut venue = crowd(&mut random, Indices { btc: 60_000_000, eth: 3_000_000 });
    let told = Asleep::told(&mut venue.state, NonZeroUsize::MIN);
    assert!(Asleep::of(&venue.state, &told).is_some());
    for end in 0..told.len() {
        assert!(Asleep::of(&venue.state, &told[..end]).is_none(), "cut at {end}");
    }
    let mut taken = 0;
    for _ in 0..400 {
        let mut damaged = told.clone();
        let at = usize::try_from(random.below(i64::try_from(told.len()).unwrap())).unwrap();
        damaged[at] ^= 1 << random.below(8);
        if let Some(asleep) = Asleep::of(&venue.state, &damaged) {
            let _ = asleep.into_book(&venue.state);
            taken += 1;
        }
    }
    // Who is due and at what threshold a certificate stands is taken at its word: the snapshot's checksum speaks for it.
    assert!(taken < 400, "{taken}");
    venue.prices("61000", "3000");
    assert!(Asleep::of(&venue.state, &told).is_none(), "another market");
}

/// Whoever joins others stands where they do, and what they may lean on is theirs at once.
#[test]
fn who_is_opened_into_a_group_is_margined_with_it() {
    let mut venue = priced();
    venue.account_with("maker", |terms| terms.kind = Kind::Outside);
    let desk = |terms: &mut AccountTerms| (terms.owner, terms.group) = ("owner".into(), Some("desks".into()));
    let first = venue.account_with("first", desk);
    venue.run(Command::Deposit { account: first, amount: amount("12000 USDC") });
    venue.trade(BTC_USDC, "1", "60000", first, AccountId(0));
    venue.prices("55000", "3000");
    let state = |venue: &Venue, id: AccountId| venue.state.accounts[id.index()].standing.state;
    assert!(state(&venue, first) > level::State::Healthy, "{}", state(&venue, first));
    let second = venue.account_with("second", desk);
    assert_eq!(state(&venue, second), state(&venue, first));
    let third = venue.account_with("third", |terms| {
        desk(terms);
        terms.credit_line = decimal("1000000");
    });
    assert_eq!([first, second, third].map(|id| state(&venue, id)), [level::State::Healthy; 3]);
}

/// Whoever holds nothing is not margined, and so is not certified anew when cash leaves: what its old certificate spared
/// for orders is not there any more.
#[test]
fn nobody_orders_on_what_was_withdrawn_while_nothing_was_held() {
    let mut venue = priced();
    let trader = venue.funded("trader", "9000 USDC");
    venue.prices("60000", "3000");
    let order = venue.order(BTC_USDC, Side::Buy, "0.01", "60000");
    venue.place(trader, 1, order.clone()).unwrap();
    venue.run(Command::Cancel { account: trader, order: OrderId(1) });
    venue.run(Command::Withdraw { account: trader, amount: amount("8999 USDC") });
    let refused = venue.place(trader, 2, order).unwrap_err();
    assert!(matches!(refused, Refusal::InitialMarginShort { .. }), "{refused:?}");
}
