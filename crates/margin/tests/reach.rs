//! What one order, one fill or one payment does to an account: never more than its reach says.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod support;

use plimsoll_core::{Amount, Decimal, InstrumentId, Order, Position, Price, Quantity, Rounding, Side};
use plimsoll_margin::Account;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::models::{Held, Judge, Model};
use plimsoll_margin::watch::{Figures, Fill, Reach};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;
use support::random::{Random, orders, random_book};
use support::{Book, asset, decimal};

/// A book whose positions are measured from their marks, what they gained aside, as an engine keeps them.
fn measured(seed: u64, random: &mut Random) -> Book {
    let mut book = random_book(seed, 8);
    orders(&mut book, random);
    for position in &mut book.account.portfolio.positions {
        let instrument = book.market.listing().get(position.instrument).unwrap();
        position.entry_price = Some(book.market.priced(position.instrument).unwrap().mark);
        if !instrument.is_paid_when_bought() {
            let settlement = book.market.asset_price(instrument.terms().settlement).unwrap().value;
            let gain = Decimal::from_int(random.signed(20_000));
            position.unsettled_pnl = gain.over(settlement, Rounding::HalfEven).unwrap();
        }
    }
    book
}

fn margin(account: &Account, market: &Market, judge: &dyn Judge) -> Margin {
    Margin::of(account, market, judge, &Policy::default()).unwrap()
}

/// How much less any excess is `after`.
fn taken(before: &Margin, after: &Margin) -> f64 {
    let excesses = before.levels.0.iter().zip(&after.levels.0);
    excesses.map(|(from, to)| float(from.excess.minus(to.excess).unwrap())).fold(0.0, f64::max)
}

/// An order somewhere about the mark, in something held or not.
fn drawn(book: &Book, all: &[InstrumentId], random: &mut Random) -> Order {
    let held: Vec<InstrumentId> = book.account.portfolio.positions.iter().map(|it| it.instrument).collect();
    let from = if random.below(2) == 0 && !held.is_empty() { &held } else { all };
    let instrument = from[usize::try_from(random.below(i64::try_from(from.len()).unwrap())).unwrap()];
    let mark = book.market.priced(instrument).unwrap().mark;
    let away = Decimal::new(1_000 + random.signed(60), 3);
    let price = Price::new(mark.value.times(away, Rounding::HalfEven).unwrap(), mark.quote);
    let lots = Decimal::from_int(1 + random.below(4_000));
    let lot = book.market.listing().get(instrument).unwrap().terms().lot_size.0;
    let quantity = Quantity(lots.times(lot, Rounding::HalfEven).unwrap());
    let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
    Order { instrument, side, quantity, price, reduce_only: false }
}

/// The account with `order` filled at its price: what is closed is realised, and a fee is taken.
fn filled(book: &Book, order: &Order) -> (Account, Fill) {
    let mut account = book.account.clone();
    let (id, price, quantity) = (order.instrument, order.price, order.signed_quantity());
    let instrument = book.market.listing().get(id).unwrap();
    let mark = book.market.priced(id).unwrap().mark;
    let positions = &mut account.portfolio.positions;
    let at = positions.iter().position(|it| it.instrument == id).unwrap_or_else(|| {
        let (unsettled_pnl, accrued_funding) = (Decimal::ZERO, Decimal::ZERO);
        let quantity = Quantity(Decimal::ZERO);
        positions.push(Position { instrument: id, quantity, entry_price: Some(mark), unsettled_pnl, accrued_funding });
        positions.len() - 1
    });
    let (held, gained) = (positions[at].quantity.0, positions[at].unsettled_pnl);
    let closes = held.signum() * quantity.0.signum() < 0;
    let closed = if closes { held.abs().min(quantity.0.abs()) } else { Decimal::ZERO };
    let realised_before = if closed.is_zero() {
        Decimal::ZERO
    } else {
        gained.times_ratio(closed, held.abs(), Rounding::HalfEven).unwrap()
    };
    let whole = instrument.fill_pnl(quantity, price, mark).unwrap().value;
    let closing = whole.times_ratio(closed, quantity.0.abs(), Rounding::HalfEven).unwrap();
    let realised = realised_before.plus(closing).unwrap();
    positions[at].quantity = Quantity(held.plus(quantity.0).unwrap());
    let fee =
        instrument.cost(order.quantity, price).unwrap().value.abs().times(decimal("0.0005"), Rounding::Up).unwrap();
    let mut cash = fee.negated();
    if instrument.is_paid_when_bought() {
        cash = cash.minus(instrument.cost(quantity, price).unwrap().value).unwrap();
    } else {
        positions[at].unsettled_pnl = gained.plus(whole).unwrap().minus(realised).unwrap();
        cash = cash.plus(realised).unwrap();
    }
    positions.retain(|it| !it.quantity.0.is_zero());
    account.portfolio.deposit(Amount::new(cash, instrument.terms().settlement)).unwrap();
    let realised = if instrument.is_paid_when_bought() { Decimal::ZERO } else { realised };
    (account, Fill { instrument: id, quantity, price, realised, fee })
}

#[derive(Default)]
struct Seen {
    compared: usize,
    unknown: usize,
    nearest: f64,
}

impl Seen {
    fn compare(&mut self, reach: Option<Reach>, taken: f64, what: &str) {
        let Some(reach) = reach else { return self.unknown += 1 };
        assert!(taken <= reach.most, "{what}: took {taken}, and may take {}", reach.most);
        self.nearest = self.nearest.max(taken / reach.most);
        self.compared += 1;
    }
}

fn one(seed: u64, [placed, cancelled, traded, paid]: &mut [Seen; 4]) {
    let mut random = Random(seed + 7_000);
    let mut book = measured(seed, &mut random);
    let rate = decimal("0.0005");
    book.account.taker_fee_rate = rate;
    let all: Vec<InstrumentId> = book.market.listing().iter().map(|(id, _)| id).collect();
    let mut held = Held::by([&book.account]);
    held.instruments.extend(&all);
    held.assets.extend(["BTC", "ETH", "USDC", "USDT", "USD", "stETH"].map(asset));
    let judge = Plimsoll::default().prepare(&book.market, &held).unwrap();
    let figures: Vec<Figures> = judge.watched().unwrap().unwrap();
    for _ in 0..12 {
        let order = drawn(&book, &all, &mut random);
        let mut with = book.account.clone();
        with.portfolio.orders.push(order.clone());
        let (plain, ordered) = [&book.account, &with].map(|it| margin(it, &book.market, judge.as_ref())).into();
        let reach = || Reach::of_order(&figures, &order, rate, &book.market).unwrap();
        placed.compare(reach(), taken(&plain, &ordered), &format!("seed {seed}, placed {order:?}"));
        cancelled.compare(reach(), taken(&ordered, &plain), &format!("seed {seed}, cancelled {order:?}"));
        let asset = asset(random.pick(&["BTC", "ETH", "USDC", "USDT", "USD", "stETH"]));
        let amount = Amount::new(Decimal::new(random.signed(20_000_000), 3), asset);
        let mut other = book.account.clone();
        other.portfolio.deposit(amount).unwrap();
        let after = margin(&other, &book.market, judge.as_ref());
        paid.compare(
            Reach::of_cash(&figures, amount, &book.market),
            taken(&plain, &after),
            &format!("seed {seed}, paid {amount:?}"),
        );
        // An order that only reduces may find more to reduce afterwards.
        if book.account.portfolio.orders.iter().any(|order| order.reduce_only) {
            continue;
        }
        let (after, fill) = filled(&book, &order);
        let after = margin(&after, &book.market, judge.as_ref());
        let reach = Reach::of_fill(&figures, &fill, &book.market).unwrap();
        traded.compare(reach, taken(&plain, &after), &format!("seed {seed}, traded {order:?}"));
    }
}

#[test]
fn no_order_no_fill_and_no_payment_takes_more_than_its_reach() {
    let mut seen = <[Seen; 4]>::default();
    (0..150).for_each(|seed| one(seed, &mut seen));
    for (what, Seen { compared, unknown, nearest }) in ["placed", "cancelled", "traded", "paid"].iter().zip(&seen) {
        println!("{what}: {compared} compared, {unknown} unknown, nearest {nearest:.3}");
        assert!(*compared > 500, "{what}: {compared} compared");
    }
    // A reach that nothing comes near would cover nothing.
    assert!(seen[0].nearest > 0.3 && seen[2].nearest > 0.2 && seen[3].nearest > 0.5);
}
