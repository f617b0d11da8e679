//! Deciding one command: refusals first, then events, each applied as it is emitted.
//!
//! A decision reads the state, checks every rule in the order of [`Refusal`]'s variants, and only then emits. What is
//! emitted is applied at once, so that the rest of the decision (the levels of everybody who was touched) sees it. From
//! the first event on nothing is refused.

mod accounts;
mod ahead;
mod backed;
mod breakers;
mod cash;
mod clock;
mod covered;
mod interest;
mod levels;
mod liquidation;
mod listing;
mod loans;
mod models;
mod notice;
mod orders;
mod paying;
mod prices;
mod trades;
mod trust;

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Asset, Decimal, Timestamp};

use crate::account::{Account, ContractId};
use crate::book::Book;
use crate::command::Command;
use crate::event::Event;
use crate::evolve::evolve;
use crate::ledger::{Holder, Leg};
use crate::refusal::Refusal;
use crate::state::{Contract, State};

pub(crate) use levels::margin_all;
pub use levels::{Preview, amounts, explain, preview};
pub use liquidation::{Ranked, deleveraging};

/// Decides `command` at `at`: what happened, already applied to `state`, or why nothing did.
///
/// # Errors
/// [`Refusal`]: the first rule that was broken; `state` is as it was.
pub fn step(state: &mut State, book: &mut Book, command: &Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    if at < state.clock {
        return Err(Refusal::TimeRunsBack { at, clock: state.clock });
    }
    let mut decision = Decision::begun(state, book, at);
    decision.was_told(command)?;
    let overdrafts = decision.overdrafts();
    decision.decide(command)?;
    decision.charge_overdrafts(overdrafts);
    // Nobody is closed on what trips a breaker that stops it.
    decision.watch(matches!(command, Command::Tick));
    decision.close_accounts();
    decision.watch(false);
    Ok(decision.events)
}

/// A command being decided.
struct Decision<'a> {
    state: &'a mut State,
    book: &'a mut Book,
    at: Timestamp,
    events: Vec<Event>,
    /// Tripped breakers' figures that calmed down before the command.
    eased: breakers::Eased,
    /// Events that breakers have looked at.
    watched: usize,
    ahead: ahead::Ahead,
    ranks: liquidation::Ranks,
    losses: liquidation::Losses,
}

impl<'a> Decision<'a> {
    fn begun(state: &'a mut State, book: &'a mut Book, at: Timestamp) -> Self {
        let eased = breakers::eased(state, at);
        Self {
            state,
            book,
            at,
            events: Vec::new(),
            eased,
            watched: 0,
            ahead: ahead::Ahead::default(),
            ranks: liquidation::Ranks::default(),
            losses: liquidation::Losses::default(),
        }
    }
}

impl Decision<'_> {
    fn decide(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::ListAsset { asset, rules } => self.list_asset(*asset, rules),
            Command::ListUnderlying { underlying, rules } => self.list_underlying(*underlying, rules),
            Command::ListContract { instrument } => self.list_contract(instrument),
            Command::SetModel { name, model, parameters, lines, from, ramp_s } => {
                let rules = models::rules(model, parameters, lines);
                self.set_model(name, rules, *from, *ramp_s)
            }
            Command::OpenAccount { terms } => self.open_account(terms),
            Command::AmendAccount { account, terms } => self.amend_account(*account, terms),
            Command::Freeze { account, frozen, reason } => self.freeze(*account, *frozen, reason),
            Command::Deposit { account, amount } => self.deposit(*account, *amount),
            Command::Withdraw { account, amount } => self.withdraw(*account, *amount),
            Command::Transfer { from, to, amount } => self.transfer(*from, *to, *amount),
            Command::FundHouse { house, amount } => self.fund_house(*house, *amount),
            Command::Borrow { account, amount } => self.borrow(*account, *amount),
            Command::Repay { account, amount } => self.repay(*account, *amount),
            Command::Place { account, order, terms } => self.place(*account, *order, terms),
            Command::Cancel { account, order } => self.cancel(*account, *order),
            Command::Trade { contract, quantity, price, buyer, seller, taker } => {
                let trade = trades::Trade { contract: *contract, quantity: *quantity, price: *price, taker: *taker };
                self.trade(trade, *buyer, *seller)
            }
            Command::Prices(batch) => self.prices(batch),
            Command::PayFunding { contract, rate } => self.pay_funding(*contract, *rate),
            Command::Settle { underlying, expiry, price } => self.settle(*underlying, *expiry, *price),
            Command::Tick => self.tick(),
            Command::SetLiquidation(rules) => self.set_liquidation(rules),
            Command::Bid { account, bidder, share, bonus_min } => self.bid(*account, *bidder, *share, *bonus_min),
            Command::SetBreaker { name, breaker } => self.set_breaker(name, breaker.as_deref()),
            Command::LiftBreaker { name } => self.lift_breaker(name),
            Command::TripBreaker { name } => self.trip_breaker(name),
            Command::SetNotice { seconds } => {
                self.set_notice(*seconds);
                Ok(())
            }
            Command::Announce { rule, from } => self.announce(rule, *from),
            Command::Recall { number } => self.recall(*number),
        }
    }

    /// Applies an event and keeps it.
    fn emit(&mut self, event: Event) {
        evolve(self.state, &event, self.at);
        self.events.push(event);
    }

    fn account(&self, account: AccountId) -> Result<&Account, Refusal> {
        self.state.account(account).ok_or(Refusal::UnknownAccount(account))
    }

    fn listed(&self, asset: Asset) -> Result<(), Refusal> {
        if self.state.assets.contains_key(&asset) { Ok(()) } else { Err(Refusal::UnknownAsset(asset)) }
    }

    /// A contract that can still be traded.
    fn open(&self, contract: ContractId) -> Result<&Contract, Refusal> {
        let found = self.state.contract(contract).ok_or(Refusal::UnknownContract(contract))?;
        match found.instrument.expiry().filter(|expiry| *expiry <= self.at || found.settled_at.is_some()) {
            Some(expiry) => Err(Refusal::Expired { contract: found.instrument.terms().name.clone(), expiry }),
            None => Ok(found),
        }
    }

    /// Whether every sum that `legs` go into still fits, one after the other: what [`evolve`] relies on.
    fn fits(&self, legs: &[Leg]) -> Result<(), Refusal> {
        let totals = &self.state.totals;
        let mut cash: BTreeMap<(Holder, Asset), Decimal> = BTreeMap::new();
        let mut sums: BTreeMap<Asset, (Decimal, Decimal, Decimal, Decimal)> = BTreeMap::new();
        for Leg { holder, amount } in legs {
            let (asset, value) = (amount.asset, amount.value);
            let known = match holder {
                Holder::Account(account) => self.account(*account)?.cash(asset),
                Holder::House(house) => self.state.held_by(*house, asset),
            };
            let held = cash.entry((*holder, asset)).or_insert(known);
            *held = held.plus(value)?;
            let sum = |of: &BTreeMap<Asset, Decimal>| of.get(&asset).copied().unwrap_or_default();
            let start = (sum(&totals.cash), sum(&totals.deposited), sum(&totals.overdrawn), sum(&totals.principal));
            let (all, deposited, overdrawn, principal) = sums.entry(asset).or_insert(start);
            *all = all.plus(value)?;
            if holder.account().is_some() {
                *deposited = deposited.plus(value)?;
                // Whatever becomes of it, what is short and what counts as paid in grow by no more than what moves.
                *overdrawn = overdrawn.plus(value.abs())?;
                *principal = principal.plus(value.abs())?;
            }
        }
        Ok(())
    }
}
