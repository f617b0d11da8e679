//! What is charged for size and for the cost of closing: measured per lot when the tables are
//! made, summed gross, never netted away by a hedge that would have to be closed too.

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Decimal, InstrumentId, Node, NumberError};
use plimsoll_numerics::ln;
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{Instrument, Priced};
use plimsoll_pricing::market::Market;
use std::sync::Arc;

use super::parameters::PlimsollParameters;
use super::tables::{Run, UnderlyingTables};
use crate::MarginError;
use crate::array::{Holding, Measure, RowKey, Table, per_lot};
use crate::fold::{Detail, Parts};

/// Measures of an underlying's rows.
#[derive(Clone, Debug)]
pub(super) struct Charges {
    short_call: Measure,
    short_put: Measure,
    closing: Measure,
    size: Measure,
}

/// Beyond this many deviations an option's spread stops widening.
const MONEYNESS_MAX: f64 = 4.0;
/// Widening of a vega spread per deviation from the money.
const WIDENING_PER_DEVIATION: f64 = 0.5;
/// An option counts at least this delta in gross size: what is far away today may not stay there.
const SIZE_DELTA_MIN: f64 = 0.1;
const PLACES: u32 = 12;

/// The contract a row is of, if a trade in it leaves a position.
fn position_kind(market: &Market, key: RowKey) -> Result<Option<(InstrumentId, &Instrument)>, MarginError> {
    let RowKey::Instrument(id) = key else { return Ok(None) };
    let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
    Ok((!instrument.only_moves_balances()).then_some((id, instrument)))
}

/// The measures of one contract.
struct PerContract {
    short_minimum: Decimal,
    closing: Decimal,
    size: Decimal,
}

impl Charges {
    /// Measures every row of `table`.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or does not fit.
    pub(super) fn new(table: &Table, market: &Market, parameters: &PlimsollParameters) -> Result<Self, MarginError> {
        let (mut calls, mut puts, mut closing, mut size) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in table.rows() {
            let (mut call, mut put, mut close, mut gross) = <(Decimal, Decimal, Decimal, Decimal)>::default();
            // What spot leaves is a balance, and its haircut is the cost of selling that.
            if let Some((id, instrument)) = position_kind(market, row.key)? {
                let measured = measure(instrument, market.priced(id)?, market, parameters)?;
                match instrument.right() {
                    Some(Right::Call) => call = per_lot(measured.short_minimum, row.lot)?,
                    Some(Right::Put) => put = per_lot(measured.short_minimum, row.lot)?,
                    None => {}
                }
                close = per_lot(measured.closing, row.lot)?;
                gross = per_lot(measured.size, row.lot)?;
            }
            calls.push(call);
            puts.push(put);
            closing.push(close);
            size.push(gross);
        }
        let measure = Measure::new;
        Ok(Self {
            short_call: measure(calls),
            short_put: measure(puts),
            closing: measure(closing),
            size: measure(size),
        })
    }

    /// The measures of a lot, for short options, for closing and of size, as a requirement sums them.
    pub(super) fn of(&self, row: usize) -> [Decimal; 4] {
        [&self.short_call, &self.short_put, &self.closing, &self.size].map(|measure| measure.of(row))
    }

    /// The least that is required for short options: uncovered shorts of each right, expiry by
    /// expiry.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn short_minimum(
        &self,
        tables: &UnderlyingTables,
        holdings: &[Holding],
        runs: &[Run<'_>],
        detail: Detail,
    ) -> Result<Node, NumberError> {
        let mut of = Parts::new(detail);
        for run in runs {
            let held = &holdings[run.holdings.clone()];
            for (label, measure) in
                [("uncovered short calls", &self.short_call), ("uncovered short puts", &self.short_put)]
            {
                let net = measure.net_short(held)?.or_zero();
                of.add_if_any(|| Ok(net), || Ok(Node::leaf(label, net, origin(&run.group))))?;
            }
        }
        of.sum(&tables.name)
    }

    /// What closing everything would cost, expiry by expiry.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn liquidity(
        &self,
        tables: &UnderlyingTables,
        holdings: &[Holding],
        runs: &[Run<'_>],
        detail: Detail,
    ) -> Result<Node, NumberError> {
        let mut of = Parts::new(detail);
        for run in runs {
            let cost = self.closing.gross(&holdings[run.holdings.clone()])?;
            of.add_if_any(|| Ok(cost), || Ok(Node::leaf("cost to close", cost, origin(&run.group))))?;
        }
        of.sum(&tables.name)
    }

    /// The charge on gross size.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub(super) fn concentration(
        &self,
        tables: &UnderlyingTables,
        holdings: &[Holding],
        parameters: &PlimsollParameters,
        detail: Detail,
    ) -> Result<Node, NumberError> {
        let size = self.size.gross(holdings)?;
        let tiers = parameters.concentration.of(&tables.name);
        Ok(tiers.charge("gross size", size, &Origin::default(), detail)?.named(&tables.name))
    }
}

/// The group a charge was summed over.
fn origin(group: &Option<Arc<Group>>) -> Origin {
    Origin { group: group.clone(), ..Origin::default() }
}

fn measure(
    instrument: &Instrument,
    priced: &Priced,
    market: &Market,
    parameters: &PlimsollParameters,
) -> Result<PerContract, MarginError> {
    let terms = instrument.terms();
    let name = terms.underlying.as_str();
    // Greeks are in the quote; its own price brings them into the market's currency.
    let quote_price = float(market.asset_price(terms.quote)?.value);
    let greeks = instrument.greeks(priced);
    let delta_value = (greeks.delta * priced.forward * quote_price).abs();
    let unit_value = (float(terms.contract_size) * priced.index * quote_price).abs();
    let mut closing = delta_value * float(*parameters.delta_spread.of(name));
    let mut size = delta_value;
    if let Some(strike) = instrument.strike() {
        let deviation = priced.vol.as_ref().map_or(0.0, |vol| vol.value) * priced.years.sqrt();
        let distance = (ln(float(strike) / priced.forward)).abs() / deviation.max(1e-9);
        let widening = 1.0 + WIDENING_PER_DEVIATION * distance.min(MONEYNESS_MAX);
        closing += (greeks.vega * quote_price).abs() * float(*parameters.vega_spread.of(name)) * widening;
        size = size.max(SIZE_DELTA_MIN * unit_value);
    }
    Ok(PerContract {
        short_minimum: decimal(unit_value * float(*parameters.short_option_minimum.of(name)), PLACES)?,
        closing: decimal(closing, PLACES)?,
        size: decimal(size, PLACES)?,
    })
}
