//! Cash in and out, between accounts, and on loan.

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Rounding, planted};
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::Level;
use plimsoll_pricing::market::MarketError;

use super::Decision;
use crate::account::{Account, Kind};
use crate::event::Event;
use crate::ledger::{Holder, House, Leg, movement};
use crate::refusal::Refusal;

const OUTSIDE: Holder = Holder::House(House::Outside);
const LENDING: Holder = Holder::House(House::Lending);

impl Decision<'_> {
    pub(super) fn deposit(&mut self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        self.account(id)?;
        self.listed(amount.asset)?;
        Refusal::amount(amount)?;
        let held = self.state.totals.deposited.get(&amount.asset).copied().unwrap_or_default().plus(amount.value)?;
        let cap = self.state.assets.get(&amount.asset).and_then(|rules| rules.cap);
        if let Some(cap) = cap.filter(|cap| held > *cap) {
            return Err(Refusal::AssetCap { asset: amount.asset, held, cap });
        }
        let legs = self.moved(OUTSIDE, Holder::Account(id), amount)?;
        let worth = self.worth(amount)?;
        self.emit(Event::Deposited { account: id, amount, worth, legs });
        if !self.covers_cash(id, amount) {
            self.levels([id]);
        }
        Ok(())
    }

    pub(super) fn withdraw(&mut self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        let account = self.account(id)?;
        self.listed(amount.asset)?;
        Refusal::amount(amount)?;
        let principal = account.funds.get(&amount.asset).map_or(Decimal::ZERO, |funds| funds.principal);
        let gains = amount.value.minus(principal)?.or_zero();
        self.may_withdraw(id, amount, gains)?;
        self.may_leave(id, amount)?;
        self.spends_what_is_backed(id, amount)?;
        let worth = self.worth(amount)?;
        let legs = self.moved(Holder::Account(id), OUTSIDE, amount)?;
        self.emit(Event::Withdrawn { account: id, amount, worth, gains, legs });
        self.levels([id]);
        Ok(())
    }

    /// Whether what an account would spend of an asset is what it paid in, or gains that somebody has paid for. What it does
    /// not have is a debt, which margin sees to.
    pub(super) fn spends_what_is_backed(&self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        let asset = amount.asset;
        let funds = self.account(id)?.funds.get(&asset).copied().unwrap_or_default();
        let gains = amount.value.min(funds.cash.or_zero()).minus(funds.principal)?.or_zero();
        let backed = self.backed(asset, &[House::Fees, House::Lending])?;
        if gains > backed { Err(Refusal::GainsNotSettled { asset, gains, backed }) } else { Ok(()) }
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

    /// What `amount` is worth in the currency; nothing where it has no price.
    pub(super) fn worth(&self, amount: Amount) -> Result<Decimal, Refusal> {
        let price = self.state.price(amount.asset).unwrap_or_default();
        Ok(amount.value.times(price, Rounding::Down)?)
    }

    pub(super) fn transfer(&mut self, from: AccountId, to: AccountId, amount: Amount) -> Result<(), Refusal> {
        let (sender, receiver) = (self.account(from)?, self.account(to)?);
        self.listed(amount.asset)?;
        Refusal::amount(amount)?;
        if from == to || sender.terms.owner != receiver.terms.owner || sender.terms.kind != receiver.terms.kind {
            let what = sender.terms.name.clone();
            return Err(Refusal::NotAllowed {
                what,
                why: "a transfer is to another account of the same owner and kind",
            });
        }
        if self.state.margined_with(from).contains(&to) {
            // What stays in the unit is margined as before.
            self.has_free(from, amount)?;
        } else {
            self.may_transfer(from, to, amount)?;
            self.may_leave(from, amount)?;
        }
        let event = self.transferred(from, to, amount, false)?;
        self.emit(event);
        self.levels([from, to]);
        Ok(())
    }

    /// The event of a transfer that is allowed.
    pub(super) fn transferred(
        &self,
        from: AccountId,
        to: AccountId,
        amount: Amount,
        top_up: bool,
    ) -> Result<Event, Refusal> {
        let funds = self.account(from)?.funds.get(&amount.asset).copied().unwrap_or_default();
        // Gains go last: who receives may take out what the sender could.
        let principal = funds.principal.min(amount.value);
        let legs = self.moved(Holder::Account(from), Holder::Account(to), amount)?;
        let worth = self.worth(amount)?;
        Ok(Event::Transferred { from, to, amount, worth, principal, top_up, legs })
    }

    pub(super) fn fund_house(&mut self, house: House, amount: Amount) -> Result<(), Refusal> {
        self.listed(amount.asset)?;
        let pays_debt = house == House::BadDebt && amount.value <= self.state.held_by(house, amount.asset).abs();
        if !pays_debt && !matches!(house, House::Insurance | House::Lending | House::Fees) {
            let what = house.name().into();
            let why = "only insurance, lending and fees are paid into and out of, and bad debt as far as there is any";
            return Err(Refusal::NotAllowed { what, why });
        }
        let held = self.state.held_by(house, amount.asset);
        if amount.value.signum() < 0 {
            // What is taken back is there, and is not what gains were paid out of.
            let others: Vec<House> =
                [House::Fees, House::Lending].into_iter().filter(|other| *other != house).collect();
            let free = held.min(self.backed(amount.asset, &others)?);
            if amount.value.abs() > free {
                let (asset, wanted) = (amount.asset, amount.value.abs());
                return Err(Refusal::HouseShort { house, asset, wanted, held: free });
            }
        }
        let legs = self.moved(OUTSIDE, Holder::House(house), amount)?;
        self.emit(Event::HouseFunded { house, amount, legs });
        Ok(())
    }

    pub(super) fn borrow(&mut self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        let account = self.account(id)?;
        self.listed(amount.asset)?;
        Refusal::amount(amount)?;
        self.may_borrow(id, amount.asset)?;
        if account.frozen {
            return Err(Refusal::Frozen(id));
        }
        if self.state.price(amount.asset).is_none() {
            let (asset, currency) = (amount.asset, self.state.currency);
            return Err(MarketError::NoPrice { asset, currency }.into());
        }
        if !self.is_trusted(amount.asset) {
            // What it costs to bring back is not known: a debt of it would be secured by too little.
            let what = amount.asset.as_str().into();
            return Err(Refusal::NotAllowed { what, why: "an asset whose price is not trusted is not lent" });
        }
        let held = self.state.held_by(House::Lending, amount.asset);
        if held < amount.value {
            let (house, asset, wanted) = (House::Lending, amount.asset, amount.value);
            return Err(Refusal::HouseShort { house, asset, wanted, held });
        }
        let interest = if planted!(InterestBackdated) { None } else { self.interest_of(id, amount.asset)? };
        let charged = charged(interest.as_ref())?;
        let owed = self.state.totals.owed.get(&amount.asset).copied().unwrap_or_default();
        owed.plus(charged)?.plus(amount.value)?;
        let account = self.account(id)?;
        let mut after = account.clone();
        let funds = after.funds.entry(amount.asset).or_default();
        funds.cash = funds.cash.plus(amount.value)?;
        funds.borrowed = funds.borrowed.plus(amount.value)?;
        funds.interest = funds.interest.plus(charged)?;
        self.covers_initial(id, &after, false)?;
        let legs = self.moved(LENDING, Holder::Account(id), amount)?;
        interest.into_iter().for_each(|event| self.emit(event));
        self.emit(Event::Borrowed { account: id, amount, legs });
        self.levels([id]);
        Ok(())
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

    fn moved(&self, from: Holder, to: Holder, amount: Amount) -> Result<Vec<Leg>, Refusal> {
        let legs = movement(from, to, amount);
        self.fits(&legs)?;
        Ok(legs)
    }

    /// Whether an account can spare `amount`: the cash is there, it is not frozen, and what is left covers initial margin
    /// without the credit line and without gains.
    pub(super) fn may_leave(&mut self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        self.has_free(id, amount)?;
        let account = self.account(id)?;
        if account.is_idle() && account.terms.group.is_none() {
            return Ok(());
        }
        let mut after = account.clone();
        let funds = after.funds.entry(amount.asset).or_default();
        funds.cash = funds.cash.minus(amount.value)?;
        self.covers_initial(id, &after, true)
    }

    fn has_free(&self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        let account = self.account(id)?;
        if account.frozen {
            return Err(Refusal::Frozen(id));
        }
        let free = account.cash(amount.asset);
        if free < amount.value {
            let (asset, wanted) = (amount.asset, amount.value);
            return Err(Refusal::CashShort { account: id, asset, wanted, free });
        }
        Ok(())
    }

    /// Whether `after`, in the place of the account, covers initial margin: out of what may be withdrawn where
    /// `outgoing`, else out of margin equity.
    pub(super) fn covers_initial(&mut self, id: AccountId, after: &Account, outgoing: bool) -> Result<(), Refusal> {
        if after.terms.kind == Kind::Outside {
            return Ok(());
        }
        let together = self.state.margined_with(id);
        let others = together.iter().filter(|other| **other != id).filter_map(|other| self.state.account(*other));
        let unit: Vec<Account> = std::iter::once(after).chain(others).cloned().collect();
        self.unit_covers_initial(id, &unit, outgoing)
    }

    /// The same of accounts that are margined together, of which the first says how.
    pub(super) fn unit_covers_initial(
        &mut self,
        id: AccountId,
        unit: &[Account],
        outgoing: bool,
    ) -> Result<(), Refusal> {
        let made = self.book.current(self.state)?;
        let unit: Vec<&Account> = unit.iter().collect();
        let margin = made.margin(self.state, &unit, &[], Detail::Amounts)?;
        let required = margin.requirement.initial.amount;
        let standing = margin.levels.at(Level::Initial);
        let equity = if outgoing { margin.equity.withdrawable.amount.min(standing.equity) } else { standing.equity };
        if equity < required {
            return Err(Refusal::InitialMarginShort { account: id, required, equity });
        }
        Ok(())
    }
}

/// What an event charges, in all.
fn charged(event: Option<&Event>) -> Result<Decimal, Refusal> {
    let Some(Event::InterestCharged { charges, .. }) = event else { return Ok(Decimal::ZERO) };
    Ok(charges.iter().try_fold(Decimal::ZERO, |sum, charge| sum.plus(charge.interest))?)
}
