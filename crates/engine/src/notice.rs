//! Notice: rules are told before they hold.
//!
//! Whoever takes the keys of a venue changes its rules and leaves with the money before anybody looks. Where notice is
//! required, a rule that could let something out is announced first, for everybody to see, holds from then on at the
//! earliest, and may be recalled until it does. What only restricts needs none: freezing an account, a breaker that is new
//! or tripped by hand. Where no notice is required, as while a venue is set up, rules hold at once.
//!
//! # Source
//! Drift, 1 April 2026: pre-signed approvals of an administrator listed a worthless coin as collateral and relaxed limits.
//! Compound, `Timelock.sol`: a change is queued, waits at least `delay`, and is executed or cancelled.

use std::collections::BTreeMap;

use plimsoll_core::{Decode, DecodeError, Encode, Timestamp, encode_fields};

use crate::account::{AccountTerms, Kind};
use crate::command::Command;
use crate::state::State;

/// What is announced, and how long ahead it has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// Seconds between telling a rule and its holding; zero where none is required.
    pub seconds: u32,
    /// Announcements so far, which numbers them.
    pub told: u64,
    /// By number, what does not hold yet.
    pub announced: BTreeMap<u64, Announced>,
}

/// A rule that is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// What sets it.
    pub rule: Rule,
    /// From when.
    pub from: Timestamp,
}

/// A command that sets a rule: one that may be announced, which no announcement itself is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule(Box<Command>);

impl Rule {
    /// The rule that `command` sets; `None` where it sets none.
    #[must_use]
    pub fn of(command: Command) -> Option<Self> {
        let sets = match &command {
            Command::ListAsset { .. }
            | Command::ListUnderlying { .. }
            | Command::SetModel { .. }
            | Command::SetLiquidation(_)
            | Command::SetBreaker { .. }
            | Command::LiftBreaker { .. }
            | Command::SetNotice { .. }
            | Command::OpenAccount { .. }
            | Command::AmendAccount { .. } => true,
            Command::FundHouse { amount, .. } => amount.value.signum() < 0,
            _ => false,
        };
        sets.then(|| Self(Box::new(command)))
    }

    /// The command.
    #[must_use]
    pub const fn command(&self) -> &Command {
        &self.0
    }

    /// What a line of the stream calls it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &*self.0 {
            Command::ListAsset { .. } => "list_asset",
            Command::ListUnderlying { .. } => "list_underlying",
            Command::SetModel { .. } => "set_model",
            Command::SetLiquidation(_) => "set_liquidation",
            Command::SetBreaker { breaker: Some(_), .. } => "set_breaker",
            Command::SetBreaker { breaker: None, .. } => "remove_breaker",
            Command::LiftBreaker { .. } => "lift_breaker",
            Command::SetNotice { .. } => "set_notice",
            Command::OpenAccount { .. } => "open_account",
            Command::AmendAccount { .. } => "amend_account",
            _ => "fund",
        }
    }
}

/// Commands that nest are no rules: bytes that say so are not followed.
const NESTS: u8 = 26;

impl Encode for Rule {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Rule {
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let invalid = DecodeError::Invalid("a command that sets a rule");
        if bytes.first() == Some(&NESTS) {
            return Err(invalid);
        }
        Self::of(Command::decode(bytes)?).ok_or(invalid)
    }
}

encode_fields! {
    Notices { seconds, told, announced }
    Announced { rule, from }
}

impl State {
    /// Whether `command` sets a rule that holds too early: before `earliest`, where it does not say by itself from when.
    pub(crate) fn asks_for_notice(&self, command: &Command, earliest: Timestamp) -> bool {
        let lends = |terms: &AccountTerms, before: Option<&AccountTerms>| {
            let line = before.map_or_else(Default::default, |before| before.credit_line);
            let was_outside = before.is_some_and(|before| before.kind == Kind::Outside);
            terms.credit_line > line || terms.kind == Kind::Outside && !was_outside
        };
        match command {
            Command::SetModel { name, from, .. } => !self.models.contains_key(name) || *from < earliest,
            Command::ListAsset { .. }
            | Command::ListUnderlying { .. }
            | Command::SetLiquidation(_)
            | Command::LiftBreaker { .. } => true,
            Command::SetBreaker { name, .. } => self.breakers.contains_key(name),
            Command::SetNotice { seconds } => *seconds < self.notices.seconds,
            Command::FundHouse { amount, .. } => amount.value.signum() < 0,
            Command::OpenAccount { terms } => lends(terms, None),
            Command::AmendAccount { account, terms } => lends(terms, self.account(*account).map(|known| &known.terms)),
            Command::Announce { from, .. } => *from < earliest,
            _ => false,
        }
    }
}
