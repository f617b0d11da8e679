//! Applying one event: the only writer of [`State`].
//!
//! Nothing is decided here and nothing can fail: an event carries outcomes, and sums were checked before it was emitted.
//! After every event each asset nets to zero, what clearing holds is what the positions' costs are short of, and
//! contracts net to zero. These are asserted, in release too.

mod fits;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Amount, Asset, Decimal, NumberError, Rounding, Timestamp, Underlying};

use crate::account::{Account, ContractId, Funds, Holding, OrderId, Standing};
use crate::breakers;
use crate::event::{Event, Filled};
use crate::ledger::{Holder, House, Leg};
use crate::liquidation::{Auction, Liquidation, Spent};
use crate::market::{Feed, PriceBatch, Reading};
use crate::notice::Announced;
use crate::state::{Contract, State};

pub use fits::{Unfit, fits};

/// Applies `event`, which was emitted at `at`.
///
/// # Panics
/// When the event breaks a promise of the ledger: a fault of whoever emitted it, which must not be built upon. Whoever did
/// not decide it asks [`fits`] first.
pub fn evolve(state: &mut State, event: &Event, at: Timestamp) {
    state.clock = state.clock.max(at);
    let carried = carried(state, event);
    for leg in event.legs() {
        post(state, leg);
    }
    for Carried { payer, receiver, asset, principal, gains } in carried {
        add_principal(state, payer, asset, principal.negated());
        add_principal(state, receiver, asset, principal);
        add_principal(state, receiver, asset, gains);
    }
    listing(state, event);
    terms(state, event, at);
    cash(state, event, at);
    trading(state, event, at);
    breakers::evolve(state, event, at);
    for leg in event.legs() {
        if let Holder::Account(account) = leg.holder {
            settle_principal(state, account, leg.amount.asset);
        }
        assert_nets(state, leg.amount.asset);
    }
}

fn listing(state: &mut State, event: &Event) {
    match event {
        Event::AssetListed { asset, rules } => {
            state.assets.insert(*asset, rules.clone());
        }
        Event::UnderlyingListed { underlying, rules } => {
            state.underlyings.insert(*underlying, rules.clone());
        }
        Event::ContractListed { contract, instrument } => {
            state.contracts.push(Contract { instrument: instrument.clone(), settled_at: None });
            state.contract_names.insert(instrument.terms().name.clone(), *contract);
        }
        Event::ModelInForce { name, rules } => {
            state.models.insert(name.clone(), rules.clone());
            state.versions.models += 1;
            return;
        }
        Event::ModelAnnounced { name, pending } => {
            if let Some(model) = state.models.get_mut(name) {
                model.pending = Some(pending.clone());
            }
            return;
        }
        _ => return,
    }
    state.versions.listing += 1;
}

fn terms(state: &mut State, event: &Event, at: Timestamp) {
    match event {
        Event::AccountOpened { account, terms } => {
            state.account_names.insert(terms.name.clone(), *account);
            state.accounts.push(Account::new(terms.clone(), at));
            state.join(*account);
        }
        Event::AccountAmended { account, terms, loss_from } => {
            state.leave(*account);
            let facts = of(state, *account);
            facts.terms = terms.clone();
            facts.loss_from = *loss_from;
            state.join(*account);
        }
        Event::Frozen { account, frozen, .. } => of(state, *account).frozen = *frozen,
        Event::LevelChanged { account, from, to, deadline, .. } => {
            let standing = &mut of(state, *account).standing;
            let since = if from == to { standing.since } else { at };
            *standing = Standing { state: *to, since, deadline: *deadline };
            state.is_under(*account);
        }
        Event::CallExpired { account, .. } => of(state, *account).standing.deadline = None,
        Event::LiquidationRulesSet { rules } => state.liquidation = (**rules).clone(),
        Event::NoticeSet { seconds } => state.notices.seconds = *seconds,
        Event::Announced { number, rule, from } => {
            state.notices.told = number.saturating_add(1);
            state.notices.announced.insert(*number, Announced { rule: rule.clone(), from: *from });
        }
        Event::Recalled { number } | Event::CarriedOut { number, .. } => {
            state.notices.announced.remove(number);
        }
        Event::LiquidationWave { account, wave, .. } => {
            let markets = closed_in(state, *account);
            of(state, *account).liquidation = Some(Liquidation { waves: *wave, last: at, auction: None, markets });
        }
        Event::AuctionBegun { account, is_insolvent } => {
            let markets = closed_in(state, *account);
            let known = of(state, *account).liquidation.take();
            let begun = known.as_ref().and_then(|known| Some(known.auction?.begun)).unwrap_or(at);
            let auction = Some(Auction { begun, since: at, is_insolvent: *is_insolvent });
            of(state, *account).liquidation =
                Some(Liquidation { waves: known.map_or(0, |it| it.waves), last: at, auction, markets });
        }
        Event::AuctionUnsold { account } => {
            if let Some(known) = &mut of(state, *account).liquidation {
                (known.auction, known.last) = (None, at);
            }
        }
        _ => {}
    }
}

fn cash(state: &mut State, event: &Event, at: Timestamp) {
    match event {
        Event::Deposited { account, amount, worth, .. } => {
            add_principal(state, *account, amount.asset, amount.value);
            flow(state, *account, *worth);
        }
        Event::Withdrawn { account, amount, worth, gains, .. } => {
            add_principal(state, *account, amount.asset, less(*gains, amount.value));
            flow(state, *account, worth.negated());
        }
        Event::Transferred { from, to, amount, worth, principal, top_up, .. } => {
            add_principal(state, *from, amount.asset, principal.negated());
            add_principal(state, *to, amount.asset, *principal);
            flow(state, *from, worth.negated());
            flow(state, *to, *worth);
            if *top_up {
                add(&mut of(state, *to).topped_up, amount.value);
            }
        }
        Event::Borrowed { account, amount, .. } => {
            add_principal(state, *account, amount.asset, amount.value);
            let funds = of(state, *account).funds.entry(amount.asset).or_default();
            add(&mut funds.borrowed, amount.value);
            funds.charged_until.get_or_insert(at);
            add(state.totals.owed.entry(amount.asset).or_default(), amount.value);
        }
        Event::Repaid { account, amount, interest, .. } => {
            let paid = checked(amount.value.plus(*interest));
            let funds = of(state, *account).funds.entry(amount.asset).or_default();
            funds.borrowed = less(funds.borrowed, amount.value);
            funds.interest = less(funds.interest, *interest);
            if funds.borrowed.is_zero() && funds.interest.is_zero() {
                funds.charged_until = None;
            }
            // What was borrowed counted as paid in while it was there.
            let principal = funds.principal.min(paid);
            add_principal(state, *account, amount.asset, principal.negated());
            let owed = state.totals.owed.entry(amount.asset).or_default();
            *owed = less(*owed, paid);
        }
        Event::InterestCharged { asset, charges, .. } => {
            for charge in charges {
                let funds = of(state, charge.account).funds.entry(*asset).or_default();
                add(&mut funds.interest, charge.interest);
                funds.charged_until = Some(charge.until);
                add(state.totals.owed.entry(*asset).or_default(), charge.interest);
            }
        }
        Event::OverdraftCharged { asset, charges, .. } => {
            for charge in charges {
                add(&mut of(state, charge.account).funds.entry(*asset).or_default().interest, charge.interest);
                add(state.totals.owed.entry(*asset).or_default(), charge.interest);
            }
        }
        _ => {}
    }
}

fn trading(state: &mut State, event: &Event, at: Timestamp) {
    match event {
        Event::OrderPlaced { account, order, terms } => {
            of(state, *account).orders.insert(*order, terms.clone());
            state.closing_orders += u64::from(order.closes());
        }
        Event::OrderCancelled { account, order, .. } => {
            of(state, *account).orders.remove(order);
        }
        Event::Traded { contract, quantity, buyer, seller, .. } => {
            for side in [buyer, seller] {
                hold(state, side.account, *contract, side.after);
                filled(state, side, quantity.0);
            }
            let held = state.totals.held.get(contract).copied().unwrap_or_default();
            assert!(held.0.is_zero(), "contract {}: what accounts hold nets to {held}", contract.0);
        }
        Event::Deleveraged { value, .. } => spend(state, at, |spent| more(&mut spent.matched, *value)),
        Event::Haircut { value, .. } => spend(state, at, |spent| more(&mut spent.haircut, *value)),
        Event::LossShared { lost, shares, .. } => {
            spend(state, at, |spent| more(&mut spent.haircut, *lost));
            for share in shares {
                let known = of(state, share.account).shared.get_or_insert_default();
                more(known.entry(share.contract).or_default(), share.amount);
            }
        }
        Event::Covered { lost, markets, .. } if !lost.is_zero() => spend(state, at, |spent| {
            more(&mut spent.fund, *lost);
            markets.iter().for_each(|market| more(spent.markets.entry(*market).or_default(), *lost));
        }),
        Event::Priced { batch, readings } => priced(state, batch, readings, at),
        Event::Settled { contract, price, holders, .. } => {
            holders.iter().for_each(|account| hold(state, *account, *contract, Holding::default()));
            state.contracts[contract.index()].settled_at = Some(price.value);
            state.market.marks.remove(contract);
            state.market.marked.remove(contract);
            forget_window(state, *contract);
            state.versions.listing += 1;
        }
        _ => {}
    }
}

fn priced(state: &mut State, batch: &PriceBatch, readings: &[(Feed, Reading)], at: Timestamp) {
    let open = state.open_windows(at);
    let market = &mut state.market;
    market.let_stand(&open, at);
    market.as_of = at;
    let quoted = |underlying| batch.quotes.iter().any(|(feed, _)| *feed == Feed::Index(underlying));
    for window in open.keys().filter(|(underlying, expiry)| at < *expiry && quoted(*underlying)) {
        market.windows.entry(*window).and_modify(|known| known.readings = known.readings.saturating_add(1));
    }
    for (feed, quote) in &batch.quotes {
        market.feeds.entry(*feed).or_default().quotes.insert(quote.name.clone(), quote.clone());
    }
    for (feed, reading) in readings {
        market.feeds.entry(*feed).or_default().reading = Some(*reading);
    }
    market.marks.extend(batch.marks.iter().cloned());
    let priced = batch.marks.iter().filter(|(_, mark)| mark.price.is_some());
    market.marked.extend(priced.map(|(contract, _)| (*contract, at)));
    market.surfaces.extend(batch.surfaces.iter().cloned());
    state.versions.market += 1;
}

/// Counts what has gone of a day's budgets.
fn spend(state: &mut State, at: Timestamp, count: impl FnOnce(&mut Spent)) {
    let mut spent = state.spent.on(at);
    count(&mut spent);
    state.spent = spent;
}

/// Adds; what no longer fits is beyond any budget.
fn more(sum: &mut Decimal, lost: Decimal) {
    *sum = sum.plus(lost).unwrap_or(*sum);
}

/// The readings before an expiry are of no use once its last contract is settled.
fn forget_window(state: &mut State, contract: ContractId) {
    let of = |contract: &Contract| Some((contract.instrument.terms().underlying, contract.instrument.expiry()?));
    let Some(window) = of(&state.contracts[contract.index()]) else { return };
    let needed = |other: &Contract| other.settled_at.is_none() && of(other) == Some(window);
    if !state.contracts.iter().any(needed) {
        state.market.windows.remove(&window);
    }
}

/// Writes what an account holds, and keeps the sums.
fn hold(state: &mut State, account: AccountId, contract: ContractId, after: Holding) {
    let instrument = &state.contracts[contract.index()].instrument;
    let settlement = (!instrument.is_paid_when_bought()).then_some(instrument.terms().settlement);
    let known = of(state, account);
    let before = known.holdings.remove(&contract).unwrap_or_default();
    if !after.quantity.0.is_zero() {
        known.holdings.insert(contract, after);
    }
    if known.shared.is_some() {
        keep_shared(known, contract, before.quantity.0, after.quantity.0);
    }
    if let Some(stakes) = &mut state.stakes {
        let terms = &state.accounts[account.index()].terms;
        stakes.moved(contract, breakers::owner_of(terms.kind, &terms.owner), before.quantity, after.quantity);
    }
    add(&mut state.totals.held.entry(contract).or_default().0, less(after.quantity.0, before.quantity.0));
    if let Some(asset) = settlement {
        add(state.totals.cost.entry(asset).or_default(), less(after.cost, before.cost));
    }
}

/// What was paid for others out of a gain goes as the gain does: with the part of the position that is closed.
fn keep_shared(account: &mut Account, contract: ContractId, before: Decimal, after: Decimal) {
    let Some(shared) = &mut account.shared else { return };
    let Some(paid) = shared.get_mut(&contract) else { return };
    if before.signum() != after.signum() {
        shared.remove(&contract);
    } else if after.abs() < before.abs() {
        *paid = paid.times_ratio(after.abs(), before.abs(), Rounding::Up).unwrap_or(*paid);
    }
    if shared.is_empty() {
        account.shared = None;
    }
}

/// Takes a fill off the order it filled.
fn filled(state: &mut State, side: &Filled, quantity: Decimal) {
    let Some(id) = side.order else { return };
    let orders: &mut BTreeMap<OrderId, _> = &mut of(state, side.account).orders;
    let Some(order) = orders.get_mut(&id) else { return };
    order.quantity.0 = less(order.quantity.0, quantity);
    if order.quantity.0.signum() <= 0 {
        orders.remove(&id);
    }
}

/// What of a price paid at once is there: whoever receives it may take it out.
struct Carried {
    payer: AccountId,
    receiver: AccountId,
    asset: Asset,
    /// The payer's principal.
    principal: Decimal,
    /// The payer's gains that somebody has paid for.
    gains: Decimal,
}

/// What was paid in goes with what is paid, and becomes the receiver's; so do gains, as far as somebody has paid for them.
fn carried(state: &State, event: &Event) -> Vec<Carried> {
    let Event::Traded { contract, buyer, seller, legs, .. } = event else { return Vec::new() };
    if !state.contracts[contract.index()].instrument.is_paid_when_bought() {
        return Vec::new();
    }
    let sides = [(buyer.account, seller.account), (seller.account, buyer.account)];
    let of = |(payer, receiver): (AccountId, AccountId)| {
        // Fees stay behind: what is carried is no more than what arrives.
        let got =
            legs.iter().filter(move |leg| leg.holder.account() == Some(receiver) && leg.amount.value.signum() > 0);
        got.map(move |leg| {
            let Amount { asset, value } = leg.amount;
            let funds = state.accounts[payer.index()].funds.get(&asset).copied().unwrap_or_default();
            let principal = funds.principal.min(value);
            let gains = less(value.min(funds.cash.or_zero()), principal).or_zero();
            let gains = gains.min(state.unclaimed(asset, None).unwrap_or_default());
            Carried { payer, receiver, asset, principal, gains }
        })
    };
    sides.into_iter().flat_map(of).collect()
}

/// Moves one leg's cash.
fn post(state: &mut State, leg: &Leg) {
    let (asset, value) = (leg.amount.asset, leg.amount.value);
    add(state.totals.cash.entry(asset).or_default(), value);
    match leg.holder {
        Holder::House(house) => add(state.house.entry((house, asset)).or_default(), value),
        Holder::Account(account) => {
            add(state.totals.deposited.entry(asset).or_default(), value);
            let cash = &mut of(state, account).funds.entry(asset).or_default().cash;
            let before = cash.negated().or_zero();
            add(cash, value);
            let more = less(cash.negated().or_zero(), before);
            if !more.is_zero() {
                add(state.totals.overdrawn.entry(asset).or_default(), more);
            }
        }
    }
}

fn add_principal(state: &mut State, account: AccountId, asset: Asset, value: Decimal) {
    add(&mut of(state, account).funds.entry(asset).or_default().principal, value);
    add(state.totals.principal.entry(asset).or_default(), value);
}

/// What is lost is no longer there to be taken out as what was paid in; an asset of which nothing is left is forgotten.
fn settle_principal(state: &mut State, account: AccountId, asset: Asset) {
    let Some(funds) = of(state, account).funds.get(&asset).copied() else { return };
    let lost = less(funds.principal, funds.principal.min(funds.cash.or_zero()));
    if !lost.is_zero() {
        add_principal(state, account, asset, lost.negated());
    }
    let funds = &mut of(state, account).funds;
    if funds.get(&asset).is_some_and(|funds| *funds == Funds::default()) {
        funds.remove(&asset);
    }
}

/// What is paid in or taken out is no gain and no loss.
fn flow(state: &mut State, account: AccountId, worth: Decimal) {
    if let Some(from) = &mut of(state, account).loss_from {
        *from = from.plus(worth).unwrap_or(*from);
    }
}

fn assert_nets(state: &State, asset: Asset) {
    let cash = state.totals.cash.get(&asset).copied().unwrap_or_default();
    assert_eq!(cash, Decimal::ZERO, "{asset}: cash does not net to zero");
    let cost = state.totals.cost.get(&asset).copied().unwrap_or_default();
    let clearing = state.held_by(House::Clearing, asset);
    assert_eq!(cost.negated(), clearing, "{asset}: clearing is not what positions' costs are short of");
}

/// The underlyings that an account was closed in so far, and those of what it holds now.
fn closed_in(state: &State, account: AccountId) -> BTreeSet<Underlying> {
    let known = &state.accounts[account.index()];
    let mut markets = known.liquidation.as_ref().map(|known| known.markets.clone()).unwrap_or_default();
    let of = |contract: &ContractId| state.contracts[contract.index()].instrument.terms().underlying;
    markets.extend(known.holdings.keys().map(of));
    markets
}

fn of(state: &mut State, account: AccountId) -> &mut Account {
    &mut state.accounts[account.index()]
}

fn add(into: &mut Decimal, value: Decimal) {
    *into = checked(into.plus(value));
}

fn less(from: Decimal, value: Decimal) -> Decimal {
    checked(from.minus(value))
}

fn checked(sum: Result<Decimal, NumberError>) -> Decimal {
    sum.unwrap_or_else(|error| unreachable!("a sum that was checked before its event was emitted: {error}"))
}
