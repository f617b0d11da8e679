//! What tests with a venue of their own share.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

use plimsoll_core::{AccountId, Decimal};
use plimsoll_engine::account::{Kind, Mode, TraderLimits};
use plimsoll_engine::{AccountTerms, ContractId};

/// The linear perpetual that is traded, and the first two accounts: who holds it and who sold it.
pub const BTC: ContractId = ContractId(1);
pub const LONG: AccountId = AccountId(0);
pub const OTHER: AccountId = AccountId(1);

pub fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// An account of an owner of its own, in portfolio mode under the house model, without fees.
pub fn terms(name: &str) -> AccountTerms {
    AccountTerms {
        name: name.into(),
        owner: name.into(),
        kind: Kind::Client,
        parent: None,
        group: None,
        mode: Mode::Portfolio,
        model: "plimsoll".into(),
        credit_line: Decimal::ZERO,
        maker_fee_rate: Decimal::ZERO,
        taker_fee_rate: Decimal::ZERO,
        limits: TraderLimits::default(),
        top_up: None,
    }
}
