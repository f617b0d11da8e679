//! A risk unit: the grid's table of an underlying, and an account's positions in it as the contingencies look at them.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Node, Quantity, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::NAME;
use super::parameters::BybitPortfolioParameters;
use crate::MarginError;
use crate::array::{Counted, Holding, RowKey, Table, TableSpec};
use crate::equity::NetAsset;
use crate::fold::{Detail, Summed, group};
use crate::models::Held;
use crate::orders::whole_lots;
use crate::positions::NetPosition;
use crate::scenario::Scenario;

/// Coins are counted to 10⁻⁶.
const COIN_LOT: Decimal = Decimal::new(1, 6);
/// P&L of a grain, in the currency.
const GRAIN: Decimal = Decimal::new(1, 6);
/// Steps of price on each side.
const STEPS: i64 = 5;

/// One underlying in one market.
pub(super) struct Prepared {
    table: Table,
    /// By row: cash delta and vega of one contract, in the currency.
    greeks: Vec<[Decimal; 2]>,
}

/// A unit's positions in an account; amounts in the market's currency.
#[derive(Default)]
pub(super) struct Book<'a> {
    /// Everything held.
    pub(super) held: Vec<NetPosition<'a>>,
    /// The same as rows of the table.
    holdings: Vec<Holding>,
    /// Cash delta by expiry; perpetuals and coins have none.
    pub(super) delta: BTreeMap<Option<Timestamp>, Decimal>,
    /// P&L by expiry of a rise of volatility by 1.
    pub(super) vega: BTreeMap<Timestamp, Decimal>,
    /// Cash delta by what contracts settle in.
    pub(super) by_settlement: BTreeMap<Asset, Decimal>,
    /// Σ |cash delta| of perpetuals and futures.
    pub(super) futures: Decimal,
}

impl Book<'_> {
    /// Nothing held yet, and room for so many positions.
    pub(super) fn with_room(positions: usize) -> Self {
        Self { held: Vec::with_capacity(positions), holdings: Vec::with_capacity(positions + 1), ..Self::default() }
    }
}

/// The grid of a coin: 11 prices, each with volatility up, still, down.
///
/// # Errors
/// [`MarginError::Number`].
pub(super) fn scenarios(underlying: Underlying, p: &BybitPortfolioParameters) -> Result<Arc<[Scenario]>, MarginError> {
    let name = underlying.as_str();
    let range = *p.price_range.of(name);
    let mut all = Vec::new();
    for step in -STEPS..=STEPS {
        let price = range.times(Decimal::new(step * 2, 1), Rounding::HalfEven)?;
        for vol in [*p.vol_up.of(name), Decimal::ZERO, p.vol_down.of(name).negated()] {
            all.push(Scenario::price_and_vol(price, vol));
        }
    }
    Ok(all.into())
}

/// Refuses what the venue does not list.
pub(super) fn supported(instrument: &Instrument) -> Result<(), MarginError> {
    let future = instrument.strike().is_none() && matches!(instrument.style(), Style::Linear | Style::Inverse);
    let option = instrument.strike().is_some()
        && instrument.expiry().is_some()
        && instrument.style() == Style::Linear
        && instrument.is_paid_when_bought();
    if future || option {
        return Ok(());
    }
    Err(MarginError::Unsupported {
        model: NAME,
        what: Arc::clone(&instrument.terms().name),
        why: "expected a linear or inverse perpetual or future, or a linear dated option whose premium is paid"
            .to_owned(),
    })
}

/// Tables of what accounts hold, by underlying; what the venue does not list is left out, and refused with the account.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn prepare(
    market: &Market,
    held: &Held,
    p: &BybitPortfolioParameters,
) -> Result<BTreeMap<Underlying, Prepared>, MarginError> {
    let mut keys: BTreeMap<Underlying, Vec<RowKey>> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
        if supported(instrument).is_ok() && !instrument.only_moves_balances() {
            keys.entry(instrument.terms().underlying).or_default().push(RowKey::Instrument(*id));
        }
    }
    let mut all = BTreeMap::new();
    for (underlying, mut keys) in keys {
        if !p.spot_hedging.is_zero() {
            // Whether or not anybody has a balance of it: a spot position and an inverse gain are coins too.
            keys.push(RowKey::Asset(underlying.asset()));
        }
        let spec = TableSpec {
            market,
            underlying,
            coin: Some(underlying.asset()),
            scenarios: scenarios(underlying, p)?,
            rules: &p.vol_rules,
            grain: GRAIN,
            balance_lot: &|_| COIN_LOT,
            counted: Counted::PnlPerLot,
        };
        let table = Table::build(&spec, &keys)?;
        let greeks = table.rows().iter().map(|row| greeks_of(market, row.key)).collect::<Result<_, _>>()?;
        all.insert(underlying, Prepared { table, greeks });
    }
    Ok(all)
}

/// Cash delta and vega of one contract, in the currency; a balance has none.
fn greeks_of(market: &Market, key: RowKey) -> Result<[Decimal; 2], MarginError> {
    let RowKey::Instrument(id) = key else { return Ok([Decimal::ZERO; 2]) };
    let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
    let priced = market.priced(id)?;
    let greeks = instrument.greeks(priced);
    let quote_price = float(market.asset_price(instrument.terms().quote)?.value);
    let exact = |value: f64| decimal(value * quote_price, Decimal::PLACES).map_err(MarginError::of(instrument));
    Ok([exact(greeks.delta * priced.forward)?, exact(greeks.vega * 100.0)?])
}

impl Prepared {
    /// Adds a position to its unit's book.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or is no whole number of lots.
    pub(super) fn add<'a>(&self, book: &mut Book<'a>, held: NetPosition<'a>) -> Result<(), MarginError> {
        let NetPosition { id, instrument, quantity, .. } = held;
        let terms = instrument.terms();
        let holding = self.holding(id, instrument, quantity)?;
        let [delta, vega] = self.greeks[holding.row];
        let delta = delta.times(quantity, Rounding::HalfEven)?;
        add(book.delta.entry(instrument.expiry()).or_default(), delta)?;
        add(book.by_settlement.entry(terms.settlement).or_default(), delta)?;
        match instrument.expiry() {
            Some(expiry) if instrument.strike().is_some() => {
                add(book.vega.entry(expiry).or_default(), vega.times(quantity, Rounding::HalfEven)?)?;
            }
            _ => add(&mut book.futures, delta.abs())?,
        }
        book.holdings.push(holding);
        book.held.push(held);
        Ok(())
    }

    fn holding(&self, id: InstrumentId, instrument: &Instrument, quantity: Decimal) -> Result<Holding, MarginError> {
        let row = self.table.row_of(RowKey::Instrument(id)).ok_or_else(MarginError::unknown(id))?;
        let lot = self.table.rows()[row].lot;
        let lots = whole_lots(quantity, lot).ok_or_else(|| MarginError::NotWholeLots {
            instrument: Arc::clone(&instrument.terms().name),
            quantity: Quantity(quantity),
            lot: Quantity(lot),
        })?;
        Ok(Holding { row, lots })
    }

    /// Lets coins stand against derivatives as far as they hedge them.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn hedge(&self, book: &mut Book<'_>, coins: &NetAsset) -> Result<(), MarginError> {
        let Some(row) = self.table.row_of(RowKey::Asset(coins.asset)) else { return Ok(()) };
        let net = book.delta.values().copied().try_fold(Decimal::ZERO, Decimal::plus)?;
        let price = coins.price.value;
        let used = coins.balance()?.or_zero().min(net.negated().or_zero().over(price, Rounding::Down)?);
        let count = used.split_by(COIN_LOT).map_or(0, |(count, _)| count);
        let lots = i64::try_from(count).map_err(|_| MarginError::TooManyLots {
            underlying: self.table.underlying(),
            lots: count.unsigned_abs(),
        })?;
        if lots != 0 {
            book.holdings.push(Holding { row, lots });
            add(book.delta.entry(None).or_default(), used.times(price, Rounding::Down)?)?;
        }
        Ok(())
    }

    /// The worst of the grid over the unit, at least zero.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn maximum_loss(&self, book: &Book<'_>, detail: Detail) -> Result<Node, MarginError> {
        let mut holdings = book.holdings.clone();
        holdings.sort_by_key(|holding| holding.row);
        let group = group(&self.table, &holdings, detail);
        let columns = 0..self.table.scenarios().len();
        Ok(Summed::new(&self.table, &holdings, group, columns, &[]).worst("maximum loss")?)
    }
}

fn add(sum: &mut Decimal, amount: Decimal) -> Result<(), MarginError> {
    *sum = sum.plus(amount)?;
    Ok(())
}
