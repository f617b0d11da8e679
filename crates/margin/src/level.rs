//! Levels and states: how far an account is from each line, and which side it is on.
//!
//! A model publishes initial and maintenance margin. The account policy puts four lines between
//! and below them, and orders all by *excess* (equity − requirement): initial ≤ fill ≤ call ≤
//! liquidation-end ≤ maintenance ≤ backstop ≤ net value. Decisions are made on excess; a ratio is
//! only shown.

use std::fmt;

use plimsoll_core::{Decimal, NumberError, Requirement, Rounding, encode_fields, encode_variants};

use crate::MarginError;
use crate::equity::Equity;
use crate::parameters::{Field, Slot};

/// Where the lines between initial and maintenance margin are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Fill line: maintenance + this share of (initial − maintenance).
    pub fill: Decimal,
    /// Call line, likewise, at most `fill`.
    pub call: Decimal,
    /// Where a liquidation ends, likewise, at most `call`.
    pub liquidation_end: Decimal,
    /// Backstop line, as a share of maintenance.
    pub backstop: Decimal,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            fill: Decimal::new(75, 2),
            call: Decimal::new(50, 2),
            liquidation_end: Decimal::new(25, 2),
            backstop: Decimal::new(50, 2),
        }
    }
}

impl Policy {
    /// What documents call it, beside the models.
    pub const NAME: &'static str = "policy";

    /// Its parameters, to list or to change.
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        let field = |name, about, slot| Field {
            name,
            unit: "share",
            about,
            low: Decimal::new(1, 2),
            high: Decimal::ONE,
            slot: Slot::Number(slot),
        };
        vec![
            field("fill", "fill line: maintenance + share × (initial − maintenance)", &mut self.fill),
            field("call", "margin-call line, likewise; at most fill", &mut self.call),
            field("liquidation_end", "where a liquidation stops, likewise; at most call", &mut self.liquidation_end),
            field("backstop", "backstop line, as a share of maintenance", &mut self.backstop),
        ]
    }
}

/// A line an account can be above or below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// To open or add risk.
    Initial,
    /// What an order may use up.
    Fill,
    /// Below it the owner is asked for collateral.
    Call,
    /// Where a liquidation stops.
    LiquidationEnd,
    /// Below it the account is liquidated.
    Maintenance,
    /// Below it the backstop takes over.
    Backstop,
    /// Below it the account is bankrupt.
    NetValue,
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Initial => "initial",
            Self::Fill => "fill",
            Self::Call => "call",
            Self::LiquidationEnd => "liquidation-end",
            Self::Maintenance => "maintenance",
            Self::Backstop => "backstop",
            Self::NetValue => "net value",
        })
    }
}

/// Which side of the lines an account is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Above initial margin.
    Healthy,
    /// Below initial margin: it may only shrink its risk.
    Restricted,
    /// Below the call line.
    Called,
    /// Below maintenance margin.
    Liquidating,
    /// Below maintenance margin with a net value below zero.
    Bankrupt,
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Healthy => "healthy",
            Self::Restricted => "restricted",
            Self::Called => "called",
            Self::Liquidating => "liquidating",
            Self::Bankrupt => "bankrupt",
        })
    }
}

encode_fields! { Policy { fill, call, liquidation_end, backstop } }
encode_variants! { State { 0 Healthy, 1 Restricted, 2 Called, 3 Liquidating, 4 Bankrupt } }

/// An account at one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The line.
    pub level: Level,
    /// The equity that counts there.
    pub equity: Decimal,
    /// What must be held.
    pub requirement: Decimal,
    /// Equity − requirement, moved where the order of levels asks for it.
    pub excess: Decimal,
    /// Whether it was moved.
    pub clamped: bool,
}

impl Standing {
    fn clamp(&mut self, to: impl Fn(Decimal) -> Decimal) {
        let clamped = to(self.excess);
        self.clamped = clamped != self.excess;
        self.excess = clamped;
    }
}

/// An account at every line, in the order of [`Level`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(pub [Standing; 7]);

impl Levels {
    /// Where the account stands.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn of(equity: &Equity, requirement: &Requirement, policy: &Policy) -> Result<Self, MarginError> {
        let (initial, maintenance) = (requirement.initial.amount, requirement.maintenance.amount);
        let between = |share: Decimal| -> Result<Decimal, NumberError> {
            maintenance.plus(initial.minus(maintenance)?.or_zero().times(share, Rounding::Up)?)
        };
        let margin_equity = equity.maintenance.amount;
        let lines = [
            (Level::Initial, equity.initial.amount, initial),
            (Level::Fill, margin_equity, between(policy.fill)?),
            (Level::Call, margin_equity, between(policy.call)?),
            (Level::LiquidationEnd, margin_equity, between(policy.liquidation_end)?),
            (Level::Maintenance, margin_equity, maintenance),
            (Level::Backstop, margin_equity, maintenance.times(policy.backstop, Rounding::Up)?),
            (Level::NetValue, equity.net_value.amount, Decimal::ZERO),
        ];
        let mut standings = [Standing {
            level: Level::Initial,
            equity: Decimal::ZERO,
            requirement: Decimal::ZERO,
            excess: Decimal::ZERO,
            clamped: false,
        }; 7];
        for (standing, (level, equity, requirement)) in standings.iter_mut().zip(lines) {
            *standing = Standing { level, equity, requirement, excess: equity.minus(requirement)?, clamped: false };
        }
        // Maintenance and net value are facts. Lines above maintenance come down to the one below them
        // and the backstop comes up to maintenance, so that no clamp ever hides a breach.
        let maintenance = Level::Maintenance as usize;
        for at in (0..maintenance).rev() {
            let below = standings[at + 1].excess;
            standings[at].clamp(|excess| excess.min(below));
        }
        let floor = standings[maintenance].excess;
        standings[Level::Backstop as usize].clamp(|excess| excess.max(floor));
        Ok(Self(standings))
    }

    /// The standing at `level`.
    #[must_use]
    pub fn at(&self, level: Level) -> &Standing {
        &self.0[level as usize]
    }

    /// The distance to the nearest line: while no excess has moved by more, the account is on the same side of all.
    #[must_use]
    pub fn slack(&self) -> Decimal {
        self.0.iter().map(|standing| standing.excess.abs()).reduce(Decimal::min).unwrap_or_default()
    }

    /// The state these excesses mean.
    #[must_use]
    pub fn state(&self) -> State {
        let under = |level| self.at(level).excess.signum() < 0;
        if under(Level::Maintenance) {
            // A credit line may carry an account whose net value is below zero.
            if under(Level::NetValue) { State::Bankrupt } else { State::Liquidating }
        } else if under(Level::Call) {
            State::Called
        } else if under(Level::Initial) {
            State::Restricted
        } else {
            State::Healthy
        }
    }
}
