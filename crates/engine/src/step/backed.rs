//! What of an account's cash is there: principal, and gains that somebody has paid for.
//!
//! A gain is booked when it is realised, and paid for when somebody loses as much. Until then it may be lost again like any
//! cash, and carries positions, but buys nobody else's coins, leaves with nobody, and secures nothing that leaves.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Rounding};

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
        let backed = self.state.unclaimed(asset, None)?;
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
        Ok(self.state.held_by(house, asset).min(self.state.unclaimed(asset, Some(house))?))
    }

    /// Whether `after`, in the place of the account, covers initial margin with gains as far as somebody has paid for them,
    /// once `spent` of them has left.
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
        self.leave_unpaid(&mut unit, spent)?;
        self.unit_covers_initial(id, &unit, outgoing)
    }

    /// Leaves out of accounts' cash what nobody has paid for, once `spent` of gains has left; whether there is any.
    pub(super) fn leave_unpaid(&self, unit: &mut [Account], spent: Amount) -> Result<bool, Refusal> {
        let mut is_unpaid = false;
        for (asset, funds) in unit.iter_mut().flat_map(|account| &mut account.funds) {
            let gains = funds.cash.minus(funds.principal)?;
            if gains.signum() > 0 {
                let gone = if spent.asset == *asset { spent.value } else { Decimal::ZERO };
                let paid = self.paid_for(*asset, gains, gone)?;
                is_unpaid |= paid < gains;
                funds.cash = funds.principal.plus(paid)?;
            }
        }
        Ok(is_unpaid)
    }

    /// What of `gains` counts once so many others are `gone`: all gains of an asset share in what backs them, so that no two
    /// count the same money.
    fn paid_for(&self, asset: Asset, gains: Decimal, gone: Decimal) -> Result<Decimal, Refusal> {
        let sum = |of: &BTreeMap<Asset, Decimal>| of.get(&asset).copied().unwrap_or_default();
        let totals = &self.state.totals;
        let cash = sum(&totals.deposited).plus(sum(&totals.overdrawn))?;
        let all = cash.minus(sum(&totals.principal))?.minus(gone)?.max(gains);
        let backed = self.state.unclaimed(asset, None)?.minus(gone)?.or_zero();
        if backed >= all { Ok(gains) } else { Ok(gains.times_ratio(backed, all, Rounding::Down)?) }
    }
}
