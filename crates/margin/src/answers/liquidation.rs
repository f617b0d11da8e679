//! Liquidation prices: the index at which excess over maintenance is zero.
//!
//! Everything written on the underlying moves with it, and so does the coin's own balance;
//! volatility and basis stand still and other underlyings stay where they are. The nearest root on
//! each side is the answer, further roots are counted, and *none* is an answer: a fake number is
//! never returned.

use plimsoll_core::{Decimal, Price, Underlying};
use plimsoll_pricing::float::{decimal, float};
use plimsoll_pricing::market::{Market, MarketMove};

use super::margin::Margin;
use crate::level::{Level, Policy};
use crate::models::{Held, Model};
use crate::{Account, MarginError};

/// The liquidation prices of one underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiquidationPrice {
    /// Whose price.
    pub underlying: Underlying,
    /// Its index now.
    pub index: Price,
    /// Whether the account is below maintenance already: the roots are then where it would be cured.
    pub below_maintenance: bool,
    /// The nearest root under the index.
    pub down: Option<Decimal>,
    /// The nearest root over the index.
    pub up: Option<Decimal>,
    /// Roots beyond these, as far as the search looks (a fiftieth to ten times the index).
    pub further: usize,
}

/// Relative steps of the search outward from the index: fine near it, where a short-dated option
/// can turn the excess twice within a few per cent, and coarse far out.
fn ladder(up: bool) -> Vec<f64> {
    let (mut at, mut all) = (1.0_f64, Vec::new());
    let end = if up { 10.0 } else { 0.02 };
    while (up && at < end) || (!up && at > end) {
        let away = (at - 1.0).abs();
        let step = if away < 0.10 {
            0.005
        } else if away < 0.5 {
            0.02
        } else {
            0.1
        };
        at = if up { at + step * at.max(1.0) } else { at - step * at.min(1.0) };
        all.push(at);
    }
    all
}

/// Halvings of a bracket: from 2 % to less than 10⁻¹⁰.
const BISECTIONS: u32 = 40;
const PLACES: u32 = 10;

/// The liquidation prices of every underlying that moves `account`.
///
/// # Errors
/// [`MarginError`] for what cannot be priced or margined.
pub fn liquidation_prices(
    account: &Account,
    market: &Market,
    model: &dyn Model,
    policy: &Policy,
) -> Result<Vec<LiquidationPrice>, MarginError> {
    let held = Held::by([account]);
    let ids: Vec<_> = held.instruments.iter().copied().collect();
    let market = market.restricted_to(&ids);
    let mut underlyings: Vec<Underlying> = Vec::new();
    for id in ids {
        let instrument = market.listing().get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
        underlyings.push(instrument.terms().underlying);
    }
    underlyings.extend(held.assets.iter().map(|asset| asset.underlying()));
    underlyings.sort_unstable();
    underlyings.dedup();
    underlyings.retain(|underlying| market.snapshot().underlyings.contains_key(underlying));
    let mut account = account.clone();
    account.portfolio.orders.clear();
    let search = |underlying| Search { account: &account, market: &market, model, policy, held: &held, underlying };
    underlyings.into_iter().map(|underlying| search(underlying).run()).collect()
}

struct Search<'a> {
    account: &'a Account,
    market: &'a Market,
    model: &'a dyn Model,
    policy: &'a Policy,
    held: &'a Held,
    underlying: Underlying,
}

impl Search<'_> {
    fn run(&self) -> Result<LiquidationPrice, MarginError> {
        let index = self.market.index(self.underlying)?;
        let now = self.is_short(1.0)?;
        let (down, more_down) = self.outward(&ladder(false), now)?;
        let (up, more_up) = self.outward(&ladder(true), now)?;
        let price = |root: Option<f64>| root.map(|root| decimal(float(index.value) * root, PLACES)).transpose();
        Ok(LiquidationPrice {
            underlying: self.underlying,
            index,
            below_maintenance: now,
            down: price(down)?,
            up: price(up)?,
            further: more_down + more_up,
        })
    }

    /// The nearest change of side along `ladder`, and how many more there are.
    fn outward(&self, ladder: &[f64], now: bool) -> Result<(Option<f64>, usize), MarginError> {
        let (mut last, mut side, mut nearest, mut further) = (1.0, now, None, 0);
        for at in ladder {
            let short = self.is_short(*at)?;
            if short != side {
                match nearest {
                    None => nearest = Some(self.bisect(last, *at, side)?),
                    Some(_) => further += 1,
                }
            }
            (last, side) = (*at, short);
        }
        Ok((nearest, further))
    }

    /// Where between `from`, on `side`, and `to`, on the other, the side changes.
    fn bisect(&self, mut from: f64, mut to: f64, side: bool) -> Result<f64, MarginError> {
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(from, to);
            if self.is_short(middle)? == side {
                from = middle;
            } else {
                to = middle;
            }
        }
        Ok(f64::midpoint(from, to))
    }

    /// Whether the account is below maintenance when the index is `factor` times what it is.
    fn is_short(&self, factor: f64) -> Result<bool, MarginError> {
        let change = MarketMove { underlying: Some(self.underlying), price: factor, vol_scale: 1.0, vol_shift: 0.0 };
        let moved = self.market.moved(&change)?;
        let judge = self.model.prepare(&moved, self.held)?;
        let margin = Margin::of(self.account, &moved, judge.as_ref(), self.policy)?;
        Ok(margin.levels.at(Level::Maintenance).excess.signum() < 0)
    }
}
