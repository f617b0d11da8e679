//! What is promised, and how each promise is looked at.
//!
//! Every check is a function of plain values that says what is wrong with them, so that a test can hand it values that
//! break the promise. None of them asks the engine's own sums: they count again from the accounts, from the commands, or
//! from the rules as they are written down.

pub mod answers;
pub mod brackets;
pub mod breakers;
pub mod budgets;
pub mod closing;
pub mod equity;
pub mod exact;
pub mod hedging;
pub mod mirror;
pub mod nets;
pub mod same;
pub mod scan;
pub mod sharing;
pub mod standing;

use plimsoll_core::{AccountId, Decimal};
use plimsoll_engine::{ContractId, State};

/// A promise that a check found broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which promise.
    pub promise: &'static str,
    /// Whose account.
    pub account: Option<AccountId>,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl Wrong {
    /// Of no account in particular.
    #[must_use]
    pub fn new(promise: &'static str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { promise, account: None, found: found.into(), expected: expected.into() }
    }

    /// Of an account.
    #[must_use]
    pub fn of(
        promise: &'static str,
        account: AccountId,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { promise, account: Some(account), found: found.into(), expected: expected.into() }
    }
}

/// A contract's mark, as [`mirror::Mirror::mark`] has it.
#[must_use]
pub fn mark(state: &State, contract: ContractId) -> Option<i128> {
    let expiry = state.contract(contract)?.instrument.expiry();
    let is_over = expiry.is_some_and(|expiry| expiry <= state.clock);
    state.market.marks.get(&contract)?.price.filter(|_| !is_over).map(Decimal::units)
}
