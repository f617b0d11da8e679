//! Conservation: nothing is made and nothing is lost, counted from the accounts and not from the sums the engine keeps.

use std::collections::BTreeMap;

use plimsoll_core::Asset;
use plimsoll_engine::{ContractId, House, State};

use super::Wrong;
use super::exact::shown;

/// The promise that cash nets.
pub const CASH: &str = "each asset nets to zero";
/// The promise that contracts net.
pub const CONTRACTS: &str = "contracts net to zero";
/// The promise that the house is even with the positions.
pub const CLEARING: &str = "clearing is what positions' costs are short of";
/// The promise that division leaves next to nothing.
pub const ROUNDING: &str = "rounding holds next to nothing";
/// The promise that what is owed and held has its sign.
pub const SIGNS: &str = "no loan, interest or principal is below zero";
/// The promise that the venue pays out only what was paid in.
pub const OUTSIDE: &str = "no more was paid out than in";
/// The promise that what was paid in and not lost is there, but for what somebody owes or is booked as bad debt.
pub const PRINCIPAL: &str = "principal and the lending pool are there or owed";
/// The promise that gains leave only as far as somebody has paid for them.
pub const BACKED: &str = "gains that were paid out were paid for";

/// A billionth of a unit: what a run's divisions may leave over in all.
const NEXT_TO_NOTHING: i128 = 1_000_000_000;

#[derive(Default)]
struct Sums {
    cash: i128,
    cost: i128,
    principal: i128,
    /// Cash below zero, without its sign: what somebody lost beyond what was there.
    short: i128,
}

/// What is not conserved in `state`.
#[must_use]
pub fn check(state: &State) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut sums: BTreeMap<Asset, Sums> = BTreeMap::new();
    let mut held: BTreeMap<ContractId, i128> = BTreeMap::new();
    for ((_, asset), value) in &state.house {
        sums.entry(*asset).or_default().cash += value.units();
    }
    for (id, account) in state.numbered() {
        for (asset, funds) in &account.funds {
            let sum = sums.entry(*asset).or_default();
            sum.cash += funds.cash.units();
            sum.principal += funds.principal.units();
            sum.short += -funds.cash.units().min(0);
            let least = funds.borrowed.min(funds.interest).min(funds.principal);
            if least.signum() < 0 || funds.principal > funds.cash.or_zero() {
                wrong.push(Wrong::of(
                    SIGNS,
                    id,
                    format!("{asset}: {funds:?}"),
                    "at least zero, principal at most the cash",
                ));
            }
        }
        for (contract, holding) in &account.holdings {
            *held.entry(*contract).or_default() += holding.quantity.0.units();
            let instrument = &state.contracts[contract.index()].instrument;
            if !instrument.is_paid_when_bought() {
                sums.entry(instrument.terms().settlement).or_default().cost += holding.cost.units();
            }
        }
    }
    for (asset, sum) in sums {
        of_asset(state, asset, &sum, &mut wrong);
    }
    for (contract, sum) in held.into_iter().filter(|(_, sum)| *sum != 0) {
        let name = state.contracts[contract.index()].instrument.name();
        wrong.push(Wrong::new(CONTRACTS, format!("{name}: {}", shown(sum)), "0"));
    }
    wrong
}

fn of_asset(state: &State, asset: Asset, sum: &Sums, wrong: &mut Vec<Wrong>) {
    let house = |house| state.held_by(house, asset).units();
    let text = |units| format!("{asset}: {}", shown(units));
    if sum.cash != 0 {
        wrong.push(Wrong::new(CASH, text(sum.cash), "0"));
    }
    let clearing = house(House::Clearing);
    if clearing + sum.cost != 0 {
        wrong.push(Wrong::new(CLEARING, text(clearing), shown(-sum.cost)));
    }
    let rounding = house(House::Rounding);
    if rounding.abs() > NEXT_TO_NOTHING {
        wrong.push(Wrong::new(ROUNDING, text(rounding), format!("at most {}", shown(NEXT_TO_NOTHING))));
    }
    let paid_in = -house(House::Outside);
    if paid_in < 0 {
        wrong.push(Wrong::new(OUTSIDE, text(paid_in), "at least 0"));
    }
    if paid_in < sum.principal {
        wrong.push(Wrong::new(PRINCIPAL, text(paid_in), format!("at least {}", shown(sum.principal))));
    }
    // Fees may be paid out of gains that nobody has lost yet, and loans of who is closed: they wait with them.
    let owed = sum.principal + house(House::Lending).max(0);
    let lost = sum.short - house(House::BadDebt).min(0) - clearing.min(0);
    if paid_in + lost < owed {
        let found = format!("{}, and {} owed, booked or not settled", text(paid_in), shown(lost));
        wrong.push(Wrong::new(PRINCIPAL, found, format!("at least {}", shown(owed))));
    }
}

/// Whether, once gains of `asset` were paid out, what others paid in and the house's own is still there.
#[must_use]
pub fn backed(state: &State, asset: Asset) -> Option<Wrong> {
    let house = |house| state.held_by(house, asset).units();
    let principal = state.accounts.iter().filter_map(|account| account.funds.get(&asset));
    let principal: i128 = principal.map(|funds| funds.principal.units()).sum();
    let (paid_in, owed) =
        (-house(House::Outside), principal + house(House::Fees).max(0) + house(House::Lending).max(0));
    let text = || format!("{asset}: {}", shown(paid_in));
    (paid_in < owed).then(|| Wrong::new(BACKED, text(), format!("at least {}", shown(owed))))
}
