//! Loans: out of the lending pool, and back with interest.

use plimsoll_core::{AccountId, Amount, Asset, Decimal, planted};
use plimsoll_pricing::market::MarketError;

use super::Decision;
use crate::event::Event;
use crate::ledger::{Holder, House};
use crate::refusal::Refusal;

const LENDING: Holder = Holder::House(House::Lending);

impl Decision<'_> {
    pub(super) fn borrow(&mut self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        self.account(id)?;
        self.listed(amount.asset)?;
        Refusal::amount(amount)?;
        self.may_lend(id, amount)?;
        self.is_priced_now(id)?;
        let lent = self.loan(id, amount)?;
        let charged = charged(lent.first())?;
        let mut after = self.account(id)?.clone();
        let funds = after.funds.entry(amount.asset).or_default();
        funds.cash = funds.cash.plus(amount.value)?;
        funds.borrowed = funds.borrowed.plus(amount.value)?;
        funds.interest = funds.interest.plus(charged)?;
        funds.principal = funds.principal.plus(amount.value)?;
        self.covers_paid_for(id, &after, Amount::zero(amount.asset), false)?;
        lent.into_iter().for_each(|event| self.emit(event));
        self.levels([id]);
        Ok(())
    }

    /// Whether `amount` may be lent to an account, if it can carry that: no breaker stops it, it is not frozen, what the loan
    /// costs to bring back is known, and the pool has it.
    pub(super) fn may_lend(&self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        self.may_borrow(id, amount.asset)?;
        if self.account(id)?.frozen {
            return Err(Refusal::Frozen(id));
        }
        if self.state.price(amount.asset).is_none() {
            let (asset, currency) = (amount.asset, self.state.currency);
            return Err(MarketError::NoPrice { asset, currency }.into());
        }
        // A debt of what is not trusted would be secured by too little.
        self.asks_for_trust(amount.asset)?;
        self.spares(House::Lending, amount)
    }

    /// The events of a loan that is granted: interest on what was owed before, and the loan.
    pub(super) fn loan(&self, id: AccountId, amount: Amount) -> Result<Vec<Event>, Refusal> {
        let interest = if planted!(InterestBackdated) { None } else { self.interest_of(id, amount.asset)? };
        let charged = charged(interest.as_ref())?;
        let owed = self.state.totals.owed.get(&amount.asset).copied().unwrap_or_default();
        owed.plus(charged)?.plus(amount.value)?;
        let legs = self.moved(LENDING, Holder::Account(id), amount)?;
        Ok(interest.into_iter().chain([Event::Borrowed { account: id, amount, legs }]).collect())
    }

    pub(super) fn repay(&mut self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        let account = self.account(id)?;
        self.listed(amount.asset)?;
        Refusal::amount(amount)?;
        let funds = account.funds.get(&amount.asset).copied().unwrap_or_default();
        let accrued = self.interest_of(id, amount.asset)?;
        let due = funds.interest.plus(charged(accrued.as_ref())?)?;
        if amount.value > self.owed(id, amount.asset)? {
            return Err(Refusal::OutOfBounds { what: "amount", value: amount.value, expected: "at most what is owed" });
        }
        if amount.value > funds.cash {
            let (asset, wanted, free) = (amount.asset, amount.value, funds.cash);
            return Err(Refusal::CashShort { account: id, asset, wanted, free });
        }
        self.spends_what_is_backed(id, amount)?;
        let interest = due.min(amount.value);
        let loan = Amount::new(amount.value.minus(interest)?, amount.asset);
        let legs = self.moved(Holder::Account(id), LENDING, amount)?;
        accrued.into_iter().for_each(|event| self.emit(event));
        self.emit(Event::Repaid { account: id, amount: loan, interest, legs });
        self.levels([id]);
        Ok(())
    }

    /// What an account owes of an asset, interest up to now with it.
    pub(super) fn owed(&self, id: AccountId, asset: Asset) -> Result<Decimal, Refusal> {
        let funds = self.account(id)?.funds.get(&asset).copied().unwrap_or_default();
        let accrued = self.interest_of(id, asset)?;
        Ok(funds.borrowed.plus(funds.interest)?.plus(charged(accrued.as_ref())?)?)
    }
}

/// What an event charges, in all.
fn charged(event: Option<&Event>) -> Result<Decimal, Refusal> {
    let Some(Event::InterestCharged { charges, .. }) = event else { return Ok(Decimal::ZERO) };
    Ok(charges.iter().try_fold(Decimal::ZERO, |sum, charge| sum.plus(charge.interest))?)
}
