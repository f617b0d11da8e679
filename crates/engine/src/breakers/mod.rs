//! Breakers: rules that stop named actions in a named place while a figure is beyond its bound.
//!
//! A breaker watches one figure and, while it is tripped, restricts what may be *asked for*: opening, placing, withdrawing,
//! borrowing, taking gains out, and the engine's own closing of accounts. What has happened is never refused: a trade, prices,
//! a deposit, a cancellation, a settlement and the passing of time are taken whatever is tripped, so that no event is lost.
//!
//! | watched | beyond its bound |
//! |---|---|
//! | price band | a quoted mark further than a share from the index |
//! | velocity | a price further than a share from its highest or lowest within the window |
//! | quorum | fewer sources of a feed used than so many |
//! | withdrawal rate | as much withdrawn within the window, or more |
//! | fund drawdown | more lost by the insurance fund within the window than a share of what it would hold without that |
//! | open interest | more open on one side, by notional |
//! | owner concentration | one owner's share of a side of an underlying's open interest |
//! | liquidation rate | more closed by the engine within the window, by notional |
//!
//! Windows are kept in sixteenths, so that they are bounded; what is counted is of the window's length at least and of a
//! sixteenth more at most. Their bounds stand at fixed times, so that it does not matter how often anybody asks.

mod facts;
mod figures;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Timestamp, Underlying, planted};

pub(crate) use facts::{Stakes, evolve, owner_of, sum_positions};
pub(crate) use figures::{Looked, figures, inside_before, notional_of};
pub use windows::{Range, Sums, Windows};

use crate::refusal::Refusal;

/// A rule that restricts while a figure is beyond its bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// What it watches, and the bound.
    pub watches: Watched,
    /// Where it watches and restricts.
    pub scope: Scope,
    /// What is restricted while it is tripped; at least one action.
    pub restricts: BTreeSet<Restricted>,
    /// When it lifts.
    pub lifts: LiftRule,
}

/// A figure with its bound. Shares are fractions, windows seconds (1 to a year), values in the currency where nothing else
/// is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The quoted mark of a perpetual or future, against the index.
    PriceBand {
        /// Above 0, at most 10.
        share: Decimal,
    },
    /// The last trusted price, against its highest and its lowest within the window.
    Velocity {
        /// Above 0, at most 10.
        share: Decimal,
        /// How long.
        window_s: u32,
    },
    /// Sources that a feed's price was made of, neither stale nor outliers.
    Quorum {
        /// Fewer than so many, 1 to 100.
        sources: u32,
    },
    /// What is withdrawn.
    WithdrawalRate {
        /// Above 0: in units under the scope of an asset, else in the currency, where what has no price counts as nothing.
        value: Decimal,
        /// How long.
        window_s: u32,
    },
    /// What the insurance fund lost, of what it would hold now without that: what is paid into it or taken back is no loss.
    FundDrawdown {
        /// Above 0, below 1.
        share: Decimal,
        /// How long.
        window_s: u32,
    },
    /// Contracts open on one side, by notional.
    OpenInterest {
        /// Above 0.
        notional: Decimal,
    },
    /// What one owner's accounts hold of a side of an underlying's open interest, each account's own; counterparties whose
    /// risk is elsewhere are no owners here.
    OwnerConcentration {
        /// Above 0, below 1.
        share: Decimal,
        /// An owner with less notional than this on the side is not looked at: the first trade of a market is all of it.
        above: Decimal,
    },
    /// What the engine closed, by its orders' fills and by matching.
    LiquidationRate {
        /// Above 0.
        notional: Decimal,
        /// How long.
        window_s: u32,
    },
}

/// Where a breaker watches and restricts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of the venue: the sum, or the worst of it; and all of it is restricted.
    Everything,
    /// Each underlying by itself.
    EachUnderlying,
    /// One.
    Underlying(Underlying),
    /// One asset.
    Asset(Asset),
    /// The accounts of one owner.
    Owner(Arc<str>),
}

/// Where a breaker tripped, and restricts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Everywhere.
    Everything,
    /// Orders in contracts on it; cash of who holds such contracts or the coin, and the coin's.
    Underlying(Underlying),
    /// Cash of it; orders in contracts that settle in it or are on it.
    Asset(Asset),
    /// Accounts of one owner.
    Owner(Arc<str>),
    /// What one owner has in an underlying.
    Holder {
        /// Whose.
        owner: Arc<str>,
        /// In what.
        underlying: Underlying,
    },
}

/// What a breaker can stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Restricted {
    /// Orders that do not only reduce a position.
    Opening,
    /// Any order.
    Placing,
    /// Withdrawals, and transfers to where they would not be restricted.
    Withdrawing,
    /// New loans.
    Borrowing,
    /// Withdrawals and transfers of more than was paid in.
    Gains,
    /// The closing of accounts by the engine: by orders and by matching. Never one owner's.
    Liquidating,
}

/// When a breaker lifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiftRule {
    /// By hand only.
    Manual,
    /// After the figure has been inside its bound for so long.
    After {
        /// Seconds, at most a year; none for at once.
        seconds: u32,
        /// A narrower bound that it must be inside of; the bound itself without.
        within: Option<Decimal>,
    },
}

/// A breaker that tripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// Since when.
    pub since: Timestamp,
    /// Since when its figure has been inside the bound at which it lifts.
    pub inside_since: Option<Timestamp>,
    /// Whether a hand lifted it while its figure was beyond the bound: it restricts nothing, and does not trip again before the
    /// figure has been back inside.
    pub waived: bool,
}

/// A breaker that was set, and what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The rule.
    pub rules: Breaker,
    /// Where it is tripped, or would be had no hand lifted it.
    pub trips: BTreeMap<Subject, Trip>,
    /// What happened within its window.
    pub windows: Windows,
}

const YEAR_S: u32 = 31_536_000;
const TEN: Decimal = Decimal::from_int(10);

impl Breaker {
    /// Refuses figures out of bounds, and what does not go together.
    ///
    /// # Errors
    /// [`Refusal::OutOfBounds`] with the figure's name, [`Refusal::NotAllowed`] for scopes and actions.
    pub fn check(&self, name: &Arc<str>) -> Result<(), Refusal> {
        self.watches.check()?;
        let not_allowed = |why| Err(Refusal::NotAllowed { what: name.clone(), why });
        if name.is_empty() {
            return not_allowed("a breaker has a name");
        }
        if self.restricts.is_empty() {
            return not_allowed("a breaker restricts something");
        }
        if !self.watches.is_of(&self.scope) {
            return not_allowed(self.watches.scopes());
        }
        if self.restricts.contains(&Restricted::Liquidating) {
            if !self.watches.may_pause_liquidations() {
                return not_allowed("what whoever trades or withdraws can trip pauses no liquidations");
            }
            if self.lifts == LiftRule::Manual {
                return not_allowed("a pause of liquidations lifts by rule");
            }
        }
        self.check_lift()
    }

    fn check_lift(&self) -> Result<(), Refusal> {
        let LiftRule::After { seconds, within } = self.lifts else { return Ok(()) };
        if seconds > YEAR_S {
            let value = Decimal::from_int(seconds.into());
            return Err(Refusal::OutOfBounds { what: "lift_s", value, expected: "0 to 31536000" });
        }
        let Some(value) = within else { return Ok(()) };
        let bound = self.watches.bound();
        let (fits, expected) = match self.watches {
            Watched::Quorum { .. } => (value >= bound && value <= Decimal::from_int(100), "from the bound up to 100"),
            Watched::WithdrawalRate { .. } => (value.signum() > 0 && value <= bound, "above 0, at most the bound"),
            _ => (value.signum() >= 0 && value <= bound, "0 to the bound"),
        };
        if fits { Ok(()) } else { Err(Refusal::OutOfBounds { what: "within", value, expected }) }
    }

    /// Whether `found` trips it.
    #[must_use]
    pub fn is_beyond(&self, found: Decimal) -> bool {
        self.watches.is_past(found, self.watches.bound())
    }

    /// Whether `found` is where it may lift.
    #[must_use]
    pub fn is_inside(&self, found: Decimal) -> bool {
        let within = match self.lifts {
            LiftRule::After { within: Some(within), .. } if !planted!(WithinIgnored) => within,
            _ => self.watches.bound(),
        };
        !self.watches.is_past(found, within)
    }

    /// What it restricts where a hand trips it.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match &self.scope {
            Scope::Everything | Scope::EachUnderlying => Subject::Everything,
            Scope::Underlying(underlying) => Subject::Underlying(*underlying),
            Scope::Asset(asset) => Subject::Asset(*asset),
            Scope::Owner(owner) => Subject::Owner(owner.clone()),
        }
    }

    /// Whether what this one knows is what `other` would know.
    pub(crate) fn watches_like(&self, other: &Self) -> bool {
        let kind = std::mem::discriminant;
        kind(&self.watches) == kind(&other.watches)
            && self.watches.window_s() == other.watches.window_s()
            && self.scope == other.scope
    }
}

impl Watched {
    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PriceBand { .. } => "price_band",
            Self::Velocity { .. } => "velocity",
            Self::Quorum { .. } => "quorum",
            Self::WithdrawalRate { .. } => "withdrawal_rate",
            Self::FundDrawdown { .. } => "fund_drawdown",
            Self::OpenInterest { .. } => "open_interest",
            Self::OwnerConcentration { .. } => "owner_concentration",
            Self::LiquidationRate { .. } => "liquidation_rate",
        }
    }

    /// The figure at which it trips.
    #[must_use]
    pub const fn bound(&self) -> Decimal {
        match *self {
            Self::PriceBand { share }
            | Self::Velocity { share, .. }
            | Self::FundDrawdown { share, .. }
            | Self::OwnerConcentration { share, .. } => share,
            Self::Quorum { sources } => Decimal::from_int(sources as i64),
            Self::WithdrawalRate { value, .. } => value,
            Self::OpenInterest { notional } | Self::LiquidationRate { notional, .. } => notional,
        }
    }

    /// Its window; `None` where it watches what is now.
    #[must_use]
    pub const fn window_s(&self) -> Option<u32> {
        match *self {
            Self::Velocity { window_s, .. }
            | Self::WithdrawalRate { window_s, .. }
            | Self::FundDrawdown { window_s, .. }
            | Self::LiquidationRate { window_s, .. } => Some(window_s),
            _ => None,
        }
    }

    /// Whether positions must be summed for it.
    pub(crate) const fn sums_positions(&self) -> bool {
        matches!(self, Self::OpenInterest { .. } | Self::OwnerConcentration { .. })
    }

    fn is_past(&self, found: Decimal, bound: Decimal) -> bool {
        match self {
            Self::Quorum { .. } => found < bound,
            // What would go past it is refused, so that it is used up when it is reached.
            Self::WithdrawalRate { .. } => found >= bound,
            _ => found > bound,
        }
    }

    fn is_of(&self, scope: &Scope) -> bool {
        use Scope::{Asset, EachUnderlying, Everything, Owner, Underlying};
        match self {
            Self::PriceBand { .. } | Self::OpenInterest { .. } | Self::LiquidationRate { .. } => {
                matches!(scope, Everything | EachUnderlying | Underlying(_))
            }
            Self::Velocity { .. } | Self::Quorum { .. } => !matches!(scope, Owner(_)),
            Self::OwnerConcentration { .. } => matches!(scope, EachUnderlying | Underlying(_)),
            Self::WithdrawalRate { .. } => matches!(scope, Everything | Asset(_) | Owner(_)),
            Self::FundDrawdown { .. } => *scope == Everything,
        }
    }

    /// Nobody is exempt from liquidation: what pauses it is not for a client to bring about, nor one owner's.
    const fn may_pause_liquidations(&self) -> bool {
        !matches!(self, Self::WithdrawalRate { .. } | Self::OpenInterest { .. } | Self::OwnerConcentration { .. })
    }

    const fn scopes(&self) -> &'static str {
        match self {
            Self::PriceBand { .. } | Self::OpenInterest { .. } | Self::LiquidationRate { .. } => {
                "it is of everything, of each underlying or of one"
            }
            Self::Velocity { .. } | Self::Quorum { .. } => {
                "it is of everything, of each underlying, of one or of an asset"
            }
            Self::OwnerConcentration { .. } => "it is of each underlying or of one",
            Self::WithdrawalRate { .. } => "it is of everything, of an asset or of an owner",
            Self::FundDrawdown { .. } => "it is of everything",
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        let within = |what, value: Decimal, fits: bool, expected| {
            if fits { Ok(()) } else { Err(Refusal::OutOfBounds { what, value, expected }) }
        };
        let positive = |value: Decimal| value.signum() > 0;
        match *self {
            Self::PriceBand { share } | Self::Velocity { share, .. } => {
                within("share", share, positive(share) && share <= TEN, "above 0, at most 10")?;
            }
            Self::Quorum { sources } => {
                within("sources", self.bound(), (1..=100).contains(&sources), "1 to 100")?;
            }
            Self::WithdrawalRate { value, .. } => within("value", value, positive(value), "above 0")?,
            Self::FundDrawdown { share, .. } | Self::OwnerConcentration { share, .. } => {
                within("share", share, positive(share) && share < Decimal::ONE, "above 0, below 1")?;
            }
            Self::OpenInterest { notional } | Self::LiquidationRate { notional, .. } => {
                within("notional", notional, positive(notional), "above 0")?;
            }
        }
        if let Self::OwnerConcentration { above, .. } = *self {
            within("above", above, above.signum() >= 0, "at least 0")?;
        }
        let Some(window_s) = self.window_s() else { return Ok(()) };
        let value = Decimal::from_int(window_s.into());
        within("window_s", value, (1..=YEAR_S).contains(&window_s), "1 to 31536000")
    }
}

impl Restricted {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Opening, Self::Placing, Self::Withdrawing, Self::Borrowing, Self::Gains, Self::Liquidating];

    /// What commands and events call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Placing => "placing",
            Self::Withdrawing => "withdrawing",
            Self::Borrowing => "borrowing",
            Self::Gains => "gains",
            Self::Liquidating => "liquidating",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => out.write_str("everything"),
            Self::Underlying(underlying) => write!(out, "underlying {underlying}"),
            Self::Asset(asset) => write!(out, "asset {asset}"),
            Self::Owner(owner) => write!(out, "owner {owner}"),
            Self::Holder { owner, underlying } => write!(out, "owner {owner} in underlying {underlying}"),
        }
    }
}
