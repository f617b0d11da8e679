//! Whether an event can follow on a state: what a reader of logs asks before it applies one.
//!
//! Whoever decides emits nothing else, so that [`evolve`](super::evolve) asserts what is asked here. A log is bytes of
//! somebody's, and checksums say only that they are whole: numbers that nobody has and sums that do not net must be an
//! error there, not an end.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, NumberError};
use thiserror::Error;

use super::{Carried, carried};
use crate::account::{ContractId, Holding};
use crate::event::{Event, Filled};
use crate::ledger::{Holder, House};
use crate::state::State;

/// Why an event cannot follow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// No such account.
    #[error("it names account {}: expected one below {there}", .account.0)]
    Account {
        /// Which.
        account: AccountId,
        /// How many there are.
        there: usize,
    },
    /// No such contract.
    #[error("it names contract {}: expected one below {there}", .contract.0)]
    Contract {
        /// Which.
        contract: ContractId,
        /// How many there are.
        there: usize,
    },
    /// Something new that does not get the next number.
    #[error("it gives number {number}: expected {next}, the next")]
    Number {
        /// Which.
        number: u32,
        /// The next that is free.
        next: usize,
    },
    /// Something new under a name that is taken.
    #[error("it names {0} anew: expected a name that is not in use")]
    Name(Arc<str>),
    /// Cash from nowhere or to nowhere.
    #[error("its {asset} nets to {sum}: expected 0")]
    Cash {
        /// Of what.
        asset: Asset,
        /// What is there too much.
        sum: Decimal,
    },
    /// Clearing is not what positions' costs are short of.
    #[error("clearing would hold {clearing} of {asset}: expected {expected}, what positions' costs are short of")]
    Clearing {
        /// Of what.
        asset: Asset,
        /// What it would hold.
        clearing: Decimal,
        /// What it should.
        expected: Decimal,
    },
    /// One side of a contract is larger than the other.
    #[error("of contract {} accounts would hold {sum} together: expected 0", .contract.0)]
    Held {
        /// Which.
        contract: ContractId,
        /// Long less short.
        sum: Decimal,
    },
    /// A sum that does not fit.
    #[error(transparent)]
    Sum(#[from] NumberError),
}

/// Whether `event` can follow on `state`: [`evolve`](super::evolve) applies it then.
///
/// # Errors
/// [`Unfit`]: the first thing that cannot be.
pub fn fits(state: &State, event: &Event) -> Result<(), Unfit> {
    names(state, event)?;
    let mut sums = Sums { state, few: Vec::new(), many: BTreeMap::new() };
    let carried = carried(state, event);
    for leg in event.legs() {
        let Amount { asset, value } = leg.amount;
        sums.add(Sum::Cash(asset), value)?;
        match leg.holder {
            Holder::House(house) => sums.add(Sum::House(house, asset), value)?,
            Holder::Account(account) => {
                sums.add(Sum::Deposited(asset), value)?;
                let cash = Sum::Of(account, asset, Part::Cash);
                let before = sums.at(cash).negated().or_zero();
                sums.add(cash, value)?;
                let more = sums.at(cash).negated().or_zero().minus(before)?;
                if !more.is_zero() {
                    sums.add(Sum::Overdrawn(asset), more)?;
                }
            }
        }
    }
    for Carried { payer, receiver, asset, principal, gains } in carried {
        sums.principal(payer, asset, principal.negated())?;
        sums.principal(receiver, asset, principal)?;
        sums.principal(receiver, asset, gains)?;
    }
    sums.cash(event)?;
    sums.trading(event)?;
    for leg in event.legs() {
        sums.settled(leg.holder, leg.amount.asset)?;
    }
    Ok(())
}

/// Everything that an event names is there, and what it makes is new.
fn names(state: &State, event: &Event) -> Result<(), Unfit> {
    let (accounts, contracts) = (state.accounts.len(), state.contracts.len());
    match event {
        Event::AccountOpened { account, terms } => {
            is_next(account.0, accounts)?;
            is_free(state.account_names.contains_key(&terms.name), &terms.name)?;
        }
        Event::ContractListed { contract, instrument } => {
            is_next(contract.0, contracts)?;
            let name = &instrument.terms().name;
            is_free(state.contract_names.contains_key(name), name)?;
        }
        _ => {}
    }
    let mut unfit = None;
    each_account(event, |account| {
        if account.index() >= accounts && unfit.is_none() {
            unfit = Some(Unfit::Account { account, there: accounts });
        }
    });
    each_contract(event, |contract| {
        if contract.index() >= contracts && unfit.is_none() {
            unfit = Some(Unfit::Contract { contract, there: contracts });
        }
    });
    unfit.map_or(Ok(()), Err)
}

fn is_next(number: u32, next: usize) -> Result<(), Unfit> {
    if number as usize == next { Ok(()) } else { Err(Unfit::Number { number, next }) }
}

fn is_free(is_taken: bool, name: &Arc<str>) -> Result<(), Unfit> {
    if is_taken { Err(Unfit::Name(name.clone())) } else { Ok(()) }
}

/// Accounts that an event expects to be there: not the one that it opens.
fn each_account(event: &Event, mut visit: impl FnMut(AccountId)) {
    event.legs().iter().filter_map(|leg| leg.holder.account()).for_each(&mut visit);
    match event {
        Event::AccountOpened { terms, .. } => terms.parent.into_iter().for_each(visit),
        Event::AccountAmended { account, terms, .. } => {
            visit(*account);
            terms.parent.into_iter().for_each(visit);
        }
        Event::Deposited { account, .. }
        | Event::Withdrawn { account, .. }
        | Event::Borrowed { account, .. }
        | Event::Repaid { account, .. }
        | Event::Covered { account, .. }
        | Event::Frozen { account, .. }
        | Event::OrderPlaced { account, .. }
        | Event::OrderCancelled { account, .. }
        | Event::LevelChanged { account, .. }
        | Event::CallExpired { account, .. }
        | Event::LiquidationWave { account, .. }
        | Event::AuctionBegun { account, .. }
        | Event::AuctionUnsold { account } => visit(*account),
        Event::Transferred { from, to, .. } => [*from, *to].into_iter().for_each(visit),
        Event::Traded { buyer, seller, closes, .. } => {
            [buyer.account, seller.account].into_iter().chain(*closes).for_each(visit);
        }
        Event::InterestCharged { charges, .. } => charges.iter().for_each(|charge| visit(charge.account)),
        Event::OverdraftCharged { charges, .. } => charges.iter().for_each(|charge| visit(charge.account)),
        Event::Settled { holders, .. } => holders.iter().copied().for_each(visit),
        Event::LossShared { shares, .. } => shares.iter().for_each(|share| visit(share.account)),
        Event::Deleveraged { account, holder: other, .. }
        | Event::Haircut { account, holder: other, .. }
        | Event::AuctionBid { account, bidder: other, .. } => [*account, *other].into_iter().for_each(visit),
        Event::AssetListed { .. }
        | Event::UnderlyingListed { .. }
        | Event::ContractListed { .. }
        | Event::ModelInForce { .. }
        | Event::ModelAnnounced { .. }
        | Event::HouseFunded { .. }
        | Event::Priced { .. }
        | Event::FundingPaid { .. }
        | Event::LiquidationRulesSet { .. }
        | Event::BreakerSet { .. }
        | Event::BreakerTripped { .. }
        | Event::BreakerEased { .. }
        | Event::BreakerLifted { .. }
        | Event::NoticeSet { .. }
        | Event::Announced { .. }
        | Event::Recalled { .. }
        | Event::CarriedOut { .. } => {}
    }
}

/// Contracts that an event expects to be there.
fn each_contract(event: &Event, mut visit: impl FnMut(ContractId)) {
    match event {
        Event::OrderPlaced { terms, .. } => visit(terms.contract),
        Event::Traded { contract, .. }
        | Event::FundingPaid { contract, .. }
        | Event::Settled { contract, .. }
        | Event::Deleveraged { contract, .. } => visit(*contract),
        Event::Priced { batch, .. } => batch.marks.iter().for_each(|(contract, _)| visit(*contract)),
        Event::LossShared { shares, .. } => shares.iter().for_each(|share| visit(share.contract)),
        _ => {}
    }
}

/// A sum that events change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sum {
    Cash(Asset),
    Deposited(Asset),
    Overdrawn(Asset),
    Principal(Asset),
    Owed(Asset),
    Cost(Asset),
    Held(ContractId),
    House(House, Asset),
    Of(AccountId, Asset, Part),
    ToppedUp(AccountId),
    /// What an account holds of a contract, and what it cost.
    Quantity(AccountId, ContractId),
    Paid(AccountId, ContractId),
    /// What is open of an order.
    Order(AccountId, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Cash,
    Borrowed,
    Interest,
    Principal,
}

/// Sums that are looked for one by one: most events change no more.
const FEW: usize = 16;

/// Sums as an event changes them, beside a state that it does not.
struct Sums<'s> {
    state: &'s State,
    few: Vec<(Sum, Decimal)>,
    many: BTreeMap<Sum, Decimal>,
}

impl Sums<'_> {
    fn at(&self, sum: Sum) -> Decimal {
        let few = self.few.iter().find(|(of, _)| *of == sum).map(|(_, value)| *value);
        few.or_else(|| self.many.get(&sum).copied()).unwrap_or_else(|| self.known(sum))
    }

    fn set(&mut self, sum: Sum, value: Decimal) {
        if let Some((_, known)) = self.few.iter_mut().find(|(of, _)| *of == sum) {
            *known = value;
        } else if self.few.len() < FEW {
            self.few.push((sum, value));
        } else {
            self.many.insert(sum, value);
        }
    }

    fn known(&self, sum: Sum) -> Decimal {
        let (state, totals) = (self.state, &self.state.totals);
        let of = |sums: &BTreeMap<Asset, Decimal>, asset: Asset| sums.get(&asset).copied();
        let known = match sum {
            Sum::Cash(asset) => of(&totals.cash, asset),
            Sum::Deposited(asset) => of(&totals.deposited, asset),
            Sum::Overdrawn(asset) => of(&totals.overdrawn, asset),
            Sum::Principal(asset) => of(&totals.principal, asset),
            Sum::Owed(asset) => of(&totals.owed, asset),
            Sum::Cost(asset) => of(&totals.cost, asset),
            Sum::Held(contract) => totals.held.get(&contract).map(|held| held.0),
            Sum::House(house, asset) => Some(state.held_by(house, asset)),
            Sum::Of(account, asset, part) => {
                let funds = state.account(account).and_then(|known| known.funds.get(&asset));
                funds.map(|funds| match part {
                    Part::Cash => funds.cash,
                    Part::Borrowed => funds.borrowed,
                    Part::Interest => funds.interest,
                    Part::Principal => funds.principal,
                })
            }
            Sum::ToppedUp(account) => state.account(account).map(|known| known.topped_up),
            Sum::Quantity(account, contract) => state.account(account).map(|known| known.holding(contract).quantity.0),
            Sum::Paid(account, contract) => state.account(account).map(|known| known.holding(contract).cost),
            Sum::Order(account, order) => {
                let orders = state.account(account).map(|known| &known.orders);
                orders.and_then(|orders| orders.get(&crate::account::OrderId(order))).map(|order| order.quantity.0)
            }
        };
        known.unwrap_or_default()
    }

    fn add(&mut self, sum: Sum, value: Decimal) -> Result<(), NumberError> {
        let after = self.at(sum).plus(value)?;
        self.set(sum, after);
        Ok(())
    }

    fn principal(&mut self, account: AccountId, asset: Asset, value: Decimal) -> Result<(), NumberError> {
        self.add(Sum::Of(account, asset, Part::Principal), value)?;
        self.add(Sum::Principal(asset), value)
    }

    fn cash(&mut self, event: &Event) -> Result<(), NumberError> {
        match event {
            Event::Deposited { account, amount, .. } => self.principal(*account, amount.asset, amount.value),
            Event::Withdrawn { account, amount, gains, .. } => {
                self.principal(*account, amount.asset, gains.minus(amount.value)?)
            }
            Event::Transferred { from, to, amount, principal, top_up, .. } => {
                self.principal(*from, amount.asset, principal.negated())?;
                self.principal(*to, amount.asset, *principal)?;
                if *top_up { self.add(Sum::ToppedUp(*to), amount.value) } else { Ok(()) }
            }
            Event::Borrowed { account, amount, .. } => {
                self.principal(*account, amount.asset, amount.value)?;
                self.add(Sum::Of(*account, amount.asset, Part::Borrowed), amount.value)?;
                self.add(Sum::Owed(amount.asset), amount.value)
            }
            Event::Repaid { account, amount: Amount { asset, value }, interest, .. } => {
                let paid = value.plus(*interest)?;
                self.add(Sum::Of(*account, *asset, Part::Borrowed), value.negated())?;
                self.add(Sum::Of(*account, *asset, Part::Interest), interest.negated())?;
                let principal = self.at(Sum::Of(*account, *asset, Part::Principal)).min(paid);
                self.principal(*account, *asset, principal.negated())?;
                self.add(Sum::Owed(*asset), paid.negated())
            }
            Event::InterestCharged { asset, charges, .. } => {
                charges.iter().try_for_each(|charge| self.owes(charge.account, *asset, charge.interest))
            }
            Event::OverdraftCharged { asset, charges, .. } => {
                charges.iter().try_for_each(|charge| self.owes(charge.account, *asset, charge.interest))
            }
            _ => Ok(()),
        }
    }

    fn owes(&mut self, account: AccountId, asset: Asset, interest: Decimal) -> Result<(), NumberError> {
        self.add(Sum::Of(account, asset, Part::Interest), interest)?;
        self.add(Sum::Owed(asset), interest)
    }

    fn trading(&mut self, event: &Event) -> Result<(), Unfit> {
        match event {
            Event::Traded { contract, quantity, buyer, seller, .. } => {
                for side in [buyer, seller] {
                    self.hold(side.account, *contract, side.after)?;
                    self.filled(side, quantity.0)?;
                }
                let sum = self.at(Sum::Held(*contract));
                if sum.is_zero() { Ok(()) } else { Err(Unfit::Held { contract: *contract, sum }) }
            }
            Event::Settled { contract, holders, .. } => {
                Ok(holders.iter().try_for_each(|account| self.hold(*account, *contract, Holding::default()))?)
            }
            _ => Ok(()),
        }
    }

    fn hold(&mut self, account: AccountId, contract: ContractId, after: Holding) -> Result<(), NumberError> {
        let (quantity, paid) = (Sum::Quantity(account, contract), Sum::Paid(account, contract));
        let more = after.quantity.0.minus(self.at(quantity))?;
        let cost = after.cost.minus(self.at(paid))?;
        // Of nothing nothing is kept, whatever it is said to have cost.
        let kept = if after.quantity.0.is_zero() { Holding::default() } else { after };
        self.set(quantity, kept.quantity.0);
        self.set(paid, kept.cost);
        self.add(Sum::Held(contract), more)?;
        match self.state.contract(contract).map(|known| &known.instrument) {
            Some(instrument) if !instrument.is_paid_when_bought() => {
                self.add(Sum::Cost(instrument.terms().settlement), cost)
            }
            _ => Ok(()),
        }
    }

    fn filled(&mut self, side: &Filled, quantity: Decimal) -> Result<(), NumberError> {
        let Some(order) = side.order else { return Ok(()) };
        self.add(Sum::Order(side.account, order.0), quantity.negated())
    }

    /// What is asserted after an event of every asset that moved.
    fn settled(&mut self, holder: Holder, asset: Asset) -> Result<(), Unfit> {
        if let Holder::Account(account) = holder {
            let principal = self.at(Sum::Of(account, asset, Part::Principal));
            let cash = self.at(Sum::Of(account, asset, Part::Cash)).or_zero();
            self.principal(account, asset, principal.minus(principal.min(cash))?.negated())?;
        }
        let sum = self.at(Sum::Cash(asset));
        if !sum.is_zero() {
            return Err(Unfit::Cash { asset, sum });
        }
        let (clearing, expected) = (self.at(Sum::House(House::Clearing, asset)), self.at(Sum::Cost(asset)).negated());
        if clearing == expected { Ok(()) } else { Err(Unfit::Clearing { asset, clearing, expected }) }
    }
}
