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

/// Steps of the root search at most; a smooth excess needs about eight.
const STEPS_MAX: u32 = 60;
/// Relative width of the bracket at which the search ends.
const WIDTH: f64 = 1e-11;
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
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        underlyings.push(instrument.terms().underlying);
    }
    underlyings.extend(held.assets.iter().map(|asset| asset.underlying()));
    underlyings.sort_unstable();
    underlyings.dedup();
    underlyings.retain(|underlying| market.snapshot().underlyings.contains_key(underlying));
    let mut account = account.with_entry_prices(&market)?;
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
        let now = self.excess(1.0)?;
        let (down, more_down) = self.outward(&ladder(false), now)?;
        let (up, more_up) = self.outward(&ladder(true), now)?;
        let price = |root: Option<f64>| root.map(|root| decimal(float(index.value) * root, PLACES)).transpose();
        Ok(LiquidationPrice {
            underlying: self.underlying,
            index,
            below_maintenance: now < 0.0,
            down: price(down)?,
            up: price(up)?,
            further: more_down + more_up,
        })
    }

    /// The nearest change of sign along `ladder`, and how many more there are.
    fn outward(&self, ladder: &[f64], now: f64) -> Result<(Option<f64>, usize), MarginError> {
        let (mut last, mut before, mut nearest, mut further) = (1.0, now, None, 0);
        for at in ladder {
            let excess = self.excess(*at)?;
            if (excess < 0.0) != (before < 0.0) {
                match nearest {
                    None => nearest = Some(self.root((last, before), (*at, excess))?),
                    Some(_) => further += 1,
                }
            }
            (last, before) = (*at, excess);
        }
        Ok((nearest, further))
    }

    /// Where between two points of opposite sign the excess is zero: regula falsi in the Illinois
    /// form, which halves the weight of an end that stays, with a bisection every third step so
    /// that a jump (a tier, a haircut step) ends the search too.
    fn root(&self, mut left: (f64, f64), mut right: (f64, f64)) -> Result<f64, MarginError> {
        for step in 0..STEPS_MAX {
            if (right.0 - left.0).abs() <= WIDTH * left.0.abs() {
                break;
            }
            let secant = (left.0 * right.1 - right.0 * left.1) / (right.1 - left.1);
            let inside = secant > left.0.min(right.0) && secant < left.0.max(right.0);
            let at = if inside && step % 3 != 2 { secant } else { f64::midpoint(left.0, right.0) };
            let excess = self.excess(at)?;
            if excess == 0.0 {
                return Ok(at);
            }
            if (excess < 0.0) == (right.1 < 0.0) {
                (right, left.1) = ((at, excess), left.1 / 2.0);
            } else {
                (left, right.1) = ((at, excess), right.1 / 2.0);
            }
        }
        Ok(f64::midpoint(left.0, right.0))
    }

    /// Excess over maintenance when the index is `factor` times what it is.
    fn excess(&self, factor: f64) -> Result<f64, MarginError> {
        let change = MarketMove { underlying: Some(self.underlying), price: factor, vol_scale: 1.0, vol_shift: 0.0 };
        let moved = self.market.moved(&change)?;
        let judge = self.model.prepare(&moved, self.held)?;
        let margin = Margin::of(self.account, &moved, judge.as_ref(), self.policy)?;
        let standing = margin.levels.at(Level::Maintenance);
        Ok(float(standing.equity.minus(standing.requirement)?))
    }
}
