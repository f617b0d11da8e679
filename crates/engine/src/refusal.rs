//! Why a command was not carried out: the rule it broke, and the numbers.
//!
//! Variants stand in the order they are checked, so that the first broken rule is the one reported.

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, NumberError, Price, Quantity, Timestamp, Underlying};
use plimsoll_margin::{MarginError, level};
use plimsoll_pricing::instruments::SettleError;
use plimsoll_pricing::market::MarketError;
use thiserror::Error;

use crate::account::{ContractId, OrderId};
use crate::breakers::Restricted;
use crate::ledger::House;
use crate::market::{Feed, Quality};

/// Why a command was not carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Refusal {
    /// Time only runs forward.
    #[error("the command is of {at}, and {clock} has been: expected no earlier time")]
    TimeRunsBack {
        /// The command's.
        at: Timestamp,
        /// The engine's.
        clock: Timestamp,
    },
    /// No such account.
    #[error("account {}: unknown", .0.0)]
    UnknownAccount(AccountId),
    /// No such asset.
    #[error("asset {0}: not listed")]
    UnknownAsset(Asset),
    /// No such underlying.
    #[error("underlying {0}: not listed")]
    UnknownUnderlying(Underlying),
    /// No such contract.
    #[error("contract {}: unknown", .0.0)]
    UnknownContract(ContractId),
    /// No such model.
    #[error("model {0}: not set up")]
    UnknownModel(Arc<str>),
    /// No such breaker.
    #[error("breaker {0}: not set")]
    UnknownBreaker(Arc<str>),
    /// No such announcement.
    #[error("announcement {0}: none that waits")]
    UnknownAnnouncement(u64),
    /// No such order.
    #[error("account {}: no open order {order}", .account.0)]
    UnknownOrder {
        /// Whose.
        account: AccountId,
        /// Which.
        order: OrderId,
    },
    /// Something of that name is there already.
    #[error("{0}: already there: expected a name or number that is not in use")]
    Duplicate(Arc<str>),
    /// A figure outside its bounds.
    #[error("{what} is {value}: expected {expected}")]
    OutOfBounds {
        /// Which.
        what: &'static str,
        /// What it is.
        value: Decimal,
        /// What it should be.
        expected: &'static str,
    },
    /// Something that may not be changed, or does not go together.
    #[error("{what}: {why}")]
    NotAllowed {
        /// What was asked.
        what: Arc<str>,
        /// Why not.
        why: &'static str,
    },
    /// A contract that cannot be listed.
    #[error(transparent)]
    Listing(#[from] plimsoll_pricing::instruments::ListingError),
    /// A quantity that is no whole number of lots.
    #[error("{quantity} is not a whole number of lots of {lot}")]
    NotWholeLots {
        /// Asked for.
        quantity: Quantity,
        /// The lot.
        lot: Quantity,
    },
    /// A price in another asset than the contract is quoted in.
    #[error("price {price}: expected one in {quote}")]
    Quote {
        /// The price.
        price: Price,
        /// The contract's.
        quote: Asset,
    },
    /// The contract is over.
    #[error("{contract} expired at {expiry}")]
    Expired {
        /// Which.
        contract: Arc<str>,
        /// When.
        expiry: Timestamp,
    },
    /// The contract has not expired.
    #[error("{contract} expires at {expiry}: expected a time after it")]
    NotExpired {
        /// Which.
        contract: Arc<str>,
        /// When.
        expiry: Timestamp,
    },
    /// A feed without a rule.
    #[error("{0}: quoted, but not listed")]
    UnknownFeed(Feed),
    /// A breaker is tripped.
    #[error("breaker {name} is tripped: {} is restricted", .action.name())]
    Breaker {
        /// Which.
        name: Arc<str>,
        /// What it stops.
        action: Restricted,
    },
    /// A withdrawal would take more than a breaker lets go in its window.
    #[error("breaker {name}: {found} would be withdrawn within {window_s} s: expected at most {bound}")]
    WithdrawalRate {
        /// Which.
        name: Arc<str>,
        /// What would be withdrawn, this one included: of an asset, or in the currency.
        found: Amount,
        /// The most.
        bound: Amount,
        /// The window.
        window_s: u32,
    },
    /// A rule that was not told long enough before it is to hold.
    #[error("rules are told {notice_s} s before they hold: expected an announcement, for {earliest} at the earliest")]
    Notice {
        /// How long.
        notice_s: u32,
        /// When it could hold.
        earliest: Timestamp,
    },
    /// The account is frozen.
    #[error("account {}: frozen", .0.0)]
    Frozen(AccountId),
    /// Something is held that the account's mode does not allow.
    #[error("account {}: {why}", .account.0)]
    Mode {
        /// Whose.
        account: AccountId,
        /// What its mode asks for.
        why: &'static str,
    },
    /// A price that is not trusted, where it has to be.
    #[error("{feed}: its price is {}: expected a trusted one", .quality.name())]
    Untrusted {
        /// Whose price.
        feed: Feed,
        /// How good it is.
        quality: Quality,
    },
    /// More of an asset than may be held in all.
    #[error("{asset}: accounts would hold {held}: expected at most {cap}")]
    AssetCap {
        /// Which.
        asset: Asset,
        /// What accounts would hold together.
        held: Decimal,
        /// The most.
        cap: Decimal,
    },
    /// Cash that is not there.
    #[error("account {}: {asset} {wanted} asked, {free} free", .account.0)]
    CashShort {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: Asset,
        /// Asked for.
        wanted: Decimal,
        /// There.
        free: Decimal,
    },
    /// The house has less than is asked of it.
    #[error("{}: {asset} {wanted} asked, {held} held", .house.name())]
    HouseShort {
        /// Which.
        house: House,
        /// Of what.
        asset: Asset,
        /// Asked for.
        wanted: Decimal,
        /// There.
        held: Decimal,
    },
    /// Gains that nobody has lost yet.
    #[error("{asset}: {gains} of it are gains, and {backed} of gains are backed by losses settled")]
    GainsNotSettled {
        /// Of what.
        asset: Asset,
        /// Gains asked for.
        gains: Decimal,
        /// What others lost and insurance, as far as it is there.
        backed: Decimal,
    },
    /// The trader's own limit.
    #[error("account {}: {limit} would be {value}: its owner allows {most}", .account.0)]
    TraderLimit {
        /// Whose.
        account: AccountId,
        /// Which.
        limit: &'static str,
        /// What it would be.
        value: Decimal,
        /// What was set.
        most: Decimal,
    },
    /// A healthy account would fall under initial margin.
    #[error("account {}: initial margin {required} asked, equity {equity}", .account.0)]
    InitialMarginShort {
        /// Whose.
        account: AccountId,
        /// Initial margin afterwards.
        required: Decimal,
        /// Margin equity afterwards.
        equity: Decimal,
    },
    /// An account under a line may only shrink its risk.
    #[error(
        "account {}: {state}: maintenance {before} with equity {equity_before} would become {after} with {equity_after}: expected no more maintenance and no worse ratio",
        .account.0
    )]
    Restricted {
        /// Whose.
        account: AccountId,
        /// Where it stands.
        state: level::State,
        /// Maintenance margin now.
        before: Decimal,
        /// Margin equity now.
        equity_before: Decimal,
        /// Maintenance margin afterwards.
        after: Decimal,
        /// Margin equity afterwards.
        equity_after: Decimal,
    },
    /// The market cannot be read with these prices.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The portfolio cannot be margined.
    #[error(transparent)]
    Margin(#[from] MarginError),
    /// The contract cannot be settled.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// A sum does not fit.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl Refusal {
    /// The rule that was broken, by its name: `CashShort`.
    #[must_use]
    pub fn rule(&self) -> String {
        let name = format!("{self:?}");
        name.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned()
    }

    /// An amount must be above zero.
    pub(crate) fn unless_positive(what: &'static str, value: Decimal) -> Result<(), Self> {
        if value.signum() > 0 { Ok(()) } else { Err(Self::OutOfBounds { what, value, expected: "above 0" }) }
    }

    pub(crate) fn amount(amount: Amount) -> Result<(), Self> {
        Self::unless_positive("amount", amount.value)
    }
}
