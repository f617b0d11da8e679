//! What Derive's portfolio margins prepare for a market: a table and rules per underlying.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Timestamp, Underlying};
use plimsoll_numerics::exp;
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::{Market, MarketError};

use super::fold::Rough;
use super::parameters::StaticDiscount;
use crate::MarginError;
use crate::array::{Counted, Holding, RowKey, Table, TableSpec, fine_lots};
use crate::models::Held;
use crate::positions::NetPosition;
use crate::scenario::{DiscountRate, Moves, Scenario, ShockRules, Skew, VolMove, years_left};

/// The unshocked worths.
pub(in crate::models) const UNSHOCKED: usize = 0;
/// The two sides of the basis contingency.
pub(in crate::models) const BASIS: [usize; 2] = [1, 2];
/// The first of the venue's scenarios.
pub(in crate::models) const SCENARIOS: usize = 3;

/// P&L of a grain of a contract: 10⁻¹².
const GRAIN: Decimal = Decimal::new(1, 12);

/// What the two versions differ in here.
pub(in crate::models) struct Rulebook<'a> {
    /// The model's name.
    pub(in crate::models) model: &'static str,
    /// How moves reach an expiry.
    pub(in crate::models) shocks: &'a ShockRules,
    /// Price factors of the basis contingency, up and down.
    pub(in crate::models) basis: [Decimal; 2],
    /// Share of a basis move's loss that counts at expiry, and per year left.
    pub(in crate::models) basis_weight: [Decimal; 2],
    /// Discount of a shocked expiry that is owned.
    pub(in crate::models) long: StaticDiscount,
    /// And of one that is owed, where there is one.
    pub(in crate::models) short: Option<StaticDiscount>,
    /// Relative rise and fall of volatility at 30 days, and the least a rise ends at.
    pub(in crate::models) vol: [Decimal; 3],
    /// The scenarios, in the venue's order.
    pub(in crate::models) moves: &'a Moves,
}

/// One underlying.
#[derive(Debug)]
pub(in crate::models) struct UnderlyingTable {
    pub(in crate::models) table: Table,
    pub(in crate::models) index: Decimal,
    /// How far the sources of the perpetuals' marks agree.
    pub(in crate::models) perpetual_confidence: Decimal,
    pub(in crate::models) expiries: BTreeMap<Timestamp, ExpiryRules>,
    /// What everything is settled in.
    pub(in crate::models) cash: Asset,
    /// The venue's scenarios, in floats.
    pub(super) rough: Vec<Rough>,
}

/// What the fold of one expiry needs.
#[derive(Clone, Copy, Debug)]
pub(in crate::models) struct ExpiryRules {
    /// On a shocked worth that is owned.
    pub(in crate::models) long: Decimal,
    /// On one that is owed.
    pub(in crate::models) short: Decimal,
    /// Share of a basis move's loss that counts.
    pub(in crate::models) basis: Decimal,
    /// The least of the expiry's own confidences.
    pub(in crate::models) confidence: Decimal,
}

/// The tables of everything held.
///
/// # Errors
/// [`MarginError`] for what cannot be priced. What the model has no rule for is left out, and refused
/// with the account that holds it.
pub(in crate::models) fn build(
    market: &Market,
    held: &Held,
    rulebook: &Rulebook<'_>,
    scenarios: &Arc<[Scenario]>,
) -> Result<BTreeMap<Underlying, UnderlyingTable>, MarginError> {
    let mut keys: BTreeMap<(Underlying, Asset), Vec<InstrumentId>> = BTreeMap::new();
    for id in &held.instruments {
        let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
        if supported(rulebook.model, instrument).is_ok() {
            let terms = instrument.terms();
            keys.entry((terms.underlying, terms.settlement)).or_default().push(*id);
        }
    }
    let mut tables = BTreeMap::new();
    for ((underlying, cash), ids) in keys {
        tables.insert(underlying, one(market, underlying, cash, &ids, rulebook, scenarios)?);
    }
    Ok(tables)
}

/// Refuses what the venue does not list: all but linear perpetuals and premium-paid linear options.
pub(in crate::models) fn supported(model: &'static str, instrument: &Instrument) -> Result<(), MarginError> {
    let dated = instrument.expiry().is_some() && instrument.strike().is_some() && instrument.is_paid_when_bought();
    let perpetual = instrument.expiry().is_none() && instrument.strike().is_none();
    let linear = instrument.style() == Style::Linear && !instrument.only_moves_balances();
    if linear && (dated || perpetual) {
        return Ok(());
    }
    Err(MarginError::Unsupported {
        model,
        what: Arc::clone(&instrument.terms().name),
        why: "expected a linear perpetual, or a linear option whose premium is paid".to_owned(),
    })
}

fn one(
    market: &Market,
    underlying: Underlying,
    cash: Asset,
    ids: &[InstrumentId],
    rulebook: &Rulebook<'_>,
    scenarios: &Arc<[Scenario]>,
) -> Result<UnderlyingTable, MarginError> {
    let spec = TableSpec {
        market,
        underlying,
        coin: None,
        scenarios: Arc::clone(scenarios),
        rules: rulebook.shocks,
        grain: GRAIN,
        balance_lot: &|_| Decimal::ONE,
        counted: Counted::WorthPerContract,
    };
    let keys: Vec<RowKey> = ids.iter().copied().map(RowKey::Instrument).collect();
    let table = Table::build(&spec, &keys)?;
    let quote = market.snapshot().underlyings.get(&underlying);
    let quote = quote.ok_or(MarginError::Market(MarketError::UnknownUnderlying(underlying)))?;
    let mut expiries = BTreeMap::new();
    for expiry in table.rows().iter().filter_map(|row| row.expiry) {
        let years = years_left(market.snapshot().as_of, Some(expiry)).unwrap_or(0.0);
        let rate = market.view().rate(underlying, expiry).max(0.0);
        let agreed = quote.expiries.get(&expiry).map(|quote| quote.confidence).unwrap_or_default();
        let confidence = [agreed.forward, agreed.rate, agreed.vol].into_iter().flatten().min();
        expiries.insert(expiry, rules(rulebook, years, rate, confidence.unwrap_or(Decimal::ONE))?);
    }
    let marks = table.rows().iter().filter(|row| row.expiry.is_none());
    let marks = marks.filter_map(|row| market.snapshot().marks.get(&row.name).and_then(|mark| mark.confidence));
    Ok(UnderlyingTable {
        index: quote.index,
        perpetual_confidence: marks.min().unwrap_or(Decimal::ONE),
        rough: table.scenarios()[SCENARIOS..].iter().map(Rough::of).collect(),
        table,
        expiries,
        cash,
    })
}

/// The columns: unshocked, both basis moves, then the venue's list.
pub(in crate::models) fn scenarios(rulebook: &Rulebook<'_>) -> Result<Arc<[Scenario]>, MarginError> {
    let basis = |name: &str, factor: Decimal| {
        Ok::<_, MarginError>(Scenario {
            name: name.into(),
            price: factor.minus(Decimal::ONE)?,
            ..Scenario::unshocked()
        })
    };
    let mut all =
        vec![Scenario::unshocked(), basis("basis up", rulebook.basis[0])?, basis("basis down", rulebook.basis[1])?];
    let [vol_up, vol_down, vol_floor] = rulebook.vol;
    for one in rulebook.moves.as_slice() {
        let price = one.price.minus(Decimal::ONE)?;
        let vol = match one.vol {
            VolMove::Up => vol_up,
            VolMove::Down => vol_down.negated(),
            VolMove::Still | VolMove::Linear | VolMove::Absolute => Decimal::ZERO,
        };
        let plain = Scenario { damping: one.damping, ..Scenario::price_and_vol(price, vol) };
        all.push(match one.vol {
            VolMove::Up => Scenario { vol_floor, ..plain },
            VolMove::Still | VolMove::Down => plain,
            VolMove::Linear => Scenario { name: "skew".into(), skew: Skew::Linear, ..plain },
            VolMove::Absolute => Scenario { name: "wings".into(), skew: Skew::Absolute, ..plain },
        });
    }
    Ok(all.into())
}

fn rules(rulebook: &Rulebook<'_>, years: f64, rate: f64, confidence: Decimal) -> Result<ExpiryRules, MarginError> {
    let growth = |of: &StaticDiscount| exp(years * (rate * float(of.rate_mult) + float(of.rate_add)));
    let paid = if rulebook.shocks.discount == DiscountRate::Zero { 0.0 } else { rate };
    // What is owed is never counted at more than it costs at expiry.
    let short = rulebook.short.as_ref().map_or(1.0, |of| (float(of.base) * growth(of)).min(exp(paid * years)));
    let long = float(rulebook.long.base) / growth(&rulebook.long);
    let [add, mult] = rulebook.basis_weight;
    let basis = float(add) + float(mult) * years;
    let exact = |value: f64| decimal(value, Decimal::PLACES).map_err(MarginError::Number);
    Ok(ExpiryRules { long: exact(long)?, short: exact(short)?, basis: exact(basis)?, confidence })
}

impl UnderlyingTable {
    /// An account's positions, netted, as holdings, sorted by row, to 10⁻¹² of a contract.
    pub(in crate::models) fn holdings(&self, net: &[NetPosition<'_>]) -> Result<Vec<Holding>, MarginError> {
        let mut holdings = Vec::with_capacity(net.len());
        for &NetPosition { id, quantity, .. } in net {
            let row = self.table.row_of(RowKey::Instrument(id)).ok_or_else(MarginError::unknown(id))?;
            let lots = fine_lots(quantity, self.table.underlying())?;
            holdings.push(Holding { row, lots });
        }
        holdings.retain(|holding| holding.lots != 0);
        holdings.sort_unstable_by_key(|holding| holding.row);
        Ok(holdings)
    }
}

/// The tables of the one underlying that an account of the venue has; `None` without positions.
///
/// # Errors
/// [`MarginError::Unsupported`] with what the venue would not take.
pub(in crate::models) fn own<'a>(
    model: &'static str,
    tables: &'a BTreeMap<Underlying, UnderlyingTable>,
    held: &[NetPosition<'_>],
) -> Result<Option<&'a UnderlyingTable>, MarginError> {
    let mut found: Option<&UnderlyingTable> = None;
    for &NetPosition { id, instrument, .. } in held {
        supported(model, instrument)?;
        let terms = instrument.terms();
        let refused = |why: String| MarginError::Unsupported { model, what: Arc::clone(&instrument.terms().name), why };
        let of_it = tables.get(&terms.underlying).ok_or_else(MarginError::unknown(id))?;
        if let Some(other) = found.filter(|known| known.table.underlying() != terms.underlying) {
            return Err(refused(format!(
                "expected contracts on {} alone, as the account's first",
                other.table.underlying()
            )));
        }
        if terms.settlement != of_it.cash {
            return Err(refused(format!("expected a contract settled in {}", of_it.cash)));
        }
        found = Some(of_it);
    }
    Ok(found)
}
