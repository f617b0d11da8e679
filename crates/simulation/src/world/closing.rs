//! How accounts are closed here, drawn once a run: the venue's rules, its insurance fund, who takes closing orders.

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Rounding, Side};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::liquidation::{AuctionTerms, Budgets, LiquidationRules, MarketDepth, Policy};
use plimsoll_engine::{Command, House, OpenOrder, OrderId, State};

use super::{account, amount, underlying};
use crate::random::Random;

/// How much of the engine's closing orders somebody takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appetite {
    /// Nothing.
    None,
    /// A part of some.
    Part,
    /// All.
    All,
}

impl Appetite {
    /// One of them.
    #[must_use]
    pub fn drawn(random: &mut Random) -> Self {
        *random.pick(&[Self::None, Self::Part, Self::Part, Self::Part, Self::All])
    }
}

/// The venue's rules, and what its insurance fund has: much, little or nothing.
#[must_use]
pub fn commands(random: &mut Random) -> Vec<Command> {
    let mut all = vec![Command::SetLiquidation(Box::new(rules(random)))];
    let dollars = *random.pick(&[0, 3_000, 100_000, 3_000_000]);
    if dollars > 0 {
        let fund = amount(Decimal::from_int(dollars), "USDC");
        all.push(Command::FundHouse { house: House::Insurance, amount: fund });
    }
    if random.below(2) == 0 {
        all.push(Command::FundHouse { house: House::Insurance, amount: amount(Decimal::from_int(2), "BTC") });
    }
    all
}

/// Rules as a venue may set them.
#[must_use]
pub fn rules(random: &mut Random) -> LiquidationRules {
    let policies = [Policy::LeastCost, Policy::LeastCost, Policy::LargestLossFirst, Policy::ProRata, Policy::FullClose];
    let depth = |random: &mut Random| MarketDepth {
        spread: Decimal::new(random.between(0, 20), 4),
        depth: Decimal::from_int(*random.pick(&[200_000, 2_000_000, 10_000_000])),
    };
    let event = Decimal::from_int(*random.pick(&[200, 2_000, 20_000]));
    let market = Decimal::from_int(*random.pick(&[1_000, 10_000]));
    let budgets = Budgets {
        event: (random.below(2) == 0).then_some(event),
        day: (random.below(3) == 0).then(|| Decimal::from_int(30_000)),
        markets: if random.below(3) == 0 { [(underlying("BTC"), market)].into() } else { [].into() },
        matched: (random.below(4) == 0).then(|| Decimal::from_int(*random.pick(&[200_000, 1_000_000]))),
        haircut: (random.below(4) == 0).then(|| Decimal::from_int(*random.pick(&[0, 500, 5_000]))),
    };
    LiquidationRules {
        policy: *random.pick(&policies),
        band: Decimal::new(*random.pick(&[5, 20, 50]), 3),
        share_of_depth: Decimal::new(*random.pick(&[2, 10, 10, 30]), 1),
        cooldown_s: *random.pick(&[1, 2, 5, 10]),
        waves_max: *random.pick(&[1, 2, 3, 6, 12]),
        fee_rate: Decimal::new(*random.pick(&[0, 5, 5, 100]), 4),
        depth: depth(random),
        depths: if random.below(2) == 0 { [(underlying("ETH"), depth(random))].into() } else { [].into() },
        budgets,
        shared_max: Decimal::new(*random.pick(&[0, 5, 10, 10]), 1),
        auction: (random.below(3) > 0).then(|| AuctionTerms {
            starting_fraction: Decimal::new(*random.pick(&[90, 98, 100]), 2),
            cutoff_fraction: Decimal::new(*random.pick(&[0, 50, 80]), 2),
            fast_seconds: *random.pick(&[0, 2, 5]),
            slow_seconds: *random.pick(&[3, 10]),
            insolvent_seconds: *random.pick(&[0, 4, 10]),
            buffer: Decimal::new(*random.pick(&[0, 15]), 2),
            value_cutoff: Decimal::from_int(*random.pick(&[0, 500])),
        }),
    }
}

/// Takes over a share of what is on offer somewhere.
#[must_use]
pub fn bid(state: &State, appetite: Appetite, random: &mut Random) -> Option<(AccountId, Command)> {
    let on_offer = |id: &AccountId| {
        state.account(*id).is_some_and(|it| it.liquidation.as_ref().is_some_and(|it| it.auction.is_some()))
    };
    let open: Vec<AccountId> = state.numbered().map(|(id, _)| id).filter(on_offer).collect();
    if open.is_empty() || appetite == Appetite::None {
        return None;
    }
    let id = *random.pick(&open);
    let bidder = account(if random.below(2) == 0 { random.below(2) } else { random.below(state.accounts.len()) });
    let share = if random.below(2) == 0 { Decimal::ONE } else { Decimal::new(random.between(1, 100), 2) };
    let bonus_min = Decimal::from_int(*random.pick(&[0, 0, 10, 1_000]));
    Some((bidder, Command::Bid { account: id, bidder, share, bonus_min }))
}

/// Takes one of the engine's orders, in part or whole, between the mark and its limit.
#[must_use]
pub fn take(state: &State, appetite: Appetite, random: &mut Random) -> Option<(AccountId, Command)> {
    if appetite == Appetite::None {
        return None;
    }
    let of = |(id, known): (AccountId, &plimsoll_engine::account::Account)| {
        let closing = known.orders.iter().filter(|(order, _)| order.closes());
        closing.map(|(order, terms)| (id, *order, terms.clone())).collect::<Vec<_>>()
    };
    let open: Vec<(AccountId, OrderId, OpenOrder)> = state.numbered().flat_map(of).collect();
    if open.is_empty() {
        return None;
    }
    let (id, order, terms) = random.pick(&open).clone();
    let lot = state.contract(terms.contract)?.instrument.terms().lot_size.0;
    let lots = i64::try_from(terms.quantity.0.units() / lot.units()).ok()?.max(1);
    let taken = if appetite == Appetite::All || random.below(3) == 0 { lots } else { random.between(1, lots) };
    let mark = state.market.marks.get(&terms.contract)?.price?;
    let room = terms.price.value.minus(mark).ok()?;
    let share = Decimal::new(random.between(0, 100), 2);
    let price = mark.plus(room.times(share, Rounding::HalfEven).ok()?).ok()?.rounded(6, Rounding::HalfEven).ok()?;
    let within = if terms.side == Side::Buy { price.min(terms.price.value) } else { price.max(terms.price.value) };
    let it = TradeSide { account: id, order: Some(order) };
    let other = TradeSide { account: account(random.below(2)), order: None };
    let (buyer, seller) = if terms.side == Side::Buy { (it, other) } else { (other, it) };
    let quantity = Quantity(lot.times_count(i128::from(taken)).ok()?);
    let price = Price::new(within, terms.price.quote);
    let (contract, taker) = (terms.contract, terms.side);
    Some((other.account, Command::Trade { contract, quantity, price, buyer, seller, taker }))
}
