//! The facts: everything that was decided, in exact numbers, and nothing that can be computed from it.

mod leaves;
mod totals;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{AccountId, Asset, Decimal, NumberError, Quantity, Timestamp, Underlying, planted};
use plimsoll_margin::level::{self, Policy};
use plimsoll_pricing::instruments::Instrument;

pub use leaves::{Changed, Changes, Digests, StateHash};

use crate::account::{Account, AccountTerms, ContractId, Kind};
use crate::breakers::{self, Installed, Stakes};
use crate::ledger::House;
use crate::liquidation::{LiquidationRules, Spent};
use crate::market::{Feed, MarketFacts, TrustRule};
use crate::notice::Notices;

/// What is the house's own, and pays nobody's gains until it has been paid out.
const PURSES: [House; 3] = [House::Fees, House::Lending, House::Insurance];

/// What holds for an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRules {
    /// How its price is made; unused for the currency, which is worth one.
    pub trust: TrustRule,
    /// Interest on loans of it and on cash below zero, a year: 0.1 is 10 %. At least zero.
    pub borrow_rate: Decimal,
    /// The most of it that accounts may hold together, in units; none may be deposited past it.
    pub cap: Option<Decimal>,
}

/// What holds for an underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderlyingRules {
    /// What its index is counted in.
    pub quote: Asset,
    /// How its index is made.
    pub trust: TrustRule,
    /// Contracts settle at the mean of the index in so many seconds before expiry.
    pub settlement_window_s: u32,
}

/// A contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// What it is.
    pub instrument: Instrument,
    /// At what its expiry was settled.
    pub settled_at: Option<Decimal>,
}

/// A margin model with its parameters, under a name that accounts refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRules {
    /// The model, with the date of its parameters where they are a venue's: `deribit-portfolio@2026-02`.
    pub model: Arc<str>,
    /// What differs from its own parameters: names and values.
    pub parameters: Vec<(Arc<str>, Arc<str>)>,
    /// Where the lines between initial and maintenance are, and how long a call runs.
    pub lines: Lines,
    /// Counts every change that came into force.
    pub version: u32,
    /// A change that waits for its time.
    pub pending: Option<Box<PendingRules>>,
}

/// Where an account's lines are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Lines between initial and maintenance margin, and below.
    pub policy: Policy,
    /// Seconds a called account is given.
    pub call_s: u32,
}

/// A change of a model that was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRules {
    /// What it becomes.
    pub rules: ModelRules,
    /// When it begins.
    pub from: Timestamp,
    /// Seconds from there until it is complete, in ten steps; zero where it comes at once.
    pub ramp_s: u32,
    /// The numbers that change by and by: as they were when it was announced, and as they will be.
    pub begun: Vec<(Arc<str>, (Decimal, Decimal))>,
    /// Steps that are in force.
    pub steps: u8,
}

/// Counts what caches are made of: one that was made at another count is worth nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Versions {
    /// Of the assets, underlyings and contracts listed.
    pub listing: u64,
    /// Of the models.
    pub models: u64,
    /// Of the market.
    pub market: u64,
}

/// Sums over everybody, kept to check each event against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Cash of all accounts and the house: zero.
    pub cash: BTreeMap<Asset, Decimal>,
    /// Cost of all positions that are not paid when bought: − clearing.
    pub cost: BTreeMap<Asset, Decimal>,
    /// Contracts held: zero.
    pub held: BTreeMap<ContractId, Quantity>,
    /// What accounts hold together, cash above zero and below.
    pub deposited: BTreeMap<Asset, Decimal>,
    /// What of that is below zero, without its sign.
    pub overdrawn: BTreeMap<Asset, Decimal>,
    /// Borrowed, interest included.
    pub owed: BTreeMap<Asset, Decimal>,
    /// What accounts may take out as what was paid in.
    pub principal: BTreeMap<Asset, Decimal>,
}

/// What accounts of one group have in common: group, owner, kind, model.
pub(crate) type GroupKey = (Arc<str>, Arc<str>, Kind, Arc<str>);

/// Everything that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What everything is valued in, worth one.
    pub currency: Asset,
    /// The time of the last command that was decided.
    pub clock: Timestamp,
    /// By asset; the currency is listed from the start.
    pub assets: BTreeMap<Asset, AssetRules>,
    /// By underlying.
    pub underlyings: BTreeMap<Underlying, UnderlyingRules>,
    /// By number.
    pub contracts: Vec<Contract>,
    /// Numbers of contracts, settled ones included.
    pub contract_names: BTreeMap<Arc<str>, ContractId>,
    /// Models by the names accounts refer to.
    pub models: BTreeMap<Arc<str>, ModelRules>,
    /// By number.
    pub accounts: Vec<Account>,
    /// Numbers of accounts.
    pub account_names: BTreeMap<Arc<str>, AccountId>,
    /// Accounts below maintenance margin.
    pub(crate) under: BTreeSet<AccountId>,
    /// Accounts of margin groups, ascending.
    pub(crate) groups: BTreeMap<GroupKey, Vec<AccountId>>,
    /// What the house holds.
    pub house: BTreeMap<(House, Asset), Decimal>,
    /// Prices.
    pub market: MarketFacts,
    /// How accounts are closed.
    pub liquidation: LiquidationRules,
    /// Orders of the engine's own so far.
    pub closing_orders: u64,
    /// What has gone of the day's budgets.
    pub spent: Spent,
    /// Breakers by name, with what they know.
    pub breakers: BTreeMap<Arc<str>, Installed>,
    /// Rules that were announced.
    pub notices: Notices,
    /// Positions by owner, where a breaker needs them.
    pub(crate) stakes: Option<Stakes>,
    /// Sums over everybody.
    pub totals: Totals,
    /// What caches are compared with.
    pub versions: Versions,
}

impl State {
    /// The averaging windows that have begun by `at` before expiries that are not settled, and when each did.
    #[must_use]
    pub fn open_windows(&self, at: Timestamp) -> BTreeMap<(Underlying, Timestamp), Timestamp> {
        let begun = |contract: &Contract| {
            let expiry = contract.instrument.expiry().filter(|_| contract.settled_at.is_none())?;
            let underlying = contract.instrument.terms().underlying;
            let opens = self.window_opens(underlying, expiry).filter(|opens| *opens <= at)?;
            Some(((underlying, expiry), opens))
        };
        self.contracts.iter().filter_map(begun).collect()
    }

    /// When the averaging window before an expiry opens.
    #[must_use]
    pub fn window_opens(&self, underlying: Underlying, expiry: Timestamp) -> Option<Timestamp> {
        expiry.plus_seconds(-i64::from(self.underlyings.get(&underlying)?.settlement_window_s))
    }

    /// Nothing yet, at `at`.
    #[must_use]
    pub fn new(currency: Asset, at: Timestamp) -> Self {
        let own = AssetRules { trust: TrustRule::default(), borrow_rate: Decimal::ZERO, cap: None };
        Self {
            currency,
            clock: at,
            assets: BTreeMap::from([(currency, own)]),
            underlyings: BTreeMap::new(),
            contracts: Vec::new(),
            contract_names: BTreeMap::new(),
            models: BTreeMap::new(),
            accounts: Vec::new(),
            account_names: BTreeMap::new(),
            under: BTreeSet::new(),
            groups: BTreeMap::new(),
            house: BTreeMap::new(),
            market: MarketFacts {
                as_of: at,
                feeds: BTreeMap::new(),
                surfaces: BTreeMap::new(),
                marks: BTreeMap::new(),
                marked: BTreeMap::new(),
                windows: BTreeMap::new(),
            },
            liquidation: LiquidationRules::default(),
            closing_orders: 0,
            spent: Spent::default(),
            breakers: BTreeMap::new(),
            notices: Notices::default(),
            stakes: None,
            totals: Totals::default(),
            versions: Versions::default(),
        }
    }

    /// The account, if there is one of that number.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<&Account> {
        self.accounts.get(account.index())
    }

    /// The contract, if there is one of that number.
    #[must_use]
    pub fn contract(&self, contract: ContractId) -> Option<&Contract> {
        self.contracts.get(contract.index())
    }

    /// What the venue holds of an asset beyond what accounts paid in and have not lost, and beyond the house's purses but for
    /// `but`: what gains can be paid out of. At least zero.
    pub(crate) fn unclaimed(&self, asset: Asset, but: Option<House>) -> Result<Decimal, NumberError> {
        let mut left = self.held_by(House::Outside, asset).negated();
        if !planted!(OthersPrincipal) {
            left = left.minus(self.totals.principal.get(&asset).copied().unwrap_or_default())?;
        }
        for purse in PURSES.into_iter().filter(|purse| Some(*purse) != but) {
            left = left.minus(self.held_by(purse, asset).or_zero())?;
        }
        Ok(left.or_zero())
    }

    /// What a house holder has of an asset.
    #[must_use]
    pub fn held_by(&self, house: House, asset: Asset) -> Decimal {
        self.house.get(&(house, asset)).copied().unwrap_or_default()
    }

    /// The rule of a feed that is listed.
    #[must_use]
    pub fn trust(&self, feed: Feed) -> Option<&TrustRule> {
        match feed {
            Feed::Asset(asset) => self.assets.get(&asset).map(|rules| &rules.trust),
            Feed::Index(underlying) => self.underlyings.get(&underlying).map(|rules| &rules.trust),
        }
    }

    /// Puts an account into its group.
    pub(crate) fn join(&mut self, id: AccountId) {
        if let Some(key) = group_key(&self.accounts[id.index()].terms) {
            let members = self.groups.entry(key).or_default();
            if let Err(place) = members.binary_search(&id) {
                members.insert(place, id);
            }
        }
    }

    /// Notes whether an account is below maintenance margin; one that is not is no longer being closed.
    pub(crate) fn is_under(&mut self, id: AccountId) {
        let account = &mut self.accounts[id.index()];
        if account.standing.state >= level::State::Liquidating {
            self.under.insert(id);
        } else {
            account.liquidation = None;
            self.under.remove(&id);
        }
    }

    /// Takes an account out of its group.
    pub(crate) fn leave(&mut self, id: AccountId) {
        let key = group_key(&self.accounts[id.index()].terms);
        if let Some(members) = key.and_then(|key| self.groups.get_mut(&key)) {
            members.retain(|member| *member != id);
        }
    }

    /// What one unit of `asset` costs in the currency, by its own feed; of an asset that has none, its index.
    #[must_use]
    pub fn price(&self, asset: Asset) -> Option<Decimal> {
        if asset == self.currency {
            return Some(Decimal::ONE);
        }
        let reading = |feed| self.market.feeds.get(&feed).and_then(|facts| facts.reading);
        let index = || {
            let in_currency = self.underlyings.get(&asset.underlying()).is_some_and(|it| it.quote == self.currency);
            reading(Feed::Index(asset.underlying())).filter(|_| in_currency)
        };
        reading(Feed::Asset(asset)).or_else(index).map(|reading| reading.index_price())
    }

    /// Numbers by name, after accounts and contracts were read back.
    pub(crate) fn find_names(&mut self) {
        self.account_names = self.numbered().map(|(id, account)| (account.terms.name.clone(), id)).collect();
        let under = self.numbered().filter(|(_, account)| account.standing.state >= level::State::Liquidating);
        self.under = under.map(|(id, _)| id).collect();
        self.groups.clear();
        for id in (0..u32::try_from(self.accounts.len()).unwrap_or(u32::MAX)).map(AccountId) {
            self.join(id);
        }
        self.stakes = None;
        breakers::sum_positions(self);
        let contracts = (0_u32..).map(ContractId).zip(&self.contracts);
        self.contract_names = contracts.map(|(id, it)| (it.instrument.terms().name.clone(), id)).collect();
    }

    /// Every account with its number.
    pub fn numbered(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        (0_u32..).map(AccountId).zip(&self.accounts)
    }

    /// Accounts that are margined together with `account`, itself among them, ascending.
    #[must_use]
    pub fn margined_with(&self, account: AccountId) -> Vec<AccountId> {
        let group = self.account(account).and_then(|known| self.group_of(&known.terms));
        group.cloned().unwrap_or_else(|| vec![account])
    }

    /// Accounts that whoever has these terms is margined together with, ascending; none where it is margined alone.
    pub(crate) fn group_of(&self, terms: &AccountTerms) -> Option<&Vec<AccountId>> {
        group_key(terms).and_then(|key| self.groups.get(&key))
    }
}

fn group_key(terms: &AccountTerms) -> Option<GroupKey> {
    let group = terms.group.clone()?;
    Some((group, terms.owner.clone(), terms.kind, terms.model.clone()))
}
