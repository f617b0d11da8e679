//! A second set of books: every account's cash, loans, contracts and orders, kept from the commands that were answered
//! and from the rules as they are written down, never from the legs of the engine's events.
//!
//! What the engine decides of its own accord and no command says (what a bucket draws from its parent, when announced
//! parameters come into force, how accounts are closed) is taken from its events, within the bounds that were agreed.

mod cash;
mod closing;
mod feeds;
mod time;
mod trades;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Timestamp, Underlying};
use plimsoll_engine::liquidation::LiquidationRules;
use plimsoll_engine::notice::Rule;
use plimsoll_engine::state::{AssetRules, UnderlyingRules};
use plimsoll_engine::{AccountTerms, Command, ContractId, Event, Holder, House, OpenOrder, OrderId};
use plimsoll_pricing::instruments::Instrument;

pub use feeds::{Feeds, Seen, sources, thousandths};
pub use trades::{cost, filled, paid};

/// Before anything happened.
const NEVER: Timestamp = Timestamp::from_nanos(i64::MIN);

/// What is wrong, where the books cannot follow.
pub type Fault = String;

/// A loan of one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loan {
    /// Borrowed.
    pub borrowed: i128,
    /// Interest owed on it.
    pub interest: i128,
    /// Up to when it was charged.
    pub until: Option<Timestamp>,
}

/// An account as these books have it.
#[derive(Clone, Debug)]
pub struct Account {
    /// On what terms.
    pub terms: AccountTerms,
    /// Cash; none that is zero.
    pub cash: BTreeMap<Asset, i128>,
    /// Loans; none that is nothing.
    pub loans: BTreeMap<Asset, Loan>,
    /// Contracts and what they cost.
    pub held: BTreeMap<ContractId, (i128, i128)>,
    /// Open orders.
    pub orders: BTreeMap<OrderId, OpenOrder>,
    /// Whether it is frozen.
    pub frozen: bool,
    /// Drawn from the parent so far.
    pub topped_up: i128,
    /// What was paid for others out of the gain of what is held.
    pub shared: BTreeMap<ContractId, i128>,
}

/// What an index was in a window.
#[derive(Clone, Debug)]
pub struct Stood {
    /// When that opened.
    pub opens: Timestamp,
    /// Prices, and for how many milliseconds each.
    pub prices: Vec<(i128, i64)>,
    /// Up to when that is known.
    pub until: Timestamp,
}

/// A contract as it was listed.
#[derive(Clone, Debug)]
pub struct Contract {
    /// What it is.
    pub instrument: Instrument,
    /// Whether it is settled.
    pub settled: bool,
}

/// The books.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// What everything is valued in.
    pub currency: Asset,
    /// By number.
    pub accounts: Vec<Account>,
    /// By number.
    pub contracts: Vec<Contract>,
    /// Rules of assets.
    pub assets: BTreeMap<Asset, AssetRules>,
    /// Rules of underlyings.
    pub underlyings: BTreeMap<Underlying, UnderlyingRules>,
    /// The house's cash.
    pub house: BTreeMap<(House, Asset), i128>,
    /// Prices.
    pub feeds: Feeds,
    /// When the last command was carried out.
    pub clock: Timestamp,
    /// When prices were last read.
    pub read: Timestamp,
    /// Marks as last said.
    pub marks: BTreeMap<ContractId, Decimal>,
    /// Indices before expiries.
    pub windows: BTreeMap<(Underlying, Timestamp), Stood>,
    /// How accounts are closed.
    pub liquidation: LiquidationRules,
    /// Rules that are to hold, and from when.
    announced: BTreeMap<u64, (Rule, Timestamp)>,
    touched: BTreeSet<AccountId>,
}

impl Mirror {
    /// Books of nothing.
    #[must_use]
    pub fn new(currency: Asset) -> Self {
        Self {
            currency,
            accounts: Vec::new(),
            contracts: Vec::new(),
            assets: BTreeMap::new(),
            underlyings: BTreeMap::new(),
            house: BTreeMap::new(),
            feeds: Feeds::default(),
            clock: NEVER,
            read: NEVER,
            marks: BTreeMap::new(),
            windows: BTreeMap::new(),
            liquidation: LiquidationRules::default(),
            announced: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }

    /// A contract's mark; `None` of one that nobody quoted, and of one that has expired and waits for its settlement: that
    /// is priced on the index.
    #[must_use]
    pub fn mark(&self, contract: ContractId) -> Option<i128> {
        let expiry = self.contracts.get(contract.index())?.instrument.expiry();
        let is_over = expiry.is_some_and(|expiry| expiry <= self.clock);
        self.marks.get(&contract).copied().filter(|_| !is_over).map(Decimal::units)
    }

    /// Enters a command that was carried out at `at`; whose accounts it concerned. `events` are looked at only for what
    /// the engine does of its own accord.
    ///
    /// # Errors
    /// [`Fault`] for a command that the rules do not allow, or an event they do not explain.
    pub fn enter(&mut self, command: &Command, at: Timestamp, events: &[Event]) -> Result<BTreeSet<AccountId>, Fault> {
        self.touched.clear();
        let mut overdrafts = self.overdrafts(at)?;
        self.clock = at;
        match command {
            Command::ListAsset { .. }
            | Command::Deposit { .. }
            | Command::Withdraw { .. }
            | Command::Transfer { .. }
            | Command::FundHouse { .. }
            | Command::Borrow { .. }
            | Command::Repay { .. } => self.enter_cash(command, at)?,
            Command::Trade { contract, quantity, price, buyer, seller, taker } => {
                let trade = trades::Trade { contract: *contract, quantity: *quantity, price: *price, taker: *taker };
                let penalties = self.penalties(&trade, [*buyer, *seller], events)?;
                self.lent(&trade, [*buyer, *seller], at, events)?;
                self.trade(&trade, *buyer, *seller, penalties)?;
            }
            Command::Bid { account, bidder, .. } => self.lent_to_bidder(*account, *bidder, at, events)?,
            Command::Prices(batch) => self.prices(batch, at),
            Command::PayFunding { contract, rate } => self.pay_funding(*contract, *rate)?,
            Command::Settle { underlying, expiry, price } => self.settle(*underlying, *expiry, *price)?,
            Command::Tick => self.tick(at, events)?,
            other => self.enter_terms(other)?,
        }
        // The first repayment of a command that repays is its own, and so is the first transfer.
        let mut asks = true;
        for event in events {
            self.drawn(event)?;
            let is_asked = asks
                && matches!(
                    (command, event),
                    (Command::Repay { .. }, Event::Repaid { .. })
                        | (Command::Transfer { .. }, Event::Transferred { top_up: false, .. })
                );
            if let Event::OverdraftCharged { asset, charges, .. } = event {
                self.overdrawn(overdrafts.remove(asset).as_ref(), *asset, charges)?;
            }
            self.announced(event, at)?;
            self.own(event, at, is_asked)?;
            asks &= !is_asked;
        }
        if let Some((asset, short)) = overdrafts.first_key_value() {
            return Err(format!("{asset}: {} accounts were short at the hour and not charged", short.len()));
        }
        if let Some(number) = self.late(command, at) {
            return Err(format!("announcement {number} was not carried out in time"));
        }
        Ok(std::mem::take(&mut self.touched))
    }

    /// Rules that are told before they hold, and then do.
    fn announced(&mut self, event: &Event, at: Timestamp) -> Result<(), Fault> {
        match event {
            Event::Announced { number, rule, from } => {
                self.announced.insert(*number, (rule.clone(), *from));
                Ok(())
            }
            Event::Recalled { number } => {
                self.announced.remove(number).map(|_| ()).ok_or_else(|| format!("announcement {number} was recalled"))
            }
            Event::CarriedOut { number, refused } => {
                let Some((rule, from)) = self.announced.remove(number) else {
                    return Err(format!("announcement {number} was carried out, and there was none"));
                };
                if from > at {
                    return Err(format!("announcement {number} was for {from} and was carried out"));
                }
                match rule.command() {
                    _ if refused.is_some() => Ok(()),
                    command @ (Command::ListAsset { .. } | Command::FundHouse { .. }) => self.enter_cash(command, at),
                    command => self.enter_terms(command),
                }
            }
            _ => Ok(()),
        }
    }

    /// What was to hold by a tick and does not.
    fn late(&self, command: &Command, at: Timestamp) -> Option<u64> {
        let mut announced = self.announced.iter().filter(|_| *command == Command::Tick);
        announced.find(|(_, (_, from))| *from <= at).map(|(number, _)| *number)
    }

    /// What is listed, opened, changed, ordered.
    fn enter_terms(&mut self, command: &Command) -> Result<(), Fault> {
        match command {
            Command::ListUnderlying { underlying, rules } => {
                self.underlyings.insert(*underlying, rules.clone());
            }
            Command::ListContract { instrument } => {
                self.contracts.push(Contract { instrument: instrument.clone(), settled: false });
            }
            Command::OpenAccount { terms } => {
                let account = Account {
                    terms: terms.clone(),
                    cash: BTreeMap::new(),
                    loans: BTreeMap::new(),
                    held: BTreeMap::new(),
                    orders: BTreeMap::new(),
                    frozen: false,
                    topped_up: 0,
                    shared: BTreeMap::new(),
                };
                self.accounts.push(account);
            }
            Command::AmendAccount { account, terms } => self.of(*account)?.terms = terms.clone(),
            Command::Freeze { account, frozen, .. } => {
                let known = self.of(*account)?;
                known.frozen = *frozen;
                if *frozen {
                    known.orders.clear();
                }
            }
            Command::Place { account, order, terms } => {
                let known = self.of(*account)?;
                if known.frozen {
                    return Err(format!("account {} is frozen and placed an order", account.0));
                }
                known.orders.insert(*order, terms.clone());
            }
            Command::Cancel { account, order } => {
                self.of(*account)?.orders.remove(order).ok_or("an order that was not open was taken back")?;
            }
            Command::SetLiquidation(rules) => self.liquidation = (**rules).clone(),
            _ => {}
        }
        Ok(())
    }

    /// Top-ups, within what was agreed.
    fn drawn(&mut self, event: &Event) -> Result<(), Fault> {
        let Event::Transferred { from, to, amount, top_up: true, .. } = event else { return Ok(()) };
        let terms = self.of(*to)?.terms.clone();
        let top_up = terms.top_up.ok_or("a bucket without a top-up drew from another account")?;
        if terms.parent != Some(*from) || top_up.asset != amount.asset || amount.value.signum() <= 0 {
            return Err(format!("account {} drew {amount} from account {}", to.0, from.0));
        }
        if self.of(*from)?.frozen {
            return Err(format!("account {} is frozen and {amount} was drawn from it", from.0));
        }
        let drawn = self.of(*to)?.topped_up + amount.value.units();
        if drawn > top_up.limit.units() {
            let text = exact_text(drawn);
            return Err(format!("account {} drew {text} in all: its owner allows {}", to.0, top_up.limit));
        }
        self.of(*to)?.topped_up = drawn;
        self.move_cash(Holder::Account(*from), Holder::Account(*to), *amount)?;
        if self.cash(*from, amount.asset) < 0 {
            return Err(format!("account {} has no {amount} to be drawn", from.0));
        }
        Ok(())
    }

    /// Cash of an account.
    #[must_use]
    pub fn cash(&self, account: AccountId, asset: Asset) -> i128 {
        self.accounts.get(account.index()).and_then(|known| known.cash.get(&asset)).copied().unwrap_or(0)
    }

    fn of(&mut self, account: AccountId) -> Result<&mut Account, Fault> {
        self.touched.insert(account);
        self.accounts.get_mut(account.index()).ok_or_else(|| format!("account {}: none was opened", account.0))
    }

    /// Both sides of a movement.
    fn move_cash(&mut self, from: Holder, to: Holder, amount: Amount) -> Result<(), Fault> {
        self.post(from, amount.asset, -amount.value.units())?;
        self.post(to, amount.asset, amount.value.units())
    }

    fn post(&mut self, holder: Holder, asset: Asset, units: i128) -> Result<(), Fault> {
        let too_much = || format!("{asset}: more than fits");
        match holder {
            Holder::House(house) => {
                let sum = self.house.entry((house, asset)).or_insert(0);
                *sum = sum.checked_add(units).ok_or_else(too_much)?;
            }
            Holder::Account(account) => {
                let cash = &mut self.of(account)?.cash;
                let sum = cash.get(&asset).copied().unwrap_or(0).checked_add(units).ok_or_else(too_much)?;
                match sum {
                    0 => cash.remove(&asset),
                    sum => cash.insert(asset, sum),
                };
            }
        }
        Ok(())
    }
}

fn exact_text(units: i128) -> String {
    super::exact::shown(units)
}
