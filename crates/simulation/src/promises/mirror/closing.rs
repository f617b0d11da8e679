//! Closing by force: what the engine decides of its own accord, taken from its events and booked by these books' own
//! arithmetic.

use std::collections::BTreeSet;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Timestamp, Underlying};
use plimsoll_engine::account::Kind;
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::event::{Cancelled, Filled};
use plimsoll_engine::liquidation::Cover;
use plimsoll_engine::{Event, Holder, House};

use super::trades::Trade;
use super::{Fault, Mirror, cost};
use crate::promises::exact::{Way, product, ratio, shown};

const INSURANCE: Holder = Holder::House(House::Insurance);

impl Mirror {
    /// Enters an event that no command asked for; nothing where a command did.
    pub(super) fn own(&mut self, event: &Event, at: Timestamp, is_asked: bool) -> Result<(), Fault> {
        match event {
            Event::OrderPlaced { account, order, terms } if order.closes() => {
                let before = self.of(*account)?.orders.insert(*order, terms.clone());
                before.map_or(Ok(()), |_| Err(format!("order {order} was there and was placed again")))
            }
            Event::OrderCancelled {
                account,
                order,
                why: Cancelled::Liquidation | Cancelled::Cured | Cancelled::Matched,
            } => {
                let known = self.of(*account)?.orders.remove(order);
                known.map(|_| ()).ok_or_else(|| format!("order {order} was taken back and was not open"))
            }
            Event::Traded { contract, quantity, price, buyer, seller, taker, closes: Some(closed), .. } => {
                if ![buyer.account, seller.account].contains(closed) {
                    return Err(format!("account {} was closed by a trade of others", closed.0));
                }
                let trade = Trade { contract: *contract, quantity: *quantity, price: *price, taker: *taker };
                let side = |filled: &Filled| TradeSide { account: filled.account, order: None };
                self.forced(&trade, side(buyer), side(seller))
            }
            Event::LossShared { amount, markets, shares, legs, .. } => {
                match self.rooms(amount.asset, &markets.iter().copied().collect()) {
                    Some(rooms) => self.share(*amount, rooms)?,
                    // Of some contract these books know no mark.
                    None => {
                        for leg in legs {
                            self.post(leg.holder, amount.asset, leg.amount.value.units())?;
                        }
                    }
                }
                shares.iter().try_for_each(|share| {
                    *self.of(share.account)?.shared.entry(share.contract).or_default() += share.amount.units();
                    Ok(())
                })
            }
            Event::Covered { account, by, amount, .. } => self.cover(*account, *by, *amount),
            // Charged by a command already, or of who is closed: the same once more is nothing.
            Event::InterestCharged { asset, charges, .. } => {
                charges.iter().try_for_each(|charge| self.charge(charge.account, *asset, at))
            }
            Event::Transferred { from, to, amount, top_up: false, .. } if !is_asked => self.pooled(*from, *to, *amount),
            Event::Repaid { account, amount, interest, .. } if !is_asked => {
                let whole = amount.value.units() + interest.units();
                self.pay_off(*account, amount.asset, whole)
            }
            _ => Ok(()),
        }
    }

    /// What the insurance fund was said to take of a command's trade, within its rate; only of orders that close.
    pub(super) fn penalties(&self, trade: &Trade, sides: [TradeSide; 2], events: &[Event]) -> Result<[i128; 2], Fault> {
        let said = events.iter().find_map(|event| match event {
            Event::Traded { buyer, seller, closes: None, .. } => Some([buyer.penalty.units(), seller.penalty.units()]),
            _ => None,
        });
        let said = said.unwrap_or_default();
        let known = self.contracts.get(trade.contract.index()).ok_or("a contract that was never listed was traded")?;
        let instrument = &known.instrument;
        for (side, said) in sides.into_iter().zip(said) {
            let closes = side.order.is_some_and(plimsoll_engine::OrderId::closes);
            let notional = cost(instrument, trade.quantity.0.units(), trade.price.value.units()).unwrap_or(0).abs();
            let most = product(notional, self.liquidation.fee_rate.units(), Way::Up).filter(|_| closes).unwrap_or(0);
            if said < 0 || said > most {
                let who = side.account.0;
                return Err(format!("account {who}: the fund took {} where {} is the most", shown(said), shown(most)));
            }
        }
        Ok(said)
    }

    /// Of two that are margined together one pays what the other is short of.
    fn pooled(&mut self, from: AccountId, to: AccountId, amount: Amount) -> Result<(), Fault> {
        let (payer, payee) = (self.of(from)?.terms.clone(), self.of(to)?.terms.clone());
        let together = payer.group.is_some() && payer.group == payee.group && payer.owner == payee.owner;
        let short = -self.cash(to, amount.asset) + self.owed(to, amount.asset);
        let (had, units) = (self.cash(from, amount.asset), amount.value.units());
        if !together || units <= 0 || units > short || units > had - self.owed(from, amount.asset) {
            return Err(format!("account {} paid {amount} for account {}, out of {}", from.0, to.0, shown(had)));
        }
        self.move_cash(Holder::Account(from), Holder::Account(to), amount)
    }

    fn owed(&self, account: AccountId, asset: Asset) -> i128 {
        let loan = self.accounts[account.index()].loans.get(&asset).copied().unwrap_or_default();
        loan.borrowed + loan.interest
    }

    /// Repays without asking for interest since it was last charged.
    fn pay_off(&mut self, account: AccountId, asset: Asset, units: i128) -> Result<(), Fault> {
        let had = self.cash(account, asset);
        let loan = self.of(account)?.loans.get(&asset).copied().unwrap_or_default();
        if units > had || units > loan.borrowed + loan.interest || units <= 0 {
            return Err(format!("account {}: {} {asset} was repaid out of {}", account.0, shown(units), shown(had)));
        }
        self.settle_loan(account, asset, units)?;
        let amount = Amount::new(Decimal::from_units(units).unwrap_or_default(), asset);
        self.move_cash(Holder::Account(account), Holder::House(House::Lending), amount)
    }

    fn cover(&mut self, account: AccountId, by: Cover, amount: Amount) -> Result<(), Fault> {
        if amount.value.signum() <= 0 {
            return Err(format!("account {}: {amount} made up for what it was short of", account.0));
        }
        let id = Holder::Account(account);
        match by {
            Cover::Collateral => {
                let had = self.cash(account, amount.asset);
                if had < amount.value.units() {
                    return Err(format!("account {}: {amount} was taken of {}", account.0, shown(had)));
                }
                self.move_cash(id, INSURANCE, amount)
            }
            Cover::Fund => self.move_cash(INSURANCE, id, amount),
            Cover::BadDebt => self.move_cash(Holder::House(House::BadDebt), id, amount),
        }
    }

    /// Holders in gain pay by what they may be asked for, each rounded up and none beyond what is left to pay.
    fn share(&mut self, amount: Amount, rooms: Vec<(AccountId, i128)>) -> Result<(), Fault> {
        let does_not_fit = || "gains that do not fit".to_owned();
        let all: i128 = rooms.iter().map(|(_, room)| room).sum();
        let whole = amount.value.units();
        if whole > all {
            return Err(format!("holders paid {amount} of {}", shown(all)));
        }
        let mut left = whole;
        for (holder, room) in rooms {
            let pays = ratio(whole, room, all, Way::Up).ok_or_else(does_not_fit)?.min(left);
            self.post(Holder::Account(holder), amount.asset, -pays)?;
            left -= pays;
        }
        self.post(Holder::House(House::BadDebt), amount.asset, whole - left)
    }

    /// Who gains on contracts in these markets that settle in `asset`, and what of that is left to be asked for; `None` where
    /// a mark is not known.
    fn rooms(&self, asset: Asset, markets: &BTreeSet<Underlying>) -> Option<Vec<(AccountId, i128)>> {
        let mut all = Vec::new();
        for (id, known) in (0_u32..).map(AccountId).zip(&self.accounts) {
            if known.terms.kind == Kind::Outside {
                continue;
            }
            let (mut sum, mut shared) = (0, 0);
            for (contract, (held, paid)) in &known.held {
                let instrument = &self.contracts[contract.index()].instrument;
                let terms = instrument.terms();
                if terms.settlement == asset && markets.contains(&terms.underlying) {
                    sum += cost(instrument, *held, self.mark(*contract)?)? - paid;
                    shared += known.shared.get(contract).copied().unwrap_or_default();
                }
            }
            let room = product(sum, self.liquidation.shared_max.units(), Way::Down)? - shared;
            if room > 0 {
                all.push((id, room));
            }
        }
        Some(all)
    }
}
