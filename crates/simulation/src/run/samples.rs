//! What is dear to look at, looked at now and then: margin from a new book, and what was allowed by it.

use std::collections::BTreeSet;

use plimsoll_core::{AccountId, Decimal, Side};
use plimsoll_engine::account::Account;
use plimsoll_engine::{Book, Command, Event, OpenOrder, State};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level;

use super::watch::Watch;
use crate::promises::mirror::{Mirror, cost, filled};
use crate::promises::{Wrong, equity, scan, standing};
use crate::random::Random;

/// The promise of accounts below a line.
pub(super) const RESTRICTED: &str = "who is below a line does nothing that raises maintenance margin";
/// The promise of those above.
pub(super) const CARRIED: &str = "who was allowed an order can carry it filled";
/// The promise of what leaves.
pub(super) const WITHDRAWN: &str = "what is left after a withdrawal covers initial margin";

/// Prices from one look at many accounts to the next.
const EVERY: u64 = 8;
/// Prices from one look at those who did something last to the next, and how many of them.
const LIVELY: (u64, usize) = (2, 24);
/// Accounts looked at: those nearest to a line, and those whose turn it is.
const LOOKED_AT: (usize, usize) = (12, 24);
/// What rounding in floats and grains may hide, in the currency.
const CENT: Decimal = Decimal::new(1, 2);

impl Watch {
    /// Before an order's event is applied: what it could make of the account.
    pub(super) fn before_order(&mut self, command: &Command, random: &mut Random) {
        let Command::Place { account: id, terms, .. } = command else { return };
        let Some(account) = self.folded.account(*id) else { return };
        if account.terms.kind == plimsoll_engine::account::Kind::Outside {
            return;
        }
        let healthy = account.standing.state == level::State::Healthy;
        if !random.chance(if healthy { 20_000 } else { 200_000 }) {
            return;
        }
        let promise = if healthy { CARRIED } else { RESTRICTED };
        let wrong = judged(&mut self.folded, *id, terms, healthy);
        self.looked(promise, wrong);
    }

    /// After a command's events were applied: who stands where, and what is left.
    pub(super) fn after_done(&mut self, command: &Command, events: &[Event], random: &mut Random) {
        if let Command::Prices(_) = command {
            self.prices += 1;
            self.listing = self.folded.versions.listing;
            if self.prices.is_multiple_of(EVERY) {
                self.look_at_many();
            } else if self.prices.is_multiple_of(LIVELY.0) {
                self.look_at(&self.lively.clone());
            }
            return;
        }
        if !matches!(command, Command::Tick | Command::PayFunding { .. }) {
            self.remember(events);
        }
        // A listing changes what models are prepared for, and accounts are looked at with the next prices.
        if self.listing != self.folded.versions.listing {
            return;
        }
        match command {
            Command::Withdraw { account, .. } if random.chance(60_000) => self.look_at_what_is_left(*account),
            Command::Cancel { .. } => {}
            _ if random.chance(if matches!(command, Command::PayFunding { .. }) { 500_000 } else { 6_000 }) => {
                let mut touched: Vec<AccountId> = events.iter().flat_map(Event::accounts).collect();
                touched.sort_unstable();
                touched.dedup();
                touched.truncate(20);
                self.look_at(&touched);
            }
            _ => {}
        }
    }

    /// Keeps who was touched for when prices have moved.
    fn remember(&mut self, events: &[Event]) {
        let these: BTreeSet<AccountId> = events.iter().flat_map(Event::accounts).collect();
        self.lively.retain(|id| !these.contains(id));
        self.lively.extend(these);
        let more = self.lively.len().saturating_sub(LIVELY.1);
        self.lively.drain(..more);
    }

    fn look_at_many(&mut self) {
        let mut near: Vec<(Decimal, AccountId)> = self.nearest.iter().map(|(id, slack)| (*slack, *id)).collect();
        near.sort_unstable();
        let mut these: Vec<AccountId> = near.into_iter().take(LOOKED_AT.0).map(|(_, id)| id).collect();
        let count = self.folded.accounts.len();
        let turns = (0..count).map(|at| crate::world::account((self.turn + at) % count));
        let is_busy = |id: &AccountId| self.folded.account(*id).is_some_and(|known| !known.is_idle());
        let busy: Vec<AccountId> = turns.filter(is_busy).take(LOOKED_AT.1).collect();
        self.turn = busy.last().map_or(self.turn, |last| last.index() + 1);
        these.extend(busy);
        these.extend(&self.lively);
        these.sort_unstable();
        these.dedup();
        self.look_at(&these);
    }

    fn look_at(&mut self, these: &[AccountId]) {
        let mut book = Book::new();
        for id in these {
            let Some(margin) = standing::margin(&self.folded, &mut book, *id) else {
                self.nearest.remove(id);
                continue;
            };
            let (wrong, nearest) = standing::check(&self.folded, &margin, *id);
            self.looked(standing::STANDING, wrong);
            if let Some(slack) = nearest {
                self.nearest.insert(*id, slack);
            }
            let wrong = equity::check(&self.folded, &self.mirror, *id, &margin);
            self.looked(equity::EQUITY, wrong);
            if self.folded.account(*id).is_some_and(|account| &*account.terms.model == "plimsoll") {
                let wrong = scan::check(&self.folded, &self.mirror, *id, &margin);
                self.looked(scan::SCAN, wrong);
            }
        }
    }

    fn look_at_what_is_left(&mut self, id: AccountId) {
        let Some(margin) = standing::margin(&self.folded, &mut Book::new(), id) else { return };
        let idle = self.folded.account(id).is_some_and(|account| account.is_idle() && account.terms.group.is_none());
        let (left, required) = (margin.equity.withdrawable.amount, margin.requirement.initial.amount);
        let short = !idle && required.minus(left).is_ok_and(|short| short > CENT);
        let wrong = short.then(|| Wrong::of(WITHDRAWN, id, left.to_string(), format!("at least {required}")));
        self.looked(WITHDRAWN, wrong);
    }
}

/// Whether an account could carry an order filled whole, and all that is open on its side of its contract with it where it
/// is below a line.
fn judged(state: &mut State, id: AccountId, order: &OpenOrder, healthy: bool) -> Option<Wrong> {
    let as_it_is = state.account(id)?.clone();
    let mut calm = as_it_is.clone();
    calm.orders.clear();
    let same = |open: &&OpenOrder| open.contract == order.contract && open.side == order.side && !healthy;
    let orders: Vec<&OpenOrder> = as_it_is.orders.values().filter(same).chain([order]).collect();
    let after = orders.into_iter().try_fold(calm.clone(), |account, order| with(state, account, order))?;
    let mut book = Book::new();
    let mut of = |account: Account| -> Option<Margin> {
        state.accounts[id.index()] = account;
        standing::margin(state, &mut book, id)
    };
    let found = of(calm).zip(of(after));
    state.accounts[id.index()] = as_it_is;
    let (before, after) = found?;
    let (mm_before, mm_after) = (before.requirement.maintenance.amount, after.requirement.maintenance.amount);
    let raises = mm_after.minus(mm_before).is_ok_and(|more| more > CENT);
    if !raises {
        return None;
    }
    if !healthy {
        return Some(Wrong::of(RESTRICTED, id, format!("maintenance {mm_after}"), format!("at most {mm_before}")));
    }
    let (has, needs) = (after.equity.initial.amount, after.requirement.initial.amount);
    let short = needs.minus(has).is_ok_and(|short| short > CENT);
    let model = &state.account(id)?.terms.model;
    let text = format!("{model}: initial equity {has}, maintenance {mm_before} before and {mm_after} after");
    short.then(|| Wrong::of(CARRIED, id, text, format!("at least {needs}")))
}

/// The account with `order` filled whole, and its fee paid.
fn with(state: &State, mut account: Account, order: &OpenOrder) -> Option<Account> {
    let instrument = &state.contract(order.contract)?.instrument;
    let held = account.holding(order.contract);
    let mut quantity = order.quantity.0.units();
    if order.side == Side::Sell {
        quantity = -quantity;
    }
    if order.reduce_only {
        let held = held.quantity.0.units();
        let closes = held.signum() * quantity.signum() < 0;
        quantity = if closes { quantity.signum() * quantity.abs().min(held.abs()) } else { 0 };
    }
    let paid = cost(instrument, quantity, order.price.value.units())?;
    let settlement = instrument.terms().settlement;
    let mut moved = Vec::new();
    if instrument.only_moves_balances() {
        moved.extend([(instrument.terms().underlying.asset(), quantity), (settlement, -paid)]);
    } else {
        let (count, cost, realised) = filled((held.quantity.0.units(), held.cost.units()), quantity, paid)?;
        let holding = plimsoll_engine::Holding {
            quantity: plimsoll_core::Quantity(Decimal::from_units(count)?),
            cost: Decimal::from_units(cost)?,
        };
        account.holdings.insert(order.contract, holding);
        account.holdings.retain(|_, holding| !holding.quantity.0.is_zero());
        moved.push((settlement, if instrument.is_paid_when_bought() { -paid } else { realised }));
    }
    let rate = account.terms.taker_fee_rate.units();
    let fee = crate::promises::exact::product(paid.abs(), rate, crate::promises::exact::Way::Up)?;
    moved.push((settlement, -fee));
    for (asset, units) in moved {
        let funds = account.funds.entry(asset).or_default();
        funds.cash = funds.cash.plus(Decimal::from_units(units)?).ok()?;
    }
    Some(account)
}

/// A ground for a refusal that the books do not know: what was found instead.
pub(super) fn groundless(mirror: &Mirror, command: &Command, rule: &str) -> Option<String> {
    let account = match command {
        Command::Withdraw { account, .. }
        | Command::Place { account, .. }
        | Command::Cancel { account, .. }
        | Command::Borrow { account, .. }
        | Command::Repay { account, .. } => *account,
        Command::Transfer { from, .. } => *from,
        _ => return None,
    };
    let known = mirror.accounts.get(account.index());
    match (rule, command) {
        ("UnknownAccount", Command::Transfer { to, .. }) => {
            (known.is_some() && to.index() < mirror.accounts.len()).then(|| "both accounts".to_owned())
        }
        ("UnknownAccount", _) => known.map(|_| format!("account {}", account.0)),
        ("Frozen", _) => known.filter(|known| !known.frozen).map(|_| format!("account {}, not frozen", account.0)),
        ("UnknownOrder", Command::Cancel { order, .. }) => {
            known.filter(|known| known.orders.contains_key(order)).map(|_| format!("order {order}, open"))
        }
        (
            "CashShort",
            Command::Withdraw { amount, .. } | Command::Transfer { amount, .. } | Command::Repay { amount, .. },
        ) => {
            let is_repaid = matches!(command, Command::Repay { .. });
            let pledged = if is_repaid { 0 } else { mirror.pledged(account, amount.asset) };
            let cash = mirror.cash(account, amount.asset) - pledged;
            (cash >= amount.value.units()).then(|| format!("cash {}", crate::promises::exact::shown(cash)))
        }
        _ => None,
    }
}
