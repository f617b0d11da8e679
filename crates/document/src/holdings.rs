//! `collateral`, `positions` and `orders` of an account.

use std::collections::BTreeSet;

use plimsoll_core::{
    Asset, Balance, Decimal, InstrumentId, NumberError, Order, Position, Price, Quantity, Rounding, Side,
};

use crate::directory::{Directory, Entry};
use crate::fields::{COLLATERAL, ORDER, POSITION};
use crate::reader::{At, Record};

/// Gross amounts of an account by asset, so that no later sum over it can leave the range.
#[derive(Default)]
pub(crate) struct Totals(Vec<(Asset, Decimal)>);

impl Totals {
    fn add(&mut self, asset: Asset, amount: Decimal) -> Result<(), NumberError> {
        let place = self.0.iter().position(|(held, _)| *held == asset).unwrap_or_else(|| {
            self.0.push((asset, Decimal::ZERO));
            self.0.len() - 1
        });
        self.0[place].1 = self.0[place].1.plus(amount.abs())?;
        Ok(())
    }
}

/// Reads a balance into `balances`.
pub(crate) fn balance(at: At<'_>, balances: &mut Vec<Balance>, totals: &mut Totals) {
    let Some(record) = Record::open(at, &COLLATERAL) else { return };
    let asset = record.name::<Asset>("asset");
    let cash = record.decimal("amount");
    let [borrowed, accrued_interest, reserved] =
        ["borrowed", "accrued_interest", "reserved"].map(|name| record.decimal(name).unwrap_or(Decimal::ZERO));
    let (Some(asset), Some(cash)) = (asset, cash) else { return };
    let balance = Balance { asset, cash, borrowed, accrued_interest, reserved };
    if balances.iter().any(|other| other.asset == asset) {
        return record.wrong("asset", "each asset once an account");
    }
    let mut gross = || {
        balance.net()?;
        [cash, borrowed, accrued_interest, reserved].into_iter().try_for_each(|amount| totals.add(asset, amount))
    };
    if gross().is_err() {
        record.wrong("amount", format!("amounts of {asset} that together stay inside ±1.7e20"));
    }
    balances.push(balance);
}

/// Reads a position; `held` are the instruments the account has positions in already.
pub(crate) fn position(
    at: At<'_>,
    directory: &mut Directory<'_>,
    held: &mut BTreeSet<InstrumentId>,
    totals: &mut Totals,
) -> Option<Position> {
    let record = Record::open(at, &POSITION)?;
    let quantity = record.decimal("quantity").map(Quantity);
    let entry_price = record.decimal("entry_price");
    let [unsettled_pnl, accrued_funding] =
        ["unsettled_pnl", "accrued_funding"].map(|name| record.decimal(name).unwrap_or(Decimal::ZERO));
    if let (Some(side), Some(quantity)) = (record.choice("position_side"), quantity) {
        side_agrees(&record, side, quantity);
    }
    let name = record.text("instrument")?;
    let field = record.at.field("instrument", record.get("instrument")?);
    let (instrument, entry) = directory.find(&field, name)?;
    if !held.insert(instrument) {
        record.wrong("instrument", "each instrument once an account");
    }
    if entry.expired && !entry.unsettled {
        let expected = "a live instrument, or one listed with \"settlement_state\": \"unsettled\" (it has expired)";
        record.wrong("instrument", expected);
    }
    let quantity = quantity?;
    whole_lots(&record, quantity, entry);
    let entry_price = entry_price.and_then(|value| price(&record, "entry_price", value, entry));
    let cost = record.decimal_quietly("cost").is_some_and(|cost| !cost.is_zero());
    if cost && record.get("entry_price").is_none() && !entry.instrument.is_paid_when_bought() {
        record.wrong("cost", "`entry_price` beside it, which P&L is counted from: no model uses `cost` yet");
    }
    let settlement = entry.instrument.terms().settlement;
    let mut gross = || {
        totals.add(settlement, entry.largest(quantity, entry_price)?)?;
        totals.add(settlement, unsettled_pnl)?;
        totals.add(settlement, accrued_funding)
    };
    if gross().is_err() {
        record.wrong("quantity", format!("amounts of {settlement} that together stay inside ±1.7e20"));
    }
    Some(Position { instrument, quantity, entry_price, unsettled_pnl, accrued_funding })
}

/// Reads an open order.
pub(crate) fn order(at: At<'_>, directory: &mut Directory<'_>, totals: &mut Totals) -> Option<Order> {
    let record = Record::open(at, &ORDER)?;
    let side = record.choice("side").map(|word| if word == "buy" { Side::Buy } else { Side::Sell });
    let quantity = record.decimal("quantity").map(Quantity);
    let value = record.decimal("price");
    let reduce_only = record.boolean("reduce_only").unwrap_or(false);
    let name = record.text("instrument")?;
    let field = record.at.field("instrument", record.get("instrument")?);
    let (instrument, entry) = directory.find(&field, name)?;
    if entry.expired {
        record.wrong("instrument", "an instrument that has not expired");
    }
    let (side, quantity, value) = (side?, quantity?, value?);
    whole_lots(&record, quantity, entry);
    let price = price(&record, "price", value, entry)?;
    let settlement = entry.instrument.terms().settlement;
    let gross = entry.largest(quantity, Some(price)).and_then(|largest| totals.add(settlement, largest));
    if gross.is_err() {
        record.wrong("quantity", format!("amounts of {settlement} that together stay inside ±1.7e20"));
    }
    Some(Order { instrument, side, quantity, price, reduce_only })
}

fn side_agrees(record: &Record<'_>, side: &str, quantity: Quantity) {
    let wrong = match side {
        "long" => quantity.0.signum() < 0,
        "short" => quantity.0.signum() > 0,
        _ => false,
    };
    if wrong {
        record.wrong("position_side", format!("what the sign of the quantity, {quantity}, says: short is negative"));
    }
}

/// A price as the instrument is quoted; zero only for an option.
fn price(record: &Record<'_>, field: &str, value: Decimal, entry: &Entry) -> Option<Price> {
    if value.is_zero() && entry.instrument.right().is_none() {
        record.wrong(field, "a decimal above zero");
        return None;
    }
    Some(Price::new(value, entry.price_asset))
}

/// Reports a quantity that is not a whole number of lots, with the nearest that is.
fn whole_lots(record: &Record<'_>, quantity: Quantity, entry: &Entry) {
    let lot = entry.instrument.terms().lot_size.0;
    let Some((lots, rest)) = quantity.0.split_by(lot) else { return };
    if rest.is_zero() {
        return;
    }
    let up = rest.abs().units() >= lot.units() - rest.abs().units();
    let nearest = lot.times_count(lots + if up { i128::from(rest.signum()) } else { 0 });
    let nearest = nearest.map_or_else(|_| "one that fits".to_owned(), |nearest| format!("such as {nearest}"));
    record.wrong("quantity", format!("a multiple of the lot size {lot}, {nearest}"));
}

impl Entry {
    /// The most that contracts could be worth in the settlement asset at the prices a document gives.
    fn largest(&self, quantity: Quantity, price: Option<Price>) -> Result<Decimal, NumberError> {
        let terms = self.instrument.terms();
        let size = quantity.abs().0.times(terms.contract_size, Rounding::Up)?;
        let prices = [price.map(|price| price.value), self.index, self.instrument.strike()];
        let in_coin = terms.settlement != terms.quote && terms.settlement == terms.underlying.asset();
        if let (true, None, Some(price), Some(index)) = (in_coin, self.instrument.right(), price, self.index) {
            // On the way to coin, P&L is a multiple of the contracts: how often the price fits in the move.
            quantity.abs().0.times_ratio(index.max(price.value), price.value, Rounding::Up)?;
        }
        prices.into_iter().flatten().filter(|price| price.signum() > 0).try_fold(size, |largest, price| {
            let worth = match (in_coin, self.instrument.right()) {
                (true, None) => size.over(price, Rounding::Up)?,
                (true, Some(_)) => size,
                (false, _) => size.times(price, Rounding::Up)?,
            };
            Ok(largest.max(worth))
        })
    }
}
