//! What of an account's cash is there: principal, and gains that somebody has paid for.
//!
//! A gain is booked when it is realised, and paid for when somebody loses as much. Until then it may be lost again like any
//! cash, and carries positions, but buys nobody else's coins, leaves with nobody, and secures nothing that leaves.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, planted};

use super::Decision;
use crate::account::{Account, Kind};
use crate::ledger::House;
use crate::refusal::Refusal;

impl Decision<'_> {
    /// Whether what an account would spend of an asset is what it paid in, or gains that somebody has paid for. What it does
    /// not have is a debt, which margin sees to.
    pub(super) fn spends_what_is_backed(&self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        let asset = amount.asset;
        let funds = self.account(id)?.funds.get(&asset).copied().unwrap_or_default();
        let gains = amount.value.min(funds.cash.or_zero()).minus(funds.principal)?.or_zero();
        let backed = self.gains_backed(asset)?;
        if gains > backed { Err(Refusal::GainsNotSettled { asset, gains, backed }) } else { Ok(()) }
    }

    /// Whether the house can spare `amount` out of one purse: it is there, and is not what others paid in or gains were paid
    /// out of. A pool that bad debt made whole holds less than it says.
    pub(super) fn spares(&self, house: House, amount: Amount) -> Result<(), Refusal> {
        let Amount { asset, value: wanted } = amount;
        let held = self.free_of(house, asset)?;
        if wanted > held { Err(Refusal::HouseShort { house, asset, wanted, held }) } else { Ok(()) }
    }

    /// What one purse of the house can spare of an asset.
    pub(super) fn free_of(&self, house: House, asset: Asset) -> Result<Decimal, Refusal> {
        let others: Vec<House> = [House::Fees, House::Lending].into_iter().filter(|other| *other != house).collect();
        Ok(self.state.held_by(house, asset).min(self.backed(asset, &others)?))
    }

    fn gains_backed(&self, asset: Asset) -> Result<Decimal, Refusal> {
        self.backed(asset, &[House::Fees, House::Lending])
    }

    /// What the venue holds of an asset beyond what was paid in and is still there to be asked for, by accounts and out of
    /// these `purses` of the house: what others have lost, and the insurance fund.
    fn backed(&self, asset: Asset, purses: &[House]) -> Result<Decimal, Refusal> {
        let held = self.state.held_by(House::Outside, asset).negated();
        let principal = self.state.totals.principal.get(&asset).copied().unwrap_or_default();
        let mut left = if planted!(OthersPrincipal) { held } else { held.minus(principal)? };
        for purse in purses {
            left = left.minus(self.state.held_by(*purse, asset).or_zero())?;
        }
        Ok(left.or_zero())
    }

    /// Whether `after`, in the place of the account, covers initial margin with gains only as far as they are backed once
    /// `spent` of them has left, and, where it or who is margined with it owes anything, whether principal alone is worth that.
    pub(super) fn covers_paid_for(
        &mut self,
        id: AccountId,
        after: &Account,
        spent: Amount,
        outgoing: bool,
    ) -> Result<(), Refusal> {
        if after.terms.kind == Kind::Outside {
            return Ok(());
        }
        let mut unit = self.unit_with(id, after);
        self.count_backed(&mut unit, spent)?;
        self.unit_covers_initial(id, &unit, outgoing)?;
        if unit.iter().any(Account::owes) {
            unit.iter_mut().try_for_each(count_principal)?;
            self.unit_covers_initial(id, &unit, outgoing)?;
        }
        Ok(())
    }

    /// Takes off these accounts' cash what of their gains nobody has paid for.
    fn count_backed(&self, unit: &mut [Account], spent: Amount) -> Result<(), Refusal> {
        let mut left: BTreeMap<Asset, Decimal> = BTreeMap::new();
        for (asset, funds) in unit.iter_mut().flat_map(|account| &mut account.funds) {
            let gains = funds.cash.minus(funds.principal)?;
            if gains.signum() <= 0 {
                continue;
            }
            let known = left.get(asset).copied();
            let gone = if spent.asset == *asset { spent.value } else { Decimal::ZERO };
            let backed =
                known.map_or_else(|| Ok(self.gains_backed(*asset)?.minus(gone)?.or_zero()), Ok::<_, Refusal>)?;
            let counted = gains.min(backed);
            left.insert(*asset, backed.minus(counted)?);
            funds.cash = funds.principal.plus(counted)?;
        }
        Ok(())
    }
}

/// Leaves an account what it paid in and what it owes.
fn count_principal(account: &mut Account) -> Result<(), Refusal> {
    account.holdings.clear();
    account.orders.clear();
    for funds in account.funds.values_mut() {
        funds.cash = funds.cash.min(funds.principal);
    }
    Ok(())
}
