//! A risk unit's positions as the charges look at them: cash delta and vega by expiry and by quote, options in a
//! table.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::instruments::{Instrument, Priced, Style};
use plimsoll_pricing::market::Market;

use super::parameters::OkxPortfolioParameters;
use super::{sets, unsupported};
use crate::MarginError;
use crate::array::{ByContract, Counted, Holding, RowKey, Table, TableSpec};
use crate::models::Held;
use crate::orders::whole_lots;
use crate::positions::NetPosition;
use crate::scenario::{DAY_S, Scenario, years_left};

/// One underlying in one market.
pub(super) struct Prepared {
    /// Options alone.
    table: Table,
    /// Where its charges' columns stand.
    columns: Columns,
    contracts: ByContract<Contract>,
}

/// What the charges look at, of one contract, in the market's currency.
struct Contract {
    /// Cash delta at the forward,
    delta: Decimal,
    /// and at the index.
    delta_at_index: Decimal,
    /// Where it is an option.
    option: Option<OptionContract>,
}

struct OptionContract {
    row: usize,
    lot: Decimal,
    /// When it expires.
    at: Timestamp,
    /// P&L of MR1's rise of its volatility.
    vega: Decimal,
    /// Fee of closing one unit.
    fee: Decimal,
}

/// What the basis of a cash delta is against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leg {
    /// Spot in use.
    Spot,
    Perpetual,
    Expiry(Timestamp),
}

/// One risk unit of an account, in the market's currency.
#[derive(Default)]
pub(super) struct Book {
    /// Futures and spot in use, at the index.
    pub(super) notional: Decimal,
    /// Cash delta: spot, perpetuals, every expiry.
    pub(super) delta: BTreeMap<Leg, Decimal>,
    /// P&L by expiry of MR1's rise of its volatility.
    pub(super) vega: BTreeMap<Timestamp, Decimal>,
    /// Cash delta by what contracts are quoted in.
    pub(super) by_quote: BTreeMap<Asset, Decimal>,
    /// Σ |cash delta|, contract by contract.
    pub(super) gross_delta: Decimal,
    /// Fees of closing the options.
    pub(super) option_fees: Decimal,
    /// Options, as rows of the table.
    pub(super) options: Vec<Holding>,
}

/// Where the charges' columns stand.
pub(super) struct Columns {
    pub(super) spot_shock: std::ops::Range<usize>,
    pub(super) theta: usize,
    pub(super) rates: std::ops::Range<usize>,
    pub(super) extreme: std::ops::Range<usize>,
}

/// The moves of an underlying, and which charge each is for.
///
/// # Errors
/// [`MarginError::Number`].
pub(super) fn scenarios(
    underlying: Underlying,
    p: &OkxPortfolioParameters,
) -> Result<(Arc<[Scenario]>, Columns), MarginError> {
    let name = underlying.as_str();
    let mut prices = vec![Decimal::ZERO];
    for moves in &p.mr1_moves {
        let by = *sets::shock(moves, name);
        prices.extend([by.negated(), by]);
    }
    prices.sort();
    let mut all = Vec::new();
    for price in prices {
        // How far is said by days left.
        for vol in [Decimal::ONE, Decimal::ZERO, Decimal::ONE.negated()] {
            all.push(Scenario::price_and_vol(price, vol));
        }
    }
    let spot_shock = 0..all.len();
    let theta = all.len();
    all.push(Scenario { name: "a day passes".into(), seconds: DAY_S, ..Scenario::unshocked() });
    let rates = all.len()..all.len() + 2;
    for (name, rate) in [("rates up", p.mr5_rate), ("rates down", p.mr5_rate.negated())] {
        all.push(Scenario { name: name.into(), rate, ..Scenario::unshocked() });
    }
    let extreme = all.len()..all.len() + 2;
    let by = *sets::extreme(&p.mr6_move, name);
    all.extend([by.negated(), by].map(|by| Scenario::price_and_vol(by, Decimal::ZERO)));
    Ok((all.into(), Columns { spot_shock, theta, rates, extreme }))
}

/// Tables of the options that accounts hold, by underlying; an underlying without options has an empty one.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn prepare(
    market: &Market,
    held: &Held,
    p: &OkxPortfolioParameters,
) -> Result<BTreeMap<Underlying, Prepared>, MarginError> {
    let mut keys: BTreeMap<Underlying, Vec<RowKey>> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
        let of_unit = keys.entry(instrument.terms().underlying).or_default();
        if instrument.strike().is_some() && instrument.expiry().is_some() {
            of_unit.push(RowKey::Instrument(*id));
        }
    }
    for asset in &held.assets {
        if market.snapshot().underlyings.contains_key(&asset.underlying()) {
            keys.entry(asset.underlying()).or_default();
        }
    }
    let mut all = BTreeMap::new();
    for (underlying, keys) in keys {
        let (scenarios, columns) = scenarios(underlying, p)?;
        let spec = TableSpec {
            market,
            underlying,
            coin: Some(underlying.asset()),
            scenarios,
            rules: &p.vol_rules,
            grain: Decimal::new(1, 6),
            balance_lot: &|_| Decimal::ONE,
            counted: Counted::PnlPerLot,
        };
        let table = Table::build(&spec, &keys)?;
        all.insert(underlying, Prepared { table, columns, contracts: ByContract::default() });
    }
    // What cannot be priced or is not listed is refused with the account that holds it.
    let mut contracts: BTreeMap<Underlying, Vec<(InstrumentId, Contract)>> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
        let underlying = instrument.terms().underlying;
        if let (Ok(()), Ok(priced), Some(unit)) = (supported(instrument), market.priced(*id), all.get(&underlying)) {
            let contract = unit.contract(market, *id, instrument, priced, p)?;
            contracts.entry(underlying).or_default().push((*id, contract));
        }
    }
    for (underlying, unit) in &mut all {
        unit.contracts = contracts.remove(underlying).unwrap_or_default().into_iter().collect();
    }
    Ok(all)
}

/// Refuses what the venue does not list.
fn supported(instrument: &Instrument) -> Result<(), MarginError> {
    if matches!(instrument.style(), Style::Quanto { .. }) {
        return Err(unsupported(instrument, "expected a linear or inverse contract"));
    }
    if instrument.strike().is_some() && instrument.expiry().is_none() {
        return Err(unsupported(instrument, "expected a dated option"));
    }
    Ok(())
}

impl Prepared {
    pub(super) const fn table(&self) -> &Table {
        &self.table
    }

    pub(super) const fn columns(&self) -> &Columns {
        &self.columns
    }

    fn contract(
        &self,
        market: &Market,
        id: InstrumentId,
        instrument: &Instrument,
        priced: &Priced,
        p: &OkxPortfolioParameters,
    ) -> Result<Contract, MarginError> {
        let quote_price = float(market.asset_price(instrument.terms().quote)?.value);
        let greeks = instrument.greeks(priced);
        let exact = |value: f64| decimal(value, Decimal::PLACES).map_err(MarginError::of(instrument));
        let option = match instrument.expiry().filter(|_| instrument.strike().is_some()) {
            None => None,
            Some(at) => {
                let row = self.table.row_of(RowKey::Instrument(id)).ok_or_else(MarginError::unknown(id))?;
                let vol = priced.vol.as_ref().map_or(0.0, |vol| vol.value);
                let days = years_left(market.snapshot().as_of, Some(at)).map_or(30.0, |years| years * 365.0);
                let weight = p.vol_rules.term_factor(days);
                let mark = market.asset_price(priced.mark.quote)?.value.times(priced.mark.value, Rounding::Up)?;
                let index = exact(priced.index * quote_price)?;
                let fee = p.mr7_fee.times(index, Rounding::Up)?.min(p.mr7_fee_most.times(mark, Rounding::Up)?);
                let vega = exact(greeks.vega * 100.0 * vol * weight * quote_price)?;
                Some(OptionContract { row, lot: self.table.rows()[row].lot, at, vega, fee })
            }
        };
        let delta = exact(greeks.delta * priced.forward * quote_price)?;
        Ok(Contract { delta, delta_at_index: exact(greeks.delta * priced.index * quote_price)?, option })
    }

    /// Adds a position to its unit's book.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for what the venue does not list.
    pub(super) fn add(&self, book: &mut Book, market: &Market, held: &NetPosition<'_>) -> Result<(), MarginError> {
        let NetPosition { id, instrument, quantity, size } = *held;
        let Some(contract) = self.contracts.get(id) else {
            supported(instrument)?;
            market.priced(id)?;
            return Err(MarginError::UnknownInstrument(id.0));
        };
        let terms = instrument.terms();
        let of_all = |each: Decimal| each.times(quantity, Rounding::HalfEven);
        let delta = of_all(contract.delta)?;
        let of_expiry = book.delta.entry(instrument.expiry().map_or(Leg::Perpetual, Leg::Expiry)).or_default();
        *of_expiry = of_expiry.plus(delta)?;
        let of_quote = book.by_quote.entry(terms.quote).or_default();
        *of_quote = of_quote.plus(delta)?;
        book.gross_delta = book.gross_delta.plus(delta.abs())?;
        let Some(option) = &contract.option else {
            book.notional = book.notional.plus(of_all(contract.delta_at_index)?)?;
            return Ok(());
        };
        let lots = whole_lots(quantity, option.lot).ok_or_else(|| MarginError::NotWholeLots {
            instrument: Arc::clone(&terms.name),
            quantity: plimsoll_core::Quantity(quantity),
            lot: plimsoll_core::Quantity(option.lot),
        })?;
        book.options.push(Holding { row: option.row, lots });
        let vega = book.vega.entry(option.at).or_default();
        *vega = vega.plus(of_all(option.vega)?)?;
        book.option_fees = book.option_fees.plus(option.fee.times(size.abs(), Rounding::Up)?)?;
        Ok(())
    }

    /// The loss of the whole book in every column, gains negative.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn losses(&self, book: &Book) -> Result<Vec<Decimal>, MarginError> {
        let scenarios = self.table.scenarios();
        let sums = self.table.sums(&book.options, 0..scenarios.len());
        let mut all = Vec::with_capacity(sums.len());
        let mut futures = (Decimal::ZERO, Decimal::ZERO);
        for (sum, scenario) in sums.into_iter().zip(scenarios) {
            // Columns of one price lie together.
            if scenario.price != futures.0 {
                futures = (scenario.price, super::unit::loss(book.notional, scenario.price)?);
            }
            all.push(self.table.loss(sum)?.plus(futures.1)?);
        }
        Ok(all)
    }
}
