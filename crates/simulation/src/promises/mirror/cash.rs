//! Cash in and out, loans and what they cost.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Asset, Timestamp};
use plimsoll_engine::account::Kind;
use plimsoll_engine::event::Overdraft;
use plimsoll_engine::{Command, Holder, House};

use super::{Fault, Loan, Mirror, NEVER};
use crate::promises::exact::{ONE, Way, product, ratio, shown};

const OUTSIDE: Holder = Holder::House(House::Outside);
const LENDING: Holder = Holder::House(House::Lending);
const YEAR_S: i128 = 365 * 86_400;

impl Mirror {
    pub(super) fn enter_cash(&mut self, command: &Command, at: Timestamp) -> Result<(), Fault> {
        match command {
            Command::ListAsset { asset, rules } => {
                // Until now the rate was another.
                self.charge_all(*asset, at)?;
                self.assets.insert(*asset, rules.clone());
                Ok(())
            }
            Command::Deposit { account, amount } => self.move_cash(OUTSIDE, Holder::Account(*account), *amount),
            Command::Withdraw { account, amount } => {
                self.may_spend(*account, *amount)?;
                self.move_cash(Holder::Account(*account), OUTSIDE, *amount)
            }
            Command::Transfer { from, to, amount } => {
                self.may_spend(*from, *amount)?;
                let (sender, receiver) = (self.of(*from)?.terms.clone(), self.of(*to)?.terms.clone());
                if sender.owner != receiver.owner || sender.kind != receiver.kind {
                    return Err(format!("{amount} went from {} to {}, another owner's", sender.name, receiver.name));
                }
                self.move_cash(Holder::Account(*from), Holder::Account(*to), *amount)
            }
            Command::FundHouse { house, amount } => {
                let had = self.house.get(&(*house, amount.asset)).copied().unwrap_or(0);
                if amount.value.units() < 0 && had + amount.value.units() < 0 {
                    return Err(format!("{}: {amount} of {} was taken back", house.name(), shown(had)));
                }
                self.move_cash(OUTSIDE, Holder::House(*house), *amount)
            }
            Command::Borrow { account, amount } => self.borrow(*account, *amount, at),
            Command::Repay { account, amount } => self.repay(*account, *amount, at),
            _ => Ok(()),
        }
    }

    /// What leaves is there, and its owner is not frozen.
    fn may_spend(&mut self, account: AccountId, amount: Amount) -> Result<(), Fault> {
        let had = self.cash(account, amount.asset);
        if had < amount.value.units() {
            return Err(format!("account {} had {} of {} and {amount} left it", account.0, shown(had), amount.asset));
        }
        if self.of(account)?.frozen {
            Err(format!("account {} is frozen and {amount} left it", account.0))
        } else {
            Ok(())
        }
    }

    pub(super) fn borrow(&mut self, account: AccountId, amount: Amount, at: Timestamp) -> Result<(), Fault> {
        let pool = self.house.get(&(House::Lending, amount.asset)).copied().unwrap_or(0);
        if pool < amount.value.units() {
            return Err(format!("{amount} was lent of {}", shown(pool)));
        }
        self.charge(account, amount.asset, at)?;
        let loan = self.of(account)?.loans.entry(amount.asset).or_default();
        loan.borrowed += amount.value.units();
        loan.until.get_or_insert(at);
        self.move_cash(LENDING, Holder::Account(account), amount)
    }

    /// Interest first, then the loan.
    fn repay(&mut self, account: AccountId, amount: Amount, at: Timestamp) -> Result<(), Fault> {
        self.charge(account, amount.asset, at)?;
        let had = self.cash(account, amount.asset);
        let loan = self.of(account)?.loans.entry(amount.asset).or_default();
        let paid = amount.value.units();
        if paid > had || paid > loan.borrowed + loan.interest {
            return Err(format!(
                "{amount} was repaid of {} owed, out of {}",
                shown(loan.borrowed + loan.interest),
                shown(had)
            ));
        }
        self.settle_loan(account, amount.asset, paid)?;
        self.move_cash(Holder::Account(account), LENDING, amount)
    }

    /// Takes what was paid off a loan, interest first.
    pub(super) fn settle_loan(&mut self, account: AccountId, asset: Asset, paid: i128) -> Result<(), Fault> {
        let loans = &mut self.of(account)?.loans;
        let loan = loans.entry(asset).or_default();
        let interest = paid.min(loan.interest);
        loan.interest -= interest;
        loan.borrowed -= paid - interest;
        if loan.borrowed == 0 && loan.interest == 0 {
            loans.remove(&asset);
        }
        Ok(())
    }

    /// Interest on every loan of an asset.
    pub(super) fn charge_all(&mut self, asset: Asset, at: Timestamp) -> Result<(), Fault> {
        let owing = (0_u32..).map(AccountId).zip(&self.accounts);
        let owing: Vec<AccountId> =
            owing.filter(|(_, known)| known.loans.contains_key(&asset)).map(|(id, _)| id).collect();
        owing.into_iter().try_for_each(|account| self.charge(account, asset, at))
    }

    /// Whole seconds are charged, on the loan alone; a year has 365 days; what is left of a unit is owed.
    pub(super) fn charge(&mut self, account: AccountId, asset: Asset, at: Timestamp) -> Result<(), Fault> {
        let rate = self.assets.get(&asset).map_or(0, |rules| rules.borrow_rate.units());
        let Some(Loan { borrowed, until: Some(since), .. }) = self.accounts[account.index()].loans.get(&asset).copied()
        else {
            return Ok(());
        };
        let seconds = since.nanos_until(at) / Timestamp::NANOS_PER_SECOND;
        if seconds <= 0 {
            return Ok(());
        }
        let too_much = || format!("{asset}: interest that does not fit");
        let yearly = product(borrowed, rate, Way::Up).ok_or_else(too_much)?;
        let more = ratio(yearly, i128::from(seconds) * ONE, YEAR_S * ONE, Way::Up).ok_or_else(too_much)?;
        let loan = self.of(account)?.loans.entry(asset).or_default();
        loan.interest += more;
        loan.until = since.plus_seconds(seconds);
        Ok(())
    }

    /// What accounts owe for cash below zero since the hour last struck, an hour's interest for every stroke.
    pub(super) fn overdrafts(&self, at: Timestamp) -> Result<BTreeMap<Asset, BTreeMap<AccountId, i128>>, Fault> {
        let hour = |at: Timestamp| at.nanos().div_euclid(3_600 * Timestamp::NANOS_PER_SECOND);
        let mut all: BTreeMap<Asset, BTreeMap<AccountId, i128>> = BTreeMap::new();
        if self.clock == NEVER || hour(at) == hour(self.clock) {
            return Ok(all);
        }
        let hours = i128::from(hour(at) - hour(self.clock));
        let margined = (0_u32..).map(AccountId).zip(&self.accounts).filter(|(_, it)| it.terms.kind != Kind::Outside);
        for (id, known) in margined {
            for (asset, cash) in known.cash.iter().filter(|(_, cash)| **cash < 0) {
                let rate = self.assets.get(asset).map_or(0, |rules| rules.borrow_rate.units());
                let too_much = || format!("{asset}: interest that does not fit");
                let yearly = product(-cash, rate, Way::Up).ok_or_else(too_much)?;
                let more = ratio(yearly, hours * ONE, YEAR_S / 3_600 * ONE, Way::Up).ok_or_else(too_much)?;
                if rate != 0 {
                    all.entry(*asset).or_default().insert(id, more);
                }
            }
        }
        Ok(all)
    }

    /// Enters what was charged for cash below zero.
    pub(super) fn overdrawn(
        &mut self,
        expected: Option<&BTreeMap<AccountId, i128>>,
        asset: Asset,
        charges: &[Overdraft],
    ) -> Result<(), Fault> {
        let said: BTreeMap<AccountId, i128> =
            charges.iter().map(|charge| (charge.account, charge.interest.units())).collect();
        if expected != Some(&said) || said.len() != charges.len() {
            return Err(format!(
                "{asset}: {} accounts were charged for cash below zero, not what they owe",
                said.len()
            ));
        }
        for (account, interest) in said {
            self.of(account)?.loans.entry(asset).or_default().interest += interest;
        }
        Ok(())
    }
}
