//! Open orders, exactly: in each scenario every order that would lose is taken as filled.
//!
//! The worst fills of a set of orders in one scenario are Σⱼ min(0, P&L of order j from its own
//! price, fee included): each order decides alone, so no subset is searched. Spot orders move both
//! assets, and premium is credited only by the fill's own P&L, never before.

use plimsoll_core::{Amount, Decimal, Order, Rounding, Timestamp};
use plimsoll_pricing::market::Market;

use crate::array::{RowKey, Table};
use crate::scenario::asset_growth;
use crate::{Account, MarginError};

/// One order's P&L in grains, in every column of a table.
#[derive(Clone, Debug)]
pub struct OrderArray {
    /// When what it trades expires.
    pub expiry: Option<Timestamp>,
    /// The table row of what it trades.
    pub row: usize,
    /// Lots it would add; a sale is negative.
    pub lots: i64,
    /// P&L from its own price, per column.
    pub pnl: Vec<i128>,
    /// The same if the fill came now and nothing moved.
    pub unshocked: i128,
}

impl OrderArray {
    /// The array of `order` in `table`.
    ///
    /// # Errors
    /// [`MarginError`] for an instrument the table lacks, part lots, or a figure that does not fit.
    pub fn new(account: &Account, order: &Order, table: &Table, market: &Market) -> Result<Self, MarginError> {
        let id = order.instrument;
        let instrument = market.listing().get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
        let row = table.row_of(RowKey::Instrument(id)).ok_or(MarginError::UnknownInstrument(id.0))?;
        let quantity = order.signed_quantity();
        let lots = whole_lots(quantity.0, table.rows()[row].lot).ok_or_else(|| MarginError::NotWholeLots {
            instrument: instrument.terms().name.clone(),
            quantity,
            lot: instrument.terms().lot_size,
        })?;
        let mark = market.priced(id)?.mark;
        let at_fill = instrument.fill_pnl(quantity, order.price, mark)?;
        let index = market.index_in(instrument.terms().underlying, instrument.terms().quote)?;
        let notional = instrument.notional(mark, index)?.scaled(order.quantity.0, Rounding::Up)?;
        let fee = notional.scaled(account.taker_fee_rate, Rounding::Up)?;
        let start = at_fill.minus(fee)?;
        let price = market.asset_price(start.asset)?;
        let grains_now = grains(start.at(price, Rounding::Down)?, table.grain())?;
        let pnl = table.scenarios().iter().enumerate().map(|(column, scenario)| {
            let growth = asset_growth(scenario, start.asset, table.coin());
            i128::from(lots) * i128::from(table.cell(row, column)) + scaled_down(grains_now, growth)
        });
        Ok(Self { expiry: table.rows()[row].expiry, row, lots, pnl: pnl.collect(), unshocked: grains_now })
    }
}

/// The worst fills of `orders` in every column of a table: never positive.
#[must_use]
pub fn worst_fills<'a>(orders: impl Iterator<Item = &'a OrderArray>, columns: usize) -> Vec<i128> {
    let mut worst = vec![0; columns];
    for order in orders {
        worst.iter_mut().zip(&order.pnl).for_each(|(worst, pnl)| *worst += (*pnl).min(0));
    }
    worst
}

/// `quantity` in lots, if it is a whole number of them.
#[must_use]
pub fn whole_lots(quantity: Decimal, lot: Decimal) -> Option<i64> {
    let (lots, rest) = quantity.split_by(lot)?;
    if rest.is_zero() { i64::try_from(lots).ok() } else { None }
}

fn grains(amount: Amount, grain: Decimal) -> Result<i128, MarginError> {
    let rounded = amount.value.over(grain, Rounding::Down)?.rounded(0, Rounding::Down)?;
    Ok(rounded.units() / Decimal::UNITS_PER_ONE)
}

/// `grains` × `growth`, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the door from floats to grains: a fill's worth is far below 2^127 grains"
)]
fn scaled_down(grains: i128, growth: f64) -> i128 {
    if growth.to_bits() == 1.0_f64.to_bits() { grains } else { (grains as f64 * growth).floor() as i128 }
}
