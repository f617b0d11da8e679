//! Who holds what: every amount that moves leaves one holder and reaches another.
//!
//! Beside the accounts the house has a handful of holders. *Outside* is the rest of the world: what was deposited stands
//! there as a debt to it, below zero. *Clearing* stands between those who lose and those who gain: it takes in losses
//! when they are realised and pays gains when they are, so that its balance is, at any moment, what the open positions'
//! costs are short of: **clearing + Σ cost = 0** in every asset, to the last digit. With positions that net to zero this
//! is clearing = Σ unrealised P&L at any marks.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, NumberError};

/// Who holds cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// An account.
    Account(AccountId),
    /// The house.
    House(House),
}

impl Holder {
    /// The account, where it is one.
    #[must_use]
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account),
            Self::House(_) => None,
        }
    }
}

/// The house's own holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum House {
    /// The rest of the world, which everything paid in is owed to: never above zero.
    Outside,
    /// Between those who lose and those who gain.
    Clearing,
    /// Fees taken.
    Fees,
    /// The insurance fund.
    Insurance,
    /// What may be lent, and what loans earned.
    Lending,
    /// What rounding left over.
    Rounding,
    /// What accounts were short of and nobody made up for: never above zero.
    BadDebt,
}

impl House {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Outside, Self::Clearing, Self::Fees, Self::Insurance, Self::Lending, Self::Rounding, Self::BadDebt];

    /// What events and commands call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Clearing => "clearing",
            Self::Fees => "fees",
            Self::Insurance => "insurance",
            Self::Lending => "lending",
            Self::Rounding => "rounding",
            Self::BadDebt => "bad_debt",
        }
    }
}

/// One side of a movement of cash: what a holder gains, negative where it pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Whose.
    pub holder: Holder,
    /// How much of what.
    pub amount: Amount,
}

impl Leg {
    /// What an account gains.
    #[must_use]
    pub const fn account(account: AccountId, amount: Amount) -> Self {
        Self { holder: Holder::Account(account), amount }
    }

    /// What the house gains.
    #[must_use]
    pub const fn house(house: House, amount: Amount) -> Self {
        Self { holder: Holder::House(house), amount }
    }
}

/// `amount` from one holder to another.
#[must_use]
pub fn movement(from: Holder, to: Holder, amount: Amount) -> Vec<Leg> {
    vec![Leg { holder: from, amount: amount.negated() }, Leg { holder: to, amount }]
}

/// Legs in the making, which nets what one holder pays and gets of an asset.
#[derive(Clone, Debug, Default)]
pub struct Legs(BTreeMap<(Holder, Asset), Decimal>);

impl Legs {
    /// Adds what `holder` gains; nothing where it is zero.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn add(&mut self, holder: Holder, asset: Asset, value: Decimal) -> Result<(), NumberError> {
        let sum = self.0.entry((holder, asset)).or_default();
        *sum = sum.plus(value)?;
        Ok(())
    }

    /// The legs that are not zero.
    #[must_use]
    pub fn done(self) -> Vec<Leg> {
        let moved = self.0.into_iter().filter(|(_, value)| !value.is_zero());
        moved.map(|((holder, asset), value)| Leg { holder, amount: Amount::new(value, asset) }).collect()
    }
}
