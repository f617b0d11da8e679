//! How accounts below maintenance margin are closed: the venue's rules, and how far one has come.
//!
//! First its orders are cancelled. Then it is closed in waves: a plan over its positions and, under least cost, its coins and
//! debts, orders at limits inside a band, a pause, a new plan for what is left, until it is above the liquidation-end line.
//! Where that ends without a cure, no step is admissible or the account is bankrupt, it is offered to whoever takes its
//! positions over, at a discount that rises with time, where the venue holds auctions. What nobody takes is matched against
//! holders of the other side; what is then missing is paid by what it has otherwise, the insurance fund within its budgets,
//! the gains of those who were matched, holders in gain, and what even that leaves is booked as bad debt. Nothing of this
//! waits for anybody, so that it ends.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Decimal, Timestamp, Underlying};
pub use plimsoll_margin::answers::closing::Policy;
pub use plimsoll_margin::closed_forms::auction::Terms as AuctionTerms;

use crate::account::ContractId;
use crate::refusal::Refusal;

/// A week.
const AUCTION_MAX_S: i64 = 604_800;

/// What trading contracts on an underlying costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketDepth {
    /// Half the spread, as a fraction of notional; at least zero.
    pub spread: Decimal,
    /// Notional, in the currency, that moves a contract's price by one hundredth; above zero.
    pub depth: Decimal,
}

/// The venue's rules of liquidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiquidationRules {
    /// What plans are made of.
    pub policy: Policy,
    /// How far from the mark a liquidation's limit prices are, as a share of it; above zero, below one.
    pub band: Decimal,
    /// Of one contract a wave trades no more than this share of its depth; above zero.
    pub share_of_depth: Decimal,
    /// Seconds from one wave to the next; above zero.
    pub cooldown_s: u32,
    /// Waves after which what is left is matched; above zero.
    pub waves_max: u32,
    /// What the insurance fund takes of a liquidation's fills, as a fraction of notional, as far as the account is worth
    /// that; at least zero, at most a tenth.
    pub fee_rate: Decimal,
    /// Where an underlying is not named.
    pub depth: MarketDepth,
    /// By underlying.
    pub depths: BTreeMap<Underlying, MarketDepth>,
    /// What the insurance fund may lose, and what may be taken from others.
    pub budgets: Budgets,
    /// The most of a gain that goes to losses for as long as it is open, as a fraction; at most one, zero for none.
    pub shared_max: Decimal,
    /// How positions are auctioned that no wave could close; `None` where they are matched at once.
    pub auction: Option<AuctionTerms>,
}

/// What the insurance fund may lose, and what may be taken from others, in the currency; what has no figure is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Of the fund, on one account.
    pub event: Option<Decimal>,
    /// Of the fund, in a day of UTC.
    pub day: Option<Decimal>,
    /// Of the fund, in a day on accounts closed in an underlying.
    pub markets: BTreeMap<Underlying, Decimal>,
    /// Notional that is matched by force in a day. What is beyond waits for the next, and is sent to the market meanwhile.
    pub matched: Option<Decimal>,
    /// What holders in gain bear in a day, where there is no money: by the price they are matched at, or in cash. What is
    /// beyond is bad debt.
    pub haircut: Option<Decimal>,
}

impl Default for LiquidationRules {
    fn default() -> Self {
        Self {
            policy: Policy::LeastCost,
            band: Decimal::new(2, 2),
            share_of_depth: Decimal::ONE,
            cooldown_s: 10,
            waves_max: 12,
            fee_rate: Decimal::new(5, 4),
            depth: MarketDepth { spread: Decimal::new(5, 4), depth: Decimal::from_int(10_000_000) },
            depths: BTreeMap::new(),
            budgets: Budgets::default(),
            shared_max: Decimal::ONE,
            auction: None,
        }
    }
}

impl LiquidationRules {
    /// What trading on an underlying costs.
    #[must_use]
    pub fn depth_of(&self, underlying: Underlying) -> MarketDepth {
        self.depths.get(&underlying).copied().unwrap_or(self.depth)
    }

    /// Whether these rules lead anywhere.
    ///
    /// # Errors
    /// [`Refusal::OutOfBounds`] for the first that does not, [`Refusal::NotAllowed`] for budgets that contradict each other.
    pub fn check(&self) -> Result<(), Refusal> {
        let count = |count: u32| Decimal::from_int(i64::from(count));
        let above = |what, value: Decimal| Refusal::unless_positive(what, value);
        above("band", self.band)?;
        above("share_of_depth", self.share_of_depth)?;
        above("cooldown_s", count(self.cooldown_s))?;
        above("waves_max", count(self.waves_max))?;
        let within = |what, value: Decimal, most: Decimal, expected| {
            let fits = value.signum() >= 0 && value <= most;
            if fits { Ok(()) } else { Err(Refusal::OutOfBounds { what, value, expected }) }
        };
        within("band", self.band, Decimal::new(999, 3), "above 0, below 1")?;
        within("fee_rate", self.fee_rate, Decimal::new(1, 1), "0 to 0.1")?;
        within("shared_max", self.shared_max, Decimal::ONE, "0 to 1")?;
        for depth in self.depths.values().chain([&self.depth]) {
            above("depth", depth.depth)?;
            within("spread", depth.spread, Decimal::ONE, "0 to 1")?;
        }
        if let Some(auction) = &self.auction {
            within("starting_fraction", auction.starting_fraction, Decimal::ONE, "0 to 1")?;
            within("cutoff_fraction", auction.cutoff_fraction, auction.starting_fraction, "0 to starting_fraction")?;
            within("buffer", auction.buffer, Decimal::ONE, "0 to 1")?;
            within("value_cutoff", auction.value_cutoff, Decimal::MAX, "at least 0")?;
            let all = [auction.fast_seconds, auction.slow_seconds, auction.insolvent_seconds];
            let all = all.into_iter().map(count).try_fold(Decimal::ZERO, Decimal::plus)?;
            above("an auction's seconds", all)?;
            within("an auction's seconds", all, Decimal::from_int(AUCTION_MAX_S), "at most 604800")?;
        }
        self.budgets.check()
    }
}

impl Budgets {
    fn check(&self) -> Result<(), Refusal> {
        let all =
            [&self.event, &self.day, &self.matched, &self.haircut].into_iter().flatten().chain(self.markets.values());
        if let Some(value) = all.copied().find(|value| value.signum() < 0) {
            return Err(Refusal::OutOfBounds { what: "budget", value, expected: "at least 0" });
        }
        if let Some(day) = self.day {
            let contradicts = self.event.is_some_and(|event| event > day) || self.markets.values().any(|it| *it > day);
            if contradicts {
                let what = "budgets".into();
                return Err(Refusal::NotAllowed {
                    what,
                    why: "a day's budget is no less than an event's or a market's",
                });
            }
        }
        Ok(())
    }
}

/// How far an account's liquidation has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Liquidation {
    /// Waves of orders so far.
    pub waves: u32,
    /// When the last was.
    pub last: Timestamp,
    /// Where its positions are on offer.
    pub auction: Option<Auction>,
    /// The underlyings of what it held since it began: a loss there is theirs, whoever closed the last of it.
    pub markets: BTreeSet<Underlying>,
}

/// Positions on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auction {
    /// When they were first.
    pub begun: Timestamp,
    /// When this phase began.
    pub since: Timestamp,
    /// Whether the account is worth less than nothing: then the insurance fund pays who takes them.
    pub is_insolvent: bool,
}

impl Auction {
    /// Whole seconds of this phase so far.
    #[must_use]
    pub fn elapsed(&self, at: Timestamp) -> u32 {
        seconds_between(self.since, at)
    }

    /// Whether the phase is over, or all of it has taken as long as all phases together may.
    #[must_use]
    pub fn is_over(&self, terms: &AuctionTerms, at: Timestamp) -> bool {
        let solvent = terms.fast_seconds.saturating_add(terms.slow_seconds);
        let phase = if self.is_insolvent { terms.insolvent_seconds } else { solvent };
        let all = solvent.saturating_add(terms.insolvent_seconds);
        self.elapsed(at) >= phase || seconds_between(self.begun, at) >= all
    }
}

fn seconds_between(from: Timestamp, to: Timestamp) -> u32 {
    let seconds = from.nanos_until(to) / Timestamp::NANOS_PER_SECOND;
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
}

/// What has gone of the budgets of a day, in the currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Days since 1970, UTC.
    pub day: i64,
    /// What the insurance fund lost.
    pub fund: Decimal,
    /// The same by underlying that was closed.
    pub markets: BTreeMap<Underlying, Decimal>,
    /// Notional matched by force.
    pub matched: Decimal,
    /// What holders in gain bore.
    pub haircut: Decimal,
}

impl Spent {
    /// What has gone on the day of `at`.
    #[must_use]
    pub fn on(&self, at: Timestamp) -> Self {
        let day = day_of(at);
        if self.day == day { self.clone() } else { Self { day, ..Self::default() } }
    }
}

/// What a holder in gain paid for others, of one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Who paid.
    pub account: AccountId,
    /// Out of the gain on what it holds of this.
    pub contract: ContractId,
    /// How much, in what the contract settles in.
    pub amount: Decimal,
}

pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.nanos().div_euclid(86_400 * Timestamp::NANOS_PER_SECOND)
}

/// Who made up for what an account was short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// The account itself, by what it had of other assets, which the fund takes.
    Collateral,
    /// The insurance fund.
    Fund,
    /// Nobody yet: it is booked.
    BadDebt,
}
