//! Cash in and out, and between accounts.

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Rounding};
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::{Level, State};

use super::Decision;
use crate::account::{Account, Kind};
use crate::event::Event;
use crate::ledger::{Holder, House, Leg, movement};
use crate::refusal::Refusal;

const OUTSIDE: Holder = Holder::House(House::Outside);

impl Decision<'_> {
    pub(super) fn deposit(&mut self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        self.account(id)?;
        self.listed(amount.asset)?;
        Refusal::amount(amount)?;
        let held = self.state.totals.deposited.get(&amount.asset).copied().unwrap_or_default().plus(amount.value)?;
        let cap = self.state.assets.get(&amount.asset).and_then(|rules| rules.cap);
        if let Some(cap) = cap.filter(|cap| held > *cap)
            && amount.value > self.rescues(id, amount.asset)?
        {
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

    /// How much of an asset brings an account that is below a line back to its initial margin: a cap does not keep that out.
    fn rescues(&mut self, id: AccountId, asset: Asset) -> Result<Decimal, Refusal> {
        let account = self.account(id)?;
        if account.standing.state == State::Healthy {
            return Ok(Decimal::ZERO);
        }
        let model = account.terms.model.clone();
        let short = self.figures(id).map(|figures| figures.initial.minus(figures.equity_initial)).transpose()?;
        let short = short.unwrap_or_default().or_zero();
        // What has no price, or counts nothing, rescues nobody.
        if self.asks_for_trust(asset).is_err() {
            return Ok(Decimal::ZERO);
        }
        let made = self.book.current(self.state);
        Ok(made.and_then(|made| made.units_worth(&model, asset, short)).unwrap_or_default())
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
        // Gains go last: who receives may take out what the sender could. But what the receiver is short of they pay first, since
        // it is lost with that.
        let short = self.account(to)?.cash(amount.asset).negated().or_zero().min(amount.value);
        let gains = funds.cash.minus(funds.principal)?.or_zero().min(short);
        let principal = funds.principal.min(amount.value.minus(gains)?);
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
        if amount.value.signum() < 0 {
            self.spares(house, amount.negated())?;
        }
        let legs = self.moved(OUTSIDE, Holder::House(house), amount)?;
        self.emit(Event::HouseFunded { house, amount, legs });
        Ok(())
    }

    pub(super) fn moved(&self, from: Holder, to: Holder, amount: Amount) -> Result<Vec<Leg>, Refusal> {
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
        self.is_priced_now(id)?;
        let funds = after.funds.entry(amount.asset).or_default();
        let gains = amount.value.minus(funds.principal)?.or_zero();
        funds.cash = funds.cash.minus(amount.value)?;
        funds.principal = funds.principal.minus(amount.value.minus(gains)?)?;
        self.covers_paid_for(id, &after, Amount::new(gains, amount.asset), true)
    }

    fn has_free(&self, id: AccountId, amount: Amount) -> Result<(), Refusal> {
        let account = self.account(id)?;
        if account.frozen {
            return Err(Refusal::Frozen(id));
        }
        // Who buys from the engine's own order may take out what it paid for.
        let free = account.cash(amount.asset).minus(self.pledged(account, amount.asset)?)?;
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
        let unit = self.unit_with(id, after);
        self.unit_covers_initial(id, &unit, outgoing)
    }

    /// The accounts that are margined with `id`, `after` in its place and first.
    pub(super) fn unit_with(&self, id: AccountId, after: &Account) -> Vec<Account> {
        let together = self.state.margined_with(id);
        let others = together.iter().filter(|other| **other != id).filter_map(|other| self.state.account(*other));
        std::iter::once(after).chain(others).cloned().collect()
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
