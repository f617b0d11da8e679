//! Random days at a small venue: what must hold whatever happens.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Decimal, Decode, Digest, Encode, Quantity, Side};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::state::StateHash;
use plimsoll_engine::{Book, Command, ContractId, Event, House, OrderId, State};
use support::{Random, Venue, asset, decimal};

/// What a random day ended in.
struct Day {
    venue: Venue,
    decided: usize,
    refused: BTreeMap<String, usize>,
    root: Digest,
}

/// A day of `commands`, with the book dropped with one in `drops` commands; never for zero.
fn day(seed: u64, commands: usize, drops: i64) -> Day {
    let mut random = Random(seed);
    let mut drop = Random(seed ^ 0xd0d0);
    let mut venue = Venue::new();
    let mut day_hash = StateHash::of(&venue.state);
    for at in 0..12 {
        let name = format!("trader-{at}");
        let account = venue.account_with(&name, |terms| {
            if at % 5 == 1 {
                terms.model = "cross".into();
            }
            // Two desks of one owner are margined together.
            if at >= 10 {
                terms.owner = "pair".into();
                terms.group = Some("pair".into());
            }
        });
        for held in ["150000 USDC", "2 BTC", "20 ETH"] {
            venue.run(Command::Deposit { account, amount: support::amount(held) });
        }
    }
    venue.run(Command::FundHouse { house: House::Lending, amount: support::amount("500000 USDC") });
    day_hash.root(&venue.state);
    day_hash = StateHash::of(&venue.state);
    let (mut decided, mut refused) = (0, BTreeMap::new());
    let (mut btc, mut eth) = (60_000, 3_000);
    for at in 0..commands {
        if drops > 0 && drop.below(drops) == 0 {
            venue.book = Book::new();
        }
        venue.wait(random.below(3_600));
        let command = command(&mut random, &venue, at, (&mut btc, &mut eth));
        assert_eq!(Command::decode_all(&command.encoded()).as_ref(), Ok(&command));
        match venue.ask(&command) {
            Ok(events) => {
                decided += 1;
                events.iter().for_each(|event| day_hash.touched(event));
            }
            Err(refusal) => {
                let kind: String = format!("{refusal:?}").chars().take_while(|it| it.is_alphanumeric()).collect();
                *refused.entry(kind).or_default() += 1;
            }
        }
        check(&venue.state);
    }
    let root = day_hash.root(&venue.state);
    Day { venue, decided, refused, root }
}

fn command(random: &mut Random, venue: &Venue, at: usize, (btc, eth): (&mut i64, &mut i64)) -> Command {
    let accounts = i64::try_from(venue.state.accounts.len()).unwrap();
    let mut account = || AccountId(u32::try_from(random.below(accounts)).unwrap());
    let (one, other) = (account(), account());
    let contract = ContractId(u32::try_from(random.below(9)).unwrap());
    let instrument = &venue.state.contracts[contract.index()].instrument;
    let lots = Decimal::from_int(1 + random.below(200));
    let quantity = Quantity(instrument.terms().lot_size.0.times(lots, plimsoll_core::Rounding::HalfEven).unwrap());
    let price = price(random, instrument, *btc, *eth);
    let value = Decimal::new(1 + random.below(300_000_000), 4);
    let coin = ["USDC", "BTC", "ETH"][usize::try_from(random.below(3)).unwrap()];
    let amount = Amount::new(
        if coin == "USDC" {
            value
        } else {
            value.over(Decimal::from_int(20_000), plimsoll_core::Rounding::Up).unwrap()
        },
        asset(coin),
    );
    let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
    match random.below(100) {
        0..=24 => {
            let mut terms = venue.order(contract, side, "1", "1");
            (terms.quantity, terms.price, terms.reduce_only) = (quantity, price, random.below(5) == 0);
            Command::Place { account: one, order: OrderId(at.try_into().unwrap()), terms }
        }
        25..=34 => {
            let order = venue.state.accounts[one.index()].orders.keys().next().copied();
            Command::Cancel { account: one, order: order.unwrap_or(OrderId(7)) }
        }
        35..=64 => {
            let of = |account: AccountId, way: Side| {
                let orders = &venue.state.accounts[account.index()].orders;
                let fits = |order: &&plimsoll_engine::OpenOrder| {
                    order.contract == contract && order.side == way && order.quantity >= quantity
                };
                let order = orders.iter().find(|(_, order)| fits(order)).map(|(id, _)| *id);
                TradeSide { account, order }
            };
            let (buyer, seller) = (of(one, Side::Buy), of(other, Side::Sell));
            Command::Trade { contract, quantity, price, buyer, seller, taker: side }
        }
        65..=69 => Command::Deposit { account: one, amount },
        70..=75 => Command::Withdraw { account: one, amount },
        76..=78 => Command::Transfer { from: one, to: other, amount },
        79..=80 => Command::Borrow { account: one, amount },
        81..=82 => Command::Repay { account: one, amount },
        83..=92 => {
            *btc = (*btc * (1_000 + random.below(41) - 20) / 1_000).max(100);
            *eth = (*eth * (1_000 + random.below(61) - 30) / 1_000).max(10);
            Command::Prices(support::batch(venue.now, &Decimal::from_int(*btc), &Decimal::from_int(*eth)))
        }
        93..=94 => Command::PayFunding { contract, rate: Decimal::new(random.below(200) - 100, 5) },
        95 => Command::Freeze { account: one, frozen: random.below(2) == 0, reason: "asked".into() },
        _ => Command::Tick,
    }
}

fn price(
    random: &mut Random,
    instrument: &plimsoll_pricing::instruments::Instrument,
    btc: i64,
    eth: i64,
) -> plimsoll_core::Price {
    let index = if instrument.terms().underlying.as_str() == "BTC" { btc } else { eth };
    let near = Decimal::from_int(index)
        .times(Decimal::new(1_000 + random.below(11) - 5, 3), plimsoll_core::Rounding::HalfEven);
    let value = match instrument.strike() {
        None => near.unwrap(),
        Some(_) if instrument.price_asset() == asset("BTC") => Decimal::new(1 + random.below(800), 4),
        Some(_) => Decimal::from_int(1 + random.below(300)),
    };
    plimsoll_core::Price::new(value, instrument.price_asset())
}

/// Sums over everybody, found again from nothing.
fn check(state: &State) {
    let mut cash: BTreeMap<_, Decimal> = BTreeMap::new();
    let mut cost: BTreeMap<_, Decimal> = BTreeMap::new();
    let mut held: BTreeMap<ContractId, Decimal> = BTreeMap::new();
    for ((_, asset), value) in &state.house {
        let sum = cash.entry(*asset).or_default();
        *sum = sum.plus(*value).unwrap();
    }
    for account in &state.accounts {
        for (asset, funds) in &account.funds {
            let sum = cash.entry(*asset).or_default();
            *sum = sum.plus(funds.cash).unwrap();
            assert!(funds.borrowed.signum() >= 0 && funds.interest.signum() >= 0 && funds.principal.signum() >= 0);
        }
        for (contract, holding) in &account.holdings {
            let instrument = &state.contracts[contract.index()].instrument;
            assert!(!holding.quantity.0.is_zero(), "a position of nothing is kept");
            let sum = held.entry(*contract).or_default();
            *sum = sum.plus(holding.quantity.0).unwrap();
            if !instrument.is_paid_when_bought() {
                let sum = cost.entry(instrument.terms().settlement).or_default();
                *sum = sum.plus(holding.cost).unwrap();
            }
        }
        for order in account.orders.values() {
            assert!(order.quantity.0.signum() > 0);
        }
    }
    for (asset, sum) in cash {
        assert!(sum.is_zero(), "{asset} nets to {sum}");
        let clearing = state.held_by(House::Clearing, asset);
        let cost = cost.get(&asset).copied().unwrap_or_default();
        assert_eq!(clearing.plus(cost).unwrap(), Decimal::ZERO, "{asset}: clearing {clearing}, costs {cost}");
        let rounding = state.held_by(House::Rounding, asset).abs();
        assert!(rounding < decimal("0.000000000001"), "{asset}: rounding holds {rounding}");
    }
    for (contract, sum) in held {
        assert!(sum.is_zero(), "contract {} nets to {sum}", contract.0);
    }
}

#[test]
fn every_asset_and_contract_nets_to_zero_after_every_command() {
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=4 {
        let day = day(seed, 1_500, 0);
        assert!(day.decided > 500, "seed {seed}: {} decided", day.decided);
        for (kind, count) in day.refused {
            *refused.entry(kind).or_default() += count;
        }
        let levels = day.venue.events.iter().filter(|(_, event)| matches!(event, Event::LevelChanged { .. })).count();
        assert!(levels > 10, "seed {seed}: {levels} changes of level");
        let settled = day.venue.events.iter().filter(|(_, event)| matches!(event, Event::Settled { .. })).count();
        assert!(settled >= 5, "seed {seed}: {settled} contracts settled");
    }
    for kind in ["InitialMarginShort", "Restricted", "CashShort", "NotAllowed", "UnknownOrder", "Frozen", "Expired"] {
        assert!(refused.contains_key(kind), "nothing was refused as {kind}: {refused:?}");
    }
}

#[test]
fn folding_the_events_gives_the_same_state() {
    let day = day(5, 1_500, 0);
    let folded = day.venue.folded();
    assert!(folded == day.venue.state);
    assert_eq!(StateHash::of(&folded).root(&folded), day.root, "the hash kept leaf by leaf is the hash of the whole");
    let bytes = folded.encoded();
    assert!(State::decode_all(&bytes).unwrap() == folded, "a state is read back from its bytes");
    for (_, event) in &day.venue.events {
        assert_eq!(Event::decode_all(&event.encoded()).as_ref(), Ok(event));
    }
}

#[test]
fn dropping_the_book_at_any_moment_changes_no_event() {
    for seed in [6, 7] {
        let kept = day(seed, 700, 0);
        let dropped = day(seed, 700, 3);
        assert!(kept.venue.events == dropped.venue.events, "seed {seed}");
        assert_eq!(kept.root, dropped.root);
    }
}
