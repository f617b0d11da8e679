//! Open orders, exactly: in each scenario every order that would lose is taken as filled.
//!
//! The worst fills of a set of orders in one scenario are Σⱼ min(0, P&L of order j from its own
//! price, fee included): each order decides alone, so no subset is searched. Spot orders move both
//! assets, and premium is credited only by the fill's own P&L, never before.

use std::collections::BTreeMap;

use plimsoll_core::{
    Amount, Decimal, InstrumentId, NumberError, Order, Position, Quantity, Rounding, Timestamp, planted,
};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use crate::array::{RowKey, Table};
use crate::collateral::CollateralRules;
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
    /// P&L from its own price, per column: what the fill loses at once, and then the move.
    pub pnl: Vec<i128>,
    /// P&L from the mark, per column: the move alone, for charges beside the scan, which counts the
    /// loss at the fill once.
    pub moves: Vec<i128>,
    /// P&L from its own price if nothing moved.
    pub unshocked: i128,
}

impl OrderArray {
    /// The array of `order` in `table`.
    ///
    /// A fill P&L f (against the mark, less the fee) is paid in the settlement asset and is worth
    /// what that asset is worth in the scenario. So is the price paid for a value w at the mark: it
    /// leaves the balance, and its own move with it. With G the asset's growth the order gains
    /// lots × cell + f·G − w·(G − 1), less what of a gain against the mark, the fee not taken off, would not count as
    /// collateral by `rules` once it is made.
    ///
    /// # Errors
    /// [`MarginError`] for an instrument the table lacks, part lots, or a figure that does not fit.
    pub fn new(
        account: &Account,
        order: &Order,
        table: &Table,
        (market, rules): (&Market, &CollateralRules),
    ) -> Result<Self, MarginError> {
        let id = order.instrument;
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let row = table.row_of(RowKey::Instrument(id)).ok_or_else(MarginError::unknown(id))?;
        let quantity = order.signed_quantity();
        let lots = whole_lots(quantity.0, table.rows()[row].lot).ok_or_else(|| MarginError::NotWholeLots {
            instrument: instrument.terms().name.clone(),
            quantity,
            lot: instrument.terms().lot_size,
        })?;
        let mark = market.priced(id)?.mark;
        let gain = instrument.fill_pnl(quantity, order.price, mark).map_err(MarginError::of(instrument))?;
        let at_fill = gain.minus(fee(account, order, instrument, market)?)?;
        let held = Position {
            instrument: id,
            quantity,
            entry_price: None,
            unsettled_pnl: Decimal::ZERO,
            accrued_funding: Decimal::ZERO,
        };
        let paid = instrument.carry(&held, mark).map_err(MarginError::of(instrument))?.option_value;
        let price = market.asset_price(at_fill.asset)?;
        let at_fill_grains = grains(at_fill.at(price, Rounding::Down)?, table.grain())?;
        // Of a gain the move counts whole, as that of a balance does.
        let gain_grains = grains(gain.at(price, Rounding::Up)?, table.grain())?.max(0);
        let counts_not = 1.0 - float(rules.gain_share(market, at_fill.asset)?);
        let less = |damping: f64| scaled_down(-gain_grains, counts_not * damping);
        let paid_grains = grains(paid.at(price, Rounding::Down)?, table.grain())?;
        let width = table.scenarios().len();
        let (mut moves, mut pnl) = (Vec::with_capacity(width), Vec::with_capacity(width));
        for column in 0..width {
            let (growth, damping) = (table.growth(at_fill.asset, column), table.damping(column));
            let cell = i128::from(lots) * i128::from(table.cell(row, column));
            let moved = cell + scaled_down(paid_grains, (1.0 - growth) * damping);
            moves.push(moved);
            pnl.push(moved + scaled_down(at_fill_grains, growth * damping) + less(damping));
        }
        let unshocked = at_fill_grains + less(1.0);
        Ok(Self { expiry: table.rows()[row].expiry, row, lots, pnl, moves, unshocked })
    }
}

/// The orders of `account` that could fill, each with the quantity that could: one that may only
/// reduce is cut at the position it stands against, together with the others that do.
///
/// # Errors
/// [`NumberError::Overflow`].
pub fn fillable(account: &Account) -> Result<Vec<Order>, NumberError> {
    let orders = &account.portfolio.orders;
    if !orders.iter().any(|order| order.reduce_only) {
        return Ok(orders.clone());
    }
    let mut left: BTreeMap<InstrumentId, Decimal> = BTreeMap::new();
    for position in &account.portfolio.positions {
        let held = left.entry(position.instrument).or_default();
        *held = held.plus(position.quantity.0)?;
    }
    let mut all = Vec::with_capacity(orders.len());
    for order in orders {
        if !order.reduce_only {
            all.push(order.clone());
            continue;
        }
        let held = left.entry(order.instrument).or_default();
        let wanted = order.signed_quantity();
        let cut = wanted.0.abs().min(held.abs());
        if held.signum() * wanted.0.signum() < 0 && !cut.is_zero() {
            let order = Order { quantity: Quantity(cut), ..order.clone() };
            *held = held.plus(order.signed_quantity().0)?;
            all.push(order);
        }
    }
    Ok(all)
}

/// Fills `order` at the mark and without a fee where it only exchanges balances; whether it does.
///
/// # Errors
/// [`MarginError`] when something cannot be priced.
pub(crate) fn exchange(account: &mut Account, order: &Order, market: &Market) -> Result<bool, MarginError> {
    let id = order.instrument;
    let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
    if !instrument.only_moves_balances() {
        return Ok(false);
    }
    let fill =
        instrument.fill(order.signed_quantity(), market.priced(id)?.mark).map_err(MarginError::of(instrument))?;
    for amount in fill {
        account.portfolio.deposit(amount)?;
    }
    Ok(true)
}

/// The fee of a whole fill, in the settlement asset.
pub(crate) fn fee(
    account: &Account,
    order: &Order,
    instrument: &Instrument,
    market: &Market,
) -> Result<Amount, MarginError> {
    let terms = instrument.terms();
    let index = market.index_in(terms.underlying, terms.quote)?;
    let notional =
        instrument.notional(market.priced(order.instrument)?.mark, index).map_err(MarginError::of(instrument))?;
    Ok(notional.scaled(order.quantity.0, Rounding::Up)?.scaled(account.taker_fee_rate, Rounding::Up)?)
}

/// The worst fills of orders, per column, given each order's P&L in the columns: never positive, and
/// nothing at all without orders.
#[must_use]
pub fn worst_fills<'a>(orders: impl Iterator<Item = &'a [i128]>) -> Vec<i128> {
    let mut worst = Vec::new();
    let most = if planted!(OrdersNet) { i128::MAX } else { 0 };
    for order in orders {
        worst.resize(order.len(), 0_i128);
        worst.iter_mut().zip(order).for_each(|(worst, pnl)| *worst += (*pnl).min(most));
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
    Ok(amount.value.over(grain, Rounding::Down)?.count(0, Rounding::Down))
}

/// `grains` × `growth`, rounded down. What fits a register stays in one: nearly all does, and every order has many columns.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the door from floats to grains: a fill's worth is far below 2^127 grains"
)]
fn scaled_down(grains: i128, growth: f64) -> i128 {
    if grains == 0 || growth.to_bits() == 1.0_f64.to_bits() {
        return grains;
    }
    match i64::try_from(grains).map(|grains| grains as f64 * growth) {
        Ok(product) if product.abs() < REGISTER => {
            let towards_zero = product as i64;
            i128::from(towards_zero) - i128::from(towards_zero as f64 > product)
        }
        _ => (grains as f64 * growth).floor() as i128,
    }
}

/// 2⁶²: below it, a float's whole part fits 64 bits with room.
const REGISTER: f64 = 4_611_686_018_427_387_904.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_rounded_down_whatever_their_size() {
        assert_eq!(scaled_down(10, 0.25), 2);
        assert_eq!(scaled_down(-10, 0.25), -3);
        assert_eq!(scaled_down(-8, 0.25), -2);
        assert_eq!(scaled_down(1 << 62, 4.0), 1 << 64);
        assert_eq!(scaled_down(-(1 << 62), 4.0), -(1 << 64));
        assert_eq!(scaled_down(-(1 << 100) - 1, 0.5), -(1 << 99));
        assert_eq!(scaled_down(i128::from(i64::MIN), 1.5), 3 * i128::from(i64::MIN) / 2);
    }
}
