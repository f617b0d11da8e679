//! What can be traded, and where the account then stands: everything a search asks.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;

use plimsoll_core::{Amount, Asset, Decimal, InstrumentId, NumberError, Price, Quantity, Rounding};
use plimsoll_pricing::market::Market;

use super::contract::Contract;
use super::linear::Scanned;
use super::{Liquidity, Plan, Step, Terms};
use crate::answers::margin::Margin;
use crate::equity::{NetAsset, carried, net_assets};
use crate::fold::Detail;
use crate::models::Judge;
use crate::scans::Scans;
use crate::{Account, MarginError};

/// Accounts that are margined for one plan, at most: searches end with what they have.
const EVALUATIONS_MAX: usize = 8_000;

/// Lots bought by place of the contract, sold negative; none is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trades(BTreeMap<usize, i64>);

impl Trades {
    pub(super) fn with(&self, contract: usize, lots: i64) -> Self {
        let mut trades = self.clone();
        if lots == 0 {
            trades.0.remove(&contract);
        } else {
            trades.0.insert(contract, lots);
        }
        trades
    }

    pub(super) fn of(&self, contract: usize) -> i64 {
        self.0.get(&contract).copied().unwrap_or(0)
    }

    pub(super) fn each(&self) -> impl DoubleEndedIterator<Item = (usize, i64)> {
        self.0.iter().map(|(contract, lots)| (*contract, *lots))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(usize, i64)> for Trades {
    fn from_iter<T: IntoIterator<Item = (usize, i64)>>(trades: T) -> Self {
        Self(trades.into_iter().filter(|(_, lots)| *lots != 0).collect())
    }
}

/// An account, what can be traded for it and what was found out.
pub(super) struct Desk<'a> {
    account: &'a Account,
    pub(super) market: &'a Market,
    judge: &'a dyn Judge,
    pub(super) terms: &'a Terms<'a>,
    pub(super) contracts: Vec<Contract<'a>>,
    /// The excess now.
    pub(super) start: Decimal,
    /// Its assets now, netted.
    assets: Vec<NetAsset>,
    /// What may be converted of each coin: to sell positive, to buy negative.
    pub(super) coins: BTreeMap<Asset, Decimal>,
    known: RefCell<BTreeMap<Trades, Option<Decimal>>>,
    left: Cell<usize>,
    scanned: OnceCell<Option<Scanned<'a>>>,
}

impl<'a> Desk<'a> {
    /// # Errors
    /// [`MarginError`] for an account that cannot be margined as it is.
    pub(super) fn new(
        account: &'a Account,
        market: &'a Market,
        judge: &'a dyn Judge,
        terms: &'a Terms<'a>,
    ) -> Result<Self, MarginError> {
        let mut desk = Self {
            account,
            market,
            judge,
            terms,
            contracts: Vec::new(),
            start: Decimal::ZERO,
            assets: net_assets(&account.portfolio, market)?,
            coins: BTreeMap::new(),
            known: RefCell::default(),
            left: Cell::new(EVALUATIONS_MAX),
            scanned: OnceCell::new(),
        };
        desk.start = desk.exact(&Trades::default())?;
        for (at, position) in account.portfolio.positions.iter().enumerate() {
            desk.add(position.instrument, Some(at))?;
        }
        if terms.policy == super::Policy::LeastCost {
            for id in terms.hedges {
                desk.add(*id, None)?;
            }
            for id in terms.conversions {
                desk.add_conversion(*id)?;
            }
        }
        // Neither positions nor hedges have an order that a plan may turn on.
        desk.contracts.sort_by_key(|contract| contract.id);
        Ok(desk)
    }

    /// Adds a contract that can be traded and is not there yet.
    fn add(&mut self, id: InstrumentId, place: Option<usize>) -> Result<(), MarginError> {
        let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let is_spot = instrument.only_moves_balances();
        if self.knows(id) || is_spot && place.is_some() {
            return Ok(());
        }
        let Some(liquidity) = self.liquidity(id) else { return Ok(()) };
        let hedge = self.terms.policy == super::Policy::LeastCost && self.terms.hedges.contains(&id);
        let held = place.map_or(Decimal::ZERO, |at| self.account.portfolio.positions[at].quantity.0);
        // What cannot be priced, or has figures that do not fit, cannot be traded.
        if let Ok(mut contract) = Contract::new(self.market, id, instrument, held, liquidity, self.terms, hedge) {
            contract.place = place;
            self.contracts.push(contract);
        }
        Ok(())
    }

    /// Adds a spot contract in which something can be converted.
    fn add_conversion(&mut self, id: InstrumentId) -> Result<(), MarginError> {
        let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        if self.knows(id) || !instrument.only_moves_balances() {
            return Ok(());
        }
        let Some(liquidity) = self.liquidity(id) else { return Ok(()) };
        let coin = instrument.terms().underlying.asset();
        let Some(net) = self.assets.iter().find(|net| net.asset == coin) else { return Ok(()) };
        let free = convertible(net)?;
        // Balances have no last lot that may be a part.
        let lot = instrument.terms().lot_size.0.times(instrument.terms().contract_size, Rounding::Up)?;
        let lots = free.split_by(lot).map_or(0, |(lots, _)| lots);
        let held = instrument.terms().lot_size.0.times_count(lots)?;
        if held.is_zero() {
            return Ok(());
        }
        if let Ok(mut contract) = Contract::new(self.market, id, instrument, held, liquidity, self.terms, false) {
            contract.converts = Some(coin);
            self.coins.insert(coin, free);
            self.contracts.push(contract);
        }
        Ok(())
    }

    fn knows(&self, id: InstrumentId) -> bool {
        self.contracts.iter().any(|contract| contract.id == id)
    }

    fn liquidity(&self, id: InstrumentId) -> Option<Liquidity> {
        let usable = |of: &Liquidity| of.spread.signum() >= 0 && of.fee_rate.signum() >= 0 && of.depth.signum() > 0;
        (self.terms.liquidity)(id).filter(usable)
    }

    /// Whether balances can be converted.
    pub(super) fn converts(&self) -> bool {
        !self.coins.is_empty()
    }

    /// `trades` with no more converted of a coin than there is to convert.
    pub(super) fn cut(&self, trades: Trades) -> Trades {
        if !self.converts() {
            return trades;
        }
        let mut left: BTreeMap<Asset, Decimal> = self.coins.iter().map(|(coin, free)| (*coin, free.abs())).collect();
        let cut = |(at, lots): (usize, i64)| {
            let Some((left, lot)) = self.contracts[at]
                .converts
                .and_then(|coin| Some((left.get_mut(&coin)?, self.contracts[at].coins_of_lot().ok()?)))
            else {
                return (at, lots);
            };
            let room = left.split_by(lot).map_or(0, |(lots, _)| i64::try_from(lots).unwrap_or(i64::MAX));
            let lots = lots.clamp(-room, room);
            let taken = lot.times_count(i128::from(lots.abs())).unwrap_or(*left);
            *left = left.minus(taken).unwrap_or_default();
            (at, lots)
        };
        trades.each().map(cut).collect()
    }

    /// A plan's steps as trades of what this desk has.
    pub(super) fn trades(&self, plan: &Plan) -> Trades {
        let of = |step: &Step| {
            let at = self.contracts.iter().position(|contract| contract.id == step.instrument)?;
            Some((at, self.contracts[at].lots(step.quantity.0)?))
        };
        plan.steps.iter().filter_map(of).collect()
    }

    /// The excess after `trades`, their cost paid; `None` where it cannot be told or no evaluation is left.
    pub(super) fn excess(&self, trades: &Trades) -> Option<Decimal> {
        if trades.is_empty() {
            return Some(self.start);
        }
        if let Some(known) = self.known.borrow().get(trades) {
            return *known;
        }
        if self.converts() && self.cut(trades.clone()) != *trades {
            return None;
        }
        self.left.set(self.left.get().checked_sub(1)?);
        let excess = self.exact(trades).ok();
        self.known.borrow_mut().insert(trades.clone(), excess);
        excess
    }

    pub(super) fn cures(&self, trades: &Trades) -> bool {
        self.excess(trades).is_some_and(|excess| excess.signum() >= 0)
    }

    fn exact(&self, trades: &Trades) -> Result<Decimal, MarginError> {
        let (account, assets) = self.after(trades)?;
        let Terms { lines, until, .. } = self.terms;
        let margin = Margin::of_assets(&account, assets, self.market, self.judge, lines, Detail::Amounts)?;
        Ok(margin.levels.at(*until).excess)
    }

    /// The account after `trades` at the mark, their cost paid in what each contract settles in, and its assets netted. What
    /// was not traded is not netted again: sums are exact.
    fn after(&self, trades: &Trades) -> Result<(Account, Vec<NetAsset>), MarginError> {
        let (mut account, mut assets) = (self.account.clone(), self.assets.clone());
        for (at, lots) in trades.each() {
            let contract = &self.contracts[at];
            let (instrument, settlement) = (contract.instrument, contract.instrument.terms().settlement);
            let before = contract.place.map(|place| &self.account.portfolio.positions[place]);
            contract.trade(contract.quantity(lots)?, &mut account.portfolio)?;
            let cost = contract.cost(lots)?.over(contract.price.value, Rounding::Up)?;
            account.portfolio.deposit(Amount::new(cost.negated(), settlement))?;
            if instrument.only_moves_balances() {
                continue;
            }
            let place = contract.place.unwrap_or(account.portfolio.positions.len() - 1);
            let net = asset(&mut assets, settlement, contract.price);
            let now = carried(&account.portfolio.positions[place], instrument, self.market)?;
            let before = before.map_or(Ok(<[Decimal; 3]>::default()), |held| carried(held, instrument, self.market))?;
            net.gains = net.gains.plus(now[0].minus(before[0])?)?;
            net.losses = net.losses.plus(now[1].minus(before[1])?)?;
            net.option_value = net.option_value.plus(now[2].minus(before[2])?)?;
        }
        for (at, balance) in account.portfolio.balances.iter().enumerate() {
            let before = self.account.portfolio.balances.get(at).map_or(Decimal::ZERO, |balance| balance.cash);
            if balance.cash != before {
                let price = self.market.asset_price(balance.asset)?;
                let net = asset(&mut assets, balance.asset, price);
                net.cash = net.cash.plus(balance.cash.minus(before)?)?;
            }
        }
        for net in &mut assets {
            *net = net.priced(self.market)?;
        }
        account.portfolio.positions.retain(|position| trades.is_empty() || position.quantity != Quantity::ZERO);
        Ok((account, assets))
    }

    /// What `trades` cost together; `None` where it does not fit.
    pub(super) fn cost(&self, trades: &Trades) -> Option<Decimal> {
        let mut each = trades.each();
        each.try_fold(Decimal::ZERO, |sum, (at, lots)| sum.plus(self.contracts[at].cost(lots).ok()?).ok())
    }

    /// What the model scans of the account.
    pub(super) fn scans(&self) -> Option<Scans<'a>> {
        self.judge.scans(self.account, &self.assets).ok()?
    }

    /// The same as a program over what can be traded, made once.
    pub(super) fn scanned(&self) -> Option<&Scanned<'a>> {
        self.scanned.get_or_init(|| Scanned::new(self)).as_ref()
    }

    /// Of two the one that cures at less cost; else that which leaves more.
    pub(super) fn better(&self, one: Trades, other: Trades) -> Trades {
        let rank = |trades: &Trades| match self.excess(trades) {
            Some(excess) if excess.signum() >= 0 => (true, self.cost(trades).map(Decimal::negated)),
            excess => (false, excess),
        };
        if rank(&other) >= rank(&one) { other } else { one }
    }

    /// What can be done: a contract and a side, with the most lots of it. Positions are closed, hedges go both ways, balances
    /// are brought nearer to nothing.
    pub(super) fn ways(&self) -> impl Iterator<Item = (usize, i64, i64)> {
        let sides = |(at, contract): (usize, &Contract<'_>)| {
            [(at, 1, contract.most[0]), (at, -1, contract.most[1])].into_iter().filter(|(_, _, most)| *most > 0)
        };
        self.contracts.iter().enumerate().flat_map(sides)
    }

    /// `trades` as a plan; without any where they gain nothing.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn plan(&self, trades: &Trades) -> Result<Plan, MarginError> {
        let none = Trades::default();
        let (trades, excess) = match self.excess(trades) {
            Some(excess) if excess > self.start => (trades, excess),
            _ => (&none, self.start),
        };
        let mut all = Vec::with_capacity(trades.len());
        for (at, lots) in trades.each() {
            let contract = &self.contracts[at];
            let (quantity, cost) = (Quantity(contract.quantity(lots)?), contract.cost(lots)?);
            let alone = self.excess(&none.with(at, lots)).unwrap_or(self.start);
            all.push((alone.minus(self.start)?, Step { instrument: contract.id, quantity, cost }));
        }
        all.sort_by(|(gain, step), (other_gain, other)| {
            let order = other_gain.compare_products(step.cost, *gain, other.cost);
            order.then(step.instrument.cmp(&other.instrument))
        });
        let steps: Vec<Step> = all.into_iter().map(|(_, step)| step).collect();
        let cost = steps.iter().try_fold(Decimal::ZERO, |sum, step| sum.plus(step.cost))?;
        Ok(Plan { steps, cost, excess })
    }
}

/// What may be converted of an asset: sold as far as there is cash of it that no loss and no debt stands against, bought
/// (negative) as far as it is owed net of all that is there.
fn convertible(net: &NetAsset) -> Result<Decimal, NumberError> {
    let balance = net.balance()?;
    Ok(if balance.signum() < 0 { balance } else { balance.min(net.cash).or_zero() })
}

/// The entry of an asset, in the order of their names; one of nothing where there is none.
fn asset(assets: &mut Vec<NetAsset>, of: Asset, price: Price) -> &mut NetAsset {
    let place = assets.binary_search_by_key(&of, |net| net.asset).unwrap_or_else(|place| {
        let zero = Decimal::ZERO;
        assets.insert(place, NetAsset { asset: of, price, cash: zero, gains: zero, losses: zero, option_value: zero });
        place
    });
    &mut assets[place]
}

impl Desk<'_> {
    /// What the position in a contract has gained: see [`Contract::gained`].
    ///
    /// # Errors
    /// [`MarginError`].
    pub(super) fn gained(&self, contract: usize) -> Result<Decimal, MarginError> {
        self.contracts[contract].gained(self.account)
    }
}
