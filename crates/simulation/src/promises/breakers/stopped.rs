//! What breakers may stop, and where: by the rules as they are written down.

use plimsoll_core::{AccountId, Amount, Asset, Side, Underlying};
use plimsoll_engine::account::{Funds, Kind};
use plimsoll_engine::breakers::{Restricted, Subject};
use plimsoll_engine::{AccountTerms, Command, ContractId, Event, OpenOrder, State};

use crate::promises::exact::{Way, quotient};
use crate::promises::mirror::paid;

/// Where something is asked for or done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// An account's order in a contract.
    Order(AccountId, ContractId),
    /// An account's cash of an asset.
    Cash(AccountId, Asset),
    /// The same, on its way to another account.
    Sent(AccountId, AccountId, Asset),
    /// What is taken over of a contract by who bids: what stops everybody does not stop that.
    TakenOver(AccountId, ContractId),
    /// The engine's closing in a contract.
    Closing(ContractId),
    /// The engine's closing of anybody.
    Anybody,
}

/// What `command` asks for of what breakers may stop.
pub(super) fn asked(state: &State, command: &Command) -> Vec<(Restricted, Place)> {
    match command {
        Command::Place { account, terms, .. } => {
            let place = Place::Order(*account, terms.contract);
            let opens = !only_reduces(state, *account, terms);
            let opening = opens.then_some((Restricted::Opening, place));
            let known = state.account(*account);
            let open = known.into_iter().flat_map(|known| known.orders.values());
            let buys_back = !is_spot(state, terms.contract) && !opens;
            let lent = borrowed(state, *account, terms, open).into_iter().filter(|_| !buys_back);
            std::iter::once((Restricted::Placing, place)).chain(opening).chain(lent).collect()
        }
        Command::Withdraw { account, amount } => {
            let place = Place::Cash(*account, amount.asset);
            let gains = takes_gains(state, *account, *amount).then_some((Restricted::Gains, place));
            std::iter::once((Restricted::Withdrawing, place)).chain(gains).collect()
        }
        Command::Transfer { from, to, amount } if !state.margined_with(*from).contains(to) => {
            let gains = takes_gains(state, *from, *amount);
            let gains = gains.then_some((Restricted::Gains, Place::Cash(*from, amount.asset)));
            let sent = (Restricted::Withdrawing, Place::Sent(*from, *to, amount.asset));
            std::iter::once(sent).chain(gains).collect()
        }
        Command::AmendAccount { account, terms } if leaves(state, *account, terms) => {
            let funds = state.account(*account).into_iter().flat_map(|known| &known.funds);
            let of = |(asset, funds): (&Asset, &Funds)| {
                let place = Place::Cash(*account, *asset);
                let gains = (funds.cash > funds.principal).then_some((Restricted::Gains, place));
                std::iter::once((Restricted::Withdrawing, place)).chain(gains)
            };
            funds.flat_map(of).collect()
        }
        Command::Borrow { account, amount } => vec![(Restricted::Borrowing, Place::Cash(*account, amount.asset))],
        Command::Bid { account, bidder, .. } => {
            let unit = state.margined_with(*account);
            let known = unit.iter().filter_map(|id| state.account(*id));
            let held = known.flat_map(|known| known.holdings.keys().copied());
            let of = |contract| {
                let place = Place::TakenOver(*bidder, contract);
                let closing = (Restricted::Liquidating, Place::Closing(contract));
                [(Restricted::Placing, place), (Restricted::Opening, place), closing]
            };
            held.flat_map(of).collect()
        }
        _ => Vec::new(),
    }
}

/// What `command` may have been refused for besides: whether a bid asks for a loan turns on what it would have taken over.
pub(super) fn may_have_asked(command: &Command, assets: impl Iterator<Item = Asset>) -> Vec<(Restricted, Place)> {
    let Command::Bid { bidder, .. } = command else { return Vec::new() };
    assets.map(|asset| (Restricted::Borrowing, Place::Cash(*bidder, asset))).collect()
}

/// Whether an account leaves others that it is margined with.
fn leaves(state: &State, account: AccountId, terms: &AccountTerms) -> bool {
    let group = state.account(account).map(|known| &known.terms.group);
    group.is_some_and(|group| *group != terms.group) && state.margined_with(account).len() > 1
}

fn is_spot(state: &State, contract: ContractId) -> bool {
    state.contract(contract).is_some_and(|known| known.instrument.only_moves_balances())
}

/// What an account asks to be lent for `order`: what it is short of where all that is `open` and pays of the same is paid too.
fn borrowed<'a>(
    state: &State,
    account: AccountId,
    order: &'a OpenOrder,
    open: impl Iterator<Item = &'a OpenOrder>,
) -> Vec<(Restricted, Place)> {
    let pays = |order: &OpenOrder| {
        let quantity = order.quantity.0.units() * if order.side == Side::Buy { 1 } else { -1 };
        paid(&state.contract(order.contract)?.instrument, quantity, order.price.value.units())?
    };
    let known = state.account(account).filter(|known| known.terms.kind != Kind::Outside);
    let (Some(known), Some((asset, value))) = (known, pays(order)) else { return Vec::new() };
    let others: i128 = open.filter_map(pays).filter(|(of, _)| *of == asset).map(|(_, value)| value).sum();
    let is_short = value + others > known.cash(asset).units().max(0);
    is_short.then_some((Restricted::Borrowing, Place::Cash(account, asset))).into_iter().collect()
}

/// Where `event` closes somebody of the engine's own accord.
pub(super) fn closing(event: &Event) -> Option<Place> {
    match event {
        Event::OrderPlaced { order, terms, .. } if order.closes() => Some(Place::Closing(terms.contract)),
        Event::Traded { contract, closes: Some(_), .. } => Some(Place::Closing(*contract)),
        Event::LiquidationWave { .. } | Event::AuctionBegun { .. } | Event::Covered { .. } => Some(Place::Anybody),
        _ => None,
    }
}

/// Whether a breaker that is tripped at `subject` concerns what is done at `place`.
pub(super) fn concerns(state: &State, subject: &Subject, place: Place) -> bool {
    let is_theirs = |account: AccountId| match subject {
        Subject::Owner(owner) | Subject::Holder { owner, .. } => {
            state.account(account).is_some_and(|known| known.terms.owner == *owner)
        }
        _ => true,
    };
    match place {
        Place::Order(account, contract) => is_theirs(account) && is_in(state, subject, contract),
        Place::Cash(account, asset) => is_theirs(account) && is_cash_of(state, subject, account, asset),
        Place::Sent(from, to, asset) => {
            concerns(state, subject, Place::Cash(from, asset)) && !concerns(state, subject, Place::Cash(to, asset))
        }
        Place::TakenOver(bidder, contract) => {
            matches!(subject, Subject::Owner(_) | Subject::Holder { .. })
                && concerns(state, subject, Place::Order(bidder, contract))
        }
        Place::Closing(contract) => is_in(state, subject, contract),
        Place::Anybody => *subject == Subject::Everything,
    }
}

/// Contracts on an underlying; those that settle in an asset or are on it.
fn is_in(state: &State, subject: &Subject, contract: ContractId) -> bool {
    let Some(known) = state.contract(contract) else { return false };
    let terms = known.instrument.terms();
    match subject {
        Subject::Everything | Subject::Owner(_) => true,
        Subject::Underlying(underlying) | Subject::Holder { underlying, .. } => terms.underlying == *underlying,
        Subject::Asset(asset) => [terms.settlement, terms.underlying.asset()].contains(asset),
    }
}

/// Cash of an asset; of an underlying its coin, and all of who has a part in it, alone or in a margin group.
fn is_cash_of(state: &State, subject: &Subject, account: AccountId, asset: Asset) -> bool {
    match subject {
        Subject::Everything | Subject::Owner(_) => true,
        Subject::Asset(one) => *one == asset,
        Subject::Underlying(underlying) | Subject::Holder { underlying, .. } => {
            underlying.asset() == asset
                || state.margined_with(account).iter().any(|id| has_part(state, *id, *underlying))
        }
    }
}

fn has_part(state: &State, account: AccountId, underlying: Underlying) -> bool {
    let Some(known) = state.account(account) else { return false };
    let holds = |contract: &ContractId| {
        state.contract(*contract).is_some_and(|it| it.instrument.terms().underlying == underlying)
    };
    known.holdings.keys().any(holds) || known.cash(underlying.asset()).signum() > 0
}

fn takes_gains(state: &State, account: AccountId, amount: Amount) -> bool {
    let funds = state.account(account).and_then(|known| known.funds.get(&amount.asset));
    amount.value > funds.map(|funds| funds.principal).unwrap_or_default()
}

/// Whether an order does no more than reduce a position, with all that is open on its side; of spot, sells coins that are
/// there or buys coins that are owed.
fn only_reduces(state: &State, account: AccountId, order: &OpenOrder) -> bool {
    let (Some(known), Some(contract)) = (state.account(account), state.contract(order.contract)) else { return false };
    let instrument = &contract.instrument;
    let same = known.orders.values().filter(|open| open.contract == order.contract && open.side == order.side);
    let all: i128 = same.chain([order]).map(|open| open.quantity.0.units()).sum();
    let held = if instrument.only_moves_balances() {
        let coin = instrument.terms().underlying.asset();
        let funds = known.funds.get(&coin).copied().unwrap_or_default();
        let owed = funds.borrowed.units() + funds.interest.units() - funds.cash.units();
        let coins = if order.side == Side::Buy { owed } else { funds.cash.units() };
        let lots = quotient(coins.max(0), instrument.terms().contract_size.units(), Way::Down).unwrap_or(0);
        if order.side == Side::Buy { -lots } else { lots }
    } else {
        known.holding(order.contract).quantity.0.units()
    };
    let closes = if order.side == Side::Buy { -held } else { held };
    order.reduce_only || closes >= all
}
