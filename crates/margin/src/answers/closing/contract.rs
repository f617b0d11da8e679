//! A contract that can be traded: how much of it, at what cost, and what becomes of a position.

use plimsoll_core::{Amount, Asset, Decimal, InstrumentId, Portfolio, Position, Price, Quantity, Rounding};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::{Liquidity, Terms};
use crate::{Account, MarginError};

/// More lots of one contract than are traded at a time.
const LOTS_MAX: i64 = 1 << 53;

/// A contract that can be traded.
pub(super) struct Contract<'a> {
    pub(super) id: InstrumentId,
    pub(super) instrument: &'a Instrument,
    mark: Price,
    /// Where its position stands in the account.
    pub(super) place: Option<usize>,
    /// The coin that it converts, which bounds all contracts on it together.
    pub(super) converts: Option<Asset>,
    /// Contracts held; of a conversion what its coin may be sold for, or, negative, what is owed of it.
    pub(super) held: Decimal,
    /// Lots that close it: the last may be a part.
    pub(super) flat: i64,
    /// Most lots bought and sold.
    pub(super) most: [i64; 2],
    /// What a contract stands for, and what is paid for it where it is paid for, in the currency.
    notional: Decimal,
    premium: Decimal,
    /// Of the settlement asset, in the currency.
    pub(super) price: Price,
    liquidity: Liquidity,
}

impl<'a> Contract<'a> {
    pub(super) fn new(
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
        Ok(Self {
            id,
            instrument,
            mark,
            place: None,
            converts: None,
            held,
            flat,
            most,
            notional,
            premium,
            price,
            liquidity,
        })
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

    /// Coins in a lot of spot.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn coins_of_lot(&self) -> Result<Decimal, MarginError> {
        Ok(self.lot().times(self.instrument.terms().contract_size, Rounding::Up)?)
    }

    /// What lots beyond `from` up to `to` add to the cost, in floats.
    pub(super) fn cost_between(&self, side: i64, from: f64, to: f64) -> Option<f64> {
        let lots = |count: f64| decimal(count, 0).ok().and_then(|lots| i64::try_from(lots.count(0, Rounding::Up)).ok());
        let cost = |count: f64| lots(count).and_then(|lots| self.cost(side * lots).ok()).map(float);
        Some(cost(to)? - cost(from)?)
    }

    /// Contracts in so many lots; in those that close the position all of it.
    pub(super) fn quantity(&self, lots: i64) -> Result<Decimal, MarginError> {
        if lots == self.flat * self.closes() {
            return Ok(self.held.negated());
        }
        Ok(self.lot().times_count(i128::from(lots))?)
    }

    /// The lots of [`Contract::quantity`]; `None` where they do not fit.
    pub(super) fn lots(&self, quantity: Decimal) -> Option<i64> {
        if quantity == self.held.negated() {
            return Some(self.flat * self.closes());
        }
        i64::try_from(quantity.split_by(self.lot())?.0).ok()
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
    /// is closed whole stays as a position of nothing. Spot leaves none.
    pub(super) fn trade(&self, quantity: Decimal, portfolio: &mut Portfolio) -> Result<(), MarginError> {
        let instrument = self.instrument;
        let of = MarginError::of(instrument);
        for moved in instrument.fill(Quantity(quantity), self.mark).map_err(&of)? {
            portfolio.deposit(moved)?;
        }
        if instrument.only_moves_balances() {
            return Ok(());
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
