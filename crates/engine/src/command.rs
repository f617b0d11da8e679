//! What can be asked of the engine.

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Price, Quantity, Side, Timestamp, Underlying};
use plimsoll_pricing::instruments::Instrument;

use crate::account::{AccountTerms, ContractId, OpenOrder, OrderId};
use crate::breakers::Breaker;
use crate::ledger::House;
use crate::liquidation::LiquidationRules;
use crate::market::PriceBatch;
use crate::notice::Rule;
use crate::state::{AssetRules, Lines, UnderlyingRules};

/// One thing to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Lets an asset be held, or changes its rules.
    ListAsset {
        /// Which.
        asset: Asset,
        /// What holds for it.
        rules: AssetRules,
    },
    /// Makes an underlying known, or changes its rules.
    ListUnderlying {
        /// Which.
        underlying: Underlying,
        /// What holds for it.
        rules: UnderlyingRules,
    },
    /// Lets a contract be traded.
    ListContract {
        /// What it is.
        instrument: Instrument,
    },
    /// Sets a margin model up, or changes its parameters, at once or at a time to come.
    SetModel {
        /// The name accounts refer to.
        name: Arc<str>,
        /// The model: `deribit-portfolio@2026-02`.
        model: Arc<str>,
        /// What differs from its own parameters.
        parameters: Vec<(Arc<str>, Arc<str>)>,
        /// Where the lines are.
        lines: Lines,
        /// From when; at once for a model that is new.
        from: Timestamp,
        /// Seconds over which numbers go from what they are to what they become, in ten steps; zero for at once. Counts,
        /// lines and what is no number change at the end.
        ramp_s: u32,
    },
    /// Opens an account.
    OpenAccount {
        /// On what terms.
        terms: AccountTerms,
    },
    /// Changes an account's terms; its name, owner, kind and parent stay.
    AmendAccount {
        /// Which.
        account: AccountId,
        /// To what.
        terms: AccountTerms,
    },
    /// Freezes an account, or thaws it.
    Freeze {
        /// Which.
        account: AccountId,
        /// Whether it is to be frozen.
        frozen: bool,
        /// Why.
        reason: Arc<str>,
    },
    /// Pays in.
    Deposit {
        /// To which account.
        account: AccountId,
        /// How much, positive.
        amount: Amount,
    },
    /// Takes out.
    Withdraw {
        /// From which account.
        account: AccountId,
        /// How much, positive.
        amount: Amount,
    },
    /// Moves cash from one account to another of the same owner.
    Transfer {
        /// From.
        from: AccountId,
        /// To.
        to: AccountId,
        /// How much, positive.
        amount: Amount,
    },
    /// Adds to the insurance fund or the lending pool, or takes back where below zero.
    FundHouse {
        /// Which.
        house: House,
        /// By how much.
        amount: Amount,
    },
    /// Borrows from the lending pool.
    Borrow {
        /// Who.
        account: AccountId,
        /// How much, positive.
        amount: Amount,
    },
    /// Repays interest, then the loan.
    Repay {
        /// Who.
        account: AccountId,
        /// How much, positive; at most what is owed.
        amount: Amount,
    },
    /// Asks whether an order may be placed, and places it.
    Place {
        /// Whose.
        account: AccountId,
        /// Its number, not in use.
        order: OrderId,
        /// What it is.
        terms: OpenOrder,
    },
    /// Takes an order back.
    Cancel {
        /// Whose.
        account: AccountId,
        /// Its number.
        order: OrderId,
    },
    /// Brings a trade that a matching engine made.
    Trade {
        /// What.
        contract: ContractId,
        /// Contracts, positive.
        quantity: Quantity,
        /// At what.
        price: Price,
        /// Who bought.
        buyer: TradeSide,
        /// Who sold.
        seller: TradeSide,
        /// The side that took.
        taker: Side,
    },
    /// Brings prices.
    Prices(PriceBatch),
    /// Pays a perpetual's funding.
    PayFunding {
        /// Which.
        contract: ContractId,
        /// For the period, as a fraction of notional; positive where longs pay.
        rate: Decimal,
    },
    /// Settles what has expired at a price that the venue publishes, in place of the mean of the window.
    Settle {
        /// On what.
        underlying: Underlying,
        /// Which expiry.
        expiry: Timestamp,
        /// At what.
        price: Price,
    },
    /// Time passes: interest falls due, contracts expire, calls run out, announced parameters come into force.
    Tick,
    /// Sets how accounts are closed.
    SetLiquidation(Box<LiquidationRules>),
    /// Takes over positions that are on offer, at what they cost now.
    Bid {
        /// Whose.
        account: AccountId,
        /// Who takes them.
        bidder: AccountId,
        /// What share of each, above 0, at most 1; no more is taken than cures the account.
        share: Decimal,
        /// The least that is to be had for it beyond the marks, in the currency.
        bonus_min: Decimal,
    },
    /// Sets a breaker, changes it, or takes it away.
    SetBreaker {
        /// Its name.
        name: Arc<str>,
        /// The rule; none for no such breaker any more.
        breaker: Option<Box<Breaker>>,
    },
    /// Lifts a breaker by hand, wherever it is tripped.
    LiftBreaker {
        /// Its name.
        name: Arc<str>,
    },
    /// Trips a breaker by hand, all over its scope; from there its rule holds.
    TripBreaker {
        /// Its name.
        name: Arc<str>,
    },
    /// Says how long rules are told before they hold.
    SetNotice {
        /// Seconds; zero for no notice.
        seconds: u32,
    },
    /// Tells a rule that is to hold from a time on.
    Announce {
        /// Which.
        rule: Rule,
        /// From when: the first tick at or after it sets it.
        from: Timestamp,
    },
    /// Takes an announcement back.
    Recall {
        /// Its number.
        number: u64,
    },
}

/// Whose side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeSide {
    /// The account.
    pub account: AccountId,
    /// The order of its that was filled.
    pub order: Option<OrderId>,
}
