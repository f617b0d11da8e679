//! What happened: outcomes, complete enough that applying them takes no decision.

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Price, Quantity, Side, Timestamp, Underlying};
use plimsoll_margin::level;
use plimsoll_pricing::instruments::Instrument;

use crate::account::{AccountTerms, ContractId, Holding, OpenOrder, OrderId};
use crate::breakers::{Breaker, Subject};
use crate::ledger::{House, Leg};
use crate::liquidation::{Cover, LiquidationRules, Share};
use crate::market::{Feed, PriceBatch, Reading};
use crate::notice::Rule;
use crate::state::{AssetRules, ModelRules, PendingRules, UnderlyingRules};

/// One thing that happened. Cash that moved stands in `legs`, which net to zero in each asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An asset may be held, or its rules changed.
    AssetListed {
        /// Which.
        asset: Asset,
        /// What holds for it.
        rules: AssetRules,
    },
    /// An underlying is known, or its rules changed.
    UnderlyingListed {
        /// Which.
        underlying: Underlying,
        /// What holds for it.
        rules: UnderlyingRules,
    },
    /// A contract may be traded.
    ContractListed {
        /// Its number.
        contract: ContractId,
        /// What it is.
        instrument: Instrument,
    },
    /// A model is there to be used, or its parameters changed, now.
    ModelInForce {
        /// The name accounts refer to.
        name: Arc<str>,
        /// What it is.
        rules: ModelRules,
    },
    /// A model will change.
    ModelAnnounced {
        /// The name accounts refer to.
        name: Arc<str>,
        /// What it becomes.
        pending: Box<PendingRules>,
    },
    /// An account was opened.
    AccountOpened {
        /// Its number.
        account: AccountId,
        /// On what terms.
        terms: AccountTerms,
    },
    /// An account's terms changed.
    AccountAmended {
        /// Which.
        account: AccountId,
        /// To what.
        terms: AccountTerms,
        /// Net value now, where a loss limit is counted from it.
        loss_from: Option<Decimal>,
    },
    /// An operator froze an account or thawed it.
    Frozen {
        /// Which.
        account: AccountId,
        /// Whether it is frozen now.
        frozen: bool,
        /// Why, in the operator's words.
        reason: Arc<str>,
    },
    /// Somebody paid in.
    Deposited {
        /// To which account.
        account: AccountId,
        /// How much.
        amount: Amount,
        /// What that is worth in the currency, where it has a price.
        worth: Decimal,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// Somebody took out.
    Withdrawn {
        /// From which account.
        account: AccountId,
        /// How much.
        amount: Amount,
        /// What that is worth in the currency.
        worth: Decimal,
        /// What of it were gains, not what was paid in.
        gains: Decimal,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// Cash went from one account to another.
    Transferred {
        /// From.
        from: AccountId,
        /// To.
        to: AccountId,
        /// How much.
        amount: Amount,
        /// What that is worth in the currency.
        worth: Decimal,
        /// What of it was paid in once: the receiver may take that out again like the sender could.
        principal: Decimal,
        /// Whether a bucket drew it by itself.
        top_up: bool,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// The house's own means grew or, below zero, shrank.
    HouseFunded {
        /// Whose.
        house: House,
        /// By how much.
        amount: Amount,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// Somebody borrowed.
    Borrowed {
        /// Who.
        account: AccountId,
        /// How much.
        amount: Amount,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// Somebody repaid.
    Repaid {
        /// Who.
        account: AccountId,
        /// Of the loan.
        amount: Amount,
        /// Of the interest on it.
        interest: Decimal,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// Interest fell due on loans of one asset; it is owed, not yet paid.
    InterestCharged {
        /// Of what.
        asset: Asset,
        /// A year: 0.1 is 10 %.
        rate: Decimal,
        /// Who owes how much more.
        charges: Vec<Charge>,
    },
    /// Interest fell due on cash below zero of one asset; it is owed beside it, not yet paid.
    OverdraftCharged {
        /// Of what.
        asset: Asset,
        /// A year: 0.1 is 10 %.
        rate: Decimal,
        /// For how many hours.
        hours: i64,
        /// Who owes how much more.
        charges: Vec<Overdraft>,
    },
    /// An order was admitted.
    OrderPlaced {
        /// Whose.
        account: AccountId,
        /// Its number.
        order: OrderId,
        /// What it is.
        terms: OpenOrder,
    },
    /// An order is no more.
    OrderCancelled {
        /// Whose.
        account: AccountId,
        /// Its number.
        order: OrderId,
        /// Why.
        why: Cancelled,
    },
    /// A trade was made.
    Traded {
        /// What.
        contract: ContractId,
        /// Contracts, positive.
        quantity: Quantity,
        /// At what.
        price: Price,
        /// Who bought.
        buyer: Filled,
        /// Who sold.
        seller: Filled,
        /// The side that took.
        taker: Side,
        /// Whose position was closed by force; none where a market made the trade.
        closes: Option<AccountId>,
        /// The cash: premium, realised P&L, fees.
        legs: Vec<Leg>,
    },
    /// Prices were taken in.
    Priced {
        /// What was said.
        batch: PriceBatch,
        /// What was made of it, of every feed whose reading is another now.
        readings: Vec<(Feed, Reading)>,
    },
    /// Funding was paid between longs and shorts.
    FundingPaid {
        /// On what.
        contract: ContractId,
        /// For the period, as a fraction of notional; positive where longs pay.
        rate: Decimal,
        /// At what mark.
        price: Price,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// A contract expired, and what was held of it is cash.
    Settled {
        /// Which.
        contract: ContractId,
        /// At what price of its underlying.
        price: Price,
        /// How many batches quoted the index in the window; none where the price was given.
        readings: u32,
        /// Who held it.
        holders: Vec<AccountId>,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// An account crossed a line.
    LevelChanged {
        /// Whose.
        account: AccountId,
        /// From which side.
        from: level::State,
        /// To which.
        to: level::State,
        /// By when a called account is asked to be above the call line again.
        deadline: Option<Timestamp>,
        /// What was found.
        figures: Figures,
    },
    /// A call's deadline passed without a cure.
    CallExpired {
        /// Whose.
        account: AccountId,
        /// What was found.
        figures: Figures,
    },
    /// How accounts are closed is another now.
    LiquidationRulesSet {
        /// The rules.
        rules: Box<LiquidationRules>,
    },
    /// An account below maintenance margin is closed, in part: the orders follow.
    LiquidationWave {
        /// Whose.
        account: AccountId,
        /// How many there were with it: one without orders counts none.
        wave: u32,
        /// How many orders follow.
        orders: u32,
        /// What the plan is expected to cost, in the currency.
        cost: Decimal,
        /// The excess over the liquidation-end line that is expected after it.
        excess: Decimal,
    },
    /// What an account was short of was made up for.
    Covered {
        /// Whose.
        account: AccountId,
        /// By whom.
        by: Cover,
        /// How much.
        amount: Amount,
        /// What it cost the insurance fund, in the currency.
        lost: Decimal,
        /// The underlyings that the account was closed in.
        markets: Vec<Underlying>,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// Holders in gain paid what accounts that were closed in one command left owing, against the bad debt it was booked as.
    LossShared {
        /// How much.
        amount: Amount,
        /// The same in the currency.
        lost: Decimal,
        /// The underlyings that the accounts were closed in.
        markets: Vec<Underlying>,
        /// Out of which gains each pays.
        shares: Vec<Share>,
        /// The cash.
        legs: Vec<Leg>,
    },
    /// A holder is deleveraged: a position is matched with theirs by force, for want of a market. The trade follows.
    Deleveraged {
        /// Whose is closed.
        account: AccountId,
        /// Against whom.
        holder: AccountId,
        /// In what.
        contract: ContractId,
        /// How much.
        quantity: Quantity,
        /// Its notional, in the currency: at the mark, of an option at the index.
        value: Decimal,
    },
    /// A holder in gain bears part of what an account is short of, for want of money: the price of the trade that follows is as
    /// much off the mark.
    Haircut {
        /// Who is short.
        account: AccountId,
        /// Who bears it.
        holder: AccountId,
        /// How much, in what the contract settles in.
        amount: Amount,
        /// The same in the currency.
        value: Decimal,
    },
    /// An account's positions are on offer, from now at what a phase begins with.
    AuctionBegun {
        /// Whose.
        account: AccountId,
        /// Whether it is worth less than nothing: then the insurance fund pays who takes them.
        is_insolvent: bool,
    },
    /// Positions on offer were taken over: the trades follow.
    AuctionBid {
        /// Whose.
        account: AccountId,
        /// By whom.
        bidder: AccountId,
        /// What share of each, up to whole lots.
        share: Decimal,
        /// What is had for it beyond the marks, in the currency.
        bonus: Decimal,
    },
    /// Nobody took what was on offer: it is matched.
    AuctionUnsold {
        /// Whose.
        account: AccountId,
    },
    /// A breaker was set, changed or, where there is no rule, taken away. It keeps what it knows where it watches the same
    /// over the same window.
    BreakerSet {
        /// Its name.
        name: Arc<str>,
        /// The rule.
        breaker: Option<Box<Breaker>>,
    },
    /// A breaker restricts from now on.
    BreakerTripped {
        /// Its name.
        name: Arc<str>,
        /// Where.
        subject: Subject,
        /// The figure; none where a hand tripped it.
        found: Option<Decimal>,
        /// What it is beyond.
        bound: Decimal,
    },
    /// A tripped breaker's figure is inside the bound at which it lifts, or outside again. One that a hand had lifted watches
    /// again.
    BreakerEased {
        /// Its name.
        name: Arc<str>,
        /// Where.
        subject: Subject,
        /// The figure.
        found: Decimal,
        /// Since when it is inside; none where it is outside again.
        since: Option<Timestamp>,
    },
    /// A breaker restricts no longer.
    BreakerLifted {
        /// Its name.
        name: Arc<str>,
        /// Where.
        subject: Subject,
        /// Whether a hand lifted it with its figure beyond the bound: until that has been back inside, it does not trip.
        waived: bool,
    },
    /// Rules are told that long before they hold, from now on.
    NoticeSet {
        /// Seconds.
        seconds: u32,
    },
    /// A rule is to hold.
    Announced {
        /// Its number.
        number: u64,
        /// What sets it.
        rule: Rule,
        /// From when.
        from: Timestamp,
    },
    /// A rule that was announced is not to hold after all.
    Recalled {
        /// Its number.
        number: u64,
    },
    /// The time of an announcement has come: its own events stand before this one.
    CarriedOut {
        /// Its number.
        number: u64,
        /// Why nothing came of it, where nothing did.
        refused: Option<Arc<str>>,
    },
}

/// Interest of one loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Who owes it.
    pub account: AccountId,
    /// How much.
    pub interest: Decimal,
    /// Up to when.
    pub until: Timestamp,
}

/// Interest of one account's cash below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdraft {
    /// Who owes it.
    pub account: AccountId,
    /// How much.
    pub interest: Decimal,
}

/// Why an order is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was asked for.
    Asked,
    /// The account was frozen.
    Frozen,
    /// The contract expired.
    Expired,
    /// The account is being closed.
    Liquidation,
    /// The account is no longer being closed.
    Cured,
    /// What it would have closed was matched by force.
    Matched,
}

/// One side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// Whose.
    pub account: AccountId,
    /// The order that was filled, if it was the account's.
    pub order: Option<OrderId>,
    /// What is held after.
    pub after: Holding,
    /// P&L that became cash, in the settlement asset; of what was paid when bought, told but already in the price.
    pub realised: Decimal,
    /// Taken as a fee, in the settlement asset; below zero a rebate.
    pub fee: Decimal,
    /// Taken by the insurance fund where the order closed the account, in the settlement asset.
    pub penalty: Decimal,
}

/// What decided a level, in the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Margin equity at the initial level.
    pub equity_initial: Decimal,
    /// Initial margin.
    pub initial: Decimal,
    /// Margin equity at the maintenance level.
    pub equity: Decimal,
    /// Maintenance margin.
    pub maintenance: Decimal,
    /// Net value.
    pub net_value: Decimal,
    /// The count of the model's parameters that were in force.
    pub version: u32,
}

impl Event {
    /// Accounts whose facts it changes.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        let mut accounts: Vec<AccountId> = self.legs().iter().filter_map(|leg| leg.holder.account()).collect();
        match self {
            Self::AccountOpened { account, .. }
            | Self::AccountAmended { account, .. }
            | Self::Frozen { account, .. }
            | Self::OrderPlaced { account, .. }
            | Self::OrderCancelled { account, .. }
            | Self::LevelChanged { account, .. }
            | Self::LiquidationWave { account, .. }
            | Self::AuctionBegun { account, .. }
            | Self::AuctionUnsold { account }
            | Self::CallExpired { account, .. } => accounts.push(*account),
            Self::AuctionBid { account, bidder, .. } => accounts.extend([account, bidder]),
            Self::Traded { buyer, seller, .. } => accounts.extend([buyer.account, seller.account]),
            Self::InterestCharged { charges, .. } => accounts.extend(charges.iter().map(|charge| charge.account)),
            Self::OverdraftCharged { charges, .. } => accounts.extend(charges.iter().map(|charge| charge.account)),
            Self::Settled { holders, .. } => accounts.extend(holders),
            _ => {}
        }
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// Cash that moved.
    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        match self {
            Self::Deposited { legs, .. }
            | Self::Withdrawn { legs, .. }
            | Self::Transferred { legs, .. }
            | Self::HouseFunded { legs, .. }
            | Self::Borrowed { legs, .. }
            | Self::Repaid { legs, .. }
            | Self::Traded { legs, .. }
            | Self::FundingPaid { legs, .. }
            | Self::Covered { legs, .. }
            | Self::LossShared { legs, .. }
            | Self::Settled { legs, .. } => legs,
            _ => &[],
        }
    }
}
