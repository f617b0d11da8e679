//! What one change of an account can take off its excesses, whatever else it holds: dear by a multiple, and known without
//! looking at the rest.
//!
//! A requirement moves by at most Σ over parts of `most` × the change of a sum of cells, and one lot more changes a sum by
//! one lot's cells. What is paid for it acts on the settlement asset, as cash and as what the position carries.

use plimsoll_core::{Amount, Decimal, InstrumentId, Order, Position, Price, Quantity};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;

use super::exposure::{Collected, TAKER_FEE_MAX, paid};
use super::{Exposures, Figures};
use crate::{Account, MarginError};

/// What a change can do to an account's excesses.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// The most that it takes off any of them now, in the market's currency.
    pub most: f64,
    /// What the account weighs more from now on, at most.
    pub exposures: Exposures,
}

/// What an account traded.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// The contract.
    pub instrument: InstrumentId,
    /// Bought; sold is negative.
    pub quantity: Quantity,
    /// At what price.
    pub price: Price,
    /// What of the position's gain became cash, or of its loss, in the settlement asset.
    pub realised: Decimal,
    /// What it cost besides, in the settlement asset.
    pub fee: Decimal,
}

impl Reach {
    /// Of an open order that comes or goes. `None` where that is not known.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced.
    pub fn of_order(
        figures: &[Figures],
        order: &Order,
        taker_fee_rate: Decimal,
        market: &Market,
    ) -> Result<Option<Self>, MarginError> {
        if float(taker_fee_rate).abs() > TAKER_FEE_MAX || order.reduce_only {
            return Ok(None);
        }
        let account = Account { taker_fee_rate, ..Account::default() };
        let mut all = Collected::new(figures);
        let Some(units) = all.order(&account, order, market)? else { return Ok(None) };
        Self::of(all, order.instrument, order.quantity, units, market)
    }

    /// Of a fill. `None` where that is not known.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced.
    pub fn of_fill(figures: &[Figures], fill: &Fill, market: &Market) -> Result<Option<Self>, MarginError> {
        let &Fill { instrument: id, quantity, price, realised, fee } = fill;
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let (unsettled_pnl, accrued_funding) = (Decimal::ZERO, Decimal::ZERO);
        let position = Position { instrument: id, quantity, entry_price: None, unsettled_pnl, accrued_funding };
        let mut all = Collected::new(figures);
        if instrument.only_moves_balances() || all.position(&position).is_none() {
            return Ok(None);
        }
        // Cash and what the position carries move each its own way at worst.
        let carried = paid(instrument, id, quantity, price, market)? + float(realised.abs());
        let units = 2.0 * carried + float(fee.abs());
        let settlement = instrument.terms().settlement;
        if settlement != market.currency() && all.asset(settlement, units).is_none() {
            return Ok(None);
        }
        Self::of(all, id, Quantity(quantity.0.abs()), units, market)
    }

    /// Of cash that comes or goes. `None` where that is not known.
    #[must_use]
    pub fn of_cash(figures: &[Figures], amount: Amount, market: &Market) -> Option<Self> {
        let units = float(amount.value.abs());
        let mut all = Collected::new(figures);
        let unit = if amount.asset == market.currency() {
            1.0
        } else {
            all.asset(amount.asset, units)?;
            all.unit(amount.asset)?
        };
        let exposures = all.finish();
        let most = unit * units + exposures.jitter;
        most.is_finite().then_some(Self { most, exposures })
    }

    /// So much of a contract, with so many units of its settlement asset moved.
    fn of(
        all: Collected<'_>,
        id: InstrumentId,
        quantity: Quantity,
        units: f64,
        market: &Market,
    ) -> Result<Option<Self>, MarginError> {
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let settlement = instrument.terms().settlement;
        let unit = if settlement == market.currency() { Some(1.0) } else { all.unit(settlement) };
        let (Some(contract), Some(unit)) = (all.lots(id, quantity), unit) else { return Ok(None) };
        let exposures = all.finish();
        let most = contract + unit * units + exposures.jitter;
        Ok(most.is_finite().then_some(Self { most, exposures }))
    }
}
