//! What can be traded, what it costs, and where the account then stands: everything a search asks.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;

use plimsoll_core::{Amount, Decimal, InstrumentId, Portfolio, Position, Price, Quantity, Rounding};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::linear::Scanned;
use super::{Liquidity, Plan, Step, Terms};
use crate::answers::margin::Margin;
use crate::equity::net_assets;
use crate::fold::Detail;
use crate::models::Judge;
use crate::scans::Scans;
use crate::{Account, MarginError};

/// Accounts that are margined for one plan, at most: searches end with what they have.
const EVALUATIONS_MAX: usize = 8_000;
/// More lots of one contract than are traded at a time.
const LOTS_MAX: i64 = 1 << 53;

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

/// A contract that can be traded.
pub(super) struct Contract<'a> {
    pub(super) id: InstrumentId,
    instrument: &'a Instrument,
    mark: Price,
    /// Where its position stands in the account.
    place: Option<usize>,
    /// Contracts held.
    pub(super) held: Decimal,
    /// Lots that close it: the last may be a part.
    pub(super) flat: i64,
    /// Most lots bought and sold.
    pub(super) most: [i64; 2],
    /// What a contract stands for, and what is paid for it where it is paid for, in the currency.
    notional: Decimal,
    premium: Decimal,
    /// Of the settlement asset, in the currency.
    price: Price,
    liquidity: Liquidity,
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
        }
        // Neither positions nor hedges have an order that a plan may turn on.
        desk.contracts.sort_by_key(|contract| contract.id);
        Ok(desk)
    }

    /// Adds a contract that can be traded and is not there yet.
    fn add(&mut self, id: InstrumentId, place: Option<usize>) -> Result<(), MarginError> {
        let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let known = self.contracts.iter().any(|contract| contract.id == id);
        if known || instrument.only_moves_balances() {
            return Ok(());
        }
        let usable = |of: &Liquidity| of.spread.signum() >= 0 && of.fee_rate.signum() >= 0 && of.depth.signum() > 0;
        let Some(liquidity) = (self.terms.liquidity)(id).filter(usable) else { return Ok(()) };
        let hedge = self.terms.policy == super::Policy::LeastCost && self.terms.hedges.contains(&id);
        let held = place.map_or(Decimal::ZERO, |at| self.account.portfolio.positions[at].quantity.0);
        // What cannot be priced, or has figures that do not fit, cannot be traded.
        if let Ok(contract) = Contract::new(self.market, id, instrument, held, liquidity, self.terms, hedge) {
            self.contracts.push(Contract { place, ..contract });
        }
        Ok(())
    }

    /// The excess after `trades`, their cost paid; `None` where it cannot be told or no evaluation is left.
    pub(super) fn excess(&self, trades: &Trades) -> Option<Decimal> {
        if trades.is_empty() {
            return Some(self.start);
        }
        if let Some(known) = self.known.borrow().get(trades) {
            return *known;
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
        let account = self.after(trades)?;
        let margin = Margin::in_detail(&account, self.market, self.judge, self.terms.lines, Detail::Amounts)?;
        Ok(margin.levels.at(self.terms.until).excess)
    }

    /// The account after `trades` at the mark, their cost paid in what each contract settles in.
    fn after(&self, trades: &Trades) -> Result<Account, MarginError> {
        let mut account = self.account.clone();
        for (at, lots) in trades.each() {
            let contract = &self.contracts[at];
            contract.trade(contract.quantity(lots)?, &mut account.portfolio)?;
            let cost = contract.cost(lots)?.over(contract.price.value, Rounding::Up)?;
            account.portfolio.deposit(Amount::new(cost.negated(), contract.instrument.terms().settlement))?;
        }
        if !trades.is_empty() {
            account.portfolio.positions.retain(|position| position.quantity != Quantity::ZERO);
        }
        Ok(account)
    }

    /// What `trades` cost together; `None` where it does not fit.
    pub(super) fn cost(&self, trades: &Trades) -> Option<Decimal> {
        let mut each = trades.each();
        each.try_fold(Decimal::ZERO, |sum, (at, lots)| sum.plus(self.contracts[at].cost(lots).ok()?).ok())
    }

    /// What the model scans of the account.
    pub(super) fn scans(&self) -> Option<Scans<'a>> {
        let assets = net_assets(&self.account.portfolio, self.market).ok()?;
        self.judge.scans(self.account, &assets).ok()?
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

    /// What can be done: a contract and a side, with the most lots of it. Positions are closed, hedges go both ways.
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

impl<'a> Contract<'a> {
    fn new(
        market: &Market,
        id: InstrumentId,
        instrument: &'a Instrument,
        held: Decimal,
        liquidity: Liquidity,
        terms: &Terms<'_>,
        hedge: bool,
    ) -> Result<Self, MarginError> {
        let own = instrument.terms();
        let (mark, lot) = (market.priced(id)?.mark, own.lot_size.0);
        let price = market.asset_price(own.settlement)?;
        let index = market.index_in(own.underlying, own.quote)?;
        let notional = instrument.notional(mark, index).map_err(MarginError::of(instrument))?;
        let notional = notional.at(price, Rounding::Up)?.value;
        let one = Quantity(Decimal::ONE);
        let worth = if instrument.is_paid_when_bought() { instrument.cost(one, mark)?.value } else { Decimal::ZERO };
        let premium = worth.times(price.value, Rounding::Up)?;
        let deep = liquidity.depth.times(terms.share_of_depth, Rounding::Down)?.or_zero();
        let deep = deep.split_by(notional.times(lot, Rounding::Up)?).map_or(0, |(lots, _)| lots);
        let deep = i64::try_from(deep).unwrap_or(LOTS_MAX).min(LOTS_MAX);
        let (whole, part) = held.abs().split_by(lot).unwrap_or_default();
        let flat = i64::try_from(whole).unwrap_or(LOTS_MAX).min(LOTS_MAX) + i64::from(!part.is_zero());
        let closing = if hedge && part.is_zero() { deep } else { deep.min(flat) };
        let opening = if hedge { deep } else { 0 };
        let most = match held.signum() {
            1 => [opening, closing],
            -1 => [closing, opening],
            _ => [opening, opening],
        };
        Ok(Self { id, instrument, mark, place: None, held, flat, most, notional, premium, price, liquidity })
    }

    /// The side that closes it: 1 to buy, −1 to sell; 0 where nothing is held.
    pub(super) fn closes(&self) -> i64 {
        -i64::from(self.held.signum())
    }

    fn lot(&self) -> Decimal {
        self.instrument.terms().lot_size.0
    }

    /// What a lot stands for, in the currency.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn notional_of_lot(&self) -> Result<Decimal, MarginError> {
        Ok(self.notional.times(self.lot(), Rounding::Up)?)
    }

    /// What lots beyond `from` up to `to` add to the cost, in floats.
    pub(super) fn cost_between(&self, side: i64, from: f64, to: f64) -> Option<f64> {
        let lots = |count: f64| decimal(count, 0).ok().and_then(|lots| i64::try_from(lots.count(0, Rounding::Up)).ok());
        let cost = |count: f64| lots(count).and_then(|lots| self.cost(side * lots).ok()).map(float);
        Some(cost(to)? - cost(from)?)
    }

    /// Contracts in so many lots; in those that close the position all of it.
    fn quantity(&self, lots: i64) -> Result<Decimal, MarginError> {
        if lots == self.flat * self.closes() {
            return Ok(self.held.negated());
        }
        Ok(self.lot().times_count(i128::from(lots))?)
    }

    /// What so many lots are expected to cost: notional × (spread + fee) + the impact.
    ///
    /// The price moves evenly with what is traded, by one hundredth for the depth, and trades pay its mean: ½ · 0.01 · N² ÷
    /// depth. Where a price is paid, half the spread is at most the price, since nobody bids below nothing; and what is
    /// sold fetches at least nothing.
    ///
    /// # Source
    /// The linear impact of Kyle (1985), "Continuous auctions and insider trading", Econometrica 53, and of Almgren and
    /// Chriss (2001), "Optimal execution of portfolio transactions", Journal of Risk 3: its cost is the square of size.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn cost(&self, lots: i64) -> Result<Decimal, MarginError> {
        let Liquidity { spread, depth, fee_rate } = self.liquidity;
        let quantity = self.quantity(lots)?.abs();
        let notional = self.notional.times(quantity, Rounding::Up)?;
        let mut crossing = notional.times(spread, Rounding::Up)?;
        let mut impact = notional.times_ratio(notional, depth.times_count(200)?, Rounding::Up)?;
        if self.instrument.is_paid_when_bought() {
            let premium = self.premium.times(quantity, Rounding::Up)?;
            crossing = crossing.min(premium);
            if lots < 0 {
                impact = impact.min(premium.minus(crossing)?);
            }
        }
        Ok(crossing.plus(impact)?.plus(notional.times(fee_rate, Rounding::Up)?)?)
    }

    /// Trades `quantity` at the mark: what is closed becomes cash, with its share of what was gained and not yet paid. What
    /// is closed whole stays as a position of nothing.
    fn trade(&self, quantity: Decimal, portfolio: &mut Portfolio) -> Result<(), MarginError> {
        let instrument = self.instrument;
        let of = MarginError::of(instrument);
        for moved in instrument.fill(Quantity(quantity), self.mark).map_err(&of)? {
            portfolio.deposit(moved)?;
        }
        let Some(place) = self.place else {
            return Ok(portfolio.trade(self.id, Quantity(quantity), Some(self.mark))?);
        };
        let held = &mut portfolio.positions[place];
        let closed = closed(held.quantity.0, quantity);
        if closed.is_zero() {
            let trade = if instrument.averages_harmonically() { Portfolio::trade_inverse } else { Portfolio::trade };
            return Ok(trade(portfolio, self.id, Quantity(quantity), Some(self.mark))?);
        }
        let part = Position { quantity: Quantity(closed), ..held.clone() };
        let mut paid = instrument.carry(&part, self.mark).map_err(&of)?.unrealised.value;
        for waiting in [&mut held.unsettled_pnl, &mut held.accrued_funding] {
            let share = waiting.times_ratio(closed, held.quantity.0, Rounding::Down)?;
            paid = paid.plus(share)?;
            *waiting = waiting.minus(share)?;
        }
        if closed == held.quantity.0 {
            held.entry_price = Some(self.mark);
        }
        held.quantity = held.quantity.plus(Quantity(quantity))?;
        Ok(portfolio.deposit(Amount::new(paid, instrument.terms().settlement))?)
    }

    /// What the position has gained and not been paid, less what a short option owes, in the currency.
    ///
    /// # Errors
    /// [`MarginError`].
    pub(super) fn gained(&self, account: &Account) -> Result<Decimal, MarginError> {
        let Some(held) = self.place.map(|at| &account.portfolio.positions[at]) else { return Ok(Decimal::ZERO) };
        let carry = self.instrument.carry(held, self.mark).map_err(MarginError::of(self.instrument))?;
        let gained = carry.unrealised.value.plus(held.unsettled_pnl)?.plus(held.accrued_funding)?;
        let gained = gained.plus(carry.option_value.value.min(Decimal::ZERO))?;
        Ok(gained.times(self.price.value, Rounding::Down)?)
    }
}

/// The part of `held` that `traded` closes, with the sign of `held`.
fn closed(held: Decimal, traded: Decimal) -> Decimal {
    if held.signum() * traded.signum() >= 0 {
        return Decimal::ZERO;
    }
    if traded.abs() < held.abs() { traded.negated() } else { held }
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
