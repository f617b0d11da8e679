//! The engine's accounts against the mirror's books, to the last digit.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Asset};
use plimsoll_engine::{ContractId, House, State};

use super::Wrong;
use super::exact::shown;
use super::mirror::{Loan, Mirror};

/// The promise.
pub const BOOKS: &str = "accounts hold what commands and rules give them";
/// The same of the house.
pub const HOUSE: &str = "the house holds what commands and rules give it";
/// The same of prices.
pub const PRICES: &str = "a feed reads what its sources say";

/// Where an account is not what the books have.
#[must_use]
pub fn account(state: &State, mirror: &Mirror, id: AccountId) -> Option<Wrong> {
    let (Some(found), Some(expected)) = (state.account(id), mirror.accounts.get(id.index())) else {
        let known = |is: bool| if is { "an account" } else { "none" };
        return (state.account(id).is_some() != mirror.accounts.get(id.index()).is_some())
            .then(|| Wrong::of(BOOKS, id, known(state.account(id).is_some()), "the same in both"));
    };
    let cash: BTreeMap<Asset, i128> = found
        .funds
        .iter()
        .filter(|(_, funds)| !funds.cash.is_zero())
        .map(|(asset, of)| (*asset, of.cash.units()))
        .collect();
    let loan = |funds: &plimsoll_engine::account::Funds| Loan {
        borrowed: funds.borrowed.units(),
        interest: funds.interest.units(),
        until: funds.charged_until,
    };
    let owes = |funds: &plimsoll_engine::account::Funds| !(funds.borrowed.is_zero() && funds.interest.is_zero());
    let loans: BTreeMap<Asset, Loan> =
        found.funds.iter().filter(|(_, funds)| owes(funds)).map(|(asset, of)| (*asset, loan(of))).collect();
    let held: BTreeMap<ContractId, (i128, i128)> =
        found.holdings.iter().map(|(contract, of)| (*contract, (of.quantity.0.units(), of.cost.units()))).collect();
    let differs =
        |what, found: String, expected: String| Some(Wrong::of(BOOKS, id, format!("{what} {found}"), expected));
    if cash != expected.cash {
        return differs("cash", amounts(&cash), amounts(&expected.cash));
    }
    if loans != expected.loans {
        return differs("loans", format!("{loans:?}"), format!("{:?}", expected.loans));
    }
    if held != expected.held {
        return differs("contracts", format!("{held:?}"), format!("{:?}", expected.held));
    }
    if found.orders != expected.orders {
        return differs("orders", format!("{:?}", found.orders), format!("{:?}", expected.orders));
    }
    let shared: BTreeMap<ContractId, i128> =
        found.shared.iter().flat_map(|shared| shared.iter().map(|(contract, of)| (*contract, of.units()))).collect();
    if shared != expected.shared {
        return differs("shared losses", format!("{shared:?}"), format!("{:?}", expected.shared));
    }
    let flags = |frozen: bool, topped_up: i128| format!("frozen {frozen}, drawn {}", shown(topped_up));
    if found.frozen != expected.frozen || found.topped_up.units() != expected.topped_up || found.terms != expected.terms
    {
        let ours = flags(expected.frozen, expected.topped_up);
        return differs("terms", flags(found.frozen, found.topped_up.units()), ours);
    }
    None
}

fn amounts(cash: &BTreeMap<Asset, i128>) -> String {
    cash.iter().map(|(asset, units)| format!("{} {asset}", shown(*units))).collect::<Vec<_>>().join(", ")
}

/// Where the house is not what the books have.
#[must_use]
pub fn house(state: &State, mirror: &Mirror) -> Vec<Wrong> {
    let mut all: Vec<(House, Asset)> = state.house.keys().chain(mirror.house.keys()).copied().collect();
    all.sort_unstable();
    all.dedup();
    let differs = |(house, asset): (House, Asset)| {
        let (found, expected) =
            (state.held_by(house, asset).units(), mirror.house.get(&(house, asset)).copied().unwrap_or(0));
        let text = || format!("{}: {} {asset}", house.name(), shown(found));
        (found != expected).then(|| Wrong::new(HOUSE, text(), shown(expected)))
    };
    all.into_iter().filter_map(differs).collect()
}

/// Where a feed does not read what the rule makes of its sources.
#[must_use]
pub fn feeds(state: &State, mirror: &Mirror) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (feed, expected) in mirror.feeds.all() {
        let found = state.market.feeds.get(&feed).and_then(|known| known.reading);
        let same = found.is_some_and(|found| {
            found.price.units() == expected.price
                && found.quality == expected.quality
                && found.trusted.map(plimsoll_core::Decimal::units) == expected.trusted
        });
        if !same {
            wrong.push(Wrong::new(PRICES, format!("{feed:?}: {found:?}"), format!("{expected:?}")));
        }
    }
    wrong
}
