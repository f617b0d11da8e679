//! Liquidation plans: which trades bring an account back above a line at least expected cost: positions closed, hedges
//! opened, and collateral converted, a coin that the account has sold or one that it owes bought.
//!
//! A plan is a handful of trades, sized in lots. What it promises is decided by the exact requirement of the account's own
//! model: after all of it the account stands above the line with at most a lot too much of anything, and however its trades
//! fill, one without another, the excess does not fall below what it is now. Where legs hedge each other so that no trade
//! is safe by itself, there is no plan: such an account is for the backstop.
//!
//! What proposes is bounded in iterations and trusted with nothing: a linear program over what a model scans
//! ([`Judge::scans`]), a search by exact evaluations, and for books of few lots a search of all combinations.
//!
//! Left out: when a trade is sent, at what price, and what is done with what it did not cure.

mod closed_form;
mod contract;
mod desk;
mod fills;
mod linear;
mod policies;
mod simplex;
mod whole;

use std::fmt;

use plimsoll_core::{Decimal, InstrumentId, Quantity, encode_variants};
use plimsoll_pricing::market::Market;

use crate::level::{self, Level};
use crate::models::Judge;
use crate::{Account, MarginError};
use desk::{Desk, Trades};

/// What trading a contract costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidity {
    /// Half the spread, as a fraction of notional.
    pub spread: Decimal,
    /// Notional, in the market's currency, that moves the price by one hundredth.
    pub depth: Decimal,
    /// What is charged for a liquidation, as a fraction of notional.
    pub fee_rate: Decimal,
}

/// What is traded first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whatever cures at least cost, hedges and conversions included.
    LeastCost,
    /// The position that has lost most, whole, then the next; of the last what is needed.
    LargestLossFirst,
    /// The same share of every position.
    ProRata,
    /// Every position, whole, whatever is needed. Debts stay: whoever closes an account settles what it then owes.
    FullClose,
}

encode_variants! { Policy { 0 LeastCost, 1 LargestLossFirst, 2 ProRata, 3 FullClose } }

impl Policy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LeastCost, Self::LargestLossFirst, Self::ProRata, Self::FullClose];
}

impl fmt::Display for Policy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::LeastCost => "least cost",
            Self::LargestLossFirst => "largest loss first",
            Self::ProRata => "pro rata",
            Self::FullClose => "full close",
        })
    }
}

/// How an account is to be brought back.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// What is traded first.
    pub policy: Policy,
    /// Above this line the plan ends: normally [`Level::LiquidationEnd`].
    pub until: Level,
    /// Where the lines are.
    pub lines: &'a level::Policy,
    /// What trading costs; `None` for what cannot be traded now, which is neither closed nor hedged with. The same of a
    /// contract without depth or with a figure below zero.
    pub liquidity: &'a dyn Fn(InstrumentId) -> Option<Liquidity>,
    /// Contracts that may be opened to hedge, under [`Policy::LeastCost`]; without any, positions are only closed. The
    /// judge is prepared for them.
    pub hedges: &'a [InstrumentId],
    /// Spot contracts in which balances may be converted, under [`Policy::LeastCost`]: of a coin whose net balance is
    /// positive no more is sold than there is cash of it, of one whose net balance is negative no more bought than that,
    /// over all contracts on it together. One of `hedges` besides goes both ways without that bound. The judge is
    /// prepared for them; what is not spot is left out.
    pub conversions: &'a [InstrumentId],
    /// Of one contract no more than this share of its depth.
    pub share_of_depth: Decimal,
}

/// A trade of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The contract.
    pub instrument: InstrumentId,
    /// Contracts bought; sold is negative. Of spot, coins of the contract's size that change hands for its quote.
    pub quantity: Quantity,
    /// What it is expected to cost against the mark, in the market's currency: spread, impact and fee.
    pub cost: Decimal,
}

/// Trades that bring an account back, what gains most for its cost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The trades, one a contract; none where nothing is needed or nothing helps.
    pub steps: Vec<Step>,
    /// What they are expected to cost together, in the market's currency.
    pub cost: Decimal,
    /// The excess at [`Terms::until`] after all of them, their cost paid.
    pub excess: Decimal,
}

impl Plan {
    /// Whether the account stands on or above the line after it.
    #[must_use]
    pub fn cures(&self) -> bool {
        self.excess.signum() >= 0
    }
}

/// The trades that bring `account`, which has no open orders, back to [`Terms::until`]; as far as the depth and the
/// contracts that can be traded allow, where that is not far enough. Of each contract the account has one position.
///
/// # Errors
/// [`MarginError`] for an account that cannot be margined as it is.
pub fn plan(account: &Account, market: &Market, judge: &dyn Judge, terms: &Terms<'_>) -> Result<Plan, MarginError> {
    let desk = Desk::new(account, market, judge, terms)?;
    if desk.start.signum() >= 0 {
        return desk.plan(&Trades::default());
    }
    let trades = match terms.policy {
        // More to choose from may lead a search astray: it begins with what is found without conversions.
        Policy::LeastCost if desk.converts() => {
            let without = plan(account, market, judge, &Terms { conversions: &[], ..*terms })?;
            least_cost(&desk, desk.trades(&without))
        }
        Policy::LeastCost => least_cost(&desk, Trades::default()),
        Policy::LargestLossFirst => policies::largest_loss_first(&desk)?,
        Policy::ProRata => policies::pro_rata(&desk),
        Policy::FullClose => policies::full_close(&desk),
    };
    desk.plan(&trades)
}

/// Contracts up to which the closed form is tried beside the program: its evaluations grow with them.
const BOTH_UP_TO: usize = 16;

/// What cures at least cost, no dearer than `known`.
fn least_cost(desk: &Desk<'_>, known: Trades) -> Trades {
    let is_small = desk.contracts.len() <= BOTH_UP_TO;
    let mut found = match linear::search(desk) {
        Some(proposed) => desk.better(known.clone(), proposed),
        None => known.clone(),
    };
    if !desk.cures(&found) || is_small && known.is_empty() {
        found = desk.better(closed_form::search(desk), found);
    }
    if is_small {
        found = closed_form::exchanged(desk, found);
    }
    let found = whole::search(desk, &found).unwrap_or(found);
    // Less of what is safe is safe where the excess is concave: that is known of models that declare their scan.
    if desk.scanned().is_some() { found } else { desk.better(known, fills::safe_part(desk, &found)) }
}
