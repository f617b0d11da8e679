//! An account as books of legs, one an underlying.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Decimal, Portfolio, Rounding, Underlying};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::NAME;
use super::columns::Leg;
use super::named::{Class, Unit};
use crate::MarginError;
use crate::equity::NetAsset;
use crate::models::cash::is_cash;
use crate::orders::whole_lots;
use crate::positions::{NetPosition, net};

/// What is held of one underlying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    /// Options, in the listing's order.
    options: Vec<Option_>,
    /// Units owned: coins and perpetuals.
    long: Decimal,
    /// Units owed, positive.
    short: Decimal,
    /// The least units of a perpetual that trade.
    perpetual_lot: Option<Decimal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Option_ {
    name: Arc<str>,
    unit: Unit,
    /// Units, short negative.
    size: Decimal,
    /// The least that trade.
    lot: Decimal,
}

/// A book's legs in lots of one size, and what is left of its stock.
pub(super) struct Legs {
    /// Legs, options first.
    pub(super) legs: Vec<Leg>,
    /// Their names.
    pub(super) names: Vec<Arc<str>>,
    /// Units in a lot.
    pub(super) lot: Decimal,
    /// Stock that makes no lot, long and short.
    pub(super) odd: [Decimal; 2],
}

/// The books of `portfolio`, whose `assets` are netted.
///
/// # Errors
/// [`MarginError::Unsupported`] for a contract that is no linear option, perpetual or spot.
pub(super) fn books(
    portfolio: &Portfolio,
    assets: &[NetAsset],
    long_dated_days: Decimal,
    market: &Market,
) -> Result<BTreeMap<Underlying, Book>, MarginError> {
    let mut books: BTreeMap<Underlying, Book> = BTreeMap::new();
    for asset in assets.iter().filter(|asset| !is_cash(market, asset.asset)) {
        books.entry(asset.asset.underlying()).or_default().own(asset.balance()?)?;
    }
    for held in net(portfolio, market.listing())? {
        let terms = held.instrument.terms();
        if held.instrument.only_moves_balances() {
            // It is among the balances.
            continue;
        }
        let book = books.entry(terms.underlying).or_default();
        supported(market, held.instrument)?;
        let lot = terms.contract_size.times(terms.lot_size.0, Rounding::Up)?;
        match option(market, &held, lot, long_dated_days)? {
            Some(option) => book.options.push(option),
            None => {
                book.own(held.size)?;
                book.perpetual_lot = Some(book.perpetual_lot.map_or(lot, |least| least.min(lot)));
            }
        }
    }
    Ok(books)
}

fn supported(market: &Market, instrument: &Instrument) -> Result<(), MarginError> {
    let terms = instrument.terms();
    let dated = instrument.expiry().is_some() && instrument.strike().is_some() && instrument.is_paid_when_bought();
    let perpetual = instrument.expiry().is_none() && instrument.strike().is_none();
    let refused = |why: &str| {
        let what = Arc::clone(&terms.name);
        Err(MarginError::Unsupported { model: NAME, what, why: why.to_owned() })
    };
    if instrument.style() != Style::Linear || !(dated || perpetual) {
        return refused("expected a linear option whose premium is paid, a linear perpetual or spot");
    }
    if !is_cash(market, terms.settlement) {
        return refused("expected a contract settled in the currency or USDC");
    }
    Ok(())
}

fn option(
    market: &Market,
    held: &NetPosition<'_>,
    lot: Decimal,
    long_dated_days: Decimal,
) -> Result<Option<Option_>, MarginError> {
    let (Some(right), Some(strike), Some(expiry)) =
        (held.instrument.right(), held.instrument.strike(), held.instrument.expiry())
    else {
        return Ok(None);
    };
    let mark = market.priced(held.id)?.mark;
    let mark = mark.value.times(market.asset_price(mark.quote)?.value, Rounding::Up)?;
    let day = Decimal::from_int(86_400_000_000_000);
    let left = Decimal::from_int(market.snapshot().as_of.nanos_until(expiry));
    let unit = Unit {
        class: Class::of(right, held.size.signum() > 0),
        strike: strike.times(market.asset_price(held.instrument.terms().quote)?.value, Rounding::HalfEven)?,
        expiry: expiry.nanos(),
        mark: mark.or_zero(),
        long_dated: left > long_dated_days.times(day, Rounding::Down)?,
    };
    let name = Arc::clone(&held.instrument.terms().name);
    if !held.quantity.split_by(held.instrument.terms().lot_size.0).is_some_and(|(_, rest)| rest.is_zero()) {
        let terms = held.instrument.terms();
        let quantity = plimsoll_core::Quantity(held.quantity);
        return Err(MarginError::NotWholeLots { instrument: name, quantity, lot: terms.lot_size });
    }
    Ok(Some(Option_ { name, unit, size: held.size, lot }))
}

impl Book {
    fn own(&mut self, units: Decimal) -> Result<(), MarginError> {
        self.long = self.long.plus(units.or_zero())?;
        self.short = self.short.plus(units.negated().or_zero())?;
        Ok(())
    }

    /// What its options are worth, which equity counts.
    pub(super) fn has_stock(&self) -> bool {
        !self.long.is_zero() || !self.short.is_zero()
    }

    /// Its legs in lots: the largest size of which every option's least is a whole number; without options, the
    /// perpetual's least.
    ///
    /// # Errors
    /// [`MarginError::TooManyLots`].
    pub(super) fn legs(&self, underlying: Underlying) -> Result<Legs, MarginError> {
        let lots: BTreeSet<i128> = self.options.iter().map(|option| option.lot.units()).collect();
        let common = lots.into_iter().reduce(divisor).and_then(Decimal::from_units);
        let lot = common.or(self.perpetual_lot).filter(|lot| lot.signum() > 0).unwrap_or(Decimal::ONE);
        let (mut legs, mut names) = (Vec::new(), Vec::new());
        for option in &self.options {
            let lots = whole_lots(option.size.abs(), lot);
            let too_many = || MarginError::TooManyLots { underlying, lots: option.size.units().unsigned_abs() };
            legs.push(Leg { unit: option.unit, lots: lots.ok_or_else(too_many)? });
            names.push(Arc::clone(&option.name));
        }
        let mut odd = [self.long, self.short];
        for (side, class) in odd.iter_mut().zip([Class::LongStock, Class::ShortStock]) {
            let Some((lots, rest)) = side.split_by(lot) else { continue };
            let too_many = |_| MarginError::TooManyLots { underlying, lots: lots.unsigned_abs() };
            let lots = i64::try_from(lots).map_err(too_many)?;
            if lots > 0 {
                let zero = Decimal::ZERO;
                let unit = Unit { class, strike: zero, expiry: 0, mark: zero, long_dated: false };
                legs.push(Leg { unit, lots });
                names.push(underlying.asset().as_str().into());
                *side = rest;
            }
        }
        Ok(Legs { legs, names, lot, odd })
    }
}

fn divisor(one: i128, other: i128) -> i128 {
    super::pairing::divisor(one, other)
}
