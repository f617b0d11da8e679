//! Sums over everybody, found again from nothing.

use std::collections::BTreeMap;

use plimsoll_core::{Asset, Decimal, NumberError, Quantity};

use super::{State, Totals};
use crate::account::{ContractId, Holding};

impl Totals {
    /// The sums of `state`, account by account, over the contracts that it has.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn of(state: &State) -> Result<Self, NumberError> {
        let mut totals = Self::default();
        let mut held = vec![Holding::default(); state.contracts.len()];
        for ((_, asset), value) in &state.house {
            add(&mut totals.cash, *asset, *value)?;
        }
        for account in &state.accounts {
            for (asset, funds) in &account.funds {
                add(&mut totals.cash, *asset, funds.cash)?;
                add(&mut totals.deposited, *asset, funds.cash)?;
                add(&mut totals.overdrawn, *asset, funds.cash.negated().or_zero())?;
                add(&mut totals.owed, *asset, funds.borrowed.plus(funds.interest)?)?;
                add(&mut totals.principal, *asset, funds.principal)?;
            }
            for (contract, holding) in &account.holdings {
                let Some(sum) = held.get_mut(contract.index()) else { continue };
                sum.quantity = sum.quantity.plus(holding.quantity)?;
                sum.cost = sum.cost.plus(holding.cost)?;
            }
        }
        for ((id, contract), Holding { quantity, cost }) in (0_u32..).map(ContractId).zip(&state.contracts).zip(held) {
            totals.held.insert(id, quantity);
            if !contract.instrument.is_paid_when_bought() {
                add(&mut totals.cost, contract.instrument.terms().settlement, cost)?;
            }
        }
        Ok(totals)
    }

    /// Whether both are the same sums; one that came back to zero is none.
    #[must_use]
    pub fn agree(&self, other: &Self) -> bool {
        let assets = |of: &Self| {
            [&of.cash, &of.cost, &of.deposited, &of.overdrawn, &of.owed, &of.principal].map(|sums| {
                let some = sums.iter().filter(|(_, sum)| !sum.is_zero());
                some.map(|(asset, sum)| (*asset, *sum)).collect::<BTreeMap<_, _>>()
            })
        };
        let held = |of: &Self| {
            let some = of.held.iter().filter(|(_, held)| !held.0.is_zero());
            some.map(|(contract, held)| (*contract, *held)).collect::<BTreeMap<ContractId, Quantity>>()
        };
        assets(self) == assets(other) && held(self) == held(other)
    }
}

impl State {
    /// Whether everything that it names is there, and its sums are the sums of what it holds: what bytes that were no
    /// state's do not give.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let known = |contract: &ContractId| contract.index() < self.contracts.len();
        let named = self.accounts.iter().all(|account| {
            account.holdings.keys().all(known)
                && account.orders.values().all(|order| known(&order.contract))
                && account.terms.parent.is_none_or(|parent| parent.index() < self.accounts.len())
        });
        named
            && self.market.marks.keys().chain(self.market.marked.keys()).all(known)
            && self.account_names.len() == self.accounts.len()
            && self.contract_names.len() == self.contracts.len()
            && Totals::of(self).is_ok_and(|totals| totals.agree(&self.totals))
    }
}

fn add(sums: &mut BTreeMap<Asset, Decimal>, asset: Asset, value: Decimal) -> Result<(), NumberError> {
    let sum = sums.entry(asset).or_default();
    *sum = sum.plus(value)?;
    Ok(())
}
