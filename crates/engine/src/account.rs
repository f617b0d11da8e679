//! One account's facts: on what terms it is held, what it holds, where it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plimsoll_core::{AccountId, Asset, Decimal, Order, Price, Quantity, Side, Timestamp};
use plimsoll_margin::level;

use crate::liquidation::Liquidation;

/// A contract's number: given when it is listed, never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContractId(pub u32);

impl ContractId {
    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An order's number, unique in its account: whoever matches orders gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderId(pub u64);

impl OrderId {
    /// Numbers from here on are of the engine's own orders, which close accounts; whoever writes them as a float keeps them.
    pub const CLOSING: u64 = 1 << 52;

    /// Whether the engine placed it.
    #[must_use]
    pub const fn closes(self) -> bool {
        self.0 >= Self::CLOSING
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

/// On what terms an account is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTerms {
    /// Its name, unique.
    pub name: Arc<str>,
    /// The legal entity it belongs to.
    pub owner: Arc<str>,
    /// Whose money it holds.
    pub kind: Kind,
    /// The account it is a part of: of a sub-account or a bucket. Of the same owner and kind.
    pub parent: Option<AccountId>,
    /// Accounts of one owner, kind and model in one group are margined on what they hold together.
    pub group: Option<Arc<str>>,
    /// What it may hold.
    pub mode: Mode,
    /// The model that margins it, by the name it was set under.
    pub model: Arc<str>,
    /// The unsecured line agreed, in the currency; at least zero.
    pub credit_line: Decimal,
    /// Fee of a fill that rested, as a fraction of notional; may be negative, a rebate.
    pub maker_fee_rate: Decimal,
    /// Fee of a fill that took, as a fraction of notional; at least zero.
    pub taker_fee_rate: Decimal,
    /// What its owner set for themselves.
    pub limits: TraderLimits,
    /// For a bucket: how much of which asset may be drawn from the parent to stay above the call line.
    pub top_up: Option<TopUp>,
}

/// Whose money an account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A client's: never margined together with the house's.
    Client,
    /// The venue's own.
    House,
    /// A counterparty whose risk is elsewhere: its positions are kept and it is never margined.
    Outside,
}

/// What an account may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One contract with its own collateral: a bucket.
    Isolated,
    /// Contracts settled in one asset.
    Cross {
        /// That asset.
        asset: Asset,
    },
    /// Any contract and any collateral, under the account's model.
    MultiCurrency,
    /// The same, under a model that margins the portfolio as a whole.
    Portfolio,
}

/// Limits that traders set on themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraderLimits {
    /// Gross notional ÷ margin equity, at most this after an order.
    pub leverage_max: Option<Decimal>,
    /// Net value may fall by no more than this, in the currency, from where it stood when the limit was set.
    pub loss_max: Option<Decimal>,
    /// Only orders that reduce a position.
    pub reduce_only: bool,
}

/// What a bucket may draw from its parent by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// What is drawn.
    pub asset: Asset,
    /// How much in all; at least zero.
    pub limit: Decimal,
}

/// The contracts of one kind that an account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Contracts; short is negative. Never zero in an account.
    pub quantity: Quantity,
    /// What they cost, exactly, in the settlement asset
    /// ([`cost`](plimsoll_pricing::instruments::Instrument::cost)): of a short negative, of an inverse long too.
    pub cost: Decimal,
}

/// An open order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// What would be traded.
    pub contract: ContractId,
    /// Which way.
    pub side: Side,
    /// Contracts still open, positive.
    pub quantity: Quantity,
    /// Limit price, as the contract is quoted.
    pub price: Price,
    /// Whether it may only shrink the position it stands against.
    pub reduce_only: bool,
}

impl OpenOrder {
    /// The order as margin reads it, its contract at `place` in a listing.
    #[must_use]
    pub fn at(&self, place: plimsoll_core::InstrumentId) -> Order {
        let &Self { side, quantity, price, reduce_only, .. } = self;
        Order { instrument: place, side, quantity, price, reduce_only }
    }
}

/// One asset of an account. What it owes beyond cash is a debt to the lending pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// Cash; below zero where losses were more than there was.
    pub cash: Decimal,
    /// Borrowed from the lending pool, at least zero.
    pub borrowed: Decimal,
    /// Interest owed on that and on cash below zero, at least zero.
    pub interest: Decimal,
    /// What was paid in and not lost or taken out again, at least zero and at most the cash: the rest of that is gains.
    pub principal: Decimal,
    /// Up to when interest on the loan was charged.
    pub charged_until: Option<Timestamp>,
}

/// Where an account stands, as last decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which side of the lines it is on.
    pub state: level::State,
    /// Since when.
    pub since: Timestamp,
    /// By when a called account is asked to be above the call line again.
    pub deadline: Option<Timestamp>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// On what terms it is held.
    pub terms: AccountTerms,
    /// By asset; none that is all zero.
    pub funds: BTreeMap<Asset, Funds>,
    /// By contract; none of zero.
    pub holdings: BTreeMap<ContractId, Holding>,
    /// Open orders.
    pub orders: BTreeMap<OrderId, OpenOrder>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether an operator froze it: it places nothing and takes nothing out, until it is thawed. A fill that was made
    /// elsewhere still counts.
    pub frozen: bool,
    /// Drawn from the parent under [`AccountTerms::top_up`] so far.
    pub topped_up: Decimal,
    /// Net value when the loss limit was set, in the currency.
    pub loss_from: Option<Decimal>,
    /// While it is being closed.
    pub liquidation: Option<Liquidation>,
    /// What it paid for others out of the gains of positions that are open, by contract, in what that settles in.
    pub shared: Option<Box<BTreeMap<ContractId, Decimal>>>,
}

impl Account {
    /// An account that holds nothing, opened at `at`.
    #[must_use]
    pub const fn new(terms: AccountTerms, at: Timestamp) -> Self {
        Self {
            terms,
            funds: BTreeMap::new(),
            holdings: BTreeMap::new(),
            orders: BTreeMap::new(),
            standing: Standing { state: level::State::Healthy, since: at, deadline: None },
            frozen: false,
            topped_up: Decimal::ZERO,
            loss_from: None,
            liquidation: None,
            shared: None,
        }
    }

    /// Cash of `asset`.
    #[must_use]
    pub fn cash(&self, asset: Asset) -> Decimal {
        self.funds.get(&asset).map_or(Decimal::ZERO, |funds| funds.cash)
    }

    /// What it paid for others out of the gain of what it holds of `contract`, in what that settles in.
    #[must_use]
    pub fn shared(&self, contract: ContractId) -> Decimal {
        self.shared.as_ref().and_then(|shared| shared.get(&contract).copied()).unwrap_or_default()
    }

    /// What is held of `contract`.
    #[must_use]
    pub fn holding(&self, contract: ContractId) -> Holding {
        self.holdings.get(&contract).copied().unwrap_or_default()
    }

    /// Whether nothing in it can gain or lose.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let owes = |funds: &Funds| funds.cash.signum() < 0 || !funds.borrowed.is_zero() || !funds.interest.is_zero();
        self.holdings.is_empty() && self.orders.is_empty() && !self.funds.values().any(owes)
    }
}
