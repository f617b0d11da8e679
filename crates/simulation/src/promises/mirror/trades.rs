//! What trades cost, and what they leave.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Asset, Decimal, Price, Quantity, Side, Timestamp};
use plimsoll_engine::account::Kind;
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::{ContractId, Event, Holder, House, OpenOrder, OrderId};
use plimsoll_pricing::instruments::{Instrument, Style};

use super::{Fault, Mirror};
use crate::promises::exact::{ONE, Way, product, ratio, shown};

/// A trade as it was brought.
#[derive(Clone, Copy)]
pub(super) struct Trade {
    pub(super) contract: ContractId,
    pub(super) quantity: Quantity,
    pub(super) price: Price,
    pub(super) taker: Side,
}

/// What `quantity` contracts cost at `price`, in units of the settlement asset; negative for what is sold, and of an
/// inverse future for what is bought.
#[must_use]
pub fn cost(instrument: &Instrument, quantity: i128, price: i128) -> Option<i128> {
    let contracts = product(quantity, instrument.terms().contract_size.units(), Way::Nearest)?;
    let is_option = instrument.strike().is_some();
    if !is_option && instrument.style() == Style::Inverse {
        return ratio(contracts, ONE, price, Way::Nearest).map(|coins| -coins);
    }
    product(contracts, price, Way::Nearest)
}

/// What `quantity` contracts at `price` take at once, of which asset.
#[must_use]
pub fn paid(instrument: &Instrument, quantity: i128, price: i128) -> Option<Option<(Asset, i128)>> {
    if !instrument.is_paid_when_bought() {
        return Some(None);
    }
    let terms = instrument.terms();
    Some(if quantity > 0 {
        Some((terms.settlement, cost(instrument, quantity, price)?))
    } else if instrument.only_moves_balances() {
        Some((terms.underlying.asset(), product(-quantity, terms.contract_size.units(), Way::Nearest)?))
    } else {
        None
    })
}

/// A position after `quantity` more at a `cost`: quantity, cost, and what that realised.
#[must_use]
pub fn filled((held, paid): (i128, i128), quantity: i128, cost: i128) -> Option<(i128, i128, i128)> {
    let closes = held.signum() * quantity.signum() < 0;
    let closed = if closes { quantity.abs().min(held.abs()) } else { 0 };
    let share = |of: i128, whole: i128| match closed {
        0 => Some(0),
        part if part == whole => Some(of),
        part => ratio(of, part, whole, Way::Nearest),
    };
    let (out, back) = (share(paid, held.abs())?, share(cost, quantity.abs())?);
    Some((held + quantity, paid - out + cost - back, -(out + back)))
}

impl Mirror {
    /// What a trade's payers borrowed: what they were short of, no more; and of spot and what opens a position no less, where
    /// the fill is of an order of their own.
    pub(super) fn lent(
        &mut self,
        trade: &Trade,
        sides: [TradeSide; 2],
        at: Timestamp,
        events: &[Event],
    ) -> Result<(), Fault> {
        let known = self.contracts.get(trade.contract.index()).ok_or("a contract that was never listed was traded")?;
        let instrument = known.instrument.clone();
        let mut lent = events.iter().filter_map(|event| match event {
            Event::Borrowed { account, amount, .. } => Some((*account, *amount)),
            _ => None,
        });
        let mut next = lent.next();
        for (side, sign) in sides.into_iter().zip([1, -1]) {
            let id = side.account;
            let quantity = sign * trade.quantity.0.units();
            let paid = paid(&instrument, quantity, trade.price.value.units()).ok_or("a fill that does not fit")?;
            let Some((asset, paid)) = paid else { continue };
            let short = self.short_of(id, asset, paid);
            if let Some((_, amount)) = next.filter(|(account, amount)| *account == id && amount.asset == asset) {
                if amount.value.units() != short {
                    return Err(format!("account {} was lent {amount} and was short of {}", id.0, shown(short)));
                }
                self.borrow(id, amount, at)?;
                next = lent.next();
            } else if short > 0 && self.is_to_be_lent(side, &instrument, trade)? {
                return Err(format!("account {} paid {} of {asset} that nobody lent it", id.0, shown(short)));
            }
        }
        match next {
            Some((account, amount)) => Err(format!("account {} was lent {amount} for nothing", account.0)),
            None => Ok(()),
        }
    }

    /// What whoever bids borrowed to pay for what it takes over: what it was short of for all of it.
    pub(super) fn lent_to_bidder(
        &mut self,
        closed: AccountId,
        bidder: AccountId,
        at: Timestamp,
        events: &[Event],
    ) -> Result<(), Fault> {
        let owner = self.of(closed)?.terms.owner.clone();
        let bid = events.iter().skip_while(|event| !matches!(event, Event::AuctionBid { .. })).skip(1);
        let mut pays: BTreeMap<Asset, i128> = BTreeMap::new();
        for event in bid {
            let Event::Traded { contract, quantity, price, buyer, closes: Some(from), .. } = event else { break };
            if self.of(*from)?.terms.owner != owner {
                break;
            }
            let known = self.contracts.get(contract.index()).ok_or("a contract that was never listed was traded")?;
            let sign = if buyer.account == bidder { 1 } else { -1 };
            let paid = paid(&known.instrument, sign * quantity.0.units(), price.value.units());
            if let Some((asset, paid)) = paid.ok_or("a fill that does not fit")? {
                *pays.entry(asset).or_default() += paid;
            }
        }
        let is_outside = self.of(bidder)?.terms.kind == Kind::Outside;
        for event in events.iter().filter(|_| !is_outside) {
            let Event::Borrowed { account, amount, .. } = event else { continue };
            let short = pays.remove(&amount.asset).map_or(0, |pays| self.short_of(bidder, amount.asset, pays));
            if *account != bidder || amount.value.units() != short {
                return Err(format!("account {} was lent {amount} for a bid, short of {}", account.0, shown(short)));
            }
            self.borrow(bidder, *amount, at)?;
        }
        let unpaid = pays.into_iter().find(|(asset, pays)| self.short_of(bidder, *asset, *pays) > 0);
        match unpaid.filter(|_| !is_outside) {
            Some((asset, pays)) => {
                Err(format!("account {} paid {} of {asset} that nobody lent it", bidder.0, shown(pays)))
            }
            None => Ok(()),
        }
    }

    /// What the engine's own orders of an account are to pay of an asset.
    #[must_use]
    pub fn pledged(&self, account: AccountId, asset: Asset) -> i128 {
        let orders = self.accounts.get(account.index()).into_iter().flat_map(|known| &known.orders);
        let pays = |(_, order): (&OrderId, &OpenOrder)| {
            let sign = if order.side == Side::Buy { 1 } else { -1 };
            let instrument = &self.contracts.get(order.contract.index())?.instrument;
            let (of, value) = paid(instrument, sign * order.quantity.0.units(), order.price.value.units())??;
            (of == asset).then_some(value)
        };
        orders.filter(|(id, _)| id.closes()).filter_map(pays).sum()
    }

    /// What an account is lent to pay so much: what it does not have, and with that what it is short of already.
    fn short_of(&self, account: AccountId, asset: Asset, pays: i128) -> i128 {
        let cash = self.cash(account, asset);
        if pays > cash.max(0) { pays - cash } else { 0 }
    }

    fn is_to_be_lent(&mut self, side: TradeSide, instrument: &Instrument, trade: &Trade) -> Result<bool, Fault> {
        let known = self.of(side.account)?;
        let held = known.held.get(&trade.contract).map_or(0, |held| held.0);
        let buys_back = !instrument.only_moves_balances() && held + trade.quantity.0.units() <= 0;
        Ok(known.terms.kind != Kind::Outside && side.order.is_some_and(|order| !order.closes()) && !buys_back)
    }

    /// A trade that was brought, and what the insurance fund takes of either side.
    pub(super) fn trade(
        &mut self,
        trade: &Trade,
        buyer: TradeSide,
        seller: TradeSide,
        penalties: [i128; 2],
    ) -> Result<(), Fault> {
        let does_not_fit = || "a trade that does not fit".to_owned();
        let known = self.contracts.get(trade.contract.index()).ok_or("a contract that was never listed was traded")?;
        if known.settled {
            return Err(format!("{} is settled and was traded", known.instrument.name()));
        }
        let instrument = known.instrument.clone();
        let (quantity, price) = (trade.quantity.0.units(), trade.price.value.units());
        let notional = cost(&instrument, quantity, price).ok_or_else(does_not_fit)?.abs();
        let (taker, maker) = if trade.taker == Side::Buy { (buyer, seller) } else { (seller, buyer) };
        let rate = |of: Decimal| product(notional, of.units(), Way::Up).ok_or_else(does_not_fit);
        let taken = rate(self.of(taker.account)?.terms.taker_fee_rate)?;
        // A rebate is paid out of what the other side pays.
        let rested = rate(self.of(maker.account)?.terms.maker_fee_rate)?.max(-taken);
        let (bought, sold) = if trade.taker == Side::Buy { (taken, rested) } else { (rested, taken) };
        for ((side, fee), (penalty, sign)) in
            [(buyer, bought), (seller, sold)].into_iter().zip(penalties.into_iter().zip([1, -1]))
        {
            self.fill(&instrument, trade, side, sign * quantity, fee)?;
            self.post(Holder::Account(side.account), instrument.terms().settlement, -penalty)?;
            self.post(Holder::House(House::Insurance), instrument.terms().settlement, penalty)?;
        }
        Ok(())
    }

    /// A trade that closes an account by force: nobody pays a fee for it.
    pub(super) fn forced(&mut self, trade: &Trade, buyer: TradeSide, seller: TradeSide) -> Result<(), Fault> {
        let known = self.contracts.get(trade.contract.index()).ok_or("a contract that was never listed was matched")?;
        let (instrument, quantity) = (known.instrument.clone(), trade.quantity.0.units());
        self.fill(&instrument, trade, buyer, quantity, 0)?;
        self.fill(&instrument, trade, seller, -quantity, 0)
    }

    fn fill(
        &mut self,
        instrument: &Instrument,
        trade: &Trade,
        side: TradeSide,
        quantity: i128,
        fee: i128,
    ) -> Result<(), Fault> {
        let does_not_fit = || "a fill that does not fit".to_owned();
        let settlement = instrument.terms().settlement;
        let account = Holder::Account(side.account);
        let cost = cost(instrument, quantity, trade.price.value.units()).ok_or_else(does_not_fit)?;
        if instrument.only_moves_balances() {
            let coins = product(quantity, instrument.terms().contract_size.units(), Way::Nearest);
            self.post(account, instrument.terms().underlying.asset(), coins.ok_or_else(does_not_fit)?)?;
            self.post(account, settlement, -cost)?;
        } else {
            let before = self.of(side.account)?.held.get(&trade.contract).copied().unwrap_or_default();
            let (held, paid, realised) = filled(before, quantity, cost).ok_or_else(does_not_fit)?;
            self.hold(side.account, trade.contract, (held, paid))?;
            if instrument.is_paid_when_bought() {
                self.post(account, settlement, -cost)?;
            } else {
                self.post(account, settlement, realised)?;
                self.post(Holder::House(House::Clearing), settlement, -realised)?;
            }
        }
        self.post(account, settlement, -fee)?;
        self.post(Holder::House(House::Fees), settlement, fee)?;
        self.take_off_order(trade, side, quantity)
    }

    pub(super) fn hold(&mut self, account: AccountId, contract: ContractId, after: (i128, i128)) -> Result<(), Fault> {
        let known = self.of(account)?;
        let (before, _) = known.held.remove(&contract).unwrap_or_default();
        if after.0 != 0 {
            known.held.insert(contract, after);
        }
        // What was paid out of a gain is gone with it.
        if let Some(paid) = known.shared.remove(&contract).filter(|_| before.signum() == after.0.signum()) {
            let left = after.0.abs().min(before.abs());
            known.shared.insert(contract, ratio(paid, left, before.abs(), Way::Up).unwrap_or(paid));
        }
        Ok(())
    }

    fn take_off_order(&mut self, trade: &Trade, side: TradeSide, quantity: i128) -> Result<(), Fault> {
        let Some(id) = side.order else { return Ok(()) };
        let who = side.account.0;
        let orders = &mut self.of(side.account)?.orders;
        let order =
            orders.get_mut(&id).ok_or_else(|| format!("account {who}: order {id} was filled and is not open"))?;
        let buys = order.side == Side::Buy;
        let is_worse = if buys { trade.price.value > order.price.value } else { trade.price.value < order.price.value };
        if order.contract != trade.contract || buys != (quantity > 0) || is_worse {
            return Err(format!("account {who}: order {id} was filled beyond its terms, at {}", trade.price));
        }
        let left = order.quantity.0.units() - quantity.abs();
        match left {
            0 => {
                orders.remove(&id);
            }
            1.. => order.quantity = Quantity(Decimal::from_units(left).unwrap_or_default()),
            _ => return Err(format!("account {who}: order {id} was filled by {} too many", shown(-left))),
        }
        Ok(())
    }

    /// Longs pay where the rate is above zero, and shorts get it: a share of what the contracts stand for at the mark.
    pub(super) fn pay_funding(&mut self, contract: ContractId, rate: Decimal) -> Result<(), Fault> {
        let does_not_fit = || "funding that does not fit".to_owned();
        let known = self.contracts.get(contract.index()).ok_or("funding of a contract that was never listed")?;
        let instrument = known.instrument.clone();
        let mark = self.marks.get(&contract).ok_or("funding of a contract without a mark")?.units();
        let asset: Asset = instrument.terms().settlement;
        for (id, held) in self.holders(contract) {
            let notional = cost(&instrument, held.abs(), mark).ok_or_else(does_not_fit)?.abs();
            let paid = product(notional, rate.units(), Way::Nearest).ok_or_else(does_not_fit)?;
            let gain = if held > 0 { -paid } else { paid };
            self.post(Holder::Account(id), asset, gain)?;
            self.post(Holder::House(House::Rounding), asset, -gain)?;
        }
        Ok(())
    }

    /// Who holds a contract, and how many.
    pub(super) fn holders(&self, contract: ContractId) -> Vec<(AccountId, i128)> {
        let all = (0_u32..).map(AccountId).zip(&self.accounts);
        all.filter_map(|(id, known)| known.held.get(&contract).map(|(held, _)| (id, *held))).collect()
    }
}
