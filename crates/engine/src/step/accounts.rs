//! Opening accounts, changing their terms, freezing them.

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Decimal};
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level;

use super::Decision;
use crate::account::{Account, AccountTerms, Kind, Mode};
use crate::event::{Cancelled, Event};
use crate::refusal::Refusal;

impl Decision<'_> {
    pub(super) fn open_account(&mut self, terms: &AccountTerms) -> Result<(), Refusal> {
        if self.state.account_names.contains_key(&terms.name) {
            return Err(Refusal::Duplicate(terms.name.clone()));
        }
        self.check_terms(terms)?;
        let account = AccountId(u32::try_from(self.state.accounts.len()).unwrap_or(u32::MAX));
        self.emit(Event::AccountOpened { account, terms: terms.clone() });
        if terms.limits.loss_max.is_some() {
            self.emit(Event::AccountAmended { account, terms: terms.clone(), loss_from: Some(Decimal::ZERO) });
        }
        if terms.group.is_some() {
            // Those it joins have its credit line and fees from now on, and it stands where they do.
            self.levels([account]);
        }
        Ok(())
    }

    pub(super) fn amend_account(&mut self, id: AccountId, terms: &AccountTerms) -> Result<(), Refusal> {
        let account = self.account(id)?;
        let before = &account.terms;
        let stays = before.name == terms.name
            && before.owner == terms.owner
            && before.kind == terms.kind
            && before.parent == terms.parent;
        if !stays {
            let what = before.name.clone();
            return Err(Refusal::NotAllowed { what, why: "an account's name, owner, kind and parent stay" });
        }
        let is_under = account.standing.state > level::State::Healthy;
        if is_under && (&before.group, before.mode, &before.model) != (&terms.group, terms.mode, &terms.model) {
            // Like a withdrawal it would leave others without what secured them.
            let what = before.name.clone();
            return Err(Refusal::NotAllowed { what, why: "below a line an account's group, mode and model stay" });
        }
        self.check_terms(terms)?;
        self.may_regroup(id, terms)?;
        let account = self.account(id)?;
        let before = &account.terms;
        let set_anew = terms.limits.loss_max.is_some() && terms.limits.loss_max != before.limits.loss_max;
        let kept = account.loss_from.filter(|_| terms.limits.loss_max.is_some());
        let loss_from = if set_anew { Some(self.net_value(id)?) } else { kept };
        let together = self.state.margined_with(id);
        self.emit(Event::AccountAmended { account: id, terms: terms.clone(), loss_from });
        self.levels(together);
        self.levels([id]);
        Ok(())
    }

    /// Whether an account may be margined under another model, or with others: it can be, and covers initial margin there with
    /// whom it joins, as those do whom it leaves. It is a payment between them: no credit line counts, nor gains that nobody
    /// has paid for, prices are read again, and what a breaker holds stays.
    fn may_regroup(&mut self, id: AccountId, terms: &AccountTerms) -> Result<(), Refusal> {
        let account = self.account(id)?.clone();
        let before = &account.terms;
        if (&before.group, &before.model) == (&terms.group, &terms.model) || terms.kind == Kind::Outside {
            return Ok(());
        }
        let of = |ids: &[AccountId]| -> Vec<Account> {
            ids.iter().filter(|other| **other != id).filter_map(|other| self.state.account(*other).cloned()).collect()
        };
        let left = of(&self.state.margined_with(id));
        let mut joined = of(self.state.group_of(terms).map_or(&[][..], Vec::as_slice));
        let is_shared = !(left.is_empty() && joined.is_empty());
        if before.group != terms.group && !left.is_empty() {
            for (asset, funds) in &account.funds {
                self.may_take_along(id, *asset, funds.cash.minus(funds.principal)?)?;
            }
        }
        joined.push(Account { terms: terms.clone(), ..account });
        for mut unit in [left, joined].into_iter().filter(|unit| !unit.iter().all(Account::is_idle)) {
            if is_shared {
                self.are_priced_now(&unit)?;
                self.leave_unpaid(&mut unit, Amount::zero(self.state.currency))?;
            }
            self.unit_covers_initial(id, &unit, is_shared)?;
        }
        Ok(())
    }

    pub(super) fn freeze(&mut self, id: AccountId, frozen: bool, reason: &Arc<str>) -> Result<(), Refusal> {
        let account = self.account(id)?;
        if account.frozen == frozen {
            let why = if frozen { "it is frozen already" } else { "it is not frozen" };
            return Err(Refusal::NotAllowed { what: account.terms.name.clone(), why });
        }
        let orders: Vec<_> = account.orders.keys().copied().collect();
        self.emit(Event::Frozen { account: id, frozen, reason: reason.clone() });
        for order in orders.into_iter().filter(|_| frozen) {
            self.emit(Event::OrderCancelled { account: id, order, why: Cancelled::Frozen });
        }
        self.levels([id]);
        Ok(())
    }

    /// Net value now, in the currency.
    fn net_value(&mut self, account: AccountId) -> Result<Decimal, Refusal> {
        let made = self.book.current(self.state)?;
        let account = self.state.account(account).ok_or(Refusal::UnknownAccount(account))?;
        Ok(made.margin(self.state, &[account], &[], Detail::Amounts)?.equity.net_value.amount)
    }

    fn check_terms(&self, terms: &AccountTerms) -> Result<(), Refusal> {
        if !self.state.models.contains_key(&terms.model) {
            return Err(Refusal::UnknownModel(terms.model.clone()));
        }
        let limits = &terms.limits;
        let least = [
            ("credit_line", terms.credit_line),
            ("taker_fee_rate", terms.taker_fee_rate),
            ("leverage_max", limits.leverage_max.unwrap_or_default()),
            ("loss_max", limits.loss_max.unwrap_or_default()),
            ("top_up.limit", terms.top_up.map_or(Decimal::ZERO, |top_up| top_up.limit)),
        ];
        if let Some((what, value)) = least.into_iter().find(|(_, value)| value.signum() < 0) {
            return Err(Refusal::OutOfBounds { what, value, expected: "at least 0" });
        }
        for (what, rate) in [("taker_fee_rate", terms.taker_fee_rate), ("maker_fee_rate", terms.maker_fee_rate)] {
            if rate.abs() > Decimal::ONE {
                return Err(Refusal::OutOfBounds { what, value: rate, expected: "-1 to 1" });
            }
        }
        if let Mode::Cross { asset } = terms.mode {
            self.listed(asset)?;
        }
        let not_allowed = |why| Err(Refusal::NotAllowed { what: terms.name.clone(), why });
        if let Some(parent) = terms.parent {
            let parent = &self.account(parent)?.terms;
            if parent.owner != terms.owner || parent.kind != terms.kind {
                return not_allowed("a part of an account is of the same owner and kind");
            }
        }
        match terms.top_up {
            Some(_) if terms.parent.is_none() => not_allowed("what draws by itself has a parent to draw from"),
            Some(top_up) => self.listed(top_up.asset),
            None => Ok(()),
        }
    }
}
