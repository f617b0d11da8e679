//! One combined commodity: its contracts' arrays and deltas, and what an account holds of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, InstrumentId, Label, Node, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{Instrument, Priced};
use plimsoll_pricing::market::{Market, MarketError};

use super::deltas::{Deltas, Month};
use super::parameters::SpanParameters;
use super::scan::{SCENARIOS, Scan, composite_delta, short_option_minimum};
use super::{RiskArray, Span};
use crate::MarginError;
use crate::array::{ByContract, ContractArray, Holding, Table, array_lots, contract_arrays};
use crate::fold::{Detail, Summed, group};
use crate::positions::NetPosition;
use crate::scenario::{DAY_S, ShockRules, years_left};

/// One commodity in one market.
pub(super) struct Prepared {
    table: Table,
    contracts: ByContract<Contract>,
    /// The index in the market's currency.
    pub(super) index: Decimal,
}

/// What is known of a contract besides its array.
#[derive(Clone, Copy)]
struct Contract {
    row: usize,
    /// Composite delta of one contract, in units of the underlying.
    delta: Decimal,
}

impl Prepared {
    /// The arrays of `ids`: those given by name, the others made in the market.
    pub(super) fn new(
        span: &Span,
        market: &Market,
        underlying: Underlying,
        ids: &[InstrumentId],
    ) -> Result<Self, MarginError> {
        let p = &span.parameters;
        let name = underlying.as_str();
        let seconds =
            p.lookahead_days.times_count(DAY_S.into())?.split_by(Decimal::ONE).map_or(0, |(seconds, _)| seconds);
        let (price, vol) = (*p.price_scan_range.of(name), *p.volatility_scan_range.of(name));
        let scenarios = p.extreme.scenarios(price, vol, u32::try_from(seconds).unwrap_or(u32::MAX))?;
        let (mut arrays, mut made, mut deltas) = (Vec::new(), Vec::new(), BTreeMap::new());
        for id in ids {
            let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
            if let Some(RiskArray { pnl, delta }) = span.arrays.get(instrument.name()) {
                let (name, expiry) = (Arc::clone(&instrument.terms().name), instrument.expiry());
                arrays.push(ContractArray { id: *id, name, expiry, pnl: pnl.to_vec() });
                deltas.insert(*id, *delta);
            } else {
                made.push(*id);
                deltas.insert(*id, delta_of(instrument, market.priced(*id)?, price, p)?);
            }
        }
        if !made.is_empty() {
            arrays.extend(contract_arrays(market, underlying, &made, &scenarios, &ShockRules::ALIKE)?);
        }
        let table = Table::of_arrays(underlying, scenarios, &arrays)?;
        let contracts = table.rows().iter().enumerate().filter_map(|(row, of)| match of.key {
            crate::array::RowKey::Instrument(id) => Some((id, Contract { row, delta: *deltas.get(&id)? })),
            crate::array::RowKey::Asset(_) => None,
        });
        let quote = market.snapshot().underlyings.get(&underlying);
        let quote = quote.ok_or(MarginError::Market(MarketError::UnknownUnderlying(underlying)))?;
        let index = quote.index.times(market.asset_price(quote.quote)?.value, Rounding::Up)?;
        Ok(Self { contracts: contracts.collect(), index, table })
    }
}

/// Composite delta of one contract: of an option the mean over the scenarios' prices, of anything else its delta.
fn delta_of(
    instrument: &Instrument,
    priced: &Priced,
    range: Decimal,
    p: &SpanParameters,
) -> Result<Decimal, MarginError> {
    let exact = |delta| decimal(delta, Decimal::PLACES).map_err(MarginError::of(instrument));
    if instrument.strike().is_none() {
        return exact(instrument.greeks(priced).delta);
    }
    let moves = p.extreme.moves(range)?;
    let mut deltas = [Decimal::ZERO; 7];
    for (at, delta) in deltas.iter_mut().enumerate() {
        let growth = 1.0 + float(moves[2 * at]);
        let there = Priced { forward: priced.forward * growth, index: priced.index * growth, ..priced.clone() };
        *delta = exact(instrument.greeks(&there).delta)?;
    }
    Ok(composite_delta(&deltas, &p.delta_weights)?)
}

/// What an account holds of one commodity.
#[derive(Default)]
pub(super) struct Book {
    holdings: Vec<Holding>,
    deltas: BTreeMap<Option<Timestamp>, Decimal>,
    short_calls: Decimal,
    short_puts: Decimal,
}

impl Prepared {
    /// Adds a position to `book`.
    pub(super) fn add(&self, book: &mut Book, held: &NetPosition<'_>) -> Result<(), MarginError> {
        let terms = held.instrument.terms();
        let contract = *self.contracts.get(held.id).ok_or_else(MarginError::unknown(held.id))?;
        book.holdings.push(Holding { row: contract.row, lots: array_lots(held.quantity, terms.underlying)? });
        let delta = book.deltas.entry(held.instrument.expiry()).or_default();
        *delta = delta.plus(contract.delta.times(held.quantity, Rounding::HalfEven)?)?;
        let short = held.size.negated().or_zero();
        match held.instrument.right() {
            Some(Right::Call) => book.short_calls = book.short_calls.plus(short)?,
            Some(Right::Put) => book.short_puts = book.short_puts.plus(short)?,
            None => {}
        }
        Ok(())
    }
}

/// The risk of one commodity, before credits.
pub(super) struct Commodity {
    pub(super) scan: Scan,
    pub(super) deltas: Deltas,
    pub(super) index: Decimal,
    pub(super) net_delta: Decimal,
    /// Scan risk, calendar charge, delivery charge.
    pub(super) charges: Vec<Node>,
    pub(super) minimum: Node,
}

impl Commodity {
    /// Scans `book` and forms its calendar spreads.
    pub(super) fn of(
        prepared: &Prepared,
        underlying: Underlying,
        mut book: Book,
        market: &Market,
        p: &SpanParameters,
        detail: Detail,
    ) -> Result<Self, MarginError> {
        book.holdings.sort_unstable_by_key(|holding| holding.row);
        let name = underlying.as_str();
        let index = prepared.index;
        let scan = Scan::of_holdings(&prepared.table, &book.holdings)?;
        let group = group(&prepared.table, &book.holdings, detail);
        let summed = Summed::new(&prepared.table, &book.holdings, group, 0..SCENARIOS, &[]);
        let as_of = market.snapshot().as_of;
        let mut months = Vec::with_capacity(book.deltas.len());
        for (expiry, left) in &book.deltas {
            let days = decimal(years_left(as_of, *expiry).unwrap_or(0.0) * 365.0, Decimal::PLACES)?;
            months.push(Month { expiry: *expiry, tier: p.tier(days), left: *left, in_spreads: Decimal::ZERO });
        }
        let mut deltas = Deltas(months);
        let charged = |label: Label, rate: Decimal, delta: Decimal| {
            let value = delta.times(index, Rounding::Up)?;
            Node::scale(label, rate, Node::leaf("delta at the index", value, Origin::default()))
        };
        let spreads = p.calendar_spreads.of(name);
        let formed = deltas.form_calendar(spreads)?;
        let mut calendar = Vec::new();
        for (spread, count) in spreads.as_slice().iter().zip(formed) {
            if !count.is_zero() {
                calendar.push(charged(spread.to_string().into(), spread.rate, count)?);
            }
        }
        let window =
            p.delivery_days.times_count(DAY_S.into())?.split_by(Decimal::ONE).map_or(0, |(seconds, _)| seconds);
        let until = as_of.plus_seconds(i64::try_from(window).unwrap_or(i64::MAX)).unwrap_or(as_of);
        let (used, left) = deltas.delivery(until)?;
        let delivery = vec![
            charged("delta in spreads".into(), *p.delivery_in_spreads.of(name), used)?,
            charged("delta outright".into(), *p.delivery_outright.of(name), left)?,
        ];
        let per_unit = p.short_option_minimum.of(name).times(index, Rounding::Up)?;
        let larger_side = p.short_option_larger_side == Decimal::ONE;
        let minimum = short_option_minimum(book.short_calls, book.short_puts, per_unit, larger_side)?;
        Ok(Self {
            scan,
            index,
            net_delta: deltas.net()?,
            deltas,
            charges: vec![
                summed.worst("scan risk")?,
                Node::sum("calendar charge", calendar)?,
                Node::sum("delivery charge", delivery)?,
            ],
            minimum: Node::leaf("short option minimum", minimum, Origin::default()),
        })
    }
}
