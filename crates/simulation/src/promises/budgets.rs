//! What is taken from others in a day: positions for want of a market, gains for want of money.

use plimsoll_core::{AccountId, Timestamp};
use plimsoll_engine::State;
use plimsoll_pricing::float::float;

use super::Wrong;
use super::closing::Looked;

/// The promise of both budgets.
pub const WITHIN: &str = "what is matched by force and what gains bear are within their budgets";

/// Which budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Of notional that is matched by force.
    Matched,
    /// Of what holders in gain bear.
    Haircut,
}

/// What was taken on a day, in the currency.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    day: i64,
    matched: f64,
    haircut: f64,
    /// How far what was matched may be off.
    doubt: f64,
}

impl Taken {
    /// Whether less than a tenth of `most`, which may be less than a lot, is left to match by force.
    #[must_use]
    pub fn is_spent(&self, most: f64, at: Timestamp) -> bool {
        self.day == day_of(at) && self.matched > 0.9 * most
    }

    /// Counts `value` for `account`, of which rounding or a mark that nobody quoted may hide `hidden` now and, of what is
    /// matched, for the rest of the day; what is new may go as far as what was left.
    pub fn counts(
        &mut self,
        state: &State,
        budget: Budget,
        account: AccountId,
        (value, hidden): (f64, f64),
        at: Timestamp,
    ) -> Looked {
        let day = day_of(at);
        if self.day != day {
            *self = Self { day, ..Self::default() };
        }
        let budgets = &state.liquidation.budgets;
        let (sum, most) = match budget {
            Budget::Matched => (&mut self.matched, budgets.matched),
            Budget::Haircut => (&mut self.haircut, budgets.haircut),
        };
        let left = most.map(|most| (float(most) - *sum).max(0.0));
        *sum += value;
        let grain = 1e-2 + 1e-9 * *sum + hidden;
        let grain = if budget == Budget::Matched { grain + self.doubt } else { grain };
        self.doubt += if budget == Budget::Matched { hidden } else { 0.0 };
        let over = left.filter(|left| value > left + grain);
        (WITHIN, over.map(|left| Wrong::of(WITHIN, account, format!("{budget:?}: {value}"), format!("at most {left}"))))
    }
}

const fn day_of(at: Timestamp) -> i64 {
    at.nanos().div_euclid(86_400 * Timestamp::NANOS_PER_SECOND)
}
