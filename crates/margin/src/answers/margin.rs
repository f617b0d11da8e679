//! Where an account stands: equity, requirement and every level, each with its tree.

use plimsoll_core::{Decimal, Requirement, Rounding};
use plimsoll_pricing::market::Market;

use crate::equity::{Equity, NetAsset, net_assets};
use crate::fold::Detail;
use crate::level::{Level, Levels, Policy, State};
use crate::models::Judge;
use crate::{Account, MarginError};

/// An account's margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Margin {
    /// Its assets, netted.
    pub assets: Vec<NetAsset>,
    /// What it has.
    pub equity: Equity,
    /// What it must hold.
    pub requirement: Requirement,
    /// How far it is from every line.
    pub levels: Levels,
    /// Which side of the lines it is on.
    pub state: State,
}

impl Margin {
    /// Margins `account` as `judge` does.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or margined.
    pub fn of(account: &Account, market: &Market, judge: &dyn Judge, policy: &Policy) -> Result<Self, MarginError> {
        Self::in_detail(account, market, judge, policy, Detail::Explained)
    }

    /// The same in as much `detail` as is asked: every amount is the same to the last digit.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn in_detail(
        account: &Account,
        market: &Market,
        judge: &dyn Judge,
        policy: &Policy,
        detail: Detail,
    ) -> Result<Self, MarginError> {
        Self::of_assets(account, net_assets(&account.portfolio, market)?, market, judge, policy, detail)
    }

    /// The same where the account's assets are netted already.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(crate) fn of_assets(
        account: &Account,
        assets: Vec<NetAsset>,
        market: &Market,
        judge: &dyn Judge,
        policy: &Policy,
        detail: Detail,
    ) -> Result<Self, MarginError> {
        let requirement = judge.judged(account, &assets, detail)?;
        let credit = judge.credit(account, &requirement)?;
        let equity = Equity::of(&assets, credit, judge.collateral(), market, detail)?;
        let levels = Levels::of(&equity, &requirement, policy)?;
        let state = levels.state();
        Ok(Self { assets, equity, requirement, levels, state })
    }

    /// Margin equity − initial margin, at least zero: what more may be opened with.
    #[must_use]
    pub fn available(&self) -> Decimal {
        self.levels.at(Level::Initial).excess.or_zero()
    }

    /// What may be withdrawn: withdrawable equity − initial margin, at least zero and at most the
    /// balances there are, since an option's value is no cash.
    #[must_use]
    pub fn withdrawable(&self) -> Decimal {
        let left = self.equity.withdrawable.amount.minus(self.requirement.initial.amount);
        let balances = self.assets.iter().try_fold(Decimal::ZERO, |sum, net| {
            let balance = net.cash.plus(net.losses)?.or_zero();
            sum.plus(balance.times(net.price.value, Rounding::Down)?)
        });
        left.unwrap_or(Decimal::ZERO).or_zero().min(balances.unwrap_or(Decimal::ZERO))
    }

    /// Maintenance margin ÷ margin equity, to show; `None` where there is no positive equity.
    #[must_use]
    pub fn ratio(&self) -> Option<Decimal> {
        let equity = self.equity.maintenance.amount;
        (equity.signum() > 0).then(|| self.requirement.maintenance.amount.over(equity, Rounding::Up).ok()).flatten()
    }
}
