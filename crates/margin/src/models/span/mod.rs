#![doc = include_str!("README.md")]

mod commodity;
pub mod deltas;
mod parameters;
pub mod scan;

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Rounding, Underlying};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

pub use parameters::SpanParameters;

use super::cash::no_coin_debts;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::orders::fillable;
use crate::parameters::Field;
use crate::positions::net;
use crate::spreads::{Leg, Side, Spread, Spreads};
use crate::{Account, MarginError};
use commodity::{Book, Commodity, Prepared};
use scan::{Figures, weighted_price_risk};

/// The model's name.
const NAME: &str = "span";

/// SPAN, with arrays made in the market or published.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Its numbers.
    pub parameters: SpanParameters,
    /// Published risk arrays by instrument; what has none here is revalued in the market.
    pub arrays: BTreeMap<Arc<str>, RiskArray>,
}

/// A published risk array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskArray {
    /// What one long contract gains in each of the sixteen scenarios, in the market's currency.
    pub pnl: Figures,
    /// Composite delta of one contract × the delta scaling factor: units of the underlying.
    pub delta: Decimal,
}

impl Model for Span {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            page: include_str!("README.md"),
            example: include_str!("example.yaml"),
            sets: &parameters::SETS,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        self.check_spreads()?;
        let mut ids: BTreeMap<Underlying, Vec<_>> = BTreeMap::new();
        for id in &held.instruments {
            let instrument = market.listing().get(*id).ok_or_else(MarginError::unknown(*id))?;
            if !instrument.only_moves_balances() {
                ids.entry(instrument.terms().underlying).or_default().push(*id);
            }
        }
        let mut commodities = BTreeMap::new();
        for (underlying, ids) in ids {
            commodities.insert(underlying, Prepared::new(self, market, underlying, &ids)?);
        }
        let (parameters, collateral) = (self.parameters.clone(), CollateralRules::whole());
        Ok(Box::new(SpanJudge { market: market.clone(), parameters, commodities, collateral }))
    }
}

impl Span {
    /// Calendar spreads are between tiers, the others between commodities.
    fn check_spreads(&self) -> Result<(), MarginError> {
        let p = &self.parameters;
        let calendar = std::iter::once(&p.calendar_spreads.default).chain(p.calendar_spreads.named.values());
        let calendar = calendar.flat_map(Spreads::as_slice).map(|spread| ("calendar_spreads", spread));
        let between = p.commodity_spreads.as_slice().iter().map(|spread| ("commodity_spreads", spread));
        for (name, spread) in calendar.chain(between) {
            let in_calendar = name == "calendar_spreads";
            let fits = |leg: &Leg| leg.commodity.is_some() != in_calendar;
            if !spread.legs.iter().all(fits) {
                let legs = if in_calendar { "tiers like +/1 -/2" } else { "commodities like +BTC -ETH*20" };
                let (name, value) = (name.to_owned(), spread.to_string());
                return Err(MarginError::Parameter {
                    model: NAME,
                    name,
                    value,
                    expected: format!("legs between {legs}"),
                });
            }
        }
        Ok(())
    }
}

struct SpanJudge {
    market: Market,
    parameters: SpanParameters,
    commodities: BTreeMap<Underlying, Prepared>,
    collateral: CollateralRules,
}

impl Judge for SpanJudge {
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        no_coin_debts(NAME, &self.market, assets)?;
        if let Some(order) = fillable(account)?.first() {
            let id = order.instrument;
            let instrument = self.market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
            return Err(unsupported(instrument, "expected no open order: SPAN margins positions"));
        }
        let mut commodities = BTreeMap::new();
        for (underlying, book) in self.books(account)? {
            let prepared = self.prepared(underlying)?;
            let of = Commodity::of(prepared, underlying, book, &self.market, &self.parameters, detail)?;
            commodities.insert(underlying, of);
        }
        let mut credits = self.credits(&mut commodities)?;
        let mut of = Vec::with_capacity(commodities.len());
        for (underlying, commodity) in commodities {
            let mut parts = commodity.charges;
            let credit = Node::sum("credit of spreads with others", credits.remove(&underlying).unwrap_or_default())?;
            // More than all that prices can do to it, it earns from nobody.
            let most = commodity.scan.price_risk()?.negated();
            parts.push(if credit.amount < most {
                Node::clamp("at most its price risk", Some(most), None, credit)
            } else {
                credit
            });
            let risk = Node::clamp("risk", Some(Decimal::ZERO), None, Node::sum("charges less credit", parts)?);
            of.push(Node::worst_of(underlying.asset(), vec![risk, commodity.minimum]));
        }
        let maintenance = Node::sum("maintenance margin", of)?;
        let initial = Node::scale("initial margin", self.parameters.initial_ratio, maintenance.clone())?;
        Ok(Requirement { asset: self.market.snapshot().currency, initial, maintenance })
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

impl SpanJudge {
    fn prepared(&self, underlying: Underlying) -> Result<&Prepared, MarginError> {
        let unknown = plimsoll_pricing::market::MarketError::UnknownUnderlying(underlying);
        self.commodities.get(&underlying).ok_or(MarginError::Market(unknown))
    }

    /// Positions by combined commodity.
    fn books(&self, account: &Account) -> Result<BTreeMap<Underlying, Book>, MarginError> {
        let mut books: BTreeMap<Underlying, Book> = BTreeMap::new();
        for held in net(&account.portfolio, self.market.listing())? {
            if !held.instrument.only_moves_balances() {
                let underlying = held.instrument.terms().underlying;
                self.prepared(underlying)?.add(books.entry(underlying).or_default(), &held)?;
            }
        }
        Ok(books)
    }

    /// Forms spreads between commodities in their order; what each earns its legs, negative.
    fn credits(
        &self,
        commodities: &mut BTreeMap<Underlying, Commodity>,
    ) -> Result<BTreeMap<Underlying, Vec<Node>>, MarginError> {
        let mut earned: BTreeMap<Underlying, Vec<Node>> = BTreeMap::new();
        for spread in self.parameters.commodity_spreads.as_slice() {
            for a_is in [1, -1] {
                let sign = |leg: &Leg| if leg.side == Side::A { a_is } else { -a_is };
                let count = count(spread, commodities, sign)?;
                if count.is_zero() {
                    continue;
                }
                for leg in &spread.legs {
                    let Some(underlying) = leg.commodity else { continue };
                    let Some(commodity) = commodities.get_mut(&underlying) else { continue };
                    let amount = count.times(leg.ratio, Rounding::Down)?;
                    commodity.deltas.take(leg.tier, sign(leg), amount, false)?;
                    let range = *self.parameters.price_scan_range.of(underlying.as_str());
                    let range = range.times(commodity.index, Rounding::Up)?;
                    let (risk, method) = (commodity.scan.price_risk()?, self.parameters.method());
                    let weighted = weighted_price_risk(risk, commodity.net_delta, range, method)?;
                    let credit = deltas::credit(weighted, count, leg.ratio, spread.rate)?;
                    let node = Node::leaf(spread.to_string(), credit.negated(), Origin::default());
                    earned.entry(underlying).or_default().push(node);
                }
            }
        }
        Ok(earned)
    }
}

/// How many of `spread` what is left forms.
fn count(
    spread: &Spread,
    commodities: &BTreeMap<Underlying, Commodity>,
    sign: impl Fn(&Leg) -> i32,
) -> Result<Decimal, MarginError> {
    let mut legs = Vec::with_capacity(spread.legs.len());
    for leg in &spread.legs {
        let commodity = leg.commodity.and_then(|underlying| commodities.get(&underlying));
        let left = commodity.map_or(Ok(Decimal::ZERO), |commodity| commodity.deltas.available(leg.tier, sign(leg)))?;
        legs.push((left, leg.ratio));
    }
    Ok(deltas::formed(&legs)?)
}

fn unsupported(instrument: &Instrument, why: &str) -> MarginError {
    MarginError::Unsupported { model: NAME, what: Arc::clone(&instrument.terms().name), why: why.to_owned() }
}
